//! Between the wire types of the API and the records of the ledger.

use std::num::NonZeroU16;

use calendar::Date;
use ids::{AccountId, Timestamp, TransferId};
use ledger_api::{
    Account, AccountFlags, AmountText, Balance, BalanceAfter, Change, CreatedAccount, Cursor, DeclaredUnit,
    Denomination, Direction, ExpiredTransfer, Hold, NewAccount, NewPayment, Payment, PaymentFlags,
    PaymentStatus, SignedAmountText, Statement, StatementEntry, TrialBalanceSums, U64Text, U128Text, Unit,
    UnitCode, UnitError, Units,
};
use ledger_core::{
    Booking, CreateTransferStatus, Ledger, Side, TransferState, TransferView, TrialBalanceLine,
    UnitDeclaration,
};

use crate::error::ApiError;

/// Ids and flags that come out of the ledger were checked on their way in, whichever door they took.
const CHECKED: &str = "LED-INV-6: the ledger lets in no reserved id and no unknown flag";

pub(crate) fn account_id(id: u128) -> AccountId {
    AccountId::new(id).expect(CHECKED)
}

fn transfer_id(id: u128) -> TransferId {
    TransferId::new(id).expect(CHECKED)
}

/// A day as the ledger counts it.
pub(crate) fn date(days: u32) -> Date {
    Date::from_days(days).expect("LED-INV-6: the ledger lets in no day after 9999-12-31")
}

/// A declared unit as the API shows it; `None` if its code is malformed, which the ledger lets in of no unit.
pub(crate) fn declared_unit(unit: &UnitDeclaration) -> Option<DeclaredUnit> {
    let code = unit.code().and_then(UnitCode::new)?;
    Some(DeclaredUnit { code, ledger: unit.ledger, minor_digits: unit.minor_digits })
}

/// All units that a ledger has.
pub(crate) fn units_of(ledger: &Ledger) -> Units {
    ledger.units().filter_map(declared_unit).collect()
}

/// What is known about `unit`.
pub(crate) fn denomination(unit: Unit, units: &Units) -> Result<Denomination, ApiError> {
    units.find(unit).ok_or(ApiError::Unit(UnitError::Unknown { unit }))
}

/// The ledger that a search for `unit` is about; any ledger for none.
pub(crate) fn ledger_asked(unit: Option<Unit>, units: &Units) -> Result<u32, ApiError> {
    match unit {
        None => Ok(0),
        Some(Unit::Ledger(ledger)) => Ok(ledger),
        Some(unit) => Ok(denomination(unit, units)?.ledger),
    }
}

/// The record of an account to be created.
///
/// Errors: [`ApiError::Unit`] if its unit is not known.
pub(crate) fn account_record(account: &NewAccount, units: &Units) -> Result<ledger_core::Account, ApiError> {
    Ok(ledger_core::Account {
        id: account.id.get(),
        user_data_128: account.user_data_128.0,
        user_data_64: account.user_data_64.0,
        user_data_32: account.user_data_32,
        ledger: denomination(account.currency, units)?.ledger,
        code: account.code,
        flags: ledger_core::AccountFlags(account.flags.bits()),
        timestamp: account.timestamp.map_or(0, |timestamp| timestamp.0),
        ..ledger_core::Account::default()
    })
}

/// The record of a payment to be made.
///
/// Errors: [`ApiError::Unit`] if its unit is not known, or the amount does not fit it.
pub(crate) fn transfer_record(
    payment: &NewPayment,
    units: &Units,
) -> Result<ledger_core::Transfer, ApiError> {
    let denomination = denomination(payment.currency, units)?;
    Ok(ledger_core::Transfer {
        id: payment.id.get(),
        debit_account_id: payment.debit_account.get(),
        credit_account_id: payment.credit_account.get(),
        amount: payment.amount.minor_units(&denomination)?,
        pending_id: payment.pending_id.map_or(0, TransferId::get),
        user_data_128: payment.user_data_128.0,
        user_data_64: payment.user_data_64.0,
        user_data_32: payment.user_data_32,
        timeout: payment.timeout,
        ledger: denomination.ledger,
        code: payment.code,
        flags: ledger_core::TransferFlags(payment.flags.bits()),
        timestamp: payment.timestamp.map_or(0, |timestamp| timestamp.0),
    })
}

