//! Every flag of the ledger by its name: balancing, closing, imported.

use expect_test::expect;

use crate::bank::Bank;

#[tokio::test]
async fn a_balancing_payment_moves_what_is_there() {
    let bank = Bank::after(
        "open id=1 currency=CZK code=1 flags=[debits_must_not_exceed_credits,history]
         open id=2 currency=CZK code=1 flags=[credits_must_not_exceed_debits]
         pay id=1 from=2 to=1 amount=100 currency=CZK code=1",
    )
    .await;
    let said = bank
        .talk(
            "pay id=2 from=1 to=2 amount=150 currency=CZK code=1 flags=[balancing_debit,balancing_credit]
             pay id=2 from=1 to=2 amount=150 currency=CZK code=1 flags=[balancing_debit,balancing_credit]
             pay id=2 from=1 to=2 amount=99 currency=CZK code=1 flags=[balancing_debit,balancing_credit]
             GET /v1/payments/2
             GET /v1/accounts/1",
        )
        .await;
    expect![[r#"
        pay id=2 from=1 to=2 amount=150 currency=CZK code=1 flags=[balancing_debit,balancing_credit]
            201 {"id":"2","status":"created","timestamp":"<time>"}
        pay id=2 from=1 to=2 amount=150 currency=CZK code=1 flags=[balancing_debit,balancing_credit]
            201 again {"id":"2","status":"created","timestamp":"<time>"}
        pay id=2 from=1 to=2 amount=99 currency=CZK code=1 flags=[balancing_debit,balancing_credit]
            409 LED-0039 | exists_with_different_amount | a transfer with this id moved another amount
        GET /v1/payments/2
            200 {"amount":"100.00","booking_date":"<today>","code":1,"credit_account":"2","currency":"CZK","debit_account":"1","flags":["balancing_debit","balancing_credit"],"id":"2","status":"posted","timeout":0,"timestamp":"<time>","user_data_128":"0","user_data_32":0,"user_data_64":"0","value_date":"<today>"}
        GET /v1/accounts/1
            200 {"available":"0.00","balance":"0.00","code":1,"credits_pending":"0.00","credits_posted":"100.00","currency":"CZK","debits_pending":"0.00","debits_posted":"100.00","flags":["debits_must_not_exceed_credits","history"],"id":"1","is_control":false,"timestamp":"<time>","user_data_128":"0","user_data_32":0,"user_data_64":"0"}
    "#]].assert_eq(&said);
}

#[tokio::test]
async fn a_closing_payment_closes_until_it_is_voided() {
    let bank = Bank::after("open id=1 currency=CZK code=1\nopen id=2 currency=CZK code=1").await;
    let said = bank
        .talk(
            "pay id=1 from=1 to=2 amount=0 currency=CZK code=1 flags=[closing_debit]
             pay id=1 from=1 to=2 amount=0 currency=CZK code=1 flags=[pending,closing_debit]
             GET /v1/accounts/1
             pay id=2 from=1 to=2 amount=1 currency=CZK code=1
             pay id=3 from=2 to=1 amount=1 currency=CZK code=1
             pay id=4 from=1 to=2 amount=0 currency=CZK code=1 flags=[void_pending_transfer] pending_id=1
             GET /v1/accounts/1
             pay id=2 from=1 to=2 amount=1 currency=CZK code=1
             open id=3 currency=CZK code=1 flags=[closed]
             pay id=5 from=3 to=2 amount=1 currency=CZK code=1",
        )
        .await;
    expect![[r#"
        pay id=1 from=1 to=2 amount=0 currency=CZK code=1 flags=[closing_debit]
            422 LED-0064 | closing_transfer_must_be_pending | the transfer closes an account, but is not pending
        pay id=1 from=1 to=2 amount=0 currency=CZK code=1 flags=[pending,closing_debit]
            201 {"id":"1","status":"created","timestamp":"<time>"}
        GET /v1/accounts/1
            200 {"available":"0.00","balance":"0.00","code":1,"credits_pending":"0.00","credits_posted":"0.00","currency":"CZK","debits_pending":"0.00","debits_posted":"0.00","flags":["closed"],"id":"1","is_control":false,"timestamp":"<time>","user_data_128":"0","user_data_32":0,"user_data_64":"0"}
        pay id=2 from=1 to=2 amount=1 currency=CZK code=1
            422 LED-0065 | debit_account_already_closed | the debit account is closed
        pay id=3 from=2 to=1 amount=1 currency=CZK code=1
            422 LED-0066 | credit_account_already_closed | the credit account is closed
        pay id=4 from=1 to=2 amount=0 currency=CZK code=1 flags=[void_pending_transfer] pending_id=1
            201 {"id":"4","status":"created","timestamp":"<time>"}
        GET /v1/accounts/1
            200 {"available":"0.00","balance":"0.00","code":1,"credits_pending":"0.00","credits_posted":"0.00","currency":"CZK","debits_pending":"0.00","debits_posted":"0.00","flags":[],"id":"1","is_control":false,"timestamp":"<time>","user_data_128":"0","user_data_32":0,"user_data_64":"0"}
        pay id=2 from=1 to=2 amount=1 currency=CZK code=1
            422 LED-0065 | debit_account_already_closed | the debit account is closed
        open id=3 currency=CZK code=1 flags=[closed]
            201 {"available":"0.00","balance":"0.00","code":1,"credits_pending":"0.00","credits_posted":"0.00","currency":"CZK","debits_pending":"0.00","debits_posted":"0.00","flags":["closed"],"id":"3","is_control":false,"timestamp":"<time>","user_data_128":"0","user_data_32":0,"user_data_64":"0"}
        pay id=5 from=3 to=2 amount=1 currency=CZK code=1
            422 LED-0065 | debit_account_already_closed | the debit account is closed
    "#]].assert_eq(&said);
}

#[tokio::test]
async fn imported_accounts_and_payments_bring_their_times() {
    let bank = Bank::open().await;
    let said = bank
        .talk(
            "open id=1 currency=CZK code=1 timestamp=1993-01-01T00:00:00Z
             open id=1 currency=CZK code=1 flags=[imported]
             open id=1 currency=CZK code=1 flags=[imported] timestamp=1993-01-01T00:00:00Z
             open id=2 currency=CZK code=1 flags=[imported] timestamp=1993-01-01T00:00:00Z
             open id=2 currency=CZK code=1 flags=[imported] timestamp=1993-01-02T00:00:00Z
             pay id=1 from=1 to=2 amount=1 currency=CZK code=1 flags=[imported] timestamp=1993-01-01T12:00:00Z
             pay id=1 from=1 to=2 amount=1 currency=CZK code=1 flags=[imported] timestamp=1993-01-03T00:00:00Z
             pay id=2 from=1 to=2 amount=1 currency=CZK code=1 flags=[imported] timestamp=1993-01-02T12:00:00Z
             pay id=2 from=1 to=2 amount=1 currency=CZK code=1 flags=[imported] timestamp=2200-01-01T00:00:00Z
             pay id=3 from=1 to=2 amount=1 currency=CZK code=1 flags=[frozen]",
        )
        .await;
    expect![[r#"
        open id=1 currency=CZK code=1 timestamp=1993-01-01T00:00:00Z
            422 LED-0103 | timestamp_must_be_zero | the account came with a timestamp
        open id=1 currency=CZK code=1 flags=[imported]
            422 LED-0124 | imported_event_timestamp_out_of_range | the imported account's timestamp is 0, or 2^63 and more
        open id=1 currency=CZK code=1 flags=[imported] timestamp=1993-01-01T00:00:00Z
            201 {"available":"0.00","balance":"0.00","code":1,"credits_pending":"0.00","credits_posted":"0.00","currency":"CZK","debits_pending":"0.00","debits_posted":"0.00","flags":["imported"],"id":"1","is_control":false,"timestamp":"<time>","user_data_128":"0","user_data_32":0,"user_data_64":"0"}
        open id=2 currency=CZK code=1 flags=[imported] timestamp=1993-01-01T00:00:00Z
            422 LED-0126 | imported_event_timestamp_must_not_regress | the imported account's timestamp is not after that of every account, or a transfer has it
        open id=2 currency=CZK code=1 flags=[imported] timestamp=1993-01-02T00:00:00Z
            201 {"available":"0.00","balance":"0.00","code":1,"credits_pending":"0.00","credits_posted":"0.00","currency":"CZK","debits_pending":"0.00","debits_posted":"0.00","flags":["imported"],"id":"2","is_control":false,"timestamp":"<time>","user_data_128":"0","user_data_32":0,"user_data_64":"0"}
        pay id=1 from=1 to=2 amount=1 currency=CZK code=1 flags=[imported] timestamp=1993-01-01T12:00:00Z
            422 LED-0062 | imported_event_timestamp_must_postdate_credit_account | the imported transfer's timestamp is not after that of its credit account
        pay id=1 from=1 to=2 amount=1 currency=CZK code=1 flags=[imported] timestamp=1993-01-03T00:00:00Z
            201 {"id":"1","status":"created","timestamp":"<time>"}
        pay id=2 from=1 to=2 amount=1 currency=CZK code=1 flags=[imported] timestamp=1993-01-02T12:00:00Z
            422 LED-0060 | imported_event_timestamp_must_not_regress | the imported transfer's timestamp is not after that of every transfer, or another event has it
        pay id=2 from=1 to=2 amount=1 currency=CZK code=1 flags=[imported] timestamp=2200-01-01T00:00:00Z
            422 LED-0059 | imported_event_timestamp_must_not_advance | the imported transfer's timestamp does not lie in the past
        pay id=3 from=1 to=2 amount=1 currency=CZK code=1 flags=[frozen]
            400 API-0001 | the body cannot be read: unknown variant `frozen`, expected one of `linked`, `pending`, `post_pending_transfer`, `void_pending_transfer`, `balancing_debit`, `balancing_credit`, `closing_debit`, `closing_credit`, `imported` at line 1 column 107 | the body cannot be read: unknown variant `frozen`, expected one of `linked`, `pending`, `post_pending_transfer`, `void_pending_transfer`, `balancing_debit`, `balancing_credit`, `closing_debit`, `closing_credit`, `imported` at line 1 column 107
    "#]].assert_eq(&said);
    let payment = bank.site.get("/v1/payments/1").await;
    assert_eq!(payment.field("timestamp"), "1993-01-03T00:00:00.000000000Z");
    let account = bank.site.get("/v1/accounts/2").await;
    assert_eq!(account.field("timestamp"), "1993-01-02T00:00:00.000000000Z");
}
