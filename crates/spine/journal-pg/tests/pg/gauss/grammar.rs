//! A stand-in for openGauss's grammar: what it accepts is a small part of what openGauss 3.0 to 6.0 accept.
//!
//! No parser of openGauss can be had as a package, and its server cannot run here. So every rule below was written after
//! reading the rule of its `src/common/backend/parser/gram.y` that is named beside it; the words that cannot be names are
//! those of `src/include/parser/kwlist.h`; functions, views and types are an allow-list of those that `builtin_funcs.ini`
//! and `system_views.sql` have with these arguments. A statement that uses anything else is refused, even if openGauss
//! might accept it: whoever needs it reads the source and adds a rule.
//!
//! It also refuses what openGauss parses and means otherwise in a database of compatibility `A`: the empty text (NULL
//! there) and dates (timestamps there).
//!
//! What this does not prove: that the analysis behind the grammar finds operators and types, what statements do, and that
//! the rules were read rightly.

use std::iter::Peekable;
use std::vec::IntoIter;

#[derive(Clone, Debug, PartialEq)]
enum Token {
    /// A name or a keyword, in lower case as the scanner makes it.
    Word(String),
    Text(String),
    Number(String),
    Parameter(u32),
    Sign(&'static str),
}

/// Words that `kwlist.h` reserves (`RESERVED_KEYWORD`): PostgreSQL 9.2's, and openGauss's own.
const RESERVED: &[&str] = &[
    "all",
    "analyse",
    "analyze",
    "and",
    "any",
    "array",
    "as",
    "asc",
    "asymmetric",
    "authid",
    "both",
    "buckets",
    "case",
    "cast",
    "check",
    "collate",
    "column",
    "constraint",
    "create",
    "current_catalog",
    "current_date",
    "current_role",
    "current_time",
    "current_timestamp",
    "current_user",
    "default",
    "deferrable",
    "desc",
    "distinct",
    "do",
    "else",
    "end",
    "except",
    "excluded",
    "false",
    "fetch",
    "for",
    "foreign",
    "from",
    "grant",
    "group",
    "groupparent",
    "having",
    "imcstored",
    "in",
    "initially",
    "intersect",
    "into",
    "is",
    "leading",
    "less",
    "limit",
    "localtime",
    "localtimestamp",
    "minus",
    "modify",
    "nocycle",
    "not",
    "null",
    "offset",
    "on",
    "only",
    "or",
    "order",
    "performance",
    "placing",
    "primary",
    "procedure",
    "references",
    "reject",
    "returning",
    "rownum",
    "select",
    "self",
    "session_user",
    "share_memory",
    "shrink",
    "some",
    "symmetric",
    "sysdate",
    "table",
    "then",
    "to",
    "trailing",
    "true",
    "unimcstored",
    "union",
    "unique",
    "user",
    "using",
    "variadic",
    "verify",
    "when",
    "where",
    "window",
    "with",
];
const FUNCTIONS: &[&str] = &[
    "coalesce",
    "count",
    "current_setting",
    "greatest",
    "length",
    "lower",
    "max",
    "now",
    "octet_length",
    "pg_advisory_unlock_shared",
    "pg_advisory_xact_lock",
    "pg_current_xlog_location",
    "pg_is_in_recovery",
    "pg_stat_get_stream_replications",
    "pg_try_advisory_lock",
    "pg_try_advisory_lock_shared",
    "pg_xlog_location_diff",
    "set_config",
    "version",
];
const CATALOG: &[&str] = &[
    "pg_attribute",
    "pg_namespace",
    "pg_partition",
    "pg_settings",
    "pg_stat_replication",
    "pg_tables",
    "pg_type",
];
const TYPES: &[&str] =
    &["bigint", "boolean", "bytea", "int4", "integer", "regclass", "smallint", "text", "timestamptz"];
const SIGNS: &[&str] =
    &["<=", ">=", "<>", "::", "(", ")", ",", ";", ".", "=", "<", ">", "+", "-", "*", "[", "]"];

type Parsed<T = ()> = Result<T, String>;

fn tokens(sql: &str) -> Parsed<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = sql.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = |is_in: fn(char) -> bool| rest.find(|c| !is_in(c)).unwrap_or(rest.len());
        let (token, taken) = if first.is_ascii_alphabetic() || first == '_' {
            let end = length(|c| c.is_ascii_alphanumeric() || c == '_');
            (Token::Word(rest[..end].to_ascii_lowercase()), end)
        } else if first.is_ascii_digit() {
            let end = length(|c| c.is_ascii_digit());
            (Token::Number(rest[..end].to_owned()), end)
        } else if first == '$' {
            let digits = rest[1..].find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len() - 1);
            let number = rest[1..=digits].parse().map_err(|_| "a parameter without a number".to_owned())?;
            (Token::Parameter(number), digits + 1)
        } else if first == '\'' {
            let end = rest[1..].find('\'').ok_or("a text without an end")?;
            (Token::Text(rest[1..=end].to_owned()), end + 2)
        } else {
            let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign));
            let sign = sign.ok_or_else(|| format!("the sign {first}"))?;
            (Token::Sign(sign), sign.len())
        };
        tokens.push(token);
        rest = rest[taken..].trim_start();
    }
    Ok(tokens)
}

