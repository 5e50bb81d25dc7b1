//! Snapshots and cold segments: damaged ones are refused, and what is taken behaves like a ledger.

use arbitrary::{Result, Unstructured};
use ids::Timestamp;
use ledger_core::{Ledger, Operation, QueryFilter, QueryOperation};
use stdx::crc32c;

use crate::assert_told;
use crate::base::{COLD, LARGE, SMALL, Saved, Shelf};
use crate::mutation::mutate;
use crate::script::request;

/// Where a snapshot keeps the checksum of what follows its header.
const CHECKSUM_AT: usize = 12;
/// The length of a snapshot's header.
const HEADER_BYTES: usize = 160;

/// Restores from `bytes`, or from good snapshots and segments that `bytes` damage. Returns whether a ledger came of it.
///
/// # Panics
/// If something does not hold.
pub fn run(bytes: &[u8]) -> bool {
    let mut u = Unstructured::new(bytes);
    storage(&mut u).unwrap_or_default()
}

fn storage(u: &mut Unstructured<'_>) -> Result<bool> {
    // The large books take a hundred times as long as the small ones.
    match u.int_in_range(0..=31_u8)? {
        0 => {
            let mut snapshot = u.bytes(u.len())?.to_vec();
            let taken = restore(&snapshot, &SMALL).is_some();
            put_right(&mut snapshot);
            Ok(restore(&snapshot, &SMALL).is_some() || taken)
        }
        1..=7 => damaged_snapshot(u, &SMALL),
        8..=29 => forged_snapshot(u, &SMALL),
        30 => forged_snapshot(u, &LARGE),
        _ => damaged_segment(u),
    }
}

/// Damage is seen, whatever it hits.
fn damaged_snapshot(u: &mut Unstructured<'_>, saved: &Saved) -> Result<bool> {
    let mut snapshot = saved.snapshot.clone();
    mutate(u, &mut snapshot)?;
    let ledger = restore(&snapshot, saved);
    assert_eq!(ledger.is_some(), snapshot == saved.snapshot, "a damaged snapshot is not restored");
    Ok(ledger.is_some())
}

/// Damage with a checksum that says all is well may pass, but only as books that are in
/// order as far as restoring reads them.
fn forged_snapshot(u: &mut Unstructured<'_>, saved: &Saved) -> Result<bool> {
    let mut snapshot = saved.snapshot.clone();
    mutate(u, &mut snapshot)?;
    put_right(&mut snapshot);
    let Some(mut ledger) = restore(&snapshot, saved) else { return Ok(false) };
    let mut again = Vec::new();
    ledger.snapshot(&mut again);
    // Restoring does not read cold transfers, so it cannot compare them with the accounts' sums and the timers: only the
    // digests that a shard keeps beside a snapshot can. Such books are used only if they are in order; else they say so.
    let in_order = ledger.check_invariants();
    if saved.segments.is_empty() {
        assert_eq!(in_order, Ok(()), "restored books are in order");
        assert_eq!(snapshot, again, "a restored ledger saves what it was restored from");
    }
    if in_order.is_ok() {
        use_it(u, &mut ledger)?;
    }
    Ok(true)
}

/// A cold segment is compared with what was written: on restoring what the indexes need, on verifying all of it.
fn damaged_segment(u: &mut Unstructured<'_>) -> Result<bool> {
    let mut segments = LARGE.segments.clone();
    let which = u.int_in_range(0..=segments.len() - 1)?;
    let segment = segments.values_mut().nth(which).expect("an index within the length");
    mutate(u, segment)?;
    let is_whole = segments == LARGE.segments;
    match Ledger::restore_with_cold_store(&LARGE.snapshot, Shelf::of(segments), COLD, &in_turn) {
        Err(error) => {
            assert_told(&error);
            assert!(!is_whole, "whole segments are taken");
            Ok(false)
        }
        Ok(ledger) => {
            let verified = ledger.verify_cold_segments();
            assert_eq!(verified.is_ok(), is_whole, "a damaged segment is found");
            if let Err(error) = &verified {
                assert_told(error);
            }
            Ok(is_whole)
        }
    }
}

fn restore(snapshot: &[u8], saved: &Saved) -> Option<Ledger> {
    let restored = if saved.segments.is_empty() {
        Ledger::restore(snapshot)
    } else {
        Ledger::restore_with_cold_store(snapshot, Shelf::of(saved.segments.clone()), COLD, &in_turn)
    };
    match restored {
        Ok(ledger) => Some(ledger),
        Err(error) => {
            assert_told(&error);
            None
        }
    }
}

fn in_turn(one: &mut (dyn FnMut() + Send), other: &mut (dyn FnMut() + Send)) {
    one();
    other();
}

/// Makes the checksum say that all is well.
fn put_right(snapshot: &mut [u8]) {
    if let Some((header, rest)) = snapshot.split_at_mut_checked(HEADER_BYTES) {
        header[CHECKSUM_AT..CHECKSUM_AT + 4].copy_from_slice(&crc32c(rest).to_le_bytes());
    }
}

/// Asks and goes on.
fn use_it(u: &mut Unstructured<'_>, ledger: &mut Ledger) -> Result<()> {
    let filter = QueryFilter { limit: u32::MAX, ..QueryFilter::default() };
    let mut out = Vec::new();
    ledger.answer(QueryOperation::QueryTransfers, filter.as_bytes(), &mut out).expect("a good filter");
    for account in ledger.accounts_after(None, usize::MAX) {
        // Sums that do not add up end in an error.
        drop(ledger.account_transfers(account.id, None, usize::MAX));
    }
    for _ in 0..4 {
        let request = request(u, ledger.clock().0)?;
        out.clear();
        if let Err(error) =
            ledger.apply(request.operation, Timestamp(request.timestamp), &request.body, &mut out)
        {
            assert_told(&error);
        }
    }
    // Everything that waits for its time falls due.
    let last = Timestamp(i64::MAX.unsigned_abs());
    out.clear();
    let ended = ledger.apply(Operation::Pulse, last, &[], &mut out);
    assert!(ended.is_ok() || ledger.clock() == last, "{ended:?}");
    Ok(())
}
