//! A primary and its standbys, for one test.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::sync::atomic::{AtomicU16, Ordering};

use journal_pg::{PgStore, Settings};
use pg_local::{Installation, LocalError, Server, Spec};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::gauss::face::{self, Seen};

pub(crate) const SHARD: &str = "bank";

/// PostgreSQL, or a word on why this test does nothing.
pub(crate) fn installation() -> Option<Installation> {
    match Installation::find(&std::env::var("PATH").unwrap_or_default()) {
        Ok(installation) => Some(installation),
        Err(LocalError::NotInstalled { .. }) if std::env::var("CI").as_deref() != Ok("true") => {
            println!("SKIPPED: PostgreSQL is not installed (apt-get install postgresql)");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

/// What the servers are, or seem to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    PostgreSql,
    /// PostgreSQL behind the [face](crate::gauss) of openGauss.
    OpenGauss,
}

/// Tests of both engines: a function of an engine becomes a test in each of two modules.
macro_rules! on_both {
    ($($test:ident),+ $(,)?) => {
        mod postgresql {
            $(#[test] fn $test() { super::$test(crate::cluster::Engine::PostgreSql); })+
        }
        mod opengauss {
            $(#[test] fn $test() { super::$test(crate::cluster::Engine::OpenGauss); })+
        }
    };
}
pub(crate) use on_both;

pub(crate) struct Cluster {
    pub(crate) servers: Vec<Server>,
    /// What was sent through the faces of openGauss.
    pub(crate) seen: Seen,
    /// Where the faces listen, in the servers' order; none on PostgreSQL.
    faces: Vec<SocketAddr>,
    runtime: Runtime,
    folder: TempDir,
}

impl Drop for Cluster {
    /// Every test behind the face is a test of the grammar, too.
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(self.seen.refused(), std::collections::BTreeMap::new(), "openGauss understands all");
        }
    }
}

impl Cluster {
    /// A primary, and as many standbys as `standbys`, of which every commit waits for one. `None` without PostgreSQL.
    pub(crate) fn start(standbys: usize) -> Option<Self> {
        Self::start_as(Engine::PostgreSql, standbys)
    }

    pub(crate) fn start_as(engine: Engine, standbys: usize) -> Option<Self> {
        let installation = installation()?;
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        let folder = tempfile::Builder::new().prefix("journal-pg").permissions(open).tempdir().unwrap();
        let servers = (0..=standbys).map(|index| server(&installation, folder.path(), index)).collect();
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let (seen, faces) = (Seen::default(), Vec::new());
        let mut cluster = Self { servers, seen, faces, runtime, folder };
        cluster.servers[0].init().unwrap();
        cluster.servers[0].lead(&names(standbys)).unwrap();
        cluster.servers[0].start().unwrap();
        for standby in 1..=standbys {
            cluster.follow(standby, 0);
        }
        if engine == Engine::OpenGauss {
            cluster.sql(0, include_str!("gauss/mock.sql"));
            let addresses = cluster.servers.iter().map(|server| server.address().parse().unwrap());
            cluster.faces = addresses.map(|address| face::before(address, &cluster.seen)).collect();
        }
        Some(cluster)
    }

    /// Makes a server a fresh standby of another one.
    pub(crate) fn follow(&mut self, standby: usize, primary: usize) {
        self.servers[standby].clone_from(self.servers[primary].spec()).unwrap();
        self.servers[standby].start().unwrap();
        self.until(primary, "a standby streams", &format!(
            "SELECT count(*) FROM pg_stat_replication WHERE application_name = 's{standby}' AND state = 'streaming'"
        ), "1");
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The URL of all servers, in order.
    pub(crate) fn url(&self) -> String {
        let passfile = self.servers[0].spec().password_file();
        if self.faces.is_empty() {
            return Server::url(self.servers.iter().map(Server::spec), &passfile);
        }
        let faces: Vec<String> = self.faces.iter().map(ToString::to_string).collect();
        format!("postgres://tongbao@{}/postgres?passfile={}", faces.join(","), passfile.display())
    }

    pub(crate) fn settings(&self) -> Settings {
        self.url().parse().unwrap()
    }

    pub(crate) fn store(&self) -> PgStore {
        PgStore::new(self.settings(), SHARD).unwrap()
    }

    /// Runs a statement as the administrator: the first value it gives.
    pub(crate) fn sql(&self, server: usize, statement: &str) -> Option<String> {
        self.runtime.block_on(self.servers[server].ask(statement)).unwrap()
    }

    /// Asks again until the answer is `wanted`.
    pub(crate) fn until(&self, server: usize, what: &str, statement: &str, wanted: &str) {
        for _ in 0..3_000 {
            let answer = self.runtime.block_on(self.servers[server].ask(statement));
            if answer.ok().flatten().as_deref() == Some(wanted) {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        panic!("never: {what}");
    }

    pub(crate) fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    /// A session that stays open, for a lock.
    pub(crate) fn session(&self, server: usize) -> tokio_postgres::Client {
        self.runtime.block_on(self.servers[server].spec().connect()).unwrap()
    }
}

fn names(standbys: usize) -> String {
    let all: Vec<String> = (1..=standbys).map(|index| format!("s{index}")).collect();
    if all.is_empty() { String::new() } else { format!("ANY 1 ({})", all.join(", ")) }
}

/// A port that is this test's until its server listens: below those that the system gives to outgoing connections and to
/// listeners without a wish, of which the other tests have many. Each test is a process, and they count from different places.
fn free_port(address: IpAddr) -> u16 {
    static TAKEN: AtomicU16 = AtomicU16::new(0);
    let first = 12_000 + u16::try_from(std::process::id() % 2_000).unwrap() * 8;
    std::iter::repeat_with(|| first + TAKEN.fetch_add(1, Ordering::Relaxed))
        .find(|port| TcpListener::bind((address, *port)).is_ok())
        .unwrap()
}

fn server(installation: &Installation, folder: &Path, index: usize) -> Server {
    let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let port = free_port(address);
    let name = format!("s{index}");
    Server::new(
        installation,
        Spec {
            folder: folder.join(&name),
            name,
            address,
            port,
            password: "correct-horse-battery".to_owned(),
            // Tests are short, and their disk is shared.
            extra: "shared_buffers = 32MB\nmin_wal_size = 32MB\nmax_wal_size = 256MB\n".to_owned(),
        },
    )
}
