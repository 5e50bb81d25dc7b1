//! The whole ledger as bytes, and back.
//!
//! Format 2, little-endian, nothing between the parts: header | accounts (128 bytes each) | transfers (128) |
//! expired transfers (16: number, how many transfers there were, when) | failed ids (16). Statement links, states, timers and indexes follow
//! from these and are built again.

use stdx::Digest;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use crate::apply::TIMESTAMP_MAX;
use crate::expiry::Expiry;
use crate::transfers::{Entry, NONE, TRANSFERS_MAX, TransferState, due, first_state};
use crate::wire::{Account, AccountFlags, Transfer, TransferFlags};
use crate::{Ledger, SnapshotError};

const MAGIC: [u8; 8] = *b"TBLEDGER";
const FORMAT: u32 = 2;

#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
struct Header {
    magic: [u8; 8],
    format: u32,
    accounts: u32,
    transfers: u32,
    expired: u32,
    failed: u32,
    reserved: u32,
    clock: u64,
    state_hash: [u8; 32],
}

const HEADER_BYTES: usize = size_of::<Header>();
const RECORD_BYTES: usize = 128;
const EXPIRY_BYTES: usize = size_of::<Expiry>();
const ID_BYTES: usize = 16;

impl Ledger {
    /// Appends the whole ledger to `out`. Cost: a copy of the whole ledger, and a [state
    /// hash](Self::state_hash).
    pub fn snapshot(&self, out: &mut Vec<u8>) {
        let state_hash = self.current_state_hash();
        let counts = self.counts();
        let header = Header {
            magic: MAGIC,
            format: FORMAT,
            accounts: counts.accounts,
            transfers: counts.transfers,
            // Every expired transfer is a transfer, so the number fits.
            expired: u32::try_from(self.transfers.expiries.expired().len()).unwrap_or(NONE),
            failed: counts.failed,
            reserved: 0,
            clock: self.clock,
            state_hash: state_hash.0,
        };
        out.reserve(usize::try_from(header.bytes()).unwrap_or(0));
        out.extend_from_slice(header.as_bytes());
        self.accounts.rows().iter().for_each(|account| out.extend_from_slice(account.as_bytes()));
        self.transfers.entries().iter().for_each(|entry| out.extend_from_slice(entry.transfer.as_bytes()));
        out.extend_from_slice(self.transfers.expiries.expired().as_bytes());
        out.extend_from_slice(self.transfers.failed().as_bytes());
    }

    /// Reads what [`snapshot`](Self::snapshot) wrote, and checks that the records agree with each other and
    /// with the state hash. Any bytes are welcome: what is not a snapshot is an error.
    ///
    /// Errors: all of [`SnapshotError`].
    pub fn restore(bytes: &[u8]) -> Result<Self, SnapshotError> {
        let (header, parts) = split(bytes)?;
        let mut ledger = Self::new();
        ledger.clock = header.clock;
        ensure(header.clock <= TIMESTAMP_MAX, "the clock is out of range")?;
        ledger.restore_accounts(parts.accounts)?;
        ledger.restore_transfers(parts.transfers)?;
        ledger.restore_expired(parts.expired)?;
        ledger.restore_failed(parts.failed)?;
        ensure(ledger.check_invariants().is_ok(), "the books do not balance")?;
        ledger.rebuild_history();
        if ledger.state_hash() == Digest(header.state_hash) {
            Ok(ledger)
        } else {
            Err(SnapshotError::StateHash)
        }
    }

    fn restore_accounts(&mut self, records: &[u8]) -> Result<(), SnapshotError> {
        let mut last = 0;
        for account in records.chunks_exact(RECORD_BYTES).filter_map(Account::from_bytes) {
            ensure(is_id(account.id) && self.accounts.find(account.id).is_none(), "an account id")?;
            let is_allowed = AccountFlags::SUPPORTED.contains(account.flags)
                && !account.flags.contains(AccountFlags::BOTH_LIMITS);
            ensure(is_allowed, "the flags of an account")?;
            let is_whole = account.reserved == 0 && account.ledger != 0 && account.code != 0;
            ensure(is_whole, "a field of an account")?;
            ensure(last < account.timestamp && account.timestamp <= self.clock, "the time of an account")?;
            last = account.timestamp;
            self.accounts.push(account);
        }
        Ok(())
    }

    fn restore_transfers(&mut self, records: &[u8]) -> Result<(), SnapshotError> {
        let mut last = 0;
        for transfer in records.chunks_exact(RECORD_BYTES).filter_map(Transfer::from_bytes) {
            ensure(is_id(transfer.id) && self.transfers.known(transfer.id).is_none(), "a transfer id")?;
            ensure(last < transfer.timestamp && transfer.timestamp <= self.clock, "the time of a transfer")?;
            last = transfer.timestamp;
            let entry = self.restored_entry(transfer)?;
            let number = self.transfers.len();
            self.accounts.set_newest(entry.debit, number);
            self.accounts.set_newest(entry.credit, number);
            self.transfers.push(entry);
        }
        Ok(())
    }

    fn restored_entry(&self, transfer: Transfer) -> Result<Entry, SnapshotError> {
        ensure(TransferFlags::SUPPORTED.contains(transfer.flags), "the flags of a transfer")?;
        let state = first_state(&transfer);
        let debit = self.accounts.find(transfer.debit_account_id);
        let credit = self.accounts.find(transfer.credit_account_id);
        let (Some(debit), Some(credit)) = (debit, credit) else {
            return Err(SnapshotError::Inconsistent { what: "an account of a transfer" });
        };
        let ledger = self.accounts.get(debit).ledger;
        let is_whole = debit != credit
            && ledger == transfer.ledger
            && ledger == self.accounts.get(credit).ledger
            && transfer.code != 0;
        ensure(is_whole, "a field of a transfer")?;
        ensure(due(&transfer).is_none_or(|due| due <= TIMESTAMP_MAX), "the timeout of a transfer")?;
        ensure(transfer.timeout == 0 || state == TransferState::Pending, "the timeout of a transfer")?;
        Ok(Entry {
            transfer,
            debit,
            credit,
            previous_of_debit: self.accounts.newest(debit),
            previous_of_credit: self.accounts.newest(credit),
            pending: self.restored_pending(&transfer)?,
            state,
        })
    }

