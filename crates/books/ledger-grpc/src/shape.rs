//! The shape of the requests, and whether a message has it, before anything is made of the message.
//!
//! The code that is generated from a `.proto` file passes over fields that it does not know, takes the last of several
//! values of one field, and makes a value of every item of a list, however many come. For money none of that is right: an
//! older server would book without the field that mattered, and two bytes of input would become hundreds of memory. So the
//! bytes are walked over first, by the descriptors of the same file.

use std::fmt;
use std::sync::LazyLock;

use ledger_api::BATCH_ITEMS_MAX;
use prost::Message as _;
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{DescriptorProto, FieldDescriptorProto, FileDescriptorSet};

use crate::DESCRIPTORS;

/// What is wrong with the bytes of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Flaw {
    /// They end within a field, or are no fields at all.
    #[error("the bytes are not a message of Protocol Buffers")]
    Broken,
    /// A field that the message does not have.
    #[error("field {0} is not known")]
    Unknown(u64),
    /// A field is written as another type than its own.
    #[error("the type is another one")]
    OtherType,
    /// A field that is no list comes twice.
    #[error("the field comes twice")]
    Twice,
    /// A list has too many items.
    #[error("more than {BATCH_ITEMS_MAX} items")]
    TooMany,
}

/// Where the flaw is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// From the message down to the field, innermost first.
    steps: Vec<(&'static str, Option<usize>)>,
    pub(crate) flaw: Flaw,
}

impl Fault {
    fn of(flaw: Flaw) -> Self {
        Self { steps: Vec::new(), flaw }
    }

    fn within(mut self, field: &'static str, index: Option<usize>) -> Self {
        self.steps.push((field, index));
        self
    }

    /// The path to the field, like `transfers[3].amount`; empty if it is the message as a whole.
    pub(crate) fn path(&self) -> String {
        let mut path = String::new();
        for (field, index) in self.steps.iter().rev() {
            let dot = if path.is_empty() { "" } else { "." };
            path = match index {
                Some(index) => format!("{path}{dot}{field}[{index}]"),
                None => format!("{path}{dot}{field}"),
            };
        }
        path
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path() {
            path if path.is_empty() => self.flaw.fmt(f),
            path => write!(f, "{path}: {}", self.flaw),
        }
    }
}

/// How a field is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wire {
    Varint,
    Bytes,
    /// A message, with its place among the shapes.
    Message(usize),
}

#[derive(Debug)]
struct Field {
    name: &'static str,
    wire: Wire,
    is_list: bool,
}

/// The fields of one message, at the place of their number.
#[derive(Debug)]
struct Shape {
    name: String,
    fields: Vec<Option<Field>>,
}

/// The shapes of a set of messages.
#[derive(Debug)]
pub(crate) struct Shapes(Vec<Shape>);

/// The shapes of the messages of this API. They live as long as the program: leaked once are the names of their fields.
pub(crate) static SHAPES: LazyLock<Shapes> = LazyLock::new(|| {
    let set = FileDescriptorSet::decode(DESCRIPTORS);
    Shapes::of(&set.expect("a test makes the descriptors again and compares"))
});

impl Shapes {
    fn of(set: &FileDescriptorSet) -> Self {
        let mut named = Vec::new();
        for file in &set.file {
            for message in &file.message_type {
                named.push((format!(".{}.{}", file.package(), message.name()), message));
            }
        }
        let names: Vec<&str> = named.iter().map(|(name, _)| name.as_str()).collect();
        let shapes = named.iter().map(|(name, message)| shape(name, message, &names));
        Self(shapes.collect())
    }

    /// Whether `bytes` have the shape of the message called `name`, like `tongbao.ledger.v1.NewTransfer`.
    pub(crate) fn check(&self, name: &str, bytes: &[u8]) -> Result<(), Fault> {
        let of_name = |shape: &Shape| shape.name.strip_prefix('.') == Some(name);
        match self.0.iter().position(of_name) {
            Some(at) => self.walk(at, bytes),
            None => Err(Fault::of(Flaw::Broken)),
        }
    }

