//! What may happen to a primary, a standby, and what lies between them.

use std::time::{Duration, Instant};

use ids::{Epoch, Seq};
use journal::{Left, Position, Store as _};
use journal_pg::{Condition, PgStore, Policy};
use stdx::Coded as _;

use crate::cluster::{Cluster, Engine, SHARD, on_both};
use crate::site::{PATIENCE, lead, read_to, until};

/// Backends that wait for a standby.
const WAITING: &str =
    "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND query LIKE '%tongbao.journal%'";

fn the_loss_of_the_primary_under_load_loses_nothing(engine: Engine) {
    let Some(mut cluster) = Cluster::start_as(engine, 2) else { return };
    let store = cluster.store();
    let mut led = lead(&store, "one", Position::genesis());
    let mut acknowledged = Seq::ZERO;
    // Four on their way at all times; the primary dies in the middle.
    for number in 0..400u32 {
        led.send(&number.to_le_bytes().repeat(5_000));
        while led.seq.0 - acknowledged.0 > 4 && number < 300 {
            acknowledged = led.heard.recv_timeout(PATIENCE).unwrap().unwrap();
        }
        if number == 300 {
            break;
        }
    }
    cluster.servers[0].kill();
    let killed = Instant::now();
    // What was heard before the failure counts as acknowledged, too.
    while let Ok(Ok(seq)) = led.heard.recv_timeout(PATIENCE) {
        acknowledged = seq;
    }
    let received: Vec<_> =
        (1..=2).map(|index| cluster.block_on(cluster.servers[index].spec().received()).unwrap()).collect();
    let best = if received[0] >= received[1] { 1 } else { 2 };
    let other = 3 - best;
    cluster.servers[best].promote("ANY 1 (s1, s2, s0)").unwrap();
    cluster.servers[other].follow(cluster.servers[best].spec()).unwrap();
    cluster.servers[other].reload();
    let mut next = lead(&cluster.store(), "two", Position::genesis());
    let first = next.append(b"served again");
    let outage = killed.elapsed();
    println!("served again after {} ms; {acknowledged} batches were acknowledged", outage.as_millis());
    assert!(next.records.last().unwrap().seq >= acknowledged, "what was acknowledged is there");
    assert!(acknowledged > Seq(250));
    assert!(outage < Duration::from_secs(5), "the promise of five seconds: {outage:?}");
    read_to(&mut *store.tail(Position::genesis()).unwrap(), first);
    // The lost one comes back as a standby.
    cluster.follow(0, best);
}

#[test]
fn a_paused_primary_acknowledges_nothing_after_another_was_promoted() {
    let Some(mut cluster) = Cluster::start(1) else { return };
    let store = cluster.store();
    let mut old = lead(&store, "old", Position::genesis());
    let last = old.append(b"before");
    cluster.servers[0].pause();
    old.send(b"into the void");
    // Nobody kills the old primary: the worst case. Its only standby becomes a primary of its own.
    cluster.servers[1].promote("").unwrap();
    let lax = PgStore::new(cluster.settings().with_policy(Policy::AllowDegraded), SHARD).unwrap();
    let mut new = lead(&lax, "new", Position::genesis());
    assert_eq!(
        new.records.last().unwrap().seq,
        last,
        "the standby has what was acknowledged and nothing else"
    );
    new.append(b"after");
    cluster.servers[0].resume();
    // The old leader appends on the old primary, which waits for a standby that it no longer has.
    cluster.until(0, "the append waits", WAITING, "1");
    until("the old leader knows", || {
        matches!(*store.condition().borrow(), Condition::Blocked(_)).then_some(())
    });
    assert!(old.has_heard_nothing());
    cluster.servers[0].kill();
    assert_eq!(old.await_failure(), "JPG-0006");
}

fn without_a_standby_the_strict_policy_waits_and_goes_on_when_it_is_back(engine: Engine) {
    let Some(mut cluster) = Cluster::start_as(engine, 1) else { return };
    let store = cluster.store();
    let mut led = lead(&store, "one", Position::genesis());
    led.append(b"before");
    cluster.servers[1].kill();
    let seq = led.send(b"during");
    cluster.until(0, "the append waits", WAITING, "1");
    let blocked = |condition: &Condition| matches!(condition, Condition::Blocked(_));
    until("everybody can see it", || blocked(&store.condition().borrow()).then_some(()));
    assert!(led.has_heard_nothing());
    // Nor does anybody else lead meanwhile.
    drop(led);
    let other = cluster.store();
    let mut claim = until("the lease is free", || other.try_lead("two", Position::genesis()).unwrap());
    until("the new one waits, too", || {
        assert!(matches!(claim.next_left().unwrap(), Left::NotYet));
        blocked(&other.condition().borrow()).then_some(())
    });
    drop(claim);
    cluster.servers[1].start().unwrap();
    let mut led = lead(&other, "two", Position::genesis());
    assert_eq!(led.records.last().unwrap().seq, seq, "what waited is there now");
    led.append(b"after");
    assert_eq!(*other.condition().borrow(), Condition::Synchronous);
}

