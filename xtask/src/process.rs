//! Starting other programs: shown as a person would type them, with a sign of life when they take long.

use std::convert::Infallible;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// How often a running program is looked at, and so the most that waiting adds to its time.
const POLL: Duration = Duration::from_millis(20);
/// How often a person is told that a long command still runs.
const SIGN_OF_LIFE: Duration = Duration::from_secs(60);

/// What `cargo run` sets for this tool and a nested cargo must not inherit: build scripts that watch these
/// variables would make every build through the tool and every build without it rebuild each other's work.
const OWN_ENVIRONMENT: [&str; 3] = ["LD_LIBRARY_PATH", "CARGO_MANIFEST_DIR", "CARGO_MANIFEST_PATH"];

/// A program with its arguments, environment and folder.
pub(crate) struct Cmd {
    program: OsString,
    args: Vec<OsString>,
    env: Vec<(OsString, OsString)>,
    dir: Option<PathBuf>,
}

impl Cmd {
    /// A program by path, or by name in `PATH`.
    pub(crate) fn new(program: impl Into<OsString>) -> Self {
        Self { program: program.into(), args: Vec::new(), env: Vec::new(), dir: None }
    }

    /// The cargo that started this tool.
    pub(crate) fn cargo() -> Self {
        Self::new("cargo")
    }

    /// Adds one argument.
    pub(crate) fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Adds several arguments.
    pub(crate) fn args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.args.extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        self
    }

    /// Sets an environment variable.
    pub(crate) fn env(mut self, key: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.env.push((key.into(), value.into()));
        self
    }

    /// Sets the folder to run in; without it, the one the tool was started in.
    pub(crate) fn dir(mut self, dir: &Path) -> Self {
        self.dir = Some(dir.to_owned());
        self
    }

    /// Runs it on this terminal and fails unless it succeeds.
    pub(crate) fn run(&self) -> Result<()> {
        let mut child = self.spawn(Stdio::inherit(), Stdio::inherit())?;
        let status = self.wait(&mut child)?;
        if !status.success() {
            bail!("`{self}` ended with {status}");
        }
        Ok(())
    }

    /// Runs it and returns what it printed; its errors are part of the failure's message.
    pub(crate) fn read(&self) -> Result<String> {
        let output =
            self.command().stdin(Stdio::null()).output().with_context(|| format!("cannot start `{self}`"))?;
        if !output.status.success() {
            let stderr = String::from_utf8_lossy(&output.stderr);
            bail!("`{self}` ended with {}: {}", output.status, stderr.trim());
        }
        String::from_utf8(output.stdout)
            .with_context(|| format!("`{self}` printed something that is not UTF-8"))
    }

    /// Starts it without standard input.
    pub(crate) fn spawn(&self, stdout: Stdio, stderr: Stdio) -> Result<Child> {
        self.command()
            .stdin(Stdio::null())
            .stdout(stdout)
            .stderr(stderr)
            .spawn()
            .with_context(|| format!("cannot start `{self}`"))
    }

    /// Becomes the program: its exit code, its signals and its terminal. Returns only when it cannot be started.
    pub(crate) fn exec(&self) -> Result<ExitCode> {
        let error = self.command().exec();
        Err::<Infallible, _>(error)
            .with_context(|| format!("cannot start `{self}`"))
            .map(|never| match never {})
    }

    fn wait(&self, child: &mut Child) -> Result<ExitStatus> {
        let started = Instant::now();
        let mut told = started;
        loop {
            if let Some(status) = child.try_wait().with_context(|| format!("cannot wait for `{self}`"))? {
                return Ok(status);
            }
            if told.elapsed() >= SIGN_OF_LIFE {
                told = Instant::now();
                eprintln!("… {} s: `{self}` is still running", started.elapsed().as_secs());
            }
            std::thread::sleep(POLL);
        }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.args);
        for key in OWN_ENVIRONMENT {
            command.env_remove(key);
        }
        for (key, _) in std::env::vars_os() {
            if key.to_string_lossy().starts_with("CARGO_PKG_") {
                command.env_remove(key);
            }
        }
        command.envs(self.env.iter().map(|(key, value)| (key, value)));
        if let Some(dir) = &self.dir {
            command.current_dir(dir);
        }
        command
    }
}

impl fmt::Display for Cmd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&quoted(&self.program))?;
        for arg in &self.args {
            write!(f, " {}", quoted(arg))?;
        }
        Ok(())
    }
}

/// An argument as a shell would need it.
fn quoted(text: &OsStr) -> String {
    let text = text.to_string_lossy();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,@%+".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.into_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::Cmd;

    #[test]
    fn a_command_is_shown_as_it_would_be_typed() {
        let command = Cmd::new("echo").args(["a", "b c", "", "d'e", "--f=g"]);
        assert_eq!(command.to_string(), r"echo a 'b c' '' 'd'\''e' --f=g");
    }

    #[test]
    fn failure_names_the_command_and_what_it_said() {
        let error =
            Cmd::new("sh").args(["-c", "echo no such thing >&2; exit 3"]).read().unwrap_err().to_string();
        assert!(error.contains("exit status: 3") && error.contains("no such thing"), "{error}");
        assert_eq!(Cmd::new("echo").arg("yes").read().unwrap(), "yes\n");
        assert!(Cmd::new("sh").args(["-c", "exit 1"]).run().is_err());
        assert!(Cmd::new("there-is-no-such-program").run().unwrap_err().to_string().contains("cannot start"));
    }
}
