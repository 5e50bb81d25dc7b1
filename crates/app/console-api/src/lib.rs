//! The wire types of the platform API, version 1: the sites, what they do right now, drills, and who
//! may do what.
//!
//! The console's server, its pages (through the OpenAPI document) and the command line all use these.

mod access;
mod drill;
mod name;
mod platform;

pub use access::{
    Access, AccessDoors, AccessProblem, AccessRight, AccessRule, AccessRules, Certificate, CertificateFolder,
    CertificateKind, CertificateState, DoorRules, SiteRules, UnreadableFile,
};
pub use drill::{
    AckTimeline, Drill, DrillKind, DrillMeasurements, DrillPage, DrillPhase, DrillProgress, DrillReport,
    DrillRequest, DrillState, DrillTarget, PhaseTime, Verdict,
};
pub use name::{SiteName, SiteNameError};
pub use platform::{Live, Platform, Site, SiteState};
