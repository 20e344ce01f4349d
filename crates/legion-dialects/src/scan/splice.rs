//! The model's name, exchanged.

use crate::error::Refused;
use crate::json::{Fields, Path};

/// The body with another model, every other byte as it came: prompt caches of providers compare bytes.
pub fn splice_model(body: &[u8], model: &str) -> Result<Vec<u8>, Refused> {
    let fields = Fields::body(body)?;
    let path = Path::Root;
    let known = fields.peek("model").ok_or_else(|| Refused::new(&path.key("model"), "is needed"))?.get();
    let start = (known.as_ptr() as usize).saturating_sub(body.as_ptr() as usize);
    let name = serde_json::to_vec(model).expect("a string is JSON");
    let mut spliced = Vec::with_capacity(body.len() - known.len() + name.len());
    spliced.extend_from_slice(&body[..start]);
    spliced.extend_from_slice(&name);
    spliced.extend_from_slice(&body[start + known.len()..]);
    Ok(spliced)
}
