//! The names in a journal's folder, and the file that keeps the epoch.

use std::io;

use ids::{Epoch, Seq};
use stdx::crc32c;

use crate::disk::{Access, Disk};
use crate::error::JournalError;
use crate::format::{u32_at, u64_at};

/// Held by the leader.
pub(crate) const LOCK_FILE: &str = "lock";
/// The highest epoch anyone has claimed: 8 bytes, then their CRC-32C.
pub(crate) const EPOCH_FILE: &str = "epoch";
/// The next epoch file before it takes the place of the last.
pub(crate) const EPOCH_FILE_NEW: &str = "epoch.new";

const SEGMENT_SUFFIX: &str = ".seg";
const SEGMENT_DIGITS: usize = 20;
const EPOCH_FILE_BYTES: usize = 12;

/// The name of the segment that starts with `first`.
pub(crate) fn segment_name(first: Seq) -> String {
    format!("{:020}{SEGMENT_SUFFIX}", first.0)
}

/// The first sequence number of the segment called `name`.
fn segment_first(name: &str) -> Option<Seq> {
    let digits = name.strip_suffix(SEGMENT_SUFFIX)?;
    let shaped = digits.len() == SEGMENT_DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
    let first = Seq(if shaped { digits.parse().ok()? } else { return None });
    (first > Seq::ZERO).then_some(first)
}

/// The segments in the folder, in order. A file that is not the journal's is an error: what it means, a person must say.
pub(crate) fn list_segments(disk: &dyn Disk) -> Result<Vec<Seq>, JournalError> {
    let mut segments = Vec::new();
    for file in disk.list().map_err(JournalError::io("list", "."))? {
        match segment_first(&file) {
            Some(first) => segments.push(first),
            None if [LOCK_FILE, EPOCH_FILE, EPOCH_FILE_NEW].contains(&file.as_str()) => {}
            None => return Err(JournalError::ForeignFile { file }),
        }
    }
    segments.sort_unstable();
    Ok(segments)
}

/// The epoch in the epoch file; `None` if there is no such file.
pub(crate) fn read_epoch(disk: &dyn Disk) -> Result<Option<Epoch>, JournalError> {
    let file = match disk.open(EPOCH_FILE, Access::Read) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(JournalError::io("open", EPOCH_FILE)(error)),
    };
    // One byte more than expected, so that a file that is too long is seen.
    let mut bytes = [0; EPOCH_FILE_BYTES + 1];
    let length = file.read_at(0, &mut bytes).map_err(JournalError::io("read", EPOCH_FILE))?;
    if length != EPOCH_FILE_BYTES || crc32c(&bytes[..8]) != u32_at(&bytes, 8) {
        return Err(JournalError::EpochFile);
    }
    // There is no epoch after the largest number, so nobody can have claimed it.
    match u64_at(&bytes, 0) {
        u64::MAX => Err(JournalError::EpochFile),
        epoch => Ok(Some(Epoch(epoch))),
    }
}

/// Replaces the epoch file durably: after a crash it holds the old epoch or the new one, whole.
pub(crate) fn write_epoch(disk: &dyn Disk, epoch: Epoch) -> Result<(), JournalError> {
    remove_unfinished_epoch(disk)?;
    let mut bytes = [0; EPOCH_FILE_BYTES];
    bytes[..8].copy_from_slice(&epoch.0.to_le_bytes());
    let crc = crc32c(&bytes[..8]);
    bytes[8..].copy_from_slice(&crc.to_le_bytes());
    let file =
        disk.open(EPOCH_FILE_NEW, Access::Create).map_err(JournalError::io("create", EPOCH_FILE_NEW))?;
    file.append(&bytes).map_err(JournalError::io("write", EPOCH_FILE_NEW))?;
    file.sync().map_err(JournalError::io("sync", EPOCH_FILE_NEW))?;
    disk.rename(EPOCH_FILE_NEW, EPOCH_FILE).map_err(JournalError::io("rename", EPOCH_FILE_NEW))?;
    disk.sync().map_err(JournalError::io("sync", "."))
}

/// Removes what a takeover that crashed may have left: nobody has acted on an epoch file before it has its name.
fn remove_unfinished_epoch(disk: &dyn Disk) -> Result<(), JournalError> {
    match disk.remove(EPOCH_FILE_NEW) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(JournalError::io("remove", EPOCH_FILE_NEW)(error))
        }
        _ => Ok(()),
    }
}
