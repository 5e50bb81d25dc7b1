//! The console's server at one address: the platform API, the web console inside the binary, and the bank API handed
//! through to the gateway, so that a page needs one origin only.
//!
//! [`Console::into_handler`] makes the handler for [`gateway::serve`]; [`openapi`] describes what it serves. The
//! address is for this machine: a request that names another host, or comes from a page of another origin, is refused.

mod assets;
mod console;
mod error;
mod guard;
mod platform;
#[cfg(test)]
mod tests;

pub use assets::has_web_console;
pub use console::Console;

/// The OpenAPI document of everything the console serves: the bank API and the platform API.
pub fn openapi() -> utoipa::openapi::OpenApi {
    let mut document = ledger::openapi();
    document.merge(<platform::PlatformApi as utoipa::OpenApi>::openapi());
    document
}
