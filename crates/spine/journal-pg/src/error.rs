//! What can go wrong with a journal in PostgreSQL. Every code has a page in `docs/errors/`.

use ids::Seq;
use journal::{Fault, JournalError, StoreError};
use stdx::{Coded, Digest, Retry};
use tokio_postgres::error::SqlState;

/// Why an operation on a journal in PostgreSQL failed. No message contains a password.
#[derive(Debug, thiserror::Error)]
pub enum PgError {
    /// The journal's URL cannot be used. The URL itself is not repeated: it may hold a password.
    #[error("the journal's URL cannot be used: {what}")]
    Url {
        /// What is wrong with it.
        what: String,
    },
    /// The certificates to trust cannot be read.
    #[error("TLS cannot be set up: {what}")]
    Tls {
        /// What is missing or wrong.
        what: String,
    },
    /// No host answers as a primary that can be written to.
    #[error("no host of the journal's URL is a primary that answers: {reason}")]
    Unreachable {
        /// What the hosts said.
        reason: String,
    },
    /// A statement failed, and the server says that it did nothing.
    #[error("PostgreSQL could not {operation}")]
    Server {
        /// What was attempted, as a verb.
        operation: &'static str,
        /// The server's reason.
        #[source]
        source: tokio_postgres::Error,
    },
    /// The server has no space left.
    #[error("PostgreSQL has no space left: it could not {operation}")]
    DiskFull {
        /// What was attempted, as a verb.
        operation: &'static str,
        /// The server's reason.
        #[source]
        source: tokio_postgres::Error,
    },
    /// The connection ended, or somebody cancelled the wait for the standby, before the outcome was known.
    #[error("it is not known whether PostgreSQL did {operation}: {why}")]
    Unknown {
        /// What was under way, as a verb.
        operation: &'static str,
        /// What happened.
        why: String,
    },
    /// No synchronous standby is there, and the policy requires one.
    #[error("no synchronous standby is there, and the policy requires one: {what}")]
    NoStandby {
        /// What is missing.
        what: String,
    },
    /// A newer release made the tables.
    #[error("the tables have version {found}; this release knows up to {known}")]
    NewerSchema {
        /// The version in the database.
        found: i32,
        /// The newest version this release knows.
        known: i32,
    },
    /// A row is not the record that belongs there.
    #[error("record {seq} of shard `{shard}` is damaged in the database")]
    Damaged {
        /// The shard.
        shard: String,
        /// The record's sequence number.
        seq: Seq,
        /// What is wrong with it.
        #[source]
        fault: Fault,
    },
    /// A row is not there, though a later one says that it was durable.
    #[error("record {seq} of shard `{shard}` is missing: record {witness} says that it was durable")]
    Missing {
        /// The shard.
        shard: String,
        /// The first sequence number that is missing.
        seq: Seq,
        /// The later record that knows of it.
        witness: Seq,
    },
    /// A record was archived and dropped.
    #[error("record {seq} of shard `{shard}` was archived: the database starts after {through}")]
    Archived {
        /// The shard.
        shard: String,
        /// The sequence number that was asked for.
        seq: Seq,
        /// The last record that was archived.
        through: Seq,
    },
    /// The journal does not hold the caller's position.
    #[error("the journal does not contain sequence number {seq} with hash {}", .hash.short())]
    PositionNotFound {
        /// The sequence number of the position.
        seq: Seq,
        /// The chain's hash at the position.
        hash: Digest,
    },
    /// A batch's time is beyond what a row can hold.
    #[error("record {seq} has a time that the database cannot hold")]
    Time {
        /// The record.
        seq: Seq,
    },
    /// An archive would drop what somebody still needs, or is not what was dropped.
    #[error("the archive was not made: {what}")]
    Archive {
        /// Why not.
        what: String,
    },
    /// A record's number was written in another day, or its day has not begun.
    #[error("record {seq} does not belong into its day: another leader writes with the same epoch")]
    Day {
        /// The record.
        seq: Seq,
    },
    /// openGauss is in a mode in which the statements would not mean what they should.
    #[error("openGauss's database has compatibility `{mode}`: it must be `A` or `PG`")]
    Compatibility {
        /// Its `DBCOMPATIBILITY`.
        mode: String,
    },
    /// Every host asks for a login that this release does not know.
    #[error("the server asks for a login that this release does not know: {reason}")]
    Login {
        /// What the hosts said, in the driver's words.
        reason: String,
    },
    /// On openGauss, the table of records is not this release's.
    #[error("the table `tongbao.journal` was made by hand: its days are not numbers")]
    HandMade,
    /// The thread that speaks to the server could not be started.
    #[error("the thread that speaks to PostgreSQL could not be started")]
    Start(#[source] std::io::Error),
}

impl PgError {
    /// Gives a failed statement its place in the enum. Only an error that the server sent is known to have done nothing.
    pub(crate) fn of(operation: &'static str) -> impl FnOnce(tokio_postgres::Error) -> Self {
        move |source| match source.code() {
            Some(&SqlState::DISK_FULL) => Self::DiskFull { operation, source },
            Some(_) if !is_going_down(&source) => Self::Server { operation, source },
            _ => Self::Unknown { operation, why: source.to_string() },
        }
    }

