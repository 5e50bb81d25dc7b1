//! Money that may be spent on some things only: a closed loop of farmers, earmarks and merchants.

use expect_test::expect;

use crate::bank::Bank;

/// 1 is a farmer and 2 her money for seed; 3 sells seed (5261) and 4 is a bar. 10 is a hold for seed.
const LOOP: &str = r#"open id=1 currency=CZK code=1 flags=[debits_must_not_exceed_credits]
    open id=2 currency=CZK code=2 flags=[debits_must_not_exceed_credits]
    open id=3 currency=CZK code=3
    open id=4 currency=CZK code=3
    open id=9 currency=CZK code=9
    PUT /v1/accounts/2/purposes {"spent_on":[5261],"paid_for":[5261]}
    PUT /v1/accounts/3/purposes {"spent_on":[],"paid_for":[5261,5193]}
    PUT /v1/accounts/4/purposes {"spent_on":[],"paid_for":[5813]}
    pay id=1 from=9 to=1 amount=1000 currency=CZK code=1
    pay id=10 from=1 to=2 amount=800 currency=CZK code=5 flags=[pending] timeout=3600 purpose=5261"#;

fn spend(hold: u32, id: u32, to: u32, amount: &str, more: &str) -> String {
    format!(
        r#"POST /v1/holds/{hold}/spend {{"id":"{id}","credit_account":"{to}","amount":"{amount}","currency":"CZK"{more}}}"#
    )
}

