//! Who is let in, who is not, and who has to leave again.

use std::time::Duration;

use certs::{Authority, ClientName, Issued, Refused};
use stdx::Coded as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use vsr::{Client, ClientError, GateCounts, Kind, Limits};
use vsr_core::{EvictionReason, SessionError};

use super::memory::Bank;
use super::site::{Door, Raw, accounts, statuses};
use super::tls::{Pki, impatient, now, options, policy};

const CREATED: u32 = u32::MAX;
const ALL: &str = "read post approve: *";

async fn until(pki: &Pki, counted: impl Fn(GateCounts) -> bool) {
    while !counted(pki.gate.counts()) {
        tokio::task::yield_now().await;
    }
}

/// Until one client had to leave.
async fn until_revoked(door: &Door) {
    while door.counts().revoked == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(door.counts().revoked, 1);
}

fn evicted(error: &ClientError) -> Option<EvictionReason> {
    match error {
        ClientError::Session(SessionError::Evicted { reason }) => Some(*reason),
        _ => None,
    }
}

#[tokio::test]
async fn a_certificate_of_the_bank_and_a_place_in_the_policy_let_in() {
    let grants =
        [&format!("payments: {ALL}"), &format!("spiffe://bank/x: {ALL}"), &format!("dns:pay.bank: {ALL}")];
    let pki = Pki::new(&grants.map(String::as_str));
    let door = pki.door(&Bank::default()).await;
    let names =
        [ClientName::Common("payments"), ClientName::Uri("spiffe://bank/x"), ClientName::Dns("Pay.bank")];
    for (id, name) in (1..).zip(names) {
        let issued = pki.authority.issue_client(name, now(), 1).unwrap();
        let mut client = Client::open(options(door.address, pki.tls_of(&issued), id)).await.unwrap();
        let made = client.batch(Kind::CreateAccounts, &accounts(id..id + 1)).await.unwrap();
        assert_eq!(statuses(&made.body), [CREATED], "{name:?}");
    }
    let counts = pki.gate.counts();
    let entered: Vec<_> = counts.entered.iter().map(|(name, count)| (name.as_str(), *count)).collect();
    assert_eq!(entered, [("dns:pay.bank", 1), ("payments", 1), ("spiffe://bank/x", 1)]);
    assert_eq!((counts.refused.len(), counts.denied.len(), counts.identities), (0, 0, 3));
}

#[tokio::test]
async fn every_other_certificate_is_refused_for_its_own_reason() {
    let pki = Pki::new(&[&format!("payments: {ALL}")]);
    let door = pki.door(&Bank::default()).await;
    let client = |name| ClientName::Common(name);
    let stranger = Authority::create("the bank", now()).unwrap();
    let day = Duration::from_secs(24 * 60 * 60);
    let issue = |authority: &Authority, name, now| authority.issue_client(client(name), now, 30).unwrap();
    let cases: [(&str, Issued, Refused); 6] = [
        ("of another authority", issue(&stranger, "payments", now()), Refused::UnknownAuthority),
        ("expired", issue(&pki.authority, "payments", now() - 40 * day), Refused::Expired),
        ("not valid yet", issue(&pki.authority, "payments", now() + 40 * day), Refused::Expired),
        ("unknown to the policy", issue(&pki.authority, "payroll", now()), Refused::NotAdmitted),
        (
            "a server's",
            pki.authority.issue_server("payments", &["127.0.0.1"], now(), 30).unwrap(),
            Refused::Invalid,
        ),
        (
            "with another kind of name",
            pki.authority.issue_client(ClientName::Dns("payments"), now(), 30).unwrap(),
            Refused::NotAdmitted,
        ),
    ];
    for (what, issued, reason) in cases {
        let before = pki.gate.counts().refused.get(&reason).copied().unwrap_or(0);
        let opened = Client::open(impatient(door.address, pki.tls_of(&issued))).await;
        let Err(ClientError::NoReply { last: Some(error), .. }) = opened else { panic!("{what}") };
        assert_eq!(Refused::of(&error), reason, "{what}: the client is told");
        until(&pki, |counts| counts.refused.get(&reason).is_some_and(|count| *count > before)).await;
    }
    assert!(pki.gate.counts().entered.is_empty());
    assert_eq!(door.counts().requests, 0);
}

