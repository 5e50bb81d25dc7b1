//! The header of a segment file.
//!
//! | offset | bytes | field |
//! |---|---|---|
//! | 0 | 8 | mark `TBjournl` |
//! | 8 | 4 | format version |
//! | 12 | 4 | length of the shard's name |
//! | 16 | 8 | first sequence number |
//! | 24 | 8 | epoch of the record before |
//! | 32 | 32 | hash of the record before |
//! | 64 | 64 | shard's name, filled up with zeroes |
//! | 128 | 4 | end mark |
//! | 132 | 4 | CRC-32C of the 132 bytes before |
//!
//! Mark, version and checksum keep their places in every version, so that a newer format is told from damage.

use ids::{Epoch, Seq};
use stdx::{Digest, crc32c};

use crate::error::{Corruption, Fault, JournalError};
use crate::files::segment_name;
use crate::format::{FORMAT_VERSION, NAME_BYTES_MAX, array_at, u32_at, u64_at};

/// The length of a segment's header in bytes. Lies within one sector, so that it is written as a whole or not at all.
pub(crate) const SEGMENT_HEADER_BYTES: usize = 136;

const MARK: [u8; 8] = *b"TBjournl";
const END_MARK: [u8; 4] = *b"/hdr";
const CHECKED_BYTES: usize = 132;

/// What a segment's header says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SegmentHeader {
    pub(crate) shard: String,
    pub(crate) first_seq: Seq,
    pub(crate) epoch: Epoch,
    pub(crate) prev_hash: Digest,
}

impl SegmentHeader {
    pub(crate) fn encode(&self) -> [u8; SEGMENT_HEADER_BYTES] {
        let mut bytes = [0; SEGMENT_HEADER_BYTES];
        let name = self.shard.as_bytes();
        bytes[0..8].copy_from_slice(&MARK);
        bytes[8..12].copy_from_slice(&FORMAT_VERSION.to_le_bytes());
        bytes[12] = u8::try_from(name.len()).expect("shard names are checked to have at most 63 bytes");
        bytes[16..24].copy_from_slice(&self.first_seq.0.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.epoch.0.to_le_bytes());
        bytes[32..64].copy_from_slice(&self.prev_hash.0);
        bytes[64..64 + name.len()].copy_from_slice(name);
        bytes[128..132].copy_from_slice(&END_MARK);
        let crc = crc32c(&bytes[..CHECKED_BYTES]);
        bytes[132..136].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    /// Reads the header of the segment whose name says `named`, and checks that it belongs to `shard`.
    pub(crate) fn decode(
        bytes: &[u8; SEGMENT_HEADER_BYTES],
        named: Seq,
        shard: &str,
    ) -> Result<Self, JournalError> {
        let file = segment_name(named);
        let corrupt = |fault| Corruption { file: file.clone(), offset: 0, fault };
        if bytes[0..8] != MARK {
            return Err(corrupt(Fault::SegmentMark).into());
        }
        let (stored, computed) = (u32_at(bytes, 132), crc32c(&bytes[..CHECKED_BYTES]));
        if stored != computed {
            return Err(corrupt(Fault::SegmentChecksum { stored, computed }).into());
        }
        let version = u32_at(bytes, 8);
        if version > FORMAT_VERSION {
            return Err(JournalError::NewerFormat { file, found: version, known: FORMAT_VERSION });
        }
        let found = version_1_shard(bytes).ok_or_else(|| corrupt(Fault::SegmentFields))?;
        if found != shard {
            return Err(JournalError::WrongShard { file, expected: shard.to_owned(), found });
        }
        let first_seq = Seq(u64_at(bytes, 16));
        if first_seq != named {
            return Err(JournalError::MisnamedSegment { file, found: first_seq });
        }
        Ok(Self {
            shard: found,
            first_seq,
            epoch: Epoch(u64_at(bytes, 24)),
            prev_hash: Digest(array_at(bytes, 32)),
        })
    }
}

/// The shard's name in a header of version 1, if the header is sound.
fn version_1_shard(bytes: &[u8; SEGMENT_HEADER_BYTES]) -> Option<String> {
    let length = u32_at(bytes, 12) as usize;
    let sound = u32_at(bytes, 8) == 1
        && length <= NAME_BYTES_MAX
        && bytes[64 + length..128].iter().all(|byte| *byte == 0)
        && bytes[128..132] == END_MARK;
    if !sound {
        return None;
    }
    String::from_utf8(bytes[64..64 + length].to_vec()).ok()
}

/// Whether a file of exactly these bytes can be what a crash left of creating a segment: its header is written and made
/// durable before anything follows it, so it is cut short, or its one sector was never written.
pub(crate) fn is_unfinished_header(bytes: &[u8]) -> bool {
    let zero = bytes.iter().all(|byte| *byte == 0);
    let marked = bytes.len().min(MARK.len());
    zero || (bytes.len() < SEGMENT_HEADER_BYTES && bytes[..marked] == MARK[..marked])
}
