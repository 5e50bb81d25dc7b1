//! Damage of every kind is named and never skipped, cut or repaired.

use expect_test::expect;
use ids::Seq;
use journal::{Fault, JournalError, Options, Position};
use stdx::Coded as _;

use crate::support::{
    SHARD, Span, append, corruption, lead, lead_from, read_all, segment_name, segments, shown, small_journal,
    verify_sim,
};

/// The span that holds byte `at` of `file`; `None` for the segment's header.
fn span_at(spans: &[Span], file: &str, at: usize) -> Option<Span> {
    let at = at as u64;
    spans
        .iter()
        .copied()
        .find(|span| segment_name(span.segment_first) == file && (span.start..span.end).contains(&at))
}

#[test]
fn every_flipped_bit_is_corruption_named_with_segment_and_offset() {
    let (disk, spans) = small_journal();
    assert_eq!(segments(&disk).len(), 3, "the journal has older segments and a last one");
    for file in segments(&disk) {
        let good = disk.contents(&file).unwrap();
        for at in 0..good.len() {
            for bit in 0..8 {
                let mut bad = good.clone();
                bad[at] ^= 1 << bit;
                disk.plant(&file, bad);
                let context = format!("bit {bit} of byte {at} of {file}");
                let found = corruption(verify_sim(&disk), &context);
                let start = span_at(&spans, &file, at).map_or(0, |span| span.start);
                assert_eq!((&found.file, found.offset), (&file, start), "{context}: {found:?}");
                if bit == at % 8 {
                    let taken = lead_from(disk.process(), Options::default(), Position::genesis());
                    assert_eq!(corruption(taken, &context), found);
                }
            }
        }
        disk.plant(&file, good);
    }
    verify_sim(&disk).expect("everything was put back");
}

#[test]
fn up_to_seven_lost_bytes_never_look_like_a_write_that_did_not_happen() {
    let (disk, _) = small_journal();
    let last = segments(&disk).pop().unwrap();
    let good = disk.contents(&last).unwrap();
    for width in 1..=7 {
        for at in 0..=good.len() - width {
            let mut bad = good.clone();
            bad[at..at + width].fill(0);
            let changed = bad != good;
            disk.plant(&last, bad);
            if changed {
                corruption(verify_sim(&disk), &format!("{width} zeroes at {at}"));
            }
        }
    }
}

#[test]
fn a_flip_in_the_last_group_is_not_cut_even_when_a_write_after_it_is_torn() {
    let disk = journal::sim::SimDisk::new(3);
    let mut writer = lead(&disk, Options::default());
    let start = append(&mut writer, &[vec![5; 100]]).unwrap();
    let end = append(&mut writer, &[vec![6; 2000], vec![7; 50]]).unwrap();
    let file = segments(&disk).pop().unwrap();
    let mut bytes = disk.contents(&file).unwrap();
    // The second group's first sector was never written, and a bit of the first group flipped.
    let sector = usize::try_from(start.offset).unwrap().next_multiple_of(512);
    bytes[sector..sector + 512].fill(0);
    disk.plant(&file, bytes.clone());
    assert_eq!(
        read_all(disk.process(), Position::genesis()).unwrap().len(),
        2,
        "only the torn group is unread"
    );
    let in_first_group = usize::try_from(start.offset).unwrap() - 50;
    bytes[in_first_group] ^= 1;
    disk.plant(&file, bytes);
    let found = corruption(verify_sim(&disk), "flip before a torn group");
    assert!(found.offset < start.offset && start.offset < end.offset);
}

#[test]
fn zeroes_in_a_record_with_a_durable_one_after_it_are_corruption() {
    let disk = journal::sim::SimDisk::new(3);
    let mut writer = lead(&disk, Options::default());
    let start = append(&mut writer, &[vec![5; 100]]).unwrap();
    append(&mut writer, &[vec![6; 2000]]).unwrap();
    append(&mut writer, &[vec![7; 10]]).unwrap();
    let file = segments(&disk).pop().unwrap();
    let mut bytes = disk.contents(&file).unwrap();
    let sector = usize::try_from(start.offset).unwrap().next_multiple_of(512) + 512;
    bytes[sector..sector + 512].fill(0);
    disk.plant(&file, bytes);
    let found = corruption(verify_sim(&disk), "zeroed sector in the middle");
    assert_eq!(found.offset, start.offset);
}

