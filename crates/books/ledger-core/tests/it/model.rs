//! A second ledger, written to be obviously right and for nothing else: ordered maps, sums counted from the
//! transfers each time they are asked for, and a copy of everything wherever something may have to be undone.

use std::collections::{BTreeMap, BTreeSet};

use crate::model_rules::balanced;
use ledger_core::CreateAccountStatus as A;
use ledger_core::CreateTransferStatus as T;
use ledger_core::{
    Account, AccountFlags, Booked, Side, StatementEntry, Transfer, TransferFlags, TransferState,
};

pub(crate) const SECOND: u128 = 1_000_000_000;

#[derive(Clone, Default)]
pub(crate) struct Model {
    pub(crate) accounts: BTreeMap<u128, Account>,
    /// By timestamp: in order of creation.
    pub(crate) transfers: BTreeMap<u64, (Transfer, TransferState)>,
    pub(crate) failed: BTreeSet<u128>,
    /// What happened, in the order in which it did.
    pub(crate) events: Vec<Event>,
    /// The stamp of the last request.
    clock: u64,
}

/// A transfer that was created, or a pending one that expired.
#[derive(Clone, Copy)]
pub(crate) struct Event {
    pub(crate) timestamp: u64,
    pub(crate) transfer: Transfer,
    pub(crate) expired: bool,
    /// The accounts right after.
    pub(crate) debit: Account,
    pub(crate) credit: Account,
}

/// An event of a request and what is known of it before it is judged.
struct Draft<'a, E> {
    event: &'a E,
    /// When it is judged.
    now: u64,
    /// When it is created, if it is.
    timestamp: u64,
}

/// The statuses that the two kinds of events number differently: import expected, not expected, out of range,
/// must not advance.
type ImportStatuses = [u32; 4];

/// The four sums of an account, in numbers that cannot overflow in any test.
#[derive(Clone, Copy, Default)]
pub(crate) struct Sums {
    pub(crate) debits_pending: Wide,
    pub(crate) debits_posted: Wide,
    pub(crate) credits_pending: Wide,
    pub(crate) credits_posted: Wide,
}

/// A sum of `u128`s: whole multiples of 2^128, and the rest.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Wide(u64, u128);

impl std::ops::Add<Wide> for Wide {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        let (low, carry) = self.1.overflowing_add(other.1);
        Self(self.0 + other.0 + u64::from(carry), low)
    }
}

impl Wide {
    pub(crate) fn of(number: u128) -> Self {
        Self(0, number)
    }
    pub(crate) fn overflows(self) -> bool {
        self.0 > 0
    }
}

impl Model {
    /// Applies a request of accounts; returns timestamp and status of each.
    pub(crate) fn create_accounts(&mut self, last: u64, events: &[Account]) -> Vec<(u64, u32)> {
        self.expire(last - events.len() as u64);
        let import = [
            A::ImportedEventExpected,
            A::ImportedEventNotExpected,
            A::ImportedEventTimestampOutOfRange,
            A::ImportedEventTimestampMustNotAdvance,
        ];
        let results = self.chains(
            last,
            events,
            import.map(A::as_u32),
            |event| event.flags.contains(AccountFlags::LINKED),
            |event| event.flags.contains(AccountFlags::IMPORTED),
            |event| event.timestamp,
            |model, draft| {
                let new = Account { timestamp: draft.timestamp, ..*draft.event };
                let existing = model.accounts.get(&new.id).map(|account| account.timestamp);
                let status = model.account_status(&new);
                if status == A::Created {
                    model.accounts.insert(new.id, new);
                }
                let timestamp = match status {
                    A::Created => new.timestamp,
                    A::Exists => existing.unwrap(),
                    _ => draft.now,
                };
                (timestamp, status.as_u32())
            },
        );
        self.clock = last;
        results
    }

    /// Applies a request of transfers; returns timestamp and status of each.
    pub(crate) fn create_transfers(&mut self, last: u64, events: &[Transfer]) -> Vec<(u64, u32)> {
        self.expire(last - events.len() as u64);
        let import = [
            T::ImportedEventExpected,
            T::ImportedEventNotExpected,
            T::ImportedEventTimestampOutOfRange,
            T::ImportedEventTimestampMustNotAdvance,
        ];
        let results = self.chains(
            last,
            events,
            import.map(T::as_u32),
            |event| event.flags.contains(TransferFlags::LINKED),
            |event| event.flags.contains(TransferFlags::IMPORTED),
            |event| event.timestamp,
            |model, draft| {
                let new = Transfer { timestamp: draft.timestamp, ..*draft.event };
                let existing = model.transfer(new.id).map(|(transfer, _)| transfer.timestamp);
                let status = model.transfer_status(&new);
                if status == T::Created {
                    model.book(&new);
                }
                if status.is_transient() {
                    model.failed.insert(new.id);
                }
                let timestamp = match status {
                    T::Created => new.timestamp,
                    T::Exists => existing.unwrap(),
                    _ => draft.now,
                };
                (timestamp, status.as_u32())
            },
        );
        self.clock = last;
        results
    }

