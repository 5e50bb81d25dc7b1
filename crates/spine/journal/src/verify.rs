//! Checking a whole journal.

use std::sync::Arc;

use ids::{Epoch, Seq};
use serde::Serialize;
use stdx::Digest;

use crate::chain::{Kind, Position, Record};
use crate::disk::{Access, Disk};
use crate::error::JournalError;
use crate::files::{list_segments, segment_name};
use crate::reader::Reader;
use crate::tail::Torn;

/// What a sound journal holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// How many segment files it has.
    pub segments: u64,
    /// How many records, epoch records included.
    pub records: u64,
    /// How many commands.
    pub commands: u64,
    /// The first sequence number; zero if there are no records.
    pub first_seq: Seq,
    /// The last sequence number; zero if there are no records.
    pub last_seq: Seq,
    /// Every leader, in order.
    pub reigns: Vec<Reign>,
    /// The hash of the last record, and so of everything.
    pub head: Digest,
    /// The length of all segments together, a torn write at the end included.
    pub bytes: u64,
    /// An unfinished write at the end: under way, or left by a crash and cut off by the next leader.
    pub torn: Option<Torn>,
}

/// One leader's time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reign {
    /// Its epoch.
    pub epoch: Epoch,
    /// Its epoch record.
    pub first_seq: Seq,
    /// Who it was.
    pub holder: String,
}

/// How far a verification has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Records checked so far.
    pub records: u64,
    /// Bytes checked so far.
    pub bytes: u64,
    /// All bytes to check, as of the start.
    pub bytes_total: u64,
}

/// Reads every record of `shard`'s journal and checks every checksum, hash and link. Needs no lock and may run while a leader
/// appends; it ends at the end it meets. Calls `progress` after every record.
///
/// Errors: whatever is wrong first, with file and offset.
pub fn verify(
    disk: &Arc<dyn Disk>,
    shard: &str,
    mut progress: impl FnMut(Progress),
) -> Result<Report, JournalError> {
    let bytes_total = total_bytes(&**disk)?;
    let mut reader = Reader::open(Arc::clone(disk), shard, Position::genesis())?;
    let mut report = Report::default();
    let mut bytes = 0;
    loop {
        let before = reader.position();
        let Some(record) = reader.next_record()? else {
            // A reader makes up its mind after a few looks.
            if reader.is_unsettled() {
                continue;
            }
            break;
        };
        let after = reader.position();
        bytes += if after.segment_first == before.segment_first {
            after.offset - before.offset
        } else {
            after.offset
        };
        report.add(&record);
        progress(Progress { records: report.records, bytes, bytes_total: bytes_total.max(bytes) });
    }
    report.segments = list_segments(&**disk)?.len() as u64;
    report.bytes = total_bytes(&**disk)?;
    report.torn = reader.torn().cloned();
    Ok(report)
}

impl Report {
    /// Counts a record that was read and checked, in order. What only files have stays as it was.
    pub fn add(&mut self, record: &Record) {
        if self.records == 0 {
            self.first_seq = record.seq;
        }
        self.records += 1;
        self.commands += u64::from(record.commands);
        self.last_seq = record.seq;
        self.head = record.hash;
        if record.kind == Kind::Epoch {
            let holder = String::from_utf8_lossy(&record.payload).into_owned();
            self.reigns.push(Reign { epoch: record.epoch, first_seq: record.seq, holder });
        }
    }
}

fn total_bytes(disk: &dyn Disk) -> Result<u64, JournalError> {
    list_segments(disk)?.into_iter().try_fold(0, |sum, first| {
        let name = segment_name(first);
        let file = disk.open(&name, Access::Read).map_err(JournalError::io("open", &name))?;
        Ok(sum + file.size().map_err(JournalError::io("measure", &name))?)
    })
}
