//! The data folder: what lies where, and who may use it.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use console_api::SiteName;
use serde::{Deserialize, Serialize};

use crate::error::AppError;

/// A data folder.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    root: PathBuf,
}

/// What a running `up` tells the other commands; kept in the data folder for as long as it runs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Running {
    /// The supervisor's process.
    pub(crate) pid: u32,
    /// Where the gateway listens.
    pub(crate) gateway: std::net::SocketAddr,
    /// Where the console listens.
    pub(crate) console: std::net::SocketAddr,
    /// The addresses to give to a TigerBeetle client, joined by commas; nothing if those are not served.
    pub(crate) ledger: Option<String>,
    /// The same over TLS; nothing if that is not served.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ledger_tls: Option<String>,
    /// The books, if they are in PostgreSQL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) books: Option<crate::up::BooksView>,
}

impl Layout {
    pub(crate) fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn journal(&self, shard: &str) -> PathBuf {
        self.root.join("journal").join(shard)
    }

    fn site(&self, site: &SiteName) -> PathBuf {
        self.root.join("sites").join(site.as_str())
    }

    pub(crate) fn snapshots(&self, site: &SiteName, shard: &str) -> PathBuf {
        self.site(site).join("snapshots").join(shard)
    }

    pub(crate) fn cold(&self, site: &SiteName, shard: &str) -> PathBuf {
        self.site(site).join("cold").join(shard)
    }

    pub(crate) fn log(&self, site: &SiteName) -> PathBuf {
        self.site(site).join("log")
    }

    /// Where old days of books in PostgreSQL go.
    pub(crate) fn archive(&self, shard: &str) -> PathBuf {
        self.root.join("archive").join(shard)
    }

    /// Certificates of sites and clients, unless they are somewhere else.
    pub(crate) fn certs(&self) -> PathBuf {
        self.root.join("certs")
    }

    /// What the folder remembers of where the books are.
    pub(crate) fn books(&self) -> PathBuf {
        self.root.join("books.json")
    }

    /// What is kept of the PostgreSQL servers.
    pub(crate) fn servers(&self) -> PathBuf {
        self.root.join("postgres.json")
    }

    /// A site's PostgreSQL server.
    pub(crate) fn postgres(&self, site: &SiteName) -> PathBuf {
        self.site(site).join("postgres")
    }

    /// Replaces a small file, durably: after a crash it is the old one or the new one, whole.
    pub(crate) fn write_durably(&self, path: &Path, value: &impl Serialize) -> Result<(), AppError> {
        let unusable = |source| AppError::Folder { folder: self.root.clone(), source };
        let text = serde_json::to_vec_pretty(value).map_err(|error| unusable(error.into()))?;
        let aside = path.with_extension("partial");
        write(&aside, &text).and_then(|()| create(&aside)?.sync_all()).map_err(unusable)?;
        std::fs::rename(&aside, path).map_err(unusable)?;
        open(&self.root).and_then(|folder| folder.sync_all()).map_err(unusable)
    }

    pub(crate) fn drills(&self) -> PathBuf {
        self.root.join("drills")
    }

    fn running(&self) -> PathBuf {
        self.root.join("running.json")
    }

    /// Creates the folder and locks it for this process.
    pub(crate) fn claim(&self) -> Result<File, AppError> {
        let unusable = |source| AppError::Folder { folder: self.root.clone(), source };
        std::fs::create_dir_all(&self.root).map_err(unusable)?;
        let lock = create(&self.root.join("lock")).map_err(unusable)?;
        match lock.try_lock() {
            Ok(()) => Ok(lock),
            Err(TryLockError::WouldBlock) => Err(AppError::FolderInUse { folder: self.root.clone() }),
            Err(TryLockError::Error(source)) => Err(unusable(source)),
        }
    }

    /// Tells the other commands where this `up` listens.
    pub(crate) fn announce(&self, running: &Running) -> Result<(), AppError> {
        let unusable = |source| AppError::Folder { folder: self.root.clone(), source };
        let text = serde_json::to_vec_pretty(running).map_err(|error| unusable(error.into()))?;
        // Renamed into place, so that nobody reads half of it.
        let aside = self.root.join("running.json.partial");
        write(&aside, &text).map_err(unusable)?;
        std::fs::rename(&aside, self.running()).map_err(unusable)
    }

    /// The `up` has ended.
    pub(crate) fn withdraw(&self) {
        if let Err(error) = std::fs::remove_file(self.running()) {
            tracing::debug!(%error, "the announcement was gone already");
        }
    }

    /// Where the running `up` listens, if one runs on this folder.
    pub(crate) fn find_running(&self) -> Result<Running, AppError> {
        let not_running = || AppError::NotRunning { folder: self.root.clone() };
        let text = read(&self.running()).map_err(|_| not_running())?;
        let running = serde_json::from_slice(&text).map_err(|_| not_running())?;
        // A killed `up` leaves its announcement behind, but not its lock.
        match create(&self.root.join("lock")).map_err(|_| not_running())?.try_lock() {
            Err(TryLockError::WouldBlock) => Ok(running),
            _ => Err(not_running()),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the data folder is the binary's edge to the disk")]
pub(crate) fn read(path: &Path) -> io::Result<Vec<u8>> {
    std::fs::read(path)
}

#[expect(clippy::disallowed_methods, reason = "the data folder is the binary's edge to the disk")]
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    std::fs::write(path, bytes)
}

#[expect(clippy::disallowed_methods, reason = "the data folder is the binary's edge to the disk")]
fn create(path: &Path) -> io::Result<File> {
    File::options().create(true).truncate(false).write(true).open(path)
}

#[expect(clippy::disallowed_methods, reason = "the data folder is the binary's edge to the disk")]
fn open(path: &Path) -> io::Result<File> {
    File::open(path)
}

/// Opens a site's log for appending; the newest start is at the end.
#[expect(clippy::disallowed_methods, reason = "the data folder is the binary's edge to the disk")]
pub(crate) fn open_log(path: &Path) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    File::options().create(true).append(true).open(path)
}

/// Creates or empties a file for a result.
#[expect(clippy::disallowed_methods, reason = "the data folder is the binary's edge to the disk")]
pub(crate) fn create_file(path: &Path) -> io::Result<File> {
    File::create(path)
}
