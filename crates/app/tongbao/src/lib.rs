//! The one binary: command line, supervisor, sites.
