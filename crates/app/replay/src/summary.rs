//! The outcome of a replay in figures.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use crate::{Judgement, Plan, Sent};

/// The outcome of a replay. As JSON its fields are the keys; [`fmt::Display`] is a table for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// The mapping's name.
    pub mapping: String,
    /// Rows of the file that can be used.
    pub rows: u64,
    /// Rows that are payments in the ledger now.
    pub accepted: u64,
    /// Rows that the ledger refused.
    pub refused: u64,
    /// Rows whose balance in the ledger is the file's.
    pub exact: u64,
    /// Rows whose balance in the ledger is the file's but for rounding.
    pub within_tolerance: u64,
    /// All other rows.
    pub unexplained: u64,
    /// Rows judged with the difference of an unexplained row before them carried forward.
    pub after_gap: u64,
    /// Rows that move nothing and made no payment.
    pub zero_amounts: u64,
    /// Rows that were left out because they cannot be read.
    pub bad_rows: u64,
    /// Account-days too long for an exact search of their order.
    pub days_not_searched: u64,
    /// Accounts of customers.
    pub customer_accounts: u64,
    /// Accounts on the other side.
    pub counter_accounts: u64,
    /// Rounding payments in the ledger.
    pub rounding_accepted: u64,
    /// Rounding payments that the ledger refused.
    pub rounding_refused: u64,
    /// Rows that an earlier replay had made.
    pub already_made: u64,
    /// Requests that were sent again.
    pub retries: u64,
    /// How many rows were refused with each code.
    pub refusals: BTreeMap<String, u64>,
    /// How long the payments took, in milliseconds.
    pub elapsed_ms: u64,
    /// Payments per second, those for rounding included.
    pub payments_per_s: u64,
}

impl Summary {
    /// Adds up a replay.
    pub fn new(plan: &Plan, sent: &Sent, judgement: &Judgement) -> Self {
        let forecast = plan.forecast();
        let mut refusals = BTreeMap::new();
        for code in sent.refused.values() {
            *refusals.entry(code.clone()).or_default() += 1;
        }
        let elapsed_ms = u64::try_from(sent.elapsed.as_millis()).unwrap_or(u64::MAX);
        let payments = sent.accepted + sent.rounding_accepted;
        Self {
            mapping: plan.name().to_owned(),
            rows: wide(plan.rows().len()),
            accepted: sent.accepted,
            refused: wide(sent.refused.len()),
            exact: judgement.exact,
            within_tolerance: judgement.within_tolerance,
            unexplained: wide(judgement.unexplained.len()),
            after_gap: judgement.after_gap,
            zero_amounts: forecast.zero_amounts,
            bad_rows: forecast.bad_rows,
            days_not_searched: forecast.days_not_searched,
            customer_accounts: wide(plan.chains().len()),
            counter_accounts: wide(plan.accounts().len() - plan.chains().len()),
            rounding_accepted: sent.rounding_accepted,
            rounding_refused: sent.rounding_refused,
            already_made: sent.already_made,
            retries: sent.retries,
            refusals,
            elapsed_ms,
            payments_per_s: payments.saturating_mul(1_000) / elapsed_ms.max(1),
        }
    }
}

fn wide(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = |f: &mut fmt::Formatter<'_>, name: &str, value: u64| {
            writeln!(f, "{name:<44}{:>12}", grouped(value))
        };
        line(f, "rows", self.rows)?;
        line(f, "  accepted by the ledger", self.accepted)?;
        line(f, "  refused by the ledger", self.refused)?;
        for (code, count) in &self.refusals {
            line(f, &format!("    with {code}"), *count)?;
        }
        line(f, "balance equals the file's", self.exact)?;
        line(f, "  but for rounding", self.within_tolerance)?;
        line(f, "  not explained", self.unexplained)?;
        for (name, value) in [
            ("rows judged after an unexplained one", self.after_gap),
            ("rows of zero, without a payment", self.zero_amounts),
            ("bad rows, left out", self.bad_rows),
            ("days too long for an exact search", self.days_not_searched),
            ("rounding payments refused", self.rounding_refused),
            ("rows that were made before they were answered", self.already_made),
            ("requests sent again", self.retries),
        ] {
            if value > 0 {
                line(f, name, value)?;
            }
        }
        line(f, "rounding payments", self.rounding_accepted)?;
        line(f, "customers' accounts", self.customer_accounts)?;
        line(f, "counter-accounts", self.counter_accounts)?;
        line(f, "milliseconds", self.elapsed_ms)?;
        line(f, "payments per second", self.payments_per_s)
    }
}

/// A number with commas between thousands.
fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