    /// No message contains itself, so the depth is that of the file.
    fn walk(&self, at: usize, mut bytes: &[u8]) -> Result<(), Fault> {
        let shape = &self.0[at];
        let mut counts = vec![0usize; shape.fields.len()];
        while !bytes.is_empty() {
            let key = varint(&mut bytes)?;
            let (number, kind) = (key >> 3, key & 7);
            let place = usize::try_from(number).unwrap_or(usize::MAX);
            let Some(Some(field)) = shape.fields.get(place) else {
                return Err(Fault::of(if number == 0 { Flaw::Broken } else { Flaw::Unknown(number) }));
            };
            let index = field.is_list.then_some(counts[place]);
            let content = match kind {
                0 => varint(&mut bytes).map(|_| None),
                2 => delimited(&mut bytes).map(Some),
                // Groups, and numbers of fixed width, which no field of ours has.
                _ => Err(Fault::of(Flaw::OtherType)),
            };
            let items = content.and_then(|content| self.items(field, content));
            counts[place] += items.map_err(|fault| fault.within(field.name, index))?;
            let flaw = match counts[place] {
                0 | 1 => None,
                2.. if !field.is_list => Some(Flaw::Twice),
                count => (count > BATCH_ITEMS_MAX).then_some(Flaw::TooMany),
            };
            if let Some(flaw) = flaw {
                return Err(Fault::of(flaw).within(field.name, None));
            }
        }
        Ok(())
    }

    /// How many items of the field `content` is; `None` is a number.
    fn items(&self, field: &Field, content: Option<&[u8]>) -> Result<usize, Fault> {
        match (field.wire, content) {
            (Wire::Varint, None) | (Wire::Bytes, Some(_)) => Ok(1),
            // A list of numbers may come in one piece.
            (Wire::Varint, Some(mut numbers)) if field.is_list => {
                let mut count = 0;
                while !numbers.is_empty() {
                    varint(&mut numbers)?;
                    count += 1;
                }
                Ok(count)
            }
            (Wire::Message(inner), Some(message)) => self.walk(inner, message).map(|()| 1),
            _ => Err(Fault::of(Flaw::OtherType)),
        }
    }
}

fn shape(name: &str, message: &DescriptorProto, names: &[&str]) -> Shape {
    let mut fields = Vec::new();
    for described in &message.field {
        let number = usize::try_from(described.number()).unwrap_or_default();
        fields.resize_with(fields.len().max(number + 1), || None);
        fields[number] = Some(Field {
            name: String::leak(described.name().to_owned()),
            wire: wire(described, names),
            is_list: described.label() == Label::Repeated,
        });
    }
    Shape { name: name.to_owned(), fields }
}

fn wire(field: &FieldDescriptorProto, names: &[&str]) -> Wire {
    match field.r#type() {
        Type::String | Type::Bytes => Wire::Bytes,
        Type::Message => names
            .iter()
            .position(|name| *name == field.type_name())
            .map(Wire::Message)
            .expect("the file imports what it names"),
        _ => Wire::Varint,
    }
}

fn varint(bytes: &mut &[u8]) -> Result<u64, Fault> {
    prost::encoding::decode_varint(bytes).map_err(|_| Fault::of(Flaw::Broken))
}

