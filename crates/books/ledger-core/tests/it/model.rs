//! A second ledger, written to be obviously right and for nothing else: ordered maps, sums counted from the
//! transfers each time they are asked for, and a copy of everything wherever something may have to be undone.

use std::collections::{BTreeMap, BTreeSet};

use ledger_core::CreateAccountStatus as A;
use ledger_core::CreateTransferStatus as T;
use ledger_core::{Account, AccountFlags, Side, StatementEntry, Transfer, TransferFlags, TransferState};

const SECOND: u128 = 1_000_000_000;

#[derive(Clone, Default)]
pub(crate) struct Model {
    accounts: BTreeMap<u128, Account>,
    /// By timestamp: in order of creation.
    transfers: BTreeMap<u64, (Transfer, TransferState)>,
    failed: BTreeSet<u128>,
}

/// The four sums of an account, in numbers that cannot overflow in any test.
#[derive(Clone, Copy, Default)]
struct Sums {
    debits_pending: Wide,
    debits_posted: Wide,
    credits_pending: Wide,
    credits_posted: Wide,
}

/// A sum of `u128`s: whole multiples of 2^128, and the rest.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Wide(u64, u128);

impl std::ops::Add<Wide> for Wide {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        let (low, carry) = self.1.overflowing_add(other.1);
        Self(self.0 + other.0 + u64::from(carry), low)
    }
}

impl Wide {
    fn of(number: u128) -> Self {
        Self(0, number)
    }
    fn overflows(self) -> bool {
        self.0 > 0
    }
}

impl Model {
    /// Applies a request of accounts; returns timestamp and status of each.
    pub(crate) fn create_accounts(&mut self, last: u64, events: &[Account]) -> Vec<(u64, u32)> {
        self.expire(last - events.len() as u64 + 1);
        self.chains(
            last,
            events,
            |event| event.flags.contains(AccountFlags::LINKED),
            |event| event.timestamp,
            |model, event, now| {
                let status = model.account_status(event);
                if status == A::Created {
                    model.accounts.insert(event.id, Account { timestamp: now, ..*event });
                }
                let existing = model.accounts.get(&event.id).map(|account| account.timestamp);
                (if status == A::Exists { existing.unwrap() } else { now }, status.as_u32())
            },
        )
    }

    /// Applies a request of transfers; returns timestamp and status of each.
    pub(crate) fn create_transfers(&mut self, last: u64, events: &[Transfer]) -> Vec<(u64, u32)> {
        self.expire(last - events.len() as u64 + 1);
        self.chains(
            last,
            events,
            |event| event.flags.contains(TransferFlags::LINKED),
            |event| event.timestamp,
            |model, event, now| {
                let status = model.transfer_status(event, now);
                if status == T::Created {
                    model.book(event, now);
                }
                if status.is_transient() {
                    model.failed.insert(event.id);
                }
                let existing = model.transfer(event.id).map(|(transfer, _)| transfer.timestamp);
                (if status == T::Exists { existing.unwrap() } else { now }, status.as_u32())
            },
        )
    }

    /// Cuts a request into chains, and tries each on a copy.
    fn chains<E>(
        &mut self,
        last: u64,
        events: &[E],
        is_linked: impl Fn(&E) -> bool,
        timestamp: impl Fn(&E) -> u64,
        create: impl Fn(&mut Self, &E, u64) -> (u64, u32),
    ) -> Vec<(u64, u32)> {
        let mut results = Vec::new();
        while results.len() < events.len() {
            let start = results.len();
            let length = events[start..].iter().take_while(|event| is_linked(event)).count() + 1;
            let chain = &events[start..(start + length).min(events.len())];
            let mut copy = self.clone();
            let mut chain_results = Vec::new();
            let mut culprit = None;
            for (index, event) in chain.iter().enumerate() {
                let now = last - events.len() as u64 + 1 + (start + index) as u64;
                let is_open = is_linked(event) && start + index + 1 == events.len();
                let result = if is_open {
                    (now, T::LinkedEventChainOpen.as_u32())
                } else if culprit.is_some() {
                    (now, T::LinkedEventFailed.as_u32())
                } else if timestamp(event) != 0 {
                    (now, T::TimestampMustBeZero.as_u32())
                } else {
                    create(&mut copy, event, now)
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
                    for result in &mut chain_results[..culprit] {
                        result.1 = T::LinkedEventFailed.as_u32();
                    }
                }
            }
            results.extend(chain_results);
        }
        results
    }

