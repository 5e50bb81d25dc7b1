//! What each right allows, as a client sees it.

use access_core::Right;
use ledger_core::{
    Account, AccountFilter, AccountFlags, ChangeEvent, ChangeEventsFilter, QueryFilter, Transfer,
    TransferFlags,
};
use vsr::{Client, Kind, Operation};
use vsr_core::multi_batch;

use super::memory::Bank;
use super::site::{Door, Raw, client, statuses};
use super::tls::Pki;

const CREATED: u32 = u32::MAX;
/// `ledger_must_not_be_zero` of accounts and of transfers, and `linked_event_failed`.
const REFUSED_ACCOUNT: u32 = 13;
const REFUSED: u32 = 19;
const FAILED: u32 = 1;

/// Accounts 1 and 2 in ledger 1, 3 and 4 in ledger 2; transfers 10 to 29, the even ones in ledger 1; 30 and 31 pending.
async fn books() -> (Bank, Door) {
    let bank = Bank::default();
    let door = Door::open(&bank, 0, 1, vsr::Limits::default()).await;
    let mut anybody = client(std::slice::from_ref(&door), 1).await;
    let account =
        |id, ledger| Account { id, ledger, code: 1, flags: AccountFlags::HISTORY, ..Account::default() };
    let accounts = [account(1, 1), account(2, 1), account(3, 2), account(4, 2)];
    assert_eq!(make_accounts(&mut anybody, &accounts).await, [CREATED; 4]);
    let mut all: Vec<Transfer> = (10..30).map(|id| transfer(id, u32::from(id % 2 == 1) + 1)).collect();
    all.extend(
        [(30, 1), (31, 2)]
            .map(|(id, ledger)| Transfer { flags: TransferFlags::PENDING, ..transfer(id, ledger) }),
    );
    assert_eq!(make(&mut anybody, &all).await, [CREATED; 22]);
    (bank, door)
}

fn transfer(id: u128, ledger: u32) -> Transfer {
    let debit_account_id = u128::from(ledger) * 2 - 1;
    let credit_account_id = debit_account_id + 1;
    Transfer { id, debit_account_id, credit_account_id, amount: 1, ledger, code: 1, ..Transfer::default() }
}

fn post(id: u128, pending_id: u128) -> Transfer {
    let flags = TransferFlags::POST_PENDING_TRANSFER;
    Transfer { id, pending_id, amount: u128::MAX, flags, ..Transfer::default() }
}

async fn make_accounts(client: &mut Client, accounts: &[Account]) -> Vec<u32> {
    let body: Vec<u8> = accounts.iter().flat_map(|account| account.as_bytes().to_vec()).collect();
    statuses(&client.batch(Kind::CreateAccounts, &body).await.unwrap().body)
}

async fn make(client: &mut Client, transfers: &[Transfer]) -> Vec<u32> {
    let body: Vec<u8> = transfers.iter().flat_map(|transfer| transfer.as_bytes().to_vec()).collect();
    statuses(&client.batch(Kind::CreateTransfers, &body).await.unwrap().body)
}

async fn ids(client: &mut Client, kind: Kind, body: &[u8]) -> Vec<u128> {
    let found = client.batch(kind, body).await.unwrap().body;
    found.chunks(kind.result_size()).map(|row| u128::from_le_bytes(row[..16].try_into().unwrap())).collect()
}

fn denied(pki: &Pki, name: &str, right: Right) -> u64 {
    let counts = pki.gate.counts();
    counts.denied.get(&(name.parse().unwrap(), right)).copied().unwrap_or(0)
}

