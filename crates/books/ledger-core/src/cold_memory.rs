//! A cold store in memory, for unit tests.

use std::collections::BTreeMap;
use std::sync::Mutex;

use crate::{ColdError, ColdSegment, ColdStore, Ledger};

/// Segments by their numbers.
#[derive(Default)]
pub(crate) struct Memory(Mutex<BTreeMap<u32, Vec<u8>>>);

impl ColdStore for Memory {
    fn read(&self, segment: &ColdSegment, offset: u64, bytes: &mut [u8]) -> Result<(), ColdError> {
        let segments = self.0.lock().unwrap();
        let offset = usize::try_from(offset).unwrap();
        bytes.copy_from_slice(&segments[&segment.segment][offset..offset + bytes.len()]);
        Ok(())
    }
}

impl Memory {
    /// Writes every segment that `ledger` has for it.
    pub(crate) fn take_all(&self, ledger: &mut Ledger) {
        while let Some(spill) = ledger.spill() {
            let mut bytes = Vec::new();
            let written: Result<_, ()> = spill.encode(|part| {
                bytes.extend_from_slice(part);
                Ok(())
            });
            self.0.lock().unwrap().insert(spill.segment(), bytes);
            ledger.spilled(written.unwrap());
        }
    }
}
