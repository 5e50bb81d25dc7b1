//! Days from outside: text in, text out, and jiff's calendar as the judge.

use calendar::{CalendarError, Date};
use ids::Timestamp;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use stdx::Coded;

#[expect(clippy::unwrap_used, reason = "the dates of these tests are written by hand")]
fn date(text: &str) -> Date {
    text.parse().unwrap()
}

fn runner(seed: u8, cases: u32) -> TestRunner {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]))
}

#[test]
fn every_day_there_is_agrees_with_another_calendar() {
    let mut other = jiff::civil::date(1970, 1, 1);
    for days in 0..=Date::MAX.days() {
        let date = Date::from_days(days).unwrap();
        let (year, month, day) = date.civil();
        assert_eq!(
            (i64::from(year), i64::from(month), i64::from(day)),
            (i64::from(other.year()), i64::from(other.month()), i64::from(other.day())),
            "day {days}"
        );
        assert_eq!(Date::new(year, month, day), Ok(date));
        assert_eq!(i64::from(Date::days_in_month(year, month)), i64::from(other.days_in_month()));
        assert_eq!(Date::is_leap_year(year), other.in_leap_year());
        assert_eq!(i64::from(date.day_of_year()), i64::from(other.day_of_year()));
        if days < Date::MAX.days() {
            other = other.tomorrow().unwrap();
        }
    }
    assert_eq!(other, jiff::civil::Date::MAX);
}

#[test]
fn a_day_reads_back_as_written() {
    for (text, days) in [
        ("1970-01-01", 0),
        ("1970-12-31", 364),
        ("2000-02-29", 11_016),
        ("2000-03-01", 11_017),
        ("2026-11-22", 20_779),
        ("9999-12-31", 2_932_896),
    ] {
        assert_eq!(date(text).days(), days, "{text}");
        assert_eq!(date(text).to_string(), text);
        assert_eq!(format!("{:?}", date(text)), text);
        assert_eq!(serde_json::to_string(&date(text)).unwrap(), format!("{text:?}"));
        assert_eq!(serde_json::from_str::<Date>(&format!("{text:?}")).unwrap(), date(text));
    }
    let day = date("2024-02-29");
    assert_eq!((day.year(), day.month(), day.day()), (2024, 2, 29));
    assert_eq!((Date::MIN, Date::MAX), (date("1970-01-01"), date("9999-12-31")));
    assert!(date("2026-11-22") < date("2026-11-23") && date("2026-11-23") < date("2027-01-01"));
    assert_eq!(size_of::<Date>(), 4, "ten million accounts carry some");
}

#[test]
fn other_texts_are_named_errors() {
    for malformed in [
        "",
        " ",
        "20261122",
        "2026-11-2",
        "2026-1-22",
        "26-11-22",
        "02026-11-22",
        "+2026-11-22",
        "-026-11-22",
        "2026/11/22",
        "2026-11-22 ",
        " 2026-11-22",
        "2026-11-22T00:00:00Z",
        "2026-W47-7",
        "2026-326",
        "22.11.2026",
        "2026-11-2x",
        "2026-11-+2",
        "２０２６-11-22",
        "2026\u{2010}11-2",
    ] {
        assert_eq!(malformed.parse::<Date>(), Err(CalendarError::Malformed), "{malformed}");
    }
    for (year, month, day) in [
        (2023, 2, 29),
        (2100, 2, 29),
        (2024, 2, 30),
        (2024, 4, 31),
        (2024, 1, 32),
        (2024, 0, 1),
        (2024, 13, 1),
        (2024, 1, 0),
        (2024, 99, 99),
        (1969, 2, 29),
    ] {
        let text = format!("{year:04}-{month:02}-{day:02}");
        assert_eq!(text.parse::<Date>(), Err(CalendarError::NoSuchDay { year, month, day }), "{text}");
    }
    for early in ["1969-12-31", "0000-01-01", "1900-01-01"] {
        assert_eq!(early.parse::<Date>(), Err(CalendarError::OutOfRange), "{early}");
    }
    assert_eq!(Date::new(10_000, 1, 1), Err(CalendarError::OutOfRange));
    assert_eq!(Date::new(u16::MAX, u8::MAX, u8::MAX).unwrap_err().code(), "CAL-0002");
    assert_eq!(Date::from_days(Date::MAX.days() + 1), Err(CalendarError::OutOfRange));
    assert_eq!(Date::from_days(u32::MAX), Err(CalendarError::OutOfRange));
    for json in ["20779", "null", "[2026,11,22]", r#""2026-02-30""#, r#""22 November 2026""#] {
        assert!(serde_json::from_str::<Date>(json).is_err(), "{json}");
    }
}

#[test]
fn days_are_counted_across_months_and_years() {
    assert_eq!(date("2024-02-28").add_days(2), Ok(date("2024-03-01")));
    assert_eq!(date("2023-02-28").add_days(1), Ok(date("2023-03-01")));
    assert_eq!(date("2024-03-01").add_days(-1), Ok(date("2024-02-29")));
    assert_eq!(date("2025-01-01").days_since(date("2024-01-01")), 366);
    assert_eq!(date("2024-01-01").days_since(date("2025-01-01")), -366);
    assert_eq!(Date::MIN.add_days(-1), Err(CalendarError::OutOfRange));
    assert_eq!(Date::MAX.add_days(1), Err(CalendarError::OutOfRange));
    assert_eq!(Date::MAX.add_days(i32::MAX), Err(CalendarError::OutOfRange));
    assert_eq!(Date::MIN.add_days(i32::MIN), Err(CalendarError::OutOfRange));
    assert_eq!(Date::MAX.days_since(Date::MIN), 2_932_896);
}

#[test]
fn a_point_in_time_lies_on_its_day_in_utc() {
    for (time, day) in [
        ("1970-01-01T00:00:00Z", "1970-01-01"),
        ("2026-11-22T23:59:59.999999999Z", "2026-11-22"),
        ("2026-11-23T00:00:00Z", "2026-11-23"),
        ("2026-11-23T00:30:00+01:00", "2026-11-22"),
    ] {
        assert_eq!(Date::of_timestamp(time.parse().unwrap()), date(day), "{time}");
    }
    assert_eq!(Date::of_timestamp(Timestamp(u64::MAX)), date("2554-07-21"));
}

#[test]
fn adding_and_taking_the_difference_are_opposites() {
    let days = 0..=Date::MAX.days();
    runner(1, 4000)
        .run(&(days.clone(), days), |(a, b)| {
            let (a, b) = (Date::from_days(a).unwrap(), Date::from_days(b).unwrap());
            prop_assert_eq!(a.add_days(b.days_since(a)), Ok(b));
            prop_assert_eq!(a.days_since(b), -b.days_since(a));
            prop_assert_eq!(a.to_string().cmp(&b.to_string()), a.cmp(&b));
            Ok(())
        })
        .unwrap();
}

#[test]
fn no_text_makes_the_reader_panic() {
    let character = select("0123456789-/T é".chars().collect::<Vec<_>>());
    let free = proptest::collection::vec(character, 0..14).prop_map(String::from_iter);
    let digits = proptest::collection::vec(0..=9u8, 8).prop_map(|digits| {
        let text: String = digits.iter().map(u8::to_string).collect();
        format!("{}-{}-{}", &text[..4], &text[4..6], &text[6..])
    });
    runner(2, 8000)
        .run(&prop_oneof![free, digits], |text| {
            if let Ok(date) = text.parse::<Date>() {
                prop_assert_eq!(date.to_string(), text);
            }
            Ok(())
        })
        .unwrap();
}
