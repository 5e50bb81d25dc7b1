//! Whether a transfer may be created. The order of the checks is the precedence of the statuses.

use crate::Ledger;
use crate::accounts::{
    self, BEARS_INTEREST, IS_CONTROL, MARKS, credits_exceed_debits, debits_exceed_credits, sum3,
};
use crate::ahead::Ahead;
use crate::apply::TIMESTAMP_MAX;
use crate::bank::{Note, Particulars};
use crate::rows::Row;
use crate::status::CreateTransferStatus as Status;
use crate::transfers::{Entry, Known, NONE, TransferState, due};
use crate::wire::{AccountFlags, Transfer, TransferFlags};

/// A transfer that may be created.
pub(crate) struct Judged {
    /// Its record: the amount is the one it moves, the timestamp its own.
    pub(crate) row: Row,
    pub(crate) ledger: u32,
    /// The amount of the pending transfer that it posts or voids, else 0.
    pub(crate) resolved: u128,
    /// What is to be noted about it.
    pub(crate) note: Option<Note>,
}

/// Why a transfer is not created.
pub(crate) struct Refusal {
    pub(crate) status: Status,
    /// When the same transfer, which already exists, was created.
    pub(crate) existing: Option<u64>,
}

impl From<Status> for Refusal {
    fn from(status: Status) -> Self {
        Self { status, existing: None }
    }
}

/// What a transfer that posts or voids cannot be as well.
const EXCLUDED_BY_RESOLVING: TransferFlags =
    TransferFlags::PENDING.with(TransferFlags::BALANCING).with(TransferFlags::CLOSING);

/// Flags of accounts that may not take part in every transfer. Few have one, so they are asked for together.
const RESTRICTED: AccountFlags = AccountFlags::CLOSED.with(MARKS);

impl Ledger {
    /// What to enter for `transfer` at `stamp`, complete, or why there is nothing to. Changes nothing.
    #[inline]
    pub(crate) fn judge_transfer(
        &self,
        transfer: &Transfer,
        said: Option<&Particulars>,
        ahead: &Ahead,
        stamp: u64,
    ) -> Result<Judged, Refusal> {
        let is_reserved_used = said.is_some_and(|said| said.is_reserved_used);
        refuse_if(is_reserved_used, Status::ReservedBookingField)?;
        if !TransferFlags::SUPPORTED.contains(transfer.flags) {
            return Err(Status::ReservedFlag.into());
        }
        check_id(transfer.id, Status::IdMustNotBeZero, Status::IdMustNotBeIntMax)?;
        match self.transfers.known(ahead.hash, transfer.id) {
            Some(Known::Transfer(number)) => return Err(self.refuse_known(transfer, said, number)),
            Some(Known::Failed) => return Err(Status::IdAlreadyFailed.into()),
            None => {}
        }
        let reverses = match said {
            Some(said) if said.reverses != 0 => Some(self.judge_reversal(transfer, said.reverses)?),
            _ => None,
        };
        let mut judged = if transfer.flags.intersects(TransferFlags::RESOLVING) {
            self.judge_resolving(transfer, said, stamp)?
        } else {
            self.judge_moving(transfer, said, ahead, stamp)?
        };
        if let Some(said) = said {
            let note = self.judge_particulars(stamp, said, reverses)?;
            // A transfer that posts is for the purpose of the pending one, said again or not.
            let inherited = judged.note.map_or(0, |note| note.purpose);
            judged.note = Some(Note { purpose: note.purpose.max(inherited), ..note });
        }
        Ok(judged)
    }

    /// The refusal of a transfer whose id is that of the transfer with this number.
    fn refuse_known(&self, transfer: &Transfer, said: Option<&Particulars>, number: u32) -> Refusal {
        let existing = self.entry(number);
        let created = existing.transfer.timestamp;
        let status = match (self.compare(transfer, &existing), said) {
            (Status::Exists, Some(said)) => self.compare_booked(number, created, said),
            (status, _) => status,
        };
        Refusal { status, existing: (status == Status::Exists).then_some(created) }
    }

