//! A process on the simulated machine: the [`Disk`] it sees.

use std::io;

use crate::disk::{Access, Disk, DiskFile};
use crate::sim::{Injection, SimDisk, State};

/// The disk as one process sees it, as long as it lives.
#[derive(Debug)]
pub struct SimProcess {
    machine: SimDisk,
    id: usize,
}

impl SimProcess {
    pub(super) fn new(machine: SimDisk, id: usize) -> Self {
        Self { machine, id }
    }

    pub(super) fn id(&self) -> usize {
        self.id
    }

    /// Whether it has neither been killed nor lost power.
    pub fn is_alive(&self) -> bool {
        self.machine.lock().processes[self.id]
    }

    /// Runs an operation that happens as a whole or not at all.
    fn operate<T>(&self, act: impl FnOnce(&mut State) -> io::Result<T>) -> io::Result<T> {
        let mut state = self.machine.lock();
        match state.begin(self.id)? {
            None => act(&mut state),
            Some(injection) => {
                // An operation that was cut short may have happened; one that failed has not.
                let happens = !matches!(injection, Injection::Fail(_)) && state.dice.flip();
                let unseen = happens.then(|| act(&mut state));
                let failure = state.fail(self.id, injection);
                // A handle that nobody gets is closed, which needs the machine.
                drop(state);
                drop(unseen);
                failure
            }
        }
    }

    fn handle(&self, state: &mut State, inode: usize, access: Access) -> Box<dyn DiskFile> {
        state.handles += 1;
        Box::new(SimFile {
            machine: self.machine.clone(),
            process: self.id,
            inode,
            access,
            handle: state.handles,
        })
    }
}

impl Disk for SimProcess {
    fn list(&self) -> io::Result<Vec<String>> {
        let state = self.machine.lock();
        state.check_alive(self.id)?;
        Ok(state.names.keys().cloned().collect())
    }

    fn open(&self, name: &str, access: Access) -> io::Result<Box<dyn DiskFile>> {
        if access != Access::Create {
            let mut state = self.machine.lock();
            state.check_alive(self.id)?;
            let inode = *state.names.get(name).ok_or(io::ErrorKind::NotFound)?;
            return Ok(self.handle(&mut state, inode, access));
        }
        self.operate(|state| {
            if state.names.contains_key(name) {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            let inode = state.new_inode();
            state.names.insert(name.to_owned(), inode);
            Ok(self.handle(state, inode, access))
        })
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.operate(|state| {
            let inode = state.names.remove(from).ok_or(io::ErrorKind::NotFound)?;
            state.names.insert(to.to_owned(), inode);
            Ok(())
        })
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.operate(|state| match state.names.remove(name) {
            Some(_) => Ok(()),
            None => Err(io::ErrorKind::NotFound.into()),
        })
    }

    fn sync(&self) -> io::Result<()> {
        self.operate(|state| {
            state.durable_names.clone_from(&state.names);
            Ok(())
        })
    }

    fn try_lock(&self, name: &str) -> io::Result<Option<Box<dyn DiskFile>>> {
        self.operate(|state| {
            let inode = match state.names.get(name) {
                Some(inode) => *inode,
                None => state.new_inode(),
            };
            state.names.insert(name.to_owned(), inode);
            if state.locks.contains_key(&inode) {
                return Ok(None);
            }
            let file = self.handle(state, inode, Access::Rewrite);
            state.locks.insert(inode, (self.id, state.handles));
            Ok(Some(file))
        })
    }
}

/// An open file. Dropping it releases its lock.
#[derive(Debug)]
struct SimFile {
    machine: SimDisk,
    process: usize,
    inode: usize,
    access: Access,
    handle: u64,
}

impl SimFile {
    fn check_access(&self, allowed: &[Access]) -> io::Result<()> {
        if allowed.contains(&self.access) { Ok(()) } else { Err(io::ErrorKind::PermissionDenied.into()) }
    }

    /// Writes at `offset`, or at the end. What is cut short leaves a prefix.
    fn write(&self, offset: Option<u64>, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.machine.lock();
        let injection = state.begin(self.process)?;
        let length = state.inodes[self.inode].content().len();
        let offset = match offset {
            Some(offset) => usize::try_from(offset).map_err(|_| io::ErrorKind::FileTooLarge)?,
            None => length,
        };
        let fitting = (length + state.room()).saturating_sub(offset).min(bytes.len());
        let written = if injection.is_some() { state.dice.below(fitting + 1) } else { fitting };
        state.inodes[self.inode].write(offset, &bytes[..written]);
        match injection {
            Some(injection) => state.fail(self.process, injection),
            None if fitting < bytes.len() => Err(io::ErrorKind::StorageFull.into()),
            None => Ok(()),
        }
    }
}

impl DiskFile for SimFile {
    fn size(&self) -> io::Result<u64> {
        let state = self.machine.lock();
        state.check_alive(self.process)?;
        Ok(state.inodes[self.inode].content().len() as u64)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let state = self.machine.lock();
        state.check_alive(self.process)?;
        let content = state.inodes[self.inode].content();
        let rest = usize::try_from(offset).ok().and_then(|offset| content.get(offset..)).unwrap_or_default();
        let length = rest.len().min(buffer.len());
        buffer[..length].copy_from_slice(&rest[..length]);
        Ok(length)
    }

    fn append(&self, bytes: &[u8]) -> io::Result<()> {
        self.check_access(&[Access::Append, Access::Create])?;
        self.write(None, bytes)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.check_access(&[Access::Rewrite])?;
        self.write(Some(offset), bytes)
    }

    fn truncate(&self, size: u64) -> io::Result<()> {
        self.check_access(&[Access::Rewrite])?;
        let size = usize::try_from(size).map_err(|_| io::ErrorKind::FileTooLarge)?;
        let mut state = self.machine.lock();
        match state.begin(self.process)? {
            Some(injection) => state.fail(self.process, injection),
            None => {
                state.inodes[self.inode].truncate(size);
                Ok(())
            }
        }
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.machine.lock();
        match state.begin(self.process)? {
            Some(injection @ Injection::Fail(_)) => {
                state.inodes[self.inode].fail_sync();
                state.fail(self.process, injection)
            }
            // A crash in a sync is a crash after any part of it: power loss decides sector by sector.
            Some(injection) => state.fail(self.process, injection),
            None => {
                state.inodes[self.inode].sync();
                Ok(())
            }
        }
    }
}

impl Drop for SimFile {
    fn drop(&mut self) {
        self.machine.lock().locks.retain(|_, holder| holder.1 != self.handle);
    }
}
