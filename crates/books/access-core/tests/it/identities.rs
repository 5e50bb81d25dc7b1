//! Names that identify, and names that do not.

use access_core::{Identity, IdentityError, Names};

fn names(uris: &[&str], dns: &[&str], common: &[&str]) -> Names {
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    Names { uris: owned(uris), dns: owned(dns), common: owned(common) }
}

#[test]
fn a_certificate_has_one_identity_by_kind() {
    let uri = "spiffe://bank.example/payments";
    for (names, expected) in [
        (names(&[uri], &["a.example", "b.example"], &["x"]), uri),
        (names(&[], &["Pay.Bank.Example"], &["x"]), "dns:pay.bank.example"),
        (names(&[], &[], &["Payments, night shift"]), "Payments, night shift"),
    ] {
        assert_eq!(Identity::of(&names).unwrap().as_str(), expected);
    }
}

#[test]
fn names_that_could_be_another_ones_identify_nobody() {
    let ambiguous = |kind, count| IdentityError::Ambiguous { kind, count };
    let malformed = |name: &str| IdentityError::Malformed { name: name.to_owned() };
    for (names, expected) in [
        (names(&[], &[], &[]), IdentityError::Nameless),
        (names(&["a://b", "c://d"], &[], &["x"]), ambiguous("URI", 2)),
        (names(&[], &["a", "b", "c"], &["x"]), ambiguous("DNS name", 3)),
        (names(&[], &[], &["x", "y"]), ambiguous("common name", 2)),
        // A common name that would read as a URI or a DNS name, and a URI that would read as a common name.
        (names(&[], &[], &["spiffe://bank.example/payments"]), malformed("spiffe://bank.example/payments")),
        (names(&[], &[], &["dns:pay.example"]), malformed("dns:pay.example")),
        (names(&["urn:payments"], &[], &[]), malformed("urn:payments")),
        (names(&[], &["spiffe://x"], &[]), malformed("dns:spiffe://x")),
        (names(&[], &[], &[""]), malformed("")),
    ] {
        assert_eq!(Identity::of(&names), Err(expected), "{names:?}");
    }
}

#[test]
fn what_must_not_stand_in_a_log_or_a_metric_is_no_name() {
    let long = "x".repeat(257);
    for bad in ["", " x", "x ", "a\nb", "a\"b", "a\\b", "a\0b", "dns:", "dns:a b", "x://a b", &long] {
        assert!(matches!(bad.parse::<Identity>(), Err(IdentityError::Malformed { .. })), "{bad:?}");
    }
    for good in ["payments", "Zahlungsverkehr Süd", "dns:a.b", "spiffe://x/y", &long[1..]] {
        assert_eq!(good.parse::<Identity>().unwrap().to_string(), good);
    }
    assert_eq!("dns:A.b".parse::<Identity>(), "dns:a.B".parse());
}
