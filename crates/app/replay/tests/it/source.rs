//! Files of every kind: text in, plan or error out.

use std::fmt::Write as _;

use expect_test::expect;
use replay::{Mapping, Plan, SourceError};
use stdx::Coded as _;

use crate::{MAPPING, ROWS, mapping_with, plan_of};

/// A plan in words: each chain's postings in order.
fn words(plan: &Plan) -> String {
    let mut text = String::new();
    for chain in plan.chains() {
        for posting in &chain.postings {
            let row = &plan.rows()[posting.row];
            let _ = write!(text, "{} {} line {} row {}", chain.account, row.date, row.line, row.id);
            for payment in [plan.row_payment(posting), plan.rounding_payment(posting)].into_iter().flatten() {
                let way = if payment.credit_account == chain.account { "+" } else { "-" };
                let _ = write!(text, " {way}{} code {}", payment.amount, payment.code);
                let _ = write!(text, " data {} {};", payment.user_data_64, payment.user_data_32);
            }
            text.push('\n');
        }
    }
    text
}

fn error(mapping: &Mapping, bytes: &[u8]) -> String {
    let error = plan_of(mapping, bytes).expect_err("a bad file");
    assert!(stdx::is_code(error.code()) && !error.hint().is_empty());
    format!("{}: {error}", error.code())
}

