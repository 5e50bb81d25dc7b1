//! Answers as messages.

use ids::Timestamp;
use ledger::Written;
use ledger_api::{
    Account, AccountBatchOutcome, AccountPage, BalanceAfter, BalancePage, Payment, PaymentBatchOutcome,
    PaymentStatus, Refused, TransferPage, TrialBalance, TrialBalanceCurrency, TrialBalanceSums,
};

use crate::pb;

fn time(timestamp: Timestamp) -> prost_types::Timestamp {
    prost_types::Timestamp {
        seconds: i64::try_from(timestamp.0 / Timestamp::NS_PER_S).unwrap_or(i64::MAX),
        nanos: i32::try_from(timestamp.0 % Timestamp::NS_PER_S).unwrap_or_default(),
    }
}

/// Nothing is an empty text.
fn text<T: ToString>(value: Option<T>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

fn refused(refused: &[Refused]) -> Vec<pb::Refused> {
    let one = |refused: &Refused| pb::Refused {
        index: refused.index,
        id: refused.id.to_string(),
        status: refused.status.clone().into_owned(),
        code: refused.code.clone().into_owned(),
    };
    refused.iter().map(one).collect()
}

/// What became of a batch of accounts.
pub(crate) fn accounts_outcome(outcome: &AccountBatchOutcome) -> pb::CreateAccountsResponse {
    pb::CreateAccountsResponse {
        created: outcome.created,
        existing: outcome.existing,
        refused: refused(&outcome.refused),
    }
}

/// What became of a batch of transfers.
pub(crate) fn transfers_outcome(outcome: &PaymentBatchOutcome) -> pb::CreateTransfersResponse {
    pb::CreateTransfersResponse {
        created: outcome.created,
        existing: outcome.existing,
        refused: refused(&outcome.refused),
        timestamp: Some(time(outcome.timestamp)),
    }
}

/// The answer to a batch of a pipeline.
pub(crate) fn piped<T>(
    written: &Written<T>,
    show: impl Fn(&T) -> pb::pipeline_response::Outcome,
) -> pb::PipelineResponse {
    pb::PipelineResponse { outcome: Some(show(&written.outcome)), replayed: written.replayed }
}

/// An account.
pub(crate) fn account(account: &Account) -> pb::Account {
    pb::Account {
        id: account.id.to_string(),
        currency: account.currency.to_string(),
        code: account.code.into(),
        flags: account.flags.iter().map(|flag| flag as i32).collect(),
        user_data_128: account.user_data_128.to_string(),
        user_data_64: account.user_data_64.0,
        user_data_32: account.user_data_32,
        timestamp: Some(time(account.timestamp)),
        debits_pending: account.debits_pending.to_string(),
        debits_posted: account.debits_posted.to_string(),
        credits_pending: account.credits_pending.to_string(),
        credits_posted: account.credits_posted.to_string(),
        balance: account.balance.to_string(),
        available: account.available.to_string(),
        is_control: account.is_control,
        above: text(account.above),
    }
}

fn status(status: PaymentStatus) -> pb::TransferStatus {
    match status {
        PaymentStatus::Posted => pb::TransferStatus::Posted,
        PaymentStatus::Pending => pb::TransferStatus::Pending,
        PaymentStatus::PostedPending => pb::TransferStatus::PostedPending,
        PaymentStatus::Voided => pb::TransferStatus::Voided,
        PaymentStatus::Expired => pb::TransferStatus::Expired,
    }
}

/// A transfer.
pub(crate) fn transfer(transfer: &Payment) -> pb::Transfer {
    pb::Transfer {
        id: transfer.id.to_string(),
        debit_account: transfer.debit_account.to_string(),
        credit_account: transfer.credit_account.to_string(),
        amount: transfer.amount.to_string(),
        currency: transfer.currency.to_string(),
        code: transfer.code.into(),
        flags: transfer.flags.iter().map(|flag| flag as i32).collect(),
        pending_id: text(transfer.pending_id),
        timeout: transfer.timeout,
        user_data_128: transfer.user_data_128.to_string(),
        user_data_64: transfer.user_data_64.0,
        user_data_32: transfer.user_data_32,
        timestamp: Some(time(transfer.timestamp)),
        status: status(transfer.status).into(),
        booking_date: transfer.booking_date.to_string(),
        value_date: transfer.value_date.to_string(),
        purpose: transfer.purpose.map_or(0, |purpose| purpose.get().into()),
        reverses: text(transfer.reverses),
        reversed_by: text(transfer.reversed_by),
    }
}

fn balance(balance: &BalanceAfter) -> pb::BalanceAfter {
    pb::BalanceAfter {
        transfer: balance.transfer.to_string(),
        timestamp: Some(time(balance.timestamp)),
        debits_pending: balance.debits_pending.to_string(),
        debits_posted: balance.debits_posted.to_string(),
        credits_pending: balance.credits_pending.to_string(),
        credits_posted: balance.credits_posted.to_string(),
        balance: balance.balance.to_string(),
        available: balance.available.to_string(),
    }
}

/// A page of accounts.
pub(crate) fn account_page(page: &AccountPage) -> pb::AccountPage {
    pb::AccountPage { accounts: page.accounts.iter().map(account).collect(), next: text(page.next.as_ref()) }
}

/// A page of transfers.
pub(crate) fn transfer_page(page: &TransferPage) -> pb::TransferPage {
    pb::TransferPage {
        transfers: page.transfers.iter().map(transfer).collect(),
        next: text(page.next.as_ref()),
    }
}

/// A page of sums.
pub(crate) fn balance_page(page: &BalancePage) -> pb::BalancePage {
    pb::BalancePage {
        account: page.account.to_string(),
        currency: page.currency.to_string(),
        balances: page.balances.iter().map(balance).collect(),
        next: text(page.next.as_ref()),
    }
}

fn sums(sums: &TrialBalanceSums) -> pb::TrialBalanceSums {
    pb::TrialBalanceSums {
        accounts: sums.accounts,
        debits_pending: sums.debits_pending.to_string(),
        debits_posted: sums.debits_posted.to_string(),
        credits_pending: sums.credits_pending.to_string(),
        credits_posted: sums.credits_posted.to_string(),
        balance: sums.balance.to_string(),
    }
}

fn currency(currency: &TrialBalanceCurrency) -> pb::TrialBalanceCurrency {
    let code = |code: &ledger_api::TrialBalanceCode| pb::TrialBalanceCode {
        code: code.code.into(),
        sums: Some(sums(&code.sums)),
    };
    pb::TrialBalanceCurrency {
        currency: currency.currency.to_string(),
        balanced: currency.balanced,
        total: Some(sums(&currency.total)),
        codes: currency.codes.iter().map(code).collect(),
    }
}

/// The trial balance.
pub(crate) fn trial_balance(taken: &TrialBalance) -> pb::TrialBalance {
    pb::TrialBalance {
        seq: taken.seq,
        timestamp: Some(time(taken.timestamp)),
        balanced: taken.balanced,
        currencies: taken.currencies.iter().map(currency).collect(),
    }
}
