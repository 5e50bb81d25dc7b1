//! The front door: forwards to the leading site, holds and retries across a failover.
