//! Money from outside: text in, text out.

use money::{Balance, Currency, Money, MoneyError, TEXT_BYTES_MAX};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

const MAX: &str = "340282366920938463463374607431768211455";

#[test]
fn facts_of_iso_4217() {
    for (code, numeric, digits) in [
        ("CZK", 203, 2),
        ("CNY", 156, 2),
        ("USD", 840, 2),
        ("EUR", 978, 2),
        ("GBP", 826, 2),
        ("JPY", 392, 0),
        ("BHD", 48, 3),
        ("CLF", 990, 4),
        ("ALL", 8, 2),
    ] {
        let currency: Currency = code.parse().unwrap();
        assert_eq!((currency.numeric(), currency.minor_digits()), (numeric, digits), "{code}");
        assert_eq!(Currency::from_ledger(u32::from(numeric)), Ok(currency));
        assert_eq!(currency.ledger(), u32::from(numeric));
        assert_eq!(currency.to_string(), code);
    }
    assert_eq!(Currency::CZK.code(), "CZK");
    for gone_or_not_money in
        ["BGN", "HRK", "ANG", "XAU", "XXX", "XTS", "XDR", "czk", "CZ", "CZKK", "", "203", "ČKK"]
    {
        assert_eq!(
            gone_or_not_money.parse::<Currency>(),
            Err(MoneyError::UnknownCurrency),
            "{gone_or_not_money}"
        );
    }
    for ledger in [0, 975, 999, 203 + 65536, u32::MAX] {
        assert_eq!(Currency::from_ledger(ledger), Err(MoneyError::UnknownCurrency), "{ledger}");
    }
}

#[test]
fn the_table_is_ordered_and_names_each_currency_once() {
    let all = Currency::all();
    assert!(all.is_sorted_by(|a, b| a.code() < b.code()));
    let mut numbers: Vec<u16> = all.iter().map(|currency| currency.numeric()).collect();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), all.len());
    for currency in all {
        assert!(currency.code().len() == 3 && currency.code().bytes().all(|byte| byte.is_ascii_uppercase()));
        assert!((1..1000).contains(&currency.numeric()) && currency.minor_digits() <= 4);
        assert_eq!(Currency::from_code(currency.code()), Ok(*currency));
    }
}

