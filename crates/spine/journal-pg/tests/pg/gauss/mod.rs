//! The branches for openGauss, run against a MOCK.
//!
//! No openGauss server can run here: it is in none of the registries that CI may use. So these tests, and every test that
//! [`on_both!`](crate::cluster::on_both) names, run the crate's openGauss branch from login to archive against a real
//! PostgreSQL that looks like openGauss: its [catalogue](mock.sql) is found before PostgreSQL's, and a [face](face) before
//! the server lets through only statements that a stand-in for its [grammar](grammar) accepts.
//!
//! What that shows: that the crate takes the openGauss branch everywhere, that the branch does what it should if openGauss
//! does what its source says, and that no statement says what its grammar refuses. What it cannot show: that openGauss does
//! what its source says, or that the source was read rightly. The same scenarios on PostgreSQL alone stand beside these.

pub(crate) mod face;
mod grammar;

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;

use ids::{Seq, Timestamp};
use journal::{Disk, FileStore, Import, Options, Position, RealDisk, Store as _};
use journal_pg::{Condition, PgStore, Policy, Settings, Survey};
use stdx::Coded as _;

use crate::cluster::{Cluster, Engine, SHARD};
use crate::site::{NOON, lead, read_to, read_to_error, until};

const DAY: u64 = 86_400_000_000_000;

fn start(standbys: usize) -> Option<Cluster> {
    Cluster::start_as(Engine::OpenGauss, standbys)
}

#[test]
fn everything_is_made_by_itself() {
    let Some(cluster) = start(1) else { return };
    let mut led = lead(&cluster.store(), "one", Position::genesis());
    led.append(b"");
    led.append(b"x");
    let columns = "SELECT string_agg(attname || ' ' || atttypid::regtype, ', ' ORDER BY attnum) FROM pg_attribute \
                   WHERE attrelid = 'tongbao.lease'::regclass AND attnum > 0";
    assert_eq!(
        cluster.sql(0, columns).unwrap(),
        "shard text, epoch bigint, holder text, taken_at timestamp with time zone, day integer, day_seq bigint"
    );
    assert_eq!(
        cluster.sql(0, "SELECT DISTINCT day FROM tongbao.journal ORDER BY 1 DESC LIMIT 1").unwrap(),
        "20779"
    );
    let survey = cluster.block_on(Survey::ask(&cluster.settings(), SHARD)).unwrap();
    assert_eq!((survey.holder.as_str(), &survey.condition), ("one", &Condition::Synchronous));
    let standby = &survey.replication.standbys[0];
    assert_eq!(
        (standby.name.as_str(), standby.state.as_str(), standby.lag_bytes.is_some()),
        ("WalSender to Standby[s1]", "streaming", true)
    );
    // If an empty payload is NULL there, it is an empty payload still.
    cluster.sql(0, "UPDATE tongbao.journal SET payload = NULL WHERE payload = ''");
    let records = read_to(&mut *cluster.store().tail(Position::genesis()).unwrap(), led.seq);
    assert_eq!(records[1].payload, b"");
    // And a shard that nobody ever led has no holder.
    let other = PgStore::new(cluster.settings(), "other").unwrap();
    let _tail = other.tail(Position::genesis()).unwrap();
    until("the shard", || {
        let survey = cluster.block_on(Survey::ask(&cluster.settings(), "other")).unwrap();
        cluster.sql(0, "SELECT holder IS NULL FROM tongbao.lease WHERE shard = 'other'")?;
        survey.holder.is_empty().then_some(())
    });
}

#[test]
fn a_day_shares_the_partition_above_it_and_is_then_deleted_row_by_row() {
    let Some(cluster) = start(1) else { return };
    let (store, other) = (cluster.store(), PgStore::new(cluster.settings(), "other").unwrap());
    // The other shard's clock is a day ahead, so that no partition is made for the first one's day.
    let mut ahead = lead(&other, "one", Position::genesis());
    ahead.stamp = Timestamp(NOON + 2 * DAY);
    ahead.append(b"x");
    let mut led = lead(&store, "one", Position::genesis());
    let mut ends = Vec::new();
    for day in [1, 3] {
        led.stamp = Timestamp(NOON + day * DAY);
        ends.push(led.append(b"x"));
    }
    let partitions = "SELECT count(*) FROM pg_inherits WHERE inhparent = 'tongbao.journal'::regclass";
    assert_eq!(cluster.sql(0, partitions).unwrap(), "3", "1970-01-01, 2026-11-24 and 2026-11-25");
    let folder = tempfile::tempdir().unwrap();
    let disk: Arc<dyn Disk> = Arc::new(RealDisk::create(folder.path()).unwrap());
    let before = Timestamp(NOON + 3 * DAY);
    let settings = cluster.settings();
    let archive = journal_pg::archive(&settings, SHARD, disk, before, ends[1]);
    let archived = cluster.block_on(archive).unwrap();
    assert_eq!(archived.days_dropped, ["1970-01-01", "2026-11-23"]);
    assert_eq!(cluster.sql(0, partitions).unwrap(), "3", "nobody else's rows are dropped");
    let rows = "SELECT string_agg(shard || seq, ' ' ORDER BY shard, seq) FROM tongbao.journal";
    assert_eq!(cluster.sql(0, rows).unwrap(), "bank3 other1 other2");
}

