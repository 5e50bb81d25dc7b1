//! Sessions with TLS: the certificate and the host's name are always checked.

use std::path::Path;

use journal_pg::{Settings, Survey};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

use crate::cluster::{Cluster, SHARD};

/// An authority, and a server's certificate for `name`: written to `folder`.
fn certify(folder: &Path, name: &str) {
    let authority_key = KeyPair::generate().unwrap();
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let certificate = authority.self_signed(&authority_key).unwrap();
    std::fs::write(folder.join("authority.pem"), certificate.pem()).unwrap();
    let issuer = Issuer::new(authority, authority_key);
    let key = KeyPair::generate().unwrap();
    let server = CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
    std::fs::write(folder.join("server.pem"), server.pem()).unwrap();
    std::fs::write(folder.join("server.key"), key.serialize_pem()).unwrap();
}

#[test]
fn a_session_is_encrypted_and_a_stranger_is_not_trusted() {
    let Some(mut cluster) = Cluster::start(0) else { return };
    let folder = cluster.servers[0].spec().folder.clone();
    certify(&folder, "127.0.0.1");
    let owner = std::fs::metadata(&folder).unwrap();
    let (user, group) =
        (std::os::unix::fs::MetadataExt::uid(&owner), std::os::unix::fs::MetadataExt::gid(&owner));
    for name in ["server.pem", "server.key"] {
        let file = folder.join(name);
        std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        std::os::unix::fs::chown(&file, Some(user), Some(group)).unwrap();
    }
    let place = folder.display();
    cluster.servers[0].stop();
    let mut spec = cluster.servers[0].spec().clone();
    spec.extra.push_str(&format!(
        "ssl = on\nssl_cert_file = '{place}/server.pem'\nssl_key_file = '{place}/server.key'\n"
    ));
    cluster.servers[0] = pg_local::Server::new(&crate::cluster::installation().unwrap(), spec);
    cluster.servers[0].lead("").unwrap();
    cluster.servers[0].start().unwrap();

    let ask = |options: &str| {
        let settings: Settings = format!("{}&{options}", cluster.url()).parse().unwrap();
        cluster.block_on(Survey::ask(&settings, SHARD))
    };
    // The shard's tables come with the first session that works on it.
    let good = format!("sslmode=require&sslrootcert={place}/authority.pem");
    let store =
        journal_pg::PgStore::new(format!("{}&{good}", cluster.url()).parse().unwrap(), SHARD).unwrap();
    let _tail = journal::Store::tail(&store, journal::Position::genesis()).unwrap();
    cluster.until(
        0,
        "an encrypted session",
        "SELECT count(*) > 0 FROM pg_stat_ssl WHERE ssl AND pid IN \
        (SELECT pid FROM pg_stat_activity WHERE application_name = 'tongbao')",
        "t",
    );
    crate::site::until("the tables", || ask(&good).ok());

    let other = tempfile::tempdir().unwrap();
    certify(other.path(), "127.0.0.1");
    let stranger =
        ask(&format!("sslmode=require&sslrootcert={}/authority.pem", other.path().display())).unwrap_err();
    assert!(stranger.to_string().contains("certificate"), "{stranger}");
    let missing = ask("sslmode=require&sslrootcert=/nowhere.pem").unwrap_err();
    assert_eq!(stdx::Coded::code(&missing), "JPG-0002");
}