    /// Whether trying again, perhaps on another host, may help.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable { .. }
            | Self::Unknown { .. }
            | Self::NoStandby { .. }
            | Self::DiskFull { .. } => true,
            Self::Server { source, .. } => source.code().is_some_and(|code| {
                ["08", "40", "53", "55", "57", "58"].iter().any(|class| code.code().starts_with(class))
                    || *code == SqlState::READ_ONLY_SQL_TRANSACTION
            }),
            _ => false,
        }
    }
}

/// The server ends the session: a commit under way may have happened.
fn is_going_down(error: &tokio_postgres::Error) -> bool {
    error.code().is_some_and(|code| code.code().starts_with("57P") || code.code().starts_with("08"))
}

impl From<PgError> for JournalError {
    fn from(error: PgError) -> Self {
        StoreError::new(error).into()
    }
}

impl Coded for PgError {
    fn code(&self) -> &'static str {
        match self {
            Self::Url { .. } => "JPG-0001",
            Self::Tls { .. } => "JPG-0002",
            Self::Unreachable { .. } => "JPG-0003",
            Self::Server { .. } => "JPG-0004",
            Self::DiskFull { .. } => "JPG-0005",
            Self::Unknown { .. } => "JPG-0006",
            Self::NoStandby { .. } => "JPG-0007",
            Self::NewerSchema { .. } => "JPG-0008",
            Self::Damaged { .. } => "JPG-0009",
            Self::Missing { .. } => "JPG-0010",
            Self::Archived { .. } => "JPG-0011",
            Self::PositionNotFound { .. } => "JPG-0012",
            Self::Time { .. } => "JPG-0013",
            Self::Archive { .. } => "JPG-0014",
            Self::Start(_) => "JPG-0015",
            Self::Day { .. } => "JPG-0016",
            Self::Compatibility { .. } => "JPG-0017",
            Self::Login { .. } => "JPG-0018",
            Self::HandMade => "JPG-0019",
        }
    }

    fn hint(&self) -> &'static str {
        match self {
            Self::Url { .. } => {
                "write it as postgres://user@host1,host2/database; docs/guide/postgresql.md lists what it may say"
            }
            Self::Tls { .. } => "name the file of the certificates to trust with `sslrootcert`",
            Self::Unreachable { .. } => {
                "check that a primary runs, that the user may log in, and that TLS is as the URL says"
            }
            Self::Server { .. } => {
                "read the server's reason and its log; the role needs the rights of docs/guide/postgresql.md"
            }
            Self::DiskFull { .. } => "free space on the database's disk: nothing acknowledged is lost",
            Self::Unknown { .. } => "end this process; its successor reads what became durable",
            Self::NoStandby { .. } => {
                "bring a synchronous standby back, or allow less with `durability=allow-degraded`"
            }
            Self::NewerSchema { .. } => "run the release that made the tables, or a newer one",
            Self::Damaged { .. } | Self::Missing { .. } => {
                "restore the named record from a standby or a backup; do not edit rows"
            }
            Self::Archived { .. } => "start from a snapshot that is newer than the archive",
            Self::PositionNotFound { .. } => "let the site start again from its last durable snapshot",
            Self::Time { .. } => "correct the clock of the leader's machine",
            Self::Archive { .. } => "nothing was dropped; correct the reason and archive again",
            Self::Day { .. } => {
                "find out who else runs on a copy of this bank, and end it; `tongbao journal verify` tells what is there"
            }
            Self::Compatibility { .. } => {
                "create another database, `WITH DBCOMPATIBILITY 'PG'`, and name it in the URL"
            }
            Self::Login { .. } => {
                "on openGauss set `password_encryption_type` to 1 and give the role its password again"
            }
            Self::HandMade => "rename the schema `tongbao`, and let this release make its own",
            Self::Start(_) => "check the limits on threads",
        }
    }

    fn retry(&self) -> Retry {
        if self.is_passing() { Retry::Later } else { Retry::Never }
    }
}
