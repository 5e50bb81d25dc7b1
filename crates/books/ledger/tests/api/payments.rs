//! Payments, balances and statements.

use expect_test::expect;

use crate::bank::Bank;

const TWO_ACCOUNTS: &str = "open id=1 currency=CZK code=1 flags=[debits_must_not_exceed_credits]
                            open id=2 currency=CZK code=1";

#[tokio::test]
async fn money_moves_and_every_page_agrees() {
    let bank = Bank::after(TWO_ACCOUNTS).await;
    let said = bank
        .talk(
            "pay id=100 from=2 to=1 amount=700 currency=CZK code=5 user_data_64=930101
             pay id=101 from=1 to=2 amount=0.01 currency=CZK code=6 user_data_128=9 user_data_32=8
             pay id=102 from=1 to=2 amount=0 currency=CZK code=6
             pay id=103 from=1 to=2 amount=700.00 currency=CZK code=6
             GET /v1/accounts/1
             GET /v1/accounts/2/balance
             GET /v1/accounts/1/statement
             GET /v1/payments/101
             GET /v1/payments/103
             GET /v1/payments
             GET /v1/totals",
        )
        .await;
    expect![[r#"
        pay id=100 from=2 to=1 amount=700 currency=CZK code=5 user_data_64=930101
            201 {"id":"100","status":"created","timestamp":"<time>"}
        pay id=101 from=1 to=2 amount=0.01 currency=CZK code=6 user_data_128=9 user_data_32=8
            201 {"id":"101","status":"created","timestamp":"<time>"}
        pay id=102 from=1 to=2 amount=0 currency=CZK code=6
            201 {"id":"102","status":"created","timestamp":"<time>"}
        pay id=103 from=1 to=2 amount=700.00 currency=CZK code=6
            422 LED-0054 | exceeds_credits | the debit account does not have that much available
        GET /v1/accounts/1
            200 {"available":"699.99","balance":"699.99","code":1,"credits_pending":"0.00","credits_posted":"700.00","currency":"CZK","debits_pending":"0.00","debits_posted":"0.01","flags":["debits_must_not_exceed_credits"],"id":"1","is_control":false,"timestamp":"<time>","user_data_128":"0","user_data_32":0,"user_data_64":"0"}
        GET /v1/accounts/2/balance
            200 {"account":"2","available":"-699.99","balance":"-699.99","credits_pending":"0.00","credits_posted":"0.01","currency":"CZK","debits_pending":"0.00","debits_posted":"700.00","seq":7}
        GET /v1/accounts/1/statement
            200 {"account":"1","currency":"CZK","entries":[{"amount":"0.00","balance":"699.99","booking_date":"<today>","code":6,"counterparty":"2","direction":"debit","payment":"102","status":"posted","timestamp":"<time>","user_data_64":"0","value_date":"<today>"},{"amount":"0.01","balance":"699.99","booking_date":"<today>","code":6,"counterparty":"2","direction":"debit","payment":"101","status":"posted","timestamp":"<time>","user_data_64":"0","value_date":"<today>"},{"amount":"700.00","balance":"700.00","booking_date":"<today>","code":5,"counterparty":"2","direction":"credit","payment":"100","status":"posted","timestamp":"<time>","user_data_64":"930101","value_date":"<today>"}],"next":null}
        GET /v1/payments/101
            200 {"amount":"0.01","booking_date":"<today>","code":6,"credit_account":"2","currency":"CZK","debit_account":"1","flags":[],"id":"101","status":"posted","timeout":0,"timestamp":"<time>","user_data_128":"9","user_data_32":8,"user_data_64":"0","value_date":"<today>"}
        GET /v1/payments/103
            404 API-0008 | payment 103 does not exist | payment 103 does not exist
        GET /v1/payments
            200 {"next":null,"payments":[{"amount":"0.00","booking_date":"<today>","code":6,"credit_account":"2","currency":"CZK","debit_account":"1","flags":[],"id":"102","status":"posted","timeout":0,"timestamp":"<time>","user_data_128":"0","user_data_32":0,"user_data_64":"0","value_date":"<today>"},{"amount":"0.01","booking_date":"<today>","code":6,"credit_account":"2","currency":"CZK","debit_account":"1","flags":[],"id":"101","status":"posted","timeout":0,"timestamp":"<time>","user_data_128":"9","user_data_32":8,"user_data_64":"0","value_date":"<today>"},{"amount":"700.00","booking_date":"<today>","code":5,"credit_account":"1","currency":"CZK","debit_account":"2","flags":[],"id":"100","status":"posted","timeout":0,"timestamp":"<time>","user_data_128":"0","user_data_32":0,"user_data_64":"930101","value_date":"<today>"}]}
        GET /v1/totals
            200 {"accounts":2,"pending":0,"seq":7,"transfers":3}
    "#]].assert_eq(&said);
}

#[tokio::test]
async fn statements_come_in_pages_with_running_balances() {
    let bank = Bank::after(TWO_ACCOUNTS).await;
    for id in 1..=7 {
        let paid = bank.line(&format!("pay id={id} from=2 to=1 amount={id}.00 currency=CZK code=1")).await;
        assert_eq!(paid.status, 201);
    }
    let (mut path, mut told) = ("/v1/accounts/1/statement?limit=3".to_owned(), String::new());
    loop {
        let page = bank.site.get(&path).await.json();
        for entry in page["entries"].as_array().unwrap() {
            let field = |name: &str| entry[name].as_str().unwrap().to_owned();
            told += &format!(
                "{} {} {} -> {}\n",
                field("payment"),
                field("direction"),
                field("amount"),
                field("balance")
            );
        }
        told += "--\n";
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/v1/accounts/1/statement?limit=3&before={next}");
    }
    expect![[r#"
        7 credit 7.00 -> 28.00
        6 credit 6.00 -> 21.00
        5 credit 5.00 -> 15.00
        --
        4 credit 4.00 -> 10.00
        3 credit 3.00 -> 6.00
        2 credit 2.00 -> 3.00
        --
        1 credit 1.00 -> 1.00
        --
    "#]]
    .assert_eq(&told);

    let (mut path, mut ids) = ("/v1/payments?limit=3".to_owned(), Vec::new());
    loop {
        let page = bank.site.get(&path).await.json();
        ids.extend(page["payments"].as_array().unwrap().iter().map(|payment| payment["id"].clone()));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/v1/payments?limit=3&before={next}");
    }
    assert_eq!(ids, ["7", "6", "5", "4", "3", "2", "1"]);
}

#[tokio::test]
async fn batches_succeed_or_are_refused_one_by_one_and_chains_as_one() {
    let bank = Bank::after(TWO_ACCOUNTS).await;
    let said = bank
        .talk(
            r#"POST /v1/payments/batch {"payments":[{"id":"1","debit_account":"2","credit_account":"1","amount":"10","currency":"CZK","code":1},{"id":"2","debit_account":"1","credit_account":"2","amount":"11","currency":"CZK","code":1},{"id":"1","debit_account":"2","credit_account":"1","amount":"10","currency":"CZK","code":1},{"id":"1","debit_account":"2","credit_account":"1","amount":"12","currency":"CZK","code":1}]}
               POST /v1/payments/batch {"id":"900","payments":[{"id":"3","debit_account":"1","credit_account":"2","amount":"4","currency":"CZK","code":1,"flags":["linked"]},{"id":"4","debit_account":"1","credit_account":"2","amount":"7","currency":"CZK","code":1}]}
               POST /v1/payments/batch {"id":"901","payments":[{"id":"5","debit_account":"1","credit_account":"2","amount":"4","currency":"CZK","code":1,"flags":["linked"]},{"id":"6","debit_account":"1","credit_account":"2","amount":"6","currency":"CZK","code":1}]}
               GET /v1/payments/3
               GET /v1/payments/5
               GET /v1/accounts/1/balance"#,
        )
        .await;
    expect![[r#"
        POST /v1/payments/batch {"payments":[{"id":"1","debit_account":"2","credit_account":"1","amount":"10","currency":"CZK","code":1},{"id":"2","debit_account":"1","credit_account":"2","amount":"11","currency":"CZK","code":1},{"id":"1","debit_account":"2","credit_account":"1","amount":"10","currency":"CZK","code":1},{"id":"1","debit_account":"2","credit_account":"1","amount":"12","currency":"CZK","code":1}]}
            200 {"created":1,"existing":1,"refused":[{"code":"LED-0054","id":"2","index":1,"status":"exceeds_credits"},{"code":"LED-0039","id":"1","index":3,"status":"exists_with_different_amount"}],"timestamp":"<time>"}
        POST /v1/payments/batch {"id":"900","payments":[{"id":"3","debit_account":"1","credit_account":"2","amount":"4","currency":"CZK","code":1,"flags":["linked"]},{"id":"4","debit_account":"1","credit_account":"2","amount":"7","currency":"CZK","code":1}]}
            200 {"created":0,"existing":0,"refused":[{"code":"LED-0001","id":"3","index":0,"status":"linked_event_failed"},{"code":"LED-0054","id":"4","index":1,"status":"exceeds_credits"}],"timestamp":"<time>"}
        POST /v1/payments/batch {"id":"901","payments":[{"id":"5","debit_account":"1","credit_account":"2","amount":"4","currency":"CZK","code":1,"flags":["linked"]},{"id":"6","debit_account":"1","credit_account":"2","amount":"6","currency":"CZK","code":1}]}
            200 {"created":2,"existing":0,"refused":[],"timestamp":"<time>"}
        GET /v1/payments/3
            404 API-0008 | payment 3 does not exist | payment 3 does not exist
        GET /v1/payments/5
            200 {"amount":"4.00","booking_date":"<today>","code":1,"credit_account":"2","currency":"CZK","debit_account":"1","flags":["linked"],"id":"5","status":"posted","timeout":0,"timestamp":"<time>","user_data_128":"0","user_data_32":0,"user_data_64":"0","value_date":"<today>"}
        GET /v1/accounts/1/balance
            200 {"account":"1","available":"0.00","balance":"0.00","credits_pending":"0.00","credits_posted":"10.00","currency":"CZK","debits_pending":"0.00","debits_posted":"10.00","seq":6}
    "#]].assert_eq(&said);
}

#[tokio::test]
async fn currencies_keep_their_own_digits_up_to_the_largest_amount() {
    let bank = Bank::after(
        "open id=1 currency=JPY code=1
         open id=2 currency=JPY code=1
         open id=3 currency=BHD code=1
         open id=4 currency=BHD code=1",
    )
    .await;
    let said = bank
        .talk(
            "pay id=10 from=3 to=4 amount=0.001 currency=BHD code=1
             GET /v1/accounts/3/balance
             pay id=11 from=1 to=2 amount=340282366920938463463374607431768211455 currency=JPY code=1
             GET /v1/accounts/1/balance
             GET /v1/accounts/2/statement
             pay id=12 from=1 to=2 amount=1 currency=JPY code=1
             pay id=13 from=2 to=1 amount=340282366920938463463374607431768211455 currency=JPY code=1
             GET /v1/accounts/1/balance",
        )
        .await;
    expect![[r#"
        pay id=10 from=3 to=4 amount=0.001 currency=BHD code=1
            201 {"id":"10","status":"created","timestamp":"<time>"}
        GET /v1/accounts/3/balance
            200 {"account":"3","available":"-0.001","balance":"-0.001","credits_pending":"0.000","credits_posted":"0.000","currency":"BHD","debits_pending":"0.000","debits_posted":"0.001","seq":6}
        pay id=11 from=1 to=2 amount=340282366920938463463374607431768211455 currency=JPY code=1
            201 {"id":"11","status":"created","timestamp":"<time>"}
        GET /v1/accounts/1/balance
            200 {"account":"1","available":"-340282366920938463463374607431768211455","balance":"-340282366920938463463374607431768211455","credits_pending":"0","credits_posted":"0","currency":"JPY","debits_pending":"0","debits_posted":"340282366920938463463374607431768211455","seq":7}
        GET /v1/accounts/2/statement
            200 {"account":"2","currency":"JPY","entries":[{"amount":"340282366920938463463374607431768211455","balance":"340282366920938463463374607431768211455","booking_date":"<today>","code":1,"counterparty":"1","direction":"credit","payment":"11","status":"posted","timestamp":"<time>","user_data_64":"0","value_date":"<today>"}],"next":null}
        pay id=12 from=1 to=2 amount=1 currency=JPY code=1
            422 LED-0049 | overflows_debits_posted | the debit account's posted debits would not fit into 128 bits
        pay id=13 from=2 to=1 amount=340282366920938463463374607431768211455 currency=JPY code=1
            201 {"id":"13","status":"created","timestamp":"<time>"}
        GET /v1/accounts/1/balance
            200 {"account":"1","available":"0","balance":"0","credits_pending":"0","credits_posted":"340282366920938463463374607431768211455","currency":"JPY","debits_pending":"0","debits_posted":"340282366920938463463374607431768211455","seq":9}
    "#]].assert_eq(&said);
}
