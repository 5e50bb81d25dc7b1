//! Plain text: marks of unfinished work, traces of one person's machine, files too long to read.

use super::Finding;
use super::house::House;
use super::lexer::{Kind, Token};

/// Longer than this, a file is several files.
const LINES_MAX: usize = 900;
/// Files that people write and read.
const CODE: [&str; 7] = [".rs", ".ts", ".tsx", ".mjs", ".css", ".sh", "/run"];
/// Written by tools or by others.
const NOT_WRITTEN_HERE: [&str; 3] = ["Cargo.lock", "console/package-lock.json", "LICENSE"];

/// Words that mark unfinished work. In Rust they count in comments only: this file must be able to name them.
const MARKS: [&str; 4] = ["TODO", "FIXME", "XXX", "HACK"];
/// Macros that mark unfinished work or debugging.
const MACROS: [&str; 3] = ["todo", "unimplemented", "dbg"];

/// Folders that exist on one machine only. Spelled in pieces, so that the rule does not find itself.
const FOLDERS: [&str; 5] = [
    concat!("/wo", "rk/"),
    concat!("/ro", "ot/"),
    concat!("/ho", "me/"),
    concat!("/Us", "ers/"),
    concat!("/tmp/", "target"),
];
/// First labels of the hosts of package registries and mirrors: where packages come from is each machine's own setting.
const REGISTRIES: [&str; 7] = ["registry", "index", "static", "deb", "mirror", "mirrors", "pypi"];

/// Unfinished work, debugging, tests that are switched off without a word, or that switch off all others.
pub(super) fn left_overs(house: &House) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, tokens) in &house.rust {
        for (index, token) in tokens.iter().enumerate() {
            if let Some(message) = left_over(token, &tokens[index + 1..]) {
                findings.push(Finding::line(path, token.line, message));
            }
        }
    }
    for (path, text) in written_here(house).filter(|(path, _)| !path.ends_with(".rs")) {
        let script = [".ts", ".tsx", ".mjs"].iter().any(|end| path.ends_with(end));
        for (index, line) in text.lines().enumerate() {
            if let Some(mark) = mark_in(line) {
                findings.push(Finding::line(path, index + 1, format!("unfinished: {mark}")));
            }
            if script && [".only(", ".skip("].iter().any(|call| line.contains(call)) {
                findings.push(Finding::line(path, index + 1, "a test that silences others, or itself"));
            }
        }
    }
    findings
}

fn left_over(token: &Token, next: &[Token]) -> Option<String> {
    let followed_by = |marks: &[char]| {
        next.len() >= marks.len() && next.iter().zip(marks).all(|(token, mark)| token.is_punct(*mark))
    };
    match &token.kind {
        Kind::Comment(text) => mark_in(text).map(|mark| format!("unfinished: {mark}")),
        Kind::Ident(name) if MACROS.contains(&name.as_str()) && followed_by(&['!', '(']) => {
            Some(format!("left over: {name}!"))
        }
        Kind::Punct('#') if followed_by(&['[']) => {
            let bare = next.get(1).is_some_and(|word| word.is("ignore"))
                && next.get(2).is_some_and(|end| end.is_punct(']'));
            bare.then(|| "a test is switched off without a reason: `#[ignore = \"why\"]`".to_owned())
        }
        _ => None,
    }
}

fn mark_in(text: &str) -> Option<&'static str> {
    let words = || text.split(|c: char| !(c.is_alphanumeric() || c == '_'));
    MARKS.into_iter().find(|mark| words().any(|word| word == *mark))
}

/// Paths of one machine, hosts of registries, and files that are too long.
pub(super) fn machines_and_sizes(house: &House) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in &house.files {
        for (index, line) in text.lines().enumerate() {
            if let Some(folder) = FOLDERS.iter().find(|folder| begins_path(line, folder)) {
                findings.push(Finding::line(
                    path,
                    index + 1,
                    format!("`{folder}` exists on one machine only"),
                ));
            }
            if names_registry(line) {
                findings.push(Finding::line(
                    path,
                    index + 1,
                    "the address of a package registry is a machine's own setting",
                ));
            }
        }
    }
    for (path, text) in written_here(house).filter(|(path, _)| CODE.iter().any(|end| path.ends_with(end))) {
        let lines = text.lines().count();
        let generated = text.lines().take(5).any(|line| line.to_lowercase().contains("generated"));
        if lines > LINES_MAX && !generated {
            findings.push(Finding::file(path, format!("{lines} lines; split it ({LINES_MAX} at most)")));
        }
    }
    findings
}

