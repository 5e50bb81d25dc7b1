//! Documents: links that lead somewhere, pages that can be reached, indexes that are up to date, a change log.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::Finding;
use super::error_pages;
use super::house::{House, is_below};
use super::modules::normal;

const ERRORS_INDEX: &str = "docs/errors/README.md";
const ADR_INDEX: &str = "docs/adr/README.md";
/// Where a reader begins.
const ENTRANCES: [&str; 2] = ["README.md", "docs/README.md"];

/// The pages that are made from others: their path and their text.
pub(super) fn generated(house: &House) -> [(&'static str, String); 2] {
    [(ERRORS_INDEX, error_pages::index(house)), (ADR_INDEX, adr_index(house))]
}

/// A generated page differs from what it is made of.
pub(super) fn indexes(house: &House) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in generated(house) {
        if house.files.get(path) != Some(&text) {
            findings.push(Finding::file(path, "out of date; to write it: cargo xtask tidy --fix"));
        }
    }
    for (path, text) in decisions(house) {
        let name = path.trim_start_matches("docs/adr/");
        let numbered = name.len() > 5
            && name.as_bytes()[..4].iter().all(u8::is_ascii_digit)
            && name.as_bytes()[4] == b'-';
        if !numbered {
            findings.push(Finding::file(path, "a decision is named `0001-what-it-is.md`"));
        } else if decisions(house).any(|(other, _)| other < path && other.get(..13) == path.get(..13)) {
            findings.push(Finding::file(path, "another decision has this number"));
        }
        if heading(text).is_empty() {
            findings.push(Finding::line(path, 1, "the first line must be the title, `# …`"));
        }
    }
    findings
}

fn adr_index(house: &House) -> String {
    let mut text = "# Decisions\n\nWhat was decided, and why. A decision is never rewritten: a later one replaces it and says so. \
                    Begin a new one from the [template](template.md).\n\nThis page is generated: `cargo xtask tidy --fix`.\n\n"
        .to_owned();
    for (path, page) in decisions(house) {
        let name = path.trim_start_matches("docs/adr/");
        let _ = writeln!(text, "- [{}]({name})", heading(page));
    }
    text
}

fn decisions(house: &House) -> impl Iterator<Item = (&str, &str)> {
    let pages = house.files.iter().filter(|(path, _)| {
        path.starts_with("docs/adr/") && !path.ends_with("/README.md") && !path.ends_with("/template.md")
    });
    pages.map(|(path, text)| (path.as_str(), text.as_str()))
}

fn heading(text: &str) -> &str {
    text.lines().next().and_then(|line| line.strip_prefix("# ")).unwrap_or_default()
}

/// A relative link leads to a file or folder of the checkout, and its anchor to a heading.
pub(super) fn links(house: &House) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in markdown(house) {
        for Link { line, target } in links_of(text) {
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let to = if file.is_empty() { path.to_owned() } else { resolve(path, file) };
            let is_folder = house.paths.iter().any(|known| is_below(known, &to));
            if !house.paths.contains(&to) && !is_folder {
                findings.push(Finding::line(path, line, format!("`{target}` leads nowhere")));
            } else if let Some(page) =
                house.files.get(&to).filter(|_| !anchor.is_empty() && to.ends_with(".md"))
                && !anchors(page).contains(anchor)
            {
                findings.push(Finding::line(path, line, format!("`{to}` has no heading `#{anchor}`")));
            }
        }
    }
    findings
}

/// Every page in `docs/` can be reached by links from the entrances.
pub(super) fn reachable(house: &House) -> Vec<Finding> {
    // A generated page counts as it should be: one that is out of date is one finding, not one for every page it lists.
    let made = generated(house);
    let made = |path: &str| made.iter().find(|(made, _)| *made == path).map(|(_, text)| text);
    let mut reached: BTreeSet<String> = BTreeSet::new();
    let mut open: Vec<String> = ENTRANCES.iter().map(|path| (*path).to_owned()).collect();
    while let Some(path) = open.pop() {
        let Some(text) = made(&path).or_else(|| house.files.get(&path).filter(|_| path.ends_with(".md")))
        else {
            continue;
        };
        if reached.insert(path.clone()) {
            open.extend(
                links_of(text).map(|link| resolve(&path, link.target.split('#').next().unwrap_or_default())),
            );
        }
    }
    let lost = markdown(house).filter(|(path, _)| path.starts_with("docs/") && !reached.contains(*path));
    lost.map(|(path, _)| Finding::file(path, "no link leads here from README.md or docs/README.md")).collect()
}

/// The change log has a place for what comes next.
pub(super) fn changelog(house: &House) -> Vec<Finding> {
    let Some(text) = house.files.get("CHANGELOG.md") else {
        return vec![Finding::file("CHANGELOG.md", "is missing")];
    };
    let has = text.lines().any(|line| line.trim_end() == "## Unreleased");
    if has { Vec::new() } else { vec![Finding::file("CHANGELOG.md", "must have a section `## Unreleased`")] }
}

