//! What can be wrong with a policy, and with the names in a certificate.

use stdx::Coded;

use crate::identity::IDENTITY_BYTES_MAX;
use crate::policy::{GRANTS_MAX, LEDGERS_MAX, POLICY_BYTES_MAX};

/// Why a text or a certificate names nobody.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// Empty, too long, or with characters that a name must not have.
    #[error(
        "{name:?} is not an identity: 1 to {IDENTITY_BYTES_MAX} bytes without quotes, backslashes and control characters, \
         `spiffe://…`, `dns:…` or a plain name"
    )]
    Malformed {
        /// What was given.
        name: String,
    },
    /// A certificate without a name.
    #[error("the certificate has neither a URI nor a DNS name nor a common name")]
    Nameless,
    /// A certificate with several names where one counts.
    #[error("the certificate has {count} {kind}s, so that none is its identity")]
    Ambiguous {
        /// The kind of the names.
        kind: &'static str,
        /// How many there are.
        count: usize,
    },
}

impl Coded for IdentityError {
    fn code(&self) -> &'static str {
        match self {
            Self::Malformed { .. } => "ACC-0001",
            Self::Nameless => "ACC-0002",
            Self::Ambiguous { .. } => "ACC-0003",
        }
    }

    fn hint(&self) -> &'static str {
        match self {
            Self::Malformed { .. } => "write the identity as the certificate has it",
            Self::Nameless | Self::Ambiguous { .. } => {
                "issue the certificate with exactly one URI, or else one DNS name, or else one common name"
            }
        }
    }
}

/// Why a policy is none. The one before stays in force.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// Too large to be read.
    #[error("the policy is larger than {POLICY_BYTES_MAX} bytes")]
    TooLarge,
    /// Not YAML, or not the fields of a policy.
    #[error("the policy is not well formed: {detail}")]
    Malformed {
        /// What is wrong, and where.
        detail: String,
    },
    /// A grant to nobody.
    #[error("grant {grant} of the policy is for nobody")]
    Identity {
        /// Which grant, counted from 1.
        grant: usize,
        /// What is wrong with its identity.
        #[source]
        source: IdentityError,
    },
    /// A ledger that cannot be.
    #[error(
        "grant {grant} of the policy names the ledger `{ledger}`, which is neither a currency nor a number nor `*`"
    )]
    Ledger {
        /// Which grant, counted from 1.
        grant: usize,
        /// What was given.
        ledger: String,
    },
    /// A grant of nothing.
    #[error("grant {grant} of the policy has no {what}")]
    Empty {
        /// Which grant, counted from 1.
        grant: usize,
        /// What it lacks.
        what: &'static str,
    },
    /// More than a policy may hold.
    #[error("the policy has more than {GRANTS_MAX} grants, or a grant more than {LEDGERS_MAX} ledgers")]
    TooMany,
}

impl Coded for PolicyError {
    fn code(&self) -> &'static str {
        match self {
            Self::TooLarge => "ACC-0011",
            Self::Malformed { .. } => "ACC-0012",
            Self::Identity { .. } => "ACC-0013",
            Self::Ledger { .. } => "ACC-0014",
            Self::Empty { .. } => "ACC-0015",
            Self::TooMany => "ACC-0016",
        }
    }

    fn hint(&self) -> &'static str {
        match self {
            Self::TooLarge | Self::TooMany => {
                "grant `*`, or let services with equal rights share an identity"
            }
            Self::Malformed { .. } => {
                "correct the line that is named; a `*` stands in quotes, and examples/access/access.yaml shows the form"
            }
            Self::Identity { .. } => {
                "write `spiffe://…`, `dns:…` or a common name, as the certificate has it"
            }
            Self::Ledger { .. } => {
                "write an ISO 4217 code, a number from 1 to 4294967295, or \"*\" for every ledger"
            }
            Self::Empty { .. } => "name at least one ledger and one right, or remove the grant",
        }
    }
}
