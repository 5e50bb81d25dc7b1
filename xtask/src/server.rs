//! A platform started for the console's tests: own folder, own ports, stopped and removed afterwards.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::Child;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

use crate::process::Cmd;
use crate::workspace::Workspace;

/// A cold start takes under two seconds; a loaded machine gets much more.
const READY_WITHIN: Duration = Duration::from_secs(60);
const STOP_WITHIN: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(100);
/// How much of the log a failure shows.
const TAIL_LINES: usize = 40;

/// A running `tongbao up`. Dropping it kills the process and removes its data, so that no early return leaves
/// anything behind; the log stays until the next run.
pub(crate) struct Server {
    child: Child,
    data: PathBuf,
    log: PathBuf,
    gateway: u16,
    console: u16,
}

impl Server {
    /// Starts the release binary on free ports with an empty data folder and waits until a leader serves.
    pub(crate) fn start(workspace: &Workspace) -> Result<Self> {
        let scratch = workspace.scratch();
        fs::create_dir_all(&scratch).with_context(|| format!("cannot create {}", scratch.display()))?;
        let data = scratch.join(format!("e2e-{}", std::process::id()));
        let log = scratch.join("e2e.log");
        let output = File::create(&log).with_context(|| format!("cannot create {}", log.display()))?;
        let [gateway, console] = free_ports()?;
        // Certificates and rules, so that there is something to see of who may do what.
        Cmd::new(workspace.release_binary("tongbao")).args(["certs", "init", "--data"]).arg(&data).read()?;
        let child = Cmd::new(workspace.release_binary("tongbao"))
            .arg("up")
            .arg("--data")
            .arg(&data)
            .args(["--port", &gateway.to_string(), "--console-port", &console.to_string()])
            .args(["--ledger-port", "0", "--ledger-tls-port", "0"])
            .spawn(output.try_clone()?.into(), output.into())?;
        let mut server = Self { child, data, log, gateway, console };
        server.wait_until_ready()?;
        Ok(server)
    }

    /// Where the console and the platform's API answer.
    pub(crate) fn console_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.console)
    }

    /// Where the gateway answers.
    pub(crate) fn gateway_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.gateway)
    }

    /// The last lines that the platform wrote.
    pub(crate) fn log_tail(&self) -> String {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
    }

    /// Stops it as Ctrl-C does. A platform that does not end, or ends with an error, is a
    /// failure: a clean end is part of what is tested.
    pub(crate) fn stop(mut self) -> Result<()> {
        self.signal(Signal::INT)?;
        let since = Instant::now();
        while since.elapsed() < STOP_WITHIN {
            if let Some(status) = self.child.try_wait()? {
                if !status.success() {
                    bail!("`tongbao up` ended with {status} after Ctrl-C:\n{}", self.log_tail());
                }
                return Ok(());
            }
            std::thread::sleep(POLL);
        }
        bail!("`tongbao up` did not end within {} s of Ctrl-C:\n{}", STOP_WITHIN.as_secs(), self.log_tail())
    }

    fn wait_until_ready(&mut self) -> Result<()> {
        let since = Instant::now();
        while since.elapsed() < READY_WITHIN {
            if let Some(status) = self.child.try_wait()? {
                bail!("`tongbao up` ended with {status}:\n{}", self.log_tail());
            }
            if get(self.console, "/v1/platform").is_ok_and(|answer| has_leader(&answer)) {
                return Ok(());
            }
            std::thread::sleep(POLL);
        }
        bail!("`tongbao up` had no leader after {} s:\n{}", READY_WITHIN.as_secs(), self.log_tail())
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        let pid = i32::try_from(self.child.id())
            .ok()
            .and_then(Pid::from_raw)
            .context("a process id out of range")?;
        kill_process(pid, signal).context("cannot signal `tongbao up`")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Nothing can be done about a failure here: the process may just have ended, or never made its folder.
        if matches!(self.child.try_wait(), Ok(None)) {
            // Its sites end with their supervisor.
            let _ = self.signal(Signal::KILL);
            let _ = self.child.wait();
        }
        let _ = fs::remove_dir_all(&self.data);
    }
}

/// Ports that were free a moment ago. Both are held until both are known, so that they differ.
fn free_ports() -> Result<[u16; 2]> {
    let bind = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port");
    let (first, second) = (bind()?, bind()?);
    Ok([first.local_addr()?.port(), second.local_addr()?.port()])
}

/// The whole answer to a GET, head included.
fn get(port: u16, path: &str) -> Result<String> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(1))?;
    stream.set_read_timeout(Some(Duration::from_secs(2)))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

/// Whether an answer of `GET /v1/platform` names a leader. It tolerates a chunked body: the object is in one piece.
fn has_leader(answer: &str) -> bool {
    let Some(body) = answer.strip_prefix("HTTP/1.1 200").and_then(|rest| rest.split_once("\r\n\r\n")) else {
        return false;
    };
    let (Some(start), Some(end)) = (body.1.find('{'), body.1.rfind('}')) else { return false };
    let platform: Option<serde_json::Value> =
        body.1.get(start..=end).and_then(|json| serde_json::from_str(json).ok());
    platform.is_some_and(|platform| platform["leader"].is_string())
}

#[cfg(test)]
mod tests {
    use super::has_leader;

    #[test]
    fn ready_means_that_a_leader_serves() {
        let answer = |status: &str, body: &str| {
            format!("HTTP/1.1 {status}\r\ncontent-type: application/json\r\n\r\n{body}")
        };
        assert!(has_leader(&answer("200 OK", r#"{"leader":"east-1","epoch":1}"#)));
        assert!(has_leader(&answer("200 OK", "1c\r\n{\"leader\":\"east-1\"}\r\n0\r\n\r\n")));
        assert!(!has_leader(&answer("200 OK", r#"{"leader":null}"#)));
        assert!(!has_leader(&answer("503 Service Unavailable", r#"{"leader":"east-1"}"#)));
        assert!(!has_leader(&answer("200 OK", "} {")));
        assert!(!has_leader(""));
    }
}
