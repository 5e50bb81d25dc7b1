//! What can go wrong with certificates, and with those who show them.

use std::io;
use std::path::PathBuf;

use rustls::{AlertDescription, CertificateError};
use stdx::{Coded, Retry};

/// Why certificates cannot be made or used. Never holds a key.
#[derive(Debug, thiserror::Error)]
pub enum CertsError {
    /// A file cannot be read or written, or is too large.
    #[error("{} cannot be used", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// No certificate where one should be.
    #[error("there is no readable certificate in the {what}")]
    Certificate {
        /// What was read.
        what: &'static str,
    },
    /// No private key where one should be.
    #[error("there is no readable private key in the {what}")]
    Key {
        /// What was read.
        what: &'static str,
    },
    /// Certificate and key, or certificate and authority, do not go together.
    #[error("the certificate cannot be used with its key or its authority")]
    Unusable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The authority could not issue.
    #[error("the certificate could not be issued")]
    Issue(#[source] rcgen::Error),
    /// A name that no certificate can hold.
    #[error("`{name}` cannot stand in a certificate")]
    Name {
        /// What was given.
        name: String,
    },
}

impl Coded for CertsError {
    fn code(&self) -> &'static str {
        match self {
            Self::File { .. } => "CRT-0001",
            Self::Certificate { .. } => "CRT-0002",
            Self::Key { .. } => "CRT-0003",
            Self::Unusable(_) => "CRT-0004",
            Self::Issue(_) => "CRT-0005",
            Self::Name { .. } => "CRT-0006",
        }
    }

    fn hint(&self) -> &'static str {
        match self {
            Self::File { .. } => {
                "check the path and its permissions; `tongbao certs list` shows what there is; an existing file is never \
                 overwritten"
            }
            Self::Certificate { .. } => "give a PEM file with a `BEGIN CERTIFICATE` block",
            Self::Key { .. } => "give a PEM file with a `BEGIN PRIVATE KEY` block",
            Self::Unusable(_) => {
                "give the key that the certificate was issued for, ECDSA P-256, P-384, Ed25519 or RSA"
            }
            Self::Issue(_) => "check that the authority's certificate and key belong together",
            Self::Name { .. } => "use letters, digits, dots and hyphens, or a URI",
        }
    }
}

/// Why a handshake came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Refused {
    /// No certificate was shown.
    #[error("no client certificate was shown")]
    NoCertificate,
    /// The certificate is not of the authority.
    #[error("the certificate was not issued by the authority that is trusted here")]
    UnknownAuthority,
    /// The certificate has expired or is not valid yet.
    #[error("the certificate has expired, or is not valid yet")]
    Expired,
    /// The certificate is damaged, revoked or made for something else.
    #[error("the certificate cannot be accepted: damaged, for another name, or made for another purpose")]
    Invalid,
    /// The certificate is good, and its owner may not enter.
    #[error("the certificate's owner may not enter")]
    NotAdmitted,
    /// No TLS, another version of it, or an end in the middle.
    #[error("no TLS 1.3 handshake came about")]
    Broken,
    /// The handshake took too long.
    #[error("the handshake took too long")]
    TimedOut,
}

impl Refused {
    /// Every reason.
    pub const ALL: [Self; 7] = [
        Self::NoCertificate,
        Self::UnknownAuthority,
        Self::Expired,
        Self::Invalid,
        Self::NotAdmitted,
        Self::Broken,
        Self::TimedOut,
    ];

    /// The reason in an error of a TLS stream, on either side: what this side found, or what the other side's alert says.
    pub fn of(error: &io::Error) -> Self {
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
        match inner {
            Some(rustls::Error::NoCertificatesPresented) => Self::NoCertificate,
            Some(rustls::Error::InvalidCertificate(error)) => Self::of_certificate(error),
            Some(rustls::Error::AlertReceived(alert)) => Self::of_alert(*alert),
            _ => Self::Broken,
        }
    }

    fn of_certificate(error: &CertificateError) -> Self {
        match error {
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. } => Self::Expired,
            // An authority of the same name with another key is another one.
            CertificateError::UnknownIssuer | CertificateError::BadSignature => Self::UnknownAuthority,
            CertificateError::ApplicationVerificationFailure => Self::NotAdmitted,
            _ => Self::Invalid,
        }
    }

    fn of_alert(alert: AlertDescription) -> Self {
        match alert {
            AlertDescription::CertificateRequired => Self::NoCertificate,
            AlertDescription::UnknownCA | AlertDescription::DecryptError => Self::UnknownAuthority,
            AlertDescription::CertificateExpired => Self::Expired,
            AlertDescription::AccessDenied => Self::NotAdmitted,
            AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateUnknown => Self::Invalid,
            _ => Self::Broken,
        }
    }

    /// The name in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoCertificate => "no_certificate",
            Self::UnknownAuthority => "unknown_authority",
            Self::Expired => "expired",
            Self::Invalid => "invalid",
            Self::NotAdmitted => "not_admitted",
            Self::Broken => "broken",
            Self::TimedOut => "timed_out",
        }
    }
}

impl Coded for Refused {
    fn code(&self) -> &'static str {
        match self {
            Self::NoCertificate => "CRT-0011",
            Self::UnknownAuthority => "CRT-0012",
            Self::Expired => "CRT-0013",
            Self::Invalid => "CRT-0014",
            Self::NotAdmitted => "CRT-0015",
            Self::Broken => "CRT-0016",
            Self::TimedOut => "CRT-0017",
        }
    }

    fn hint(&self) -> &'static str {
        match self {
            Self::NoCertificate => {
                "connect with a certificate of the bank's authority, for instance through `tongbao tunnel`"
            }
            Self::UnknownAuthority => "use a certificate of the authority whose `ca.pem` the other side has",
            Self::Expired => "issue a new certificate, and check both clocks",
            Self::Invalid => {
                "issue a certificate for this purpose (client or server) and, for a server, for this address"
            }
            Self::NotAdmitted => "grant the certificate's identity something in the access policy",
            Self::Broken => "speak TLS 1.3 on this port",
            Self::TimedOut => "check the network between both sides",
        }
    }

    fn retry(&self) -> Retry {
        match self {
            Self::Broken | Self::TimedOut => Retry::Later,
            _ => Retry::Never,
        }
    }
}
