//! `fuzz`: libFuzzer at every door, one after the other.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::process::Cmd;
use crate::tools::ensure_cargo_fuzz;
use crate::workspace::Workspace;

/// How long the nightly run is at each door.
const NIGHTLY_SECONDS: u32 = 300;
/// The longest input. What needs more is not found by chance.
const INPUT_BYTES_MAX: u32 = 8_192;
/// How long one input may take before it counts as a hang.
const HANG_SECONDS: u32 = 20;

/// Which door, and for how long.
#[derive(Args)]
pub(crate) struct FuzzArgs {
    /// One door; without it, every one.
    target: Option<String>,
    /// How long at each.
    #[arg(long, default_value_t = 60)]
    seconds: u32,
    /// Names the doors and runs none.
    #[arg(long)]
    list: bool,
}

/// Runs what was asked for.
pub(crate) fn run(workspace: &Workspace, args: &FuzzArgs) -> Result<ExitCode> {
    let targets = targets(workspace)?;
    if args.list {
        targets.iter().for_each(|target| println!("{target}"));
        return Ok(ExitCode::SUCCESS);
    }
    let chosen: Vec<&String> =
        targets.iter().filter(|target| args.target.as_ref().is_none_or(|asked| asked == *target)).collect();
    if chosen.is_empty() {
        bail!("no door is called like that; there are: {}", targets.join(", "));
    }
    ensure_cargo_fuzz()?;
    for target in chosen {
        fuzz(workspace, target, args.seconds)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The nightly step: every door, five minutes each. A finding ends the time of its door only.
pub(crate) fn nightly(workspace: &Workspace) -> Result<()> {
    let mut findings = Vec::new();
    for target in targets(workspace)? {
        if let Err(error) = fuzz(workspace, &target, NIGHTLY_SECONDS) {
            println!("{error:#}");
            findings.push(target);
        }
    }
    if !findings.is_empty() {
        bail!("found something at: {}", findings.join(", "));
    }
    Ok(())
}

/// The doors: the programs in `fuzz/targets`.
fn targets(workspace: &Workspace) -> Result<Vec<String>> {
    let folder = workspace.root.join("fuzz/targets");
    let context = || format!("cannot list {}", folder.display());
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&folder).with_context(context)? {
        let path = entry.with_context(context)?.path();
        names.extend(path.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
    }
    names.sort();
    Ok(names)
}

/// One door. What libFuzzer learns stays in the target folder, and the committed corpus is only read.
fn fuzz(workspace: &Workspace, target: &str, seconds: u32) -> Result<()> {
    let own = workspace.target.join("fuzz");
    let (learned, found) = (own.join("corpus").join(target), own.join("artifacts").join(target));
    for folder in [&learned, &found] {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    }
    let seeds = workspace.root.join("fuzz/corpus").join(target);
    println!("{target}: {seconds} s");
    command(&own, target, [&learned, &seeds])
        .arg("--")
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-timeout={HANG_SECONDS}"))
        .arg(format!("-max_len={INPUT_BYTES_MAX}"))
        .arg(format!("-artifact_prefix={}/", found.display()))
        .args(["-print_final_stats=1", "-verbosity=0", "-close_fd_mask=1"])
        .dir(&workspace.root)
        .run()
        .with_context(|| {
            format!(
                "{target}: the input is in {}; copied into fuzz/corpus/{target} it is a test: cargo nextest run -p fuzz",
                found.display()
            )
        })
}

/// No sanitizer: there is no unsafe code for it to watch, and without it the stable toolchain will do.
fn command(own: &Path, target: &str, corpora: [&PathBuf; 2]) -> Cmd {
    Cmd::cargo()
        .args(["fuzz", "run", "--fuzz-dir", "fuzz", "--sanitizer", "none", "--features", "libfuzzer"])
        .arg("--target-dir")
        .arg(own)
        .arg(target)
        .args(corpora)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::{command, targets};
    use crate::workspace::Workspace;

    #[test]
    fn the_committed_corpus_is_read_and_not_written() {
        let [learned, seeds] = [PathBuf::from("t/corpus/x"), PathBuf::from("fuzz/corpus/x")];
        let said = command(&PathBuf::from("t"), "x", [&learned, &seeds]).to_string();
        assert!(said.ends_with("--target-dir t x t/corpus/x fuzz/corpus/x"), "{said}");
    }

    #[test]
    fn doors_are_found_by_their_programs() {
        let found = targets(&Workspace::find().unwrap()).unwrap();
        assert!(found.contains(&"client_protocol".to_owned()) && found.is_sorted(), "{found:?}");
    }
}
