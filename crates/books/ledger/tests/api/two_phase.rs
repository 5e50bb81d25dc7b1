//! Reserve, then post, void, or let expire.

use expect_test::expect;

use crate::bank::{Bank, until};

const TWO_ACCOUNTS: &str = "open id=1 currency=CZK code=1 flags=[debits_must_not_exceed_credits]
                            open id=2 currency=CZK code=1
                            pay id=1 from=2 to=1 amount=100 currency=CZK code=1";

#[tokio::test]
async fn a_reserve_is_posted_in_part_or_voided_once() {
    let bank = Bank::after(TWO_ACCOUNTS).await;
    let said = bank
        .talk(
            "pay id=10 from=1 to=2 amount=60 currency=CZK code=1 flags=[pending] timeout=3600
             GET /v1/accounts/1
             pay id=11 from=1 to=2 amount=41 currency=CZK code=1
             pay id=12 from=1 to=2 amount=61 currency=CZK code=1 flags=[post_pending_transfer] pending_id=10
             pay id=13 from=1 to=2 amount=45.50 currency=CZK code=1 flags=[post_pending_transfer] pending_id=10
             pay id=14 from=1 to=2 amount=60 currency=CZK code=1 flags=[void_pending_transfer] pending_id=10
             GET /v1/payments/10
             GET /v1/payments/13
             pay id=20 from=1 to=2 amount=5 currency=CZK code=1 flags=[pending]
             pay id=21 from=1 to=2 amount=5 currency=CZK code=1 flags=[void_pending_transfer] pending_id=20
             pay id=22 from=1 to=2 amount=5 currency=CZK code=1 flags=[post_pending_transfer] pending_id=20
             GET /v1/payments/20
             GET /v1/accounts/1/balance
             GET /v1/accounts/1/statement",
        )
        .await;
    expect![[r#"
        pay id=10 from=1 to=2 amount=60 currency=CZK code=1 flags=[pending] timeout=3600
            201 {"id":"10","status":"created","timestamp":"<time>"}
        GET /v1/accounts/1
            200 {"available":"40.00","balance":"100.00","code":1,"credits_pending":"0.00","credits_posted":"100.00","currency":"CZK","debits_pending":"60.00","debits_posted":"0.00","flags":["debits_must_not_exceed_credits"],"id":"1","is_control":false,"timestamp":"<time>","user_data_128":"0","user_data_32":0,"user_data_64":"0"}
        pay id=11 from=1 to=2 amount=41 currency=CZK code=1
            422 LED-0054 | exceeds_credits | the debit account does not have that much available
        pay id=12 from=1 to=2 amount=61 currency=CZK code=1 flags=[post_pending_transfer] pending_id=10
            422 LED-0031 | exceeds_pending_transfer_amount | the amount is larger than the pending amount
        pay id=13 from=1 to=2 amount=45.50 currency=CZK code=1 flags=[post_pending_transfer] pending_id=10
            201 {"id":"13","status":"created","timestamp":"<time>"}
        pay id=14 from=1 to=2 amount=60 currency=CZK code=1 flags=[void_pending_transfer] pending_id=10
            422 LED-0033 | pending_transfer_already_posted | the pending transfer was posted before
        GET /v1/payments/10
            200 {"amount":"60.00","booking_date":"<today>","code":1,"credit_account":"2","currency":"CZK","debit_account":"1","flags":["pending"],"id":"10","status":"posted_pending","timeout":3600,"timestamp":"<time>","user_data_128":"0","user_data_32":0,"user_data_64":"0","value_date":"<today>"}
        GET /v1/payments/13
            200 {"amount":"45.50","booking_date":"<today>","code":1,"credit_account":"2","currency":"CZK","debit_account":"1","flags":["post_pending_transfer"],"id":"13","pending_id":"10","status":"posted","timeout":0,"timestamp":"<time>","user_data_128":"0","user_data_32":0,"user_data_64":"0","value_date":"<today>"}
        pay id=20 from=1 to=2 amount=5 currency=CZK code=1 flags=[pending]
            201 {"id":"20","status":"created","timestamp":"<time>"}
        pay id=21 from=1 to=2 amount=5 currency=CZK code=1 flags=[void_pending_transfer] pending_id=20
            201 {"id":"21","status":"created","timestamp":"<time>"}
        pay id=22 from=1 to=2 amount=5 currency=CZK code=1 flags=[post_pending_transfer] pending_id=20
            422 LED-0034 | pending_transfer_already_voided | the pending transfer was voided before
        GET /v1/payments/20
            200 {"amount":"5.00","booking_date":"<today>","code":1,"credit_account":"2","currency":"CZK","debit_account":"1","flags":["pending"],"id":"20","status":"voided","timeout":0,"timestamp":"<time>","user_data_128":"0","user_data_32":0,"user_data_64":"0","value_date":"<today>"}
        GET /v1/accounts/1/balance
            200 {"account":"1","available":"54.50","balance":"54.50","credits_pending":"0.00","credits_posted":"100.00","currency":"CZK","debits_pending":"0.00","debits_posted":"45.50","seq":12}
        GET /v1/accounts/1/statement
            200 {"account":"1","currency":"CZK","entries":[{"amount":"5.00","balance":"54.50","booking_date":"<today>","code":1,"counterparty":"2","direction":"debit","payment":"21","status":"voided","timestamp":"<time>","user_data_64":"0","value_date":"<today>"},{"amount":"5.00","balance":"54.50","booking_date":"<today>","code":1,"counterparty":"2","direction":"debit","payment":"20","status":"voided","timestamp":"<time>","user_data_64":"0","value_date":"<today>"},{"amount":"45.50","balance":"54.50","booking_date":"<today>","code":1,"counterparty":"2","direction":"debit","payment":"13","status":"posted","timestamp":"<time>","user_data_64":"0","value_date":"<today>"},{"amount":"60.00","balance":"100.00","booking_date":"<today>","code":1,"counterparty":"2","direction":"debit","payment":"10","status":"posted_pending","timestamp":"<time>","user_data_64":"0","value_date":"<today>"},{"amount":"100.00","balance":"100.00","booking_date":"<today>","code":1,"counterparty":"2","direction":"credit","payment":"1","status":"posted","timestamp":"<time>","user_data_64":"0","value_date":"<today>"}],"next":null}
    "#]].assert_eq(&said);
}

#[tokio::test]
async fn a_reserve_expires_by_itself() {
    let bank = Bank::after(TWO_ACCOUNTS).await;
    let reserved = "pay id=10 from=1 to=2 amount=60 currency=CZK code=1 flags=[pending] timeout=1";
    assert_eq!(bank.line(reserved).await.status, 201);
    assert_eq!(bank.site.get("/v1/accounts/1").await.field("available"), "40.00");
    let before = bank.site.handle.status().seq;
    // Nobody asks for anything: the batch is time's own.
    until("time alone makes a batch", || bank.site.handle.status().seq > before).await;
    let said = bank
        .talk(
            "GET /v1/payments/10
             GET /v1/accounts/1
             GET /v1/accounts/1/statement?limit=1
             pay id=11 from=1 to=2 amount=60 currency=CZK code=1 flags=[post_pending_transfer] pending_id=10
             GET /v1/totals",
        )
        .await;
    expect![[r#"
        GET /v1/payments/10
            200 {"amount":"60.00","booking_date":"<today>","code":1,"credit_account":"2","currency":"CZK","debit_account":"1","flags":["pending"],"id":"10","status":"expired","timeout":1,"timestamp":"<time>","user_data_128":"0","user_data_32":0,"user_data_64":"0","value_date":"<today>"}
        GET /v1/accounts/1
            200 {"available":"100.00","balance":"100.00","code":1,"credits_pending":"0.00","credits_posted":"100.00","currency":"CZK","debits_pending":"0.00","debits_posted":"0.00","flags":["debits_must_not_exceed_credits"],"id":"1","is_control":false,"timestamp":"<time>","user_data_128":"0","user_data_32":0,"user_data_64":"0"}
        GET /v1/accounts/1/statement?limit=1
            200 {"account":"1","currency":"CZK","entries":[{"amount":"60.00","balance":"100.00","booking_date":"<today>","code":1,"counterparty":"2","direction":"debit","payment":"10","status":"expired","timestamp":"<time>","user_data_64":"0","value_date":"<today>"}],"next":"<next>"}
        pay id=11 from=1 to=2 amount=60 currency=CZK code=1 flags=[post_pending_transfer] pending_id=10
            422 LED-0035 | pending_transfer_expired | the pending transfer's timeout has passed
        GET /v1/totals
            200 {"accounts":2,"pending":0,"seq":7,"transfers":2}
    "#]].assert_eq(&said);
}
