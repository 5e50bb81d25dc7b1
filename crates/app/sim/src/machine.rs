//! The machine all sites run on: its two folders, its power, and the faults planned for it.

use std::sync::Arc;

use journal::sim::{Injection, SimDisk};
use ledger::Storage;
use ledger_core::ColdOptions;

use crate::monitor::{Coverage, Fired, Monitor, Phase, Place, Planned};
use crate::mutant::Mutant;
use crate::probe::Probe;
use crate::shelf::Shelf;
use crate::spy::Spy;
use crate::violation::Violation;

/// An operation that no run reaches: plans nothing.
const NEVER: u64 = u64::MAX;

/// One machine. Sites share its journal folder; of the snapshot folder each uses its own names.
#[derive(Debug)]
pub(crate) struct Machine {
    journal: SimDisk,
    snapshots: SimDisk,
    monitor: Arc<Monitor>,
    mutant: Option<Mutant>,
    /// Whether the disk is nearly full, so that running out of space is no surprise.
    pub(crate) is_tight: bool,
}

/// A process: what it sees of the two folders. Killing it kills both.
#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) journal: Arc<Probe>,
    pub(crate) snapshots: Arc<Probe>,
    /// Its cold segments, in the folder of the snapshots.
    pub(crate) cold: Arc<Shelf>,
    pub(crate) storage: Storage,
}

impl Machine {
    pub(crate) fn new(journal_seed: u64, snapshot_seed: u64, mutant: Option<Mutant>) -> Self {
        let journal = SimDisk::new(journal_seed);
        let monitor = Arc::new(Monitor::new(Spy::new(&journal)));
        Self { journal, snapshots: SimDisk::new(snapshot_seed), monitor, mutant, is_tight: false }
    }

    pub(crate) fn start(&self, site: usize, options: ColdOptions) -> Process {
        let probe = |disk, place| Arc::new(Probe::new(disk, &self.monitor, place, site, self.mutant));
        let snapshots = probe(&self.snapshots, Place::Snapshots);
        let cold = Arc::new(Shelf::new(Arc::clone(&snapshots), site, self.mutant));
        let storage = Storage::with_cold(cold.clone(), options);
        Process { journal: probe(&self.journal, Place::Journal), snapshots, cold, storage }
    }

    pub(crate) fn is_alive(process: &Process) -> bool {
        process.journal.process().is_alive() && process.snapshots.process().is_alive()
    }

    pub(crate) fn kill(&self, process: &Process) {
        self.journal.kill(process.journal.process());
        self.snapshots.kill(process.snapshots.process());
    }

    /// Every process dies, and what was not synced is kept or lost sector by sector.
    pub(crate) fn lose_power(&self) {
        self.journal.lose_power();
        self.snapshots.lose_power();
    }

    /// The power failed in the middle of an operation on one of the disks, so it has failed for the other, too.
    pub(crate) fn lose_power_elsewhere(&self, place: Place) {
        match place {
            Place::Journal => self.snapshots.lose_power(),
            Place::Snapshots => self.journal.lose_power(),
        }
    }

    pub(crate) fn enter(&self, phase: Phase) {
        self.monitor.enter(phase);
    }

    /// Plans a fault for the operation `ahead` from now. A plan that waits is replaced.
    pub(crate) fn plan(&self, place: Place, ahead: usize, injection: Injection) {
        self.forget_plan();
        let disk = self.disk(place);
        let at = disk.operations() + ahead as u64;
        disk.inject(at, injection);
        self.monitor.watch().planned = Some(Planned { place, at, injection });
    }

    pub(crate) fn has_plan(&self) -> bool {
        self.monitor.watch().planned.is_some()
    }

    /// Lets one of the next reads of a site fail.
    pub(crate) fn plan_bad_read(&self, site: usize, after: u32) {
        self.monitor.watch().bad_read = Some((site, after));
    }

    pub(crate) fn forget_plan(&self) {
        self.journal.inject(NEVER, Injection::Kill);
        self.snapshots.inject(NEVER, Injection::Kill);
        let mut watch = self.monitor.watch();
        watch.planned = None;
        watch.bad_read = None;
    }

    /// The fault that happened since the last call.
    pub(crate) fn take_fired(&self) -> Option<Fired> {
        self.monitor.watch().fired.take()
    }

    /// The fault that happened and whose consequences are not drawn yet.
    pub(crate) fn peek_fired(&self) -> Option<Fired> {
        self.monitor.watch().fired
    }

    /// The site whose read failed since the last call.
    pub(crate) fn take_bad_read(&self) -> Option<usize> {
        self.monitor.watch().bad_read_at.take()
    }

    /// Leaves room for so many bytes more in the journal's folder; `None` for all one wants.
    pub(crate) fn set_room(&mut self, room: Option<usize>) {
        self.is_tight = room.is_some();
        let used: usize = self
            .journal
            .names()
            .iter()
            .filter_map(|name| self.journal.contents(name))
            .map(|file| file.len())
            .sum();
        self.journal.set_capacity(room.map_or(usize::MAX, |room| used + room));
    }

    /// Takes the lock file away, as a careless person would: its holder goes on and believes that it leads.
    pub(crate) fn steal_lock(&self) {
        self.journal.steal("lock");
    }

    /// The names in the folder.
    pub(crate) fn names(&self, place: Place) -> Vec<String> {
        self.disk(place).names()
    }

    /// Flips one bit of a file on the medium. False if the file is not that long.
    pub(crate) fn flip_bit(&self, place: Place, name: &str, byte: usize, bit: usize) -> bool {
        let disk = self.disk(place);
        let Some(mut bytes) = disk.contents(name) else { return false };
        let Some(victim) = bytes.get_mut(byte) else { return false };
        *victim ^= 1 << bit;
        disk.plant(name, bytes);
        true
    }

    /// Removes the files of a site's snapshots and cold segments, as an operator does.
    pub(crate) fn clear(&self, site: usize) {
        let mine = format!("{site}-");
        let names = self.snapshots.names();
        for name in names.iter().filter(|name| name.starts_with(&mine)) {
            self.snapshots.steal(name);
        }
    }

    /// Removes a file, as an accident.
    pub(crate) fn lose(&self, place: Place, name: &str) {
        self.disk(place).steal(name);
    }

    /// What the journal's constant reader found wrong.
    pub(crate) fn ask_spy(&self) -> Result<(), Violation> {
        self.monitor.ask_spy()
    }

    /// Ends the journal's constant reader, before damage that it must not be blamed for.
    pub(crate) fn dismiss_spy(&self) {
        self.monitor.dismiss_spy();
    }

    /// Keeps the constant reader from looking while the journal is damaged on purpose.
    pub(crate) fn blindfold_spy(&self, blind: bool) {
        self.monitor.watch().is_spy_blind = blind;
    }

    pub(crate) fn coverage(&self) -> Coverage {
        self.monitor.watch().coverage.clone()
    }

    fn disk(&self, place: Place) -> &SimDisk {
        match place {
            Place::Journal => &self.journal,
            Place::Snapshots => &self.snapshots,
        }
    }
}
