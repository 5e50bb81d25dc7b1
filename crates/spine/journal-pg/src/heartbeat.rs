//! The leader's sign of life, and its look at what it depends on.

use std::time::Duration;

use ids::Epoch;
use journal::JournalError;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::error::PgError;
use crate::session::Session;
use crate::standby::Replication;
use crate::store::Shared;

/// How often the heart beats.
const BEAT: Duration = Duration::from_millis(200);
/// Every how many beats the standbys are looked at.
const BEATS_PER_LOOK: u64 = 5;

/// A leader's heart; it stops when dropped. Its session holds the epoch's lock, so that others may lead then.
pub(crate) struct Heart {
    task: JoinHandle<()>,
    alarms: mpsc::Receiver<JournalError>,
}

impl Heart {
    /// Lets it beat for the leader of `epoch`, on the session that holds the epoch's lock.
    pub(crate) fn start(session: Session, shared: Shared, epoch: Epoch) -> Self {
        let (alarm, alarms) = mpsc::channel(1);
        Self { task: tokio::spawn(beat(session, shared, epoch, alarm)), alarms }
    }

    /// Why the leader must not go on; waits until there is a reason.
    pub(crate) async fn alarm(&mut self) -> JournalError {
        self.alarms.recv().await.unwrap_or(JournalError::Poisoned)
    }
}

impl Drop for Heart {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Beats until aborted, or until the session ends: then others may lead, and this leader must not go on. A heart that is slow
/// is no reason to end: the epoch decides who may append.
async fn beat(session: Session, shared: Shared, epoch: Epoch, alarm: mpsc::Sender<JournalError>) {
    let lost = |error: PgError| match error {
        PgError::Unknown { why, .. } => PgError::Unknown { operation: "keep the lease", why },
        other => other,
    };
    for number in 0u64.. {
        match beat_once(&session, &shared, number).await {
            Ok(current) if current == epoch => {}
            Ok(current) => {
                let _ = alarm.send(JournalError::Fenced { own: epoch, current }).await;
                return;
            }
            Err(error) if session.client.is_closed() => {
                let _ = alarm.send(lost(error).into()).await;
                return;
            }
            // A full disk, say. Appends will tell.
            Err(error) => tracing::warn!(%error, "a heartbeat failed"),
        }
        sleep(BEAT).await;
    }
}

async fn beat_once(session: &Session, shared: &Shared, number: u64) -> Result<Epoch, PgError> {
    let beat = "UPDATE tongbao.heartbeat SET beat = beat + 1, renewed_at = now() WHERE shard = $1";
    session.client.execute(beat, &[&&*shared.shard]).await.map_err(PgError::of("keep the lease"))?;
    if number.is_multiple_of(BEATS_PER_LOOK) {
        let replication = Replication::ask(session).await?;
        shared.post(replication.condition(shared.settings.policy));
    }
    current_epoch(session, &shared.shard).await
}

/// The epoch that may append.
pub(crate) async fn current_epoch(session: &Session, shard: &str) -> Result<Epoch, PgError> {
    let ask = "SELECT epoch FROM tongbao.lease WHERE shard = $1";
    let row = session.client.query_one(ask, &[&shard]).await.map_err(PgError::of("look at the lease"))?;
    Ok(Epoch(u64::try_from(row.get::<_, i64>(0)).unwrap_or_default()))
}
