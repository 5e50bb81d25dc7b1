//! Requests as the API's own types.

use std::num::NonZeroU16;
use std::str::FromStr;

use calendar::Date;
use ids::{AccountId, RequestId, Timestamp, TransferId};
use ledger_api::{
    AccountFlag, AccountFlags, AccountTransfersQuery, AccountsQuery, AmountText, Cursor, Direction,
    NewAccount, NewPayment, Order, PaymentFlag, PaymentFlags, TransfersQuery, TrialBalanceQuery, U64Text,
    U128Text, Unit,
};

use crate::error::{DoorError, FieldError};
use crate::pb;

/// Seconds of the last timestamp: those of 2^63 ns.
const SECONDS_MAX: i64 = (i64::MAX as u64 / Timestamp::NS_PER_S) as i64;

/// Says where in the message an error is.
trait At<T> {
    fn at(self, path: &str) -> Result<T, DoorError>;
}

impl<T, E: Into<FieldError>> At<T> for Result<T, E> {
    fn at(self, path: &str) -> Result<T, DoorError> {
        self.map_err(|error| DoorError::field(path, error))
    }
}

/// The same within the item of a list.
fn within<T>(list: &str, index: usize, read: Result<T, DoorError>) -> Result<T, DoorError> {
    read.map_err(|error| match error {
        DoorError::Field { path, error } => DoorError::field(format!("{list}[{index}].{path}"), error),
        other => other,
    })
}

fn all<T, U>(
    list: &str,
    items: &[T],
    read: impl Fn(&T) -> Result<U, DoorError>,
) -> Result<Vec<U>, DoorError> {
    items.iter().enumerate().map(|(index, item)| within(list, index, read(item))).collect()
}

/// The accounts of a request.
pub(crate) fn accounts(request: &pb::CreateAccountsRequest) -> Result<Vec<NewAccount>, DoorError> {
    all("accounts", &request.accounts, account)
}

/// The transfers of a request.
pub(crate) fn transfers(request: &pb::CreateTransfersRequest) -> Result<Vec<NewPayment>, DoorError> {
    all("transfers", &request.transfers, transfer)
}

/// The name of a request, if it has one.
pub(crate) fn request_id(text: &str) -> Result<Option<RequestId>, DoorError> {
    optional(text, str::parse).at("id")
}

/// The ids of a lookup.
pub(crate) fn ids<T: FromStr<Err = ids::IdError>>(texts: &[String]) -> Result<Vec<T>, DoorError> {
    let parsed = texts.iter().enumerate();
    parsed.map(|(index, text)| text.parse().at(&format!("ids[{index}]"))).collect()
}

fn account(account: &pb::NewAccount) -> Result<NewAccount, DoorError> {
    Ok(NewAccount {
        id: account.id.parse().at("id")?,
        currency: account.currency.parse().at("currency")?,
        code: code(account.code)?,
        flags: account_flags(&account.flags).at("flags")?,
        user_data_128: number(&account.user_data_128).at("user_data_128")?,
        user_data_64: U64Text(account.user_data_64),
        user_data_32: account.user_data_32,
        timestamp: timestamp(account.timestamp.as_ref()).at("timestamp")?,
    })
}

fn transfer(transfer: &pb::NewTransfer) -> Result<NewPayment, DoorError> {
    let currency: Unit = transfer.currency.parse().at("currency")?;
    let amount: AmountText = transfer.amount.parse().at("amount")?;
    // The digits of other units are known to the ledger alone.
    if let Unit::Currency(currency) = currency {
        amount.in_currency(currency).at("amount")?;
    }
    Ok(NewPayment {
        id: transfer.id.parse().at("id")?,
        debit_account: transfer.debit_account.parse().at("debit_account")?,
        credit_account: transfer.credit_account.parse().at("credit_account")?,
        amount,
        currency,
        code: code(transfer.code)?,
        flags: transfer_flags(&transfer.flags).at("flags")?,
        pending_id: optional(&transfer.pending_id, str::parse::<TransferId>).at("pending_id")?,
        timeout: transfer.timeout,
        user_data_128: number(&transfer.user_data_128).at("user_data_128")?,
        user_data_64: U64Text(transfer.user_data_64),
        user_data_32: transfer.user_data_32,
        timestamp: timestamp(transfer.timestamp.as_ref()).at("timestamp")?,
        value_date: optional(&transfer.value_date, str::parse::<Date>).at("value_date")?,
        purpose: purpose(transfer.purpose).at("purpose")?,
        reverses: optional(&transfer.reverses, str::parse::<TransferId>).at("reverses")?,
    })
}

