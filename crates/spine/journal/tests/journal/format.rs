//! Format version 1, byte for byte. If this fails, files in the field cannot be read any more: raise the version instead.

use std::fmt::Write as _;

use expect_test::expect;
use ids::{Seq, Timestamp};
use journal::sim::SimDisk;
use journal::{Batch, Options};
use stdx::Digest;

use crate::support::{lead, segments, small_journal, verify_sim};

fn dump(bytes: &[u8]) -> String {
    let mut text = String::new();
    let mut zeroes = 0;
    for (index, line) in bytes.chunks(16).enumerate() {
        if line.iter().all(|byte| *byte == 0) && line.len() == 16 {
            zeroes += 1;
            continue;
        }
        if std::mem::take(&mut zeroes) > 0 {
            text += "*\n";
        }
        let hex: Vec<String> = line
            .chunks(4)
            .map(|word| word.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}")))
            .collect();
        let ascii: String =
            line.iter().map(|byte| if byte.is_ascii_graphic() { char::from(*byte) } else { '.' }).collect();
        writeln!(text, "{:04x}  {:<35}  {ascii}", index * 16, hex.join(" ")).unwrap();
    }
    text
}

#[test]
fn a_segment_byte_for_byte() {
    let disk = SimDisk::new(1);
    let mut writer = lead(&disk, Options::default());
    let state = Some((Seq(1), Digest::of(b"state")));
    let first = Batch {
        seq: Seq(2),
        timestamp: Timestamp(1_700_000_000_000_000_000),
        commands: 2,
        payload: b"pay",
        state,
    };
    let second = Batch { seq: Seq(3), commands: 1, payload: &[0; 600], state: None, ..first };
    writer.append(&[first, second]).unwrap();
    expect![[r#"
        0000  54426a6f 75726e6c 01000000 04000000  TBjournl........
        0010  01000000 00000000 00000000 00000000  ................
        *
        0040  62616e6b 00000000 00000000 00000000  bank............
        *
        0080  2f686472 5c7df16c 54427265 636f7264  /hdr\}.lTBrecord
        0090  02010000 00000000 01000000 00000000  ................
        00a0  01000000 00000000 00000000 00000000  ................
        00b0  00000000 06000000 00000000 00000000  ................
        *
        0100  691905c9 2d091324 014b5726 fcf32874  i...-..$.KW&..(t
        0110  4d1e363e 3e93b6ff 1649657e 5ed4ac8b  M.6>>....Ie~^...
        0120  411f50d7 bd40b342 68656164 65722f2e  A.P..@.Bheader/.
        0130  65617374 2d310000 5442656e 64978080  east-1..TBend...
        0140  54427265 636f7264 01010000 00000000  TBrecord........
        0150  02000000 00000000 01000000 00000000  ................
        0160  00002a36 fe9c9717 02000000 03000000  ..*6............
        0170  691905c9 2d091324 014b5726 fcf32874  i...-..$.KW&..(t
        0180  4d1e363e 3e93b6ff 1649657e 5ed4ac8b  M.6>>....Ie~^...
        0190  01000000 00000000 4ba69735 ca53765e  ........K..5.Sv^
        01a0  d6a709ed b56c6ea2 36b7193a 3b29a6b3  .....ln.6..:;)..
        01b0  90c346f0 f4340e4e b8119302 c5a0097b  ..F..4.N.......{
        01c0  553482e4 ad549a81 6e50a4d0 25f203a1  U4...T..nP..%...
        01d0  6758fcbf 99c98406 8d97f3ac 76c99a0b  gX..........v...
        01e0  68656164 65722f2e 70617900 00000000  header/.pay.....
        01f0  5442656e 64978080 54427265 636f7264  TBend...TBrecord
        0200  01000000 00000000 03000000 00000000  ................
        0210  01000000 00000000 00002a36 fe9c9717  ..........*6....
        0220  01000000 58020000 b8119302 c5a0097b  ....X..........{
        0230  553482e4 ad549a81 6e50a4d0 25f203a1  U4...T..nP..%...
        0240  6758fcbf 99c98406 00000000 00000000  gX..............
        *
        0270  fc20dd82 d925b735 164065c2 4be3324a  .....%.5.@e.K.2J
        0280  69f69170 cb248857 266b57e0 e2406314  i..p.$.W&kW..@c.
        0290  f460fd60 68853182 68656164 65722f2e  .`.`h.1.header/.
        *
        04f0  00000000 00000000 5442656e 64e18080  ........TBend...
    "#]]
    .assert_eq(&dump(&disk.contents(&segments(&disk)[0]).unwrap()));
    expect![[r#"
        0000  01000000 00000000 adcf14c5           ............
    "#]]
    .assert_eq(&dump(&disk.contents("epoch").unwrap()));
}

#[test]
fn a_report_of_a_whole_journal() {
    let (disk, _) = small_journal();
    expect![[r#"
        Report {
            segments: 3,
            records: 8,
            commands: 6,
            first_seq: Seq(
                1,
            ),
            last_seq: Seq(
                8,
            ),
            reigns: [
                Reign {
                    epoch: Epoch(
                        1,
                    ),
                    first_seq: Seq(
                        1,
                    ),
                    holder: "east-1",
                },
                Reign {
                    epoch: Epoch(
                        2,
                    ),
                    first_seq: Seq(
                        6,
                    ),
                    holder: "east-1",
                },
            ],
            head: f35633d65ba61c8142e300922e88a8d31a5dba51965ac78e0d45e5bb6d74a9d8,
            bytes: 4488,
            torn: None,
        }
    "#]]
    .assert_debug_eq(&verify_sim(&disk).unwrap());
}
