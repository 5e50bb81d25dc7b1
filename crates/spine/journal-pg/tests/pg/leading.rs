//! Leading, following, taking over.

use std::collections::BTreeMap;
use std::sync::{Arc, Barrier};

use ids::{Epoch, Seq};
use journal::{FileStore, Options, Position, Store as _};
use journal_pg::{Condition, PgStore, Settings};
use stdx::Coded as _;

use crate::cluster::{Cluster, Engine, SHARD, on_both};
use crate::site::{lead, read_to, read_to_error, try_to_lead, until};

fn the_lead_goes_on_and_the_chain_is_the_same_as_in_files(engine: Engine) {
    let Some(cluster) = Cluster::start_as(engine, 1) else { return };
    let (one, two) = (cluster.store(), cluster.store());
    let folder = tempfile::tempdir().unwrap();
    let files = FileStore::create(&folder.path().join("journal"), SHARD, Options::default()).unwrap();
    let mut tail = two.tail(Position::genesis()).unwrap();
    let mut heads = Vec::new();
    for store in [&one as &dyn journal::Store, &files] {
        let mut first = lead(store, "east-1", Position::genesis());
        for size in [0, 1, 5_000, 1 << 20] {
            first.append(&vec![7; size]);
        }
        let at = first.appender.finish().unwrap();
        // The lease is free as soon as its holder has ended.
        let mut second = lead(store, "east-2", Position::genesis());
        assert_eq!(second.records.len(), 5);
        assert_eq!((second.recovery.epoch, second.recovery.position.seq), (Epoch(2), at.seq.next()));
        second.append(b"after");
        heads.push(second.appender.finish().unwrap());
    }
    let hashes: Vec<_> = heads.iter().map(|head| (head.seq, head.hash, head.epoch, head.timestamp)).collect();
    assert_eq!(hashes[0], hashes[1], "the same batches give the same chain");
    let records = read_to(&mut *tail, heads[0].seq);
    assert_eq!(records.len(), 7);
    // The last one is not known to be durable before another one says so.
    assert_eq!(tail.durable(), Seq(6));
    assert_eq!(*one.condition().borrow(), Condition::Synchronous);
}

fn of_many_who_want_to_lead_one_does(engine: Engine) {
    const SITES: usize = 4;
    const ROUNDS: usize = 5;
    let Some(cluster) = Cluster::start_as(engine, 1) else { return };
    let at_once = Arc::new(Barrier::new(SITES));
    let sites: Vec<_> = (0..SITES)
        .map(|site| {
            let (store, at_once) = (cluster.store(), Arc::clone(&at_once));
            std::thread::spawn(move || {
                at_once.wait();
                let mut reigns = Vec::new();
                for _ in 0..ROUNDS {
                    let mut led = lead(&store, &format!("site-{site}"), Position::genesis());
                    for _ in 0..4 {
                        led.send(&[u8::try_from(site).unwrap(); 100]);
                    }
                    led.await_durable(led.seq);
                    reigns.push((led.recovery.epoch, led.seq));
                    led.appender.finish().unwrap();
                }
                reigns
            })
        })
        .collect();
    let reigns: Vec<_> = sites.into_iter().flat_map(|site| site.join().unwrap()).collect();
    let last = reigns.iter().map(|(_, seq)| *seq).max().unwrap();
    let store = cluster.store();
    let records = read_to(&mut *store.tail(Position::genesis()).unwrap(), last);
    let mut by_epoch: BTreeMap<Epoch, usize> = BTreeMap::new();
    for record in &records {
        *by_epoch.entry(record.epoch).or_default() += 1;
    }
    assert_eq!(by_epoch.len(), SITES * ROUNDS, "every reign has an epoch of its own");
    assert!(by_epoch.values().all(|records| *records == 5), "and exactly its own batches: {by_epoch:?}");
}

fn a_leader_whose_epoch_was_raised_appends_nothing_more(engine: Engine) {
    let Some(cluster) = Cluster::start_as(engine, 1) else { return };
    let store = cluster.store();
    let mut old = lead(&store, "old", Position::genesis());
    let last = old.append(b"mine");
    cluster.sql(0, "UPDATE tongbao.lease SET epoch = epoch + 1");
    old.send_too_late();
    assert_eq!(old.await_failure(), "JRN-0004", "fenced");
    let count = cluster.sql(0, "SELECT max(seq) FROM tongbao.journal").unwrap();
    assert_eq!(count, last.0.to_string());
}

#[test]
fn a_leader_whose_heart_stands_still_is_replaced_though_its_session_lives() {
    let Some(cluster) = Cluster::start(1) else { return };
    let (old_store, new_store) = (cluster.store(), cluster.store());
    let mut old = lead(&old_store, "old", Position::genesis());
    old.append(b"mine");
    let blocker = cluster.session(0);
    cluster.block_on(blocker.batch_execute("BEGIN; SELECT * FROM tongbao.heartbeat FOR UPDATE")).unwrap();
    let mut new = lead(&new_store, "new", Position::genesis());
    assert_eq!(new.recovery.epoch, Epoch(2));
    new.append(b"now mine");
    old.send(b"too late");
    assert_eq!(old.await_failure(), "JRN-0004");
}

