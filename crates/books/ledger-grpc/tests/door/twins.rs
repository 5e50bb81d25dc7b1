//! Two banks that are told the same, one over HTTP and one over gRPC, say and know the same.

use ledger_api::{AccountFlag, NewAccount, NewPayment, PaymentFlag};
use ledger_grpc::pb;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use tokio_stream::StreamExt as _;

use super::bank::Bank;

/// With two digits after the point, none, and three.
const CURRENCIES: [&str; 3] = ["CZK", "JPY", "BHD"];

/// A batch: of accounts, or of transfers.
#[derive(Clone, Debug)]
enum Batch {
    Accounts(Vec<NewAccount>),
    Transfers(Vec<NewPayment>),
}

/// JSON as a value of the API's own types.
fn typed<T: serde::de::DeserializeOwned>(json: Value) -> T {
    serde_json::from_value(json).unwrap()
}

fn account() -> impl Strategy<Value = NewAccount> {
    let flags = prop::sample::subsequence(AccountFlag::ALL, 0..2);
    (1..9u32, 0..3usize, 0..3u16, flags, 0..3u64).prop_map(|(id, currency, code, flags, data)| {
        let flags: Vec<_> = flags.into_iter().filter(|flag| *flag != AccountFlag::Imported).collect();
        typed(json!({
            "id": id.to_string(), "currency": CURRENCIES[currency], "code": code, "flags": flags,
            "user_data_64": data.to_string(),
        }))
    })
}

fn payment() -> impl Strategy<Value = NewPayment> {
    let flags = prop::sample::subsequence(PaymentFlag::ALL, 0..2);
    (1..60u32, 1..10u32, 1..10u32, 0..4u32, 0..3usize, flags, (0..60u32, 0..2u32, 0..2u16)).prop_map(
        |(id, from, to, amount, currency, flags, (pending, timeout, code))| {
            let mut payment = json!({
                "id": id.to_string(), "debit_account": from.to_string(), "credit_account": to.to_string(),
                "amount": amount.to_string(), "currency": CURRENCIES[currency], "code": code, "flags": flags,
                // Long enough that nothing expires in one bank and not in the other.
                "timeout": timeout * 100_000, "user_data_32": id % 3, "user_data_128": (id % 2).to_string(),
            });
            if pending > 0 {
                payment["pending_id"] = pending.to_string().into();
            }
            // Seldom, so that most batches are of plain transfers.
            match id % 16 {
                3 => payment["reverses"] = (id - 1).to_string().into(),
                7 => payment["purpose"] = (5_000 + amount).into(),
                11 => payment["value_date"] = "2026-11-20".into(),
                _ => {}
            }
            typed(payment)
        },
    )
}

fn batch() -> impl Strategy<Value = Batch> {
    prop_oneof![
        1 => prop::collection::vec(account(), 0..5).prop_map(Batch::Accounts),
        4 => prop::collection::vec(payment(), 0..8).prop_map(Batch::Transfers),
    ]
}

fn new_account(account: &NewAccount) -> pb::NewAccount {
    pb::NewAccount {
        id: account.id.to_string(),
        currency: account.currency.to_string(),
        code: account.code.into(),
        flags: account.flags.iter().map(|flag| flag as i32).collect(),
        user_data_64: account.user_data_64.0,
        ..pb::NewAccount::default()
    }
}

fn new_transfer(payment: &NewPayment) -> pb::NewTransfer {
    pb::NewTransfer {
        id: payment.id.to_string(),
        debit_account: payment.debit_account.to_string(),
        credit_account: payment.credit_account.to_string(),
        amount: payment.amount.to_string(),
        currency: payment.currency.to_string(),
        code: payment.code.into(),
        flags: payment.flags.iter().map(|flag| flag as i32).collect(),
        pending_id: payment.pending_id.map(|id| id.to_string()).unwrap_or_default(),
        timeout: payment.timeout,
        user_data_128: payment.user_data_128.to_string(),
        user_data_32: payment.user_data_32,
        value_date: payment.value_date.map(|date| date.to_string()).unwrap_or_default(),
        purpose: payment.purpose.map_or(0, |purpose| purpose.get().into()),
        reverses: payment.reverses.map(|id| id.to_string()).unwrap_or_default(),
        ..pb::NewTransfer::default()
    }
}

fn outcome(created: u32, existing: u32, refused: &[pb::Refused]) -> Value {
    let refused: Vec<_> = refused
        .iter()
        .map(|one| json!({"index": one.index, "id": one.id, "status": one.status, "code": one.code}))
        .collect();
    json!({"created": created, "existing": existing, "refused": refused})
}

