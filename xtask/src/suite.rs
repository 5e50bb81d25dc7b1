//! `suite`: outside conformance suites, run over a directory that the user has.

use std::fmt;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use crate::process::Cmd;

/// Which suite, and where it lies.
#[derive(Args)]
pub(crate) struct SuiteArgs {
    /// The suite's name.
    name: String,
    /// A directory with the suite's own layout.
    dir: PathBuf,
    /// Writes one line per case.
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
}

/// The suites that can be run: the name, and the package whose binary runs it with `DIR [--csv FILE]`.
/// A suite comes with the standard it judges; there is none so far.
const KNOWN: [(&str, &str); 0] = [];

/// Why a suite cannot be run.
#[derive(Debug, PartialEq, Eq)]
enum SuiteError {
    /// No suite has this name.
    Unknown { name: String, known: Vec<&'static str> },
    /// The directory is not there.
    NoDirectory(PathBuf),
}

impl fmt::Display for SuiteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { name, known } if known.is_empty() => {
                write!(f, "no suite is called `{name}`: this version has no outside suite yet")
            }
            Self::Unknown { name, known } => {
                write!(f, "no suite is called `{name}`; known suites: {}", known.join(", "))
            }
            Self::NoDirectory(dir) => write!(f, "{} is not a directory", dir.display()),
        }
    }
}

impl std::error::Error for SuiteError {}

/// Becomes the program that runs the suite.
pub(crate) fn run(args: &SuiteArgs) -> Result<ExitCode> {
    let package = find(&args.name, &KNOWN)?;
    if !args.dir.is_dir() {
        return Err(SuiteError::NoDirectory(args.dir.clone()).into());
    }
    let mut command = Cmd::cargo().args(["run", "--release", "--package", package, "--"]).arg(&args.dir);
    if let Some(csv) = &args.csv {
        command = command.arg("--csv").arg(csv);
    }
    command.exec()
}

fn find(name: &str, known: &[(&'static str, &'static str)]) -> Result<&'static str, SuiteError> {
    known.iter().find(|(suite, _)| *suite == name).map(|(_, package)| *package).ok_or_else(|| {
        SuiteError::Unknown { name: name.to_owned(), known: known.iter().map(|(suite, _)| *suite).collect() }
    })
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn an_unknown_suite_is_an_error_that_lists_the_known_ones() {
        let known = [("dmn-tck", "decision-suite"), ("fix", "fix-suite")];
        assert_eq!(find("fix", &known), Ok("fix-suite"));
        assert_eq!(
            find("dmn", &known).unwrap_err().to_string(),
            "no suite is called `dmn`; known suites: dmn-tck, fix"
        );
        assert_eq!(
            find("dmn-tck", &[]).unwrap_err().to_string(),
            "no suite is called `dmn-tck`: this version has no outside suite yet"
        );
    }
}
