//! The OpenAPI document in `docs/reference` is the one the code describes: the console's client is generated from it.

use expect_test::expect_file;

#[test]
fn the_document_is_the_codes() {
    let document = console::openapi();
    let mut text = document.to_pretty_json().expect("a document of maps and strings serialises");
    text.push('\n');
    // `UPDATE_EXPECT=1 cargo test -p console@0.1.0` writes it anew.
    expect_file!["../../../../docs/reference/openapi.json"].assert_eq(&text);
}