    pub(crate) fn expire(&mut self, now: u64) {
        for (transfer, state) in self.transfers.values_mut() {
            if *state == TransferState::Pending && due(transfer).is_some_and(|due| due <= u128::from(now)) {
                *state = TransferState::Expired;
            }
        }
    }

    fn account_status(&self, new: &Account) -> A {
        let both =
            AccountFlags::DEBITS_MUST_NOT_EXCEED_CREDITS | AccountFlags::CREDITS_MUST_NOT_EXCEED_DEBITS;
        let mut status = vec![
            (new.reserved != 0, A::ReservedField),
            (new.flags.0 >= 16, A::ReservedFlag),
            (new.id == 0, A::IdMustNotBeZero),
            (new.id == u128::MAX, A::IdMustNotBeIntMax),
        ];
        if let Some(old) = self.accounts.get(&new.id) {
            status.extend([
                (new.flags != old.flags, A::ExistsWithDifferentFlags),
                (new.user_data_128 != old.user_data_128, A::ExistsWithDifferentUserData128),
                (new.user_data_64 != old.user_data_64, A::ExistsWithDifferentUserData64),
                (new.user_data_32 != old.user_data_32, A::ExistsWithDifferentUserData32),
                (new.ledger != old.ledger, A::ExistsWithDifferentLedger),
                (new.code != old.code, A::ExistsWithDifferentCode),
                (true, A::Exists),
            ]);
        }
        status.extend([
            (new.flags.contains(both), A::FlagsAreMutuallyExclusive),
            (new.debits_pending != 0, A::DebitsPendingMustBeZero),
            (new.debits_posted != 0, A::DebitsPostedMustBeZero),
            (new.credits_pending != 0, A::CreditsPendingMustBeZero),
            (new.credits_posted != 0, A::CreditsPostedMustBeZero),
            (new.ledger == 0, A::LedgerMustNotBeZero),
            (new.code == 0, A::CodeMustNotBeZero),
        ]);
        status.into_iter().find(|(applies, _)| *applies).map_or(A::Created, |(_, status)| status)
    }

