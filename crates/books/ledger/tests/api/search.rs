//! Searches, holds and the trial balance, over HTTP.

use ledger_core::{Account, Operation, Transfer};
use serde_json::Value;
use shard::Request;

use crate::bank::Bank;

const BOOKS: &str = "open id=1 currency=CZK code=10 user_data_64=77
                     open id=2 currency=CZK code=20
                     open id=3 currency=JPY code=10
                     open id=4 currency=JPY code=10
                     pay id=10 from=1 to=2 amount=5.00 currency=CZK code=7 user_data_64=930101
                     pay id=11 from=2 to=1 amount=2.50 currency=CZK code=8 user_data_32=5
                     pay id=12 from=3 to=4 amount=300 currency=JPY code=7 user_data_128=99
                     pay id=20 from=1 to=2 amount=1.00 currency=CZK code=9 flags=[pending] timeout=3600
                     pay id=21 from=2 to=1 amount=0.40 currency=CZK code=9 flags=[pending]";

/// The ids in a list of the answer, joined.
fn ids(answer: &Value, list: &str, id: &str) -> String {
    let items = answer[list].as_array().unwrap_or_else(|| panic!("{answer}"));
    items.iter().map(|item| item[id].as_str().unwrap()).collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn transfers_are_found_by_every_field_from_both_ends() {
    let bank = Bank::after(BOOKS).await;
    let made = bank.site.get("/v1/payments/11").await.field("timestamp");
    for (query, expected) in [
        ("", "21 20 12 11 10"),
        ("order=oldest", "10 11 12 20 21"),
        ("code=7", "12 10"),
        ("currency=CZK&order=oldest", "10 11 20 21"),
        ("currency=392", "12"),
        ("user_data_64=930101", "10"),
        ("user_data_32=5", "11"),
        ("user_data_128=99", "12"),
        ("user_data_128=99&code=8", ""),
        (&format!("from={made}"), "21 20 12 11"),
        (&format!("to={made}"), "10"),
        (&format!("from={made}&to={made}"), ""),
        ("currency=EUR", ""),
    ] {
        let answer = bank.site.get(&format!("/v1/transfers?{query}")).await;
        assert_eq!(answer.status, 200, "{query}: {answer:?}");
        assert_eq!(ids(&answer.json(), "transfers", "id"), expected, "{query}");
    }
    let (mut seen, mut after) = (Vec::new(), String::new());
    loop {
        let page = bank.site.get(&format!("/v1/transfers?limit=2{after}")).await.json();
        seen.push(ids(&page, "transfers", "id"));
        let Some(next) = page["next"].as_str() else { break };
        after = format!("&after={next}");
    }
    assert_eq!(seen, ["21 20", "12 11", "10"]);
}

#[tokio::test]
async fn accounts_are_filtered_and_listed_from_both_ends() {
    let bank = Bank::after(BOOKS).await;
    for (query, expected) in [
        ("", "1 2 3 4"),
        ("order=newest", "4 3 2 1"),
        ("code=10", "1 3 4"),
        ("currency=CZK", "1 2"),
        ("user_data_64=77", "1"),
        ("after=2", "3 4"),
        ("after=2&order=newest", "1"),
        ("after=999", ""),
    ] {
        let answer = bank.site.get(&format!("/v1/accounts?{query}")).await;
        assert_eq!(ids(&answer.json(), "accounts", "id"), expected, "{query}");
    }
    let page = bank.site.get("/v1/accounts?code=10&limit=2").await.json();
    assert_eq!((ids(&page, "accounts", "id").as_str(), &page["next"]), ("1 3", &"3".into()));
}

#[tokio::test]
async fn an_accounts_transfers_and_sums_over_time() {
    let bank = Bank::after(BOOKS).await;
    let list = async |query: &str| bank.site.get(&format!("/v1/accounts/1/{query}")).await.json();
    assert_eq!(ids(&list("transfers").await, "transfers", "id"), "21 20 11 10");
    assert_eq!(ids(&list("transfers?side=debit&order=oldest").await, "transfers", "id"), "10 20");
    assert_eq!(ids(&list("transfers?side=credit&code=8").await, "transfers", "id"), "11");
    let balances = list("balances?order=oldest").await;
    let column = |name: &str| ids(&balances, "balances", name);
    assert_eq!(column("transfer"), "10 11 20 21");
    assert_eq!(column("balance"), "-5.00 -2.50 -2.50 -2.50");
    assert_eq!(column("debits_pending"), "0.00 0.00 1.00 1.00");
    assert_eq!(column("credits_pending"), "0.00 0.00 0.00 0.40");
    assert_eq!((&balances["currency"], &balances["next"]), (&"CZK".into(), &Value::Null));
    for path in ["transfers", "balances", "transfers?from=2200-01-01T00:00:00Z"] {
        let answer = bank.site.get(&format!("/v1/accounts/77/{path}")).await;
        assert_eq!((answer.status, answer.field("code")), (404, "API-0007".to_owned()), "{path}");
    }
}

#[tokio::test]
async fn open_holds_are_listed_until_they_are_resolved() {
    let bank = Bank::after(BOOKS).await;
    let list = async |query: &str| bank.site.get(&format!("/v1/pending?{query}")).await.json();
    let all = list("").await;
    assert_eq!(ids(&all, "pending", "id"), "20 21");
    assert!(all["pending"][0]["expires_at"].is_string() && all["pending"][1]["expires_at"].is_null());
    assert_eq!(ids(&list("expires_before=2200-01-01T00:00:00Z").await, "pending", "id"), "20");
    assert_eq!(ids(&list("expires_before=2000-01-01T00:00:00Z").await, "pending", "id"), "");
    assert_eq!(ids(&list("account=2").await, "pending", "id"), "20 21");
    assert_eq!(ids(&list("account=3").await, "pending", "id"), "");
    let first = list("limit=1").await;
    let next = first["next"].as_str().unwrap();
    assert_eq!(ids(&list(&format!("limit=1&after={next}")).await, "pending", "id"), "21");
    assert_eq!(bank.site.get("/v1/pending?account=77").await.field("code"), "API-0007");
    bank.talk(
        "pay id=30 from=1 to=2 amount=1 currency=CZK code=9 flags=[void_pending_transfer] pending_id=20",
    )
    .await;
    assert_eq!(ids(&list("").await, "pending", "id"), "21");
}

#[tokio::test]
async fn the_trial_balance_adds_up_by_currency_and_code() {
    let bank = Bank::after(BOOKS).await;
    let balance = bank.site.get("/v1/trial-balance").await.json();
    assert_eq!((&balance["balanced"], &balance["seq"]), (&true.into(), &10.into()));
    let shown: Vec<String> = balance["currencies"]
        .as_array()
        .unwrap()
        .iter()
        .map(|currency| {
            let row = |sums: &Value| {
                let text = |name: &str| sums[name].as_str().unwrap().to_owned();
                let [dp, d, cp, c, b] =
                    ["debits_pending", "debits_posted", "credits_pending", "credits_posted", "balance"]
                        .map(text);
                format!("{} accounts, {dp} {d} | {cp} {c} | {b}", sums["accounts"])
            };
            let codes: Vec<String> = currency["codes"]
                .as_array()
                .unwrap()
                .iter()
                .map(|code| format!("{}: {}", code["code"], row(&code["sums"])))
                .collect();
            let currency_code = currency["currency"].as_str().unwrap();
            format!("{currency_code} {} = {}", row(&currency["total"]), codes.join("; "))
        })
        .collect();
    assert_eq!(
        shown,
        [
            "CZK 2 accounts, 1.40 7.50 | 1.40 7.50 | 0.00 = 10: 1 accounts, 1.00 5.00 | 0.40 2.50 | -2.50; \
             20: 1 accounts, 0.40 2.50 | 1.00 5.00 | 2.50",
            "JPY 2 accounts, 0 300 | 0 300 | 0 = 10: 2 accounts, 0 300 | 0 300 | 0",
        ]
    );
    let one = bank.site.get("/v1/trial-balance?currency=JPY").await.json();
    assert_eq!(one["currencies"].as_array().unwrap().len(), 1);
    let empty = Bank::open().await.site.get("/v1/trial-balance").await.json();
    assert_eq!((&empty["balanced"], &empty["currencies"]), (&true.into(), &Value::Array(Vec::new())));
}

/// What a client of TigerBeetle's protocol may book: ledgers that are no currencies, amounts up to the limit.
#[tokio::test]
async fn a_ledger_that_is_no_currency_is_shown_by_its_number() {
    let bank = Bank::open().await;
    let account = |id| Account { id, ledger: 700, code: 1, ..Account::default() };
    let accounts: Vec<u8> = (1..=4).flat_map(|id| account(id).as_bytes().to_vec()).collect();
    let transfer = |id, debit_account_id, credit_account_id, amount| Transfer {
        id,
        debit_account_id,
        credit_account_id,
        amount,
        ledger: 700,
        code: 1,
        ..Transfer::default()
    };
    let small = transfer(1, 1, 2, 42).as_bytes().to_vec();
    for (operation, body) in [(Operation::CreateAccounts, accounts), (Operation::CreateTransfers, small)] {
        bank.site.handle.submit(Request::by_content(operation as u16, body)).await.unwrap();
    }
    let shown = bank.site.get("/v1/accounts/2").await;
    assert_eq!((shown.field("currency"), shown.field("balance")), ("700".to_owned(), "42".to_owned()));
    assert_eq!(bank.site.get("/v1/accounts/2/statement").await.json()["entries"][0]["amount"], "42");
    assert_eq!(bank.site.get("/v1/payments/1").await.field("currency"), "700");
    let balance = bank.site.get("/v1/trial-balance?currency=700").await.json();
    assert_eq!(balance["currencies"][0]["total"]["debits_posted"], "42");

    let large = [transfer(2, 1, 2, u128::MAX - 42), transfer(3, 3, 4, u128::MAX - 1)];
    let body = large.iter().flat_map(|transfer| transfer.as_bytes().to_vec()).collect();
    bank.site.handle.submit(Request::by_content(Operation::CreateTransfers as u16, body)).await.unwrap();
    let refused = bank.site.get("/v1/trial-balance").await;
    assert_eq!((refused.status, refused.field("code")), (422, "API-0013".to_owned()), "{refused:?}");
}

#[tokio::test]
async fn a_bad_question_is_named() {
    let bank = Bank::open().await;
    for path in [
        "/v1/transfers?limit=0",
        "/v1/transfers?limit=1001",
        "/v1/transfers?order=random",
        "/v1/transfers?user_data_64=-1",
        "/v1/transfers?code=65536",
        "/v1/transfers?currency=XXX",
        "/v1/transfers?from=yesterday",
        "/v1/transfers?colour=red",
        "/v1/accounts?currency=0",
        "/v1/accounts/1/transfers?side=both",
        "/v1/pending?account=0",
        "/v1/pending?expires_before=9999-12-31T23:59:59Z",
        "/v1/trial-balance?limit=1",
        "/v1/journal?limit=201",
        "/v1/journal?limit=0",
        "/v1/journal?from=0",
        "/v1/journal?from=-1",
    ] {
        let answer = bank.site.get(path).await;
        assert_eq!((answer.status, answer.field("code")), (400, "API-0005".to_owned()), "{path}");
    }
    for path in ["/v1/transfers?after=x", "/v1/pending?after=1.2.3", "/v1/accounts/1/balances?after=-1"] {
        assert_eq!(bank.site.get(path).await.field("code"), "LED-1302", "{path}");
    }
}