/// What an account's transfers are asked for, without the limit of a page.
pub(crate) fn account_filter(
    filter: Option<&pb::AccountFilter>,
) -> Result<(AccountId, AccountTransfersQuery), DoorError> {
    let filter = filter.ok_or(FieldError::Missing).at("filter")?;
    let query = AccountTransfersQuery {
        side: side(filter.side).at("filter.side")?,
        user_data_128: optional(&filter.user_data_128, number).at("filter.user_data_128")?,
        user_data_64: Some(U64Text(filter.user_data_64)),
        user_data_32: Some(filter.user_data_32),
        code: Some(code(filter.code).map_err(|_| DoorError::field("filter.code", FieldError::Code))?),
        from: timestamp(filter.timestamp_min.as_ref()).at("filter.timestamp_min")?,
        to: timestamp(filter.timestamp_max.as_ref()).at("filter.timestamp_max")?.map(after),
        order: order(filter.order).at("filter.order")?,
        after: optional(&filter.after, cursor).at("filter.after")?,
        limit: None,
    };
    Ok((filter.account.parse().at("filter.account")?, query))
}

/// What accounts are asked for, without the limit of a page.
pub(crate) fn accounts_query(request: &pb::QueryAccountsRequest) -> Result<AccountsQuery, DoorError> {
    Ok(AccountsQuery {
        user_data_128: optional(&request.user_data_128, number).at("user_data_128")?,
        user_data_64: Some(U64Text(request.user_data_64)),
        user_data_32: Some(request.user_data_32),
        code: Some(code(request.code)?),
        currency: optional(&request.currency, str::parse::<Unit>).at("currency")?,
        from: timestamp(request.timestamp_min.as_ref()).at("timestamp_min")?,
        to: timestamp(request.timestamp_max.as_ref()).at("timestamp_max")?.map(after),
        order: order(request.order).at("order")?,
        after: optional(&request.after, str::parse::<AccountId>).at("after")?,
        limit: None,
    })
}

/// What transfers are asked for, without the limit of a page.
pub(crate) fn transfers_query(request: &pb::QueryTransfersRequest) -> Result<TransfersQuery, DoorError> {
    Ok(TransfersQuery {
        user_data_128: optional(&request.user_data_128, number).at("user_data_128")?,
        user_data_64: Some(U64Text(request.user_data_64)),
        user_data_32: Some(request.user_data_32),
        code: Some(code(request.code)?),
        currency: optional(&request.currency, str::parse::<Unit>).at("currency")?,
        from: timestamp(request.timestamp_min.as_ref()).at("timestamp_min")?,
        to: timestamp(request.timestamp_max.as_ref()).at("timestamp_max")?.map(after),
        order: order(request.order).at("order")?,
        after: optional(&request.after, cursor).at("after")?,
        limit: None,
    })
}

/// Of which currency the trial balance is asked for.
pub(crate) fn trial_balance(request: &pb::GetTrialBalanceRequest) -> Result<TrialBalanceQuery, DoorError> {
    Ok(TrialBalanceQuery { currency: optional(&request.currency, str::parse::<Unit>).at("currency")? })
}

/// An empty text is nothing.
fn optional<T, E>(text: &str, parse: impl Fn(&str) -> Result<T, E>) -> Result<Option<T>, E> {
    if text.is_empty() { Ok(None) } else { parse(text).map(Some) }
}

fn code(code: u32) -> Result<u16, DoorError> {
    u16::try_from(code).map_err(|_| FieldError::Code).at("code")
}

fn purpose(purpose: u32) -> Result<Option<NonZeroU16>, FieldError> {
    u16::try_from(purpose).map(NonZeroU16::new).map_err(|_| FieldError::Purpose)
}

fn number(text: &str) -> Result<U128Text, FieldError> {
    match text {
        "" => Ok(U128Text::default()),
        // `parse` alone would also take a plus sign.
        digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            digits.parse().map(U128Text).map_err(|_| FieldError::Number)
        }
        _ => Err(FieldError::Number),
    }
}

fn cursor(text: &str) -> Result<Cursor, FieldError> {
    Cursor::new(text).ok_or(FieldError::Cursor)
}

fn timestamp(time: Option<&prost_types::Timestamp>) -> Result<Option<Timestamp>, FieldError> {
    let Some(time) = time else { return Ok(None) };
    let nanos = u64::try_from(time.nanos).ok().filter(|nanos| *nanos < Timestamp::NS_PER_S);
    let seconds = u64::try_from(time.seconds).ok().filter(|_| time.seconds <= SECONDS_MAX);
    match (seconds, nanos) {
        (Some(seconds), Some(nanos)) => Ok(Some(Timestamp(seconds * Timestamp::NS_PER_S + nanos))),
        _ => Err(FieldError::Time),
    }
}

