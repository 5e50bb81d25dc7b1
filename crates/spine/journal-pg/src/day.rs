//! Which records belong to which day.
//!
//! The tables are partitioned by day, so the primary key alone would let a record come in two days. The lease says which day
//! is being written and with which record it began: an append goes into that day only, and a day begins only where no record
//! lies yet. So a number can be written once, whichever leader's clock is on which side of midnight.

use ids::{Epoch, Seq};
use journal::JournalError;
use tokio_postgres::types::ToSql;

use crate::error::PgError;
use crate::heartbeat::current_epoch;
use crate::session::Session;

/// Moves the lease on to `day`, which begins with record `seq`. Nothing may be on its way.
///
/// Two statements in a transaction: the first one waits for whoever holds the lease's row, so that the second one sees every
/// record that was written until then.
pub(crate) async fn begin(
    session: &Session,
    shard: &str,
    epoch: Epoch,
    day: i32,
    seq: Seq,
) -> Result<(), JournalError> {
    let failed = || PgError::of("begin a day");
    let lock = "SELECT 1 FROM tongbao.lease WHERE shard = $1 FOR UPDATE";
    let begin = "UPDATE tongbao.lease SET day = {day $3}, day_seq = $4::bigint \
                 WHERE shard = $1 AND epoch = $2::bigint AND day < {day $3} \
                 AND NOT EXISTS (SELECT 1 FROM tongbao.journal WHERE shard = $1 AND seq >= $4::bigint)";
    let number = |number: u64| i64::try_from(number).map_err(|_| PgError::Time { seq });
    let (epoch_column, seq_column) = (number(epoch.0)?, number(seq.0)?);
    let params: [&(dyn ToSql + Sync); 4] = [&shard, &epoch_column, &day, &seq_column];
    session.client.batch_execute(&session.sql("{begin}")).await.map_err(failed())?;
    session.client.execute(lock, &[&shard]).await.map_err(failed())?;
    let begun = session.client.execute(&session.sql(begin), &params).await.map_err(failed())?;
    session.client.batch_execute("COMMIT").await.map_err(failed())?;
    session.check_warned("begin a day")?;
    if begun == 1 {
        return Ok(());
    }
    let current = current_epoch(session, shard).await?;
    Err(if current == epoch {
        PgError::Day { seq }.into()
    } else {
        JournalError::Fenced { own: epoch, current }
    })
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr, TcpListener};

    use ids::Timestamp;
    use journal::{Batch, Chain, Position, Sealed};
    use pg_local::{Installation, Server, Spec};
    use stdx::Coded as _;

    use super::*;
    use crate::appender::{Line, write};
    use crate::schema;
    use crate::settings::Settings;
    use crate::tail::open_ready;

    const SHARD: &str = "bank";
    const EVENING: u64 = 1_795_391_999_000_000_000;
    const MORNING: u64 = EVENING + 2_000_000_000;

    /// A primary without standbys; nothing without PostgreSQL, which CI has.
    fn server(folder: &tempfile::TempDir) -> Option<Server> {
        let installation = Installation::find("").ok()?;
        let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let port = TcpListener::bind((address, 0)).unwrap().local_addr().unwrap().port();
        let spec = Spec {
            name: "s0".to_owned(),
            folder: folder.path().join("s0"),
            address,
            port,
            password: "correct-horse-battery".to_owned(),
            extra: "shared_buffers = 32MB\nmin_wal_size = 32MB\nmax_wal_size = 256MB\n".to_owned(),
        };
        let mut server = Server::new(&installation, spec);
        server.init().unwrap();
        server.lead("").unwrap();
        server.start().unwrap();
        Some(server)
    }

    /// The next record, as a leader whose clock shows `stamp` would write it.
    fn next(chain: &Chain, stamp: u64) -> Sealed {
        let batch = Batch {
            seq: chain.seq().next(),
            timestamp: Timestamp(stamp),
            commands: 1,
            payload: b"x",
            state: None,
        };
        chain.clone().seal(&batch).unwrap()
    }

    #[tokio::test]
    async fn of_two_leaders_on_two_sides_of_midnight_one_writes_a_record() {
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        let folder = tempfile::Builder::new().prefix("day").permissions(open).tempdir().unwrap();
        let Some(server) = server(&folder) else { return };
        let url = Server::url([server.spec()], &server.spec().password_file());
        let settings: Settings = format!("{url}&durability=allow-degraded").parse().unwrap();
        let session = open_ready(&settings, SHARD).await.unwrap();
        let (today, tomorrow) = (schema::day(Timestamp(EVENING)), schema::day(Timestamp(MORNING)));
        assert_eq!(tomorrow, today + 1);
        for day in [today, tomorrow] {
            schema::ensure_day(&session, day).await.unwrap();
        }
        // The worst case: both have the same epoch, as a site and its copy from a backup would.
        let epoch = Epoch(1);
        let lease = "UPDATE tongbao.lease SET epoch = 1 WHERE shard = $1";
        session.client.execute(lease, &[&SHARD]).await.unwrap();
        let [early, late] = [(); 2].map(|()| Chain::at(SHARD, &Position::genesis(), epoch));
        let lines = Line::open_all(&settings, 0).await.unwrap();
        let [one, other] = [&lines[0], &lines[1]];

        begin(&session, SHARD, epoch, today, Seq(1)).await.unwrap();
        // The late one cannot write into a day that has not begun,
        let morning = next(&late, MORNING);
        assert_eq!(write(other, SHARD, &morning, Seq(0), true).await.unwrap(), 0);
        // and once the early one has written the record, no day can begin with it.
        assert_eq!(write(one, SHARD, &next(&early, EVENING), Seq(0), true).await.unwrap(), 1);
        let refused = begin(&other.session, SHARD, epoch, tomorrow, Seq(1)).await.unwrap_err();
        assert_eq!(refused.code(), "JPG-0016");
        // The other way round: the day has begun, and the early one is too late.
        let mut early = early;
        early
            .seal(&Batch {
                seq: Seq(1),
                timestamp: Timestamp(EVENING),
                commands: 1,
                payload: b"x",
                state: None,
            })
            .unwrap();
        begin(&other.session, SHARD, epoch, tomorrow, Seq(2)).await.unwrap();
        assert_eq!(write(one, SHARD, &next(&early, EVENING + 1), Seq(1), true).await.unwrap(), 0);
        assert_eq!(write(other, SHARD, &next(&early, MORNING), Seq(1), true).await.unwrap(), 1);

        let twice = "SELECT count(*) - count(DISTINCT seq) FROM tongbao.journal";
        assert_eq!(session.client.query_one(twice, &[]).await.unwrap().get::<_, i64>(0), 0);
    }
}
