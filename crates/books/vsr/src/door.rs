//! Taking connections.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;

use crate::backend::Backend;
use crate::gate::Gate;
use crate::inbox::Budget;
use crate::metrics::Metrics;
use crate::talk::{Talk, TalkContext};

/// How much the door puts up with.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections at once; more wait in the kernel's queue.
    pub connections_max: usize,
    /// Longest time without a byte from a client. Published clients ping every 30 seconds.
    pub idle_timeout: Duration,
    /// Longest time from the first byte of a message to its last, and for a client to take a reply.
    pub message_timeout: Duration,
    /// Bytes of large bodies under way, over all connections; who comes later waits.
    pub body_bytes_max: usize,
    /// Longest time for a client to prove itself, where it must.
    pub handshake_timeout: Duration,
    /// Longest time for the requests under way to end when the door closes.
    pub close_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections_max: 10_000,
            idle_timeout: Duration::from_secs(180),
            message_timeout: Duration::from_secs(30),
            body_bytes_max: 512 << 20,
            handshake_timeout: Duration::from_secs(10),
            close_timeout: Duration::from_secs(2),
        }
    }
}

/// Who listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address {
    /// The cluster's id; 0 unless there is a reason.
    pub cluster: u128,
    /// The site's index in the list of addresses that clients are given.
    pub index: u8,
}

/// Pause after a connection could not be accepted for want of descriptors, which others will give back.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves whoever comes, until `stop` turns true, then lets the requests under way end.
pub async fn serve<B: Backend>(
    listener: TcpListener,
    backend: B,
    address: Address,
    limits: Limits,
    metrics: Arc<Metrics>,
    stop: watch::Receiver<bool>,
) {
    let budget = Budget::new(limits.body_bytes_max);
    let context = TalkContext { backend, address, limits, metrics, budget };
    take_clients(listener, context, None, stop).await;
}

/// Serves those whom `gate` lets in, over TLS, as soon as it has rules, until `stop` turns true; then lets the requests
/// under way end.
pub async fn serve_tls<B: Backend>(
    listener: TcpListener,
    backend: B,
    address: Address,
    limits: Limits,
    metrics: Arc<Metrics>,
    gate: Arc<Gate>,
    mut stop: watch::Receiver<bool>,
) {
    tokio::select! {
        () = gate.opened() => {}
        _ = stop.wait_for(|stop| *stop) => return,
    }
    let budget = Budget::new(limits.body_bytes_max);
    let context = TalkContext { backend, address, limits, metrics, budget };
    take_clients(listener, context, Some(gate), stop).await;
}

async fn take_clients<B: Backend>(
    listener: TcpListener,
    context: TalkContext<B>,
    gate: Option<Arc<Gate>>,
    mut stop: watch::Receiver<bool>,
) {
    let slots = Arc::new(Semaphore::new(context.limits.connections_max));
    let mut talks = JoinSet::new();
    loop {
        let (stream, slot) = tokio::select! {
            accepted = accept(&listener, &slots) => accepted,
            _ = stop.wait_for(|stop| *stop) => break,
            // Ended talks are taken out, so that the set does not grow.
            Some(_) = talks.join_next() => continue,
        };
        context.metrics.connections.one();
        talks.spawn(talk(context.clone(), gate.clone(), stream, slot, stop.clone()));
    }
    drop(listener);
    let ended = async { while talks.join_next().await.is_some() {} };
    if tokio::time::timeout(context.limits.close_timeout, ended).await.is_err() {
        tracing::warn!("connections of ledger clients were cut because they did not end in time");
    }
}

async fn talk<B: Backend>(
    context: TalkContext<B>,
    gate: Option<Arc<Gate>>,
    stream: TcpStream,
    slot: OwnedSemaphorePermit,
    stop: watch::Receiver<bool>,
) {
    let metrics = Arc::clone(&context.metrics);
    metrics.open.change(1);
    match gate {
        None => {
            let (reader, writer) = stream.into_split();
            Talk::new(context, None, reader, writer).run(stop).await;
        }
        Some(gate) => Box::pin(talk_behind(&gate, context, stream, stop)).await,
    }
    metrics.open.change(-1);
    drop(slot);
}

async fn talk_behind<B: Backend>(
    gate: &Arc<Gate>,
    context: TalkContext<B>,
    stream: TcpStream,
    mut stop: watch::Receiver<bool>,
) {
    let entered = tokio::select! {
        entered = gate.enter(stream, context.limits.handshake_timeout) => entered,
        _ = stop.wait_for(|stop| *stop) => return,
    };
    if let Ok((stream, pass)) = entered {
        let (reader, writer) = tokio::io::split(stream);
        Talk::new(context, Some(pass), reader, writer).run(stop).await;
    }
}

async fn accept(listener: &TcpListener, slots: &Arc<Semaphore>) -> (TcpStream, OwnedSemaphorePermit) {
    loop {
        let Ok(slot) = Arc::clone(slots).acquire_owned().await else {
            return std::future::pending().await;
        };
        match listener.accept().await {
            Ok((stream, _)) => {
                // A reply must not wait for more to send.
                let _ = stream.set_nodelay(true);
                return (stream, slot);
            }
            Err(error) => {
                tracing::warn!(%error, "a ledger client could not be accepted");
                drop(slot);
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}
