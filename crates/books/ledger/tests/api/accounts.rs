//! Accounts: opened, shown, listed.

use expect_test::expect;

use crate::bank::Bank;

#[tokio::test]
async fn accounts_are_opened_and_shown() {
    let bank = Bank::open().await;
    let said = bank
        .talk(
            "open id=1 currency=CZK code=1
             open id=1 currency=CZK code=1
             open id=0190163d-8694-739b-aea5-966c26f8ad91 currency=JPY code=7 flags=[debits_must_not_exceed_credits] user_data_128=340282366920938463463374607431768211455 user_data_64=18446744073709551615 user_data_32=4294967295
             GET /v1/accounts/1
             GET /v1/accounts/00000000-0000-0000-0000-000000000001
             GET /v1/accounts/0190163D-8694-739B-AEA5-966C26F8AD91
             GET /v1/accounts/1/balance
             GET /v1/accounts/1/statement
             GET /v1/accounts/2
             GET /v1/accounts/2/balance
             GET /v1/accounts/2/statement",
        )
        .await;
    expect![[r#"
        open id=1 currency=CZK code=1
            201 {"available":"0.00","balance":"0.00","code":1,"credits_pending":"0.00","credits_posted":"0.00","currency":"CZK","debits_pending":"0.00","debits_posted":"0.00","flags":[],"id":"1","is_control":false,"timestamp":"<time>","user_data_128":"0","user_data_32":0,"user_data_64":"0"}
        open id=1 currency=CZK code=1
            201 again {"available":"0.00","balance":"0.00","code":1,"credits_pending":"0.00","credits_posted":"0.00","currency":"CZK","debits_pending":"0.00","debits_posted":"0.00","flags":[],"id":"1","is_control":false,"timestamp":"<time>","user_data_128":"0","user_data_32":0,"user_data_64":"0"}
        open id=0190163d-8694-739b-aea5-966c26f8ad91 currency=JPY code=7 flags=[debits_must_not_exceed_credits] user_data_128=340282366920938463463374607431768211455 user_data_64=18446744073709551615 user_data_32=4294967295
            201 {"available":"0","balance":"0","code":7,"credits_pending":"0","credits_posted":"0","currency":"JPY","debits_pending":"0","debits_posted":"0","flags":["debits_must_not_exceed_credits"],"id":"0190163d-8694-739b-aea5-966c26f8ad91","is_control":false,"timestamp":"<time>","user_data_128":"340282366920938463463374607431768211455","user_data_32":4294967295,"user_data_64":"18446744073709551615"}
        GET /v1/accounts/1
            200 {"available":"0.00","balance":"0.00","code":1,"credits_pending":"0.00","credits_posted":"0.00","currency":"CZK","debits_pending":"0.00","debits_posted":"0.00","flags":[],"id":"1","is_control":false,"timestamp":"<time>","user_data_128":"0","user_data_32":0,"user_data_64":"0"}
        GET /v1/accounts/00000000-0000-0000-0000-000000000001
            200 {"available":"0.00","balance":"0.00","code":1,"credits_pending":"0.00","credits_posted":"0.00","currency":"CZK","debits_pending":"0.00","debits_posted":"0.00","flags":[],"id":"1","is_control":false,"timestamp":"<time>","user_data_128":"0","user_data_32":0,"user_data_64":"0"}
        GET /v1/accounts/0190163D-8694-739B-AEA5-966C26F8AD91
            200 {"available":"0","balance":"0","code":7,"credits_pending":"0","credits_posted":"0","currency":"JPY","debits_pending":"0","debits_posted":"0","flags":["debits_must_not_exceed_credits"],"id":"0190163d-8694-739b-aea5-966c26f8ad91","is_control":false,"timestamp":"<time>","user_data_128":"340282366920938463463374607431768211455","user_data_32":4294967295,"user_data_64":"18446744073709551615"}
        GET /v1/accounts/1/balance
            200 {"account":"1","available":"0.00","balance":"0.00","credits_pending":"0.00","credits_posted":"0.00","currency":"CZK","debits_pending":"0.00","debits_posted":"0.00","seq":3}
        GET /v1/accounts/1/statement
            200 {"account":"1","currency":"CZK","entries":[],"next":null}
        GET /v1/accounts/2
            404 API-0007 | account 2 does not exist | account 2 does not exist
        GET /v1/accounts/2/balance
            404 API-0007 | account 2 does not exist | account 2 does not exist
        GET /v1/accounts/2/statement
            404 API-0007 | account 2 does not exist | account 2 does not exist
    "#]].assert_eq(&said);
}

#[tokio::test]
async fn the_same_id_with_other_content_is_refused_by_the_name_of_the_field() {
    let bank = Bank::after("open id=1 currency=CZK code=1 user_data_32=5").await;
    let before = bank.books().await;
    let said = bank
        .talk(
            "open id=1 currency=EUR code=1 user_data_32=5
             open id=1 currency=CZK code=2 user_data_32=5
             open id=1 currency=CZK code=1 user_data_32=6
             open id=1 currency=CZK code=1 user_data_32=5 user_data_64=1
             open id=1 currency=CZK code=1 user_data_32=5 user_data_128=1
             open id=1 currency=CZK code=1 user_data_32=5 flags=[credits_must_not_exceed_debits]",
        )
        .await;
    expect![[r#"
        open id=1 currency=EUR code=1 user_data_32=5
            409 LED-0119 | exists_with_different_ledger | an account with this id belongs to another ledger
        open id=1 currency=CZK code=2 user_data_32=5
            409 LED-0120 | exists_with_different_code | an account with this id has another code
        open id=1 currency=CZK code=1 user_data_32=6
            409 LED-0118 | exists_with_different_user_data_32 | an account with this id has another user_data_32
        open id=1 currency=CZK code=1 user_data_32=5 user_data_64=1
            409 LED-0117 | exists_with_different_user_data_64 | an account with this id has another user_data_64
        open id=1 currency=CZK code=1 user_data_32=5 user_data_128=1
            409 LED-0116 | exists_with_different_user_data_128 | an account with this id has another user_data_128
        open id=1 currency=CZK code=1 user_data_32=5 flags=[credits_must_not_exceed_debits]
            409 LED-0115 | exists_with_different_flags | an account with this id has other flags
    "#]].assert_eq(&said);
    assert_eq!(bank.books().await, before);
}

#[tokio::test]
async fn batches_say_what_became_of_each() {
    let bank = Bank::after("open id=1 currency=CZK code=1").await;
    let said = bank
        .talk(
            r#"POST /v1/accounts/batch {"accounts":[{"id":"1","currency":"CZK","code":1},{"id":"2","currency":"CZK","code":1},{"id":"1","currency":"CZK","code":2},{"id":"3","currency":"CZK","code":0},{"id":"4","currency":"CZK","code":1,"flags":["debits_must_not_exceed_credits","credits_must_not_exceed_debits"]}]}
               POST /v1/accounts/batch {"accounts":[{"id":"5","currency":"CZK","code":1,"flags":["linked"]},{"id":"6","currency":"CZK","code":0}]}
               POST /v1/accounts/batch {"accounts":[{"id":"7","currency":"CZK","code":1,"flags":["linked"]},{"id":"8","currency":"CZK","code":1}]}
               GET /v1/accounts/5
               GET /v1/accounts/7"#,
        )
        .await;
    expect![[r#"
        POST /v1/accounts/batch {"accounts":[{"id":"1","currency":"CZK","code":1},{"id":"2","currency":"CZK","code":1},{"id":"1","currency":"CZK","code":2},{"id":"3","currency":"CZK","code":0},{"id":"4","currency":"CZK","code":1,"flags":["debits_must_not_exceed_credits","credits_must_not_exceed_debits"]}]}
            200 {"created":1,"existing":1,"refused":[{"code":"LED-0120","id":"1","index":2,"status":"exists_with_different_code"},{"code":"LED-0114","id":"3","index":3,"status":"code_must_not_be_zero"},{"code":"LED-0108","id":"4","index":4,"status":"flags_are_mutually_exclusive"}]}
        POST /v1/accounts/batch {"accounts":[{"id":"5","currency":"CZK","code":1,"flags":["linked"]},{"id":"6","currency":"CZK","code":0}]}
            200 {"created":0,"existing":0,"refused":[{"code":"LED-0101","id":"5","index":0,"status":"linked_event_failed"},{"code":"LED-0114","id":"6","index":1,"status":"code_must_not_be_zero"}]}
        POST /v1/accounts/batch {"accounts":[{"id":"7","currency":"CZK","code":1,"flags":["linked"]},{"id":"8","currency":"CZK","code":1}]}
            200 {"created":2,"existing":0,"refused":[]}
        GET /v1/accounts/5
            404 API-0007 | account 5 does not exist | account 5 does not exist
        GET /v1/accounts/7
            200 {"available":"0.00","balance":"0.00","code":1,"credits_pending":"0.00","credits_posted":"0.00","currency":"CZK","debits_pending":"0.00","debits_posted":"0.00","flags":["linked"],"id":"7","is_control":false,"timestamp":"<time>","user_data_128":"0","user_data_32":0,"user_data_64":"0"}
    "#]].assert_eq(&said);
}

#[tokio::test]
async fn lists_come_in_pages_in_the_order_of_creation() {
    let bank = Bank::open().await;
    for id in [30, 10, 50, 20, 40] {
        assert_eq!(bank.line(&format!("open id={id} currency=CZK code=1")).await.status, 201);
    }
    let large = "open id=ffffffff-ffff-ffff-ffff-fffffffffffe currency=CZK code=1";
    assert_eq!(bank.line(large).await.status, 201);
    let (mut path, mut ids) = ("/v1/accounts?limit=2".to_owned(), Vec::new());
    loop {
        let page = bank.site.get(&path).await.json();
        let accounts = page["accounts"].as_array().unwrap();
        assert_eq!(accounts.len(), 2);
        ids.extend(accounts.iter().map(|account| account["id"].as_str().unwrap().to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/v1/accounts?limit=2&after={next}");
    }
    assert_eq!(ids, ["30", "10", "50", "20", "40", "ffffffff-ffff-ffff-ffff-fffffffffffe"]);

    let all = bank.site.get("/v1/accounts").await.json();
    assert_eq!((all["accounts"].as_array().unwrap().len(), all["next"].is_null()), (6, true));
    let after = bank.site.get("/v1/accounts?after=50&limit=1000").await.json();
    assert_eq!(after["accounts"][0]["id"], "20");
    let unknown = bank.site.get("/v1/accounts?after=35").await;
    assert_eq!(unknown.body, r#"{"accounts":[],"next":null}"#);
    let none = bank.site.get("/v1/accounts?after=ffffffff-ffff-ffff-ffff-fffffffffffe").await;
    assert_eq!(none.body, r#"{"accounts":[],"next":null}"#);
}