#[test]
fn rows_are_put_in_order_and_rounding_follows() {
    let plan = plan_of(&Mapping::parse(MAPPING).unwrap(), ROWS.as_bytes()).unwrap();
    expect![[r#"
        7 1993-01-01 line 3 row a +100.00 code 20 data 19930101 3;
        7 1993-01-01 line 2 row b +50.00 code 10 data 19930101 2;
        7 1993-01-02 line 4 row c -20.05 code 20 data 19930102 4; +0.05 code 90 data 19930102 4;
        7 1993-01-03 line 5 row d -30.00 code 10 data 19930103 5;
        8 1993-01-01 line 6 row e +10.00 code 20 data 19930101 6;
        8 1993-01-02 line 7 row f +10.00 code 10 data 19930102 7;
        8 1993-01-03 line 8 row g -100.00 code 10 data 19930103 8;
    "#]]
    .assert_eq(&words(&plan));
    expect![[r#"
        Forecast {
            exact: 5,
            within_tolerance: 1,
            unexplained: 1,
            zero_amounts: 0,
            bad_rows: 0,
            days_not_searched: 0,
        }
    "#]]
    .assert_debug_eq(&plan.forecast());
    // Cash, two banks, rounding, two customers.
    assert_eq!(plan.accounts().len(), 6);
}

#[test]
fn the_same_file_in_other_clothes_gives_the_same_plan() {
    let expected = words(&plan_of(&Mapping::parse(MAPPING).unwrap(), ROWS.as_bytes()).unwrap());
    let file = "name: rows.csv";
    let semicolons = mapping_with(file, r#"name: rows.csv, separator: ";", quote: "'""#);
    let tabs = mapping_with(file, r#"name: rows.csv, separator: "\t", quote: ~"#);
    let utf_16 = mapping_with(file, "name: rows.csv, encoding: utf-16le");
    let plain = Mapping::parse(MAPPING).unwrap();
    let cases: [(&str, &Mapping, Vec<u8>); 7] = [
        ("semicolons", &semicolons, ROWS.replace(',', ";").into_bytes()),
        (
            "single quotes",
            &semicolons,
            ROWS.replace(',', "';'")
                .replace('\n', "'\n'")
                .trim_end_matches('\'')
                .replacen("row'", "'row'", 1)
                .into_bytes(),
        ),
        ("tabs", &tabs, ROWS.replace(',', "\t").into_bytes()),
        ("UTF-16", &utf_16, ROWS.encode_utf16().flat_map(u16::to_le_bytes).collect()),
        ("byte order mark", &plain, [b"\xef\xbb\xbf", ROWS.as_bytes()].concat()),
        ("CRLF", &plain, ROWS.replace('\n', "\r\n").into_bytes()),
        ("no last line end", &plain, ROWS.trim_end().as_bytes().to_vec()),
    ];
    for (name, mapping, bytes) in cases {
        assert_eq!(words(&plan_of(mapping, &bytes).unwrap()), expected, "{name}");
    }
}

#[test]
fn a_file_without_header_has_numbered_columns() {
    let yaml = MAPPING
        .replace("name: rows.csv", "name: rows.csv, header: false")
        .replace("row: row", "row: \"1\"")
        .replace("account: account", "account: \"2\"")
        .replace("column: date", "column: \"3\"")
        .replace("column: amount", "column: \"4\"")
        .replace("column: balance", "column: \"5\"")
        .replace("column: side", "column: \"6\"")
        .replace("{ bank: [AB", "{ \"7\": [AB")
        .replace("per: [bank]", "per: [\"7\"]");
    let mapping = Mapping::parse(&yaml).unwrap();
    let plan = plan_of(&mapping, ROWS.split_once('\n').unwrap().1.as_bytes()).unwrap();
    assert_eq!(plan.rows().len(), 7);
    assert!(error(&mapping, b"1,2\n").contains("is not among the columns"));
    let words = mapping_with("name: rows.csv", "name: rows.csv, header: false");
    assert!(error(&words, b"1,2\n").contains("`row` is not a number"));
}

#[test]
fn amounts_are_read_as_they_are_written() {
    let row = |amount: &str, balance: &str| {
        format!("row;account;date;amount;balance;side;bank\na;7;1993-01-01;{amount};{balance};in;\n")
    };
    let base = MAPPING.replace("name: rows.csv", r#"name: rows.csv, separator: ";""#);
    let german = base
        .replace("column: amount }", r#"column: amount, decimal: ",", thousands: "." }"#)
        .replace("column: balance }", r#"column: balance, decimal: ",", thousands: " " }"#);
    let minor = base.replace("column: amount }", "column: amount, minor_units: true }");
    let cases = [
        (&german, "1.234,50", "1 234,5", Ok(123_450)),
        (&german, "1.234,500", "1234,5000", Ok(123_450)),
        (&german, "1234,505", "1234,50", Err("`1234,505` in `amount` is not an amount in CZK")),
        (&german, "1,2,3", "1,2", Err("`1,2,3` in `amount`")),
        (&german, "1,20", "1.20", Err("`1.20` in `balance`")),
        (&minor, "123450", "1234.50", Ok(123_450)),
        (&minor, "1234.50", "1234.50", Err("`1234.50` in `amount`")),
        (&minor, "+5", "0.05", Err("`+5` in `amount`")),
        (&base, "1e3", "1000", Err("`1e3` in `amount`")),
        (&base, "", "0", Err("`` in `amount`")),
        (&base, "NaN", "0", Err("`NaN` in `amount`")),
        (&base, "5.", "5", Err("`5.` in `amount`")),
        (&base, "5", "-", Err("`-` in `balance`")),
        (&base, "-5", "5", Err("below zero")),
        (&base, "99999999999999999999999999999999999999", "5", Err("in `amount`")),
        (&base, "999999999999999999999999999999.00", "5", Err("larger than 2^96")),
    ];
    for (yaml, amount, balance, expected) in cases {
        let mapping = Mapping::parse(yaml).unwrap();
        match (plan_of(&mapping, row(amount, balance).as_bytes()), expected) {
            (Ok(plan), Ok(minor)) => {
                assert_eq!((plan.rows()[0].change, plan.rows()[0].balance), (minor, minor), "{amount}");
            }
            (Err(error), Err(text)) => assert!(error.to_string().contains(text), "{amount}: {error}"),
            (outcome, _) => panic!("{amount} {balance}: {outcome:?}"),
        }
    }
}

#[test]
fn the_sign_of_the_amount_may_be_the_direction() {
    let mapping = mapping_with(
        "direction: { column: side, credit: [in], debit: [out] }",
        "direction: { positive_amount_is: debit }",
    );
    let bytes =
        b"row,account,date,amount,balance,bank\na,7,1993-01-01,-5.00,5.00,\nb,7,1993-01-02,2.00,3.00,\n";
    let plan = plan_of(&mapping, bytes).unwrap();
    assert_eq!(plan.rows().iter().map(|row| row.change).collect::<Vec<_>>(), [500, -200]);
}

#[test]
fn rows_that_move_nothing_are_skipped_or_refused() {
    let bytes = b"row,account,date,amount,balance,side,bank\na,7,1993-01-01,5.00,5.00,in,\nb,7,1993-01-02,0.00,5.00,in,\n";
    let plan = plan_of(&Mapping::parse(MAPPING).unwrap(), bytes).unwrap();
    assert_eq!((plan.forecast().zero_amounts, plan.forecast().exact, plan.payments()), (1, 2, 1));
    assert_eq!(plan.row_payment(&plan.chains()[0].postings[1]), None);
    let refuse = mapping_with("name: test", "name: test\nzero_amounts: refuse");
    assert!(error(&refuse, bytes).contains("line 3: the amount is zero"));
}

#[test]
fn days_may_be_counted_from_1970() {
    let mapping = mapping_with("name: test", "name: test\nuser_data: { value_date: unix_days, line: false }");
    let row = |date: &str| format!("row,account,date,amount,balance,side,bank\na,7,{date},5.00,5.00,in,\n");
    let plan = plan_of(&mapping, row("1993-01-01").as_bytes()).unwrap();
    let payment = plan.row_payment(&plan.chains()[0].postings[0]).unwrap();
    assert_eq!((payment.user_data_64.0, payment.user_data_32), (8_401, 0));
    assert!(error(&mapping, row("1969-12-31").as_bytes()).contains("cannot be written"));
}

#[test]
fn bad_rows_are_named_with_their_lines() {
    let bytes = "\
row,account,date,amount,balance,side,bank
a,7,1993-01-01,5.00,5.00,in,

b,x,1993-01-01,5.00,5.00,in,
c,0,1993-01-01,5.00,5.00,in,
d,7,1993-02-30,5.00,5.00,in,
\"e\n2\",7,1993-01-01,5.00,5.00,sideways,
,7,1993-01-01,5.00,5.00,in,
a,7,1993-01-01,5.00,5.00,in,
f,7,1993-01-01,5.00
g,7,1993-01-01,5.00,5.00,in,,,,
h,7,1993-01-02,5.00,10.00,in,
";
    let tolerant = mapping_with("name: test", "name: test\nlimits: { bad_rows_max: 8 }");
    let plan = plan_of(&tolerant, bytes.as_bytes()).unwrap();
    let named: String = plan.bad_rows().iter().map(|bad| format!("{bad}\n")).collect();
    expect![[r#"
        line 4: the account `x` is not a whole number above zero
        line 5: the account `0` is not a whole number above zero
        line 6: the date `1993-02-30` is not in the format `%Y-%m-%d`
        line 7: `sideways` in `side` is neither credit nor debit
        line 9: the row has no id
        line 10: the row id `a` was seen at line 2 already
        line 11: it has 4 columns, the first row 7
        line 12: it has 10 columns, the first row 7
    "#]]
    .assert_eq(&named);
    assert_eq!((plan.rows().len(), plan.forecast().bad_rows), (2, 8));
    expect!["RPL-0029: 8 bad rows, 0 allowed; line 4: the account `x` is not a whole number above zero; line 5: the account `0` is not a whole number above zero; line 6: the date `1993-02-30` is not in the format `%Y-%m-%d`"].assert_eq(&error(&Mapping::parse(MAPPING).unwrap(), bytes.as_bytes()));
}

#[test]
fn hostile_files_end_in_a_named_error() {
    let limited = mapping_with(
        "name: test",
        "name: test\nlimits: { file_bytes_max: 2000, row_bytes_max: 100, columns_max: 8, rows_max: 7 }",
    );
    let header = "row,account,date,amount,balance,side,bank\n";
    let with = |rest: &str| [header, rest].concat().into_bytes();
    let cases = [
        (Vec::new(), "RPL-0028"),
        (header.as_bytes().to_vec(), "RPL-0028"),
        (b"\n\n\r\n".to_vec(), "RPL-0028"),
        (vec![b'\n'; 2_001], "RPL-0022"),
        (with(&"x".repeat(101)), "RPL-0024: the row at line 2"),
        (with(&format!("\n\n\"{}", "a\n".repeat(99))), "RPL-0024: the row at line 4"),
        (with(&",".repeat(8)), "RPL-0025: the row at line 2"),
        ([ROWS.as_bytes(), b"h,9,1993-01-01,1,1,in,\n"].concat(), "RPL-0026"),
        (b"row,row,account\n".to_vec(), "RPL-0027: the column `row` is in the header twice"),
        (b"id,account\n".to_vec(), "RPL-0027: the column `row` is not in the header"),
        (with("\0,\0,\0,\0,\0,\0,\0\n"), "RPL-0029"),
        (with(",,,,,,\n"), "RPL-0029"),
        ([header.as_bytes(), b"a,7,\xff"].concat(), "RPL-0023: the bytes at offset 46 are not UTF-8"),
        ([header.as_bytes(), b"a,7,\xe2\x82"].concat(), "RPL-0023: the bytes at offset 46 are not UTF-8"),
    ];
    for (bytes, expected) in cases {
        let error = error(&limited, &bytes);
        assert!(error.starts_with(expected), "{expected}: {error}");
    }
    assert_eq!(
        plan_of(&limited, ROWS.as_bytes()).unwrap().rows().len(),
        7,
        "the limits themselves are allowed"
    );
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let folder = std::path::Path::new("no-such-folder");
    let error = Plan::read(&Mapping::parse(MAPPING).unwrap(), folder).unwrap_err();
    assert!(
        matches!(&error, SourceError::Unreadable { path, .. } if path.ends_with("rows.csv")),
        "{error:?}"
    );
}

#[test]
fn counter_accounts_in_other_letters_are_others() {
    let mapping = mapping_with("name: rows.csv", "name: rows.csv, encoding: windows-1250");
    let plan = |bank: &[u8]| {
        let head = b"row,account,date,amount,balance,side,bank\na,7,1993-01-01,5.00,5.00,in,";
        plan_of(&mapping, &[head, bank, b"\n"].concat()).unwrap()
    };
    // In windows-1250 0xC8 is a letter; the rule knows neither, so both rows go to cash.
    assert_eq!(plan(b"\xc8").rows()[0].counter, plan(b"").rows()[0].counter);
    assert_ne!(plan(b"AB").rows()[0].counter, plan(b"CD").rows()[0].counter);
    assert_eq!(plan(b"AB").rows()[0].code, 20);
}
