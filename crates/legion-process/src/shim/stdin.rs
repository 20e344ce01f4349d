//! What goes to the program's standard input: each id once, in order, never waiting.

use std::collections::{HashSet, VecDeque};
use std::fs::File;
use std::io::{self, Write as _};

use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::recorder::Recorder;
use crate::wire::spec::INPUT_BYTES_MAX;
use crate::{Content, INPUT_BYTES_RECORDED_MAX, Input, InputBytes};

/// Inputs that may wait for a program that reads slowly.
const WAITING_MAX: usize = 64;
/// Bytes that may wait: one input of the largest size always fits.
const WAITING_BYTES_MAX: usize = INPUT_BYTES_MAX;
/// Inputs over a process's life.
const INPUTS_MAX: usize = 65_536;

/// The writing end.
#[derive(Debug)]
pub(super) struct Stdin {
    pipe: Option<File>,
    waiting: VecDeque<Waiting>,
    waiting_bytes: usize,
    written: HashSet<Uuid>,
    close_when_empty: bool,
}

#[derive(Debug)]
struct Waiting {
    id: Uuid,
    bytes: Vec<u8>,
    done: usize,
    close: bool,
    recorded: bool,
}

/// What became of an input.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// Its end will be told later.
    Queued,
    Wrote(Uuid),
    Refused(Uuid, String),
}

impl Stdin {
    pub fn new(pipe: File) -> Self {
        Self {
            pipe: Some(pipe),
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            written: HashSet::new(),
            close_when_empty: false,
        }
    }

    /// Takes an input, once.
    pub fn offer(&mut self, id: Uuid, bytes: Vec<u8>, close: bool) -> Fate {
        let refused = |reason: &str| Fate::Refused(id, reason.to_owned());
        if self.written.contains(&id) {
            return Fate::Wrote(id);
        }
        if self.waiting.iter().any(|waiting| waiting.id == id) {
            return Fate::Queued;
        }
        if self.pipe.is_none() || self.close_when_empty {
            return refused("standard input is closed");
        }
        if self.waiting.len() >= WAITING_MAX || self.waiting_bytes + bytes.len() > WAITING_BYTES_MAX {
            return refused("too much waits for the program to read it");
        }
        if self.written.len() >= INPUTS_MAX {
            return refused("this process has taken all the inputs it may");
        }
        self.close_when_empty = close;
        self.waiting_bytes += bytes.len();
        self.waiting.push_back(Waiting { id, bytes, done: 0, close, recorded: false });
        Fate::Queued
    }

    /// Closes standard input once everything taken so far is written.
    pub fn close(&mut self) {
        self.close_when_empty = true;
        self.close_if_done();
    }

    /// The program is gone.
    pub fn abandon(&mut self) {
        self.pipe = None;
    }

    /// The pipe, while something waits for it.
    pub fn wanted(&self) -> Option<&File> {
        self.pipe.as_ref().filter(|_| !self.waiting.is_empty())
    }

    /// Writes as much as the pipe takes. Each input is recorded before its first byte goes out,
    /// and again behind its last. Returns what became of the inputs.
    pub fn advance(&mut self, recorder: &mut Recorder) -> Vec<Fate> {
        let mut fates = Vec::new();
        while let (Some(pipe), Some(first)) = (&mut self.pipe, self.waiting.front_mut()) {
            if recorder.is_blocked() {
                return fates;
            }
            if !first.recorded {
                first.recorded = true;
                recorder.record(Content::Input(first.to_record()));
                if recorder.is_blocked() {
                    return fates;
                }
            }
            match pipe.write(&first.bytes[first.done..]) {
                Ok(count) => first.done += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return fates,
                Err(_) => self.pipe = None,
            }
            if self.pipe.is_some() && first.done == first.bytes.len() {
                recorder.record(Content::Written(first.id));
                fates.push(Fate::Wrote(first.id));
                self.written.insert(first.id);
                self.waiting_bytes -= first.bytes.len();
                self.waiting.pop_front();
            }
        }
        if self.pipe.is_none() {
            self.waiting_bytes = 0;
            let refuse = |waiting: Waiting| Fate::Refused(waiting.id, "the program closed its standard input".into());
            fates.extend(self.waiting.drain(..).map(refuse));
        }
        self.close_if_done();
        fates
    }

    fn close_if_done(&mut self) {
        if self.close_when_empty && self.waiting.is_empty() {
            self.pipe = None;
        }
    }
}

impl Waiting {
    fn to_record(&self) -> Input {
        let bytes = if self.bytes.len() <= INPUT_BYTES_RECORDED_MAX {
            InputBytes::Whole(self.bytes.clone())
        } else {
            InputBytes::Hashed { length: self.bytes.len() as u64, sha256: Sha256::digest(&self.bytes).into() }
        };
        Input { id: self.id, bytes, close: self.close }
    }
}