#[tokio::test]
async fn a_hold_for_seed_is_spent_at_a_seed_merchant_only() {
    let bank = Bank::after(LOOP).await;
    let said = bank
        .talk(&format!(
            "{}
             GET /v1/accounts/4/balance
             {}
             {}
             GET /v1/payments/21
             GET /v1/accounts/1/balance
             GET /v1/accounts/2/balance
             GET /v1/accounts/3/balance
             GET /v1/pending
             {}
             {}",
            spend(10, 20, 4, "300", ""),
            spend(10, 21, 3, "300", r#","keep_rest":true"#),
            spend(10, 21, 3, "300", r#","keep_rest":true"#),
            spend(10, 22, 3, "1", ""),
            spend(10, 21, 3, "301", r#","keep_rest":true"#),
        ))
        .await;
    // The ids of what is booked together follow from the request.
    expect![[r#"
        POST /v1/holds/10/spend {"id":"20","credit_account":"4","amount":"300","currency":"CZK"}
            422 LED-0204 | credit_account_not_for_purpose | the credit account may not be paid for what this money may be spent on
        GET /v1/accounts/4/balance
            200 {"account":"4","available":"0.00","balance":"0.00","credits_pending":"0.00","credits_posted":"0.00","currency":"CZK","debits_pending":"0.00","debits_posted":"0.00","seq":12}
        POST /v1/holds/10/spend {"id":"21","credit_account":"3","amount":"300","currency":"CZK","keep_rest":true}
            201 {"id":"21","posting":"3b6435f3-715a-2d3c-0c61-345af2a38d25","rest":"34e9b918-4930-5a8d-f7e8-a496f16e325d","rest_amount":"500.00","timestamp":"<time>"}
        POST /v1/holds/10/spend {"id":"21","credit_account":"3","amount":"300","currency":"CZK","keep_rest":true}
            201 again {"id":"21","posting":"3b6435f3-715a-2d3c-0c61-345af2a38d25","rest":"34e9b918-4930-5a8d-f7e8-a496f16e325d","rest_amount":"500.00","timestamp":"<time>"}
        GET /v1/payments/21
            200 {"amount":"300.00","booking_date":"<today>","code":5,"credit_account":"3","currency":"CZK","debit_account":"2","flags":["linked"],"id":"21","purpose":5261,"status":"posted","timeout":0,"timestamp":"<time>","user_data_128":"0","user_data_32":0,"user_data_64":"0","value_date":"<today>"}
        GET /v1/accounts/1/balance
            200 {"account":"1","available":"200.00","balance":"700.00","credits_pending":"0.00","credits_posted":"1000.00","currency":"CZK","debits_pending":"500.00","debits_posted":"300.00","seq":13}
        GET /v1/accounts/2/balance
            200 {"account":"2","available":"0.00","balance":"0.00","credits_pending":"500.00","credits_posted":"300.00","currency":"CZK","debits_pending":"0.00","debits_posted":"300.00","seq":13}
        GET /v1/accounts/3/balance
            200 {"account":"3","available":"300.00","balance":"300.00","credits_pending":"0.00","credits_posted":"300.00","currency":"CZK","debits_pending":"0.00","debits_posted":"0.00","seq":13}
        GET /v1/pending
            200 {"next":null,"now":"<time>","pending":[{"amount":"500.00","code":5,"credit_account":"2","currency":"CZK","debit_account":"1","expires_at":"<time>","id":"34e9b918-4930-5a8d-f7e8-a496f16e325d","purpose":5261,"timestamp":"<time>","user_data_128":"0","user_data_32":0,"user_data_64":"0"}]}
        POST /v1/holds/10/spend {"id":"22","credit_account":"3","amount":"1","currency":"CZK"}
            422 LED-0033 | pending_transfer_already_posted | the pending transfer was posted before
        POST /v1/holds/10/spend {"id":"21","credit_account":"3","amount":"301","currency":"CZK","keep_rest":true}
            422 LED-0033 | pending_transfer_already_posted | the pending transfer was posted before
    "#]].assert_eq(&said);
    let hold = bank.site.get("/v1/pending").await.json()["pending"][0]["id"].as_str().unwrap().to_owned();
    let rest = format!(
        r#"POST /v1/holds/{hold}/spend {{"id":"30","credit_account":"3","amount":"500","currency":"CZK","code":8}}"#
    );
    let answer = bank.line(&rest).await;
    assert_eq!((answer.status, answer.field("rest_amount").as_str()), (201, "0.00"), "{answer:?}");
    assert_eq!(bank.site.get("/v1/accounts/3/balance").await.field("balance"), "800.00");
}

#[tokio::test]
async fn what_a_hold_cannot_give_is_refused_and_nothing_moves() {
    let bank = Bank::after(LOOP).await;
    let before = bank.books().await;
    for (line, status, code) in [
        (spend(10, 20, 3, "800.01", ""), 422, "LED-0031"),
        (spend(10, 21, 3, "1", r#","purpose":5193"#), 422, "LED-0203"),
        (spend(10, 22, 4, "1", r#","purpose":5813"#), 422, "LED-0203"),
        (spend(10, 23, 77, "1", ""), 422, "LED-0022"),
        (spend(10, 24, 2, "1", ""), 422, "LED-0012"),
        (spend(1, 25, 3, "1", ""), 422, "LED-0026"),
        (spend(77, 26, 3, "1", ""), 404, "API-0008"),
        (spend(10, 10, 3, "1", ""), 409, "LED-0036"),
        (spend(10, 27, 3, "1", "").replace("CZK", "EUR"), 422, "LED-0029"),
        (spend(10, 27, 3, "1", "").replace("CZK", "XAU-G"), 400, "API-0014"),
        (spend(10, 27, 3, "1.001", ""), 400, "MON-0003"),
        (spend(10, 27, 3, "1", r#","code":0"#), 422, "LED-0020"),
        (spend(10, 27, 3, "1", r#","purpose":0"#), 400, "API-0001"),
        (spend(10, 27, 3, "1", r#","colour":"red""#), 400, "API-0001"),
        (spend(10, 27, 3, "-1", ""), 400, "API-0001"),
        (spend(10, 0, 3, "1", ""), 400, "API-0001"),
        ("pay id=50 from=2 to=4 amount=1 currency=CZK code=1".to_owned(), 422, "LED-0204"),
        ("pay id=51 from=1 to=4 amount=1 currency=CZK code=1 purpose=5261".to_owned(), 422, "LED-0204"),
    ] {
        let answer = bank.line(&line).await;
        assert_eq!((answer.status, answer.field("code").as_str()), (status, code), "{line}: {answer:?}");
        assert_eq!(bank.books().await, before, "{line}");
    }
}

#[tokio::test]
async fn purposes_are_replaced_whole_and_can_be_said_again() {
    let bank = Bank::after(LOOP).await;
    let said = bank
        .talk(
            r#"GET /v1/accounts/3/purposes
               PUT /v1/accounts/3/purposes {"spent_on":[],"paid_for":[7,7,1]}
               PUT /v1/accounts/3/purposes {"spent_on":[],"paid_for":[5261]}
               PUT /v1/accounts/3/purposes {"spent_on":[],"paid_for":[7,1]}
               GET /v1/accounts/3/purposes
               PUT /v1/accounts/3/purposes {"spent_on":[],"paid_for":[]}
               GET /v1/accounts/9/purposes
               PUT /v1/accounts/77/purposes {"spent_on":[],"paid_for":[1]}
               PUT /v1/accounts/77/purposes {"spent_on":[],"paid_for":[]}"#,
        )
        .await;
    expect![[r#"
        GET /v1/accounts/3/purposes
            200 {"paid_for":[5193,5261],"spent_on":[]}
        PUT /v1/accounts/3/purposes {"spent_on":[],"paid_for":[7,7,1]}
            200 {"paid_for":[1,7],"spent_on":[]}
        PUT /v1/accounts/3/purposes {"spent_on":[],"paid_for":[5261]}
            200 {"paid_for":[5261],"spent_on":[]}
        PUT /v1/accounts/3/purposes {"spent_on":[],"paid_for":[7,1]}
            200 {"paid_for":[1,7],"spent_on":[]}
        GET /v1/accounts/3/purposes
            200 {"paid_for":[1,7],"spent_on":[]}
        PUT /v1/accounts/3/purposes {"spent_on":[],"paid_for":[]}
            200 {"paid_for":[],"spent_on":[]}
        GET /v1/accounts/9/purposes
            200 {"paid_for":[],"spent_on":[]}
        PUT /v1/accounts/77/purposes {"spent_on":[],"paid_for":[1]}
            404 API-0007 | account 77 does not exist | account 77 does not exist
        PUT /v1/accounts/77/purposes {"spent_on":[],"paid_for":[]}
            404 API-0007 | account 77 does not exist | account 77 does not exist
    "#]]
    .assert_eq(&said);
    let before = bank.digest().await;
    let many = format!(r#"{{"spent_on":[{}],"paid_for":[]}}"#, vec!["1"; 49].join(","));
    for body in [
        "",
        "{}",
        r#"{"spent_on":[1]}"#,
        r#"{"spent_on":[0],"paid_for":[]}"#,
        r#"{"spent_on":[65536],"paid_for":[]}"#,
        &many,
    ] {
        let answer = bank.site.put("/v1/accounts/3/purposes", body.to_owned()).await;
        assert_eq!((answer.status, answer.field("code").as_str()), (400, "API-0001"), "{body}");
    }
    assert_eq!(bank.digest().await, before);
}
