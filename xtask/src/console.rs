//! The web console's packages, build and scripts.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::process::Cmd;
use crate::stamp::{self, Stamp};
use crate::tools::Node;
use crate::workspace::Workspace;

/// What says which packages are installed.
const PACKAGES: [&str; 2] = ["package.json", "package-lock.json"];
/// What npm writes last: the list of what it installed.
const INSTALLED: &str = "node_modules/.package-lock.json";
/// What a person or the client generator wrote: this folder, and the document that the client is made of.
const SOURCES: [&str; 2] = [".", "../docs/reference/openapi.json"];
/// What is made, not written: never part of the sources.
const MADE: [&str; 3] = ["node_modules", "dist", "e2e/out"];

/// The folder `console/`.
pub(crate) struct Console {
    dir: PathBuf,
    packages: Stamp,
    build: Stamp,
}

impl Console {
    /// The console of this checkout.
    pub(crate) fn new(workspace: &Workspace) -> Self {
        Self {
            dir: workspace.root.join("console"),
            packages: Stamp(workspace.scratch().join("console-packages.stamp")),
            build: Stamp(workspace.scratch().join("console-build.stamp")),
        }
    }

    /// Whether there is a build to embed.
    pub(crate) fn is_built(&self) -> bool {
        self.dir.join("dist/index.html").is_file()
    }

    /// Installs packages and builds, each only when what it is made from has changed.
    pub(crate) fn ensure_built(&self, node: &Node) -> Result<()> {
        let sources = format!("{}-{}", node.version, stamp::hash(&self.dir, &SOURCES, &MADE)?);
        if self.is_built() && self.build.holds(&sources, &self.made()?) {
            return Ok(());
        }
        self.ensure_packages(node)?;
        eprintln!("Building the console.");
        self.script(node, "build").run()?;
        if !self.is_built() {
            bail!("the console's build left no console/dist/index.html");
        }
        self.build.set(&sources, &self.made()?)
    }

    /// Installs the packages that the lock file names, exactly.
    ///
    /// Not with `npm ci`: it insists on an entry for every platform's native parts, and a lock file has none for those
    /// that the registry it was written from did not carry. This installs the same, and leaves the lock file alone.
    pub(crate) fn ensure_packages(&self, node: &Node) -> Result<()> {
        let sources = format!("{}-{}", node.version, stamp::hash(&self.dir, &PACKAGES, &[])?);
        if self.dir.join(INSTALLED).is_file() && self.packages.holds(&sources, &self.installed()?) {
            return Ok(());
        }
        let [manifest, lock] = PACKAGES.map(|name| self.json(name));
        check_lock(&manifest?, &lock?)?;
        eprintln!("Installing the console's packages.");
        node.cmd("npm")
            .args(["install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"])
            .dir(&self.dir)
            .run()?;
        self.packages.set(&sources, &self.installed()?)
    }

    /// A script of the console's package.json.
    pub(crate) fn script(&self, node: &Node, name: &str) -> Cmd {
        node.cmd("npm").args(["run", name]).dir(&self.dir)
    }

    /// Generates the client from docs/reference/openapi.json again, and fails if that changes any source: then the
    /// committed client is not the document's.
    pub(crate) fn check_client(&self, node: &Node) -> Result<()> {
        let before = self.source_files()?;
        self.script(node, "generate").run()?;
        let changed = changed_files(&before, &self.source_files()?);
        if !changed.is_empty() {
            bail!(
                "the generated client differs from docs/reference/openapi.json; it is right now, commit it: {}",
                changed.join(", ")
            );
        }
        Ok(())
    }

    fn installed(&self) -> Result<String> {
        stamp::hash(&self.dir, &[INSTALLED], &[])
    }

    fn json(&self, name: &str) -> Result<Value> {
        let text =
            fs::read_to_string(self.dir.join(name)).with_context(|| format!("cannot read console/{name}"))?;
        serde_json::from_str(&text).with_context(|| format!("console/{name} is not readable as JSON"))
    }

    fn made(&self) -> Result<String> {
        stamp::hash(&self.dir, &["dist"], &[])
    }

    fn source_files(&self) -> Result<Vec<(PathBuf, Vec<u8>)>> {
        let read = |path: PathBuf| {
            let content =
                fs::read(self.dir.join(&path)).with_context(|| format!("cannot read {}", path.display()))?;
            Ok((path, content))
        };
        stamp::files(&self.dir, &SOURCES, &MADE)?.into_iter().map(read).collect()
    }
}

/// Whether the lock file was written for this package.json.
fn check_lock(manifest: &Value, lock: &Value) -> Result<()> {
    let root = &lock["packages"][""];
    for kind in ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"] {
        if manifest[kind] != root[kind] {
            bail!(
                "console/package-lock.json does not fit the {kind} of package.json; run `npm install` in console/"
            );
        }
    }
    Ok(())
}

/// The names of files that appeared, went away or changed. Both lists are sorted by name.
fn changed_files(before: &[(PathBuf, Vec<u8>)], after: &[(PathBuf, Vec<u8>)]) -> Vec<String> {
    let missing_in = |from: &[(PathBuf, Vec<u8>)], other: &[(PathBuf, Vec<u8>)]| -> Vec<String> {
        let differs =
            |(path, content): &&(PathBuf, Vec<u8>)| !other.iter().any(|(p, c)| p == path && c == content);
        from.iter().filter(differs).map(|(path, _)| name(path)).collect()
    };
    let mut changed = missing_in(before, after);
    changed.extend(missing_in(after, before));
    changed.sort();
    changed.dedup();
    changed
}

fn name(path: &Path) -> String {
    format!("console/{}", path.display())
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use serde_json::json;

    use super::{changed_files, check_lock};

    #[test]
    fn a_lock_file_belongs_to_its_manifest() {
        let manifest = json!({"name": "console", "dependencies": {"react": "19.3.1"}});
        let lock = |react: &str| json!({"packages": {"": {"dependencies": {"react": react}}}});
        check_lock(&manifest, &lock("19.3.1")).unwrap();
        assert!(check_lock(&manifest, &lock("19.3.0")).unwrap_err().to_string().contains("npm install"));
        assert!(check_lock(&manifest, &json!({})).is_err());
        let more = json!({"dependencies": {"react": "19.3.1"}, "devDependencies": {"vite": "7.3.8"}});
        assert!(check_lock(&more, &lock("19.3.1")).is_err());
    }

    #[test]
    fn every_kind_of_change_is_named() {
        let files = |list: &[(&str, &str)]| -> Vec<(PathBuf, Vec<u8>)> {
            list.iter().map(|(path, text)| (PathBuf::from(path), text.as_bytes().to_vec())).collect()
        };
        let before = files(&[("gone.ts", "x"), ("same.ts", "x"), ("worked.ts", "x")]);
        let after = files(&[("new.ts", "x"), ("same.ts", "x"), ("worked.ts", "y")]);
        assert_eq!(
            changed_files(&before, &after),
            ["console/gone.ts", "console/new.ts", "console/worked.ts"]
        );
        assert!(changed_files(&before, &before).is_empty());
    }
}
