//! The shim's part in the conversation with its service: who may speak, what is done about it,
//! and what is said without being asked.

use std::io;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::peer::Peer;
use super::serve::Holder;
use super::stdin::Fate;
use crate::ExitCause;
use crate::wire::message::{Hello, Refused, Report, Request, Stop, Welcome, Write, line};
use crate::wire::spec::Bytes;

/// Connections at a time, of those that have shown the secret and of those that have not.
const PEERS_MAX: usize = 8;

impl Holder {
    pub(super) fn accept(&mut self) {
        let Ok((stream, _)) = self.listener.accept() else {
            return;
        };
        let Ok(peer) = Peer::new(stream, Instant::now()) else {
            return;
        };
        self.make_room(false);
        self.peers.push(peer);
    }

    /// Drops the oldest peer of this kind when there are as many as there may be.
    fn make_room(&mut self, greeted: bool) {
        let same = |peer: &&mut Peer| peer.greeted == greeted && !peer.dead;
        if self.peers.iter_mut().filter(same).count() >= PEERS_MAX
            && let Some(oldest) = self.peers.iter_mut().find(same)
        {
            oldest.dead = true;
        }
    }

    pub(super) fn hear(&mut self, index: usize) {
        let lines = self.peers[index].receive();
        self.peers[index].flush();
        for text in lines {
            if self.peers[index].greeted {
                self.obey(index, &text);
            } else {
                self.greet(index, &text);
            }
            if self.peers[index].dead {
                return;
            }
        }
    }

    fn greet(&mut self, index: usize, text: &[u8]) {
        let hello = serde_json::from_slice::<Hello>(text).ok();
        let known =
            hello.is_some_and(|hello| hello.process == self.spec.process && same(&hello.secret, &self.spec.secret));
        if !known {
            self.peers[index].dead = true;
            return;
        }
        self.make_room(true);
        let length = self.recorder.length();
        let welcome = Welcome { length, ..self.welcome };
        let peer = &mut self.peers[index];
        peer.greet(Instant::now());
        peer.knows(length);
        peer.send(&line(&welcome));
    }

    fn obey(&mut self, index: usize, text: &[u8]) {
        let Ok(value) = serde_json::from_slice::<serde_json::Value>(text) else {
            self.peers[index].dead = true;
            return;
        };
        let error = match serde_json::from_value::<Request>(value) {
            Err(error) => Some(format!("not understood: {error}")),
            Ok(Request { write: Some(write), .. }) => {
                let fate = self.take_input(write);
                self.fates.push(fate);
                None
            }
            Ok(Request { stop: Some(Stop { grace_ms, interrupt }), .. }) => {
                let grace = Duration::from_millis(grace_ms);
                self.begin_end(ExitCause::Stopped, grace, interrupt);
                None
            }
            Ok(Request { signal: Some(signal), .. }) if signal == "int" => {
                self.interrupt();
                None
            }
            Ok(Request { signal: Some(_), .. }) => Some("unknown signal".to_owned()),
            Ok(Request { close_stdin: Some(true), .. }) => {
                self.stdin.close();
                None
            }
            Ok(_) => Some("unknown message".to_owned()),
        };
        if error.is_some() {
            let report = Report { error, ..Report::default() };
            self.peers[index].send(&line(&report));
        }
    }

    fn take_input(&mut self, write: Write) -> Fate {
        let bytes = match write {
            Write { data: Some(data), .. } => STANDARD.decode(data).map_err(io::Error::other),
            Write { text: Some(text), .. } => Ok(text.into_bytes()),
            Write { file: Some(file), .. } => Bytes::File(file).read(),
            _ => Err(io::ErrorKind::InvalidInput.into()),
        };
        match bytes {
            Ok(bytes) => self.stdin.offer(write.id, bytes, write.close),
            Err(error) => Fate::Refused(write.id, format!("no input in it: {error}")),
        }
    }

    /// Tells the peers what is new, and drops those that are gone.
    pub(super) fn speak(&mut self) {
        let now = Instant::now();
        // An input counts as written only once the disk knows.
        if !self.recorder.is_blocked() {
            for fate in std::mem::take(&mut self.fates) {
                self.tell(fate);
            }
        }
        let length = self.recorder.length();
        for peer in &mut self.peers {
            peer.flush();
            peer.announce(length);
            peer.dead |= peer.expires_at().is_some_and(|at| now >= at);
        }
        self.peers.retain(|peer| !peer.dead);
        let attended = self.peers.iter().any(|peer| peer.greeted);
        if attended {
            self.unattended_since = None;
        } else if self.unattended_since.is_none() && self.ladder.is_none() {
            self.unattended_since = Some(now);
        }
    }

    fn tell(&mut self, fate: Fate) {
        let report = match fate {
            Fate::Queued => return,
            Fate::Wrote(id) => Report { wrote: Some(id), ..Report::default() },
            Fate::Refused(id, reason) => Report { refused: Some(Refused { id, reason }), ..Report::default() },
        };
        let report = line(&report);
        for peer in self.peers.iter_mut().filter(|peer| peer.greeted) {
            peer.send(&report);
        }
    }
}

/// Compares in a time that does not depend on where the first difference is.
fn same(left: &str, right: &str) -> bool {
    let difference = left.bytes().zip(right.bytes()).fold(0, |difference, (left, right)| difference | (left ^ right));
    left.len() == right.len() && difference == 0
}
