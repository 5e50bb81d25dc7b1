//! The source's own balances against the ledger's: what the replay is worth.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Write;
use std::num::NonZeroUsize;
use std::sync::Arc;

use client::{Client, RetryPolicy, retried};
use ids::{AccountId, TransferId};
use ledger_api::{PAGE_LIMIT_MAX, PaymentStatus};
use money::{Balance, Currency};
use tokio::sync::watch;

use crate::order::{Cost, Step};
use crate::send::{bank, for_each_chain};
use crate::{Chain, Plan, Progress, Row, RunError, SendOptions, Sent, Stage};

/// How well the ledger agrees with the file. Every row is in exactly one of the first three.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judgement {
    /// Rows whose balance in the ledger is the file's.
    pub exact: u64,
    /// Rows whose balance in the ledger is the file's but for rounding.
    pub within_tolerance: u64,
    /// All other rows, by account and in posting order.
    pub unexplained: Vec<Unexplained>,
    /// Rows of the first two kinds that stand after an unexplained one on their account, and were compared with that
    /// row's difference carried forward.
    pub after_gap: u64,
}

/// A row whose balance in the ledger is not the file's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unexplained {
    /// The row's place in [`Plan::rows`].
    pub row: usize,
    /// The account's balance after the row by the ledger, in minor units; nothing if the row is not there.
    pub ledger_balance: Option<i128>,
    /// What earlier unexplained rows of the account left between file and ledger, in minor units.
    pub carried: i128,
    /// The file's balance − (the ledger's + carried), in minor units. Without a ledger balance the one before the row
    /// stands in.
    pub difference: i128,
    /// Why.
    pub reason: Reason,
}

/// Why a row's balance in the ledger is not the file's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The file contradicts itself: in no order of the day's rows does the balance follow from another. Something
    /// that happened to the account is not in the file.
    NoOrder,
    /// The ledger refused the row, with this code.
    Refused(String),
    /// The ledger accepted the row, and its statement does not have it.
    Missing,
    /// The ledger has another balance than planned: something else was posted to the account.
    OtherPostings,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoOrder => f.write_str("no order of the day's rows gives this balance"),
            Self::Refused(code) => write!(f, "refused by the ledger ({code})"),
            Self::Missing => f.write_str("not in the ledger's statement"),
            Self::OtherPostings => f.write_str("other postings on the account"),
        }
    }
}

/// Reads the statement of every customer's account and compares each row's balance in it with the file's.
///
/// A row that does not fit is unexplained, and its difference is carried forward, so that the rows after it are
/// judged by what they do and not by what was wrong before them.
///
/// Errors: [`RunError::Bank`], [`RunError::Statement`].
pub async fn judge(
    client: &Client,
    plan: &Arc<Plan>,
    sent: &Arc<Sent>,
    options: &SendOptions,
    progress: &watch::Sender<Progress>,
) -> Result<Judgement, RunError> {
    let total = u64::try_from(plan.chains().len()).unwrap_or(u64::MAX);
    progress.send_replace(Progress { stage: Stage::Judging, done: 0, total });
    let work = {
        let (client, plan, sent) = (client.clone(), Arc::clone(plan), Arc::clone(sent));
        let (retry, progress) = (options.retry, progress.clone());
        move |chain: usize| {
            let (client, plan, sent) = (client.clone(), Arc::clone(&plan), Arc::clone(&sent));
            let progress = progress.clone();
            async move {
                let account = plan.chains()[chain].account;
                let balances = balances(&client, account, plan.currency(), &retry).await?;
                progress.send_modify(|progress| progress.done += 1);
                Ok((chain, judge_chain(&plan, &plan.chains()[chain], &sent, &balances)))
            }
        }
    };
    // Pages are large: few at once keep both sides busy.
    let in_flight = options.in_flight.min(NonZeroUsize::MIN.saturating_add(31));
    let mut judged = for_each_chain(plan, in_flight, work).await?;
    judged.sort_by_key(|(chain, _)| *chain);
    let mut all = Judgement::default();
    for (_, part) in judged {
        all.exact += part.exact;
        all.within_tolerance += part.within_tolerance;
        all.after_gap += part.after_gap;
        all.unexplained.extend(part.unexplained);
    }
    Ok(all)
}

