//! The programs that a fresh machine lacks: found, installed where that is possible, else named with the command.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::process::Cmd;
use crate::workspace::Workspace;

/// Installs Debian packages, or says how to.
pub(crate) enum Installer {
    /// Root on a Debian: may install.
    Apt,
    /// Debian, but not root: only says what root must do.
    AptAsRoot,
    /// Another system: only names what is missing.
    Unknown,
}

impl Installer {
    /// Looks at the user and at the system.
    pub(crate) fn detect() -> Self {
        if find_in_path("apt-get").is_none() {
            Self::Unknown
        } else if rustix::process::geteuid().is_root() {
            Self::Apt
        } else {
            Self::AptAsRoot
        }
    }

    /// Installs `packages`; `thing` is their name for a person.
    fn install(&self, thing: &str, packages: &[&str]) -> Result<()> {
        let names = packages.join(" ");
        match self {
            Self::Apt => {
                eprintln!("Installing {thing}: apt-get install {names}");
                let apt = || Cmd::new("apt-get").env("DEBIAN_FRONTEND", "noninteractive").arg("--quiet=2");
                apt().arg("update").run()?;
                apt().args(["install", "--yes", "--no-install-recommends"]).args(packages).run()
            }
            Self::AptAsRoot => bail!("{thing} is missing; to install it: sudo apt-get install --yes {names}"),
            Self::Unknown => bail!("{thing} is missing; install it with this system's package manager"),
        }
    }
}

/// A Node.js and its npm, recent enough for the console's build tools.
pub(crate) struct Node {
    /// The folder with `node` and `npm` to put first in `PATH`; none when `PATH` has good ones.
    bin: Option<PathBuf>,
    /// What `node --version` prints.
    pub(crate) version: String,
}

impl Node {
    /// The versions that the console's build tool (Vite 7 and 8) runs on.
    pub(crate) const WANTED: &str = "20.19 or later in 20, or 22.12 or later";
    /// What is installed when the machine has none of them, from npm: its packages carry the program itself.
    const OWN_NODE: &str = "22.23.3";
    const OWN_NPM: &str = "11.21.2";

    /// Takes the machine's Node.js if it is recent enough; else one of our own, installed through npm into the
    /// target folder. That needs no root, but it needs an npm of any age to begin with, e.g. Debian 12's.
    pub(crate) fn find_or_install(workspace: &Workspace, installer: &Installer) -> Result<Self> {
        if let Some(version) = Self::in_path() {
            return Ok(Self { bin: None, version });
        }
        let own = workspace.scratch().join(format!("node-{}-npm-{}", Self::OWN_NODE, Self::OWN_NPM));
        let bin = own.join("bin");
        if !bin.join("npm").exists() {
            if find_in_path("npm").is_none() {
                installer.install("Node.js with npm", &["nodejs", "npm"])?;
            }
            Self::install_own(&own).context("cannot install Node.js from npm")?;
        }
        let node = Self { bin: Some(bin), version: format!("v{}", Self::OWN_NODE) };
        let said = node.cmd("node").arg("--version").read()?;
        if said.trim() != node.version {
            bail!("{} says it is {}; remove the folder and try again", own.display(), said.trim());
        }
        Ok(node)
    }

    /// A program of this Node.js (`npm`, `npx`, `node`), which finds its own `node` first.
    pub(crate) fn cmd(&self, program: &str) -> Cmd {
        let Some(bin) = &self.bin else { return Cmd::new(program) };
        let mut path = OsString::from(bin);
        if let Some(rest) = env::var_os("PATH") {
            path.push(":");
            path.push(rest);
        }
        Cmd::new(bin.join(program)).env("PATH", path)
    }

    /// The version in `PATH`, if it and its npm will do.
    fn in_path() -> Option<String> {
        let version =
            |program| Cmd::new(program).arg("--version").read().ok().map(|text| text.trim().to_owned());
        let (node, npm) = (version("node")?, version("npm")?);
        (node_will_do(&node) && npm_will_do(&npm)).then_some(node)
    }

