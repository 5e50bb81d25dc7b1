//! The judge: what the journal holds of the payments that were sent, and whether a replay agrees with the running bank.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use ids::{Epoch, Seq};
use journal::{Kind, Position, Reader, RealDisk, Record};
use ledger::{LedgerMachine, Storage};
use ledger_api::StateHash;
use ledger_core::{EVENT_BYTES, Operation, Transfer};
use shard::{Replica, frames};
use stdx::Digest;

use crate::bank::Bank;
use crate::clock;
use crate::report::Report;
use crate::workload::FIRST_PAYMENT;

const SHARD: &str = "bank";
/// How long the journal may take to show what its leader has told.
const PATIENCE: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(5);

/// What the journal holds of one payment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sighting {
    /// How often it is in the journal.
    times: u32,
    /// The reign in which it came first.
    pub(crate) epoch: Epoch,
    /// Whether the replayed ledger has it.
    booked: bool,
}

/// What the journal holds of all payments that were sent, in the order of their ids.
#[derive(Debug)]
pub(crate) struct Audit {
    sightings: Vec<Sighting>,
    live: StateHash,
    replayed: Digest,
    transfers: u64,
}

/// Replays the bank's journal from empty and looks for the first `offered` payments. All load must have ended.
pub(crate) async fn audit(bank: &Bank, offered: u64) -> Result<Audit> {
    let live = bank.client.state_hash().await?;
    let journal = bank.journal();
    tokio::task::spawn_blocking(move || replay(&journal, offered, live)).await?
}

fn replay(journal: &Path, offered: u64, live: StateHash) -> Result<Audit> {
    let mut reader = Reader::open(Arc::new(RealDisk::open(journal)?), SHARD, Position::genesis())?;
    let mut replica: Replica<LedgerMachine> = Replica::genesis(&Storage::in_memory());
    let mut sightings = Sightings(vec![Sighting::default(); usize::try_from(offered)?]);
    let mut waited = clock::now();
    while replica.seq() < Seq(live.seq) {
        let Some(record) = reader.next_record()? else {
            ensure!(waited.elapsed() < PATIENCE, "the journal ends at batch {}", replica.seq());
            clock::wait(POLL);
            continue;
        };
        waited = clock::now();
        sightings.count(&record)?;
        replica.apply(&record)?;
    }
    let ledger = replica.machine().ledger();
    for (id, sighting) in (FIRST_PAYMENT..).zip(&mut sightings.0) {
        sighting.booked = ledger.transfer(id.into()).is_some();
    }
    let transfers = ledger.counts().transfers.into();
    let replayed = replica.state_hash();
    Ok(Audit { sightings: sightings.0, live, replayed, transfers })
}

struct Sightings(Vec<Sighting>);

impl Sightings {
    fn count(&mut self, record: &Record) -> Result<()> {
        if record.kind != Kind::Commands {
            return Ok(());
        }
        for frame in frames(&record.payload) {
            let frame = frame?;
            if frame.operation == Operation::CreateTransfers as u16 {
                for event in frame.body.chunks_exact(EVENT_BYTES) {
                    let transfer =
                        Transfer::from_bytes(event).context("the journal holds half a transfer")?;
                    self.note(transfer.id, record.epoch);
                }
            }
        }
        Ok(())
    }

    fn note(&mut self, id: u128, epoch: Epoch) {
        let place = id.checked_sub(FIRST_PAYMENT.into()).and_then(|place| usize::try_from(place).ok());
        if let Some(sighting) = place.and_then(|place| self.0.get_mut(place)) {
            if sighting.times == 0 {
                sighting.epoch = epoch;
            }
            sighting.times += 1;
        }
    }
}

impl Audit {
    /// What was found of payment number `place`, counted from zero.
    pub(crate) fn sighting(&self, place: u64) -> Option<&Sighting> {
        self.sightings.get(usize::try_from(place).ok()?)
    }

    /// How many of the acknowledged payments are missing, and how many are there more than once.
    pub(crate) fn lost_and_duplicated(&self, acknowledged: impl Iterator<Item = u64>) -> (u64, u64) {
        acknowledged.fold((0, 0), |(lost, duplicated), place| match self.sighting(place) {
            Some(Sighting { times: 1, booked: true, .. }) => (lost, duplicated),
            Some(Sighting { times: 2.., booked: true, .. }) => (lost, duplicated + 1),
            _ => (lost + 1, duplicated),
        })
    }

    /// Writes down what must not be.
    pub(crate) fn tell(&self, report: &mut Report, (lost, duplicated): (u64, u64)) {
        if lost > 0 {
            report.fault(format!("{lost} acknowledged payments are not in the journal"));
        }
        if duplicated > 0 {
            report.fault(format!("{duplicated} acknowledged payments are in the journal more than once"));
        }
        let booked = self.sightings.iter().filter(|sighting| sighting.booked).count() as u64;
        if booked != self.transfers {
            report.fault(format!("the ledger has {} transfers, but {booked} were sent", self.transfers));
        }
        let StateHash { seq, state_hash } = self.live;
        if state_hash == self.replayed {
            report
                .note(format!("The bank and a replay of its journal agree on {state_hash} at batch {seq}."));
        } else {
            let replayed = self.replayed;
            report.fault(format!("at batch {seq} the bank has state {state_hash}, a replay {replayed}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn audit(sightings: Vec<Sighting>) -> Audit {
        let live = StateHash { seq: 1, state_hash: Digest::ZERO };
        Audit { transfers: sightings.len() as u64, sightings, live, replayed: Digest::ZERO }
    }

    #[test]
    fn only_once_and_booked_is_right() {
        let sighting = |times, booked| Sighting { times, epoch: Epoch(1), booked };
        let audit = audit(vec![
            sighting(1, true),
            sighting(2, true),
            sighting(0, false),
            sighting(1, false),
            sighting(0, true),
        ]);
        assert_eq!(audit.lost_and_duplicated([0].into_iter()), (0, 0));
        assert_eq!(audit.lost_and_duplicated([0, 1].into_iter()), (0, 1));
        assert_eq!(audit.lost_and_duplicated(0..5), (3, 1));
        assert_eq!(audit.lost_and_duplicated([5, u64::MAX].into_iter()), (2, 0), "ids that were never sent");
    }

    #[test]
    fn faults_are_told() {
        let right = Sighting { times: 1, epoch: Epoch(1), booked: true };
        let faults = |audit: &Audit, counted| {
            let mut report = Report::new("x");
            audit.tell(&mut report, counted);
            report.table().matches("WRONG").count()
        };
        let mut audit = audit(vec![right; 3]);
        assert_eq!(faults(&audit, (0, 0)), 0);
        assert_eq!(faults(&audit, (1, 2)), 2);
        audit.transfers = 4;
        assert_eq!(faults(&audit, (0, 0)), 1);
        audit.replayed = Digest::of(b"another");
        assert_eq!(faults(&audit, (0, 0)), 2);
    }

    #[test]
    fn the_first_reign_of_a_payment_stands() {
        let mut sightings = Sightings(vec![Sighting::default(); 2]);
        sightings.note(u128::from(FIRST_PAYMENT) + 1, Epoch(3));
        sightings.note(u128::from(FIRST_PAYMENT) + 1, Epoch(4));
        sightings.note(u128::from(FIRST_PAYMENT) + 2, Epoch(4));
        sightings.note(7, Epoch(4));
        assert_eq!(sightings.0[0], Sighting::default());
        assert_eq!(sightings.0[1], Sighting { times: 2, epoch: Epoch(3), booked: false });
    }
}
