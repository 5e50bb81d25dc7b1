//! The same on the operating system's files: what a simulator cannot prove.
#![expect(
    clippy::disallowed_methods,
    reason = "these tests prepare and inspect files and start a second process"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::{env, fs};

use ids::Epoch;
use journal::{Disk, JournalError, Options, Position, Reader, RealDisk, Writer, verify};
use stdx::Coded as _;
use tempfile::TempDir;

use crate::support::{SHARD, append, lead_from};

fn disk(folder: &Path) -> Arc<dyn Disk> {
    Arc::new(RealDisk::create(folder).expect("a writable folder"))
}

fn lead(folder: &Path, options: Options) -> Writer {
    lead_from(disk(folder), options, Position::genesis()).expect("a sound journal").0
}

fn last_segment(folder: &Path) -> PathBuf {
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "seg"));
    files.sort();
    files.pop().expect("a segment")
}

#[test]
fn a_journal_survives_its_leaders() {
    let temp = TempDir::new().unwrap();
    let folder = temp.path().join("made/with/parents");
    for leader in 1..=3u8 {
        let mut writer = lead(&folder, Options { segment_bytes_max: 4096 });
        assert_eq!(writer.epoch(), Epoch(u64::from(leader)));
        for _ in 0..10 {
            append(&mut writer, &[vec![leader; 300], vec![0; 1000]]).unwrap();
        }
        // What a kill in the middle of a write leaves.
        drop(writer);
        let file = last_segment(&folder);
        let mut bytes = fs::read(&file).unwrap();
        bytes.extend_from_slice(b"TBrecord\x01");
        fs::write(&file, bytes).unwrap();
    }
    let mut calls = 0;
    let report = verify(&disk(&folder), SHARD, |progress| {
        calls += 1;
        assert!(progress.records == calls && progress.bytes <= progress.bytes_total);
    })
    .unwrap();
    assert_eq!((report.records, report.commands, report.reigns.len()), (63, 60, 3));
    assert_eq!(report.torn.expect("the last leader's").bytes, 9);
    assert!(report.segments > 5);
}

#[test]
fn a_folder_that_is_none_is_an_error() {
    let temp = TempDir::new().unwrap();
    let file = temp.path().join("file");
    fs::write(&file, b"").unwrap();
    assert_eq!(RealDisk::open(&file).unwrap_err().kind(), std::io::ErrorKind::NotADirectory);
    assert_eq!(RealDisk::open(&temp.path().join("absent")).unwrap_err().kind(), std::io::ErrorKind::NotFound);
    RealDisk::create(&file.join("below")).unwrap_err();
    fs::create_dir(temp.path().join("00000000000000000009.d")).unwrap();
    let error = lead_from(disk(temp.path()), Options::default(), Position::genesis()).unwrap_err();
    assert_eq!(error.code(), "JRN-0010");
}

#[test]
fn a_follower_in_another_thread_reads_while_the_leader_writes_and_is_replaced() {
    const PER_LEADER: u64 = 300;
    const LEADERS: u64 = 4;
    let temp = TempDir::new().unwrap();
    let folder = temp.path();
    let records = std::thread::scope(|scope| {
        let follower = scope.spawn(|| {
            let mut reader = Reader::open(disk(folder), SHARD, Position::genesis()).unwrap();
            let mut hashes = Vec::new();
            while (hashes.len() as u64) < LEADERS * (PER_LEADER + 1) {
                match reader.next_record().expect("followers do not fail") {
                    Some(record) => hashes.push(record.hash),
                    None => std::thread::yield_now(),
                }
            }
            (hashes, reader.position())
        });
        for leader in 0..LEADERS {
            let mut writer = lead(folder, Options { segment_bytes_max: 20_000 });
            for batch in 0..PER_LEADER {
                let length = usize::try_from(batch * 7 % 900).unwrap();
                append(&mut writer, &[vec![u8::try_from(leader).unwrap(); length]]).unwrap();
            }
            drop(writer);
            let file = last_segment(folder);
            fs::OpenOptions::new()
                .append(true)
                .open(&file)
                .and_then(|mut open| std::io::Write::write_all(&mut open, b"TBrecord\x01\0\0\0"))
                .unwrap();
        }
        follower.join().expect("the follower does not fail")
    });
    // The last leader's torn write is still there.
    let report = verify(&disk(folder), SHARD, |_| ()).unwrap();
    assert_eq!((report.records, report.head), (records.0.len() as u64, *records.0.last().unwrap()));
    assert_eq!(records.1.hash, report.head);
}

