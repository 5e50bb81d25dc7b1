//! Pure crates (`*-core` and `crates/base`) decide and compute; they read no clock, file, socket or random source, so
//! that they can be simulated, replayed and proven.

use super::Finding;
use super::house::{House, Package};
use super::lexer::{Kind, Token};

/// Crates that mean input, output, waiting or chance.
const IMPURE: [&str; 22] = [
    "async-io",
    "async-std",
    "axum",
    "fastrand",
    "futures-timer",
    "getrandom",
    "h2",
    "hyper",
    "mio",
    "nix",
    "rand",
    "rand_chacha",
    "rand_xorshift",
    "reqwest",
    "rustix",
    "rustls",
    "signal-hook",
    "smol",
    "socket2",
    "tempfile",
    "tokio",
    "tracing-subscriber",
];

/// Parts of the standard library that do the same.
const IMPURE_PATHS: [&str; 11] = [
    "std::env",
    "std::fs",
    "std::io::stderr",
    "std::io::stdin",
    "std::io::stdout",
    "std::net",
    "std::os",
    "std::process",
    "std::thread",
    "std::time::Instant",
    "std::time::SystemTime",
];

/// Crates that count money: not even a harmless-looking ratio is a floating-point number there.
const EXACT: [&str; 4] = ["money", "calendar", "ledger-core", "interest-core"];

/// A pure crate links nothing impure, not even through others.
pub(super) fn linked(house: &House) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in &house.packages {
        let linked = house.linked.get(&package.name).into_iter().flatten();
        for name in linked.filter(|name| IMPURE.contains(&name.as_str())) {
            let message = format!(
                "pure crate `{}` links `{name}`; to see through what: cargo tree -p {0} -e normal -i {name}",
                package.name
            );
            findings.push(Finding::file(package.manifest(), message));
        }
    }
    findings
}

/// A pure crate's code names nothing impure of the standard library. Its tests may.
pub(super) fn sources(house: &House) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, tokens) in in_packages(house, |package| package.is_pure()) {
        for (line, used) in paths(tokens) {
            let used = used.replace("core::", "std::");
            let impure = IMPURE_PATHS.iter().find(|impure| {
                used.strip_prefix(**impure).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
            });
            if let Some(impure) = impure {
                findings.push(Finding::line(path, line, format!("a pure crate must not use `{impure}`")));
            } else if used.ends_with("::now") {
                findings.push(Finding::line(path, line, "a pure crate is told the time; it reads no clock"));
            }
        }
    }
    findings
}

/// Crates that count money use integers only.
pub(super) fn floats(house: &House) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, tokens) in in_packages(house, |package| EXACT.contains(&package.name.as_str())) {
        let floats = tokens.iter().filter(|token| match &token.kind {
            Kind::Ident(text) => text == "f32" || text == "f64",
            Kind::Number(text) => is_float(text),
            _ => false,
        });
        findings.extend(
            floats.map(|token| Finding::line(path, token.line, "no floating point where money is counted")),
        );
    }
    findings
}

fn is_float(number: &str) -> bool {
    let hexadecimal_and_such = ["0x", "0b", "0o"].iter().any(|prefix| number.starts_with(prefix));
    let rest = number.trim_start_matches(|c: char| c.is_ascii_digit() || c == '_');
    !hexadecimal_and_such && (rest.starts_with(['.', 'e', 'E']) || rest == "f32" || rest == "f64")
}

fn in_packages(
    house: &House,
    wanted: impl Fn(&Package) -> bool,
) -> impl Iterator<Item = (&String, &Vec<Token>)> {
    house.production.iter().filter(move |(path, _)| house.package_of(path).is_some_and(&wanted))
}

/// Every path of two or more parts, with its line; the trees of `use` are spread out.
fn paths(tokens: &[Token]) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        // What is no path moves on by one token.
        at = tree(tokens, at, "", &mut found).max(at + 1);
    }
    found.retain(|(_, path)| path.contains("::"));
    found
}