/// Checks all statements of one message.
pub(crate) fn check(sql: &str) -> Parsed {
    let mut parser = Parser { tokens: tokens(sql)?.into_iter().peekable(), tables: Vec::new() };
    loop {
        while parser.sign(";") {}
        if parser.tokens.peek().is_none() {
            return Ok(());
        }
        parser.tables.clear();
        parser.statement()?;
        if parser.tokens.peek().is_some() && !parser.sign(";") {
            return Err(format!("{:?} behind a statement", parser.tokens.peek()));
        }
    }
}

struct Parser {
    tokens: Peekable<IntoIter<Token>>,
    /// Names that `WITH` gave.
    tables: Vec<String>,
}

impl Parser {
    fn is(&mut self, word: &str) -> bool {
        matches!(self.tokens.peek(), Some(Token::Word(next)) if next == word)
    }

    fn word(&mut self, word: &str) -> bool {
        let is = self.is(word);
        if is {
            self.tokens.next();
        }
        is
    }

    fn sign(&mut self, sign: &str) -> bool {
        let is = matches!(self.tokens.peek(), Some(Token::Sign(next)) if *next == sign);
        if is {
            self.tokens.next();
        }
        is
    }

    fn expect(&mut self, words: &str) -> Parsed {
        for word in words.split(' ') {
            if !self.word(word) && !self.sign(word) {
                return Err(format!("{:?} where {word} should be", self.tokens.peek()));
            }
        }
        Ok(())
    }

    /// `ColId`: no reserved word.
    fn name(&mut self) -> Parsed<String> {
        match self.tokens.next() {
            Some(Token::Word(name)) if !RESERVED.contains(&&*name) => Ok(name),
            other => Err(format!("{other:?} where a name should be")),
        }
    }

    fn list(&mut self, mut one: impl FnMut(&mut Self) -> Parsed) -> Parsed {
        one(self)?;
        while self.sign(",") {
            one(self)?;
        }
        Ok(())
    }

    fn names_in_brackets(&mut self) -> Parsed {
        self.expect("(")?;
        self.list(|p| p.name().map(drop))?;
        self.expect(")")
    }

    /// `qualified_name`: one of our tables, of the catalogue, or what `WITH` named.
    fn table(&mut self) -> Parsed {
        let name = self.name()?;
        if self.sign(".") {
            let table = self.name()?;
            return if name == "tongbao" { Ok(()) } else { Err(format!("{name}.{table}")) };
        }
        if CATALOG.contains(&&*name) || self.tables.contains(&name) {
            return Ok(());
        }
        Err(format!("the table {name}"))
    }

