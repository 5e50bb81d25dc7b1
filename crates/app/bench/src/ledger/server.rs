//! The two parties: one replica each, in a folder and on a port of its own.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use tempfile::TempDir;
use tokio::process::{Child, Command};
use vsr::{Client, ClientOptions, Release};

use crate::{clock, machine, scratch};

/// How long a replica may take until it answers.
const START_TIMEOUT: Duration = Duration::from_secs(60);
/// Between two attempts to open a session.
const ATTEMPT: Duration = Duration::from_millis(200);

/// Whose replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Party<'a> {
    /// One site of a bank, by its binary.
    Tongbao(&'a Path),
    /// One replica of TigerBeetle, by its binary.
    TigerBeetle(&'a Path),
}

/// How many clients a replica expects at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Room {
    /// As it starts by default: TigerBeetle takes 32 connections.
    Usual,
    /// As many as it can serve: TigerBeetle 64.
    Widest,
}

/// A running replica. Dropping it kills it and removes its folder.
pub(crate) struct Server {
    child: Child,
    address: SocketAddr,
    /// What its clients speak as; without it, the newest.
    release: Option<Release>,
    _folder: TempDir,
}

impl Server {
    /// Starts a replica and waits until it opens a session for a client of `release`.
    pub(crate) async fn start(
        party: Party<'_>,
        release: Option<Release>,
        room: Room,
        parent: &Path,
    ) -> Result<Self> {
        let folder = scratch::folder(parent)?;
        let address = free_address()?;
        let mut command = match party {
            Party::Tongbao(binary) => site(binary, folder.path(), address),
            Party::TigerBeetle(binary) => replica(binary, folder.path(), address, room).await?,
        };
        let log = folder.path().join("log");
        let child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(create(&log)?)
            .kill_on_drop(true)
            .spawn()
            .context("the replica cannot be started")?;
        let server = Self { child, address, release, _folder: folder };
        let begun = clock::now();
        loop {
            let mut options = server.options(u128::MAX - 1);
            options.patience = ATTEMPT;
            match Client::open(options).await {
                Ok(_) => return Ok(server),
                Err(error) if begun.elapsed() > START_TIMEOUT => {
                    bail!("the replica did not open a session: {error}; it said: {}", tail(&log))
                }
                Err(_) => tokio::time::sleep(ATTEMPT).await,
            }
        }
    }

    fn options(&self, id: u128) -> ClientOptions {
        let mut options = ClientOptions::new(vec![self.address], 0, id);
        options.release = self.release.unwrap_or(options.release);
        options
    }

    /// Opens a session. Every session of a replica has an id of its own.
    pub(crate) async fn session(&self, id: u128) -> Result<Client> {
        Ok(Client::open(self.options(id)).await?)
    }

    /// The most memory it has held so far, in megabytes.
    #[expect(clippy::cast_precision_loss, reason = "megabytes are told to a few digits")]
    pub(crate) fn rss_mb(&self) -> Option<f64> {
        machine::peak_memory(self.child.id()?).map(|bytes| bytes as f64 / 1e6)
    }
}

/// The release that TigerBeetle's binary says it is.
pub(crate) async fn release(binary: &Path) -> Result<Release> {
    let asked = Command::new(binary).arg("version").output().await;
    let asked = asked.with_context(|| format!("`{}` cannot be started", binary.display()))?;
    let said = String::from_utf8_lossy(&asked.stdout);
    said_release(&said).with_context(|| format!("`{} version` said `{}`", binary.display(), said.trim()))
}

/// Reads `TigerBeetle version 0.16.78+0000000`.
fn said_release(said: &str) -> Option<Release> {
    let version = said.lines().next()?.split_whitespace().last()?;
    version.split('+').next()?.parse().ok()
}

fn site(binary: &Path, folder: &Path, address: SocketAddr) -> Command {
    let mut command = Command::new(binary);
    command.arg("--data").arg(folder).args(["site", "--name", "east-1", "--rank", "0"]);
    command.args(["--address", &address.ip().to_string(), "--ledger-port", &address.port().to_string()]);
    command
}

async fn replica(binary: &Path, folder: &Path, address: SocketAddr, room: Room) -> Result<Command> {
    let file = folder.join("0_0.tigerbeetle");
    let formatted = Command::new(binary)
        .args(["format", "--cluster=0", "--replica=0", "--replica-count=1"])
        .arg(&file)
        .output()
        .await
        .with_context(|| format!("`{}` cannot be started", binary.display()))?;
    let said = String::from_utf8_lossy(&formatted.stderr);
    ensure!(formatted.status.success(), "`tigerbeetle format` failed: {}", said.trim());
    let mut command = Command::new(binary);
    command.arg("start").arg(format!("--addresses={address}"));
    if room == Room::Widest {
        command.args(["--experimental", "--limit-pipeline-requests=56"]);
    }
    command.arg(&file);
    Ok(command)
}

/// An address that nobody listens on now.
fn free_address() -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no port is free")?;
    Ok(listener.local_addr()?)
}

#[expect(clippy::disallowed_methods, reason = "the replica's own words go into its folder")]
fn create(path: &Path) -> Result<File> {
    Ok(File::create(path)?)
}

#[expect(clippy::disallowed_methods, reason = "the replica's own words come from its folder")]
fn tail(path: &Path) -> String {
    let text = std::fs::read(path).unwrap_or_default();
    String::from_utf8_lossy(&text[text.len().saturating_sub(2_000)..]).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_binary_says_its_release() {
        let release = |minor, patch| Some(Release::new(0, minor, patch));
        assert_eq!(said_release("TigerBeetle version 0.16.78+0000000\n"), release(16, 78));
        assert_eq!(said_release("TigerBeetle version 0.17.9\nbuild.mode=.ReleaseSafe\n"), release(17, 9));
        assert_eq!((said_release(""), said_release("tongbao 1\n")), (None, None));
    }
}
