//! Followers: they read what is there, wait for what is not, and survive what happens at the tail.

use journal::sim::SimDisk;
use journal::{Options, Position, Reader, Record};

use crate::support::{SHARD, append, corruption, lead, read_all, segments};

fn follow(reader: &mut Reader) -> Vec<Record> {
    std::iter::from_fn(|| reader.next_record().expect("followers do not fail")).collect()
}

#[test]
fn a_follower_sees_every_batch_once_across_segments_and_leaders() {
    let disk = SimDisk::new(1);
    let mut reader = Reader::open(disk.process(), SHARD, Position::genesis()).unwrap();
    assert!(follow(&mut reader).is_empty(), "before there is a journal");
    let mut seen = Vec::new();
    for leader in 0..5u8 {
        let mut writer = lead(&disk, Options { segment_bytes_max: 900 });
        for batch in 0..20 {
            append(&mut writer, &[vec![leader; 100], vec![batch; 7]]).unwrap();
            if batch % 3 != 0 {
                seen.extend(follow(&mut reader));
                assert_eq!(reader.position().hash, writer.position().hash);
            }
        }
    }
    seen.extend(follow(&mut reader));
    assert_eq!(seen, read_all(disk.process(), Position::genesis()).unwrap());
    assert_eq!(seen.len(), 5 * 41);
    assert!(segments(&disk).len() > 5);
}

#[test]
fn a_write_in_progress_is_waited_for_however_often_it_is_polled() {
    let disk = SimDisk::new(1);
    let mut writer = lead(&disk, Options::default());
    let before = append(&mut writer, &[vec![1; 50]]).unwrap();
    let file = segments(&disk).pop().unwrap();
    append(&mut writer, &[vec![0; 1500]]).unwrap();
    let whole = disk.contents(&file).unwrap();
    let start = usize::try_from(before.offset).unwrap();
    disk.plant(&file, whole[..start].to_vec());
    let mut reader = Reader::open(disk.process(), SHARD, before).unwrap();
    for length in start..whole.len() {
        disk.plant(&file, whole[..length].to_vec());
        for _ in 0..20 {
            assert_eq!(reader.next_record().expect("a write in progress"), None, "{length} bytes");
        }
        assert_eq!(reader.torn().is_some(), length > start);
    }
    disk.plant(&file, whole);
    assert_eq!(follow(&mut reader).len(), 1);
}

#[test]
fn a_torn_write_that_a_successor_replaces_is_never_seen() {
    let disk = SimDisk::new(1);
    let mut writer = lead(&disk, Options::default());
    let before = append(&mut writer, &[vec![1; 50]]).unwrap();
    append(&mut writer, &[vec![2; 3000]]).unwrap();
    drop(writer);
    let file = segments(&disk).pop().unwrap();
    let whole = disk.contents(&file).unwrap();
    let start = usize::try_from(before.offset).unwrap();
    for length in (start + 1..whole.len()).step_by(101) {
        let copy = SimDisk::new(1);
        copy.plant("epoch", disk.contents("epoch").unwrap());
        copy.plant(&file, whole[..length].to_vec());
        let mut reader = Reader::open(copy.process(), SHARD, Position::genesis()).unwrap();
        assert_eq!(follow(&mut reader).len(), 2);
        assert!(reader.torn().is_some());
        let mut successor = lead(&copy, Options::default());
        append(&mut successor, &[vec![3; 10]]).unwrap();
        let after = follow(&mut reader);
        assert_eq!(after.len(), 2, "the successor's epoch record and its batch");
        assert_eq!(after[1].payload, [3; 10]);
    }
}

#[test]
fn a_segment_that_is_being_created_is_waited_for() {
    let disk = SimDisk::new(1);
    let mut writer = lead(&disk, Options { segment_bytes_max: 1 });
    let before = writer.position();
    append(&mut writer, &[vec![1; 50]]).unwrap();
    let file = segments(&disk).pop().unwrap();
    let whole = disk.contents(&file).unwrap();
    let mut reader = Reader::open(disk.process(), SHARD, before).unwrap();
    for length in 0..=136 {
        disk.plant(&file, whole[..length].to_vec());
        assert_eq!(reader.next_record().expect("a header in progress"), None, "{length} bytes");
    }
    disk.plant(&file, whole);
    assert_eq!(follow(&mut reader).len(), 1);
}

#[test]
fn damage_at_the_very_end_is_an_error_after_a_few_looks_at_the_same_bytes() {
    let disk = SimDisk::new(1);
    let mut writer = lead(&disk, Options::default());
    let before = append(&mut writer, &[vec![1; 50]]).unwrap();
    append(&mut writer, &[vec![2; 600]]).unwrap();
    let file = segments(&disk).pop().unwrap();
    let good = disk.contents(&file).unwrap();
    let mut reader = Reader::open(disk.process(), SHARD, before).unwrap();
    // Different bytes at every look: somebody is at work.
    for byte in 100..200 {
        let mut bad = good.clone();
        bad[good.len() - 100] = byte;
        disk.plant(&file, bad);
        assert_eq!(reader.next_record().expect("not settled"), None);
        assert!(reader.is_unsettled());
    }
    let looks = (0..).take_while(|_| reader.next_record().is_ok_and(|record| record.is_none())).count();
    assert!((1..20).contains(&looks), "{looks}");
    assert_eq!(corruption(reader.next_record(), "settled").offset, before.offset);
    disk.plant(&file, good.clone());
    assert_eq!(follow(&mut reader).len(), 1, "bytes that are good after all are read");
    // With a durable record after it, one look is enough.
    let mut bad = good;
    let at = bad.len() - 100;
    bad[at] ^= 1;
    append(&mut writer, &[vec![4; 10]]).unwrap();
    let whole = disk.contents(&file).unwrap();
    bad.extend_from_slice(&whole[bad.len()..]);
    disk.plant(&file, bad);
    let mut reader = Reader::open(disk.process(), SHARD, before).unwrap();
    corruption(reader.next_record(), "data after it");
}

#[test]
fn a_follower_notices_that_the_journal_lost_what_it_has_read() {
    let disk = SimDisk::new(1);
    let mut writer = lead(&disk, Options::default());
    append(&mut writer, &[vec![1; 50]]).unwrap();
    let file = segments(&disk).pop().unwrap();
    let mut reader = Reader::open(disk.process(), SHARD, Position::genesis()).unwrap();
    assert_eq!(follow(&mut reader).len(), 2);
    let whole = disk.contents(&file).unwrap();
    disk.plant(&file, whole[..whole.len() - 8].to_vec());
    assert_eq!(stdx::Coded::code(&reader.next_record().expect_err("a lost tail")), "JRN-0013");
}

#[test]
fn a_segment_that_vanishes_before_a_follower_is_a_gap() {
    let disk = SimDisk::new(1);
    let mut writer = lead(&disk, Options { segment_bytes_max: 1 });
    let mut reader = Reader::open(disk.process(), SHARD, Position::genesis()).unwrap();
    assert_eq!(follow(&mut reader).len(), 1);
    append(&mut writer, &[vec![1], vec![2]]).unwrap();
    disk.steal(&segments(&disk)[1]);
    let found = (0..200).find_map(|_| reader.next_record().err()).expect("a gap is found");
    assert_eq!(stdx::Coded::code(&found), "JRN-0007");
}