#[tokio::test]
async fn readers_see_their_ledgers_in_full_pages() {
    let (bank, _plain) = books().await;
    let pki = Pki::new(&["one: read: 1", "both: read: 1 2", "none: post: 1 2"]);
    let door = pki.door(&bank).await;
    let mut one = pki.client(&door, "one", 2).await;
    let mut both = pki.client(&door, "both", 3).await;
    let mut none = pki.client(&door, "none", 4).await;
    let list: Vec<u8> = (1..40_u128).flat_map(u128::to_le_bytes).collect();
    let even: Vec<u128> = (10..=30).step_by(2).collect();

    assert_eq!(ids(&mut one, Kind::LookupAccounts, &list).await, [1, 2]);
    assert_eq!(ids(&mut one, Kind::LookupTransfers, &list).await, even);
    assert_eq!(ids(&mut both, Kind::LookupTransfers, &list).await, (10..32).collect::<Vec<_>>());

    let filter = QueryFilter { limit: 4, ..QueryFilter::default() };
    assert_eq!(ids(&mut one, Kind::QueryTransfers, filter.as_bytes()).await, even[..4], "a page is full");
    let reversed = QueryFilter { flags: QueryFilter::REVERSED, ..filter };
    assert_eq!(ids(&mut one, Kind::QueryTransfers, reversed.as_bytes()).await, [30, 28, 26, 24]);
    let other = QueryFilter { ledger: 2, ..filter };
    assert!(ids(&mut one, Kind::QueryTransfers, other.as_bytes()).await.is_empty());
    assert_eq!(ids(&mut one, Kind::QueryAccounts, filter.as_bytes()).await, [1, 2]);

    for (account_id, seen) in [(1, 11), (3, 0)] {
        let filter = AccountFilter { account_id, limit: 100, flags: 3, ..AccountFilter::default() };
        for kind in [Kind::GetAccountTransfers, Kind::GetAccountBalances] {
            let rows = one.batch(kind, filter.as_bytes()).await.unwrap().body;
            assert_eq!(rows.len() / 128, seen, "{kind:?} of account {account_id}");
        }
    }
    for kind in [Kind::LookupAccounts, Kind::LookupTransfers] {
        assert!(ids(&mut none, kind, &list).await.is_empty());
    }
    assert!(ids(&mut none, Kind::QueryTransfers, filter.as_bytes()).await.is_empty());
    assert_eq!(denied(&pki, "none", Right::Read), 3, "reads without the right are counted");
    assert_eq!(denied(&pki, "one", Right::Read), 0);
}

/// As a change-data-capture client pages: from the last timestamp on, until a page is empty.
#[tokio::test]
async fn change_events_of_the_readable_ledgers_are_paged_without_a_gap() {
    let (bank, _plain) = books().await;
    let pki = Pki::new(&["one: read: 2"]);
    let door = pki.door(&bank).await;
    let mut one = pki.client(&door, "one", 2).await;
    let (mut found, mut timestamp_min) = (Vec::new(), 0);
    loop {
        let filter = ChangeEventsFilter { timestamp_min, limit: 3, ..ChangeEventsFilter::default() };
        let page = one.batch(Kind::GetChangeEvents, filter.as_bytes()).await.unwrap().body;
        let page: Vec<ChangeEvent> =
            page.chunks(384).map(|row| ChangeEvent::from_bytes(row).unwrap()).collect();
        assert!(page.iter().all(|event| event.ledger == 2));
        let Some(last) = page.last() else { break };
        timestamp_min = last.timestamp + 1;
        found.extend(page.iter().map(|event| event.transfer_id));
    }
    assert_eq!(found, (11..=31).step_by(2).collect::<Vec<_>>());
}

#[tokio::test]
async fn writers_post_and_approve_where_they_may() {
    let (bank, _plain) = books().await;
    let pki = Pki::new(&["payments: post: 1", "treasury: approve: 2", "auditor: read: *"]);
    let door = pki.door(&bank).await;
    let mut payments = pki.client(&door, "payments", 2).await;
    let mut treasury = pki.client(&door, "treasury", 3).await;
    let mut auditor = pki.client(&door, "auditor", 4).await;
    let account = |id, ledger| Account { id, ledger, code: 1, ..Account::default() };

    let accounts = [account(5, 1), account(6, 2)];
    assert_eq!(make_accounts(&mut payments, &accounts).await, [CREATED, REFUSED_ACCOUNT]);
    assert_eq!(make_accounts(&mut treasury, &accounts).await, [REFUSED_ACCOUNT; 2]);
    let sent = [transfer(40, 1), transfer(41, 2), post(42, 30), post(43, 31)];
    assert_eq!(make(&mut payments, &sent).await, [CREATED, REFUSED, REFUSED, REFUSED]);
    let sent = sent.map(|transfer| Transfer { id: transfer.id + 10, ..transfer });
    assert_eq!(make(&mut treasury, &sent).await, [REFUSED, REFUSED, REFUSED, CREATED]);
    let sent = sent.map(|transfer| Transfer { id: transfer.id + 10, ..transfer });
    let applied = bank.applied();
    assert_eq!(make(&mut auditor, &sent).await, [REFUSED; 4]);
    assert_eq!(bank.applied(), applied, "what is refused as a whole never reaches the books");

    assert_eq!((denied(&pki, "payments", Right::Post), denied(&pki, "payments", Right::Approve)), (2, 2));
    assert_eq!((denied(&pki, "treasury", Right::Post), denied(&pki, "treasury", Right::Approve)), (4, 1));
    assert_eq!((denied(&pki, "auditor", Right::Post), denied(&pki, "auditor", Right::Approve)), (2, 2));
}

