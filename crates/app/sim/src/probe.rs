//! The disk as a site sees it: the simulated one, watched, and in one or two ways broken on purpose.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use journal::sim::{SimDisk, SimProcess};
use journal::{Access, Disk, DiskFile};

use crate::monitor::{FileKind, Monitor, Op, Place};
use crate::mutant::Mutant;

/// One process's view of one folder.
#[derive(Clone, Debug)]
pub(crate) struct Probe {
    process: Arc<SimProcess>,
    machine: SimDisk,
    monitor: Arc<Monitor>,
    place: Place,
    site: usize,
    mutant: Option<Mutant>,
    /// The epoch file this process wrote, for [`Mutant::BlindFence`].
    own_epoch: Arc<Mutex<Option<Vec<u8>>>>,
}

impl Probe {
    pub(crate) fn new(
        machine: &SimDisk,
        monitor: &Arc<Monitor>,
        place: Place,
        site: usize,
        mutant: Option<Mutant>,
    ) -> Self {
        Self {
            process: machine.process(),
            machine: machine.clone(),
            monitor: Arc::clone(monitor),
            place,
            site,
            mutant,
            own_epoch: Arc::default(),
        }
    }

    pub(crate) fn process(&self) -> &SimProcess {
        &self.process
    }

    fn note(&self, op: Op, file: FileKind) {
        // The dead do nothing, so nothing is counted.
        if self.process.is_alive() {
            self.monitor.note(self.place, self.machine.operations(), self.site, op, file);
        }
    }

    fn file(&self, name: &str, inner: Box<dyn DiskFile>) -> Box<dyn DiskFile> {
        Box::new(ProbedFile { probe: self.clone(), file: FileKind::of(name), inner })
    }

    fn remembered_epoch(&self, name: &str, access: Access) -> Option<Vec<u8>> {
        let wanted = self.mutant == Some(Mutant::BlindFence) && name == "epoch" && access == Access::Read;
        if wanted { self.own_epoch.lock().unwrap_or_else(PoisonError::into_inner).clone() } else { None }
    }
}

impl Disk for Probe {
    fn list(&self) -> io::Result<Vec<String>> {
        self.process.list()
    }

    fn open(&self, name: &str, access: Access) -> io::Result<Box<dyn DiskFile>> {
        if let Some(bytes) = self.remembered_epoch(name, access) {
            return Ok(Box::new(Remembered(bytes)));
        }
        if access == Access::Create {
            self.note(Op::Create, FileKind::of(name));
        }
        self.process.open(name, access).map(|inner| self.file(name, inner))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.note(Op::Rename, FileKind::of(to));
        self.process.rename(from, to)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.note(Op::Remove, FileKind::of(name));
        self.process.remove(name)
    }

    fn sync(&self) -> io::Result<()> {
        self.note(Op::SyncFolder, FileKind::Folder);
        self.process.sync()
    }

    fn try_lock(&self, name: &str) -> io::Result<Option<Box<dyn DiskFile>>> {
        self.note(Op::Lock, FileKind::of(name));
        let locked = self.process.try_lock(name)?;
        Ok(locked.map(|inner| self.file(name, inner)))
    }
}

#[derive(Debug)]
struct ProbedFile {
    probe: Probe,
    file: FileKind,
    inner: Box<dyn DiskFile>,
}

impl DiskFile for ProbedFile {
    fn size(&self) -> io::Result<u64> {
        self.inner.size()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        if self.probe.monitor.spoils_read(self.probe.site) {
            return Err(io::Error::other("input/output error"));
        }
        self.inner.read_at(offset, buffer)
    }

    fn append(&self, bytes: &[u8]) -> io::Result<()> {
        if self.file == FileKind::Epoch {
            let mut own = self.probe.own_epoch.lock().unwrap_or_else(PoisonError::into_inner);
            *own = Some(bytes.to_vec());
        }
        self.probe.note(Op::Append, self.file);
        self.inner.append(bytes)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.probe.note(Op::Rewrite, self.file);
        self.inner.write_at(offset, bytes)
    }

    fn truncate(&self, size: u64) -> io::Result<()> {
        self.probe.note(Op::Truncate, self.file);
        self.inner.truncate(size)
    }

    fn sync(&self) -> io::Result<()> {
        if self.probe.mutant == Some(Mutant::SyncLies) && self.file == FileKind::Segment {
            return Ok(());
        }
        self.probe.note(Op::Sync, self.file);
        self.inner.sync()
    }
}

/// A file that nobody else can change.
#[derive(Debug)]
struct Remembered(Vec<u8>);

impl DiskFile for Remembered {
    fn size(&self) -> io::Result<u64> {
        Ok(self.0.len() as u64)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let rest = usize::try_from(offset).ok().and_then(|offset| self.0.get(offset..)).unwrap_or_default();
        let length = rest.len().min(buffer.len());
        buffer[..length].copy_from_slice(&rest[..length]);
        Ok(length)
    }

    fn append(&self, _: &[u8]) -> io::Result<()> {
        Err(io::ErrorKind::PermissionDenied.into())
    }

    fn write_at(&self, _: u64, _: &[u8]) -> io::Result<()> {
        Err(io::ErrorKind::PermissionDenied.into())
    }

    fn truncate(&self, _: u64) -> io::Result<()> {
        Err(io::ErrorKind::PermissionDenied.into())
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}
