//! Errors a person can look up: every error that leaves a crate has a code with a page in `docs/errors/`.

/// Whether doing the same thing again can help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// The input or the state must change first.
    Never,
    /// The same request, with the same id, may succeed later.
    Later,
}

/// An error with a stable code, a hint for the person who meets it, and a word on retrying.
pub trait Coded: std::error::Error {
    /// The stable code, three capital letters and four digits, e.g. `JRN-0003`; its page is `docs/errors/<code>.md`.
    fn code(&self) -> &'static str;
    /// What to do next, in one sentence without a full stop.
    fn hint(&self) -> &'static str;
    /// Whether the same request may succeed later. Most errors are final.
    fn retry(&self) -> Retry {
        Retry::Never
    }
}

/// Whether `text` has the shape of an error code.
pub fn is_code(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 8
        && bytes[..3].iter().all(u8::is_ascii_uppercase)
        && bytes[3] == b'-'
        && bytes[4..].iter().all(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::is_code;

    #[test]
    fn codes_have_one_shape() {
        for good in ["JRN-0001", "API-0042"] {
            assert!(is_code(good), "{good}");
        }
        for bad in ["JRN-001", "jrn-0001", "JRNL-001", "JRN_0001", "JRN-00A1", "", "JRN-00012"] {
            assert!(!is_code(bad), "{bad}");
        }
    }
}
