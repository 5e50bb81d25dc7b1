//! The bank API: any body is a document of its type or refused, what is taken is written as it was read, and a site
//! answers any request in the API's own words.

mod site;

use ledger_api::{AccountBatch, AmountText, Cursor, NewAccount, NewPayment, PaymentBatch, SignedAmountText};
use money::{Balance, Currency, Money};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Reads `bytes` at one of the doors, which the first of them chooses. Returns whether they were taken.
///
/// # Panics
/// If something does not hold.
pub fn run(bytes: &[u8]) -> bool {
    let Some((door, rest)) = bytes.split_first() else { return false };
    match door % 8 {
        0 => document::<NewPayment>(rest),
        1 => document::<PaymentBatch>(rest),
        2 => document::<NewAccount>(rest),
        3 => document::<AccountBatch>(rest),
        4 => std::str::from_utf8(rest).is_ok_and(|text| amount(text) | signed_amount(text) | cursor(text)),
        7 => site::ask(&site::BOOKS, rest),
        _ => site::ask(&site::PATHS, rest),
    }
}

/// What was read is written and read again as the same.
fn document<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(bytes: &[u8]) -> bool {
    let Ok(document) = serde_json::from_slice::<T>(bytes) else { return false };
    let text = serde_json::to_string(&document).expect("a document is written");
    assert_eq!(serde_json::from_str::<T>(&text).expect("what was written is read"), document, "{text}");
    true
}

fn amount(text: &str) -> bool {
    let read = text.parse::<AmountText>();
    if let Ok(amount) = read {
        assert_eq!(amount.to_string().parse(), Ok(amount), "{text}");
    }
    for currency in Currency::all() {
        // The two readers of amounts agree on what is one, and on how much it is.
        let money = Money::parse(text, *currency);
        let same = read.and_then(|amount| amount.in_currency(*currency));
        assert_eq!(money.ok(), same.ok(), "{text} in {currency:?}");
        if let Ok(money) = money {
            let written = AmountText::from(money).to_string();
            assert_eq!(Money::parse(&written, *currency), Ok(money), "{written}");
            assert_eq!(written, money.decimal().to_string());
        }
    }
    read.is_ok()
}

fn signed_amount(text: &str) -> bool {
    let read = text.parse::<SignedAmountText>();
    if let Ok(amount) = read {
        assert_eq!(amount.to_string().parse(), Ok(amount), "{text}");
    }
    for currency in [Currency::CZK, Currency::JPY, Currency::BHD] {
        let balance = Balance::parse(text, currency).ok();
        let same = read.ok().and_then(|amount| amount.in_currency(currency).ok());
        assert_eq!(balance, same, "{text} in {currency:?}");
        if let Some(balance) = balance {
            let written = SignedAmountText::from(balance).to_string();
            assert_eq!(Balance::parse(&written, currency), Ok(balance), "{written}");
        }
    }
    read.is_ok()
}

fn cursor(text: &str) -> bool {
    let Some(cursor) = Cursor::new(text) else { return false };
    assert_eq!(cursor.as_str(), text);
    let json = serde_json::to_string(&cursor).expect("a cursor is written");
    assert_eq!(serde_json::from_str::<Cursor>(&json).expect("what was written is read"), cursor);
    true
}
