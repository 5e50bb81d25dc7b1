//! Watches every disk operation: at which stage it happened, and whether the planned fault hit it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use journal::sim::Injection;

use crate::spy::Spy;
use crate::violation::Violation;

/// What a site was doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Reading or waiting.
    Follow,
    /// Becoming the leader.
    Takeover,
    /// Appending a group of batches.
    Append,
    /// Starting the next segment inside an append.
    Roll,
    /// Storing a snapshot.
    Snapshot,
    /// Writing a cold segment.
    Spill,
}

/// A disk operation that changes something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Op {
    /// Lock a file.
    Lock,
    /// Create a file.
    Create,
    /// Write at the end of a file.
    Append,
    /// Write into a file.
    Rewrite,
    /// Shorten a file.
    Truncate,
    /// Make a file durable.
    Sync,
    /// Give a file a name.
    Rename,
    /// Remove a file.
    Remove,
    /// Make the folder durable.
    SyncFolder,
}

/// What a file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FileKind {
    /// The journal's records.
    Segment,
    /// The highest epoch.
    Epoch,
    /// The leader's lock.
    Lock,
    /// A site's state.
    Snapshot,
    /// A site's old transfers.
    Cold,
    /// The folder itself.
    Folder,
}

impl FileKind {
    pub(crate) fn of(name: &str) -> Self {
        match name {
            "." => Self::Folder,
            "lock" => Self::Lock,
            "epoch" | "epoch.new" => Self::Epoch,
            name if name.ends_with(".seg") => Self::Segment,
            name if name.contains(".cold") => Self::Cold,
            _ => Self::Snapshot,
        }
    }
}

/// Where in its work a site may be hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stage {
    /// What the site was doing.
    pub phase: Phase,
    /// What it asked of the disk.
    pub op: Op,
    /// Of which file.
    pub file: FileKind,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let phase = match self.phase {
            Phase::Follow => "follow",
            Phase::Takeover => "takeover",
            Phase::Append => "append",
            Phase::Roll => "roll",
            Phase::Snapshot => "snapshot",
            Phase::Spill => "spill",
        };
        let op = match self.op {
            Op::Lock => "lock",
            Op::Create => "create",
            Op::Append => "append to",
            Op::Rewrite => "rewrite",
            Op::Truncate => "truncate",
            Op::Sync | Op::SyncFolder => "sync",
            Op::Rename => "rename",
            Op::Remove => "remove",
        };
        let file = match self.file {
            FileKind::Segment => "segment",
            FileKind::Epoch => "epoch file",
            FileKind::Lock => "lock file",
            FileKind::Snapshot => "snapshot",
            FileKind::Cold => "cold segment",
            FileKind::Folder => "folder",
        };
        f.pad(&format!("{phase}: {op} {file}"))
    }
}

/// How often a stage was reached, and hit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hits {
    /// Operations.
    pub reached: u64,
    /// Operations in which the process was killed.
    pub killed: u64,
    /// Operations in which the machine lost power.
    pub power_lost: u64,
    /// Operations that failed with an error.
    pub failed: u64,
}

/// The stages reached by a run or by many.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage(pub BTreeMap<Stage, Hits>);

impl Coverage {
    pub(crate) fn add(&mut self, other: &Self) {
        for (stage, hits) in &other.0 {
            let sum = self.0.entry(*stage).or_default();
            sum.reached += hits.reached;
            sum.killed += hits.killed;
            sum.power_lost += hits.power_lost;
            sum.failed += hits.failed;
        }
    }

    /// The stages that were reached, but not hit by every kind of fault.
    pub fn gaps(&self) -> impl Iterator<Item = Stage> {
        let missed = |hits: &Hits| hits.killed == 0 || hits.power_lost == 0 || hits.failed == 0;
        self.0.iter().filter(move |(_, hits)| missed(hits)).map(|(stage, _)| *stage)
    }
}

/// Which of the machine's two folders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Journal,
    Snapshots,
}

/// The fault that waits for its operation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Planned {
    pub(crate) place: Place,
    pub(crate) at: u64,
    pub(crate) injection: Injection,
}

/// A fault that happened.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fired {
    pub(crate) place: Place,
    pub(crate) site: usize,
    pub(crate) injection: Injection,
    pub(crate) stage: Stage,
}

/// Shared by all probes of a machine.
#[derive(Debug)]
pub(crate) struct Monitor {
    watch: Mutex<Watch>,
    /// Looks at the journal before every operation on it, until it is dismissed.
    spy: Mutex<Option<Spy>>,
}

#[derive(Debug)]
pub(crate) struct Watch {
    phase: Phase,
    /// Whether the spy must not look, because the journal is damaged.
    pub(crate) is_spy_blind: bool,
    pub(crate) coverage: Coverage,
    pub(crate) planned: Option<Planned>,
    pub(crate) fired: Option<Fired>,
    /// Fails one of the next reads of a site: which, and after how many.
    pub(crate) bad_read: Option<(usize, u32)>,
    /// The site whose read failed.
    pub(crate) bad_read_at: Option<usize>,
}

impl Monitor {
    pub(crate) fn new(spy: Spy) -> Self {
        let watch = Watch {
            phase: Phase::Follow,
            is_spy_blind: false,
            coverage: Coverage::default(),
            planned: None,
            fired: None,
            bad_read: None,
            bad_read_at: None,
        };
        Self { watch: Mutex::new(watch), spy: Mutex::new(Some(spy)) }
    }

    pub(crate) fn watch(&self) -> MutexGuard<'_, Watch> {
        // A panic in a simulated site is reported as what it is, not as a poisoned lock.
        self.watch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn spy(&self) -> MutexGuard<'_, Option<Spy>> {
        self.spy.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the spy found wrong so far.
    pub(crate) fn ask_spy(&self) -> Result<(), Violation> {
        self.spy().as_mut().and_then(Spy::take_found).map_or(Ok(()), Err)
    }

    /// Sends the spy away.
    pub(crate) fn dismiss_spy(&self) {
        *self.spy() = None;
    }

    pub(crate) fn enter(&self, phase: Phase) {
        self.watch().phase = phase;
    }

    /// An operation is about to begin.
    pub(crate) fn note(&self, place: Place, number: u64, site: usize, op: Op, file: FileKind) {
        if place == Place::Journal
            && !self.watch().is_spy_blind
            && let Some(spy) = &mut *self.spy()
        {
            spy.look();
        }
        let mut watch = self.watch();
        if watch.phase == Phase::Append && op == Op::Create {
            watch.phase = Phase::Roll;
        }
        let stage = Stage { phase: watch.phase, op, file };
        if watch.phase == Phase::Roll && op == Op::SyncFolder {
            watch.phase = Phase::Append;
        }
        let planned = watch.planned.filter(|planned| planned.place == place && planned.at == number);
        let hits = watch.coverage.0.entry(stage).or_default();
        hits.reached += 1;
        if let Some(Planned { injection, .. }) = planned {
            match injection {
                Injection::Kill => hits.killed += 1,
                Injection::PowerLoss => hits.power_lost += 1,
                Injection::Fail(_) => hits.failed += 1,
            }
            watch.fired = Some(Fired { place, site, injection, stage });
            watch.planned = None;
        }
    }

    /// Whether this read of `site` shall fail.
    pub(crate) fn spoils_read(&self, site: usize) -> bool {
        let mut watch = self.watch();
        match &mut watch.bad_read {
            Some((victim, left)) if *victim == site => {
                if *left > 0 {
                    *left -= 1;
                    return false;
                }
            }
            _ => return false,
        }
        watch.bad_read = None;
        watch.bad_read_at = Some(site);
        true
    }
}
