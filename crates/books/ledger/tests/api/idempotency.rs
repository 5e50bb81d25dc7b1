//! Doing the same thing twice is doing it once.

use expect_test::expect;

use crate::bank::{Bank, Site};
use shard::Role;

const START: &str = "open id=1 currency=CZK code=1 flags=[debits_must_not_exceed_credits]
                     open id=2 currency=CZK code=1
                     pay id=1 from=2 to=1 amount=100 currency=CZK code=1";
const PAYMENT: &str = "pay id=10 from=1 to=2 amount=60 currency=CZK code=1";
const BATCH: &str = r#"POST /v1/payments/batch {"id":"77","payments":[{"id":"20","debit_account":"1","credit_account":"2","amount":"1","currency":"CZK","code":1},{"id":"21","debit_account":"1","credit_account":"2","amount":"1000","currency":"CZK","code":1}]}"#;

#[tokio::test]
async fn the_same_request_gets_the_same_answer_also_after_a_restart_and_from_the_next_leader() {
    let mut bank = Bank::after(START).await;
    let requests = [
        PAYMENT,
        BATCH,
        "open id=3 currency=EUR code=2",
        r#"POST /v1/accounts/batch {"accounts":[{"id":"4","currency":"CZK","code":1}]}"#,
    ];
    let mut first = Vec::new();
    for request in requests {
        let answer = bank.line(request).await;
        assert!(answer.status < 300 && !answer.is_repeated(), "{answer:?}");
        first.push(answer);
    }
    // What came since changes nothing about the answer.
    assert_eq!(bank.line("pay id=11 from=2 to=1 amount=9 currency=CZK code=1").await.status, 201);
    let before = bank.digest().await;
    for round in 0..3 {
        for (request, first) in requests.iter().zip(&first) {
            let again = bank.line(request).await;
            assert_eq!((again.status, &again.body), (first.status, &first.body), "round {round}: {request}");
            assert!(again.is_repeated(), "round {round}: {request}");
        }
        assert_eq!(bank.digest().await, before, "round {round}");
        bank = bank.restarted().await;
    }

    let next = Site::start(bank.folder.path(), "east-2", 1).until(Role::Follower).await;
    bank.site.stop().await;
    let bank = Bank { folder: bank.folder, site: next.until(Role::Leader).await };
    for (request, first) in requests.iter().zip(&first) {
        let again = bank.line(request).await;
        assert_eq!((again.is_repeated(), &again.body), (true, &first.body), "{request}");
    }
    assert_eq!(bank.digest().await, before);
}

