//! Applying a request: time, chains and outcomes. What one event may do is in the `*_rules` modules.

use ids::Timestamp;
use zerocopy::FromBytes;

use crate::accounts::Movement;
use crate::ahead::{Ahead, Groups};
use crate::bank::{
    Booking, DayCut, InterestAssignment, InterestRate, InterestRun, InterestRunKind, Particulars, Placement,
    PurposeRule, UnitDeclaration,
};
use crate::id_index::IdHash;
use crate::status::{CreateAccountStatus, CreateTransferStatus};
use crate::transfer_rules::Judged;
use crate::transfers::{TRANSFERS_MAX, first_state};
use crate::wire::{Account, AccountFlags, Outcome, Transfer, TransferFlags};
use crate::{EVENT_BYTES, EVENTS_MAX, Ledger, OUTCOME_BYTES, Operation, RequestError};

/// The latest stamp: TigerBeetle keeps the highest bit of a timestamp for itself.
pub(crate) const TIMESTAMP_MAX: u64 = i64::MAX.unsigned_abs();

impl Ledger {
    /// Applies one request: `body` holds its events, `timestamp` is the stamp of the last one.
    ///
    /// Event `i` of `n` is stamped `timestamp − n + 1 + i`; the first stamp must lie after the request
    /// before. Pending transfers that fall due before the first stamp expire first, each at a moment of its
    /// own between the requests: at most [`EVENTS_MAX`](crate::EVENTS_MAX) of them, and no more than there
    /// are moments; the next request goes on. Appends one 16-byte [`Outcome`] per event to `out` and returns
    /// their number. A refused event changes nothing, and a linked chain is done whole or not at all.
    ///
    /// Errors: those of [`Operation::events`], [`RequestError::TimestampNotAfterLast`],
    /// [`RequestError::TimestampOutOfRange`] and [`RequestError::Full`]; ledger and `out` are then as before.
    ///
    /// Panics if debits and credits ever differ, which no input can bring about: the shard must stop.
    pub fn apply(
        &mut self,
        operation: Operation,
        timestamp: Timestamp,
        body: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<u32, RequestError> {
        let events = operation.events(body)?;
        let first = self.admit(events, timestamp.0)?;
        let expired = self.transfers.expiries.expired().len();
        // A pulse has no event that needs its stamp.
        self.expire(if events == 0 { timestamp.0 } else { first - 1 });
        out.reserve(events as usize * OUTCOME_BYTES);
        let start = out.len();
        let before = [self.accounts.len(), self.transfers.len()];
        match operation {
            Operation::CreateAccounts => self.create::<Account>(first, timestamp.0, body, out),
            Operation::CreateTransfers => self.create::<Transfer>(first, timestamp.0, body, out),
            Operation::CreateBookings => self.create::<Booking>(first, timestamp.0, body, out),
            Operation::DeclareUnits => {
                declare(first, body, out, |unit: UnitDeclaration, _| self.bank.units.declare(&unit) as u32);
            }
            Operation::PlaceAccounts => {
                declare(first, body, out, |placement: Placement, _| self.place(&placement) as u32);
            }
            Operation::SetPurposes => {
                declare(first, body, out, |rule: PurposeRule, _| self.set_purposes(&rule) as u32);
            }
            Operation::CutDay => {
                declare(first, body, out, |cut: DayCut, stamp| self.cut_day(&cut, stamp) as u32);
            }
            Operation::DeclareInterestRates => {
                declare(first, body, out, |rate: InterestRate, _| self.declare_interest(&rate) as u32);
            }
            Operation::AssignInterest => {
                declare(first, body, out, |to: InterestAssignment, _| self.assign_interest(&to) as u32);
            }
            Operation::AccrueInterest => declare(first, body, out, |run: InterestRun, stamp| {
                self.run_interest(&run, InterestRunKind::Accrue, stamp)
            }),
            Operation::CapitaliseInterest => declare(first, body, out, |run: InterestRun, stamp| {
                self.run_interest(&run, InterestRunKind::Capitalise, stamp)
            }),
            Operation::Pulse => {}
        }
        self.clock = timestamp.0;
        self.transfers.rows.mark();
        if is_import(operation, body) {
            let after = [self.accounts.len(), self.transfers.len()];
            for (imports, (first, end)) in self.imports.iter_mut().zip(before.into_iter().zip(after)) {
                imports.note(timestamp.0, first, end);
            }
        }
        self.state_hash.request(self.clock, &self.transfers.expiries.expired()[expired..], &out[start..]);
        assert!(self.accounts.sums().balance(), "LED-INV-1: debits and credits are equal");
        Ok(events)
    }

    /// Checks that `events` can be stamped and numbered, and returns the first stamp.
    fn admit(&self, events: u32, timestamp: u64) -> Result<u64, RequestError> {
        if timestamp > TIMESTAMP_MAX {
            return Err(RequestError::TimestampOutOfRange { timestamp });
        }
        let before_first = timestamp.checked_sub(u64::from(events.max(1)));
        let Some(before_first) = before_first.filter(|before| *before >= self.clock) else {
            return Err(RequestError::TimestampNotAfterLast { timestamp, last: self.clock });
        };
        let accounts = self.accounts.len().checked_add(events);
        if !self.transfers.has_room(events)
            || !self.accounts.has_room(events)
            || accounts.is_none_or(|sum| sum > TRANSFERS_MAX)
        {
            return Err(RequestError::Full);
        }
        Ok(before_first + 1)
    }

    /// Releases pending transfers due at `last` or before, each with a stamp that nothing else has.
    fn expire(&mut self, last: u64) {
        let mut free = self.clock + 1;
        for _ in 0..EVENTS_MAX {
            let Some(stamp) = self.transfers.expiries.next().map(|due| due.max(free)) else { return };
            if stamp > last {
                return;
            }
            let Some(row) = self.transfers.expire_next(stamp) else { return };
            let movement = Movement { release: row.amount.get(), ..Movement::default() };
            self.accounts.do_movement(row.debit.get(), row.credit.get(), movement);
            self.reopen(&row);
            self.remember_expiry();
            free = stamp + 1;
        }
    }

    /// Creates the events of `body`, stamped from `first` to `last`.
    fn create<E: Event>(&mut self, first: u64, last: u64, body: &[u8], out: &mut Vec<u8>) {
        let is_import = imports::<E>(body);
        let mut chain: Option<Chain> = None;
        let mut groups = Groups::default();
        let mut events = body.chunks_exact(E::BYTES).zip(first..).enumerate().peekable();
        while let Some((place, (bytes, stamp))) = events.next() {
            E::look_ahead(self, place, body, &mut groups);
            let Some(event) = E::read(bytes) else { continue };
            let is_open = event.is_linked() && events.peek().is_none();
            if event.is_linked() && chain.is_none() {
                let (records, outcomes) = (E::count(self), out.len());
                chain = Some(Chain { records, outcomes, first: stamp, broken: false });
            }
            let outcome = if is_open {
                Outcome::new(LINKED_EVENT_CHAIN_OPEN, stamp)
            } else if chain.as_ref().is_some_and(|chain| chain.broken) {
                Outcome::new(LINKED_EVENT_FAILED, stamp)
            } else {
                match check_time(&event, is_import, stamp, last) {
                    Ok(timestamp) => E::create(self, event, groups.of(place), timestamp, stamp),
                    Err(status) => Outcome::new(status, stamp),
                }
            };
            if outcome.status != CREATED
                && let Some(chain) = chain.as_mut().filter(|chain| !chain.broken)
            {
                chain.broken = true;
                E::roll_back(self, chain.records);
                for (done, stamp) in out[chain.outcomes..].chunks_exact_mut(OUTCOME_BYTES).zip(chain.first..)
                {
                    done.copy_from_slice(Outcome::new(LINKED_EVENT_FAILED, stamp).as_bytes());
                }
            }
            out.extend_from_slice(outcome.as_bytes());
            if !event.is_linked() || is_open {
                chain = None;
            }
        }
    }

    fn create_account(&mut self, account: Account, stamp: u64) -> Outcome {
        match self.judge_account(&account) {
            Ok(()) => {
                self.accounts.push(&account);
                Outcome::new(CREATED, account.timestamp)
            }
            Err(refusal) => Outcome::new(refusal.status as u32, refusal.existing.unwrap_or(stamp)),
        }
    }

    #[inline]
    fn create_transfer(
        &mut self,
        transfer: &Transfer,
        said: Option<&Particulars>,
        ahead: &Ahead,
        timestamp: u64,
        stamp: u64,
    ) -> Outcome {
        match self.judge_transfer(transfer, said, ahead, timestamp) {
            Ok(judged) => {
                self.enter(judged, ahead.hash);
                Outcome::new(CREATED, timestamp)
            }
            Err(refusal) => {
                if refusal.status.is_transient() {
                    self.transfers.fail(ahead.hash, transfer.id);
                }
                Outcome::new(refusal.status as u32, refusal.existing.unwrap_or(stamp))
            }
        }
    }

    /// Enters a transfer that may be created, with all that it does.
    #[inline]
    pub(crate) fn enter(&mut self, Judged { row, ledger, resolved, note }: Judged, hash: IdHash) {
        let (debit, credit, timestamp) = (row.debit.get(), row.credit.get(), row.timestamp.get());
        let movement = row.movement(resolved);
        self.accounts.do_movement(debit, credit, movement);
        self.do_closing(&row);
        let number = self.transfers.len();
        self.transfers.push(hash, first_state(row.flags()), row, ledger);
        for account in [debit, credit] {
            if self.accounts.list(account, number) {
                self.mark(account, number);
            }
        }
        if let Some(note) = &note {
            self.note(number, note, timestamp);
        }
        if self.accounts.bear_interest(debit, credit) {
            let value_date = note.and_then(|note| note.value_date);
            self.book_interest((debit, credit), movement, value_date, timestamp, false);
        }
    }

    /// Takes back the transfers after the first `len`. Nothing expires inside a request, so newest-first
    /// undoes all.
    fn undo_transfers(&mut self, len: u32) {
        while self.transfers.len() > len {
            let Some(row) = self.transfers.pop() else { return };
            let (debit, credit) = (row.debit.get(), row.credit.get());
            self.history.unmark(self.transfers.len());
            self.undo_notes(&row);
            self.accounts.unlist(credit);
            self.accounts.unlist(debit);
            self.undo_closing(&row);
            self.accounts.undo_movement(debit, credit, self.transfers.movement(&row));
        }
    }
}

/// Whether a request imports: its first event says it for all.
fn is_import(operation: Operation, body: &[u8]) -> bool {
    match operation {
        Operation::CreateAccounts => imports::<Account>(body),
        Operation::CreateTransfers => imports::<Transfer>(body),
        Operation::CreateBookings => imports::<Booking>(body),
        _ => false,
    }
}

fn imports<E: Event>(body: &[u8]) -> bool {
    body.get(..E::BYTES).and_then(E::read).is_some_and(|event| event.is_imported())
}

/// The timestamp an event is created with: its stamp, or its own if it is imported.
///
/// Errors: the status it is refused with, whatever else it contains.
fn check_time<E: Event>(event: &E, is_import: bool, stamp: u64, last: u64) -> Result<u64, u32> {
    let timestamp = event.timestamp();
    if event.is_imported() != is_import {
        return Err(if is_import { E::IMPORTED_EXPECTED } else { E::IMPORTED_NOT_EXPECTED });
    }
    if !is_import {
        return if timestamp == 0 { Ok(stamp) } else { Err(TIMESTAMP_MUST_BE_ZERO) };
    }
    if timestamp == 0 || timestamp > TIMESTAMP_MAX {
        return Err(E::IMPORTED_OUT_OF_RANGE);
    }
    if timestamp >= last { Err(E::IMPORTED_MUST_NOT_ADVANCE) } else { Ok(timestamp) }
}

/// Does one declaration after the other, each at its stamp; `declare` returns the number of its status.
fn declare<R: FromBytes>(first: u64, body: &[u8], out: &mut Vec<u8>, mut declare: impl FnMut(R, u64) -> u32) {
    let records = body.chunks_exact(size_of::<R>()).filter_map(|bytes| R::read_from_bytes(bytes).ok());
    for (record, stamp) in records.zip(first..) {
        out.extend_from_slice(Outcome::new(declare(record, stamp), stamp).as_bytes());
    }
}

/// A chain of linked events that is being applied.
struct Chain {
    /// How many records there were before it.
    records: u32,
    /// Where its outcomes start.
    outcomes: usize,
    /// The stamp of its first event.
    first: u64,
    broken: bool,
}

/// Both status types give these outcomes the same numbers.
const CREATED: u32 = CreateTransferStatus::Created as u32;
const LINKED_EVENT_FAILED: u32 = CreateTransferStatus::LinkedEventFailed as u32;
const LINKED_EVENT_CHAIN_OPEN: u32 = CreateTransferStatus::LinkedEventChainOpen as u32;
const TIMESTAMP_MUST_BE_ZERO: u32 = CreateTransferStatus::TimestampMustBeZero as u32;
const _: () = assert!(
    CREATED == CreateAccountStatus::Created as u32
        && LINKED_EVENT_FAILED == CreateAccountStatus::LinkedEventFailed as u32
        && LINKED_EVENT_CHAIN_OPEN == CreateAccountStatus::LinkedEventChainOpen as u32
        && TIMESTAMP_MUST_BE_ZERO == CreateAccountStatus::TimestampMustBeZero as u32
);

impl Outcome {
    fn new(status: u32, timestamp: u64) -> Self {
        Self { timestamp, status, reserved: 0 }
    }
}

/// What the two kinds of events have in common.
trait Event: Copy {
    /// The size of one.
    const BYTES: usize;
    const IMPORTED_EXPECTED: u32;
    const IMPORTED_NOT_EXPECTED: u32;
    const IMPORTED_OUT_OF_RANGE: u32;
    const IMPORTED_MUST_NOT_ADVANCE: u32;

