//! Messages from bytes and back.

use std::marker::PhantomData;

use bytes::Buf as _;
use prost::{Message, Name};
use tonic::Status;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};

use crate::error::DoorError;
use crate::shape::SHAPES;

/// Reads requests strictly: a message that has not the shape of its type is refused before anything is made of it. Answers,
/// which the clients of our own tests read, are read as usual, so that a client survives a newer server.
pub(crate) struct StrictCodec<T, U>(PhantomData<(T, U)>);

impl<T, U> Default for StrictCodec<T, U> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<T: Message + Send + 'static, U: Message + Name + Default + Send + 'static> Codec for StrictCodec<T, U> {
    type Encode = T;
    type Decode = U;
    type Encoder = StrictCodec<T, U>;
    type Decoder = StrictCodec<T, U>;

    fn encoder(&mut self) -> Self::Encoder {
        Self::default()
    }

    fn decoder(&mut self) -> Self::Decoder {
        Self::default()
    }
}

impl<T: Message, U> Encoder for StrictCodec<T, U> {
    type Item = T;
    type Error = Status;

    fn encode(&mut self, item: T, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        item.encode(buffer).map_err(|error| Status::internal(error.to_string()))
    }
}

impl<T, U: Message + Name + Default> Decoder for StrictCodec<T, U> {
    type Item = U;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<U>, Status> {
        let bytes = buffer.copy_to_bytes(buffer.remaining());
        if U::NAME.ends_with("Request") {
            SHAPES.check(&U::full_name(), &bytes).map_err(DoorError::from)?;
        }
        let message = U::decode(bytes).map_err(|error| DoorError::Text(error.to_string()))?;
        Ok(Some(message))
    }
}
