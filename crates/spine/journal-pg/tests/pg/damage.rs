//! Rows that somebody changed.

use ids::Seq;
use journal::{Position, Store as _};

use crate::cluster::{Cluster, SHARD};
use crate::site::{lead, read_to_error};

#[test]
fn every_kind_of_damage_is_named_with_its_record() {
    let Some(cluster) = Cluster::start(1) else { return };
    let mut led = lead(&cluster.store(), "one", Position::genesis());
    for number in 0..9u8 {
        led.append(&[number; 1_000]);
    }
    led.appender.finish().unwrap();
    cluster.sql(0, "CREATE TABLE good AS SELECT * FROM tongbao.journal");
    let cases = [
        ("DELETE FROM tongbao.journal WHERE seq = 5", "JPG-0010", "record 5 "),
        (
            "UPDATE tongbao.journal SET payload = set_byte(payload, 500, 255) WHERE seq = 5",
            "JPG-0009",
            "record 5 ",
        ),
        (
            "UPDATE tongbao.journal SET prev_hash = set_byte(prev_hash, 0, 1) WHERE seq = 5",
            "JPG-0009",
            "record 5 ",
        ),
        (
            "UPDATE tongbao.journal SET hash = set_byte(hash, 31, get_byte(hash, 31) # 1) WHERE seq = 5",
            "JPG-0009",
            "record 5 ",
        ),
        ("UPDATE tongbao.journal SET hash = ''::bytea WHERE seq = 5", "JPG-0009", "record 5 "),
        ("UPDATE tongbao.journal SET epoch = 7 WHERE seq = 5", "JPG-0009", "record 5 "),
        ("UPDATE tongbao.journal SET epoch = -1 WHERE seq = 5", "JPG-0009", "record 5 "),
        ("UPDATE tongbao.journal SET stamp = 0 WHERE seq = 5", "JPG-0009", "record 5 "),
        ("UPDATE tongbao.journal SET commands = commands + 1 WHERE seq = 5", "JPG-0009", "record 5 "),
        ("UPDATE tongbao.journal SET commands = -1 WHERE seq = 5", "JPG-0009", "record 5 "),
        ("UPDATE tongbao.journal SET kind = 9 WHERE seq = 5", "JPG-0009", "record 5 "),
        ("UPDATE tongbao.journal SET state_seq = 1 WHERE seq = 5", "JPG-0009", "record 5 "),
        ("UPDATE tongbao.journal SET durable = 99 WHERE seq = 5", "JPG-0009", "record 5 "),
        (
            "UPDATE tongbao.journal SET payload = decode(repeat('00', 1048577), 'hex') WHERE seq = 5",
            "JPG-0009",
            "record 5 ",
        ),
        ("UPDATE tongbao.journal SET seq = 50, durable = 4 WHERE seq = 5", "JPG-0010", "record 5 "),
    ];
    let settings = cluster.settings();
    for (damage, code, words) in cases {
        cluster.sql(0, damage);
        let seen = read_to_error(&mut *cluster.store().tail(Position::genesis()).unwrap());
        assert_eq!(seen.0, code, "{damage}: {}", seen.1);
        assert!(seen.1.contains(words), "{damage}: {}", seen.1);
        let checked = cluster.block_on(journal_pg::verify(&settings, SHARD, |_| ())).unwrap_err();
        assert_eq!(stdx::Coded::code(&checked), code, "{damage}");
        cluster.sql(0, "TRUNCATE tongbao.journal");
        cluster.sql(0, "INSERT INTO tongbao.journal SELECT * FROM good");
    }
    let report = cluster.block_on(journal_pg::verify(&settings, SHARD, |_| ())).unwrap();
    assert_eq!((report.records, report.last_seq, report.reigns.len()), (10, Seq(10), 1));
}

#[test]
fn a_follower_that_is_ahead_of_a_restored_database_says_so() {
    let Some(cluster) = Cluster::start(1) else { return };
    let mut led = lead(&cluster.store(), "one", Position::genesis());
    for _ in 0..5 {
        led.append(b"x");
    }
    let place = led.appender.finish().unwrap();
    cluster.sql(0, "DELETE FROM tongbao.journal WHERE seq > 3");
    let (code, words) = read_to_error(&mut *cluster.store().tail(place).unwrap());
    assert_eq!(code, "JPG-0012", "{words}");
}
