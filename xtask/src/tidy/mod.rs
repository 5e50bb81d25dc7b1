//! `tidy`: what the compiler and its lints cannot see.
//!
//! Each rule is a function of the [`House`] with tests on small made-up houses; none of them changes anything, except
//! that `--fix` writes the index pages, which are generated.

mod crates;
mod docs;
mod error_pages;
mod house;
mod lexer;
mod licences;
mod manifests;
mod modules;
mod purity;
mod text;

use std::fmt;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;

use self::house::House;
use crate::workspace::Workspace;

/// What to do about findings.
#[derive(Args)]
pub(crate) struct TidyArgs {
    /// Writes the generated index pages (docs/errors/README.md, docs/adr/README.md).
    #[arg(long)]
    fix: bool,
}

/// Something that is not as it must be.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    /// From the root of the checkout.
    path: String,
    /// Counted from 1; 0 for the file as a whole.
    line: usize,
    /// What is wrong and what to do.
    message: String,
}

impl Finding {
    fn file(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self::line(path, 0, message)
    }

    fn line(path: impl Into<String>, line: usize, message: impl Into<String>) -> Self {
        Self { path: path.into(), line, message: message.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.path)?;
        if self.line > 0 {
            write!(f, "{}:", self.line)?;
        }
        write!(f, " {}", self.message)
    }
}

type Rule = fn(&House) -> Vec<Finding>;

const RULES: [(&str, Rule); 19] = [
    ("layout", crates::layout),
    ("direction", crates::direction),
    ("content", crates::content),
    ("purity", purity::sources),
    ("purity", purity::linked),
    ("floats", purity::floats),
    ("dead-files", modules::dead_files),
    ("manifests", manifests::inherit),
    ("dependencies", manifests::unused),
    ("versions", manifests::one_version),
    ("licences", licences::cargo),
    ("licences", licences::npm),
    ("errors", error_pages::pages),
    ("indexes", docs::indexes),
    ("links", docs::links),
    ("reachable", docs::reachable),
    ("changelog", docs::changelog),
    ("text", text::left_overs),
    ("text", text::machines_and_sizes),
];

/// Checks, prints the findings, and fails if there are any.
pub(crate) fn run(workspace: &Workspace, args: &TidyArgs) -> Result<ExitCode> {
    if args.fix {
        for (path, text) in docs::generated(&House::read(workspace)?) {
            std::fs::write(workspace.root.join(path), text)
                .with_context(|| format!("cannot write {path}"))?;
            println!("wrote {path}");
        }
    }
    Ok(if check(workspace)? == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Checks, prints the findings, and returns how many there are.
pub(crate) fn check(workspace: &Workspace) -> Result<usize> {
    let house = House::read(workspace)?;
    let mut count = 0;
    for (name, rule) in RULES {
        let mut findings = rule(&house);
        findings.sort();
        findings.iter().for_each(|finding| println!("{finding} [{name}]"));
        count += findings.len();
    }
    println!("tidy: {} files, {} rules, {count} findings", house.paths.len(), RULES.len());
    Ok(count)
}

#[cfg(test)]
fn shown(findings: Vec<Finding>) -> String {
    let mut findings = findings;
    findings.sort();
    findings.iter().map(Finding::to_string).collect::<Vec<_>>().join("\n")
}
