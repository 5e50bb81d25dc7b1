//! The whole ledger as bytes, and back.
//!
//! Format 4, little-endian, nothing between the parts: header | accounts (128 bytes each) | numbers of the accounts
//! changed since the last checkpoint (4) | cold segments (40) | states of all transfers (1) | transfers in no segment (88) |
//! timers (12: due time, number) | expired transfers (24) | marks of histories (144) | failed ids (16) | the bank's part |
//! imports of accounts and of transfers (16 each). The checksum is
//! the CRC-32C of all that follows the header. Lists and indexes are built again.

use std::convert::Infallible;
use std::ops::Range;
use std::sync::Arc;

use stdx::{Digest, crc32c, crc32c_append};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::accounts::sum3;
use crate::apply::TIMESTAMP_MAX;
use crate::bank::PIECE_BYTES;
use crate::bulk::{Both, in_turn};
use crate::cold::{Cold, ColdOptions, ColdSegment, ColdStore};
use crate::expiry::Expiry;
use crate::history::Mark;
use crate::id_index::IdHash;
use crate::imports::Import;
use crate::rows::{FrozenRows, ROW_BYTES};
use crate::state_hash::StateHash;
use crate::transfers::{NONE, TRANSFERS_MAX, TransferState};
use crate::wire::{Account, AccountFlags};
use crate::{Ledger, SnapshotError};

const MAGIC: [u8; 8] = *b"TBLEDGER";
const FORMAT: u32 = 4;

#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
struct Header {
    magic: [u8; 8],
    format: u32,
    checksum: u32,
    clock: u64,
    accounts: u32,
    touched: u32,
    segments: u32,
    transfers: u32,
    unwritten: u32,
    timers: u32,
    expired: u32,
    marks: u32,
    failed: u32,
    /// Pieces of 16 bytes.
    bank: u32,
    account_imports: u32,
    transfer_imports: u32,
    chains: StateHash,
    state_hash: [u8; 32],
}

#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct Timer {
    due: zerocopy::U64<zerocopy::LE>,
    number: zerocopy::U32<zerocopy::LE>,
}

const HEADER_BYTES: usize = size_of::<Header>();
/// Where the header's checksum is.
const CHECKSUM: Range<usize> = 12..16;
const RECORD_BYTES: usize = 128;
const NUMBER_BYTES: usize = 4;
pub(crate) const SEGMENT_BYTES: usize = size_of::<ColdSegment>();
const TIMER_BYTES: usize = size_of::<Timer>();
const EXPIRY_BYTES: usize = size_of::<Expiry>();
const MARK_BYTES: usize = size_of::<Mark>();
const ID_BYTES: usize = 16;
const IMPORT_BYTES: usize = size_of::<Import>();

