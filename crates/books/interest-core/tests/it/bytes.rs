//! Bytes of accruals and products, and bytes that are none.

use calendar::DayCount;
use interest_core::{
    Accrual, BalanceSide, InterestError, PARTS_PER_UNIT, Product, Remainder, Rounding, Terms,
};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::{Account, day, deposit, end_period, terms};

fn bytes(accrual: &Accrual) -> Vec<u8> {
    let mut bytes = Vec::new();
    accrual.encode(&mut bytes);
    bytes
}

fn lived() -> Account {
    let mut account = Account::open(
        &deposit(DayCount::Thirty360, &[("2024-01-01", 36_500), ("2024-02-15", -1)]),
        "2024-01-31",
    );
    account.pay("2024-01-31", 1_234_567);
    account.accrue("2024-02-20");
    account.pay_valued("2024-03-10", "2024-02-29", -99_999_999);
    account.pay_valued("2024-03-10", "2025-03-11", 1 << 60);
    account
}

#[test]
fn an_accrual_reads_back_and_goes_on_alike() {
    let mut account = lived();
    let mut written = bytes(&account.accrual);
    let length = written.len();
    written.extend_from_slice(b"next");
    let (mut read, rest) = Accrual::decode(&written).unwrap();
    assert_eq!((&read, rest), (&account.accrual, &b"next"[..]));
    assert_eq!(read.accrue(&account.product, day("2025-04-30")), Ok(account.accrue("2025-04-30")));
    assert_eq!(read, account.accrual);
    assert!(length <= 48, "{length} bytes");
}

#[test]
fn a_product_reads_back() {
    for (side, remainder) in
        [(BalanceSide::Credit, Remainder::Carried), (BalanceSide::Debit, Remainder::Dropped)]
    {
        for rounding in Rounding::ALL {
            for day_count in DayCount::ALL {
                let rates = [("1970-01-01", -100_000_000), ("2024-01-01", 0), ("9999-12-31", 100_000_000)];
                let product =
                    Product::new(Terms { side, remainder, rounding, ..terms(day_count, &rates) }).unwrap();
                let mut written = Vec::new();
                product.encode(&mut written);
                written.push(9);
                assert_eq!(Product::decode(&written), Ok((product, &[9][..])));
                for length in 0..written.len() - 1 {
                    assert!(Product::decode(&written[..length]).is_err(), "cut to {length}");
                }
            }
        }
    }
}

/// Numbers in the form that accruals are written in, all of them small.
fn record(numbers: &[i128]) -> Vec<u8> {
    let mut out = Vec::new();
    for (at, number) in numbers.iter().enumerate() {
        let plain = matches!(at, 0..=2 | 7) || (at > 7 && at % 2 == 0);
        let mut value =
            if plain { number.cast_unsigned() } else { (number << 1 ^ number >> 127).cast_unsigned() };
        while value > 0x7f {
            out.push(u8::try_from(value & 0x7f).unwrap() | 0x80);
            value >>= 7;
        }
        out.push(u8::try_from(value).unwrap());
    }
    out
}