#[tokio::test]
async fn chains_are_refused_whole_and_batches_beside_them_are_done() {
    let (bank, _plain) = books().await;
    let pki = Pki::new(&["payments: post: 1"]);
    let door = pki.door(&bank).await;
    let mut payments = pki.client(&door, "payments", 2).await;
    let linked = |transfer: Transfer| Transfer { flags: TransferFlags::LINKED, ..transfer };
    let events = [
        // The first batch is a chain into a ledger of somebody else, the second is a payment, the third is both.
        linked(transfer(40, 1)),
        transfer(41, 2),
        transfer(42, 1),
        transfer(43, 2),
        transfer(44, 1),
    ];
    let mut body: Vec<u8> = events.iter().flat_map(|event| event.as_bytes().to_vec()).collect();
    multi_batch::append_trailer(&[2, 1, 2], 128, &mut body);
    let operation = Operation::newest(Kind::CreateTransfers);
    let answer = payments.call(operation, &body).await.unwrap();
    let batches = vsr_core::results(operation, &answer.body).unwrap();
    let batches: Vec<Vec<u32>> = batches.into_iter().map(statuses).collect();
    assert_eq!(batches, [vec![FAILED, REFUSED], vec![CREATED], vec![REFUSED, CREATED]]);
    assert_eq!(bank.transfers(), 24);
}

/// Sent when it was permitted, and again when it is not any more: the reply is still what happened.
#[tokio::test]
async fn a_repetition_is_told_what_happened_whatever_the_rules_are_by_then() {
    let (bank, _plain) = books().await;
    let pki = Pki::new(&["payments: post: 1"]);
    let door = pki.door(&bank).await;
    let mut session = vsr_core::ClientSession::new(9, 0, vsr_core::Release::OURS);
    let mut first = Raw::connect_tls(&door, pki.tls("payments")).await;
    let (header, body) = session.register();
    first.send(&[&header.to_bytes()[..], &body].concat()).await;
    let (header, body) = first.hear().await.unwrap();
    session.receive(&header, &body).unwrap();

    let mut body = transfer(40, 1).as_bytes().to_vec();
    multi_batch::append_trailer(&[1], 128, &mut body);
    let header = session.request(Operation::newest(Kind::CreateTransfers), &body).unwrap();
    let request = [&header.to_bytes()[..], &body].concat();
    first.send(&request).await;
    let heard = first.hear().await.unwrap();
    assert_eq!(statuses(&heard.1[..16]), [CREATED]);

    pki.change_policy(&["payments: post: 2", "payroll: post: 1"]);
    let mut again = Raw::connect_tls(&door, pki.tls("payments")).await;
    again.send(&request).await;
    assert_eq!(again.hear().await.unwrap(), heard);
    // Another one who knows the session's name does not get at it.
    let mut other = Raw::connect_tls(&door, pki.tls("payroll")).await;
    other.send(&request).await;
    let exists = 46;
    assert_eq!(statuses(&other.hear().await.unwrap().1[..16]), [exists]);
}

#[tokio::test]
async fn rights_change_with_the_file_while_a_client_is_here() {
    let (bank, _plain) = books().await;
    let pki = Pki::new(&["payments: post: 1"]);
    let door = pki.door(&bank).await;
    let mut payments = pki.client(&door, "payments", 2).await;
    assert_eq!(make(&mut payments, &[transfer(40, 1), transfer(41, 2)]).await, [CREATED, REFUSED]);
    pki.change_policy(&["payments: post: 2"]);
    let sent = [transfer(42, 1), transfer(41, 2)];
    assert_eq!(make(&mut payments, &sent).await, [REFUSED, CREATED], "a refused id is not used up");
}
