//! What can go wrong with a drill: before it starts, and while it runs.

use console_api::SiteName;
use ids::{Id, Seq};
use journal::JournalError;
use shard::ShardError;
use stdx::{Coded, Retry};

/// Why the desk did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DrillError {
    /// One drill at a time: two at once would measure each other.
    #[error("drill {id} is running")]
    AlreadyRunning {
        /// The drill that runs.
        id: Id,
    },
    /// The platform has no such site.
    #[error("there is no site `{site}`")]
    UnknownSite {
        /// The name asked for.
        site: SiteName,
    },
    /// The site is down or starting: killing it would show nothing.
    #[error("site `{site}` is not up")]
    SiteNotUp {
        /// The site asked for.
        site: SiteName,
    },
    /// No site leads, so there is no leader to kill.
    #[error("no site leads right now")]
    NoLeader,
    /// No such drill.
    #[error("there is no drill {id}")]
    NotFound {
        /// The id asked for.
        id: Id,
    },
    /// The drill has no report: it still runs, or it could not be finished.
    #[error("drill {id} has no report")]
    NoReport {
        /// The id asked for.
        id: Id,
    },
}

impl Coded for DrillError {
    fn code(&self) -> &'static str {
        match self {
            Self::AlreadyRunning { .. } => "DRL-0001",
            Self::UnknownSite { .. } => "DRL-0002",
            Self::SiteNotUp { .. } => "DRL-0003",
            Self::NoLeader => "DRL-0004",
            Self::NotFound { .. } => "DRL-0005",
            Self::NoReport { .. } => "DRL-0006",
        }
    }

    fn hint(&self) -> &'static str {
        match self {
            Self::AlreadyRunning { .. } => "wait until it is done, then start another",
            Self::UnknownSite { .. } => "name a site that `tongbao status` lists, or `leader`",
            Self::SiteNotUp { .. } => "wait until the site is up again, or choose another",
            Self::NoLeader => "wait until a site leads; `tongbao status` shows it",
            Self::NotFound { .. } => "list the drills; only the newest 200 are kept at hand",
            Self::NoReport { .. } => "wait until the drill is done; if it failed, its `error` says why",
        }
    }

    fn retry(&self) -> Retry {
        match self {
            Self::AlreadyRunning { .. } | Self::SiteNotUp { .. } | Self::NoLeader => Retry::Later,
            Self::UnknownSite { .. } | Self::NotFound { .. } | Self::NoReport { .. } => Retry::Never,
        }
    }
}

/// Why a drill that was started could not be finished. It is told in the drill's `error`, and there is no report:
/// half of the evidence would look like all of it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The bank did not answer, or not as agreed.
    #[error("the bank did not {what}: {why}")]
    Bank {
        /// What it was asked to do, as a verb.
        what: &'static str,
        /// What came instead.
        why: String,
    },
    /// Nothing was acknowledged before the kill, so there was nothing to interrupt.
    #[error("no payment was acknowledged within {waited_s} s, so the site was not killed")]
    NoFlow {
        /// How long the drill waited.
        waited_s: u64,
    },
    /// The site could not be killed.
    #[error("site `{site}` could not be killed: {reason}")]
    Kill {
        /// The site.
        site: SiteName,
        /// What the supervisor said.
        reason: String,
    },
    /// Service did not come back.
    #[error("service did not come back within {waited_s} s")]
    NotBack {
        /// How long the drill waited.
        waited_s: u64,
    },
    /// The journal could not be read.
    #[error("the journal could not be read")]
    Journal(#[from] JournalError),
    /// The journal was read but its replay stopped.
    #[error("the replay of the journal stopped")]
    Replay(#[from] ShardError),
    /// The leader speaks of batches that the journal does not hold.
    #[error("the leader is at batch {leader}, but the journal ends at {journal}")]
    JournalBehind {
        /// The leader's batch.
        leader: Seq,
        /// The journal's last batch.
        journal: Seq,
    },
    /// The drill's own task broke.
    #[error("the drill broke off: {why}")]
    Broken {
        /// What the runtime said.
        why: String,
    },
}

impl Coded for Failure {
    fn code(&self) -> &'static str {
        match self {
            Self::Bank { .. } => "DRL-0010",
            Self::NoFlow { .. } => "DRL-0011",
            Self::Kill { .. } => "DRL-0012",
            Self::NotBack { .. } => "DRL-0013",
            Self::Journal(_) => "DRL-0014",
            Self::Replay(_) => "DRL-0015",
            Self::JournalBehind { .. } => "DRL-0016",
            Self::Broken { .. } => "DRL-0017",
        }
    }

    fn hint(&self) -> &'static str {
        match self {
            Self::Bank { .. } | Self::NoFlow { .. } => "look at `tongbao status` and start the drill again",
            Self::Kill { .. } => "look at `tongbao status`: the site may have stopped by itself",
            Self::NotBack { .. } => "look at `tongbao status` and the logs of the sites that are left",
            Self::Journal(_) | Self::Replay(_) => {
                "run `tongbao journal verify` and keep the journal as it is"
            }
            Self::JournalBehind { .. } => {
                "keep the journal as it is: the leader acknowledged what is not in it"
            }
            Self::Broken { .. } => "start the drill again; if it breaks again, report it with the log",
        }
    }
}

impl Failure {
    /// The failure in one line for people: code, what happened and why, and what to do.
    pub(crate) fn line(&self) -> String {
        let mut line = format!("{}: {self}", self.code());
        let mut source = std::error::Error::source(self);
        while let Some(cause) = source {
            line.push_str(": ");
            line.push_str(&cause.to_string());
            source = cause.source();
        }
        line.push_str("; ");
        line.push_str(self.hint());
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_tells_its_causes_in_one_line() {
        let failure = Failure::Replay(ShardError::OutOfOrder { expected: Seq(7), found: Seq(9) });
        assert_eq!(
            failure.line(),
            "DRL-0015: the replay of the journal stopped: batch 9 came where 7 was due; \
             run `tongbao journal verify` and keep the journal as it is"
        );
    }
}