    pub(crate) fn pulse(&mut self, now: u64) {
        self.expire(now);
        self.clock = now;
    }

    /// Cuts a request into chains, and tries each on a copy.
    #[expect(clippy::too_many_arguments, reason = "what a model needs to know of the two kinds of events")]
    fn chains<E>(
        &mut self,
        last: u64,
        events: &[E],
        [expected, not_expected, out_of_range, must_not_advance]: ImportStatuses,
        is_linked: impl Fn(&E) -> bool,
        is_imported: impl Fn(&E) -> bool,
        timestamp: impl Fn(&E) -> u64,
        create: impl Fn(&mut Self, Draft<'_, E>) -> (u64, u32),
    ) -> Vec<(u64, u32)> {
        let mut results = Vec::new();
        let is_import = events.first().is_some_and(&is_imported);
        while results.len() < events.len() {
            let start = results.len();
            let length = events[start..].iter().take_while(|event| is_linked(event)).count() + 1;
            let chain = &events[start..(start + length).min(events.len())];
            let mut copy = self.clone();
            let mut chain_results: Vec<(u64, u32)> = Vec::new();
            let mut culprit = None;
            let first = last - events.len() as u64 + 1 + start as u64;
            for (index, event) in chain.iter().enumerate() {
                let now = first + index as u64;
                let is_open = is_linked(event) && start + index + 1 == events.len();
                let given = timestamp(event);
                let result = if is_open {
                    (now, T::LinkedEventChainOpen.as_u32())
                } else if culprit.is_some() {
                    (now, T::LinkedEventFailed.as_u32())
                } else if is_import && !is_imported(event) {
                    (now, expected)
                } else if !is_import && is_imported(event) {
                    (now, not_expected)
                } else if is_import && !(1..1 << 63).contains(&given) {
                    (now, out_of_range)
                } else if is_import && given >= last {
                    (now, must_not_advance)
                } else if !is_import && given != 0 {
                    (now, T::TimestampMustBeZero.as_u32())
                } else {
                    let timestamp = if is_import { given } else { now };
                    create(&mut copy, Draft { event, now, timestamp })
                };
                if result.1 != T::Created.as_u32() && culprit.is_none() {
                    culprit = Some(index);
                }
                chain_results.push(result);
            }
            match culprit {
                None => *self = copy,
                Some(culprit) => {
                    self.failed = copy.failed;
                    for (result, now) in chain_results[..culprit].iter_mut().zip(first..) {
                        *result = (now, T::LinkedEventFailed.as_u32());
                    }
                }
            }
            results.extend(chain_results);
        }
        results
    }

    /// Lets pending transfers expire between the last request and `last`: each when it is due, or at the next
    /// moment after the one that expired before it.
    fn expire(&mut self, last: u64) {
        let mut pending: Vec<(u128, u64)> = self
            .transfers
            .values()
            .filter(|(_, state)| *state == TransferState::Pending)
            .filter_map(|(transfer, _)| Some((due(transfer)?, transfer.timestamp)))
            .collect();
        pending.sort_unstable();
        let mut moment = u128::from(self.clock);
        for (due, created) in pending {
            moment = due.max(moment + 1);
            if moment > u128::from(last) {
                return;
            }
            let (transfer, state) = self.transfers.get_mut(&created).unwrap();
            *state = TransferState::Expired;
            let transfer = *transfer;
            self.record(u64::try_from(moment).unwrap(), transfer, true);
        }
    }

    fn record(&mut self, timestamp: u64, transfer: Transfer, expired: bool) {
        let debit = self.account(transfer.debit_account_id).unwrap();
        let credit = self.account(transfer.credit_account_id).unwrap();
        self.events.push(Event { timestamp, transfer, expired, debit, credit });
    }

    fn book(&mut self, new: &Transfer) {
        let flag = |flag| new.flags.contains(flag);
        let (post, void) =
            (flag(TransferFlags::POST_PENDING_TRANSFER), flag(TransferFlags::VOID_PENDING_TRANSFER));
        let mut booked = *new;
        let state = match (flag(TransferFlags::PENDING), void) {
            (true, _) => TransferState::Pending,
            (_, true) => TransferState::Voided,
            _ => TransferState::Posted,
        };
        if post || void {
            let (pending, pending_state) =
                self.transfers.values_mut().find(|(transfer, _)| transfer.id == new.pending_id).unwrap();
            *pending_state = if post { TransferState::PostedPending } else { TransferState::Voided };
            booked.debit_account_id = pending.debit_account_id;
            booked.credit_account_id = pending.credit_account_id;
            booked.ledger = pending.ledger;
            booked.code = pending.code;
            if void || new.amount == u128::MAX {
                booked.amount = pending.amount;
            }
            if new.user_data_128 == 0 {
                booked.user_data_128 = pending.user_data_128;
            }
            if new.user_data_64 == 0 {
                booked.user_data_64 = pending.user_data_64;
            }
            if new.user_data_32 == 0 {
                booked.user_data_32 = pending.user_data_32;
            }
        }
        if !post && !void {
            let (debit, credit) = (self.account(new.debit_account_id), self.account(new.credit_account_id));
            booked.amount = balanced(new, &debit.unwrap(), &credit.unwrap());
        }
        self.transfers.insert(new.timestamp, (booked, state));
        self.record(new.timestamp, booked, false);
    }

    pub(crate) fn transfer(&self, id: u128) -> Option<(Transfer, TransferState)> {
        self.transfers.values().find(|(transfer, _)| transfer.id == id).copied()
    }

    pub(crate) fn transfers_newest_first(&self) -> Vec<(Transfer, TransferState)> {
        self.transfers.values().rev().copied().collect()
    }

    pub(crate) fn sums(&self, id: u128) -> Sums {
        let mut sums = Sums::default();
        for (transfer, state) in self.transfers.values() {
            let amount = Wide::of(transfer.amount);
            let (pending, posted) = match state {
                TransferState::Pending => (amount, Wide::default()),
                TransferState::Posted => (Wide::default(), amount),
                _ => continue,
            };
            if transfer.debit_account_id == id {
                sums.debits_pending = sums.debits_pending + pending;
                sums.debits_posted = sums.debits_posted + posted;
            }
            if transfer.credit_account_id == id {
                sums.credits_pending = sums.credits_pending + pending;
                sums.credits_posted = sums.credits_posted + posted;
            }
        }
        sums
    }

    /// An account with its sums. It is closed if it was created so, or a pending transfer closes it.
    pub(crate) fn account(&self, id: u128) -> Option<Account> {
        let account = self.accounts.get(&id)?;
        let sums = self.sums(id);
        let is_closed = self.transfers.values().any(|(transfer, state)| {
            let closes = |flag, side| transfer.flags.contains(flag) && side == id;
            *state == TransferState::Pending
                && (closes(TransferFlags::CLOSING_DEBIT, transfer.debit_account_id)
                    || closes(TransferFlags::CLOSING_CREDIT, transfer.credit_account_id))
        });
        Some(Account {
            debits_pending: sums.debits_pending.1,
            debits_posted: sums.debits_posted.1,
            credits_pending: sums.credits_pending.1,
            credits_posted: sums.credits_posted.1,
            flags: if is_closed { account.flags | AccountFlags::CLOSED } else { account.flags },
            ..*account
        })
    }

    /// Every account with its sums, ordered by id.
    pub(crate) fn accounts(&self) -> Vec<Account> {
        self.accounts.keys().filter_map(|id| self.account(*id)).collect()
    }

    /// Every line of an account, newest first, with the sums after it counted from the oldest.
    pub(crate) fn statement(&self, id: u128) -> Vec<StatementEntry> {
        let (mut debits_posted, mut credits_posted) = (0, 0);
        let mut lines = Vec::new();
        for (transfer, state) in self.transfers.values() {
            let side = match (transfer.debit_account_id == id, transfer.credit_account_id == id) {
                (true, _) => Side::Debit,
                (_, true) => Side::Credit,
                _ => continue,
            };
            if *state == TransferState::Posted {
                match side {
                    Side::Debit => debits_posted += transfer.amount,
                    Side::Credit => credits_posted += transfer.amount,
                }
            }
            lines.push(StatementEntry {
                transfer: *transfer,
                state: *state,
                booked: on_the_day_of(transfer.timestamp),
                side,
                debits_posted,
                credits_posted,
            });
        }
        lines.reverse();
        lines
    }

    pub(crate) fn next_expiry(&self) -> Option<u128> {
        let pending = self.transfers.values().filter(|(_, state)| *state == TransferState::Pending);
        pending.filter_map(|(transfer, _)| due(transfer)).min()
    }

    pub(crate) fn failed(&self) -> usize {
        self.failed.len()
    }
}

pub(crate) fn due(transfer: &Transfer) -> Option<u128> {
    let timeout = u128::from(transfer.timeout) * SECOND;
    (timeout > 0).then_some(u128::from(transfer.timestamp) + timeout)
}

/// What the books say about a transfer of which nothing was said, while no business days are kept.
pub(crate) fn on_the_day_of(timestamp: u64) -> Booked {
    let day = u32::try_from(timestamp / 86_400_000_000_000).unwrap();
    Booked { booking_date: day, value_date: day, ..Booked::default() }
}