/// Whether `folder` stands in the line as the beginning of a path, not as a part of a longer one.
fn begins_path(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(at, _)| {
        !line[..at].ends_with(|before: char| before.is_alphanumeric() || "._-~)}/*>".contains(before))
    })
}

fn names_registry(line: &str) -> bool {
    line.split("://").skip(1).any(|host| {
        let first = host.split(['.', '/', '"', ':']).next().unwrap_or_default();
        host.get(first.len()..).is_some_and(|rest| rest.starts_with('.')) && REGISTRIES.contains(&first)
    })
}

fn written_here(house: &House) -> impl Iterator<Item = (&str, &str)> {
    let files = house.files.iter().filter(|(path, _)| !NOT_WRITTEN_HERE.contains(&path.as_str()));
    files.map(|(path, text)| (path.as_str(), text.as_str()))
}

#[cfg(test)]
mod tests {
    use super::super::house::House;
    use super::super::shown;
    use super::{FOLDERS, LINES_MAX, MARKS, REGISTRIES, left_overs, machines_and_sizes};

    #[test]
    fn unfinished_work_is_found_where_it_is_meant() {
        let rust = |text: &str| shown(left_overs(&House::of(&[("a.rs", text)]).lexed()));
        for mark in MARKS {
            assert_eq!(rust(&format!("a;\n// {mark}: later")), format!("a.rs:2: unfinished: {mark}"));
            assert_eq!(rust(&format!("/// Not{mark} but \nconst A: &str = \"{mark}\";")), "");
            let elsewhere = House::of(&[("run.sh", &format!("# {mark} later")), ("Cargo.lock", mark)]);
            assert_eq!(shown(left_overs(&elsewhere)), format!("run.sh:1: unfinished: {mark}"));
        }
        assert_eq!(rust("fn f() { todo!() }"), "a.rs:1: left over: todo!");
        assert_eq!(rust("fn f() { let todo = 1; if todo != (2) {} }"), "");
        assert!(rust("#[ignore]\n#[test] fn f() {}").contains("without a reason"));
        assert_eq!(rust("#[ignore = \"needs a disk\"] #[test] fn f() {}"), "");
        let script =
            |path: &str| left_overs(&House::of(&[(path, "test.only('x', f)\n\nit.skip('y')\n")])).len();
        assert_eq!((script("a.test.ts"), script("a.md")), (2, 0));
    }

    #[test]
    fn traces_of_a_machine_are_found() {
        let found = |text: &str| machines_and_sizes(&House::of(&[("a.md", text)])).len();
        for folder in FOLDERS {
            assert_eq!(found(&format!("see {folder}x")), 1, "{folder}");
            assert_eq!(found(&format!("\"{folder}x\"")), 1, "{folder}");
            assert_eq!(found(&format!("see https://x.org{folder}x or a{folder}b")), 0, "{folder}");
        }
        for first in REGISTRIES {
            assert_eq!(found(&format!("https://{first}.example.org/x")), 1, "{first}");
        }
        assert_eq!(
            found("https://docs.example.org/registry.html https://github.com/rust-lang/crates.io-index"),
            0
        );
        assert_eq!(found("http://registry/ ://"), 0);
    }

    #[test]
    fn a_file_can_be_read_in_one_sitting() {
        let found = |path: &str, lines: usize, first: &str| {
            let text = format!("{first}\n{}", "x\n".repeat(lines - 1));
            machines_and_sizes(&House::of(&[(path, &text)])).len()
        };
        assert_eq!(found("a.rs", LINES_MAX, ""), 0);
        assert_eq!(found("a.rs", LINES_MAX + 1, ""), 1);
        assert_eq!(found("a.ts", LINES_MAX + 1, "// This file was auto-generated"), 0);
        assert_eq!(found("a.json", LINES_MAX + 1, ""), 0);
    }
}