    /// A single-phase or a pending transfer.
    #[inline]
    fn judge_moving(
        &self,
        transfer: &Transfer,
        said: Option<&Particulars>,
        ahead: &Ahead,
        stamp: u64,
    ) -> Result<Judged, Status> {
        let debit_id = transfer.debit_account_id;
        check_id(debit_id, Status::DebitAccountIdMustNotBeZero, Status::DebitAccountIdMustNotBeIntMax)?;
        let credit_id = transfer.credit_account_id;
        check_id(credit_id, Status::CreditAccountIdMustNotBeZero, Status::CreditAccountIdMustNotBeIntMax)?;
        refuse_if(debit_id == credit_id, Status::AccountsMustBeDifferent)?;
        refuse_if(transfer.pending_id != 0, Status::PendingIdMustBeZero)?;
        let is_pending = transfer.flags.contains(TransferFlags::PENDING);
        if !is_pending {
            refuse_if(transfer.timeout != 0, Status::TimeoutReservedForPendingTransfer)?;
            let is_closing = transfer.flags.intersects(TransferFlags::CLOSING);
            refuse_if(is_closing, Status::ClosingTransferMustBePending)?;
        }
        refuse_if(transfer.ledger == 0, Status::LedgerMustNotBeZero)?;
        refuse_if(transfer.code == 0, Status::CodeMustNotBeZero)?;

        let (debit, credit) = (ahead.debit, ahead.credit);
        refuse_if(debit == NONE, Status::DebitAccountNotFound)?;
        refuse_if(credit == NONE, Status::CreditAccountNotFound)?;
        let (debited, credited) = (self.accounts.get(debit), self.accounts.get(credit));
        let share_a_ledger = self.accounts.share_a_ledger(debited, credited);
        refuse_if(!share_a_ledger, Status::AccountsMustHaveTheSameLedger)?;
        let is_in_ledger = transfer.ledger == self.accounts.ledger(debited);
        refuse_if(!is_in_ledger, Status::TransferMustHaveTheSameLedgerAsAccounts)?;

        if transfer.flags.contains(TransferFlags::IMPORTED) {
            self.check_import(stamp)?;
            let after_debit = stamp > debited.timestamp;
            refuse_if(!after_debit, Status::ImportedEventTimestampMustPostdateDebitAccount)?;
            let after_credit = stamp > credited.timestamp;
            refuse_if(!after_credit, Status::ImportedEventTimestampMustPostdateCreditAccount)?;
            refuse_if(transfer.timeout != 0, Status::ImportedEventTimeoutMustBeZero)?;
        }
        let flags = debited.flags.with(credited.flags);
        if said.is_some() || flags.intersects(RESTRICTED) {
            self.check_restrictions(debit, credit, said)?;
        }

        let amount = balanced_amount(transfer, debited, credited);
        check_overflow(debited, credited, transfer, amount, stamp)?;
        refuse_if(debits_exceed_credits(debited, amount), Status::ExceedsCredits)?;
        refuse_if(credits_exceed_debits(credited, amount), Status::ExceedsDebits)?;
        if flags.contains(BEARS_INTEREST) {
            self.check_interest(debit, credit, amount)?;
        }
        let row = Row::new(transfer, stamp, amount, [debit, credit, NONE]);
        Ok(Judged { row, ledger: transfer.ledger, resolved: 0, note: None })
    }

    /// Whether the accounts are open and may take part in what is said of the transfer: few accounts refuse any.
    fn check_restrictions(&self, debit: u32, credit: u32, said: Option<&Particulars>) -> Result<(), Status> {
        let (debited, credited) = (self.accounts.get(debit), self.accounts.get(credit));
        check_open(debited, credited)?;
        let is_control = debited.flags.contains(IS_CONTROL);
        refuse_if(is_control, Status::DebitAccountIsControl)?;
        refuse_if(credited.flags.contains(IS_CONTROL), Status::CreditAccountIsControl)?;
        match said {
            // A reversal gives money back to where it came from, whatever that may be spent on.
            Some(said) if said.reverses != 0 => Ok(()),
            said => self.check_purpose(debit, credit, said.map_or(0, |said| said.purpose)),
        }
    }

