//! `tongbao up`: the supervisor of the sites, with the gateway and the console in the same process.

mod books;
mod monitor;
mod postgres;
mod process;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use console::Console;
use console_api::{Platform, SiteName};
use drill::{Desk, DeskConfig};
use gateway::{Gateway, ServeLimits, Tracker, serve};
use journal_pg::{Policy, Settings, Survey};
use ledger_core::ColdOptions;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::access::{self, AccessFiles};
use crate::clock;
use crate::error::AppError;
use crate::institution::{SHARD, SitePlan, default_plan};
use crate::kafka::KafkaArgs;
use crate::layout::{Layout, Running, read};
use crate::ledger_tls::{LedgerTls, UpTlsArgs};
use crate::output::Output;
use books::Choice;
pub(crate) use books::{JOURNAL_VARIABLE, given_url, kept_url, open as open_books};
use postgres::Cluster;
pub(crate) use postgres::ServerView;
use process::{Doors, Sites};

/// How long the first start may take until a site leads.
const READY_TIMEOUT: Duration = Duration::from_secs(60);

/// How often the books' primary is asked about itself.
const SURVEY_INTERVAL: Duration = Duration::from_secs(1);

/// How often every site must have been started again before the first start is given up.
const HOPELESS_RESTARTS: u32 = 2;

/// A whole bank on this machine.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct UpArgs {
    /// The port of the gateway, on 127.0.0.1; 0 lets the kernel pick one.
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// The port of the console, on 127.0.0.1; 0 lets the kernel pick one.
    #[arg(long, default_value_t = 7070)]
    console_port: u16,
    /// The port for TigerBeetle's clients, on every site's own address; 0 lets the kernel pick one for each, `off` serves
    /// none.
    #[arg(long, default_value = "3000", value_name = "PORT")]
    ledger_port: LedgerPort,
    #[command(flatten)]
    ledger_tls: UpTlsArgs,
    /// Where the books are kept: `files`, `postgres:local` (servers that `up` starts), or `postgres://user@host,host/database`.
    /// Default: what the environment variable TONGBAO_JOURNAL says, what the data folder has, or files.
    #[arg(long, value_name = "STORE")]
    journal: Option<Choice>,
    /// The newest transfers that every site keeps in memory, 88 bytes each; older ones go to its folder `cold`.
    #[arg(long, value_name = "N", default_value_t = ColdOptions::DEFAULT.keep_rows)]
    ledger_memory_transfers: u32,
    #[command(flatten)]
    kafka: KafkaArgs,
}

/// Where TigerBeetle's clients are served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LedgerPort {
    Off,
    Port(u16),
}

impl FromStr for LedgerPort {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "off" => Ok(Self::Off),
            port => port.parse().map(Self::Port).map_err(|_| "this is neither a port nor `off`".to_owned()),
        }
    }
}

/// The books in PostgreSQL, as other commands show them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BooksView {
    /// The servers that `up` keeps; none if they are somebody else's.
    pub(crate) servers: Vec<ServerView>,
    /// What the primary says of itself and its standbys; nothing while there is none.
    pub(crate) survey: Option<Survey>,
}

