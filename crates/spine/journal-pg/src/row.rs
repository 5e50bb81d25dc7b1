//! Rows and records.

use ids::{Epoch, Seq, Timestamp};
use journal::{Fault, Kind, PAYLOAD_BYTES_MAX, Record, Sealed};
use stdx::Digest;
use tokio_postgres::Row;

use crate::error::PgError;
use crate::schema;

/// Reads a page of records. A payload that is longer than any record's is not even fetched.
pub(crate) const PAGE: &str = "SELECT seq, epoch, kind, stamp, commands, state_seq, state_hash, prev_hash, hash, durable, \
     octet_length(payload), CASE WHEN octet_length(payload) <= 1048576 THEN payload END \
     FROM tongbao.journal \
     WHERE shard = $1 AND seq > $2 AND day >= {day $3} ORDER BY seq LIMIT 8";
/// How many rows [`PAGE`] gives at most.
pub(crate) const PAGE_ROWS: usize = 8;
const _: () = assert!(PAYLOAD_BYTES_MAX == 1_048_576, "the limit in the statement is the records'");

/// A record as it lies in the database.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) record: Record,
    /// The last record that was known to be durable when this one was sent.
    pub(crate) durable: Seq,
}

impl Stored {
    /// The record in a row of [`PAGE`]; whether it belongs there is for others to check.
    pub(crate) fn from_row(shard: &str, row: &Row) -> Result<Self, PgError> {
        let seq = number(row, 0).map(Seq).unwrap_or_default();
        let read = || -> Option<Self> {
            let state =
                match (row.try_get::<_, Option<i64>>(5).ok()?, row.try_get::<_, Option<&[u8]>>(6).ok()?) {
                    (None, None) => None,
                    (Some(of), Some(hash)) => Some((Seq(u64::try_from(of).ok()?), digest(hash)?)),
                    _ => return None,
                };
            let record = Record {
                seq,
                epoch: Epoch(number(row, 1)?),
                kind: kind_of(row.try_get(2).ok()?)?,
                timestamp: Timestamp(number(row, 3)?),
                commands: u32::try_from(row.try_get::<_, i32>(4).ok()?).ok()?,
                state,
                prev_hash: digest(row.try_get(7).ok()?)?,
                hash: digest(row.try_get(8).ok()?)?,
                payload: payload(row)?,
            };
            let durable = Seq(number(row, 9)?);
            (durable < seq).then_some(Self { record, durable })
        };
        read().ok_or_else(|| PgError::Damaged { shard: shard.to_owned(), seq, fault: Fault::HeaderFields })
    }
}

/// The payload: nothing if it is too long. One of no bytes may be NULL (openGauss); if it should not be, its hash will tell.
fn payload(row: &Row) -> Option<Vec<u8>> {
    match (row.try_get::<_, Option<i32>>(10).ok()?, row.try_get::<_, Option<Vec<u8>>>(11).ok()?) {
        (_, Some(bytes)) => Some(bytes),
        (None | Some(0), None) => Some(Vec::new()),
        (Some(_), None) => None,
    }
}

fn number(row: &Row, column: usize) -> Option<u64> {
    u64::try_from(row.try_get::<_, i64>(column).ok()?).ok()
}

fn digest(bytes: &[u8]) -> Option<Digest> {
    bytes.try_into().ok().map(Digest)
}

fn kind_code(kind: Kind) -> i16 {
    match kind {
        Kind::Commands => 1,
        Kind::Epoch => 2,
    }
}

fn kind_of(code: i16) -> Option<Kind> {
    [Kind::Commands, Kind::Epoch].into_iter().find(|kind| kind_code(*kind) == code)
}

/// A record's columns, as a row holds them: everything but the shard and what its sender knew to be durable.
pub(crate) struct Columns {
    pub(crate) day: i32,
    pub(crate) seq: i64,
    pub(crate) epoch: i64,
    pub(crate) kind: i16,
    pub(crate) stamp: i64,
    pub(crate) commands: i32,
    pub(crate) state_seq: Option<i64>,
}

impl Columns {
    pub(crate) fn of(sealed: &Sealed) -> Result<Self, PgError> {
        Self::new(
            (sealed.seq(), sealed.epoch(), sealed.kind()),
            sealed.timestamp(),
            sealed.commands(),
            sealed.state().map(|(of, _)| of),
        )
    }

    pub(crate) fn of_record(record: &Record) -> Result<Self, PgError> {
        let Record { seq, epoch, kind, timestamp, commands, state, .. } = record;
        Self::new((*seq, *epoch, *kind), *timestamp, *commands, state.map(|(of, _)| of))
    }

    fn new(
        (seq, epoch, kind): (Seq, Epoch, Kind),
        timestamp: Timestamp,
        commands: u32,
        state_of: Option<Seq>,
    ) -> Result<Self, PgError> {
        let narrow = |number: u64| i64::try_from(number).map_err(|_| PgError::Time { seq });
        Ok(Self {
            day: schema::day(timestamp),
            seq: narrow(seq.0)?,
            epoch: narrow(epoch.0)?,
            kind: kind_code(kind),
            stamp: narrow(timestamp.0)?,
            commands: i32::try_from(commands).map_err(|_| PgError::Time { seq })?,
            state_seq: state_of.map(|of| narrow(of.0)).transpose()?,
        })
    }
}
