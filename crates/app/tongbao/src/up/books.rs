//! Where the books are kept: the choice, its memory, and the store.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use journal::{FileStore, Options, Store};
use journal_pg::{PgError, PgStore, Policy, Settings};
use serde::{Deserialize, Serialize};

use super::postgres::Cluster;
use crate::error::AppError;
use crate::institution::{SHARD, default_plan};
use crate::layout::{Layout, read};

/// The environment variable that says where the books are: a URL may hold a password, and arguments can be seen by everybody.
/// People may set it, and `up` sets it for the sites.
pub(crate) const JOURNAL_VARIABLE: &str = "TONGBAO_JOURNAL";

/// `--journal`.
#[derive(Clone, Debug)]
pub(crate) enum Choice {
    /// Files in the data folder.
    Files,
    /// PostgreSQL servers that `up` starts on this machine.
    Local(Policy),
    /// Somebody else's PostgreSQL.
    Url(Address),
}

/// A URL with its secrets.
#[derive(Clone)]
pub(crate) struct Address {
    pub(crate) url: String,
    pub(crate) settings: Settings,
}

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.settings.fmt(f)
    }
}

impl FromStr for Choice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::of(text).map_err(|error| error.to_string())
    }
}

impl FromStr for Address {
    type Err = PgError;

    fn from_str(url: &str) -> Result<Self, Self::Err> {
        Ok(Self { url: url.to_owned(), settings: url.parse()? })
    }
}

/// What a data folder remembers of the choice; never a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kept {
    Files,
    PostgresLocal { degraded: bool },
    Postgres { hosts: Vec<String> },
}

/// The URL in the environment.
#[expect(clippy::disallowed_methods, reason = "configuration is read once, at start")]
pub(crate) fn given_url() -> Option<String> {
    std::env::var(JOURNAL_VARIABLE).ok().filter(|url| !url.is_empty())
}

impl Choice {
    /// The choice in the environment.
    pub(crate) fn given() -> Result<Option<Self>, AppError> {
        Ok(given_url().map(|text| Self::of(&text)).transpose()?)
    }

    fn of(text: &str) -> Result<Self, PgError> {
        match text {
            "files" => Ok(Self::Files),
            "postgres:local" | "postgres:local?durability=require-standby" => {
                Ok(Self::Local(Policy::RequireStandby))
            }
            "postgres:local?durability=allow-degraded" => Ok(Self::Local(Policy::AllowDegraded)),
            url => url.parse().map(Self::Url),
        }
    }

    /// Whether it was given with a password in it.
    pub(crate) fn shows_password(&self) -> bool {
        let Self::Url(Address { url, .. }) = self else { return false };
        let (address, options) = url.split_once('?').unwrap_or((url, ""));
        let user =
            address.split_once("://").and_then(|(_, rest)| rest.rsplit_once('@')).map(|(user, _)| user);
        user.is_some_and(|user| user.contains(':')) || options.contains("password=")
    }

    fn kept(&self) -> Kept {
        match self {
            Self::Files => Kept::Files,
            Self::Local(policy) => Kept::PostgresLocal { degraded: *policy == Policy::AllowDegraded },
            Self::Url(address) => Kept::Postgres { hosts: address.settings.hosts() },
        }
    }

