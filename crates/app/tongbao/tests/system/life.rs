//! Up, down, and up again.

use std::net::TcpListener;

use rustix::process::Signal;

use crate::bank::{Bank, Folder, payment, signal, until};

#[test]
fn after_a_clean_end_the_next_up_continues() {
    let folder = Folder::new();
    let bank = Bank::up(&folder);
    bank.open_accounts(&[1, 2]);
    let paid = bank.pay(&payment(7, "12.50"));
    assert_eq!(paid.status, 201, "{paid:?}");
    let first = bank.epoch;
    assert_eq!(bank.down().code(), Some(0));
    assert!(folder.processes().is_empty(), "no site is left behind");
    assert!(folder.tongbao(&["status"]).err.contains("error[RUN-0004]"));

    let bank = Bank::up(&folder);
    assert!(bank.epoch > first);
    assert_eq!((bank.balance(1), bank.balance(2)), ("-12.50".to_owned(), "12.50".to_owned()));
    let again = bank.pay(&payment(7, "12.50"));
    assert_eq!((again.status, again.body.as_str()), (201, paid.body.as_str()), "the same answer");
    assert!(again.head.to_ascii_lowercase().contains("idempotent-replayed: true"));
    signal(bank.pid(), Signal::TERM);
    until("it has ended", || folder.processes().iter().all(|(pid, _)| *pid == bank.pid()));
    drop(bank);
    assert_eq!(folder.json(&["journal", "verify"])["torn"], serde_json::Value::Null);
}

#[test]
fn a_folder_has_one_up_and_a_port_one_listener() {
    let folder = Folder::new();
    let bank = Bank::up(&folder);
    let second = folder.tongbao(&["up", "--port", "0", "--console-port", "0"]);
    assert_eq!(second.code, Some(1));
    assert!(
        second.err.contains("error[RUN-0002]: another `tongbao up` runs on the data folder"),
        "{second:?}"
    );
    assert!(
        second.err.contains("hint: stop the other one, or choose another folder with --data"),
        "{second:?}"
    );
    let second = folder.tongbao(&["up", "--port", "0", "--console-port", "0", "--output", "json"]);
    assert_eq!((second.code, second.json()["code"].as_str()), (Some(1), Some("RUN-0002")));
    bank.open_accounts(&[1]);

    let other = Folder::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    for ports in [["--port", &port, "--console-port", "0"], ["--port", "0", "--console-port", &port]] {
        let busy = other.tongbao(&[&["up"][..], &ports].concat());
        assert_eq!(busy.code, Some(1));
        assert!(busy.err.contains("error[RUN-0003]: cannot listen on 127.0.0.1:"), "{busy:?}");
        assert!(busy.err.contains("in use"), "the reason: {busy:?}");
        assert!(busy.err.contains("choose other ports with --port, --console-port and"), "{busy:?}");
        assert!(other.processes().is_empty());
    }
    let ledger_port = bank.ledger.split(',').next().unwrap().rsplit(':').next().unwrap();
    let busy = other.tongbao(&["up", "--port", "0", "--console-port", "0", "--ledger-port", ledger_port]);
    assert!(busy.err.contains("error[RUN-0003]: cannot listen on 127.11.0.1:"), "{busy:?}");
    assert!(busy.err.contains("for the ledger clients"), "{busy:?}");
    let not_a_folder = folder.segment();
    let bad = other.tongbao(&["--data", not_a_folder.to_str().unwrap(), "status"]);
    assert!(!bad.ok, "{bad:?}");
}

#[test]
fn sites_do_not_outlive_a_supervisor_that_was_killed() {
    let folder = Folder::new();
    let bank = Bank::up(&folder);
    bank.open_accounts(&[1, 2]);
    assert_eq!(bank.pay(&payment(1, "3.00")).status, 201);
    assert_eq!(folder.processes().len(), 4);
    // Dropping it is SIGKILL to the supervisor and to nobody else.
    drop(bank);
    until("every site has ended by itself", || folder.processes().is_empty());
    let said = folder.tongbao(&["status"]);
    assert!(said.err.contains("error[RUN-0004]"), "what it left behind is not believed: {said:?}");
    let bank = Bank::up(&folder);
    assert_eq!(bank.balance(2), "3.00");
    assert_eq!(bank.pay(&payment(2, "3.00")).status, 201);
}
