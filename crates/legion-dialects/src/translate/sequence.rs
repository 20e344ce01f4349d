//! One open block at a time, out of fragments in any order.

use super::pieces::{empty, opens, reason, weight};
use crate::error::{Class, UpstreamError};
use crate::json::Balance;
use crate::neutral::{Event, Opened, Step, Stop};
use crate::signature;
use crate::translate::{Memory, custom};
use crate::usage::Usage;
use crate::warning::{Loss, Warning};
use std::collections::{HashSet, VecDeque};
use std::mem;

/// Bytes of later blocks that are held until an earlier one is complete. An answer is smaller than this as a whole.
const HELD_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Puts a provider's events into the order in which a client reads them. Blocks are written as they arrive; only what belongs to
/// a later call waits, until the arguments of the call before it are a complete object.
#[derive(Debug, Default)]
pub struct Sequencer {
    memory: Memory,
    /// The client is told the model that it asked for, not the one that answered.
    says_asked_model: bool,
    is_started: bool,
    is_over: bool,
    next_index: u32,
    current: Option<Current>,
    waiting: VecDeque<Waiting>,
    held_bytes: usize,
    /// Calls that are closed for good.
    done: HashSet<u32>,
    calls: usize,
    model: Option<String>,
    response_id: Option<String>,
    stop: Option<Stop>,
    usage: Option<Usage>,
    failure: Option<UpstreamError>,
}

#[derive(Debug)]
struct Current {
    block: u32,
    index: u32,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Text,
    Think {
        signed: bool,
    },
    Redacted,
    Tool {
        arguments: Balance,
    },
    /// Free text that comes wrapped into an object: only the whole can be unwrapped.
    Wrapped {
        arguments: String,
    },
    /// Free text as it is.
    Free,
}

#[derive(Debug)]
struct Waiting {
    block: u32,
    events: Vec<Event>,
}

impl Sequencer {
    pub fn new(memory: Memory) -> Self {
        Self { memory, ..Self::default() }
    }

    /// Tells the client the model that it asked for: Claude Code sends no thoughts back to a model other than the one that it
    /// speaks to, and would lose the signatures.
    pub fn saying_asked_model(self) -> Self {
        Self { says_asked_model: true, ..self }
    }

    pub fn is_over(&self) -> bool {
        self.is_over
    }

    pub fn usage(&self) -> Option<Usage> {
        self.usage
    }

    pub fn stop(&self) -> Option<Stop> {
        self.stop.as_ref().map(|_| self.reason())
    }

    pub fn model(&self) -> Option<&str> {
        self.model.as_deref()
    }

    pub fn response_id(&self) -> Option<&str> {
        self.response_id.as_deref()
    }

    pub fn failure(&self) -> Option<&UpstreamError> {
        self.failure.as_ref()
    }

    /// Takes the next event. After the end or a failure nothing counts any more.
    pub fn accept(&mut self, event: Event, out: &mut Vec<Step>, warnings: &mut Vec<Warning>) {
        if self.is_over {
            return;
        }
        match event {
            Event::Start { id, model } => {
                self.response_id = id.or(self.response_id.take());
                self.model = model.or(self.model.take());
                self.start(out);
            }
            Event::Usage(usage) => self.usage = Some(usage),
            Event::Stop(stop) => {
                self.start(out);
                self.drain(out, warnings);
                self.stop = Some(stop);
            }
            Event::Error(error) => self.fail(error, out),
            Event::End => self.end(out, warnings),
            Event::Text { block, .. }
            | Event::Think { block, .. }
            | Event::Signature { block, .. }
            | Event::Redacted { block, .. }
            | Event::ToolOpen { block, .. }
            | Event::ToolArguments { block, .. }
            | Event::Close { block } => {
                self.start(out);
                self.content(block, event, out, warnings);
            }
        }
    }

    /// The upstream closed its stream: complete when it said why the answer ended, otherwise cut.
    pub fn closed(&mut self, out: &mut Vec<Step>, warnings: &mut Vec<Warning>) {
        if self.is_over {
            return;
        }
        if self.stop.is_some() {
            self.end(out, warnings);
        } else if self.is_started {
            self.fail(UpstreamError::new(Class::Server, "the provider's stream was cut before its end"), out);
        } else {
            self.fail(empty(), out);
        }
    }

    /// Ends the answer with an error.
    pub fn fail(&mut self, error: UpstreamError, out: &mut Vec<Step>) {
        if mem::replace(&mut self.is_over, true) {
            return;
        }
        self.failure = Some(error.clone());
        out.push(Step::Failed(error));
    }

