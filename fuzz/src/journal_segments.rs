//! Segment files: whatever they hold, reading ends with good records, a torn tail or named damage, and what reads is
//! what was written.

use std::sync::{Arc, LazyLock};

use arbitrary::{Result, Unstructured};
use ids::{Seq, Timestamp};
use journal::sim::SimDisk;
use journal::{Batch, Disk, JournalError, Options, Position, Reader, Record, Verifier, Writer, verify};
use stdx::crc32c;

use crate::assert_told;
use crate::mutation::mutate;

const SHARD: &str = "bank";
/// The marks of a record and of a segment, and how long their headers are up to the checksum.
const RECORD_MARK: &[u8] = b"TBrecord";
const SEGMENT_MARK: &[u8] = b"TBjournl";
const RECORD_CHECKED_BYTES: usize = 156;
const RECORD_HEADER_BYTES: usize = 168;
const SEGMENT_CHECKED_BYTES: usize = 132;
/// How often a reader looks before it decides that damage at the end is there to stay.
const LOOKS_MAX: u32 = 16;

/// A good journal of three segments under two leaders.
struct Journal {
    files: Vec<(String, Vec<u8>)>,
    records: Vec<Record>,
}

static GOOD: LazyLock<Journal> = LazyLock::new(|| {
    let disk = SimDisk::new(1);
    let first: [&[&[u8]]; 3] = [&[&[7; 40]], &[&[], &[0; 300]], &[&[9; 1200]]];
    let second: [&[&[u8]]; 1] = [&[&[0; 1100], &[1, 2, 3]]];
    for groups in [&first[..], &second[..]] {
        let mut takeover = Writer::take_over(
            disk.process(),
            SHARD,
            Options { segment_bytes_max: 1800 },
            Position::genesis(),
        )
        .expect("a sound journal");
        while takeover.next_record().expect("a sound journal").is_some() {}
        let (mut writer, _) = takeover.lead("east-1").expect("a sound disk");
        groups.iter().for_each(|group| append(&mut writer, group));
    }
    let files = disk.names().into_iter().map(|name| (disk.contents(&name).unwrap_or_default(), name));
    let files = files.map(|(content, name)| (name, content)).collect();
    let (records, ended) = read_all(disk.process());
    assert!(ended.is_ok() && records.len() == 8, "the good journal reads whole");
    Journal { files, records }
});

fn append(writer: &mut Writer, payloads: &[&[u8]]) {
    let head = writer.position();
    let batches: Vec<Batch<'_>> = (head.seq.0 + 1..)
        .zip(payloads)
        .map(|(seq, payload)| Batch {
            seq: Seq(seq),
            timestamp: Timestamp(seq * 1000),
            commands: 1,
            payload,
            state: (seq % 3 == 0).then(|| (Seq(seq - 1), head.hash)),
        })
        .collect();
    writer.append(&batches).expect("a sound disk");
}

/// Reads segments made of `bytes`, or good ones that `bytes` damage. Returns whether a record was read.
///
/// # Panics
/// If something does not hold.
pub fn run(bytes: &[u8]) -> bool {
    let mut u = Unstructured::new(bytes);
    let kind = u.int_in_range(0..=3_u8).unwrap_or_default();
    match kind {
        0 => invented(&mut u, bytes.len()),
        _ => damaged(&mut u, kind > 1),
    }
    .unwrap_or_default()
}

/// Files of any content.
fn invented(u: &mut Unstructured<'_>, most: usize) -> Result<bool> {
    let disk = SimDisk::new(1);
    let (names, is_forged) = (u.int_in_range(1..=3_u64)?, u.arbitrary()?);
    for first in 0..names {
        let length = if first + 1 == names { u.len() } else { u.int_in_range(0..=u.len())? };
        let mut content = u.bytes(length.min(u.len()))?.to_vec();
        if is_forged {
            put_right(&mut content);
        }
        disk.plant(&format!("{:020}.seg", first + 1), content);
    }
    let (records, _) = read_all(disk.process());
    assert!(records.len() <= most / RECORD_HEADER_BYTES, "every record has a header of its own");
    check_all(&disk, &records);
    Ok(!records.is_empty())
}