fn a_server_that_waits_for_nobody_is_refused_or_loudly_allowed(engine: Engine) {
    let Some(cluster) = Cluster::start_as(engine, 1) else { return };
    let strict = cluster.store();
    let mut led = lead(&strict, "strict", Position::genesis());
    led.append(b"before");
    // Somebody takes the standby out of the configuration under a strict leader.
    cluster.servers[0].lead("").unwrap();
    cluster.servers[0].reload();
    cluster.until(0, "the setting", "SHOW synchronous_standby_names", "");
    led.send(b"refused");
    assert_eq!(led.await_failure(), "JPG-0007");
    let lax = PgStore::new(cluster.settings().with_policy(Policy::AllowDegraded), SHARD).unwrap();
    let mut led = lead(&lax, "lax", Position::genesis());
    assert_eq!(led.records.last().unwrap().payload, b"before");
    led.append(b"alone");
    assert!(matches!(&*lax.condition().borrow(), Condition::Degraded(reason) if reason.contains("empty")));
}

#[test]
fn a_slow_standby_delays_and_loses_nothing() {
    let Some(cluster) = Cluster::start(1) else { return };
    let mut led = lead(&cluster.store(), "one", Position::genesis());
    led.append(b"before");
    cluster.servers[1].pause();
    for number in 0..4u8 {
        led.send(&[number; 1_000]);
    }
    cluster.until(0, "all of them wait", WAITING, "4");
    assert!(led.has_heard_nothing());
    cluster.servers[1].resume();
    led.await_durable(led.seq);
}

