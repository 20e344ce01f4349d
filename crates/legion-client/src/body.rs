//! The body of an answer, whichever transport it came by.

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use http_body_util::combinators::UnsyncBoxBody;

/// Any error of a body.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The body of an answer.
pub type Body = UnsyncBoxBody<Bytes, BoxError>;

/// Why a body could not be read to its end.
#[derive(Debug)]
pub(crate) enum ReadError {
    TooLong,
    Broken(BoxError),
}

/// Reads a body to its end. Written out, because the futures of `http_body_util::Limited` over a boxed error are not `Send` to the compiler.
pub(crate) async fn read_all(mut body: Body, bytes_max: usize) -> Result<Bytes, ReadError> {
    let mut read = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(ReadError::Broken)?;
        let Some(data) = frame.data_ref() else { continue };
        if read.len() + data.len() > bytes_max {
            return Err(ReadError::TooLong);
        }
        read.extend_from_slice(data);
    }
    Ok(read.freeze())
}
