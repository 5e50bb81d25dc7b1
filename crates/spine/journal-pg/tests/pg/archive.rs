//! Carrying a journal between files and PostgreSQL, and leaving old days behind.

use std::path::Path;
use std::sync::Arc;

use ids::{Seq, Timestamp};
use journal::{Disk, FileStore, Import, Options, Position, RealDisk, Store as _};
use stdx::Coded as _;

use crate::cluster::{Cluster, Engine, SHARD, on_both};
use crate::site::{NOON, lead, read_to, read_to_error};

const DAY: u64 = 86_400_000_000_000;
const OPTIONS: Options = Options { segment_bytes_max: 1 << 16 };

fn segments(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let mut segments: Vec<_> = entries
        .map(|entry| (entry.file_name().into_string().unwrap(), std::fs::read(entry.path()).unwrap()))
        .filter(|(name, _)| name.ends_with(".seg"))
        .collect();
    segments.sort();
    segments
}

fn a_journal_goes_from_files_to_postgresql_and_back_byte_for_byte(engine: Engine) {
    let Some(cluster) = Cluster::start_as(engine, 1) else { return };
    let folder = tempfile::tempdir().unwrap();
    let (there, back) = (folder.path().join("there"), folder.path().join("back"));
    let files = FileStore::create(&there, SHARD, OPTIONS).unwrap();
    for site in ["east-1", "east-2"] {
        let mut led = lead(&files, site, Position::genesis());
        for size in 0..40usize {
            led.append(&vec![u8::try_from(size).unwrap(); size * 500]);
        }
        led.appender.finish().unwrap();
    }
    let settings = cluster.settings();
    let mut tail = files.tail(Position::genesis()).unwrap();
    let copied = cluster.block_on(journal_pg::copy_in(&mut *tail, &settings, SHARD)).unwrap();
    assert_eq!((copied.records, copied.last_seq), (82, Seq(82)));
    // Once more changes nothing.
    let mut tail = files.tail(Position::genesis()).unwrap();
    let again = cluster.block_on(journal_pg::copy_in(&mut *tail, &settings, SHARD)).unwrap();
    assert_eq!((again.records, again.last_seq), (0, Seq(82)));

    let disk: Arc<dyn Disk> = Arc::new(RealDisk::create(&back).unwrap());
    let mut import = Import::begin(Arc::clone(&disk), SHARD, OPTIONS).unwrap();
    cluster.block_on(journal_pg::copy_out(&settings, SHARD, &mut import)).unwrap();
    import.finish().unwrap();
    assert!(segments(&there).len() > 5);
    assert!(segments(&there) == segments(&back), "the same bytes");
    assert_eq!(journal::verify(&disk, SHARD, |_| ()).unwrap().records, 82);

    // And a leader goes on where the files ended.
    let mut led = lead(&cluster.store(), "south-1", Position::genesis());
    assert_eq!((led.records.len(), led.recovery.epoch.0), (82, 3));
    led.append(b"on PostgreSQL now");
    // A journal with other contents does not go on top of it.
    led.appender.finish().unwrap();
    let mut tail = files.tail(Position::genesis()).unwrap();
    let error = cluster.block_on(journal_pg::copy_in(&mut *tail, &settings, SHARD)).unwrap_err();
    assert_eq!(error.code(), "JPG-0014");
}

fn old_days_go_into_files_once_every_snapshot_is_newer(engine: Engine) {
    let Some(cluster) = Cluster::start_as(engine, 1) else { return };
    let store = cluster.store();
    let mut led = lead(&store, "one", Position::genesis());
    let mut ends = Vec::new();
    for day in 0..3 {
        led.stamp = Timestamp(NOON + day * DAY);
        for _ in 0..5 {
            led.append(&[1; 10_000]);
        }
        ends.push(led.seq);
    }
    let partitions = "SELECT count(*) FROM pg_inherits WHERE inhparent = 'tongbao.journal'::regclass";
    // The epoch's record has the time of the genesis.
    assert_eq!(cluster.sql(0, partitions).unwrap(), "4");
    let folder = tempfile::tempdir().unwrap();
    let disk: Arc<dyn Disk> = Arc::new(RealDisk::create(folder.path()).unwrap());
    let settings = cluster.settings();
    let before = Timestamp(NOON + 2 * DAY);
    let archive = |snapshots| {
        cluster.block_on(journal_pg::archive(&settings, SHARD, Arc::clone(&disk), before, snapshots)).unwrap()
    };
    // A site's newest snapshot lies in the second day: only what is before it may go.
    let first = archive(Seq(ends[0].0 + 1));
    assert_eq!((first.records, first.through_seq), (11, ends[1]));
    assert_eq!(first.days_dropped, ["1970-01-01", "2026-11-22"]);
    let second = archive(ends[2]);
    assert_eq!((second.records, &second.days_dropped[..]), (0, &["2026-11-23".to_owned()][..]));
    assert_eq!(cluster.sql(0, partitions).unwrap(), "1");

    // The leader never noticed, who follows from a snapshot does not, and who needs what is gone is told.
    let last = led.append(b"goes on");
    let mut report = None;
    cluster.block_on(journal_pg::verify(&settings, SHARD, |so_far| report = Some(so_far.clone()))).unwrap();
    assert_eq!(report.unwrap().first_seq, ends[1].next());
    let mut files = FileStore::open(folder.path(), SHARD).unwrap().tail(Position::genesis()).unwrap();
    read_to(&mut *files, ends[1]);
    let mut tail = store.tail(files.position()).unwrap();
    assert_eq!(read_to(&mut *tail, last).len(), 6);
    let (code, words) = read_to_error(&mut *store.tail(Position::genesis()).unwrap());
    assert_eq!(code, "JPG-0011", "{words}");
}

on_both!(
    a_journal_goes_from_files_to_postgresql_and_back_byte_for_byte,
    old_days_go_into_files_once_every_snapshot_is_newer,
);