/// What the HTTP API answers to a batch, without its time.
async fn over_http(bank: &Bank, batch: &Batch) -> Value {
    let (path, body) = match batch {
        Batch::Accounts(accounts) => ("/v1/accounts/batch", json!({ "accounts": accounts })),
        Batch::Transfers(payments) => ("/v1/payments/batch", json!({ "payments": payments })),
    };
    let (status, mut answer) = bank.http("POST", path, Some(body)).await;
    answer.as_object_mut().unwrap().remove("timestamp");
    if status == 200 { answer } else { answer["code"].clone() }
}

/// The same over gRPC.
async fn over_grpc(bank: &Bank, batch: &Batch) -> Value {
    let mut client = bank.client();
    let answered = match batch {
        Batch::Accounts(accounts) => {
            let request = pb::CreateAccountsRequest { accounts: accounts.iter().map(new_account).collect() };
            let made = client.create_accounts(request).await.map(tonic::Response::into_inner);
            made.map(|made| outcome(made.created, made.existing, &made.refused))
        }
        Batch::Transfers(payments) => {
            let transfers = payments.iter().map(new_transfer).collect();
            let request = pb::CreateTransfersRequest { id: String::new(), transfers };
            let made = client.create_transfers(request).await.map(tonic::Response::into_inner);
            made.map(|made| outcome(made.created, made.existing, &made.refused))
        }
    };
    let code =
        |status: tonic::Status| status.message().rsplit('[').next().unwrap().trim_end_matches(']').into();
    answered.unwrap_or_else(code)
}

fn time(timestamp: Option<prost_types::Timestamp>) -> String {
    let time = timestamp.unwrap();
    let ns = u64::try_from(time.seconds).unwrap() * 1_000_000_000 + u64::try_from(time.nanos).unwrap();
    ids::Timestamp(ns).to_string()
}

fn account_flags(flags: &[i32]) -> Value {
    let name = |flag: &i32| pb::account::Flag::try_from(*flag).unwrap().as_str_name().to_lowercase();
    flags.iter().map(name).collect()
}

fn transfer_flags(flags: &[i32]) -> Value {
    let name = |flag: &i32| pb::transfer::Flag::try_from(*flag).unwrap().as_str_name().to_lowercase();
    flags.iter().map(name).collect()
}

/// An account as the HTTP API writes it.
fn shown_account(account: &pb::Account) -> Value {
    let mut shown = json!({
        "id": account.id, "currency": account.currency, "code": account.code, "flags": account_flags(&account.flags),
        "user_data_128": account.user_data_128, "user_data_64": account.user_data_64.to_string(),
        "user_data_32": account.user_data_32, "debits_pending": account.debits_pending,
        "debits_posted": account.debits_posted, "credits_pending": account.credits_pending,
        "credits_posted": account.credits_posted, "balance": account.balance, "available": account.available,
        "timestamp": time(account.timestamp), "is_control": account.is_control,
    });
    if !account.above.is_empty() {
        shown["above"] = account.above.clone().into();
    }
    shown
}

/// A transfer as the HTTP API writes it.
fn shown_transfer(transfer: &pb::Transfer) -> Value {
    let status = transfer.status().as_str_name().strip_prefix("TRANSFER_STATUS_").unwrap().to_lowercase();
    let mut shown = json!({
        "id": transfer.id, "debit_account": transfer.debit_account, "credit_account": transfer.credit_account,
        "amount": transfer.amount, "currency": transfer.currency, "code": transfer.code,
        "flags": transfer_flags(&transfer.flags), "timeout": transfer.timeout,
        "user_data_128": transfer.user_data_128, "user_data_64": transfer.user_data_64.to_string(),
        "user_data_32": transfer.user_data_32, "timestamp": time(transfer.timestamp), "status": status,
        "booking_date": transfer.booking_date, "value_date": transfer.value_date,
    });
    for (name, id) in [
        ("pending_id", &transfer.pending_id),
        ("reverses", &transfer.reverses),
        ("reversed_by", &transfer.reversed_by),
    ] {
        if !id.is_empty() {
            shown[name] = id.clone().into();
        }
    }
    if transfer.purpose > 0 {
        shown["purpose"] = transfer.purpose.into();
    }
    shown
}

