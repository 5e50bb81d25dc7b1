//! One data directory and its process.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tokio_postgres::{Client, Config, NoTls, SimpleQueryMessage};

use crate::error::LocalError;
use crate::installation::Installation;
use crate::process::{
    append_to, children, command, give, kill_all, own_folder, read, run, signal, tail, write_private,
};
use crate::tuning::SETTINGS;

/// How long a server may take until it serves, or until it has ended.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a server that was left behind may take to end in order.
const ORPHAN_PATIENCE: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(20);
/// The administrator's name and the database's.
const USER: &str = "tongbao";
/// The file that holds the password alone, and the one that PostgreSQL's own programs read.
const PASSWORD: &str = "password";
const PASSFILE: &str = "passfile";
const PASSFILE_USER: &str = "*:*:*:tongbao:";

/// What a server is.
#[derive(Clone, Debug)]
pub struct Spec {
    /// Its name among the others: the `application_name` of its replication.
    pub name: String,
    /// The folder of its data, which is created; log and configuration lie beside it.
    pub folder: PathBuf,
    /// Where it listens.
    pub address: IpAddr,
    /// The port; every server may have the same, on an address of its own.
    pub port: u16,
    /// The administrator's password, for replication, too.
    pub password: String,
    /// Settings besides [`SETTINGS`], one a line.
    pub extra: String,
}

impl Spec {
    /// Where it listens, for people and URLs.
    pub fn host_and_port(&self) -> String {
        format!("{}:{}", self.address, self.port)
    }

    /// The file that holds the password alone.
    pub fn password_file(&self) -> PathBuf {
        self.folder.join(PASSWORD)
    }

    /// The administrator's password, as a server in `folder` or its copy of another one's data left it there.
    pub fn kept_password(folder: &Path) -> Option<String> {
        let alone = read(&folder.join(PASSWORD));
        let line = || read(&folder.join(PASSFILE))?.trim_end().strip_prefix(PASSFILE_USER).map(str::to_owned);
        alone.or_else(line).filter(|password| !password.is_empty())
    }

    /// A session with the server, for its administrator.
    pub async fn connect(&self) -> Result<Client, tokio_postgres::Error> {
        let (client, connection) = Config::new()
            .host(self.address.to_string())
            .port(self.port)
            .user(USER)
            .dbname("postgres")
            .password(&self.password)
            .connect_timeout(Duration::from_secs(2))
            .connect(NoTls)
            .await?;
        tokio::spawn(connection);
        Ok(client)
    }

    /// The first column of the first row that a statement gives the administrator.
    pub async fn ask(&self, statement: &str) -> Result<Option<String>, tokio_postgres::Error> {
        let messages = self.connect().await?.simple_query(statement).await?;
        Ok(messages.iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
            _ => None,
        }))
    }

    /// How far a standby has received and flushed its primary's log.
    pub async fn received(&self) -> Option<Wal> {
        let ask =
            "SELECT pg_wal_lsn_diff(greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()), '0/0')";
        self.ask(ask).await.ok().flatten()?.parse().ok().map(Wal)
    }
}

/// A place in the log, in bytes since its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wal(pub u64);

/// A server. Its process is killed when it is dropped.
#[derive(Debug)]
pub struct Server {
    installation: Installation,
    spec: Spec,
    process: Option<Child>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Server {
    /// A server that does nothing yet.
    pub fn new(installation: &Installation, spec: Spec) -> Self {
        Self { installation: installation.clone(), spec, process: None }
    }

    /// What it is.
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// The process, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.process.as_ref().map(Child::id)
    }

    /// Host and port.
    pub fn address(&self) -> String {
        self.spec.host_and_port()
    }

    fn data(&self) -> PathBuf {
        self.spec.folder.join("data")
    }

    /// The server's log.
    pub fn log(&self) -> PathBuf {
        self.spec.folder.join("log")
    }

    /// Whether it has data.
    pub fn exists(&self) -> bool {
        self.data().join("PG_VERSION").exists()
    }

    /// Makes an empty database `tongbao`, owned by the administrator of that name.
    pub fn init(&self) -> Result<(), LocalError> {
        own_folder(&self.installation, &self.spec.folder)?;
        let password = self.spec.password_file();
        write_private(&self.installation, &password, &self.spec.password)?;
        let mut initdb = command(&self.installation, "initdb");
        initdb.arg("--pgdata").arg(self.data()).arg("--pwfile").arg(&password);
        initdb.args(["--username", USER, "--auth", "scram-sha-256", "--encoding", "UTF8", "--no-locale"]);
        initdb.args(["--data-checksums", "--no-instructions"]);
        run(initdb)?;
        let rules =
            "host all all 127.0.0.0/8 scram-sha-256\nhost replication all 127.0.0.0/8 scram-sha-256\n";
        write_private(&self.installation, &self.data().join("pg_hba.conf"), rules)
    }

