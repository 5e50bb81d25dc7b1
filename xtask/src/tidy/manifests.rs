//! Versions, lints and editions stand in the root manifest once; the crates inherit them.

use std::collections::{BTreeMap, BTreeSet};

use super::Finding;
use super::crates::manifest_line;
use super::house::{House, Package, is_below};

/// What every crate inherits from the root manifest.
const INHERITED: [&str; 5] = ["version", "edition", "rust-version", "license", "publish"];

/// A crate's manifest names no version of anything, and inherits the lints.
pub(super) fn inherit(house: &House) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in &house.packages {
        let path = package.manifest();
        let text = house.files.get(&path).map(String::as_str).unwrap_or_default();
        let entries: Vec<Entry<'_>> = entries(text).collect();
        for entry in
            entries.iter().filter(|entry| entry.section.ends_with("dependencies") && !entry.inherits())
        {
            let message = format!(
                "`{}` must be `workspace = true`; its version stands in the root manifest",
                entry.key()
            );
            findings.push(Finding::line(&path, entry.line, message));
        }
        if let Some(entry) = entries.iter().find(|entry| entry.section.contains("dependencies.")) {
            findings.push(Finding::line(
                &path,
                entry.line,
                "write a dependency on one line of [dependencies]",
            ));
        }
        let inherits = |section: &str, key: &str| {
            entries.iter().any(|entry| entry.section == section && entry.key() == key && entry.inherits())
        };
        for key in INHERITED.iter().filter(|key| !inherits("package", key)) {
            findings.push(Finding::file(&path, format!("must have `{key}.workspace = true`")));
        }
        if !entries.iter().any(|entry| entry.section == "lints" && entry.inherits()) {
            findings.push(Finding::file(&path, "must have `[lints]` with `workspace = true`"));
        }
    }
    findings
}

/// An entry that no code uses: a crate's dependency that its sources never name, or a version that no crate inherits.
pub(super) fn unused(house: &House) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut inherited: BTreeSet<&str> = BTreeSet::new();
    for package in &house.packages {
        for dependency in &package.dependencies {
            inherited.insert(&dependency.name);
            if !names(house, package, &dependency.name.replace('-', "_")) {
                let line = manifest_line(house, package, &dependency.name);
                let message =
                    format!("`{}` is not used by any source of `{}`", dependency.name, package.name);
                findings.push(Finding::line(package.manifest(), line, message));
            }
        }
    }
    let own: BTreeSet<&str> = house.packages.iter().map(|package| package.name.as_str()).collect();
    let root = house.files.get("Cargo.toml").map(String::as_str).unwrap_or_default();
    for entry in entries(root).filter(|entry| entry.section == "workspace.dependencies") {
        // Our own crates are listed whether or not another one uses them yet, as long as they are there.
        if !inherited.contains(entry.key()) && !own.contains(entry.key()) {
            findings.push(Finding::line(
                "Cargo.toml",
                entry.line,
                format!("no crate uses `{}`", entry.key()),
            ));
        }
    }
    findings
}

fn names(house: &House, package: &Package, ident: &str) -> bool {
    let below = house.rust.iter().filter(|(path, _)| is_below(path, &package.dir));
    below.flat_map(|(_, tokens)| tokens).any(|token| token.is(ident))
}

/// Two crates of the workspace never use two versions of the same crate.
pub(super) fn one_version(house: &House) -> Vec<Finding> {
    let mut versions: BTreeMap<&str, BTreeMap<&str, &Package>> = BTreeMap::new();
    for package in &house.packages {
        for dependency in &package.dependencies {
            let Some(version) = &dependency.version else { continue };
            versions.entry(&dependency.name).or_default().entry(version).or_insert(package);
        }
    }
    let mut findings = Vec::new();
    for (name, users) in versions.iter().filter(|(_, users)| users.len() > 1) {
        let list: Vec<String> =
            users.iter().map(|(version, user)| format!("{version} by `{}`", user.name)).collect();
        findings.push(Finding::file(
            "Cargo.lock",
            format!("`{name}` is used directly in {}", list.join(" and ")),
        ));
    }
    findings
}

