//! What can go wrong with local PostgreSQL servers. Every code has a page in `docs/errors/`.

use std::io;
use std::path::PathBuf;

use stdx::{Coded, Retry};

/// Why a local server could not do what it was told.
#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    /// No PostgreSQL is installed, or only one that is too old.
    #[error("no PostgreSQL of version {wanted} or later is installed")]
    NotInstalled {
        /// The oldest version that will do.
        wanted: u32,
    },
    /// One of PostgreSQL's programs failed.
    #[error("`{program}` failed: {said}")]
    Program {
        /// Its name.
        program: String,
        /// What it said last.
        said: String,
    },
    /// A file or a process could not be worked with.
    #[error("could not {operation} `{}`", .path.display())]
    Io {
        /// What was attempted, as a verb.
        operation: &'static str,
        /// The file or program.
        path: PathBuf,
        /// The operating system's reason.
        #[source]
        source: io::Error,
    },
    /// A server did not become ready, or has ended.
    #[error("the server at {address} does not serve: {said}")]
    NotServing {
        /// Where it should listen.
        address: String,
        /// What its log said last, or why it was not asked.
        said: String,
    },
    /// Running as root, and there is no other user for PostgreSQL to run as.
    #[error("PostgreSQL does not run as root, and there is neither a user `postgres` nor a user `nobody`")]
    NoUser,
}

impl LocalError {
    pub(crate) fn io(operation: &'static str, path: &std::path::Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { operation, path: path.to_owned(), source }
    }
}

impl Coded for LocalError {
    fn code(&self) -> &'static str {
        match self {
            Self::NotInstalled { .. } => "PGL-0001",
            Self::Program { .. } => "PGL-0002",
            Self::Io { .. } => "PGL-0003",
            Self::NotServing { .. } => "PGL-0004",
            Self::NoUser => "PGL-0005",
        }
    }

    fn hint(&self) -> &'static str {
        match self {
            Self::NotInstalled { .. } => "install it, for instance with `apt-get install postgresql`",
            Self::Program { .. } => {
                "read what it said; the data folder's parents must let PostgreSQL's user pass"
            }
            Self::Io { .. } => "check the permissions and the free space of the data folder",
            Self::NotServing { .. } => "read the server's log in the site's folder",
            Self::NoUser => {
                "install the package `postgresql`, which makes the user `postgres`, or do not run as root"
            }
        }
    }

    fn retry(&self) -> Retry {
        match self {
            Self::NotServing { .. } => Retry::Later,
            _ => Retry::Never,
        }
    }
}
