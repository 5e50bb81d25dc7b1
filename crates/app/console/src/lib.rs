//! The platform's HTTP API and the embedded web console.