    /// The pending transfer that `transfer` resolves, or [`NONE`].
    fn restored_pending(&self, transfer: &Transfer) -> Result<u32, SnapshotError> {
        let post = transfer.flags.contains(TransferFlags::POST_PENDING_TRANSFER);
        let void = transfer.flags.contains(TransferFlags::VOID_PENDING_TRANSFER);
        let pending = transfer.flags.contains(TransferFlags::PENDING);
        let closing = transfer.flags.intersects(TransferFlags::CLOSING);
        let balancing = transfer.flags.intersects(TransferFlags::BALANCING);
        let is_one = u8::from(post) + u8::from(void) + u8::from(pending) <= 1;
        let fits = (!closing || pending) && !(balancing && (post || void));
        ensure(is_one && fits, "the flags of a transfer")?;
        if !post && !void {
            return ensure(transfer.pending_id == 0, "the pending id of a transfer").map(|()| NONE);
        }
        let Some(number) = self.transfers.find(transfer.pending_id) else {
            return Err(SnapshotError::Inconsistent { what: "the pending id of a transfer" });
        };
        let entry = self.transfers.get(number);
        let fits = entry.state == TransferState::Pending
            && entry.transfer.debit_account_id == transfer.debit_account_id
            && entry.transfer.credit_account_id == transfer.credit_account_id
            && transfer.amount <= entry.transfer.amount
            && (void || !entry.transfer.flags.intersects(TransferFlags::CLOSING));
        ensure(fits, "a posting or voiding transfer").map(|()| number)
    }

    fn restore_expired(&mut self, records: &[u8]) -> Result<(), SnapshotError> {
        let mut last = Expiry { transfer: NONE, transfers: 0, timestamp: 0 };
        for expiry in
            records.chunks_exact(EXPIRY_BYTES).filter_map(|bytes| Expiry::read_from_bytes(bytes).ok())
        {
            let is_next = self.transfers.expiries.next_transfer() == Some(expiry.transfer);
            let is_due = self.transfers.expiries.next().is_some_and(|due| due <= expiry.timestamp);
            let is_later = last.timestamp < expiry.timestamp && expiry.timestamp <= self.clock;
            let is_between = expiry.transfer < expiry.transfers
                && last.transfers <= expiry.transfers
                && expiry.transfers <= self.transfers.len();
            ensure(is_next && is_due && is_later && is_between, "an expired transfer")?;
            self.transfers.expire_next_after(expiry.timestamp, expiry.transfers);
            last = expiry;
        }
        Ok(())
    }

    fn restore_failed(&mut self, ids: &[u8]) -> Result<(), SnapshotError> {
        for id in ids.chunks_exact(ID_BYTES).filter_map(|bytes| u128::read_from_bytes(bytes).ok()) {
            ensure(is_id(id) && self.transfers.known(id).is_none(), "a failed id")?;
            self.transfers.fail(id);
        }
        Ok(())
    }
}

/// The parts of a snapshot, each of the length its header says.
struct Parts<'a> {
    accounts: &'a [u8],
    transfers: &'a [u8],
    expired: &'a [u8],
    failed: &'a [u8],
}

impl Header {
    /// The length of the whole snapshot. Counts have 32 bits, so the sum fits.
    fn bytes(&self) -> u64 {
        let part = |count: u32, size: usize| u64::from(count) * size as u64;
        HEADER_BYTES as u64
            + part(self.accounts, RECORD_BYTES)
            + part(self.transfers, RECORD_BYTES)
            + part(self.expired, EXPIRY_BYTES)
            + part(self.failed, ID_BYTES)
    }
}

fn split(bytes: &[u8]) -> Result<(Header, Parts<'_>), SnapshotError> {
    if !bytes.starts_with(&MAGIC) {
        return Err(SnapshotError::NotASnapshot);
    }
    let actual = bytes.len() as u64;
    let Ok((header, rest)) = Header::read_from_prefix(bytes) else {
        return Err(SnapshotError::Length { expected: HEADER_BYTES as u64, actual });
    };
    if header.format > FORMAT {
        return Err(SnapshotError::NewerFormat { version: header.format });
    }
    ensure(header.format == FORMAT && header.reserved == 0, "the header")?;
    if header.bytes() != actual {
        return Err(SnapshotError::Length { expected: header.bytes(), actual });
    }
    let is_numbered =
        [header.accounts, header.transfers, header.failed].iter().all(|count| *count <= TRANSFERS_MAX);
    ensure(is_numbered, "the counts of the header")?;
    // The whole length was compared, so every part is there.
    let (accounts, rest) = rest.split_at(header.accounts as usize * RECORD_BYTES);
    let (transfers, rest) = rest.split_at(header.transfers as usize * RECORD_BYTES);
    let (expired, failed) = rest.split_at(header.expired as usize * EXPIRY_BYTES);
    Ok((header, Parts { accounts, transfers, expired, failed }))
}

fn is_id(id: u128) -> bool {
    id != 0 && id != u128::MAX
}

fn ensure(holds: bool, what: &'static str) -> Result<(), SnapshotError> {
    if holds { Ok(()) } else { Err(SnapshotError::Inconsistent { what }) }
}
