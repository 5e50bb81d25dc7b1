//! How the rest of the process talks to the shard's thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::Sender;

use ids::Seq;
use journal::JournalError;
use tokio::sync::oneshot;

use super::status::{Board, Status, Step};
use crate::error::RequestError;
use crate::leader::Reply;
use crate::machine::StateMachine;
use crate::replica::Replica;
use crate::request::Request;

/// Requests that may be under way between the handles and the thread.
const UNDER_WAY_MAX: usize = 65_536;

/// Runs on the shard's thread and gives back what to run once the state it saw is durable.
pub(crate) type Look<M> = Box<dyn FnOnce(&mut Replica<M>) -> Tell + Send>;
/// Runs on the shard's thread and tells the reader itself.
pub(crate) type Glance<M> = Box<dyn FnOnce(&Replica<M>) + Send>;
/// Tells a reader what it may know now.
pub(crate) type Tell = Box<dyn FnOnce() + Send>;

pub(crate) enum Message<M> {
    Submit { request: Request, reply: oneshot::Sender<Result<Reply, RequestError>> },
    Read(Look<M>),
    Glance(Glance<M>),
    Durable(Seq),
    AppendFailed(JournalError),
    Stop,
}

/// Submits to and reads from one site's replica. Cheap to clone.
pub struct Handle<M> {
    sender: Sender<Message<M>>,
    board: Arc<Board>,
    under_way: Arc<AtomicUsize>,
}

impl<M> Clone for Handle<M> {
    fn clone(&self) -> Self {
        Self {
            sender: self.sender.clone(),
            board: Arc::clone(&self.board),
            under_way: Arc::clone(&self.under_way),
        }
    }
}

/// Counts one request for as long as its client waits.
struct UnderWay<'a>(&'a AtomicUsize);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl<M: StateMachine> Handle<M> {
    pub(crate) fn new(sender: Sender<Message<M>>, board: Arc<Board>) -> Self {
        Self { sender, board, under_way: Arc::default() }
    }

    /// What the node is doing.
    pub fn status(&self) -> Status {
        self.board.status()
    }

    /// When the node got as far as the newest batches after `after`, in their order. Steps that it took at once are one: the
    /// last of them.
    pub fn steps(&self, after: Seq) -> Vec<Step> {
        self.board.steps(after)
    }

    /// Ends the node: what is under way becomes durable and is answered, then a snapshot is stored.
    pub fn stop(&self) {
        // A node that is gone has stopped.
        let _ = self.sender.send(Message::Stop);
    }

    fn enter(&self) -> Result<UnderWay<'_>, RequestError> {
        let claim = UnderWay(&self.under_way);
        if self.under_way.fetch_add(1, Ordering::Relaxed) >= UNDER_WAY_MAX {
            return Err(RequestError::Busy);
        }
        Ok(claim)
    }

    /// Submits a request and waits until it is durable.
    ///
    /// Errors: [`RequestError::Unknown`] if the node stopped meanwhile: the request may or may not be in the journal,
    /// and sending it again to the next leader is safe.
    pub async fn submit(&self, request: Request) -> Result<Reply, RequestError> {
        let _claim = self.enter()?;
        let (reply, outcome) = oneshot::channel();
        self.sender.send(Message::Submit { request, reply }).map_err(|_| RequestError::NotLeader)?;
        outcome.await.unwrap_or(Err(RequestError::Unknown))
    }

    /// Looks at the leader's state. The answer comes when everything it saw is durable, so nothing that was read can
    /// be lost afterwards.
    ///
    /// Errors: [`RequestError::NotLeader`] on any other site.
    pub async fn read<R: Send + 'static>(
        &self,
        look: impl FnOnce(&mut Replica<M>) -> R + Send + 'static,
    ) -> Result<R, RequestError> {
        let _claim = self.enter()?;
        let (tell, answer) = oneshot::channel();
        let look: Look<M> = Box::new(move |replica| {
            let seen = look(replica);
            Box::new(move || {
                // A reader that went away needs no answer.
                let _ = tell.send(seen);
            })
        });
        self.sender.send(Message::Read(look)).map_err(|_| RequestError::NotLeader)?;
        answer.await.map_err(|_| RequestError::NotLeader)
    }

    /// Looks at this site's state as it is now, whether it leads or follows. The state may be ahead of what is durable: this
    /// is for what no longer changes, such as the doings of a batch that is known to be durable.
    ///
    /// Errors: [`RequestError::Unknown`] if the node has stopped.
    pub async fn glance<R: Send + 'static>(
        &self,
        look: impl FnOnce(&Replica<M>) -> R + Send + 'static,
    ) -> Result<R, RequestError> {
        let _claim = self.enter()?;
        let (tell, answer) = oneshot::channel();
        let glance: Glance<M> = Box::new(move |replica| {
            // A reader that went away needs no answer.
            let _ = tell.send(look(replica));
        });
        self.sender.send(Message::Glance(glance)).map_err(|_| RequestError::Unknown)?;
        answer.await.map_err(|_| RequestError::Unknown)
    }
}