    fn transfer_status(&self, new: &Transfer, now: u64) -> T {
        let flag = |flag| new.flags.contains(flag);
        let (post, void) =
            (flag(TransferFlags::POST_PENDING_TRANSFER), flag(TransferFlags::VOID_PENDING_TRANSFER));
        let first = first_that_applies(&[
            (new.flags.0 >= 16, T::ReservedFlag),
            (new.id == 0, T::IdMustNotBeZero),
            (new.id == u128::MAX, T::IdMustNotBeIntMax),
        ]);
        if let Some(status) = first {
            return status;
        }
        if let Some((old, _)) = self.transfer(new.id) {
            return self.difference(new, &old);
        }
        if self.failed.contains(&new.id) {
            return T::IdAlreadyFailed;
        }
        if post || void {
            return self.resolving_status(new, now);
        }
        let pending = flag(TransferFlags::PENDING);
        let first = first_that_applies(&[
            (new.debit_account_id == 0, T::DebitAccountIdMustNotBeZero),
            (new.debit_account_id == u128::MAX, T::DebitAccountIdMustNotBeIntMax),
            (new.credit_account_id == 0, T::CreditAccountIdMustNotBeZero),
            (new.credit_account_id == u128::MAX, T::CreditAccountIdMustNotBeIntMax),
            (new.debit_account_id == new.credit_account_id, T::AccountsMustBeDifferent),
            (new.pending_id != 0, T::PendingIdMustBeZero),
            (!pending && new.timeout != 0, T::TimeoutReservedForPendingTransfer),
            (new.ledger == 0, T::LedgerMustNotBeZero),
            (new.code == 0, T::CodeMustNotBeZero),
        ]);
        if let Some(status) = first {
            return status;
        }
        let Some(debit) = self.accounts.get(&new.debit_account_id) else { return T::DebitAccountNotFound };
        let Some(credit) = self.accounts.get(&new.credit_account_id) else { return T::CreditAccountNotFound };
        let (debit_sums, credit_sums) = (self.sums(debit.id), self.sums(credit.id));
        let amount = Wide::of(new.amount);
        let debits = debit_sums.debits_pending + debit_sums.debits_posted + amount;
        let credits = credit_sums.credits_pending + credit_sums.credits_posted + amount;
        let expires = u128::from(now) + u128::from(new.timeout) * SECOND;
        first_that_applies(&[
            (debit.ledger != credit.ledger, T::AccountsMustHaveTheSameLedger),
            (new.ledger != debit.ledger, T::TransferMustHaveTheSameLedgerAsAccounts),
            (pending && (debit_sums.debits_pending + amount).overflows(), T::OverflowsDebitsPending),
            (pending && (credit_sums.credits_pending + amount).overflows(), T::OverflowsCreditsPending),
            ((debit_sums.debits_posted + amount).overflows(), T::OverflowsDebitsPosted),
            ((credit_sums.credits_posted + amount).overflows(), T::OverflowsCreditsPosted),
            (debits.overflows(), T::OverflowsDebits),
            (credits.overflows(), T::OverflowsCredits),
            (expires >= 1 << 63, T::OverflowsTimeout),
            (
                debit.flags.contains(AccountFlags::DEBITS_MUST_NOT_EXCEED_CREDITS)
                    && debits > debit_sums.credits_posted,
                T::ExceedsCredits,
            ),
            (
                credit.flags.contains(AccountFlags::CREDITS_MUST_NOT_EXCEED_DEBITS)
                    && credits > credit_sums.debits_posted,
                T::ExceedsDebits,
            ),
        ])
        .unwrap_or(T::Created)
    }

    fn resolving_status(&self, new: &Transfer, now: u64) -> T {
        let flag = |flag| new.flags.contains(flag);
        let (post, void) =
            (flag(TransferFlags::POST_PENDING_TRANSFER), flag(TransferFlags::VOID_PENDING_TRANSFER));
        let first = first_that_applies(&[
            (post && void, T::FlagsAreMutuallyExclusive),
            (flag(TransferFlags::PENDING), T::FlagsAreMutuallyExclusive),
            (new.pending_id == 0, T::PendingIdMustNotBeZero),
            (new.pending_id == u128::MAX, T::PendingIdMustNotBeIntMax),
            (new.pending_id == new.id, T::PendingIdMustBeDifferent),
            (new.timeout != 0, T::TimeoutReservedForPendingTransfer),
        ]);
        if let Some(status) = first {
            return status;
        }
        let Some((old, state)) = self.transfer(new.pending_id) else { return T::PendingTransferNotFound };
        let differs = |given: u128, old: u128| given != 0 && given != old;
        let is_all = if post { new.amount == u128::MAX } else { new.amount == 0 };
        let is_late = due(&old).is_some_and(|due| due <= u128::from(now));
        first_that_applies(&[
            (!old.flags.contains(TransferFlags::PENDING), T::PendingTransferNotPending),
            (
                differs(new.debit_account_id, old.debit_account_id),
                T::PendingTransferHasDifferentDebitAccountId,
            ),
            (
                differs(new.credit_account_id, old.credit_account_id),
                T::PendingTransferHasDifferentCreditAccountId,
            ),
            (differs(new.ledger.into(), old.ledger.into()), T::PendingTransferHasDifferentLedger),
            (differs(new.code.into(), old.code.into()), T::PendingTransferHasDifferentCode),
            (!is_all && new.amount > old.amount, T::ExceedsPendingTransferAmount),
            (void && !is_all && new.amount < old.amount, T::PendingTransferHasDifferentAmount),
            (state == TransferState::PostedPending, T::PendingTransferAlreadyPosted),
            (state == TransferState::Voided, T::PendingTransferAlreadyVoided),
            (state == TransferState::Expired || is_late, T::PendingTransferExpired),
        ])
        .unwrap_or(T::Created)
    }

