//! A plan's payments on their way: many accounts at once, one account's rows strictly one after the other.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use client::{Client, ClientError, Created, RetryPolicy, retried};
use ledger_api::{AccountBatch, BATCH_ITEMS_MAX, NewPayment, PaymentAck};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::{Plan, RunError};

/// How a plan is carried out.
#[derive(Clone, Copy, Debug)]
pub struct SendOptions {
    /// How many accounts are worked on at once, and so how many requests are in flight at most. Default: 256.
    pub in_flight: NonZeroUsize,
    /// How long a request is tried again while the bank does not serve.
    pub retry: RetryPolicy,
}

impl Default for SendOptions {
    fn default() -> Self {
        Self { in_flight: NonZeroUsize::MIN.saturating_add(255), retry: RetryPolicy::default() }
    }
}

/// What a replay is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stage {
    /// It creates accounts.
    #[default]
    Accounts,
    /// It makes payments.
    Payments,
    /// It reads statements and compares balances; counted in accounts.
    Judging,
}

/// How far a replay is. The newest value is in the watch channel that [`send`] and [`crate::judge`] are given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// What it is doing.
    pub stage: Stage,
    /// How much of the stage is done.
    pub done: u64,
    /// How much there is.
    pub total: u64,
}

/// What became of a plan's payments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// Rows that are payments in the ledger now.
    pub accepted: u64,
    /// Of them, those an earlier replay had made.
    pub already_made: u64,
    /// Rows that the ledger refused: their place in [`Plan::rows`], and the code.
    pub refused: BTreeMap<usize, String>,
    /// Rounding payments in the ledger.
    pub rounding_accepted: u64,
    /// Rounding payments that the ledger refused.
    pub rounding_refused: u64,
    /// Requests that were sent again.
    pub retries: u64,
    /// How long the payments took.
    pub elapsed: Duration,
}

/// Creates the plan's accounts, then makes its payments. A row is sent when the one before it on its account is
/// acknowledged. Requests carry the payments' ids and are sent again, unchanged, while the bank does not serve.
///
/// Errors: [`RunError::AccountRefused`]; [`RunError::Bank`] when the bank does not serve until the deadline, or
/// answers something that is not the API's. What was made stays made.
pub async fn send(
    client: &Client,
    plan: &Arc<Plan>,
    options: &SendOptions,
    progress: &watch::Sender<Progress>,
) -> Result<Sent, RunError> {
    create_accounts(client, plan, options, progress).await?;
    progress.send_replace(Progress { stage: Stage::Payments, done: 0, total: plan.payments() });
    let start = Instant::now();
    let work = {
        let (client, plan, progress) = (client.clone(), Arc::clone(plan), progress.clone());
        let retry = options.retry;
        move |chain| {
            let sender =
                Sender { client: client.clone(), retry, progress: progress.clone(), sent: Sent::default() };
            sender.run(Arc::clone(&plan), chain)
        }
    };
    let mut sent = Sent::default();
    for part in for_each_chain(plan, options.in_flight, work).await? {
        sent.add(part);
    }
    sent.elapsed = start.elapsed();
    Ok(sent)
}

async fn create_accounts(
    client: &Client,
    plan: &Plan,
    options: &SendOptions,
    progress: &watch::Sender<Progress>,
) -> Result<(), RunError> {
    let total = u64::try_from(plan.accounts().len()).unwrap_or(u64::MAX);
    progress.send_replace(Progress { stage: Stage::Accounts, done: 0, total });
    for accounts in plan.accounts().chunks(BATCH_ITEMS_MAX) {
        let batch = AccountBatch { accounts: accounts.to_vec() };
        let outcome = retried(&options.retry, |_| client.create_accounts(&batch))
            .await
            .map_err(|source| bank("creating accounts".to_owned(), source))?;
        if let Some(refused) = outcome.refused.first() {
            return Err(RunError::AccountRefused {
                id: refused.id.into(),
                status: refused.status.to_string(),
                code: refused.code.to_string(),
            });
        }
        progress.send_modify(|progress| {
            progress.done += u64::try_from(accounts.len()).unwrap_or(u64::MAX);
        });
    }
    Ok(())
}