#[tokio::test]
async fn no_certificate_and_no_tls_are_refused() {
    let pki = Pki::new(&[&format!("payments: {ALL}")]);
    let door = pki.door(&Bank::default()).await;

    let mut roots = tokio_rustls::rustls::RootCertStore::empty();
    let pem = pki.authority.certificate().as_bytes();
    let certificate = tokio_rustls::rustls::pki_types::pem::PemObject::from_pem_slice(pem).unwrap();
    roots.add(certificate).unwrap();
    let provider = std::sync::Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let bare = tokio_rustls::rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let opened = Client::open(impatient(door.address, bare.into())).await;
    let Err(ClientError::NoReply { last: Some(error), .. }) = opened else { panic!("let in") };
    assert_eq!(Refused::of(&error), Refused::NoCertificate);
    until(&pki, |counts| counts.refused.contains_key(&Refused::NoCertificate)).await;

    // TLS begins with 0x16; what follows it here is no hello.
    let hostile: [&[u8]; 4] =
        [b"GET / HTTP/1.1\r\n\r\n", &[0; 256], &[0x16, 3, 1, 0xff, 0xff, 1, 2, 3], &[0x16; 20_000]];
    // The client above may have left in the middle of a handshake, too.
    let broken = |counts: &GateCounts| counts.refused.get(&Refused::Broken).copied().unwrap_or(0);
    for bytes in hostile {
        let before = broken(&pki.gate.counts());
        let mut stream = TcpStream::connect(door.address).await.unwrap();
        // The door may close while it is still being shouted at.
        let _ = stream.write_all(bytes).await;
        let _ = stream.shutdown().await;
        let _ = stream.read_to_end(&mut Vec::new()).await;
        until(&pki, |counts| broken(&counts) > before).await;
    }
    assert!(pki.gate.counts().entered.is_empty());
}

#[tokio::test]
async fn bytes_inside_tls_that_are_not_the_protocol_close_the_connection() {
    let pki = Pki::new(&[&format!("payments: {ALL}")]);
    let door = pki.door(&Bank::default()).await;
    let connector = tokio_rustls::TlsConnector::from(pki.tls("payments"));
    let stream = TcpStream::connect(door.address).await.unwrap();
    let mut stream = connector.connect(door.address.ip().into(), stream).await.unwrap();
    stream.write_all(&[7; 1_000]).await.unwrap();
    stream.flush().await.unwrap();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.unwrap();
    assert!(rest.is_empty(), "an orderly end, and no word");
    assert_eq!(door.counts().broken, 1);
}