    /// Takes the choice, or what the data folder remembers of an earlier one; books that lie elsewhere are never passed over.
    pub(crate) fn settle(wanted: Option<Self>, layout: &Layout) -> Result<Self, AppError> {
        let path = layout.books();
        let kept: Option<Kept> = read(&path).ok().and_then(|text| serde_json::from_slice(&text).ok());
        // Folders from before there was a choice have files.
        let kept = kept.or_else(|| layout.journal(SHARD).join("epoch").exists().then_some(Kept::Files));
        let choice = match (wanted, kept) {
            (None, None | Some(Kept::Files)) => Self::Files,
            (None, Some(Kept::PostgresLocal { degraded })) => {
                Self::Local(if degraded { Policy::AllowDegraded } else { Policy::RequireStandby })
            }
            (None, Some(Kept::Postgres { hosts })) => {
                return Err(AppError::Books { kept: format!("PostgreSQL at {}", hosts.join(", ")) });
            }
            (Some(wanted), Some(kept)) if !wanted.agrees_with(&kept) => {
                let kept = match kept {
                    Kept::Files => "files in the data folder".to_owned(),
                    Kept::PostgresLocal { .. } => "PostgreSQL servers in the data folder".to_owned(),
                    Kept::Postgres { hosts } => format!("PostgreSQL at {}", hosts.join(", ")),
                };
                return Err(AppError::Books { kept });
            }
            (Some(wanted), _) => wanted,
        };
        layout.write_durably(&path, &choice.kept())?;
        Ok(choice)
    }

    fn agrees_with(&self, kept: &Kept) -> bool {
        matches!(
            (self, kept),
            (Self::Files, Kept::Files)
                | (Self::Local(_), Kept::PostgresLocal { .. })
                // Hosts come and go; whether these are the same books, the hash chain says.
                | (Self::Url(_), Kept::Postgres { .. })
        )
    }
}

/// Where the data folder's books are in PostgreSQL; nothing if they are files.
pub(crate) fn kept_url(layout: &Layout) -> Result<Option<String>, AppError> {
    let kept = read(&layout.books()).ok().and_then(|text| serde_json::from_slice(&text).ok());
    match kept {
        None | Some(Kept::Files) => Ok(None),
        Some(Kept::PostgresLocal { .. }) => Cluster::kept_url(layout, &default_plan()).map(Some),
        Some(Kept::Postgres { hosts }) => {
            Err(AppError::Books { kept: format!("PostgreSQL at {}", hosts.join(", ")) })
        }
    }
}

/// The store of a URL, or of the files in the data folder.
pub(crate) fn open(layout: &Layout, url: Option<&str>) -> anyhow::Result<Arc<dyn Store>> {
    Ok(match url {
        Some(url) => Arc::new(PgStore::new(url.parse()?, SHARD)?),
        None => Arc::new(open_files(layout.journal(SHARD))?),
    })
}

fn open_files(folder: PathBuf) -> Result<FileStore, AppError> {
    FileStore::create(&folder, SHARD, Options::default())
        .map_err(|source| AppError::Folder { folder, source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_keeps_its_choice_and_refuses_another() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::new(folder.path());
        let local = || "postgres:local".parse::<Choice>().unwrap();
        assert!(matches!(
            Choice::settle(Some(local()), &layout).unwrap(),
            Choice::Local(Policy::RequireStandby)
        ));
        assert!(matches!(Choice::settle(None, &layout).unwrap(), Choice::Local(_)));
        let error = Choice::settle(Some(Choice::Files), &layout).unwrap_err();
        assert_eq!(stdx::Coded::code(&error), "RUN-0008");
        let degraded = "postgres:local?durability=allow-degraded".parse().unwrap();
        assert!(matches!(
            Choice::settle(Some(degraded), &layout).unwrap(),
            Choice::Local(Policy::AllowDegraded)
        ));
    }

    #[test]
    fn a_url_must_be_given_again_because_its_secret_is_not_kept() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::new(folder.path());
        let choice: Choice = "postgres://u:hunter2@h/d".parse().unwrap();
        assert!(!format!("{choice:?}").contains("hunter2") && choice.shows_password());
        for safe in ["files", "postgres:local", "postgres://u@h:1/d?durability=allow-degraded"] {
            assert!(!safe.parse::<Choice>().unwrap().shows_password(), "{safe}");
        }
        Choice::settle(Some(choice), &layout).unwrap();
        let kept = String::from_utf8(read(&layout.books()).unwrap()).unwrap();
        assert!(kept.contains("h:5432") && !kept.contains("hunter2"), "{kept}");
        assert!(Choice::settle(None, &layout).is_err());
    }
}
