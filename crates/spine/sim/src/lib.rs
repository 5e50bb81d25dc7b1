//! Seeded simulator of shard, journal and ledger on a virtual disk.
