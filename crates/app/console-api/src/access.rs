//! Who may do what: the doors over TLS, the rules in force, and the certificates.

use std::net::SocketAddr;

use ids::Timestamp;
use ledger_api::TimestampText;
use serde::{Deserialize, Serialize};
use stdx::Digest;
use utoipa::ToSchema;

use crate::SiteName;

/// Who may do what over TLS at one moment. Never holds a key, or a path outside the data folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Access {
    /// When this was so.
    #[schema(value_type = TimestampText)]
    pub at: Timestamp,
    /// Whether ledger clients are served over TLS. While they are not, the rules apply to nobody.
    pub on: bool,
    /// The commands that turn it on, in their order; none if it is on.
    pub turn_on: Vec<String>,
    /// The doors for ledger clients at every site, in the order of the institution's plan.
    pub doors: Vec<AccessDoors>,
    /// The rules in force.
    pub rules: AccessRules,
    /// The certificates of authorities, sites and clients.
    pub certificates: CertificateFolder,
}

/// Where one site serves ledger clients.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AccessDoors {
    /// The site.
    pub site: SiteName,
    /// The door over TLS, which asks for certificates and keeps the rules; nothing if it is off.
    #[schema(value_type = Option<String>, example = "127.11.0.1:3443")]
    pub tls: Option<SocketAddr>,
    /// The plain door, behind which everybody may do everything; nothing if it is off.
    #[schema(value_type = Option<String>, example = "127.11.0.1:3000")]
    pub plain: Option<SocketAddr>,
    /// Which rules the site itself keeps at its door over TLS; nothing if that is off.
    pub rules: Option<DoorRules>,
}

/// Which rules a site keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DoorRules {
    /// Those of the files.
    Current,
    /// Those before, because the files as they are now cannot be used. The site's log says why.
    Older,
    /// None yet, so that it lets nobody in: it was started when the files could not be used.
    Missing,
    /// It does not answer.
    Unknown,
}

/// What a site says of its rules: the answer of its own address, from which [`DoorRules`] are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteRules {
    /// Whether the rules in force are those of the files.
    pub current: bool,
    /// How often rules were taken.
    pub loads: u64,
}

/// The rules in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AccessRules {
    /// The file, from the data folder on; nothing if it is elsewhere.
    #[schema(example = "certs/access.yaml")]
    pub file: Option<String>,
    /// Why the file as it is now cannot be used; nothing if these rules are the file's. Those before stay in force.
    pub problem: Option<AccessProblem>,
    /// When these rules were read; nothing if there were none yet.
    #[schema(value_type = Option<TimestampText>)]
    pub read_at: Option<Timestamp>,
    /// How many identities have rights.
    pub identities: u64,
    /// How many rules there are; at most 2,000 are told.
    pub total: u64,
    /// The rules, by identity. Rules for the same identity add up.
    pub rules: Vec<AccessRule>,
}

/// Ledgers in which an identity has the same rights.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AccessRule {
    /// Whose certificate: a URI, `dns:NAME`, or a plain common name.
    #[schema(example = "spiffe://bank.example/payments")]
    pub identity: String,
    /// Whether the rule is for every ledger, also those to come.
    pub every_ledger: bool,
    /// The ledgers otherwise: currencies, or numbers where a ledger is no currency. At most 100 are told.
    pub ledgers: Vec<String>,
    /// How many more ledgers there are.
    pub more_ledgers: u64,
    /// What may be done there.
    pub rights: Vec<AccessRight>,
    /// The best certificate of that identity in the folder; nothing if there is none.
    pub certificate: Option<CertificateState>,
}

/// What somebody may do in a ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccessRight {
    /// See accounts, transfers, balances and change events.
    Read,
    /// Create accounts and transfers, pending ones included.
    Post,
    /// Post and void pending transfers.
    Approve,
}

/// Why a file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AccessProblem {
    /// The code, which has a page; the sites' logs name the same.
    pub code: String,
    /// What is wrong.
    pub detail: String,
    /// What to do.
    pub hint: String,
}

/// The folder of certificates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CertificateFolder {
    /// The folder, from the data folder on; nothing if it is elsewhere.
    #[schema(example = "certs")]
    pub folder: Option<String>,
    /// The certificates: authorities, then sites, then clients, by file.
    pub certificates: Vec<Certificate>,
    /// Files that hold no readable certificate; at most 100 are told.
    pub unreadable: Vec<UnreadableFile>,
    /// Whether there is more than is told: more than 1,000 files or 2,000 certificates.
    pub more: bool,
}

/// One certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Certificate {
    /// The file that it stands in, from the folder of certificates on.
    #[schema(example = "clients/operator.pem")]
    pub file: String,
    /// Whose it is.
    pub kind: CertificateKind,
    /// Whom a client's certificate identifies; nothing for others, and if it identifies nobody.
    pub identity: Option<String>,
    /// Why a client's certificate identifies nobody.
    pub problem: Option<AccessProblem>,
    /// The distinguished name of its owner.
    #[schema(example = "CN=operator")]
    pub subject: String,
    /// The distinguished name of who issued it.
    #[schema(example = "CN=Tongbao")]
    pub issuer: String,
    /// When its validity begins.
    #[schema(value_type = TimestampText)]
    pub not_before: String,
    /// When its validity ends.
    #[schema(value_type = TimestampText)]
    pub not_after: String,
    /// Whole days until the end of its validity; below zero once that is over.
    pub days_left: i64,
    /// Whether it is valid now.
    pub state: CertificateState,
    /// The SHA-256 of the certificate, in hexadecimal digits.
    #[schema(value_type = String)]
    pub fingerprint: Digest,
    /// Whether the rules in force give a client's identity any right; nothing for others.
    pub has_rules: Option<bool>,
}

/// Whose a certificate is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CertificateKind {
    /// It issues others.
    Authority,
    /// A site shows it to clients.
    Site,
    /// A client shows it to sites.
    Client,
}

/// Whether a certificate is valid now. The better ones come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CertificateState {
    /// It is, for more than 30 days.
    Valid,
    /// It is, and ends within 30 days.
    ExpiresSoon,
    /// Its validity has not begun.
    NotYetValid,
    /// Its validity is over.
    Expired,
}

/// A file that should hold a certificate, and does not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UnreadableFile {
    /// The file, from the folder of certificates on.
    pub file: String,
    /// What is wrong with it.
    pub problem: AccessProblem,
}
