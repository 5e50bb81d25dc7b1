//! The journal in PostgreSQL, behind the port that shards use.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ids::{Epoch, Seq};
use journal::{Claim, JournalError, Position, Store, Tail};
use serde::{Deserialize, Serialize};
use tokio::sync::watch as channel;
use tokio::time::timeout;

use crate::claim::PgClaim;
use crate::engine::Engine;
use crate::error::PgError;
use crate::session::Session;
use crate::settings::{Policy, Settings, describe};
use crate::standby::{Condition, Replication};
use crate::tail::{self, PgTail};
use crate::watch::Watch;

/// How long a place may be looked for.
const PLACE_TIMEOUT: Duration = Duration::from_secs(5);

/// What everything that belongs to one store shares.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) settings: Settings,
    pub(crate) shard: Arc<str>,
    pub(crate) engine: Engine,
    condition: Arc<channel::Sender<Condition>>,
}

impl Shared {
    /// Tells a change of the journal's condition, loudly where it matters.
    pub(crate) fn post(&self, condition: Condition) {
        self.condition.send_if_modified(|known| {
            if *known == condition {
                return false;
            }
            match &condition {
                Condition::Degraded(reason) => {
                    tracing::error!(
                        reason,
                        "THE JOURNAL IS DEGRADED: what is acknowledged now may be lost with the primary"
                    );
                }
                Condition::Blocked(reason) => {
                    tracing::error!(reason, "the journal is blocked: no synchronous standby");
                }
                Condition::Synchronous => tracing::info!("the journal has a synchronous standby"),
                Condition::Unknown => {}
            }
            *known = condition;
            true
        });
    }

    /// Whether appends may go on when the server itself waits for no standby.
    pub(crate) fn allows_degraded(&self) -> bool {
        self.settings.policy == Policy::AllowDegraded
    }
}

/// One shard's journal in PostgreSQL. Connects when it is used, and again whenever the primary is another.
pub struct PgStore {
    shared: Shared,
    watch: Mutex<Option<Watch>>,
}

impl fmt::Debug for PgStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PgStore")
            .field("settings", &self.shared.settings)
            .field("shard", &self.shared.shard)
            .finish_non_exhaustive()
    }
}

impl PgStore {
    /// The journal of `shard`. Speaks to nobody yet.
    pub fn new(settings: Settings, shard: &str) -> Result<Self, PgError> {
        let shared = Shared {
            settings,
            shard: shard.into(),
            engine: Engine::start()?,
            condition: Arc::new(channel::Sender::new(Condition::Unknown)),
        };
        Ok(Self { shared, watch: Mutex::new(None) })
    }

    /// What this site knows of the journal's durability; a leader looks every second.
    pub fn condition(&self) -> channel::Receiver<Condition> {
        self.shared.condition.subscribe()
    }
}

impl Store for PgStore {
    fn shard(&self) -> &str {
        &self.shared.shard
    }

    fn tail(&self, from: Position) -> Result<Box<dyn Tail>, JournalError> {
        let Shared { settings, shard, engine, .. } = &self.shared;
        Ok(Box::new(PgTail::start(engine, settings.clone(), shard, from)?))
    }

    /// Asks the primary for the record before. Blocks for as long as that takes, a few seconds at most.
    fn place_before(&self, seq: Seq) -> Result<Position, JournalError> {
        let Shared { settings, shard, engine, .. } = &self.shared;
        let (settings, shard) = (settings.clone(), shard.to_string());
        let (told, place) = std::sync::mpsc::channel();
        // The caller may itself be on a runtime, where `block_on` is not allowed.
        engine.handle().spawn(async move {
            let asked = timeout(PLACE_TIMEOUT, tail::place_before(&settings, &shard, seq)).await;
            let late = || PgError::Unreachable { reason: "no answer".to_owned() };
            // Nobody waits any more only when the process ends.
            let _ = told.send(asked.unwrap_or_else(|_| Err(late())));
        });
        Ok(place.recv().map_err(|_| JournalError::Poisoned)??)
    }

    fn try_lead(&self, holder: &str, from: Position) -> Result<Option<Box<dyn Claim>>, JournalError> {
        let mut watch = self.watch.lock().unwrap_or_else(PoisonError::into_inner);
        let Shared { settings, shard, engine, .. } = &self.shared;
        let watch =
            watch.get_or_insert_with(|| Watch::start(engine.handle(), settings.clone(), shard.to_string()));
        let Some(seen) = watch.free() else { return Ok(None) };
        Ok(Some(Box::new(PgClaim::new(self.shared.clone(), holder, seen, from)?)))
    }
}

/// The primary, its standbys and the lease, at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Survey {
    /// The primary, as in the URL.
    pub primary: String,
    /// The epoch that may append.
    pub epoch: Epoch,
    /// Who raised it.
    pub holder: String,
    /// The last record; it may be on its way still.
    pub seq: Seq,
    /// The standbys.
    pub replication: Replication,
    /// What the standbys mean under the policy.
    pub condition: Condition,
}

impl Survey {
    /// Asks the primary about `shard`.
    pub async fn ask(settings: &Settings, shard: &str) -> Result<Self, PgError> {
        let session = Session::open(settings).await?;
        let replication = Replication::ask(&session).await?;
        let ask = "SELECT l.epoch, l.holder, coalesce((SELECT max(seq) FROM tongbao.journal j WHERE j.shard = $1), 0) \
                   FROM tongbao.lease l WHERE l.shard = $1";
        let row = session.client.query_opt(ask, &[&shard]).await.map_err(PgError::of("look at the lease"))?;
        let number = |column| {
            row.as_ref().map_or(0, |row| u64::try_from(row.get::<_, i64>(column)).unwrap_or_default())
        };
        Ok(Self {
            primary: describe(&settings.hosts[session.host]),
            epoch: Epoch(number(0)),
            holder: row.as_ref().and_then(|row| row.get(1)).unwrap_or_default(),
            seq: Seq(number(2)),
            condition: replication.condition(settings.policy),
            replication,
        })
    }
}
