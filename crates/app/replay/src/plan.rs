//! From a file to payments in their order, without sending any.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use ids::{AccountId, TransferId};
use ledger_api::{NewAccount, NewPayment, PaymentFlags, U64Text, U128Text};
use money::{Currency, Money};

use crate::mapping::{Mapping, Target};
use crate::order::{Cost, Step, find_order};
use crate::row::{BadRow, Reader, Row, value_date};
use crate::table::Table;
use crate::{SourceError, derive};

/// How many bad rows are kept in full; the others are only counted.
const BAD_ROWS_KEPT: usize = 100;

/// Everything a replay will do.
#[derive(Clone, Debug)]
pub struct Plan {
    mapping: Mapping,
    rows: Vec<Row>,
    chains: Vec<Chain>,
    accounts: Vec<NewAccount>,
    rounding_account: Option<(AccountId, u16)>,
    bad_rows: Vec<BadRow>,
    forecast: Forecast,
}

/// The postings of one customer's account, in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    /// The account.
    pub account: AccountId,
    /// What is posted to it.
    pub postings: Vec<Posting>,
}

/// A row in its place, and what rounding follows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Posting {
    /// The place of the row in [`Plan::rows`].
    pub row: usize,
    /// What the rounding payment after it adds to the account, in minor units; 0: there is none.
    pub rounding: i128,
}

/// What the balances in the file say of themselves, before anything is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forecast {
    /// Rows whose balance follows from the one before.
    pub exact: u64,
    /// Rows whose balance follows but for rounding.
    pub within_tolerance: u64,
    /// Rows whose balance does not follow in any order.
    pub unexplained: u64,
    /// Rows that move nothing.
    pub zero_amounts: u64,
    /// Rows that were left out.
    pub bad_rows: u64,
    /// Days with more rows of one account than are searched exactly.
    pub days_not_searched: u64,
}

impl Plan {
    /// Reads the mapping's file in the folder `folder` and plans its payments.
    ///
    /// Errors: every [`SourceError`].
    pub fn read(mapping: &Mapping, folder: &Path) -> Result<Self, SourceError> {
        let path = folder.join(&mapping.file.name);
        #[expect(clippy::disallowed_methods, reason = "a shell of the app pillar opens the file it is given")]
        let file = std::fs::File::open(&path);
        match file {
            Ok(file) => Self::from_reader(mapping, file, &path),
            Err(source) => Err(SourceError::Unreadable { path, source }),
        }
    }

    /// Plans the payments of the file that `input` reads; `path` names it in errors.
    ///
    /// Errors: every [`SourceError`].
    pub fn from_reader(mapping: &Mapping, input: impl Read, path: &Path) -> Result<Self, SourceError> {
        let file = read_rows(mapping, Table::new(input, path.to_owned(), mapping))?;
        let mut plan = Self {
            mapping: mapping.clone(),
            rows: file.rows,
            chains: Vec::new(),
            accounts: file.counter_accounts,
            rounding_account: None,
            forecast: Forecast { bad_rows: file.bad_count, ..Forecast::default() },
            bad_rows: file.bad_rows,
        };
        if let Some(rounding) = mapping.rounding {
            plan.add_rounding_account(rounding.target);
        }
        let mut by_account: BTreeMap<AccountId, Vec<usize>> = BTreeMap::new();
        for (index, row) in plan.rows.iter().enumerate() {
            by_account.entry(row.account).or_default().push(index);
        }
        for (account, mut indexes) in by_account {
            plan.accounts.push(mapping.customer_account(account));
            // Stable: rows of one day stay in the file's order.
            indexes.sort_by_key(|index| plan.rows[*index].date);
            plan.add_chain(account, &indexes);
        }
        Ok(plan)
    }

    /// The rows that can be used, in the file's order.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// One chain for each customer's account, by id.
    pub fn chains(&self) -> &[Chain] {
        &self.chains
    }

    /// The accounts that the payments need: counter-accounts, then customers.
    pub fn accounts(&self) -> &[NewAccount] {
        &self.accounts
    }

    /// The first hundred of the rows that were left out.
    pub fn bad_rows(&self) -> &[BadRow] {
        &self.bad_rows
    }

    /// What the balances in the file say of themselves.
    pub fn forecast(&self) -> Forecast {
        self.forecast
    }

    /// The mapping's name.
    pub fn name(&self) -> &str {
        &self.mapping.name
    }

    /// The currency of every amount.
    pub fn currency(&self) -> Currency {
        self.mapping.currency
    }

    /// The largest difference that is rounding, in minor units.
    pub fn tolerance(&self) -> u128 {
        self.mapping.rounding.map_or(0, |rounding| rounding.unit)
    }

    /// How many payments the plan makes, those for rounding included.
    pub fn payments(&self) -> u64 {
        let rounded =
            self.chains.iter().flat_map(|chain| &chain.postings).filter(|posting| posting.rounding != 0);
        let all = self.rows.len() + rounded.count();
        u64::try_from(all).unwrap_or(u64::MAX) - self.forecast.zero_amounts
    }

    /// The payment that a row is, or nothing if it moves nothing.
    pub fn row_payment(&self, posting: &Posting) -> Option<NewPayment> {
        let row = &self.rows[posting.row];
        let id = derive::row_payment(&self.mapping.name, &row.id);
        self.payment(row, id, row.change, row.counter, row.code)
    }

