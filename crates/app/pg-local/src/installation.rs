//! Which PostgreSQL is installed, and who may run it.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::LocalError;

/// The oldest version that will do.
pub(crate) const VERSION_MIN: u32 = 14;
/// Where Debian and its relatives keep every version's programs.
const DEBIAN: &str = "/usr/lib/postgresql";
/// The users to run as when this process is root's, which PostgreSQL refuses.
const USERS: [&str; 2] = ["postgres", "nobody"];

/// PostgreSQL's programs.
#[derive(Clone, Debug)]
pub struct Installation {
    folder: PathBuf,
    version: u32,
    /// User and group to run as, if not our own.
    pub(crate) account: Option<(u32, u32)>,
}

impl Installation {
    /// The newest installed version: of `search` (folders, as in `PATH`) and Debian's folders.
    pub fn find(search: &str) -> Result<Self, LocalError> {
        let debian =
            std::fs::read_dir(DEBIAN).into_iter().flatten().flatten().map(|entry| entry.path().join("bin"));
        let folders = std::env::split_paths(search).chain(debian);
        // A link in PATH leads to a folder that has all of the programs.
        let real =
            |folder: PathBuf| folder.join("postgres").canonicalize().ok()?.parent().map(Path::to_owned);
        let newest = folders
            .filter_map(real)
            .filter(|folder| {
                ["initdb", "pg_basebackup", "pg_ctl"].iter().all(|name| folder.join(name).is_file())
            })
            .filter_map(|folder| Some((version(&folder)?, folder)))
            .max_by_key(|(version, _)| *version);
        match newest {
            Some((version, folder)) if version >= VERSION_MIN => {
                Ok(Self { folder, version, account: account()? })
            }
            _ => Err(LocalError::NotInstalled { wanted: VERSION_MIN }),
        }
    }

    /// The major version.
    pub fn version(&self) -> u32 {
        self.version
    }

    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

fn version(folder: &Path) -> Option<u32> {
    let output = Command::new(folder.join("postgres")).arg("--version").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let number = text.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()))?;
    number.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

fn account() -> Result<Option<(u32, u32)>, LocalError> {
    if !rustix::process::geteuid().is_root() {
        return Ok(None);
    }
    let users = read("/etc/passwd").unwrap_or_default();
    let find = |wanted: &&str| {
        let line = users.lines().find(|line| line.split(':').next() == Some(wanted))?;
        let mut fields = line.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    USERS.iter().find_map(find).map(Some).ok_or(LocalError::NoUser)
}

#[expect(clippy::disallowed_methods, reason = "an app crate is where files are read")]
fn read(path: &str) -> Option<String> {
    std::fs::read_to_string(path).ok()
}