/// Reads `a::b`, `a::{b, c::d}` or `a::*` at `at` and returns where it ends.
fn tree(tokens: &[Token], mut at: usize, prefix: &str, found: &mut Vec<(usize, String)>) -> usize {
    let Some(line) = tokens.get(at).map(|token| token.line) else { return at };
    let mut path = prefix.to_owned();
    loop {
        match tokens.get(at) {
            Some(Token { kind: Kind::Ident(part), .. }) => {
                path.push_str(part);
                at += 1;
            }
            Some(token) if token.is_punct('{') && path.ends_with("::") => {
                return group(tokens, at + 1, &path, found);
            }
            _ => break,
        }
        let colons = tokens.get(at..at + 2).is_some_and(|two| two.iter().all(|token| token.is_punct(':')));
        if !colons {
            break;
        }
        path.push_str("::");
        at += 2;
    }
    if !path.is_empty() {
        found.push((line, path.trim_end_matches("::").to_owned()));
    }
    at
}

/// Reads the branches after an opening brace, and returns where the group ends.
fn group(tokens: &[Token], mut at: usize, prefix: &str, found: &mut Vec<(usize, String)>) -> usize {
    while let Some(token) = tokens.get(at) {
        if token.is_punct('}') {
            return at + 1;
        }
        let branch = token.ident().is_some();
        at = if branch { tree(tokens, at, prefix, found) } else { at + 1 };
    }
    at
}

#[cfg(test)]
mod tests {
    use super::super::house::House;
    use super::super::shown;
    use super::{floats, linked, sources};

    fn house(name: &str, text: &str) -> House {
        let dir = format!("crates/books/{name}");
        House::of(&[(&format!("{dir}/src/lib.rs"), text)]).with(&dir, &[]).lexed()
    }

    #[test]
    fn a_core_names_nothing_impure() {
        for impure in [
            "use std::fs;",
            "use std::fs::File;",
            "use std::{fmt, time::{Duration, Instant}};",
            "use std::time as t; fn f() { std::time::SystemTime::now() }",
            "fn f() { let x = std::env::var(\"X\"); }",
            "fn f() { ::std::thread::spawn(g) }",
            "use core::net::IpAddr;",
            "fn f() { jiff::Timestamp::now() }",
            "use std::{io::{self, stdin}, collections::{BTreeMap, BTreeSet}};",
        ] {
            assert_eq!(sources(&house("ledger-core", impure)).len(), 1, "{impure}");
            assert!(sources(&house("ledger", impure)).is_empty(), "a shell may: {impure}");
        }
        for pure in [
            "use std::{fmt, io::{self, Read}, time::Duration}; use std::collections::{btree_map::{self}, BTreeMap};",
            "// std::fs\nconst X: &str = \"std::fs\"; fn f() { my::fs::open() }",
            "fn f() { g() } #[cfg(test)] mod tests { use std::fs; }",
            "struct S { now: u64 } fn f(s: S) { s.now(); now() }",
        ] {
            assert_eq!(shown(sources(&house("ledger-core", pure))), "", "{pure}");
        }
    }

    #[test]
    fn findings_name_the_line() {
        let text = "use std::{\n    fmt,\n    time::{\n        Duration,\n        Instant,\n    },\n};\n";
        assert_eq!(
            shown(sources(&house("ledger-core", text))),
            "crates/books/ledger-core/src/lib.rs:5: a pure crate must not use `std::time::Instant`"
        );
    }

    #[test]
    fn a_core_links_nothing_impure() {
        let mut house = house("ledger-core", "").with("crates/books/ledger", &[]);
        house.linked.insert("ledger-core".to_owned(), vec!["serde".to_owned(), "getrandom".to_owned()]);
        assert_eq!(
            shown(linked(&house)),
            "crates/books/ledger-core/Cargo.toml: pure crate `ledger-core` links `getrandom`; \
             to see through what: cargo tree -p ledger-core -e normal -i getrandom"
        );
    }

    #[test]
    fn money_is_never_a_float() {
        for float in
            ["fn f(x: f64) {}", "fn f() { 0.5 }", "fn f() { 1f32 }", "fn f() { 1e3 }", "fn f() { x as f32 }"]
        {
            assert_eq!(floats(&house("ledger-core", float)).len(), 1, "{float}");
            assert!(floats(&house("ledger", float)).is_empty(), "{float}");
        }
        for exact in
            ["fn f(x: (u8, (u8, u8))) { x.1.0 }", "0xfe 1..2 1_usize 7isize 0x1f64 0b1e", "// 0.5\n\"0.5\""]
        {
            assert_eq!(shown(floats(&house("ledger-core", exact))), "", "{exact}");
        }
    }
}
