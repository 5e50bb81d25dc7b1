//! Authorities, certificates and gates for tests, in a folder of their own.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use certs::{Authority, ClientName, Credentials, Issued};
use tempfile::TempDir;
use tokio_rustls::rustls::ClientConfig;
use vsr::{Client, ClientOptions, Gate, GateFiles, Limits};

use super::memory::Bank;
use super::site::Door;

/// A bank's authority, and a gate whose files are here.
pub(crate) struct Pki {
    folder: TempDir,
    pub(crate) authority: Authority,
    pub(crate) gate: Arc<Gate>,
}

#[expect(clippy::disallowed_methods, reason = "certificates need the day")]
pub(crate) fn now() -> SystemTime {
    SystemTime::now()
}

/// Grants as `identity: rights: ledgers`, such as `payments: read post: 1 2`.
pub(crate) fn policy(grants: &[&str]) -> String {
    let mut yaml = "grants:\n".to_owned();
    for grant in grants {
        let [identity, rights, ledgers] = grant.rsplitn(3, ": ").collect::<Vec<_>>()[..] else {
            panic!("{grant}")
        };
        let (identity, ledgers) = (ledgers, identity);
        let list =
            |words: &str| words.split(' ').map(|word| format!("'{word}'")).collect::<Vec<_>>().join(", ");
        let (ledgers, rights) = (list(ledgers), rights.replace(' ', ", "));
        yaml += &format!("  - identity: {identity}\n    ledgers: [{ledgers}]\n    rights: [{rights}]\n");
    }
    if grants.is_empty() { "grants: []".to_owned() } else { yaml }
}

impl Pki {
    /// A gate that is open to whom the grants name.
    pub(crate) fn new(grants: &[&str]) -> Self {
        let pki = Self::closed();
        pki.write_policy(&policy(grants));
        assert!(pki.gate.reload().unwrap());
        pki
    }

    /// A gate that has read nothing yet and has no policy.
    pub(crate) fn closed() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::create("the bank", now()).unwrap();
        let file = |name: &str| folder.path().join(name);
        let site = authority.issue_server("site", &["127.0.0.1", "localhost"], now(), 30).unwrap();
        certs::write_public(&file("ca.pem"), authority.certificate().as_bytes()).unwrap();
        certs::write_public(&file("site.pem"), site.certificate.as_bytes()).unwrap();
        certs::write_secret(&file("site.key"), site.key.as_bytes()).unwrap();
        let files = GateFiles {
            certificate: file("site.pem"),
            key: file("site.key"),
            client_authority: file("ca.pem"),
            policy: file("access.yaml"),
        };
        let gate = Gate::new(files);
        Self { folder, authority, gate }
    }

    pub(crate) fn policy_file(&self) -> PathBuf {
        self.folder.path().join("access.yaml")
    }

    #[expect(clippy::disallowed_methods, reason = "a test writes what an administrator would")]
    pub(crate) fn write_policy(&self, yaml: &str) {
        std::fs::write(self.policy_file(), yaml).unwrap();
    }

    pub(crate) fn change_policy(&self, grants: &[&str]) {
        self.write_policy(&policy(grants));
        assert!(self.gate.reload().unwrap());
    }

    /// The TLS of a client with a certificate for this common name.
    pub(crate) fn tls(&self, name: &str) -> Arc<ClientConfig> {
        self.tls_of(&self.authority.issue_client(ClientName::Common(name), now(), 30).unwrap())
    }

    pub(crate) fn tls_of(&self, issued: &Issued) -> Arc<ClientConfig> {
        let credentials =
            Credentials::from_pem(issued.certificate.as_bytes(), issued.key.as_bytes()).unwrap();
        certs::client_config(credentials, self.authority.certificate().as_bytes()).unwrap()
    }

    pub(crate) async fn door(&self, bank: &Bank) -> Door {
        Door::open_tls(bank, 0, 1, Limits::default(), &self.gate).await
    }

    /// A session under a certificate with this common name.
    pub(crate) async fn client(&self, door: &Door, name: &str, id: u128) -> Client {
        Client::open(options(door.address, self.tls(name), id)).await.unwrap()
    }
}

/// A client that does not wait long for what never comes.
pub(crate) fn options(address: SocketAddr, tls: Arc<ClientConfig>, id: u128) -> ClientOptions {
    let mut options = ClientOptions::new(vec![address], 0, id);
    options.tls = Some(tls);
    options
}

/// For what must not come about.
pub(crate) fn impatient(address: SocketAddr, tls: Arc<ClientConfig>) -> ClientOptions {
    ClientOptions { patience: Duration::from_millis(300), ..options(address, tls, 1) }
}