    fn read(bytes: &[u8]) -> Option<Self>;
    fn is_linked(&self) -> bool;
    fn is_imported(&self) -> bool;
    fn timestamp(&self) -> u64;
    /// How many records of this kind there are.
    fn count(ledger: &Ledger) -> u32;
    /// Looks ahead at what later events of `body` will need, before the one at `place` is judged.
    fn look_ahead(ledger: &Ledger, place: usize, body: &[u8], groups: &mut Groups);
    /// Creates the event at `timestamp`. `stamp` is when it is judged.
    fn create(ledger: &mut Ledger, event: Self, ahead: &Ahead, timestamp: u64, stamp: u64) -> Outcome;
    /// Takes back the records after the first `count`, all made by one chain.
    fn roll_back(ledger: &mut Ledger, count: u32);
}

/// The events of `body` from the one at `place` on.
fn events_from<E: Event>(body: &[u8], place: usize) -> impl Iterator<Item = E> {
    body.get(place * E::BYTES..).unwrap_or_default().chunks_exact(E::BYTES).filter_map(E::read)
}

impl Event for Account {
    const BYTES: usize = EVENT_BYTES;
    const IMPORTED_EXPECTED: u32 = CreateAccountStatus::ImportedEventExpected as u32;
    const IMPORTED_NOT_EXPECTED: u32 = CreateAccountStatus::ImportedEventNotExpected as u32;
    const IMPORTED_OUT_OF_RANGE: u32 = CreateAccountStatus::ImportedEventTimestampOutOfRange as u32;
    const IMPORTED_MUST_NOT_ADVANCE: u32 = CreateAccountStatus::ImportedEventTimestampMustNotAdvance as u32;

