//! Finding a place in a journal of files without reading it from the beginning.

use std::io;

use ids::{Seq, Timestamp};

use crate::chain::Position;
use crate::disk::{Access, Disk};
use crate::error::JournalError;
use crate::examine::read;
use crate::files::{list_segments, segment_name};
use crate::segment::{SEGMENT_HEADER_BYTES, SegmentHeader, is_unfinished_header};

/// The beginning of the last segment in which record `seq` can lie, or after which it would follow.
pub(crate) fn segment_before(disk: &dyn Disk, shard: &str, seq: Seq) -> Result<Position, JournalError> {
    let segments = list_segments(disk)?;
    for first in segments.into_iter().rev().filter(|first| *first <= seq) {
        if let Some(place) = beginning(disk, shard, first)? {
            return Ok(place);
        }
    }
    Ok(Position::genesis())
}

/// The place before a segment's first record; `None` while its header is not whole.
fn beginning(disk: &dyn Disk, shard: &str, first: Seq) -> Result<Option<Position>, JournalError> {
    let name = segment_name(first);
    let file = match disk.open(&name, Access::Read) {
        Ok(file) => file,
        // Created by a leader that did not finish it, and removed by the next.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(JournalError::io("open", &name)(error)),
    };
    let mut bytes = [0; SEGMENT_HEADER_BYTES];
    let length = read(&*file, &name, 0, &mut bytes)?;
    if is_unfinished_header(&bytes[..length]) {
        return Ok(None);
    }
    let header = SegmentHeader::decode(&bytes, first, shard)?;
    Ok(Some(Position {
        seq: Seq(header.first_seq.0.saturating_sub(1)),
        epoch: header.epoch,
        hash: header.prev_hash,
        // The header does not know the time of the record before. Any time may follow this one.
        timestamp: Timestamp::ZERO,
        segment_first: header.first_seq,
        offset: SEGMENT_HEADER_BYTES as u64,
    }))
}
