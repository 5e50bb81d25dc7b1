//! TigerBeetle's own client for Rust.

use tigerbeetle as tb;

use std::net::SocketAddr;

use super::memory::Bank;
use super::site::{addresses, doors};

fn account(id: u128) -> tb::Account {
    tb::Account { id, ledger: 1, code: 1, ..Default::default() }
}

fn transfer(id: u128, amount: u128) -> tb::Transfer {
    let (debit_account_id, credit_account_id) = (1, 2);
    tb::Transfer { id, debit_account_id, credit_account_id, amount, ledger: 1, code: 1, ..Default::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_published_rust_client_works_unchanged() {
    let (bank, doors) = doors(3).await;
    bank.change_view(5);
    everything_works(&bank, &addresses(&doors)).await;
}

/// The client at these addresses of an empty bank, in ledger 1.
pub(crate) async fn everything_works(bank: &Bank, addresses: &[SocketAddr]) {
    let addresses: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    let client = tb::Client::new(0, &addresses.join(",")).unwrap();

    let made = client.create_accounts(&[account(1), account(2)]).await.unwrap();
    assert!(made.iter().all(|result| result.status == tb::CreateAccountStatus::Created), "{made:?}");
    let sent = [transfer(7, 5), transfer(7, 6), transfer(8, 1)];
    let made = client.create_transfers(&sent).await.unwrap();
    let statuses: Vec<_> = made.iter().map(|result| result.status).collect();
    let expected = [
        tb::CreateTransferStatus::Created,
        tb::CreateTransferStatus::ExistsWithDifferentAmount,
        tb::CreateTransferStatus::Created,
    ];
    assert_eq!(statuses, expected);
    let found = client.lookup_accounts(&[1, 2, 3]).await.unwrap();
    let sums: Vec<_> = found.iter().map(|account| (account.debits_posted, account.credits_posted)).collect();
    assert_eq!(sums, [(6, 0), (0, 6)]);
    let found = client.lookup_transfers(&[8]).await.unwrap();
    assert_eq!((found[0].id, found[0].amount), (8, 1));

    // Batches of many tasks share a request, and each gets its own results.
    let all = (100..300).map(|id| client.create_transfers(&[transfer(id, 1)]));
    for made in all.collect::<Vec<_>>() {
        assert_eq!(made.await.unwrap()[0].status, tb::CreateTransferStatus::Created);
    }
    assert_eq!(bank.transfers(), 202);
    assert!(bank.applied() < 100, "{} requests", bank.applied());
    client.close().await.unwrap();
}
