//! A file as a page cache keeps it: what processes see, and what a power failure would leave.

use std::collections::BTreeSet;

use crate::format::SECTOR_BYTES;
use crate::sim::Dice;

#[derive(Debug, Default)]
pub(super) struct Inode {
    /// What every process sees.
    content: Vec<u8>,
    /// What is on the medium.
    durable: Vec<u8>,
    /// The sectors that a sync has to write. Not every sector that differs is among them: see [`Inode::fail_sync`].
    dirty: BTreeSet<usize>,
}

impl Inode {
    pub(super) fn content(&self) -> &[u8] {
        &self.content
    }

    pub(super) fn write(&mut self, offset: usize, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let end = offset + bytes.len();
        let from = offset.min(self.content.len());
        self.content.resize(self.content.len().max(end), 0);
        self.content[offset..end].copy_from_slice(bytes);
        self.dirty.extend(from / SECTOR_BYTES..=(end - 1) / SECTOR_BYTES);
    }

    pub(super) fn truncate(&mut self, size: usize) {
        self.content.resize(size, 0);
        self.dirty.split_off(&size.div_ceil(SECTOR_BYTES));
        if !size.is_multiple_of(SECTOR_BYTES) {
            self.dirty.insert(size / SECTOR_BYTES);
        }
    }

    pub(super) fn sync(&mut self) {
        let dirty = std::mem::take(&mut self.dirty);
        self.persist(self.content.len(), &dirty);
    }

    /// A sync that fails as on Linux: the pages are called clean though they were not written, so that the next sync does not
    /// write them either.
    pub(super) fn fail_sync(&mut self) {
        self.dirty.clear();
    }

    /// Power fails: of the length and of every unsynced sector, the old or the new, each by itself; of a growing file, any
    /// length between.
    pub(super) fn lose_power(&mut self, dice: &mut Dice) {
        let (old, new) = (self.durable.len(), self.content.len());
        let size = match dice.below(3) {
            0 => old,
            1 => new,
            _ => old.min(new) + dice.below(old.abs_diff(new) + 1),
        };
        let dirty = std::mem::take(&mut self.dirty);
        let kept = dirty.into_iter().filter(|_| dice.flip()).collect();
        self.persist(size, &kept);
        self.content.clone_from(&self.durable);
    }

    /// Somebody changes the medium behind everyone's back.
    pub(super) fn replace(&mut self, bytes: Vec<u8>) {
        self.durable.clone_from(&bytes);
        self.content = bytes;
        self.dirty.clear();
    }

    fn persist(&mut self, size: usize, sectors: &BTreeSet<usize>) {
        self.durable.resize(size, 0);
        for sector in sectors {
            let start = sector * SECTOR_BYTES;
            let end = (start + SECTOR_BYTES).min(size).min(self.content.len());
            if start < end {
                self.durable[start..end].copy_from_slice(&self.content[start..end]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_synced_bytes_survive_for_sure() {
        let mut survived = BTreeSet::new();
        for seed in 0..200 {
            let mut file = Inode::default();
            file.write(0, &[1; 600]);
            file.sync();
            file.write(600, &[2; 600]);
            file.lose_power(&mut Dice::new(seed));
            assert_eq!(file.content()[..600], [1; 600], "seed {seed}");
            survived.insert((file.content().len(), file.content().iter().filter(|byte| **byte == 2).count()));
        }
        assert!(
            survived.contains(&(600, 0)) && survived.contains(&(1200, 600)) && survived.contains(&(1200, 0))
        );
        assert!(
            survived.contains(&(1200, 176)) && survived.contains(&(1200, 424)),
            "one sector of two: {survived:?}"
        );
    }

    #[test]
    fn a_failed_sync_loses_pages_that_a_second_sync_calls_written() {
        let mut file = Inode::default();
        file.write(0, &[1; 100]);
        file.fail_sync();
        assert_eq!(file.content(), [1; 100]);
        file.sync();
        file.lose_power(&mut Dice::new(1));
        assert_eq!(file.content(), [0; 100]);
    }
}