/// What gRPC knows: accounts, transfers, an account's sums over time, the trial balance.
async fn known_to_grpc(bank: &Bank) -> [Value; 4] {
    let mut client = bank.client();
    let pages = client.query_accounts(pb::QueryAccountsRequest::default()).await.unwrap().into_inner();
    let pages: Vec<_> = pages.map(|page| page.unwrap()).collect().await;
    let accounts = pages.iter().flat_map(|page| &page.accounts).map(shown_account).collect();
    let pages = client.query_transfers(pb::QueryTransfersRequest::default()).await.unwrap().into_inner();
    let pages: Vec<_> = pages.map(|page| page.unwrap()).collect().await;
    let transfers = pages.iter().flat_map(|page| &page.transfers).map(shown_transfer).collect();
    let filter = pb::AccountFilter { account: "1".into(), ..pb::AccountFilter::default() };
    let request = pb::GetAccountBalancesRequest { filter: Some(filter) };
    let balances =
        match client.get_account_balances(request).await.unwrap().into_inner().next().await.unwrap() {
            Ok(page) => page.balances.iter().map(shown_balance).collect(),
            Err(status) => i32::from(status.code()).into(),
        };
    let taken = client.get_trial_balance(pb::GetTrialBalanceRequest::default()).await.unwrap().into_inner();
    [accounts, transfers, balances, shown_trial_balance(&taken)]
}

fn shown_balance(after: &pb::BalanceAfter) -> Value {
    json!({
        "transfer": after.transfer, "timestamp": time(after.timestamp), "debits_pending": after.debits_pending,
        "debits_posted": after.debits_posted, "credits_pending": after.credits_pending,
        "credits_posted": after.credits_posted, "balance": after.balance, "available": after.available,
    })
}

fn shown_trial_balance(taken: &pb::TrialBalance) -> Value {
    let sums = |sums: Option<&pb::TrialBalanceSums>| {
        let sums = sums.unwrap();
        json!({
            "accounts": sums.accounts, "debits_pending": sums.debits_pending, "debits_posted": sums.debits_posted,
            "credits_pending": sums.credits_pending, "credits_posted": sums.credits_posted, "balance": sums.balance,
        })
    };
    let codes = |currency: &pb::TrialBalanceCurrency| -> Value {
        currency
            .codes
            .iter()
            .map(|code| json!({"code": code.code, "sums": sums(code.sums.as_ref())}))
            .collect()
    };
    let currencies: Vec<_> = taken
        .currencies
        .iter()
        .map(|currency| {
            json!({
                "currency": currency.currency, "balanced": currency.balanced,
                "total": sums(currency.total.as_ref()), "codes": codes(currency),
            })
        })
        .collect();
    json!({
        "seq": taken.seq, "timestamp": time(taken.timestamp), "balanced": taken.balanced, "currencies": currencies,
    })
}

/// The same as HTTP knows it.
async fn known_to_http(bank: &Bank) -> [Value; 4] {
    let accounts = bank.get("/v1/accounts?limit=1000").await["accounts"].clone();
    let transfers = bank.get("/v1/transfers?limit=1000").await["transfers"].clone();
    let (status, page) = bank.http("GET", "/v1/accounts/1/balances?limit=1000", None).await;
    let balances = if status == 404 { json!(5) } else { page["balances"].clone() };
    [accounts, transfers, balances, bank.get("/v1/trial-balance").await]
}

fn without_times(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|name, _| !["timestamp", "seq"].contains(&name.as_str()));
            fields.values_mut().for_each(without_times);
        }
        Value::Array(items) => items.iter_mut().for_each(without_times),
        _ => {}
    }
}

async fn tell_both(batches: Vec<Batch>) {
    let (json_bank, grpc_bank) = (Bank::open().await, Bank::open().await);
    for batch in batches {
        let (http, grpc) = (over_http(&json_bank, &batch).await, over_grpc(&grpc_bank, &batch).await);
        assert_eq!(http, grpc, "{batch:?}");
    }
    for bank in [&json_bank, &grpc_bank] {
        assert_eq!(known_to_http(bank).await, known_to_grpc(bank).await);
    }
    let (mut http, mut grpc) = (known_to_http(&json_bank).await, known_to_grpc(&grpc_bank).await);
    http.iter_mut().chain(&mut grpc).for_each(without_times);
    assert_eq!(http, grpc);
}

#[test]
fn both_protocols_say_and_know_the_same() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let mut runner = TestRunner::new(Config { cases: 6, failure_persistence: None, ..Config::default() });
    let batches = prop::collection::vec(batch(), 10..30);
    let ran = runner.run(&batches, |batches| {
        runtime.block_on(tell_both(batches));
        Ok(())
    });
    ran.unwrap();
}