#[test]
fn a_lock_file_that_was_replaced_excludes_nobody_but_is_never_trusted() {
    let temp = TempDir::new().unwrap();
    let mut old = lead(temp.path(), Options::default());
    fs::remove_file(temp.path().join("lock")).unwrap();
    let mut new = lead(temp.path(), Options::default());
    assert!(matches!(append(&mut old, &[vec![1]]), Err(JournalError::Fenced { .. })));
    append(&mut new, &[vec![2]]).unwrap();
    let third = lead_from(disk(temp.path()), Options::default(), Position::genesis());
    assert!(matches!(third, Err(JournalError::Locked)));
}

/// Names the folder for the second process of the test below.
const CHILD_FOLDER: &str = "JOURNAL_TEST_CHILD_FOLDER";

#[test]
fn another_process_is_locked_out_until_the_leader_is_killed() {
    if let Some(folder) = env::var_os(CHILD_FOLDER) {
        return child(Path::new(&folder));
    }
    let temp = TempDir::new().unwrap();
    let mut child = Command::new(env::current_exe().unwrap())
        .args([
            "--exact",
            "real_disk::another_process_is_locked_out_until_the_leader_is_killed",
            "--nocapture",
        ])
        .env(CHILD_FOLDER, temp.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // The child says when it leads; then it waits for input that never comes.
    let lines = std::io::BufReader::new(child.stdout.take().unwrap());
    let led = std::io::BufRead::lines(lines).map_while(Result::ok).any(|line| line.contains("leading"));
    assert!(led, "the child leads");
    let attempt = lead_from(disk(temp.path()), Options::default(), Position::genesis());
    assert!(matches!(attempt, Err(JournalError::Locked)), "{attempt:?}");
    child.kill().unwrap();
    child.wait().unwrap();
    let (writer, _, read) = lead_from(disk(temp.path()), Options::default(), Position::genesis()).unwrap();
    assert_eq!((writer.epoch(), read.len()), (Epoch(2), 2), "what the child acknowledged is there");
}

fn child(folder: &Path) {
    let mut writer = lead(folder, Options::default());
    append(&mut writer, &[vec![7; 100]]).unwrap();
    println!("\nleading");
    std::io::stdin().read_line(&mut String::new()).unwrap();
}

#[test]
fn a_full_file_system_is_a_typed_error_and_loses_nothing() {
    let temp = TempDir::new().unwrap();
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=256k", "tmpfs"])
        .arg(temp.path())
        .status()
        .is_ok_and(|status| status.success());
    if !mounted {
        println!(
            "SKIPPED: mounting a tmpfs is not permitted here; the simulated full disk is tested all the same"
        );
        return;
    }
    let folder = temp.path().join("journal");
    let result = std::panic::catch_unwind(|| fill_up(&folder));
    let unmounted = Command::new("umount").arg(temp.path()).status().unwrap();
    result.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    assert!(unmounted.success());
}

fn fill_up(folder: &Path) {
    let ballast = folder.with_extension("ballast");
    fs::write(&ballast, vec![1; 64 * 1024]).unwrap();
    let mut writer = lead(folder, Options { segment_bytes_max: 50_000 });
    let mut acknowledged = writer.position();
    let error = loop {
        match append(&mut writer, &[vec![9; 3000]]) {
            Ok(position) => acknowledged = position,
            Err(error) => break error,
        }
    };
    assert_eq!(error.code(), "JRN-0002", "{error:?}");
    assert!(matches!(append(&mut writer, &[vec![9]]), Err(JournalError::Poisoned)));
    drop(writer);
    fs::remove_file(&ballast).unwrap();
    let mut successor =
        lead_from(disk(folder), Options::default(), acknowledged).expect("the acknowledged is there").0;
    append(&mut successor, &[vec![9; 3000]]).unwrap();
    verify(&disk(folder), SHARD, |_| ()).unwrap();
}
