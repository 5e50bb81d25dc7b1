//! Closing accounts with a pending transfer, and opening them again when it is voided or expires.

use crate::transfers::{Entry, NONE, Transfers};
use crate::wire::{AccountFlags, TransferFlags};
use crate::{InvariantBroken, Ledger};

/// The transfers that may close an account or open it again.
const MAY_CLOSE_OR_OPEN: TransferFlags = TransferFlags::CLOSING.with(TransferFlags::VOID_PENDING_TRANSFER);

impl Ledger {
    /// Closes or opens what the new transfer `entry` closes or opens.
    pub(crate) fn do_closing(&mut self, entry: &Entry) {
        if entry.transfer.flags.intersects(MAY_CLOSE_OR_OPEN) {
            let is_closing = entry.pending == NONE;
            self.set_closed(entry, is_closing);
        }
    }

    /// Undoes [`do_closing`](Self::do_closing).
    pub(crate) fn undo_closing(&mut self, entry: &Entry) {
        if entry.transfer.flags.intersects(MAY_CLOSE_OR_OPEN) {
            let is_closing = entry.pending == NONE;
            self.set_closed(entry, !is_closing);
        }
    }

    /// Opens the accounts that the pending transfer `entry` closed; it has just expired.
    pub(crate) fn reopen(&mut self, entry: &Entry) {
        if entry.transfer.flags.intersects(TransferFlags::CLOSING) {
            self.set_closed(entry, false);
        }
    }

    /// Checks that the accounts are closed which the pending transfer `entry` closes.
    pub(crate) fn check_closed(&self, entry: &Entry) -> Result<(), InvariantBroken> {
        let sides =
            [(TransferFlags::CLOSING_DEBIT, entry.debit), (TransferFlags::CLOSING_CREDIT, entry.credit)];
        for (flag, number) in sides {
            let account = self.accounts.get(number);
            if entry.transfer.flags.contains(flag) && !account.flags.contains(AccountFlags::CLOSED) {
                return Err(InvariantBroken::ClosingAccountIsOpen { account: account.id });
            }
        }
        Ok(())
    }

    fn set_closed(&mut self, entry: &Entry, closed: bool) {
        let sides = entry.closing_flags(&self.transfers);
        if sides.contains(TransferFlags::CLOSING_DEBIT) {
            self.accounts.set_closed(entry.debit, closed);
        }
        if sides.contains(TransferFlags::CLOSING_CREDIT) {
            self.accounts.set_closed(entry.credit, closed);
        }
    }
}

impl Entry {
    /// The flags of the transfer that closes, which is the pending one if this one voids it.
    pub(crate) fn closing_flags(&self, transfers: &Transfers) -> TransferFlags {
        if self.pending == NONE { self.transfer.flags } else { transfers.get(self.pending).transfer.flags }
    }
}
