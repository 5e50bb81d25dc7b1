//! Runs of interest: one transfer each, whose id follows from account, day and kind, so that posting it again finds it
//! there.

use interest_core::{Accrual, BalanceSide};
use stdx::Sha256;

use super::interest::date;
use super::notes::Note;
use super::{InterestRun, VALUE_DAYS_BEFORE_MAX};
use crate::Ledger;
use crate::ahead::Ahead;
use crate::id_index::IdHash;
use crate::status::{CreateTransferStatus, DeclarationStatus as Status};
use crate::transfers::NONE;
use crate::wire::Transfer;

/// What a run of interest does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InterestRunKind {
    /// Posts the interest of an account to the account of accrued interest.
    Accrue,
    /// Pays posted interest to the account, or takes it from there.
    Capitalise,
}

impl InterestRunKind {
    /// The id of the transfer that a run posts: the first 128 bits, little-endian, of the SHA-256 of the kind's name, the
    /// account's id (16 bytes) and the day (4 bytes), little-endian.
    pub fn transfer_id(self, account: u128, through: u32) -> u128 {
        let mut sha = Sha256::default();
        sha.update(match self {
            Self::Accrue => b"tongbao accrue interest",
            Self::Capitalise => b"tongbao capitalise interest",
        });
        sha.update(&account.to_le_bytes());
        sha.update(&through.to_le_bytes());
        let mut id = [0; 16];
        id.copy_from_slice(&sha.finish().0[..16]);
        u128::from_le_bytes(id)
    }
}

impl Ledger {
    /// Posts or pays the interest of an account; the status of the transfer that does it, or why there is none.
    pub(crate) fn run_interest(&mut self, run: &InterestRun, kind: InterestRunKind, stamp: u64) -> u32 {
        match self.judge_run(run, kind) {
            Err(status) => status as u32,
            Ok((number, accrual, transfer)) => {
                if transfer.amount == 0 {
                    self.keep_accrual(number, accrual);
                    return Status::Created as u32;
                }
                self.post_run(number, accrual, &transfer, run.through, kind, stamp) as u32
            }
        }
    }

    fn judge_run(
        &self,
        run: &InterestRun,
        kind: InterestRunKind,
    ) -> Result<(u32, Accrual, Transfer), Status> {
        if run.reserved != [0; 108] {
            return Err(Status::ReservedField);
        }
        let number = self.accounts.find(run.account).ok_or(Status::AccountNotFound)?;
        let interest = &self.bank.interest;
        let bearing = interest.bearing.get(&number).ok_or(Status::BearsNoInterest)?;
        let product = interest.products.get(&bearing.product).ok_or(Status::ProductNotFound)?;
        if self.closed_days().last().is_none_or(|day| day.date < run.through) {
            return Err(Status::DayNotEnded);
        }
        if self.transfers.find(kind.transfer_id(run.account, run.through)).is_some() {
            return Err(Status::Exists);
        }
        let mut accrual = bearing.accrual.clone();
        let through = date(run.through);
        if through < accrual.opened() {
            return Err(Status::DaySettled);
        }
        let amount = match kind {
            InterestRunKind::Accrue => accrual.accrue(&product.terms, through),
            // A period ends with the last day that was posted; a correction that came since belongs to the next one.
            InterestRunKind::Capitalise => match accrual.accrued_through() {
                Some(last) if last > through => return Err(Status::DaySettled),
                Some(last) if last == through => accrual.capitalise(&product.terms),
                _ => return Err(Status::InterestNotAccrued),
            },
        };
        let amount = amount.map_err(|_| Status::DaySettled)?;
        // The account of accrued interest stands between the two: what the expense gives it, the deposit takes.
        let (from, to) = match kind {
            InterestRunKind::Accrue => (product.contra_account, product.accrued_account),
            InterestRunKind::Capitalise => (product.accrued_account, run.account),
        };
        let is_owed_to_holder = (product.terms.terms().side == BalanceSide::Credit) == (amount > 0);
        let (debit_account_id, credit_account_id) = if is_owed_to_holder { (from, to) } else { (to, from) };
        let transfer = Transfer {
            id: kind.transfer_id(run.account, run.through),
            debit_account_id,
            credit_account_id,
            amount: amount.unsigned_abs(),
            user_data_128: run.account,
            user_data_32: run.through,
            ledger: self.accounts.ledger(self.accounts.get(number)),
            code: product.code,
            ..Transfer::default()
        };
        Ok((number, accrual, transfer))
    }

    fn keep_accrual(&mut self, number: u32, accrual: Accrual) -> Option<Accrual> {
        let bearing = self.bank.interest.bearing.get_mut(&number)?;
        Some(std::mem::replace(&mut bearing.accrual, accrual))
    }

    /// Posts the transfer of a run and keeps the accrual that it belongs to; neither if it is refused. The refusal is not
    /// remembered: the run may be repeated when its reason is gone.
    fn post_run(
        &mut self,
        number: u32,
        accrual: Accrual,
        transfer: &Transfer,
        through: u32,
        kind: InterestRunKind,
        stamp: u64,
    ) -> CreateTransferStatus {
        let find = |id| self.accounts.find(id).unwrap_or(NONE);
        let ahead = Ahead {
            hash: IdHash::of(transfer.id),
            debit: find(transfer.debit_account_id),
            credit: find(transfer.credit_account_id),
        };
        let mut judged = match self.judge_transfer(transfer, None, &ahead, stamp) {
            Ok(judged) => judged,
            Err(refusal) => return refusal.status,
        };
        // Interest belongs to the day that it was earned on; paid, it earns from the day after.
        let today = self.bank.days.today(stamp);
        let wanted = match kind {
            InterestRunKind::Accrue => through,
            InterestRunKind::Capitalise => through + 1,
        };
        let value_date = wanted.max(today.saturating_sub(VALUE_DAYS_BEFORE_MAX));
        let value_date = (value_date != today).then_some(value_date);
        judged.note = Some(Note { value_date, purpose: 0, reverses: None });
        self.keep_accrual(number, accrual);
        self.enter(judged, ahead.hash);
        CreateTransferStatus::Created
    }
}
