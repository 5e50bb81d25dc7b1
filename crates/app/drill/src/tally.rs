//! Counting the drill's payments in the journal.

use ids::Epoch;
use journal::{Kind, Record};
use ledger_core::{EVENT_BYTES, Operation, Transfer};
use shard::{ShardError, frames};

/// What the journal holds of one payment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sighting {
    /// How often it is in the journal.
    pub(crate) times: u32,
    /// The epoch of the batch that held it first.
    pub(crate) epoch: Epoch,
    /// Whether the replayed ledger has it.
    pub(crate) booked: bool,
}

/// Counts the payments it was told to look for, and no others: its size is that of the drill, not of the journal.
#[derive(Debug)]
pub(crate) struct Tally {
    /// Sorted, without repetition.
    ids: Vec<u128>,
    sightings: Vec<Sighting>,
    /// Payments seen, of the drill or not.
    payments: u64,
}

impl Tally {
    /// Looks for the payments with these ids.
    pub(crate) fn new(mut ids: Vec<u128>) -> Self {
        ids.sort_unstable();
        ids.dedup();
        let sightings = vec![Sighting::default(); ids.len()];
        Self { ids, sightings, payments: 0 }
    }

    /// Counts the payments of a record. Errors: [`ShardError::Malformed`].
    pub(crate) fn count(&mut self, record: &Record) -> Result<(), ShardError> {
        if record.kind != Kind::Commands {
            return Ok(());
        }
        for frame in frames(&record.payload) {
            let frame = frame?;
            if frame.operation == Operation::CreateTransfers as u16 {
                for event in frame.body.chunks_exact(EVENT_BYTES) {
                    let transfer =
                        Transfer::from_bytes(event).ok_or(ShardError::Malformed { what: "a payment" })?;
                    self.note(transfer.id, record.epoch);
                }
            }
        }
        Ok(())
    }

    fn note(&mut self, id: u128, epoch: Epoch) {
        self.payments += 1;
        if let Ok(index) = self.ids.binary_search(&id) {
            let sighting = &mut self.sightings[index];
            if sighting.times == 0 {
                sighting.epoch = epoch;
            }
            sighting.times = sighting.times.saturating_add(1);
        }
    }

    /// Asks `is_booked` for every payment looked for.
    pub(crate) fn note_booked(&mut self, is_booked: impl Fn(u128) -> bool) {
        for (id, sighting) in self.ids.iter().zip(&mut self.sightings) {
            sighting.booked = is_booked(*id);
        }
    }

    /// What was found of payment `id`.
    pub(crate) fn sighting(&self, id: u128) -> Sighting {
        self.ids.binary_search(&id).map_or_else(|_| Sighting::default(), |index| self.sightings[index])
    }

    /// How many payments the journal holds, of the drill or not.
    pub(crate) fn payments(&self) -> u64 {
        self.payments
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use ids::{Seq, Timestamp};
    use shard::REQUEST_HEADER_BYTES;
    use stdx::Digest;

    use super::*;

    /// A batch of one request.
    pub(crate) fn record(seq: u64, epoch: u64, operation: u16, body: &[u8]) -> Record {
        let mut payload = vec![0; REQUEST_HEADER_BYTES];
        payload[32..34].copy_from_slice(&operation.to_le_bytes());
        payload[36..40].copy_from_slice(&u32::try_from(body.len()).unwrap().to_le_bytes());
        payload.extend_from_slice(body);
        Record {
            seq: Seq(seq),
            epoch: Epoch(epoch),
            kind: Kind::Commands,
            timestamp: Timestamp(seq * 1_000),
            commands: u32::try_from(body.len() / EVENT_BYTES).unwrap(),
            state: None,
            hash: Digest::ZERO,
            prev_hash: Digest::ZERO,
            payload,
        }
    }

    fn payments(ids: &[u128]) -> Vec<u8> {
        ids.iter().flat_map(|id| Transfer { id: *id, ..Transfer::default() }.as_bytes().to_vec()).collect()
    }

    #[test]
    fn only_transfers_of_the_drill_are_told_apart() {
        let mut tally = Tally::new(vec![9, 7, 9, 8]);
        tally.count(&record(1, 1, Operation::CreateTransfers as u16, &payments(&[7, 100, 101]))).unwrap();
        // The same bytes as accounts are not payments, and a leader's record holds a name.
        tally.count(&record(2, 1, Operation::CreateAccounts as u16, &payments(&[7, 8]))).unwrap();
        let epoch = Record { kind: Kind::Epoch, ..record(3, 2, 2, &payments(&[8])) };
        tally.count(&epoch).unwrap();
        tally.count(&record(4, 2, Operation::CreateTransfers as u16, &payments(&[7, 9]))).unwrap();
        tally.note_booked(|id| id == 7);
        assert_eq!(tally.sighting(7), Sighting { times: 2, epoch: Epoch(1), booked: true });
        assert_eq!(tally.sighting(9), Sighting { times: 1, epoch: Epoch(2), booked: false });
        assert_eq!(tally.sighting(8), Sighting::default());
        assert_eq!(tally.sighting(100), Sighting::default());
        assert_eq!(tally.payments(), 5);
    }

    #[test]
    fn a_broken_payload_is_an_error() {
        let mut broken = record(1, 1, Operation::CreateTransfers as u16, &payments(&[7]));
        broken.payload.pop();
        assert!(Tally::new(vec![7]).count(&broken).is_err());
    }
}
