//! Day counts against published tables, and against the definitions' own words.

use calendar::{CalendarError, Date, DayCount, PARTS_PER_YEAR};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

#[expect(clippy::unwrap_used, reason = "the dates of these tests are written by hand")]
fn date(text: &str) -> Date {
    text.parse().unwrap()
}

/// The exact fraction `numerator / denominator` of a year.
fn year(numerator: i64, denominator: i64) -> i64 {
    assert_eq!(
        numerator * PARTS_PER_YEAR % denominator,
        0,
        "{numerator}/{denominator} is no number of parts"
    );
    numerator * PARTS_PER_YEAR / denominator
}

/// First day, last day, and the days of `30/360` and of `30E/360` from
/// <https://www.isda.org/2008/12/22/30-360-day-count-conventions/>.
const ISDA_30_360: [(&str, &str, i64, i64); 27] = [
    ("2006-08-20", "2007-02-20", 180, 180),
    ("2007-02-20", "2007-08-20", 180, 180),
    ("2007-08-20", "2008-02-20", 180, 180),
    ("2008-02-20", "2008-08-20", 180, 180),
    ("2008-08-20", "2009-02-20", 180, 180),
    ("2009-02-20", "2009-08-20", 180, 180),
    ("2006-08-31", "2007-02-28", 178, 178),
    ("2007-02-28", "2007-08-31", 183, 182),
    ("2007-08-31", "2008-02-29", 179, 179),
    ("2008-02-29", "2008-08-31", 182, 181),
    ("2008-08-31", "2009-02-28", 178, 178),
    ("2009-02-28", "2009-08-31", 183, 182),
    ("2006-01-31", "2006-02-28", 28, 28),
    ("2006-01-30", "2006-02-28", 28, 28),
    ("2006-02-28", "2006-03-03", 5, 5),
    ("2006-02-14", "2006-02-28", 14, 14),
    ("2006-09-30", "2006-10-31", 30, 30),
    ("2006-10-31", "2006-11-28", 28, 28),
    ("2007-08-31", "2008-02-28", 178, 178),
    ("2008-02-28", "2008-08-28", 180, 180),
    ("2008-02-28", "2008-08-30", 182, 182),
    ("2008-02-28", "2008-08-31", 183, 182),
    ("2007-02-26", "2008-02-28", 362, 362),
    ("2007-02-26", "2008-02-29", 363, 363),
    ("2008-02-29", "2009-02-28", 359, 359),
    ("2008-02-28", "2008-03-30", 32, 32),
    ("2008-02-28", "2008-03-31", 33, 32),
];

#[test]
fn months_of_thirty_days_agree_with_isdas_table() {
    for (first, last, bond, eurobond) in ISDA_30_360 {
        let (first, last) = (date(first), date(last));
        assert_eq!(DayCount::Thirty360.parts(first, last), year(bond, 360), "{first} to {last}");
        assert_eq!(DayCount::ThirtyE360.parts(first, last), year(eurobond, 360), "{first} to {last}");
    }
}

/// The examples of ISDA's memorandum "EMU and Market Conventions: Recent Developments" (1998), as
/// QuantLib's tests give them, to ten digits.
#[test]
fn actual_actual_agrees_with_isdas_examples() {
    for (first, last, common, leap, digits) in [
        ("2003-11-01", "2004-05-01", 61, 121, 4_977_243_806),
        ("1999-02-01", "1999-07-01", 150, 0, 4_109_589_041),
        ("1999-07-01", "2000-07-01", 184, 182, 10_013_773_486),
        ("2002-08-15", "2003-07-15", 334, 0, 9_150_684_932),
        ("2003-07-15", "2004-01-15", 170, 14, 5_040_047_908),
        ("1999-07-30", "2000-01-30", 155, 29, 5_038_925_069),
        ("2000-01-30", "2000-06-30", 0, 152, 4_153_005_464),
    ] {
        let parts = DayCount::ActualActualIsda.parts(date(first), date(last));
        assert_eq!(parts, year(common, 365) + year(leap, 366), "{first} to {last}");
        let twice = 2 * parts * 10_000_000_000 / PARTS_PER_YEAR;
        assert_eq!((twice + 1) / 2, digits, "{first} to {last}");
    }
}

#[test]
fn days_as_they_are_over_365_and_360() {
    for (first, last, days) in
        [("2023-02-28", "2023-03-01", 1), ("2024-02-28", "2024-03-01", 2), ("2024-01-01", "2025-01-01", 366)]
    {
        assert_eq!(DayCount::Actual365Fixed.parts(date(first), date(last)), year(days, 365));
        assert_eq!(DayCount::Actual360.parts(date(first), date(last)), year(days, 360));
    }
}

#[test]
fn names_are_fpmls() {
    for day_count in DayCount::ALL {
        assert_eq!(day_count.name().parse(), Ok(day_count));
        let json = serde_json::to_string(&day_count).unwrap();
        assert_eq!(json, format!("\"{day_count}\""));
        assert_eq!(serde_json::from_str::<DayCount>(&json).unwrap(), day_count);
    }
    for unknown in ["", "ACT/365", "act/360", "30/360 ", "ACT/ACT", "30/360.ISDA"] {
        assert_eq!(unknown.parse::<DayCount>(), Err(CalendarError::UnknownDayCount), "{unknown}");
    }
    assert!(serde_json::from_str::<DayCount>("360").is_err());
}

/// The days of `30/360` and `30E/360`, word by word from the definitions.
fn by_the_formula(day_count: DayCount, first: Date, last: Date) -> i64 {
    let (y1, m1, mut d1) = first.civil();
    let (y2, m2, mut d2) = last.civil();
    if d1 == 31 {
        d1 = 30;
    }
    if d2 == 31 && (day_count == DayCount::ThirtyE360 || d1 > 29) {
        d2 = 30;
    }
    let [y1, y2] = [y1, y2].map(i64::from);
    let [m1, m2, d1, d2] = [m1, m2, d1, d2].map(i64::from);
    360 * (y2 - y1) + 30 * (m2 - m1) + (d2 - d1)
}

#[test]
fn parts_add_up_turn_around_and_agree_with_slow_words() {
    let config = Config { cases: 4000, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &[3; 32]));
    let days = (0..=Date::MAX.days() - 800, 0..400i32, 0..400i32);
    runner
        .run(&(days, select(&DayCount::ALL[..])), |((first, to_middle, to_last), day_count)| {
            let first = Date::from_days(first).unwrap();
            let middle = first.add_days(to_middle).unwrap();
            let last = middle.add_days(to_last).unwrap();
            let parts = day_count.parts(first, last);
            prop_assert_eq!(day_count.parts(last, first), -parts);
            if day_count != DayCount::Thirty360 {
                prop_assert_eq!(day_count.parts(first, middle) + day_count.parts(middle, last), parts);
            }
            let slow = match day_count {
                DayCount::Thirty360 | DayCount::ThirtyE360 => {
                    by_the_formula(day_count, first, last) * (PARTS_PER_YEAR / 360)
                }
                _ => (first.days()..last.days())
                    .map(|day| match day_count {
                        DayCount::Actual360 => year(1, 360),
                        DayCount::ActualActualIsda
                            if Date::is_leap_year(Date::from_days(day).unwrap().year()) =>
                        {
                            year(1, 366)
                        }
                        _ => year(1, 365),
                    })
                    .sum(),
            };
            prop_assert_eq!(parts, slow, "{} from {} to {}", day_count, first, last);
            Ok(())
        })
        .unwrap();
}
