//! What the body of a request holds, and how results become the body of a reply.

use std::ops::Range;

use crate::header::{BODY_BYTES_MAX, EvictionReason};
use crate::multi_batch::{append_trailer, decode, trailer_size};
use crate::operation::{Encoding, Kind, Operation};

/// The most events in one request, as in one request of the ledger.
pub const EVENTS_MAX: usize = 8_190;

/// Where accounts and transfers keep their flags.
const FLAGS_AT: usize = 118;
/// The flag that ties an event to the next.
const LINKED: u16 = 1;
/// Status and bytes of one result of a write, as the ledger gives it: timestamp, status, zero.
const OUTCOME_BYTES: usize = 16;
const CREATED: u32 = u32::MAX;
/// Statuses above are those of rules that TigerBeetle has not.
const PUBLISHED_STATUS_MAX: u32 = 999;

/// The batches of a request: how many events each has. The events lie one after the other before them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batches {
    /// Events in each batch.
    pub lengths: Vec<u16>,
    /// Bytes of all events.
    pub payload_len: usize,
}

impl Batches {
    /// Reads the body of a request, and makes sure that the reply will fit a message.
    pub(crate) fn read(operation: Operation, body: &[u8]) -> Result<Self, EvictionReason> {
        let invalid = EvictionReason::InvalidRequestBody;
        let size = operation.kind.event_size();
        let lengths = if operation.is_batched() {
            decode(body, size).map_err(|_| invalid)?
        } else if body.len().is_multiple_of(size) && body.len() / size <= EVENTS_MAX {
            vec![u16::try_from(body.len() / size).map_err(|_| invalid)?]
        } else {
            return Err(invalid);
        };
        let events: usize = lengths.iter().map(|length| usize::from(*length)).sum();
        if !operation.kind.takes_many() && lengths.iter().any(|length| *length != 1) {
            return Err(invalid);
        }
        let batches = Self { lengths, payload_len: events * size };
        let results: usize = match operation.kind.limit_at() {
            None => events,
            Some(_) => {
                filters(operation, &body[..batches.payload_len]).map(|filter| wanted(operation, filter)).sum()
            }
        };
        let trailer = if operation.is_batched() {
            trailer_size(batches.lengths.len(), operation.result_size())
        } else {
            0
        };
        if events > EVENTS_MAX || results * operation.result_size() + trailer > BODY_BYTES_MAX {
            return Err(invalid);
        }
        Ok(batches)
    }

    /// The batches' events, as ranges of bytes.
    pub fn ranges(&self, kind: Kind) -> impl Iterator<Item = Range<usize>> {
        let mut at = 0;
        self.lengths.iter().map(move |length| {
            let start = at;
            at += usize::from(*length) * kind.event_size();
            start..at
        })
    }

    /// The events of a write cut into requests for the ledger, as ranges of bytes; mostly one, for all batches at once.
    ///
    /// The ledger sees no batches, so two meet inside a request only where that makes no difference: a chain of linked
    /// events that a batch leaves open must not go on in the next, and a request is imported as a whole or not at all.
    pub fn parts(&self, kind: Kind, payload: &[u8]) -> Vec<Range<usize>> {
        let imported = match kind {
            Kind::CreateAccounts => 1 << 4,
            _ => 1 << 8,
        };
        let mut parts: Vec<Range<usize>> = Vec::with_capacity(1);
        for range in self.ranges(kind).filter(|range| !range.is_empty()) {
            match parts.last_mut() {
                Some(last) if may_meet(payload, last, &range, kind.event_size(), imported) => {
                    last.end = range.end;
                }
                _ => parts.push(range),
            }
        }
        parts
    }
}

fn may_meet(payload: &[u8], before: &Range<usize>, after: &Range<usize>, size: usize, imported: u16) -> bool {
    let flags = |event: usize| {
        let bytes = payload.get(event + FLAGS_AT..event + FLAGS_AT + 2).unwrap_or(&[0, 0]);
        u16::from_le_bytes([bytes[0], bytes[1]])
    };
    let is_open = flags(before.end - size) & LINKED != 0;
    !is_open && (flags(before.start) ^ flags(after.start)) & imported == 0
}

fn filters(operation: Operation, payload: &[u8]) -> std::slice::ChunksExact<'_, u8> {
    payload.chunks_exact(operation.kind.event_size())
}

/// The most results that one reply can hold.
fn results_max(operation: Operation) -> usize {
    let trailer = if operation.is_batched() { trailer_size(1, operation.result_size()) } else { 0 };
    (BODY_BYTES_MAX - trailer) / operation.result_size()
}

/// How many results a filter may have.
fn wanted(operation: Operation, filter: &[u8]) -> usize {
    let at = operation.kind.limit_at().unwrap_or_default();
    let limit = filter.get(at..).and_then(|rest| rest.first_chunk()).copied().map_or(0, u32::from_le_bytes);
    usize::try_from(limit).unwrap_or(usize::MAX).min(results_max(operation))
}

/// Lowers the limits of the filters in `payload` to what a reply can hold.
pub fn clamp_limits(operation: Operation, payload: &mut [u8]) {
    let Some(at) = operation.kind.limit_at() else { return };
    for filter in payload.chunks_exact_mut(operation.kind.event_size()) {
        let limit = u32::try_from(wanted(operation, filter)).unwrap_or(u32::MAX);
        filter[at..at + 4].copy_from_slice(&limit.to_le_bytes());
    }
}

