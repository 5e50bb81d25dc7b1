//! Who used the processors: the clients, the gateway, the leader, the followers.

use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::bank::{self, Bank};
use crate::machine;
use crate::report::Report;

/// The processes that share the machine.
#[derive(Clone, Debug)]
pub(crate) struct Processes {
    gateway: u32,
    leader: u32,
    followers: Vec<u32>,
}

/// Processor time, by role.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Used {
    client: Duration,
    gateway: Duration,
    leader: Duration,
    followers: Duration,
}

impl Processes {
    /// The processes of a bank as it stands now.
    pub(crate) async fn of(bank: &Bank) -> Result<Self> {
        let platform = bank.platform().await?;
        let leader = platform.leader.as_ref().and_then(|name| bank::find(&platform, name));
        let leader = leader.and_then(|site| site.pid).context("no site leads")?;
        let pids = platform.sites.iter().filter_map(|site| site.pid);
        Ok(Self { gateway: bank.pid, leader, followers: pids.filter(|pid| *pid != leader).collect() })
    }

    /// What they have used up to now.
    pub(crate) fn used(&self) -> Used {
        let time = |pid| machine::cpu_time(pid).unwrap_or_default();
        Used {
            client: time(std::process::id()),
            gateway: time(self.gateway),
            leader: time(self.leader),
            followers: self.followers.iter().map(|pid| time(*pid)).sum(),
        }
    }
}

impl Used {
    /// What was used from `before` until this.
    pub(crate) fn since(self, before: Self) -> Self {
        Self {
            client: self.client.saturating_sub(before.client),
            gateway: self.gateway.saturating_sub(before.gateway),
            leader: self.leader.saturating_sub(before.leader),
            followers: self.followers.saturating_sub(before.followers),
        }
    }

    /// The clients' part of everything that was used.
    pub(crate) fn client_share(self) -> f64 {
        let all = self.client + self.gateway + self.leader + self.followers;
        self.client.as_secs_f64() / all.as_secs_f64()
    }

    /// Adds the seconds of each role under keys that begin with `load`.
    pub(crate) fn tell(self, report: &mut Report, load: &str) {
        let roles = [
            ("client", self.client),
            ("gateway", self.gateway),
            ("leader", self.leader),
            ("followers", self.followers),
        ];
        for (role, used) in roles {
            report.figure(format!("{load}_cpu_{role}_s"), used.as_secs_f64(), "processor seconds");
        }
    }
}