#[tokio::test]
async fn the_same_payment_under_another_roof_is_the_same_payment() {
    let bank = Bank::after(START).await;
    let first = bank.line(PAYMENT).await;
    let said = bank
        .talk(
            r#"POST /v1/payments/batch {"payments":[{"id":"10","debit_account":"1","credit_account":"2","amount":"60.00","currency":"CZK","code":1}]}
               POST /v1/payments/batch {"payments":[{"id":"10","debit_account":"1","credit_account":"2","amount":"60.00","currency":"CZK","code":1},{"id":"30","debit_account":"1","credit_account":"2","amount":"1","currency":"CZK","code":1}]}
               GET /v1/accounts/1/balance"#,
        )
        .await;
    expect![[r#"
        POST /v1/payments/batch {"payments":[{"id":"10","debit_account":"1","credit_account":"2","amount":"60.00","currency":"CZK","code":1}]}
            200 again {"created":1,"existing":0,"refused":[],"timestamp":"<time>"}
        POST /v1/payments/batch {"payments":[{"id":"10","debit_account":"1","credit_account":"2","amount":"60.00","currency":"CZK","code":1},{"id":"30","debit_account":"1","credit_account":"2","amount":"1","currency":"CZK","code":1}]}
            200 {"created":1,"existing":1,"refused":[],"timestamp":"<time>"}
        GET /v1/accounts/1/balance
            200 {"account":"1","available":"39.00","balance":"39.00","credits_pending":"0.00","credits_posted":"100.00","currency":"CZK","debits_pending":"0.00","debits_posted":"61.00","seq":6}
    "#]].assert_eq(&said);
    let spelled = r#"POST /v1/payments {"code":1,"currency":"CZK","amount":"060","credit_account":"00000000-0000-0000-0000-000000000002","debit_account":"1","id":"10","flags":[],"timeout":0}"#;
    let again = bank.line(spelled).await;
    assert_eq!((again.status, &again.body, again.is_repeated()), (201, &first.body, true));
}

#[tokio::test]
async fn the_same_id_with_other_content_is_refused_by_the_name_of_the_field() {
    let bank = Bank::after(START).await;
    assert_eq!(bank.line(PAYMENT).await.status, 201);
    assert_eq!(bank.line("open id=3 currency=CZK code=1").await.status, 201);
    let before = bank.books().await;
    let said = bank
        .talk(
            "pay id=10 from=3 to=2 amount=60 currency=CZK code=1
             pay id=10 from=1 to=3 amount=60 currency=CZK code=1
             pay id=10 from=1 to=2 amount=60.01 currency=CZK code=1
             pay id=10 from=1 to=2 amount=60 currency=EUR code=1
             pay id=10 from=1 to=2 amount=60 currency=CZK code=2
             pay id=10 from=1 to=2 amount=60 currency=CZK code=1 flags=[pending]
             pay id=10 from=1 to=2 amount=60 currency=CZK code=1 timeout=1
             pay id=10 from=1 to=2 amount=60 currency=CZK code=1 pending_id=5
             pay id=10 from=1 to=2 amount=60 currency=CZK code=1 user_data_128=1
             pay id=10 from=1 to=2 amount=60 currency=CZK code=1 user_data_64=1
             pay id=10 from=1 to=2 amount=60 currency=CZK code=1 user_data_32=1",
        )
        .await;
    expect![[r#"
        pay id=10 from=3 to=2 amount=60 currency=CZK code=1
            409 LED-0037 | exists_with_different_debit_account_id | a transfer with this id debits another account
        pay id=10 from=1 to=3 amount=60 currency=CZK code=1
            409 LED-0038 | exists_with_different_credit_account_id | a transfer with this id credits another account
        pay id=10 from=1 to=2 amount=60.01 currency=CZK code=1
            409 LED-0039 | exists_with_different_amount | a transfer with this id moved another amount
        pay id=10 from=1 to=2 amount=60 currency=EUR code=1
            409 LED-0067 | exists_with_different_ledger | a transfer with this id belongs to another ledger
        pay id=10 from=1 to=2 amount=60 currency=CZK code=2
            409 LED-0045 | exists_with_different_code | a transfer with this id has another code
        pay id=10 from=1 to=2 amount=60 currency=CZK code=1 flags=[pending]
            409 LED-0036 | exists_with_different_flags | a transfer with this id has other flags
        pay id=10 from=1 to=2 amount=60 currency=CZK code=1 timeout=1
            409 LED-0044 | exists_with_different_timeout | a transfer with this id has another timeout
        pay id=10 from=1 to=2 amount=60 currency=CZK code=1 pending_id=5
            409 LED-0040 | exists_with_different_pending_id | a transfer with this id resolves another pending transfer
        pay id=10 from=1 to=2 amount=60 currency=CZK code=1 user_data_128=1
            409 LED-0041 | exists_with_different_user_data_128 | a transfer with this id has another user_data_128
        pay id=10 from=1 to=2 amount=60 currency=CZK code=1 user_data_64=1
            409 LED-0042 | exists_with_different_user_data_64 | a transfer with this id has another user_data_64
        pay id=10 from=1 to=2 amount=60 currency=CZK code=1 user_data_32=1
            409 LED-0043 | exists_with_different_user_data_32 | a transfer with this id has another user_data_32
    "#]].assert_eq(&said);
    assert_eq!(bank.books().await, before);
}

#[tokio::test]
async fn what_was_refused_stays_refused_under_its_id() {
    let mut bank = Bank::after(START).await;
    let said = bank
        .talk(
            "pay id=50 from=1 to=2 amount=500 currency=CZK code=1
             pay id=51 from=2 to=1 amount=1000 currency=CZK code=1
             pay id=50 from=1 to=2 amount=500 currency=CZK code=1
             pay id=50 from=1 to=2 amount=499 currency=CZK code=1
             GET /v1/payments/50",
        )
        .await;
    expect![[r#"
        pay id=50 from=1 to=2 amount=500 currency=CZK code=1
            422 LED-0054 | exceeds_credits | the debit account does not have that much available
        pay id=51 from=2 to=1 amount=1000 currency=CZK code=1
            201 {"id":"51","status":"created","timestamp":"<time>"}
        pay id=50 from=1 to=2 amount=500 currency=CZK code=1
            422 LED-0054 | exceeds_credits | the debit account does not have that much available
        pay id=50 from=1 to=2 amount=499 currency=CZK code=1
            422 LED-0068 | id_already_failed | a transfer with this id was refused before, and stays refused
        GET /v1/payments/50
            404 API-0008 | payment 50 does not exist | payment 50 does not exist
    "#]]
    .assert_eq(&said);
    bank = bank.restarted().await;
    let later = bank.line("pay id=50 from=1 to=2 amount=500 currency=CZK code=1").await;
    assert_eq!((later.status, later.field("code").as_str()), (422, "LED-0054"));
    assert_eq!(bank.line("pay id=52 from=1 to=2 amount=500 currency=CZK code=1").await.status, 201);
}

#[tokio::test]
async fn a_batchs_id_stands_for_one_batch() {
    let bank = Bank::after(START).await;
    let said = bank
        .talk(
            r#"POST /v1/payments/batch {"id":"77","payments":[{"id":"20","debit_account":"1","credit_account":"2","amount":"1","currency":"CZK","code":1}]}
               POST /v1/payments/batch {"id":"77","payments":[{"id":"20","debit_account":"1","credit_account":"2","amount":"1","currency":"CZK","code":1}]}
               POST /v1/payments/batch {"id":"77","payments":[{"id":"22","debit_account":"1","credit_account":"2","amount":"1","currency":"CZK","code":1}]}
               POST /v1/payments/batch {"id":"78","payments":[{"id":"20","debit_account":"1","credit_account":"2","amount":"1","currency":"CZK","code":1}]}
               GET /v1/payments/22
               GET /v1/accounts/1/balance"#,
        )
        .await;
    expect![[r#"
        POST /v1/payments/batch {"id":"77","payments":[{"id":"20","debit_account":"1","credit_account":"2","amount":"1","currency":"CZK","code":1}]}
            200 {"created":1,"existing":0,"refused":[],"timestamp":"<time>"}
        POST /v1/payments/batch {"id":"77","payments":[{"id":"20","debit_account":"1","credit_account":"2","amount":"1","currency":"CZK","code":1}]}
            200 again {"created":1,"existing":0,"refused":[],"timestamp":"<time>"}
        POST /v1/payments/batch {"id":"77","payments":[{"id":"22","debit_account":"1","credit_account":"2","amount":"1","currency":"CZK","code":1}]}
            409 SHD-0003 | the same request id was used before with other content | the same request id was used before with other content
        POST /v1/payments/batch {"id":"78","payments":[{"id":"20","debit_account":"1","credit_account":"2","amount":"1","currency":"CZK","code":1}]}
            200 {"created":0,"existing":1,"refused":[],"timestamp":"<time>"}
        GET /v1/payments/22
            404 API-0008 | payment 22 does not exist | payment 22 does not exist
        GET /v1/accounts/1/balance
            200 {"account":"1","available":"99.00","balance":"99.00","credits_pending":"0.00","credits_posted":"100.00","currency":"CZK","debits_pending":"0.00","debits_posted":"1.00","seq":6}
    "#]].assert_eq(&said);
}
