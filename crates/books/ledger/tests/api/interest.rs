//! Interest: declared, assigned, posted day by day and paid.

use expect_test::expect;

use crate::bank::Bank;

/// Accounts 1 and 2 are deposits, 800 the expense, 810 the payable; 1,000,000 at 3.65 percent are 100 a day.
const START: &str = r#"open id=1 currency=CZK code=1
    open id=2 currency=CZK code=1
    open id=9 currency=CZK code=9
    open id=800 currency=CZK code=800
    open id=810 currency=CZK code=810
    POST /v1/days/cut {"opens":"2026-11-20"}
    pay id=10 from=9 to=1 amount=1000000 currency=CZK code=1
    pay id=11 from=9 to=2 amount=500000 currency=CZK code=1"#;

const RATE: &str = r#"POST /v1/interest/rates {"product":7,"contra_account":"800","accrued_account":"810","code":70,"side":"credit","day_count":"ACT/365.FIXED","rounding":"half_up","remainder":"carried","from":"2026-01-01","rate_ppm":36500}"#;

const CUT: &str = r#"POST /v1/days/cut {"closes":"2026-11-20","opens":"2026-11-23"}"#;

#[tokio::test]
async fn interest_is_posted_day_by_day_and_paid_once() {
    let mut bank = Bank::after(START).await;
    let said = bank
        .talk(&format!(
            r#"{RATE}
               {RATE}
               PUT /v1/accounts/1/interest {{"product":7}}
               PUT /v1/accounts/2/interest {{"product":7}}
               GET /v1/interest/accounts?limit=1
               {CUT}
               POST /v1/interest/accrue {{"through":"2026-11-20","limit":1}}
               POST /v1/interest/accrue {{"through":"2026-11-20","after":"1"}}
               POST /v1/interest/accrue {{"through":"2026-11-20"}}
               GET /v1/accounts/1/interest
               GET /v1/accounts/810/balance
               POST /v1/interest/capitalise {{"through":"2026-11-20"}}
               POST /v1/interest/capitalise {{"through":"2026-11-20"}}
               GET /v1/accounts/1/statement?limit=1
               GET /v1/accounts/810/balance
               GET /v1/accounts/2/interest
               GET /v1/interest/products"#
        ))
        .await;
    expect![[r#"
        POST /v1/interest/rates {"product":7,"contra_account":"800","accrued_account":"810","code":70,"side":"credit","day_count":"ACT/365.FIXED","rounding":"half_up","remainder":"carried","from":"2026-01-01","rate_ppm":36500}
            201 {"accrued_account":"810","code":70,"contra_account":"800","day_count":"ACT/365.FIXED","product":7,"rates":[{"from":"2026-01-01","rate_ppm":36500}],"remainder":"carried","rounding":"half_up","side":"credit"}
        POST /v1/interest/rates {"product":7,"contra_account":"800","accrued_account":"810","code":70,"side":"credit","day_count":"ACT/365.FIXED","rounding":"half_up","remainder":"carried","from":"2026-01-01","rate_ppm":36500}
            201 again {"accrued_account":"810","code":70,"contra_account":"800","day_count":"ACT/365.FIXED","product":7,"rates":[{"from":"2026-01-01","rate_ppm":36500}],"remainder":"carried","rounding":"half_up","side":"credit"}
        PUT /v1/accounts/1/interest {"product":7}
            200 {"account":"1","accrued":"0.00","currency":"CZK","product":7,"since":"2026-11-20"}
        PUT /v1/accounts/2/interest {"product":7}
            200 {"account":"2","accrued":"0.00","currency":"CZK","product":7,"since":"2026-11-20"}
        GET /v1/interest/accounts?limit=1
            200 {"accounts":[{"account":"1","accrued":"0.00","currency":"CZK","product":7,"since":"2026-11-20"}],"next":"<next>"}
        POST /v1/days/cut {"closes":"2026-11-20","opens":"2026-11-23"}
            201 {"closed":{"date":"2026-11-20","digest":"2ecec376d438a601e23c2b66f4894f7f4205ffda420fedfb663d01b36e6fe46a","ended_at":"<time>","is_kept":true,"next_date":"2026-11-23","transfers":2},"open":"2026-11-23"}
        POST /v1/interest/accrue {"through":"2026-11-20","limit":1}
            200 {"done":1,"next":"<next>","refused":[],"unchanged":0}
        POST /v1/interest/accrue {"through":"2026-11-20","after":"1"}
            200 {"done":1,"next":null,"refused":[],"unchanged":0}
        POST /v1/interest/accrue {"through":"2026-11-20"}
            200 {"done":0,"next":null,"refused":[],"unchanged":2}
        GET /v1/accounts/1/interest
            200 {"account":"1","accrued":"100.00","accrued_through":"2026-11-20","currency":"CZK","product":7,"since":"2026-11-20"}
        GET /v1/accounts/810/balance
            200 {"account":"810","available":"150.00","balance":"150.00","credits_pending":"0.00","credits_posted":"150.00","currency":"CZK","debits_pending":"0.00","debits_posted":"0.00","seq":17}
        POST /v1/interest/capitalise {"through":"2026-11-20"}
            200 {"done":2,"next":null,"refused":[],"unchanged":0}
        POST /v1/interest/capitalise {"through":"2026-11-20"}
            200 {"done":0,"next":null,"refused":[],"unchanged":2}
        GET /v1/accounts/1/statement?limit=1
            200 {"account":"1","currency":"CZK","entries":[{"amount":"100.00","balance":"1000100.00","booking_date":"2026-11-23","code":70,"counterparty":"810","direction":"credit","payment":"ef9766d7-c9c7-b1cc-2644-49b5c66edafb","status":"posted","timestamp":"<time>","user_data_64":"0","value_date":"2026-11-21"}],"next":"<next>"}
        GET /v1/accounts/810/balance
            200 {"account":"810","available":"0.00","balance":"0.00","credits_pending":"0.00","credits_posted":"150.00","currency":"CZK","debits_pending":"0.00","debits_posted":"150.00","seq":19}
        GET /v1/accounts/2/interest
            200 {"account":"2","accrued":"0.00","accrued_through":"2026-11-20","currency":"CZK","product":7,"since":"2026-11-20"}
        GET /v1/interest/products
            200 {"next":null,"products":[{"accrued_account":"810","code":70,"contra_account":"800","day_count":"ACT/365.FIXED","product":7,"rates":[{"from":"2026-01-01","rate_ppm":36500}],"remainder":"carried","rounding":"half_up","side":"credit"}]}
    "#]].assert_eq(&said);
    let before = bank.site.get("/v1/interest/accounts").await.body;
    bank = bank.restarted().await;
    assert_eq!(bank.site.get("/v1/interest/accounts").await.body, before);
}

#[tokio::test]
async fn what_cannot_be_is_refused() {
    let bank = Bank::after(&format!("{START}\n{RATE}")).await;
    let rate = |from: &str, to: &str| RATE.replacen(from, to, 1);
    for (line, status, code) in [
        (rate("\"product\":7", "\"product\":0"), 422, "LED-0322"),
        (rate("\"code\":70", "\"code\":0"), 422, "LED-0322"),
        (rate("36500", "100000001"), 422, "LED-0323"),
        (rate("\"code\":70", "\"code\":71"), 409, "LED-0326"),
        (rate("7,\"contra_account\":\"800\"", "8,\"contra_account\":\"801\""), 422, "LED-0327"),
        (rate("7,\"contra_account\":\"800\"", "8,\"contra_account\":\"810\""), 422, "LED-0328"),
        (rate("2026-01-01", "2026-01-02"), 422, "LED-0324"),
        (rate("credit\"", "both\""), 400, "API-0001"),
        (rate("ACT/365.FIXED", "ACT/364"), 400, "API-0001"),
        (rate("half_up", "random"), 400, "API-0001"),
        (rate("36500", "3.65"), 400, "API-0001"),
        (rate("2026-01-01", "2026-02-30"), 400, "API-0001"),
        (r#"PUT /v1/accounts/1/interest {"product":8}"#.to_owned(), 422, "LED-0329"),
        (r#"PUT /v1/accounts/1/interest {"product":0}"#.to_owned(), 422, "LED-0329"),
        (r#"PUT /v1/accounts/800/interest {"product":7}"#.to_owned(), 422, "LED-0328"),
        (r#"PUT /v1/accounts/77/interest {"product":7}"#.to_owned(), 404, "API-0007"),
        (r#"PUT /v1/accounts/1/interest {}"#.to_owned(), 400, "API-0001"),
        (r#"POST /v1/interest/accrue {"through":"2026-11-20","limit":0}"#.to_owned(), 400, "API-0005"),
        (r#"POST /v1/interest/accrue {"through":"2026-11-20","limit":8191}"#.to_owned(), 400, "API-0005"),
        (r#"POST /v1/interest/capitalise {"through":"soon"}"#.to_owned(), 400, "API-0001"),
        ("GET /v1/accounts/77/interest".to_owned(), 404, "API-0007"),
        ("GET /v1/interest/accounts?after=x".to_owned(), 400, "API-0005"),
        ("GET /v1/interest/products?limit=0".to_owned(), 400, "API-0005"),
    ] {
        let answer = bank.line(&line).await;
        assert_eq!((answer.status, answer.field("code").as_str()), (status, code), "{line}: {answer:?}");
    }
    let none = bank.site.get("/v1/accounts/1/interest").await.json();
    assert_eq!((&none["product"], &none["accrued"]), (&serde_json::Value::Null, &"0.00".into()));
    // A day that has not ended, and one whose interest was not posted before it is paid.
    assert_eq!(bank.line(r#"PUT /v1/accounts/1/interest {"product":7}"#).await.status, 200);
    let early = bank.line(r#"POST /v1/interest/accrue {"through":"2026-11-20"}"#).await.json();
    assert_eq!((&early["refused"][0]["code"], &early["refused"][0]["id"]), (&"LED-0336".into(), &"1".into()));
    assert_eq!(bank.line(CUT).await.status, 201);
    let unposted = bank.line(r#"POST /v1/interest/capitalise {"through":"2026-11-20"}"#).await.json();
    assert_eq!(unposted["refused"][0]["code"], "LED-0338");
    // An account is let go when all of its interest is paid.
    let owed = bank.line(r#"PUT /v1/accounts/1/interest {"product":null}"#).await;
    assert_eq!((owed.status, owed.field("code").as_str()), (422, "LED-0334"));
    for run in ["accrue", "capitalise"] {
        assert_eq!(
            bank.line(&format!(r#"POST /v1/interest/{run} {{"through":"2026-11-20"}}"#)).await.json()["done"],
            1
        );
    }
    let let_go = bank.line(r#"PUT /v1/accounts/1/interest {"product":null}"#).await;
    assert_eq!((let_go.status, let_go.field("product").as_str()), (200, "null"));
}
