//! The port to wherever a shard's journal is kept: read it, follow it, take the lead, append.
//!
//! Two implementations: [`FileStore`](crate::FileStore) keeps it in a folder of this machine, `journal-pg` in PostgreSQL.
//! Both keep the same records with the same hashes, so a journal can be copied from one to the other and back.
//!
//! Everything here is synchronous and, but for [`Claim::lead`] and [`Appender::finish`], answers at once: a shard's thread
//! has clients to answer while a network is slow.

use std::fmt::Debug;

use ids::{Epoch, Seq};

use crate::chain::{Batch, Position, Record};
use crate::error::JournalError;
use crate::takeover::Recovery;

/// One shard's journal, as one site sees it.
pub trait Store: Debug + Send + Sync {
    /// The shard whose journal this is.
    fn shard(&self) -> &str;

    /// Follows the journal from `from` on.
    fn tail(&self, from: Position) -> Result<Box<dyn Tail>, JournalError>;

    /// A place at which a tail can begin to reach record `seq` soon, as near before it as the store can tell without reading
    /// the records: the beginning, unless it knows better.
    fn place_before(&self, seq: Seq) -> Result<Position, JournalError> {
        let _ = seq;
        Ok(Position::genesis())
    }

    /// Starts to take the lead for `holder`, who has applied everything up to `from`. `None` while another one leads: an
    /// ordinary answer. Dropping the claim leaves the lead to others.
    fn try_lead(&self, holder: &str, from: Position) -> Result<Option<Box<dyn Claim>>, JournalError>;
}

/// The journal's end, seen by one who does not lead.
pub trait Tail: Debug + Send {
    /// The next record, checked and linked; `None` if there is none yet. May be read before it is durable.
    fn next_record(&mut self) -> Result<Option<Record>, JournalError>;

    /// The place after the last record.
    fn position(&self) -> Position;

    /// The last record known to be durable, as the store promises durability; zero while nothing is known. A snapshot that
    /// is kept, or an answer to a client, must wait for it.
    fn durable(&self) -> Seq;
}

/// What is left to do before leading.
#[derive(Debug)]
pub enum Left {
    /// Apply this record, then ask again.
    Record(Record),
    /// Ask again a little later: the store is still making sure that nobody else can append, and that what was appended
    /// is durable.
    NotYet,
    /// Another one was faster; go on following. Only said before the first record.
    Lost,
    /// Every record has been handed out, and no other leader can add one.
    Nothing,
}

/// The lead, within reach.
pub trait Claim: Debug + Send {
    /// What is left to do before leading. From the first call on, the leader before is being fenced out.
    fn next_left(&mut self) -> Result<Left, JournalError>;

    /// Takes the lead: raises the epoch and appends a record that names the holder, both durably. `told` hears of every
    /// append that became durable, and of the first failure.
    ///
    /// # Panics
    /// If [`Claim::next_left`] has not said that nothing is left: to lead without having applied every record is to
    /// acknowledge from a wrong state.
    fn lead(self: Box<Self>, told: Told) -> Result<(Box<dyn Appender>, Recovery), JournalError>;
}

/// Hears, in order, how far the journal is durable now; or why nothing more will be. Called on any thread.
pub type Told = Box<dyn FnMut(Result<Seq, JournalError>) + Send>;

/// The one who may append, as long as nobody takes over.
///
/// After any error, returned or told, what became of the batches under way is unknown, and only a new leader can tell: the
/// process should end. [`JournalError::Refused`] is the exception: nothing was written and nothing has changed.
pub trait Appender: Debug + Send {
    /// This leader's epoch.
    fn epoch(&self) -> Epoch;

    /// How many batches may share one call with profit.
    fn group_max(&self) -> usize;

    /// Appends batches in order. They may still be on their way when this returns; several calls may be.
    fn append(&mut self, batches: &[Batch<'_>]) -> Result<(), JournalError>;

    /// Waits until everything is durable: the place after the last record.
    fn finish(self: Box<Self>) -> Result<Position, JournalError>;
}
