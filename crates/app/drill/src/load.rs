//! The load of a drill: clients that pay one after the other and write down what they were told.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use client::{Client, ClientError};
use ids::{AccountId, Id, Timestamp, TransferId};
use ledger_api::{AccountBatch, AccountFlags, NewAccount, NewPayment, PaymentFlags, U64Text, U128Text};
use money::{Currency, Money};
use stdx::{Coded as _, Retry, Sha256};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::clock::Clock;
use crate::error::Failure;
use crate::judge::Ack;

/// Clients that pay at the same time.
pub(crate) const WORKERS: u32 = 16;
/// The accounts' ids count up from here: `drill` in ASCII, then a number. The same for every drill, so that drills
/// leave 32 accounts behind and not 32 each.
const FIRST_ACCOUNT: u64 = 0x6472_696c_6c00_0001;
/// The category of the accounts and the reason of the payments: nothing else of the bank has it.
const CODE: u16 = 9_900;
/// What every payment moves, in minor units.
const AMOUNT_MINOR: u128 = 100;
/// A client that has this many acknowledgements stops: bounds the memory of a drill whose site never dies.
const ACKS_MAX: usize = 60_000;
/// Pause before the same payment is sent again.
const RETRY_PAUSE: Duration = Duration::from_millis(10);

/// What the clients saw.
#[derive(Debug, Default)]
pub(crate) struct Flow {
    /// In the order of their arrival.
    pub(crate) acks: Vec<Ack>,
    /// Payments sent, however often.
    pub(crate) offered: u64,
    /// Attempts that failed and were made again.
    pub(crate) retried: u64,
    /// Payments the bank refused.
    pub(crate) refused: u64,
    /// Payments whose outcome the clients did not learn.
    pub(crate) unanswered: u64,
}

/// The running load. Dropping it stops the clients at once.
pub(crate) struct Load {
    shared: Arc<Shared>,
    /// Nothing while payments flow; then the moment at which unanswered payments are given up.
    stop: watch::Sender<Option<Instant>>,
    clients: JoinSet<Flow>,
}

struct Shared {
    client: Client,
    clock: Clock,
    drill: Id,
    currency: Currency,
    acked: AtomicU64,
    /// The latest moment at which a payment was first sent that has been acknowledged since.
    newest_offer: AtomicU64,
}

/// Opens the accounts of all clients. Opening them again changes nothing.
pub(crate) async fn open_accounts(client: &Client, currency: Currency) -> Result<(), Failure> {
    let accounts = (0..2 * WORKERS).map(|number| NewAccount {
        id: account(number),
        currency: currency.into(),
        code: CODE,
        flags: AccountFlags::default(),
        user_data_128: U128Text::default(),
        user_data_64: U64Text::default(),
        user_data_32: 0,
        timestamp: None,
    });
    let what = "open the drill's accounts";
    let outcome = client
        .create_accounts(&AccountBatch { accounts: accounts.collect() })
        .await
        .map_err(|error| Failure::bank(what, &error))?;
    match outcome.refused.first() {
        None => Ok(()),
        Some(refused) => Err(Failure::Bank {
            what,
            why: format!("account {} was refused as {} ({})", refused.id, refused.status, refused.code),
        }),
    }
}

fn account(number: u32) -> AccountId {
    let id = u128::from(FIRST_ACCOUNT + u64::from(number));
    AccountId::new(id).unwrap_or_else(|_| unreachable!("the drill's ids are neither 0 nor the largest"))
}

impl Load {
    /// Lets payments flow.
    pub(crate) fn start(client: &Client, clock: Clock, drill: Id, currency: Currency) -> Self {
        let shared = Arc::new(Shared {
            client: client.clone(),
            clock,
            drill,
            currency,
            acked: AtomicU64::new(0),
            newest_offer: AtomicU64::new(0),
        });
        let (stop, stopped) = watch::channel(None);
        let clients = (0..WORKERS).map(|worker| pay_on_and_on(Arc::clone(&shared), worker, stopped.clone()));
        Self { stop, clients: clients.collect(), shared }
    }

    /// Whether any payment has been acknowledged.
    pub(crate) fn flows(&self) -> bool {
        self.shared.acked.load(Ordering::Relaxed) > 0
    }

    /// Whether a payment first sent after `moment` has been acknowledged.
    pub(crate) fn flows_since(&self, moment: Timestamp) -> bool {
        self.shared.newest_offer.load(Ordering::Relaxed) > moment.0
    }

    /// Begins no new payments, waits up to `patience` for those under way, and gives what the clients saw.
    pub(crate) async fn stop(mut self, patience: Duration) -> Result<Flow, Failure> {
        self.stop.send_replace(Some(Instant::now() + patience));
        let mut flow = Flow::default();
        while let Some(part) = self.clients.join_next().await {
            let part = part.map_err(|error| Failure::Broken { why: error.to_string() })?;
            flow.acks.extend(part.acks);
            flow.offered += part.offered;
            flow.retried += part.retried;
            flow.refused += part.refused;
            flow.unanswered += part.unanswered;
        }
        flow.acks.sort_unstable_by_key(|ack| (ack.acked_at, ack.id));
        Ok(flow)
    }
}

