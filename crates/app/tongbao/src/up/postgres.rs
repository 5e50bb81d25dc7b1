//! PostgreSQL servers of our own: one in every site's folder, kept running, and replaced when one is lost.
//!
//! What to do is decided by [`pg_local::plan`]; this shell looks, does it, and remembers. Nothing here is on the way of a
//! payment: a supervisor that stands still costs a failover, never a commit.

use std::net::{IpAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use console_api::SiteName;
use pg_local::plan::{self, Memory, Seen, Step};
use pg_local::{Installation, LocalError, Server, Spec};
use serde::{Deserialize, Serialize};
use tokio::time::timeout;

use crate::error::AppError;
use crate::institution::SitePlan;
use crate::layout::{Layout, read};

/// How often to look.
const LOOK: Duration = Duration::from_millis(150);
/// How long a primary may take to answer, and how often in a row it may fail to, while its process runs.
const ANSWER_TIMEOUT: Duration = Duration::from_millis(700);
const MISSES_MAX: u32 = 3;
/// How long a server that could not be brought back is left alone.
const RETRY_PAUSE: Duration = Duration::from_secs(1);
/// The quorum: every commit is on the primary and on whichever standby is faster. So any two of three servers hold
/// everything, one may be away or slow without anybody waiting, and one that is slow forever hides nothing.
const STANDBYS_PER_COMMIT: u32 = 1;

/// What is kept of the servers between two starts.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Kept {
    port: u16,
    #[serde(flatten)]
    memory: Memory,
    /// Servers whose data is of an older reign.
    stale: Vec<usize>,
}

/// One server, for `tongbao status`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ServerView {
    pub(crate) site: String,
    pub(crate) address: String,
    pub(crate) role: String,
    pub(crate) serves: bool,
}

/// The servers of all sites.
#[derive(Clone)]
pub(crate) struct Cluster(Arc<Inner>);