    /// The rounding payment that follows a row, if there is one.
    pub fn rounding_payment(&self, posting: &Posting) -> Option<NewPayment> {
        let (counter, code) = self.rounding_account?;
        let row = &self.rows[posting.row];
        let id = derive::rounding_payment(&self.mapping.name, &row.id);
        self.payment(row, id, posting.rounding, counter, code)
    }

    fn payment(
        &self,
        row: &Row,
        id: TransferId,
        change: i128,
        counter: AccountId,
        code: u16,
    ) -> Option<NewPayment> {
        let (debit_account, credit_account) =
            if change > 0 { (counter, row.account) } else { (row.account, counter) };
        let line = if self.mapping.user_data.line { u32::try_from(row.line).unwrap_or(u32::MAX) } else { 0 };
        (change != 0).then(|| NewPayment {
            id,
            debit_account,
            credit_account,
            amount: Money::new(change.unsigned_abs(), self.mapping.currency).into(),
            currency: self.mapping.currency.into(),
            code,
            flags: PaymentFlags::NONE,
            pending_id: None,
            timeout: 0,
            user_data_128: U128Text(0),
            // The reader refuses rows whose day cannot be written.
            user_data_64: U64Text(value_date(&self.mapping, row.date).unwrap_or_default()),
            user_data_32: line,
            timestamp: None,
            value_date: None,
            purpose: None,
            reverses: None,
        })
    }

    /// Notes the account for rounding differences, unless a row went there already.
    fn add_rounding_account(&mut self, target: Target) {
        let kind = &self.mapping.kinds[target.kind];
        let id = derive::counter_account(&self.mapping.name, &kind.name);
        if !self.accounts.iter().any(|account| account.id == id) {
            self.accounts.push(self.mapping.counter_account(kind, id));
        }
        self.rounding_account = Some((id, target.code));
    }

    /// Finds the posting order of an account's rows, given by day.
    fn add_chain(&mut self, account: AccountId, indexes: &[usize]) {
        let tolerance = self.tolerance();
        let days: Vec<&[usize]> =
            indexes.chunk_by(|left, right| self.rows[*left].date == self.rows[*right].date).collect();
        let step = |index: &usize| {
            let row = &self.rows[*index];
            Step { change: row.change, balance: row.balance }
        };
        let steps: Vec<Vec<Step>> = days.iter().map(|day| day.iter().map(step).collect()).collect();
        let order = find_order(&steps, tolerance);
        let mut postings = Vec::with_capacity(indexes.len());
        let mut before = 0;
        for ((day, steps), order) in days.iter().zip(&steps).zip(&order.days) {
            for place in order {
                let (row, step) = (day[*place], steps[*place]);
                let cost = Cost::of(before, step, tolerance);
                let rounding =
                    if cost.within_tolerance == 1 { step.balance - before - step.change } else { 0 };
                self.forecast.zero_amounts += u64::from(step.change == 0);
                postings.push(Posting { row, rounding });
                before = step.balance;
            }
        }
        let cost = order.cost;
        self.forecast.within_tolerance += u64::from(cost.within_tolerance);
        self.forecast.unexplained += u64::from(cost.unexplained);
        let rows = u64::try_from(postings.len()).unwrap_or(u64::MAX);
        self.forecast.exact += rows - u64::from(cost.within_tolerance) - u64::from(cost.unexplained);
        self.forecast.days_not_searched += u64::from(order.days_not_searched);
        self.chains.push(Chain { account, postings });
    }
}

/// What was read from a file.
struct Rows {
    rows: Vec<Row>,
    counter_accounts: Vec<NewAccount>,
    bad_rows: Vec<BadRow>,
    bad_count: u64,
}

fn read_rows<R: Read>(mapping: &Mapping, mut table: Table<R>) -> Result<Rows, SourceError> {
    let limits = mapping.limits;
    let mut rows: Vec<Row> = Vec::new();
    let mut bad_rows: Vec<BadRow> = Vec::new();
    let mut bad_count = 0;
    let mut seen: BTreeMap<TransferId, u64> = BTreeMap::new();
    let mut reader: Option<Reader<'_>> = None;
    while let Some(record) = table.next()? {
        let reader = match &mut reader {
            Some(reader) => reader,
            none => {
                let found = none.insert(Reader::new(mapping, &record)?);
                if mapping.file.header {
                    continue;
                }
                found
            }
        };
        if rows.len() + bad_count == limits.rows_max {
            return Err(SourceError::TooManyRows { max: limits.rows_max });
        }
        let row = reader.row(&record).and_then(|row| {
            match seen.insert(derive::row_payment(&mapping.name, &row.id), row.line) {
                Some(line) => {
                    let reason = format!("the row id `{}` was seen at line {line} already", row.id);
                    Err(BadRow { line: row.line, reason })
                }
                None => Ok(row),
            }
        });
        match row {
            Ok(row) => rows.push(row),
            Err(bad) => {
                bad_count += 1;
                if bad_rows.len() < BAD_ROWS_KEPT {
                    bad_rows.push(bad);
                }
            }
        }
    }
    if bad_count > limits.bad_rows_max {
        return Err(SourceError::BadRows { count: bad_count, max: limits.bad_rows_max, bad_rows });
    }
    let (Some(reader), false) = (reader, rows.is_empty()) else {
        return Err(SourceError::Empty);
    };
    let counter_accounts = reader.into_counter_accounts().collect();
    Ok(Rows { rows, counter_accounts, bad_rows, bad_count: u64::try_from(bad_count).unwrap_or(u64::MAX) })
}