    /// A transfer that posts or voids a pending one.
    fn judge_resolving(
        &self,
        transfer: &Transfer,
        said: Option<&Particulars>,
        stamp: u64,
    ) -> Result<Judged, Status> {
        let is_both = transfer.flags.contains(TransferFlags::RESOLVING);
        let excluded = transfer.flags.intersects(EXCLUDED_BY_RESOLVING);
        refuse_if(is_both || excluded, Status::FlagsAreMutuallyExclusive)?;
        check_id(transfer.pending_id, Status::PendingIdMustNotBeZero, Status::PendingIdMustNotBeIntMax)?;
        refuse_if(transfer.pending_id == transfer.id, Status::PendingIdMustBeDifferent)?;
        refuse_if(transfer.timeout != 0, Status::TimeoutReservedForPendingTransfer)?;

        let number = self.transfers.find(transfer.pending_id).ok_or(Status::PendingTransferNotFound)?;
        let Entry { transfer: pending, debit, credit, state, .. } = self.entry(number);
        let pending = &pending;
        refuse_if(!pending.flags.contains(TransferFlags::PENDING), Status::PendingTransferNotPending)?;
        let resolving = inherit(transfer, pending, stamp);
        check_inherited(&resolving, pending)?;
        let purpose = self.bank.notes.purposes.get(&number).copied().unwrap_or(0);
        let is_other = said.is_some_and(|said| said.purpose != 0 && said.purpose != purpose);
        refuse_if(is_other, Status::PendingTransferHasDifferentPurpose)?;
        match state {
            TransferState::PostedPending => return Err(Status::PendingTransferAlreadyPosted),
            TransferState::Voided => return Err(Status::PendingTransferAlreadyVoided),
            TransferState::Expired => return Err(Status::PendingTransferExpired),
            TransferState::Pending | TransferState::Posted => {}
        }
        // Its reserve is taken back with the next request, but its time is over now.
        refuse_if(
            due(pending.timestamp, pending.timeout).is_some_and(|due| due <= stamp),
            Status::PendingTransferExpired,
        )?;
        if transfer.flags.contains(TransferFlags::IMPORTED) {
            self.check_import(stamp)?;
        }
        // Voiding is all that a closed account allows: it may be what opens the account again.
        if !transfer.flags.contains(TransferFlags::VOID_PENDING_TRANSFER) {
            let (debited, credited) = (self.accounts.get(debit), self.accounts.get(credit));
            if purpose != 0 || debited.flags.with(credited.flags).intersects(RESTRICTED) {
                check_open(debited, credited)?;
                // Whoever was approved when the money was held may be so no longer.
                self.check_purpose(debit, credit, purpose)?;
                self.check_interest(debit, credit, resolving.amount)?;
            }
        }
        let row = Row::new(&resolving, stamp, resolving.amount, [debit, credit, number]);
        let note = (purpose != 0).then_some(Note { value_date: None, purpose, reverses: None });
        Ok(Judged { row, ledger: resolving.ledger, resolved: pending.amount, note })
    }

    /// Whether an imported transfer may have this timestamp.
    fn check_import(&self, timestamp: u64) -> Result<(), Status> {
        let scan = self.scan();
        let regresses = timestamp <= scan.newest_transfer_timestamp()
            || scan.has_account_at(timestamp)
            || self.transfers.expiries.has_at(timestamp);
        refuse_if(regresses, Status::ImportedEventTimestampMustNotRegress)
    }

    /// How `transfer` differs from the existing one with its id.
    fn compare(&self, transfer: &Transfer, existing: &Entry) -> Status {
        let old = &existing.transfer;
        // The flags decide what the other fields mean, so they come first.
        if transfer.flags != old.flags {
            return Status::ExistsWithDifferentFlags;
        }
        if transfer.pending_id != old.pending_id {
            return Status::ExistsWithDifferentPendingId;
        }
        if transfer.timeout != old.timeout {
            return Status::ExistsWithDifferentTimeout;
        }
        if existing.pending == NONE {
            // A balancing transfer moves at most its amount, so a repetition fits what any of them moved.
            let is_balancing = transfer.flags.intersects(TransferFlags::BALANCING);
            let amount = if is_balancing { transfer.amount.min(old.amount) } else { transfer.amount };
            return compare_fields(&Transfer { amount, ..*transfer }, old);
        }
        // What a posting or voiding transfer leaves open means the same now as it did then.
        compare_fields(&inherit(transfer, &self.entry(existing.pending).transfer, 0), old)
    }
}

fn compare_fields(new: &Transfer, old: &Transfer) -> Status {
    if new.debit_account_id != old.debit_account_id {
        Status::ExistsWithDifferentDebitAccountId
    } else if new.credit_account_id != old.credit_account_id {
        Status::ExistsWithDifferentCreditAccountId
    } else if new.amount != old.amount {
        Status::ExistsWithDifferentAmount
    } else if new.user_data_128 != old.user_data_128 {
        Status::ExistsWithDifferentUserData128
    } else if new.user_data_64 != old.user_data_64 {
        Status::ExistsWithDifferentUserData64
    } else if new.user_data_32 != old.user_data_32 {
        Status::ExistsWithDifferentUserData32
    } else if new.ledger != old.ledger {
        Status::ExistsWithDifferentLedger
    } else if new.code != old.code {
        Status::ExistsWithDifferentCode
    } else {
        Status::Exists
    }
}

/// `transfer` with what it leaves open taken from the pending transfer. "All" is 2^128 − 1 to post and 0 to
/// void: posting 0 posts nothing and releases everything.
fn inherit(transfer: &Transfer, pending: &Transfer, stamp: u64) -> Transfer {
    let all = if transfer.flags.contains(TransferFlags::VOID_PENDING_TRANSFER) { 0 } else { u128::MAX };
    Transfer {
        debit_account_id: or(transfer.debit_account_id, pending.debit_account_id),
        credit_account_id: or(transfer.credit_account_id, pending.credit_account_id),
        amount: if transfer.amount == all { pending.amount } else { transfer.amount },
        user_data_128: or(transfer.user_data_128, pending.user_data_128),
        user_data_64: or(transfer.user_data_64, pending.user_data_64),
        user_data_32: or(transfer.user_data_32, pending.user_data_32),
        ledger: or(transfer.ledger, pending.ledger),
        code: or(transfer.code, pending.code),
        timestamp: stamp,
        ..*transfer
    }
}