    fn install_own(own: &Path) -> Result<()> {
        let architecture = match env::consts::ARCH {
            "x86_64" => "x64",
            "aarch64" => "arm64",
            other => bail!("npm has no Node.js for {other}; install Node.js {} by hand", Self::WANTED),
        };
        let package = format!("node-linux-{architecture}");
        eprintln!("Installing Node.js {} and npm {} into {}", Self::OWN_NODE, Self::OWN_NPM, own.display());
        // A half-installed folder of an interrupted run must not be taken for a whole one.
        if own.exists() {
            fs::remove_dir_all(own).with_context(|| format!("cannot remove {}", own.display()))?;
        }
        fs::create_dir_all(own).with_context(|| format!("cannot create {}", own.display()))?;
        Cmd::new("npm")
            .args(["install", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error", "--prefix"])
            .arg(own)
            .arg(format!("{package}@{}", Self::OWN_NODE))
            .arg(format!("npm@{}", Self::OWN_NPM))
            .run()?;
        let bin = own.join("bin");
        fs::create_dir_all(&bin).with_context(|| format!("cannot create {}", bin.display()))?;
        let modules = Path::new("../node_modules");
        link(&modules.join(package).join("bin/node"), &bin.join("node"))?;
        link(&modules.join("npm/bin/npx-cli.js"), &bin.join("npx"))?;
        // Last: its presence says that the rest is complete.
        link(&modules.join("npm/bin/npm-cli.js"), &bin.join("npm"))
    }
}

fn link(target: &Path, name: &Path) -> Result<()> {
    std::os::unix::fs::symlink(target, name).with_context(|| format!("cannot link {}", name.display()))
}

/// A Chromium for the console's tests: `TONGBAO_CHROMIUM`, one in `PATH`, or one installed now.
pub(crate) fn find_or_install_chromium(installer: &Installer) -> Result<PathBuf> {
    if let Some(chosen) = env::var_os("TONGBAO_CHROMIUM") {
        let chosen = PathBuf::from(chosen);
        if chosen.is_file() {
            return Ok(chosen);
        }
        bail!("TONGBAO_CHROMIUM names {}, which is not a file", chosen.display());
    }
    let find =
        || ["chromium", "chromium-browser", "google-chrome"].iter().find_map(|name| find_in_path(name));
    if let Some(found) = find() {
        return Ok(found);
    }
    // Fonts: without any, a page renders as boxes, and screenshots of failures tell nothing.
    installer.install("Chromium", &["chromium", "fonts-liberation"])?;
    find().context("Chromium was installed, but is not in PATH")
}

/// What compiles librdkafka, the client of Kafka, which is C and C++.
pub(crate) fn ensure_compilers(installer: &Installer) -> Result<()> {
    let programs = [("make", "make"), ("cc", "gcc"), ("c++", "g++")];
    let missing = || programs.iter().filter(|(program, _)| find_in_path(program).is_none());
    let packages: Vec<&str> = missing().map(|(_, package)| *package).collect();
    if packages.is_empty() {
        return Ok(());
    }
    installer.install("a C and C++ compiler", &packages)?;
    match missing().next() {
        None => Ok(()),
        Some((program, _)) => bail!("a C and C++ compiler was installed, but `{program}` is not in PATH"),
    }
}

/// Python with what makes virtual environments.
pub(crate) fn ensure_python(installer: &Installer) -> Result<()> {
    let is_there = || Cmd::new("python3").args(["-c", "import ensurepip, venv"]).read().is_ok();
    if is_there() {
        return Ok(());
    }
    installer.install("Python", &["python3", "python3-venv"])?;
    if is_there() { Ok(()) } else { bail!("Python was installed, but cannot make virtual environments") }
}

/// PostgreSQL for the tests of journals in it: what is in `PATH` or Debian's folder, or installed now.
pub(crate) fn ensure_postgres(installer: &Installer) -> Result<()> {
    let is_there = || find_in_path("postgres").is_some() || Path::new("/usr/lib/postgresql").is_dir();
    if is_there() {
        return Ok(());
    }
    installer.install("PostgreSQL", &["postgresql"])?;
    if is_there() { Ok(()) } else { bail!("PostgreSQL was installed, but is nowhere to be found") }
}

/// The cargo-fuzz that is installed when there is none.
const CARGO_FUZZ: &str = "0.13.2";

/// Installs cargo-fuzz unless it is here, and asks for the C++ compiler that libFuzzer is built with.
pub(crate) fn ensure_cargo_fuzz() -> Result<()> {
    let compiler = env::var_os("CXX").unwrap_or_else(|| "c++".into());
    if Cmd::new(compiler.clone()).arg("--version").read().is_err() {
        bail!(
            "libFuzzer needs a C++ compiler, and `{}` is none; on Debian: apt-get install g++",
            compiler.display()
        );
    }
    if has_cargo_command("fuzz") {
        return Ok(());
    }
    eprintln!("Installing cargo-fuzz {CARGO_FUZZ} (this takes some minutes).");
    Cmd::cargo()
        .args(["install", "--locked", "cargo-fuzz", "--version", CARGO_FUZZ])
        .run()
        .context("cannot install cargo-fuzz; to install it by hand: cargo install --locked cargo-fuzz")
}

/// Whether cargo has a subcommand.
pub(crate) fn has_cargo_command(name: &str) -> bool {
    Cmd::cargo().args([name, "--version"]).read().is_ok()
}

fn find_in_path(program: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?).map(|folder| folder.join(program)).find(|path| path.is_file())
}

/// `^20.19.0 || >=22.12.0`, Vite's own condition.
fn node_will_do(version: &str) -> bool {
    match numbers(version) {
        Some((20, minor)) => minor >= 19,
        Some((22, minor)) => minor >= 12,
        Some((major, _)) => major > 22,
        None => false,
    }
}

/// The oldest npm that comes with such a Node.js.
fn npm_will_do(version: &str) -> bool {
    numbers(version).is_some_and(|(major, _)| major >= 10)
}

/// Major and minor of `v22.12.0` or `11.21.2`.
fn numbers(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.strip_prefix('v').unwrap_or(version).split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::{Installer, node_will_do, npm_will_do};

    #[test]
    fn versions_follow_the_build_tools_condition() {
        for good in ["v20.19.0", "v20.20.2", "v22.12.0", "v22.23.3", "v23.0.0", "v26.10.0"] {
            assert!(node_will_do(good), "{good}");
        }
        for bad in ["v18.20.4", "v20.18.3", "v21.7.0", "v22.11.0", "", "v", "node", "v20"] {
            assert!(!node_will_do(bad), "{bad}");
        }
        assert!(npm_will_do("11.19.1") && npm_will_do("10.8.2") && !npm_will_do("9.2.0"));
    }

    #[test]
    fn who_may_not_install_is_told_the_command() {
        let said =
            |installer: Installer| installer.install("Chromium", &["chromium"]).unwrap_err().to_string();
        assert_eq!(
            said(Installer::AptAsRoot),
            "Chromium is missing; to install it: sudo apt-get install --yes chromium"
        );
        assert!(said(Installer::Unknown).contains("package manager"));
    }
}
