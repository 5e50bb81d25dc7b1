//! Crashes at every operation of every stage. What was acknowledged is there afterwards, always, and nothing else than what
//! was submitted.
//!
//! A failing seed prints how to run it alone: `SIM_SEED=<seed> cargo nextest run -p journal crash`.

use std::collections::BTreeSet;
use std::sync::Arc;

use ids::Seq;
use journal::sim::{Dice, Injection, SimDisk, SimProcess};
use journal::{JournalError, Kind, Options, Position, Reader, Record, Writer};
use stdx::Digest;

use crate::support::{SHARD, append, lead_from, read_all, verify_sim};

const SEEDS: u64 = 10_000;
const OPTIONS: Options = Options { segment_bytes_max: 2500 };

/// One machine's life, and what the outside world knows about it.
struct World {
    seed: u64,
    disk: SimDisk,
    dice: Dice,
    /// Hashes of acknowledged records, by sequence number from 1; epoch records count when a leader leads.
    acknowledged: Vec<Digest>,
    /// Hashes of everything that was ever submitted, acknowledged or not: nothing else may turn up.
    submitted: BTreeSet<Digest>,
    follower: Option<Follower>,
    /// A position some follower knew to be durable.
    snapshot: Position,
}

struct Follower {
    process: Arc<SimProcess>,
    reader: Reader,
    hashes: Vec<Digest>,
    positions: Vec<Position>,
}

impl Drop for World {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("replay with: SIM_SEED={} cargo nextest run -p journal crash --no-capture", self.seed);
        }
    }
}

impl World {
    fn new(seed: u64) -> Self {
        Self {
            seed,
            disk: SimDisk::new(seed),
            dice: Dice::new(!seed),
            acknowledged: Vec::new(),
            submitted: BTreeSet::new(),
            follower: None,
            snapshot: Position::genesis(),
        }
    }

    /// A leader takes over, appends `groups` groups and dies, of an injection or in the end.
    fn live(&mut self, groups: usize) {
        let process = self.disk.process();
        match self.reign(&process, groups) {
            Ok(()) => {}
            // The injected error itself, or death in the middle of something; anything else is a defect.
            Err(JournalError::Io { .. } | JournalError::DiskFull { .. }) => {}
            Err(error) => panic!("a crash must not look like anything else: {error:?}"),
        }
        self.disk.kill(&process);
        self.follow();
    }

    fn reign(&mut self, process: &Arc<SimProcess>, groups: usize) -> Result<(), JournalError> {
        let from = if self.dice.flip() { self.snapshot } else { Position::genesis() };
        let disk: Arc<SimProcess> = Arc::clone(process);
        let (mut writer, _, read) = lead_from(disk, OPTIONS, from)?;
        self.check_recovered(from, &read);
        self.acknowledge(writer.position(), from, &read);
        for _ in 0..groups {
            self.append_group(&mut writer)?;
            if self.dice.below(3) == 0 {
                self.follow();
            }
        }
        Ok(())
    }

    /// What a new leader read must contain every acknowledged record, and nothing that was never submitted.
    fn check_recovered(&self, from: Position, read: &[Record]) {
        let known = usize::try_from(from.seq.0).unwrap();
        let hashes: Vec<Digest> = read.iter().map(|record| record.hash).collect();
        let expected = self.acknowledged.get(known..).unwrap_or_default();
        assert!(hashes.len() >= expected.len(), "acknowledged records are gone");
        assert_eq!(&hashes[..expected.len()], expected, "acknowledged records are others now");
        for record in &read[expected.len()..] {
            let is_epoch = record.kind == Kind::Epoch;
            assert!(is_epoch || self.submitted.contains(&record.hash), "nobody submitted {record:?}");
        }
    }

    /// Everything up to `position` counts from now on: a leader acts on what it has read.
    fn acknowledge(&mut self, position: Position, from: Position, read: &[Record]) {
        self.acknowledged.truncate(usize::try_from(from.seq.0).unwrap());
        self.acknowledged.extend(read.iter().map(|record| record.hash));
        self.acknowledged.push(position.hash);
        assert_eq!(self.acknowledged.len() as u64, position.seq.0);
    }