/// The balance after each payment of an account, by the ledger.
async fn balances(
    client: &Client,
    account: AccountId,
    currency: Currency,
    retry: &RetryPolicy,
) -> Result<BTreeMap<TransferId, i128>, RunError> {
    let mut balances = BTreeMap::new();
    let mut before = None;
    loop {
        let page = retried(retry, |_| client.statement(account, before.as_ref(), Some(PAGE_LIMIT_MAX)));
        let page = page
            .await
            .map_err(|source| bank(format!("reading the statement of account {account}"), source))?;
        for entry in page.entries.iter().filter(|entry| entry.status == PaymentStatus::Posted) {
            let balance = entry.balance.in_currency(currency).and_then(|balance| {
                // Beyond 2^127 there is no balance of ours, and none that can be compared.
                balance.minor().ok_or(money::MoneyError::Overflow)
            });
            let balance = balance.map_err(|source| RunError::Statement { account, source })?;
            balances.insert(entry.payment, balance);
        }
        before = match page.next {
            Some(next) if !page.entries.is_empty() => Some(next),
            _ => return Ok(balances),
        };
    }
}

/// Judges one account.
fn judge_chain(plan: &Plan, chain: &Chain, sent: &Sent, balances: &BTreeMap<TransferId, i128>) -> Judgement {
    let mut judgement = Judgement::default();
    // The ledger's balance after the posting before, the file's, and what lies between them for known reasons.
    let (mut ledger, mut file, mut carried) = (0, 0, 0);
    for posting in &chain.postings {
        let row = &plan.rows()[posting.row];
        let payment = plan.row_payment(posting);
        let found = match payment {
            Some(payment) => balances.get(&payment.id).copied(),
            None => Some(ledger),
        };
        ledger = found.unwrap_or(ledger);
        let difference = row.balance - ledger - carried;
        match difference.unsigned_abs() {
            0 if found.is_some() => judgement.exact += 1,
            off if off <= plan.tolerance() && found.is_some() => judgement.within_tolerance += 1,
            _ => {
                let reason = reason(plan, sent, posting.row, file, found);
                judgement.unexplained.push(Unexplained {
                    row: posting.row,
                    ledger_balance: found,
                    carried,
                    difference,
                    reason,
                });
                carried = row.balance - ledger;
                file = row.balance;
                continue;
            }
        }
        judgement.after_gap += u64::from(carried != 0);
        file = row.balance;
        let rounding = plan.rounding_payment(posting);
        ledger = rounding.and_then(|payment| balances.get(&payment.id).copied()).unwrap_or(ledger);
    }
    judgement
}

fn reason(plan: &Plan, sent: &Sent, row: usize, file_before: i128, found: Option<i128>) -> Reason {
    if let Some(code) = sent.refused.get(&row) {
        return Reason::Refused(code.clone());
    }
    let Row { change, balance, .. } = plan.rows()[row];
    match found {
        None => Reason::Missing,
        Some(_) if Cost::of(file_before, Step { change, balance }, plan.tolerance()).unexplained > 0 => {
            Reason::NoOrder
        }
        Some(_) => Reason::OtherPostings,
    }
}

/// Writes the unexplained rows as CSV (RFC 4180) with a header. Amounts are in major units.
///
/// Errors: [`RunError::Write`].
pub fn write_unexplained(plan: &Plan, judgement: &Judgement, output: impl Write) -> Result<(), RunError> {
    let write = || -> Result<(), csv::Error> {
        let mut writer = csv::Writer::from_writer(output);
        writer.write_record([
            "account",
            "date",
            "row_id",
            "line",
            "file_balance",
            "ledger_balance",
            "carried",
            "difference",
            "reason",
        ])?;
        for unexplained in &judgement.unexplained {
            let row = &plan.rows()[unexplained.row];
            let major = |minor: i128| decimal(minor, plan.currency());
            writer.write_record([
                row.account.to_string(),
                row.date.to_string(),
                row.id.to_string(),
                row.line.to_string(),
                major(row.balance),
                unexplained.ledger_balance.map(major).unwrap_or_default(),
                major(unexplained.carried),
                major(unexplained.difference),
                unexplained.reason.to_string(),
            ])?;
        }
        Ok(writer.flush()?)
    };
    write().map_err(RunError::Write)
}

/// Minor units as a decimal text in major units.
fn decimal(minor: i128, currency: Currency) -> String {
    let magnitude = minor.unsigned_abs();
    let (credits, debits) = if minor < 0 { (0, magnitude) } else { (magnitude, 0) };
    Balance::difference(credits, debits, currency).decimal().to_string()
}
