//! Where crates lie, and which may use which: `base ← spine ← {run, books, know, trust} ← app`.

use super::Finding;
use super::house::{House, Package, is_below};
use super::lexer::Kind;

/// The pillars from the bottom up; those of one row do not know each other's shells.
const ROWS: [&[&str]; 4] = [&["base"], &["spine"], &["run", "books", "know", "trust"], &["app"]];
/// Any pillar may use it, shells included: it is what all of them stand on to be safe.
const FOR_ALL: &str = "trust";

/// Crates that are tools of the house and part of no pillar, in folders of their own name.
const TOOLS: [&str; 2] = [FUZZ, "xtask"];
/// Sits on anything, as tests do, and nothing sits on it.
const FUZZ: &str = "fuzz";

/// A crate lies in `crates/<pillar>/<its name>`.
pub(super) fn layout(house: &House) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in house.packages.iter().filter(|package| !TOOLS.contains(&package.dir.as_str())) {
        let known = package.pillar().is_some_and(|pillar| row(pillar).is_some());
        if !known
            || package.dir != format!("crates/{}/{}", package.pillar().unwrap_or_default(), package.name)
        {
            let pillars = ROWS.concat().join(", ");
            let message =
                format!("crate `{}` must lie in crates/<pillar>/{0}; pillars: {pillars}", package.name);
            findings.push(Finding::file(package.manifest(), message));
        }
    }
    findings
}

/// A crate uses only what lies below it. Tests may sit on anything.
pub(super) fn direction(house: &House) -> Vec<Finding> {
    let mut findings = Vec::new();
    for user in &house.packages {
        for dependency in user.dependencies.iter().filter(|dependency| !dependency.dev) {
            let Some(used) = house.packages.iter().find(|package| package.name == dependency.name) else {
                continue;
            };
            if let Err(why) = may_use(user, used) {
                let message = format!("`{}` must not use `{}`: {why}", user.name, used.name);
                findings.push(Finding::line(
                    user.manifest(),
                    manifest_line(house, user, &used.name),
                    message,
                ));
            }
        }
    }
    findings
}

fn may_use(user: &Package, used: &Package) -> Result<(), String> {
    if user.dir == FUZZ && used.pillar().is_some() {
        return Ok(());
    }
    if used.dir == FUZZ {
        return Err("it is for tests".to_owned());
    }
    let (Some(above), Some(below)) = (user.pillar(), used.pillar()) else {
        return Err("xtask stands apart, and works while the platform's crates do not compile".to_owned());
    };
    let (Some(user_row), Some(used_row)) = (row(above), row(below)) else {
        return Ok(()); // The layout rule has already said that the pillar is unknown.
    };
    let shared = ["-core", "-api"].iter().any(|suffix| used.name.ends_with(suffix));
    if used_row > user_row {
        Err(format!("`{above}` lies below `{below}`"))
    } else if used_row == user_row && above != below && below != FOR_ALL && !shared {
        Err(format!("a pillar's shell is not for another pillar; `{below}` offers its -core and -api crates"))
    } else {
        Ok(())
    }
}

fn row(pillar: &str) -> Option<usize> {
    ROWS.iter().position(|row| row.contains(&pillar))
}

/// The line of a manifest that names a dependency, or 0.
pub(super) fn manifest_line(house: &House, package: &Package, dependency: &str) -> usize {
    let named = |line: &str| {
        line.trim_start().strip_prefix(dependency).is_some_and(|rest| rest.starts_with(['.', ' ', '=']))
    };
    let text = house.files.get(&package.manifest());
    text.and_then(|text| text.lines().position(named)).map_or(0, |index| index + 1)
}