    fn append_group(&mut self, writer: &mut Writer) -> Result<(), JournalError> {
        let payloads: Vec<Vec<u8>> = (0..=self.dice.below(3)).map(|_| self.payload()).collect();
        let mut hashes = Vec::new();
        let mut chain = writer.chain();
        let start = writer.position();
        for (payload, seq) in payloads.iter().zip(start.seq.0 + 1..) {
            let batch = journal::Batch {
                seq: Seq(seq),
                timestamp: ids::Timestamp(seq * 1000),
                commands: 1,
                payload,
                state: (seq % 3 == 0).then(|| (Seq(seq - 1), start.hash)),
            };
            hashes.push(chain.seal(&batch)?.hash());
        }
        self.submitted.extend(&hashes);
        append(writer, &payloads)?;
        self.acknowledged.extend(hashes);
        Ok(())
    }

    /// Sizes around the sector's, contents from all zero to all noise.
    fn payload(&mut self) -> Vec<u8> {
        let length = match self.dice.below(4) {
            0 => self.dice.below(8),
            1 => 480 + self.dice.below(64),
            _ => self.dice.below(1600),
        };
        let zeroes = self.dice.below(3);
        (0..length)
            .map(|_| match zeroes {
                0 => 0,
                1 => u8::try_from(self.dice.below(20) / 19).unwrap(),
                _ => self.dice.roll().to_le_bytes()[0],
            })
            .collect()
    }

    /// The follower reads on, if its process lives; else another one starts from the snapshot.
    fn follow(&mut self) {
        let snapshot = self.snapshot;
        let known = usize::try_from(snapshot.seq.0).unwrap();
        if self.follower.as_ref().is_none_or(|follower| !follower.process.is_alive()) {
            let process = self.disk.process();
            let reader = Reader::open(Arc::<SimProcess>::clone(&process), SHARD, snapshot)
                .expect("what is durable is in the journal");
            let hashes = self.acknowledged[..known].to_vec();
            self.follower = Some(Follower { process, reader, hashes, positions: vec![snapshot] });
        }
        let follower = self.follower.as_mut().unwrap();
        while let Some(record) = follower.reader.next_record().expect("followers do not fail") {
            follower.hashes.push(record.hash);
            follower.positions.push(follower.reader.position());
        }
        let both = follower.hashes.len().min(self.acknowledged.len());
        assert_eq!(
            follower.hashes[..both],
            self.acknowledged[..both],
            "a follower reads what was acknowledged"
        );
        // What the follower knows to be durable counts from here on, acknowledged or not; a snapshot may stand on it.
        let durable = usize::try_from(follower.reader.durable().0).unwrap();
        self.acknowledged.extend(follower.hashes.get(both..durable).unwrap_or_default());
        if let Some(position) =
            follower.positions.iter().find(|position| position.seq == follower.reader.durable())
        {
            self.snapshot = *position;
        }
    }

    /// The end: no injections any more, everything is checked from the start.
    fn check(&mut self) {
        self.disk.inject(u64::MAX, Injection::Kill);
        self.reign(&self.disk.process(), 1).expect("nothing goes wrong any more");
        let report = verify_sim(&self.disk).expect("a sound journal");
        assert_eq!(report.torn, None);
        if self.dice.flip() {
            self.disk.lose_power();
        }
        let read = read_all(self.disk.process(), Position::genesis()).expect("a sound journal");
        let hashes: Vec<Digest> = read.iter().map(|record| record.hash).collect();
        assert_eq!(hashes, self.acknowledged, "exactly what was acknowledged");
    }
}

fn injections() -> [Injection; 4] {
    [
        Injection::Kill,
        Injection::PowerLoss,
        Injection::Fail(std::io::ErrorKind::StorageFull),
        Injection::Fail(std::io::ErrorKind::Other),
    ]
}

/// A fixed life: two leaders, several segments, groups of several records.
fn scenario(seed: u64, injection: Option<(u64, Injection)>) -> u64 {
    let mut world = World::new(seed);
    if let Some((at, injection)) = injection {
        world.disk.inject(at, injection);
    }
    world.live(5);
    world.live(4);
    let operations = world.disk.operations();
    world.check();
    operations
}

