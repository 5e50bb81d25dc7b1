//! Just enough of Rust's lexical grammar for the tidy rules: what is code, what is a string, what is a comment.
//!
//! Rules that searched plain text would take a word in a string for code, and their own patterns for findings.

/// One lexical element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    /// Counted from 1.
    pub(crate) line: usize,
    pub(crate) kind: Kind,
}

/// What it is. Whitespace, lifetimes and character literals are left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Identifiers and keywords, without `r#`.
    Ident(String),
    /// One character of punctuation.
    Punct(char),
    /// The text of a string of any kind, escapes as written.
    Str(String),
    /// A number as written, with its suffix.
    Number(String),
    /// A comment of any kind, with its marks.
    Comment(String),
}

impl Token {
    /// Whether it is this identifier.
    pub(crate) fn is(&self, ident: &str) -> bool {
        matches!(&self.kind, Kind::Ident(text) if text == ident)
    }

    /// Whether it is this punctuation.
    pub(crate) fn is_punct(&self, punct: char) -> bool {
        self.kind == Kind::Punct(punct)
    }

    /// Its text, if it is an identifier.
    pub(crate) fn ident(&self) -> Option<&str> {
        if let Kind::Ident(text) = &self.kind { Some(text) } else { None }
    }

    fn is_comment(&self) -> bool {
        matches!(self.kind, Kind::Comment(_))
    }
}

/// Splits `source`. Anything that is not Rust gives some tokens and never fails.
pub(crate) fn lex(source: &str) -> Vec<Token> {
    let mut lexer = Lexer { chars: source.chars().collect(), at: 0, line: 1, tokens: Vec::new() };
    while lexer.step() {}
    lexer.tokens
}

struct Lexer {
    chars: Vec<char>,
    at: usize,
    line: usize,
    tokens: Vec<Token>,
}

