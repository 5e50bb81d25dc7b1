//! Leading: batches go to the appender's thread, outcomes come back when they are durable.

use std::ops::ControlFlow;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use ids::Epoch;
use journal::{Appender, Batch, JournalError, Position};
use tokio::sync::oneshot;

use super::Running;
use super::handle::{Message, Tell};
use super::priority::{self, Priority, spawn};
use super::status::Role;
use crate::error::{RequestError, ShardError};
use crate::leader::{BatchOut, Leader, Outcome, Reply};
use crate::machine::StateMachine;
use crate::replica::Replica;

/// How long to wait for messages before looking at the clock.
const TICK: Duration = Duration::from_millis(10);
/// Messages to take before the next batch is formed.
const MESSAGES_AT_ONCE: usize = 4_096;

/// Who waits for an outcome.
enum Waiting {
    Client(oneshot::Sender<Result<Reply, RequestError>>),
    Reader(Tell),
    Nobody,
}

/// The appender's end: the place after everything it made durable, or nothing if it failed and said so.
type Appended = Option<Result<Position, JournalError>>;

impl<M: StateMachine + Send + 'static> Running<M> {
    pub(super) fn lead(
        &self,
        mut replica: Replica<M>,
        position: Position,
        appender: Box<dyn Appender>,
    ) -> Result<(), ShardError> {
        priority::take(Priority::Usual);
        let epoch = appender.epoch();
        // The epoch's own record was appended by the takeover and moves nothing but the sequence.
        replica.finish(position.seq, position.timestamp);
        replica.begin_epoch(&self.config.site);
        let mut leader = Leader::new(replica);
        let (batches, appender) = self.start_appender(appender)?;
        let mut stopping = false;
        self.post(&leader, epoch);
        loop {
            match self.take_messages(&mut leader, stopping) {
                ControlFlow::Continue(stop) => stopping |= stop,
                ControlFlow::Break(error) => {
                    abandon(leader);
                    return Err(error.into());
                }
            }
            if !leader.has_queue() {
                leader.tick((self.config.clock)(), || Waiting::Nobody);
            }
            while let Some(batch) = leader.next_batch((self.config.clock)()) {
                // The appender only goes away after it has sent its error, which the next round takes.
                let _ = batches.send(batch);
            }
            leader.replica_mut().maintain();
            // First the status: who hears of a request may look for it there.
            self.post(&leader, epoch);
            leader.take_released().into_iter().for_each(deliver);
            if stopping && leader.is_idle() {
                break;
            }
        }
        drop(batches);
        let position = join(appender)?.ok_or(JournalError::Poisoned)??;
        let mut replica = leader.into_replica();
        self.store_snapshot(&mut replica, position)
    }

    fn post(&self, leader: &Leader<M, Waiting>, epoch: Epoch) {
        self.board.post(Role::Leader, epoch, leader.durable_seq(), leader.replica());
    }

    /// Takes what has come; waits a moment if there is nothing else to do. Breaks with the writer's error; the value is
    /// whether the node shall stop.
    fn take_messages(
        &self,
        leader: &mut Leader<M, Waiting>,
        stopping: bool,
    ) -> ControlFlow<JournalError, bool> {
        let mut stop = false;
        let mut wait = if leader.can_batch() { Duration::ZERO } else { TICK };
        for _ in 0..MESSAGES_AT_ONCE {
            match self.messages.recv_timeout(wait) {
                Ok(Message::Submit { reply, .. }) if stopping => {
                    let _ = reply.send(Err(RequestError::NotLeader));
                }
                Ok(Message::Submit { request, reply }) => {
                    if let Err((Waiting::Client(reply), error)) =
                        leader.submit(request, Waiting::Client(reply))
                    {
                        let _ = reply.send(Err(error));
                    }
                }
                Ok(Message::Read(look)) => {
                    let tell = look(leader.replica_mut());
                    leader.await_durable(Waiting::Reader(tell));
                }
                Ok(Message::Glance(look)) => look(leader.replica()),
                Ok(Message::Durable(seq)) => leader.durable(seq),
                Ok(Message::AppendFailed(error)) => return ControlFlow::Break(error),
                Ok(Message::Stop) => stop = true,
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => return ControlFlow::Continue(true),
            }
            wait = Duration::ZERO;
        }
        ControlFlow::Continue(stop)
    }

    fn start_appender(
        &self,
        appender: Box<dyn Appender>,
    ) -> Result<(Sender<BatchOut>, thread::JoinHandle<Appended>), ShardError> {
        let (batches, queue) = mpsc::channel();
        let results = self.sender.clone();
        let appender = spawn("append", Priority::Usual, move || append_all(appender, &queue, &results))
            .map_err(ShardError::Start)?;
        Ok((batches, appender))
    }
}

/// Appends until the leader hangs up or the journal fails; whatever has queued up goes together.
fn append_all<M>(
    mut appender: Box<dyn Appender>,
    queue: &Receiver<BatchOut>,
    results: &Sender<Message<M>>,
) -> Appended {
    while let Ok(first) = queue.recv() {
        let mut group = vec![first];
        while group.len() < appender.group_max()
            && let Ok(more) = queue.try_recv()
        {
            group.push(more);
        }
        let batches: Vec<Batch<'_>> = group.iter().map(as_batch).collect();
        if let Err(error) = appender.append(&batches) {
            let _ = results.send(Message::AppendFailed(error));
            return None;
        }
    }
    Some(appender.finish())
}

fn as_batch(batch: &BatchOut) -> Batch<'_> {
    Batch {
        seq: batch.seq,
        timestamp: batch.timestamp,
        commands: batch.commands,
        payload: &batch.payload,
        state: batch.state,
    }
}

fn deliver((waiting, outcome): (Waiting, Outcome)) {
    match (waiting, outcome) {
        // Clients that went away will ask again under the same id.
        (Waiting::Client(client), Outcome::Reply(reply)) => drop(client.send(Ok(reply))),
        (Waiting::Client(client), Outcome::Clash) => drop(client.send(Err(RequestError::Clash))),
        (Waiting::Reader(tell), _) => tell(),
        (Waiting::Client(_) | Waiting::Nobody, _) => {}
    }
}

/// The outcome of what is under way is unknown: it may be on the disk.
fn abandon<M: StateMachine>(leader: Leader<M, Waiting>) {
    for waiting in leader.into_abandoned() {
        if let Waiting::Client(client) = waiting {
            let _ = client.send(Err(RequestError::Unknown));
        }
    }
}

fn join(appender: thread::JoinHandle<Appended>) -> Result<Appended, ShardError> {
    appender.join().map_err(|_| ShardError::Malformed { what: "a batch on which the appender panicked" })
}
