//! Closing accounts with a pending transfer, and opening them again when it is voided or expires.

use crate::rows::Row;
use crate::transfers::NONE;
use crate::wire::{AccountFlags, TransferFlags};
use crate::{InvariantBroken, Ledger};

/// The transfers that may close an account or open it again.
const MAY_CLOSE_OR_OPEN: TransferFlags = TransferFlags::CLOSING.with(TransferFlags::VOID_PENDING_TRANSFER);

impl Ledger {
    /// Closes or opens what the new transfer `row` closes or opens.
    pub(crate) fn do_closing(&mut self, row: &Row) {
        if row.flags().intersects(MAY_CLOSE_OR_OPEN) {
            let is_closing = row.pending == NONE;
            self.set_closed(row, is_closing);
        }
    }

    /// Undoes [`do_closing`](Self::do_closing).
    pub(crate) fn undo_closing(&mut self, row: &Row) {
        if row.flags().intersects(MAY_CLOSE_OR_OPEN) {
            let is_closing = row.pending == NONE;
            self.set_closed(row, !is_closing);
        }
    }

    /// Opens the accounts that the pending transfer `row` closed; it has just expired.
    pub(crate) fn reopen(&mut self, row: &Row) {
        if row.flags().intersects(TransferFlags::CLOSING) {
            self.set_closed(row, false);
        }
    }

    /// Checks that the accounts are closed which the pending transfer `row` closes.
    pub(crate) fn check_closed(&self, row: &Row) -> Result<(), InvariantBroken> {
        let sides = [(TransferFlags::CLOSING_DEBIT, row.debit), (TransferFlags::CLOSING_CREDIT, row.credit)];
        for (flag, number) in sides {
            let account = self.accounts.get(number.get());
            if row.flags().contains(flag) && !account.flags.contains(AccountFlags::CLOSED) {
                return Err(InvariantBroken::ClosingAccountIsOpen { account: account.id });
            }
        }
        Ok(())
    }

    fn set_closed(&mut self, row: &Row, closed: bool) {
        let sides = self.transfers.closing_flags(row);
        if sides.contains(TransferFlags::CLOSING_DEBIT) {
            self.accounts.set_closed(row.debit.get(), closed);
        }
        if sides.contains(TransferFlags::CLOSING_CREDIT) {
            self.accounts.set_closed(row.credit.get(), closed);
        }
    }
}
