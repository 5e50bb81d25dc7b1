//! The kinds of faults a run may have.

use clap::ValueEnum;

/// A kind of fault. Each seed draws some of them; a campaign may leave some out, to prove what they are good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Fault {
    /// A process is killed in the middle of a disk operation.
    KillInOperation,
    /// The machine loses power in the middle of a disk operation: unsynced sectors are kept or lost one by one.
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
    /// The leader stands still while its lock is taken away and another one leads, and then goes on where it was.
    PauseAcrossTakeover,
    /// The lock file is taken away: two sites believe that they lead.
    StealLock,
    /// A follower does not read for a while.
    Lag,
    /// The leader is restarted in good order.
    Restart,
    /// A site's clock jumps, back or forth, at any time or just as it takes the lead.
    ClockJump,
    /// Messages between the gateway and a site are lost for a while.
    Loss,
    /// Messages arrive twice for a while.
    Duplication,
    /// Messages overtake each other for a while.
    Reordering,
    /// Messages take so long for a while that the gateway sends again what is still on its way.
    Delay,
    /// Nothing gets through between the gateway and a site until the line heals; then all of it does, late.
    Partition,
    /// A bit of the journal flips, until somebody brings the good copy.
    JournalRot,
    /// A bit of a snapshot flips.
    SnapshotRot,
    /// A bit of a cold segment flips, or the segment is lost.
    ColdRot,
}
