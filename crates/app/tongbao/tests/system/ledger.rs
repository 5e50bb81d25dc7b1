//! `tongbao ledger …` and `journal verify --from-empty`.

use serde_json::Value;

use crate::bank::{Bank, Folder};

/// A command that works: its words for people.
fn text(folder: &Folder, arguments: &[&str]) -> String {
    let said = folder.tongbao(arguments);
    assert!(said.ok && said.err.is_empty(), "{arguments:?}: {said:?}");
    said.out
}

fn ids(page: &Value, list: &str) -> String {
    let items = page[list].as_array().unwrap_or_else(|| panic!("{page}"));
    items.iter().map(|item| item["id"].as_str().unwrap()).collect::<Vec<_>>().join(" ")
}

#[test]
fn the_ledger_is_searched_in_words_and_in_json() {
    let folder = Folder::new();
    let bank = Bank::up(&folder);
    bank.open_accounts(&[1, 2]);
    for (id, more) in
        [(10, ""), (11, r#","user_data_64":"930101""#), (12, r#","flags":["pending"],"timeout":600"#)]
    {
        let payment = format!(
            r#"{{"id":"{id}","debit_account":"1","credit_account":"2","amount":"5.00","currency":"CZK","code":{id}{more}}}"#
        );
        assert_eq!(bank.pay(&payment).status, 201);
    }
    assert_eq!(ids(&folder.json(&["ledger", "transfers"]), "transfers"), "12 11 10");
    assert_eq!(ids(&folder.json(&["ledger", "transfers", "--user-data-64", "930101"]), "transfers"), "11");
    let of_account =
        ["ledger", "transfers", "--account", "1", "--side", "debit", "--order", "oldest", "--limit", "2"];
    let page = folder.json(&of_account);
    assert_eq!(ids(&page, "transfers"), "10 11");
    let next = page["next"].as_str().unwrap();
    assert_eq!(ids(&folder.json(&[&of_account[..], &["--after", next]].concat()), "transfers"), "12");
    assert!(text(&folder, &of_account).contains(&format!("more: --after {next}")));
    assert_eq!(ids(&folder.json(&["ledger", "accounts", "--order", "newest"]), "accounts"), "2 1");
    assert_eq!(ids(&folder.json(&["ledger", "accounts", "--to", "2020-01-01"]), "accounts"), "");

    assert_eq!(ids(&folder.json(&["ledger", "pending"]), "pending"), "12");
    let pending = text(&folder, &["ledger", "pending", "--account", "2"]);
    assert!(pending.contains("TIME LEFT") && pending.contains("00:10:00"), "{pending}");
    let balances = folder.json(&["ledger", "balances", "2", "--order", "oldest"]);
    assert_eq!(
        balances["balances"].as_array().unwrap().iter().map(|after| &after["balance"]).collect::<Vec<_>>(),
        ["5.00", "10.00", "10.00"]
    );
    let trial = text(&folder, &["ledger", "trial-balance"]);
    assert!(trial.contains("debits equal credits") && trial.contains("10.00"), "{trial}");
    assert_eq!(folder.json(&["ledger", "trial-balance", "--currency", "CZK"])["balanced"], true);
    assert!(text(&folder, &["ledger", "lookup", "10"]).contains("posted"));
    let none = folder.tongbao(&["ledger", "lookup", "77"]);
    assert!(!none.ok && none.err.contains("no account and no transfer has the id 77"), "{none:?}");
    let unknown = folder.tongbao(&["ledger", "balances", "77"]);
    assert!(unknown.err.starts_with("error[API-0007]: account 77 does not exist"), "{unknown:?}");
    for (arguments, word) in [
        (&["ledger", "transfers", "--side", "debit"][..], "--account"),
        (&["ledger", "transfers", "--from", "yesterday"], "RFC 3339"),
        (&["ledger", "accounts", "--currency", "XXX"], "ISO 4217"),
        (&["ledger", "pending", "--limit", "0"], "1..=1000"),
    ] {
        let said = folder.tongbao(arguments);
        assert!(said.code == Some(2) && said.err.contains(word), "{said:?}");
    }
    assert!(text(&folder, &["ledger", "transfers", "--help"]).contains("Examples:"));

    let verified = text(&folder, &["journal", "verify", "--from-empty"]);
    assert!(
        verified.contains("6 records with 5 commands")
            && verified.contains("2 accounts, 3 transfers, 1 pending")
    );
    let report = folder.json(&["journal", "verify", "--from-empty"]);
    assert_eq!(report["state_hash"], bank.get("/v1/state-hash").json()["state_hash"]);
}

#[test]
fn from_empty_compares_the_state_hashes_that_leaders_wrote_down() {
    let folder = Folder::new();
    let bank = Bank::up(&folder);
    bank.open_accounts(&[1, 2]);
    for id in 0..130 {
        assert_eq!(bank.pay(&crate::bank::payment(100 + id, "1.00")).status, 201);
    }
    let report = folder.json(&["journal", "verify", "--from-empty"]);
    assert_eq!(
        (&report["transfers"], &report["state_hashes_compared"]),
        (&130.into(), &2.into()),
        "{report}"
    );
}
