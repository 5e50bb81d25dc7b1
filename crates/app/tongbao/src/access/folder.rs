//! The folder of certificates. Only certificates are read: what else stands in a file is passed over, and no key is opened.

use std::fs;
use std::io;
use std::path::Path;

use access_core::{Identity, Names};
use certs::{CertsError, Description};
use console_api::{Certificate, CertificateKind, CertificateState, UnreadableFile};

use super::{plain, problem_of, told};

/// The most entries of a folder that are looked at, and the most files of certificates that are read.
const ENTRIES_MAX: usize = 10_000;
const FILES_MAX: usize = 1_000;
/// The largest file of certificates that is read.
const FILE_BYTES_MAX: u64 = 64 << 10;
/// The most that is told.
const CERTIFICATES_MAX: usize = 2_000;
const UNREADABLE_MAX: usize = 100;

const DAY_S: i64 = 24 * 60 * 60;
/// A certificate that ends within so many days is said to end soon.
const SOON_DAYS: i64 = 30;

/// What is in the folder.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    pub(super) certificates: Vec<Certificate>,
    pub(super) unreadable: Vec<UnreadableFile>,
    pub(super) more: bool,
}

/// Looks through a folder of certificates at a moment, in seconds since 1970. A folder that is not there is empty.
pub(super) fn look(folder: &Path, now_s: i64) -> Found {
    let mut found = Found::default();
    let mut files = vec![("ca.pem".to_owned(), CertificateKind::Authority)];
    for (part, kind) in [("sites", CertificateKind::Site), ("clients", CertificateKind::Client)] {
        let names = list(&folder.join(part), &mut found.more);
        files.extend(names.into_iter().map(|name| (format!("{part}/{name}"), kind)));
    }
    found.more |= files.len() > FILES_MAX;
    for (file, kind) in files.into_iter().take(FILES_MAX) {
        match read(&folder.join(&file)) {
            Ok(all) => {
                let room = CERTIFICATES_MAX - found.certificates.len();
                found.more |= all.len() > room;
                let told = all.iter().take(room).map(|one| tell(plain(&file), kind, one, now_s));
                found.certificates.extend(told);
            }
            Err(CertsError::File { source, .. }) if source.kind() == io::ErrorKind::NotFound => {}
            Err(_) if found.unreadable.len() == UNREADABLE_MAX => found.more = true,
            Err(error) => {
                found.unreadable.push(UnreadableFile { file: plain(&file), problem: problem_of(&error) });
            }
        }
    }
    found.certificates.sort_by_key(|one| one.kind);
    found
}

/// The files of certificates in a part of the folder, by name.
fn list(part: &Path, more: &mut bool) -> Vec<String> {
    let Ok(entries) = fs::read_dir(part) else { return Vec::new() };
    let mut entries = entries.flatten();
    let names = entries.by_ref().take(ENTRIES_MAX).filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<String> = names.filter(|name| name.ends_with(".pem")).collect();
    *more |= entries.next().is_some();
    names.sort_unstable();
    names
}

fn read(path: &Path) -> Result<Vec<Description>, CertsError> {
    let failed = |source| CertsError::File { path: path.to_owned(), source };
    let metadata = fs::metadata(path).map_err(failed)?;
    // Opening a pipe would wait for its other end.
    if !metadata.is_file() {
        return Err(failed(io::Error::other("it is not a file")));
    }
    if metadata.len() > FILE_BYTES_MAX {
        return Err(failed(io::ErrorKind::FileTooLarge.into()));
    }
    Description::all_of_pem(&certs::read(path)?)
}

fn tell(file: String, kind: CertificateKind, one: &Description, now_s: i64) -> Certificate {
    // Beside a certificate stand those that lead to its authority.
    let kind = if one.is_authority { CertificateKind::Authority } else { kind };
    let (uris, dns, common) = (one.names.uris.clone(), one.names.dns.clone(), one.names.common.clone());
    let identity = (kind == CertificateKind::Client).then(|| Identity::of(&Names { uris, dns, common }));
    let (identity, problem) = match identity {
        None => (None, None),
        Some(Ok(identity)) => (Some(identity.to_string()), None),
        Some(Err(error)) => (None, Some(told(&error, plain(&error.to_string())))),
    };
    let seconds = |s: u64| i64::try_from(s).unwrap_or(i64::MAX);
    let (not_before_s, not_after_s) = (seconds(one.not_before_s), seconds(one.names.not_after_s));
    let days_left = not_after_s.saturating_sub(now_s).div_euclid(DAY_S);
    let state = if now_s > not_after_s {
        CertificateState::Expired
    } else if now_s < not_before_s {
        CertificateState::NotYetValid
    } else if days_left < SOON_DAYS {
        CertificateState::ExpiresSoon
    } else {
        CertificateState::Valid
    };
    Certificate {
        file,
        kind,
        identity,
        problem,
        subject: plain(&one.subject),
        issuer: plain(&one.issuer),
        not_before: time_text(not_before_s),
        not_after: time_text(not_after_s),
        days_left,
        state,
        fingerprint: one.fingerprint,
        has_rules: None,
    }
}

/// A second since 1970 as text; certificates may end later than a ledger's timestamps reach.
fn time_text(second: i64) -> String {
    jiff::Timestamp::from_second(second).unwrap_or(jiff::Timestamp::MAX).to_string()
}
