//! Deliberate bugs, to prove that the checks would see them.

use clap::ValueEnum;

/// A bug injected around the real code. Each must be caught within a few seeds, or the simulator is blind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Mutant {
    /// Syncing a segment does nothing and says it did.
    SyncLies,
    /// Replies leave before their batch is appended.
    ReplyEarly,
    /// An append that failed is taken for one that succeeded.
    AckFailedAppend,
    /// A new leader does not apply the records it finds at takeover.
    SkipTakeoverRecords,
    /// A new leader applies the last batch it finds a second time.
    ApplyTwice,
    /// Repeated requests are not recognised.
    NoWindow,
    /// Writers read the epoch they wrote themselves, not the one in the file.
    BlindFence,
    /// A follower stores snapshots of records that are not durable yet.
    FutureSnapshot,
    /// Batches are stamped with the bare clock of the site.
    BareClock,
    /// A follower loses a batch now and then and goes on.
    DeafFollower,
    /// A follower restores a snapshot and reads on one record too late.
    ForgetSnapshotTail,
    /// A cold segment is taken for durable before it is synced, so that snapshots name it too early.
    HastySpill,
    /// The gateway waits for ever for what a living site does not answer.
    NoResend,
    /// The gateway tells a client that its request was not done because nobody has answered for long.
    GiveUp,
    /// The gateway takes the next answer of a site for the answer to the oldest request there.
    AnswerByOrder,
    /// A leader executes the first sending of a request without a look at the window.
    TrustFirstSending,
    /// A leader takes a sending that arrives after a later one for a new request.
    TrustOrder,
    /// A new leader stamps its first batch with its own clock.
    FreshClock,
    /// A leader that was fenced out takes its append for done.
    AckFenced,
    /// A reader takes a damaged record for the end of the journal.
    SkipDamage,
    /// A site believes a snapshot without its digest.
    TrustSnapshot,
    /// A site that cannot read a cold segment leaves out the record that needed it, and goes on.
    IgnoreColdDamage,
}
