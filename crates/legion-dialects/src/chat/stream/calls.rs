//! Which call a fragment belongs to.

use crate::json::{Fields, Path, text_lossy};
use crate::neutral::Event;
use crate::warning::{Loss, Warning};

/// Numbers of blocks for calls begin here; text and thoughts have the ones below.
const FIRST_BLOCK: u32 = 1_000_000;
/// Calls of one answer. More is a server that starts a new call with each fragment.
const CALLS_MAX: usize = 512;

/// Bytes of arguments that are kept for a name that may still come.
const EARLY_BYTES_MAX: usize = 64 * 1024;

/// The calls of an answer so far. A fragment is put to its call by `index`, else by `id`, else a new name starts a call.
#[derive(Debug, Default)]
pub struct Calls {
    calls: Vec<Call>,
}

#[derive(Debug, Default)]
struct Call {
    index: Option<u64>,
    id: Option<String>,
    name: Option<String>,
    custom: bool,
    /// Fragments that came before the name.
    early: String,
}

/// What a fragment says.
struct Fragment {
    index: Option<u64>,
    id: Option<String>,
    name: Option<String>,
    arguments: Option<String>,
    custom: bool,
}

impl Calls {
    /// Reads one element of `tool_calls`.
    pub fn read(&mut self, mut fields: Fields<'_>, out: &mut Vec<Event>, warnings: &mut Vec<Warning>) {
        let root = Path::Root;
        let index = fields.number("index", &root).ok().flatten();
        let id = fields.take("id").map(text_lossy).filter(|id| !id.is_empty());
        let custom = fields.object("custom", &root).ok().flatten();
        let is_custom = custom.is_some();
        let function = custom.or_else(|| fields.object("function", &root).ok().flatten());
        self.function(index, id, function.unwrap_or_default(), is_custom, out, warnings);
    }

    /// Reads a function, also the older `function_call`.
    pub fn function(
        &mut self,
        index: Option<u64>,
        id: Option<String>,
        mut function: Fields<'_>,
        custom: bool,
        out: &mut Vec<Event>,
        warnings: &mut Vec<Warning>,
    ) {
        let name = function.take("name").map(text_lossy).filter(|name| !name.is_empty());
        let arguments = function.take(if custom { "input" } else { "arguments" }).map(text_lossy);
        self.put(Fragment { index, id, name, arguments, custom }, out, warnings);
    }

    fn put(&mut self, fragment: Fragment, out: &mut Vec<Event>, warnings: &mut Vec<Warning>) {
        let position = match self.find(&fragment) {
            Some(position) => position,
            None if self.calls.len() == CALLS_MAX => {
                warnings.push(Warning::new(Loss::FragmentsDropped, "tool_calls"));
                return;
            }
            None => {
                self.calls.push(Call { index: fragment.index, ..Call::default() });
                self.calls.len() - 1
            }
        };
        let call = &mut self.calls[position];
        let block = FIRST_BLOCK + u32::try_from(position).expect("bounded by the number of calls");
        call.id = call.id.take().or(fragment.id);
        if call.name.is_none()
            && let Some(name) = fragment.name
        {
            call.custom = fragment.custom;
            out.push(Event::ToolOpen { block, id: call.id.clone(), name: name.clone(), custom: call.custom });
            call.name = Some(name);
            if !call.early.is_empty() {
                out.push(Event::ToolArguments { block, fragment: std::mem::take(&mut call.early) });
            }
        }
        let Some(arguments) = fragment.arguments.filter(|arguments| !arguments.is_empty()) else { return };
        if call.name.is_some() {
            out.push(Event::ToolArguments { block, fragment: arguments });
        } else if call.early.len() + arguments.len() <= EARLY_BYTES_MAX {
            call.early.push_str(&arguments);
        } else {
            warnings.push(Warning::new(Loss::FragmentsDropped, "tool_calls"));
        }
    }

    /// The call of a fragment; `None` when it starts one.
    fn find(&self, fragment: &Fragment) -> Option<usize> {
        let last = |matches: &dyn Fn(&Call) -> bool| self.calls.iter().rposition(matches);
        if let Some(index) = fragment.index {
            let position = last(&|call| call.index == Some(index))?;
            // Some servers give every call the index 0, but each its own id and name.
            let other_id = match (&self.calls[position].id, &fragment.id) {
                (Some(known), Some(id)) => known != id,
                _ => false,
            };
            let other_name = match (&self.calls[position].name, &fragment.name) {
                (Some(known), Some(name)) => known != name,
                _ => false,
            };
            return (!(other_id && fragment.name.is_some() || other_name)).then_some(position);
        }
        if let Some(id) = &fragment.id {
            return last(&|call| call.id.as_ref() == Some(id)).or_else(|| {
                // The id may come after the name.
                let open = self.calls.len().checked_sub(1)?;
                (self.calls[open].id.is_none() && fragment.name.is_none()).then_some(open)
            });
        }
        if fragment.name.is_some() {
            return None;
        }
        self.calls.len().checked_sub(1)
    }

    /// Calls that never got a name: nobody can run them.
    pub fn nameless(&self) -> usize {
        self.calls.iter().filter(|call| call.name.is_none()).count()
    }
}
