//! How much happened: a simulator that finds nothing must show that it tried.

macro_rules! stats {
    ($($(#[doc = $doc:literal])* $field:ident: $label:literal,)*) => {
        /// Counts of what happened in a run or in many.
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub struct Stats {
            $($(#[doc = $doc])* pub $field: u64,)*
        }

        impl Stats {
            pub(crate) fn add(&mut self, other: &Self) {
                $(self.$field += other.$field;)*
            }

            /// Every count with its name.
            pub fn named(&self) -> impl Iterator<Item = (&'static str, u64)> {
                [$(($label, self.$field)),*].into_iter()
            }
        }
    };
}

stats! {
    /// Requests, each counted once.
    requests: "requests",
    /// Answers given, repeated ones included.
    answers: "answers",
    /// Requests that a client sent again after it had the answer.
    repeated: "repeated requests",
    /// Requests under the id of another one.
    rivals: "requests under a used id",
    /// Requests that were refused because their id stands for other content.
    clashes: "refused as clashes",
    /// States shown to clients.
    views: "states shown",
    /// Batches appended.
    batches: "batches appended",
    /// Appends of more than one batch.
    groups: "appends of several batches",
    /// Commands in the journals.
    commands: "commands in the journals",
    /// State digests in the journals, which every follower compared with its own.
    digests: "state digests in the journals",
    /// Segments in the journals.
    segments: "segments in the journals",
    /// Times that expired pendings were worked off without a request.
    pulses: "pulses",
    /// Leaders.
    epochs: "epochs",
    /// Processes started.
    starts: "starts",
    /// Of these, from a snapshot.
    starts_from_snapshot: "starts from a snapshot",
    /// Processes that ended for whatever reason.
    ends: "ends",
    /// Processes killed, in an operation or between two.
    kills: "kills",
    /// Times the power failed.
    power_losses: "power losses",
    /// Operations that failed.
    failures: "failed operations",
    /// Sites that ended because the disk was full.
    disk_full: "stops because of a full disk",
    /// Leaders that stood still.
    pauses: "pauses of a leader",
    /// Leaders that stood still while another one began to lead.
    pauses_across: "pauses across a takeover",
    /// Lock files taken away.
    locks_stolen: "locks taken away",
    /// Leaders that found out by their epoch that another one leads.
    fenced: "leaders fenced out",
    /// Leaders that were stopped in good order.
    restarts: "restarts in good order",
    /// Clock jumps.
    clock_jumps: "clock jumps",
    /// Of these, just as the site began to lead.
    clock_jumps_at_takeover: "clock jumps at a takeover",
    /// Messages between gateway and sites that were lost.
    messages_lost: "messages lost",
    /// Messages that arrived twice.
    messages_doubled: "messages doubled",
    /// Messages that arrived before earlier ones.
    messages_overtaking: "messages that overtook others",
    /// Messages that took long.
    messages_delayed: "messages delayed",
    /// Cuts of a line between the gateway and a site.
    partitions: "lines cut",
    /// Requests that were sent again because nobody answered for long.
    sent_again: "requests sent again in doubt",
    /// Requests that a site which does not lead gave back.
    refusals: "requests refused by followers",
    /// Bits of the journal that flipped under a working bank.
    journal_rot: "flipped bits of a journal in use",
    /// Sites that ended because they met such a bit.
    rot_stops: "stops because of a flipped bit",
    /// Damaged snapshots that were passed over.
    snapshots_refused: "damaged snapshots refused",
    /// Segments of transfers that left the memory.
    cold_segments: "cold segments written",
    /// Cold segments damaged or lost.
    cold_rot: "cold segments damaged",
    /// Sites that stopped because a cold segment was damaged or lost.
    cold_stops: "stops because of a cold segment",
    /// Flipped bits of the journal that were named.
    rot_named: "flipped bits named",
}
