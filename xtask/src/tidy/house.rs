//! What the rules look at: the text of every file of the checkout, and what cargo knows about the crates.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;

use super::lexer::{self, Token};
use super::modules;
use crate::process::Cmd;
use crate::workspace::Workspace;

/// A checkout, read once. Every rule is a function of it, so that a test can make up a small one.
#[derive(Default)]
pub(crate) struct House {
    /// The text files by their path from the root.
    pub(crate) files: BTreeMap<String, String>,
    /// All paths, also of files that are not text.
    pub(crate) paths: BTreeSet<String>,
    /// The Rust files' tokens.
    pub(crate) rust: BTreeMap<String, Vec<Token>>,
    /// The tokens of code that ships, for files that are not only for tests.
    pub(crate) production: BTreeMap<String, Vec<Token>>,
    /// The workspace's own crates.
    pub(crate) packages: Vec<Package>,
    /// All other crates that the lock file names.
    pub(crate) externals: Vec<External>,
    /// For each pure crate, what it links without its tests.
    pub(crate) linked: BTreeMap<String, Vec<String>>,
}

/// A crate of the workspace.
#[derive(Clone, Debug)]
pub(crate) struct Package {
    pub(crate) name: String,
    /// Its folder from the root, e.g. `crates/base/ids`.
    pub(crate) dir: String,
    pub(crate) dependencies: Vec<Dependency>,
    pub(crate) roots: Vec<Root>,
}

/// An entry of a manifest.
#[derive(Clone, Debug)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    /// For tests only.
    pub(crate) dev: bool,
    /// The versions it resolved to; none for a crate of the workspace.
    pub(crate) version: Option<String>,
}

/// The first file of a library, binary, test, example, benchmark or build script.
#[derive(Clone, Debug)]
pub(crate) struct Root {
    pub(crate) path: String,
    /// Whether it never ships.
    pub(crate) test: bool,
}

/// A crate from outside.
#[derive(Clone, Debug)]
pub(crate) struct External {
    pub(crate) name: String,
    pub(crate) version: String,
    /// An SPDX expression.
    pub(crate) license: Option<String>,
}

impl Package {
    /// The path of its manifest.
    pub(crate) fn manifest(&self) -> String {
        format!("{}/Cargo.toml", self.dir)
    }

    /// The first folder below `crates/`; none for `xtask`.
    pub(crate) fn pillar(&self) -> Option<&str> {
        self.dir.strip_prefix("crates/")?.split('/').next()
    }

    /// Whether it must be free of clocks, files, sockets and randomness.
    pub(crate) fn is_pure(&self) -> bool {
        self.name.ends_with("-core") || self.pillar() == Some("base")
    }
}

impl House {
    /// Reads every file that git tracks or would add.
    pub(crate) fn read(workspace: &Workspace) -> Result<Self> {
        let git = |args: &[&str]| Cmd::new("git").args(args).dir(&workspace.root).read();
        let listed = git(&["ls-files", "-z", "--cached", "--others", "--exclude-standard"])?;
        let mut files = BTreeMap::new();
        let mut paths = BTreeSet::new();
        for path in listed.split('\0').filter(|path| !path.is_empty()) {
            let absolute = workspace.root.join(path);
            // A tracked file that is deleted in the work tree is still listed.
            if !absolute.is_file() {
                continue;
            }
            let bytes = std::fs::read(&absolute).with_context(|| format!("cannot read {path}"))?;
            paths.insert(path.to_owned());
            if let Ok(text) = String::from_utf8(bytes) {
                files.insert(path.to_owned(), text);
            }
        }
        let cargo = Metadata::read(&workspace.root)?;
        let packages = cargo.own(&workspace.root);
        let mut linked = BTreeMap::new();
        for package in packages.iter().filter(|package| package.is_pure()) {
            linked.insert(package.name.clone(), linked_by(&package.name, &workspace.root)?);
        }
        Ok(Self { files, paths, packages, externals: cargo.externals(), linked, ..Self::default() }.lexed())
    }

    /// Fills in the tokens.
    pub(crate) fn lexed(mut self) -> Self {
        let rust = self.files.iter().filter(|(path, _)| path.ends_with(".rs"));
        self.rust = rust.map(|(path, text)| (path.clone(), lexer::lex(text))).collect();
        let reached = modules::reached(&self);
        let ships = |path: &String| reached.get(path) == Some(&modules::Use::Ships);
        let shipped = self.rust.iter().filter(|(path, _)| ships(path));
        self.production = shipped.map(|(path, tokens)| (path.clone(), lexer::production(tokens))).collect();
        self
    }