/// The status of a transfer as the published clients know it: they have a list of statuses, and end at one that is not
/// in it. A rule that TigerBeetle has not is told as the rule of its own that asks the same of the client. All of them are
/// transient, as ours are.
pub fn published_status(status: u32) -> u32 {
    match status {
        // debit_account_is_control: debit_account_already_closed
        1001 => 65,
        // credit_account_is_control: credit_account_already_closed
        1002 => 66,
        CREATED | ..=PUBLISHED_STATUS_MAX => status,
        // debit_account_not_for_purpose, credit_account_not_for_purpose: exceeds_credits
        _ => 54,
    }
}

/// Makes one 16-byte outcome for each event, as the ledger gives them, into the body of a reply. Returns the stamp of
/// the latest, 0 if there was no event.
pub fn finish_write(operation: Operation, batches: &Batches, out: &mut Vec<u8>) -> u64 {
    let latest = out.chunks_exact(OUTCOME_BYTES).map(stamp).max().unwrap_or_default();
    for outcome in out.chunks_exact_mut(OUTCOME_BYTES) {
        let published = published_status(status(outcome));
        outcome[8..12].copy_from_slice(&published.to_le_bytes());
    }
    match operation.encoding {
        Encoding::Batched => append_trailer(&batches.lengths, OUTCOME_BYTES, out),
        Encoding::Sparse | Encoding::Unbatched => make_sparse(operation, batches, out),
    }
    latest
}

fn stamp(outcome: &[u8]) -> u64 {
    outcome.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

fn status(outcome: &[u8]) -> u32 {
    outcome.get(8..).and_then(|rest| rest.first_chunk()).copied().map_or(0, u32::from_le_bytes)
}

/// Replaces outcomes by the form that older clients know: index and status of every event that was refused.
fn make_sparse(operation: Operation, batches: &Batches, out: &mut Vec<u8>) {
    let outcomes = std::mem::take(out);
    let mut outcomes = outcomes.chunks_exact(OUTCOME_BYTES);
    let mut lengths = Vec::with_capacity(batches.lengths.len());
    for length in &batches.lengths {
        let mut refused = 0;
        for (index, outcome) in (0_u32..).zip(outcomes.by_ref().take(usize::from(*length))) {
            if status(outcome) != CREATED {
                out.extend_from_slice(&index.to_le_bytes());
                out.extend_from_slice(&status(outcome).to_le_bytes());
                refused += 1;
            }
        }
        lengths.push(refused);
    }
    if operation.is_batched() {
        append_trailer(&lengths, operation.result_size(), out);
    }
}

/// Makes the results of a read into the body of a reply; `ends` are the ends of each batch's results in `out`. `None` if
/// the results are not whole or do not fit a message.
pub fn finish_read(operation: Operation, ends: &[usize], out: &mut Vec<u8>) -> Option<()> {
    let size = operation.result_size();
    let mut from = 0;
    let mut lengths = Vec::with_capacity(ends.len());
    for end in ends {
        let bytes = end.checked_sub(from)?;
        if !bytes.is_multiple_of(size) {
            return None;
        }
        lengths.push(u16::try_from(bytes / size).ok()?);
        from = *end;
    }
    if operation.is_batched() {
        append_trailer(&lengths, size, out);
    }
    (out.len() <= BODY_BYTES_MAX).then_some(())
}

/// Takes the results apart again: those of each batch of a reply.
///
/// Errors: `None` if the trailer is not right.
pub fn results(operation: Operation, body: &[u8]) -> Option<Vec<&[u8]>> {
    if !operation.is_batched() {
        return body.len().is_multiple_of(operation.result_size()).then(|| vec![body]);
    }
    let size = operation.result_size();
    let mut rest = body;
    let lengths = decode(body, size).ok()?;
    let take = |length: &u16| {
        let (batch, tail) = rest.split_at_checked(usize::from(*length) * size)?;
        rest = tail;
        Some(batch)
    };
    lengths.iter().map(take).collect()
}

/// Index and status of each of `events` that a batch of a write refused, by the batch's results.
///
/// Errors: `None` if the results are not those of so many events.
pub fn refusals(operation: Operation, events: usize, results: &[u8]) -> Option<Vec<(u32, u32)>> {
    let number = |bytes: &[u8]| bytes.first_chunk().copied().map(u32::from_le_bytes);
    if !operation.kind.is_write() || !results.len().is_multiple_of(operation.result_size()) {
        return None;
    }
    let results = results.chunks_exact(operation.result_size());
    if operation.encoding != Encoding::Batched {
        let refused: Option<Vec<(u32, u32)>> =
            results.map(|result| Some((number(result)?, number(&result[4..])?))).collect();
        return refused.filter(|refused| {
            let is_event =
                |(index, _): &(u32, u32)| usize::try_from(*index).is_ok_and(|index| index < events);
            refused.iter().all(is_event) && refused.is_sorted_by(|one, next| one.0 < next.0)
        });
    }
    let is_whole = results.len() == events;
    let refused = (0..).zip(results).filter(|(_, outcome)| status(outcome) != CREATED);
    is_whole.then(|| refused.map(|(index, outcome)| (index, status(outcome))).collect())
}