    /// `Typename`, of the types that mean the same everywhere.
    fn type_name(&mut self) -> Parsed {
        match self.tokens.next() {
            Some(Token::Word(name)) if TYPES.contains(&&*name) => Ok(()),
            other => Err(format!("the type {other:?}")),
        }
    }

    fn statement(&mut self) -> Parsed {
        match self.tokens.peek() {
            Some(Token::Word(word)) => match &*word.clone() {
                // TransactionStmt. `BEGIN` is not here: it may begin an AnonyBlockStmt.
                "start" => self.expect("start transaction"),
                "commit" | "rollback" => self.name().map(drop),
                "set" => self.set(),
                "create" => self.create(),
                "alter" => self.alter(),
                _ => self.preparable(),
            },
            other => Err(format!("{other:?} begins a statement")),
        }
    }

    /// `VariableSetStmt`: `SET [LOCAL] name = value`.
    fn set(&mut self) -> Parsed {
        self.expect("set")?;
        let _ = self.word("local");
        self.name()?;
        self.expect("=")?;
        // `opt_boolean_or_string` takes ON, which is reserved.
        if self.word("on") { Ok(()) } else { self.name().map(drop) }
    }

    /// `CreateSchemaStmt`, without `IF NOT EXISTS`, which not every version has; `CreateStmt`.
    fn create(&mut self) -> Parsed {
        self.expect("create")?;
        if self.word("schema") {
            return self.name().map(drop);
        }
        self.expect("table")?;
        if self.word("if") {
            self.expect("not exists")?;
        }
        self.table()?;
        self.expect("(")?;
        self.list(|p| if p.is("primary") { p.primary_key() } else { p.column() })?;
        self.expect(")")?;
        // OptWith: reloptions.
        if self.word("with") {
            self.expect("(")?;
            self.list(|p| {
                p.name()?;
                p.expect("=")?;
                p.name().map(drop)
            })?;
            self.expect(")")?;
        }
        // range_partitioning_clause: the list of partitions is not optional.
        if self.word("partition") {
            self.expect("by range")?;
            self.names_in_brackets()?;
            self.expect("(")?;
            self.list(|p| {
                p.expect("partition")?;
                p.less_than()
            })?;
            self.expect(")")?;
        }
        Ok(())
    }

    /// `TableConstraint`: `PRIMARY KEY (columnList)`.
    fn primary_key(&mut self) -> Parsed {
        self.expect("primary key")?;
        self.names_in_brackets()
    }

    /// `columnDef` with `ColQualList`.
    fn column(&mut self) -> Parsed {
        self.name()?;
        self.type_name()?;
        loop {
            if self.word("not") {
                self.expect("null")?;
            } else if self.word("primary") {
                self.expect("key")?;
            } else if self.word("default") {
                self.primary()?;
            } else {
                return Ok(());
            }
        }
    }

    /// `range_less_than_item`, and the same behind `ADD PARTITION`.
    fn less_than(&mut self) -> Parsed {
        self.name()?;
        self.expect("values less than (")?;
        self.expression()?;
        self.expect(")")
    }

    /// `AlterTableStmt` with one `alter_table_cmd` or `alter_partition_cmd`.
    fn alter(&mut self) -> Parsed {
        self.expect("alter table")?;
        self.table()?;
        if self.word("add") {
            if self.word("partition") {
                return self.less_than();
            }
            self.expect_column_word()?;
            return self.column();
        }
        if self.word("drop") {
            self.expect("partition")?;
            return self.name().map(drop);
        }
        self.expect("alter")?;
        self.expect_column_word()?;
        self.name()?;
        self.expect("set storage")?;
        self.name().map(drop)
    }

    fn expect_column_word(&mut self) -> Parsed {
        self.expect("column")
    }

