//! Only permissive licences are linked or shipped.

use serde_json::Value;

use super::Finding;
use super::house::House;

/// SPDX ids that ask for no more than a notice.
const PERMISSIVE: [&str; 16] = [
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "NCSA",
    "Unicode-3.0",
    "Unicode-DFS-2016",
    "Unlicense",
    "Zlib",
];

/// Every crate in the lock file offers a permissive licence.
pub(super) fn cargo(house: &House) -> Vec<Finding> {
    let mut findings = Vec::new();
    for external in &house.externals {
        let said = external.license.as_deref().unwrap_or("no licence");
        if !is_permissive(said) {
            let line = house
                .files
                .get("Cargo.lock")
                .map_or(0, |lock| lock_line(lock, &external.name, &external.version));
            let message =
                format!("{} {} is under {said}, which is not permissive", external.name, external.version);
            findings.push(Finding::line("Cargo.lock", line, message));
        }
    }
    findings
}

fn lock_line(lock: &str, name: &str, version: &str) -> usize {
    let (name, version) = (format!("name = \"{name}\""), format!("version = \"{version}\""));
    let lines: Vec<&str> = lock.lines().collect();
    lines.windows(2).position(|two| two[0] == name && two[1] == version).map_or(0, |index| index + 1)
}

/// Every npm package that ends up in the shipped console has a permissive licence. Build tools do not ship.
pub(super) fn npm(house: &House) -> Vec<Finding> {
    const LOCK: &str = "console/package-lock.json";
    let Some(text) = house.files.get(LOCK) else { return Vec::new() };
    let Ok(lock) = serde_json::from_str::<Value>(text) else {
        return vec![Finding::file(LOCK, "not readable as JSON")];
    };
    let mut findings = Vec::new();
    for (path, package) in lock["packages"].as_object().into_iter().flatten() {
        let ships = !path.is_empty() && package["dev"] != true && package["devOptional"] != true;
        let said = package["license"].as_str().unwrap_or("no licence");
        if ships && !is_permissive(said) {
            let line = text
                .lines()
                .position(|line| line.contains(&format!("\"{path}\": {{")))
                .map_or(0, |index| index + 1);
            findings.push(Finding::line(
                LOCK,
                line,
                format!("{path} is under {said}, which is not permissive"),
            ));
        }
    }
    findings
}

/// Whether an SPDX expression lets us choose permissive licences only. Anything unreadable does not.
fn is_permissive(expression: &str) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut at = 0;
    either(&words, &mut at).unwrap_or(false) && at == words.len()
}

fn either(words: &[&str], at: &mut usize) -> Option<bool> {
    let mut good = both(words, at)?;
    while words.get(*at) == Some(&"OR") {
        *at += 1;
        good |= both(words, at)?;
    }
    Some(good)
}

fn both(words: &[&str], at: &mut usize) -> Option<bool> {
    let mut good = one(words, at)?;
    while words.get(*at) == Some(&"AND") {
        *at += 1;
        good &= one(words, at)?;
    }
    Some(good)
}

fn one(words: &[&str], at: &mut usize) -> Option<bool> {
    let word = *words.get(*at)?;
    *at += 1;
    if word == "(" {
        let good = either(words, at)?;
        let closed = words.get(*at) == Some(&")");
        *at += 1;
        return closed.then_some(good);
    }
    if words.get(*at) == Some(&"WITH") {
        let exception = words.get(*at + 1)?;
        *at += 2;
        return Some(PERMISSIVE.contains(&format!("{word} WITH {exception}").as_str()));
    }
    Some(PERMISSIVE.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::super::house::{External, House};
    use super::super::shown;
    use super::{cargo, is_permissive, npm};

    #[test]
    fn expressions_are_read_as_spdx_means_them() {
        for good in [
            "MIT",
            "MIT OR Apache-2.0",
            "MIT/Apache-2.0",
            "LGPL-2.1-or-later OR MIT",
            "(MIT OR Apache-2.0) AND Unicode-3.0",
            "Apache-2.0 WITH LLVM-exception OR GPL-3.0-only",
            "MIT AND (ISC OR AGPL-3.0-only)",
        ] {
            assert!(is_permissive(good), "{good}");
        }
        for bad in [
            "",
            "GPL-3.0-only",
            "MIT AND MPL-2.0",
            "SSPL-1.0 OR BUSL-1.1",
            "MIT OR",
            "(MIT",
            "MIT)",
            "MIT MIT",
            "GPL-2.0-only WITH Classpath-exception-2.0",
            "Apache-2.0 WITH",
            "no licence",
            "BUSL-1.1",
        ] {
            assert!(!is_permissive(bad), "{bad}");
        }
    }

    #[test]
    fn a_crate_that_is_not_permissive_is_found_in_the_lock_file() {
        let mut house = House::of(&[(
            "Cargo.lock",
            "[[package]]\nname = \"good\"\nversion = \"1.0.0\"\n\n[[package]]\nname = \"bad\"\nversion = \"2.0.0\"\n",
        )]);
        for (name, version, license) in
            [("good", "1.0.0", Some("MIT")), ("bad", "2.0.0", Some("AGPL-3.0-only")), ("none", "3.0.0", None)]
        {
            let license = license.map(str::to_owned);
            house.externals.push(External { name: name.to_owned(), version: version.to_owned(), license });
        }
        assert_eq!(
            shown(cargo(&house)),
            "Cargo.lock: none 3.0.0 is under no licence, which is not permissive\n\
             Cargo.lock:6: bad 2.0.0 is under AGPL-3.0-only, which is not permissive"
        );
    }

    #[test]
    fn what_ships_with_the_console_is_permissive_and_tools_may_be_anything() {
        let lock = r#"{"packages": {
            "": {"name": "console"},
            "node_modules/react": {"license": "MIT"},
            "node_modules/tool": {"license": "MPL-2.0", "dev": true},
            "node_modules/bad": {"license": "MPL-2.0"}
        }}"#;
        assert_eq!(
            shown(npm(&House::of(&[("console/package-lock.json", lock)]))),
            "console/package-lock.json:5: node_modules/bad is under MPL-2.0, which is not permissive"
        );
        assert_eq!(npm(&House::of(&[("console/package-lock.json", "{")])).len(), 1);
        assert!(npm(&House::default()).is_empty());
    }
}
