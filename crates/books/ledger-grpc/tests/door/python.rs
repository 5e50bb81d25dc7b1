//! Another implementation of gRPC as the client: that of its authors, for Python.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use ledger_grpc::Limits;
use tokio::process::Command;

use super::bank::Bank;

/// Reflection, health, the messages of Google's API errors, and the generator of code, in one version.
const RELEASE: &str = "1.85.1";
const PACKAGES: [&str; 5] =
    ["grpcio", "grpcio-reflection", "grpcio-health-checking", "grpcio-status", "grpcio-tools"];

/// A Python with gRPC, made on first use and kept beside the test's program. Nothing if there is no Python or no package
/// index, which is said aloud, and is a failure where a missing tool is one.
#[expect(clippy::print_stdout, reason = "it speaks aloud")]
async fn python() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("grpcio-{RELEASE}"));
    // Each test may be a process of its own.
    let one_at_a_time = std::fs::File::create(folder.with_extension("lock")).unwrap();
    one_at_a_time.lock().unwrap();
    let python = folder.join("bin/python");
    let check = "import grpc, grpc_reflection, grpc_health, grpc_status, grpc_tools";
    if run(Command::new(&python).args(["-c", check])).await.is_ok() {
        return Some(python);
    }
    let made = async {
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder)).await?;
        let packages = PACKAGES.map(|name| format!("{name}=={RELEASE}"));
        run(Command::new(&python).args(["-m", "pip", "install", "--quiet"]).args(packages)).await
    };
    match made.await {
        Ok(_) => Some(python),
        Err(reason) => {
            let words = format!("gRPC for Python {RELEASE} cannot be installed here: {reason}");
            assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "{words}");
            println!("SKIPPED: {words}");
            None
        }
    }
}

/// Runs a program to its end; what it wrote is in either result.
async fn run(command: &mut Command) -> Result<String, String> {
    let output = command.stdin(Stdio::null()).output().await.map_err(|error| error.to_string())?;
    let words = [output.stdout, output.stderr].concat();
    let words = String::from_utf8_lossy(&words).into_owned();
    if output.status.success() { Ok(words) } else { Err(words) }
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python").join(name)
}

async fn all_is_well(bank: &Bank) {
    let Some(python) = python().await else { return };
    let ran = run(Command::new(python).arg(script("operations.py")).arg(bank.address.to_string())).await;
    let words = ran.unwrap_or_else(|words| panic!("{words}"));
    assert!(words.contains("every operation is as it should be"), "{words}");
}

#[tokio::test(flavor = "multi_thread")]
async fn pythons_client_finds_everything_as_it_is_described() {
    all_is_well(&Bank::with(2, Limits::default()).await).await;
}

/// The blocks of code of one language on a page.
fn blocks<'a>(page: &'a str, language: &str) -> Vec<&'a str> {
    let begin = format!("```{language}\n");
    page.split(&begin).skip(1).map(|rest| rest.split("\n```").next().unwrap()).collect()
}

/// The page is followed from its top to its end. Where there is no `grpcurl`, a program of ours that knows as little
/// beforehand does what it would do.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_guide_says_works() {
    let Some(python) = python().await else { return };
    let bank = Bank::open().await;
    let page = include_str!("../../../../../docs/guide/grpc.md");
    let here = bank.address.to_string();
    let has_grpcurl = run(Command::new("grpcurl").arg("-version")).await.is_ok();
    let commands = blocks(page, "sh");
    assert!(commands.len() >= 3, "{commands:?}");
    let mut said = String::new();
    for block in commands.iter().filter(|block| block.starts_with("grpcurl")) {
        let block = block.replace("127.0.0.1:8080", &here);
        let stand_in = format!("{} {}", python.display(), script("grpcurl.py").display());
        let line = if has_grpcurl { block } else { block.replace("grpcurl", &stand_in) };
        said += &run(Command::new("sh").args(["-e", "-c", &line]))
            .await
            .unwrap_or_else(|words| panic!("{line}: {words}"));
    }
    for expected in ["tongbao.ledger.v1.Ledger", "SERVING", "12.50", "\"created\": 1"] {
        assert!(said.contains(expected), "{expected} in {said}");
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("ledger.proto"), ledger_grpc::PROTO).unwrap();
    let made = Command::new(&python)
        .args(["-m", "grpc_tools.protoc", "-I.", "--python_out=.", "--grpc_python_out=.", "ledger.proto"])
        .current_dir(folder.path())
        .output();
    assert!(made.await.unwrap().status.success());
    let programs = blocks(page, "python");
    assert!(!programs.is_empty());
    for program in programs {
        let program = program.replace("127.0.0.1:8080", &here);
        let ran = run(Command::new(&python).args(["-c", &program]).current_dir(folder.path())).await;
        said += &ran.unwrap_or_else(|words| panic!("{program}: {words}"));
    }
    assert!(said.contains("100.50 CZK"), "{said}");
}