fn delimited<'a>(bytes: &mut &'a [u8]) -> Result<&'a [u8], Fault> {
    let len = usize::try_from(varint(bytes)?).map_err(|_| Fault::of(Flaw::Broken))?;
    let (content, rest) = bytes.split_at_checked(len).ok_or(Fault::of(Flaw::Broken))?;
    *bytes = rest;
    Ok(content)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::pb;

    fn check(name: &str, bytes: &[u8]) -> String {
        let checked = SHAPES.check(&format!("tongbao.ledger.v1.{name}"), bytes);
        checked.map_or_else(|fault| fault.to_string(), |()| "good".to_owned())
    }

    fn transfer() -> pb::NewTransfer {
        pb::NewTransfer {
            id: "7".into(),
            flags: vec![1, 2],
            user_data_64: u64::MAX,
            timestamp: Some(prost_types::Timestamp { seconds: 1, nanos: 2 }),
            ..pb::NewTransfer::default()
        }
    }

    fn request(transfers: Vec<pb::NewTransfer>) -> Vec<u8> {
        pb::CreateTransfersRequest { id: "1".into(), transfers }.encode_to_vec()
    }

    #[test]
    fn what_encoders_write_is_good() {
        assert_eq!(check("CreateTransfersRequest", &request(vec![transfer(); BATCH_ITEMS_MAX])), "good");
        assert_eq!(check("CreateTransfersRequest", &[]), "good");
        let batch = pb::pipeline_request::Batch::CreateTransfers(pb::CreateTransfersRequest {
            id: String::new(),
            transfers: vec![transfer()],
        });
        let message = pb::PipelineRequest { batch: Some(batch) };
        assert_eq!(check("PipelineRequest", &message.encode_to_vec()), "good");
        // Flags one by one, as encoders of proto2 write them.
        assert_eq!(check("NewTransfer", &[0x38, 1, 0x38, 2]), "good");
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        let many = request(vec![pb::NewTransfer::default(); BATCH_ITEMS_MAX + 1]);
        assert_eq!(check("CreateTransfersRequest", &many), "transfers: more than 8190 items");
        let flags = pb::NewTransfer { flags: vec![0; BATCH_ITEMS_MAX + 1], ..transfer() }.encode_to_vec();
        assert_eq!(check("NewTransfer", &flags), "flags: more than 8190 items");
        let mut second = request(vec![transfer()]);
        second.extend([0x12, 4, 0x0a, 0, 0x0a, 0]);
        assert_eq!(check("CreateTransfersRequest", &second), "transfers[1].id: the field comes twice");
        for (bytes, expected) in [
            ([0xf8, 0x01, 0].as_slice(), "field 31 is not known"),
            (&[0x98, 0x06, 0], "field 99 is not known"),
            (&[0x08, 0], "id: the type is another one"),
            (&[0x32, 1, 0], "code: the type is another one"),
            (&[0x6a, 2, 0x18, 0], "timestamp: field 3 is not known"),
            (&[0x35, 0, 0, 0, 0], "code: the type is another one"),
            (&[0x33], "code: the type is another one"),
            (&[0x00, 0], "the bytes are not a message of Protocol Buffers"),
            (&[0x0a, 5, 0], "id: the bytes are not a message of Protocol Buffers"),
            (&[0x0a], "id: the bytes are not a message of Protocol Buffers"),
            (&[0xff; 11], "the bytes are not a message of Protocol Buffers"),
        ] {
            assert_eq!(check("NewTransfer", bytes), expected, "{bytes:x?}");
        }
        assert_eq!(check("Nothing", &[]), "the bytes are not a message of Protocol Buffers");
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// Whatever bytes come: what is let through is decoded, but for texts that are no UTF-8.
        #[test]
        fn what_is_let_through_can_be_decoded(at in 0..200usize, with in any::<u8>(), cut in 0..200usize) {
            let mut bytes = request(vec![transfer(); 3]);
            let place = at % bytes.len();
            bytes[place] = with;
            bytes.truncate(bytes.len() - cut % bytes.len());
            let decoded = pb::CreateTransfersRequest::decode(bytes.as_slice());
            let failure = decoded.err().map(|error| error.to_string()).unwrap_or_default();
            let is_fine = failure.is_empty() || failure.contains("UTF-8");
            prop_assert!(check("CreateTransfersRequest", &bytes) != "good" || is_fine, "{failure}");
        }
    }
}