/// A count for the header. Everything counted here is numbered with 32 bits.
fn count(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

/// A ledger as it was: what it does afterwards does not change it.
pub struct FrozenLedger {
    /// What comes before the transfers that are in no segment.
    before: Vec<u8>,
    transfers: FrozenRows,
    after: Vec<u8>,
}

impl FrozenLedger {
    /// How many bytes [`write`](Self::write) gives.
    pub fn bytes(&self) -> usize {
        self.before.len() + self.transfers.len() * ROW_BYTES + self.after.len()
    }

    /// Gives the snapshot's bytes to `write`, piece by piece.
    pub fn write<E>(mut self, mut write: impl FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
        let parts = |transfers: &FrozenRows, write: &mut dyn FnMut(&[u8]) -> Result<(), E>| {
            transfers.rows().try_for_each(|rows| write(rows.as_bytes()))?;
            write(&self.after)
        };
        let mut checksum = crc32c(&self.before[HEADER_BYTES..]);
        parts(&self.transfers, &mut |part| {
            checksum = crc32c_append(checksum, part);
            Ok(())
        })?;
        self.before[CHECKSUM].copy_from_slice(&checksum.to_le_bytes());
        write(&self.before)?;
        parts(&self.transfers, &mut write)
    }
}

impl Ledger {
    /// Appends the ledger to `out`; segments in the cold store are named, not copied. Cost: a copy of the ledger's
    /// memory without its indexes and without what is in segments.
    pub fn snapshot(&self, out: &mut Vec<u8>) {
        let append = |part: &[u8]| {
            out.extend_from_slice(part);
            Ok::<(), Infallible>(())
        };
        let Ok(()) = self.freeze().write(append);
    }

    /// The ledger as it is now, to be written at leisure, by another thread if you like. Cost: a copy of the ledger's memory
    /// without its indexes and without transfers.
    pub fn freeze(&self) -> FrozenLedger {
        let (transfers, rows) = (&self.transfers, &self.transfers.rows);
        let counts = self.counts();
        let mut bank = Vec::new();
        self.write_bank(&mut bank);
        let header = Header {
            magic: MAGIC,
            format: FORMAT,
            checksum: 0,
            clock: self.clock,
            accounts: counts.accounts,
            touched: count(self.accounts.touched().len()),
            segments: count(rows.cold.segments().len()),
            transfers: counts.transfers,
            unwritten: rows.len() - rows.cold.rows(),
            timers: count(transfers.expiries.armed()),
            expired: count(transfers.expiries.expired().len()),
            marks: self.history.marks().len(),
            failed: counts.failed,
            bank: count(bank.len() / PIECE_BYTES),
            account_imports: count(self.imports[0].all().len()),
            transfer_imports: count(self.imports[1].all().len()),
            chains: self.state_hash,
            state_hash: self.state_hash().0,
        };
        let (mut before, mut after) = (header.as_bytes().to_vec(), Vec::new());
        self.accounts.records().for_each(|account| before.extend_from_slice(account.as_bytes()));
        before.extend_from_slice(self.accounts.touched().as_bytes());
        before.extend_from_slice(rows.cold.segments().as_bytes());
        before.extend(transfers.states().iter().map(|state| *state as u8));
        for (due, number) in transfers.expiries.timers() {
            after.extend_from_slice(Timer { due: due.into(), number: number.into() }.as_bytes());
        }
        after.extend_from_slice(transfers.expiries.expired().as_bytes());
        self.history.marks().iter().for_each(|mark| after.extend_from_slice(mark.as_bytes()));
        after.extend_from_slice(transfers.failed().as_bytes());
        after.extend_from_slice(&bank);
        self.imports.iter().for_each(|imports| after.extend_from_slice(imports.all().as_bytes()));
        FrozenLedger { before, transfers: rows.freeze(), after }
    }

    /// Reads what [`snapshot`](Self::snapshot) wrote by a ledger without cold transfers, and checks that the records
    /// agree with each other and with the state hash. Any bytes are welcome: what is not a snapshot is an error.
    ///
    /// Errors: all of [`SnapshotError`].
    pub fn restore(bytes: &[u8]) -> Result<Self, SnapshotError> {
        Self::restored(bytes, Cold::new(None, ColdOptions::DEFAULT), &in_turn)
    }

    /// Reads what [`snapshot`](Self::snapshot) wrote, with the cold transfers in `store`. Their content is not read,
    /// only what the indexes need; see [`verify_cold_segments`](Self::verify_cold_segments). What has nothing to do with each
    /// other is given to `both`.
    ///
    /// Errors: all of [`SnapshotError`].
    pub fn restore_with_cold_store(
        bytes: &[u8],
        store: Arc<dyn ColdStore>,
        options: ColdOptions,
        both: &Both,
    ) -> Result<Self, SnapshotError> {
        Self::restored(bytes, Cold::new(Some(store), options), both)
    }

    fn restored(bytes: &[u8], cold: Cold, both: &Both) -> Result<Self, SnapshotError> {
        let (header, parts) = split(bytes)?;
        let mut ledger = Self::with(cold);
        ledger.clock = header.clock;
        ledger.state_hash = header.chains;
        ensure(header.clock <= TIMESTAMP_MAX, "the clock is out of range")?;
        ledger.accounts.expect(parts.accounts.len() / RECORD_BYTES);
        ledger.restore_accounts(parts.accounts)?;
        ledger.restore_bank(parts.bank, header.transfers)?;
        ledger.restore_touched(parts.touched)?;
        ledger.transfers.expect(parts.states.len() + parts.failed.len() / ID_BYTES);
        ledger.restore_transfers(parts.segments, parts.unwritten, parts.states, both)?;
        ledger.restore_timers(parts.timers)?;
        ledger.restore_expired(parts.expired)?;
        ledger.restore_marks(parts.marks)?;
        ledger.restore_failed(parts.failed)?;
        ledger.restore_imports(parts.account_imports, parts.transfer_imports)?;
        // Cold rows are not read now; what they moved is in the accounts' sums, which the digest covers.
        let balances = match ledger.cold_segments() {
            [] => ledger.check_invariants(),
            _ => ledger.check_ledgers(),
        };
        ensure(balances.is_ok(), "the books do not balance")?;
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
            let is_whole = account.reserved == 0
                && account.ledger != 0
                && account.code != 0
                && sum3(account.debits_pending, account.debits_posted, 0).is_some()
                && sum3(account.credits_pending, account.credits_posted, 0).is_some();
            ensure(is_whole, "a field of an account")?;
            ensure(last < account.timestamp && account.timestamp <= self.clock, "the time of an account")?;
            last = account.timestamp;
            self.accounts.push(&account);
        }
        Ok(())
    }

    fn restore_touched(&mut self, numbers: &[u8]) -> Result<(), SnapshotError> {
        self.accounts.clear_touched();
        let most = self.accounts.len().saturating_add(crate::EVENTS_MAX);
        for number in numbers.chunks_exact(NUMBER_BYTES).filter_map(|bytes| u32::read_from_bytes(bytes).ok())
        {
            // An account that was undone may be listed and not be there.
            ensure(number < most, "a changed account")?;
            self.accounts.touch(number);
        }
        ensure(self.accounts.touched().len() == numbers.len() / NUMBER_BYTES, "a changed account")
    }

    fn restore_timers(&mut self, timers: &[u8]) -> Result<(), SnapshotError> {
        let first_hot = self.transfers.rows.first_hot();
        for timer in timers.chunks_exact(TIMER_BYTES).filter_map(|bytes| Timer::read_from_bytes(bytes).ok()) {
            let (due, number) = (timer.due.get(), timer.number.get());
            let is_pending = number < self.transfers.len()
                && self.transfers.state(number) == TransferState::Pending
                && (number < first_hot || self.transfers.rows.get(number).due() == Some(due));
            ensure(is_pending, "a timer")?;
            self.transfers.expiries.arm(due, number);
        }
        ensure(self.transfers.expiries.armed() == timers.len() / TIMER_BYTES, "a timer")
    }

    fn restore_expired(&mut self, records: &[u8]) -> Result<(), SnapshotError> {
        let mut last = Expiry { transfer: NONE, transfers: 0, timestamp: 0, debit: 0, credit: 0 };
        let first_hot = self.transfers.rows.first_hot();
        let records = records.chunks_exact(EXPIRY_BYTES);
        for expiry in records.filter_map(|bytes| Expiry::read_from_bytes(bytes).ok()) {
            let is_expired = expiry.transfer < self.transfers.len()
                && self.transfers.state(expiry.transfer) == TransferState::Expired;
            let is_later = last.timestamp < expiry.timestamp && expiry.timestamp <= self.clock;
            let is_between = expiry.transfer < expiry.transfers
                && last.transfers <= expiry.transfers
                && expiry.transfers <= self.transfers.len();
            ensure(is_expired && is_later && is_between, "an expired transfer")?;
            let accounts = self.accounts.len();
            let is_own = expiry.transfer < first_hot || {
                let row = self.transfers.rows.get(expiry.transfer);
                row.debit == expiry.debit && row.credit == expiry.credit
            };
            ensure(is_own && expiry.debit < accounts && expiry.credit < accounts, "an expired transfer")?;
            self.transfers.expiries.push(expiry);
            self.history.link_expiry(&expiry);
            last = expiry;
        }
        Ok(())
    }

    fn restore_marks(&mut self, records: &[u8]) -> Result<(), SnapshotError> {
        let (transfers, accounts) = (self.transfers.len(), self.accounts.len());
        let records = records.chunks_exact(MARK_BYTES);
        for mark in records.filter_map(|bytes| Mark::read_from_bytes(bytes).ok()) {
            ensure(self.history.restore_mark(&mark, transfers, accounts), "a mark of a history")?;
        }
        Ok(())
    }

    fn restore_failed(&mut self, ids: &[u8]) -> Result<(), SnapshotError> {
        for id in ids.chunks_exact(ID_BYTES).filter_map(|bytes| u128::read_from_bytes(bytes).ok()) {
            let hash = IdHash::of(id);
            ensure(is_id(id) && self.transfers.known(hash, id).is_none(), "a failed id")?;
            self.transfers.fail(hash, id);
        }
        Ok(())
    }

    fn restore_imports(&mut self, accounts: &[u8], transfers: &[u8]) -> Result<(), SnapshotError> {
        let clock = self.clock;
        let records = [self.accounts.len(), self.transfers.len()];
        for ((imports, records), bytes) in self.imports.iter_mut().zip(records).zip([accounts, transfers]) {
            let read =
                bytes.chunks_exact(IMPORT_BYTES).filter_map(|bytes| Import::read_from_bytes(bytes).ok());
            for import in read {
                ensure(imports.restore(import, records, clock), "a request that imported")?;
            }
        }
        Ok(())
    }
}

