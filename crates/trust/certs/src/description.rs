//! What stands in a certificate, for people.

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use stdx::Digest;

use crate::{CertsError, Names};

/// The most certificates that are described of one file.
pub const CHAIN_MAX: usize = 16;

/// What a certificate says of itself. Whether it can be trusted is not asked here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// Who it is for, and until when.
    pub names: Names,
    /// The distinguished name of its owner.
    pub subject: String,
    /// The distinguished name of who issued it.
    pub issuer: String,
    /// Whether it may issue others.
    pub is_authority: bool,
    /// The first second of its validity, since 1970.
    pub not_before_s: u64,
    /// The SHA-256 of its DER, which other tools show, too.
    pub fingerprint: Digest,
}

impl Description {
    /// Reads the first [`CHAIN_MAX`] certificates in a PEM file. Keys in it are passed over.
    ///
    /// Errors: [`CertsError::Certificate`], also if there is none.
    pub fn all_of_pem(pem: &[u8]) -> Result<Vec<Self>, CertsError> {
        let unreadable = || CertsError::Certificate { what: "file" };
        let found = CertificateDer::pem_slice_iter(pem).take(CHAIN_MAX);
        let all: Vec<Self> = found
            .map(|certificate| Self::of(&certificate.map_err(|_| unreadable())?))
            .collect::<Result<_, _>>()?;
        if all.is_empty() { Err(unreadable()) } else { Ok(all) }
    }

    /// Reads a certificate in DER.
    ///
    /// Errors: [`CertsError::Certificate`].
    pub fn of(der: &[u8]) -> Result<Self, CertsError> {
        let unreadable = || CertsError::Certificate { what: "file" };
        let (_, certificate) = x509_parser::parse_x509_certificate(der).map_err(|_| unreadable())?;
        let constraints = certificate.basic_constraints().map_err(|_| unreadable())?;
        Ok(Self {
            names: Names::of(der).map_err(|_| unreadable())?,
            subject: certificate.subject().to_string(),
            issuer: certificate.issuer().to_string(),
            is_authority: constraints.is_some_and(|constraints| constraints.value.ca),
            not_before_s: u64::try_from(certificate.validity().not_before.timestamp()).unwrap_or(0),
            fingerprint: Digest::of(der),
        })
    }
}