fn nobody_leads_while_somebody_does(engine: Engine) {
    let Some(cluster) = Cluster::start_as(engine, 1) else { return };
    let (one, two) = (cluster.store(), cluster.store());
    let mut led = lead(&one, "one", Position::genesis());
    // Long enough for the other one to have looked many times while the heart beats.
    for _ in 0..40 {
        led.append(&[1; 100_000]);
        assert!(try_to_lead(&two, "two", Position::genesis()).is_none());
    }
}

#[test]
fn the_primary_is_found_among_several_hosts() {
    let Some(mut cluster) = Cluster::start(1) else { return };
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let [primary, standby] = [0, 1].map(|index| cluster.servers[index].address());
    let passfile = cluster.servers[0].spec().password_file();
    let url = format!(
        "postgresql://tongbao@{nobody},{standby},{primary}/postgres?target_session_attrs=read-write&passfile={}",
        passfile.display()
    );
    let store = PgStore::new(url.parse().unwrap(), SHARD).unwrap();
    let mut led = lead(&store, "one", Position::genesis());
    let seq = led.append(b"found");
    let mut tail = store.tail(Position::genesis()).unwrap();
    read_to(&mut *tail, seq);
    // The other host becomes the primary: the same tail goes on, and so does the next leader.
    cluster.servers[0].kill();
    assert_eq!(led.await_failure(), "JPG-0006", "a leader does not guess");
    cluster.servers[1].promote("").unwrap();
    let lax = url.replace('?', "?durability=allow-degraded&");
    let store = PgStore::new(lax.parse().unwrap(), SHARD).unwrap();
    let mut led = lead(&store, "two", Position::genesis());
    let seq = led.append(b"found again");
    read_to(&mut *tail, seq);
    assert!(matches!(*store.condition().borrow(), Condition::Degraded(_)));
}

#[test]
fn newer_tables_and_wrong_passwords_are_refused_by_name() {
    let Some(cluster) = Cluster::start(0) else { return };
    let store = cluster.store();
    let mut tail = store.tail(Position::genesis()).unwrap();
    until("the tables", || {
        tail.next_record().unwrap();
        cluster
            .sql(0, "SELECT count(*) FROM pg_tables WHERE schemaname = 'tongbao' AND tablename = 'journal'")
            .filter(|count| count == "1")
    });
    cluster.sql(0, "UPDATE tongbao.schema_version SET version = 3");
    let (code, words) = read_to_error(&mut *cluster.store().tail(Position::genesis()).unwrap());
    assert_eq!((code, &*words), ("JPG-0008", "the tables have version 3; this release knows up to 2"));

    let wrong = format!("postgres://tongbao:hunter2@{}/postgres", cluster.servers[0].address());
    let settings: Settings = wrong.parse().unwrap();
    let error = cluster.block_on(journal_pg::Survey::ask(&settings, SHARD)).unwrap_err();
    let words = format!("{error} {error:?} {settings:?}");
    assert!(words.contains("password authentication failed") && !words.contains("hunter2"), "{words}");
    assert_eq!(error.code(), "JPG-0003");
}

#[test]
fn older_tables_are_brought_up_to_date_and_the_books_go_on() {
    let Some(cluster) = Cluster::start(1) else { return };
    let mut led = lead(&cluster.store(), "one", Position::genesis());
    let last = led.append(b"before");
    led.appender.finish().unwrap();
    for older in [
        "ALTER TABLE tongbao.lease DROP COLUMN day, DROP COLUMN day_seq",
        "UPDATE tongbao.schema_version SET version = 1",
    ] {
        cluster.sql(0, older);
    }
    let mut led = lead(&cluster.store(), "two", Position::genesis());
    assert_eq!((led.records.len(), led.recovery.position.seq), (2, last.next()));
    led.append(b"after");
    assert_eq!(cluster.sql(0, "SELECT version FROM tongbao.schema_version").unwrap(), "2");
}

fn a_place_is_found_without_reading_all_that_comes_before(engine: Engine) {
    let Some(cluster) = Cluster::start_as(engine, 1) else { return };
    let store = cluster.store();
    assert_eq!(store.place_before(Seq(5)).unwrap(), Position::genesis());
    let mut led = lead(&store, "one", Position::genesis());
    for _ in 0..9 {
        led.append(b"x");
    }
    for (wanted, before) in [(Seq(0), 0), (Seq(1), 0), (Seq(2), 1), (Seq(7), 6), (Seq(10), 9), (Seq(99), 10)]
    {
        let place = store.place_before(wanted).unwrap();
        assert_eq!(place.seq, Seq(before), "before {wanted}");
        let mut tail = store.tail(place).unwrap();
        let read = read_to(&mut *tail, led.seq);
        assert_eq!(read.first().map(|record| record.seq), (before < 10).then_some(Seq(before + 1)));
    }
    // A tail goes on when its store has gone.
    let mut tail = cluster.store().tail(Position::genesis()).unwrap();
    read_to(&mut *tail, led.seq);
    // On a thread that must not wait for a runtime it still answers.
    cluster.block_on(async { assert_eq!(store.place_before(Seq(7)).unwrap().seq, Seq(6)) });
}

on_both!(
    the_lead_goes_on_and_the_chain_is_the_same_as_in_files,
    of_many_who_want_to_lead_one_does,
    a_leader_whose_epoch_was_raised_appends_nothing_more,
    nobody_leads_while_somebody_does,
    a_place_is_found_without_reading_all_that_comes_before,
);
