//! A disk that crashes on request, the same way every time.
//!
//! It models what a journal must survive and nothing gentler: writes live in a page cache until they are synced; when power
//! fails, every unsynced sector is kept or lost by itself, a growing file keeps any part of its growth, and every name whose
//! folder was not synced means the old file or the new one; a killed process leaves any prefix of the write it was in; a failed
//! sync loses its pages though the next sync succeeds; disks fill up; bits flip.
//!
//! [`SimDisk`] is the machine, each [`SimProcess`] one process on it. All chance comes from the seed.

mod dice;
mod inode;
mod process;

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use dice::Dice;
use inode::Inode;
pub use process::SimProcess;

/// What goes wrong at a chosen operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Injection {
    /// The process that does it is killed in the middle of it.
    Kill,
    /// The machine loses power in the middle of it, and every process with it.
    PowerLoss,
    /// It fails with this error, perhaps after a part of it was done.
    Fail(io::ErrorKind),
}

/// One machine's disk.
#[derive(Clone, Debug)]
pub struct SimDisk {
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    dice: Dice,
    inodes: Vec<Inode>,
    /// What each name means to processes, by index into `inodes`.
    names: BTreeMap<String, usize>,
    /// What each name means on the medium.
    durable_names: BTreeMap<String, usize>,
    /// Who holds the lock of which inode: process and handle.
    locks: BTreeMap<usize, (usize, u64)>,
    /// Whether each process is alive.
    processes: Vec<bool>,
    handles: u64,
    operations: u64,
    injection: Option<(u64, Injection)>,
    /// How many bytes fit onto the disk.
    capacity: usize,
}

impl SimDisk {
    /// An empty disk whose chances follow from `seed`.
    pub fn new(seed: u64) -> Self {
        let state = State {
            dice: Dice::new(seed),
            inodes: Vec::new(),
            names: BTreeMap::new(),
            durable_names: BTreeMap::new(),
            locks: BTreeMap::new(),
            processes: Vec::new(),
            handles: 0,
            operations: 0,
            injection: None,
            capacity: usize::MAX,
        };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// Starts a process.
    pub fn process(&self) -> Arc<SimProcess> {
        let mut state = self.lock();
        state.processes.push(true);
        Arc::new(SimProcess::new(self.clone(), state.processes.len() - 1))
    }

    /// Kills a process between two operations. Its locks are free, its open files of no use.
    pub fn kill(&self, process: &SimProcess) {
        self.lock().kill(process.id());
    }

    /// Loses power between two operations.
    pub fn lose_power(&self) {
        self.lock().lose_power();
    }

    /// How many operations that change something have been started. Reading changes nothing and is not counted.
    pub fn operations(&self) -> u64 {
        self.lock().operations
    }

    /// Lets operation number `operation` go wrong; the first is number 0. Replaces an earlier injection.
    pub fn inject(&self, operation: u64, injection: Injection) {
        self.lock().injection = Some((operation, injection));
    }

    /// Limits the length of all files together. Writing beyond it fails half-way with [`io::ErrorKind::StorageFull`].
    pub fn set_capacity(&self, bytes: usize) {
        self.lock().capacity = bytes;
    }

    /// The names of all files, in order.
    pub fn names(&self) -> Vec<String> {
        self.lock().names.keys().cloned().collect()
    }

    /// What a file holds. `None` if there is no such file.
    pub fn contents(&self, name: &str) -> Option<Vec<u8>> {
        let state = self.lock();
        state.names.get(name).map(|inode| state.inodes[*inode].content().to_vec())
    }

    /// Puts a file onto the medium, or other bytes into it, behind everyone's back.
    pub fn plant(&self, name: &str, bytes: Vec<u8>) {
        let mut state = self.lock();
        let inode = match state.names.get(name) {
            Some(inode) => *inode,
            None => state.new_inode(),
        };
        state.inodes[inode].replace(bytes);
        state.names.insert(name.to_owned(), inode);
        state.durable_names.insert(name.to_owned(), inode);
    }

    /// Takes a file off the medium behind everyone's back, and says what it held.
    pub fn steal(&self, name: &str) -> Option<Vec<u8>> {
        let mut state = self.lock();
        state.durable_names.remove(name);
        let inode = state.names.remove(name)?;
        Some(state.inodes[inode].content().to_vec())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panicking test must not hide its reason behind a poisoned lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn new_inode(&mut self) -> usize {
        self.inodes.push(Inode::default());
        self.inodes.len() - 1
    }

    fn kill(&mut self, process: usize) {
        self.processes[process] = false;
        self.locks.retain(|_, holder| holder.0 != process);
    }

    fn lose_power(&mut self) {
        self.processes.fill(false);
        self.locks.clear();
        for inode in &mut self.inodes {
            inode.lose_power(&mut self.dice);
        }
        let mut names = BTreeMap::new();
        let all: Vec<String> = self.names.keys().chain(self.durable_names.keys()).cloned().collect();
        for name in all {
            let (new, old) = (self.names.get(&name).copied(), self.durable_names.get(&name).copied());
            if names.contains_key(&name) {
                continue;
            }
            let survivor = if new == old || self.dice.flip() { new } else { old };
            names.insert(name, survivor);
        }
        self.names = names.into_iter().filter_map(|(name, inode)| Some((name, inode?))).collect();
        self.durable_names.clone_from(&self.names);
    }

    /// Counts an operation and says what goes wrong with it.
    fn begin(&mut self, process: usize) -> io::Result<Option<Injection>> {
        self.check_alive(process)?;
        let number = self.operations;
        self.operations += 1;
        Ok(self.injection.filter(|(at, _)| *at == number).map(|(_, injection)| injection))
    }

    /// Ends an operation that something went wrong with.
    fn fail<T>(&mut self, process: usize, injection: Injection) -> io::Result<T> {
        match injection {
            Injection::Kill => self.kill(process),
            Injection::PowerLoss => self.lose_power(),
            Injection::Fail(kind) => return Err(kind.into()),
        }
        Err(dead())
    }

    fn check_alive(&self, process: usize) -> io::Result<()> {
        if self.processes[process] { Ok(()) } else { Err(dead()) }
    }

    /// How many bytes still fit.
    fn room(&self) -> usize {
        let used: usize = self.names.values().map(|inode| self.inodes[*inode].content().len()).sum();
        self.capacity.saturating_sub(used)
    }
}

fn dead() -> io::Error {
    io::Error::other("the process is dead")
}
