//! Records understood as rows: who, when, how much, and where to.

use std::collections::BTreeMap;
use std::fmt;

use ids::AccountId;
use jiff::civil::Date;
use ledger_api::NewAccount;
use money::{Balance, Currency};

use crate::SourceError;
use crate::derive;
use crate::mapping::{CounterKind, Direction, Mapping, Target};
use crate::options::{AmountOptions, Side, ValueDate, ZeroAmounts};
use crate::table::Record;

/// The largest amount or balance, in minor units: 2^96. The sums over 50 million rows then stay far below 2^127.
const MINOR_MAX: u128 = 1 << 96;

/// A row of the file, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The line it begins at, from 1.
    pub line: u64,
    /// Its id in the file.
    pub id: Box<str>,
    /// The customer's account.
    pub account: AccountId,
    /// Its day.
    pub date: Date,
    /// What it adds to the account, in minor units; below zero it takes.
    pub change: i128,
    /// The account's balance after it by the source's books, in minor units.
    pub balance: i128,
    /// The account on the other side.
    pub counter: AccountId,
    /// The payment's code.
    pub code: u16,
}

/// A row that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadRow {
    /// The line it begins at, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub reason: String,
}

impl fmt::Display for BadRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.reason)
    }
}

/// The mapping's columns found in a file, and the counter-accounts met so far.
pub(crate) struct Reader<'m> {
    mapping: &'m Mapping,
    columns: usize,
    row: usize,
    account: usize,
    date: usize,
    amount: usize,
    balance: usize,
    direction: Option<usize>,
    rules: Vec<RuleColumns>,
    default: Vec<usize>,
    counter_accounts: BTreeMap<AccountId, NewAccount>,
}

/// The conditions of one rule with their columns found, and the columns of its target.
struct RuleColumns {
    when: Vec<(usize, usize)>,
    per: Vec<usize>,
}

impl<'m> Reader<'m> {
    /// Finds the mapping's columns by the names in `header`; without a header (`named` is false) by their numbers.
    pub(crate) fn new(mapping: &'m Mapping, header: &Record<'_>) -> Result<Self, SourceError> {
        let find = |column: &str| find_column(header, column, mapping.file.header);
        let find_all = |columns: &[String]| columns.iter().map(|column| find(column)).collect();
        let per = |target: Target| -> Result<Vec<usize>, SourceError> {
            find_all(mapping.kinds.get(target.kind).map_or(&[], |kind| kind.per.as_slice()))
        };
        let rules = mapping.rules.iter().map(|rule| {
            let when = rule.when.iter().enumerate();
            let when = when.map(|(index, (column, _))| Ok((find(column)?, index)));
            Ok(RuleColumns { when: when.collect::<Result<_, SourceError>>()?, per: per(rule.target)? })
        });
        Ok(Self {
            mapping,
            columns: header.len(),
            row: find(&mapping.columns.row)?,
            account: find(&mapping.columns.account)?,
            date: find(&mapping.columns.date.column)?,
            amount: find(&mapping.columns.amount.column)?,
            balance: find(&mapping.columns.balance.column)?,
            direction: match &mapping.direction {
                Direction::Column { name, .. } => Some(find(name)?),
                Direction::Sign { .. } => None,
            },
            rules: rules.collect::<Result<_, SourceError>>()?,
            default: per(mapping.default)?,
            counter_accounts: BTreeMap::new(),
        })
    }

    /// Understands one record, or says why not.
    pub(crate) fn row(&mut self, record: &Record<'_>) -> Result<Row, BadRow> {
        self.understand(record).map_err(|reason| BadRow { line: record.line, reason })
    }

    /// The counter-accounts that rows went to, by id.
    pub(crate) fn into_counter_accounts(self) -> impl Iterator<Item = NewAccount> {
        self.counter_accounts.into_values()
    }

    fn understand(&mut self, record: &Record<'_>) -> Result<Row, String> {
        let mapping = self.mapping;
        if record.len() != self.columns {
            return Err(format!("it has {} columns, the first row {}", record.len(), self.columns));
        }
        let id = record.get(self.row);
        if id.is_empty() {
            return Err("the row has no id".to_owned());
        }
        let account = record.get(self.account);
        let account = match account.parse::<AccountId>() {
            Ok(id) if account.bytes().all(|byte| byte.is_ascii_digit()) => id,
            _ => return Err(format!("the account `{account}` is not a whole number above zero")),
        };
        let text = record.get(self.date);
        let date = Date::strptime(&mapping.columns.date.format, text).map_err(|_| {
            format!("the date `{text}` is not in the format `{}`", mapping.columns.date.format)
        })?;
        if mapping.user_data.value_date != ValueDate::None && value_date(mapping, date).is_none() {
            return Err(format!("the date `{text}` cannot be written into the payment's user data"));
        }
        let amount = minor(record.get(self.amount), &mapping.columns.amount, mapping.currency)?;
        let balance = minor(record.get(self.balance), &mapping.columns.balance, mapping.currency)?;
        let change = self.change(record, amount)?;
        if change == 0 && mapping.zero_amounts == ZeroAmounts::Refuse {
            return Err("the amount is zero".to_owned());
        }
        let (counter, code) = self.counter(record);
        Ok(Row { line: record.line, id: id.into(), account, date, change, balance, counter, code })
    }

