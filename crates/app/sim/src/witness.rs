//! Remembers what every site did and said, and compares while the run goes on.

use std::collections::BTreeMap;

use ids::{Epoch, Seq, Timestamp};
use journal::{Kind, Position, Record};
use stdx::Digest;

use crate::violation::{Invariant, Violation, check};

/// A state a client was shown.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View {
    pub(crate) seq: Seq,
    pub(crate) epoch: Epoch,
    pub(crate) state: Digest,
}

/// An acknowledged place in the journal.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Told {
    pub(crate) epoch: Epoch,
    /// The record's hash; only the last record of an append gives its own.
    pub(crate) hash: Option<Digest>,
}

/// What all sites agreed on so far.
#[derive(Debug, Default)]
pub(crate) struct Witness {
    /// The state after each record any site applied. A sequence number may come in two epochs: a batch that was never
    /// acknowledged can be lost, and its number be taken by the next leader.
    states: BTreeMap<(Seq, Epoch), Digest>,
    told: BTreeMap<Seq, Told>,
    views: Vec<View>,
    epoch: Epoch,
}

impl Witness {
    /// A site stands at this state after this record.
    pub(crate) fn state(&mut self, seq: Seq, epoch: Epoch, state: Digest) -> Result<(), Violation> {
        let known = *self.states.entry((seq, epoch)).or_insert(state);
        check(known == state, Invariant::SameState, || {
            format!(
                "after record {seq} of epoch {epoch} one site has state {}, another {}",
                known.short(),
                state.short()
            )
        })
    }

    /// A site read this record; `before` is the stamp of the record before it.
    pub(crate) fn record(&self, record: &Record, before: Timestamp) -> Result<(), Violation> {
        check_stamps(record, before)?;
        let Some(told) = self.told.get(&record.seq) else { return Ok(()) };
        let same = told.epoch == record.epoch && told.hash.is_none_or(|hash| hash == record.hash);
        check(same, Invariant::AcknowledgedOnce, || {
            format!(
                "record {} was acknowledged in epoch {}, but the journal holds one of epoch {} there",
                record.seq, told.epoch, record.epoch
            )
        })
    }

    /// A site leads from `position` on.
    pub(crate) fn leads(&mut self, epoch: Epoch, position: &Position) -> Result<(), Violation> {
        check(epoch > self.epoch, Invariant::OneLeader, || {
            format!("a leader of epoch {epoch} follows one of epoch {}", self.epoch)
        })?;
        self.epoch = epoch;
        let last = self.last_told();
        check(position.seq > last, Invariant::AcknowledgedOnce, || {
            format!("epoch {epoch} begins with record {}, but {last} was acknowledged", position.seq)
        })?;
        self.told.insert(position.seq, Told { epoch, hash: Some(position.hash) });
        Ok(())
    }

    /// A leader was told that these records are durable; the last of them ends at `position`.
    pub(crate) fn durable(
        &mut self,
        epoch: Epoch,
        seqs: impl Iterator<Item = Seq>,
        position: &Position,
    ) -> Result<(), Violation> {
        for seq in seqs {
            let hash = (seq == position.seq).then_some(position.hash);
            if let Some(other) = self.told.insert(seq, Told { epoch, hash }) {
                let what = format!("epochs {} and {epoch} both acknowledged record {seq}", other.epoch);
                return Err(Violation::new(Invariant::OneLeader, what));
            }
        }
        check(epoch == self.epoch, Invariant::OneLeader, || {
            format!("epoch {epoch} appended although epoch {} had begun", self.epoch)
        })
    }

    /// A client was shown a state.
    pub(crate) fn viewed(&mut self, view: View) {
        self.views.push(view);
    }

    /// The highest epoch that anybody led.
    pub(crate) fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// The last record that was acknowledged.
    pub(crate) fn last_told(&self) -> Seq {
        self.told.keys().next_back().copied().unwrap_or_default()
    }

    pub(crate) fn told(&self) -> &BTreeMap<Seq, Told> {
        &self.told
    }

    pub(crate) fn views(&self) -> &[View] {
        &self.views
    }
}

/// Every command has a nanosecond of its own, after all before it.
pub(crate) fn check_stamps(record: &Record, before: Timestamp) -> Result<(), Violation> {
    let first = record.timestamp.0.checked_sub(u64::from(record.commands));
    let holds = match record.kind {
        Kind::Commands => record.commands > 0 && first.is_some_and(|first| first >= before.0),
        Kind::Epoch => record.timestamp >= before,
    };
    check(holds, Invariant::Time, || {
        format!(
            "record {} holds {} commands up to stamp {}, after stamp {}",
            record.seq, record.commands, record.timestamp.0, before.0
        )
    })
}
