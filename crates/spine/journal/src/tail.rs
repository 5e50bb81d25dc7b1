//! The end of a journal after a crash: telling a write that was torn from bytes that were damaged.
//!
//! A record that fails its checks was *torn* only if all of this holds; then nobody was told that it exists, and the next
//! leader cuts it off:
//! - it lies in the last segment, and
//! - it is incomplete at the end of the file, or its part of some aligned sector is all zero: that sector was never written
//!   (of a damaged header, only the header's own sectors count), and
//! - no record after it says that it was written once all before it was durable.
//!
//! Everything else is corruption.

use serde::Serialize;

use ids::Seq;

use crate::disk::DiskFile;
use crate::error::JournalError;
use crate::format::{HEADER_BYTES, Header, MARK, SECTOR_BYTES, bytes_to_sector};

/// A torn write at the end of a journal. It was never acknowledged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Torn {
    /// The segment's file name.
    pub file: String,
    /// Where the torn write starts; zero if it is the segment's own header.
    pub offset: u64,
    /// How many bytes of it the file holds.
    pub bytes: u64,
}

/// How much of a file is searched at once.
const SEARCH_BYTES: usize = 64 * 1024;

/// Whether the part of `bytes` in some sector is all zero, when `bytes` lie at `offset` of their file.
pub(crate) fn has_unwritten_sector(bytes: &[u8], offset: u64) -> bool {
    let (first, rest) = bytes.split_at(bytes_to_sector(offset).min(bytes.len()));
    let is_zero = |part: &[u8]| part.iter().all(|byte| *byte == 0);
    (!first.is_empty() && is_zero(first)) || rest.chunks(SECTOR_BYTES).any(is_zero)
}

/// Whether the file holds, from `offset` on, the header of a record later than `seq` that opens a group: it was written
/// after everything before it had become durable. The mark cannot occur inside a payload, so no client can forge one.
pub(crate) fn has_durable_successor(
    file: &dyn DiskFile,
    name: &str,
    mut offset: u64,
    seq: Seq,
) -> Result<bool, JournalError> {
    let mut chunk = vec![0; SEARCH_BYTES + HEADER_BYTES];
    loop {
        let length = file.read_at(offset, &mut chunk).map_err(JournalError::io("read", name))?;
        let opens_group = |at: usize| {
            let header = chunk[at..length].first_chunk().and_then(|bytes| Header::decode(bytes).ok());
            header.is_some_and(|header| header.first_of_group && header.seq > seq)
        };
        let words = chunk[..length.min(SEARCH_BYTES)].as_chunks().0;
        if words.iter().enumerate().any(|(index, word)| *word == MARK && opens_group(index * 8)) {
            return Ok(true);
        }
        if length < chunk.len() {
            return Ok(false);
        }
        offset += SEARCH_BYTES as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::has_unwritten_sector;

    #[test]
    fn only_whole_parts_of_sectors_count() {
        let mut bytes = vec![1; 1200];
        assert!(!has_unwritten_sector(&bytes, 0));
        bytes[512..1024].fill(0);
        assert!(has_unwritten_sector(&bytes, 0));
        assert!(!has_unwritten_sector(&bytes, 8), "zeroes across a boundary are no sector");
        bytes[1024..].fill(0);
        assert!(has_unwritten_sector(&bytes[600..], 600), "the part up to the boundary counts");
        assert!(!has_unwritten_sector(&[], 0));
    }
}
