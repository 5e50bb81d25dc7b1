//! An independent book: what the outcomes say happened, added up by the simplest means.
//!
//! It does not judge whether an event should have been accepted; that is what the replay through the ledger compares.
//! It checks that what was accepted moved the money it says, and that nothing else did.

use std::collections::BTreeMap;

use ledger_core::{
    Account, Booking, InterestRun, InterestRunKind, Ledger, OUTCOME_BYTES, Operation, Transfer, TransferFlags,
};

use crate::violation::{Invariant, Violation, check};

const NS_PER_S: u64 = 1_000_000_000;
/// "Created" is the one outcome that changes something.
const CREATED: u32 = ledger_core::CreateTransferStatus::Created as u32;

/// Sums of an account: debits pending and posted, credits pending and posted.
type Sums = [u128; 4];

/// A transfer that waits to be posted, voided, or for its time to run out.
#[derive(Clone, Copy, Debug)]
struct Open {
    debit: u128,
    credit: u128,
    amount: u128,
    /// When it was created.
    created: u64,
    /// When it expires.
    due: Option<u64>,
}

/// Accounts and open transfers, by id.
#[derive(Debug, Default)]
pub(crate) struct Book {
    accounts: BTreeMap<u128, Sums>,
    open: BTreeMap<u128, Open>,
    /// The stamp of the last request.
    clock: u64,
}

impl Book {
    /// Adds up what a request did, from its events and its outcomes. What interest came to is the ledger's to say: `posted`
    /// finds the transfer with an id.
    pub(crate) fn apply(
        &mut self,
        operation: Operation,
        stamp: u64,
        body: &[u8],
        reply: &[u8],
        posted: impl Fn(u128) -> Option<Transfer>,
    ) -> Result<(), Violation> {
        let event_bytes = operation.event_bytes();
        let events = body.len() / event_bytes;
        self.expire(stamp - events as u64);
        self.clock = stamp;
        check(reply.len() == events * OUTCOME_BYTES, Invariant::Books, || {
            format!("{events} events have {} bytes of outcomes", reply.len())
        })?;
        for (event, outcome) in body.chunks_exact(event_bytes).zip(reply.chunks_exact(OUTCOME_BYTES)) {
            let status = outcome[8..12].iter().rev().fold(0, |sum, byte| sum << 8 | u32::from(*byte));
            if status != CREATED {
                continue;
            }
            let stamp = outcome[..8].iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
            match operation {
                Operation::CreateAccounts => {
                    let account = Account::from_bytes(event).unwrap_or_default();
                    self.accounts.insert(account.id, Sums::default());
                }
                Operation::CreateTransfers => {
                    self.transfer(&Transfer::from_bytes(event).unwrap_or_default(), stamp)?;
                }
                Operation::CreateBookings => {
                    let booking = Booking::from_bytes(event).unwrap_or_default();
                    self.transfer(&booking.transfer, stamp)?;
                }
                Operation::AccrueInterest => {
                    self.interest(InterestRunKind::Accrue, event, stamp, &posted)?;
                }
                Operation::CapitaliseInterest => {
                    self.interest(InterestRunKind::Capitalise, event, stamp, &posted)?;
                }
                // Declarations move nothing.
                Operation::Pulse
                | Operation::DeclareUnits
                | Operation::PlaceAccounts
                | Operation::SetPurposes
                | Operation::CutDay
                | Operation::DeclareInterestRates
                | Operation::AssignInterest => {}
            }
        }
        Ok(())
    }

    /// Takes back what falls due until `last`. Every expiry needs a moment that no event has; those that find none wait
    /// for the next request.
    fn expire(&mut self, last: u64) {
        let mut free = self.clock + 1;
        for _ in 0..ledger_core::EVENTS_MAX {
            let timed = self.open.iter().filter_map(|(id, open)| Some((open.due?, open.created, *id)));
            let Some((due, _, id)) = timed.min() else { return };
            let moment = due.max(free);
            if moment > last {
                return;
            }
            if let Some(open) = self.open.remove(&id) {
                self.add(open.debit, open.credit, 0, open.amount.wrapping_neg());
            }
            free = moment + 1;
        }
    }

    /// A run of interest posted a transfer, or had nothing to post.
    fn interest(
        &mut self,
        kind: InterestRunKind,
        event: &[u8],
        stamp: u64,
        posted: impl Fn(u128) -> Option<Transfer>,
    ) -> Result<(), Violation> {
        let Some(run) = InterestRun::from_bytes(event) else { return Ok(()) };
        match posted(kind.transfer_id(run.account, run.through)) {
            Some(transfer) => self.transfer(&transfer, stamp),
            None => Ok(()),
        }
    }

    fn transfer(&mut self, transfer: &Transfer, stamp: u64) -> Result<(), Violation> {
        let Transfer { debit_account_id: debit, credit_account_id: credit, amount, flags, .. } = *transfer;
        if flags.contains(TransferFlags::PENDING) {
            let due = (transfer.timeout > 0).then(|| stamp + u64::from(transfer.timeout) * NS_PER_S);
            self.open.insert(transfer.id, Open { debit, credit, amount, created: stamp, due });
            self.add(debit, credit, 0, amount);
            return Ok(());
        }
        let posts = flags.contains(TransferFlags::POST_PENDING_TRANSFER);
        if !posts && !flags.contains(TransferFlags::VOID_PENDING_TRANSFER) {
            self.add(debit, credit, amount, 0);
            return Ok(());
        }
        let open = self.open.remove(&transfer.pending_id);
        let Some(Open { debit, credit, amount: reserved, .. }) = open else {
            let what =
                format!("transfer {} resolves {}, which is not open", transfer.id, transfer.pending_id);
            return Err(Violation::new(Invariant::Books, what));
        };
        let posted = if posts { amount.min(reserved) } else { 0 };
        self.add(debit, credit, posted, reserved.wrapping_neg());
        Ok(())
    }

    /// Adds to both sides; sums wrap, so that taking away is adding too.
    fn add(&mut self, debit: u128, credit: u128, posted: u128, pending: u128) {
        for (account, side) in [(debit, 0), (credit, 2)] {
            let sums = self.accounts.entry(account).or_default();
            sums[side] = sums[side].wrapping_add(pending);
            sums[side + 1] = sums[side + 1].wrapping_add(posted);
        }
    }

    /// Compares every account with the ledger's, and debits with credits.
    pub(crate) fn compare(&self, ledger: &Ledger) -> Result<(), Violation> {
        let accounts = ledger.accounts_after(None, usize::MAX);
        check(accounts.len() == self.accounts.len(), Invariant::Books, || {
            format!("the ledger has {} accounts, the book {}", accounts.len(), self.accounts.len())
        })?;
        let mut total = Sums::default();
        for account in accounts {
            let Account { debits_pending, debits_posted, credits_pending, credits_posted, .. } = account;
            let found = [debits_pending, debits_posted, credits_pending, credits_posted];
            let expected = self.accounts.get(&account.id).copied();
            check(expected == Some(found), Invariant::Books, || {
                format!("account {} has {found:?}, the book says {expected:?}", account.id)
            })?;
            for (sum, part) in total.iter_mut().zip(found) {
                *sum = sum.wrapping_add(part);
            }
        }
        check(total[0] == total[2] && total[1] == total[3], Invariant::Books, || {
            format!("debits and credits differ: {total:?}")
        })
    }
}
