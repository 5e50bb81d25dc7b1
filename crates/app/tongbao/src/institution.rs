//! The plan of the default institution: two cities, three centres.

use std::net::Ipv4Addr;

use console_api::SiteName;

/// One site of the plan.
#[derive(Clone, Debug)]
pub(crate) struct SitePlan {
    /// Its name.
    pub(crate) name: SiteName,
    /// The city it stands in.
    pub(crate) city: &'static str,
    /// Its number within the city, from 1.
    pub(crate) centre: u8,
    /// Its own loopback address; on one machine a site is a process.
    pub(crate) address: Ipv4Addr,
    /// Its place in the line for the lead.
    pub(crate) rank: u32,
}

/// The shard that keeps the books.
pub(crate) const SHARD: &str = "bank";

/// A site's index in the plan, and the number of sites. A site that is not in the plan is the only one of its own.
pub(crate) fn place(name: &SiteName) -> (u8, u8) {
    let plan = default_plan();
    let index = plan.iter().position(|site| site.name == *name).and_then(|index| u8::try_from(index).ok());
    index.map_or((0, 1), |index| (index, u8::try_from(plan.len()).unwrap_or(u8::MAX)))
}

/// `east-1` and `east-2` in one city, `south-1` in another. The lead stays in the first city as long as it can.
pub(crate) fn default_plan() -> Vec<SitePlan> {
    let site = |name: &str, city, centre, network, rank| SitePlan {
        name: name.parse().expect("the plan's names are site names"),
        city,
        centre,
        address: Ipv4Addr::new(127, network, 0, 1),
        rank,
    };
    vec![
        site("east-1", "east", 1, 11, 0),
        site("east-2", "east", 2, 12, 1),
        site("south-1", "south", 1, 21, 2),
    ]
}
