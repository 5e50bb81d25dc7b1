//! The shell: one thread that follows or leads, one that appends, and handles for everybody else.

mod follow;
mod handle;
mod lead;
mod priority;
mod status;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::{Duration, Instant};

use ids::Timestamp;
use journal::{Appender, Position, Store};
use stdx::Coded as _;
use tokio::sync::oneshot;

pub use handle::Handle;
pub use priority::{Priority, spawn};
pub use status::{Role, Status, Step};

use crate::error::ShardError;
use crate::machine::{StateMachine, guard};
use crate::replica::Replica;
use crate::store::SnapshotStore;
use handle::Message;
use status::Board;

/// What a node needs to know.
#[derive(Clone, Debug)]
pub struct NodeConfig {
    /// The shard's journal, the same for all sites.
    pub journal: Arc<dyn Store>,
    /// This site's name: the holder of the epochs in which it leads.
    pub site: String,
    /// This site's own folder of snapshots.
    pub snapshots: PathBuf,
    /// Who comes first when the lead falls free: 0 before 1 before 2.
    pub rank: u32,
    /// What time it is: [`wall_clock`], but for tests that need a certain day.
    pub clock: fn() -> Timestamp,
}

/// One site's part in one shard.
pub struct Node<M> {
    handle: Handle<M>,
    finished: oneshot::Receiver<Result<(), ShardError>>,
}

impl<M: StateMachine + Send + 'static> Node<M> {
    /// Starts the threads. The node restores its newest snapshot, follows the journal, and leads when the lead is free.
    pub fn start(config: NodeConfig, context: M::Context) -> Result<Self, ShardError>
    where
        M::Context: Send + 'static,
    {
        let shard = config.journal.shard();
        let store = SnapshotStore::open(config.snapshots.clone(), shard).map_err(ShardError::Start)?;
        let (sender, messages) = mpsc::channel();
        let board = Arc::new(Board::default());
        let handle = Handle::new(sender.clone(), Arc::clone(&board));
        let (done, finished) = oneshot::channel();
        let running = Running { config, store, board, messages, sender };
        spawn("shard", Priority::First, move || {
            // Nobody waits any more only when the process is going down anyway.
            let _ = done.send(running.run(&context));
        })
        .map_err(ShardError::Start)?;
        Ok(Self { handle, finished })
    }

    /// A handle for submitting and reading.
    pub fn handle(&self) -> Handle<M> {
        self.handle.clone()
    }

    /// Waits until the node has stopped: after [`Handle::stop`], or because it must not go on.
    pub async fn finished(self) -> Result<(), ShardError> {
        self.finished.await.unwrap_or(Ok(()))
    }
}

/// What the shard's thread owns.
struct Running<M> {
    config: NodeConfig,
    store: SnapshotStore,
    board: Arc<Board>,
    messages: Receiver<Message<M>>,
    sender: Sender<Message<M>>,
}

/// The lead, taken: the state up to `position`, where this site's epoch begins.
struct Lead<M> {
    replica: Replica<M>,
    position: Position,
    appender: Box<dyn Appender>,
}

impl<M: StateMachine + Send + 'static> Running<M> {
    fn run(self, context: &M::Context) -> Result<(), ShardError> {
        let result = guard::<M, _>(|| self.follow_then_lead(context));
        if let Err(error) = &result {
            let diverged = matches!(error, ShardError::Diverged { .. });
            self.board.fail(if diverged { Role::Diverged } else { Role::Failed }, error.code());
        }
        result
    }

    fn follow_then_lead(&self, context: &M::Context) -> Result<(), ShardError> {
        let (replica, position) = match self.store.newest::<M>(context).map_err(ShardError::Snapshot)? {
            Some(snapshot) => (snapshot.replica, snapshot.position),
            None => (Replica::genesis(context), Position::genesis()),
        };
        match self.follow(replica, position)? {
            None => Ok(()),
            Some(Lead { replica, position, appender }) => self.lead(replica, position, appender),
        }
    }

    /// Stores a snapshot here and now: on the way out, when nobody waits for this site.
    fn store_snapshot(&self, replica: &mut Replica<M>, position: Position) -> Result<(), ShardError> {
        let snapshot = crate::Snapshot::freeze(self.config.journal.shard(), position, replica);
        self.store.store(position.seq, snapshot).map_err(ShardError::Snapshot)
    }
}

/// The time by the machine's clock.
#[expect(
    clippy::disallowed_methods,
    reason = "the sequencer stamps; this shell is where the shard's clock is read"
)]
pub fn wall_clock() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or(Duration::ZERO);
    Timestamp(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
}

#[expect(clippy::disallowed_methods, reason = "patience is measured with the monotonic clock")]
fn now() -> Instant {
    Instant::now()
}
