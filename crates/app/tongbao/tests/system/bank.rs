//! A bank in processes, and the tools to hurt it.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use crate::http::{Answer, Line};

const PROGRAM: &str = env!("CARGO_BIN_EXE_tongbao");

/// A data folder. When it goes, every process that works on it is killed first.
pub(crate) struct Folder {
    path: PathBuf,
    temporary: TempDir,
}

impl Drop for Folder {
    fn drop(&mut self) {
        self.processes().into_iter().for_each(|(pid, _)| signal(pid, Signal::KILL));
        until("every process has gone", || self.processes().is_empty());
    }
}

/// What a command printed and how it ended.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) ok: bool,
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

impl Folder {
    pub(crate) fn new() -> Self {
        let temporary = tempfile::tempdir().unwrap();
        Self { path: temporary.path().join("data"), temporary }
    }

    /// A folder that PostgreSQL's own user may pass through.
    pub(crate) fn open_to_all() -> Self {
        let folder = Self::new();
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(folder.temporary.path(), open).unwrap();
        folder
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Runs a command on this folder to its end.
    pub(crate) fn tongbao(&self, arguments: &[&str]) -> Said {
        self.tongbao_with(arguments, &[])
    }

    /// The same with variables in its environment.
    pub(crate) fn tongbao_with(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Said {
        let mut command = Command::new(PROGRAM);
        command.arg("--data").arg(&self.path).args(arguments).envs(environment.iter().copied());
        let output = command.stdin(Stdio::null()).output().unwrap();
        Said {
            ok: output.status.success(),
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The same, with a result for programs.
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let said = self.tongbao(&[arguments, &["--output", "json"]].concat());
        assert!(said.ok, "{arguments:?}: {said:?}");
        said.json()
    }

    /// The processes that work on this folder: their ids, and the site's name or nothing.
    pub(crate) fn processes(&self) -> Vec<(u32, Option<String>)> {
        let all =
            fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
        all.filter_map(|pid: u32| {
            let line = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
            let words: Vec<String> =
                line.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into()).collect();
            let runs = |name: &str| words.first().is_some_and(|program| program.ends_with(name));
            let ours = runs("/tongbao") && words.iter().any(|word| Path::new(word) == self.path)
                || runs("/postgres") && words.iter().any(|word| Path::new(word).starts_with(&self.path));
            let site = words.iter().position(|word| word == "--name").map(|at| words[at + 1].clone());
            ours.then_some((pid, site))
        })
        .collect()
    }

    pub(crate) fn segment(&self) -> PathBuf {
        self.path.join("journal/bank/00000000000000000001.seg")
    }

    /// A command that runs in the background.
    pub(crate) fn spawn(&self, arguments: &[&str]) -> Child {
        Command::new(PROGRAM)
            .arg("--data")
            .arg(&self.path)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }
}

/// A bank that is up.
pub(crate) struct Bank {
    pub(crate) gateway: String,
    pub(crate) console: String,
    /// The addresses for TigerBeetle's clients; empty if those are not served.
    pub(crate) ledger: String,
    pub(crate) leader: String,
    pub(crate) epoch: u64,
    child: Child,
}

impl Drop for Bank {
    fn drop(&mut self) {
        // The sites end with it, and those that cannot are the folder's to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Bank {
    /// Starts a bank on a folder and waits until it is ready.
    pub(crate) fn up(folder: &Folder) -> Self {
        Self::up_with(folder, &["--ledger-port", "0"])
    }

    /// The same with more options, the port for TigerBeetle's clients among them.
    pub(crate) fn up_with(folder: &Folder, options: &[&str]) -> Self {
        let usual = ["up", "--port", "0", "--console-port", "0", "--output", "json"];
        let mut child = folder.spawn(&[&usual[..], options].concat());
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap_or_else(|error| {
            let mut said = String::new();
            let _ = child.stderr.as_mut().unwrap().read_to_string(&mut said);
            panic!("{error}: {line}{said}");
        });
        // Nobody reads its words any more, and a full pipe must not stop it.
        let mut words = child.stderr.take().unwrap();
        std::thread::spawn(move || std::io::copy(&mut words, &mut std::io::sink()));
        let text = |name: &str| ready[name].as_str().unwrap().to_owned();
        Self {
            gateway: text("gateway"),
            console: text("console"),
            ledger: ready["ledger"].as_str().unwrap_or_default().to_owned(),
            leader: text("leader"),
            epoch: ready["epoch"].as_u64().unwrap(),
            child,
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        Line::open(&self.gateway).get(path)
    }

    pub(crate) fn post(&self, path: &str, body: &str) -> Answer {
        Line::open(&self.gateway).post(path, body)
    }

    /// Opens accounts without rules, in CZK.
    pub(crate) fn open_accounts(&self, ids: &[u32]) {
        for id in ids {
            let answer = self.post("/v1/accounts", &format!(r#"{{"id":"{id}","currency":"CZK","code":1}}"#));
            assert_eq!(answer.status, 201, "{answer:?}");
        }
    }

    pub(crate) fn pay(&self, payment: &str) -> Answer {
        self.post("/v1/payments", payment)
    }

    pub(crate) fn balance(&self, account: u32) -> String {
        let answer = self.get(&format!("/v1/accounts/{account}/balance"));
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["balance"].as_str().unwrap().to_owned()
    }

    pub(crate) fn platform(&self) -> Value {
        Line::open(&self.console).get("/v1/platform").json()
    }

    /// The row of a site in the platform.
    pub(crate) fn site(&self, name: &str) -> Value {
        let sites = self.platform()["sites"].as_array().unwrap().clone();
        sites.into_iter().find(|site| site["name"] == name).unwrap()
    }

    /// The process of a site that is up.
    pub(crate) fn site_pid(&self, name: &str) -> u32 {
        u32::try_from(self.site(name)["pid"].as_u64().unwrap()).unwrap()
    }

    /// Waits until every site is up and has the leader's last batch.
    pub(crate) fn until_whole(&self) {
        until("every site is up and has caught up", || {
            let platform = self.platform();
            let whole = |site: &Value| {
                let leads = site["name"] == platform["leader"];
                site["role"] == if leads { "leader" } else { "follower" } && site["seq"] == platform["seq"]
            };
            platform["leader"].is_string() && platform["sites"].as_array().unwrap().iter().all(whole)
        });
    }

    pub(crate) fn interrupt(&self) {
        signal(self.pid(), Signal::INT);
    }

    /// Ends it as Ctrl-C does.
    pub(crate) fn down(mut self) -> ExitStatus {
        self.interrupt();
        self.child.wait().unwrap()
    }
}

pub(crate) fn payment(id: u64, amount: &str) -> String {
    format!(
        r#"{{"id":"{id}","debit_account":"1","credit_account":"2","amount":"{amount}","currency":"CZK","code":1}}"#
    )
}

pub(crate) fn signal(pid: u32, signal: Signal) {
    // A process that has gone needs no signal.
    let _ = kill_process(Pid::from_raw(i32::try_from(pid).unwrap()).unwrap(), signal);
}

/// Patience is for slow machines only; it decides nothing.
pub(crate) fn until(what: &str, mut reached: impl FnMut() -> bool) {
    for _ in 0..2_400 {
        if reached() {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("never reached: {what}");
}