/// The good journal, damaged; with `is_forged`, by somebody who put the checksums right.
fn damaged(u: &mut Unstructured<'_>, is_forged: bool) -> Result<bool> {
    let disk = SimDisk::new(1);
    let which = u.int_in_range(0..=GOOD.files.len() - 1)?;
    for (index, (name, content)) in GOOD.files.iter().enumerate() {
        let mut content = content.clone();
        if index == which {
            mutate(u, &mut content)?;
            if is_forged {
                put_right(&mut content);
            }
        }
        disk.plant(name, content);
    }
    if u.ratio(1_u8, 8)? {
        drop(disk.steal(&GOOD.files[u.int_in_range(0..=GOOD.files.len() - 1)?].0));
    }
    let (records, _) = read_all(disk.process());
    assert!(GOOD.records.starts_with(&records), "a record was read that nobody wrote");
    check_all(&disk, &records);
    Ok(!records.is_empty())
}

/// A reader's records hang together, a verification sees as many, and a takeover goes on after them or refuses.
fn check_all(disk: &SimDisk, records: &[Record]) {
    let mut verifier = Verifier::new(SHARD, Position::genesis()).expect("a good name");
    for record in records {
        assert_eq!(verifier.check(record), Ok(()), "{record:?} does not follow");
    }
    let process: Arc<dyn Disk> = disk.process();
    let verified = verify(&process, SHARD, |_| ());
    match &verified {
        Ok(report) => assert_eq!(report.records, records.len() as u64),
        Err(error) => assert_told(error),
    }
    match lead(disk) {
        Err(error) => assert_told(&error),
        Ok(()) => {
            assert!(verified.is_ok(), "nobody leads on a journal that cannot be verified: {verified:?}");
            let (after, ended) = read_all(disk.process());
            assert!(ended.is_ok(), "{ended:?}");
            assert_eq!(after.len(), records.len() + 1, "an epoch record follows");
            assert!(after.starts_with(records), "a takeover changes no record");
        }
    }
}

fn lead(disk: &SimDisk) -> std::result::Result<(), JournalError> {
    let mut takeover = Writer::take_over(disk.process(), SHARD, Options::default(), Position::genesis())?;
    while takeover.next_record()?.is_some() {}
    takeover.lead("east-2").map(drop)
}

/// Everything that reads, and how it ended.
fn read_all(disk: Arc<dyn Disk>) -> (Vec<Record>, std::result::Result<(), JournalError>) {
    let mut records = Vec::new();
    let ended = Reader::open(disk, SHARD, Position::genesis()).and_then(|mut reader| {
        let mut looks = 0;
        loop {
            match reader.next_record()? {
                Some(record) => records.push(record),
                None if reader.is_unsettled() => {
                    looks += 1;
                    assert!(looks < LOOKS_MAX, "a reader makes up its mind");
                }
                None => return Ok(()),
            }
        }
    });
    if let Err(error) = &ended {
        assert_told(error);
    }
    (records, ended)
}

/// Makes all checksums say that all is well; the hashes stay.
fn put_right(bytes: &mut [u8]) {
    if bytes.starts_with(SEGMENT_MARK) {
        seal(bytes, 0, SEGMENT_CHECKED_BYTES);
    }
    for at in (0..bytes.len()).step_by(8) {
        if !bytes[at..].starts_with(RECORD_MARK) {
            continue;
        }
        let Some(header) = bytes.get(at..at + RECORD_HEADER_BYTES) else { return };
        let length = u32::from_le_bytes([header[44], header[45], header[46], header[47]]) as usize;
        let start = at + RECORD_HEADER_BYTES;
        if let Some(payload) = start.checked_add(length).and_then(|end| bytes.get(start..end)) {
            let crc = crc32c(payload);
            bytes[at + 152..at + 156].copy_from_slice(&crc.to_le_bytes());
        }
        seal(bytes, at, RECORD_CHECKED_BYTES);
    }
}

fn seal(bytes: &mut [u8], at: usize, checked: usize) {
    let Some(content) = bytes.get(at..at + checked) else { return };
    let crc = crc32c(content);
    if let Some(place) = bytes.get_mut(at + checked..at + checked + 4) {
        place.copy_from_slice(&crc.to_le_bytes());
    }
}
