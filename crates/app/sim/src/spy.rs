//! A reader that looks at the journal between any two disk operations, as a follower in another process may.
//!
//! Sites take their steps one after the other and never see each other in the middle of an append; the spy does. It checks
//! that a reader never fails because of what a leader or a takeover is in the middle of, that what it once read stays, and
//! that what it calls durable survives every power failure.

use std::collections::BTreeMap;
use std::sync::Arc;

use ids::Seq;
use journal::sim::{SimDisk, SimProcess};
use journal::{Disk, JournalError, Position, Reader};
use stdx::Digest;

use crate::site::SHARD;
use crate::violation::{Invariant, Violation, check};

#[derive(Debug)]
pub(crate) struct Spy {
    machine: SimDisk,
    process: Arc<SimProcess>,
    reader: Option<Reader>,
    /// What it read, by sequence number.
    read: BTreeMap<Seq, Digest>,
    /// The last record that a reader called durable.
    durable: Seq,
    found: Option<Violation>,
}

impl Spy {
    pub(crate) fn new(machine: &SimDisk) -> Self {
        Self {
            machine: machine.clone(),
            process: machine.process(),
            reader: None,
            read: BTreeMap::new(),
            durable: Seq::ZERO,
            found: None,
        }
    }

    /// Reads what there is to read.
    pub(crate) fn look(&mut self) {
        if self.found.is_none() {
            self.found = self.read_on().err();
        }
    }

    /// What it found wrong.
    pub(crate) fn take_found(&mut self) -> Option<Violation> {
        self.found.take()
    }

    fn read_on(&mut self) -> Result<(), Violation> {
        let restarted = !self.process.is_alive();
        if restarted {
            self.process = self.machine.process();
            self.reader = None;
            // What was not durable may be gone, and another record may take its place.
            self.read.split_off(&self.durable.next());
        }
        let mut reader = match self.reader.take() {
            Some(reader) => reader,
            None => {
                let disk: Arc<dyn Disk> = self.process.clone();
                Reader::open(disk, SHARD, Position::genesis()).map_err(|error| failed(&error))?
            }
        };
        while let Some(record) = reader.next_record().map_err(|error| failed(&error))? {
            let known = *self.read.entry(record.seq).or_insert(record.hash);
            check(known == record.hash, Invariant::AcknowledgedOnce, || {
                format!("a reader saw record {} change", record.seq)
            })?;
        }
        let seq = reader.position().seq;
        check(!restarted || seq >= self.durable, Invariant::AcknowledgedOnce, || {
            format!(
                "a reader called record {} durable, after a power failure the journal ends with {seq}",
                self.durable
            )
        })?;
        self.durable = self.durable.max(reader.durable());
        self.reader = Some(reader);
        Ok(())
    }
}

fn failed(error: &JournalError) -> Violation {
    let what = format!("a reader failed while others wrote: {}", crate::scenario::chain_of(error));
    Violation::new(Invariant::NothingUnexpected, what)
}