/// The first moment after this one: the API's windows end before their end.
fn after(last: Timestamp) -> Timestamp {
    Timestamp(last.0 + 1)
}

fn account_flags(flags: &[i32]) -> Result<AccountFlags, FieldError> {
    let mut set = AccountFlags::NONE;
    for number in flags {
        let named = AccountFlag::ALL.iter().find(|flag| **flag as i32 == *number);
        let flag = *named.ok_or(FieldError::Choice(*number))?;
        if set.contains(flag) {
            return Err(FieldError::FlagTwice);
        }
        set = set.with(flag);
    }
    Ok(set)
}

fn transfer_flags(flags: &[i32]) -> Result<PaymentFlags, FieldError> {
    let mut set = PaymentFlags::NONE;
    for number in flags {
        let named = PaymentFlag::ALL.iter().find(|flag| **flag as i32 == *number);
        let flag = *named.ok_or(FieldError::Choice(*number))?;
        if set.contains(flag) {
            return Err(FieldError::FlagTwice);
        }
        set = set.with(flag);
    }
    Ok(set)
}

fn order(order: i32) -> Result<Option<Order>, FieldError> {
    match pb::Order::try_from(order) {
        Ok(pb::Order::Unspecified) => Ok(None),
        Ok(pb::Order::Oldest) => Ok(Some(Order::Oldest)),
        Ok(pb::Order::Newest) => Ok(Some(Order::Newest)),
        Err(_) => Err(FieldError::Choice(order)),
    }
}

fn side(side: i32) -> Result<Option<Direction>, FieldError> {
    match pb::Side::try_from(side) {
        Ok(pb::Side::Unspecified) => Ok(None),
        Ok(pb::Side::Debit) => Ok(Some(Direction::Debit)),
        Ok(pb::Side::Credit) => Ok(Some(Direction::Credit)),
        Err(_) => Err(FieldError::Choice(side)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_bounds() {
        let read = |seconds, nanos| timestamp(Some(&prost_types::Timestamp { seconds, nanos }));
        assert_eq!(timestamp(None), Ok(None));
        assert_eq!(read(1, 5), Ok(Some(Timestamp(1_000_000_005))));
        let last = read(SECONDS_MAX, 999_999_999).unwrap().unwrap();
        assert_eq!(after(last).0, last.0 + 1);
        for (seconds, nanos) in
            [(-1, 0), (0, -1), (0, 1_000_000_000), (SECONDS_MAX + 1, 0), (i64::MAX, 0), (i64::MIN, i32::MIN)]
        {
            assert_eq!(read(seconds, nanos), Err(FieldError::Time), "{seconds} {nanos}");
        }
    }

    #[test]
    fn flags_are_named_once() {
        assert_eq!(account_flags(&[]), Ok(AccountFlags::NONE));
        let flags = transfer_flags(&[1, 256]).unwrap();
        assert_eq!(flags.bits(), 257);
        assert_eq!(transfer_flags(&[2, 2]), Err(FieldError::FlagTwice));
        for number in [0, 3, 512, -1, i32::MIN, i32::MAX, 65_537] {
            assert_eq!(transfer_flags(&[number]), Err(FieldError::Choice(number)));
            assert_eq!(account_flags(&[number]), Err(FieldError::Choice(number)));
        }
    }

    /// The numbers in the `.proto` file are those of the flags.
    #[test]
    fn flags_have_the_same_numbers_on_both_sides() {
        for flag in AccountFlag::ALL {
            assert!(pb::account::Flag::try_from(*flag as i32).is_ok(), "{flag:?}");
        }
        for flag in PaymentFlag::ALL {
            assert!(pb::transfer::Flag::try_from(*flag as i32).is_ok(), "{flag:?}");
        }
        let text = serde_name(PaymentFlag::PostPendingTransfer);
        assert_eq!(pb::transfer::Flag::PostPendingTransfer.as_str_name(), text);
    }

    fn serde_name(flag: PaymentFlag) -> String {
        format!("{flag:?}").chars().fold(String::new(), |name, letter| {
            let gap = if letter.is_uppercase() && !name.is_empty() { "_" } else { "" };
            name + gap + &letter.to_uppercase().to_string()
        })
    }

    #[test]
    fn numbers_are_digits() {
        assert_eq!(number("").unwrap().0, 0);
        assert_eq!(number(&u128::MAX.to_string()).unwrap().0, u128::MAX);
        for bad in ["+1", "-1", " 1", "1.0", "0x1", "340282366920938463463374607431768211456", "１"] {
            assert_eq!(number(bad), Err(FieldError::Number), "{bad}");
        }
    }
}