/// What a posting or voiding transfer does not leave open must agree with the pending one.
fn check_inherited(resolving: &Transfer, pending: &Transfer) -> Result<(), Status> {
    refuse_if(
        resolving.debit_account_id != pending.debit_account_id,
        Status::PendingTransferHasDifferentDebitAccountId,
    )?;
    refuse_if(
        resolving.credit_account_id != pending.credit_account_id,
        Status::PendingTransferHasDifferentCreditAccountId,
    )?;
    refuse_if(resolving.ledger != pending.ledger, Status::PendingTransferHasDifferentLedger)?;
    refuse_if(resolving.code != pending.code, Status::PendingTransferHasDifferentCode)?;
    refuse_if(resolving.amount > pending.amount, Status::ExceedsPendingTransferAmount)?;
    let is_void = resolving.flags.contains(TransferFlags::VOID_PENDING_TRANSFER);
    refuse_if(is_void && resolving.amount < pending.amount, Status::PendingTransferHasDifferentAmount)
}

fn check_open(debited: &accounts::Row, credited: &accounts::Row) -> Result<(), Status> {
    refuse_if(debited.flags.contains(AccountFlags::CLOSED), Status::DebitAccountAlreadyClosed)?;
    refuse_if(credited.flags.contains(AccountFlags::CLOSED), Status::CreditAccountAlreadyClosed)
}

/// The amount to move: that of the transfer, or less if it balances an account.
fn balanced_amount(transfer: &Transfer, debited: &accounts::Row, credited: &accounts::Row) -> u128 {
    let mut amount = transfer.amount;
    if transfer.flags.intersects(TransferFlags::BALANCING) {
        // Pending and posted together fit into 128 bits: a transfer that would change that is refused.
        if transfer.flags.contains(TransferFlags::BALANCING_DEBIT) {
            let debits = debited.debits_pending.saturating_add(debited.debits_posted);
            amount = amount.min(debited.credits_posted.saturating_sub(debits));
        }
        if transfer.flags.contains(TransferFlags::BALANCING_CREDIT) {
            let credits = credited.credits_pending.saturating_add(credited.credits_posted);
            amount = amount.min(credited.debits_posted.saturating_sub(credits));
        }
    }
    amount
}

fn check_overflow(
    debited: &accounts::Row,
    credited: &accounts::Row,
    transfer: &Transfer,
    amount: u128,
    stamp: u64,
) -> Result<(), Status> {
    let all = debited.debits_pending
        | debited.debits_posted
        | credited.credits_pending
        | credited.credits_posted
        | amount;
    if all >> 126 == 0 && transfer.timeout == 0 {
        // Three numbers below 2^126 have a sum below 2^128.
        return Ok(());
    }
    let overflows = |sum: u128| sum.checked_add(amount).is_none();
    if transfer.flags.contains(TransferFlags::PENDING) {
        refuse_if(overflows(debited.debits_pending), Status::OverflowsDebitsPending)?;
        refuse_if(overflows(credited.credits_pending), Status::OverflowsCreditsPending)?;
    }
    refuse_if(overflows(debited.debits_posted), Status::OverflowsDebitsPosted)?;
    refuse_if(overflows(credited.credits_posted), Status::OverflowsCreditsPosted)?;
    let debits = sum3(debited.debits_pending, debited.debits_posted, amount);
    refuse_if(debits.is_none(), Status::OverflowsDebits)?;
    let credits = sum3(credited.credits_pending, credited.credits_posted, amount);
    refuse_if(credits.is_none(), Status::OverflowsCredits)?;
    refuse_if(due(stamp, transfer.timeout).is_some_and(|due| due > TIMESTAMP_MAX), Status::OverflowsTimeout)
}

fn check_id(id: u128, if_zero: Status, if_max: Status) -> Result<(), Status> {
    refuse_if(id == 0, if_zero)?;
    refuse_if(id == u128::MAX, if_max)
}

fn refuse_if(condition: bool, status: Status) -> Result<(), Status> {
    if condition { Err(status) } else { Ok(()) }
}

/// `given`, or `inherited` if it is zero.
fn or<T: Default + PartialEq>(given: T, inherited: T) -> T {
    if given == T::default() { inherited } else { given }
}
