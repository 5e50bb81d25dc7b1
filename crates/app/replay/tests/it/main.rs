//! Replays from the outside: mappings, files, and a bank to send to.

#![expect(clippy::unwrap_used, reason = "a test's helpers may fail the test")]

mod bank;
mod berka;
mod fake_bank;
mod mapping;
mod source;

use std::path::Path;

use replay::{Mapping, Plan, SourceError};

/// A small mapping: two columns of amounts, one rule, rounding.
const MAPPING: &str = r#"
name: test
currency: CZK
file: { name: rows.csv }
columns:
  row: row
  account: account
  date: { column: date, format: "%Y-%m-%d" }
  amount: { column: amount }
  balance: { column: balance }
direction: { column: side, credit: [in], debit: [out] }
customers: { code: 1 }
counter_accounts:
  cash: { code: 2 }
  banks: { code: 3, per: [bank] }
  rounding: { code: 9 }
rules:
  - { when: { bank: [AB, CD] }, account: banks, code: 20 }
default: { account: cash, code: 10 }
rounding: { unit: "0.10", account: rounding, code: 90 }
"#;

/// A file for [`MAPPING`]: account 7 on one day out of order, then off by 0.10; account 8 with a row that nothing
/// explains, and one after it.
const ROWS: &str = "\
row,account,date,amount,balance,side,bank
b,7,1993-01-01,50.00,150.00,in,
a,7,1993-01-01,100.00,100.00,in,AB
c,7,1993-01-02,20.05,130.00,out,AB
d,7,1993-01-03,30.00,100.00,out,
e,8,1993-01-01,10.00,10.00,in,CD
f,8,1993-01-02,10.00,500.00,in,
g,8,1993-01-03,100.00,400.00,out,
";

fn mapping_with(from: &str, to: &str) -> Mapping {
    assert!(MAPPING.contains(from), "{from}");
    Mapping::parse(&MAPPING.replacen(from, to, 1)).unwrap()
}

fn plan_of(mapping: &Mapping, bytes: &[u8]) -> Result<Plan, SourceError> {
    Plan::from_reader(mapping, bytes, Path::new("rows.csv"))
}
