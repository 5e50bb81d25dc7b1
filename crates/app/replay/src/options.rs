//! A mapping as it is written: the YAML file's fields, one struct per block. Nothing is checked here but the shape;
//! see [`crate::Mapping`] for what comes out.

use std::collections::BTreeMap;

use ledger_api::AccountFlag;
use serde::Deserialize;

/// What a CSV file means.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MappingOptions {
    /// The mapping's name: lower-case letters, digits and hyphens, at most 64. Every id is derived from it, so a
    /// new name makes new payments and the same name repeats the old ones.
    pub name: String,
    /// The currency of every amount (ISO 4217).
    pub currency: String,
    /// The file and how to read it.
    pub file: FileOptions,
    /// Where things stand.
    pub columns: ColumnOptions,
    /// Whether a row takes or gives.
    pub direction: DirectionOptions,
    /// The accounts named in the file.
    pub customers: CustomerOptions,
    /// The accounts on the other side, by name.
    pub counter_accounts: BTreeMap<String, CounterAccountOptions>,
    /// Which rows go where; the first rule that matches wins.
    #[serde(default)]
    pub rules: Vec<RuleOptions>,
    /// Where rows go that no rule matches.
    pub default: TargetOptions,
    /// What to do where the source itself rounds. Default: every balance must be exact.
    pub rounding: Option<RoundingOptions>,
    /// What to do with rows that move nothing. Default: `skip`.
    #[serde(default)]
    pub zero_amounts: ZeroAmounts,
    /// What payments remember of their rows.
    #[serde(default)]
    pub user_data: UserDataOptions,
    /// Bounds on what is read.
    #[serde(default)]
    pub limits: LimitOptions,
}

/// The file and how to read it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileOptions {
    /// Its name within the folder given to the replay.
    pub name: String,
    /// Its encoding, by a label of the WHATWG Encoding Standard, e.g. `latin1`. Default: `utf-8`.
    #[serde(default = "utf_8")]
    pub encoding: String,
    /// What stands between two values: one ASCII character. Default: a comma.
    #[serde(default = "comma")]
    pub separator: char,
    /// What values may be wrapped in: one ASCII character, or nothing for `~`. Default: `"`.
    #[serde(default = "double_quote")]
    pub quote: Option<char>,
    /// Whether the first row names the columns. Without a header columns are named by their number, from 1.
    /// Default: true.
    #[serde(default = "yes")]
    pub header: bool,
}

/// Where things stand.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnOptions {
    /// The row's id, unique in the file; the payment's id is derived from it.
    pub row: String,
    /// The customer's account, a whole number above zero; it becomes the account's id.
    pub account: String,
    /// The day of the row.
    pub date: DateOptions,
    /// How much.
    pub amount: AmountOptions,
    /// The account's balance after the row, by the source's own books: the judge.
    pub balance: AmountOptions,
}

/// A column of dates.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DateOptions {
    /// The column.
    pub column: String,
    /// The format in the letters of strftime, e.g. `%Y-%m-%d`. Two-digit years (`%y`) mean 1969 to 2068.
    pub format: String,
}

/// A column of amounts.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AmountOptions {
    /// The column.
    pub column: String,
    /// What stands before the fraction: one ASCII character. Default: a point.
    #[serde(default = "point")]
    pub decimal: char,
    /// What groups the whole digits and is left out: one character. Default: nothing.
    #[serde(default)]
    pub thousands: Option<char>,
    /// Whether the values are whole minor units (haléře, cents) instead. Default: false.
    #[serde(default)]
    pub minor_units: bool,
}

/// Whether a row gives to the customer's account (credit) or takes from it (debit): either by the values of a
/// column or by the sign of the amount.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DirectionOptions {
    /// The column whose values say it.
    pub column: Option<String>,
    /// Its values for credits.
    #[serde(default)]
    pub credit: Vec<String>,
    /// Its values for debits.
    #[serde(default)]
    pub debit: Vec<String>,
    /// Without a column: what an amount above zero is; one below zero is the opposite.
    pub positive_amount_is: Option<Side>,
}

/// A side of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The account receives.
    Credit,
    /// The account gives.
    Debit,
}

/// The accounts named in the file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CustomerOptions {
    /// Their code in the ledger.
    pub code: u16,
    /// The rules they are held to. Default: none.
    #[serde(default)]
    pub flags: Vec<AccountFlag>,
}

/// An account on the other side, or a family of them.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CounterAccountOptions {
    /// The code in the ledger.
    pub code: u16,
    /// The rules it is held to. Default: none.
    #[serde(default)]
    pub flags: Vec<AccountFlag>,
    /// Columns whose values make an account of their own each, e.g. one per bank code. Default: one account.
    #[serde(default)]
    pub per: Vec<String>,
}

/// Rows that go to a certain counter-account.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleOptions {
    /// Columns and the values they may have; all must match, exactly.
    pub when: BTreeMap<String, Vec<String>>,
    /// The name of the counter-account.
    pub account: String,
    /// The code of the payments.
    pub code: u16,
}

/// A counter-account for rows without conditions.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetOptions {
    /// The name of the counter-account.
    pub account: String,
    /// The code of the payments.
    pub code: u16,
}

/// What to do where the source itself rounds: a balance that differs from the sum by at most the unit is followed
/// by a payment of the difference, so that the ledger stays on the source's books and nothing drifts.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoundingOptions {
    /// The largest difference that is rounding, in major units with a point: `"0.10"`.
    pub unit: String,
    /// The name of the counter-account for the differences.
    pub account: String,
    /// The code of the payments.
    pub code: u16,
}

/// What to do with rows that move nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ZeroAmounts {
    /// They make no payment, are counted, and their balance is judged like any other.
    #[default]
    Skip,
    /// They are bad rows.
    Refuse,
}

/// What payments remember of their rows.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct UserDataOptions {
    /// `user_data_64`: the row's day. Default: `yyyymmdd`.
    pub value_date: ValueDate,
    /// `user_data_32`: the row's line in the file. Default: true.
    pub line: bool,
}

impl Default for UserDataOptions {
    fn default() -> Self {
        Self { value_date: ValueDate::Yyyymmdd, line: true }
    }
}

/// How a day is written into a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValueDate {
    /// As eight decimal digits: 19930101.
    Yyyymmdd,
    /// As days since 1970-01-01; earlier days are bad rows.
    UnixDays,
    /// Not at all.
    None,
}

/// Bounds on what is read.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitOptions {
    /// The largest file, in bytes. Default: 1 GiB.
    pub file_bytes_max: u64,
    /// The longest row, in bytes of UTF-8. Default: 65,536; at most 16 MiB.
    pub row_bytes_max: usize,
    /// The most columns. Default: 256; at most 65,536.
    pub columns_max: usize,
    /// The most rows. Default: 5,000,000; at most 50,000,000.
    pub rows_max: usize,
    /// How many bad rows are left out and named before the replay refuses to start. Default: 0.
    pub bad_rows_max: usize,
}

impl Default for LimitOptions {
    fn default() -> Self {
        Self {
            file_bytes_max: 1 << 30,
            row_bytes_max: 1 << 16,
            columns_max: 256,
            rows_max: 5_000_000,
            bad_rows_max: 0,
        }
    }
}

fn utf_8() -> String {
    "utf-8".to_owned()
}

fn comma() -> char {
    ','
}

#[expect(clippy::unnecessary_wraps, reason = "the default of an optional field")]
fn double_quote() -> Option<char> {
    Some('"')
}

fn point() -> char {
    '.'
}

fn yes() -> bool {
    true
}
