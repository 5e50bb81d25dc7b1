//! A whole bank of its own: `tongbao up` on a temporary folder and free ports.

use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Error, Result, anyhow, ensure};
use client::{Client, ClientOptions};
use console_api::{Platform, Site, SiteName};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use serde::Deserialize;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::report::Report;
use crate::{clock, machine, scratch};

/// How long the bank may take to start.
const START_TIMEOUT: Duration = Duration::from_secs(60);
/// How long killed processes may take to be gone.
const GONE_TIMEOUT: Duration = Duration::from_secs(10);
const GONE_POLL: Duration = Duration::from_millis(10);
/// How much of the bank's own words is shown when it does not start.
const LOG_BYTES_MAX: usize = 2_000;

/// Where the supervisor's own words go.
const LOG: &str = "up.log";

/// The first line of `up --output json`, as far as it matters here.
#[derive(Clone, Debug, Deserialize)]
struct Ready {
    gateway: String,
    console: String,
    pid: u32,
}

/// A running bank. Dropping it kills all its processes and removes its folder.
#[derive(Debug)]
pub(crate) struct Bank {
    /// Speaks to the gateway.
    pub(crate) client: Client,
    console: Client,
    gateway: SocketAddr,
    /// The supervisor's process; the gateway and the console are in it, too.
    pub(crate) pid: u32,
    /// When its process was started.
    pub(crate) started: Instant,
    // Dropped in this order: all processes are gone before their folder is removed.
    _processes: Processes,
    supervisor: Child,
    /// Held open, so that whatever else the supervisor says does not fail.
    _output: Lines<BufReader<ChildStdout>>,
    folder: TempDir,
}

impl Bank {
    /// Starts a bank and waits until a site leads.
    pub(crate) async fn start(tongbao: &Path, parent: &Path) -> Result<Self> {
        let folder = scratch::folder(parent)?;
        let log = folder.path().join(LOG);
        let started = clock::now();
        let mut supervisor = command(tongbao, folder.path(), &log)?
            .spawn()
            .with_context(|| format!("`{}` cannot be started", tongbao.display()))?;
        let pid = supervisor.id().context("the bank ended at once")?;
        let processes = Processes { supervisor: pid };
        let output = supervisor.stdout.take().context("the bank has no standard output")?;
        let mut output = BufReader::new(output).lines();
        let first = tokio::time::timeout(START_TIMEOUT, output.next_line()).await;
        let first = first.map_err(|_| anyhow!("no site led within {} s", START_TIMEOUT.as_secs()))??;
        let line = first.with_context(|| format!("the bank did not start: {}", tail(&log)))?;
        let ready: Ready = serde_json::from_str(&line)
            .with_context(|| format!("`up` announced itself in words of its own: {line}"))?;
        ensure!(ready.pid == pid, "`up` announced process {} but is {pid}", ready.pid);
        let gateway = ready.gateway.strip_prefix("http://").unwrap_or(&ready.gateway).parse()?;
        let client = Client::new(&ready.gateway, ClientOptions::default())?;
        let console = Client::new(&ready.console, ClientOptions::default())?;
        Ok(Self {
            client,
            console,
            gateway,
            pid,
            started,
            _processes: processes,
            supervisor,
            _output: output,
            folder,
        })
    }

    /// Where the gateway listens.
    pub(crate) fn gateway(&self) -> SocketAddr {
        self.gateway
    }

    /// The journal's folder.
    pub(crate) fn journal(&self) -> PathBuf {
        data(self.folder.path()).join("journal").join("bank")
    }

    /// The sites and who leads.
    pub(crate) async fn platform(&self) -> Result<Platform> {
        Ok(self.console.platform().await?)
    }

    /// Adds to an error what became of the bank: whether it still runs, and its last words.
    pub(crate) fn post_mortem(&mut self, error: Error) -> Error {
        let state = match self.supervisor.try_wait() {
            Ok(Some(status)) => format!("the bank has ended ({status})"),
            _ => "the bank still ran".to_owned(),
        };
        let log = tail(&self.folder.path().join(LOG));
        let log = if log.is_empty() { "nothing".to_owned() } else { log };
        error.context(format!("{state}; it said: {log}"))
    }

    /// Keeps the folder as evidence if something was wrong, and says where it is.
    pub(crate) fn keep_if_unsound(&mut self, mut report: Report) -> Report {
        if !report.is_sound() {
            self.folder.disable_cleanup(true);
            report.note(format!("The bank's folder is kept: {}", self.folder.path().display()));
        }
        report
    }
}

/// A supervisor and its sites; killed when dropped.
#[derive(Debug)]
struct Processes {
    supervisor: u32,
}

impl Drop for Processes {
    fn drop(&mut self) {
        kill_all(self.supervisor);
    }
}

/// Kills a supervisor and its sites, and waits until they are gone. The supervisor first, or it would start the sites
/// again.
fn kill_all(supervisor: u32) {
    let sites = machine::children(supervisor);
    // Who is gone already need not be killed.
    let _ = pid_of(supervisor).map(|pid| kill_process(pid, Signal::KILL));
    for site in &sites {
        let _ = kill_group(*site);
    }
    let waited = clock::now();
    while sites.iter().chain([&supervisor]).any(|pid| machine::runs(*pid)) && waited.elapsed() < GONE_TIMEOUT
    {
        clock::wait(GONE_POLL);
    }
}

/// Kills every process of a site at once: what the loss of a data centre is on one machine.
pub(crate) fn kill_group(site: u32) -> Result<()> {
    let pid = pid_of(site).context("the process id is out of range")?;
    Ok(kill_process_group(pid, Signal::KILL)?)
}

fn pid_of(pid: u32) -> Option<Pid> {
    i32::try_from(pid).ok().and_then(Pid::from_raw)
}

/// A site by its name.
pub(crate) fn find<'a>(platform: &'a Platform, name: &SiteName) -> Option<&'a Site> {
    platform.sites.iter().find(|site| site.name == *name)
}

fn data(folder: &Path) -> PathBuf {
    folder.join("data")
}

#[expect(clippy::disallowed_methods, reason = "the bank's own words go into its folder")]
fn command(tongbao: &Path, folder: &Path, log: &Path) -> Result<Command> {
    let mut command = Command::new(tongbao);
    command
        .args(["--output", "json", "--data"])
        .arg(data(folder))
        .args(["up", "--port", "0", "--console-port", "0", "--ledger-port", "0"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(File::create(log)?)
        // Ctrl-C in the terminal is for this process, which then ends the bank.
        .process_group(0)
        .kill_on_drop(true);
    Ok(command)
}

#[expect(clippy::disallowed_methods, reason = "the bank's own words come from its folder")]
fn tail(log: &Path) -> String {
    let text = std::fs::read(log).unwrap_or_default();
    let last = text.len().saturating_sub(LOG_BYTES_MAX);
    String::from_utf8_lossy(&text[last..]).trim().to_owned()
}