impl Lexer {
    fn step(&mut self) -> bool {
        let Some(c) = self.peek(0) else { return false };
        let line = self.line;
        let kind = match c {
            '/' if self.peek(1) == Some('/') => Some(Kind::Comment(self.take_while(|c| c != '\n'))),
            '/' if self.peek(1) == Some('*') => Some(Kind::Comment(self.block_comment())),
            '"' => Some(Kind::Str(self.string())),
            '\'' => {
                self.quote();
                None
            }
            c if c.is_ascii_digit() => Some(Kind::Number(self.number())),
            c if is_word(c) => Some(self.word()),
            c => {
                self.bump();
                (!c.is_whitespace()).then_some(Kind::Punct(c))
            }
        };
        self.tokens.extend(kind.map(|kind| Token { line, kind }));
        true
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    fn bump(&mut self) -> Option<char> {
        let c = self.peek(0)?;
        self.at += 1;
        self.line += usize::from(c == '\n');
        Some(c)
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> String {
        let mut text = String::new();
        while let Some(c) = self.peek(0).filter(|c| wanted(*c)) {
            text.push(c);
            self.bump();
        }
        text
    }

    /// Block comments nest.
    fn block_comment(&mut self) -> String {
        let mut text = String::new();
        let mut depth = 0_usize;
        while let Some(c) = self.bump() {
            text.push(c);
            match (c, self.peek(0)) {
                ('/', Some('*')) => depth += 1,
                ('*', Some('/')) => depth -= 1,
                _ => continue,
            }
            text.extend(self.bump());
            if depth == 0 {
                break;
            }
        }
        text
    }

    /// A string from its opening quote on.
    fn string(&mut self) -> String {
        self.bump();
        let mut text = String::new();
        while let Some(c) = self.bump().filter(|c| *c != '"') {
            text.push(c);
            if c == '\\' {
                text.extend(self.bump());
            }
        }
        text
    }

    /// A raw string from its first `#` or quote on.
    fn raw_string(&mut self) -> String {
        let hashes = self.take_while(|c| c == '#').len();
        self.bump();
        let mut text = String::new();
        while let Some(c) = self.bump() {
            if c == '"' && (0..hashes).all(|i| self.peek(i) == Some('#')) {
                self.at += hashes;
                break;
            }
            text.push(c);
        }
        text
    }

    /// A character literal or a lifetime; neither matters to any rule.
    fn quote(&mut self) {
        self.bump();
        match (self.peek(0), self.peek(1)) {
            (Some('\\'), _) => {
                self.bump();
                self.bump();
                self.take_while(|c| c != '\'' && c != '\n');
                self.bump();
            }
            (Some(_), Some('\'')) => {
                self.bump();
                self.bump();
            }
            _ => {
                self.take_while(is_word);
            }
        }
    }

    fn number(&mut self) -> String {
        // After a dot it is a tuple's field: `pair.0.1` holds no fraction.
        let field = self.tokens.last().is_some_and(|token| token.is_punct('.'));
        let mut text = self.take_while(is_word);
        if !field && self.peek(0) == Some('.') && self.peek(1).is_some_and(|c| c.is_ascii_digit()) {
            text.extend(self.bump());
            text.push_str(&self.take_while(is_word));
        }
        text
    }

    fn word(&mut self) -> Kind {
        let text = self.take_while(is_word);
        let raw =
            self.peek(0) == Some('"') || self.peek(0) == Some('#') && matches!(self.peek(1), Some('"' | '#'));
        match text.as_str() {
            "r" | "br" | "cr" if raw => Kind::Str(self.raw_string()),
            "b" | "c" if self.peek(0) == Some('"') => Kind::Str(self.string()),
            "r" if self.peek(0) == Some('#') => {
                self.bump();
                Kind::Ident(self.take_while(is_word))
            }
            _ => Kind::Ident(text),
        }
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The tokens of code that ships: without comments, and without items under `#[cfg(test)]` or `#[test]`.
pub(crate) fn production(tokens: &[Token]) -> Vec<Token> {
    let code: Vec<&Token> = tokens.iter().filter(|token| !token.is_comment()).collect();
    let mut kept = Vec::new();
    let mut at = 0;
    while at < code.len() {
        match attribute_end(&code, at) {
            Some(end) if is_test_attribute(&code[at..end]) => at = item_end(&code, end),
            _ => {
                kept.push(code[at].clone());
                at += 1;
            }
        }
    }
    kept
}

/// Where the attribute that begins at `at` ends, if one does.
pub(crate) fn attribute_end(code: &[&Token], at: usize) -> Option<usize> {
    let opens = code.get(at)?.is_punct('#') && code.get(at + 1)?.is_punct('[');
    opens.then(|| closing(code, at + 1) + 1)
}

/// Whether an attribute makes its item part of tests only.
pub(crate) fn is_test_attribute(attribute: &[&Token]) -> bool {
    let has = |ident: &str| attribute.iter().any(|token| token.is(ident));
    let bare = attribute.len() == 4 && has("test");
    bare || (has("cfg") && has("test") && !has("not"))
}

/// Where the item that begins at `at` ends: after its block, or after its semicolon.
fn item_end(code: &[&Token], mut at: usize) -> usize {
    while at < code.len() {
        match &code[at].kind {
            Kind::Punct(';') => return at + 1,
            Kind::Punct('{') => return closing(code, at) + 1,
            Kind::Punct('(' | '[') => at = closing(code, at) + 1,
            _ => at += 1,
        }
    }
    at
}

/// The index of the bracket that closes the one at `open`, or of the last token.
fn closing(code: &[&Token], open: usize) -> usize {
    let mut depth = 0_usize;
    for (offset, token) in code[open..].iter().enumerate() {
        match token.kind {
            Kind::Punct('(' | '[' | '{') => depth += 1,
            Kind::Punct(')' | ']' | '}') => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return open + offset;
        }
    }
    code.len() - 1
}

#[cfg(test)]
mod tests {
    use super::{Kind, lex, production};

    fn shown(source: &str) -> String {
        let show = |kind: &Kind| match kind {
            Kind::Ident(text) => text.clone(),
            Kind::Punct(c) => c.to_string(),
            Kind::Str(text) => format!("<{text}>"),
            Kind::Number(text) => format!("#{text}"),
            Kind::Comment(text) => format!("({text})"),
        };
        lex(source).iter().map(|token| show(&token.kind)).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn code_strings_and_comments_are_told_apart() {
        assert_eq!(shown(r#"a = "x // \" y"; // z"#), r#"a = <x // \" y> ; (// z)"#);
        assert_eq!(shown(r##"r#"a"b"# br"c\" b"d" r#fn c"e""##), r#"<a"b> <c\> <d> fn <e>"#);
        assert_eq!(shown("/* a /* b */ c */ d"), "(/* a /* b */ c */) d");
        assert_eq!(shown(r"f('a', '\'', '\u{1}', '\\') &'static x"), "f ( , , , ) & x");
        assert_eq!(
            shown("1.5 1..2 x.0.1 0xff_u8 2.max(1) 1e9"),
            "#1.5 #1 . . #2 x . #0 . #1 #0xff_u8 #2 . max ( #1 ) #1e9"
        );
        assert_eq!(shown("\"open"), "<open>");
        assert_eq!(shown("/* open"), "(/* open)");
    }

    #[test]
    fn lines_are_counted_through_everything() {
        let source = "a\n\"x\ny\" b\n/* c\nd */ e\nr\"f\ng\" h";
        let at = |ident: &str| lex(source).iter().find(|token| token.is(ident)).map(|token| token.line);
        assert_eq!([at("a"), at("b"), at("e"), at("h")], [Some(1), Some(3), Some(5), Some(7)]);
    }

    #[test]
    fn tests_do_not_ship() {
        let idents = |source: &str| -> Vec<String> {
            production(&lex(source)).iter().filter_map(|token| token.ident().map(str::to_owned)).collect()
        };
        assert_eq!(idents("a; #[cfg(test)] mod tests { fn b() { if c {} } } d;"), ["a", "d"]);
        assert_eq!(idents("#[cfg(test)] mod tests; a"), ["a"]);
        assert_eq!(idents("#[test] #[ignore = \"slow\"] fn b(x: [u8; 3]) { c } a"), ["a"]);
        assert_eq!(idents("#[cfg(all(test, unix))] use b::c; a // d"), ["a"]);
        assert_eq!(
            idents("#[cfg(not(test))] a; #[derive(b)] c"),
            ["cfg", "not", "test", "a", "derive", "b", "c"]
        );
    }
}
