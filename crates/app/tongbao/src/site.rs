//! One site: the process that `up` starts for each centre.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::http::header::CONTENT_TYPE;
use axum::routing::{MethodRouter, get};
use console_api::SiteName;
use feed_kafka::Publisher;
use gateway::ServeLimits;
use ledger::{Api, ColdFiles, Feed, LedgerMachine, SiteInfo, Storage};
use ledger_core::ColdOptions;
use serde::{Deserialize, Serialize};
use shard::{Node, NodeConfig, ShardError, wall_clock};
use stdx::Coded as _;
use tokio::io::AsyncReadExt;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tower::ServiceExt;

use crate::door::Door;
use crate::error::AppError;
use crate::institution::SHARD;
use crate::kafka::KafkaArgs;
use crate::layout::Layout;
use crate::ledger_tls::SiteTlsArgs;
use crate::up::{JOURNAL_VARIABLE, open_books};

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
    #[command(flatten)]
    pub(crate) tls: SiteTlsArgs,
    /// The newest transfers that stay in memory.
    #[arg(long, default_value_t = ColdOptions::DEFAULT.keep_rows)]
    pub(crate) ledger_memory_transfers: u32,
    #[command(flatten)]
    pub(crate) kafka: KafkaArgs,
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
    #[expect(clippy::disallowed_methods, reason = "a secret must not stand among the arguments")]
    let url = std::env::var(JOURNAL_VARIABLE).ok();
    let kafka = args.kafka.settings()?;
    let journal = open_books(layout, url.as_deref())?;
    let cold = Arc::new(ColdFiles::new(layout.cold(&args.name, SHARD)));
    let options = ColdOptions { keep_rows: args.ledger_memory_transfers, ..ColdOptions::DEFAULT };
    let storage = Storage::with_cold(cold, options);
    let config = NodeConfig {
        journal: Arc::clone(&journal),
        site: args.name.to_string(),
        snapshots: layout.snapshots(&args.name, SHARD),
        rank: args.rank,
        clock: wall_clock,
    };
    let node = Node::<LedgerMachine>::start(config, storage.clone())?;
    let wanted = SocketAddr::from((args.address, 0));
    let listener = gateway::listen(wanted).map_err(|source| AppError::Listen {
        what: "site",
        address: wanted,
        source,
    })?;
    let handle = node.handle();
    let door = Door::listen(&args, handle.clone())?;
    announce(&Ready { address: listener.local_addr()? })?;

    let info = SiteInfo { site: args.name.to_string(), shard: SHARD.to_owned(), storage: storage.clone() };
    let feed = Feed::new(handle.clone(), journal, args.name.as_str());
    let api = Api::new(Arc::clone(&feed), info);
    let grpc = ledger_grpc::door(api.clone(), ledger_grpc::Limits::default(), Arc::default());
    let router = api.router().route("/v1/openapi.json", describe()?).merge(grpc);
    let router = router.route("/metrics/ledger-clients", door.metrics());
    let router = router.route("/ledger-access", door.rules());
    let (stop, stopped) = watch::channel(false);
    let publisher = kafka.map(|settings| {
        let publisher = Publisher::new(Arc::clone(&feed), settings);
        tokio::spawn(publisher.run(stopped.clone()))
    });
    let answer = move |request| {
        let router = router.clone();
        async move { router.oneshot(request).await.unwrap_or_else(|never| match never {}) }
    };
    let limits = ServeLimits { close_timeout: Duration::from_secs(2), ..ServeLimits::default() };
    let limits = limits.behind_gateway();
    let server = tokio::spawn(gateway::serve(listener, limits, answer, stopped.clone()));
    let door = tokio::spawn(door.serve(stopped));

    let mut finished = std::pin::pin!(node.finished());
    let outcome = tokio::select! {
        outcome = &mut finished => outcome,
        () = told_to_end() => {
            feed.close();
            handle.stop();
            finished.await
        }
    };
    if let Err(error @ (ShardError::Diverged { .. } | ShardError::Machine(_))) = &outcome {
        // Stay up as the witness: the console shows a site that stopped, and an operator looks at it. Started again, it
        // would take part until it meets the same damage.
        let cause = std::error::Error::source(error).map(ToString::to_string);
        tracing::error!(code = error.code(), %error, cause, "this site has stopped");
        told_to_end().await;
    }
    feed.close();
    stop.send_replace(true);
    if let Some(publisher) = publisher {
        publisher.await?;
    }
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