/// One `key = value` of a manifest. Only the house's own style is read: one entry to a line, and continuation lines
/// that begin with neither a key nor a section.
struct Entry<'t> {
    line: usize,
    section: &'t str,
    text: &'t str,
}

impl Entry<'_> {
    /// The part before the first dot or sign.
    fn key(&self) -> &str {
        self.text.split(['.', ' ', '=']).next().unwrap_or_default()
    }

    fn inherits(&self) -> bool {
        let tight: String = self.text.split_whitespace().collect();
        tight.contains("workspace=true")
    }
}

fn entries(text: &str) -> impl Iterator<Item = Entry<'_>> {
    let mut section = "";
    text.lines().enumerate().filter_map(move |(index, line)| {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
            section = name;
            return None;
        }
        let is_entry =
            line.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_') && line.contains('=');
        is_entry.then_some(Entry { line: index + 1, section, text: line })
    })
}

#[cfg(test)]
mod tests {
    use super::super::house::{Dependency, House};
    use super::super::shown;
    use super::{inherit, one_version, unused};

    const GOOD: &str = "[package]
name = \"ids\"
version.workspace = true
edition.workspace = true
rust-version.workspace = true
license.workspace = true
publish.workspace = true

[dependencies]
serde.workspace = true
tokio = { workspace = true, features = [
    \"net\",
] }

[lints]
workspace = true
";

    fn house(manifest: &str) -> House {
        House::of(&[("crates/base/ids/Cargo.toml", manifest)]).with("crates/base/ids", &[])
    }

    #[test]
    fn everything_is_inherited() {
        assert_eq!(shown(inherit(&house(GOOD))), "");
        let bad = GOOD
            .replace("serde.workspace = true", "serde = \"1\"")
            .replace("edition.workspace = true", "edition = \"2021\"")
            .replace("[lints]\nworkspace = true", "[target.'cfg(unix)'.dev-dependencies]\nnix = { version = \"1\" }\n[dependencies.rand]\nversion = \"1\"");
        assert_eq!(
            shown(inherit(&house(&bad))),
            "crates/base/ids/Cargo.toml: must have `[lints]` with `workspace = true`
crates/base/ids/Cargo.toml: must have `edition.workspace = true`
crates/base/ids/Cargo.toml:10: `serde` must be `workspace = true`; its version stands in the root manifest
crates/base/ids/Cargo.toml:16: `nix` must be `workspace = true`; its version stands in the root manifest
crates/base/ids/Cargo.toml:18: write a dependency on one line of [dependencies]"
        );
        assert_eq!(inherit(&house("")).len(), 6, "an empty manifest inherits nothing");
    }

    #[test]
    fn an_entry_without_a_user_is_found() {
        let house = House::of(&[
            ("Cargo.toml", "[workspace.dependencies]\nids = { path = \"crates/base/ids\" }\nserde = \"1\"\nleft-pad = \"1\"\n"),
            ("crates/base/ids/Cargo.toml", "[dependencies]\nserde.workspace = true\nserde-json.workspace = true\n"),
            ("crates/base/ids/src/lib.rs", "use serde::Serialize; // serde_json"),
        ])
        .with("crates/base/ids", &["serde", "serde-json"])
        .lexed();
        assert_eq!(
            shown(unused(&house)),
            "Cargo.toml:4: no crate uses `left-pad`\n\
             crates/base/ids/Cargo.toml:3: `serde-json` is not used by any source of `ids`"
        );
    }

    #[test]
    fn a_crate_is_used_in_one_version() {
        let mut house = House::default().with("crates/base/a", &[]).with("crates/base/b", &[]);
        for (index, version) in ["1.0.0", "1.0.0"].iter().enumerate() {
            let version = Some((*version).to_owned());
            house.packages[index].dependencies.push(Dependency {
                name: "rand".to_owned(),
                dev: false,
                version,
            });
        }
        assert_eq!(shown(one_version(&house)), "");
        house.packages[1].dependencies[0].version = Some("2.0.0".to_owned());
        assert_eq!(
            shown(one_version(&house)),
            "Cargo.lock: `rand` is used directly in 1.0.0 by `a` and 2.0.0 by `b`"
        );
    }
}
