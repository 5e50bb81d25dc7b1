//! Requests to the ledger out of arbitrary bytes: mostly close enough to good ones to be judged on their merits.

use arbitrary::{Result, Unstructured};
use ledger_core::{Account, AccountFlags, EVENT_BYTES, Operation, Transfer, TransferFlags};

use crate::bank_script;

/// The most events in a request; chains and doubles need few.
const EVENTS_MAX: u8 = 12;
const SECOND: u64 = 1_000_000_000;

/// One request, with its stamp.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) operation: Operation,
    pub(crate) timestamp: u64,
    pub(crate) body: Vec<u8>,
}

/// A request to a ledger whose clock is at `clock`.
pub(crate) fn request(u: &mut Unstructured<'_>, clock: u64) -> Result<Request> {
    let (operation, body) = match u.int_in_range(0..=23_u8)? {
        16..=23 => bank_script::operation(u, clock)?,
        0 => (Operation::Pulse, Vec::new()),
        1..=3 => (Operation::CreateAccounts, events(u, |u| Ok(account(u, clock)?.as_bytes().to_vec()))?),
        4 => {
            let operation =
                *u.choose(&[Operation::CreateAccounts, Operation::CreateTransfers, Operation::Pulse])?;
            let length = u.int_in_range(0..=3 * EVENT_BYTES)?.min(u.len());
            (operation, u.bytes(length)?.to_vec())
        }
        _ => (Operation::CreateTransfers, events(u, |u| Ok(transfer(u, clock)?.as_bytes().to_vec()))?),
    };
    let count = (body.len() / operation.event_bytes()) as u64;
    let timestamp = match u.int_in_range(0..=9_u8)? {
        0 => u.arbitrary()?,
        1 => clock,
        2 => clock.saturating_add(count),
        3 | 4 => clock.saturating_add(u.int_in_range(1..=4)? * SECOND),
        _ => clock.saturating_add(count + u.int_in_range(0..=40_u64)?),
    };
    Ok(Request { operation, timestamp, body })
}

pub(crate) fn events(
    u: &mut Unstructured<'_>,
    event: impl Fn(&mut Unstructured<'_>) -> Result<Vec<u8>>,
) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    for _ in 0..u.int_in_range(1..=EVENTS_MAX)? {
        body.extend_from_slice(&event(u)?);
    }
    Ok(body)
}

fn account(u: &mut Unstructured<'_>, clock: u64) -> Result<Account> {
    let flags = match u.int_in_range(0..=7_u8)? {
        0 => AccountFlags(u.arbitrary()?),
        1 => AccountFlags::IMPORTED,
        _ => AccountFlags(u.arbitrary::<u16>()? & 0b1111),
    };
    Ok(Account {
        id: id(u, 8)?,
        ledger: rarely(u, 1, |u| u.int_in_range(0..=2))?,
        code: rarely(u, 1, |u| u.int_in_range(0..=2))?,
        flags,
        user_data_32: u.int_in_range(0..=1)?,
        debits_posted: rarely(u, 0, |u| u.arbitrary())?,
        reserved: rarely(u, 0, |u| u.arbitrary())?,
        timestamp: imported_at(u, flags.contains(AccountFlags::IMPORTED), clock)?,
        ..Account::default()
    })
}

pub(crate) fn transfer(u: &mut Unstructured<'_>, clock: u64) -> Result<Transfer> {
    let flags = match u.int_in_range(0..=9_u8)? {
        0 => TransferFlags(u.arbitrary()?),
        1 => TransferFlags::IMPORTED,
        2 => TransferFlags::LINKED,
        3 => TransferFlags::PENDING,
        4 => TransferFlags::POST_PENDING_TRANSFER,
        5 => TransferFlags::VOID_PENDING_TRANSFER,
        6 => TransferFlags(1 << u.int_in_range(0..=8)? | 1 << u.int_in_range(0..=8)?),
        _ => TransferFlags::NONE,
    };
    let resolves =
        flags.intersects(TransferFlags::POST_PENDING_TRANSFER | TransferFlags::VOID_PENDING_TRANSFER);
    let pending_id = if resolves { id(u, 32)? } else { rarely(u, 0, |u| id(u, 32))? };
    Ok(Transfer {
        id: id(u, 32)?,
        debit_account_id: if resolves { rarely(u, 0, |u| id(u, 8))? } else { id(u, 8)? },
        credit_account_id: if resolves { rarely(u, 0, |u| id(u, 8))? } else { id(u, 8)? },
        amount: amount(u)?,
        pending_id,
        user_data_64: u.int_in_range(0..=1)?,
        timeout: if flags.contains(TransferFlags::PENDING) { timeout(u)? } else { rarely(u, 0, timeout)? },
        ledger: if resolves { 0 } else { rarely(u, 1, |u| u.int_in_range(0..=2))? },
        code: if resolves { 0 } else { rarely(u, 1, |u| u.int_in_range(0..=2))? },
        flags,
        timestamp: imported_at(u, flags.contains(TransferFlags::IMPORTED), clock)?,
        ..Transfer::default()
    })
}

/// `usual`, but for one time in eight.
pub(crate) fn rarely<'a, T>(
    u: &mut Unstructured<'a>,
    usual: T,
    other: impl FnOnce(&mut Unstructured<'a>) -> Result<T>,
) -> Result<T> {
    if u.int_in_range(0..=7_u8)? == 7 { other(u) } else { Ok(usual) }
}

/// One of the few ids that meet each other, or one from the ends of the range.
pub(crate) fn id(u: &mut Unstructured<'_>, few: u8) -> Result<u128> {
    match u.arbitrary::<u8>()? {
        255 => Ok(u128::MAX),
        254 => Ok(0),
        253 => Ok(u128::MAX - 1),
        byte => Ok(u128::from(byte % few) + 1),
    }
}

fn amount(u: &mut Unstructured<'_>) -> Result<u128> {
    match u.int_in_range(0..=9_u8)? {
        0 => Ok(u128::MAX),
        1 => Ok(u128::MAX / 2),
        2 => u.arbitrary(),
        _ => u.int_in_range(0..=20),
    }
}

fn timeout(u: &mut Unstructured<'_>) -> Result<u32> {
    Ok(if u.int_in_range(0..=15_u8)? == 15 { u32::MAX } else { u.int_in_range(0..=3)? })
}

fn imported_at(u: &mut Unstructured<'_>, is_imported: bool, clock: u64) -> Result<u64> {
    match u.int_in_range(0..=7_u8)? {
        0 => u.arbitrary(),
        _ if is_imported => Ok(clock.saturating_sub(u.int_in_range(0..=20_u64)?)),
        _ => Ok(0),
    }
}