    fn start(&mut self, out: &mut Vec<Step>) {
        if mem::replace(&mut self.is_started, true) {
            return;
        }
        out.push(Step::Start {
            id: self.memory.answer_id("msg_", self.response_id.as_deref()),
            model: self
                .model
                .clone()
                .filter(|_| !self.says_asked_model || self.memory.model.is_empty())
                .unwrap_or_else(|| self.memory.model.clone()),
            prompt_estimate: self.memory.prompt_estimate,
        });
    }

    fn end(&mut self, out: &mut Vec<Step>, warnings: &mut Vec<Warning>) {
        if !self.is_started {
            return self.fail(empty(), out);
        }
        self.drain(out, warnings);
        if mem::replace(&mut self.is_over, true) {
            return;
        }
        let stop = self.reason();
        self.stop = Some(stop.clone());
        out.push(Step::Finish { stop, usage: self.usage });
    }

    /// Why the answer ended, as the client has to act on it: an agent that is told of calls must run them.
    fn reason(&self) -> Stop {
        reason(self.stop.clone(), self.calls > 0)
    }

    fn content(&mut self, block: u32, event: Event, out: &mut Vec<Step>, warnings: &mut Vec<Warning>) {
        if self.current.as_ref().is_some_and(|current| current.block == block && current.takes(&event)) {
            self.apply(event, out);
            if !self.waiting.is_empty() && self.may_yield() {
                self.advance(out, warnings);
            }
            return;
        }
        if let Some(waiting) = self.waiting.iter_mut().find(|waiting| waiting.block == block) {
            self.held_bytes += weight(&event);
            waiting.events.push(event);
            return self.check_held(out);
        }
        if !opens(&event) {
            let lost = matches!(&event, Event::ToolArguments { fragment, .. } if !fragment.trim().is_empty());
            if lost && self.done.contains(&block) {
                warnings.push(Warning::new(Loss::FragmentsDropped, "tool_calls"));
            }
            return;
        }
        if self.waiting.is_empty() && self.may_yield() {
            self.close(out);
            self.open(block, event, out);
        } else {
            self.held_bytes += weight(&event);
            self.waiting.push_back(Waiting { block, events: vec![event] });
            self.check_held(out);
        }
    }

    fn check_held(&mut self, out: &mut Vec<Step>) {
        if self.held_bytes > HELD_BYTES_MAX {
            self.waiting.clear();
            self.fail(UpstreamError::new(Class::Server, "the provider's calls are interleaved and too large"), out);
        }
    }

    /// Nothing is open, or what is open may be closed in favour of another block.
    fn may_yield(&self) -> bool {
        match self.current.as_ref().map(|current| &current.kind) {
            None | Some(Kind::Text | Kind::Think { .. } | Kind::Redacted) => true,
            Some(Kind::Tool { arguments }) => arguments.is_complete(),
            Some(Kind::Wrapped { arguments }) => {
                let mut balance = Balance::default();
                balance.push(arguments);
                balance.is_complete()
            }
            Some(Kind::Free) => false,
        }
    }

    /// Closes the open block and goes on with those that wait, as far as they are complete.
    fn advance(&mut self, out: &mut Vec<Step>, warnings: &mut Vec<Warning>) {
        self.close(out);
        while let Some(next) = self.waiting.pop_front() {
            for event in next.events {
                self.held_bytes = self.held_bytes.saturating_sub(weight(&event));
                self.content_now(next.block, event, out, warnings);
            }
            if self.waiting.is_empty() || !self.may_yield() {
                return;
            }
            self.close(out);
        }
    }

    /// Content of a block whose turn it is.
    fn content_now(&mut self, block: u32, event: Event, out: &mut Vec<Step>, warnings: &mut Vec<Warning>) {
        if self.current.as_ref().is_some_and(|current| current.block == block && current.takes(&event)) {
            self.apply(event, out);
        } else if opens(&event) {
            self.close(out);
            self.open(block, event, out);
        } else if self.done.contains(&block) && matches!(event, Event::ToolArguments { .. }) {
            warnings.push(Warning::new(Loss::FragmentsDropped, "tool_calls"));
        }
    }

    /// Closes everything: nothing will come for any block.
    fn drain(&mut self, out: &mut Vec<Step>, warnings: &mut Vec<Warning>) {
        self.close(out);
        while let Some(next) = self.waiting.pop_front() {
            for event in next.events {
                self.content_now(next.block, event, out, warnings);
            }
            self.close(out);
        }
        self.held_bytes = 0;
    }