pub(crate) fn bank(doing: String, source: ClientError) -> RunError {
    RunError::Bank { doing, source: Box::new(source) }
}

/// Does `work` for every chain of the plan, by its place, `in_flight` at a time, the longest chains first: begun
/// last, they would run on alone. The first error ends everything.
pub(crate) async fn for_each_chain<T, F, W>(
    plan: &Plan,
    in_flight: NonZeroUsize,
    work: W,
) -> Result<Vec<T>, RunError>
where
    T: Send + 'static,
    F: Future<Output = Result<T, RunError>> + Send,
    W: Fn(usize) -> F + Clone + Send + 'static,
{
    let mut longest_first: Vec<usize> = (0..plan.chains().len()).collect();
    longest_first.sort_by_key(|chain| std::cmp::Reverse(plan.chains()[*chain].postings.len()));
    let queue: Arc<[usize]> = longest_first.into();
    let next = Arc::new(AtomicUsize::new(0));
    let mut workers = JoinSet::new();
    for _ in 0..in_flight.get().min(queue.len()) {
        let (queue, next, work) = (Arc::clone(&queue), Arc::clone(&next), work.clone());
        workers.spawn(async move {
            let mut done = Vec::new();
            while let Some(chain) = queue.get(next.fetch_add(1, Ordering::Relaxed)) {
                done.push(work(*chain).await?);
            }
            Ok(done)
        });
    }
    let mut all = Vec::with_capacity(queue.len());
    // Leaving early drops the set, which stops the other workers.
    while let Some(worker) = workers.join_next().await {
        match worker {
            Ok(done) => all.extend(done?),
            // Nothing aborts a worker but the drop above.
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
    Ok(all)
}

/// Sends the payments of one chain.
struct Sender {
    client: Client,
    retry: RetryPolicy,
    progress: watch::Sender<Progress>,
    sent: Sent,
}

impl Sender {
    async fn run(mut self, plan: Arc<Plan>, chain: usize) -> Result<Sent, RunError> {
        for posting in &plan.chains()[chain].postings {
            if let Some(payment) = plan.row_payment(posting) {
                match self.pay(&payment).await? {
                    Ok(already_made) => {
                        self.sent.accepted += 1;
                        self.sent.already_made += u64::from(already_made);
                    }
                    Err(code) => {
                        self.sent.refused.insert(posting.row, code);
                        // Without the row there is nothing to round.
                        self.progress
                            .send_modify(|progress| progress.done += u64::from(posting.rounding != 0));
                        continue;
                    }
                }
            }
            if let Some(payment) = plan.rounding_payment(posting) {
                match self.pay(&payment).await? {
                    Ok(_) => self.sent.rounding_accepted += 1,
                    Err(_) => self.sent.rounding_refused += 1,
                }
            }
        }
        Ok(self.sent)
    }

    /// Makes one payment. Gives whether it was there before this replay, or the code of the refusal.
    async fn pay(&mut self, payment: &NewPayment) -> Result<Result<bool, String>, RunError> {
        let mut attempts = 0;
        let outcome = retried(&self.retry, |attempt| {
            attempts = attempt;
            self.client.pay(payment)
        })
        .await;
        self.sent.retries += u64::from(attempts);
        self.progress.send_modify(|progress| progress.done += 1);
        match outcome {
            // After a lost answer the payment that was there before may be our own.
            Ok(Created { replayed, value: PaymentAck { .. } }) => Ok(Ok(replayed && attempts == 0)),
            Err(ClientError::Refused(problem)) if !problem.retryable => Ok(Err(problem.code)),
            Err(source) => Err(bank(format!("making the payment {}", payment.id), source)),
        }
    }
}

impl Sent {
    fn add(&mut self, other: Self) {
        self.accepted += other.accepted;
        self.already_made += other.already_made;
        self.refused.extend(other.refused);
        self.rounding_accepted += other.rounding_accepted;
        self.rounding_refused += other.rounding_refused;
        self.retries += other.retries;
    }
}