#[test]
fn a_server_that_would_go_on_alone_is_refused_or_loudly_allowed() {
    let Some(cluster) = start(1) else { return };
    let mut led = lead(&cluster.store(), "strict", Position::genesis());
    led.append(b"before");
    cluster.sql(0, "UPDATE opengauss.server SET alone = 'on'");
    led.send(b"refused");
    assert_eq!(led.await_failure(), "JPG-0007");
    let lax = || PgStore::new(cluster.settings().with_policy(Policy::AllowDegraded), SHARD).unwrap();
    let (one, two) = (lax(), lax());
    let mut led = lead(&one, "lax", Position::genesis());
    led.append(b"perhaps alone");
    assert!(
        matches!(&*one.condition().borrow(), Condition::Degraded(why) if why.contains("most_available_sync"))
    );
    drop(led);
    // One that was started alone waits for nobody, though the setting says `*`.
    cluster.sql(0, "UPDATE opengauss.server SET alone = 'off', role = 'Normal'");
    let mut led = lead(&two, "lax", Position::genesis());
    led.append(b"alone");
    assert!(matches!(&*two.condition().borrow(), Condition::Degraded(why) if why.contains("empty")));
}

#[test]
fn what_cannot_work_is_refused_by_name() {
    let Some(cluster) = start(0) else { return };
    let ask = || cluster.block_on(Survey::ask(&cluster.settings(), SHARD)).unwrap_err();
    for mode in ["B", "C", "D"] {
        cluster.sql(0, &format!("UPDATE opengauss.server SET mode = '{mode}'"));
        let error = ask();
        assert_eq!((error.code(), error.to_string().contains(mode)), ("JPG-0017", true), "{error}");
    }
    cluster.sql(0, "UPDATE opengauss.server SET mode = 'PG'");
    cluster.sql(0, "CREATE SCHEMA tongbao");
    cluster.sql(0, "CREATE TABLE tongbao.journal (shard text, day timestamp(0))");
    let (code, words) = read_to_error(&mut *cluster.store().tail(Position::genesis()).unwrap());
    assert_eq!(code, "JPG-0019", "{words}");
}

#[test]
fn a_login_that_the_driver_does_not_know_is_named() {
    // What openGauss asks a client of protocol 3.0 whose password is stored for `sha256` alone: sha256 itself, or md5 made
    // of the other secret (src/gausskernel/process/libpq/auth.cpp).
    let sha256 =
        [&10i32.to_be_bytes()[..], &2i32.to_be_bytes(), &[b'a'; 64], &[b'b'; 8], &[b'c'; 64]].concat();
    let md5_sha256 = [&11i32.to_be_bytes()[..], &[b'a'; 64]].concat();
    let unheard_of = 13i32.to_be_bytes().to_vec();
    for request in [sha256, md5_sha256, unheard_of] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            let (mut client, _) = listener.accept().unwrap();
            let mut startup = [0; 1_024];
            let _ = client.read(&mut startup).unwrap();
            let length = i32::try_from(request.len() + 4).unwrap().to_be_bytes();
            client.write_all(&[b"R", &length[..], &request].concat()).unwrap();
            // Until the client gives up.
            let _ = client.read(&mut startup);
        });
        let settings: Settings = format!("postgres://bank:hunter2@{address}/books").parse().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let error = runtime.block_on(Survey::ask(&settings, SHARD)).unwrap_err();
        assert_eq!(error.code(), "JPG-0018", "{error}");
        assert!(
            error.hint().contains("password_encryption_type") && !format!("{error:?}").contains("hunter2")
        );
    }
}

/// Statements that are sent to PostgreSQL only, by how they begin.
const POSTGRESQL_ONLY: &[&str] = &[
    "ALTER TABLE tongbao.journal ALTER COLUMN payload SET STORAGE EXTERNAL",
    "CREATE SCHEMA IF NOT EXISTS tongbao",
    "CREATE TABLE IF NOT EXISTS tongbao.journal_",
    "DROP TABLE tongbao.",
    "SELECT application_name, lower(state), lower(sync_state), pg_wal_lsn_diff(",
    "SELECT count(*) FROM tongbao.journal WHERE shard <> $1",
    "SELECT current_setting('synchronous_standby_names'), false",
    "SELECT relkind",
    "SELECT set_config(name, '0', false) FROM pg_settings WHERE name IN",
];