    fn open(&mut self, block: u32, event: Event, out: &mut Vec<Step>) {
        let index = self.next_index;
        let mut opened = |kind: Kind, what: Opened| {
            out.push(Step::Open { index, block: what });
            Some(Current { block, index, kind })
        };
        let (current, event) = match event {
            Event::Text { .. } => (opened(Kind::Text, Opened::Text), Some(event)),
            Event::Think { .. } | Event::Signature { .. } => {
                (opened(Kind::Think { signed: false }, Opened::Think), Some(event))
            }
            Event::Redacted { native, .. } => {
                let signature = signature::mark(&self.memory.provider, &native);
                (opened(Kind::Redacted, Opened::Redacted { signature }), None)
            }
            Event::ToolOpen { id, name, custom, .. } => {
                let name = self.memory.names.original(&name).to_owned();
                let wrapped = !custom && self.memory.custom_tools.contains(&name);
                let kind = match (custom, wrapped) {
                    (true, _) => Kind::Free,
                    (false, true) => Kind::Wrapped { arguments: String::new() },
                    (false, false) => Kind::Tool { arguments: Balance::default() },
                };
                let id = id.unwrap_or_else(|| self.memory.call_id(self.calls));
                self.calls += 1;
                (opened(kind, Opened::Tool { id, name, custom: custom || wrapped }), None)
            }
            _ => return,
        };
        self.next_index += 1;
        self.current = current;
        if let Some(event) = event {
            self.apply(event, out);
        }
    }

    /// Writes a piece of the open block.
    fn apply(&mut self, event: Event, out: &mut Vec<Step>) {
        if matches!(event, Event::Close { .. }) {
            return self.close(out);
        }
        let Some(current) = &mut self.current else { return };
        let index = current.index;
        match (&mut current.kind, event) {
            (Kind::Text, Event::Text { text, .. }) if !text.is_empty() => out.push(Step::Text { index, text }),
            (Kind::Think { .. }, Event::Think { text, .. }) if !text.is_empty() => {
                out.push(Step::Think { index, text });
            }
            (Kind::Think { signed }, Event::Signature { native, .. }) => {
                *signed = true;
                out.push(Step::Signature { index, signature: signature::mark(&self.memory.provider, &native) });
            }
            (Kind::Tool { arguments }, Event::ToolArguments { fragment, .. }) if !fragment.is_empty() => {
                arguments.push(&fragment);
                out.push(Step::Arguments { index, fragment });
            }
            (Kind::Wrapped { arguments }, Event::ToolArguments { fragment, .. }) => {
                arguments.push_str(&fragment);
                if arguments.len() > HELD_BYTES_MAX {
                    self.fail(UpstreamError::new(Class::Server, "the arguments of a call are too large"), out);
                }
            }
            (Kind::Free, Event::ToolArguments { fragment, .. }) => out.push(Step::Arguments { index, fragment }),
            _ => {}
        }
    }

    fn close(&mut self, out: &mut Vec<Step>) {
        let Some(Current { block, index, kind }) = self.current.take() else { return };
        match kind {
            Kind::Tool { arguments } => {
                self.done.insert(block);
                if !arguments.has_begun() {
                    out.push(Step::Arguments { index, fragment: "{}".to_owned() });
                }
            }
            Kind::Wrapped { arguments } => {
                self.done.insert(block);
                out.push(Step::Arguments { index, fragment: custom::unwrap(&arguments) });
            }
            Kind::Free => {
                self.done.insert(block);
            }
            // The mark says whose thought it is, so that no other provider gets it back.
            Kind::Think { signed: false } => {
                out.push(Step::Signature { index, signature: signature::mark(&self.memory.provider, "") });
            }
            Kind::Text | Kind::Think { signed: true } | Kind::Redacted => {}
        }
        out.push(Step::Close { index });
    }
}

impl Current {
    /// Whether an event goes on with this block; another of the same number begins anew.
    fn takes(&self, event: &Event) -> bool {
        match (&self.kind, event) {
            (_, Event::Close { .. }) | (Kind::Text, Event::Text { .. }) | (Kind::Think { .. }, Event::Think { .. }) => {
                true
            }
            // One signature ends a thought.
            (Kind::Think { signed }, Event::Signature { .. }) => !signed,
            (Kind::Tool { .. } | Kind::Wrapped { .. } | Kind::Free, Event::ToolArguments { .. }) => true,
            _ => false,
        }
    }
}
