//! Certificates that are issued, read, kept, and refused.
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use certs::{Authority, CHAIN_MAX, CertsError, ClientName, Credentials, Description, Names};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use stdx::Coded as _;

const DAY_S: u64 = 24 * 60 * 60;

#[expect(clippy::disallowed_methods, reason = "certificates need the day")]
fn now() -> SystemTime {
    SystemTime::now()
}

fn authority() -> Authority {
    Authority::create("the bank", now()).unwrap()
}

fn names(pem: &str) -> Names {
    Names::of_pem(pem.as_bytes()).unwrap()
}

#[test]
fn certificates_say_who_and_until_when() {
    let issued_at = UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    let authority = Authority::create("the bank", issued_at).unwrap();
    let not_after_s = 1_800_000_000 + 30 * DAY_S;
    let owned = |name: &str| vec![name.to_owned()];
    for (name, uris, dns, common) in [
        (ClientName::Uri("spiffe://b/x"), owned("spiffe://b/x"), vec![], "spiffe://b/x"),
        (ClientName::Dns("pay.b"), vec![], owned("pay.b"), "pay.b"),
        (ClientName::Common("Süd, 3"), vec![], vec![], "Süd, 3"),
    ] {
        let issued = authority.issue_client(name, issued_at, 30).unwrap();
        let expected = Names { uris, dns, common: owned(common), not_after_s };
        assert_eq!(names(&issued.certificate), expected);
    }
}

#[test]
fn an_authority_goes_on_from_its_files() {
    let first = authority();
    let again = Authority::from_pem(first.certificate(), &first.key()).unwrap();
    let server = again.issue_server("east-1", &["127.0.0.1", "east-1.bank"], now(), 30).unwrap();
    let server = Credentials::from_pem(server.certificate.as_bytes(), server.key.as_bytes()).unwrap();
    certs::server_config(server, first.certificate().as_bytes(), Arc::new(|_| true)).unwrap();
    let client = again.issue_client(ClientName::Common("x"), now(), 30).unwrap();
    let client = Credentials::from_pem(client.certificate.as_bytes(), client.key.as_bytes()).unwrap();
    certs::client_config(client, again.certificate().as_bytes()).unwrap();
}

#[test]
fn what_does_not_go_together_is_refused() {
    let authority = authority();
    let issue = |name| authority.issue_client(ClientName::Common(name), now(), 30).unwrap();
    let (one, two) = (issue("one"), issue("two"));
    let mixed = Credentials::from_pem(one.certificate.as_bytes(), two.key.as_bytes()).unwrap();
    let ca = authority.certificate().as_bytes();
    assert_eq!(certs::client_config(mixed.clone(), ca).unwrap_err().code(), "CRT-0004");
    assert_eq!(certs::server_config(mixed, ca, Arc::new(|_| true)).unwrap_err().code(), "CRT-0004");

    let code = |result: Result<Credentials, CertsError>| result.unwrap_err().code();
    assert_eq!(code(Credentials::from_pem(b"", one.key.as_bytes())), "CRT-0002");
    assert_eq!(code(Credentials::from_pem(one.key.as_bytes(), one.key.as_bytes())), "CRT-0002");
    assert_eq!(code(Credentials::from_pem(one.certificate.as_bytes(), b"")), "CRT-0003");
    assert_eq!(
        code(Credentials::from_pem(one.certificate.as_bytes(), one.certificate.as_bytes())),
        "CRT-0003"
    );
    let good = Credentials::from_pem(one.certificate.as_bytes(), one.key.as_bytes()).unwrap();
    assert_eq!(certs::client_config(good.clone(), b"no PEM").unwrap_err().code(), "CRT-0002");
    let garbage = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert_eq!(certs::client_config(good, garbage.as_bytes()).unwrap_err().code(), "CRT-0004");
    assert_eq!(Authority::from_pem(one.certificate.as_str(), "no key").err().unwrap().code(), "CRT-0003");
    assert_eq!(Authority::from_pem("no certificate", &one.key).err().unwrap().code(), "CRT-0002");
}