    fn read(bytes: &[u8]) -> Option<Self> {
        Self::from_bytes(bytes)
    }
    fn is_linked(&self) -> bool {
        self.flags.contains(AccountFlags::LINKED)
    }
    fn is_imported(&self) -> bool {
        self.flags.contains(AccountFlags::IMPORTED)
    }
    fn timestamp(&self) -> u64 {
        self.timestamp
    }
    fn count(ledger: &Ledger) -> u32 {
        ledger.accounts.len()
    }
    /// Accounts are few: each is looked up when it is judged.
    fn look_ahead(_: &Ledger, _: usize, _: &[u8], _: &mut Groups) {}
    fn create(ledger: &mut Ledger, event: Self, _: &Ahead, timestamp: u64, stamp: u64) -> Outcome {
        ledger.create_account(Self { timestamp, ..event }, stamp)
    }
    fn roll_back(ledger: &mut Ledger, count: u32) {
        ledger.accounts.truncate(count);
    }
}

impl Event for Transfer {
    const BYTES: usize = EVENT_BYTES;
    const IMPORTED_EXPECTED: u32 = CreateTransferStatus::ImportedEventExpected as u32;
    const IMPORTED_NOT_EXPECTED: u32 = CreateTransferStatus::ImportedEventNotExpected as u32;
    const IMPORTED_OUT_OF_RANGE: u32 = CreateTransferStatus::ImportedEventTimestampOutOfRange as u32;
    const IMPORTED_MUST_NOT_ADVANCE: u32 = CreateTransferStatus::ImportedEventTimestampMustNotAdvance as u32;