#[test]
fn a_payload_that_imitates_a_later_record_does_not_turn_a_torn_write_into_corruption() {
    let disk = journal::sim::SimDisk::new(3);
    let mut writer = lead(&disk, Options::default());
    append(&mut writer, &[vec![5; 100]]).unwrap();
    let before = append(&mut writer, &[vec![5; 100]]).unwrap();
    append(&mut writer, &[vec![6; 100]]).unwrap();
    let file = segments(&disk).pop().unwrap();
    // A client that could foresee the bytes of record 4 puts them, aligned, into the payload of record 3.
    let image = disk.contents(&file).unwrap()[usize::try_from(before.offset).unwrap()..].to_vec();
    let mut payload = vec![3; 4096];
    for start in (8..3000).step_by(image.len().next_multiple_of(8)) {
        payload[start..start + image.len()].copy_from_slice(&image);
    }
    let (disk, mut writer) = {
        let disk = journal::sim::SimDisk::new(4);
        let writer = lead(&disk, Options::default());
        (disk, writer)
    };
    let start = append(&mut writer, &[vec![5; 100]]).unwrap();
    append(&mut writer, &[payload]).unwrap();
    let mut bytes = disk.contents(&file).unwrap();
    let sector = usize::try_from(start.offset).unwrap().next_multiple_of(512);
    let torn = usize::try_from(start.offset).unwrap()..sector;
    bytes[torn].fill(0);
    disk.plant(&file, bytes);
    drop(writer);
    let (_, recovery, _) = lead_from(disk.process(), Options::default(), Position::genesis()).unwrap();
    assert_eq!(recovery.torn.expect("a torn write").offset, start.offset);
}

#[test]
fn a_tail_cut_anywhere_is_recovered_up_to_the_cut() {
    let (disk, spans) = small_journal();
    let last = segments(&disk).pop().unwrap();
    let good = disk.contents(&last).unwrap();
    let names = disk.names();
    for length in 0..=good.len() {
        let copy = journal::sim::SimDisk::new(1);
        names.iter().for_each(|name| copy.plant(name, disk.contents(name).unwrap()));
        copy.plant(&last, good[..length].to_vec());
        let whole =
            spans.iter().filter(|span| segment_name(span.segment_first) != last || span.end <= length as u64);
        let (whole, end) = whole.fold((0, 0), |(count, _), span| (count + 1, span.end));
        let report = verify_sim(&copy).unwrap_or_else(|error| panic!("cut to {length}: {error:?}"));
        assert_eq!(report.records, whole, "cut to {length}");
        let (_, recovery, records) =
            lead_from(copy.process(), Options::default(), Position::genesis()).unwrap();
        assert_eq!(records.len() as u64, whole, "cut to {length}");
        assert_eq!(recovery.torn, report.torn, "cut to {length}");
        let clean = length as u64 == end || length == 136;
        assert_eq!(recovery.torn.is_none(), clean, "cut to {length}");
        assert_eq!(
            verify_sim(&copy).unwrap().records,
            whole + 1,
            "cut to {length}: the epoch record follows"
        );
    }
}

#[test]
fn an_older_segment_cut_anywhere_is_corruption_or_a_gap() {
    let (disk, _) = small_journal();
    let older = segments(&disk)[1].clone();
    let good = disk.contents(&older).unwrap();
    for length in 0..good.len() {
        disk.plant(&older, good[..length].to_vec());
        for result in [
            verify_sim(&disk).map(drop),
            lead_from(disk.process(), Options::default(), Position::genesis()).map(drop),
        ] {
            match result {
                Err(JournalError::Corrupt(found)) => {
                    assert_eq!(found.file, older);
                    assert!(matches!(found.fault, Fault::Incomplete { .. }), "cut to {length}: {found:?}");
                }
                Err(JournalError::MissingSegment { .. }) => {}
                other => panic!("cut to {length}: {other:?}"),
            }
        }
        assert_eq!(disk.contents(&older).unwrap().len(), length, "a refused takeover changes nothing");
    }
}

