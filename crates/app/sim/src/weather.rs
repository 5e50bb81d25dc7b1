//! What one run is like: its size, and which faults it has. Each seed has some and not others, so that rare combinations
//! come up as often as common ones.

use journal::sim::Dice;
use ledger_core::ColdOptions;

use crate::chance::Chance;

/// The kinds of faults a scenario may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A process is killed in the middle of a disk operation.
    KillInOperation,
    /// The machine loses power in the middle of a disk operation.
    PowerLossInOperation,
    /// A disk operation fails.
    FailOperation,
    /// A read fails.
    FailRead,
    /// A process is killed between two operations.
    Kill,
    /// The machine loses power between two operations.
    PowerLoss,
    /// The disk fills up for a while.
    TightDisk,
    /// The leader stands still, holding the lock, until the supervisor kills it or it goes on.
    Pause,
    /// The lock file is taken away: two sites believe that they lead.
    StealLock,
    /// A follower does not read for a while.
    Lag,
    /// The leader is restarted in good order.
    Restart,
    /// A site's clock jumps.
    ClockJump,
    /// A snapshot is damaged.
    SnapshotRot,
    /// A cold segment is damaged or lost.
    ColdRot,
}

const ALL: [Fault; 14] = [
    Fault::KillInOperation,
    Fault::PowerLossInOperation,
    Fault::FailOperation,
    Fault::FailRead,
    Fault::Kill,
    Fault::PowerLoss,
    Fault::TightDisk,
    Fault::Pause,
    Fault::StealLock,
    Fault::Lag,
    Fault::Restart,
    Fault::ClockJump,
    Fault::SnapshotRot,
    Fault::ColdRot,
];

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
    /// What stays in memory, in segments so small that even short runs write some.
    pub(crate) cold: ColdOptions,
    /// One answer in so many is lost on its way.
    pub(crate) loss: usize,
    /// Whether the run ends with damage to the journal.
    pub(crate) rots: bool,
}

impl Weather {
    pub(crate) fn draw(dice: &mut Dice) -> Self {
        let is_heavy = dice.one_in(45);
        let is_busy = !is_heavy && dice.one_in(8);
        let mut faults: Vec<Fault> = ALL.into_iter().filter(|_| dice.flip()).collect();
        // Crashes inside operations are what this is for: most runs have them.
        if dice.below(4) > 0 {
            faults.extend([Fault::KillInOperation, Fault::KillInOperation, Fault::PowerLossInOperation]);
        }
        Self {
            sites: dice.between(2, 3),
            steps: if is_heavy { 400 } else { dice.between(300, 1_200) },
            segment_bytes_max: dice.pick(&[1 << 10, 4 << 10, 16 << 10, 64 << 10]),
            outstanding_max: if is_heavy { 12 } else { dice.between(1, 12) },
            is_heavy,
            is_busy,
            calm: if is_busy || is_heavy { 60 } else { dice.pick(&[8, 20, 50, 120]) },
            faults,
            cold: draw_cold(dice, is_heavy),
            loss: dice.pick(&[3, 10, 1_000]),
            rots: dice.one_in(4),
        }
    }
}

/// What a process keeps in memory; a site that starts again may have been given other options.
pub(crate) fn draw_cold(dice: &mut Dice, is_heavy: bool) -> ColdOptions {
    let keep_rows = if is_heavy { 1_000 } else { dice.pick(&[0, 0, 20]) };
    let segment_blocks = if is_heavy { 16 } else { dice.pick(&[1, 1, 2]) };
    ColdOptions { keep_rows, segment_blocks }
}
