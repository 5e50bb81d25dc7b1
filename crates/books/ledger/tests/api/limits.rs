//! What is just small enough.

use crate::bank::Bank;

/// As many items as one batch may have.
const ITEMS: usize = ledger_api::BATCH_ITEMS_MAX;
/// More than any id in these tests.
const BASE: u128 = 1 << 100;

/// The longest payment there is, on one line.
fn payment(number: usize) -> String {
    let id = |number: u128| ids::Id::new(number).unwrap().to_string();
    format!(
        r#"{{"id":"{}","debit_account":"{}","credit_account":"{}","amount":"{:0>40}.00","currency":"CZK","code":65535,"flags":["pending"],"timeout":4294967295,"user_data_128":"340282366920938463463374607431768211455","user_data_64":"18446744073709551615","user_data_32":4294967295}}"#,
        id(BASE + 1_000_000 + number as u128),
        id(BASE + number as u128),
        id(BASE + (number as u128 + 1) % ITEMS as u128),
        number,
    )
}

#[tokio::test]
async fn a_full_batch_of_the_longest_items_is_taken() {
    let bank = Bank::open().await;
    let accounts: Vec<String> = (0..ITEMS)
        .map(|number| {
            let id = ids::Id::new(BASE + number as u128).unwrap();
            format!(r#"{{"id":"{id}","currency":"CZK","code":65535}}"#)
        })
        .collect();
    let opened =
        bank.site.post("/v1/accounts/batch", format!(r#"{{"accounts":[{}]}}"#, accounts.join(","))).await;
    assert_eq!((opened.status, opened.field("created")), (200, ITEMS.to_string()), "{}", opened.body);

    let payments: Vec<String> = (0..ITEMS).map(payment).collect();
    let body = format!(r#"{{"id":"{}","payments":[{}]}}"#, u64::MAX, payments.join(","));
    let paid = bank.site.post("/v1/payments/batch", body.clone()).await;
    assert_eq!((paid.status, paid.field("created")), (200, ITEMS.to_string()), "{}", paid.body);
    assert_eq!(bank.site.get("/v1/totals").await.field("pending"), ITEMS.to_string());
    let again = bank.site.post("/v1/payments/batch", body).await;
    assert!(again.is_repeated() && again.body == paid.body);

    let page = bank.site.get("/v1/payments?limit=1000").await.json();
    assert_eq!(page["payments"].as_array().unwrap().len(), 1_000);
}
