//! The check: the journal replayed from empty, against what the running bank says of itself.

use std::sync::Arc;
use std::time::Duration;

use client::{Client, ClientError};
use console_api::DrillProgress;
use ids::{AccountId, Seq};
use journal::Store;
use ledger::Rebuild;
use ledger_api::{AccountPage, PAGE_LIMIT_MAX, StateHash};
use stdx::Digest;
use tokio::runtime::Handle;
use tokio::time::Instant;

use crate::compare::differing;
use crate::error::Failure;
use crate::tally::Tally;

/// How long the journal may take to show what its leader has already told.
const JOURNAL_PATIENCE: Duration = Duration::from_secs(5);
const JOURNAL_POLL: Duration = Duration::from_millis(5);
/// Progress is told every so many batches.
const PROGRESS_EVERY_BATCHES: u64 = 512;

/// What to check.
pub(crate) struct Task {
    /// Speaks to the running bank.
    pub(crate) client: Client,
    /// The shard's journal.
    pub(crate) journal: Arc<dyn Store>,
    /// The payments to look for.
    pub(crate) wanted: Vec<u128>,
}

/// What the check found.
#[derive(Debug)]
pub(crate) struct Verified {
    /// The last batch that was compared.
    pub(crate) seq: Seq,
    /// The leader's state hash: at the first batch where the two differ, else at the last one compared.
    pub(crate) state_hash_live: Digest,
    /// The replay's at the same batch.
    pub(crate) state_hash_replay: Digest,
    pub(crate) hashes_compared: u64,
    pub(crate) balances_compared: u64,
    pub(crate) balances_different: u64,
    /// What the journal holds of the payments.
    pub(crate) tally: Tally,
}

/// Replays the journal and compares it with the running bank. Blocks: reading and applying take long. `bank` runs the
/// calls to the bank.
///
/// Payments of others may flow meanwhile: every page of balances is taken between two state hashes, and compared with
/// the replay at each batch between them until it fits. Memory: the replayed ledger, the payments to look for, and
/// one page.
pub(crate) fn verify(bank: &Handle, task: Task, tell: &dyn Fn(DrillProgress)) -> Result<Verified, Failure> {
    let Task { client, journal, wanted } = task;
    let state_hash =
        || bank.block_on(client.state_hash()).map_err(|error| Failure::bank("give its state hash", &error));
    let rebuild = Rebuild::new(&*journal)?;
    let mut replay = Replay { bank, rebuild, tally: Tally::new(wanted), tell };
    let mut marks = Marks::default();
    marks.pass(&mut replay, &state_hash()?)?;
    let (mut after, mut balances_compared, mut balances_different) = (None, 0, 0);
    loop {
        let page = bank.block_on(client.accounts(after, Some(PAGE_LIMIT_MAX)));
        let page = page.map_err(|error| Failure::bank("list its accounts", &error))?;
        let mark = state_hash()?;
        balances_compared += page.accounts.len() as u64;
        balances_different += replay.fewest_differing(after, &page, Seq(mark.seq))?;
        marks.pass(&mut replay, &mark)?;
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let (state_hash_live, state_hash_replay) = marks.decisive.unwrap_or_default();
    Ok(Verified {
        seq: replay.rebuild.seq(),
        state_hash_live,
        state_hash_replay,
        hashes_compared: marks.compared,
        balances_compared,
        balances_different,
        tally: replay.into_tally(),
    })
}

/// The journal, applied to an empty ledger step by step.
struct Replay<'a> {
    bank: &'a Handle,
    rebuild: Rebuild,
    tally: Tally,
    tell: &'a dyn Fn(DrillProgress),
}

impl Replay<'_> {
    /// Applies the batches up to `seq`. The journal's own state hashes are compared on the way.
    fn advance(&mut self, seq: Seq) -> Result<(), Failure> {
        let mut deadline = None;
        while self.rebuild.seq() < seq {
            if self.step()? {
                deadline = None;
                if self.rebuild.seq().0.is_multiple_of(PROGRESS_EVERY_BATCHES) || self.rebuild.seq() == seq {
                    let batches_done = self.rebuild.seq().0;
                    (self.tell)(DrillProgress { batches_done, batches_total: seq.0 });
                }
                continue;
            }
            if Instant::now() > *deadline.get_or_insert_with(|| Instant::now() + JOURNAL_PATIENCE) {
                return Err(Failure::JournalBehind { leader: seq, journal: self.rebuild.seq() });
            }
            self.bank.block_on(tokio::time::sleep(JOURNAL_POLL));
        }
        Ok(())
    }

    /// Applies the next batch, if there is one yet.
    fn step(&mut self) -> Result<bool, Failure> {
        let Some(record) = self.rebuild.step()? else { return Ok(false) };
        self.tally.count(&record)?;
        Ok(true)
    }

    /// How many accounts of `page` differ, at the batch from here to `until` where the fewest do.
    fn fewest_differing(
        &mut self,
        after: Option<AccountId>,
        page: &AccountPage,
        until: Seq,
    ) -> Result<u64, Failure> {
        let mut fewest = differing(self.rebuild.replica().machine().ledger(), after, page);
        while fewest > 0 && self.rebuild.seq() < until {
            self.advance(self.rebuild.seq().next())?;
            fewest = fewest.min(differing(self.rebuild.replica().machine().ledger(), after, page));
        }
        Ok(fewest)
    }

    fn into_tally(self) -> Tally {
        let Self { mut tally, rebuild, .. } = self;
        tally.note_booked(|id| rebuild.replica().machine().ledger().transfer(id).is_some());
        tally
    }
}

/// The comparisons of state hashes.
#[derive(Default)]
struct Marks {
    compared: u64,
    /// The first pair that differs, else the last pair.
    decisive: Option<(Digest, Digest)>,
}

impl Marks {
    /// Replays up to the leader's state hash and compares.
    fn pass(&mut self, replay: &mut Replay<'_>, mark: &StateHash) -> Result<(), Failure> {
        replay.advance(Seq(mark.seq))?;
        let at = replay.rebuild.seq();
        if at != Seq(mark.seq) {
            let why = format!("it gave batch {} after batch {at}", mark.seq);
            return Err(Failure::Bank { what: "give its state hashes in order", why });
        }
        let ours = replay.rebuild.replica().state_hash();
        self.note(mark.state_hash, ours);
        Ok(())
    }

    fn note(&mut self, live: Digest, replay: Digest) {
        self.compared += 1;
        if self.decisive.is_none_or(|(theirs, ours)| theirs == ours) {
            self.decisive = Some((live, replay));
        }
    }
}

impl Failure {
    /// The bank did not do `what`.
    pub(crate) fn bank(what: &'static str, error: &ClientError) -> Self {
        Self::Bank { what, why: error.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_difference_stands() {
        let [a, b, c] = [b"a", b"b", b"c"].map(|text| Digest::of(text));
        let mut marks = Marks::default();
        marks.note(a, a);
        assert_eq!(marks.decisive, Some((a, a)));
        marks.note(b, c);
        marks.note(c, c);
        assert_eq!((marks.decisive, marks.compared), (Some((b, c)), 3));
    }
}
