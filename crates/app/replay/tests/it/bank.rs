//! Whole replays against a bank in memory: order, retries, refusals, the judge.

use std::sync::Arc;
use std::time::Duration;

use client::{Client, ClientError, ClientOptions, RetryPolicy};
use expect_test::expect;
use replay::{
    Judgement, Mapping, Plan, Progress, RunError, SendOptions, Sent, Stage, Summary, judge, send,
    write_unexplained,
};
use stdx::Coded as _;
use tokio::sync::watch;

use crate::fake_bank::{FakeBank, Fault};
use crate::{MAPPING, ROWS, plan_of};

const OPTIONS: SendOptions = SendOptions {
    in_flight: std::num::NonZeroUsize::MIN.saturating_add(7),
    retry: RetryPolicy {
        deadline: Duration::from_secs(3_600),
        backoff_min: Duration::from_millis(1),
        backoff_max: Duration::from_millis(1),
    },
};

fn plan() -> Arc<Plan> {
    Arc::new(plan_of(&Mapping::parse(MAPPING).unwrap(), ROWS.as_bytes()).unwrap())
}

fn client(bank: &FakeBank) -> Client {
    Client::new(&bank.base, ClientOptions::default()).unwrap()
}

async fn replay(bank: &FakeBank, plan: &Arc<Plan>) -> Result<(Sent, Judgement), RunError> {
    let (progress, seen) = watch::channel(Progress::default());
    let client = client(bank);
    let sent = Arc::new(send(&client, plan, &OPTIONS, &progress).await?);
    assert_eq!(
        *seen.borrow(),
        Progress { stage: Stage::Payments, done: plan.payments(), total: plan.payments() }
    );
    let judgement = judge(&client, plan, &sent, &OPTIONS, &progress).await?;
    assert_eq!(*seen.borrow(), Progress { stage: Stage::Judging, done: 2, total: 2 });
    Ok((Arc::unwrap_or_clone(sent), judgement))
}

