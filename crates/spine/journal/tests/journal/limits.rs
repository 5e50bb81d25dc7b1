//! What a writer refuses, and what hostile bytes cannot make a reader do.

use ids::{Seq, Timestamp};
use journal::sim::SimDisk;
use journal::{
    Batch, COMMANDS_MAX, Fault, GROUP_BYTES_MAX, JournalError, Options, PAYLOAD_BYTES_MAX, Position, Writer,
};
use stdx::{Coded as _, Digest, crc32c};

use crate::support::{SHARD, append, corruption, lead, lead_from, read_all, segments, verify_sim};

fn batch(payload: &[u8]) -> Batch<'_> {
    Batch { seq: Seq(2), timestamp: Timestamp(5), commands: 1, payload, state: None }
}

#[test]
fn a_refused_batch_writes_nothing_and_leaves_the_writer_as_it_was() {
    let disk = SimDisk::new(1);
    let mut writer = lead(&disk, Options::default());
    writer.append(&[batch(&[1])]).unwrap();
    let before = disk.contents(&segments(&disk)[0]);
    let large = vec![1; PAYLOAD_BYTES_MAX + 1];
    let next = Batch { seq: Seq(3), ..batch(&[2]) };
    let refused = [
        (Batch { commands: COMMANDS_MAX + 1, ..next }, "JRN-0014"),
        (Batch { payload: &large, ..next }, "JRN-0014"),
        (Batch { seq: Seq(2), ..next }, "JRN-0015"),
        (Batch { seq: Seq(4), ..next }, "JRN-0015"),
        (Batch { seq: Seq(0), ..next }, "JRN-0015"),
        (Batch { timestamp: Timestamp(4), ..next }, "JRN-0016"),
        (Batch { state: Some((Seq(3), Digest::of(b"x"))), ..next }, "JRN-0015"),
        (Batch { state: Some((Seq(0), Digest::ZERO)), ..next }, "JRN-0015"),
    ];
    for (bad, code) in refused {
        let good = Batch { seq: Seq(3), ..batch(&[9]) };
        assert_eq!(writer.append(&[bad]).expect_err("refused").code(), code, "{bad:?}");
        let state = bad.state.map(|(of, hash)| (if of == Seq::ZERO { of } else { of.next() }, hash));
        let second = Batch { seq: bad.seq.next(), state, ..bad };
        assert_eq!(
            writer.append(&[good, second]).expect_err("refused").code(),
            code,
            "as the second of a group"
        );
    }
    assert_eq!(disk.contents(&segments(&disk)[0]), before);
    let largest = vec![0; PAYLOAD_BYTES_MAX];
    let full =
        Batch { commands: COMMANDS_MAX, payload: &largest, state: Some((Seq(2), Digest::ZERO)), ..next };
    writer.append(&[full]).unwrap();
    let read = read_all(disk.process(), Position::genesis()).unwrap().pop().unwrap();
    assert_eq!(
        (read.commands, read.payload, read.state),
        (COMMANDS_MAX, largest, Some((Seq(2), Digest::ZERO)))
    );
    assert_eq!(writer.append(&[]).unwrap(), writer.position(), "an empty group is no write");
}

#[test]
fn batches_sealed_on_another_chain_are_refused() {
    let disk = SimDisk::new(1);
    let mut writer = lead(&disk, Options::default());
    let mut chain = writer.chain();
    let sealed = chain.seal(&batch(&[1])).unwrap();
    let other = writer.chain().seal(&batch(&[2])).unwrap();
    let ahead = chain.seal(&Batch { seq: Seq(3), ..batch(&[3]) }).unwrap();
    assert_eq!((chain.seq(), chain.hash()), (ahead.seq(), ahead.hash()));
    writer.append_sealed(vec![other]).unwrap();
    for stale in [sealed, ahead] {
        assert_eq!(writer.append_sealed(vec![stale]).expect_err("another chain").code(), "JRN-0015");
    }
    append(&mut writer, &[vec![4]]).unwrap();
    assert_eq!(verify_sim(&disk).unwrap().last_seq, Seq(3));
}

