//! A site's cold segments on the simulated disk, written the way `ledger::ColdFiles` writes them on a real one: aside, synced,
//! renamed to a name of their own, folder synced; a step of the scenario instead of a thread.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use journal::{Access, Disk};
use ledger::ColdKeeper;
use ledger_core::{ColdError, ColdSegment, ColdStore, Spill, WrittenSegment};

use crate::mutant::Mutant;
use crate::probe::Probe;

pub(crate) const SUFFIX: &str = ".cold";

/// The segments of one process.
#[derive(Debug)]
pub(crate) struct Shelf {
    disk: Arc<Probe>,
    site: usize,
    mutant: Option<Mutant>,
    orders: Mutex<Orders>,
}

#[derive(Debug, Default)]
struct Orders {
    /// The segments that stay when the others are removed, which is due.
    keep: Option<Vec<ColdSegment>>,
    spill: Option<Spill>,
    written: Option<WrittenSegment>,
}

impl Shelf {
    pub(crate) fn new(disk: Arc<Probe>, site: usize, mutant: Option<Mutant>) -> Self {
        Self { disk, site, mutant, orders: Mutex::default() }
    }

    fn orders(&self) -> MutexGuard<'_, Orders> {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn name(&self, segment: &ColdSegment) -> String {
        format!("{}-{:010}-{}{SUFFIX}", self.site, segment.segment, segment.digest().short())
    }

    /// Whether a segment waits to be written.
    pub(crate) fn has_work(&self) -> bool {
        self.orders().spill.is_some()
    }

    /// Does what was ordered. What fails stays ordered. Whether a segment was written.
    pub(crate) fn work(&self) -> io::Result<bool> {
        let mut orders = self.orders();
        if let Some(keep) = &orders.keep {
            self.keep_only(keep)?;
            orders.keep = None;
        }
        let Some(spill) = &orders.spill else { return Ok(false) };
        orders.written = Some(self.store(spill)?);
        orders.spill = None;
        Ok(true)
    }

    fn keep_only(&self, needed: &[ColdSegment]) -> io::Result<()> {
        let mine = format!("{}-", self.site);
        let needed: Vec<String> = needed.iter().map(|segment| self.name(segment)).collect();
        for name in self.disk.list()? {
            if name.starts_with(&mine) && name.ends_with(SUFFIX) && !needed.contains(&name) {
                self.disk.remove(&name)?;
            }
        }
        Ok(())
    }

    fn store(&self, spill: &Spill) -> io::Result<WrittenSegment> {
        let aside = format!("{}{SUFFIX}.partial", self.site);
        if self.disk.list()?.contains(&aside) {
            self.disk.remove(&aside)?;
        }
        let file = self.disk.open(&aside, Access::Create)?;
        let segment = spill.encode(|part| file.append(part))?;
        let hasty = self.mutant == Some(Mutant::HastySpill);
        if !hasty {
            file.sync()?;
        }
        self.disk.rename(&aside, &self.name(&segment.name))?;
        if !hasty {
            self.disk.sync()?;
        }
        Ok(segment)
    }
}

impl ColdStore for Shelf {
    fn read(&self, segment: &ColdSegment, offset: u64, bytes: &mut [u8]) -> Result<(), ColdError> {
        let mut read = || -> io::Result<bool> {
            let file = self.disk.open(&self.name(segment), Access::Read)?;
            Ok(file.read_at(offset, bytes)? == bytes.len())
        };
        let broken = |what: String| ColdError { segment: segment.segment, what };
        match read() {
            Ok(true) => Ok(()),
            Ok(false) => Err(broken("it is too short".to_owned())),
            Err(error) => Err(broken(error.to_string())),
        }
    }
}

impl ColdKeeper for Shelf {
    fn begin(&self, needed: &[ColdSegment]) {
        *self.orders() = Orders { keep: Some(needed.to_vec()), ..Orders::default() };
    }

    fn write(&self, spill: Spill) {
        self.orders().spill = Some(spill);
    }

    fn written(&self, _: bool) -> Option<WrittenSegment> {
        self.orders().written.take()
    }
}