/// A crate exists when it has content.
pub(super) fn content(house: &House) -> Vec<Finding> {
    let items = ["fn", "struct", "enum", "trait", "type", "const", "static", "macro_rules", "impl"];
    let mut findings = Vec::new();
    for package in &house.packages {
        let below = house.rust.iter().filter(|(path, _)| is_below(path, &package.dir));
        let mut tokens = below.flat_map(|(_, tokens)| tokens);
        // `fn main() {}` alone has one item and no statement.
        let has_item = tokens.clone().any(|token| token.ident().is_some_and(|ident| items.contains(&ident)));
        let has_body =
            tokens.any(|token| token.is_punct(';') || matches!(token.kind, Kind::Str(_) | Kind::Number(_)));
        if !(has_item && has_body) {
            findings.push(Finding::file(package.manifest(), "an empty crate: fill it or remove it"));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::house::House;
    use super::super::shown;
    use super::{content, direction, layout};

    #[test]
    fn folders_are_named_like_their_crates() {
        let mut house =
            House::default().with("crates/base/ids", &[]).with("xtask", &[]).with("crates/lost", &[]);
        assert_eq!(layout(&house).len(), 1);
        house.packages[0].name = "idents".to_owned();
        house = house.with("crates/cellar/wine", &[]).with("crates/app/deep/er", &[]);
        assert_eq!(
            shown(layout(&house)),
            "crates/app/deep/er/Cargo.toml: crate `er` must lie in crates/<pillar>/er; pillars: base, spine, run, books, know, trust, app
crates/base/ids/Cargo.toml: crate `idents` must lie in crates/<pillar>/idents; pillars: base, spine, run, books, know, trust, app
crates/cellar/wine/Cargo.toml: crate `wine` must lie in crates/<pillar>/wine; pillars: base, spine, run, books, know, trust, app
crates/lost/Cargo.toml: crate `lost` must lie in crates/<pillar>/lost; pillars: base, spine, run, books, know, trust, app"
        );
    }

    /// The findings for a crate `user` in a house that has one crate of each kind.
    fn findings(user: &str, uses: &[&str]) -> usize {
        let kinds = [
            "base/ids",
            "spine/journal",
            "run/mesh",
            "books/ledger",
            "books/ledger-core",
            "books/ledger-api",
        ];
        let mut house = House::default();
        for kind in kinds.iter().chain(&["know/lake", "trust/gm", "app/tongbao"]) {
            house = house.with(&format!("crates/{kind}"), &[]);
        }
        direction(&house.with(user, uses)).len()
    }

    #[test]
    fn dependencies_point_down() {
        assert_eq!(findings("crates/base/x", &["journal", "ledger", "gm", "tongbao"]), 4);
        assert_eq!(findings("crates/spine/x", &["ids", "journal"]), 0);
        assert_eq!(
            findings("crates/spine/x", &["ledger-core", "gm"]),
            2,
            "the spine knows no pillar, not even its core"
        );
        assert_eq!(
            findings("crates/run/x", &["ids", "journal", "mesh", "ledger-core", "ledger-api", "gm"]),
            0
        );
        assert_eq!(findings("crates/run/x", &["ledger", "lake", "tongbao"]), 3);
        assert_eq!(findings("crates/trust/x", &["gm", "ledger-core"]), 0);
        assert_eq!(findings("crates/trust/x", &["ledger"]), 1);
        assert_eq!(
            findings("crates/app/x", &["ids", "journal", "mesh", "ledger", "lake", "gm", "tongbao"]),
            0
        );
        assert_eq!(findings("xtask", &["ids"]), 1);
        assert_eq!(findings("fuzz", &["ids", "ledger", "gm", "tongbao"]), 0);
        assert_eq!(findings("crates/app/x", &["fuzz"]), 0, "there is no such crate in this house");
        assert_eq!(
            findings("crates/base/x", &["serde"]),
            0,
            "other people's crates are another rule's matter"
        );
    }

    #[test]
    fn tests_may_sit_on_anything_and_findings_name_the_line() {
        let mut house = House::of(&[(
            "crates/base/ids/Cargo.toml",
            "[package]\n\n[dependencies]\nmesh-core = 1\nmesh.workspace = true\n",
        )])
        .with("crates/run/mesh", &[])
        .with("crates/base/ids", &["mesh"]);
        assert_eq!(
            shown(direction(&house)),
            "crates/base/ids/Cargo.toml:5: `ids` must not use `mesh`: `base` lies below `run`"
        );
        house.packages[1].dependencies[0].dev = true;
        assert!(direction(&house).is_empty());
    }

    #[test]
    fn a_crate_without_content_is_found() {
        let house =
            |text| House::of(&[("crates/base/ids/src/lib.rs", text)]).with("crates/base/ids", &[]).lexed();
        assert_eq!(content(&house("//! Ids; fn one() { 1 }\n")).len(), 1);
        assert_eq!(content(&house("fn main() {}")).len(), 1);
        assert_eq!(content(&house("")).len(), 1);
        assert!(content(&house("fn main() { ids::run(1) }")).is_empty());
    }
}