/// Starts everything, says where, and runs until it is told to stop.
pub(crate) async fn run(args: &UpArgs, data: PathBuf, output: Output) -> anyhow::Result<()> {
    let start = clock::instant();
    raise_file_limit();
    // What is wrong with it is said here, not in the logs of three sites.
    args.kafka.settings()?;
    let layout = Layout::new(&data);
    let _lock = layout.claim()?;
    if args.journal.as_ref().is_some_and(Choice::shows_password) {
        output.note(
            "everybody on this machine can see the password in the list of processes; put it into a file \
             (`passfile=FILE`), or the whole URL into the environment variable TONGBAO_JOURNAL",
        );
    }
    let choice = Choice::settle(args.journal.clone().or(Choice::given()?), &layout)?;
    let gateway_listener = listen("gateway", args.port)?;
    let console_listener = listen("console", args.console_port)?;
    let plan = default_plan();
    let ledger = ledger_addresses(&plan, args.ledger_port)?;
    let ledger_tls = LedgerTls::settle(&args.ledger_tls, &layout, &plan)?;
    let running = Running {
        pid: std::process::id(),
        gateway: gateway_listener.local_addr()?,
        console: console_listener.local_addr()?,
        ledger: (!ledger.is_empty()).then(|| join(&ledger)),
        ledger_tls: ledger_tls.as_ref().map(|doors| join(&doors.addresses)),
        books: None,
    };

    let files = AccessFiles {
        root: data.clone(),
        certs: args.ledger_tls.certs(&layout),
        rules: args.ledger_tls.rules(&layout),
        doors: plan.iter().map(|site| doors_of(site, &ledger, ledger_tls.as_ref())).collect(),
    };

    let cluster = start_servers(&choice, &layout).await?;
    let url = match (&choice, &cluster) {
        (Choice::Url(address), _) => Some(address.url.clone()),
        (_, Some(cluster)) => Some(cluster.url()),
        _ => None,
    };
    let keeping = cluster.clone().map(|cluster| tokio::spawn(cluster.keep()));
    let doors = Doors { plain: &ledger, tls: ledger_tls.as_ref() };
    let sites =
        Sites::start(&layout, plan, doors, url.as_deref(), args.ledger_memory_transfers, &args.kafka)?;
    let tracker = Arc::new(Tracker::new(sites.addresses()));
    let gateway = Arc::new(Gateway::new(Arc::clone(&tracker)));
    let tracking = tokio::spawn({
        let tracker = Arc::clone(&tracker);
        async move { tracker.run().await }
    });
    let (platform, live) = monitor::start(&sites, Arc::clone(&gateway), tracker.leader(), running.gateway);
    let access = access::start(files, platform.clone()).await?;
    let desk = Desk::new(DeskConfig {
        gateway: running.gateway,
        journal: open_books(&layout, url.as_deref())?,
        reports_dir: layout.drills(),
        platform: platform.clone(),
        kill: sites.killer(cluster.clone()),
        clock: clock::wall,
    })?;
    let console = Console {
        platform: platform.clone(),
        live,
        access,
        desk,
        gateway: Arc::clone(&gateway),
        port: running.console.port(),
    };

    let (stop, stopped) = watch::channel(false);
    let front = {
        let gateway = Arc::clone(&gateway);
        let answer = move |request| {
            let gateway = Arc::clone(&gateway);
            async move { gateway.handle(request).await }
        };
        tokio::spawn(serve(gateway_listener, ServeLimits::default(), answer, stopped.clone()))
    };
    let pages = {
        let answer = console.into_handler();
        let limits = ServeLimits { close_timeout: Duration::from_millis(500), ..ServeLimits::default() };
        tokio::spawn(serve(console_listener, limits, answer, stopped))
    };

    let mut interrupted = signal(SignalKind::interrupt())?;
    let mut terminated = signal(SignalKind::terminate())?;
    let told = tokio::select! {
        ready = say_ready(&layout, &running, platform, start, output) => match ready {
            Err(error) => Err(error),
            Ok(()) => tokio::select! {
                () = tell(&layout, &running, url.clone(), cluster.clone()) => Ok(()),
                _ = interrupted.recv() => Ok(()),
                _ = terminated.recv() => Ok(()),
            }
        },
        _ = interrupted.recv() => Ok(()),
        _ = terminated.recv() => Ok(()),
    };
    output.note("stopping: requests under way are finished first");
    layout.withdraw();
    gateway.end_streams();
    stop.send_replace(true);
    front.await?;
    pages.await?;
    tracking.abort();
    sites.stop().await;
    if let Some(keeping) = keeping {
        keeping.abort();
    }
    if let Some(cluster) = cluster {
        tokio::task::spawn_blocking(move || cluster.stop()).await?;
    }
    output.note("stopped; `tongbao up` continues from here");
    Ok(told?)
}

/// Never ends, whether there is something to tell or not.
async fn tell(layout: &Layout, running: &Running, url: Option<String>, cluster: Option<Cluster>) {
    match url {
        Some(url) => tell_of_books(layout.clone(), running.clone(), url, cluster).await,
        None => std::future::pending().await,
    }
}

/// Starts the PostgreSQL servers of our own, if the choice fell on them.
async fn start_servers(choice: &Choice, layout: &Layout) -> anyhow::Result<Option<Cluster>> {
    let Choice::Local(policy) = choice else { return Ok(None) };
    let (layout, lax) = (layout.clone(), *policy == Policy::AllowDegraded);
    let started = tokio::task::spawn_blocking(move || Cluster::start(&layout, &default_plan(), lax)).await?;
    Ok(Some(started?))
}

