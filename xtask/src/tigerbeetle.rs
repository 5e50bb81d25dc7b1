//! The rival: TigerBeetle's own server and programs, built from its published source.
//!
//! No registry has the binary. One has its whole source inside a crate of bindings, and another the compiler that it
//! needs; both are fetched by their own tools, so that proxies and caches work as they do for everything else. Nothing of
//! it becomes a part of the platform.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use rustix::fs::{FlockOperation, flock};
use serde::Deserialize;

use crate::process::Cmd;
use crate::tools::{Installer, ensure_python};
use crate::workspace::Workspace;

/// The release that is built.
pub(crate) const RELEASE: &str = "0.16.78";
/// The variable that tells tests where the binary is; set beforehand, it names one to take instead.
pub(crate) const VARIABLE: &str = "TONGBAO_TIGERBEETLE";

/// The crate that carries the source, in its folder `tigerbeetle`.
const CRATE: &str = "tigerbeetle-unofficial-sys";
const CRATE_VERSION: &str = "0.14.28+0.16.78";
/// The compiler, a Python package.
const COMPILER: &str = "ziglang==0.14.1";
/// The oldest client that such a cluster serves, as its own releases are built.
const CLIENT_MIN: &str = "0.15.3";

/// A crate that cargo resolves and nobody compiles.
const MANIFEST: &str = "[package]
name = \"source\"
version = \"0.0.0\"
edition = \"2024\"

[lib]
path = \"lib.rs\"

[workspace]

[dependencies]
";

/// What `cargo metadata` says of packages.
#[derive(Deserialize)]
struct Resolved {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    manifest_path: PathBuf,
}

/// The binary: the one that the variable names, the one that was built before, or one that is built now.
pub(crate) fn find_or_build(workspace: &Workspace, installer: &Installer) -> Result<PathBuf> {
    if let Some(chosen) = env::var_os(VARIABLE) {
        let chosen = PathBuf::from(chosen);
        if chosen.is_file() {
            return Ok(chosen);
        }
        bail!("{VARIABLE} names {}, which is not a file", chosen.display());
    }
    let folder = workspace.scratch().join(format!("tigerbeetle-{RELEASE}"));
    let binary = folder.join("tigerbeetle");
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    // Who comes second waits and takes what the first has made.
    let lock = File::create(folder.join("lock")).context("cannot lock TigerBeetle's folder")?;
    flock(&lock, FlockOperation::LockExclusive).context("cannot lock TigerBeetle's folder")?;
    if !binary.is_file() {
        build(&folder, installer).with_context(|| format!("cannot build TigerBeetle {RELEASE}"))?;
    }
    let said = Cmd::new(&binary).arg("version").read()?;
    if !said.contains(RELEASE) {
        bail!("{} says it is {}; remove it and try again", binary.display(), said.trim());
    }
    Ok(binary)
}

/// Makes the binary. It appears in `folder` as a whole, last; everything else is gone then.
fn build(folder: &Path, installer: &Installer) -> Result<()> {
    ensure_python(installer)?;
    eprintln!("Building TigerBeetle {RELEASE} (once; some minutes of processor time).");
    let work = folder.join("work");
    remove(&work)?;
    fs::create_dir_all(&work).with_context(|| format!("cannot create {}", work.display()))?;

    let source = work.join("tigerbeetle");
    // Cargo's copy is everybody's, and the build writes into its folder.
    Cmd::new("cp").args(["-R", "--"]).arg(fetch(&work)?).arg(&source).run()?;

    let compiler = work.join("compiler");
    Cmd::new("python3").args(["-m", "venv", "--clear"]).arg(&compiler).run()?;
    let python = compiler.join("bin/python");
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", COMPILER];
    Cmd::new(&python).args(pip).run().context("the compiler cannot be installed")?;

    let options = ["-Drelease".to_owned(), format!("-Dconfig-release={RELEASE}")];
    let rest = [format!("-Dconfig-release-client-min={CLIENT_MIN}"), format!("-Dgit-commit={:040}", 0)];
    Cmd::new(&python)
        .args(["-m", "ziglang", "build"])
        .args(options)
        .args(rest)
        .env("ZIG_GLOBAL_CACHE_DIR", work.join("cache"))
        .dir(&source)
        .run()?;
    let binary = folder.join("tigerbeetle");
    fs::rename(source.join("zig-out/bin/tigerbeetle"), &binary)
        .with_context(|| format!("the build left nothing to move to {}", binary.display()))?;
    remove(&work)
}

/// Lets cargo fetch the crate, and returns the source's folder in it.
fn fetch(work: &Path) -> Result<PathBuf> {
    let folder = work.join("source");
    fs::create_dir(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let manifest = folder.join("Cargo.toml");
    let text = format!("{MANIFEST}{CRATE} = \"={CRATE_VERSION}\"\n");
    fs::write(&manifest, text).with_context(|| format!("cannot write {}", manifest.display()))?;
    fs::write(folder.join("lib.rs"), "").context("cannot write the crate's file")?;
    let cargo = |verb: &str| Cmd::cargo().arg(verb).arg("--manifest-path").arg(&manifest);
    cargo("fetch").arg("--quiet").run().with_context(|| format!("{CRATE} cannot be fetched"))?;
    let json = cargo("metadata").args(["--format-version", "1"]).read()?;
    let resolved: Resolved =
        serde_json::from_str(&json).context("cargo metadata printed something unreadable")?;
    let found = resolved.packages.into_iter().find(|package| package.name == CRATE);
    let source = found.and_then(|package| Some(package.manifest_path.parent()?.join("tigerbeetle")));
    source.filter(|source| source.is_dir()).with_context(|| format!("{CRATE} carries no source any more"))
}

fn remove(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", folder.display()))
        }
        _ => Ok(()),
    }
}

/// A benchmark's arguments, with the binary's path in place of `build` after `--tigerbeetle`.
pub(crate) fn named(args: &[OsString], build: impl Fn() -> Result<PathBuf>) -> Result<Vec<OsString>> {
    let mut named = Vec::with_capacity(args.len());
    for arg in args {
        let follows = named.last().is_some_and(|last: &OsString| last == "--tigerbeetle");
        named.push(match arg.as_os_str() {
            arg if arg == OsStr::new("build") && follows => build()?.into_os_string(),
            arg if arg == OsStr::new("--tigerbeetle=build") => {
                let mut option = OsString::from("--tigerbeetle=");
                option.push(build()?);
                option
            }
            arg => arg.to_owned(),
        });
    }
    Ok(named)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::named;

    #[test]
    fn build_stands_for_the_binary_where_it_is_asked_for() {
        let cases = [
            ("--tigerbeetle build --rounds 1", "--tigerbeetle /tb --rounds 1"),
            ("--tigerbeetle=build", "--tigerbeetle=/tb"),
            ("--tigerbeetle PATH build", "--tigerbeetle PATH build"),
            ("build", "build"),
            ("", ""),
        ];
        for (given, wanted) in cases {
            let given: Vec<_> = given.split_whitespace().map(Into::into).collect();
            let named = named(&given, || Ok(PathBuf::from("/tb"))).unwrap();
            assert_eq!(named.join(" ".as_ref()), *wanted);
        }
        assert!(named(&["--tigerbeetle=build".into()], || anyhow::bail!("no network")).is_err());
    }
}