    fn read(bytes: &[u8]) -> Option<Self> {
        Self::from_bytes(bytes)
    }
    fn is_linked(&self) -> bool {
        self.flags.contains(TransferFlags::LINKED)
    }
    fn is_imported(&self) -> bool {
        self.flags.contains(TransferFlags::IMPORTED)
    }
    fn timestamp(&self) -> u64 {
        self.timestamp
    }
    fn count(ledger: &Ledger) -> u32 {
        ledger.transfers.len()
    }
    #[inline]
    fn look_ahead(ledger: &Ledger, place: usize, body: &[u8], groups: &mut Groups) {
        groups.look_ahead(ledger, place, |from| events_from::<Self>(body, from));
    }
    fn create(ledger: &mut Ledger, event: Self, ahead: &Ahead, timestamp: u64, stamp: u64) -> Outcome {
        ledger.create_transfer(&event, None, ahead, timestamp, stamp)
    }
    fn roll_back(ledger: &mut Ledger, count: u32) {
        ledger.undo_transfers(count);
    }
}

impl Event for Booking {
    const BYTES: usize = size_of::<Booking>();
    const IMPORTED_EXPECTED: u32 = Transfer::IMPORTED_EXPECTED;
    const IMPORTED_NOT_EXPECTED: u32 = Transfer::IMPORTED_NOT_EXPECTED;
    const IMPORTED_OUT_OF_RANGE: u32 = Transfer::IMPORTED_OUT_OF_RANGE;
    const IMPORTED_MUST_NOT_ADVANCE: u32 = Transfer::IMPORTED_MUST_NOT_ADVANCE;

    fn read(bytes: &[u8]) -> Option<Self> {
        Self::from_bytes(bytes)
    }
    fn is_linked(&self) -> bool {
        self.transfer.is_linked()
    }
    fn is_imported(&self) -> bool {
        self.transfer.is_imported()
    }
    fn timestamp(&self) -> u64 {
        self.transfer.timestamp
    }
    fn count(ledger: &Ledger) -> u32 {
        Transfer::count(ledger)
    }
    #[inline]
    fn look_ahead(ledger: &Ledger, place: usize, body: &[u8], groups: &mut Groups) {
        let from = |from| events_from::<Self>(body, from).map(|booking| booking.transfer);
        groups.look_ahead(ledger, place, from);
    }
    fn create(ledger: &mut Ledger, event: Self, ahead: &Ahead, timestamp: u64, stamp: u64) -> Outcome {
        ledger.create_transfer(&event.transfer, event.particulars().as_ref(), ahead, timestamp, stamp)
    }
    fn roll_back(ledger: &mut Ledger, count: u32) {
        ledger.undo_transfers(count);
    }
}
