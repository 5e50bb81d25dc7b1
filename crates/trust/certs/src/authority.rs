//! A certificate authority for a laptop and for tests.

use std::fmt;
use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, SanType,
};

use crate::CertsError;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How long an authority's own certificate is valid.
const AUTHORITY_DAYS: u32 = 3_650;

/// Clocks differ: a certificate is valid a little before it was made.
const BEFORE: Duration = Duration::from_secs(60 * 60);

/// An authority: a certificate that signs others, and its key.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: String,
}

/// Who a client is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientName<'a> {
    /// By a URI, such as `spiffe://bank.example/payments`.
    Uri(&'a str),
    /// By a DNS name.
    Dns(&'a str),
    /// By a common name.
    Common(&'a str),
}

/// A new certificate and its key, both in PEM.
#[derive(Clone)]
pub struct Issued {
    /// The certificate.
    pub certificate: String,
    /// The private key: for a file that only its owner may read.
    pub key: String,
}

/// Without the key.
impl fmt::Debug for Issued {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issued").field("certificate", &self.certificate).finish_non_exhaustive()
    }
}

impl Authority {
    /// Makes an authority called `name`, valid for ten years from `now`.
    pub fn create(name: &str, now: SystemTime) -> Result<Self, CertsError> {
        let mut params = params(name, now, AUTHORITY_DAYS);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().map_err(CertsError::Issue)?;
        let certificate = params.self_signed(&key).map_err(CertsError::Issue)?.pem();
        Ok(Self { issuer: Issuer::new(params, key), certificate })
    }

    /// An authority that was made before, from its certificate and its key.
    ///
    /// Errors: [`CertsError::Key`], [`CertsError::Certificate`].
    pub fn from_pem(certificate: &str, key: &str) -> Result<Self, CertsError> {
        let key = KeyPair::from_pem(key).map_err(|_| CertsError::Key { what: "authority's key file" })?;
        let issuer = Issuer::from_ca_cert_pem(certificate, key)
            .map_err(|_| CertsError::Certificate { what: "authority's file" })?;
        Ok(Self { issuer, certificate: certificate.to_owned() })
    }

    /// The certificate, in PEM: what others need to trust this authority.
    pub fn certificate(&self) -> &str {
        &self.certificate
    }

    /// The key, in PEM.
    pub fn key(&self) -> String {
        self.issuer.key().serialize_pem()
    }

    /// Issues a certificate for a server called `name` that listens under these names and addresses.
    ///
    /// Errors: [`CertsError::Name`], [`CertsError::Issue`].
    pub fn issue_server(
        &self,
        name: &str,
        hosts: &[&str],
        now: SystemTime,
        days: u32,
    ) -> Result<Issued, CertsError> {
        let mut params = params(name, now, days);
        for host in hosts {
            params.subject_alt_names.push(match host.parse::<IpAddr>() {
                Ok(address) => SanType::IpAddress(address),
                Err(_) => dns(host)?,
            });
        }
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.issue(params)
    }

    /// Issues a certificate for a client.
    ///
    /// Errors: [`CertsError::Name`], [`CertsError::Issue`].
    pub fn issue_client(
        &self,
        name: ClientName<'_>,
        now: SystemTime,
        days: u32,
    ) -> Result<Issued, CertsError> {
        let (text, alternative) = match name {
            ClientName::Uri(uri) => {
                let wrong = |_| CertsError::Name { name: uri.to_owned() };
                (uri, Some(SanType::URI(uri.try_into().map_err(wrong)?)))
            }
            ClientName::Dns(name) => (name, Some(dns(name)?)),
            ClientName::Common(name) => (name, None),
        };
        let mut params = params(text, now, days);
        params.subject_alt_names.extend(alternative);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.issue(params)
    }

    fn issue(&self, mut params: CertificateParams) -> Result<Issued, CertsError> {
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate().map_err(CertsError::Issue)?;
        let certificate = params.signed_by(&key, &self.issuer).map_err(CertsError::Issue)?;
        Ok(Issued { certificate: certificate.pem(), key: key.serialize_pem() })
    }
}

fn params(name: &str, now: SystemTime, days: u32) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = (now - BEFORE).into();
    params.not_after = (now + DAY * days).into();
    params
}

fn dns(name: &str) -> Result<SanType, CertsError> {
    let wrong = || CertsError::Name { name: name.to_owned() };
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    if name.is_empty() || !name.bytes().all(is_allowed) {
        return Err(wrong());
    }
    Ok(SanType::DnsName(name.try_into().map_err(|_| wrong())?))
}
