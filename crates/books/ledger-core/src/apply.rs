//! Applying a request: time, chains and outcomes. What one event may do is in the `*_rules` modules.

use ids::Timestamp;
use zerocopy::IntoBytes;

use crate::accounts::Movement;
use crate::ahead::{Ahead, GROUP};
use crate::status::{CreateAccountStatus, CreateTransferStatus};
use crate::transfer_rules::Judged;
use crate::transfers::TRANSFERS_MAX;
use crate::wire::{Account, AccountFlags, Outcome, Transfer, TransferFlags};
use crate::{EVENT_BYTES, Ledger, OUTCOME_BYTES, Operation, RequestError};

/// The latest stamp: TigerBeetle keeps the highest bit of a timestamp for itself.
pub(crate) const TIMESTAMP_MAX: u64 = i64::MAX.unsigned_abs();

impl Ledger {
    /// Applies one request: `body` holds its events, `timestamp` is the stamp of the last one.
    ///
    /// Event `i` of `n` is stamped `timestamp − n + 1 + i`; the first stamp must lie after the request
    /// before. Pending transfers due at the first stamp expire before the first event. Appends one 16-byte
    /// [`Outcome`] per event to `out` and returns their number. A refused event changes nothing, and a linked
    /// chain is done whole or not at all.
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
        self.expire(first);
        out.reserve(events as usize * OUTCOME_BYTES);
        let start = out.len();
        match operation {
            Operation::CreateAccounts => self.create::<Account>(first, body, out),
            Operation::CreateTransfers => self.create::<Transfer>(first, body, out),
            Operation::Pulse => {}
        }
        self.clock = timestamp.0;
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

    /// Releases the pending transfers due at `now`.
    fn expire(&mut self, now: u64) {
        while let Some(row) = self.transfers.pop_due(now) {
            let movement = Movement { release: row.amount.get(), ..Movement::default() };
            self.accounts.do_movement(row.debit.get(), row.credit.get(), movement);
        }
    }