#[test]
fn a_crash_at_every_operation() {
    for seed in 0..10 {
        let operations = scenario(seed, None);
        assert!(operations > 40, "the scenario does something");
        for at in 0..operations {
            for injection in injections() {
                scenario(seed, Some((at, injection)));
            }
        }
    }
}

#[test]
fn many_lives_with_crashes_anywhere() {
    for seed in seeds() {
        let mut world = World::new(seed);
        for _ in 0..2 + world.dice.below(5) {
            let at = world.disk.operations() + world.dice.below(40) as u64;
            let injection = injections()[world.dice.below(4)];
            world.disk.inject(at, injection);
            let groups = world.dice.below(8);
            world.live(groups);
            if world.dice.below(4) == 0 {
                world.disk.lose_power();
            }
        }
        world.check();
    }
}

/// All seeds, or the one in `SIM_SEED`.
fn seeds() -> std::ops::Range<u64> {
    #[expect(clippy::disallowed_methods, reason = "a test has no configuration to parse")]
    let chosen = std::env::var("SIM_SEED").ok();
    match chosen {
        Some(seed) => {
            let seed: u64 = seed.parse().expect("SIM_SEED is a number");
            seed..seed + 1
        }
        None => 0..SEEDS,
    }
}

#[test]
fn a_full_disk_is_a_typed_error_and_loses_nothing() {
    for room in (0..4000).step_by(37) {
        let mut world = World::new(room as u64);
        world.live(1);
        world.disk.set_capacity(1200 + room);
        let process = world.disk.process();
        let error = loop {
            match world.reign(&process, 100) {
                Ok(()) => {}
                Err(error) => break error,
            }
        };
        assert!(matches!(error, JournalError::DiskFull { .. }), "{error:?}");
        assert_eq!(stdx::Coded::code(&error), "JRN-0002");
        world.disk.kill(&process);
        world.disk.set_capacity(usize::MAX);
        world.check();
    }
}

#[test]
fn a_writer_that_failed_once_never_writes_again() {
    let disk = SimDisk::new(1);
    let (mut writer, ..) = lead_from(disk.process(), OPTIONS, Position::genesis()).unwrap();
    disk.inject(disk.operations() + 1, Injection::Fail(std::io::ErrorKind::Other));
    assert!(matches!(append(&mut writer, &[vec![1]]), Err(JournalError::Io { operation: "sync", .. })));
    let before = disk.operations();
    assert!(matches!(append(&mut writer, &[vec![1]]), Err(JournalError::Poisoned)));
    assert_eq!(disk.operations(), before, "not even a sync is tried again");
}

#[test]
fn an_epoch_is_durable_before_its_leader_writes_anything() {
    let whole = SimDisk::new(1);
    lead_from(whole.process(), OPTIONS, Position::genesis()).unwrap();
    // A leader's last two operations are the append of its epoch record and the sync of it.
    let append = whole.operations() - 2;
    for seed in 0..50 {
        let disk = SimDisk::new(seed);
        disk.inject(append, Injection::PowerLoss);
        lead_from(disk.process(), OPTIONS, Position::genesis()).expect_err("power fails");
        assert_eq!(disk.contents("epoch"), whole.contents("epoch"), "seed {seed}");
    }
}

#[test]
fn records_of_a_failed_sync_are_written_again_before_they_count() {
    for seed in 0..50 {
        let disk = SimDisk::new(seed);
        let (mut writer, ..) = lead_from(disk.process(), OPTIONS, Position::genesis()).unwrap();
        disk.inject(disk.operations() + 1, Injection::Fail(std::io::ErrorKind::Other));
        append(&mut writer, &[vec![1; 700]]).expect_err("the sync fails");
        drop(writer);
        let (writer, _, read) = lead_from(disk.process(), OPTIONS, Position::genesis()).unwrap();
        assert_eq!(read.len(), 2, "the record is complete in memory, so it counts");
        let head = writer.position();
        disk.lose_power();
        assert_eq!(read_all(disk.process(), Position::genesis()).unwrap().last().unwrap().hash, head.hash);
    }
}
