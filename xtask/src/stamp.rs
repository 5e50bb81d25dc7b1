//! Content stamps: what was made from what, so that work is done again only when its sources changed.
//!
//! A stamp records the hash of the sources *and* of what was made from them. So it stays true in a target folder that
//! several checkouts share, and after somebody else rewrote or removed what was made. Times are never compared.

use std::fs;
use std::hash::{DefaultHasher, Hasher as _};
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result};

/// The hash of files and folders, by content and relative name. A path that is not there counts as absent.
/// `skip`: paths below `base` that are left out.
pub(crate) fn hash(base: &Path, paths: &[&str], skip: &[&str]) -> Result<String> {
    let mut hasher = DefaultHasher::new();
    for file in files(base, paths, skip)? {
        let content = fs::read(base.join(&file))
            .with_context(|| format!("cannot read {}", base.join(&file).display()))?;
        // Lengths first, so that no two different sets of files run into one another.
        for part in [file.as_os_str().as_encoded_bytes(), &content] {
            hasher.write_usize(part.len());
            hasher.write(part);
        }
    }
    Ok(format!("{:016x}", hasher.finish()))
}

/// The files at or below `paths`, relative to `base`, sorted, without those at or below `skip`.
pub(crate) fn files(base: &Path, paths: &[&str], skip: &[&str]) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut open: Vec<PathBuf> = paths.iter().map(PathBuf::from).collect();
    while let Some(path) = open.pop() {
        if skip.iter().any(|skipped| normal(&path) == Path::new(skipped)) {
            continue;
        }
        let absolute = base.join(&path);
        if absolute.is_dir() {
            let entries =
                fs::read_dir(&absolute).with_context(|| format!("cannot list {}", absolute.display()))?;
            for entry in entries {
                open.push(path.join(entry?.file_name()));
            }
        } else if absolute.is_file() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// Without the `.` of the folder itself.
fn normal(path: &Path) -> PathBuf {
    path.components().filter(|part| *part != Component::CurDir).collect()
}

/// A stamp's file.
pub(crate) struct Stamp(pub(crate) PathBuf);

impl Stamp {
    /// Whether the last work made exactly `made` from exactly `sources`.
    pub(crate) fn holds(&self, sources: &str, made: &str) -> bool {
        fs::read_to_string(&self.0).is_ok_and(|text| text == format!("{sources} {made}\n"))
    }

    /// Records that `made` was made from `sources`.
    pub(crate) fn set(&self, sources: &str, made: &str) -> Result<()> {
        let folder = self.0.parent().context("a stamp lies in a folder")?;
        fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
        fs::write(&self.0, format!("{sources} {made}\n"))
            .with_context(|| format!("cannot write {}", self.0.display()))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{Stamp, hash};

    #[test]
    fn a_hash_follows_names_and_contents_and_nothing_else() {
        let base = std::env::temp_dir().join(format!("xtask-stamp-{}", std::process::id()));
        fs::create_dir_all(base.join("src/deep")).unwrap();
        fs::write(base.join("src/deep/a.ts"), "one").unwrap();
        fs::write(base.join("other"), "x").unwrap();
        let first = hash(&base, &["src", "absent"], &[]).unwrap();

        fs::write(base.join("other"), "y").unwrap();
        fs::write(base.join("src/deep/a.ts"), "one").unwrap();
        assert_eq!(hash(&base, &["src", "absent"], &[]).unwrap(), first, "neither strangers nor times count");
        fs::write(base.join("src/deep/a.ts"), "two").unwrap();
        assert_ne!(hash(&base, &["src"], &[]).unwrap(), first, "content counts");
        fs::rename(base.join("src/deep/a.ts"), base.join("src/deep/b.ts")).unwrap();
        fs::write(base.join("src/deep/b.ts"), "one").unwrap();
        assert_ne!(hash(&base, &["src"], &[]).unwrap(), first, "names count");

        let with_all = hash(&base, &["."], &["src/deep/skipped"]).unwrap();
        fs::create_dir(base.join("src/deep/skipped")).unwrap();
        fs::write(base.join("src/deep/skipped/c.ts"), "x").unwrap();
        assert_eq!(
            hash(&base, &["."], &["src/deep/skipped"]).unwrap(),
            with_all,
            "what is skipped does not count"
        );
        assert_ne!(hash(&base, &["."], &[]).unwrap(), with_all);

        let stamp = Stamp(base.join("stamps/console"));
        assert!(!stamp.holds("s", "m"), "no stamp holds nothing");
        stamp.set("s", "m").unwrap();
        assert!(stamp.holds("s", "m") && !stamp.holds("s", "n") && !stamp.holds("t", "m"));
        fs::remove_dir_all(base).unwrap();
    }
}
