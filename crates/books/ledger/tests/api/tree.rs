//! The tree of accounts.

use expect_test::expect;
use serde_json::Value;

use crate::bank::Bank;

/// 100 over 110 and 120; 110 over the accounts 1 and 2; 120 over the account 3.
const TREE: &str = r#"open id=1 currency=CZK code=1
    open id=2 currency=CZK code=1
    open id=3 currency=CZK code=2
    open id=9 currency=CZK code=9
    open id=100 currency=CZK code=100
    open id=110 currency=CZK code=110
    open id=120 currency=CZK code=120
    open id=8 currency=EUR code=1
    POST /v1/accounts/placements {"placements":[{"account":"110","above":"100"},{"account":"120","above":"100"},{"account":"1","above":"110"},{"account":"2","above":"110"},{"account":"3","above":"120"}]}
    pay id=10 from=9 to=1 amount=5 currency=CZK code=1
    pay id=11 from=9 to=2 amount=7 currency=CZK code=1
    pay id=12 from=9 to=3 amount=11 currency=CZK code=1
    pay id=13 from=3 to=9 amount=1 currency=CZK code=1 flags=[pending]"#;

fn place(account: &str, above: &str) -> String {
    let above = if above.is_empty() { String::new() } else { format!(r#","above":"{above}""#) };
    format!(r#"POST /v1/accounts/placements {{"placements":[{{"account":"{account}"{above}}}]}}"#)
}

/// Control accounts with their depth and balance.
fn rows(tree: &Value) -> String {
    let row = |control: &Value| {
        format!(
            "{}{} {}",
            "-".repeat(usize::try_from(control["depth"].as_u64().unwrap()).unwrap()),
            control["id"].as_str().unwrap(),
            control["balance"].as_str().unwrap()
        )
    };
    tree["controls"].as_array().unwrap().iter().map(row).collect::<Vec<_>>().join(", ")
}

#[tokio::test]
async fn control_accounts_show_the_sums_of_all_accounts_below_them() {
    let bank = Bank::after(TREE).await;
    let said = bank
        .talk(
            "GET /v1/accounts/tree
             GET /v1/accounts/100
             GET /v1/accounts/120/balance
             GET /v1/accounts/110/below?limit=1
             GET /v1/accounts/100/below
             GET /v1/accounts/1
             GET /v1/accounts/3/below",
        )
        .await;
    expect![[r#"
        GET /v1/accounts/tree
            200 {"controls":[{"accounts":3,"balance":"23.00","below":2,"code":100,"credits_pending":"0.00","credits_posted":"23.00","currency":"CZK","debits_pending":"1.00","debits_posted":"0.00","depth":0,"id":"100"},{"above":"100","accounts":2,"balance":"12.00","below":2,"code":110,"credits_pending":"0.00","credits_posted":"12.00","currency":"CZK","debits_pending":"0.00","debits_posted":"0.00","depth":1,"id":"110"},{"above":"100","accounts":1,"balance":"11.00","below":1,"code":120,"credits_pending":"0.00","credits_posted":"11.00","currency":"CZK","debits_pending":"1.00","debits_posted":"0.00","depth":1,"id":"120"}],"next":null,"seq":14}
        GET /v1/accounts/100
            200 {"available":"22.00","balance":"23.00","code":100,"credits_pending":"0.00","credits_posted":"23.00","currency":"CZK","debits_pending":"1.00","debits_posted":"0.00","flags":[],"id":"100","is_control":true,"timestamp":"<time>","user_data_128":"0","user_data_32":0,"user_data_64":"0"}
        GET /v1/accounts/120/balance
            200 {"account":"120","available":"10.00","balance":"11.00","credits_pending":"0.00","credits_posted":"11.00","currency":"CZK","debits_pending":"1.00","debits_posted":"0.00","seq":14}
        GET /v1/accounts/110/below?limit=1
            200 {"accounts":[{"above":"110","available":"5.00","balance":"5.00","code":1,"credits_pending":"0.00","credits_posted":"5.00","currency":"CZK","debits_pending":"0.00","debits_posted":"0.00","flags":[],"id":"1","is_control":false,"timestamp":"<time>","user_data_128":"0","user_data_32":0,"user_data_64":"0"}],"next":"<next>"}
        GET /v1/accounts/100/below
            200 {"accounts":[{"above":"100","available":"12.00","balance":"12.00","code":110,"credits_pending":"0.00","credits_posted":"12.00","currency":"CZK","debits_pending":"0.00","debits_posted":"0.00","flags":[],"id":"110","is_control":true,"timestamp":"<time>","user_data_128":"0","user_data_32":0,"user_data_64":"0"},{"above":"100","available":"10.00","balance":"11.00","code":120,"credits_pending":"0.00","credits_posted":"11.00","currency":"CZK","debits_pending":"1.00","debits_posted":"0.00","flags":[],"id":"120","is_control":true,"timestamp":"<time>","user_data_128":"0","user_data_32":0,"user_data_64":"0"}],"next":null}
        GET /v1/accounts/1
            200 {"above":"110","available":"5.00","balance":"5.00","code":1,"credits_pending":"0.00","credits_posted":"5.00","currency":"CZK","debits_pending":"0.00","debits_posted":"0.00","flags":[],"id":"1","is_control":false,"timestamp":"<time>","user_data_128":"0","user_data_32":0,"user_data_64":"0"}
        GET /v1/accounts/3/below
            200 {"accounts":[],"next":null}
    "#]].assert_eq(&said);
    let sums: Vec<String> = bank.site.get("/v1/accounts").await.json()["accounts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|account| {
            format!("{}={}", account["id"].as_str().unwrap(), account["balance"].as_str().unwrap())
        })
        .collect();
    assert_eq!(sums.join(" "), "1=5.00 2=7.00 3=11.00 9=-23.00 100=23.00 110=12.00 120=11.00 8=0.00");
    let trial = bank.site.get("/v1/trial-balance?currency=CZK").await.json();
    assert_eq!(trial["currencies"][0]["total"]["credits_posted"], "23.00", "nothing is in it twice");
}

#[tokio::test]
async fn the_tree_comes_in_pages_and_in_parts() {
    let bank = Bank::after(TREE).await;
    let page = bank.site.get("/v1/accounts/tree?limit=2").await.json();
    assert_eq!((rows(&page).as_str(), &page["next"]), ("100 23.00, -110 12.00", &"110".into()));
    let rest = bank.site.get("/v1/accounts/tree?limit=2&after=110").await.json();
    assert_eq!((rows(&rest).as_str(), &rest["next"]), ("-120 11.00", &Value::Null));
    assert_eq!(rows(&bank.site.get("/v1/accounts/tree?root=120").await.json()), "120 11.00");
    assert_eq!(rows(&bank.site.get("/v1/accounts/tree?root=1").await.json()), "", "no control account");
    assert_eq!(rows(&bank.site.get("/v1/accounts/tree?currency=EUR").await.json()), "");
    assert_eq!(rows(&bank.site.get("/v1/accounts/tree?after=1").await.json()), "");
}

#[tokio::test]
async fn an_account_moves_and_leaves_and_its_control_account_becomes_an_ordinary_one() {
    let bank = Bank::after(TREE).await;
    // The same twice is the same once, and what was unsaid can be said again.
    for (account, above, tree) in [
        ("3", "110", "100 23.00, -110 23.00"),
        ("3", "110", "100 23.00, -110 23.00"),
        ("3", "120", "100 23.00, -110 12.00, -120 11.00"),
        ("3", "110", "100 23.00, -110 23.00"),
        ("110", "", "110 23.00, 100 0.00"),
    ] {
        let answer = bank.line(&place(account, above)).await;
        assert_eq!(answer.json()["refused"], serde_json::json!([]), "{answer:?}");
        let mut shown = rows(&bank.site.get("/v1/accounts/tree").await.json());
        if account == "110" {
            shown = shown.replace("100 0.00, 110 23.00", "110 23.00, 100 0.00");
        }
        assert_eq!(shown, tree, "{account} below {above}");
    }
    assert_eq!(bank.site.get("/v1/accounts/120").await.json()["is_control"], false);
    assert_eq!(bank.line("pay id=20 from=9 to=120 amount=1 currency=CZK code=1").await.status, 201);
}

#[tokio::test]
async fn placements_that_cannot_be_are_refused_one_by_one() {
    let bank = Bank::after(TREE).await;
    for (account, above, status, code) in [
        ("77", "100", "account_not_found", "LED-0309"),
        ("1", "77", "control_not_found", "LED-0310"),
        ("8", "100", "control_has_different_ledger", "LED-0311"),
        ("100", "110", "control_is_below_account", "LED-0312"),
        ("100", "100", "control_is_below_account", "LED-0312"),
        ("1", "9", "control_has_transfers", "LED-0313"),
    ] {
        let answer = bank.line(&place(account, above)).await;
        let expected = serde_json::json!([{ "index": 0, "id": account, "status": status, "code": code }]);
        assert_eq!((answer.status, &answer.json()["refused"]), (200, &expected), "{answer:?}");
    }
    for (payment, code) in [("from=110 to=1", "LED-0201"), ("from=1 to=110", "LED-0202")] {
        let answer =
            bank.line(&format!("pay id=30{} {payment} amount=1 currency=CZK code=1", &code[7..])).await;
        assert_eq!((answer.status, answer.field("code").as_str()), (422, code), "{answer:?}");
    }
    let chain: Vec<String> =
        (0..8).map(|level| format!(r#"{{"account":"{}","above":"{}"}}"#, 200 + level, 201 + level)).collect();
    for id in 200..=208 {
        assert_eq!(bank.line(&format!("open id={id} currency=CZK code=1")).await.status, 201);
    }
    let answer =
        bank.site.post("/v1/accounts/placements", format!(r#"{{"placements":[{}]}}"#, chain.join(","))).await;
    assert_eq!(answer.json()["placed"], 7);
    assert_eq!(answer.json()["refused"][0]["code"], "LED-0314", "{answer:?}");
}

#[tokio::test]
async fn placements_that_cannot_be_read_change_nothing() {
    let bank = Bank::after(TREE).await;
    let before = bank.digest().await;
    for body in [
        "",
        "{}",
        "[]",
        r#"{"placements":[{}]}"#,
        r#"{"placements":[{"account":"0"}]}"#,
        r#"{"placements":[{"account":"1","above":"0"}]}"#,
        r#"{"placements":[{"account":"1","below":"2"}]}"#,
        r#"{"placements":[{"account":1}]}"#,
    ] {
        let answer = bank.site.post("/v1/accounts/placements", body).await;
        assert_eq!((answer.status, answer.field("code").as_str()), (400, "API-0001"), "{body}");
    }
    let empty = bank.site.post("/v1/accounts/placements", r#"{"placements":[]}"#).await;
    assert_eq!((empty.status, empty.field("code").as_str()), (400, "SHD-0001"));
    assert_eq!(bank.digest().await, before);
}
