//! Who may do what, as people look at it: the rules, read with the parser of the sites, and the folder of certificates.

mod folder;
mod rules;
mod watch;

use access_core::PolicyError;
use certs::CertsError;
use console_api::AccessProblem;
use stdx::Coded;

pub(crate) use rules::{parse, read, tell};
pub(crate) use watch::{AccessFiles, start};

/// The longest text that is told of a certificate, in characters.
const TEXT_CHARS_MAX: usize = 256;

/// Why the rules cannot be used, in the words of the sites.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RulesError {
    /// The file cannot be read.
    #[error(transparent)]
    File(#[from] CertsError),
    /// It holds no policy.
    #[error(transparent)]
    Policy(#[from] PolicyError),
}

impl Coded for RulesError {
    fn code(&self) -> &'static str {
        match self {
            Self::File(error) => error.code(),
            Self::Policy(error) => error.code(),
        }
    }

    fn hint(&self) -> &'static str {
        match self {
            Self::File(error) => error.hint(),
            Self::Policy(error) => error.hint(),
        }
    }
}

/// An error as it is told: without the path, which may lead out of the data folder.
fn problem_of(error: &CertsError) -> AccessProblem {
    let detail = match error {
        CertsError::File { source, .. } => format!("the file cannot be used: {source}"),
        other => other.to_string(),
    };
    told(error, detail)
}

fn told(error: &dyn Coded, detail: String) -> AccessProblem {
    AccessProblem { code: error.code().to_owned(), detail, hint: error.hint().to_owned() }
}

impl RulesError {
    /// As it is told: with its causes, without its path.
    fn problem(&self) -> AccessProblem {
        match self {
            Self::File(error) => problem_of(error),
            Self::Policy(error) => {
                let cause = std::error::Error::source(error).map(|cause| format!(": {cause}"));
                told(error, plain(&format!("{error}{}", cause.unwrap_or_default())))
            }
        }
    }

    /// Whether there is no file at all.
    fn is_missing(&self) -> bool {
        matches!(self, Self::File(CertsError::File { source, .. }) if source.kind() == std::io::ErrorKind::NotFound)
    }
}

/// Text of others that can stand in a terminal and in one line: without control characters, and not too long.
fn plain(text: &str) -> String {
    let plain = text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c });
    plain.take(TEXT_CHARS_MAX).collect()
}
