//! Mappings that are none, each named.

use replay::Mapping;
use stdx::Coded as _;

use crate::MAPPING;

/// The code and the text of the error that the mapping with `to` for `from` is.
fn error(from: &str, to: &str) -> String {
    assert!(MAPPING.contains(from), "{from}");
    let error = Mapping::parse(&MAPPING.replacen(from, to, 1)).expect_err(to);
    assert!(stdx::is_code(error.code()) && !error.hint().is_empty());
    format!("{}: {error}", error.code())
}

#[test]
fn the_test_mapping_is_good() {
    let mapping = Mapping::parse(MAPPING).unwrap();
    assert_eq!((mapping.name(), mapping.currency().code()), ("test", "CZK"));
}

#[test]
fn every_mistake_has_a_name() {
    let cases = [
        ("name: test", "name: test\ncolour: red", "RPL-0002", "unknown field"),
        ("currency: CZK\n", "", "RPL-0002", "currency"),
        ("name: test", "name: [test", "RPL-0002", ""),
        ("code: 2 }", "code: 70000 }", "RPL-0002", ""),
        ("code: 1 }", "code: 1, flags: [frozen] }", "RPL-0002", "unknown variant"),
        ("name: test", "name: Test", "RPL-0003", "`Test`"),
        ("name: test", "name: \"\"", "RPL-0003", "``"),
        ("name: rows.csv", "name: ../rows.csv", "RPL-0004", "`../rows.csv`"),
        ("name: rows.csv", "name: \"..\"", "RPL-0004", "`..`"),
        ("currency: CZK", "currency: XXX", "RPL-0005", "`XXX`"),
        ("name: rows.csv", "name: rows.csv, encoding: klingon", "RPL-0006", "`klingon`"),
        ("name: rows.csv", "name: rows.csv, encoding: replacement", "RPL-0006", "`replacement`"),
        ("name: rows.csv", "name: rows.csv, separator: ；", "RPL-0007", "`file.separator`"),
        ("name: rows.csv", "name: rows.csv, separator: a", "RPL-0007", "letter"),
        ("name: rows.csv", r#"name: rows.csv, separator: "\n""#, "RPL-0007", "ends lines"),
        ("name: rows.csv", r#"name: rows.csv, separator: "'", quote: "'""#, "RPL-0007", "separator as well"),
        ("column: amount }", r#"column: amount, decimal: "-" }"#, "RPL-0007", "`columns.amount`"),
        (
            "column: balance }",
            r#"column: balance, decimal: ",", thousands: "," }"#,
            "RPL-0007",
            "decimal sign as well",
        ),
        ("%Y-%m-%d", "%Y-%m", "RPL-0008", "`%Y-%m`"),
        ("%Y-%m-%d", "", "RPL-0008", "``"),
        ("%Y-%m-%d", "%Y-%m-%q", "RPL-0008", "%q"),
        ("debit: [out]", "debit: [out, in]", "RPL-0009", "`in` is named twice"),
        ("credit: [in], debit: [out]", "credit: []", "RPL-0009", "has no values"),
        ("column: side, ", "", "RPL-0009", "neither"),
        (
            "column: side,",
            "column: side, positive_amount_is: credit,",
            "RPL-0009",
            "and by the amount's sign",
        ),
        ("column: side,", "positive_amount_is: credit,", "RPL-0009", "no column"),
        (
            "default: { account: cash",
            "default: { account: cahs",
            "RPL-0010",
            "`default` names the counter-account `cahs`",
        ),
        ("account: banks", "account: blanks", "RPL-0010", "`rule 1`"),
        ("account: rounding", "account: banks", "RPL-0010", "one per bank"),
        ("customers: { code: 1 }", "customers: { code: 0 }", "RPL-0011", "`customers`"),
        ("cash: { code: 2 }", "cash: { code: 0 }", "RPL-0011", "`counter_accounts.cash`"),
        ("code: 20", "code: 0", "RPL-0011", "`rule 1`"),
        ("{ bank: [AB, CD] }", "{}", "RPL-0012", "rule 1 has no conditions"),
        ("{ bank: [AB, CD] }", "{ bank: [] }", "RPL-0012", "no values for `bank`"),
        (r#"unit: "0.10""#, r#"unit: "0.001""#, "RPL-0013", "`0.001`"),
        (r#"unit: "0.10""#, r#"unit: "0""#, "RPL-0013", "CZK"),
        ("name: test", "name: test\nlimits: { rows_max: 0 }", "RPL-0014", "`limits.rows_max` is 0"),
        ("name: test", "name: test\nlimits: { row_bytes_max: 99999999 }", "RPL-0014", "1 to 16777216"),
    ];
    for (from, to, code, text) in cases {
        let error = error(from, to);
        assert!(error.starts_with(code) && error.contains(text), "{to}: {error}");
    }
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    for path in [folder.join("no-such-file.yaml"), folder.to_owned()] {
        let error = Mapping::read(&path).unwrap_err();
        assert_eq!(error.code(), "RPL-0001");
        assert!(error.to_string().contains(&path.display().to_string()), "{error}");
    }
}
