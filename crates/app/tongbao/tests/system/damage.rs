//! Disks that are full and bits that flip.

use std::fs;
use std::io::Read as _;
use std::process::Command;

use rustix::process::Signal;

use crate::bank::{Bank, Folder, payment, signal, until};
use crate::load::{Heard, check_books};

/// A small disk under a data folder.
struct SmallDisk<'a>(&'a Folder);

impl<'a> SmallDisk<'a> {
    /// Or why none can be mounted.
    fn under(folder: &'a Folder) -> Result<Self, String> {
        fs::create_dir_all(folder.path()).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=3m", "tongbao-test"]).arg(folder.path());
        match mount.output() {
            Ok(output) if output.status.success() => Ok(Self(folder)),
            other => Err(format!("{other:?}")),
        }
    }

    fn grow(&self) {
        let done =
            Command::new("mount").args(["-o", "remount,size=64m"]).arg(self.0.path()).status().unwrap();
        assert!(done.success());
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        self.0.processes().into_iter().for_each(|(pid, _)| signal(pid, Signal::KILL));
        // Lazily: the last process may not be quite gone.
        let _ = Command::new("umount").arg("--lazy").arg(self.0.path()).status();
    }
}

#[test]
fn a_full_disk_refuses_and_never_loses_what_was_acknowledged() {
    let folder = Folder::new();
    let disk = match SmallDisk::under(&folder) {
        Ok(disk) => disk,
        Err(why) => {
            println!("SKIPPED: a small disk cannot be mounted; run this test as root: {why}");
            return;
        }
    };
    let bank = Bank::up(&folder);
    bank.open_accounts(&[1, 2]);
    let mut heard = Heard::default();
    let mut next = 1_000;
    // Batches fill the disk; the first one that does not fit ends this.
    while heard.errors.is_empty() {
        let ids: Vec<u64> = (next..next + 2_000).collect();
        next += 2_000;
        let payments: Vec<String> = ids.iter().map(|id| payment(*id, "1.00")).collect();
        let answer = bank.post("/v1/payments/batch", &format!(r#"{{"payments":[{}]}}"#, payments.join(",")));
        if answer.status == 200 {
            assert_eq!(answer.json()["created"], 2_000, "{answer:?}");
            heard.acknowledged.extend(ids);
        } else {
            assert_eq!(
                (answer.status, answer.json()["retryable"].as_bool()),
                (503, Some(true)),
                "{answer:?}"
            );
            heard.errors.extend(ids.into_iter().map(|id| (id, answer.body.clone())));
        }
        assert!(next < 1_000_000, "the disk is never full");
    }
    disk.grow();
    until("service is back", || bank.pay(&payment(1, "1.00")).status == 201);
    heard.acknowledged.insert(0, 1);
    bank.until_whole();
    check_books(&folder, &bank, &heard);
    assert!(bank.down().success());
}

#[test]
fn a_flipped_bit_stops_the_bank_and_is_named() {
    let folder = Folder::new();
    let bank = Bank::up(&folder);
    bank.open_accounts(&[1, 2]);
    for id in 10..20 {
        assert_eq!(bank.pay(&payment(id, "1.00")).status, 201);
    }
    assert!(bank.down().success());
    fs::remove_dir_all(folder.path().join("sites")).unwrap();
    let sound = fs::read(folder.segment()).unwrap();
    let mut flipped = sound.clone();
    flipped[sound.len() / 2] ^= 4;
    fs::write(folder.segment(), &flipped).unwrap();

    let segment = folder.segment().file_name().unwrap().to_str().unwrap().to_owned();
    let verified = folder.tongbao(&["journal", "verify"]);
    assert!(verified.code == Some(1) && verified.err.starts_with("error[JRN-"), "{verified:?}");
    assert!(verified.err.contains(&segment) && verified.err.contains("hint: "), "{verified:?}");
    let problem = folder.tongbao(&["journal", "verify", "--output", "json"]).json();
    assert!(problem["code"].as_str().unwrap().starts_with("JRN-"), "{problem}");

    let mut up = folder.spawn(&["up", "--port", "0", "--console-port", "0", "--ledger-port", "0"]);
    let code = up.wait().unwrap().code();
    let mut said = String::new();
    up.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("error[RUN-0006]: no site took the lead: every site ended, east-1 with error[JRN-"),
        "{said}"
    );
    assert!(said.contains(&segment), "{said}");
    for site in ["east-1", "east-2", "south-1"] {
        let log = fs::read_to_string(folder.path().join("sites").join(site).join("log")).unwrap();
        assert!(log.contains("error[JRN-") && log.contains(&segment), "{site}: {log}");
        assert!(!log.contains("this site leads"), "{site}: {log}");
    }
    assert!(folder.processes().is_empty());
    assert_eq!(fs::read(folder.segment()).unwrap(), flipped, "nothing was repaired or cut");

    fs::write(folder.segment(), sound).unwrap();
    let bank = Bank::up(&folder);
    assert_eq!(bank.balance(2), "10.00", "the copy is as good as it was");
}
