//! Embeds `console/dist`, the built web console, if it is there. Without it the crate builds all the same and serves a
//! page that says how to add it: building the binary must not need Node.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use stdx::Digest;

/// Relative to this crate.
const DIST: &str = "../../../console/dist";

fn main() -> Result<(), Box<dyn Error>> {
    let dist = Path::new(env!("CARGO_MANIFEST_DIR")).join(DIST);
    // A folder that does not exist counts as changed, so the console is noticed as soon as it is built.
    println!("cargo:rerun-if-changed={DIST}");
    println!("cargo:rerun-if-changed=build.rs");
    let mut files = Vec::new();
    if dist.join("index.html").is_file() {
        collect(&dist, &dist, &mut files)?;
        files.sort();
    }
    let mut code = String::from("static ASSETS: &[Asset] = &[\n");
    for path in &files {
        #[expect(clippy::disallowed_methods, reason = "a build script reads what it embeds")]
        let bytes = fs::read(dist.join(path))?;
        let media_type = mime_guess::from_path(path).first_or_octet_stream().to_string();
        writeln!(
            code,
            "    Asset {{ path: {path:?}, media_type: {:?}, etag: \"\\\"{}\\\"\", bytes: include_bytes!(concat!(\
             env!(\"CARGO_MANIFEST_DIR\"), \"/{DIST}/\", {path:?})) }},",
            with_charset(media_type),
            Digest::of(&bytes),
        )?;
    }
    code.push_str("];\n");
    #[expect(
        clippy::disallowed_methods,
        reason = "cargo tells a build script where to write by the environment"
    )]
    let out: PathBuf = std::env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?.into();
    #[expect(clippy::disallowed_methods, reason = "a build script writes the code it makes")]
    fs::write(out.join("assets.rs"), code)?;
    Ok(())
}

/// The files under `dir`, as paths relative to `root` with forward slashes.
fn collect(root: &Path, dir: &Path, files: &mut Vec<String>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(root, &path, files)?;
        } else {
            let relative =
                path.strip_prefix(root)?.to_str().ok_or("a file's name in console/dist is not UTF-8")?;
            files.push(relative.replace('\\', "/"));
        }
    }
    Ok(())
}

/// Everything that is text in the console is UTF-8.
fn with_charset(media_type: String) -> String {
    let text = media_type.starts_with("text/") || media_type == "application/json";
    if text { format!("{media_type}; charset=utf-8") } else { media_type }
}