fn markdown(house: &House) -> impl Iterator<Item = (&str, &str)> {
    let pages = house.files.iter().filter(|(path, _)| path.ends_with(".md"));
    pages.map(|(path, text)| (path.as_str(), text.as_str()))
}

fn resolve(from: &str, target: &str) -> String {
    let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
    normal(&format!("{folder}/{target}"))
}

struct Link<'t> {
    line: usize,
    target: &'t str,
}

/// The relative targets of `[text](target)` and of `src="target"`, outside code.
fn links_of(text: &str) -> impl Iterator<Item = Link<'_>> {
    let mut fenced = false;
    text.lines().enumerate().flat_map(move |(index, line)| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        // Odd pieces between backticks are code.
        let pieces = line.split('`').step_by(2).filter(move |_| !fenced && !fence);
        pieces.flat_map(move |piece| {
            let inline = piece.split("](").skip(1).filter_map(|rest| rest.split([')', ' ']).next());
            let sources = piece.split("src=\"").skip(1).filter_map(|rest| rest.split('"').next());
            let relative = |target: &&str| {
                !target.is_empty() && !target.contains("://") && !target.starts_with("mailto:")
            };
            inline.chain(sources).filter(relative).map(move |target| Link { line: index + 1, target })
        })
    })
}

/// The anchors of a page's headings, as code hosts make them.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    headings
        .map(|line| {
            let title = line.trim_start_matches('#').trim().to_lowercase();
            let kept = title.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
            kept.map(|c| if c == ' ' { '-' } else { c }).collect()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::house::House;
    use super::super::shown;
    use super::{changelog, generated, indexes, links, reachable};

    #[test]
    fn links_lead_somewhere() {
        let house = House::of(&[
            (
                "docs/a.md",
                "[ok](b.md) [ok](../README.md#two-words--more) [dir](guide) [web](https://x.org/y) `[code](no.md)`\n\
                 [bad](c.md) and [bad](b.md#none) [here](#here)\n```\n[code](no.md)\n```\n![bad](../../up.png) <img src=\"gone.svg\">\n# Here",
            ),
            ("docs/b.md", "# B"),
            ("docs/guide/x.md", ""),
            ("README.md", "## Two words & more"),
        ]);
        assert_eq!(
            shown(links(&house)),
            "docs/a.md:2: `c.md` leads nowhere
docs/a.md:2: `docs/b.md` has no heading `#none`
docs/a.md:6: `../../up.png` leads nowhere
docs/a.md:6: `gone.svg` leads nowhere"
        );
    }

    #[test]
    fn every_page_can_be_reached() {
        let house = House::of(&[
            ("README.md", "[docs](docs/guide/a.md#x)"),
            ("docs/guide/a.md", "[b](b.md) [decisions](../adr/README.md)"),
            ("docs/adr/0001-two-spines.md", "# Two spines"),
            ("docs/guide/b.md", "[a](a.md)"),
            ("docs/guide/lost.md", "[a](a.md)"),
            ("examples/README.md", ""),
        ]);
        assert_eq!(
            shown(reachable(&house)),
            "docs/guide/lost.md: no link leads here from README.md or docs/README.md"
        );
    }

    #[test]
    fn indexes_are_made_from_the_pages() {
        let pages = [("docs/adr/0001-two-spines.md", "# Two spines"), ("docs/adr/template.md", "# Title")];
        let mut house = House::of(&pages);
        assert_eq!(indexes(&house).len(), 2, "both are missing");
        let made = generated(&house);
        assert!(made[1].1.ends_with("\n- [Two spines](0001-two-spines.md)\n"), "{}", made[1].1);
        house.files.extend(made.map(|(path, text)| (path.to_owned(), text)));
        assert_eq!(shown(indexes(&house)), "");

        house.files.insert("docs/adr/0001-other.md".to_owned(), "Other".to_owned());
        house.files.insert("docs/adr/notes.md".to_owned(), "# Notes".to_owned());
        assert_eq!(
            shown(indexes(&house)),
            "docs/adr/0001-other.md:1: the first line must be the title, `# …`
docs/adr/0001-two-spines.md: another decision has this number
docs/adr/README.md: out of date; to write it: cargo xtask tidy --fix
docs/adr/notes.md: a decision is named `0001-what-it-is.md`"
        );
    }

    #[test]
    fn the_change_log_has_a_place_for_what_comes_next() {
        assert_eq!(changelog(&House::default()).len(), 1);
        assert_eq!(changelog(&House::of(&[("CHANGELOG.md", "# Changes\n\n## 0.1.0\n")])).len(), 1);
        assert!(changelog(&House::of(&[("CHANGELOG.md", "# Changes\n\n## Unreleased\n")])).is_empty());
    }
}