/// The record of a payment about which more is said than a transfer holds.
///
/// Errors: as [`transfer_record`]; and [`ApiError::Transfer`] for the first day of 1970, which the ledger takes for none.
pub(crate) fn booking_record(payment: &NewPayment, units: &Units) -> Result<Booking, ApiError> {
    Ok(Booking {
        transfer: transfer_record(payment, units)?,
        reverses: payment.reverses.map_or(0, TransferId::get),
        value_date: value_date(payment.value_date)?,
        purpose: payment.purpose.map_or(0, NonZeroU16::get),
        ..Booking::default()
    })
}

/// A value date as the ledger counts it; 0 for none.
pub(crate) fn value_date(date: Option<Date>) -> Result<u32, ApiError> {
    match date {
        Some(Date::MIN) => Err(ApiError::Transfer(CreateTransferStatus::ValueDateTooEarly)),
        date => Ok(date.map_or(0, Date::days)),
    }
}

/// An account with its place in the tree.
pub(crate) struct PlacedAccount {
    /// Its record; that of a control account with the sums of all accounts below it.
    pub(crate) record: ledger_core::Account,
    pub(crate) is_control: bool,
    pub(crate) above: Option<u128>,
}

/// The record of a control account with the sums below it.
///
/// Errors: [`ApiError::SumTooLarge`] if they do not fit into the fields of one account.
pub(crate) fn control_record(
    record: &ledger_core::Account,
    line: &TrialBalanceLine,
    units: &Units,
) -> Result<ledger_core::Account, ApiError> {
    let sums = || {
        let (debits_pending, debits_posted) = (line.debits_pending.get()?, line.debits_posted.get()?);
        let (credits_pending, credits_posted) = (line.credits_pending.get()?, line.credits_posted.get()?);
        debits_pending.checked_add(debits_posted)?;
        let sums = ledger_core::Account {
            debits_pending,
            debits_posted,
            credits_pending,
            credits_posted,
            ..*record
        };
        Some(sums)
    };
    sums().ok_or(ApiError::SumTooLarge { unit: units.of_ledger(record.ledger).unit })
}

/// An account as the API shows it.
pub(crate) fn account(placed: &PlacedAccount, units: &Units) -> Account {
    let record = &placed.record;
    let sums = balance(record, 0, units);
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
        is_control: placed.is_control,
        above: placed.above.map(account_id),
    }
}