#[test]
fn records_made_by_hand_are_checked() {
    let balance_max = i128::from(u64::MAX);
    let amount_max = i128::MAX / PARTS_PER_UNIT + 1;
    // First day, days to accrued_to and to the first open day, balance, exact, posted, since capitalised, entries.
    let good: &[&[i128]] = &[
        &[19_723, 0, 0, 0, 0, 0, 0, 0],
        &[19_723, 9, 3, -balance_max, i128::MIN, amount_max, -2 * amount_max, 2, 0, 2 * balance_max, 401, -1],
    ];
    for numbers in good {
        let written = record(numbers);
        let (accrual, rest) = Accrual::decode(&written).unwrap();
        assert!(rest.is_empty());
        assert_eq!(bytes(&accrual), written);
    }
    let bad: &[(&str, &[i128])] = &[
        ("a first day after the calendar", &[2_932_897, 0, 0, 0, 0, 0, 0, 0]),
        ("accrued beyond the calendar", &[19_723, 2_932_896, 0, 0, 0, 0, 0, 0]),
        ("folded beyond the calendar", &[19_723, 0, i128::from(u64::MAX), 0, 0, 0, 0, 0]),
        ("a balance too large", &[19_723, 0, 0, balance_max + 1, 0, 0, 0, 0]),
        ("posted too much", &[19_723, 0, 0, 0, 0, -amount_max - 1, 0, 0]),
        ("accrued too much", &[19_723, 0, 0, 0, 0, 0, 2 * amount_max + 1, 0]),
        ("too many entries", &[19_723, 0, 0, 0, 0, 0, 0, 403]),
        ("far too many entries", &[19_723, 0, 0, 0, 0, 0, 0, i128::from(u64::MAX)]),
        ("an entry of zero", &[19_723, 0, 0, 0, 0, 0, 0, 1, 0, 0]),
        ("two entries on a day", &[19_723, 0, 0, 0, 0, 0, 0, 2, 1, 5, 0, 5]),
        ("an entry beyond reach", &[19_723, 0, 0, 0, 0, 0, 0, 1, 402, 1]),
        ("entries beyond reach", &[19_723, 0, 0, 0, 0, 0, 0, 2, 201, 1, 201, 1]),
        ("entries that sum up too large", &[19_723, 0, 0, balance_max, 0, 0, 0, 1, 0, 1]),
        ("an entry too large", &[19_723, 0, 0, 0, 0, 0, 0, 1, 0, 2 * balance_max + 1]),
        ("an entry missing", &[19_723, 0, 0, 0, 0, 0, 0, 1]),
        ("nothing", &[]),
    ];
    for (what, numbers) in bad {
        let refused = Accrual::decode(&record(numbers)).unwrap_err();
        assert!(matches!(refused, InterestError::Damaged { .. }), "{what}: {refused}");
    }
}

#[test]
fn interest_beyond_128_bits_is_refused() {
    let product = deposit(DayCount::Actual365Fixed, &[("2024-01-01", 36_500)]);
    let (mut full, _) = Accrual::decode(&record(&[19_723, 0, 0, 10_000, i128::MAX, 0, 0, 0])).unwrap();
    let untouched = full.clone();
    assert_eq!(full.accrue(&product, day("2024-01-01")), Err(InterestError::Overflow));
    assert_eq!(full.book(&product, day("2024-06-01"), day("2024-06-01"), 1), Err(InterestError::Overflow));
    assert_eq!(full, untouched);
}

#[test]
fn no_bytes_make_a_panic() {
    let config = Config { cases: 20_000, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &[4; 32]));
    let account = lived();
    let mut products = vec![account.product.clone()];
    products
        .push(Product::new(Terms { side: BalanceSide::Debit, ..account.product.terms().clone() }).unwrap());
    let dropped = Terms { remainder: Remainder::Dropped, ..account.product.terms().clone() };
    products.push(Product::new(dropped).unwrap());
    let written = bytes(&account.accrual);
    let damage = proptest::collection::vec((0..written.len(), any::<u8>()), 0..4);
    let free = proptest::collection::vec(any::<u8>(), 0..64);
    runner
        .run(
            &(damage, free, any::<bool>(), any::<i128>(), 0..20_000u32),
            |(damage, free, wild, delta, today)| {
                let mut bytes_in = if wild { free.clone() } else { written.clone() };
                if !wild {
                    for (at, byte) in damage {
                        bytes_in[at] = byte;
                    }
                }
                if let Ok((product, rest)) = Product::decode(&free) {
                    let mut again = Vec::new();
                    product.encode(&mut again);
                    prop_assert_eq!(&again[..], &free[..free.len() - rest.len()]);
                }
                let Ok((accrual, rest)) = Accrual::decode(&bytes_in) else { return Ok(()) };
                prop_assert_eq!(bytes(&accrual), &bytes_in[..bytes_in.len() - rest.len()]);
                let today = calendar::Date::from_days(today).unwrap();
                for product in &products {
                    let mut accrual = accrual.clone();
                    for delta in [delta, delta >> 64] {
                        let before = accrual.clone();
                        if accrual.book(product, today, today, delta).is_err() {
                            prop_assert_eq!(&accrual, &before);
                        }
                    }
                    let before = accrual.clone();
                    if accrual.accrue(product, today).is_err() {
                        prop_assert_eq!(&accrual, &before);
                    } else {
                        prop_assert_eq!(accrual.accrue(product, today), Ok(0));
                        let _ = end_period(&mut accrual, product, today);
                    }
                    let written = bytes(&accrual);
                    prop_assert_eq!(Accrual::decode(&written), Ok((accrual, &[][..])));
                }
                Ok(())
            },
        )
        .unwrap();
}