/// The parts of a snapshot, each of the length its header says.
struct Parts<'a> {
    accounts: &'a [u8],
    touched: &'a [u8],
    segments: &'a [u8],
    states: &'a [u8],
    unwritten: &'a [u8],
    timers: &'a [u8],
    expired: &'a [u8],
    marks: &'a [u8],
    failed: &'a [u8],
    bank: &'a [u8],
    account_imports: &'a [u8],
    transfer_imports: &'a [u8],
}

impl Header {
    /// The length of every part, in their order.
    fn lengths(&self) -> [u64; 12] {
        let part = |count: u32, size: usize| u64::from(count) * size as u64;
        [
            part(self.accounts, RECORD_BYTES),
            part(self.touched, NUMBER_BYTES),
            part(self.segments, SEGMENT_BYTES),
            part(self.transfers, 1),
            part(self.unwritten, ROW_BYTES),
            part(self.timers, TIMER_BYTES),
            part(self.expired, EXPIRY_BYTES),
            part(self.marks, MARK_BYTES),
            part(self.failed, ID_BYTES),
            part(self.bank, PIECE_BYTES),
            part(self.account_imports, IMPORT_BYTES),
            part(self.transfer_imports, IMPORT_BYTES),
        ]
    }

    /// The length of the whole snapshot. Counts have 32 bits, so the sum fits.
    fn bytes(&self) -> u64 {
        HEADER_BYTES as u64 + self.lengths().iter().sum::<u64>()
    }
}

