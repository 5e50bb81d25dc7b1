//! How the books are set up and closed: units, the tree of accounts, purposes, reversals, business days.

use std::path::Path;
use std::process::Command;

use crate::bank::{Bank, Folder};

/// A command that works: its words for people.
fn text(folder: &Folder, line: &str) -> String {
    let arguments: Vec<&str> = line.split(' ').collect();
    let said = folder.tongbao(&arguments);
    assert!(said.ok && said.err.is_empty(), "{line}: {said:?}");
    said.out
}

/// A command that is refused: the first line of what it says.
fn refused(folder: &Folder, line: &str) -> String {
    let arguments: Vec<&str> = line.split(' ').collect();
    let said = folder.tongbao(&arguments);
    assert!(!said.ok && said.out.is_empty(), "{line}: {said:?}");
    said.err.lines().next().unwrap_or_default().to_owned()
}

#[test]
fn a_chart_of_accounts_with_gold_in_it() {
    let folder = Folder::new();
    let mut bank = Bank::up(&folder);
    let declare = "unit declare XAU-G --ledger 1000 --digits 3";
    assert_eq!(
        text(&folder, "unit list"),
        "no units are declared; currencies of ISO 4217 need no declaration\n"
    );
    assert_eq!(text(&folder, declare), "unit XAU-G is declared: ledger 1000, 3 digits after the point\n");
    assert!(text(&folder, declare).contains("was declared before"));
    assert!(refused(&folder, "unit declare XAU-G --ledger 1000 --digits 2").starts_with("error[LED-0306]"));
    assert!(
        refused(&folder, "unit declare GLD --ledger 1001 --digits 2")
            .contains("three letters are a currency's")
    );
    assert_eq!(folder.json(&["unit", "list"])["units"][0]["minor_digits"], 3);

    for line in [
        "account open 100 --currency XAU-G",
        "account open 110 --currency XAU-G --above 100",
        "account open 9 --currency 1000",
    ] {
        text(&folder, line);
    }
    let open = "account open 1 --currency XAU-G --above 110";
    assert_eq!(text(&folder, open), "account 1 is open\n");
    assert_eq!(text(&folder, open), "account 1 was open already\n");
    assert_eq!(
        text(&folder, "pay --id 5 --from 9 --to 1 --amount 31.103 --currency XAU-G"),
        "payment 5 is made: 31.103 XAU-G from 9 to 1\n"
    );
    assert!(
        refused(&folder, "pay --from 9 --to 1 --amount 0.0001 --currency XAU-G")
            .starts_with("error[API-0015]")
    );
    assert!(
        refused(&folder, "pay --from 9 --to 1 --amount 1 --currency XAG-G").starts_with("error[API-0014]")
    );
    assert!(
        refused(&folder, "pay --from 9 --to 100 --amount 1 --currency XAU-G").starts_with("error[LED-0202]")
    );
    assert!(refused(&folder, "account place 110 --above 1").starts_with("error[LED-0312]"));
    let tree = text(&folder, "account tree");
    assert!(tree.contains("\n100 ") && tree.contains("\n  110 ") && tree.contains("31.103"), "{tree}");
    assert!(text(&folder, "account show 110").contains("a control account, below 100"));
    assert_eq!(folder.json(&["account", "tree", "--root", "110"])["controls"][0]["balance"], "31.103");

    bank.down();
    bank = Bank::up(&folder);
    assert_eq!(folder.json(&["account", "show", "100"])["balance"], "31.103");
    assert_eq!(text(&folder, "account place 1"), "account 1 stands below no other\n");
    assert_eq!(folder.json(&["account", "show", "110"])["is_control"], false);
    drop(bank);
}

