//! The bytes of a record: header, payload, padding, trailer. All numbers are little-endian.
//!
//! | offset | bytes | field |
//! |---|---|---|
//! | 0 | 8 | mark `TBrecord` |
//! | 8 | 1 | kind: 1 commands, 2 epoch |
//! | 9 | 1 | flags: 1 = first of its group, so all before it was durable when it was written |
//! | 10 | 2 | zero |
//! | 12 | 4 | mask, repeated over the stored payload by exclusive or |
//! | 16 | 8 | sequence number |
//! | 24 | 8 | epoch |
//! | 32 | 8 | time of the last command, ns since 1970 |
//! | 40 | 4 | number of commands |
//! | 44 | 4 | payload length |
//! | 48 | 32 | hash of the record before |
//! | 80 | 8 | sequence number of the batch the state hash is of; 0 = no state hash |
//! | 88 | 32 | state hash |
//! | 120 | 32 | hash |
//! | 152 | 4 | CRC-32C of the stored payload |
//! | 156 | 4 | CRC-32C of the 156 bytes before |
//! | 160 | 8 | end mark |
//! | 168 | n | payload, then zeroes up to a multiple of 8, then the trailer: 5 bytes mark, 3 bytes length of the record |
//!
//! Records start at multiples of 8 bytes. Header, trailer and the mask see to it that every part of a record inside one
//! aligned 512-byte sector has at least [`NON_ZERO_BYTES_MIN`] bytes that are not zero: a sector of zeroes is a write that
//! never happened, and not one, not seven, flipped bytes can make a good record look like that.

use std::fmt;

use ids::{Epoch, Seq, Timestamp};
use stdx::{Digest, Sha256, crc32c};

use crate::chain::Kind;
use crate::error::{Fault, JournalError};

/// The newest format version this release reads, and the one it writes.
pub const FORMAT_VERSION: u32 = 1;
/// The most commands a batch may hold.
pub const COMMANDS_MAX: u32 = 8_190;
/// The most bytes a batch's payload may have.
pub const PAYLOAD_BYTES_MAX: usize = 1 << 20;
/// The longest name of a shard or a holder, in bytes.
pub const NAME_BYTES_MAX: usize = 63;

/// What disks write as a whole, in bytes. Larger sectors lose several of these at once, which changes nothing.
pub(crate) const SECTOR_BYTES: usize = 512;
/// How many bytes at least are not zero in every part of a record that lies in one sector.
pub(crate) const NON_ZERO_BYTES_MIN: usize = 8;
/// The length of a record's header in bytes.
pub(crate) const HEADER_BYTES: usize = 168;
/// The length of a record's trailer in bytes.
pub(crate) const TRAILER_BYTES: usize = 8;
/// The mark every record starts with. No stored payload contains it at a multiple of 8 bytes, see [`crate::mask`].
pub(crate) const MARK: [u8; 8] = *b"TBrecord";

const END_MARK: [u8; 8] = *b"header/.";
const TRAILER_MARK: [u8; 5] = *b"TBend";
const FIRST_OF_GROUP: u8 = 1;
const HASH_DOMAIN: &[u8] = b"tongbao journal record 1\0";
const CHECKED_BYTES: usize = 156;

/// A record's header, apart from its checksums and marks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) kind: Kind,
    pub(crate) first_of_group: bool,
    pub(crate) mask: u32,
    pub(crate) seq: Seq,
    pub(crate) epoch: Epoch,
    pub(crate) timestamp: Timestamp,
    pub(crate) commands: u32,
    pub(crate) payload_len: u32,
    pub(crate) prev_hash: Digest,
    pub(crate) state: Option<(Seq, Digest)>,
    pub(crate) hash: Digest,
    pub(crate) payload_crc: u32,
}

impl Header {
    /// Writes the header, checksum and marks included.
    pub(crate) fn encode(&self, bytes: &mut [u8]) {
        let (state_seq, state_hash) = self.state.unwrap_or_default();
        bytes[..HEADER_BYTES].fill(0);
        bytes[0..8].copy_from_slice(&MARK);
        bytes[8] = self.kind.code();
        bytes[9] = if self.first_of_group { FIRST_OF_GROUP } else { 0 };
        bytes[12..16].copy_from_slice(&self.mask.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.seq.0.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.epoch.0.to_le_bytes());
        bytes[32..40].copy_from_slice(&self.timestamp.0.to_le_bytes());
        bytes[40..44].copy_from_slice(&self.commands.to_le_bytes());
        bytes[44..48].copy_from_slice(&self.payload_len.to_le_bytes());
        bytes[48..80].copy_from_slice(&self.prev_hash.0);
        bytes[80..88].copy_from_slice(&state_seq.0.to_le_bytes());
        bytes[88..120].copy_from_slice(&state_hash.0);
        bytes[120..152].copy_from_slice(&self.hash.0);
        bytes[152..156].copy_from_slice(&self.payload_crc.to_le_bytes());
        let crc = crc32c(&bytes[..CHECKED_BYTES]);
        bytes[156..160].copy_from_slice(&crc.to_le_bytes());
        bytes[160..168].copy_from_slice(&END_MARK);
    }

