//! The leader's sign of life, and its look at what it depends on.

use std::time::Duration;

use ids::Epoch;
use journal::JournalError;
use tokio::sync::mpsc;
use tokio::time::sleep;

use crate::error::PgError;
use crate::session::Session;
use crate::standby::Replication;
use crate::store::Shared;

/// How often the heart beats.
const BEAT: Duration = Duration::from_millis(200);
/// Every how many beats the standbys are looked at.
const BEATS_PER_LOOK: u64 = 5;

/// Beats until aborted. The session holds the epoch's lock: if it ends, others may lead, and this leader must not go on.
/// A heart that is slow is no reason to end: the epoch decides who may append.
pub(crate) async fn beat(session: Session, shared: Shared, epoch: Epoch, alarm: mpsc::Sender<JournalError>) {
    let lost = |error: PgError| match error {
        PgError::Unknown { why, .. } => PgError::Unknown { operation: "keep the lease", why },
        other => other,
    };
    // A beat proves nothing and need not survive anything, so it waits for no disk and no standby.
    let relaxed = session.client.batch_execute("SET synchronous_commit = off").await;
    if let Err(error) = relaxed.map_err(PgError::of("keep the lease")) {
        let _ = alarm.send(lost(error).into()).await;
        return;
    }
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
