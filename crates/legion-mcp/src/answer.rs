//! What a tool answers: small JSON that a model reads.

use legion_api::ProblemCode;
use legion_client::ClientError;
use serde::Serialize;
use serde_json::{Value, json};

/// The largest answer, in bytes of JSON. Agent programs cut or refuse results of about twice this size.
pub(crate) const ANSWER_BYTES_MAX: usize = 48 * 1024;

/// Why a tool did not do what it was asked.
#[derive(Debug)]
pub(crate) enum ToolError {
    /// The arguments do not fit the tool.
    Arguments(String),
    /// The service refused, or was not there.
    Client(ClientError),
    /// The caller took the call back.
    Cancelled,
}

impl From<ClientError> for ToolError {
    fn from(error: ClientError) -> Self {
        Self::Client(error)
    }
}

impl ToolError {
    /// The error as the model reads it.
    pub(crate) fn to_json(&self) -> Value {
        let (code, detail, hint) = match self {
            Self::Arguments(what) => {
                let hint = "correct the arguments as the tool's schema says and call it again".to_owned();
                (ProblemCode::BadRequest.as_str(), format!("the arguments do not fit: {what}"), Some(hint))
            }
            Self::Cancelled => {
                ("cancelled", "the call was taken back; whether it was done is not known".to_owned(), None)
            }
            Self::Client(error) => {
                let code = match error {
                    ClientError::Problem(problem) => problem.code.as_str(),
                    ClientError::Unreachable { .. } => "unreachable",
                    ClientError::TimedOut { .. } => "timed-out",
                    ClientError::Invalid { .. } => ProblemCode::BadRequest.as_str(),
                    _ => "failed",
                };
                let hint = match error {
                    ClientError::Problem(problem) => problem.hint.clone(),
                    ClientError::Unreachable { .. } => Some(
                        "the service did not come back within a minute; go on with what you can do alone, and try once more later"
                            .to_owned(),
                    ),
                    ClientError::TimedOut { .. } => {
                        Some("see with legion-status whether it was done before you ask for it again".to_owned())
                    }
                    _ => None,
                };
                (code, error.to_string(), hint)
            }
        };
        let mut error = json!({"code": code, "detail": detail});
        if let Some(hint) = hint {
            error["hint"] = hint.into();
        }
        json!({ "error": error })
    }
}

/// Writes something as JSON without the fields that say nothing.
pub(crate) fn compact(value: &impl Serialize) -> Value {
    let mut value = serde_json::to_value(value).expect("wire types are JSON");
    prune(&mut value);
    value
}

fn prune(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, field| !field.is_null());
            fields.values_mut().for_each(prune);
        }
        Value::Array(items) => items.iter_mut().for_each(prune),
        _ => {}
    }
}

/// The same, with as much of one of its lists as an answer may hold.
pub(crate) fn bounded(value: &impl Serialize, list: &str) -> Value {
    let mut shown = compact(value);
    let count = |shown: &Value| shown[list].as_array().map_or(0, Vec::len);
    let (all, mut kept) = (count(&shown), count(&shown));
    while size(&shown) > ANSWER_BYTES_MAX && kept > 0 {
        kept /= 2;
        shown[list].as_array_mut().expect("it was counted above").truncate(kept);
        shown["left_out"] = (all - kept).into();
    }
    shown
}

/// How many bytes it takes as JSON.
pub(crate) fn size(value: &Value) -> usize {
    value.to_string().len()
}

/// Cuts a text at a character boundary.
pub(crate) fn cut(text: &str, bytes_max: usize) -> &str {
    &text[..text.floor_char_boundary(bytes_max)]
}
