//! A ledger made again from its journal.

use ids::Seq;
use journal::{Position, Record, Store, Tail};
use shard::{Replica, ShardError};

use crate::{LedgerMachine, Storage};

/// An empty ledger to which the records of a journal are applied one by one, from the first. The state hashes that leaders
/// wrote into the journal are compared with its own on the way.
pub struct Rebuild {
    tail: Box<dyn Tail>,
    replica: Replica<LedgerMachine>,
    hashes_compared: u64,
}

impl Rebuild {
    /// Starts before the first record of `journal`.
    pub fn new(journal: &dyn Store) -> Result<Self, ShardError> {
        let tail = journal.tail(Position::genesis())?;
        Ok(Self { tail, replica: Replica::genesis(&Storage::in_memory()), hashes_compared: 0 })
    }

    /// Applies the next record and gives it back; `None` if there is none yet.
    ///
    /// Errors: [`ShardError::Diverged`] if a state hash in the journal is not that of the ledger; whatever is wrong with the
    /// record.
    pub fn step(&mut self) -> Result<Option<Record>, ShardError> {
        let Some(record) = self.tail.next_record()? else { return Ok(None) };
        self.replica.apply(&record)?;
        self.hashes_compared += u64::from(record.state.is_some());
        Ok(Some(record))
    }

    /// The last record applied.
    pub fn seq(&self) -> Seq {
        self.replica.seq()
    }

    /// The state so far.
    pub fn replica(&self) -> &Replica<LedgerMachine> {
        &self.replica
    }

    /// How many state hashes of the journal were equal to the ledger's own.
    pub fn hashes_compared(&self) -> u64 {
        self.hashes_compared
    }
}
