//! Which Rust files belong to a crate, and which of them ship.

use std::collections::BTreeMap;

use super::Finding;
use super::house::House;
use super::lexer::{self, Kind, Token};

/// What a file is part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// Tests, examples or benchmarks only.
    Tests,
    /// A library, binary or build script.
    Ships,
}

/// No crate includes the file: it is dead, and the compiler never looks at it.
pub(crate) fn dead_files(house: &House) -> Vec<Finding> {
    let reached = reached(house);
    let dead = house.rust.keys().filter(|path| !reached.contains_key(*path));
    dead.map(|path| Finding::file(path, "no crate includes this file: add a `mod`, or delete it")).collect()
}

/// Every file that some crate root leads to.
pub(crate) fn reached(house: &House) -> BTreeMap<String, Use> {
    let mut reached = BTreeMap::new();
    let mut open: Vec<(String, Use, bool)> = Vec::new();
    for root in house.packages.iter().flat_map(|package| &package.roots) {
        open.push((root.path.clone(), if root.test { Use::Tests } else { Use::Ships }, true));
    }
    while let Some((path, how, is_root)) = open.pop() {
        let Some(tokens) = house.rust.get(&path) else { continue };
        if reached.get(&path).is_some_and(|known| *known == Use::Ships || *known == how) {
            continue;
        }
        reached.insert(path.clone(), how);
        for include in includes(tokens) {
            let how = if include.test { Use::Tests } else { how };
            let found =
                include.candidates(&path, is_root).into_iter().find(|path| house.rust.contains_key(path));
            open.extend(found.map(|path| (path, how, false)));
        }
    }
    reached
}

/// One `mod name;` or `include!("…")`.
#[derive(Debug)]
struct Include {
    /// The inline modules around it.
    inside: Vec<String>,
    what: What,
    /// Whether it or a module around it is under `#[cfg(test)]`.
    test: bool,
}

#[derive(Debug)]
enum What {
    Module(String),
    /// `include!`, or a module with `#[path]`.
    Path(String),
}

impl Include {
    /// Where the file may be, in the order the compiler looks.
    fn candidates(&self, from: &str, is_root: bool) -> Vec<String> {
        let (folder, file) = from.rsplit_once('/').unwrap_or(("", from));
        let name = match &self.what {
            What::Path(path) => return vec![normal(&format!("{folder}/{path}"))],
            What::Module(name) => name,
        };
        let stem = file.trim_end_matches(".rs");
        let mut base = folder.to_owned();
        if !is_root && stem != "mod" {
            base = format!("{base}/{stem}");
        }
        for module in &self.inside {
            base = format!("{base}/{module}");
        }
        vec![normal(&format!("{base}/{name}.rs")), normal(&format!("{base}/{name}/mod.rs"))]
    }
}

/// A path without `.` and `..`.
pub(crate) fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

