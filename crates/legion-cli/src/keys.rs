//! Keys that are pressed while something is shown.

use std::io::IsTerminal as _;

use rustix::{
    stdio::stdin,
    termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcgetpgrp, tcsetattr},
};
use tokio::io::AsyncReadExt as _;

/// The keyboard, of which each key is told at once and not shown; as it was before when this is dropped.
pub(crate) struct Keys {
    before: Option<Termios>,
}

impl Keys {
    /// Takes over the keyboard. Where standard input is no terminal, or another program's in the foreground, there are no keys.
    pub(crate) fn open() -> Self {
        Self { before: take_over() }
    }

    /// Waits until this key is pressed; for ever where there are no keys. Signals such as Ctrl-C stay signals.
    pub(crate) async fn pressed(&self, key: u8) {
        if self.before.is_none() || wait_for(key).await.is_err() {
            // A terminal that went away sends a signal, or nothing.
            std::future::pending().await
        }
    }
}

fn take_over() -> Option<Termios> {
    // In the background, to ask is to be stopped.
    let in_foreground = tcgetpgrp(stdin()).is_ok_and(|group| group == rustix::process::getpgrp());
    if !in_foreground || !std::io::stdin().is_terminal() {
        return None;
    }
    let before = tcgetattr(stdin()).ok()?;
    let mut at_once = before.clone();
    at_once.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
    tcsetattr(stdin(), OptionalActions::Now, &at_once).ok()?;
    Some(before)
}

async fn wait_for(key: u8) -> std::io::Result<()> {
    let mut input = tokio::io::stdin();
    let mut typed = [0; 64];
    loop {
        match input.read(&mut typed).await? {
            0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
            count if typed[..count].contains(&key) => return Ok(()),
            _ => {}
        }
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            // A terminal that went away keeps no modes.
            let _ = tcsetattr(stdin(), OptionalActions::Now, before);
        }
    }
}