    /// Reads a header and checks everything in it that needs no other record.
    pub(crate) fn decode(bytes: &[u8; HEADER_BYTES]) -> Result<Self, Fault> {
        if bytes[0..8] != MARK {
            return Err(Fault::RecordMark);
        }
        let (stored, computed) = (u32_at(bytes, 156), crc32c(&bytes[..CHECKED_BYTES]));
        if stored != computed || bytes[160..168] != END_MARK {
            return Err(Fault::HeaderChecksum { stored, computed });
        }
        let seq = Seq(u64_at(bytes, 16));
        let (commands, payload_len) = (u32_at(bytes, 40), u32_at(bytes, 44));
        let state = (Seq(u64_at(bytes, 80)), Digest(array_at(bytes, 88)));
        let none = state == (Seq::ZERO, Digest::ZERO);
        let kind = Kind::from_code(bytes[8]).ok_or(Fault::HeaderFields)?;
        let sound = bytes[9] & !FIRST_OF_GROUP == 0
            && bytes[10..12] == [0, 0]
            && commands <= COMMANDS_MAX
            && payload_len as usize <= PAYLOAD_BYTES_MAX
            && (none || (state.0 > Seq::ZERO && state.0 < seq));
        if !sound {
            return Err(Fault::HeaderFields);
        }
        Ok(Self {
            kind,
            first_of_group: bytes[9] == FIRST_OF_GROUP,
            mask: u32_at(bytes, 12),
            seq,
            epoch: Epoch(u64_at(bytes, 24)),
            timestamp: Timestamp(u64_at(bytes, 32)),
            commands,
            payload_len,
            prev_hash: Digest(array_at(bytes, 48)),
            state: (!none).then_some(state),
            hash: Digest(array_at(bytes, 120)),
            payload_crc: u32_at(bytes, 152),
        })
    }

    /// The length of the whole record in bytes.
    pub(crate) fn record_bytes(&self) -> usize {
        record_bytes(self.payload_len as usize)
    }
}

/// How many bytes lie between `offset` and the next sector that starts there or after it.
pub(crate) fn bytes_to_sector(offset: u64) -> usize {
    let into = offset % SECTOR_BYTES as u64;
    let to = if into == 0 { 0 } else { SECTOR_BYTES as u64 - into };
    usize::try_from(to).expect("less than a sector")
}

/// The length in bytes of a record with a payload of `payload_len` bytes.
pub(crate) fn record_bytes(payload_len: usize) -> usize {
    HEADER_BYTES + payload_len.next_multiple_of(8) + TRAILER_BYTES
}

/// The trailer of a record of `record_bytes` bytes. The length is counted in units of 8, seven bits to a byte with the
/// highest bit set, so that no byte of the trailer is zero.
pub(crate) fn trailer(record_bytes: usize) -> [u8; TRAILER_BYTES] {
    let units = record_bytes / 8;
    let mut bytes = [0; TRAILER_BYTES];
    bytes[..5].copy_from_slice(&TRAILER_MARK);
    for (index, byte) in bytes[5..].iter_mut().enumerate() {
        *byte = 0x80 | (units >> (7 * index)).to_le_bytes()[0];
    }
    bytes
}

/// The length of the record that ends with `trailer`, if that is a trailer.
pub(crate) fn length_in_trailer(trailer: &[u8; TRAILER_BYTES]) -> Option<usize> {
    if trailer[..5] != TRAILER_MARK || trailer[5..].iter().any(|byte| byte & 0x80 == 0) {
        return None;
    }
    Some(trailer[5..].iter().rev().fold(0, |units, byte| units << 7 | usize::from(byte & 0x7f)) * 8)
}

/// Computes record hashes of one shard's chain.
#[derive(Clone)]
pub(crate) struct Hasher(Sha256);

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hasher")
    }
}

impl Hasher {
    /// The shard's name goes into every hash, so that a record cannot pass for another shard's.
    pub(crate) fn new(shard: &str) -> Self {
        let mut sha = Sha256::default();
        sha.update(HASH_DOMAIN);
        sha.update(shard.as_bytes());
        sha.update(&[0]);
        Self(sha)
    }

    /// The hash of a record: of what it says, not of how or where it is stored (mask, group flag, checksums).
    pub(crate) fn hash(&self, header: &Header, payload: &[u8]) -> Digest {
        let (state_seq, state_hash) = header.state.unwrap_or_default();
        let mut sha = self.0.clone();
        sha.update(&[header.kind.code()]);
        sha.update(&header.seq.0.to_le_bytes());
        sha.update(&header.epoch.0.to_le_bytes());
        sha.update(&header.timestamp.0.to_le_bytes());
        sha.update(&header.commands.to_le_bytes());
        sha.update(&header.payload_len.to_le_bytes());
        sha.update(&header.prev_hash.0);
        sha.update(&state_seq.0.to_le_bytes());
        sha.update(&state_hash.0);
        sha.update(payload);
        sha.finish()
    }
}

/// Checks the name of a shard or of a holder.
pub(crate) fn check_name(name: &str) -> Result<(), JournalError> {
    if (1..=NAME_BYTES_MAX).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(());
    }
    Err(JournalError::Name {
        name: name.chars().take(NAME_BYTES_MAX).flat_map(char::escape_default).collect(),
    })
}

pub(crate) fn array_at<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut array = [0; N];
    array.copy_from_slice(&bytes[at..at + N]);
    array
}

pub(crate) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(array_at(bytes, at))
}

pub(crate) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(array_at(bytes, at))
}
