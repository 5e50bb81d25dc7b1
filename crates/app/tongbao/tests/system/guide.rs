//! What the guide tells people to type does what it says.

use crate::bank::{Bank, Folder};

/// The commands of a guide page, in order.
fn commands(page: &str) -> Vec<Vec<&str>> {
    let mut is_shell = false;
    let mut commands = Vec::new();
    for line in page.lines() {
        match line {
            "```sh" => is_shell = true,
            "```" => is_shell = false,
            command if is_shell => {
                let words: Vec<&str> = command.split_whitespace().collect();
                assert_eq!(words.first(), Some(&"tongbao"), "{command}");
                commands.push(words[1..].to_vec());
            }
            _ => {}
        }
    }
    commands
}

#[test]
fn every_command_on_the_ledgers_pages_works() {
    let folder = Folder::new();
    let _bank = Bank::up(&folder);
    for page in [
        include_str!("../../../../../docs/guide/ledger.md"),
        include_str!("../../../../../docs/guide/two-phase.md"),
        include_str!("../../../../../docs/guide/chart-of-accounts.md"),
        include_str!("../../../../../docs/guide/bookings.md"),
        include_str!("../../../../../docs/guide/business-days.md"),
        include_str!("../../../../../docs/guide/interest.md"),
    ] {
        let commands = commands(page);
        assert!(commands.len() > 3);
        for command in commands {
            let said = folder.tongbao(&command);
            assert!(said.ok, "{command:?}: {said:?}");
        }
    }
    let hold = folder.json(&["ledger", "lookup", "101"]);
    assert_eq!(
        (&hold["transfer"]["status"], &hold["account"]),
        (&"posted_pending".into(), &serde_json::Value::Null)
    );
    assert_eq!(folder.json(&["account", "show", "2"])["balance"], "54.50");
    let balance =
        |account| folder.json(&["account", "show", account])["balance"].as_str().unwrap().to_owned();
    assert_eq!(balance("2000"), "100.00", "what stands below it");
    assert_eq!(balance("5003"), "300.00", "what was spent of the hold");
    assert_eq!(balance("7001"), "1000100.00", "a day's interest");
}
