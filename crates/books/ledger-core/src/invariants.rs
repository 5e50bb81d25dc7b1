//! What must hold of the books at all times.

use std::collections::BTreeMap;

use crate::accounts::{Row, Sums, credits_exceed_debits, debits_exceed_credits};
use crate::transfers::Transfers;
use crate::trial_balance::TrialBalanceLine;
use crate::{InvariantBroken, Ledger, TransferState};

impl Ledger {
    /// Checks the books against each other, from every record.
    ///
    /// - LED-INV-1: in every ledger Σ debits = Σ credits, pending and posted.
    /// - LED-INV-2: every account's sums equal its transfers.
    /// - LED-INV-3: no account exceeds a limit of its flags.
    /// - LED-INV-4: counters and timers match the pending transfers.
    /// - LED-INV-8: what a pending transfer closes is closed.
    /// - LED-INV-10: the sums kept for each kind of account, and so for control accounts, equal those of their accounts.
    ///
    /// Cost: the whole ledger. After every request [`apply`](Self::apply) itself asserts the totals of
    /// LED-INV-1.
    pub fn check_invariants(&self) -> Result<(), InvariantBroken> {
        self.check_ledgers()?;
        let sums = sums_of_transfers(&self.transfers, self.accounts.len() as usize);
        for (account, expected) in self.accounts.rows().zip(&sums) {
            if expected.as_ref().is_none_or(|expected| !has_sums(account, expected)) {
                return Err(InvariantBroken::AccountIsNotItsTransfers { account: account.id });
            }
            if debits_exceed_credits(account, 0) || credits_exceed_debits(account, 0) {
                return Err(InvariantBroken::LimitExceeded { account: account.id });
            }
        }
        self.check_pendings()
    }

    pub(crate) fn check_ledgers(&self) -> Result<(), InvariantBroken> {
        let mut ledgers: BTreeMap<u32, Sums> = BTreeMap::new();
        let mut total = Sums::default();
        for account in self.accounts.rows() {
            ledgers.entry(self.accounts.ledger(account)).or_default().add(account);
            total.add(account);
        }
        match ledgers.iter().find(|(_, sums)| !sums.balance()) {
            Some((ledger, _)) => Err(InvariantBroken::LedgerDoesNotBalance { ledger: *ledger }),
            // The ledgers balance, so a wrong running total belongs to none of them.
            None if total != *self.accounts.sums() => {
                Err(InvariantBroken::LedgerDoesNotBalance { ledger: 0 })
            }
            None => self.check_groups(),
        }
    }

    /// Checks that every group equals its accounts.
    fn check_groups(&self) -> Result<(), InvariantBroken> {
        let groups = self.accounts.groups();
        let mut lines = vec![TrialBalanceLine::default(); groups.iter().count()];
        self.accounts.rows().for_each(|account| lines[account.group as usize].add(account));
        match groups.iter().zip(&lines).find(|(group, line)| group.line != **line) {
            Some((group, _)) => {
                Err(InvariantBroken::KindIsNotItsAccounts { ledger: group.ledger, code: group.code })
            }
            None => Ok(()),
        }
    }

    fn check_pendings(&self) -> Result<(), InvariantBroken> {
        let (mut pending, mut timed, mut expired) = (0, 0, 0);
        for (number, state) in (0..).zip(self.transfers.states().iter()) {
            match state {
                TransferState::Pending => {
                    let row = self.transfers.rows.get(number);
                    self.check_closed(&row)?;
                    pending += 1;
                    timed += usize::from(row.due().is_some());
                }
                TransferState::Expired => expired += 1,
                TransferState::Posted | TransferState::PostedPending | TransferState::Voided => {}
            }
        }
        let expiries = &self.transfers.expiries;
        let matches = pending == self.transfers.pending()
            && timed == expiries.armed()
            && expired == expiries.expired().len();
        if matches { Ok(()) } else { Err(InvariantBroken::PendingsDoNotMatch) }
    }
}

/// The sums every account must have, by number; `None` where they do not fit into 128 bits.
fn sums_of_transfers(transfers: &Transfers, accounts: usize) -> Vec<Option<Sums>> {
    let mut sums = vec![Some(Sums::default()); accounts];
    for (row, state) in transfers.rows.iter_from(0).zip(transfers.states().iter()) {
        let (pending, posted) = amounts(row.amount.get(), *state);
        let debit = &mut sums[row.debit.get() as usize];
        *debit = debit.and_then(|sums| add_debit(sums, pending, posted));
        let credit = &mut sums[row.credit.get() as usize];
        *credit = credit.and_then(|sums| add_credit(sums, pending, posted));
    }
    sums
}

fn add_debit(mut sums: Sums, pending: u128, posted: u128) -> Option<Sums> {
    sums.debits_pending = sums.debits_pending.checked_add(pending)?;
    sums.debits_posted = sums.debits_posted.checked_add(posted)?;
    Some(sums)
}

fn add_credit(mut sums: Sums, pending: u128, posted: u128) -> Option<Sums> {
    sums.credits_pending = sums.credits_pending.checked_add(pending)?;
    sums.credits_posted = sums.credits_posted.checked_add(posted)?;
    Some(sums)
}

/// What a transfer of `amount` has pending and posted in this state.
fn amounts(amount: u128, state: TransferState) -> (u128, u128) {
    match state {
        TransferState::Pending => (amount, 0),
        TransferState::Posted => (0, amount),
        TransferState::PostedPending | TransferState::Voided | TransferState::Expired => (0, 0),
    }
}

/// Whether the account has these sums, and they leave room as the rules demand.
fn has_sums(account: &Row, sums: &Sums) -> bool {
    let mut own = Sums::default();
    own.add(account);
    own == *sums
        && account.debits_pending.checked_add(account.debits_posted).is_some()
        && account.credits_pending.checked_add(account.credits_posted).is_some()
}
