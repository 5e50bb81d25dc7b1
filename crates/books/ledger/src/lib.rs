//! The ledger as a shard: its HTTP API and wire types.
