//! The sites' processes: started, watched, started again.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use console_api::{SiteName, SiteState};
use gateway::SiteAddress;
use ids::Timestamp;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::postgres::Cluster;
use crate::clock;
use crate::error::AppError;
use crate::institution::SitePlan;
use crate::kafka::KafkaArgs;
use crate::layout::{Layout, open_log};
use crate::ledger_tls::LedgerTls;
use crate::site::Ready;
use crate::up::JOURNAL_VARIABLE;

/// How long a site is left alone after it was lost, at first and at most.
const RESTART_PAUSE_MIN: Duration = Duration::from_secs(1);
const RESTART_PAUSE_MAX: Duration = Duration::from_secs(10);
/// A site that ran this long was well, and its loss came from outside: the next pause is the short one again. The longer
/// pauses are for sites that cannot even start.
const STABLE_AFTER: Duration = Duration::from_secs(2);
/// How long a site may take to stop by itself: it finishes requests and stores a snapshot.
const STOP_TIMEOUT: Duration = Duration::from_secs(30);

/// What is known of one site's process.
#[derive(Clone, Debug)]
pub(crate) struct SiteProcess {
    pub(crate) plan: SitePlan,
    pub(crate) address: Option<SocketAddr>,
    pub(crate) pid: Option<u32>,
    pub(crate) state: SiteState,
    pub(crate) restarts: u32,
    pub(crate) since: Timestamp,
}

/// The processes of all sites.
pub(crate) struct Sites {
    table: Arc<Table>,
    stop: watch::Sender<bool>,
    keepers: Mutex<JoinSet<()>>,
}

/// Where TigerBeetle's clients are served.
#[derive(Clone, Copy)]
pub(crate) struct Doors<'a> {
    pub(crate) plain: &'a [SocketAddr],
    pub(crate) tls: Option<&'a LedgerTls>,
}

/// What the keepers of the sites share.
struct Table {
    sites: Mutex<BTreeMap<SiteName, SiteProcess>>,
    addresses: watch::Sender<Vec<SiteAddress>>,
}

impl Sites {
    /// Starts every site of the plan. Each has a keeper that starts it again whenever it is lost.
    ///
    /// `journal` is the URL of the books, if they are not files in the
    /// data folder.
    pub(crate) fn start(
        layout: &Layout,
        plan: Vec<SitePlan>,
        doors: Doors<'_>,
        journal: Option<&str>,
        memory_transfers: u32,
        kafka: &KafkaArgs,
    ) -> Result<Self, AppError> {
        let program =
            std::env::current_exe().map_err(|source| AppError::Spawn { site: "any".to_owned(), source })?;
        let row = |plan: &SitePlan| SiteProcess {
            plan: plan.clone(),
            address: None,
            pid: None,
            state: SiteState::Down,
            restarts: 0,
            since: clock::wall(),
        };
        let rows = plan.iter().map(|plan| (plan.name.clone(), row(plan))).collect();
        let table = Arc::new(Table { sites: Mutex::new(rows), addresses: watch::Sender::new(Vec::new()) });
        let (stop, stopped) = watch::channel(false);
        let mut keepers = JoinSet::new();
        for plan in plan {
            let keeper = Keeper {
                table: Arc::clone(&table),
                layout: layout.clone(),
                program: program.clone(),
                ledger_port: doors.plain.iter().find(|door| door.ip() == plan.address).map(SocketAddr::port),
                tls_arguments: doors.tls.map_or_else(Vec::new, |tls| tls.arguments(&plan)),
                memory_transfers,
                kafka: kafka.clone(),
                plan,
                journal: journal.map(str::to_owned),
                stopped: stopped.clone(),
            };
            keepers.spawn(keeper.keep());
        }
        Ok(Self { table, stop, keepers: Mutex::new(keepers) })
    }

    /// Every site, in the order of their names.
    pub(crate) fn view(&self) -> impl Fn() -> Vec<SiteProcess> + Send + Sync + use<> {
        let table = Arc::clone(&self.table);
        move || table.rows().values().cloned().collect()
    }

    /// Where the sites listen; changes as they come and go.
    pub(crate) fn addresses(&self) -> watch::Receiver<Vec<SiteAddress>> {
        self.table.addresses.subscribe()
    }

    /// Kills every process of a site at once, as the loss of a data centre would.
    ///
    /// A site's PostgreSQL server, if there is one, is lost with it.
    pub(crate) fn killer(&self, cluster: Option<Cluster>) -> drill::KillSite {
        let table = Arc::clone(&self.table);
        Arc::new(move |site: SiteName| {
            let (table, cluster) = (Arc::clone(&table), cluster.clone());
            Box::pin(async move {
                let killed = table.kill(&site);
                if let Some(cluster) = cluster {
                    // Waits for the process to be gone.
                    let lost = tokio::task::spawn_blocking(move || cluster.kill(&site)).await;
                    lost.map_err(|error| error.to_string())?;
                }
                killed
            })
        })
    }

    /// Asks every site to end and waits until they have.
    pub(crate) async fn stop(&self) {
        self.stop.send_replace(true);
        let keepers = std::mem::take(&mut *self.keepers.lock().unwrap_or_else(PoisonError::into_inner));
        keepers.join_all().await;
    }
}