/// The sums of an account after batch `seq`.
pub(crate) fn balance(record: &ledger_core::Account, seq: u64, units: &Units) -> Balance {
    let of = units.of_ledger(record.ledger);
    // The ledger keeps the sum of pending and posted debits within 128 bits.
    let claimed = record.debits_posted + record.debits_pending;
    Balance {
        account: account_id(record.id),
        currency: of.unit,
        debits_pending: AmountText::of(record.debits_pending, &of),
        debits_posted: AmountText::of(record.debits_posted, &of),
        credits_pending: AmountText::of(record.credits_pending, &of),
        credits_posted: AmountText::of(record.credits_posted, &of),
        balance: SignedAmountText::difference(record.credits_posted, record.debits_posted, &of),
        available: SignedAmountText::difference(record.credits_posted, claimed, &of),
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
pub(crate) fn payment(view: &TransferView, units: &Units) -> Payment {
    let record = &view.transfer;
    let of = units.of_ledger(record.ledger);
    Payment {
        id: transfer_id(record.id),
        debit_account: account_id(record.debit_account_id),
        credit_account: account_id(record.credit_account_id),
        amount: AmountText::of(record.amount, &of),
        currency: of.unit,
        code: record.code,
        flags: PaymentFlags::from_bits(record.flags.0).expect(CHECKED),
        pending_id: TransferId::new(record.pending_id).ok(),
        timeout: record.timeout,
        user_data_128: U128Text(record.user_data_128),
        user_data_64: U64Text(record.user_data_64),
        user_data_32: record.user_data_32,
        timestamp: Timestamp(record.timestamp),
        status: payment_status(view.state),
        booking_date: date(view.booked.booking_date),
        value_date: date(view.booked.value_date),
        purpose: NonZeroU16::new(view.booked.purpose),
        reverses: view.booked.reverses.map(transfer_id),
        reversed_by: view.booked.reversed_by.map(transfer_id),
    }
}

/// A page of a statement as the API shows it.
pub(crate) fn statement(page: &ledger_core::Statement, units: &Units) -> Statement {
    let of = units.of_ledger(page.account.ledger);
    let entries = page.entries.iter().map(|entry| StatementEntry {
        payment: transfer_id(entry.transfer.id),
        timestamp: Timestamp(entry.transfer.timestamp),
        direction: match entry.side {
            Side::Debit => Direction::Debit,
            Side::Credit => Direction::Credit,
        },
        counterparty: account_id(entry.counterparty()),
        amount: AmountText::of(entry.transfer.amount, &of),
        balance: SignedAmountText::difference(entry.credits_posted, entry.debits_posted, &of),
        status: payment_status(entry.state),
        code: entry.transfer.code,
        user_data_64: U64Text(entry.transfer.user_data_64),
        booking_date: date(entry.booked.booking_date),
        value_date: date(entry.booked.value_date),
        purpose: NonZeroU16::new(entry.booked.purpose),
        reverses: entry.booked.reverses.map(transfer_id),
        reversed_by: entry.booked.reversed_by.map(transfer_id),
    });
    Statement {
        account: account_id(page.account.id),
        currency: of.unit,
        entries: entries.collect(),
        next: page.next.and_then(|cursor| Cursor::new(cursor.to_string())),
    }
}

/// The sums of an account right after a transfer, as the API shows them.
pub(crate) fn balance_after(
    view: &TransferView,
    after: &ledger_core::Account,
    units: &Units,
) -> BalanceAfter {
    let sums = balance(after, 0, units);
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
pub(crate) fn hold(view: &TransferView, units: &Units) -> Hold {
    let payment = payment(view, units);
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
        purpose: payment.purpose,
    }
}

/// A change of the books as the feed tells it. What a ledger is counted in may be declared after the fact, and an event is
/// the same at any time: amounts of ledgers that are no currency are told in their smallest unit.
pub(crate) fn change(change: &ledger_core::Change) -> Change {
    let units = Units::default();
    match change {
        ledger_core::Change::AccountCreated(record) => Change::AccountCreated(CreatedAccount {
            id: account_id(record.id),
            currency: units.of_ledger(record.ledger).unit,
            code: record.code,
            flags: AccountFlags::from_bits(record.flags.0).expect(CHECKED),
            user_data_128: U128Text(record.user_data_128),
            user_data_64: U64Text(record.user_data_64),
            user_data_32: record.user_data_32,
            timestamp: Timestamp(record.timestamp),
        }),
        ledger_core::Change::TransferCreated(view) => Change::TransferCreated(payment(view, &units)),
        ledger_core::Change::TransferExpired { transfer, timestamp } => {
            let of = units.of_ledger(transfer.ledger);
            Change::TransferExpired(ExpiredTransfer {
                id: transfer_id(transfer.id),
                debit_account: account_id(transfer.debit_account_id),
                credit_account: account_id(transfer.credit_account_id),
                amount: AmountText::of(transfer.amount, &of),
                currency: of.unit,
                timestamp: Timestamp(*timestamp),
            })
        }
    }
}

/// The sums of a line as the API shows them; `None` if one does not fit into 128 bits.
pub(crate) fn sums(line: &TrialBalanceLine, of: &Denomination) -> Option<TrialBalanceSums> {
    let (debits_posted, credits_posted) = (line.debits_posted.get()?, line.credits_posted.get()?);
    Some(TrialBalanceSums {
        accounts: line.accounts.into(),
        debits_pending: AmountText::of(line.debits_pending.get()?, of),
        debits_posted: AmountText::of(debits_posted, of),
        credits_pending: AmountText::of(line.credits_pending.get()?, of),
        credits_posted: AmountText::of(credits_posted, of),
        balance: SignedAmountText::difference(credits_posted, debits_posted, of),
    })
}
