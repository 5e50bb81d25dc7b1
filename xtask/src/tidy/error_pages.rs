//! Every error code has a page in `docs/errors/`, and every page's code exists.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::Finding;
use super::house::House;
use super::lexer::Kind;

/// What each page says, in this order.
const SECTIONS: [&str; 3] = ["## What happened", "## Why", "## What to do"];
/// Names of standards have the shape of a code and are none.
const NOT_OURS: [&str; 2] = ["ISO", "RFC"];

/// Codes without a page, pages without a code, pages without the sections.
pub(super) fn pages(house: &House) -> Vec<Finding> {
    let used = used(house);
    let mut findings = Vec::new();
    for (code, place) in &used {
        if !house.files.contains_key(&page_path(code)) {
            let message = format!("error {code} has no page {}", page_path(code));
            findings.push(Finding::line(&place.path, place.line, message));
        }
    }
    for (path, text) in page_files(house) {
        let code = code_of(path);
        if !is_code(code) {
            findings.push(Finding::file(path, "a page here is named after an error code"));
            continue;
        }
        if !used.contains_key(code) {
            findings.push(Finding::file(path, format!("no source has the code {code}: remove the page")));
        }
        if title(text, code).is_none() {
            findings.push(Finding::line(
                path,
                1,
                format!("the first line must be `# {code}: what is wrong`"),
            ));
        }
        if let Err(message) = check_sections(text) {
            findings.push(Finding::file(path, message));
        }
    }
    findings
}

/// The index of the pages, grouped by the first letters of the code, with the crates that raise them.
pub(super) fn index(house: &House) -> String {
    let mut groups: BTreeMap<&str, Vec<(&str, &str)>> = BTreeMap::new();
    for (path, text) in page_files(house) {
        let code = code_of(path);
        let title = title(text, code).unwrap_or_default();
        groups.entry(code.get(..3).unwrap_or_default()).or_default().push((code, title));
    }
    let mut owners: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let used = used(house);
    for (code, place) in &used {
        let owner = house.package_of(&place.path).map(|package| package.name.as_str());
        owners.entry(&code[..3]).or_default().extend(owner);
    }
    let mut text = "# Error codes\n\nEvery error that a person can meet has a code, and every code a page: what happened, why, and what to \
                    do.\n\nThis page is generated: `cargo xtask tidy --fix`.\n"
        .to_owned();
    for (prefix, pages) in groups {
        let crates: Vec<String> =
            owners.get(prefix).into_iter().flatten().map(|name| format!("`{name}`")).collect();
        let _ = write!(text, "\n## {prefix}: {}\n\n| code | what is wrong |\n|---|---|\n", crates.join(", "));
        for (code, title) in pages {
            let _ = writeln!(text, "| [{code}]({code}.md) | {title} |");
        }
    }
    text
}

struct Place {
    path: String,
    line: usize,
}

/// The codes in the strings of code that ships, each with the first place.
fn used(house: &House) -> BTreeMap<String, Place> {
    let mut used = BTreeMap::new();
    for (path, tokens) in &house.production {
        for token in tokens {
            let Kind::Str(text) = &token.kind else { continue };
            for code in codes(text) {
                used.entry(code.to_owned()).or_insert_with(|| Place { path: path.clone(), line: token.line });
            }
        }
    }
    used
}

/// The codes inside a text. A code stands alone: no letter or digit touches it.
fn codes(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).filter(|word| is_code(word))
}

fn is_code(word: &str) -> bool {
    let bytes = word.as_bytes();
    bytes.len() == 8
        && bytes[..3].iter().all(u8::is_ascii_uppercase)
        && bytes[3] == b'-'
        && bytes[4..].iter().all(u8::is_ascii_digit)
        && !NOT_OURS.contains(&&word[..3])
}

fn page_path(code: &str) -> String {
    format!("docs/errors/{code}.md")
}

