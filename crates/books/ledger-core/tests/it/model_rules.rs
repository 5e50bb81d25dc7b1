//! What the model answers to an event: each rule on a line of its own, in the order of precedence.

use ledger_core::CreateAccountStatus as A;
use ledger_core::CreateTransferStatus as T;
use ledger_core::{Account, AccountFlags, Transfer, TransferFlags, TransferState};

use crate::model::{Model, SECOND, Wide, due};

impl Model {
    pub(super) fn account_status(&self, new: &Account) -> A {
        let both =
            AccountFlags::DEBITS_MUST_NOT_EXCEED_CREDITS | AccountFlags::CREDITS_MUST_NOT_EXCEED_DEBITS;
        let mut status = vec![
            (new.reserved != 0, A::ReservedField),
            (new.flags.0 >= 64, A::ReservedFlag),
            (new.id == 0, A::IdMustNotBeZero),
            (new.id == u128::MAX, A::IdMustNotBeIntMax),
        ];
        if let Some(old) = self.accounts.get(&new.id) {
            status.extend([
                (new.flags != self.account(old.id).unwrap().flags, A::ExistsWithDifferentFlags),
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
            (
                new.flags.contains(AccountFlags::IMPORTED)
                    && (self.accounts.values().any(|account| account.timestamp >= new.timestamp)
                        || self.transfers.contains_key(&new.timestamp)),
                A::ImportedEventTimestampMustNotRegress,
            ),
        ]);
        status.into_iter().find(|(applies, _)| *applies).map_or(A::Created, |(_, status)| status)
    }

    pub(super) fn transfer_status(&self, new: &Transfer) -> T {
        let flag = |flag| new.flags.contains(flag);
        let (post, void) =
            (flag(TransferFlags::POST_PENDING_TRANSFER), flag(TransferFlags::VOID_PENDING_TRANSFER));
        let first = first_that_applies(&[
            (new.flags.0 >= 512, T::ReservedFlag),
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
            return self.resolving_status(new);
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
            (
                !pending && (flag(TransferFlags::CLOSING_DEBIT) || flag(TransferFlags::CLOSING_CREDIT)),
                T::ClosingTransferMustBePending,
            ),
            (new.ledger == 0, T::LedgerMustNotBeZero),
            (new.code == 0, T::CodeMustNotBeZero),
        ]);
        if let Some(status) = first {
            return status;
        }
        let Some(debit) = self.account(new.debit_account_id) else { return T::DebitAccountNotFound };
        let Some(credit) = self.account(new.credit_account_id) else { return T::CreditAccountNotFound };
        let (debit_sums, credit_sums) = (self.sums(debit.id), self.sums(credit.id));
        let amount = Wide::of(balanced(new, &debit, &credit));
        let debits = debit_sums.debits_pending + debit_sums.debits_posted + amount;
        let credits = credit_sums.credits_pending + credit_sums.credits_posted + amount;
        let expires = u128::from(new.timestamp) + u128::from(new.timeout) * SECOND;
        let imported = flag(TransferFlags::IMPORTED);
        first_that_applies(&[
            (debit.ledger != credit.ledger, T::AccountsMustHaveTheSameLedger),
            (new.ledger != debit.ledger, T::TransferMustHaveTheSameLedgerAsAccounts),
            (imported && self.regresses(new.timestamp), T::ImportedEventTimestampMustNotRegress),
            (imported && new.timestamp <= debit.timestamp, T::ImportedEventTimestampMustPostdateDebitAccount),
            (
                imported && new.timestamp <= credit.timestamp,
                T::ImportedEventTimestampMustPostdateCreditAccount,
            ),
            (imported && new.timeout != 0, T::ImportedEventTimeoutMustBeZero),
            (debit.flags.contains(AccountFlags::CLOSED), T::DebitAccountAlreadyClosed),
            (credit.flags.contains(AccountFlags::CLOSED), T::CreditAccountAlreadyClosed),
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

    /// Whether an imported transfer comes too late for this timestamp, or something else has it.
    fn regresses(&self, timestamp: u64) -> bool {
        self.transfers.keys().any(|newest| *newest >= timestamp)
            || self.accounts.values().any(|account| account.timestamp == timestamp)
            || self.events.iter().any(|event| event.timestamp == timestamp)
    }

    fn resolving_status(&self, new: &Transfer) -> T {
        let flag = |flag| new.flags.contains(flag);
        let (post, void) =
            (flag(TransferFlags::POST_PENDING_TRANSFER), flag(TransferFlags::VOID_PENDING_TRANSFER));
        let first = first_that_applies(&[
            (post && void, T::FlagsAreMutuallyExclusive),
            (flag(TransferFlags::PENDING), T::FlagsAreMutuallyExclusive),
            (flag(TransferFlags::BALANCING_DEBIT), T::FlagsAreMutuallyExclusive),
            (flag(TransferFlags::BALANCING_CREDIT), T::FlagsAreMutuallyExclusive),
            (flag(TransferFlags::CLOSING_DEBIT), T::FlagsAreMutuallyExclusive),
            (flag(TransferFlags::CLOSING_CREDIT), T::FlagsAreMutuallyExclusive),
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
        let is_late = due(&old).is_some_and(|due| due <= u128::from(new.timestamp));
        let is_closed = |id| self.account(id).unwrap().flags.contains(AccountFlags::CLOSED);
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
            (
                flag(TransferFlags::IMPORTED) && self.regresses(new.timestamp),
                T::ImportedEventTimestampMustNotRegress,
            ),
            (post && is_closed(old.debit_account_id), T::DebitAccountAlreadyClosed),
            (post && is_closed(old.credit_account_id), T::CreditAccountAlreadyClosed),
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
        let balancing = new.flags.contains(TransferFlags::BALANCING_DEBIT)
            || new.flags.contains(TransferFlags::BALANCING_CREDIT);
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
            (
                if balancing { amount < old.amount } else { amount != old.amount },
                T::ExistsWithDifferentAmount,
            ),
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
}

/// What a transfer moves: its amount, or as much of it as a balancing flag leaves.
pub(super) fn balanced(new: &Transfer, debit: &Account, credit: &Account) -> u128 {
    let mut amount = new.amount;
    if new.flags.contains(TransferFlags::BALANCING_DEBIT) {
        let debits = debit.debits_posted + debit.debits_pending;
        amount = amount.min(debit.credits_posted.saturating_sub(debits));
    }
    if new.flags.contains(TransferFlags::BALANCING_CREDIT) {
        let credits = credit.credits_posted + credit.credits_pending;
        amount = amount.min(credit.debits_posted.saturating_sub(credits));
    }
    amount
}

fn first_that_applies(statuses: &[(bool, T)]) -> Option<T> {
    statuses.iter().find(|(applies, _)| *applies).map(|(_, status)| *status)
}
