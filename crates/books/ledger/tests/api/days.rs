//! Business days and their trial balances.

use expect_test::expect;
use serde_json::Value;

use crate::bank::Bank;

const START: &str = r#"open id=1 currency=CZK code=1
    open id=2 currency=CZK code=2
    POST /v1/days/cut {"opens":"2026-11-20"}
    pay id=10 from=1 to=2 amount=5 currency=CZK code=1"#;

const CUT: &str = r#"POST /v1/days/cut {"closes":"2026-11-20","opens":"2026-11-23"}"#;

#[tokio::test]
async fn a_day_ends_with_a_trial_balance_that_later_payments_leave_alone() {
    let mut bank = Bank::after(START).await;
    assert_eq!(bank.site.get("/v1/payments/10").await.field("booking_date"), "2026-11-20");
    let first = bank.line(CUT).await;
    assert_eq!((first.status, first.is_repeated()), (201, false), "{first:?}");
    assert_eq!(bank.line("pay id=11 from=1 to=2 amount=7 currency=CZK code=1").await.status, 201);
    assert_eq!(bank.site.get("/v1/payments/11").await.field("booking_date"), "2026-11-23");
    let again = bank.line(CUT).await;
    assert_eq!((again.status, again.is_repeated(), &again.body), (201, true, &first.body));

    let said = bank.talk("GET /v1/days\nGET /v1/days/2026-11-20/trial-balance").await;
    expect![[r#"
        GET /v1/days
            200 {"days":[{"date":"2026-11-20","digest":"ae6eb35a6c7ce7002977f1c46df2d494864ffba7c5449d7a769a62ef5f60b65d","ended_at":"<time>","is_kept":true,"next_date":"2026-11-23","transfers":1}],"next":null,"open":"2026-11-23"}
        GET /v1/days/2026-11-20/trial-balance
            200 {"balanced":true,"currencies":[{"balanced":true,"codes":[{"code":1,"sums":{"accounts":1,"balance":"-5.00","credits_pending":"0.00","credits_posted":"0.00","debits_pending":"0.00","debits_posted":"5.00"}},{"code":2,"sums":{"accounts":1,"balance":"5.00","credits_pending":"0.00","credits_posted":"5.00","debits_pending":"0.00","debits_posted":"0.00"}}],"currency":"CZK","total":{"accounts":2,"balance":"0.00","credits_pending":"0.00","credits_posted":"5.00","debits_pending":"0.00","debits_posted":"5.00"}}],"day":{"date":"2026-11-20","digest":"ae6eb35a6c7ce7002977f1c46df2d494864ffba7c5449d7a769a62ef5f60b65d","ended_at":"<time>","is_kept":true,"next_date":"2026-11-23","transfers":1}}
    "#]].assert_eq(&said);
    let kept = bank.site.get("/v1/days/2026-11-20/trial-balance").await.body;
    bank = bank.restarted().await;
    assert_eq!(bank.site.get("/v1/days/2026-11-20/trial-balance").await.body, kept);
    let now = bank.site.get("/v1/trial-balance").await.json();
    assert_eq!(now["currencies"][0]["total"]["debits_posted"], "12.00");
}

#[tokio::test]
async fn cuts_that_cannot_be_are_refused() {
    let bank = Bank::after(START).await;
    for (body, status, code) in [
        (r#"{"closes":"2026-11-19","opens":"2026-11-23"}"#, 409, "LED-0320"),
        (r#"{"opens":"2026-11-23"}"#, 409, "LED-0320"),
        (r#"{"closes":"2026-11-20","opens":"2026-11-20"}"#, 422, "LED-0319"),
        (r#"{"closes":"2026-11-20","opens":"2026-11-19"}"#, 422, "LED-0319"),
        (r#"{"closes":"1970-01-01","opens":"2026-11-23"}"#, 422, "LED-0318"),
        (r#"{"closes":"2026-11-20","opens":"1970-01-01"}"#, 422, "LED-0318"),
        (r#"{"closes":"2026-11-20"}"#, 400, "API-0001"),
        (r#"{"closes":"2026-11-31","opens":"2026-12-01"}"#, 400, "API-0001"),
        (r#"{"closes":"20.11.2026","opens":"2026-11-23"}"#, 400, "API-0001"),
        (r#"{"closes":20260,"opens":20261}"#, 400, "API-0001"),
        (r#"{"closes":"2026-11-20","opens":"2026-11-23","force":true}"#, 400, "API-0001"),
        ("{}", 400, "API-0001"),
        ("", 400, "API-0001"),
    ] {
        let answer = bank.site.post("/v1/days/cut", body).await;
        assert_eq!((answer.status, answer.field("code").as_str()), (status, code), "{body}: {answer:?}");
        let days = bank.site.get("/v1/days").await.json();
        assert_eq!((&days["open"], &days["days"]), (&"2026-11-20".into(), &serde_json::json!([])), "{body}");
    }
    for (path, status, code) in [
        ("/v1/days/2026-11-19/trial-balance", 404, "API-0017"),
        ("/v1/days/2026-11-20/trial-balance", 404, "API-0017"),
        ("/v1/days/9999-12-31/trial-balance", 404, "API-0017"),
        ("/v1/days/today/trial-balance", 400, "CAL-0001"),
        ("/v1/days/%ff/trial-balance", 400, "CAL-0001"),
        ("/v1/days/2026-02-29/trial-balance", 400, "CAL-0002"),
        ("/v1/days/1969-12-31/trial-balance", 400, "CAL-0003"),
    ] {
        let answer = bank.site.get(path).await;
        assert_eq!((answer.status, answer.field("code").as_str()), (status, code), "{path}: {answer:?}");
    }
}

#[tokio::test]
async fn days_come_in_pages_newest_first() {
    let bank = Bank::open().await;
    let none = bank.site.get("/v1/days").await.json();
    assert_eq!(none, serde_json::json!({ "open": null, "days": [], "next": null }));
    assert_eq!(bank.line(r#"POST /v1/days/cut {"opens":"2026-11-01"}"#).await.status, 201);
    for day in 1..=5 {
        let cut =
            format!(r#"POST /v1/days/cut {{"closes":"2026-11-{day:02}","opens":"2026-11-{:02}"}}"#, day + 1);
        assert_eq!(bank.line(&cut).await.status, 201);
    }
    let dates = |page: &Value| {
        let days = page["days"].as_array().unwrap();
        days.iter().map(|day| day["date"].as_str().unwrap()[8..].to_owned()).collect::<Vec<_>>().join(" ")
    };
    let page = bank.site.get("/v1/days?limit=2").await.json();
    assert_eq!((dates(&page).as_str(), &page["next"]), ("05 04", &"2026-11-04".into()));
    let rest = bank.site.get("/v1/days?before=2026-11-04").await.json();
    assert_eq!((dates(&rest).as_str(), &rest["next"]), ("03 02 01", &Value::Null));
    let empty = bank.site.get("/v1/days/2026-11-03/trial-balance").await.json();
    assert_eq!(
        (&empty["day"]["is_kept"], &empty["currencies"]),
        (&true.into(), &serde_json::json!([])),
        "no accounts, and kept"
    );
}