    /// Replaces whatever this server has by a copy of `primary`, which must run, to follow it.
    pub fn clone_from(&self, primary: &Spec) -> Result<(), LocalError> {
        let data = self.data();
        if data.exists() {
            std::fs::remove_dir_all(&data).map_err(LocalError::io("remove", &data))?;
        }
        own_folder(&self.installation, &self.spec.folder)?;
        self.write_passfile()?;
        let mut backup = command(&self.installation, "pg_basebackup");
        backup.arg("--pgdata").arg(&data).args([
            "--wal-method",
            "stream",
            "--checkpoint",
            "fast",
            "--no-password",
        ]);
        backup.args(["--host", &primary.address.to_string(), "--port", &primary.port.to_string()]);
        backup.args(["--username", USER]).env("PGPASSFILE", self.passfile());
        run(backup)?;
        self.follow(primary)
    }

    fn passfile(&self) -> PathBuf {
        self.spec.folder.join(PASSFILE)
    }

    fn write_passfile(&self) -> Result<(), LocalError> {
        // Any server's folder may be the one that is left. Not written again: sites may be reading it.
        let password = self.spec.password_file();
        if read(&password).as_deref() != Some(&self.spec.password) {
            write_private(&self.installation, &password, &self.spec.password)?;
        }
        let line = format!("{PASSFILE_USER}{}\n", self.spec.password);
        write_private(&self.installation, &self.passfile(), &line)
    }

    /// Follows `primary` from its next start on, or at once with [`Server::reload`].
    pub fn follow(&self, primary: &Spec) -> Result<(), LocalError> {
        self.write_passfile()?;
        let source = format!(
            "primary_conninfo = 'host={} port={} user={USER} application_name={} passfile=''{}'' connect_timeout=2'\n",
            primary.address,
            primary.port,
            self.spec.name,
            self.passfile().display()
        );
        self.configure("", &source)?;
        write_private(&self.installation, &self.data().join("standby.signal"), "")
    }

    /// Leads from its next start on, or at once with [`Server::reload`]: waits for `synchronous_standby_names` at every commit.
    pub fn lead(&self, synchronous_standby_names: &str) -> Result<(), LocalError> {
        self.configure(synchronous_standby_names, "")
    }

    fn configure(&self, names: &str, more: &str) -> Result<(), LocalError> {
        let Spec { name, address, port, extra, .. } = &self.spec;
        let text = format!(
            "# Written by `tongbao`; changes are overwritten.\n{SETTINGS}cluster_name = '{name}'\n\
             listen_addresses = '{address}'\nport = {port}\nsynchronous_standby_names = '{names}'\n{more}{extra}"
        );
        write_private(&self.installation, &self.data().join("postgresql.conf"), &text)?;
        // What `ALTER SYSTEM` or a copy left there would win.
        write_private(&self.installation, &self.data().join("postgresql.auto.conf"), "")
    }

    /// Whether it is set to follow another one.
    pub fn is_standby(&self) -> bool {
        self.data().join("standby.signal").exists()
    }

    /// Ends a process on this data that an earlier supervisor left behind when it was killed: in order, so that the log is
    /// written out and the standbys get the rest of it; one that does not end is killed.
    pub fn end_orphan(&self) {
        let Some(pid) = self.orphan() else { return };
        signal(pid, Signal::INT);
        let deadline = now() + ORPHAN_PATIENCE;
        while self.orphan() == Some(pid) {
            if now() > deadline {
                kill_all(pid);
            }
            pause();
        }
    }

    /// A process that works on this data and is not ours.
    fn orphan(&self) -> Option<u32> {
        let file = read(&self.data().join("postmaster.pid"))?;
        let pid = file.lines().next()?.parse().ok().filter(|pid| Some(*pid) != self.pid())?;
        let command = read(Path::new(&format!("/proc/{pid}/cmdline"))).unwrap_or_default();
        command.split('\0').any(|word| Path::new(word) == self.data()).then_some(pid)
    }

