//! Between the wire types of the API and the records of the ledger.

use ids::{AccountId, Timestamp, TransferId};
use ledger_api::{
    Account, AccountFlags, AmountText, Balance, Cursor, Direction, NewAccount, NewPayment, Payment,
    PaymentFlags, PaymentStatus, SignedAmountText, Statement, StatementEntry, U64Text, U128Text,
};
use ledger_core::{Side, TransferState, TransferView};
use money::{Currency, Money, MoneyError};

/// Ids and currencies that come out of the ledger were checked on their way in.
const CHECKED: &str = "LED-INV-6: the ledger holds only what the API let in";

fn account_id(id: u128) -> AccountId {
    AccountId::new(id).expect(CHECKED)
}

fn transfer_id(id: u128) -> TransferId {
    TransferId::new(id).expect(CHECKED)
}

fn currency(ledger: u32) -> Currency {
    Currency::from_ledger(ledger).expect(CHECKED)
}

fn amount(minor: u128, currency: Currency) -> AmountText {
    Money::new(minor, currency).into()
}

/// The record of an account to be created.
pub(crate) fn account_record(account: &NewAccount) -> ledger_core::Account {
    ledger_core::Account {
        id: account.id.get(),
        user_data_128: account.user_data_128.0,
        user_data_64: account.user_data_64.0,
        user_data_32: account.user_data_32,
        ledger: account.currency.ledger(),
        code: account.code,
        flags: ledger_core::AccountFlags(account.flags.bits()),
        timestamp: account.timestamp.map_or(0, |timestamp| timestamp.0),
        ..ledger_core::Account::default()
    }
}

/// The record of a payment to be made.
///
/// Errors: [`MoneyError`] if the amount does not fit the currency.
pub(crate) fn transfer_record(payment: &NewPayment) -> Result<ledger_core::Transfer, MoneyError> {
    let currency = payment.currency;
    Ok(ledger_core::Transfer {
        id: payment.id.get(),
        debit_account_id: payment.debit_account.get(),
        credit_account_id: payment.credit_account.get(),
        amount: payment.amount.in_currency(currency)?.minor(),
        pending_id: payment.pending_id.map_or(0, TransferId::get),
        user_data_128: payment.user_data_128.0,
        user_data_64: payment.user_data_64.0,
        user_data_32: payment.user_data_32,
        timeout: payment.timeout,
        ledger: currency.ledger(),
        code: payment.code,
        flags: ledger_core::TransferFlags(payment.flags.bits()),
        timestamp: payment.timestamp.map_or(0, |timestamp| timestamp.0),
    })
}

/// An account as the API shows it.
pub(crate) fn account(record: &ledger_core::Account) -> Account {
    let sums = balance(record, 0);
    Account {
        id: sums.account,
        currency: sums.currency,
        code: record.code,
        flags: AccountFlags::from_bits(record.flags.0).expect(CHECKED),
        user_data_128: U128Text(record.user_data_128),
        user_data_64: U64Text(record.user_data_64),
        user_data_32: record.user_data_32,
        debits_pending: sums.debits_pending,
        debits_posted: sums.debits_posted,
        credits_pending: sums.credits_pending,
        credits_posted: sums.credits_posted,
        balance: sums.balance,
        available: sums.available,
        timestamp: Timestamp(record.timestamp),
    }
}

/// The sums of an account after batch `seq`.
pub(crate) fn balance(record: &ledger_core::Account, seq: u64) -> Balance {
    let currency = currency(record.ledger);
    // The ledger keeps the sum of pending and posted debits within 128 bits.
    let claimed = record.debits_posted + record.debits_pending;
    Balance {
        account: account_id(record.id),
        currency,
        debits_pending: amount(record.debits_pending, currency),
        debits_posted: amount(record.debits_posted, currency),
        credits_pending: amount(record.credits_pending, currency),
        credits_posted: amount(record.credits_posted, currency),
        balance: signed(record.credits_posted, record.debits_posted, currency),
        available: signed(record.credits_posted, claimed, currency),
        seq,
    }
}

fn signed(credits: u128, debits: u128, currency: Currency) -> SignedAmountText {
    money::Balance::difference(credits, debits, currency).into()
}

fn payment_status(state: TransferState) -> PaymentStatus {
    match state {
        TransferState::Posted => PaymentStatus::Posted,
        TransferState::Pending => PaymentStatus::Pending,
        TransferState::PostedPending => PaymentStatus::PostedPending,
        TransferState::Voided => PaymentStatus::Voided,
        TransferState::Expired => PaymentStatus::Expired,
    }
}

/// A payment as the API shows it.
pub(crate) fn payment(view: &TransferView) -> Payment {
    let record = &view.transfer;
    let currency = currency(record.ledger);
    Payment {
        id: transfer_id(record.id),
        debit_account: account_id(record.debit_account_id),
        credit_account: account_id(record.credit_account_id),
        amount: amount(record.amount, currency),
        currency,
        code: record.code,
        flags: PaymentFlags::from_bits(record.flags.0).expect(CHECKED),
        pending_id: TransferId::new(record.pending_id).ok(),
        timeout: record.timeout,
        user_data_128: U128Text(record.user_data_128),
        user_data_64: U64Text(record.user_data_64),
        user_data_32: record.user_data_32,
        timestamp: Timestamp(record.timestamp),
        status: payment_status(view.state),
    }
}

/// A page of a statement as the API shows it.
pub(crate) fn statement(page: &ledger_core::Statement) -> Statement {
    let currency = currency(page.account.ledger);
    let entries = page.entries.iter().map(|entry| StatementEntry {
        payment: transfer_id(entry.transfer.id),
        timestamp: Timestamp(entry.transfer.timestamp),
        direction: match entry.side {
            Side::Debit => Direction::Debit,
            Side::Credit => Direction::Credit,
        },
        counterparty: account_id(entry.counterparty()),
        amount: amount(entry.transfer.amount, currency),
        balance: signed(entry.credits_posted, entry.debits_posted, currency),
        status: payment_status(entry.state),
        code: entry.transfer.code,
        user_data_64: U64Text(entry.transfer.user_data_64),
    });
    Statement {
        account: account_id(page.account.id),
        currency,
        entries: entries.collect(),
        next: page.next.and_then(|cursor| Cursor::new(cursor.to_string())),
    }
}
