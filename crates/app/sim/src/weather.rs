//! What one run is like: its size, and which faults it has. Each seed has some and not others, so that rare combinations
//! come up as often as common ones.

use clap::ValueEnum as _;
use journal::sim::Dice;
use ledger_core::ColdOptions;

use crate::chance::Chance;
use crate::fault::Fault;

/// The settings of one run.
#[derive(Clone, Debug)]
pub(crate) struct Weather {
    pub(crate) sites: usize,
    pub(crate) steps: usize,
    pub(crate) segment_bytes_max: u64,
    /// Requests that may be without an answer at once.
    pub(crate) outstanding_max: usize,
    /// Whether some batches are so large that the leader overlaps their appends.
    pub(crate) is_heavy: bool,
    /// Whether the pipeline moves in most steps, so that the journal grows beyond the digests the leader puts in.
    pub(crate) is_busy: bool,
    /// How many steps pass between two faults, on average.
    pub(crate) calm: usize,
    pub(crate) faults: Vec<Fault>,
    /// Faults that it must not have, whatever the occasion.
    pub(crate) without: Vec<Fault>,
    /// What stays in memory, in segments so small that even short runs write some.
    pub(crate) cold: ColdOptions,
    /// Whether the run ends with damage to the journal that nobody repairs.
    pub(crate) rots: bool,
}

impl Weather {
    /// Whether the run has this fault.
    pub(crate) fn has(&self, fault: Fault) -> bool {
        self.faults.contains(&fault)
    }

    /// Draws a run's settings; `without` are faults that it must not have.
    pub(crate) fn draw(dice: &mut Dice, without: &[Fault]) -> Self {
        let is_heavy = dice.one_in(45);
        let is_busy = !is_heavy && dice.one_in(8);
        let mut faults: Vec<Fault> =
            Fault::value_variants().iter().copied().filter(|_| dice.flip()).collect();
        // Crashes inside operations are what this is for: most runs have them.
        if dice.below(4) > 0 {
            faults.extend([Fault::KillInOperation, Fault::KillInOperation, Fault::PowerLossInOperation]);
        }
        faults.retain(|fault| !without.contains(fault));
        let rots = dice.one_in(2) && faults.contains(&Fault::JournalRot);
        Self {
            sites: dice.between(2, 3),
            steps: if is_heavy { 400 } else { dice.between(300, 1_200) },
            segment_bytes_max: dice.pick(&[1 << 10, 4 << 10, 16 << 10, 64 << 10]),
            outstanding_max: if is_heavy { 12 } else { dice.between(1, 12) },
            is_heavy,
            is_busy,
            calm: if is_busy || is_heavy { 60 } else { dice.pick(&[6, 15, 40, 100]) },
            faults,
            without: without.to_vec(),
            cold: draw_cold(dice, is_heavy),
            rots,
        }
    }
}

/// What a process keeps in memory; a site that starts again may have been given other options.
pub(crate) fn draw_cold(dice: &mut Dice, is_heavy: bool) -> ColdOptions {
    let keep_rows = if is_heavy { 1_000 } else { dice.pick(&[0, 0, 20]) };
    let segment_blocks = if is_heavy { 16 } else { dice.pick(&[1, 1, 2]) };
    ColdOptions { keep_rows, segment_blocks }
}
