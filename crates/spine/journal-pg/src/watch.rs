//! Whether the lead looks free. Only a hint: the epoch decides.
//!
//! A leader holds an advisory lock that the server frees when its session ends, and counts a heartbeat up. The lead looks
//! free when the lock is, or when the heartbeat has stood still for [`PATIENCE`]: the leader's machine may be paused or cut
//! off with its session still open.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ids::Epoch;
use stdx::Sha256;
use tokio::time::{Instant, sleep, timeout};

use crate::error::PgError;
use crate::session::Session;
use crate::settings::Settings;
use crate::tail::open_ready;

/// How long a heartbeat may stand still.
pub(crate) const PATIENCE: Duration = Duration::from_millis(1_200);
/// How often to look.
const LOOK: Duration = Duration::from_millis(50);
/// How long one look may take before another host is tried. Nothing is lost with a look.
const LOOK_TIMEOUT: Duration = Duration::from_secs(1);
/// How long a look is worth something.
const FRESH: Duration = Duration::from_millis(500);

/// The advisory lock that the leader of an epoch holds.
pub(crate) fn lock_key(shard: &str, epoch: Epoch) -> i64 {
    let mut sha = Sha256::default();
    sha.update(b"tongbao lease\0");
    sha.update(shard.as_bytes());
    sha.update(&epoch.0.to_le_bytes());
    let digest = sha.finish();
    i64::from_le_bytes(*digest.0.first_chunk().expect("a digest is longer than a key"))
}

/// What the last look showed: the epoch that may be ended, and when.
type Seen = Option<(Epoch, Instant)>;

/// Looks until dropped.
#[derive(Debug)]
pub(crate) struct Watch {
    seen: Arc<Mutex<Seen>>,
    looking: tokio::task::JoinHandle<()>,
}

impl Watch {
    pub(crate) fn start(engine: &tokio::runtime::Handle, settings: Settings, shard: String) -> Self {
        let seen = Arc::new(Mutex::new(None));
        let looking = engine.spawn(look_forever(settings, shard, Arc::clone(&seen)));
        Self { seen, looking }
    }

    /// The epoch of a leader that seems to be gone.
    pub(crate) fn free(&self) -> Option<Epoch> {
        let seen = *self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.filter(|(_, at)| at.elapsed() < FRESH).map(|(epoch, _)| epoch)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.looking.abort();
    }
}

async fn look_forever(settings: Settings, shard: String, seen: Arc<Mutex<Seen>>) {
    let mut session = None;
    let mut pulse = Pulse::default();
    loop {
        let looked = timeout(LOOK_TIMEOUT, look(&settings, &shard, &mut session, &mut pulse)).await;
        let free = match looked {
            Ok(Ok(free)) => free,
            Ok(Err(_)) | Err(_) => {
                session = None;
                None
            }
        };
        *seen.lock().unwrap_or_else(PoisonError::into_inner) = free.map(|epoch| (epoch, Instant::now()));
        sleep(LOOK).await;
    }
}

/// The heartbeat's last change.
#[derive(Default)]
struct Pulse {
    last: Option<(i64, i64, Instant)>,
}

impl Pulse {
    /// Whether the heartbeat has stood still for too long.
    fn has_stopped(&mut self, epoch: i64, beat: i64, now: Instant) -> bool {
        match self.last {
            Some((e, b, since)) if (e, b) == (epoch, beat) => now.duration_since(since) >= PATIENCE,
            _ => {
                self.last = Some((epoch, beat, now));
                false
            }
        }
    }
}

async fn look(
    settings: &Settings,
    shard: &str,
    slot: &mut Option<Session>,
    pulse: &mut Pulse,
) -> Result<Option<Epoch>, PgError> {
    let session = match slot.take() {
        Some(session) => session,
        None => open_ready(settings, shard).await?,
    };
    let failed = || PgError::of("look at the lease");
    let ask = "SELECT l.epoch, h.beat FROM tongbao.lease l JOIN tongbao.heartbeat h ON h.shard = l.shard WHERE l.shard = $1";
    let row = session.client.query_opt(ask, &[&shard]).await.map_err(failed())?;
    let Some(row) = row else {
        *slot = Some(session);
        return Ok(None);
    };
    let (epoch, beat): (i64, i64) = (row.get(0), row.get(1));
    let has_stopped = pulse.has_stopped(epoch, beat, Instant::now());
    let epoch = Epoch(u64::try_from(epoch).unwrap_or_default());
    let is_free = epoch == Epoch::ZERO || has_stopped || is_unlocked(&session, shard, epoch).await?;
    *slot = Some(session);
    Ok(is_free.then_some(epoch))
}

/// Whether nobody holds the lock of an epoch. Shared, so that those who only look do not meet each other.
async fn is_unlocked(session: &Session, shard: &str, epoch: Epoch) -> Result<bool, PgError> {
    let key = lock_key(shard, epoch);
    let probe =
        "SELECT CASE WHEN pg_try_advisory_lock_shared($1) THEN pg_advisory_unlock_shared($1) ELSE false END";
    let row = session.client.query_one(probe, &[&key]).await.map_err(PgError::of("look at the lock"))?;
    Ok(row.get(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heartbeat_that_stands_still_stops_once_patience_is_over() {
        let mut pulse = Pulse::default();
        let start = Instant::now();
        assert!(!pulse.has_stopped(1, 7, start));
        assert!(!pulse.has_stopped(1, 7, start + PATIENCE / 2));
        assert!(!pulse.has_stopped(1, 8, start + PATIENCE));
        assert!(!pulse.has_stopped(1, 8, start + PATIENCE + PATIENCE / 2));
        assert!(pulse.has_stopped(1, 8, start + PATIENCE * 2));
        assert!(!pulse.has_stopped(2, 8, start + PATIENCE * 2), "a new leader has its own time");
    }

    #[test]
    fn every_epoch_of_every_shard_has_a_lock_of_its_own() {
        let keys = [lock_key("a", Epoch(1)), lock_key("a", Epoch(2)), lock_key("b", Epoch(1))];
        assert!(keys[0] != keys[1] && keys[0] != keys[2] && keys[1] != keys[2]);
    }
}