    /// The amount with the sign that the direction gives it.
    fn change(&self, record: &Record<'_>, amount: i128) -> Result<i128, String> {
        let side = match (&self.mapping.direction, self.direction) {
            (Direction::Column { name, values }, Some(column)) => {
                let value = record.get(column);
                if amount < 0 {
                    return Err("the amount is below zero, and the direction is given by a column".to_owned());
                }
                *values
                    .get(value)
                    .ok_or_else(|| format!("`{value}` in `{name}` is neither credit nor debit"))?
            }
            (Direction::Sign { positive }, _) => *positive,
            (Direction::Column { name, .. }, None) => return Err(format!("there is no column `{name}`")),
        };
        Ok(if side == Side::Credit { amount } else { -amount })
    }

    /// The counter-account of a row, noted for creation, and the payment's code.
    fn counter(&mut self, record: &Record<'_>) -> (AccountId, u16) {
        let matches = |(found, rule): &(&RuleColumns, &crate::mapping::Rule)| {
            found.when.iter().all(|(column, condition)| {
                let values = rule.when.get(*condition).map_or(&[][..], |(_, values)| values);
                values.iter().any(|value| value == record.get(*column))
            })
        };
        let rule = self.rules.iter().zip(&self.mapping.rules).find(matches);
        let (target, per) = match rule {
            Some((found, rule)) => (rule.target, &found.per),
            None => (self.mapping.default, &self.default),
        };
        let kind = &self.mapping.kinds[target.kind];
        let id = derive::counter_account(&self.mapping.name, &key(kind, per, record));
        self.counter_accounts.entry(id).or_insert_with(|| self.mapping.counter_account(kind, id));
        (id, target.code)
    }
}

impl Mapping {
    /// A counter-account of one kind, to be created.
    pub(crate) fn counter_account(&self, kind: &CounterKind, id: AccountId) -> NewAccount {
        self.account(id, kind.code, kind.flags)
    }

    /// A customer's account, to be created.
    pub(crate) fn customer_account(&self, id: AccountId) -> NewAccount {
        self.account(id, self.customer_code, self.customer_flags)
    }

    fn account(&self, id: AccountId, code: u16, flags: ledger_api::AccountFlags) -> NewAccount {
        NewAccount {
            id,
            currency: self.currency.into(),
            code,
            flags,
            user_data_128: ledger_api::U128Text(0),
            user_data_64: ledger_api::U64Text(0),
            user_data_32: 0,
            timestamp: None,
        }
    }
}

/// The key of a counter-account: its kind's name, and the values of the columns that make it one of a family.
fn key(kind: &CounterKind, per: &[usize], record: &Record<'_>) -> String {
    let mut key = kind.name.clone();
    for column in per {
        key.push(':');
        key.push_str(record.get(*column));
    }
    key
}

/// A day as the number that payments carry, if it can be one.
pub(crate) fn value_date(mapping: &Mapping, date: Date) -> Option<u64> {
    match mapping.user_data.value_date {
        ValueDate::None => Some(0),
        ValueDate::Yyyymmdd => {
            let year = u64::try_from(date.year()).ok()?;
            Some(year * 10_000 + u64::try_from(date.month()).ok()? * 100 + u64::try_from(date.day()).ok()?)
        }
        ValueDate::UnixDays => {
            let days = date.since(jiff::civil::date(1970, 1, 1)).ok()?.get_days();
            u64::try_from(days).ok()
        }
    }
}

fn find_column(header: &Record<'_>, column: &str, named: bool) -> Result<usize, SourceError> {
    let refuse = |reason| Err(SourceError::Column { column: column.to_owned(), reason });
    if !named {
        return match column.parse::<usize>() {
            Ok(number) if (1..=header.len()).contains(&number) => Ok(number - 1),
            Ok(_) => refuse("is not among the columns of the first row"),
            Err(_) => refuse("is not a number, and the file has no header"),
        };
    }
    let mut places = header.iter().enumerate().filter(|(_, name)| *name == column).map(|(index, _)| index);
    match (places.next(), places.next()) {
        (Some(index), None) => Ok(index),
        (None, _) => refuse("is not in the header"),
        (Some(_), Some(_)) => refuse("is in the header twice"),
    }
}

/// Reads an amount in minor units.
fn minor(text: &str, options: &AmountOptions, currency: Currency) -> Result<i128, String> {
    let bad = || format!("`{text}` in `{}` is not an amount in {currency}", options.column);
    let minor = if options.minor_units {
        let digits = text.strip_prefix('-').unwrap_or(text);
        // `parse` alone would also take a plus sign.
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(bad());
        }
        text.parse().map_err(|_| bad())?
    } else {
        let plain = plain_decimal(text, options, currency).ok_or_else(bad)?;
        Balance::parse(&plain, currency).ok().and_then(Balance::minor).ok_or_else(bad)?
    };
    if minor.unsigned_abs() > MINOR_MAX {
        return Err(format!("`{text}` in `{}` is larger than 2^96 minor units", options.column));
    }
    Ok(minor)
}

/// The text with a point for the decimal sign, nothing between thousands, and no zeroes beyond the currency's digits.
fn plain_decimal(text: &str, options: &AmountOptions, currency: Currency) -> Option<String> {
    let mut plain = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            sign if sign == options.decimal => plain.push('.'),
            // The file's decimal sign is another, so this point is not one.
            '.' if options.thousands != Some('.') => return None,
            group if Some(group) == options.thousands => {}
            other => plain.push(other),
        }
    }
    let digits = usize::from(currency.minor_digits());
    if let Some(point) = plain.find('.') {
        let written = plain.len();
        while plain.len() > point + 1 + digits && plain.ends_with('0') {
            plain.pop();
        }
        // `7.0` of a currency without minor units is now `7.`; a point that was written last stays, and is an error.
        if plain.len() < written && plain.ends_with('.') {
            plain.pop();
        }
    }
    Some(plain)
}
