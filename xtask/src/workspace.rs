//! Where the workspace is, and where cargo puts what it builds.

use std::path::PathBuf;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::process::Cmd;

/// The checkout that the tool was started in.
pub(crate) struct Workspace {
    /// The folder of the root manifest.
    pub(crate) root: PathBuf,
    /// Cargo's target folder; it may lie outside the checkout and be shared by several.
    pub(crate) target: PathBuf,
}

#[derive(Deserialize)]
struct Located {
    workspace_root: PathBuf,
    target_directory: PathBuf,
}

impl Workspace {
    /// Asks cargo, so that every way of moving the target folder is honoured.
    pub(crate) fn find() -> Result<Self> {
        let json = Cmd::cargo().args(["metadata", "--no-deps", "--format-version", "1"]).read()?;
        let located: Located =
            serde_json::from_str(&json).context("cargo metadata printed something unreadable")?;
        Ok(Self { root: located.workspace_root, target: located.target_directory })
    }

    /// The path of a binary in its release build.
    pub(crate) fn release_binary(&self, name: &str) -> PathBuf {
        self.target.join("release").join(name)
    }

    /// The tool's own folder: stamps, installed tools, logs.
    pub(crate) fn scratch(&self) -> PathBuf {
        self.target.join("xtask")
    }
}
