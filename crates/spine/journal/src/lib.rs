//! A journal: the ordered, hash-chained record of every command a shard accepted, kept in a folder of segment files.
//!
//! Every process of a machine may read it; exactly one, the leader, appends. What is acknowledged is durable, what is
//! damaged is named with its file and offset, and nothing is ever skipped or repaired behind the caller's back.
//!
//! - [`Writer::take_over`] makes this process the leader: lock, read the rest, raise the epoch, append.
//! - [`Reader`] follows the journal from any [`Position`], also while another process appends or takes over.
//! - [`verify`] checks every byte of a journal and reports what it holds.
//! - [`Store`] is what a shard sees of all this, whether the journal lies in files or elsewhere.
//! - [`Disk`] is the narrow port to the file system: [`RealDisk`] for files, [`sim::SimDisk`] for crashes.
//!
//! The format and the reasons for it are in `docs/adr/0002-journal-on-files.md`.

mod chain;
mod cursor;
mod disk;
mod error;
mod examine;
mod file_store;
mod files;
mod format;
mod import;
mod mask;
mod near;
mod reader;
mod real;
mod segment;
pub mod sim;
mod store;
mod tail;
mod takeover;
mod verifier;
mod verify;
mod writer;

pub use chain::{Batch, Chain, Kind, Position, Record, Sealed};
pub use disk::{Access, Disk, DiskFile};
pub use error::{Corruption, Fault, JournalError, Refusal, StoreError};
pub use file_store::FileStore;
pub use format::{COMMANDS_MAX, FORMAT_VERSION, NAME_BYTES_MAX, PAYLOAD_BYTES_MAX};
pub use import::Import;
pub use reader::Reader;
pub use real::RealDisk;
pub use store::{Appender, Claim, Left, Store, Tail, Told};
pub use tail::Torn;
pub use takeover::{Recovery, Takeover};
pub use verifier::Verifier;
pub use verify::{Progress, Reign, Report, verify};
pub use writer::{GROUP_BYTES_MAX, Options, SEGMENT_BYTES_MAX, Writer};