/// Breaks a copy of the small journal's folder and says what verification and a takeover make of it.
fn broken(break_it: impl FnOnce(&journal::sim::SimDisk, &[String])) -> String {
    let (disk, _) = small_journal();
    break_it(&disk, &segments(&disk));
    let before: Vec<_> = disk.names().into_iter().map(|name| (disk.contents(&name), name)).collect();
    let verified = verify_sim(&disk).expect_err("verification notices");
    let taken =
        lead_from(disk.process(), Options::default(), Position::genesis()).expect_err("a takeover notices");
    let after: Vec<_> = disk.names().into_iter().map(|name| (disk.contents(&name), name)).collect();
    assert_eq!(before, after, "nothing is repaired");
    assert_eq!(verified.to_string(), taken.to_string());
    match &taken {
        JournalError::Corrupt(found) => format!("{}: {}", taken.code(), shown(found)),
        other => format!("{}: {other}", other.code()),
    }
}

#[test]
fn folders_that_are_not_one_whole_journal_are_named() {
    let mut said = String::new();
    let mut case = |name: &str, text: String| said += &format!("{name}\n    {text}\n");
    case("the first segment is missing", broken(|disk, files| drop(disk.steal(&files[0]))));
    case("a middle segment is missing", broken(|disk, files| drop(disk.steal(&files[1]))));
    case(
        "all segments are missing",
        broken(|disk, files| files.iter().for_each(|file| drop(disk.steal(file)))),
    );
    case(
        "a segment was renamed",
        broken(|disk, files| disk.plant(&segment_name(Seq(4)), disk.steal(&files[1]).unwrap())),
    );
    case(
        "a segment was copied under another number",
        broken(|disk, files| disk.plant(&segment_name(Seq(2)), disk.contents(&files[0]).unwrap())),
    );
    case(
        "a segment was copied over another",
        broken(|disk, files| disk.plant(&files[2], disk.contents(&files[1]).unwrap())),
    );
    case(
        "a segment was copied beside itself",
        broken(|disk, files| disk.plant("copy of 1.seg", disk.contents(&files[0]).unwrap())),
    );
    case("a stranger's file", broken(|disk, _| disk.plant("notes.txt", b"hello".to_vec())));
    case("segment zero", broken(|disk, _| disk.plant(&segment_name(Seq(0)), Vec::new())));
    case("a damaged epoch file", broken(|disk, _| disk.plant("epoch", vec![9; 12])));
    case("an epoch file that is too long", broken(|disk, _| disk.plant("epoch", vec![0; 13])));
    expect![[r#"
        the first segment is missing
            JRN-0007: the segment that starts with sequence number 1 is missing
        a middle segment is missing
            JRN-0007: the segment that starts with sequence number 5 is missing
        all segments are missing
            JRN-0007: the segment that starts with sequence number 1 is missing
        a segment was renamed
            JRN-0008: segment `00000000000000000004.seg` repeats sequence numbers that the segment before it holds
        a segment was copied under another number
            JRN-0008: segment `00000000000000000002.seg` repeats sequence numbers that the segment before it holds
        a segment was copied over another
            JRN-0009: segment `00000000000000000007.seg` starts with sequence number 5, not with the one in its name
        a segment was copied beside itself
            JRN-0010: `copy of 1.seg` does not belong in a journal's folder
        a stranger's file
            JRN-0010: `notes.txt` does not belong in a journal's folder
        segment zero
            JRN-0010: `00000000000000000000.seg` does not belong in a journal's folder
        a damaged epoch file
            JRN-0017: the epoch file is missing or damaged
        an epoch file that is too long
            JRN-0017: the epoch file is missing or damaged
    "#]]
    .assert_eq(&said);
}

#[test]
fn a_segment_of_another_chain_is_corruption() {
    // The same history but for one byte, so that every header fits but the chain does not.
    let other = |byte| {
        let disk = journal::sim::SimDisk::new(1);
        let mut writer = lead(&disk, Options { segment_bytes_max: 600 });
        append(&mut writer, &[vec![byte; 300]]).unwrap();
        append(&mut writer, &[vec![1; 300]]).unwrap();
        disk
    };
    let (one, two) = (other(1), other(2));
    let last = segments(&one).pop().unwrap();
    one.plant(&last, two.contents(&last).unwrap());
    let found = corruption(verify_sim(&one), "another chain");
    assert_eq!((&found.file, found.offset), (&last, 0));
    assert!(matches!(found.fault, Fault::SegmentChain { .. }), "{found:?}");
}

#[test]
fn another_shards_journal_is_refused() {
    let (disk, _) = small_journal();
    let error = journal::Reader::open(disk.process(), "insurance", Position::genesis())
        .and_then(|mut reader| reader.next_record())
        .expect_err("another shard");
    assert_eq!(error.code(), "JRN-0011");
    assert_eq!(
        error.to_string(),
        "segment `00000000000000000001.seg` belongs to shard `bank`, not to `insurance`"
    );
}

#[test]
fn a_newer_format_is_told_from_damage() {
    let (disk, _) = small_journal();
    for file in segments(&disk) {
        let good = disk.contents(&file).unwrap();
        let mut newer = good.clone();
        newer[8] = 2;
        disk.plant(&file, newer.clone());
        corruption(verify_sim(&disk), "a version that does not fit the checksum");
        let crc = stdx::crc32c(&newer[..132]);
        newer[132..136].copy_from_slice(&crc.to_le_bytes());
        disk.plant(&file, newer);
        let error = verify_sim(&disk).expect_err("a newer format");
        assert_eq!(error.code(), "JRN-0012");
        assert_eq!(
            error.to_string(),
            format!("segment `{file}` has format version 2; this release reads up to 1")
        );
        disk.plant(&file, good);
    }
}

#[test]
fn a_position_the_journal_does_not_hold_is_refused() {
    let (disk, _) = small_journal();
    let mut reader = journal::Reader::open(disk.process(), SHARD, Position::genesis()).unwrap();
    let mut positions = vec![reader.position()];
    while reader.next_record().unwrap().is_some() {
        positions.push(reader.position());
    }
    for (index, position) in positions.iter().enumerate() {
        assert_eq!(read_all(disk.process(), *position).unwrap().len(), positions.len() - 1 - index);
        if index == 0 {
            continue;
        }
        let wrong = [
            Position { hash: stdx::Digest([1; 32]), ..*position },
            Position { seq: position.seq.next(), ..*position },
            Position { epoch: position.epoch.next(), ..*position },
            Position { offset: position.offset + 8, ..*position },
            Position { offset: position.offset - 1, ..*position },
            Position { offset: 0, ..*position },
            Position { offset: u64::MAX, ..*position },
            Position { segment_first: Seq(999), ..*position },
            Position { seq: Seq(u64::MAX), ..*position },
            Position { seq: Seq(u64::MAX), offset: 136, ..*position },
        ];
        for wrong in wrong {
            let error = read_all(disk.process(), wrong).expect_err("a wrong position");
            assert_eq!(error.code(), "JRN-0013", "{wrong:?}");
            let error = lead_from(disk.process(), Options::default(), wrong).expect_err("a wrong position");
            assert_eq!(error.code(), "JRN-0013", "{wrong:?}");
        }
    }
    // A snapshot ahead of a journal that lost its tail.
    let last = segments(&disk).pop().unwrap();
    let good = disk.contents(&last).unwrap();
    disk.plant(&last, good[..good.len() - 8].to_vec());
    let error =
        lead_from(disk.process(), Options::default(), *positions.last().unwrap()).expect_err("a lost tail");
    assert_eq!(error.code(), "JRN-0013");
    let empty = journal::sim::SimDisk::new(1);
    assert_eq!(read_all(empty.process(), positions[1]).expect_err("an empty folder").code(), "JRN-0013");
}
