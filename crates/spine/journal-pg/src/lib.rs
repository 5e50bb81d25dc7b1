//! A shard's journal in PostgreSQL, for banks that already trust one: several machines, a synchronous standby, tools and
//! people that know it.
//!
//! The same records with the same hashes as in files; [`copy_in`] and [`copy_out`] carry a journal from one to the other.
//! What is acknowledged has been flushed by a synchronous standby, too, unless the [`Policy`] was told to allow less.
//!
//! ```text
//! lease(shard, epoch)          who may append: every append checks it, a takeover raises it
//! heartbeat(shard, beat)       whether the leader still moves: a hint, nothing depends on it
//! journal(shard, seq, …)       the records, a partition for each day
//! archive(shard, through_seq)  what was copied into files, checked, and dropped
//! ```
//!
//! Three fences keep an old leader out: the check of the epoch in the statement that appends, the primary key, and the
//! hash chain. Nothing ever cancels an append; whoever does not know what became of one ends, and a successor reads what
//! is there. The decisions and their reasons are in `docs/adr/0005-journal-on-postgresql.md`.

mod appender;
mod archive;
mod claim;
mod copy;
mod day;
mod dialect;
mod engine;
mod error;
mod heartbeat;
mod row;
mod schema;
mod session;
mod settings;
mod standby;
mod store;
mod tail;
mod watch;

pub use archive::{Archived, archive};
pub use copy::{Copied, copy_in, copy_out, verify};
pub use error::PgError;
pub use settings::{Policy, Settings};
pub use standby::{Condition, Replication, Standby};
pub use store::{PgStore, Survey};
