//! Another site leads.

use std::sync::atomic::Ordering;
use std::time::Duration;

use vsr::{Client, ClientError, ClientOptions, Kind};

use super::site::{accounts, addresses, client, doors, statuses, transfers};

const CREATED: u32 = u32::MAX;

#[tokio::test]
async fn a_client_finds_the_leader_wherever_it_is() {
    for leader in 0..3 {
        let (bank, doors) = doors(3).await;
        bank.change_view(3 + leader);
        let mut client = client(&doors, 1).await;
        client.batch(Kind::CreateAccounts, &accounts(1..3)).await.unwrap();
        let counts = doors[usize::try_from(leader).unwrap()].counts();
        assert_eq!((counts.requests, counts.replies), (2, 2), "leader {leader}");
    }
}

#[tokio::test]
async fn a_client_follows_the_lead() {
    let (bank, doors) = doors(3).await;
    let mut client = client(&doors, 1).await;
    client.batch(Kind::CreateAccounts, &accounts(1..3)).await.unwrap();
    for (view, id) in [(4, 10), (8, 11), (9, 12)] {
        bank.change_view(view);
        let made = client.batch(Kind::CreateTransfers, &transfers(id..id + 1)).await.unwrap();
        assert_eq!(statuses(&made.body), [CREATED]);
    }
    assert_eq!(bank.transfers(), 3);
}

/// The leader writes, and dies before it has answered: the client asks the next one and is told what happened.
#[tokio::test]
async fn a_reply_that_was_lost_is_given_by_the_next_leader() {
    let (bank, mut doors) = doors(3).await;
    let mut options = ClientOptions::new(addresses(&doors), 0, 1);
    options.reply_timeout = Duration::from_millis(200);
    let mut client = Client::open(options).await.unwrap();
    client.batch(Kind::CreateAccounts, &accounts(1..3)).await.unwrap();

    bank.is_dying.store(true, Ordering::SeqCst);
    let asked = tokio::spawn(async move {
        let made = client.batch(Kind::CreateTransfers, &transfers(1..4)).await.unwrap();
        (client, made)
    });
    while bank.applied() < 2 {
        tokio::task::yield_now().await;
    }
    doors.remove(0).kill().await;
    bank.is_dying.store(false, Ordering::SeqCst);
    bank.change_view(4);
    let (mut client, made) = asked.await.unwrap();
    assert_eq!(statuses(&made.body), [CREATED; 3], "not `exists`: it is the reply to the first sending");
    assert_eq!((bank.applied(), bank.transfers()), (2, 3));
    let again = client.batch(Kind::CreateTransfers, &transfers(1..2)).await.unwrap();
    assert_eq!(statuses(&again.body), [46], "a new request is a new request");
}

#[tokio::test]
async fn a_client_gives_up_when_nobody_leads() {
    let (bank, doors) = doors(1).await;
    let mut options = ClientOptions::new(addresses(&doors), 0, 1);
    options.patience = Duration::from_millis(300);
    let mut client = Client::open(options.clone()).await.unwrap();
    doors.into_iter().next().unwrap().close().await;
    let error = client.batch(Kind::CreateAccounts, &accounts(1..2)).await.unwrap_err();
    assert!(matches!(error, ClientError::NoReply { .. }), "{error}");
    assert_eq!(bank.applied(), 0);
    options.addresses.clear();
    assert!(matches!(Client::open(options).await, Err(ClientError::NoAddress)));
}
