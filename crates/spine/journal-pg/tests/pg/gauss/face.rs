//! What stands between a real PostgreSQL and this crate, so that the server looks like openGauss.
//!
//! The translation point. On the way to the server every statement is checked by the [grammar](super::grammar), written
//! down, and then, because PostgreSQL cannot parse it, the DDL of partitions is said in PostgreSQL's words ([`translate`]).
//! On the way back errors and notices lose the field that openGauss does not send (the severity in English, `V`).
//! Sessions find the schema `opengauss` (`mock.sql`) before `pg_catalog`.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Result, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

use super::grammar;

/// `SSLRequest` and `CancelRequest` instead of a protocol's version.
const REQUESTS: std::ops::RangeInclusive<i32> = 80_877_102..=80_877_104;

/// What was sent to servers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen(Arc<Mutex<Statements>>);

#[derive(Debug, Default)]
struct Statements {
    accepted: BTreeSet<String>,
    refused: BTreeMap<String, String>,
}

impl Seen {
    /// Every statement that the grammar accepted, alone and with single spaces.
    pub(crate) fn accepted(&self) -> BTreeSet<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).accepted.clone()
    }

    /// What it refused, and why.
    pub(crate) fn refused(&self) -> BTreeMap<String, String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).refused.clone()
    }

    fn take(&self, sql: &str) -> String {
        let checked = grammar::check(sql);
        let mut statements = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match checked {
            Ok(()) => {
                let alone = sql.split(';').map(one_line).filter(|statement| !statement.is_empty());
                statements.accepted.extend(alone);
                translate(sql)
            }
            Err(why) => {
                statements.refused.insert(one_line(sql), why);
                "openGauss would not understand this".to_owned()
            }
        }
    }
}

/// A statement with single spaces.
pub(crate) fn one_line(sql: &str) -> String {
    sql.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Puts the face before a server: where it listens.
pub(crate) fn before(server: SocketAddr, seen: &Seen) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let seen = seen.clone();
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let seen = seen.clone();
            // A server that is down takes its sessions along.
            std::thread::spawn(move || {
                TcpStream::connect(server).map(|server| carry(&client, &server, &seen))
            });
        }
    });
    address
}

fn carry(client: &TcpStream, server: &TcpStream, seen: &Seen) {
    let _ = client.set_nodelay(true).and_then(|()| server.set_nodelay(true));
    let (Ok(client_end), Ok(server_end)) = (client.try_clone(), server.try_clone()) else { return };
    let back = std::thread::spawn(move || {
        let _ = answers(&server_end, &client_end);
        let _ = client_end.shutdown(Shutdown::Both);
    });
    let _ = questions(client, server, seen);
    let _ = server.shutdown(Shutdown::Both);
    let _ = back.join();
}

fn body(mut from: &TcpStream) -> Result<Vec<u8>> {
    let mut length = [0; 4];
    from.read_exact(&mut length)?;
    let mut body = vec![0; usize::try_from(i32::from_be_bytes(length) - 4).unwrap_or_default()];
    from.read_exact(&mut body)?;
    Ok(body)
}

fn send(mut to: &TcpStream, tag: Option<u8>, body: &[u8]) -> Result<()> {
    let mut message: Vec<u8> = tag.into_iter().collect();
    message.extend(u32::try_from(body.len() + 4).unwrap().to_be_bytes());
    message.extend(body);
    to.write_all(&message)
}

fn tag(mut from: &TcpStream) -> Result<u8> {
    let mut tag = [0];
    from.read_exact(&mut tag)?;
    Ok(tag[0])
}

/// From the client to the server.
fn questions(client: &TcpStream, server: &TcpStream, seen: &Seen) -> Result<()> {
    let mut first = body(client)?;
    if !REQUESTS.contains(&i32::from_be_bytes([first[0], first[1], first[2], first[3]])) {
        assert_eq!(first.pop(), Some(0), "the parameters have an end");
        first.extend(b"options\0-c search_path=opengauss,pg_catalog,public\0\0");
    }
    send(server, None, &first)?;
    loop {
        let (tag, mut message) = (tag(client)?, body(client)?);
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let end = |from: usize, message: &[u8]| from + message[from..].iter().position(|b| *b == 0).unwrap();
        match tag {
            // A query's text.
            b'Q' => {
                let sql = seen.take(&text(&message[..end(0, &message)]));
                message = [sql.as_bytes(), &[0]].concat();
            }
            // A statement's name, its text, and the types of its parameters.
            b'P' => {
                let begin = end(0, &message) + 1;
                let behind = end(begin, &message);
                let sql = seen.take(&text(&message[begin..behind]));
                message = [&message[..begin], sql.as_bytes(), &message[behind..]].concat();
            }
            _ => {}
        }
        send(server, Some(tag), &message)?;
    }
}

/// From the server to the client.
fn answers(server: &TcpStream, client: &TcpStream) -> Result<()> {
    loop {
        let (tag, mut message) = (tag(server)?, body(server)?);
        if tag == b'E' || tag == b'N' {
            let fields = message.split(|byte| *byte == 0).filter(|field| !field.is_empty());
            let fields: Vec<&[u8]> = fields.filter(|field| field[0] != b'V').collect();
            message = [fields.join(&0), vec![0, 0]].concat();
        }
        send(client, Some(tag), &message)?;
    }
}

/// Says in PostgreSQL's words what it cannot parse, and nothing else.
fn translate(sql: &str) -> String {
    const ROWS: &str = " WITH (storage_type = astore)";
    const FIRST: &str = "PARTITION BY RANGE (day) (PARTITION journal_19700101 VALUES LESS THAN (1))";
    const FIRST_HERE: &str = "PARTITION BY RANGE (day); \
                              DO $$BEGIN PERFORM opengauss.first_partition('journal_19700101', 1); END$$";
    if let Some(add) = sql.strip_prefix("ALTER TABLE tongbao.journal ADD PARTITION ") {
        let (name, below) = add.split_once(" VALUES LESS THAN ").unwrap();
        return format!("DO $$BEGIN PERFORM opengauss.add_partition('{name}', {below}); END$$");
    }
    if let Some(name) = sql.strip_prefix("ALTER TABLE tongbao.journal DROP PARTITION ") {
        return format!("DO $$BEGIN PERFORM opengauss.drop_partition('{name}'); END$$");
    }
    sql.replace(ROWS, "").replace(FIRST, FIRST_HERE)
}
