//! Bookings: transfers with a value date, a purpose, or a transfer that they reverse.

use super::days::DATE_MAX;
use super::notes::Note;
use super::{Booking, VALUE_DAYS_AFTER_MAX, VALUE_DAYS_BEFORE_MAX};
use crate::Ledger;
use crate::status::CreateTransferStatus as Status;
use crate::transfers::{Entry, TransferState};
use crate::wire::{Transfer, TransferFlags};

/// What is said about a transfer beyond its record.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Particulars {
    /// The transfer that it reverses, or 0.
    pub(crate) reverses: u128,
    /// 0 if it was not said.
    pub(crate) value_date: u32,
    /// 0 if it was not said.
    pub(crate) purpose: u16,
    /// Something was said in a field without a meaning.
    pub(crate) is_reserved_used: bool,
}

impl Booking {
    /// What it says; `None` if that is nothing: a plain transfer.
    pub(crate) fn particulars(&self) -> Option<Particulars> {
        let said = Particulars {
            reverses: self.reverses,
            value_date: self.value_date,
            purpose: self.purpose,
            is_reserved_used: self.reserved != [0; 106],
        };
        (said != Particulars::default()).then_some(said)
    }
}

impl Ledger {
    /// What to note about a transfer that may be created at `timestamp` and reverses the one with this number.
    pub(crate) fn judge_particulars(
        &self,
        timestamp: u64,
        said: &Particulars,
        reverses: Option<u32>,
    ) -> Result<Note, Status> {
        let today = self.bank.days.today(timestamp);
        let (first, last) = (today.saturating_sub(VALUE_DAYS_BEFORE_MAX), today + VALUE_DAYS_AFTER_MAX);
        if said.value_date != 0 && said.value_date < first {
            return Err(Status::ValueDateTooEarly);
        }
        if said.value_date > last.min(DATE_MAX) {
            return Err(Status::ValueDateTooLate);
        }
        let date = match (said.value_date, reverses) {
            (0, None) => today,
            // What was wrong from a day on is right again from the same day on, as far back as books can be changed.
            (0, Some(number)) => {
                let timestamp = self.transfers.rows.get(number).timestamp.get();
                self.booked(number, timestamp).value_date.clamp(first, last)
            }
            (said, _) => said,
        };
        Ok(Note { value_date: (date != today).then_some(date), purpose: said.purpose, reverses })
    }

    /// The number of the transfer called `id`, which `reversal` may reverse if it may be created at all.
    pub(crate) fn judge_reversal(&self, reversal: &Transfer, id: u128) -> Result<u32, Status> {
        let refuse_if = |condition, status| if condition { Err(status) } else { Ok(()) };
        let is_plain = TransferFlags::LINKED.contains(reversal.flags);
        refuse_if(!is_plain, Status::ReversalMustBeSinglePhase)?;
        let number = self.transfers.find(id).ok_or(Status::ReversedTransferNotFound)?;
        let Entry { transfer: original, state, .. } = self.entry(number);
        refuse_if(state != TransferState::Posted, Status::ReversedTransferNotPosted)?;
        let notes = &self.bank.notes;
        refuse_if(notes.reverses.contains_key(&number), Status::ReversedTransferIsReversal)?;
        refuse_if(notes.reversed_by.contains_key(&number), Status::ReversedTransferAlreadyReversed)?;
        let is_back = reversal.debit_account_id == original.credit_account_id
            && reversal.credit_account_id == original.debit_account_id;
        refuse_if(!is_back, Status::ReversalHasDifferentAccounts)?;
        refuse_if(reversal.amount != original.amount, Status::ReversalHasDifferentAmount)?;
        Ok(number)
    }

    /// How what is said about a transfer differs from what was noted when the same one was created.
    pub(crate) fn compare_booked(&self, number: u32, timestamp: u64, said: &Particulars) -> Status {
        let existing = self.booked(number, timestamp);
        // What was left open then took its value from the books, and is left open again.
        if said.reverses != existing.reverses.unwrap_or(0) {
            Status::ExistsWithDifferentReversal
        } else if said.value_date != 0 && said.value_date != existing.value_date {
            Status::ExistsWithDifferentValueDate
        } else if said.purpose != 0 && said.purpose != existing.purpose {
            Status::ExistsWithDifferentPurpose
        } else {
            Status::Exists
        }
    }
}
