//! A bit of the journal flips: for a while under a working bank, or for good as a run's last act. Everybody who reads it
//! must name it.

use std::sync::Arc;

use journal::{Corruption, Disk, JournalError, Options, Position, Reader, Writer, verify};

use crate::chance::Chance as _;
use crate::machine::Process;
use crate::monitor::Place;
use crate::mutant::Mutant;
use crate::scenario::{Scenario, chain_of};
use crate::site::SHARD;
use crate::violation::{Invariant, Violation, check};

/// A record or a segment header: where it starts, and how long it is.
struct Piece {
    file: String,
    offset: u64,
    length: u64,
}

/// A flipped bit of the journal.
#[derive(Clone, Debug)]
pub(crate) struct Rot {
    file: String,
    /// Where the damaged record or header starts.
    offset: u64,
    byte: usize,
    bit: usize,
    /// The step at which somebody brings the good copy.
    until: usize,
}

impl Rot {
    /// Whether an error names this damage: the place itself, or a position that is gone with it.
    pub(crate) fn explains(&self, error: &JournalError) -> bool {
        match error {
            JournalError::Corrupt(found) => self.is_at(found),
            // Of a site that had read the damaged record before it was.
            JournalError::PositionNotFound { .. } => true,
            _ => false,
        }
    }

    fn is_at(&self, found: &Corruption) -> bool {
        found.file == self.file && found.offset == self.offset
    }
}

impl Scenario<'_> {
    /// The last act of some runs: a bit flips for good, and everybody must name it.
    pub(crate) fn rot_for_good(&mut self) -> Result<(), Violation> {
        self.machine.dismiss_spy();
        (0..self.sites.len()).for_each(|site| self.end(site));
        let process = self.machine.start(self.sites.len(), self.weather.cold);
        let Some(rot) = self.flip_a_bit(&process)? else { return Ok(()) };
        let disk: Arc<dyn Disk> = process.journal;
        self.judge_readers(&disk, &rot)?;
        named("a takeover", take_over(&disk), &rot)?;
        self.stats.rot_named += 1;
        Ok(())
    }

    /// A bit flips while the bank works. Sites that do not meet it go on; those that do must stop and name it, until
    /// somebody brings the good copy.
    pub(crate) fn rot_for_a_while(&mut self) -> Result<(), Violation> {
        if self.rot.is_some() {
            return Ok(());
        }
        let process = self.machine.start(self.sites.len(), self.weather.cold);
        // A takeover that was cut short may have left the end of the journal undecided.
        let Some(rot) = self.flip_a_bit(&process)? else { return Ok(()) };
        self.machine.blindfold_spy(true);
        let disk: Arc<dyn Disk> = process.journal;
        self.judge_readers(&disk, &rot)?;
        self.rot = Some(rot);
        self.stats.journal_rot += 1;
        Ok(())
    }

    /// Somebody brings the good copy, when it is time or when the faults end.
    pub(crate) fn repair_journal(&mut self, at_once: bool) {
        let step = *self.step;
        if let Some(Rot { file, byte, bit, .. }) = self.rot.take_if(|rot| at_once || step >= rot.until) {
            self.machine.flip_bit(Place::Journal, &file, byte, bit);
            self.machine.blindfold_spy(false);
            self.log(|| format!("somebody brings the good copy of `{file}`"));
        }
    }

    /// Flips a bit in front of the journal's last record.
    fn flip_a_bit(&mut self, process: &Process) -> Result<Option<Rot>, Violation> {
        let mut pieces = pieces(process).map_err(|error| unexpected(&error))?;
        // Of the very last record a bit may turn the one sector part that is not zero into one that never was written.
        pieces.pop();
        if pieces.is_empty() {
            return Ok(None);
        }
        let at = self.dice.below(pieces.len());
        let Piece { file, offset, length } = pieces.swap_remove(at);
        let byte = usize::try_from(offset + self.dice.roll() % length).unwrap_or(usize::MAX);
        let bit = self.dice.below(8);
        self.log(|| format!("bit {bit} of byte {byte} of `{file}` flips, in the piece at {offset}"));
        if !self.machine.flip_bit(Place::Journal, &file, byte, bit) {
            let what = format!("`{file}` has no byte {byte}, though a reader found a record there");
            return Err(Violation::new(Invariant::NothingUnexpected, what));
        }
        Ok(Some(Rot { file, offset, byte, bit, until: *self.step + self.dice.between(10, 60) }))
    }

    /// Whoever reads the journal from its start names the damage.
    fn judge_readers(&self, disk: &Arc<dyn Disk>, rot: &Rot) -> Result<(), Violation> {
        named("verification", verify(disk, SHARD, |_| {}).map(|_| ()), rot)?;
        let read = match read_all(disk) {
            Err(JournalError::Corrupt(_)) if self.mutant == Some(Mutant::SkipDamage) => Ok(()),
            read => read,
        };
        named("a reader", read, rot)
    }
}

/// The journal's pieces in order.
fn pieces(process: &Process) -> Result<Vec<Piece>, JournalError> {
    let disk: Arc<dyn Disk> = process.journal.clone();
    let mut reader = Reader::open(disk, SHARD, Position::genesis())?;
    let mut pieces: Vec<Piece> = Vec::new();
    let mut before = Position::genesis();
    let header = before.offset;
    while reader.next_record()?.is_some() {
        let after = reader.position();
        let file = format!("{:020}.seg", after.segment_first.0);
        let is_first = pieces.last().is_none_or(|piece| piece.file != file);
        let offset = if is_first { header } else { before.offset };
        if is_first {
            pieces.push(Piece { file: file.clone(), offset: 0, length: header });
        }
        pieces.push(Piece { file, offset, length: after.offset - offset });
        before = after;
    }
    Ok(pieces)
}

fn read_all(disk: &Arc<dyn Disk>) -> Result<(), JournalError> {
    let mut reader = Reader::open(Arc::clone(disk), SHARD, Position::genesis())?;
    // Doubtful bytes at the end are looked at a few times before they count as damage.
    while reader.next_record()?.is_some() || reader.is_unsettled() {}
    Ok(())
}

fn take_over(disk: &Arc<dyn Disk>) -> Result<(), JournalError> {
    let mut takeover = Writer::take_over(Arc::clone(disk), SHARD, Options::default(), Position::genesis())?;
    while takeover.next_record()?.is_some() {}
    Ok(())
}

/// Checks that the damage was found where it is.
fn named(who: &str, result: Result<(), JournalError>, rot: &Rot) -> Result<(), Violation> {
    let holds = matches!(&result, Err(JournalError::Corrupt(found)) if rot.is_at(found));
    check(holds, Invariant::DamageIsNamed, || {
        let said = result.err().map_or("nothing".to_owned(), |error| chain_of(&error));
        format!("of the damage in `{}` at {} {who} said: {said}", rot.file, rot.offset)
    })
}

fn unexpected(error: &JournalError) -> Violation {
    Violation::new(Invariant::NothingUnexpected, chain_of(error))
}
