//! The real bank: every row planned, and the balances that the file itself cannot explain.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use std::sync::Arc;

use client::{Client, ClientOptions};
use expect_test::expect;
use replay::{Mapping, Plan, Progress, Reason, SendOptions, judge, send};
use tokio::sync::watch;

use crate::fake_bank::FakeBank;

const SKIPPED: &str =
    "SKIPPED: no trans.asc; set TONGBAO_BERKA to the folder of the PKDD'99 financial data set";

/// The folder of the data set: `TONGBAO_BERKA`, or beside the project. It is not part of the repository.
fn data_set() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
    #[expect(clippy::disallowed_methods, reason = "the one way to tell a test where data lies")]
    let folder = std::env::var_os("TONGBAO_BERKA").map_or(root.join("../shared/data/berka"), PathBuf::from);
    folder.join("trans.asc").exists().then_some(folder)
}

fn mapping() -> Mapping {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
    Mapping::read(&root.join("examples/berka/mapping.yaml")).unwrap()
}

#[test]
fn the_example_is_a_mapping() {
    assert_eq!(mapping().name(), "berka");
}

#[test]
fn every_row_is_planned_and_all_but_29_are_explained() {
    let Some(folder) = data_set() else {
        println!("{SKIPPED}");
        return;
    };
    let plan = Plan::read(&mapping(), &folder).unwrap();
    let forecast = plan.forecast();
    expect![[r#"
        Forecast {
            exact: 46749,
            within_tolerance: 2323,
            unexplained: 29,
            zero_amounts: 0,
            bad_rows: 0,
            days_not_searched: 0,
        }
    "#]]
    .assert_debug_eq(&forecast);
    assert_eq!(plan.rows().len(), 49_101);
    assert_eq!(plan.payments(), 49_101 + 2_323);

    let mut codes: BTreeMap<u16, u32> = BTreeMap::new();
    for row in plan.rows() {
        *codes.entry(row.code).or_default() += 1;
    }
    expect![[r#"
        {
            10: 9759,
            11: 14244,
            12: 12,
            20: 3772,
            21: 6343,
            30: 9462,
            31: 64,
            35: 5445,
        }
    "#]]
    .assert_debug_eq(&codes);
    // Cash, cards, interest, fees, thirteen banks, rounding; no row went to suspense.
    assert_eq!(plan.accounts().len() - plan.chains().len(), 18);
    assert_eq!(plan.chains().len(), 1_229);

    // All 29 stand on the last day of the file, where a credit before them is missing.
    for chain in plan.chains() {
        let mut before = 0;
        for (place, posting) in chain.postings.iter().enumerate() {
            let row = &plan.rows()[posting.row];
            let off = row.balance - before - row.change;
            if off.unsigned_abs() > plan.tolerance() {
                assert_eq!(row.date, jiff::civil::date(1994, 3, 31), "{row:?}");
                assert!(off > 0, "{row:?}");
                assert!(place > 0, "{row:?}");
            }
            before = row.balance;
        }
    }
}

/// One account in sixteen over HTTP: the judge, which knows only the ledger's statements, agrees with the plan.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_ledger_ends_on_the_banks_own_books() {
    let Some(folder) = data_set() else {
        println!("{SKIPPED}");
        return;
    };
    #[expect(clippy::disallowed_methods, reason = "the test cuts the file it is given")]
    let file = std::fs::read_to_string(folder.join("trans.asc")).unwrap();
    let account = |line: &str| line.split(';').nth(1).and_then(|account| account.parse::<u32>().ok());
    let chosen = file.lines().filter(|line| account(line).is_none_or(|account| account % 16 == 4));
    let cut = chosen.collect::<Vec<_>>().join("\n");
    let plan = Plan::from_reader(&mapping(), cut.as_bytes(), Path::new("trans.asc")).unwrap();
    let (forecast, plan) = (plan.forecast(), Arc::new(plan));
    let bank = FakeBank::start(&[]).await;
    bank.books.lock().unwrap().page = 50;
    let client = Client::new(&bank.base, ClientOptions::default()).unwrap();
    let (progress, _seen) = watch::channel(Progress::default());
    let options = SendOptions::default();
    let sent = Arc::new(send(&client, &plan, &options, &progress).await.unwrap());
    let rows = forecast.exact + forecast.within_tolerance + forecast.unexplained;
    assert_eq!((sent.accepted, sent.rounding_accepted), (rows, forecast.within_tolerance));
    let judgement = judge(&client, &plan, &sent, &options, &progress).await.unwrap();
    assert_eq!((judgement.exact, judgement.within_tolerance), (forecast.exact, forecast.within_tolerance));
    assert_eq!(judgement.unexplained.len() as u64, forecast.unexplained);
    assert!(judgement.unexplained.iter().all(|row| row.reason == Reason::NoOrder));
    assert!(rows > 2_000 && forecast.within_tolerance > 0 && forecast.unexplained > 0, "{forecast:?}");
}