#[tokio::test]
async fn who_does_not_prove_himself_in_time_is_cut_off() {
    let pki = Pki::new(&[&format!("payments: {ALL}")]);
    let limits =
        Limits { handshake_timeout: Duration::from_millis(50), connections_max: 1, ..Limits::default() };
    let door = Door::open_tls(&Bank::default(), 0, 1, limits, &pki.gate).await;
    for (count, bytes) in (1..).zip([&[][..], &[0x16, 3, 1, 1, 0]]) {
        let mut stream = TcpStream::connect(door.address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        assert_eq!(stream.read(&mut [0; 9]).await.unwrap(), 0);
        until(&pki, |counts| counts.refused.get(&Refused::TimedOut) == Some(&count)).await;
    }
}

#[tokio::test]
async fn connections_that_only_knock_count_and_give_their_places_back() {
    let pki = Pki::new(&[&format!("payments: {ALL}")]);
    let limits = Limits { connections_max: 1, ..Limits::default() };
    let door = Door::open_tls(&Bank::default(), 0, 1, limits, &pki.gate).await;
    let silent = TcpStream::connect(door.address).await.unwrap();
    while door.counts().open == 0 {
        tokio::task::yield_now().await;
    }
    let opening = Client::open(options(door.address, pki.tls("payments"), 1));
    let mut opening = Box::pin(opening);
    assert!(tokio::time::timeout(Duration::from_millis(100), &mut opening).await.is_err());
    assert_eq!(door.counts().connections, 1, "the second waits for a place");
    drop(silent);
    opening.await.unwrap();
}

#[tokio::test]
async fn who_is_struck_off_gets_nothing_more_done() {
    let pki = Pki::new(&[&format!("payments: {ALL}"), &format!("payroll: {ALL}")]);
    let bank = Bank::default();
    let door = pki.door(&bank).await;
    let mut payments = pki.client(&door, "payments", 1).await;
    let mut payroll = pki.client(&door, "payroll", 2).await;
    payments.batch(Kind::CreateAccounts, &accounts(1..2)).await.unwrap();
    pki.change_policy(&[&format!("payroll: {ALL}")]);
    let error = payments.batch(Kind::CreateAccounts, &accounts(2..3)).await.unwrap_err();
    assert_eq!(evicted(&error), Some(EvictionReason::NoSession), "{error}");
    until_revoked(&door).await;
    payroll.batch(Kind::CreateAccounts, &accounts(3..4)).await.unwrap();
    assert_eq!(bank.applied(), 2, "nothing of it was done");
    assert!(Client::open(impatient(door.address, pki.tls("payments"))).await.is_err(), "nor comes in again");
}

#[tokio::test]
async fn a_certificate_that_ends_ends_its_connection() {
    let pki = Pki::new(&[&format!("payments: {ALL}")]);
    let door = pki.door(&Bank::default()).await;
    let day = Duration::from_secs(24 * 60 * 60);
    // However slow the machine is, some certificate lives long enough to come in.
    let mut left = Duration::from_secs(2);
    let mut client = loop {
        let issued =
            pki.authority.issue_client(ClientName::Common("payments"), now() + left - day, 1).unwrap();
        match Client::open(impatient(door.address, pki.tls_of(&issued))).await {
            Ok(client) => break client,
            Err(_) => left *= 2,
        }
    };
    let error = loop {
        match client.batch(Kind::LookupAccounts, &[0; 16]).await {
            Ok(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            Err(error) => break error,
        }
    };
    assert_eq!(evicted(&error), Some(EvictionReason::NoSession), "{error}");
    until_revoked(&door).await;
}

/// An idle client hears nothing and finds the connection closed at its next ping.
#[tokio::test]
async fn a_ping_of_who_was_struck_off_ends_the_connection() {
    let pki = Pki::new(&[&format!("payments: {ALL}")]);
    let door = pki.door(&Bank::default()).await;
    let mut raw = Raw::connect_tls(&door, pki.tls("payments")).await;
    let session = vsr_core::ClientSession::new(9, 0, vsr_core::Release::OURS);
    raw.send(&session.ping(1).to_bytes()).await;
    assert!(raw.hear().await.is_some());
    pki.change_policy(&[]);
    raw.send(&session.ping(2).to_bytes()).await;
    assert!(raw.hear().await.is_none());
    until_revoked(&door).await;
}

#[tokio::test]
async fn bad_rules_leave_the_old_ones_in_force() {
    let pki = Pki::new(&[&format!("payments: {ALL}")]);
    let door = pki.door(&Bank::default()).await;
    for (failures, (yaml, code)) in (1..).zip([
        ("grants: [", "ACC-0012"),
        ("grants: [{identity: '', ledgers: [1], rights: [read]}]", "ACC-0013"),
        ("grants: [{identity: a, ledgers: [ABC], rights: [read]}]", "ACC-0014"),
    ]) {
        pki.write_policy(yaml);
        assert_eq!(pki.gate.reload().unwrap_err().code(), code);
        assert!(!pki.gate.reload().unwrap(), "said once");
        let counts = pki.gate.counts();
        assert_eq!((counts.loads, counts.load_failures, counts.is_current), (1, failures, false));
        assert_eq!(counts.identities, 1);
        pki.client(&door, "payments", failures.into()).await;
    }
    pki.write_policy(&policy(&[&format!("payments: {ALL}")]));
    assert!(pki.gate.reload().unwrap());
    assert!(pki.gate.counts().is_current);
}

#[tokio::test]
async fn a_gate_without_rules_lets_its_clients_wait() {
    let pki = Pki::closed();
    assert_eq!(pki.gate.reload().unwrap_err().code(), "CRT-0001", "there is no policy");
    let door = pki.door(&Bank::default()).await;
    let keeping = tokio::spawn(std::sync::Arc::clone(&pki.gate).keep());
    let opening = tokio::spawn(Client::open(options(door.address, pki.tls("payments"), 1)));
    pki.write_policy(&policy(&[&format!("payments: {ALL}")]));
    opening.await.unwrap().unwrap();
    // And the file is looked at again and again.
    pki.write_policy(&policy(&[&format!("payments: {ALL}"), &format!("payroll: {ALL}")]));
    while pki.gate.counts().identities != 2 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    keeping.abort();
}
