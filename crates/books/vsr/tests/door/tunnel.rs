//! Published clients, which speak no TLS, through the tunnel.

use std::net::SocketAddr;
use std::sync::Arc;

use stdx::Coded as _;
use tokio::sync::watch;
use tokio_rustls::rustls::ClientConfig;
use vsr::{Client, ClientOptions, Kind, Tunnel, TunnelError};

use super::memory::Bank;
use super::python::all_is_well;
use super::rust_client::everything_works;
use super::site::{Door, accounts};
use super::tls::Pki;

/// A tunnel to each of the doors: where it listens, and what ends it.
async fn tunnels(doors: &[Door], tls: &Arc<ClientConfig>) -> (Vec<SocketAddr>, watch::Sender<bool>) {
    let (stop, stopped) = watch::channel(false);
    let mut addresses = Vec::new();
    for door in doors {
        let tunnel = Tunnel::new(door.address.to_string().parse().unwrap(), Arc::clone(tls));
        tunnel.probe(0).await.unwrap();
        let listener = Tunnel::listen("127.0.0.1:0".parse().unwrap()).await.unwrap();
        addresses.push(listener.local_addr().unwrap());
        tokio::spawn(tunnel.serve(listener, stopped.clone()));
    }
    (addresses, stop)
}

async fn doors(bank: &Bank, pki: &Pki) -> Vec<Door> {
    let mut doors = Vec::new();
    for index in 0..3 {
        doors.push(Door::open_tls(bank, index, 3, vsr::Limits::default(), &pki.gate).await);
    }
    doors
}

#[tokio::test(flavor = "multi_thread")]
async fn the_published_python_client_works_through_the_tunnel() {
    let (bank, pki) = (Bank::default(), Pki::new(&["operator: read post approve: *"]));
    bank.change_view(5);
    let doors = doors(&bank, &pki).await;
    let (addresses, _stop) = tunnels(&doors, &pki.tls("operator")).await;
    all_is_well("0.17.8", "operations.py", &addresses).await;
}

/// The same with one ledger named: every operation, each event and answer reviewed.
#[tokio::test(flavor = "multi_thread")]
async fn the_published_python_client_works_in_a_ledger_of_its_own() {
    let (bank, pki) = (Bank::default(), Pki::new(&["operator: read post approve: 700 701"]));
    let doors = doors(&bank, &pki).await;
    let (addresses, _stop) = tunnels(&doors, &pki.tls("operator")).await;
    all_is_well("0.17.9", "operations.py", &addresses).await;
    assert!(pki.gate.counts().denied.is_empty());
}

/// What a published client makes of refusals.
#[tokio::test(flavor = "multi_thread")]
async fn the_published_python_client_understands_refusals() {
    let pki = Pki::new(&["payments: read post: 700", "auditor: read: 700", "treasury: approve: 700"]);
    let doors = doors(&Bank::default(), &pki).await;
    let mut all = Vec::new();
    let mut stops = Vec::new();
    for name in ["payments", "auditor", "treasury"] {
        let (addresses, stop) = tunnels(&doors, &pki.tls(name)).await;
        all.extend(addresses);
        stops.push(stop);
    }
    all_is_well("0.17.9", "access.py", &all).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_published_rust_client_works_through_the_tunnel() {
    let (bank, pki) = (Bank::default(), Pki::new(&["operator: read post approve: 1"]));
    bank.change_view(5);
    let doors = doors(&bank, &pki).await;
    let (addresses, _stop) = tunnels(&doors, &pki.tls("operator")).await;
    everything_works(&bank, &addresses).await;
}

#[tokio::test]
async fn a_tunnel_says_why_it_leads_nowhere() {
    let (bank, pki) = (Bank::default(), Pki::new(&["payments: read: 1"]));
    let door = pki.door(&bank).await;
    let probe = async |pki: &Pki, name: &str, address: &str| {
        let tunnel = Tunnel::new(address.parse().unwrap(), pki.tls(name));
        tunnel.probe(0).await.map_err(|error| (error.code(), error.to_string()))
    };
    let address = door.address.to_string();
    assert_eq!(probe(&pki, "payments", &address).await, Ok(()));
    assert_eq!(probe(&pki, "payments", &address.replace("127.0.0.1", "localhost")).await, Ok(()));
    let (code, words) = probe(&pki, "stranger", &address).await.unwrap_err();
    assert!(code == "VSR-0204" && words.contains("may not enter"), "{words}");
    let other = Pki::new(&[]);
    let (code, words) = probe(&other, "payments", &address).await.unwrap_err();
    assert!(code == "VSR-0205" && words.contains("authority"), "{words}");
    door.close().await;
    let (code, _) = probe(&pki, "payments", &address).await.unwrap_err();
    assert_eq!(code, "VSR-0203");
    let everybody = Tunnel::listen("0.0.0.0:0".parse().unwrap()).await;
    assert!(matches!(everybody, Err(TunnelError::NotLoopback { .. })));
}

#[tokio::test]
async fn a_tunnel_outlives_its_site_and_its_clients() {
    let (bank, pki) = (Bank::default(), Pki::new(&["operator: read post: *"]));
    let door = pki.door(&bank).await;
    let (addresses, stop) = tunnels(std::slice::from_ref(&door), &pki.tls("operator")).await;
    let options = |id| ClientOptions::new(addresses.clone(), 0, id);
    let mut first = Client::open(options(1)).await.unwrap();
    first.batch(Kind::CreateAccounts, &accounts(1..2)).await.unwrap();
    drop(first);
    Client::open(options(2)).await.unwrap();
    door.close().await;
    let mut gone = options(3);
    gone.patience = std::time::Duration::from_millis(200);
    assert!(Client::open(gone).await.is_err());
    stop.send_replace(true);
    while tokio::net::TcpStream::connect(addresses[0]).await.is_ok() {
        tokio::task::yield_now().await;
    }
}
