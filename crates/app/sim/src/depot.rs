//! A site's snapshots on the simulated disk, stored the way `shard::SnapshotStore` stores them on a real one: written
//! aside, synced, renamed, folder synced, the newest two kept, one that cannot be used removed.

use std::io;

use ids::Seq;
use journal::{Access, Disk};

/// How many snapshots stay.
const KEEP: usize = 2;
pub(crate) const SUFFIX: &str = ".snapshot";

/// The names of one site's snapshots, newest first.
fn newest_first(disk: &dyn Disk, site: usize) -> io::Result<Vec<String>> {
    let mine = format!("{site}-");
    let mut names = disk.list()?;
    names.retain(|name| name.starts_with(&mine) && name.ends_with(SUFFIX));
    names.sort_unstable_by(|a, b| b.cmp(a));
    Ok(names)
}

/// Stores the bytes of a snapshot taken after `seq`, durably, and removes old ones.
pub(crate) fn store(disk: &dyn Disk, site: usize, seq: Seq, bytes: &[u8]) -> io::Result<()> {
    let name = format!("{site}-{:020}{SUFFIX}", seq.0);
    let aside = format!("{site}.partial");
    if disk.list()?.contains(&aside) {
        disk.remove(&aside)?;
    }
    let file = disk.open(&aside, Access::Create)?;
    file.append(bytes)?;
    file.sync()?;
    disk.rename(&aside, &name)?;
    disk.sync()?;
    for old in newest_first(disk, site)?.into_iter().skip(KEEP) {
        disk.remove(&old)?;
    }
    Ok(())
}

/// Removes snapshots that cannot be used, durably.
pub(crate) fn remove<'a>(disk: &dyn Disk, mut names: impl Iterator<Item = &'a String>) -> io::Result<()> {
    names.try_for_each(|name| disk.remove(name))?;
    disk.sync()
}

/// All snapshots of a site with their names, newest first.
pub(crate) fn load(disk: &dyn Disk, site: usize) -> io::Result<Vec<(String, Vec<u8>)>> {
    newest_first(disk, site)?.into_iter().map(|name| read(disk, &name).map(|bytes| (name, bytes))).collect()
}

fn read(disk: &dyn Disk, name: &str) -> io::Result<Vec<u8>> {
    let file = disk.open(name, Access::Read)?;
    let size = usize::try_from(file.size()?).map_err(io::Error::other)?;
    let mut bytes = vec![0; size];
    let length = file.read_at(0, &mut bytes)?;
    bytes.truncate(length);
    Ok(bytes)
}
