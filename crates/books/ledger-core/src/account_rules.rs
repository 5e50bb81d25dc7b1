//! Whether an account may be created. The order of the checks is the precedence of the statuses.

use crate::Ledger;
use crate::accounts::Row;
use crate::status::CreateAccountStatus as Status;
use crate::wire::{Account, AccountFlags};

/// Why an account is not created.
pub(crate) struct Refusal {
    pub(crate) status: Status,
    /// When the same account, which already exists, was created.
    pub(crate) existing: Option<u64>,
}

impl Ledger {
    /// Whether `account`, with its timestamp, may be created. Changes nothing.
    pub(crate) fn judge_account(&self, account: &Account) -> Result<(), Refusal> {
        refuse_if(account.reserved != 0, Status::ReservedField)?;
        refuse_if(!AccountFlags::SUPPORTED.contains(account.flags), Status::ReservedFlag)?;
        refuse_if(account.id == 0, Status::IdMustNotBeZero)?;
        refuse_if(account.id == u128::MAX, Status::IdMustNotBeIntMax)?;
        if let Some(number) = self.accounts.find(account.id) {
            let existing = self.accounts.get(number);
            let status = compare(account, existing, self.accounts.ledger(existing));
            let timestamp = (status == Status::Exists).then_some(existing.timestamp);
            return Err(Refusal { status, existing: timestamp });
        }
        refuse_if(account.flags.contains(AccountFlags::BOTH_LIMITS), Status::FlagsAreMutuallyExclusive)?;
        refuse_if(account.debits_pending != 0, Status::DebitsPendingMustBeZero)?;
        refuse_if(account.debits_posted != 0, Status::DebitsPostedMustBeZero)?;
        refuse_if(account.credits_pending != 0, Status::CreditsPendingMustBeZero)?;
        refuse_if(account.credits_posted != 0, Status::CreditsPostedMustBeZero)?;
        refuse_if(account.ledger == 0, Status::LedgerMustNotBeZero)?;
        refuse_if(account.code == 0, Status::CodeMustNotBeZero)?;
        if account.flags.contains(AccountFlags::IMPORTED) {
            // After the comparison with an existing account, so that importing again finds what is there.
            let scan = self.scan();
            let regresses = account.timestamp <= scan.newest_account_timestamp()
                || scan.has_transfer_at(account.timestamp);
            refuse_if(regresses, Status::ImportedEventTimestampMustNotRegress)?;
        }
        Ok(())
    }
}

fn compare(account: &Account, existing: &Row, ledger: u32) -> Status {
    if account.flags != existing.flags() {
        Status::ExistsWithDifferentFlags
    } else if account.user_data_128 != existing.user_data_128 {
        Status::ExistsWithDifferentUserData128
    } else if account.user_data_64 != existing.user_data_64 {
        Status::ExistsWithDifferentUserData64
    } else if account.user_data_32 != existing.user_data_32 {
        Status::ExistsWithDifferentUserData32
    } else if account.ledger != ledger {
        Status::ExistsWithDifferentLedger
    } else if account.code != existing.code {
        Status::ExistsWithDifferentCode
    } else {
        Status::Exists
    }
}

fn refuse_if(condition: bool, status: Status) -> Result<(), Refusal> {
    if condition { Err(Refusal { status, existing: None }) } else { Ok(()) }
}