    /// What a transfer with a known id gets.
    fn difference(&self, new: &Transfer, old: &Transfer) -> T {
        let resolves = old.pending_id != 0;
        let pending = self.transfer(old.pending_id).map(|(transfer, _)| transfer).unwrap_or_default();
        // A field left open in a posting or voiding transfer stands for that of the pending one.
        let same = |new: u128, old: u128, pending: u128| {
            if resolves && new == 0 { old == pending } else { new == old }
        };
        let amount = if new.flags.contains(TransferFlags::VOID_PENDING_TRANSFER) && new.amount == 0
            || new.flags.contains(TransferFlags::POST_PENDING_TRANSFER) && new.amount == u128::MAX
        {
            pending.amount
        } else {
            new.amount
        };
        let (debit, credit) = (pending.debit_account_id, pending.credit_account_id);
        let (data_128, data_64) = (pending.user_data_128, pending.user_data_64.into());
        first_that_applies(&[
            (new.flags != old.flags, T::ExistsWithDifferentFlags),
            (new.pending_id != old.pending_id, T::ExistsWithDifferentPendingId),
            (new.timeout != old.timeout, T::ExistsWithDifferentTimeout),
            (!same(new.debit_account_id, old.debit_account_id, debit), T::ExistsWithDifferentDebitAccountId),
            (
                !same(new.credit_account_id, old.credit_account_id, credit),
                T::ExistsWithDifferentCreditAccountId,
            ),
            (amount != old.amount, T::ExistsWithDifferentAmount),
            (!same(new.user_data_128, old.user_data_128, data_128), T::ExistsWithDifferentUserData128),
            (
                !same(new.user_data_64.into(), old.user_data_64.into(), data_64),
                T::ExistsWithDifferentUserData64,
            ),
            (
                !same(new.user_data_32.into(), old.user_data_32.into(), pending.user_data_32.into()),
                T::ExistsWithDifferentUserData32,
            ),
            (
                !same(new.ledger.into(), old.ledger.into(), pending.ledger.into()),
                T::ExistsWithDifferentLedger,
            ),
            (!same(new.code.into(), old.code.into(), pending.code.into()), T::ExistsWithDifferentCode),
        ])
        .unwrap_or(T::Exists)
    }

    fn book(&mut self, new: &Transfer, now: u64) {
        let flag = |flag| new.flags.contains(flag);
        let (post, void) =
            (flag(TransferFlags::POST_PENDING_TRANSFER), flag(TransferFlags::VOID_PENDING_TRANSFER));
        let mut booked = Transfer { timestamp: now, ..*new };
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
        self.transfers.insert(now, (booked, state));
    }

    pub(crate) fn transfer(&self, id: u128) -> Option<(Transfer, TransferState)> {
        self.transfers.values().find(|(transfer, _)| transfer.id == id).copied()
    }

    pub(crate) fn transfers_newest_first(&self) -> Vec<(Transfer, TransferState)> {
        self.transfers.values().rev().copied().collect()
    }

    fn sums(&self, id: u128) -> Sums {
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

    /// Every account with its sums, ordered by id.
    pub(crate) fn accounts(&self) -> Vec<Account> {
        let with_sums = |account: &Account| {
            let sums = self.sums(account.id);
            Account {
                debits_pending: sums.debits_pending.1,
                debits_posted: sums.debits_posted.1,
                credits_pending: sums.credits_pending.1,
                credits_posted: sums.credits_posted.1,
                ..*account
            }
        };
        self.accounts.values().map(with_sums).collect()
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

fn first_that_applies(statuses: &[(bool, T)]) -> Option<T> {
    statuses.iter().find(|(applies, _)| *applies).map(|(_, status)| *status)
}

fn due(transfer: &Transfer) -> Option<u128> {
    let timeout = u128::from(transfer.timeout) * SECOND;
    (timeout > 0).then_some(u128::from(transfer.timestamp) + timeout)
}