    /// `PreparableStmt`: with or without `with_clause`, whose `common_table_expr` takes another one.
    fn preparable(&mut self) -> Parsed {
        if self.word("with") {
            self.list(|p| {
                let name = p.name()?;
                p.expect("as (")?;
                p.preparable()?;
                p.expect(")")?;
                p.tables.push(name);
                Ok(())
            })?;
        }
        if self.word("insert") {
            return self.insert();
        }
        if self.word("update") {
            self.table()?;
            self.expect("set")?;
            self.list(|p| {
                p.name()?;
                p.expect("=")?;
                p.expression()
            })?;
            return self.where_and_returning();
        }
        if self.word("delete") {
            self.expect("from")?;
            self.table()?;
            return self.where_and_returning();
        }
        self.select()
    }

    /// `InsertStmt`: neither `ON CONFLICT`, which openGauss does not have, nor `ON DUPLICATE KEY UPDATE`, which PostgreSQL
    /// does not have.
    fn insert(&mut self) -> Parsed {
        self.expect("into")?;
        self.table()?;
        if self.sign("(") {
            self.list(|p| p.name().map(drop))?;
            self.expect(")")?;
        }
        if self.word("values") {
            self.expect("(")?;
            self.list(Self::expression)?;
            return self.expect(")");
        }
        self.select()
    }

    fn where_and_returning(&mut self) -> Parsed {
        if self.word("where") {
            self.expression()?;
        }
        if self.word("returning") {
            self.list(Self::expression)?;
        }
        Ok(())
    }

    /// `simple_select` with `sort_clause`, `limit_clause` and `for_locking_clause`.
    fn select(&mut self) -> Parsed {
        self.expect("select")?;
        self.list(Self::expression)?;
        if self.word("from") {
            self.list(|p| {
                p.table_reference()?;
                while p.word("join") {
                    p.table_reference()?;
                    p.expect("on")?;
                    p.expression()?;
                }
                Ok(())
            })?;
        }
        if self.word("where") {
            self.expression()?;
        }
        if self.word("group") {
            self.expect("by")?;
            self.list(Self::expression)?;
        }
        if self.word("having") {
            self.expression()?;
        }
        if self.word("order") {
            self.expect("by")?;
            self.list(|p| {
                p.expression()?;
                let _ = p.word("desc");
                Ok(())
            })?;
        }
        if self.word("limit") {
            self.primary()?;
        }
        if self.word("for") && !self.word("update") {
            self.expect("share")?;
        }
        Ok(())
    }

    /// `table_ref`: a table or a function, with an alias or none.
    fn table_reference(&mut self) -> Parsed {
        let is_function =
            matches!(self.tokens.peek(), Some(Token::Word(name)) if FUNCTIONS.contains(&&**name));
        if is_function {
            self.primary()?;
        } else {
            self.table()?;
        }
        const BEHIND: [&str; 4] = ["join", "having", "limit", "share"];
        if matches!(self.tokens.peek(), Some(Token::Word(next)) if !RESERVED.contains(&&**next) && !BEHIND.contains(&&**next))
        {
            self.name()?;
        }
        Ok(())
    }

    /// `a_expr`, without its precedences: no statement here depends on them without brackets.
    fn expression(&mut self) -> Parsed {
        while self.word("not") {}
        self.primary()?;
        loop {
            if self.word("and") || self.word("or") {
                while self.word("not") {}
                self.primary()?;
            } else if self.word("in") {
                self.expect("(")?;
                self.list(Self::expression)?;
                self.expect(")")?;
            } else if ["=", "<>", "<=", ">=", "<", ">", "+", "-"].iter().any(|sign| self.sign(sign)) {
                self.primary()?;
            } else {
                return Ok(());
            }
        }
    }

    /// `c_expr` with subscripts and `TYPECAST`.
    fn primary(&mut self) -> Parsed {
        self.atom()?;
        loop {
            if self.sign("[") {
                self.expression()?;
                self.expect("]")?;
            } else if self.sign("::") {
                self.type_name()?;
            } else {
                return Ok(());
            }
        }
    }

