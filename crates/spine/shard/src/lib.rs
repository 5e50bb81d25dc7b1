//! The runtime of a deterministic state machine over a journal.
//!
//! ```text
//! submit → queue → batch (stamped, sequenced) → journal append ┐
//!                        └→ apply at once ─→ replies held ─────┴→ released when the batch is durable
//! ```
//!
//! Two halves. [`Replica`] and [`Leader`] are pure: requests, time and "this is durable now" go in, batches and
//! replies come out; the simulator drives them through crashes. [`Node`] is the shell: threads, the journal's files
//! and the clock. It follows the journal's tail with hot state, takes the lead when the leader's lock falls free, and
//! stops for good when its state differs from what the leader wrote down.
//!
//! Execution overlaps the append: a batch is applied while it is written, and nobody hears of it before it is
//! durable. If the append fails the process must die, taking the undurable state with it.

mod error;
mod leader;
mod machine;
mod node;
mod replica;
mod request;
mod snapshot;
mod store;
mod window;

pub use error::{RequestError, ShardError};
pub use leader::{BatchOut, Leader, Outcome, Reply};
pub use machine::{Failure, Frozen, StateMachine, guard};
pub use node::{Handle, Node, NodeConfig, Priority, Role, Status, Step, spawn, wall_clock};
pub use replica::{Replica, STATE_HASH_EVERY_BATCHES};
pub use request::{REQUEST_HEADER_BYTES, Request, RequestKey, frames};
pub use snapshot::{FrozenSnapshot, Snapshot, SnapshotError};
pub use store::SnapshotStore;
pub use window::{WINDOW_BYTES_MAX, WINDOW_ENTRIES_MAX};
