//! What people type, and what they are told.

use serde_json::Value;

use crate::bank::{Bank, Folder};

/// A command that works: its words for people.
fn text(folder: &Folder, arguments: &[&str]) -> String {
    let said = folder.tongbao(arguments);
    assert!(said.ok && said.err.is_empty(), "{arguments:?}: {said:?}");
    said.out
}

#[test]
fn every_command_speaks_to_people_and_to_programs() {
    let folder = Folder::new();
    let bank = Bank::up(&folder);
    bank.until_whole();
    let said = text(&folder, &["status"]);
    assert!(
        said.starts_with("shard bank: east-1 leads, epoch 1, seq 1; gateway http://127.0.0.1:"),
        "{said}"
    );
    for site in ["east-1", "east-2", "south-1"] {
        assert!(said.contains(site), "{said}");
    }
    let status = folder.json(&["status"]);
    assert_eq!(
        (&status["leader"], &status["epoch"], &status["sites"][2]["name"]),
        (&"east-1".into(), &1.into(), &"south-1".into())
    );

    let open = ["account", "open", "1", "--currency", "CZK", "--flag", "debits_must_not_exceed_credits"];
    assert_eq!(text(&folder, &open), "account 1 is open\n");
    assert_eq!(text(&folder, &open), "account 1 was open already\n");
    let opened = folder.json(&["account", "open", "900", "--currency", "CZK", "--code", "900"]);
    assert_eq!(
        (&opened["id"], &opened["code"], &opened["balance"]),
        (&"900".into(), &900.into(), &"0.00".into())
    );

    let pay = ["pay", "--from", "900", "--to", "1", "--amount", "1000", "--currency", "CZK", "--id", "5"];
    assert_eq!(text(&folder, &pay), "payment 5 is made: 1000 CZK from 900 to 1\n");
    assert_eq!(text(&folder, &pay), "payment 5 was made before: 1000 CZK from 900 to 1\n");
    let fresh = folder.json(&["pay", "--from", "1", "--to", "900", "--amount", "0.50", "--currency", "CZK"]);
    assert_eq!(fresh["status"], "created");

    let shown = text(&folder, &["account", "show", "1"]);
    assert!(shown.contains("999.50") && shown.contains("DebitsMustNotExceedCredits"), "{shown}");
    assert_eq!(folder.json(&["account", "show", "1"])["available"], "999.50");
    let statement = text(&folder, &["account", "statement", "1"]);
    assert!(
        statement.contains("-0.50") && statement.contains("1000.00") && statement.contains("posted"),
        "{statement}"
    );
    let page = folder.json(&["account", "statement", "1", "--limit", "1"]);
    let next = page["next"].as_str().unwrap();
    let rest = folder.json(&["account", "statement", "1", "--before", next]);
    assert_eq!((&rest["entries"][0]["payment"], &rest["next"]), (&"5".into(), &Value::Null));
    let list = text(&folder, &["account", "list", "--limit", "1"]);
    assert!(list.contains("more: --after 1"), "{list}");
    assert_eq!(folder.json(&["account", "list", "--after", "1"])["accounts"][0]["id"], "900");

    let verified = text(&folder, &["journal", "verify"]);
    assert!(
        verified.starts_with("the journal is sound: 5 records with 4 commands in 1 segments"),
        "{verified}"
    );
    let report = folder.json(&["journal", "verify"]);
    assert_eq!((&report["records"], &report["reigns"][0]["holder"]), (&5.into(), &"east-1".into()));
    let dumped = text(&folder, &["journal", "dump", "--commands"]);
    assert!(dumped.contains("east-1 takes the lead") && dumped.contains(r#""transfer":"5""#), "{dumped}");
    let one = folder.json(&["journal", "dump", "--from", "4", "--limit", "1", "--commands"]);
    assert_eq!(
        (&one[0]["seq"], &one[0]["requests"][0]["events"][0]["amount_minor"]),
        (&4.into(), &"100000".into())
    );

    assert!(text(&folder, &["drill", "list"]).starts_with("no drills yet"));
    assert_eq!(folder.json(&["drill", "list"]), serde_json::json!({ "drills": [] }));
    let elsewhere = Folder::new();
    assert!(
        elsewhere.tongbao(&["--gateway", &bank.gateway, "account", "show", "1"]).ok,
        "by address, without the folder"
    );
}

#[test]
fn refusals_of_the_bank_are_told_in_its_own_words() {
    let folder = Folder::new();
    let bank = Bank::up(&folder);
    bank.open_accounts(&[2]);
    let open = ["account", "open", "1", "--currency", "CZK", "--flag", "debits_must_not_exceed_credits"];
    text(&folder, &open);
    for (arguments, expected) in [
        (
            &["account", "show", "77"][..],
            "error[API-0007]: account 77 does not exist\n  hint: check the id, or open the account first",
        ),
        (
            &["account", "open", "1", "--currency", "EUR"],
            "error[LED-0115]: an account with this id has other flags\n  hint: choose another id",
        ),
        (
            &["pay", "--from", "1", "--to", "2", "--amount", "5", "--currency", "CZK"],
            "error[LED-0054]: the debit account does not have that much available\n  hint: ",
        ),
        (&["pay", "--from", "1", "--to", "2", "--amount", "5.001", "--currency", "CZK"], "error[MON-0003]: "),
        (&["pay", "--from", "2", "--to", "2", "--amount", "5", "--currency", "CZK"], "error[LED-0012]: "),
        (&["pay", "--from", "2", "--to", "77", "--amount", "5", "--currency", "CZK"], "error[LED-0022]: "),
        (&["account", "statement", "1", "--before", "x"], "error[LED-1302]: "),
    ] {
        let said = folder.tongbao(arguments);
        assert_eq!((said.code, said.out.as_str()), (Some(1), ""), "{arguments:?}");
        assert!(said.err.starts_with(expected), "{arguments:?}: {said:?}");
        let code = &expected[6..14];
        let told = folder.tongbao(&[arguments, &["--output", "json"]].concat());
        assert_eq!((told.code, told.err.as_str()), (Some(1), ""), "{arguments:?}");
        let problem = told.json();
        assert_eq!(problem["code"], code, "{arguments:?}");
        assert!(problem["status"].as_u64().unwrap() >= 400 && !problem["hint"].as_str().unwrap().is_empty());
    }
    assert_eq!(bank.balance(2), "0.00");
}

#[test]
fn what_cannot_be_meant_is_refused_before_anything_is_sent() {
    let folder = Folder::new();
    let pay = |changes: [&str; 4]| {
        let [from, to, amount, currency] = changes;
        folder.tongbao(&["pay", "--from", from, "--to", to, "--amount", amount, "--currency", currency])
    };
    for (said, word) in [
        (pay(["0", "2", "5", "CZK"]), "reserved"),
        (pay(["x", "2", "5", "CZK"]), "an id is a decimal number"),
        (pay(["1", "2", "-5", "CZK"]), "negative"),
        (pay(["1", "2", "5e3", "CZK"]), "invalid value '5e3'"),
        (pay(["1", "2", "", "CZK"]), "--amount"),
        (pay(["1", "2", "5", "XXX"]), "ISO 4217"),
        (folder.tongbao(&["account", "open", "1", "--currency", "CZK", "--flag", "frozen"]), "frozen"),
        (folder.tongbao(&["account", "open", "1", "--currency", "CZK", "--code", "65536"]), "65536"),
        (folder.tongbao(&["account", "list", "--limit", "0"]), "1..=1000"),
        (folder.tongbao(&["account", "statement", "1", "--before", "a b"]), "this is not a cursor"),
        (folder.tongbao(&["up", "--port", "70000"]), "70000"),
        (folder.tongbao(&["drill", "kill-site", "../etc"]), "a site's name is"),
        (folder.tongbao(&["drill", "kill-site", "leader", "--while", "replay"]), "--mapping"),
        (folder.tongbao(&["status", "--output", "xml"]), "possible values: text, json"),
        (folder.tongbao(&["fly"]), "unrecognized subcommand"),
    ] {
        assert_eq!((said.code, said.out.as_str()), (Some(2), ""), "{word}: {said:?}");
        assert!(said.err.contains(word), "{word}: {said:?}");
    }
    for arguments in
        [&["status"][..], &["account", "list"], &["drill", "kill-site", "leader"], &["drill", "list"]]
    {
        let said = folder.tongbao(arguments);
        assert_eq!(said.code, Some(1));
        assert!(
            said.err.starts_with("error[RUN-0004]: no `tongbao up` runs on the data folder `"),
            "{said:?}"
        );
        assert!(said.err.contains("hint: start it with `tongbao up`"), "{said:?}");
    }
    for (base, code) in [
        ("http://127.0.0.1:1", "CLI-0002"),
        ("127.0.0.1:8080", "CLI-0001"),
        ("https://127.0.0.1:1", "CLI-0001"),
    ] {
        let said = folder.tongbao(&["--gateway", base, "account", "list", "--output", "json"]);
        assert_eq!((said.code, said.json()["code"].as_str()), (Some(1), Some(code)), "{base}");
    }
    let verified = folder.tongbao(&["journal", "verify", "--output", "json"]);
    assert_eq!((verified.code, verified.json()["code"].as_str()), (Some(1), Some("RUN-0001")));
    assert!(!folder.path().exists(), "asking leaves nothing behind");
}

#[test]
fn a_payment_is_reserved_and_then_posted_or_voided() {
    let folder = Folder::new();
    let _bank = Bank::up(&folder);
    for id in ["1", "900"] {
        text(&folder, &["account", "open", id, "--currency", "CZK"]);
    }
    text(&folder, &["pay", "--from", "900", "--to", "1", "--amount", "100", "--currency", "CZK"]);
    let reserve = |id: &'static str, more: &[&'static str]| {
        let pay = ["pay", "--from", "1", "--to", "900", "--amount", "10", "--currency", "CZK", "--id", id];
        text(&folder, &[&pay[..], more].concat())
    };
    assert_eq!(reserve("6", &["--pending"]), "payment 6 is reserved: 10 CZK from 1 to 900\n");
    assert_eq!(folder.json(&["account", "show", "1"])["available"], "90.00");
    assert_eq!(reserve("7", &["--void", "6"]), "payment 7 voids the reservation: 10 CZK from 1 to 900\n");
    assert_eq!(
        reserve("8", &["--pending", "--timeout", "3600"]),
        "payment 8 is reserved: 10 CZK from 1 to 900\n"
    );
    assert_eq!(reserve("9", &["--post", "8"]), "payment 9 is made: 10 CZK from 1 to 900\n");
    assert_eq!(folder.json(&["account", "show", "1"])["balance"], "90.00");
    let both = folder.tongbao(&[
        "pay",
        "--from",
        "1",
        "--to",
        "900",
        "--amount",
        "1",
        "--currency",
        "CZK",
        "--pending",
        "--void",
        "6",
    ]);
    assert!(!both.ok && both.err.contains("cannot be used with"), "{both:?}");
}