impl Table {
    fn rows(&self) -> std::sync::MutexGuard<'_, BTreeMap<SiteName, SiteProcess>> {
        self.sites.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, site: &SiteName, change: impl FnOnce(&mut SiteProcess)) {
        let mut rows = self.rows();
        if let Some(row) = rows.get_mut(site) {
            let before = row.state;
            change(row);
            if row.state != before {
                row.since = clock::wall();
            }
        }
        let addresses = rows
            .values()
            .map(|row| SiteAddress { name: row.plan.name.to_string(), address: row.address })
            .collect();
        drop(rows);
        self.addresses.send_replace(addresses);
    }

    fn kill(&self, site: &SiteName) -> Result<(), String> {
        let pid =
            self.rows().get(site).and_then(|row| row.pid).ok_or_else(|| format!("site {site} is down"))?;
        let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).ok_or("the process id is out of range")?;
        kill_process_group(pid, Signal::KILL)
            .map_err(|error| format!("site {site} could not be killed: {error}"))
    }
}

/// Keeps one site running.
struct Keeper {
    table: Arc<Table>,
    layout: Layout,
    program: std::path::PathBuf,
    plan: SitePlan,
    ledger_port: Option<u16>,
    tls_arguments: Vec<String>,
    journal: Option<String>,
    memory_transfers: u32,
    kafka: KafkaArgs,
    stopped: watch::Receiver<bool>,
}

impl Keeper {
    async fn keep(self) {
        let mut pause = RESTART_PAUSE_MIN;
        loop {
            let started = clock::instant();
            if let Err(error) = self.run_once().await {
                tracing::error!(site = %self.plan.name, %error, "the site could not be started");
            }
            self.table.change(&self.plan.name, |row| {
                (row.state, row.address, row.pid) = (SiteState::Down, None, None);
            });
            if started.elapsed() > STABLE_AFTER {
                pause = RESTART_PAUSE_MIN;
            }
            if tokio::time::timeout(pause, self.told_to_stop()).await.is_ok() {
                return;
            }
            pause = (pause * 2).min(RESTART_PAUSE_MAX);
            self.table.change(&self.plan.name, |row| row.restarts += 1);
        }
    }

    async fn told_to_stop(&self) {
        // A supervisor that is gone has stopped, too.
        let _ = self.stopped.clone().wait_for(|stopped| *stopped).await;
    }

    /// Starts the process and waits for its end.
    async fn run_once(&self) -> Result<(), AppError> {
        let failed = |source| AppError::Spawn { site: self.plan.name.to_string(), source };
        let mut child = self.command().map_err(failed)?.spawn().map_err(failed)?;
        let (input, output) = (child.stdin.take(), child.stdout.take());
        self.table.change(&self.plan.name, |row| {
            (row.state, row.pid) = (SiteState::Starting, child.id());
        });
        let mut lines = output.map(|output| BufReader::new(output).lines());
        let ready = async {
            match &mut lines {
                Some(lines) => lines.next_line().await.ok().flatten(),
                None => None,
            }
        };
        tokio::select! {
            line = ready => {
                if let Some(ready) = line.and_then(|line| serde_json::from_str::<Ready>(&line).ok()) {
                    self.table.change(&self.plan.name, |row| {
                        (row.state, row.address) = (SiteState::Up, Some(ready.address));
                    });
                }
            }
            () = self.told_to_stop() => {}
        }
        tokio::select! {
            ended = child.wait() => {
                self.report(ended);
                return Ok(());
            }
            () = self.told_to_stop() => {}
        }
        self.end(child, input).await;
        Ok(())
    }

    fn command(&self) -> std::io::Result<Command> {
        let log = open_log(&self.layout.log(&self.plan.name))?;
        let mut command = Command::new(&self.program);
        command
            .arg("--data")
            .arg(self.layout.root())
            .args(["site", "--name", self.plan.name.as_str()])
            .args(["--address", &self.plan.address.to_string()])
            .args(["--rank", &self.plan.rank.to_string()])
            .args(self.ledger_port.map(|port| format!("--ledger-port={port}")))
            .args(&self.tls_arguments)
            .arg(format!("--ledger-memory-transfers={}", self.memory_transfers))
            .args(self.kafka.arguments())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            // A group of its own: a site is killed whole, and Ctrl-C in the terminal reaches the supervisor only.
            .process_group(0)
            .kill_on_drop(true);
        if let Some(url) = &self.journal {
            command.env(JOURNAL_VARIABLE, url);
        }
        Ok(command)
    }

    fn report(&self, ended: std::io::Result<std::process::ExitStatus>) {
        match ended {
            Ok(status) => {
                tracing::warn!(site = %self.plan.name, %status, "the site has ended and is started again");
            }
            Err(error) => tracing::warn!(site = %self.plan.name, %error, "the site cannot be watched"),
        }
    }

    /// Closes the site's input, which is its word to end, and waits.
    async fn end(&self, mut child: Child, input: Option<ChildStdin>) {
        drop(input);
        if tokio::time::timeout(STOP_TIMEOUT, child.wait()).await.is_err() {
            tracing::warn!(site = %self.plan.name, "the site did not end in time and is killed");
            if let Err(error) = child.kill().await {
                tracing::warn!(site = %self.plan.name, %error, "the site could not be killed");
            }
        }
    }
}
