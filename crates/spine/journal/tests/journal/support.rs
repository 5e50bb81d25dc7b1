//! What the tests share.

use std::sync::Arc;

use ids::{Seq, Timestamp};
use journal::sim::SimDisk;
use journal::{
    Batch, Corruption, Disk, Fault, JournalError, Options, Position, Reader, Record, Recovery, Report,
    Writer, verify,
};

pub(crate) const SHARD: &str = "bank";

/// Takes the lead from `from`, handing every record on the way to the caller.
pub(crate) fn lead_from(
    disk: Arc<dyn Disk>,
    options: Options,
    from: Position,
) -> Result<(Writer, Recovery, Vec<Record>), JournalError> {
    let mut takeover = Writer::take_over(disk, SHARD, options, from)?;
    let mut records = Vec::new();
    while let Some(record) = takeover.next_record()? {
        records.push(record);
    }
    let (writer, recovery) = takeover.lead("east-1")?;
    Ok((writer, recovery, records))
}

pub(crate) fn lead(disk: &SimDisk, options: Options) -> Writer {
    lead_from(disk.process(), options, Position::genesis()).expect("a sound journal").0
}

/// Appends one batch per payload, all in one group.
pub(crate) fn append(writer: &mut Writer, payloads: &[Vec<u8>]) -> Result<Position, JournalError> {
    let start = writer.position();
    let batches: Vec<Batch<'_>> = payloads
        .iter()
        .zip(start.seq.0 + 1..)
        .map(|(payload, seq)| Batch {
            seq: Seq(seq),
            timestamp: Timestamp(seq * 1000),
            commands: 1,
            payload,
            state: (seq % 3 == 0).then(|| (Seq(seq - 1), start.hash)),
        })
        .collect();
    writer.append(&batches)
}

/// Everything a reader gets from `from` to the end.
pub(crate) fn read_all(disk: Arc<dyn Disk>, from: Position) -> Result<Vec<Record>, JournalError> {
    let mut reader = Reader::open(disk, SHARD, from)?;
    let mut records = Vec::new();
    while let Some(record) = reader.next_record()? {
        records.push(record);
    }
    Ok(records)
}

pub(crate) fn verify_sim(disk: &SimDisk) -> Result<Report, JournalError> {
    let disk: Arc<dyn Disk> = disk.process();
    verify(&disk, SHARD, |_| ())
}

/// The corruption in a result that must be one.
pub(crate) fn corruption<T: std::fmt::Debug>(result: Result<T, JournalError>, context: &str) -> Corruption {
    match result {
        Err(JournalError::Corrupt(corruption)) => corruption,
        other => panic!("{context}: expected corruption, got {other:?}"),
    }
}

/// A corruption in one line.
pub(crate) fn shown(corruption: &Corruption) -> String {
    let Corruption { file, offset, fault } = corruption;
    let fault: &Fault = fault;
    format!("{file} at {offset}: {fault}")
}

/// A small journal that exercises the format: three segments, groups of several records, an empty payload, payloads of
/// zeroes that have to be masked, two leaders. Returns the disk, and where each record starts and ends.
pub(crate) fn small_journal() -> (SimDisk, Vec<Span>) {
    let disk = SimDisk::new(1);
    let options = Options { segment_bytes_max: 1800 };
    let mut spans = Vec::new();
    let first = vec![vec![vec![7; 40]], vec![vec![], vec![0; 300]], vec![vec![9; 1200]]];
    let second = vec![vec![vec![0; 1100], vec![1, 2, 3]]];
    for payloads in [first, second] {
        let mut writer = lead(&disk, options);
        for group in payloads {
            append(&mut writer, &group).expect("a sound disk");
        }
    }
    let mut reader = Reader::open(disk.process(), SHARD, Position::genesis()).expect("a sound journal");
    while reader.next_record().expect("a sound journal").is_some() {
        let after = reader.position();
        let same = spans.last().filter(|span: &&Span| span.segment_first == after.segment_first);
        let start = same.map_or(Position::genesis().offset, |span| span.end);
        spans.push(Span { segment_first: after.segment_first, start, end: after.offset });
    }
    (disk, spans)
}

/// Where a record lies.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    pub(crate) segment_first: Seq,
    pub(crate) start: u64,
    pub(crate) end: u64,
}

pub(crate) fn segment_name(first: Seq) -> String {
    format!("{:020}.seg", first.0)
}

/// The names of all segments, in order.
pub(crate) fn segments(disk: &SimDisk) -> Vec<String> {
    disk.names().into_iter().filter(|name| name.ends_with(".seg")).collect()
}
