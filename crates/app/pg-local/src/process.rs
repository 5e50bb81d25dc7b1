//! Programs that are run to their end, and signals.

use std::fs::File;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::error::LocalError;
use crate::installation::Installation;

/// How much of what a program said is worth repeating.
const SAID_BYTES: usize = 600;

/// A command of PostgreSQL's, as the user that may run it.
pub(crate) fn command(installation: &Installation, name: &str) -> Command {
    let mut command = Command::new(installation.program(name));
    if let Some((user, group)) = installation.account {
        command.uid(user).gid(group);
    }
    // The caller's folder may be one that the other user must not see.
    command.current_dir("/").env("LC_ALL", "C").stdin(Stdio::null());
    command
}

/// Runs a program to its end.
pub(crate) fn run(mut command: Command) -> Result<(), LocalError> {
    let name = Path::new(command.get_program()).to_owned();
    let output = command.output().map_err(LocalError::io("run", &name))?;
    if output.status.success() {
        return Ok(());
    }
    let program = name.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Err(LocalError::Program { program, said: tail(&String::from_utf8_lossy(&output.stderr)) })
}

/// The end of a text.
pub(crate) fn tail(text: &str) -> String {
    let text = text.trim_end();
    let start =
        text.char_indices().rev().map(|(at, _)| at).take_while(|at| text.len() - at <= SAID_BYTES).last();
    text[start.unwrap_or(0)..].to_owned()
}

/// Creates a folder for PostgreSQL's user alone.
pub(crate) fn own_folder(installation: &Installation, path: &Path) -> Result<(), LocalError> {
    std::fs::create_dir_all(path).map_err(LocalError::io("create", path))?;
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o700);
    std::fs::set_permissions(path, private).map_err(LocalError::io("protect", path))?;
    give(installation, path)
}

/// Gives a file or folder to PostgreSQL's user.
pub(crate) fn give(installation: &Installation, path: &Path) -> Result<(), LocalError> {
    match installation.account {
        Some((user, group)) => {
            chown(path, Some(user), Some(group)).map_err(LocalError::io("give away", path))
        }
        None => Ok(()),
    }
}

/// Writes a file that only PostgreSQL's user may read.
#[expect(clippy::disallowed_methods, reason = "an app crate is where files are written")]
pub(crate) fn write_private(installation: &Installation, path: &Path, text: &str) -> Result<(), LocalError> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let file = File::options().create(true).truncate(true).write(true).mode(0o600).open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes())).map_err(LocalError::io("write", path))?;
    give(installation, path)
}

#[expect(clippy::disallowed_methods, reason = "an app crate is where files are read")]
pub(crate) fn read(path: &Path) -> Option<String> {
    std::fs::read_to_string(path).ok()
}

#[expect(clippy::disallowed_methods, reason = "an app crate is where files are written")]
pub(crate) fn append_to(path: &Path) -> Result<File, LocalError> {
    File::options().create(true).append(true).open(path).map_err(LocalError::io("open", path))
}

/// Sends a signal; a process that is gone needs none.
pub(crate) fn signal(pid: u32, signal: Signal) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        let _ = kill_process(pid, signal);
    }
}

/// The processes that `parent` started, which are in sessions of their own.
pub(crate) fn children(parent: u32) -> Vec<u32> {
    let all = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = all.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|pid| parent_of(*pid) == Some(parent)).collect()
}

fn parent_of(pid: u32) -> Option<u32> {
    let stat = read(Path::new(&format!("/proc/{pid}/stat")))?;
    // The name in parentheses may hold anything; behind it come the state and the parent.
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

/// Kills a process and everything it started.
pub(crate) fn kill_all(pid: u32) {
    // Stopped first, so that it does not start others meanwhile.
    signal(pid, Signal::STOP);
    children(pid).into_iter().for_each(|child| signal(child, Signal::KILL));
    signal(pid, Signal::KILL);
}
