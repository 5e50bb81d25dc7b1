//! The binary, and a replica of it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

/// The variable that names the binary.
const VARIABLE: &str = "TONGBAO_TIGERBEETLE";

/// TigerBeetle's binary. Nothing if nobody says where it is, which is said aloud, and is a failure where a missing tool
/// is one.
#[expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "it asks the environment, and speaks aloud"
)]
pub(crate) fn binary() -> Option<PathBuf> {
    let binary = std::env::var_os(VARIABLE).map(PathBuf::from);
    if binary.is_none() {
        let words = format!("{VARIABLE} does not name TigerBeetle: `cargo xtask tigerbeetle` builds it");
        assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "{words}");
        println!("SKIPPED: {words}");
    }
    binary
}

/// Runs the binary to its end; what it wrote to either side is in either result.
pub(crate) async fn run(binary: &Path, arguments: &[&str]) -> Result<(String, String), String> {
    let output = Command::new(binary).args(arguments).stdin(Stdio::null()).kill_on_drop(true).output().await;
    let output = output.map_err(|error| error.to_string())?;
    let (said, logged) = (text(&output.stdout), text(&output.stderr));
    if output.status.success() {
        Ok((said, logged))
    } else {
        Err(format!("{}\n{arguments:?}\n{said}\n{logged}", output.status))
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A cluster of one replica. It ends when it is dropped, and its file goes with it.
pub(crate) struct Replica {
    pub(crate) address: SocketAddr,
    log: PathBuf,
    _child: Child,
    _folder: TempDir,
}

impl Replica {
    /// Makes one that needs little memory, and waits until it listens.
    #[expect(clippy::disallowed_methods, reason = "the replica's own words go into its folder")]
    pub(crate) async fn start(binary: &Path) -> Self {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let file = folder.path().join("0_0.tigerbeetle");
        let file = file.to_str().unwrap();
        let format = ["format", "--cluster=0", "--replica=0", "--replica-count=1", "--development", file];
        run(binary, &format).await.unwrap_or_else(|words| panic!("{words}"));
        let log = folder.path().join("log");
        let mut child = Command::new(binary)
            .args(["start", "--development", "--experimental", "--limit-request=128KiB"])
            .args(["--addresses=0", file])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(&log).unwrap())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        // With port 0 it says which one it took, once it listens.
        let mut port = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut port).await.unwrap();
        let port: Option<u16> = port.trim().parse().ok();
        let mut replica = Self { address: ([127, 0, 0, 1], 0).into(), log, _child: child, _folder: folder };
        let port = port.unwrap_or_else(|| panic!("the replica did not start:\n{}", replica.last_words()));
        replica.address.set_port(port);
        replica
    }

    /// The end of what it logged.
    #[expect(clippy::disallowed_methods, reason = "the replica's own words come from its folder")]
    pub(crate) fn last_words(&self) -> String {
        let log = std::fs::read(&self.log).unwrap_or_default();
        text(&log[log.len().saturating_sub(3_000)..])
    }
}