fn a_cancelled_wait_is_no_acknowledgement_and_the_barrier_makes_up_for_it(engine: Engine) {
    let Some(cluster) = Cluster::start_as(engine, 1) else { return };
    let store = cluster.store();
    let mut old = lead(&store, "old", Position::genesis());
    let before = old.append(b"before");
    cluster.servers[1].pause();
    let doubtful = old.send(b"doubtful");
    cluster.until(0, "the append waits", WAITING, "1");
    // The server says success, with a warning in front of it.
    cluster.sql(0, "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
    assert_eq!(old.await_failure(), "JPG-0006");
    drop(old);
    // Now the row can be seen, and is on the primary alone.
    let mut tail = store.tail(Position::genesis()).unwrap();
    read_to(&mut *tail, doubtful);
    assert!(tail.durable() <= before, "seen is not durable");
    // The next one's barrier cannot pass before the standby has everything. A cancelled barrier is repeated.
    let other = cluster.store();
    let mut claim = until("the lease is free", || other.try_lead("new", Position::genesis()).unwrap());
    let barrier = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND query LIKE 'UPDATE tongbao.lease%'";
    until("the barrier waits", || {
        assert!(matches!(claim.next_left().unwrap(), Left::NotYet));
        (cluster.sql(0, barrier).as_deref() == Some("1")).then_some(())
    });
    cluster.sql(0, "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
    cluster.until(0, "the barrier waits again", barrier, "1");
    assert!(matches!(claim.next_left().unwrap(), Left::NotYet));
    cluster.servers[1].resume();
    let mut records = Vec::new();
    until("nothing is left", || match claim.next_left().unwrap() {
        Left::Record(record) => {
            records.push(record.seq);
            None
        }
        Left::Nothing => Some(()),
        _ => None,
    });
    assert_eq!(records.last(), Some(&doubtful));
    cluster.until(
        1,
        "and the standby has it",
        "SELECT max(seq) FROM tongbao.journal",
        &doubtful.0.to_string(),
    );
}

fn a_connection_that_is_cut_in_an_append_leaves_the_outcome_to_the_successor(engine: Engine) {
    let Some(cluster) = Cluster::start_as(engine, 1) else { return };
    let store = cluster.store();
    let mut old = lead(&store, "old", Position::genesis());
    let before = old.append(b"before");
    cluster.servers[1].pause();
    for _ in 0..3 {
        old.send(&[9; 1_000]);
    }
    cluster.until(0, "the appends wait", WAITING, "3");
    cluster.sql(
        0,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep' LIMIT 1",
    );
    assert_eq!(old.await_failure(), "JPG-0006");
    assert_eq!(old.appender.append(&[]).map_err(|error| error.code()), Ok(()));
    assert_eq!(old.appender.finish().map_err(|error| error.code()), Err("JRN-0005"));
    cluster.servers[1].resume();
    let mut next = lead(&store, "next", Position::genesis());
    assert_eq!(next.records.last().unwrap().seq, Seq(before.0 + 3), "all three had happened");
    next.append(b"after");
}

fn rows_behind_a_gap_were_never_acknowledged_and_go(engine: Engine) {
    let Some(cluster) = Cluster::start_as(engine, 1) else { return };
    let store = cluster.store();
    let mut old = lead(&store, "old", Position::genesis());
    let before = old.append(b"before");
    cluster.servers[1].pause();
    for number in 0..4u8 {
        old.send(&[number; 1_000]);
    }
    cluster.until(0, "the appends wait", WAITING, "4");
    drop(old);
    cluster.servers[1].resume();
    // As if the first of the four had not arrived.
    let gap = before.next();
    cluster.until(0, "all have arrived", "SELECT max(seq) FROM tongbao.journal", &(before.0 + 4).to_string());
    cluster.sql(0, &format!("DELETE FROM tongbao.journal WHERE seq = {gap}"));
    let mut tail = store.tail(Position::genesis()).unwrap();
    read_to(&mut *tail, before);
    let mut next = lead(&store, "next", Position::genesis());
    assert_eq!(next.records.last().unwrap().seq, before);
    assert_eq!((next.recovery.position.seq, next.recovery.epoch), (gap, Epoch(2)));
    let last = next.append(b"after");
    let records = read_to(&mut *tail, last);
    assert_eq!(records.last().unwrap().payload, b"after");
    assert_eq!(cluster.sql(0, "SELECT count(*) FROM tongbao.journal").unwrap(), last.0.to_string());
}

#[test]
fn a_full_disk_is_a_named_error_and_loses_nothing() {
    let Some(cluster) = Cluster::start(0) else { return };
    let small = cluster.folder().join("small");
    std::fs::create_dir(&small).unwrap();
    let owner =
        std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(&cluster.servers[0].spec().folder).unwrap());
    let options = format!("size=6m,mode=700,uid={owner}");
    let mounted = std::process::Command::new("mount")
        .args(["-t", "tmpfs", "-o", &options, "tmpfs"])
        .arg(&small)
        .status();
    if !mounted.is_ok_and(|status| status.success()) {
        println!("SKIPPED: a small disk cannot be mounted here");
        return;
    }
    let _unmount = Unmount(small.clone());
    let store = PgStore::new(cluster.settings().with_policy(Policy::AllowDegraded), SHARD).unwrap();
    let mut led = lead(&store, "one", Position::genesis());
    let mut last = led.append(b"before");
    cluster.sql(0, &format!("CREATE TABLESPACE small LOCATION '{}'", small.display()));
    let day = "(SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'tongbao.journal'::regclass ORDER BY 1 DESC LIMIT 1)";
    let day = cluster.sql(0, &format!("SELECT {day}")).unwrap();
    cluster.sql(0, &format!("ALTER TABLE {day} SET TABLESPACE small"));
    let failed = until("the disk is full", || {
        led.send(&[1; 1 << 20]);
        match led.heard.recv_timeout(PATIENCE).unwrap() {
            Ok(seq) => {
                last = seq;
                None
            }
            Err(error) => Some(error.code()),
        }
    });
    assert_eq!(failed, "JPG-0005");
    drop(led);
    cluster.sql(0, &format!("ALTER TABLE {day} SET TABLESPACE pg_default"));
    let mut next = lead(&store, "two", Position::genesis());
    assert_eq!(next.records.last().unwrap().seq, last, "what was acknowledged is there");
    next.append(&[1; 1 << 20]);
    cluster.sql(0, "DROP TABLESPACE small");
}

struct Unmount(std::path::PathBuf);

impl Drop for Unmount {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

on_both!(
    the_loss_of_the_primary_under_load_loses_nothing,
    without_a_standby_the_strict_policy_waits_and_goes_on_when_it_is_back,
    a_server_that_waits_for_nobody_is_refused_or_loudly_allowed,
    a_cancelled_wait_is_no_acknowledgement_and_the_barrier_makes_up_for_it,
    a_connection_that_is_cut_in_an_append_leaves_the_outcome_to_the_successor,
    rows_behind_a_gap_were_never_acknowledged_and_go,
);
