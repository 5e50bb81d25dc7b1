//! The last act of some runs: a bit of the journal flips, and everybody must name it.

use std::sync::Arc;

use journal::{Corruption, Disk, JournalError, Options, Position, Reader, Writer, verify};

use crate::machine::Process;
use crate::monitor::Place;
use crate::scenario::{Scenario, chain_of};
use crate::site::SHARD;
use crate::violation::{Invariant, Violation, check};

/// A record or a segment header: where it starts, and how long it is.
struct Piece {
    file: String,
    offset: u64,
    length: u64,
}

impl Scenario<'_> {
    /// Flips a bit in front of the journal's last record. The scenario ends with it: the damage is for good.
    pub(crate) fn rot(&mut self) -> Result<(), Violation> {
        self.machine.dismiss_spy();
        (0..self.sites.len()).for_each(|site| self.end(site));
        let process = self.machine.start(self.sites.len(), self.weather.cold);
        let mut pieces = pieces(&process).map_err(|error| unexpected(&error))?;
        // Of the very last record a bit may turn the one sector part that is not zero into one that never was written.
        pieces.pop();
        if pieces.is_empty() {
            return Ok(());
        }
        let at = self.dice.below(pieces.len());
        let Piece { file, offset, length } = &pieces[at];
        let byte = offset + self.dice.roll() % length;
        let bit = self.dice.below(8);
        self.log(|| format!("bit {bit} of byte {byte} of `{file}` flips, in the piece at {offset}"));
        let index = usize::try_from(byte).unwrap_or(usize::MAX);
        if !self.machine.flip_bit(Place::Journal, file, index, bit) {
            let what = format!("`{file}` has no byte {byte}, though a reader found a record there");
            return Err(Violation::new(Invariant::NothingUnexpected, what));
        }
        let disk: Arc<dyn Disk> = process.journal;
        named("verification", verify(&disk, SHARD, |_| {}).map(|_| ()), file, *offset)?;
        named("a reader", read_all(&disk), file, *offset)?;
        named("a takeover", take_over(&disk), file, *offset)?;
        self.stats.rot_named += 1;
        Ok(())
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
fn named(who: &str, result: Result<(), JournalError>, file: &str, offset: u64) -> Result<(), Violation> {
    let here = |found: &Corruption| found.file == file && found.offset == offset;
    let holds = matches!(&result, Err(JournalError::Corrupt(found)) if here(found));
    check(holds, Invariant::DamageIsNamed, || {
        let said = result.err().map_or("nothing".to_owned(), |error| chain_of(&error));
        format!("of the damage in `{file}` at {offset} {who} said: {said}")
    })
}

fn unexpected(error: &JournalError) -> Violation {
    Violation::new(Invariant::NothingUnexpected, chain_of(error))
}
