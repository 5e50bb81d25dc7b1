//! `journal-pg`: the ledger on a journal in PostgreSQL, every batch flushed by a synchronous standby before it is answered.
//!
//! Servers, standbys, ledger and clients share this machine's cores. First the rate, with one standby. Then, with two standbys
//! and a hot follower, the primary is killed under load, the standby that has more takes its place, and the follower leads
//! there: how long nobody was served, and whether every batch that was acknowledged is still there.

use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use journal_pg::PgStore;
use ledger::{LedgerMachine, Storage};
use pg_local::{Installation, Server, Spec};
use shard::{Handle, Node, NodeConfig, Role, wall_clock};
use tokio::task::JoinSet;

use crate::cli::JournalPgArgs;
use crate::clock;
use crate::meter::median;
use crate::report::{Report, Target};
use crate::scratch::Steps;
use crate::transfers;
use crate::workload::{BATCH, Dice, FIRST_PAYMENT};

const SHARD: &str = "bench";
const POLL: Duration = Duration::from_millis(5);
const PATIENCE: Duration = Duration::from_secs(60);
/// How long batches flow before the primary is killed.
const FLOW: Duration = Duration::from_millis(1_500);
const NAMES: &str = "ANY 1 (s0, s1, s2)";

/// Runs the benchmark.
pub(crate) async fn run(args: &JournalPgArgs, folder: &Path) -> Result<Report> {
    let steps = Steps::new("journal-pg: starting PostgreSQL with a synchronous standby");
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    let folder = tempfile::Builder::new().prefix("bench-").permissions(open).tempdir_in(folder)?;
    let mut cluster = Cluster::start(folder.path())?;
    let ids = Arc::new(AtomicU64::new(0));
    let mut bank = Bank::start(&cluster, folder.path(), "one", 0)?;
    bank.until(Role::Leader).await?;
    bank.open_accounts().await?;

    steps.next("journal-pg: measuring");
    let load = Load::start(&bank.handle, &ids, args.in_flight);
    tokio::time::sleep(Duration::from_secs(args.warm_up)).await;
    let (before, start) = (load.acknowledged(), clock::now());
    tokio::time::sleep(Duration::from_secs(args.seconds)).await;
    let batches = load.acknowledged() - before;
    let rate = rate(batches, start.elapsed());
    let mut acks = load.stop().await?;

    cluster.add_standby(2)?;
    let mut times = Vec::new();
    for kill in 1..=args.kills {
        steps.next(format!("journal-pg: kill {kill} of {}", args.kills));
        let hot = Bank::start(&cluster, folder.path(), &format!("hot-{kill}"), 1)?;
        hot.until_caught_up(&bank).await?;
        let load = Load::start(&bank.handle, &ids, args.in_flight);
        tokio::time::sleep(FLOW).await;
        let killed = cluster.lose_primary().await?;
        // The old leader does not know what became of its last batches, and ends.
        let node = bank.node;
        let ended =
            tokio::time::timeout(PATIENCE, node.finished()).await.context("the old leader goes on")?;
        ensure!(ended.is_err(), "the old leader ended as if nothing had happened");
        acks.extend(load.stop().await.unwrap_or_default());
        hot.until(Role::Leader).await?;
        acks.push(hot.append(&ids).await?);
        times.push(clock::ms(killed.elapsed()));
        cluster.rebuild()?;
        bank = hot;
    }
    steps.next("journal-pg: looking for every batch that was acknowledged");
    let lost = bank.missing(&acks).await?;
    bank.handle.stop();
    let mut report = Report::new("journal-pg");
    figures(&mut report, rate, &times, (lost, acks.len()));
    Ok(report)
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn rate(batches: u64, took: Duration) -> f64 {
    (batches * BATCH as u64) as f64 / took.as_secs_f64()
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn figures(report: &mut Report, rate: f64, times: &[f64], (lost, acks): (usize, usize)) {
    report.aim(
        "commands_per_s",
        rate,
        Target::AtLeast(150_000.0),
        "transfers, durable on primary and standby",
    );
    let median = median(times).unwrap_or(f64::NAN);
    report.aim(
        "rto_ms",
        median,
        Target::Below(5_000.0),
        "primary killed under load to first acknowledgement, median",
    );
    let max = times.iter().copied().max_by(f64::total_cmp).unwrap_or(f64::NAN);
    report.figure("rto_ms_max", max, "");
    report.aim("lost", lost as f64, Target::Exactly(0.0), "acknowledged batches that are not in the ledger");
    report.figure("acknowledged", acks as f64, "batches of 8,190 transfers");
    if lost > 0 {
        report.fault(format!("{lost} batches were acknowledged and are gone"));
    }
}

/// A primary and its standbys.
struct Cluster {
    servers: Vec<Server>,
    primary: usize,
    lost: usize,
}

impl Cluster {
    fn start(folder: &Path) -> Result<Self> {
        #[expect(clippy::disallowed_methods, reason = "a benchmark looks for programs as a shell does")]
        let path = std::env::var("PATH").unwrap_or_default();
        let installation = Installation::find(&path)?;
        let servers: Result<Vec<_>> = (0..3).map(|index| server(&installation, folder, index)).collect();
        let mut cluster = Self { servers: servers?, primary: 0, lost: 0 };
        cluster.servers[0].init()?;
        cluster.servers[0].lead(NAMES)?;
        cluster.servers[0].start()?;
        cluster.add_standby(1)?;
        Ok(cluster)
    }

    fn add_standby(&mut self, index: usize) -> Result<()> {
        self.servers[index].clone_from(self.servers[self.primary].spec())?;
        Ok(self.servers[index].start()?)
    }

    /// Kills the primary, and does what a supervisor does: the standby that has more takes its place.
    async fn lose_primary(&mut self) -> Result<Instant> {
        let killed = clock::now();
        self.servers[self.primary].kill();
        let mut standbys = Vec::new();
        for (index, server) in self.servers.iter().enumerate().filter(|(index, _)| *index != self.primary) {
            standbys.push((server.spec().received().await.context("a standby does not answer")?, index));
        }
        standbys.sort_unstable();
        let [(_, other), (_, best)] = standbys[..] else { anyhow::bail!("two standbys are needed") };
        self.servers[other].follow(self.servers[best].spec())?;
        self.servers[other].reload();
        self.servers[best].promote(NAMES)?;
        self.lost = std::mem::replace(&mut self.primary, best);
        Ok(killed)
    }

    /// The lost one comes back as a standby.
    fn rebuild(&mut self) -> Result<()> {
        self.servers[self.lost].clone_from(self.servers[self.primary].spec())?;
        Ok(self.servers[self.lost].start()?)
    }

    fn store(&self) -> Result<PgStore> {
        let url = Server::url(self.servers.iter().map(Server::spec), &self.servers[0].spec().password_file());
        Ok(PgStore::new(url.parse()?, SHARD)?)
    }
}

fn server(installation: &Installation, folder: &Path, index: usize) -> Result<Server> {
    let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let port = TcpListener::bind((address, 0))?.local_addr()?.port();
    let name = format!("s{index}");
    let folder = folder.join(&name);
    let (password, extra) = ("bench".to_owned(), String::new());
    Ok(Server::new(installation, Spec { name, folder, address, port, password, extra }))
}

/// One site: the ledger on the journal.
struct Bank {
    node: Node<LedgerMachine>,
    handle: Handle<LedgerMachine>,
}

impl Bank {
    fn start(cluster: &Cluster, folder: &Path, site: &str, rank: u32) -> Result<Self> {
        let config = NodeConfig {
            journal: Arc::new(cluster.store()?),
            site: site.to_owned(),
            snapshots: folder.join("snapshots").join(site),
            rank,
            clock: wall_clock,
        };
        let node = Node::start(config, Storage::in_memory())?;
        Ok(Self { handle: node.handle(), node })
    }

    async fn until(&self, role: Role) -> Result<()> {
        let begun = clock::now();
        while self.handle.status().role != role {
            ensure!(begun.elapsed() < PATIENCE, "{role:?} was not reached: {:?}", self.handle.status());
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    }

    async fn until_caught_up(&self, leader: &Self) -> Result<()> {
        let begun = clock::now();
        while self.handle.status().seq < leader.handle.status().seq {
            ensure!(begun.elapsed() < PATIENCE, "the follower does not catch up: {:?}", self.handle.status());
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    }

    async fn open_accounts(&self) -> Result<()> {
        for request in transfers::open_accounts() {
            self.handle.submit(request).await?;
        }
        Ok(())
    }

    /// One batch: the number of its first transfer.
    async fn append(&self, ids: &AtomicU64) -> Result<u64> {
        let first = ids.fetch_add(BATCH as u64, Ordering::Relaxed);
        self.handle.submit(transfers::batch(first, &mut Dice::new(first))).await?;
        Ok(first)
    }

    /// How many of the acknowledged batches the ledger lacks.
    async fn missing(&self, acks: &[u64]) -> Result<usize> {
        let acks = acks.to_vec();
        let missing = self.handle.read(move |replica| {
            let ledger = replica.machine().ledger();
            let is_there = |first: &u64| {
                let last = first + BATCH as u64 - 1;
                [*first, last].iter().all(|id| ledger.transfer((FIRST_PAYMENT + id).into()).is_some())
            };
            acks.iter().filter(|first| !is_there(first)).count()
        });
        Ok(missing.await?)
    }
}

/// Clients that send one batch after the other.
struct Load {
    clients: JoinSet<Vec<u64>>,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    acknowledged: AtomicU64,
    enough: AtomicBool,
}

impl Load {
    fn start(handle: &Handle<LedgerMachine>, ids: &Arc<AtomicU64>, in_flight: u16) -> Self {
        let shared = Arc::new(Shared::default());
        let mut clients = JoinSet::new();
        for _ in 0..in_flight {
            let (handle, ids, shared) = (handle.clone(), Arc::clone(ids), Arc::clone(&shared));
            clients.spawn(async move {
                let mut acks = Vec::new();
                while !shared.enough.load(Ordering::Relaxed) {
                    let first = ids.fetch_add(BATCH as u64, Ordering::Relaxed);
                    let batch = transfers::batch(first, &mut Dice::new(first));
                    // A failure ends the client: what became of its last batch nobody can say.
                    if handle.submit(batch).await.is_err() {
                        break;
                    }
                    shared.acknowledged.fetch_add(1, Ordering::Relaxed);
                    acks.push(first);
                }
                acks
            });
        }
        Self { clients, shared }
    }

    fn acknowledged(&self) -> u64 {
        self.shared.acknowledged.load(Ordering::Relaxed)
    }

    /// What was acknowledged.
    async fn stop(self) -> Result<Vec<u64>> {
        self.shared.enough.store(true, Ordering::Relaxed);
        Ok(self.clients.join_all().await.into_iter().flatten().collect())
    }
}
