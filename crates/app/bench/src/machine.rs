//! The machine and its processes, as `/proc` tells.

use std::time::Duration;

/// What a figure depends on most.
#[derive(Clone, Debug, serde::Serialize)]
pub(crate) struct Machine {
    /// The processor's name.
    pub(crate) cpu: String,
    /// How many of its cores this process may use.
    pub(crate) cores: usize,
}

/// This machine.
pub(crate) fn this() -> Machine {
    let info = read("/proc/cpuinfo").unwrap_or_default();
    let cpu = value_of(&info, "model name").unwrap_or("unknown").to_owned();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    Machine { cpu, cores }
}

fn value_of<'a>(info: &'a str, key: &str) -> Option<&'a str> {
    let line = info.lines().find(|line| line.starts_with(key))?;
    line.split_once(':').map(|(_, value)| value.trim())
}

/// What `/proc/PID/stat` says of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stat {
    /// One letter; `Z` is a process that has ended and was not waited for.
    state: char,
    /// Its parent.
    parent: u32,
    /// Processor time it has used, in clock ticks, in user and in kernel mode.
    ticks: u64,
}

/// Processor time a process has used since it started, all its threads together. Nothing if it is gone.
pub(crate) fn cpu_time(pid: u32) -> Option<Duration> {
    let ticks = stat(pid)?.ticks;
    let per_second = rustix::param::clock_ticks_per_second().max(1);
    Some(Duration::from_millis(ticks * 1_000 / per_second))
}

/// Processor time the calling thread has used since it started. Nothing if the kernel does not count it.
pub(crate) fn thread_cpu_time() -> Option<Duration> {
    let text = read("/proc/thread-self/schedstat")?;
    text.split_ascii_whitespace().next()?.parse().ok().map(Duration::from_nanos)
}

/// The most memory a process has used so far, in bytes. Nothing if the kernel does not tell.
pub(crate) fn peak_memory(pid: u32) -> Option<u64> {
    let status = read(&format!("/proc/{pid}/status"))?;
    let kib = value_of(&status, "VmHWM")?.strip_suffix("kB")?.trim().parse::<u64>().ok()?;
    Some(kib * 1024)
}

/// Whether a process still runs.
pub(crate) fn runs(pid: u32) -> bool {
    stat(pid).is_some_and(|stat| stat.state != 'Z')
}

/// The processes that `pid` started and that have not ended.
pub(crate) fn children(pid: u32) -> Vec<u32> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|child| stat(*child).is_some_and(|stat| stat.parent == pid)).collect()
}

fn stat(pid: u32) -> Option<Stat> {
    parse_stat(&read(&format!("/proc/{pid}/stat"))?)
}

/// The process's name stands in parentheses and may hold anything, also spaces and parentheses.
fn parse_stat(text: &str) -> Option<Stat> {
    let (_, rest) = text.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace();
    let state = fields.next()?.chars().next()?;
    let parent = fields.next()?.parse().ok()?;
    // After the parent come nine fields that do not matter here.
    let mut times = fields.skip(9).map_while(|field| field.parse::<u64>().ok());
    Some(Stat { state, parent, ticks: times.next()? + times.next()? })
}

#[expect(clippy::disallowed_methods, reason = "/proc is where the kernel tells of processes")]
fn read(path: &str) -> Option<String> {
    std::fs::read_to_string(path).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stat_line_is_read_whatever_the_name() {
        let line = "42 (a (b) c) S 7 42 42 0 -1 4194560 1 2 3 4 150 25 0 0 20 0 1 0 100";
        assert_eq!(parse_stat(line), Some(Stat { state: 'S', parent: 7, ticks: 175 }));
        for broken in ["", "42", "42 (x)", "42 (x) S", "42 (x) S 7 1 1 1"] {
            assert_eq!(parse_stat(broken), None, "{broken}");
        }
    }

    #[test]
    fn this_process_is_seen() {
        let pid = std::process::id();
        assert!(runs(pid));
        assert!(cpu_time(pid).is_some());
        assert!(peak_memory(pid).is_some_and(|bytes| bytes > 1 << 19));
        assert!(thread_cpu_time().is_none_or(|time| time > Duration::ZERO));
        assert!(stat(pid).is_some_and(|stat| children(stat.parent).contains(&pid)));
        assert!(this().cores >= 1);
    }
}