fn split(bytes: &[u8]) -> Result<(Header, Parts<'_>), SnapshotError> {
    if !bytes.starts_with(&MAGIC) {
        return Err(SnapshotError::NotASnapshot);
    }
    let actual = bytes.len() as u64;
    let Ok((header, mut rest)) = Header::read_from_prefix(bytes) else {
        return Err(SnapshotError::Length { expected: HEADER_BYTES as u64, actual });
    };
    if header.format > FORMAT {
        return Err(SnapshotError::NewerFormat { version: header.format });
    }
    // An older format is read by rebuilding from the journal.
    ensure(header.format == FORMAT, "the header")?;
    if header.bytes() != actual {
        return Err(SnapshotError::Length { expected: header.bytes(), actual });
    }
    ensure(header.checksum == crc32c(rest), "its checksum and its content")?;
    let is_numbered =
        [header.accounts, header.transfers, header.failed].iter().all(|count| *count <= TRANSFERS_MAX);
    ensure(is_numbered && header.unwritten <= header.transfers, "the counts of the header")?;
    let [
        accounts,
        touched,
        segments,
        states,
        unwritten,
        timers,
        expired,
        marks,
        failed,
        bank,
        account_imports,
        transfer_imports,
    ] = header.lengths().map(|length| {
        // The whole length was compared, so every part is there.
        let (part, tail) = rest.split_at(usize::try_from(length).unwrap_or(usize::MAX));
        rest = tail;
        part
    });
    Ok((
        header,
        Parts {
            accounts,
            touched,
            segments,
            states,
            unwritten,
            timers,
            expired,
            marks,
            failed,
            bank,
            account_imports,
            transfer_imports,
        },
    ))
}

pub(crate) fn is_id(id: u128) -> bool {
    id != 0 && id != u128::MAX
}

pub(crate) fn ensure(holds: bool, what: &'static str) -> Result<(), SnapshotError> {
    if holds { Ok(()) } else { Err(SnapshotError::Inconsistent { what }) }
}
