//! The same problem for a gRPC client: a canonical code, and a `google.rpc.Status` with details.
//!
//! The messages are those of `google/rpc/status.proto`, `error_details.proto` and `code.proto`. There are five of them with a
//! handful of fields, so they are written out here, and whoever tells a problem needs no library for Protocol Buffers.

use crate::{PAGES, Problem};

/// Who gives the reasons in `google.rpc.ErrorInfo`.
pub const DOMAIN: &str = "tongbao.dev";

/// `RetryInfo.retry_delay` of what may succeed later, in seconds; as long as `Retry-After` says over HTTP.
const RETRY_DELAY_S: u64 = 1;

impl Problem {
    /// The canonical code (`google.rpc.Code`) that this problem's HTTP status stands for.
    pub fn grpc_code(&self) -> i32 {
        match self.status {
            400 | 415 => 3,
            403 => 7,
            404 => 5,
            405 => 12,
            409 => 6,
            413 | 507 => 8,
            422 => 9,
            421 | 502 | 503 => 14,
            408 | 504 => 4,
            _ => 13,
        }
    }

    /// What happened, with the code for whoever sees nothing but this text.
    pub fn grpc_message(&self) -> String {
        format!("{} [{}]", self.detail, self.code)
    }

    /// The problem as the bytes of a `google.rpc.Status`, which travel in `grpc-status-details-bin`.
    ///
    /// Its details are an `ErrorInfo` (the reason is the code with an underscore, because reasons have no dash; the code
    /// itself stands in the metadata), a `Help` with the hint and the code's page, a `RetryInfo` if the same request may
    /// succeed later, and a `BadRequest` if `field` names what was wrong.
    pub fn grpc_status(&self, field: Option<&str>) -> Vec<u8> {
        let mut status = Message::default();
        status.number(1, u64::from(self.grpc_code().unsigned_abs())).text(2, &self.grpc_message());
        status.message(3, &any("ErrorInfo", &self.error_info()));
        if let Some(field) = field {
            let mut violation = Message::default();
            violation.text(1, field).text(2, &self.detail);
            let mut request = Message::default();
            request.message(1, &violation);
            status.message(3, &any("BadRequest", &request));
        }
        let mut link = Message::default();
        link.text(1, &self.hint).text(2, &format!("{PAGES}{}", self.code));
        let mut help = Message::default();
        help.message(1, &link);
        status.message(3, &any("Help", &help));
        if self.retryable {
            let mut delay = Message::default();
            delay.number(1, RETRY_DELAY_S);
            let mut retry = Message::default();
            retry.message(1, &delay);
            status.message(3, &any("RetryInfo", &retry));
        }
        status.0
    }

    fn error_info(&self) -> Message {
        let mut info = Message::default();
        info.text(1, &self.code.replace('-', "_")).text(2, DOMAIN);
        let retryable = if self.retryable { "true" } else { "false" };
        for (key, value) in [("code", self.code.as_str()), ("title", &self.title), ("retryable", retryable)] {
            let mut entry = Message::default();
            entry.text(1, key).text(2, value);
            info.message(3, &entry);
        }
        info
    }
}

fn any(name: &str, value: &Message) -> Message {
    let mut any = Message::default();
    any.text(1, &format!("type.googleapis.com/google.rpc.{name}")).message(2, value);
    any
}

/// A message of Protocol Buffers while it is written.
#[derive(Default)]
struct Message(Vec<u8>);

impl Message {
    fn varint(&mut self, mut value: u64) {
        let low = |value: u64| value.to_le_bytes()[0] & 0x7f;
        while value >= 0x80 {
            self.0.push(low(value) | 0x80);
            value >>= 7;
        }
        self.0.push(low(value));
    }

    fn number(&mut self, field: u64, value: u64) -> &mut Self {
        self.varint(field << 3);
        self.varint(value);
        self
    }

    fn bytes(&mut self, field: u64, bytes: &[u8]) -> &mut Self {
        self.varint(field << 3 | 2);
        self.varint(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
        self
    }

    fn text(&mut self, field: u64, text: &str) -> &mut Self {
        self.bytes(field, text.as_bytes())
    }

    fn message(&mut self, field: u64, message: &Self) -> &mut Self {
        self.bytes(field, &message.0)
    }
}

#[cfg(test)]
mod tests {
    use stdx::Retry;

    use super::*;

    #[test]
    fn numbers_are_base_128() {
        let written = |value| {
            let mut message = Message::default();
            message.varint(value);
            message.0
        };
        assert_eq!(written(0), [0]);
        assert_eq!(written(127), [127]);
        assert_eq!(written(128), [0x80, 1]);
        assert_eq!(written(300), [0xac, 2]);
        assert_eq!(written(u64::MAX), [[0xff; 9].as_slice(), &[1]].concat());
    }

    /// Byte for byte what the reference implementation of Protocol Buffers writes for the same messages.
    #[test]
    fn the_status_is_googles() {
        let problem = Problem::from_parts(503, "TST-0001", "busy", "wait", Retry::Later);
        let status = problem.grpc_status(None);
        let info = b"\n\x08TST_0001\x12\x0btongbao.dev\x1a\x10\n\x04code\x12\x08TST-0001\
            \x1a\x0d\n\x05title\x12\x04busy\x1a\x11\n\tretryable\x12\x04true";
        let mut expected = b"\x08\x0e\x12\x0fbusy [TST-0001]".to_vec();
        for (name, value) in [
            ("ErrorInfo", info.as_slice()),
            ("Help", b"\n+\n\x04wait\x12#https://tongbao.dev/errors/TST-0001"),
            ("RetryInfo", b"\n\x02\x08\x01"),
        ] {
            let kind = format!("type.googleapis.com/google.rpc.{name}");
            let any = [
                &[b'\n', u8::try_from(kind.len()).unwrap()],
                kind.as_bytes(),
                &[0x12, u8::try_from(value.len()).unwrap()],
                value,
            ]
            .concat();
            expected.extend([0x1a, u8::try_from(any.len()).unwrap()]);
            expected.extend(any);
        }
        assert_eq!(status, expected);
        let bad = Problem::from_parts(400, "TST-0002", "no", "fix", Retry::Never);
        let with_field = bad.grpc_status(Some("transfers[3].id"));
        let violation = b"\n\x0ftransfers[3].id\x12\x02no";
        assert!(with_field.windows(violation.len()).any(|window| window == violation));
    }

    #[test]
    fn every_status_has_its_canonical_code() {
        let code = |status| Problem::from_parts(status, "TST-0001", "", "", Retry::Never).grpc_code();
        assert_eq!([400, 404, 409, 413, 422].map(code), [3, 5, 6, 8, 9]);
        assert_eq!([421, 502, 503, 504, 500].map(code), [14, 14, 14, 4, 13]);
    }
}
