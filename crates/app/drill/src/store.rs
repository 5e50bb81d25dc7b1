//! The evidence on disk: `<id>.json` and `<id>.html`, written whole or not at all.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use console_api::Drill;
use ids::Id;
use stdx::Coded;

use crate::page::page;

/// The drills that are kept at hand. Older files stay where they are; they are only not listed.
pub(crate) const DRILLS_MAX: usize = 200;
/// A drill's file has some twenty kilobytes; a larger one is not ours.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// The folder of reports cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("could not {operation} `{file}` in the folder of drill reports")]
pub struct StoreError {
    operation: &'static str,
    file: String,
    #[source]
    source: io::Error,
}

impl Coded for StoreError {
    fn code(&self) -> &'static str {
        "DRL-0007"
    }

    fn hint(&self) -> &'static str {
        "check the permissions and the free space of the data folder"
    }
}

fn failed<'a>(operation: &'static str, file: &'a str) -> impl FnOnce(io::Error) -> StoreError + 'a {
    move |source| StoreError { operation, file: file.to_owned(), source }
}

/// The folder of reports.
#[derive(Debug)]
pub(crate) struct Store {
    dir: PathBuf,
}

impl Store {
    /// Opens the folder, making it if need be.
    pub(crate) fn open(dir: PathBuf) -> Result<Self, StoreError> {
        fs::create_dir_all(&dir).map_err(failed("make", "."))?;
        Ok(Self { dir })
    }

    /// The newest [`DRILLS_MAX`] drills, newest first. A file that is not a drill's is left alone and named in the log.
    pub(crate) fn load(&self) -> Result<Vec<Drill>, StoreError> {
        let mut ids = Vec::new();
        for entry in fs::read_dir(&self.dir).map_err(failed("list", "."))? {
            let name = entry.map_err(failed("list", "."))?.file_name();
            let id = name.to_str().and_then(|name| name.strip_suffix(".json")).map(str::parse::<Id>);
            if let Some(Ok(id)) = id {
                ids.push(id);
            }
        }
        // Ids are ordered by time.
        ids.sort_unstable_by(|a, b| b.cmp(a));
        ids.truncate(DRILLS_MAX);
        Ok(ids.into_iter().filter_map(|id| self.read(id)).collect())
    }

    fn read(&self, id: Id) -> Option<Drill> {
        let name = format!("{id}.json");
        match read_bounded(&self.dir.join(&name)).map(|bytes| serde_json::from_slice::<Drill>(&bytes)) {
            Ok(Ok(drill)) if drill.id == id => return Some(drill),
            Ok(Ok(drill)) => tracing::warn!(file = name, id = %drill.id, "a drill's file has another's name"),
            Ok(Err(error)) => tracing::warn!(file = name, %error, "a drill's file is not a drill"),
            Err(error) => tracing::warn!(file = name, %error, "a drill's file could not be read"),
        }
        None
    }

    /// Stores a finished drill. The page comes first, so that a listed drill has one.
    pub(crate) fn save(&self, drill: &Drill) -> Result<(), StoreError> {
        if let Some(report) = &drill.report {
            self.write(&format!("{}.html", drill.id), page(report).as_bytes())?;
        }
        let name = format!("{}.json", drill.id);
        let mut json = serde_json::to_vec_pretty(drill)
            .map_err(|error| failed("write", &name)(io::Error::other(error)))?;
        json.push(b'\n');
        self.write(&name, &json)
    }

    /// Writes a file so that after a power failure it is there whole or not at all.
    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        let draft = self.dir.join(format!(".{name}.draft"));
        let written = write_synced(&draft, bytes)
            .and_then(|()| fs::rename(&draft, self.dir.join(name)))
            .and_then(|()| open(&self.dir)?.sync_all());
        written.map_err(failed("write", name))
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "an app crate, and the one place of this crate that opens files"
)]
fn open(path: &Path) -> io::Result<File> {
    File::open(path)
}

#[expect(
    clippy::disallowed_methods,
    reason = "an app crate, and the one place of this crate that opens files"
)]
fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn read_bounded(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = open(path)?.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    if read as u64 > FILE_BYTES_MAX {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "larger than any drill's"));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use console_api::{DrillKind, DrillPhase, DrillState};

    use crate::page::tests::report;

    use super::*;

    fn drill(ms: u64) -> Drill {
        let id = Id::time_ordered(ms, 7);
        let report = console_api::DrillReport { id, ..report() };
        Drill {
            id,
            kind: DrillKind::KillSite,
            site: report.site.clone(),
            state: DrillState::Passed,
            phase: DrillPhase::Done,
            started_at: report.started_at,
            progress: None,
            error: None,
            report: Some(report),
        }
    }

    #[test]
    fn what_was_saved_is_listed_newest_first() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path().join("drills")).unwrap();
        assert_eq!(store.load().unwrap(), []);
        let unfinished = Drill { report: None, error: Some("DRL-0013".to_owned()), ..drill(2) };
        for drill in [&drill(1), &drill(3), &unfinished] {
            store.save(drill).unwrap();
        }
        assert_eq!(store.load().unwrap(), [drill(3), unfinished, drill(1)]);
        let html = fs::read_dir(dir.path().join("drills")).unwrap();
        let mut names: Vec<String> =
            html.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        let id = |ms| drill(ms).id;
        assert_eq!(
            names,
            [
                format!("{}.html", id(1)),
                format!("{}.json", id(1)),
                format!("{}.json", id(2)),
                format!("{}.html", id(3)),
                format!("{}.json", id(3)),
            ]
        );
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "the test plants files")]
    fn alien_files_are_passed_over() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path().to_owned()).unwrap();
        store.save(&drill(1)).unwrap();
        let other = Id::time_ordered(2, 7);
        let cut = Id::time_ordered(3, 7);
        let huge = Id::time_ordered(4, 7);
        fs::write(dir.path().join(format!("{other}.json")), serde_json::to_vec(&drill(1)).unwrap()).unwrap();
        fs::write(dir.path().join(format!("{cut}.json")), b"{\"id\":").unwrap();
        fs::write(dir.path().join(format!("{huge}.json")), vec![b' '; 2 << 20]).unwrap();
        fs::write(dir.path().join("notes.json"), b"{}").unwrap();
        fs::create_dir(dir.path().join(format!("{}.json", Id::time_ordered(5, 7)))).unwrap();
        assert_eq!(store.load().unwrap(), [drill(1)]);
    }

    #[test]
    fn only_the_newest_are_kept_at_hand() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path().to_owned()).unwrap();
        for ms in 0..DRILLS_MAX as u64 + 5 {
            store.save(&Drill { report: None, ..drill(ms) }).unwrap();
        }
        let drills = store.load().unwrap();
        assert_eq!(drills.len(), DRILLS_MAX);
        assert_eq!(drills[0].id, Id::time_ordered(DRILLS_MAX as u64 + 4, 7));
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_an_error() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert_eq!(Store::open(file.path().to_owned()).unwrap_err().code(), "DRL-0007");
    }
}