#[test]
fn a_day_of_bookings_ends_with_a_trial_balance() {
    let folder = Folder::new();
    let bank = Bank::up(&folder);
    bank.open_accounts(&[1, 2]);
    assert!(text(&folder, "day list").starts_with("the bank keeps no business days"));
    assert_eq!(text(&folder, "day open 2026-11-20"), "business day 2026-11-20 is open\n");
    text(&folder, "pay --id 5 --from 1 --to 2 --amount 10 --currency CZK --value-date 2026-11-18");
    text(&folder, "pay --id 6 --from 1 --to 2 --amount 7 --currency CZK");
    assert_eq!(text(&folder, "reverse 6 --id 7"), "payment 6 is taken back by payment 7\n");
    assert_eq!(text(&folder, "reverse 6 --id 7"), "payment 6 was taken back before by payment 7\n");
    assert!(refused(&folder, "reverse 6").starts_with("error[LED-0215]"));
    assert!(refused(&folder, "reverse 77").starts_with("error[API-0008]"));
    let statement = folder.json(&["account", "statement", "2"]);
    assert_eq!(statement["entries"][2]["value_date"], "2026-11-18");
    assert_eq!(statement["entries"][1]["reversed_by"], "7");
    assert!(text(&folder, "account statement 2").contains("2026-11-20  2026-11-18  5"));

    let closed = text(&folder, "day close 2026-11-20 --next 2026-11-23");
    assert!(
        closed.starts_with("business day 2026-11-20 has ended; 2026-11-23 is open\ntrial balance  "),
        "{closed}"
    );
    text(&folder, "pay --id 8 --from 1 --to 2 --amount 1 --currency CZK");
    let trial = text(&folder, "day trial-balance 2026-11-20");
    assert!(
        trial.contains("debits equal credits") && trial.contains("24.00") && !trial.contains("25.00"),
        "{trial}"
    );
    let days = folder.json(&["day", "list"]);
    assert_eq!((&days["open"], &days["days"][0]["transfers"]), (&"2026-11-23".into(), &3.into()));
    assert!(trial.contains(days["days"][0]["digest"].as_str().unwrap()), "{trial}");
    assert!(refused(&folder, "day close 2026-11-20 --next 2026-11-24").starts_with("error[LED-0320]"));
    assert!(refused(&folder, "day close 2026-11-23 --next 2026-11-23").starts_with("error[LED-0319]"));
    assert!(refused(&folder, "day trial-balance 2026-11-23").starts_with("error[API-0017]"));
    assert!(refused(&folder, "day open 2026-02-30").contains("there is no day 2026-02-30"));
    // Where the books are does not change what they are: a replay from the first record has the same state.
    let report = folder.json(&["journal", "verify", "--from-empty"]);
    assert_eq!(report["state_hash"], bank.get("/v1/state-hash").json()["state_hash"]);
}

#[test]
fn interest_is_declared_posted_and_paid() {
    let folder = Folder::new();
    let bank = Bank::up(&folder);
    bank.open_accounts(&[1, 2, 9, 800, 810]);
    text(&folder, "day open 2026-11-20");
    let rate = "interest rate 7 --percent 3.65 --from 2026-01-01 --contra 800 --accrued 810 --code 70";
    assert_eq!(text(&folder, rate), "product 7: 3.65 percent from 2026-01-01 is declared\n");
    assert!(text(&folder, "interest products").contains("3.65  ACT/365.FIXED"));
    text(&folder, "pay --from 9 --to 1 --amount 1000000 --currency CZK");
    let assigned = "account 1 bears interest of product 7 since 2026-11-20\n";
    assert_eq!(text(&folder, "interest assign 1 --product 7"), assigned);
    assert!(refused(&folder, "interest assign 2 --product 8").starts_with("error[LED-0329]"));
    let early = folder.tongbao(&["interest", "accrue", "--through", "2026-11-20"]);
    assert!(!early.ok && early.out.contains("account 1: day_not_ended (LED-0336)"), "{early:?}");
    text(&folder, "day close 2026-11-20 --next 2026-11-23");
    let accrue = "interest accrue --through 2026-11-20";
    assert!(text(&folder, accrue).starts_with("interest through 2026-11-20: posted for 1 accounts"));
    assert!(text(&folder, accrue).contains("posted for 0 accounts, done before for 1, refused for 0"));
    assert_eq!(folder.json(&["interest", "accounts"])["accounts"][0]["accrued"], "100.00");
    assert!(text(&folder, "interest capitalise --through 2026-11-20").contains("paid for 1 accounts"));
    assert_eq!(bank.balance(1), "1000100.00");
    assert_eq!(text(&folder, "interest assign 1 --none"), "account 1 bears no interest\n");
    let journal = text(&folder, "journal dump --limit 100 --commands");
    for event in [
        r#"{"closes":0,"opens":"2026-11-20"}"#,
        r#""product":7,"rate_ppm":36500"#,
        r#"{"account":"1","through":"2026-11-20"}"#,
    ] {
        assert!(journal.contains(event), "{event}: {journal}");
    }
}

#[test]
fn the_example_of_a_closed_loop_runs() {
    let folder = Folder::new();
    let bank = Bank::up(&folder);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../examples/closed-loop/run.sh");
    let program = format!("{} --data {}", env!("CARGO_BIN_EXE_tongbao"), folder.path().display());
    let ran = Command::new("sh").arg(script).env("TONGBAO", program).output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert!(ran.status.success(), "{out}{err}");
    assert!(err.starts_with("error[LED-0204]: the credit account may not be paid"), "{err}");
    assert!(out.contains("hold 700102 is spent: 300 CZK to 700003; 500.00 CZK are held again as "), "{out}");
    let balances = [700_001, 700_002, 700_003, 700_004].map(|account| bank.balance(account));
    assert_eq!(balances, ["700.00", "0.00", "300.00", "0.00"]);
    assert_eq!(folder.json(&["account", "show", "700001"])["available"], "200.00");
}
