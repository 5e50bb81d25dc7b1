//! One writer at a time, and none after its time.

use ids::{Epoch, Seq};
use journal::sim::SimDisk;
use journal::{JournalError, Options, Position, Writer};
use stdx::{Coded as _, Retry};

use crate::support::{SHARD, append, lead, lead_from, verify_sim};

#[test]
fn a_second_writer_is_locked_out_until_the_first_ends() {
    let disk = SimDisk::new(1);
    let first = lead(&disk, Options::default());
    let error = lead_from(disk.process(), Options::default(), Position::genesis()).expect_err("two writers");
    assert!(matches!(error, JournalError::Locked));
    assert_eq!((error.code(), error.retry()), ("JRN-0003", Retry::Later));
    drop(first);
    let second = lead(&disk, Options::default());
    assert_eq!((second.epoch(), second.position().seq), (Epoch(2), Seq(2)));
}

#[test]
fn a_takeover_that_is_given_up_changes_nothing_and_gives_the_lock_back() {
    let disk = SimDisk::new(1);
    drop(lead(&disk, Options::default()));
    let before = disk.contents("00000000000000000001.seg");
    let takeover = Writer::take_over(disk.process(), SHARD, Options::default(), Position::genesis()).unwrap();
    drop(takeover);
    assert_eq!(disk.contents("00000000000000000001.seg"), before);
    assert_eq!(lead(&disk, Options::default()).epoch(), Epoch(2));
}

#[test]
#[should_panic(expected = "JRN-INV-1")]
fn a_leader_that_has_not_read_everything_is_a_bug() {
    let disk = SimDisk::new(1);
    drop(lead(&disk, Options::default()));
    let takeover = Writer::take_over(disk.process(), SHARD, Options::default(), Position::genesis()).unwrap();
    drop(takeover.lead("east-2"));
}

#[test]
fn a_writer_whose_lock_file_was_removed_is_fenced_by_the_epoch() {
    let disk = SimDisk::new(1);
    let mut old = lead(&disk, Options::default());
    append(&mut old, &[vec![1]]).unwrap();
    disk.steal("lock");
    let mut new = lead(&disk, Options::default());
    let error = append(&mut old, &[vec![2]]).expect_err("fenced");
    assert!(matches!(error, JournalError::Fenced { own: Epoch(1), current: Epoch(2) }), "{error:?}");
    assert!(matches!(append(&mut old, &[vec![2]]), Err(JournalError::Poisoned)));
    append(&mut new, &[vec![3]]).unwrap();
    assert_eq!(verify_sim(&disk).unwrap().last_seq, Seq(4));
}

#[test]
fn a_leader_without_a_sound_epoch_file_stops() {
    let mut largest = vec![0xff; 8];
    largest.extend(stdx::crc32c(&largest).to_le_bytes());
    for damage in [None, Some(vec![0xee; 12]), Some(vec![]), Some(vec![1; 13]), Some(largest)] {
        let disk = SimDisk::new(1);
        let mut writer = lead(&disk, Options::default());
        match &damage {
            None => drop(disk.steal("epoch")),
            Some(bytes) => disk.plant("epoch", bytes.clone()),
        }
        let error = append(&mut writer, &[vec![1]]).expect_err("no epoch file");
        assert_eq!(error.code(), "JRN-0017", "{damage:?}");
        drop(writer);
        // What the hint says: without the file, the journal itself tells the epoch.
        disk.steal("epoch");
        assert_eq!(lead(&disk, Options::default()).epoch(), Epoch(2));
    }
}

#[test]
fn epochs_rise_even_if_leaders_die_before_their_first_record() {
    let disk = SimDisk::new(1);
    drop(lead(&disk, Options::default()));
    // Somebody claimed epoch 7 and died before the journal heard of it.
    let mut epoch = 7u64.to_le_bytes().to_vec();
    epoch.extend(stdx::crc32c(&epoch).to_le_bytes());
    disk.plant("epoch", epoch);
    disk.plant("epoch.new", b"unfinished".to_vec());
    assert_eq!(lead(&disk, Options::default()).epoch(), Epoch(8));
    let epochs: Vec<u64> = verify_sim(&disk).unwrap().reigns.iter().map(|reign| reign.epoch.0).collect();
    assert_eq!(epochs, [1, 8]);
    assert!(!disk.names().contains(&"epoch.new".to_owned()));
}

#[test]
fn threads_racing_for_the_lead_get_it_one_after_the_other() {
    let disk = SimDisk::new(1);
    let leaders: Vec<_> = std::thread::scope(|scope| {
        let racers: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| lead_from(disk.process(), Options::default(), Position::genesis())))
            .collect();
        racers.into_iter().map(|racer| racer.join().expect("no panic")).collect()
    });
    assert!(leaders.iter().flatten().count() >= 1);
    assert!(leaders.iter().all(|result| matches!(result, Ok(_) | Err(JournalError::Locked))));
    let report = verify_sim(&disk).unwrap();
    assert_eq!(report.reigns.len(), leaders.iter().flatten().count());
}
