//! Value dates, purposes, and payments that reverse others.

use expect_test::expect;

use crate::bank::Bank;

const START: &str = "open id=1 currency=CZK code=1
                     open id=2 currency=CZK code=1
                     open id=3 currency=EUR code=1
                     POST /v1/days/cut {\"opens\":\"2026-11-23\"}
                     pay id=10 from=1 to=2 amount=5 currency=CZK code=7 value_date=2026-11-20";

#[tokio::test]
async fn a_value_date_is_kept_beside_the_booking_date() {
    let bank = Bank::after(START).await;
    let said = bank
        .talk(
            r#"pay id=10 from=1 to=2 amount=5 currency=CZK code=7 value_date=2026-11-20
               pay id=10 from=1 to=2 amount=5 currency=CZK code=7
               pay id=10 from=1 to=2 amount=5 currency=CZK code=7 value_date=2026-11-21
               GET /v1/payments/10
               pay id=11 from=1 to=2 amount=1 currency=CZK code=7
               GET /v1/accounts/2/statement
               pay id=12 from=1 to=2 amount=1 currency=CZK code=7 value_date=2026-10-18
               pay id=13 from=1 to=2 amount=1 currency=CZK code=7 value_date=2027-11-25
               pay id=14 from=1 to=2 amount=1 currency=CZK code=7 value_date=1970-01-01
               pay id=15 from=1 to=2 amount=1 currency=CZK code=7 value_date=2026-10-19
               pay id=16 from=1 to=2 amount=1 currency=CZK code=7 value_date=2027-11-24"#,
        )
        .await;
    expect![[r#"
        pay id=10 from=1 to=2 amount=5 currency=CZK code=7 value_date=2026-11-20
            201 again {"id":"10","status":"created","timestamp":"<time>"}
        pay id=10 from=1 to=2 amount=5 currency=CZK code=7
            201 again {"id":"10","status":"created","timestamp":"<time>"}
        pay id=10 from=1 to=2 amount=5 currency=CZK code=7 value_date=2026-11-21
            409 LED-0207 | exists_with_different_value_date | a transfer with this id exists, with another value date
        GET /v1/payments/10
            200 {"amount":"5.00","booking_date":"2026-11-23","code":7,"credit_account":"2","currency":"CZK","debit_account":"1","flags":[],"id":"10","status":"posted","timeout":0,"timestamp":"<time>","user_data_128":"0","user_data_32":0,"user_data_64":"0","value_date":"2026-11-20"}
        pay id=11 from=1 to=2 amount=1 currency=CZK code=7
            201 {"id":"11","status":"created","timestamp":"<time>"}
        GET /v1/accounts/2/statement
            200 {"account":"2","currency":"CZK","entries":[{"amount":"1.00","balance":"6.00","booking_date":"2026-11-23","code":7,"counterparty":"1","direction":"credit","payment":"11","status":"posted","timestamp":"<time>","user_data_64":"0","value_date":"2026-11-23"},{"amount":"5.00","balance":"5.00","booking_date":"2026-11-23","code":7,"counterparty":"1","direction":"credit","payment":"10","status":"posted","timestamp":"<time>","user_data_64":"0","value_date":"2026-11-20"}],"next":null}
        pay id=12 from=1 to=2 amount=1 currency=CZK code=7 value_date=2026-10-18
            422 LED-0209 | value_date_too_early | the value date lies more than 35 days before the business day
        pay id=13 from=1 to=2 amount=1 currency=CZK code=7 value_date=2027-11-25
            422 LED-0210 | value_date_too_late | the value date lies more than 366 days after the business day
        pay id=14 from=1 to=2 amount=1 currency=CZK code=7 value_date=1970-01-01
            422 LED-0209 | value_date_too_early | the value date lies more than 35 days before the business day
        pay id=15 from=1 to=2 amount=1 currency=CZK code=7 value_date=2026-10-19
            201 {"id":"15","status":"created","timestamp":"<time>"}
        pay id=16 from=1 to=2 amount=1 currency=CZK code=7 value_date=2027-11-24
            201 {"id":"16","status":"created","timestamp":"<time>"}
    "#]].assert_eq(&said);
}

#[tokio::test]
async fn a_payment_is_taken_back_by_a_counter_entry_that_names_it() {
    let bank = Bank::after(START).await;
    let said = bank
        .talk(
            r#"POST /v1/payments/10/reversal {"id":"20"}
               POST /v1/payments/10/reversal {"id":"20"}
               GET /v1/payments/10
               GET /v1/payments/20
               GET /v1/accounts/2/balance
               POST /v1/payments/10/reversal {"id":"21"}
               POST /v1/payments/20/reversal {"id":"22"}
               POST /v1/payments/77/reversal {"id":"23"}
               pay id=30 from=1 to=2 amount=4 currency=CZK code=7
               pay id=31 from=2 to=1 amount=3 currency=CZK code=7 reverses=30
               pay id=32 from=1 to=2 amount=4 currency=CZK code=7 reverses=30
               pay id=33 from=2 to=1 amount=4 currency=CZK code=7 reverses=30 flags=[pending]
               pay id=34 from=2 to=1 amount=4 currency=CZK code=7 reverses=99
               pay id=40 from=1 to=2 amount=4 currency=CZK code=7 flags=[pending]
               POST /v1/payments/40/reversal {"id":"41"}
               POST /v1/payments/30/reversal {"id":"42","code":8,"value_date":"2026-11-23","user_data_64":"5"}
               GET /v1/payments/42"#,
        )
        .await;
    expect![[r#"
        POST /v1/payments/10/reversal {"id":"20"}
            201 {"id":"20","status":"created","timestamp":"<time>"}
        POST /v1/payments/10/reversal {"id":"20"}
            201 again {"id":"20","status":"created","timestamp":"<time>"}
        GET /v1/payments/10
            200 {"amount":"5.00","booking_date":"2026-11-23","code":7,"credit_account":"2","currency":"CZK","debit_account":"1","flags":[],"id":"10","reversed_by":"20","status":"posted","timeout":0,"timestamp":"<time>","user_data_128":"0","user_data_32":0,"user_data_64":"0","value_date":"2026-11-20"}
        GET /v1/payments/20
            200 {"amount":"5.00","booking_date":"2026-11-23","code":7,"credit_account":"1","currency":"CZK","debit_account":"2","flags":[],"id":"20","reverses":"10","status":"posted","timeout":0,"timestamp":"<time>","user_data_128":"0","user_data_32":0,"user_data_64":"0","value_date":"2026-11-20"}
        GET /v1/accounts/2/balance
            200 {"account":"2","available":"0.00","balance":"0.00","credits_pending":"0.00","credits_posted":"5.00","currency":"CZK","debits_pending":"0.00","debits_posted":"5.00","seq":7}
        POST /v1/payments/10/reversal {"id":"21"}
            422 LED-0215 | reversed_transfer_already_reversed | the transfer has been reversed before
        POST /v1/payments/20/reversal {"id":"22"}
            422 LED-0214 | reversed_transfer_is_reversal | the transfer to reverse is itself a reversal
        POST /v1/payments/77/reversal {"id":"23"}
            404 API-0008 | payment 77 does not exist | payment 77 does not exist
        pay id=30 from=1 to=2 amount=4 currency=CZK code=7
            201 {"id":"30","status":"created","timestamp":"<time>"}
        pay id=31 from=2 to=1 amount=3 currency=CZK code=7 reverses=30
            422 LED-0217 | reversal_has_different_amount | a reversal has the amount of the transfer that it reverses
        pay id=32 from=1 to=2 amount=4 currency=CZK code=7 reverses=30
            422 LED-0216 | reversal_has_different_accounts | a reversal debits the account that was credited and credits the one that was debited
        pay id=33 from=2 to=1 amount=4 currency=CZK code=7 reverses=30 flags=[pending]
            422 LED-0211 | reversal_must_be_single_phase | a reversal is a plain transfer of the whole amount: not pending, resolving, balancing or imported
        pay id=34 from=2 to=1 amount=4 currency=CZK code=7 reverses=99
            422 LED-0212 | reversed_transfer_not_found | the transfer to reverse does not exist
        pay id=40 from=1 to=2 amount=4 currency=CZK code=7 flags=[pending]
            201 {"id":"40","status":"created","timestamp":"<time>"}
        POST /v1/payments/40/reversal {"id":"41"}
            422 LED-0213 | reversed_transfer_not_posted | the transfer to reverse has posted nothing
        POST /v1/payments/30/reversal {"id":"42","code":8,"value_date":"2026-11-23","user_data_64":"5"}
            201 {"id":"42","status":"created","timestamp":"<time>"}
        GET /v1/payments/42
            200 {"amount":"4.00","booking_date":"2026-11-23","code":8,"credit_account":"1","currency":"CZK","debit_account":"2","flags":[],"id":"42","reverses":"30","status":"posted","timeout":0,"timestamp":"<time>","user_data_128":"0","user_data_32":0,"user_data_64":"5","value_date":"2026-11-23"}
    "#]].assert_eq(&said);
}

#[tokio::test]
async fn a_batch_takes_bookings_among_plain_payments_and_says_how_many() {
    let bank = Bank::after(START).await;
    let payment = |id: usize, more: &str| {
        format!(
            r#"{{"id":"{id}","debit_account":"1","credit_account":"2","amount":"1","currency":"CZK","code":1{more}}}"#
        )
    };
    let batch = |first: usize, count: usize| {
        let booking = payment(first, r#","value_date":"2026-11-24""#);
        let plain = (1..count).map(|place| payment(first + place, ""));
        format!(
            r#"{{"id":"{first}","payments":[{}]}}"#,
            std::iter::once(booking).chain(plain).collect::<Vec<_>>().join(",")
        )
    };
    let full = batch(1_000, 4_095);
    for is_repeated in [false, true] {
        let answer = bank.site.post("/v1/payments/batch", full.clone()).await;
        assert_eq!((answer.status, &answer.json()["created"]), (200, &4_095.into()), "{}", answer.status);
        assert_eq!(answer.is_repeated(), is_repeated);
    }
    assert_eq!(bank.site.get("/v1/payments/1000").await.field("value_date"), "2026-11-24");
    assert_eq!(bank.site.get("/v1/payments/1001").await.field("value_date"), "2026-11-23");
    let before = bank.digest().await;
    let answer = bank.site.post("/v1/payments/batch", batch(10_000, 4_096)).await;
    assert_eq!((answer.status, answer.field("code").as_str()), (422, "API-0016"));
    assert_eq!(bank.digest().await, before);
}

#[tokio::test]
async fn reversals_that_cannot_be_read_change_nothing() {
    let bank = Bank::after(START).await;
    let before = bank.digest().await;
    for body in [
        "",
        "{}",
        r#"{"id":"0"}"#,
        r#"{"id":20}"#,
        r#"{"id":"20","amount":"5"}"#,
        r#"{"id":"20","code":-1}"#,
        r#"{"id":"20","value_date":"soon"}"#,
        r#"{"id":"20","value_date":"2026-02-30"}"#,
    ] {
        let answer = bank.site.post("/v1/payments/10/reversal", body).await;
        assert_eq!((answer.status, answer.field("code").as_str()), (400, "API-0001"), "{body}");
    }
    let answer = bank.site.post("/v1/payments/x/reversal", r#"{"id":"20"}"#).await;
    assert_eq!((answer.status, answer.field("code").as_str()), (400, "API-0006"));
    assert_eq!(bank.digest().await, before);
}

#[tokio::test]
async fn what_was_booked_outlives_a_restart() {
    let mut bank = Bank::after(START).await;
    assert_eq!(bank.line(r#"POST /v1/payments/10/reversal {"id":"20"}"#).await.status, 201);
    let before = [bank.site.get("/v1/payments/10").await.body, bank.site.get("/v1/payments/20").await.body];
    bank = bank.restarted().await;
    assert_eq!(
        [bank.site.get("/v1/payments/10").await.body, bank.site.get("/v1/payments/20").await.body],
        before
    );
}