fn page_files(house: &House) -> impl Iterator<Item = (&str, &str)> {
    let pages = house
        .files
        .iter()
        .filter(|(path, _)| path.starts_with("docs/errors/") && !path.ends_with("/README.md"));
    pages.map(|(path, text)| (path.as_str(), text.as_str()))
}

fn code_of(path: &str) -> &str {
    path.trim_start_matches("docs/errors/").trim_end_matches(".md")
}

fn title<'t>(text: &'t str, code: &str) -> Option<&'t str> {
    let title = text.lines().next()?.strip_prefix("# ")?.strip_prefix(code)?.strip_prefix(": ")?.trim();
    (!title.is_empty()).then_some(title)
}

fn check_sections(text: &str) -> Result<(), String> {
    let headings: Vec<&str> =
        text.lines().filter(|line| line.starts_with("## ")).map(str::trim_end).collect();
    if headings != SECTIONS {
        return Err(format!("must have exactly these sections, in this order: {}", SECTIONS.join(", ")));
    }
    let empty =
        text.split("\n## ").skip(1).find(|part| part.lines().skip(1).all(|line| line.trim().is_empty()));
    empty
        .map_or(Ok(()), |part| Err(format!("section `{}` is empty", part.lines().next().unwrap_or_default())))
}

#[cfg(test)]
mod tests {
    use super::super::house::House;
    use super::super::shown;
    use super::{index, pages};

    const PAGE: &str = "# JRN-0001: torn tail\n\n## What happened\nA.\n\n## Why\nB.\n\n## What to do\nC.\n";

    fn house(source: &str, page: &str) -> House {
        House::of(&[
            ("crates/spine/journal/src/lib.rs", source),
            ("docs/errors/JRN-0001.md", page),
            ("docs/errors/README.md", "# Error codes"),
        ])
        .with("crates/spine/journal", &[])
        .lexed()
    }

    #[test]
    fn a_code_and_its_page_belong_together() {
        let good =
            "const A: &str = \"JRN-0001\"; const S: &str = \"ISO-8859 RFC-9457 XJRN-00022 JRN-00022\";";
        assert_eq!(shown(pages(&house(good, PAGE))), "");
        assert_eq!(
            shown(pages(&house("const A: &str = \"JRN-0001\";\nconst B: &str = \"see (JRN-0002)\";", PAGE))),
            "crates/spine/journal/src/lib.rs:2: error JRN-0002 has no page docs/errors/JRN-0002.md"
        );
        for unused in ["// JRN-0001", "#[cfg(test)] mod tests { const A: &str = \"JRN-0001\"; }", ""] {
            let found = shown(pages(&house(unused, PAGE)));
            assert_eq!(
                found, "docs/errors/JRN-0001.md: no source has the code JRN-0001: remove the page",
                "{unused}"
            );
        }
    }

    #[test]
    fn a_page_has_its_title_and_sections() {
        let found = |page: &str| shown(pages(&house("const A: &str = \"JRN-0001\";", page)));
        assert!(found(&PAGE.replace("# JRN-0001: torn", "# Torn")).contains("first line"));
        assert!(found(&PAGE.replace(": torn tail", ": ")).contains("first line"));
        assert!(found(&PAGE.replace("## Why", "## Reason")).contains("exactly these sections"));
        assert!(found(&PAGE.replace("B.", "")).contains("section `Why` is empty"));
        assert!(found(&PAGE.replace("C.\n", "")).contains("section `What to do` is empty"));
        let stray = House::of(&[("docs/errors/notes.md", "# Notes")]);
        assert!(shown(pages(&stray)).contains("named after an error code"));
    }

    #[test]
    fn the_index_lists_pages_by_crate() {
        let index = index(&house("const A: &str = \"JRN-0001\";", PAGE));
        assert!(
            index.ends_with("\n## JRN: `journal`\n\n| code | what is wrong |\n|---|---|\n| [JRN-0001](JRN-0001.md) | torn tail |\n"),
            "{index}"
        );
    }
}