#[test]
fn every_statement_of_the_crate_is_one_that_opengauss_understands() {
    let Some(cluster) = start(1) else { return };
    let (store, settings) = (cluster.store(), cluster.settings());
    let folder = tempfile::tempdir().unwrap();
    let disk =
        |name: &str| -> Arc<dyn Disk> { Arc::new(RealDisk::create(&folder.path().join(name)).unwrap()) };
    // Two days, their archive, and one who needs what is gone.
    let mut led = lead(&store, "one", Position::genesis());
    led.append(b"x");
    let end = led.seq;
    led.stamp = Timestamp(NOON + DAY);
    led.append(b"x");
    let before = Timestamp(NOON + DAY);
    cluster.block_on(journal_pg::archive(&settings, SHARD, disk("archive"), before, end)).unwrap();
    read_to_error(&mut *store.tail(Position::genesis()).unwrap());
    cluster.block_on(journal_pg::verify(&settings, SHARD, |_| ())).unwrap();
    let place = store.place_before(led.seq).unwrap();
    assert_eq!(read_to(&mut *store.tail(place).unwrap(), led.seq).len(), 1);
    cluster.block_on(Survey::ask(&settings, SHARD)).unwrap();
    // A journal of files goes into another shard, and back.
    let files = FileStore::create(&folder.path().join("files"), "other", Options::default()).unwrap();
    let mut other = lead(&files, "one", Position::genesis());
    other.append(b"x");
    other.appender.finish().unwrap();
    let mut tail = files.tail(Position::genesis()).unwrap();
    cluster.block_on(journal_pg::copy_in(&mut *tail, &settings, "other")).unwrap();
    let mut import = Import::begin(disk("back"), "other", Options::default()).unwrap();
    cluster.block_on(journal_pg::copy_out(&settings, "other", &mut import)).unwrap();
    // That shard's days are rows among others', and go row by row.
    let all = Timestamp(NOON + 2 * DAY);
    cluster.block_on(journal_pg::archive(&settings, "other", disk("other"), all, Seq(9))).unwrap();
    // A barrier whose wait is cancelled is repeated.
    cluster.servers[1].pause();
    let next = cluster.store();
    drop(led);
    let mut claim = until("the lease is free", || next.try_lead("two", Position::genesis()).unwrap());
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND query LIKE 'UPDATE tongbao.lease SET ";
    until("the barrier waits", || {
        let _ = claim.next_left().unwrap();
        (cluster.sql(0, &format!("{waits}epoch%'")).as_deref() == Some("1")).then_some(())
    });
    cluster.sql(0, "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
    cluster.until(0, "the barrier waits again", &format!("{waits}taken_at%'"), "1");
    cluster.servers[1].resume();
    drop(claim);
    // Older tables.
    cluster.sql(0, "ALTER TABLE tongbao.lease DROP COLUMN day, DROP COLUMN day_seq");
    cluster.sql(0, "UPDATE tongbao.schema_version SET version = 1");
    cluster.block_on(journal_pg::verify(&settings, SHARD, |_| ())).unwrap();
    // And another site that was faster.
    cluster.sql(0, "UPDATE tongbao.schema_version SET version = 1");
    cluster.block_on(journal_pg::verify(&settings, SHARD, |_| ())).unwrap();

    let seen = cluster.seen.accepted();
    let literals = statements_in_source();
    assert!(literals.len() > 50, "{literals:#?}");
    let unseen: Vec<_> = literals
        .iter()
        .filter(|literal| !POSTGRESQL_ONLY.iter().any(|own| literal.starts_with(own)))
        .filter(|literal| !seen.iter().any(|statement| statement.starts_with(&***literal)))
        .collect();
    assert!(unseen.is_empty(), "no test sends these to openGauss: {unseen:#?}; sent: {seen:#?}");
}

/// The beginnings of all statements in the crate's source, up to the first word that a dialect fills in.
fn statements_in_source() -> Vec<String> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut statements = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let source = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let code = source.split("#[cfg(test)]").next().unwrap_or_default();
        for literal in literals(code) {
            // What the statement that makes the tables says in one of several words of a dialect stands there alone.
            for statement in literal.split(';') {
                let statement = face::one_line(statement);
                let statement = statement.strip_prefix("{schema} ").unwrap_or(&statement);
                let begins = statement.split('{').next().unwrap_or_default().trim();
                let first = begins.split(' ').next().unwrap_or_default();
                let verbs = [
                    "SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "ALTER", "CREATE", "DROP", "SET",
                    "COMMIT",
                ];
                // A table's options are a word of a dialect, and part of a statement.
                let is_whole = !begins.starts_with("WITH (") && (begins.contains(' ') || first == "COMMIT");
                if verbs.contains(&first) && is_whole {
                    statements.push(begins.to_owned());
                }
            }
        }
    }
    statements
}

/// The texts in quotes, outside comments.
fn literals(code: &str) -> Vec<String> {
    let mut literals = Vec::new();
    let code: Vec<&str> = code.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let code = code.join("\n").replace("'\"'", "");
    let mut parts = code.split('"');
    while let (Some(_), Some(first)) = (parts.next(), parts.next()) {
        let mut literal = first.to_owned();
        while literal.ends_with('\\') {
            let Some(more) = parts.next() else { break };
            literal.push_str(more);
        }
        literals.push(literal.replace("\\\n", " "));
    }
    literals
}