#[test]
fn a_currency_in_json_is_its_code() {
    assert_eq!(serde_json::to_string(&Currency::CZK).unwrap(), r#""CZK""#);
    assert_eq!(serde_json::from_str::<Currency>(r#""CZK""#).unwrap(), Currency::CZK);
    for bad in [r#""czk""#, "203", "null", r#""XXX""#] {
        assert!(serde_json::from_str::<Currency>(bad).is_err(), "{bad}");
    }
}

#[test]
fn amounts_are_read_exactly() {
    for (text, currency, minor, canonical) in [
        ("700.00", Currency::CZK, 70_000, "700.00"),
        ("700", Currency::CZK, 70_000, "700.00"),
        ("700.5", Currency::CZK, 70_050, "700.50"),
        ("0", Currency::CZK, 0, "0.00"),
        ("0.01", Currency::CZK, 1, "0.01"),
        ("007", Currency::CZK, 700, "7.00"),
        ("700", Currency::JPY, 700, "700"),
        ("0.001", Currency::BHD, 1, "0.001"),
        ("1.0001", Currency::CLF, 10_001, "1.0001"),
        (MAX, Currency::JPY, u128::MAX, MAX),
    ] {
        let money = Money::parse(text, currency).unwrap();
        assert_eq!((money.minor(), money.currency()), (minor, currency), "{text}");
        assert_eq!(money.decimal().to_string(), canonical);
        assert_eq!(money.to_string(), format!("{canonical} {currency}"));
    }
}

#[test]
fn other_texts_are_named_errors() {
    let long = "0".repeat(TEXT_BYTES_MAX + 1);
    let malformed = [
        "", " ", ".", "1.", ".5", "1.2.3", "1,5", "1 000", " 1", "1 ", "+1", "1e3", "1E3", "0x1", "NaN",
        "inf", "--1", "-", "1-", "１", "1.-1", "1.+1", "1_000",
    ];
    for text in malformed {
        assert_eq!(Money::parse(text, Currency::CZK), Err(MoneyError::Malformed), "{text}");
        assert_eq!(Balance::parse(text, Currency::CZK), Err(MoneyError::Malformed), "{text}");
    }
    for text in ["-1", "-0", "-0.01"] {
        assert_eq!(Money::parse(text, Currency::CZK), Err(MoneyError::Negative), "{text}");
    }
    for (text, currency) in [
        ("0.001", Currency::CZK),
        ("1.000", Currency::CZK),
        ("1.0", Currency::JPY),
        ("1.0000", Currency::BHD),
    ] {
        assert_eq!(
            Money::parse(text, currency),
            Err(MoneyError::TooManyFractionDigits { currency }),
            "{text}"
        );
    }
    for (text, currency) in [
        (MAX, Currency::CZK),
        ("340282366920938463463374607431768211456", Currency::JPY),
        (&long[1..], Currency::CZK),
    ] {
        let expected =
            if text.starts_with('0') { Ok(Money::new(0, currency)) } else { Err(MoneyError::Overflow) };
        assert_eq!(Money::parse(text, currency), expected, "{text}");
    }
    assert_eq!(Money::parse(&long, Currency::CZK), Err(MoneyError::TooLong));
}

#[test]
fn sums_and_differences_are_checked() {
    let czk = |minor| Money::new(minor, Currency::CZK);
    assert_eq!(czk(1).checked_add(czk(2)), Ok(czk(3)));
    assert_eq!(czk(u128::MAX).checked_add(czk(1)), Err(MoneyError::Overflow));
    assert_eq!(czk(3).checked_sub(czk(2)), Ok(czk(1)));
    assert_eq!(czk(2).checked_sub(czk(3)), Err(MoneyError::Underflow));
    let mismatch = MoneyError::CurrencyMismatch { left: Currency::CZK, right: Currency::EUR };
    let eur = Money::new(1, Currency::EUR);
    assert_eq!(czk(1).checked_add(eur), Err(mismatch));
    assert_eq!(czk(1).checked_sub(eur), Err(mismatch));
    assert_eq!(mismatch.to_string(), "CZK and EUR cannot be added or subtracted");
}

#[test]
fn balances_have_a_sign_and_every_difference() {
    let difference = |credits, debits| Balance::difference(credits, debits, Currency::CZK);
    assert_eq!(difference(100, 1300).decimal().to_string(), "-12.00");
    assert_eq!(difference(1300, 100).to_string(), "12.00 CZK");
    assert_eq!(difference(5, 5), Balance::parse("-0.00", Currency::CZK).unwrap());
    assert!(!difference(5, 5).is_negative());
    assert_eq!(difference(0, u128::MAX).decimal().to_string(), "-3402823669209384634633746074317682114.55");
    assert_eq!(difference(0, u128::MAX).minor(), None);
    assert_eq!(difference(0, 1 << 127).minor(), Some(i128::MIN));
    assert_eq!(difference(1 << 127, 0).minor(), None);
    assert_eq!(difference(7, 0).minor(), Some(7));

    assert_eq!(difference(0, 10).distance(difference(5, 0)), Ok(15));
    assert_eq!(difference(0, 10).distance(difference(0, 4)), Ok(6));
    assert_eq!(difference(0, u128::MAX).distance(difference(1, 0)), Err(MoneyError::Overflow));
    let eur = Balance::difference(1, 0, Currency::EUR);
    assert!(difference(1, 0).distance(eur).is_err());
    assert_eq!(difference(1, 0).partial_cmp(&eur), None);
}

#[test]
fn every_amount_reads_back_as_written() {
    let config = Config { cases: 2000, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &[1; 32]));
    let strategy = (any::<u128>(), any::<u128>(), 0..128u32, select(Currency::all()));
    runner
        .run(&strategy, |(a, b, shift, currency)| {
            let (a, b) = (a >> shift, b >> shift);
            let money = Money::new(a, currency);
            prop_assert_eq!(Money::parse(&money.decimal().to_string(), currency), Ok(money));
            let balance = Balance::difference(a, b, currency);
            prop_assert_eq!(Balance::parse(&balance.decimal().to_string(), currency), Ok(balance));
            prop_assert_eq!(balance.is_negative(), a < b);
            prop_assert_eq!(balance.magnitude(), a.abs_diff(b));
            let zero = Balance::difference(0, 0, currency);
            prop_assert_eq!(balance.partial_cmp(&zero), Some(a.cmp(&b)));
            prop_assert_eq!(balance.distance(zero), Ok(a.abs_diff(b)));
            Ok(())
        })
        .unwrap();
}

#[test]
fn no_text_makes_the_reader_panic() {
    let config = Config { cases: 5000, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &[2; 32]));
    let character = select("0123456789.-+eE, é".chars().collect::<Vec<_>>());
    let text = proptest::collection::vec(character, 0..70).prop_map(String::from_iter);
    runner
        .run(&(text, select(Currency::all())), |(text, currency)| {
            if let Ok(money) = Money::parse(&text, currency) {
                prop_assert_eq!(Money::parse(&money.decimal().to_string(), currency), Ok(money));
                prop_assert!(text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'));
            }
            Ok(())
        })
        .unwrap();
}
