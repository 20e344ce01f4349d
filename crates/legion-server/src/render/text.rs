//! Texts that may lie in files.

use legion_engine::Engine;
use legion_model::Body;

/// Bytes of long texts that one answer reads from files; what is over it is shown by its beginning.
const ANSWER_TEXT_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// Fetches the texts of one answer.
pub(crate) struct Texts<'e> {
    engine: &'e Engine,
    left: u64,
}

impl<'e> Texts<'e> {
    pub(crate) fn new(engine: &'e Engine) -> Self {
        Self { engine, left: ANSWER_TEXT_BYTES_MAX }
    }

    /// The text; of one that does not fit any more, or cannot be read, its beginning with a word about that.
    pub(crate) async fn of(&mut self, body: &Body) -> String {
        match body {
            Body::Text(text) => text.clone(),
            Body::Blob { bytes, head, .. } if *bytes > self.left => format!("{head}… [{bytes} bytes in all]"),
            Body::Blob { bytes, head, .. } => {
                self.left -= bytes;
                match self.engine.text(body).await {
                    Ok(text) => text,
                    // One damaged file must not hide everything else.
                    Err(error) => format!("{head}… [the rest cannot be read: {error}]"),
                }
            }
        }
    }

    pub(crate) async fn of_some(&mut self, body: Option<&Body>) -> Option<String> {
        match body {
            Some(body) => Some(self.of(body).await),
            None => None,
        }
    }
}