    fn create<E: Event>(&mut self, first: u64, body: &[u8], out: &mut Vec<u8>) {
        let mut chain: Option<Chain> = None;
        let mut ahead = [Ahead::default(); GROUP];
        let mut events = body.chunks_exact(EVENT_BYTES).zip(first..).enumerate().peekable();
        while let Some((place, (bytes, stamp))) = events.next() {
            if place % GROUP == 0 {
                let group = body[place * EVENT_BYTES..].chunks_exact(EVENT_BYTES);
                E::look_ahead(self, group.filter_map(E::read), &mut ahead);
            }
            let Some(event) = E::read(bytes) else { continue };
            let is_open = event.is_linked() && events.peek().is_none();
            if event.is_linked() && chain.is_none() {
                chain = Some(Chain { records: E::count(self), outcomes: out.len(), broken: false });
            }
            let outcome = if is_open {
                Outcome::new(LINKED_EVENT_CHAIN_OPEN, stamp)
            } else if chain.as_ref().is_some_and(|chain| chain.broken) {
                Outcome::new(LINKED_EVENT_FAILED, stamp)
            } else if event.timestamp() != 0 {
                Outcome::new(TIMESTAMP_MUST_BE_ZERO, stamp)
            } else {
                E::create(self, event, &ahead[place % GROUP], stamp)
            };
            if outcome.status != CREATED
                && let Some(chain) = chain.as_mut().filter(|chain| !chain.broken)
            {
                chain.broken = true;
                E::roll_back(self, chain.records);
                for done in out[chain.outcomes..].chunks_exact_mut(OUTCOME_BYTES) {
                    done[8..12].copy_from_slice(LINKED_EVENT_FAILED.as_bytes());
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
                self.accounts.push(&Account { timestamp: stamp, ..account });
                Outcome::new(CREATED, stamp)
            }
            Err(refusal) => Outcome::new(refusal.status as u32, refusal.existing.unwrap_or(stamp)),
        }
    }

    fn create_transfer(&mut self, transfer: &Transfer, ahead: &Ahead, stamp: u64) -> Outcome {
        match self.judge_transfer(transfer, ahead, stamp) {
            Ok(Judged { entry, resolved }) => {
                self.accounts.do_movement(entry.debit, entry.credit, entry.movement(resolved));
                let number = self.transfers.len();
                self.accounts.list(entry.debit, number);
                self.accounts.list(entry.credit, number);
                self.transfers.push(ahead.hash, &entry);
                Outcome::new(CREATED, stamp)
            }
            Err(refusal) => {
                if refusal.status.is_transient() {
                    self.transfers.fail(ahead.hash, transfer.id);
                }
                Outcome::new(refusal.status as u32, refusal.existing.unwrap_or(stamp))
            }
        }
    }

    /// Takes back the transfers after the first `len`. Nothing expires inside a request, so newest-first
    /// undoes all.
    fn undo_transfers(&mut self, len: u32) {
        while self.transfers.len() > len {
            let Some(row) = self.transfers.pop() else { return };
            let (debit, credit) = (row.debit.get(), row.credit.get());
            self.accounts.undo_movement(debit, credit, self.transfers.movement(&row));
            self.accounts.unlist(credit);
            self.accounts.unlist(debit);
        }
    }
}

/// A chain of linked events that is being applied.
struct Chain {
    /// How many records there were before it.
    records: u32,
    /// Where its outcomes start.
    outcomes: usize,
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
    fn read(bytes: &[u8]) -> Option<Self>;
    fn is_linked(&self) -> bool;
    fn timestamp(&self) -> u64;
    /// How many records of this kind there are.
    fn count(ledger: &Ledger) -> u32;
    /// Looks up what the next events will need, all at once, so that their cache misses overlap.
    fn look_ahead(ledger: &Ledger, events: impl Iterator<Item = Self>, ahead: &mut [Ahead; GROUP]);
    fn create(ledger: &mut Ledger, event: Self, ahead: &Ahead, stamp: u64) -> Outcome;
    /// Takes back the records after the first `count`, all made by one chain.
    fn roll_back(ledger: &mut Ledger, count: u32);
}

impl Event for Account {
    fn read(bytes: &[u8]) -> Option<Self> {
        Self::from_bytes(bytes)
    }
    fn is_linked(&self) -> bool {
        self.flags.contains(AccountFlags::LINKED)
    }
    fn timestamp(&self) -> u64 {
        self.timestamp
    }
    fn count(ledger: &Ledger) -> u32 {
        ledger.accounts.len()
    }
    /// Accounts are few, and no account of a request depends on another's place.
    fn look_ahead(_: &Ledger, _: impl Iterator<Item = Self>, _: &mut [Ahead; GROUP]) {}
    fn create(ledger: &mut Ledger, event: Self, _: &Ahead, stamp: u64) -> Outcome {
        ledger.create_account(event, stamp)
    }
    fn roll_back(ledger: &mut Ledger, count: u32) {
        ledger.accounts.truncate(count);
    }
}

impl Event for Transfer {
    fn read(bytes: &[u8]) -> Option<Self> {
        Self::from_bytes(bytes)
    }
    fn is_linked(&self) -> bool {
        self.flags.contains(TransferFlags::LINKED)
    }
    fn timestamp(&self) -> u64 {
        self.timestamp
    }
    fn count(ledger: &Ledger) -> u32 {
        ledger.transfers.len()
    }
    fn look_ahead(ledger: &Ledger, events: impl Iterator<Item = Self>, ahead: &mut [Ahead; GROUP]) {
        ledger.look_ahead(events, ahead);
    }
    fn create(ledger: &mut Ledger, event: Self, ahead: &Ahead, stamp: u64) -> Outcome {
        ledger.create_transfer(&event, ahead, stamp)
    }
    fn roll_back(ledger: &mut Ledger, count: u32) {
        ledger.undo_transfers(count);
    }
}