struct Inner {
    layout: Layout,
    names: Vec<SiteName>,
    specs: Vec<Spec>,
    servers: Vec<Mutex<Server>>,
    kept: Mutex<Kept>,
    /// Servers that are being rebuilt.
    busy: Mutex<Vec<usize>>,
    seen: Mutex<Vec<Seen>>,
    allow_degraded: bool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Cluster {
    /// Makes what is missing and starts the servers. Blocks.
    pub(crate) fn start(layout: &Layout, plan: &[SitePlan], allow_degraded: bool) -> Result<Self, AppError> {
        #[expect(clippy::disallowed_methods, reason = "programs are looked for as a shell does")]
        let installation = Installation::find(&std::env::var("PATH").unwrap_or_default())?;
        let first = plan.first().map_or(IpAddr::from([127, 0, 0, 1]), |site| IpAddr::V4(site.address));
        let kept = match read(&layout.servers()) {
            Ok(text) => serde_json::from_slice(&text).map_err(|error| unusable(layout, error.into()))?,
            Err(_) => {
                let port = TcpListener::bind((first, 0)).and_then(|listener| listener.local_addr());
                let port = port.map_err(|error| unusable(layout, error))?.port();
                Kept { port, memory: Memory { primary: 0, alone: false }, stale: Vec::new() }
            }
        };
        // Whichever site's folder is left: the others may be lost.
        let password = match plan.iter().find_map(|site| Spec::kept_password(&layout.postgres(&site.name))) {
            Some(password) => password,
            None => fresh_password().map_err(|error| unusable(layout, error))?,
        };
        let specs = specs(layout, plan, kept.port, &password);
        let servers = specs.iter().map(|spec| Mutex::new(Server::new(&installation, spec.clone()))).collect();
        let inner = Inner {
            layout: layout.clone(),
            names: plan.iter().map(|site| site.name.clone()).collect(),
            seen: Mutex::new(vec![Seen::default(); specs.len()]),
            specs,
            servers,
            kept: Mutex::new(kept),
            busy: Mutex::default(),
            allow_degraded,
        };
        inner.start()?;
        Ok(Self(Arc::new(inner)))
    }

    /// The journal's URL of servers that need not run.
    pub(crate) fn kept_url(layout: &Layout, plan: &[SitePlan]) -> Result<String, AppError> {
        let text = read(&layout.servers()).map_err(|error| unusable(layout, error))?;
        let kept: Kept = serde_json::from_slice(&text).map_err(|error| unusable(layout, error.into()))?;
        let specs = specs(layout, plan, kept.port, "");
        Ok(Server::url(&specs, &specs[0].password_file()))
    }

    /// The journal's URL; the password stays in its file.
    pub(crate) fn url(&self) -> String {
        let url = Server::url(&self.0.specs, &self.0.specs[0].password_file());
        if self.0.allow_degraded { format!("{url}&durability=allow-degraded") } else { url }
    }

    /// Every server as last seen.
    pub(crate) fn view(&self) -> Vec<ServerView> {
        let (seen, Kept { memory, stale, .. }) = (lock(&self.0.seen).clone(), lock(&self.0.kept).clone());
        let role = |index| match index {
            _ if index == memory.primary && memory.alone => "primary, alone",
            _ if index == memory.primary => "primary",
            _ if stale.contains(&index) => "being rebuilt",
            _ if seen[index].follows => "standby",
            _ => "away",
        };
        let view = |index: usize| ServerView {
            site: self.0.specs[index].name.clone(),
            address: self.0.specs[index].host_and_port(),
            role: role(index).to_owned(),
            serves: seen[index].serves,
        };
        (0..self.0.specs.len()).map(view).collect()
    }

    /// Kills a site's server, as the loss of its data centre would.
    pub(crate) fn kill(&self, site: &SiteName) {
        if let Some(index) = self.0.names.iter().position(|name| name == site) {
            lock(&self.0.servers[index]).kill();
        }
    }

    /// Keeps the servers running until aborted.
    pub(crate) async fn keep(self) {
        let mut misses = 0;
        loop {
            if let Err(error) = self.look_and_act(&mut misses).await {
                tracing::error!(%error, "the PostgreSQL servers need help");
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Ends all servers, the primary first, so that the standbys get its last word.
    pub(crate) fn stop(&self) {
        let primary = lock(&self.0.kept).memory.primary;
        lock(&self.0.servers[primary]).stop();
        self.0.servers.iter().for_each(|server| lock(server).stop());
    }

    async fn look_and_act(&self, misses: &mut u32) -> Result<(), AppError> {
        let kept = lock(&self.0.kept).clone();
        let primary = kept.memory.primary;
        let mut seen = self.0.look(primary).await;
        let is_running = lock(&self.0.servers[primary]).is_running();
        *misses = if seen[primary].serves { 0 } else { *misses + 1 };
        if is_running && (1..=MISSES_MAX).contains(misses) {
            return Ok(());
        }
        if !seen[primary].serves {
            // Fenced before anybody is asked: from here on it acknowledges nothing.
            lock(&self.0.servers[primary]).kill();
            self.0.ask_standbys(primary, &mut seen).await;
        }
        lock(&self.0.seen).clone_from(&seen);
        let busy = lock(&self.0.busy).clone();
        let step = plan::next(&kept.memory, &seen, &kept.stale, &busy, self.0.allow_degraded);
        let Some(step) = step else {
            return Ok(());
        };
        if let Step::Restart(index) | Step::Rebuild(index) = step {
            lock(&self.0.busy).push(index);
            let inner = Arc::clone(&self.0);
            // Copying takes long, and the others are looked after meanwhile.
            tokio::task::spawn_blocking(move || inner.bring_back(index, step));
            return Ok(());
        }
        tracing::warn!(?step, "a PostgreSQL server was lost or is back");
        let inner = Arc::clone(&self.0);
        tokio::task::spawn_blocking(move || inner.act(step))
            .await
            .map_err(|error| unusable(&self.0.layout, error.into()))?
    }
}

impl Inner {
    fn quorum(&self) -> String {
        let names: Vec<String> = self.specs.iter().map(|spec| format!("\"{}\"", spec.name)).collect();
        format!("ANY {STANDBYS_PER_COMMIT} ({})", names.join(", "))
    }

    fn remember(&self, change: impl FnOnce(&mut Kept)) -> Result<(), AppError> {
        let mut kept = lock(&self.kept);
        let mut next = kept.clone();
        change(&mut next);
        self.layout.write_durably(&self.layout.servers(), &next)?;
        *kept = next;
        Ok(())
    }

    fn start(&self) -> Result<(), AppError> {
        let Memory { primary, alone } = lock(&self.kept).memory;
        // An `up` that was killed left its servers behind. The primary ends first, as in `stop`.
        lock(&self.servers[primary]).end_orphan();
        self.servers.iter().for_each(|server| lock(server).end_orphan());
        let mut server = lock(&self.servers[primary]);
        if !server.exists() {
            server.init()?;
            self.remember(|_| ())?;
        }
        let quorum = self.quorum();
        server.lead(if alone { "" } else { &quorum })?;
        server.start()?;
        if server.is_standby() {
            // It was chosen when everybody had been asked, and the end came before it was promoted.
            server.promote(&self.quorum())?;
        }
        for index in (0..self.servers.len()).filter(|index| *index != primary) {
            let stale = lock(&self.kept).stale.contains(&index);
            let mut standby = lock(&self.servers[index]);
            if stale || !standby.exists() {
                standby.clone_from(&self.specs[primary])?;
            } else {
                standby.follow(&self.specs[primary])?;
            }
            standby.spawn()?;
            self.remember(|kept| kept.stale.retain(|stale| *stale != index))?;
        }
        Ok(())
    }

    async fn look(&self, primary: usize) -> Vec<Seen> {
        let running: Vec<bool> = self
            .servers
            .iter()
            .map(|server| server.try_lock().is_ok_and(|mut server| server.is_running()))
            .collect();
        let streaming = timeout(ANSWER_TIMEOUT, self.streaming(primary)).await.ok().flatten();
        let follows = |name: &String| streaming.as_ref().is_some_and(|names| names.contains(name));
        (0..self.specs.len())
            .map(|index| Seen {
                serves: if index == primary { running[index] && streaming.is_some() } else { running[index] },
                follows: index != primary && follows(&self.specs[index].name),
                received: None,
            })
            .collect()
    }

    /// The standbys that the primary streams to; nothing if it does not answer.
    async fn streaming(&self, primary: usize) -> Option<Vec<String>> {
        let ask = "SELECT coalesce(string_agg(application_name, ','), '') FROM pg_stat_replication WHERE state = 'streaming'";
        let names = self.specs[primary].ask(ask).await.ok()??;
        Some(names.split(',').map(str::to_owned).collect())
    }

    async fn ask_standbys(&self, primary: usize, seen: &mut [Seen]) {
        for index in (0..self.specs.len()).filter(|index| *index != primary) {
            let received = timeout(ANSWER_TIMEOUT, self.specs[index].received()).await;
            seen[index].received = received.ok().flatten();
        }
    }

    fn act(&self, step: Step) -> Result<(), AppError> {
        let old = lock(&self.kept).memory.primary;
        match step {
            Step::Promote(new) => {
                // Remembered first: should everything end here, the next start promotes whom it finds in the memory, and
                // never lets the old one lead.
                self.remember(|kept| {
                    kept.memory.primary = new;
                    kept.stale.push(old);
                })?;
                for index in (0..self.specs.len()).filter(|index| *index != new && *index != old) {
                    let standby = lock(&self.servers[index]);
                    standby.follow(&self.specs[new])?;
                    standby.reload();
                }
                lock(&self.servers[new]).promote(&self.quorum())?;
                tracing::warn!(primary = self.specs[new].name, "this site's PostgreSQL is the primary now");
            }
            Step::RestartPrimary => {
                let mut server = lock(&self.servers[old]);
                if !server.is_running() {
                    server.start()?;
                }
            }
            Step::GoAlone => {
                self.remember(|kept| kept.memory.alone = true)?;
                let server = lock(&self.servers[old]);
                server.lead("")?;
                server.reload();
                tracing::error!("THE PRIMARY GOES ON ALONE: what is acknowledged now may be lost with it");
            }
            Step::Rejoin => {
                {
                    let server = lock(&self.servers[old]);
                    server.lead(&self.quorum())?;
                    server.reload();
                }
                // A commit that a standby has acknowledged: it now has everything from before, too.
                let barrier = "SELECT pg_logical_emit_message(true, 'tongbao', 'rejoin')";
                let asked = tokio::runtime::Handle::current()
                    .block_on(timeout(Duration::from_secs(10), self.specs[old].ask(barrier)));
                if asked.is_ok_and(|asked| asked.is_ok()) {
                    self.remember(|kept| kept.memory.alone = false)?;
                }
            }
            Step::Restart(_) | Step::Rebuild(_) => {}
        }
        Ok(())
    }

    /// Brings a lost server back as a standby. One whose data does not start gets a fresh copy the next time.
    fn bring_back(&self, index: usize, step: Step) {
        let site = &self.specs[index].name;
        let result = self.start_standby(index, matches!(step, Step::Rebuild(_)));
        let is_back = result.is_ok();
        match result {
            Ok(()) => {
                tracing::info!(site, "this site's PostgreSQL is a standby again");
            }
            Err(error) => {
                tracing::warn!(site, %error, "a standby could not be brought back; it is tried again");
            }
        }
        let kept = self.remember(|kept| {
            kept.stale.retain(|stale| *stale != index);
            if !is_back {
                kept.stale.push(index);
            }
        });
        if let Err(error) = kept {
            tracing::error!(%error, "what became of the servers could not be kept");
        }
        if !is_back {
            pause_after_failure();
        }
        lock(&self.busy).retain(|busy| *busy != index);
    }

    fn start_standby(&self, index: usize, afresh: bool) -> Result<(), LocalError> {
        let primary = self.specs[lock(&self.kept).memory.primary].clone();
        let mut server = lock(&self.servers[index]);
        server.kill();
        if afresh || !server.exists() {
            server.clone_from(&primary)?;
        } else {
            server.follow(&primary)?;
        }
        server.start()
    }
}

/// Gives the others their turn before a server is tried again.
#[expect(clippy::disallowed_methods, reason = "a thread of its own waits before it tries again")]
fn pause_after_failure() {
    std::thread::sleep(RETRY_PAUSE);
}

fn specs(layout: &Layout, plan: &[SitePlan], port: u16, password: &str) -> Vec<Spec> {
    let spec = |site: &SitePlan| Spec {
        name: site.name.to_string(),
        // The servers' own working folder is another one.
        folder: std::path::absolute(layout.postgres(&site.name))
            .unwrap_or_else(|_| layout.postgres(&site.name)),
        address: IpAddr::V4(site.address),
        port,
        password: password.to_owned(),
        extra: String::new(),
    };
    plan.iter().map(spec).collect()
}

fn unusable(layout: &Layout, source: std::io::Error) -> AppError {
    AppError::Folder { folder: layout.root().to_owned(), source }
}

/// 128 random bits.
fn fresh_password() -> std::io::Result<String> {
    let mut bytes = [0; 16];
    rustix::rand::getrandom(&mut bytes[..], rustix::rand::GetRandomFlags::empty())?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
