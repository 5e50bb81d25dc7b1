//! Between the wire types of the API and the records of the ledger.

use ids::{AccountId, Timestamp, TransferId};
use ledger_api::{
    Account, AccountFlags, AmountText, Balance, BalanceAfter, Change, CreatedAccount, Cursor, Direction,
    ExpiredTransfer, Hold, NewAccount, NewPayment, Payment, PaymentFlags, PaymentStatus, SignedAmountText,
    Statement, StatementEntry, TrialBalanceSums, U64Text, U128Text, Unit,
};
use ledger_core::{Side, TransferState, TransferView, TrialBalanceLine};
use money::MoneyError;

/// Ids and flags that come out of the ledger were checked on their way in, whichever door they took.
const CHECKED: &str = "LED-INV-6: the ledger lets in no reserved id and no unknown flag";

fn account_id(id: u128) -> AccountId {
    AccountId::new(id).expect(CHECKED)
}

fn transfer_id(id: u128) -> TransferId {
    TransferId::new(id).expect(CHECKED)
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
    let currency = Unit::of_ledger(record.ledger);
    // The ledger keeps the sum of pending and posted debits within 128 bits.
    let claimed = record.debits_posted + record.debits_pending;
    Balance {
        account: account_id(record.id),
        currency,
        debits_pending: AmountText::of(record.debits_pending, currency),
        debits_posted: AmountText::of(record.debits_posted, currency),
        credits_pending: AmountText::of(record.credits_pending, currency),
        credits_posted: AmountText::of(record.credits_posted, currency),
        balance: SignedAmountText::difference(record.credits_posted, record.debits_posted, currency),
        available: SignedAmountText::difference(record.credits_posted, claimed, currency),
        seq,
    }
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
    let currency = Unit::of_ledger(record.ledger);
    Payment {
        id: transfer_id(record.id),
        debit_account: account_id(record.debit_account_id),
        credit_account: account_id(record.credit_account_id),
        amount: AmountText::of(record.amount, currency),
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
    let currency = Unit::of_ledger(page.account.ledger);
    let entries = page.entries.iter().map(|entry| StatementEntry {
        payment: transfer_id(entry.transfer.id),
        timestamp: Timestamp(entry.transfer.timestamp),
        direction: match entry.side {
            Side::Debit => Direction::Debit,
            Side::Credit => Direction::Credit,
        },
        counterparty: account_id(entry.counterparty()),
        amount: AmountText::of(entry.transfer.amount, currency),
        balance: SignedAmountText::difference(entry.credits_posted, entry.debits_posted, currency),
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

/// The sums of an account right after a transfer, as the API shows them.
pub(crate) fn balance_after(view: &TransferView, after: &ledger_core::Account) -> BalanceAfter {
    let sums = balance(after, 0);
    BalanceAfter {
        transfer: transfer_id(view.transfer.id),
        timestamp: Timestamp(view.transfer.timestamp),
        debits_pending: sums.debits_pending,
        debits_posted: sums.debits_posted,
        credits_pending: sums.credits_pending,
        credits_posted: sums.credits_posted,
        balance: sums.balance,
        available: sums.available,
    }
}

/// A pending transfer as the API shows it.
pub(crate) fn hold(view: &TransferView) -> Hold {
    let payment = payment(view);
    Hold {
        id: payment.id,
        debit_account: payment.debit_account,
        credit_account: payment.credit_account,
        amount: payment.amount,
        currency: payment.currency,
        code: payment.code,
        user_data_128: payment.user_data_128,
        user_data_64: payment.user_data_64,
        user_data_32: payment.user_data_32,
        timestamp: payment.timestamp,
        expires_at: view.due(),
    }
}

/// A change of the books as the feed tells it.
pub(crate) fn change(change: &ledger_core::Change) -> Change {
    match change {
        ledger_core::Change::AccountCreated(record) => Change::AccountCreated(CreatedAccount {
            id: account_id(record.id),
            currency: Unit::of_ledger(record.ledger),
            code: record.code,
            flags: AccountFlags::from_bits(record.flags.0).expect(CHECKED),
            user_data_128: U128Text(record.user_data_128),
            user_data_64: U64Text(record.user_data_64),
            user_data_32: record.user_data_32,
            timestamp: Timestamp(record.timestamp),
        }),
        ledger_core::Change::TransferCreated(view) => Change::TransferCreated(payment(view)),
        ledger_core::Change::TransferExpired { transfer, timestamp } => {
            let currency = Unit::of_ledger(transfer.ledger);
            Change::TransferExpired(ExpiredTransfer {
                id: transfer_id(transfer.id),
                debit_account: account_id(transfer.debit_account_id),
                credit_account: account_id(transfer.credit_account_id),
                amount: AmountText::of(transfer.amount, currency),
                currency,
                timestamp: Timestamp(*timestamp),
            })
        }
    }
}

/// The sums of a line as the API shows them; `None` if one does not fit into 128 bits.
pub(crate) fn sums(line: &TrialBalanceLine, unit: Unit) -> Option<TrialBalanceSums> {
    let (debits_posted, credits_posted) = (line.debits_posted.get()?, line.credits_posted.get()?);
    Some(TrialBalanceSums {
        accounts: line.accounts.into(),
        debits_pending: AmountText::of(line.debits_pending.get()?, unit),
        debits_posted: AmountText::of(debits_posted, unit),
        credits_pending: AmountText::of(line.credits_pending.get()?, unit),
        credits_posted: AmountText::of(credits_posted, unit),
        balance: SignedAmountText::difference(credits_posted, debits_posted, unit),
    })
}
