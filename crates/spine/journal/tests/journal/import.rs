//! Records copied from one journal to another: the same bytes, or a named fault.

use std::sync::Arc;

use expect_test::expect;
use ids::{Seq, Timestamp};
use journal::sim::SimDisk;
use journal::{
    Batch, Disk, Fault, FileStore, Import, JournalError, Options, Position, Record, Store as _, Writer,
    verify,
};

const SHARD: &str = "bank";
const OPTIONS: Options = Options { segment_bytes_max: 1 << 12 };

fn disk(seed: u64) -> Arc<dyn Disk> {
    SimDisk::new(seed).process()
}

/// Two reigns, groups of one to three batches, several segments.
fn write(disk: &Arc<dyn Disk>) {
    for reign in 0..2u64 {
        let mut takeover = Writer::take_over(Arc::clone(disk), SHARD, OPTIONS, Position::genesis()).unwrap();
        while takeover.next_record().unwrap().is_some() {}
        let (mut writer, _) = takeover.lead(&format!("site-{reign}")).unwrap();
        for group in 1..=12u64 {
            let first = writer.position().seq.0 + 1;
            let payload = vec![u8::try_from(group).unwrap(); 500];
            let batches: Vec<Batch<'_>> = (0..=group % 3)
                .map(|n| Batch {
                    seq: Seq(first + n),
                    timestamp: Timestamp(100 * reign + group),
                    commands: 1,
                    payload: &payload,
                    state: None,
                })
                .collect();
            writer.append(&batches).unwrap();
        }
    }
}

fn records(disk: &Arc<dyn Disk>) -> Vec<(Record, bool)> {
    let mut tail = FileStore::new(Arc::clone(disk), SHARD, OPTIONS).tail(Position::genesis()).unwrap();
    std::iter::from_fn(|| {
        let record = tail.next_record().unwrap()?;
        let first_of_group = tail.durable().next() == record.seq;
        Some((record, first_of_group))
    })
    .collect()
}

fn segments(disk: &Arc<dyn Disk>) -> Vec<(String, Vec<u8>)> {
    let mut names = disk.list().unwrap();
    names.retain(|name| name.ends_with(".seg"));
    names.sort();
    let bytes = |name: &String| {
        let file = disk.open(name, journal::Access::Read).unwrap();
        let mut bytes = vec![0; usize::try_from(file.size().unwrap()).unwrap()];
        file.read_at(0, &mut bytes).unwrap();
        bytes
    };
    names.iter().map(|name| (name.clone(), bytes(name))).collect()
}

#[test]
fn a_copy_has_the_same_bytes_also_when_it_is_made_in_two_parts() {
    let (from, to) = (disk(1), disk(2));
    write(&from);
    let all = records(&from);
    for part in [&all[..all.len() / 2], &all[all.len() / 2..]] {
        let mut import = Import::begin(Arc::clone(&to), SHARD, OPTIONS).unwrap();
        part.iter().for_each(|(record, first)| import.put(record, *first).unwrap());
        import.finish().unwrap();
    }
    assert!(segments(&from).len() > 3, "several segments");
    assert_eq!(segments(&from), segments(&to));
    let report = verify(&to, SHARD, |_| ()).unwrap();
    assert_eq!(report, verify(&from, SHARD, |_| ()).unwrap());
    // And a leader can go on from the copy.
    let mut takeover = Writer::take_over(to, SHARD, OPTIONS, Position::genesis()).unwrap();
    while takeover.next_record().unwrap().is_some() {}
    assert_eq!(takeover.lead("next").unwrap().1.epoch.0, 3);
}

#[test]
fn what_does_not_belong_there_is_refused_by_name() {
    let from = disk(1);
    write(&from);
    let all = records(&from);
    let refused = |change: fn(&mut Record)| {
        let mut import = Import::begin(disk(3), SHARD, OPTIONS).unwrap();
        import.put(&all[0].0, true).unwrap();
        let mut record = all[1].0.clone();
        change(&mut record);
        match import.put(&record, true) {
            Err(JournalError::Corrupt(corruption)) => corruption.fault,
            other => panic!("not refused: {other:?}"),
        }
    };
    assert!(matches!(refused(|record| record.seq = Seq(3)), Fault::Order { .. }));
    assert!(matches!(refused(|record| record.prev_hash.0[0] ^= 1), Fault::Chain { .. }));
    assert!(matches!(refused(|record| record.epoch.0 += 1), Fault::Reign { .. }));
    assert!(matches!(refused(|record| record.payload[7] ^= 1), Fault::Hash { .. }));
    assert!(matches!(refused(|record| record.commands = u32::MAX), Fault::HeaderFields));
    assert!(matches!(refused(|record| record.payload = vec![0; 2 << 20]), Fault::HeaderFields));
}

#[test]
fn two_imports_at_once_are_one() {
    let machine = SimDisk::new(4);
    let (one, two): (Arc<dyn Disk>, Arc<dyn Disk>) = (machine.process(), machine.process());
    let _first = Import::begin(one, SHARD, OPTIONS).unwrap();
    let error = Import::begin(two, SHARD, OPTIONS).unwrap_err();
    expect!["another process leads this journal"].assert_eq(&error.to_string());
}
