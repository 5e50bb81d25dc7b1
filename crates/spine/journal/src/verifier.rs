//! Checks records that come from elsewhere than a segment file.

use crate::chain::{Position, Record};
use crate::error::{Fault, JournalError};
use crate::examine::check_link;
use crate::format::{COMMANDS_MAX, Hasher, Header, PAYLOAD_BYTES_MAX, check_name};

/// Follows a shard's chain record by record: limits, order, epochs, time, hashes. Believes nothing it was told.
#[derive(Clone, Debug)]
pub struct Verifier {
    hasher: Hasher,
    position: Position,
}

impl Verifier {
    /// Follows `shard`'s chain from `from` on.
    pub fn new(shard: &str, from: Position) -> Result<Self, JournalError> {
        check_name(shard)?;
        Ok(Self { hasher: Hasher::new(shard), position: from })
    }

    /// The place after the last good record.
    pub fn position(&self) -> Position {
        self.position
    }

    /// Checks that `record` is the next one, whole and unchanged, and moves on. A fault leaves the place as it was.
    pub fn check(&mut self, record: &Record) -> Result<(), Fault> {
        let header = header(record)?;
        check_link(&header, &self.position)?;
        let computed = self.hasher.hash(&header, &record.payload);
        if computed != record.hash {
            return Err(Fault::Hash { stored: record.hash, computed });
        }
        self.position = self.position.after_record(record.seq, record.epoch, record.hash, record.timestamp);
        Ok(())
    }
}

/// The header that says what `record` says, if it keeps the format's limits.
pub(crate) fn header(record: &Record) -> Result<Header, Fault> {
    let length = record.payload.len();
    let state_is_earlier = record.state.is_none_or(|(of, _)| of.0 > 0 && of < record.seq);
    if record.commands > COMMANDS_MAX || length > PAYLOAD_BYTES_MAX || !state_is_earlier {
        return Err(Fault::HeaderFields);
    }
    Ok(Header {
        kind: record.kind,
        first_of_group: false,
        mask: 0,
        seq: record.seq,
        epoch: record.epoch,
        timestamp: record.timestamp,
        commands: record.commands,
        payload_len: u32::try_from(length).map_err(|_| Fault::HeaderFields)?,
        prev_hash: record.prev_hash,
        state: record.state,
        hash: record.hash,
        payload_crc: 0,
    })
}
