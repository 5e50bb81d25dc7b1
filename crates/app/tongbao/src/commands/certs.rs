//! `tongbao certs`.

use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use access_core::Identity;
use certs::{Authority, CertsError, ClientName, Issued, Names};
use serde::Serialize;

use super::Bank;
use super::table::{Align, Table};
use crate::cli::{CertsCommand, CertsFolder};
use crate::clock;
use crate::institution::default_plan;
use crate::output::Output;

/// The client that `init` makes.
const OPERATOR: &str = "operator";

/// The rules that `init` writes.
const RULES: &str = "\
# Who may do what in which ledgers, for clients that come over TLS. What is not granted here is refused. The sites read this
# file again when it changes.
#
#   identity  as the certificate has it: a URI, `dns:NAME`, or a plain common name
#   ledgers   currencies (CZK), numbers (700), or \"*\" for every ledger
#   rights    read, post (create accounts and transfers), approve (post and void pending transfers)
grants:
  - identity: operator
    ledgers: [\"*\"]
    rights: [read, post, approve]
";

pub(super) fn run(bank: &Bank, command: CertsCommand, output: Output) -> anyhow::Result<()> {
    match command {
        CertsCommand::Init { folder, hosts, validity } => {
            init(&locate(bank, folder), &hosts, validity.days, output)
        }
        CertsCommand::Issue { identity, folder, validity } => {
            issue(&locate(bank, folder), &identity, validity.days, output)
        }
        CertsCommand::List { folder } => list(&locate(bank, folder), output),
    }
}

/// The folder of the certificates.
pub(super) fn locate(bank: &Bank, folder: CertsFolder) -> PathBuf {
    folder.certs.unwrap_or_else(|| bank.layout.certs())
}

/// Where a client's certificate and key are.
pub(super) fn client_files(folder: &Path, client: &Identity) -> (PathBuf, PathBuf) {
    let name = client.as_str();
    let name =
        name.strip_prefix("dns:").or_else(|| name.split_once("://").map(|(_, rest)| rest)).unwrap_or(name);
    let is_plain = |c: char| c.is_alphanumeric() || c == '.' || c == '-' || c == '_';
    let name: String = name.chars().map(|c| if is_plain(c) { c } else { '-' }).collect();
    let file = |ending: &str| folder.join("clients").join(format!("{name}.{ending}"));
    (file("pem"), file("key"))
}

fn init(folder: &Path, hosts: &[String], days: u32, output: Output) -> anyhow::Result<()> {
    let now = now();
    let authority = Authority::create("Tongbao", now)?;
    for part in ["", "sites", "clients"] {
        make_folder(&folder.join(part))?;
    }
    certs::write_secret(&folder.join("ca.key"), authority.key().as_bytes())?;
    certs::write_public(&folder.join("ca.pem"), authority.certificate().as_bytes())?;
    for site in default_plan() {
        let address = site.address.to_string();
        let mut names = vec![site.name.as_str(), address.as_str()];
        names.extend(hosts.iter().map(String::as_str));
        let issued = authority.issue_server(site.name.as_str(), &names, now, days)?;
        let file = |ending: &str| folder.join("sites").join(format!("{}.{ending}", site.name));
        keep(&issued, &file("pem"), &file("key"))?;
    }
    let operator: Identity = OPERATOR.parse()?;
    let (certificate, key) = client_files(folder, &operator);
    keep(&authority.issue_client(ClientName::Common(OPERATOR), now, days)?, &certificate, &key)?;
    let rules = folder.join("access.yaml");
    certs::write_public(&rules, RULES.as_bytes())?;

    let made = serde_json::json!({ "certs": folder, "access": rules, "client": OPERATOR });
    output.result(&made, || {
        format!(
            "Made in {}: an authority, certificates for the sites, the client `{OPERATOR}`, and access rules.\n\
             The authority's key is ca.key: keep it where no site can reach it once you have issued what you need.\n\n\
             Next:\n  tongbao up --ledger-tls-port 3443\n  tongbao tunnel --as {OPERATOR}",
            folder.display()
        )
    })
}

fn issue(folder: &Path, identity: &Identity, days: u32, output: Output) -> anyhow::Result<()> {
    let read = |name: &str| {
        let bytes = certs::read(&folder.join(name))?;
        String::from_utf8(bytes).map_err(|_| CertsError::Certificate { what: "authority's file" })
    };
    let authority = Authority::from_pem(&read("ca.pem")?, &read("ca.key")?)?;
    let text = identity.as_str();
    let name = match text.strip_prefix("dns:") {
        Some(name) => ClientName::Dns(name),
        None if text.contains("://") => ClientName::Uri(text),
        None => ClientName::Common(text),
    };
    let (certificate, key) = client_files(folder, identity);
    keep(&authority.issue_client(name, now(), days)?, &certificate, &key)?;
    let made = serde_json::json!({ "identity": text, "certificate": certificate, "key": key });
    output.result(&made, || {
        format!(
            "Issued for `{text}`, valid for {days} days:\n  {}\n  {}\n\nGrant it something in the access rules:\n  \
             - identity: {text}\n    ledgers: [CZK]\n    rights: [read, post]",
            certificate.display(),
            key.display()
        )
    })
}

/// A certificate as it is listed.
#[derive(Serialize)]
struct Row {
    file: String,
    identity: Option<String>,
    /// Seconds since 1970.
    not_after_s: u64,
    expired: bool,
}

fn list(folder: &Path, output: Output) -> anyhow::Result<()> {
    let mut rows = vec![row(folder, "ca.pem")?];
    for part in ["sites", "clients"] {
        let path = folder.join(part);
        let failed = |source| CertsError::File { path: path.clone(), source };
        let mut names = Vec::new();
        for entry in std::fs::read_dir(&path).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name().to_string_lossy().into_owned();
            names.extend(name.ends_with(".pem").then(|| format!("{part}/{name}")));
        }
        names.sort_unstable();
        for name in names {
            rows.push(row(folder, &name)?);
        }
    }
    output.result(&rows, || {
        let mut table =
            Table::new(&[("FILE", Align::Left), ("IDENTITY", Align::Left), ("UNTIL", Align::Left)]);
        for row in &rows {
            let until = jiff::Timestamp::from_second(row.not_after_s.try_into().unwrap_or(i64::MAX));
            let until = until.map_or("-".to_owned(), |until| until.to_string());
            let until = if row.expired { format!("{until} EXPIRED") } else { until };
            table.row([row.file.clone(), row.identity.clone().unwrap_or("-".to_owned()), until]);
        }
        table.to_string()
    })
}

fn row(folder: &Path, file: &str) -> Result<Row, CertsError> {
    let Names { uris, dns, common, not_after_s } = Names::of_pem(&certs::read(&folder.join(file))?)?;
    let identity = Identity::of(&access_core::Names { uris, dns, common }).ok().map(|name| name.to_string());
    let now = now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    Ok(Row { file: file.to_owned(), identity, not_after_s, expired: not_after_s < now })
}

fn keep(issued: &Issued, certificate: &Path, key: &Path) -> Result<(), CertsError> {
    certs::write_secret(key, issued.key.as_bytes())?;
    certs::write_public(certificate, issued.certificate.as_bytes())
}

/// A folder that only its owner may enter, if it is not there yet.
fn make_folder(path: &Path) -> Result<(), CertsError> {
    let failed = |source| CertsError::File { path: path.to_owned(), source };
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(failed)
}

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_nanos(clock::wall().0)
}