#[test]
fn sealing_ahead_gives_the_same_bytes_as_appending() {
    let (one, two) = (SimDisk::new(1), SimDisk::new(1));
    let options = Options { segment_bytes_max: 2000 };
    let (mut plain, mut ahead) = (lead(&one, options), lead(&two, options));
    let mut chain = ahead.chain();
    let mut sealed = Vec::new();
    for seq in 2..10 {
        let payload = vec![0; 400];
        let batch = Batch { seq: Seq(seq), ..batch(&payload) };
        plain.append(&[batch]).unwrap();
        sealed.push(chain.seal(&batch).unwrap());
    }
    for batch in sealed {
        ahead.append_sealed(vec![batch]).unwrap();
    }
    assert_eq!(plain.position(), ahead.position());
    assert_eq!(segments(&one), segments(&two));
    segments(&one).iter().for_each(|file| assert_eq!(one.contents(file), two.contents(file)));
}

#[test]
fn groups_larger_than_the_limit_are_synced_in_parts() {
    let disk = SimDisk::new(1);
    let mut writer = lead(&disk, Options::default());
    let before = disk.operations();
    let parts = 2 * GROUP_BYTES_MAX / PAYLOAD_BYTES_MAX;
    append(&mut writer, &vec![vec![1; PAYLOAD_BYTES_MAX]; parts]).unwrap();
    assert_eq!(disk.operations() - before, parts as u64 + 3, "every part but the last ends with a sync");
    assert_eq!(read_all(disk.process(), Position::genesis()).unwrap().len(), parts + 1);
}

#[test]
fn hostile_lengths_are_refused_before_anything_is_allocated() {
    let disk = SimDisk::new(1);
    let mut writer = lead(&disk, Options::default());
    let position = append(&mut writer, &[vec![1; 100]]).unwrap();
    drop(writer);
    let file = segments(&disk).pop().unwrap();
    let good = disk.contents(&file).unwrap();
    let start = usize::try_from(position.offset).unwrap() - (168 + 104 + 8);
    for (at, value, width) in
        [(44, u32::MAX, 4), (44, 1 << 20 | 1, 4), (40, COMMANDS_MAX + 1, 4), (8, 3, 1), (9, 2, 1), (10, 1, 2)]
    {
        let mut bad = good.clone();
        bad[start + at..start + at + width].copy_from_slice(&value.to_le_bytes()[..width]);
        let crc = crc32c(&bad[start..start + 156]);
        bad[start + 156..start + 160].copy_from_slice(&crc.to_le_bytes());
        disk.plant(&file, bad);
        let found = corruption(verify_sim(&disk), "a field out of range, with a good checksum");
        assert_eq!((found.offset, found.fault), (start as u64, Fault::HeaderFields), "field at {at}");
        corruption(lead_from(disk.process(), Options::default(), Position::genesis()), "takeover");
    }
}

#[test]
fn names_have_limits() {
    let disk = SimDisk::new(1);
    for bad in ["", "a b", "é", "tab\t", &"x".repeat(64)] {
        let error =
            Writer::take_over(disk.process(), bad, Options::default(), Position::genesis()).expect_err(bad);
        assert_eq!(error.code(), "JRN-0018", "{bad}");
        assert!(matches!(
            journal::Reader::open(disk.process(), bad, Position::genesis()),
            Err(JournalError::Name { .. })
        ));
        let mut takeover =
            Writer::take_over(disk.process(), SHARD, Options::default(), Position::genesis()).unwrap();
        assert!(takeover.next_record().unwrap().is_none());
        assert_eq!(takeover.lead(bad).expect_err(bad).code(), "JRN-0018");
    }
    let longest = "x".repeat(63);
    let mut takeover =
        Writer::take_over(disk.process(), &longest, Options::default(), Position::genesis()).unwrap();
    assert!(takeover.next_record().unwrap().is_none());
    takeover.lead(&longest).unwrap();
}