    /// The package that a path belongs to.
    pub(crate) fn package_of(&self, path: &str) -> Option<&Package> {
        self.packages.iter().find(|package| is_below(path, &package.dir))
    }
}

/// Whether `path` lies in the folder `dir`.
pub(crate) fn is_below(path: &str, dir: &str) -> bool {
    path.strip_prefix(dir).is_some_and(|rest| rest.starts_with('/'))
}

/// What a crate links on this machine, with the features that it alone asks for.
fn linked_by(name: &str, root: &Path) -> Result<Vec<String>> {
    let listed = Cmd::cargo()
        .args(["tree", "--package", name, "--edges", "normal", "--prefix", "none", "--format", "{p}"])
        .dir(root)
        .read()?;
    let mut names: Vec<String> =
        listed.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect();
    names.sort();
    names.dedup();
    Ok(names)
}

/// The part of `cargo metadata` that is looked at.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<MetaPackage>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct MetaPackage {
    id: String,
    name: String,
    version: String,
    license: Option<String>,
    source: Option<String>,
    manifest_path: std::path::PathBuf,
    dependencies: Vec<MetaDependency>,
    targets: Vec<MetaTarget>,
}

#[derive(Deserialize)]
struct MetaDependency {
    name: String,
    kind: Option<String>,
}

#[derive(Deserialize)]
struct MetaTarget {
    kind: Vec<String>,
    src_path: std::path::PathBuf,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    dependencies: Vec<String>,
}

impl Metadata {
    fn read(root: &Path) -> Result<Self> {
        let json = Cmd::cargo().args(["metadata", "--format-version", "1"]).dir(root).read()?;
        serde_json::from_str(&json).context("cargo metadata printed something unreadable")
    }

    fn externals(&self) -> Vec<External> {
        let outside = self.packages.iter().filter(|package| package.source.is_some());
        outside
            .map(|package| External {
                name: package.name.clone(),
                version: package.version.clone(),
                license: package.license.clone(),
            })
            .collect()
    }

    fn own(&self, root: &Path) -> Vec<Package> {
        let relative = |path: &Path| path.strip_prefix(root).unwrap_or(path).to_string_lossy().into_owned();
        let own = self.packages.iter().filter(|package| package.source.is_none());
        own.map(|package| Package {
            name: package.name.clone(),
            dir: package.manifest_path.parent().map(relative).unwrap_or_default(),
            dependencies: package.dependencies.iter().map(|entry| self.dependency(package, entry)).collect(),
            roots: package.targets.iter().map(|target| target.root(relative)).collect(),
        })
        .collect()
    }

    fn dependency(&self, of: &MetaPackage, entry: &MetaDependency) -> Dependency {
        let node = self.resolve.nodes.iter().find(|node| node.id == of.id);
        let ids = node.map(|node| node.dependencies.as_slice()).unwrap_or_default();
        let resolved =
            self.packages.iter().find(|package| package.name == entry.name && ids.contains(&package.id));
        Dependency {
            name: entry.name.clone(),
            dev: entry.kind.as_deref() == Some("dev"),
            version: resolved
                .filter(|package| package.source.is_some())
                .map(|package| package.version.clone()),
        }
    }
}

impl MetaTarget {
    fn root(&self, relative: impl Fn(&Path) -> String) -> Root {
        let test = self.kind.iter().any(|kind| ["test", "bench", "example"].contains(&kind.as_str()));
        Root { path: relative(&self.src_path), test }
    }
}

#[cfg(test)]
impl House {
    /// A house of made-up files.
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let files: BTreeMap<String, String> =
            files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
        let paths = files.keys().cloned().collect();
        Self { files, paths, ..Self::default() }
    }

    /// Adds a crate in `dir` with the root `src/lib.rs` and normal dependencies on crates of the workspace.
    pub(crate) fn with(mut self, dir: &str, dependencies: &[&str]) -> Self {
        let dependency = |name: &&str| Dependency { name: (*name).to_owned(), dev: false, version: None };
        self.packages.push(Package {
            name: dir.rsplit('/').next().unwrap_or(dir).to_owned(),
            dir: dir.to_owned(),
            dependencies: dependencies.iter().map(dependency).collect(),
            roots: vec![Root { path: format!("{dir}/src/lib.rs"), test: false }],
        });
        self
    }
}