    fn atom(&mut self) -> Parsed {
        match self.tokens.next() {
            Some(Token::Number(_) | Token::Parameter(_)) => Ok(()),
            Some(Token::Text(text)) if text.is_empty() => {
                Err("'', which is NULL in a database of compatibility A".into())
            }
            Some(Token::Text(_)) => Ok(()),
            Some(Token::Sign("(")) => {
                if self.is("select") {
                    self.select()?;
                } else {
                    self.expression()?;
                }
                self.expect(")")
            }
            Some(Token::Word(word)) => match &*word {
                "null" | "true" | "false" => Ok(()),
                "exists" => {
                    self.expect("(")?;
                    self.select()?;
                    self.expect(")")
                }
                "case" => {
                    while self.word("when") {
                        self.expression()?;
                        self.expect("then")?;
                        self.expression()?;
                    }
                    if self.word("else") {
                        self.expression()?;
                    }
                    self.expect("end")
                }
                _ if RESERVED.contains(&&*word) => Err(format!("{word} in an expression")),
                _ if matches!(self.tokens.peek(), Some(Token::Text(_))) => {
                    Err(format!("a constant of the type {word}, which may be another type there"))
                }
                _ if self.sign("(") => {
                    if !FUNCTIONS.contains(&&*word) {
                        return Err(format!("the function {word}"));
                    }
                    if !self.sign("*") && !matches!(self.tokens.peek(), Some(Token::Sign(")"))) {
                        self.list(Self::expression)?;
                    }
                    self.expect(")")
                }
                // columnref.
                _ => {
                    if self.sign(".") {
                        self.name().map(drop)
                    } else {
                        Ok(())
                    }
                }
            },
            other => Err(format!("{other:?} in an expression")),
        }
    }
}

#[test]
fn what_only_postgresql_understands_is_refused() {
    let refused = [
        "BEGIN",
        "CREATE SCHEMA IF NOT EXISTS tongbao",
        "CREATE TABLE tongbao.journal (day integer) PARTITION BY RANGE (day)",
        "CREATE TABLE tongbao.j PARTITION OF tongbao.journal FOR VALUES FROM (1) TO (2)",
        "CREATE TABLE tongbao.lease (verify bigint)",
        "CREATE TABLE tongbao.lease (performance bigint)",
        "CREATE TABLE tongbao.lease (day date NOT NULL)",
        "CREATE TABLE tongbao.lease (seq bigint GENERATED ALWAYS AS IDENTITY)",
        "INSERT INTO tongbao.lease VALUES ($1) ON CONFLICT DO NOTHING",
        "INSERT INTO tongbao.lease SELECT $1, ''",
        "SELECT date '1970-01-01' + $1::int4",
        "SELECT current_setting('synchronous_standby_names') <> ''",
        "SELECT pg_wal_lsn_diff(pg_current_wal_flush_lsn(), flush_lsn) FROM pg_stat_replication",
        "SELECT current_setting('x', true) FROM pg_locks",
        "SELECT seq FROM tongbao.journal FETCH FIRST 1 ROW ONLY",
        "SELECT 1 FROM tongbao.lease FOR NO KEY UPDATE",
        "SELECT 1 FROM tongbao.lease FOR UPDATE SKIP LOCKED",
        "SELECT a FROM unheard_of",
        "WITH l AS MATERIALIZED (SELECT 1) SELECT 1 FROM l",
        "DROP TABLE tongbao.journal_20261122",
        "ALTER TABLE tongbao.journal DETACH PARTITION journal_1 CONCURRENTLY",
        "MERGE INTO tongbao.lease USING x ON true WHEN MATCHED THEN DELETE",
        "LISTEN tongbao",
    ];
    for statement in refused {
        assert!(check(statement).is_err(), "accepted: {statement}");
    }
    assert_eq!(check("START TRANSACTION; SET LOCAL synchronous_commit = local; COMMIT"), Ok(()));
    assert_eq!(check("ALTER TABLE tongbao.journal ADD PARTITION a VALUES LESS THAN (1)"), Ok(()));
}