    /// Starts the process.
    pub fn spawn(&mut self) -> Result<(), LocalError> {
        self.end_orphan();
        let log = append_to(&self.log())?;
        give(&self.installation, &self.log())?;
        let errors = log.try_clone().map_err(LocalError::io("open", &self.log()))?;
        let mut postgres = command(&self.installation, "postgres");
        postgres.arg("-D").arg(self.data()).stdout(Stdio::from(log)).stderr(Stdio::from(errors));
        // Ctrl-C in the terminal is for the supervisor.
        std::os::unix::process::CommandExt::process_group(&mut postgres, 0);
        let program = self.installation.program("postgres");
        self.process = Some(postgres.spawn().map_err(LocalError::io("start", &program))?);
        Ok(())
    }

    /// Starts the process and waits until it serves.
    pub fn start(&mut self) -> Result<(), LocalError> {
        self.spawn()?;
        self.wait_until_serving(PATIENCE)
    }

    /// Waits until it takes sessions.
    pub fn wait_until_serving(&mut self, patience: Duration) -> Result<(), LocalError> {
        let deadline = now() + patience;
        loop {
            if self.is_serving() {
                return Ok(());
            }
            if !self.is_running() || now() > deadline {
                let said = tail(&read(&self.log()).unwrap_or_default());
                return Err(LocalError::NotServing { address: self.address(), said });
            }
            pause();
        }
    }

    fn is_serving(&self) -> bool {
        let mut ready = command(&self.installation, "pg_isready");
        ready.args(["--host", &self.spec.address.to_string(), "--port", &self.spec.port.to_string()]);
        ready.args(["--timeout", "1"]).stdout(Stdio::null()).stderr(Stdio::null());
        ready.status().is_ok_and(|status| status.success())
    }

    /// Whether the process runs.
    pub fn is_running(&mut self) -> bool {
        match &mut self.process {
            Some(process) => match process.try_wait() {
                Ok(None) => true,
                Ok(Some(_)) | Err(_) => {
                    self.process = None;
                    false
                }
            },
            None => false,
        }
    }

    /// Reads the configuration again.
    pub fn reload(&self) {
        if let Some(pid) = self.pid() {
            signal(pid, Signal::HUP);
        }
    }

    /// Ends in an orderly way: sessions are closed, the log is written out.
    pub fn stop(&mut self) {
        if let Some(pid) = self.pid() {
            signal(pid, Signal::INT);
        }
        let deadline = now() + PATIENCE;
        while self.is_running() && now() < deadline {
            pause();
        }
        self.kill();
    }

    /// Kills every process of the server at once, as the loss of its machine would.
    pub fn kill(&mut self) {
        let Some(mut process) = self.process.take() else { return };
        kill_all(process.id());
        let _ = process.wait();
    }

    /// Pauses every process of the server (`SIGSTOP`).
    pub fn pause(&self) {
        self.signal_all(Signal::STOP);
    }

    /// Lets a paused server go on.
    pub fn resume(&self) {
        self.signal_all(Signal::CONT);
    }

    fn signal_all(&self, which: Signal) {
        if let Some(pid) = self.pid() {
            signal(pid, which);
            children(pid).into_iter().for_each(|child| signal(child, which));
        }
    }

    /// Makes a standby a primary that waits for `synchronous_standby_names`, and waits until it is one.
    pub fn promote(&self, synchronous_standby_names: &str) -> Result<(), LocalError> {
        // Set before it can be written to, so that not one commit goes without a standby.
        self.lead(synchronous_standby_names)?;
        self.reload();
        let mut promote = command(&self.installation, "pg_ctl");
        promote.arg("promote").arg("--pgdata").arg(self.data()).args(["--wait", "--timeout", "30"]);
        promote.stdout(Stdio::null());
        run(promote)
    }

    /// The first column of the first row that a statement gives the administrator.
    pub async fn ask(&self, statement: &str) -> Result<Option<String>, tokio_postgres::Error> {
        self.spec.ask(statement).await
    }

    /// The journal's URL of several servers, whose administrators share a password.
    pub fn url<'a>(servers: impl IntoIterator<Item = &'a Spec>, passfile: &Path) -> String {
        let hosts: Vec<String> = servers.into_iter().map(Spec::host_and_port).collect();
        format!("postgres://{USER}@{}/postgres?passfile={}", hosts.join(","), passfile.display())
    }
}

#[expect(clippy::disallowed_methods, reason = "patience is measured with the monotonic clock")]
fn now() -> Instant {
    Instant::now()
}

#[expect(clippy::disallowed_methods, reason = "a process of another program is waited for by asking again")]
fn pause() {
    std::thread::sleep(POLL);
}
