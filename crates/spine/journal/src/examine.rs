//! Reads the bytes at one place of a segment and says whether they are the record that belongs there.

use stdx::crc32c;

use crate::chain::{Kind, Position};
use crate::disk::DiskFile;
use crate::error::{Fault, JournalError};
use crate::files::segment_name;
use crate::format::{
    HEADER_BYTES, Hasher, Header, MARK, TRAILER_BYTES, bytes_to_sector, length_in_trailer, trailer,
};
use crate::mask;
use crate::tail::has_unwritten_sector;

/// What lies at a position.
pub(crate) enum Finding {
    /// A good record: header and payload.
    Record(Header, Vec<u8>),
    /// Bytes that are no good record.
    Failure {
        fault: Fault,
        /// A part of them was never written.
        unwritten: bool,
    },
    /// The end of the file.
    Nothing,
}

/// Reads the record at the position and checks it.
pub(crate) fn examine(
    file: &dyn DiskFile,
    hasher: &Hasher,
    position: &Position,
) -> Result<Finding, JournalError> {
    let name = segment_name(position.segment_first);
    let offset = position.offset;
    let mut bytes = [0; HEADER_BYTES];
    let length = read(file, &name, offset, &mut bytes)?;
    if length == 0 {
        return Ok(Finding::Nothing);
    }
    let header = match check_header(&bytes, length, position) {
        Ok(header) => header,
        Err((fault, unwritten)) => return Ok(Finding::Failure { fault, unwritten }),
    };
    // The header's checks bound the length, so a hostile one cannot make us allocate.
    let mut rest = vec![0; header.record_bytes() - HEADER_BYTES];
    let length = read(file, &name, offset + HEADER_BYTES as u64, &mut rest)?;
    if length < rest.len() {
        let fault = Fault::Incomplete { missing: (rest.len() - length) as u64 };
        return Ok(Finding::Failure { fault, unwritten: true });
    }
    if let Err(fault) = check_rest(hasher, &header, &mut rest) {
        let unwritten = is_unwritten_after_header(offset, &rest);
        return Ok(Finding::Failure { fault, unwritten });
    }
    rest.truncate(header.payload_len as usize);
    Ok(Finding::Record(header, rest))
}

/// Checks the first `length` bytes of a record, of which no more were there. A failure says whether a part of them was
/// never written.
fn check_header(
    bytes: &[u8; HEADER_BYTES],
    length: usize,
    position: &Position,
) -> Result<Header, (Fault, bool)> {
    let unwritten = has_unwritten_sector(&bytes[..length], position.offset);
    if length < HEADER_BYTES {
        let marked = length.min(MARK.len());
        if !unwritten && bytes[..marked] != MARK[..marked] {
            return Err((Fault::RecordMark, false));
        }
        return Err((Fault::Incomplete { missing: (HEADER_BYTES - length) as u64 }, true));
    }
    let header = Header::decode(bytes).map_err(|fault| (fault, unwritten))?;
    check_link(&header, position).map_err(|fault| (fault, false))?;
    Ok(header)
}

/// Checks that the record follows from the one before.
pub(crate) fn check_link(header: &Header, before: &Position) -> Result<(), Fault> {
    if header.seq != before.seq.next() {
        return Err(Fault::Order { expected: before.seq.next(), found: header.seq });
    }
    if header.prev_hash != before.hash {
        return Err(Fault::Chain { expected: before.hash, found: header.prev_hash });
    }
    let reigns = match header.kind {
        Kind::Commands => header.epoch == before.epoch,
        Kind::Epoch => header.epoch > before.epoch,
    };
    if !reigns {
        return Err(Fault::Reign { current: before.epoch, found: header.epoch });
    }
    if header.timestamp < before.timestamp {
        return Err(Fault::Time);
    }
    Ok(())
}

/// Checks payload, padding and trailer, and unmasks the payload in place if they are good.
fn check_rest(hasher: &Hasher, header: &Header, rest: &mut [u8]) -> Result<(), Fault> {
    let (payload, end) = rest.split_at_mut(header.payload_len as usize);
    let computed = crc32c(payload);
    if computed != header.payload_crc {
        return Err(Fault::PayloadChecksum { stored: header.payload_crc, computed });
    }
    let (padding, found) = end.split_at(end.len() - TRAILER_BYTES);
    if padding.iter().any(|byte| *byte != 0) || found != trailer(header.record_bytes()) {
        return Err(Fault::Trailer);
    }
    mask::apply(header.mask, payload);
    let computed = hasher.hash(header, payload);
    if computed != header.hash {
        mask::apply(header.mask, payload);
        return Err(Fault::Hash { stored: header.hash, computed });
    }
    Ok(())
}

/// Whether a sector of what follows a good header was never written. The one the header ends in was.
fn is_unwritten_after_header(offset: u64, rest: &[u8]) -> bool {
    let start = offset + HEADER_BYTES as u64;
    let shared = bytes_to_sector(start);
    rest.get(shared..).is_some_and(|own| has_unwritten_sector(own, start + shared as u64))
}

/// The header of the record that ends at the position, if one does.
pub(crate) fn record_before(
    file: &dyn DiskFile,
    position: &Position,
) -> Result<Option<Header>, JournalError> {
    let name = segment_name(position.segment_first);
    let offset = position.offset;
    let Some(at) = offset.checked_sub(TRAILER_BYTES as u64) else { return Ok(None) };
    let mut trailer = [0; TRAILER_BYTES];
    if read(file, &name, at, &mut trailer)? < TRAILER_BYTES {
        return Ok(None);
    }
    let start = length_in_trailer(&trailer).and_then(|length| offset.checked_sub(length as u64));
    let Some(start) = start else { return Ok(None) };
    let mut bytes = [0; HEADER_BYTES];
    read(file, &name, start, &mut bytes)?;
    Ok(Header::decode(&bytes).ok().filter(|header| start + header.record_bytes() as u64 == offset))
}

/// Reads at `offset`, and fewer bytes than asked only where the file ends.
pub(crate) fn read(
    file: &dyn DiskFile,
    name: &str,
    offset: u64,
    buffer: &mut [u8],
) -> Result<usize, JournalError> {
    file.read_at(offset, buffer).map_err(JournalError::io("read", name))
}
