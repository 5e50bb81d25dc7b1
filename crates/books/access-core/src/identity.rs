//! Who somebody is.

use std::fmt;
use std::str::FromStr;

use crate::IdentityError;

/// The longest identity, in bytes: it stands in logs and metrics.
pub(crate) const IDENTITY_BYTES_MAX: usize = 256;

/// What a DNS name begins with, so that it is not taken for a common name.
const DNS: &str = "dns:";

/// The name of a service or a person, as a certificate has it.
///
/// Three forms that cannot be confused: a URI such as `spiffe://bank.example/payments`, a DNS name as
/// `dns:payments.bank.example` in lower case, and the plain text of a common name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity(Box<str>);

/// The names in a certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// Alternative names that are URIs.
    pub uris: Vec<String>,
    /// Alternative names that are DNS names.
    pub dns: Vec<String>,
    /// Common names of the subject.
    pub common: Vec<String>,
}

impl Identity {
    /// Whom a certificate with these names identifies: its URI; without one its DNS name; without either its common name.
    ///
    /// Errors: [`IdentityError`]; more than one name of the kind that counts identifies nobody.
    pub fn of(names: &Names) -> Result<Self, IdentityError> {
        let malformed = |name: &str| IdentityError::Malformed { name: name.to_owned() };
        if let Some(uri) = only("URI", &names.uris)? {
            let is_uri = uri.contains("://");
            return if is_uri { uri.parse() } else { Err(malformed(uri)) };
        }
        if let Some(name) = only("DNS name", &names.dns)? {
            return format!("{DNS}{name}").parse();
        }
        let name = only("common name", &names.common)?.ok_or(IdentityError::Nameless)?;
        // What looks like another kind of name was not certified as one.
        let is_plain = !name.contains("://") && !name.starts_with(DNS);
        if is_plain { name.parse() } else { Err(malformed(name)) }
    }

    /// The text form.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn only<'a>(kind: &'static str, names: &'a [String]) -> Result<Option<&'a str>, IdentityError> {
    match names {
        [] => Ok(None),
        [name] => Ok(Some(name)),
        _ => Err(IdentityError::Ambiguous { kind, count: names.len() }),
    }
}

impl FromStr for Identity {
    type Err = IdentityError;

    fn from_str(text: &str) -> Result<Self, IdentityError> {
        let malformed = || IdentityError::Malformed { name: text.chars().take(IDENTITY_BYTES_MAX).collect() };
        let is_allowed = |c: char| !c.is_control() && c != '"' && c != '\\';
        let name = text.strip_prefix(DNS).unwrap_or(text);
        let is_name = !name.is_empty() && name.trim() == name && name.chars().all(is_allowed);
        if !is_name || text.len() > IDENTITY_BYTES_MAX {
            return Err(malformed());
        }
        if text.starts_with(DNS) {
            if name.contains("://") || name.contains(char::is_whitespace) {
                return Err(malformed());
            }
            return Ok(Self(text.to_ascii_lowercase().into()));
        }
        if text.contains("://") && text.contains(char::is_whitespace) {
            return Err(malformed());
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}
