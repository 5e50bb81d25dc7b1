//! One site: the process that `up` starts for each centre.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::http::header::CONTENT_TYPE;
use axum::routing::{MethodRouter, get};
use console_api::SiteName;
use gateway::ServeLimits;
use journal::{FileStore, Options};
use ledger::{LedgerMachine, SiteInfo};
use serde::{Deserialize, Serialize};
use shard::{Node, NodeConfig, ShardError};
use tokio::io::AsyncReadExt;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tower::ServiceExt;

use crate::door::Door;
use crate::error::AppError;
use crate::institution::SHARD;
use crate::layout::Layout;

/// What a site is told on its command line.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct SiteArgs {
    /// The site's name.
    #[arg(long)]
    pub(crate) name: SiteName,
    /// The address to listen on; the kernel picks the port.
    #[arg(long)]
    pub(crate) address: Ipv4Addr,
    /// The place in the line for the lead.
    #[arg(long)]
    pub(crate) rank: u32,
    /// The port for TigerBeetle's clients; none if they are not served.
    #[arg(long)]
    pub(crate) ledger_port: Option<u16>,
}

/// The one line a site prints, once it listens.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Ready {
    /// Where it listens.
    pub(crate) address: SocketAddr,
}

/// Runs a site until its standard input closes, which is how the supervisor says goodbye, also when it is killed; or until
/// it is told to end by a signal.
pub(crate) async fn run(args: SiteArgs, layout: &Layout) -> anyhow::Result<()> {
    let folder = layout.journal(SHARD);
    let journal = FileStore::create(&folder, SHARD, Options::default())
        .map_err(|source| AppError::Folder { folder, source })?;
    let journal = Arc::new(journal);
    let node = Node::<LedgerMachine>::start(NodeConfig {
        journal: Arc::<FileStore>::clone(&journal),
        site: args.name.to_string(),
        snapshots: layout.snapshots(&args.name, SHARD),
        rank: args.rank,
    })?;
    let wanted = SocketAddr::from((args.address, 0));
    let listener = gateway::listen(wanted).map_err(|source| AppError::Listen {
        what: "site",
        address: wanted,
        source,
    })?;
    let handle = node.handle();
    let door = Door::listen(&args, handle.clone())?;
    announce(&Ready { address: listener.local_addr()? })?;

    let info = SiteInfo { site: args.name.to_string(), shard: SHARD.to_owned() };
    let router = ledger::router(handle.clone(), info, journal).route("/v1/openapi.json", describe()?);
    let router = router.route("/metrics/ledger-clients", door.metrics());
    let (stop, stopped) = watch::channel(false);
    let answer = move |request| {
        let router = router.clone();
        async move { router.oneshot(request).await.unwrap_or_else(|never| match never {}) }
    };
    let limits = ServeLimits { close_timeout: Duration::from_secs(2), ..ServeLimits::default() };
    let server = tokio::spawn(gateway::serve(listener, limits, answer, stopped.clone()));
    let door = tokio::spawn(door.serve(stopped));

    let mut finished = std::pin::pin!(node.finished());
    let outcome = tokio::select! {
        outcome = &mut finished => outcome,
        () = told_to_end() => {
            handle.stop();
            finished.await
        }
    };
    if let Err(error @ ShardError::Diverged { .. }) = &outcome {
        // Stay up as the witness: the console shows a diverged site, and an operator looks at it.
        tracing::error!(%error, "this site has stopped following");
        told_to_end().await;
    }
    stop.send_replace(true);
    server.await?;
    door.await?;
    Ok(outcome?)
}

/// Serves the description of everything: of the bank API and, for the console's clients, of the platform API.
fn describe() -> anyhow::Result<MethodRouter> {
    let document = axum::body::Bytes::from(console::openapi().to_json()?);
    Ok(get(move || std::future::ready(([(CONTENT_TYPE, "application/json")], document.clone()))))
}

#[expect(clippy::print_stdout, reason = "the supervisor reads this line")]
fn announce(ready: &Ready) -> anyhow::Result<()> {
    println!("{}", serde_json::to_string(ready)?);
    Ok(())
}

/// Returns when the supervisor says goodbye, or somebody ends the processes one by one.
async fn told_to_end() {
    let (Ok(mut interrupted), Ok(mut terminated)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return supervisor_gone().await;
    };
    tokio::select! {
        () = supervisor_gone() => {}
        _ = interrupted.recv() => {}
        _ = terminated.recv() => {}
    }
}

async fn supervisor_gone() {
    let mut input = tokio::io::stdin();
    let mut rest = [0; 64];
    // Nothing is ever sent: end of file and errors both mean that nobody holds the other end.
    while matches!(input.read(&mut rest).await, Ok(read) if read > 0) {}
}
