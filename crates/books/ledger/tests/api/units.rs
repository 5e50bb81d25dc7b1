//! Ledgers that are counted in units of the bank's own.

use expect_test::expect;

use crate::bank::Bank;

const GOLD: &str = r#"POST /v1/units {"code":"XAU-G","ledger":1000,"minor_digits":3}"#;

#[tokio::test]
async fn amounts_are_written_and_shown_in_the_declared_unit_everywhere() {
    let bank = Bank::after(&format!(
        "{GOLD}
         open id=1 currency=XAU-G code=10
         open id=2 currency=1000 code=20"
    ))
    .await;
    let said = bank
        .talk(
            r#"pay id=10 from=1 to=2 amount=31.103 currency=XAU-G code=1
               pay id=11 from=1 to=2 amount=1.5 currency=1000 code=1 flags=[pending]
               POST /v1/payments/batch {"payments":[{"id":"12","debit_account":"2","credit_account":"1","amount":"0.001","currency":"XAU-G","code":1}]}
               GET /v1/payments/10
               GET /v1/accounts/2
               GET /v1/accounts/2/balance
               GET /v1/accounts/2/statement?limit=1
               GET /v1/pending
               GET /v1/trial-balance?currency=XAU-G
               GET /v1/units"#,
        )
        .await;
    expect![[r#"
        pay id=10 from=1 to=2 amount=31.103 currency=XAU-G code=1
            201 {"id":"10","status":"created","timestamp":"<time>"}
        pay id=11 from=1 to=2 amount=1.5 currency=1000 code=1 flags=[pending]
            201 {"id":"11","status":"created","timestamp":"<time>"}
        POST /v1/payments/batch {"payments":[{"id":"12","debit_account":"2","credit_account":"1","amount":"0.001","currency":"XAU-G","code":1}]}
            200 {"created":1,"existing":0,"refused":[],"timestamp":"<time>"}
        GET /v1/payments/10
            200 {"amount":"31.103","booking_date":"<today>","code":1,"credit_account":"2","currency":"XAU-G","debit_account":"1","flags":[],"id":"10","status":"posted","timeout":0,"timestamp":"<time>","user_data_128":"0","user_data_32":0,"user_data_64":"0","value_date":"<today>"}
        GET /v1/accounts/2
            200 {"available":"31.102","balance":"31.102","code":20,"credits_pending":"1.500","credits_posted":"31.103","currency":"XAU-G","debits_pending":"0.000","debits_posted":"0.001","flags":[],"id":"2","is_control":false,"timestamp":"<time>","user_data_128":"0","user_data_32":0,"user_data_64":"0"}
        GET /v1/accounts/2/balance
            200 {"account":"2","available":"31.102","balance":"31.102","credits_pending":"1.500","credits_posted":"31.103","currency":"XAU-G","debits_pending":"0.000","debits_posted":"0.001","seq":7}
        GET /v1/accounts/2/statement?limit=1
            200 {"account":"2","currency":"XAU-G","entries":[{"amount":"0.001","balance":"31.102","booking_date":"<today>","code":1,"counterparty":"1","direction":"debit","payment":"12","status":"posted","timestamp":"<time>","user_data_64":"0","value_date":"<today>"}],"next":"<next>"}
        GET /v1/pending
            200 {"next":null,"now":"<time>","pending":[{"amount":"1.500","code":1,"credit_account":"2","currency":"XAU-G","debit_account":"1","expires_at":null,"id":"11","timestamp":"<time>","user_data_128":"0","user_data_32":0,"user_data_64":"0"}]}
        GET /v1/trial-balance?currency=XAU-G
            200 {"balanced":true,"currencies":[{"balanced":true,"codes":[{"code":10,"sums":{"accounts":1,"balance":"-31.102","credits_pending":"0.000","credits_posted":"0.001","debits_pending":"1.500","debits_posted":"31.103"}},{"code":20,"sums":{"accounts":1,"balance":"31.102","credits_pending":"1.500","credits_posted":"31.103","debits_pending":"0.000","debits_posted":"0.001"}}],"currency":"XAU-G","total":{"accounts":2,"balance":"0.000","credits_pending":"1.500","credits_posted":"31.104","debits_pending":"1.500","debits_posted":"31.104"}}],"seq":7,"timestamp":"<time>"}
        GET /v1/units
            200 {"units":[{"code":"XAU-G","ledger":1000,"minor_digits":3}]}
    "#]].assert_eq(&said);
    for path in ["/v1/transfers?currency=XAU-G", "/v1/transfers?currency=1000"] {
        assert_eq!(bank.site.get(path).await.json()["transfers"][0]["amount"], "0.001", "{path}");
    }
    assert_eq!(bank.site.get("/v1/accounts?currency=XAU-G").await.json()["accounts"][1]["currency"], "XAU-G");
}

#[tokio::test]
async fn a_unit_is_declared_once_and_for_good() {
    let bank = Bank::open().await;
    let said = bank
        .talk(&format!(
            r#"{GOLD}
               {GOLD}
               POST /v1/units {{"code":"XAU-G","ledger":1000,"minor_digits":2}}
               POST /v1/units {{"code":"XAG-G","ledger":1000,"minor_digits":3}}
               POST /v1/units {{"code":"XAU-G","ledger":1001,"minor_digits":3}}
               POST /v1/units {{"code":"XAU-KG","ledger":0,"minor_digits":3}}
               POST /v1/units {{"code":"XAU-KG","ledger":999,"minor_digits":3}}
               POST /v1/units {{"code":"XAU-KG","ledger":1001,"minor_digits":19}}
               POST /v1/units {{"code":"600519.SH","ledger":4294967295,"minor_digits":0}}
               GET /v1/units"#
        ))
        .await;
    expect![[r#"
        POST /v1/units {"code":"XAU-G","ledger":1000,"minor_digits":3}
            201 {"code":"XAU-G","ledger":1000,"minor_digits":3}
        POST /v1/units {"code":"XAU-G","ledger":1000,"minor_digits":3}
            201 again {"code":"XAU-G","ledger":1000,"minor_digits":3}
        POST /v1/units {"code":"XAU-G","ledger":1000,"minor_digits":2}
            409 LED-0306 | exists_with_different_unit | the ledger has another unit; what was booked in it cannot change its meaning
        POST /v1/units {"code":"XAG-G","ledger":1000,"minor_digits":3}
            409 LED-0306 | exists_with_different_unit | the ledger has another unit; what was booked in it cannot change its meaning
        POST /v1/units {"code":"XAU-G","ledger":1001,"minor_digits":3}
            409 LED-0307 | unit_code_taken | another ledger has this code
        POST /v1/units {"code":"XAU-KG","ledger":0,"minor_digits":3}
            422 LED-0302 | ledger_must_not_be_zero | the unit has no ledger
        POST /v1/units {"code":"XAU-KG","ledger":999,"minor_digits":3}
            422 LED-0303 | ledger_is_currency | numbers below 1000 belong to the currencies of ISO 4217, whose minor units are known
        POST /v1/units {"code":"XAU-KG","ledger":1001,"minor_digits":19}
            422 LED-0305 | minor_digits_out_of_range | a unit has at most 18 digits after the point
        POST /v1/units {"code":"600519.SH","ledger":4294967295,"minor_digits":0}
            201 {"code":"600519.SH","ledger":4294967295,"minor_digits":0}
        GET /v1/units
            200 {"units":[{"code":"XAU-G","ledger":1000,"minor_digits":3},{"code":"600519.SH","ledger":4294967295,"minor_digits":0}]}
    "#]].assert_eq(&said);
}

#[tokio::test]
async fn what_is_not_declared_cannot_be_paid_in() {
    let bank = Bank::after("open id=1 currency=CZK code=1").await;
    for currency in ["XAU-G", "1000"] {
        let open = format!("open id=7 currency={currency} code=1");
        let pay = format!("pay id=7 from=1 to=2 amount=5 currency={currency} code=1");
        let search = format!("GET /v1/transfers?currency={currency}");
        let answers = [bank.line(&open).await, bank.line(&pay).await];
        for answer in answers {
            assert_eq!((answer.status, answer.field("code").as_str()), (400, "API-0014"), "{answer:?}");
        }
        // A ledger that a client of TigerBeetle's protocol has opened can be searched by its number.
        let expected = if currency == "1000" { 200 } else { 400 };
        assert_eq!(bank.line(&search).await.status, expected);
    }
    assert_eq!(bank.line(GOLD).await.status, 201);
    assert_eq!(bank.line("open id=7 currency=XAU-G code=1").await.status, 201);
    let pay = bank.line("pay id=7 from=1 to=7 amount=0.0005 currency=XAU-G code=1").await;
    assert_eq!((pay.status, pay.field("code").as_str()), (400, "API-0015"));
    assert_eq!(pay.field("detail"), "the amount has more than the 3 digits after the point of XAU-G");
}

#[tokio::test]
async fn units_outlive_a_restart() {
    let mut bank = Bank::after(&format!("{GOLD}\nopen id=1 currency=XAU-G code=1")).await;
    bank = bank.restarted().await;
    assert_eq!(bank.site.get("/v1/accounts/1").await.field("balance"), "0.000");
    assert!(bank.line(GOLD).await.is_repeated());
}