#[test]
fn names_that_no_certificate_holds_are_refused() {
    let authority = authority();
    for name in
        [ClientName::Dns(""), ClientName::Dns("a b"), ClientName::Dns("ü.b"), ClientName::Uri("x://ü")]
    {
        assert_eq!(authority.issue_client(name, now(), 30).unwrap_err().code(), "CRT-0006", "{name:?}");
    }
    assert_eq!(authority.issue_server("x", &["a/b"], now(), 30).unwrap_err().code(), "CRT-0006");
}

/// Every length, and every byte changed: names or an error, and never a panic.
#[test]
fn damaged_certificates_are_read_or_refused() {
    let issued = authority().issue_client(ClientName::Uri("spiffe://b/x"), now(), 30).unwrap();
    let good = CertificateDer::from_pem_slice(issued.certificate.as_bytes()).unwrap();
    for len in 0..good.len() {
        assert_eq!(Names::of(&good[..len]).unwrap_err().code(), "CRT-0002", "{len} bytes");
    }
    for at in 0..good.len() {
        for flip in [0x01, 0x80, 0xff] {
            let mut bad = good.to_vec();
            bad[at] ^= flip;
            let _ = Names::of(&bad);
        }
    }
}

#[test]
fn keys_are_for_their_owner_and_in_no_log() {
    let folder = tempfile::tempdir().unwrap();
    let issued = authority().issue_client(ClientName::Common("x"), now(), 30).unwrap();
    let (key, certificate) = (folder.path().join("x.key"), folder.path().join("x.pem"));
    certs::write_secret(&key, issued.key.as_bytes()).unwrap();
    certs::write_public(&certificate, issued.certificate.as_bytes()).unwrap();
    let mode = |path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&key), mode(&certificate) & 0o600), (0o600, 0o600));
    assert_eq!(
        certs::write_secret(&key, b"another").unwrap_err().code(),
        "CRT-0001",
        "nothing is overwritten"
    );
    assert_eq!(certs::read(&key).unwrap(), issued.key.as_bytes());

    let credentials = Credentials::read(&certificate, &key).unwrap();
    let secret = issued.key.lines().nth(1).unwrap();
    let said = format!("{issued:?} {credentials:?} {:?}", authority().certificate());
    assert!(!said.contains(secret) && !said.contains("PRIVATE"), "{said}");
}

#[test]
fn large_and_missing_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large");
    assert_eq!(certs::read(&path).unwrap_err().code(), "CRT-0001");
    certs::write_public(&path, &vec![0; (1 << 20) + 1]).unwrap();
    assert_eq!(certs::read(&path).unwrap_err().code(), "CRT-0001");
}

#[test]
fn certificates_are_described_one_by_one_and_without_their_keys() {
    let issued_at = UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    let authority = Authority::create("the bank", issued_at).unwrap();
    let client = authority.issue_client(ClientName::Uri("spiffe://b/x"), issued_at, 30).unwrap();
    let file = format!("{}{}{}", client.key, client.certificate, authority.certificate());
    let [own, issuer] = Description::all_of_pem(file.as_bytes()).unwrap().try_into().unwrap();
    assert_eq!((own.subject.as_str(), own.issuer.as_str()), ("CN=spiffe://b/x", "CN=the bank"));
    assert_eq!((own.names.clone(), own.is_authority), (names(&client.certificate), false));
    assert_eq!(own.not_before_s, 1_800_000_000 - 60 * 60);
    assert_eq!((issuer.subject.as_str(), issuer.is_authority), ("CN=the bank", true));
    let der = CertificateDer::from_pem_slice(client.certificate.as_bytes()).unwrap();
    assert_eq!(own.fingerprint, stdx::Digest::of(&der));

    let many = client.certificate.repeat(CHAIN_MAX + 1);
    assert_eq!(Description::all_of_pem(many.as_bytes()).unwrap().len(), CHAIN_MAX);
    let cut = client.certificate.replacen("MII", "AAA", 1);
    for bad in ["", "hello", client.key.as_str(), cut.as_str()] {
        assert_eq!(Description::all_of_pem(bad.as_bytes()).unwrap_err().code(), "CRT-0002", "{bad}");
    }
}
