//! What can go wrong on the command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use stdx::{Coded, Retry};

/// Why a command could not be done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AppError {
    /// The data folder cannot be created, read or written.
    #[error("the data folder `{}` cannot be used", .folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// The operating system's reason.
        source: std::io::Error,
    },
    /// Another `up` holds the data folder.
    #[error("another `tongbao up` runs on the data folder `{}`", .folder.display())]
    FolderInUse {
        /// The folder.
        folder: PathBuf,
    },
    /// A port is taken.
    #[error("cannot listen on {address} for the {what}")]
    Listen {
        /// What was to listen there.
        what: &'static str,
        /// The address.
        address: SocketAddr,
        /// The operating system's reason.
        source: std::io::Error,
    },
    /// No `up` runs on the data folder.
    #[error("no `tongbao up` runs on the data folder `{}`", .folder.display())]
    NotRunning {
        /// The folder.
        folder: PathBuf,
    },
    /// A site's process cannot be started.
    #[error("the process of site {site} cannot be started")]
    Spawn {
        /// The site.
        site: String,
        /// The operating system's reason.
        source: std::io::Error,
    },
    /// Sites did not become ready.
    #[error("no site took the lead: {reason}")]
    NotReady {
        /// How long was waited, or what the sites said as they ended.
        reason: String,
    },
    /// The data folder's books are somewhere else than the command line says.
    #[error("this data folder's books are kept elsewhere: {kept}")]
    Books {
        /// Where they are.
        kept: String,
    },
    /// No certificates where they should be.
    #[error("there are no certificates in `{}`", .folder.display())]
    NoCerts {
        /// The folder.
        folder: PathBuf,
    },
    /// The bank serves no ledger clients over TLS.
    #[error("the bank on the data folder serves no ledger clients over TLS")]
    NoLedgerTls,
    /// A PostgreSQL server of our own could not be worked with.
    #[error(transparent)]
    Servers(#[from] pg_local::LocalError),
    /// What the environment says of the journal cannot be used.
    #[error(transparent)]
    Journal(#[from] journal_pg::PgError),
    /// The replay's rows were not all explained or not all accepted, or the like: done, but not as it should be.
    #[error("{0}")]
    Outcome(String),
}

impl Coded for AppError {
    fn code(&self) -> &'static str {
        match self {
            Self::Folder { .. } => "RUN-0001",
            Self::FolderInUse { .. } => "RUN-0002",
            Self::Listen { .. } => "RUN-0003",
            Self::NotRunning { .. } => "RUN-0004",
            Self::Spawn { .. } => "RUN-0005",
            Self::NotReady { .. } => "RUN-0006",
            Self::Outcome(_) => "RUN-0007",
            Self::Books { .. } => "RUN-0008",
            Self::NoCerts { .. } => "RUN-0021",
            Self::NoLedgerTls => "RUN-0022",
            Self::Servers(error) => error.code(),
            Self::Journal(error) => error.code(),
        }
    }

    fn hint(&self) -> &'static str {
        match self {
            Self::Folder { .. } => "choose another folder with --data, or correct its permissions",
            Self::FolderInUse { .. } => "stop the other one, or choose another folder with --data",
            Self::Listen { .. } => {
                "stop what listens there, or choose other ports with --port, --console-port and --ledger-port"
            }
            Self::NotRunning { .. } => "start it with `tongbao up`, or name its folder with --data",
            Self::Spawn { .. } => "check the limits on processes and open files",
            Self::NotReady { .. } => "look at the logs in the data folder under sites/",
            Self::Outcome(_) => "read the figures above",
            Self::Books { .. } => {
                "give the same --journal as before, or another data folder; copy books with `tongbao journal copy`"
            }
            Self::NoCerts { .. } => {
                "make them with `tongbao certs init`, or name their folder with --ledger-certs"
            }
            Self::NoLedgerTls => {
                "start it with `tongbao up --ledger-tls-port 3443`, or name the sites with --to"
            }
            Self::Servers(error) => error.hint(),
            Self::Journal(error) => error.hint(),
        }
    }

    fn retry(&self) -> Retry {
        Retry::Never
    }
}