async fn pay_on_and_on(shared: Arc<Shared>, worker: u32, mut stop: watch::Receiver<Option<Instant>>) -> Flow {
    let mut flow = Flow::default();
    for number in 0.. {
        if stop.borrow().is_some() || flow.acks.len() >= ACKS_MAX {
            break;
        }
        let offered_at = shared.clock.now();
        let payment = shared.payment(worker, number, offered_at);
        flow.offered += 1;
        let answer = tokio::select! {
            answer = pay_until_answered(&shared.client, &payment, &mut flow.retried) => Some(answer),
            () = given_up(&mut stop) => None,
        };
        match answer {
            Some(Ok(())) => {
                let acked_at = shared.clock.now();
                flow.acks.push(Ack { id: payment.id.get(), offered_at, acked_at });
                shared.acked.fetch_add(1, Ordering::Relaxed);
                shared.newest_offer.fetch_max(offered_at.0, Ordering::Relaxed);
            }
            Some(Err(error)) => {
                tracing::warn!(%error, payment = %payment.id, "a drill's payment was refused");
                flow.refused += 1;
                // A bank that refuses everything must not be asked as fast as it can answer.
                tokio::time::sleep(RETRY_PAUSE).await;
            }
            None => flow.unanswered += 1,
        }
    }
    flow
}

/// Sends `payment` until the bank has answered it for good.
async fn pay_until_answered(
    client: &Client,
    payment: &NewPayment,
    retried: &mut u64,
) -> Result<(), ClientError> {
    loop {
        match client.pay(payment).await {
            Ok(_) => return Ok(()),
            Err(error) if error.retry() == Retry::Never => return Err(error),
            Err(_) => *retried += 1,
        }
        tokio::time::sleep(RETRY_PAUSE).await;
    }
}

/// Returns when the load has been stopped and the time for unanswered payments is over.
async fn given_up(stop: &mut watch::Receiver<Option<Instant>>) {
    // The sender goes away only with the whole load, and then this task is aborted.
    let deadline = stop.wait_for(Option::is_some).await.ok().and_then(|deadline| *deadline);
    tokio::time::sleep_until(deadline.unwrap_or_else(Instant::now)).await;
}

impl Shared {
    /// Payment `number` of `worker`: to and fro between its two accounts, so that their balances stay small.
    fn payment(&self, worker: u32, number: u64, now: Timestamp) -> NewPayment {
        let (one, other) = (account(2 * worker), account(2 * worker + 1));
        let (debit_account, credit_account) =
            if number.is_multiple_of(2) { (one, other) } else { (other, one) };
        NewPayment {
            id: payment_id(self.drill, worker, number, now),
            debit_account,
            credit_account,
            amount: Money::new(AMOUNT_MINOR, self.currency).into(),
            currency: self.currency.into(),
            code: CODE,
            flags: PaymentFlags::default(),
            pending_id: None,
            timeout: 0,
            user_data_128: U128Text::default(),
            user_data_64: U64Text::default(),
            user_data_32: 0,
            timestamp: None,
            value_date: None,
            purpose: None,
            reverses: None,
        }
    }
}

/// A time-ordered id whose random part is a digest of who sends which payment in which drill: no two drills share
/// one, and no random source is needed.
fn payment_id(drill: Id, worker: u32, number: u64, now: Timestamp) -> TransferId {
    let mut sha = Sha256::default();
    sha.update(&drill.get().to_le_bytes());
    sha.update(&worker.to_le_bytes());
    sha.update(&number.to_le_bytes());
    let mut random = [0; 16];
    random.copy_from_slice(&sha.finish().0[..16]);
    Id::time_ordered(now.unix_ms(), u128::from_le_bytes(random)).into()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_payments_share_an_id() {
        let drill = |ms| Id::time_ordered(ms, 1);
        let mut ids = BTreeSet::new();
        for (drill, now) in
            [(drill(1), Timestamp(5)), (drill(2), Timestamp(5)), (drill(2), Timestamp(9_000_000))]
        {
            for worker in 0..WORKERS {
                for number in 0..20 {
                    assert!(ids.insert(payment_id(drill, worker, number, now)));
                }
            }
        }
    }

    #[test]
    fn every_client_has_two_accounts_of_its_own() {
        let accounts: BTreeSet<AccountId> = (0..2 * WORKERS).map(account).collect();
        assert_eq!(accounts.len(), 32);
        assert!(accounts.iter().all(|id| id.to_string().bytes().all(|byte| byte.is_ascii_digit())));
    }
}
