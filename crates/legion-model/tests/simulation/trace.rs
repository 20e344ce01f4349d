//! What happened, as a hash of everything and the last lines in words.

use std::collections::VecDeque;

const LINES_MAX: usize = 400;

#[derive(Default)]
pub struct Trace {
    hash: u64,
    lines: VecDeque<String>,
}

impl Trace {
    pub fn line(&mut self, mono_ms: u64, line: String) {
        for byte in line.bytes() {
            self.hash = (self.hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        self.hash = (self.hash ^ mono_ms).wrapping_mul(0x0000_0100_0000_01b3);
        if self.lines.len() == LINES_MAX {
            self.lines.pop_front();
        }
        self.lines.push_back(format!("{:>10.3} {line}", mono_ms as f64 / 1e3));
    }

    pub fn hash(&self) -> u64 {
        self.hash
    }

    pub fn tail(&self, count: usize) -> String {
        let skipped = self.lines.len().saturating_sub(count);
        self.lines.iter().skip(skipped).cloned().collect::<Vec<_>>().join("\n")
    }
}