/// Tells the other commands what the primary and its standbys do, for as long as `up` runs.
async fn tell_of_books(layout: Layout, mut running: Running, url: String, cluster: Option<Cluster>) {
    // The sites parsed it before.
    let Ok(settings) = url.parse::<Settings>() else { return std::future::pending().await };
    loop {
        let survey = Survey::ask(&settings, SHARD).await.ok();
        let books =
            Some(BooksView { servers: cluster.as_ref().map(Cluster::view).unwrap_or_default(), survey });
        if running.books != books {
            running.books = books;
            if let Err(error) = layout.announce(&running) {
                tracing::warn!(%error, "what the books do cannot be told");
            }
        }
        tokio::time::sleep(SURVEY_INTERVAL).await;
    }
}

/// Where the sites will listen for TigerBeetle's clients, in the order of the plan. The ports are settled here, because
/// a site keeps its own when it is started again.
pub(crate) fn ledger_addresses(plan: &[SitePlan], port: LedgerPort) -> Result<Vec<SocketAddr>, AppError> {
    let LedgerPort::Port(port) = port else { return Ok(Vec::new()) };
    let settle = |site: &SitePlan| {
        let address = SocketAddr::from((site.address, port));
        let failed = |source| AppError::Listen { what: "ledger clients", address, source };
        gateway::listen(address).and_then(|listener| listener.local_addr()).map_err(failed)
    };
    plan.iter().map(settle).collect()
}

/// A site and where it serves ledger clients, over TLS and without.
fn doors_of(
    site: &SitePlan,
    plain: &[SocketAddr],
    tls: Option<&LedgerTls>,
) -> (SiteName, Option<SocketAddr>, Option<SocketAddr>) {
    let at = |doors: &[SocketAddr]| doors.iter().find(|door| door.ip() == site.address).copied();
    (site.name.clone(), tls.and_then(|tls| at(&tls.addresses)), at(plain))
}

fn join(addresses: &[SocketAddr]) -> String {
    addresses.iter().map(SocketAddr::to_string).collect::<Vec<_>>().join(",")
}

fn listen(what: &'static str, port: u16) -> Result<TcpListener, AppError> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    gateway::listen(address).map_err(|source| AppError::Listen { what, address, source })
}

/// Waits until a site leads, then tells the person and the other commands.
async fn say_ready(
    layout: &Layout,
    running: &Running,
    mut platform: watch::Receiver<Platform>,
    start: Instant,
    output: Output,
) -> Result<(), AppError> {
    let settled = platform.wait_for(|platform| platform.leader.is_some() || is_hopeless(platform));
    let leader = match tokio::time::timeout(READY_TIMEOUT, settled).await {
        Ok(Ok(platform)) if platform.leader.is_some() => platform.clone(),
        Ok(_) => return Err(AppError::NotReady { reason: last_words(layout) }),
        Err(_) => {
            let reason = format!("none was ready within {} s", READY_TIMEOUT.as_secs());
            return Err(AppError::NotReady { reason });
        }
    };
    layout.announce(running)?;
    output.ready(running, &leader, layout.root(), start.elapsed(), console::has_web_console());
    Ok(())
}

/// Whether every site has ended by itself again and again, so that more patience does not help.
fn is_hopeless(platform: &Platform) -> bool {
    platform.sites.iter().all(|site| site.restarts >= HOPELESS_RESTARTS)
}

/// The error that a site wrote into its log last.
fn last_words(layout: &Layout) -> String {
    let words = default_plan().into_iter().find_map(|plan| {
        let log = read(&layout.log(&plan.name)).ok()?;
        let log = String::from_utf8_lossy(&log);
        let error = log.lines().rfind(|line| line.starts_with("error["))?;
        Some(format!("every site ended, {} with {error}", plan.name))
    });
    words.unwrap_or_else(|| "every site ended without a word".to_owned())
}

/// Ten thousand clients need as many descriptors. The hard limit is the administrator's word.
fn raise_file_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        tracing::warn!(%error, "the limit on open files could not be raised");
    }
}