fn includes(tokens: &[Token]) -> Vec<Include> {
    let code: Vec<&Token> = tokens.iter().filter(|token| !matches!(token.kind, Kind::Comment(_))).collect();
    let mut found = Vec::new();
    // The open braces: the inline module that each belongs to, if it is one, and whether that is for tests.
    let mut braces: Vec<Option<(String, bool)>> = Vec::new();
    let (mut path, mut test) = (None, false);
    let mut at = 0;
    while at < code.len() {
        if let Some(end) = lexer::attribute_end(&code, at) {
            test |= lexer::is_test_attribute(&code[at..end]);
            path = path.or_else(|| path_attribute(&code[at..end]));
            at = end;
            continue;
        }
        let inside = || braces.iter().flatten().map(|(name, _)| name.clone()).collect();
        let around = braces.iter().flatten().any(|(_, test)| *test);
        match &code[at..] {
            [word, name, mark, ..] if word.is("mod") && mark.is_punct(';') => {
                let module = name.ident().unwrap_or_default().to_owned();
                let what = path.take().map_or(What::Module(module), What::Path);
                found.push(Include { inside: inside(), what, test: test || around });
                (test, at) = (false, at + 3);
            }
            [word, name, mark, ..] if word.is("mod") && mark.is_punct('{') => {
                braces.push(Some((name.ident().unwrap_or_default().to_owned(), test)));
                (path, test, at) = (None, false, at + 3);
            }
            [word, bang, _, Token { kind: Kind::Str(file), .. }, ..]
                if word.is("include") && bang.is_punct('!') =>
            {
                found.push(Include {
                    inside: inside(),
                    what: What::Path(file.clone()),
                    test: test || around,
                });
                at += 4;
            }
            [token, ..] => {
                match token.kind {
                    Kind::Punct('{') => braces.push(None),
                    Kind::Punct('}') => drop(braces.pop()),
                    _ => {}
                }
                // Attributes belong to what follows them, as far as its visibility and keyword.
                if !(token.is("pub") || matches!(token.kind, Kind::Punct('(' | ')')) || token.is("crate")) {
                    (path, test) = (None, false);
                }
                at += 1;
            }
            [] => break,
        }
    }
    found
}

/// The file named by `#[path = "…"]`.
fn path_attribute(attribute: &[&Token]) -> Option<String> {
    match attribute {
        [_, _, word, _, Token { kind: Kind::Str(file), .. }, ..] if word.is("path") => Some(file.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::house::House;
    use super::{Use, dead_files, reached};

    #[test]
    fn files_are_found_as_the_compiler_finds_them() {
        let house = House::of(&[
            (
                "crates/base/a/src/lib.rs",
                "mod one; pub(crate) mod two; mod inner { mod three; } #[path = \"odd/x.rs\"] mod y;",
            ),
            ("crates/base/a/src/one.rs", "mod deep; // mod dead;"),
            ("crates/base/a/src/one/deep.rs", ""),
            (
                "crates/base/a/src/two/mod.rs",
                "mod four; const X: &str = \"mod dead;\"; include!(\"part.rs\");",
            ),
            ("crates/base/a/src/two/four.rs", ""),
            ("crates/base/a/src/two/part.rs", ""),
            ("crates/base/a/src/inner/three.rs", ""),
            ("crates/base/a/src/odd/x.rs", ""),
            ("crates/base/a/src/dead.rs", ""),
            ("crates/base/a/src/one/dead.rs", ""),
        ])
        .with("crates/base/a", &[])
        .lexed();
        let dead: Vec<String> = dead_files(&house).into_iter().map(|finding| finding.path).collect();
        assert_eq!(dead, ["crates/base/a/src/dead.rs", "crates/base/a/src/one/dead.rs"]);
    }

    #[test]
    fn a_file_for_tests_does_not_ship_unless_something_else_includes_it() {
        let house = House::of(&[
            (
                "crates/base/a/src/lib.rs",
                "#[cfg(test)] mod model; #[cfg(test)] pub(crate) mod kit; mod real; mod both;",
            ),
            ("crates/base/a/src/model.rs", "mod part;"),
            ("crates/base/a/src/model/part.rs", ""),
            ("crates/base/a/src/kit.rs", ""),
            ("crates/base/a/src/real.rs", "#[cfg(test)] #[path = \"both.rs\"] mod again;"),
            ("crates/base/a/src/both.rs", ""),
        ])
        .with("crates/base/a", &[])
        .lexed();
        let reached = reached(&house);
        let how = |name: &str| reached.get(&format!("crates/base/a/src/{name}")).copied();
        assert_eq!(how("model.rs"), Some(Use::Tests));
        assert_eq!(how("model/part.rs"), Some(Use::Tests));
        assert_eq!(how("kit.rs"), Some(Use::Tests));
        assert_eq!(how("real.rs"), Some(Use::Ships));
        assert_eq!(how("both.rs"), Some(Use::Ships));
    }
}