/// The list of unexplained rows as it is written.
fn csv(plan: &Plan, judgement: &Judgement) -> String {
    let mut bytes = Vec::new();
    write_unexplained(plan, judgement, &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

/// The figures that do not depend on time, as JSON.
fn figures(plan: &Plan, sent: &Sent, judgement: &Judgement) -> String {
    let sent = Sent { elapsed: Duration::from_millis(10), ..sent.clone() };
    serde_json::to_string_pretty(&Summary::new(plan, &sent, judgement)).unwrap()
}

#[tokio::test]
async fn a_replay_keeps_the_banks_own_books() {
    let (bank, plan) = (FakeBank::start(&[]).await, plan());
    let (sent, judgement) = replay(&bank, &plan).await.unwrap();
    expect![[r#"
        {
          "mapping": "test",
          "rows": 7,
          "accepted": 7,
          "refused": 0,
          "exact": 5,
          "within_tolerance": 1,
          "unexplained": 1,
          "after_gap": 1,
          "zero_amounts": 0,
          "bad_rows": 0,
          "days_not_searched": 0,
          "customer_accounts": 2,
          "counter_accounts": 4,
          "rounding_accepted": 1,
          "rounding_refused": 0,
          "already_made": 0,
          "retries": 0,
          "refusals": {},
          "elapsed_ms": 10,
          "payments_per_s": 800
        }"#]]
    .assert_eq(&figures(&plan, &sent, &judgement));
    expect![[r#"
        account,date,row_id,line,file_balance,ledger_balance,carried,difference,reason
        8,1993-01-02,f,7,500.00,20.00,0.00,480.00,no order of the day's rows gives this balance
    "#]]
    .assert_eq(&csv(&plan, &judgement));
    let text =
        Summary::new(&plan, &Sent { elapsed: Duration::from_millis(10), ..sent }, &judgement).to_string();
    expect![[r#"
        rows                                                   7
          accepted by the ledger                               7
          refused by the ledger                                0
        balance equals the file's                              5
          but for rounding                                     1
          not explained                                        1
        rows judged after an unexplained one                   1
        rounding payments                                      1
        customers' accounts                                    2
        counter-accounts                                       4
        milliseconds                                          10
        payments per second                                  800
    "#]]
    .assert_eq(&text);
}

#[tokio::test]
async fn every_account_is_posted_in_the_order_of_its_chain() {
    let (bank, plan) = (FakeBank::start(&[]).await, plan());
    replay(&bank, &plan).await.unwrap();
    let books = bank.books.lock().unwrap();
    for chain in plan.chains() {
        let planned = chain
            .postings
            .iter()
            .flat_map(|posting| [plan.row_payment(posting), plan.rounding_payment(posting)]);
        let planned: Vec<_> = planned.flatten().collect();
        let of_chain = |payment: &&ledger_api::NewPayment| {
            [payment.debit_account, payment.credit_account].contains(&chain.account)
        };
        let made: Vec<_> = books.payments.iter().filter(of_chain).copied().collect();
        assert_eq!(made, planned);
    }
}

#[tokio::test]
async fn a_second_replay_changes_nothing() {
    let (bank, plan) = (FakeBank::start(&[]).await, plan());
    let (_, first) = replay(&bank, &plan).await.unwrap();
    let payments = bank.books.lock().unwrap().payments.clone();
    let (sent, second) = replay(&bank, &plan).await.unwrap();
    assert_eq!((sent.accepted, sent.already_made, sent.retries), (7, 7, 0));
    assert_eq!(first, second);
    assert_eq!(bank.books.lock().unwrap().payments, payments);
}

#[tokio::test]
async fn requests_are_sent_again_with_the_same_id() {
    let faults = [Fault::Unavailable, Fault::LoseTheAnswer, Fault::Unavailable, Fault::LoseTheAnswer];
    let (bank, plan) = (FakeBank::start(&faults).await, plan());
    let (sent, judgement) = replay(&bank, &plan).await.unwrap();
    assert_eq!((sent.accepted, sent.already_made, sent.retries), (7, 0, 4));
    assert_eq!((judgement.exact, judgement.within_tolerance, judgement.unexplained.len()), (5, 1, 1));
    let books = bank.books.lock().unwrap();
    assert_eq!(books.payments.len(), 8, "nothing is made twice");
    assert_eq!(books.requests.values().sum::<u32>(), 12);
}

#[tokio::test]
async fn a_refused_row_is_counted_and_its_account_goes_on() {
    // One account at a time, so that the refusal meets the first row of the longest chain.
    let (bank, plan) = (FakeBank::start(&[Fault::Refuse]).await, plan());
    let (progress, _seen) = watch::channel(Progress::default());
    let options = SendOptions { in_flight: std::num::NonZeroUsize::MIN, ..OPTIONS };
    let client = client(&bank);
    let sent = Arc::new(send(&client, &plan, &options, &progress).await.unwrap());
    assert_eq!((sent.accepted, sent.refused.len()), (6, 1));
    let judgement = judge(&client, &plan, &sent, &options, &progress).await.unwrap();
    expect![[r#"
        account,date,row_id,line,file_balance,ledger_balance,carried,difference,reason
        7,1993-01-01,a,3,100.00,,0.00,100.00,refused by the ledger (LED-0054)
        8,1993-01-02,f,7,500.00,20.00,0.00,480.00,no order of the day's rows gives this balance
    "#]]
    .assert_eq(&csv(&plan, &judgement));
    assert_eq!(judgement.after_gap, 4);
}

#[tokio::test]
async fn postings_from_elsewhere_and_missing_ones_are_seen() {
    let (bank, plan) = (FakeBank::start(&[]).await, plan());
    let mut foreign = plan.row_payment(&plan.chains()[0].postings[0]).unwrap();
    foreign.id = ids::TransferId::new(99).unwrap();
    {
        let mut books = bank.books.lock().unwrap();
        books.accounts.extend([foreign.debit_account, foreign.credit_account]);
        books.post(foreign);
    }
    let client = client(&bank);
    let (progress, _seen) = watch::channel(Progress::default());
    let sent = Arc::new(send(&client, &plan, &OPTIONS, &progress).await.unwrap());
    let account = plan.chains()[1].account;
    bank.books.lock().unwrap().statements.get_mut(&account).unwrap().remove(0);
    let judgement = judge(&client, &plan, &sent, &OPTIONS, &progress).await.unwrap();
    expect![[r#"
        account,date,row_id,line,file_balance,ledger_balance,carried,difference,reason
        7,1993-01-01,a,3,100.00,200.00,0.00,-100.00,other postings on the account
        8,1993-01-01,e,6,10.00,,0.00,10.00,not in the ledger's statement
        8,1993-01-02,f,7,500.00,20.00,10.00,470.00,no order of the day's rows gives this balance
    "#]]
    .assert_eq(&csv(&plan, &judgement));
}

#[tokio::test]
async fn a_bank_that_does_not_serve_stops_the_replay() {
    let (bank, plan) = (FakeBank::start(&[Fault::NotTheApi]).await, plan());
    let error = replay(&bank, &plan).await.unwrap_err();
    assert_eq!(error.code(), "RPL-0042");
    let RunError::Bank { source, .. } = &error else { panic!("{error:?}") };
    assert!(matches!(**source, ClientError::UnexpectedAnswer { status: 404, .. }), "{source:?}");

    bank.books.lock().unwrap().faults.extend([Fault::Unavailable; 1_000]);
    let (progress, _seen) = watch::channel(Progress::default());
    let hurried = RetryPolicy { deadline: Duration::from_millis(5), ..OPTIONS.retry };
    let options = SendOptions { retry: hurried, ..OPTIONS };
    let error = send(&client(&bank), &plan, &options, &progress).await.unwrap_err();
    let RunError::Bank { source, .. } = &error else { panic!("{error:?}") };
    assert_eq!((source.page(), source.advice()), ("GWY-0001", "wait"));
}

#[tokio::test]
async fn a_refused_account_stops_the_replay_before_any_payment() {
    let (bank, plan) = (FakeBank::start(&[]).await, plan());
    bank.books.lock().unwrap().refuse_accounts = true;
    let error = replay(&bank, &plan).await.unwrap_err();
    assert_eq!(error.code(), "RPL-0041");
    assert!(error.to_string().contains("exists_with_different_code (LED-0019)"), "{error}");
    assert!(bank.books.lock().unwrap().payments.is_empty());
}
