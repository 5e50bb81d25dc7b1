//! The load on a replica: the same client and the same requests, whoever answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use ledger_core::EVENT_BYTES;
use tokio::task::JoinSet;
use vsr::{Client, Kind, Operation, refusals};

use super::records::{self, Source, Workload};
use super::server::Server;
use crate::clock;
use crate::meter::{Meter, Readings};

/// Transfers in a batch: one less than the most a message holds, so that a pending transfer and its resolution stay
/// together.
pub(crate) const BATCH: usize = 8_188;

/// Sessions that open accounts at once.
const OPENERS: u128 = 2;

/// What a load measured.
pub(crate) struct Loaded {
    /// Transfers per second.
    pub(crate) per_s: f64,
    /// How long requests took.
    pub(crate) latencies: Readings,
}

/// Opens the accounts of a workload.
pub(crate) async fn open_accounts(server: &Server, first_session: u128, accounts: u32) -> Result<()> {
    let mut sessions = Vec::new();
    for id in first_session..first_session + OPENERS {
        sessions.push(server.session(id).await?);
    }
    let bodies = records::accounts(accounts, BATCH);
    let mut left: Vec<Vec<u8>> = bodies.collect();
    let mut tasks = JoinSet::new();
    for (number, mut session) in sessions.into_iter().enumerate() {
        let share = left.len() / (OPENERS as usize - number);
        let own = left.split_off(left.len() - share);
        tasks.spawn(async move {
            for body in own {
                let answer = session.batch(Kind::CreateAccounts, &body).await?;
                check(session.operation(Kind::CreateAccounts), &answer.body, body.len() / EVENT_BYTES)?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    Ok(())
}

/// Sends `batches` full batches over `sessions`, each with one request under way. The batches are made before.
pub(crate) async fn batches(
    server: &Server,
    first_session: u128,
    sessions: u32,
    batches: u32,
    source: &mut Source,
) -> Result<Loaded> {
    let mut clients = open(server, first_session, sessions).await?;
    let mut own: Vec<Vec<Vec<u8>>> = vec![Vec::new(); clients.len()];
    for number in 0..batches as usize {
        own[number % clients.len()].push(source.transfers(BATCH));
    }
    let meter = Arc::new(Meter::new());
    meter.open();
    let mut tasks = JoinSet::new();
    for (mut client, bodies) in clients.drain(..).zip(own) {
        let meter = Arc::clone(&meter);
        tasks.spawn(async move {
            for body in bodies {
                send(&mut client, &body, &meter).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    meter.close();
    Ok(loaded(meter, BATCH))
}

/// Sends single transfers over `sessions` for `span`.
pub(crate) async fn singles(
    server: &Server,
    first_session: u128,
    sessions: u32,
    span: Duration,
    workload: Workload,
    first_id: u128,
) -> Result<Loaded> {
    let clients = open(server, first_session, sessions).await?;
    let ids = Arc::new(AtomicU64::new(0));
    let meter = Arc::new(Meter::new());
    meter.open();
    let begun = clock::now();
    let mut tasks = JoinSet::new();
    for (number, mut client) in clients.into_iter().enumerate() {
        let (meter, ids) = (Arc::clone(&meter), Arc::clone(&ids));
        tasks.spawn(async move {
            while begun.elapsed() < span {
                let id = first_id + u128::from(ids.fetch_add(1, Ordering::Relaxed));
                let body = Source::new(workload, seed(id, number), id).transfers(1);
                send(&mut client, &body, &meter).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    meter.close();
    Ok(loaded(meter, 1))
}

/// A seed of its own for each transfer of each session.
fn seed(id: u128, session: usize) -> u64 {
    let [low, ..] = id.to_le_bytes();
    u64::try_from(id).unwrap_or_default().rotate_left(32) ^ u64::from(low) ^ session as u64
}

async fn open(server: &Server, first_session: u128, sessions: u32) -> Result<Vec<Client>> {
    let mut clients = Vec::new();
    for number in 0..u128::from(sessions) {
        clients.push(server.session(first_session + number).await?);
    }
    Ok(clients)
}

async fn send(client: &mut Client, body: &[u8], meter: &Meter) -> Result<()> {
    let sent = clock::now();
    let answer = client.batch(Kind::CreateTransfers, body).await?;
    meter.note(sent.elapsed());
    check(client.operation(Kind::CreateTransfers), &answer.body, body.len() / EVENT_BYTES)
}

/// Every event must have been created.
fn check(operation: Operation, results: &[u8], events: usize) -> Result<()> {
    let refused = refusals(operation, events, results).context("a reply does not belong to its request")?;
    let first = refused.first().map_or(0, |(_, status)| *status);
    ensure!(refused.is_empty(), "of {events} events {} were refused, one with status {first}", refused.len());
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "a rate is told to a few digits")]
fn loaded(meter: Arc<Meter>, each: usize) -> Loaded {
    let meter = Arc::into_inner(meter).expect("every load has ended");
    let latencies = meter.into_readings();
    Loaded { per_s: latencies.per_s() * each as f64, latencies }
}
