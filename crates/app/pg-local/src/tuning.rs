//! How a server that keeps a journal is set, and why.

/// The settings of every local server.
///
/// - Durability is not for sale: `fsync`, `full_page_writes` and `synchronous_commit` are on.
/// - A journal writes its bytes once and reads them soon: checkpoints are rare and spread out (`max_wal_size`,
///   `checkpoint_timeout`), because each makes the next write of every page a whole page in the log.
/// - Batches are dense already: compressing pages in the log (`wal_compression`) would cost the core that the ledger needs.
/// - A standby that was away for a while finds the log it needs (`wal_keep_size`) without a slot, which could fill the disk.
/// - A standby that has vanished is noticed in seconds (`wal_sender_timeout`, `wal_receiver_timeout`).
pub const SETTINGS: &str = "\
fsync = on
full_page_writes = on
synchronous_commit = on
wal_level = replica
wal_compression = off
wal_buffers = 16MB
max_wal_size = 4GB
min_wal_size = 1GB
checkpoint_timeout = 15min
checkpoint_completion_target = 0.9
wal_keep_size = 1GB
max_wal_senders = 10
max_replication_slots = 4
hot_standby = on
wal_sender_timeout = 5s
wal_receiver_timeout = 5s
wal_receiver_status_interval = 1s
wal_retrieve_retry_interval = 200ms
shared_buffers = 256MB
max_connections = 60
jit = off
restart_after_crash = off
recovery_target_timeline = 'latest'
unix_socket_directories = ''
log_line_prefix = '%m [%p] '
log_min_messages = warning
";
