//! The lines of a session. One that is no JSON never reaches the protocol's kit, which would pass over it in silence: it is answered here.

use std::io;

use serde::de::IgnoredAny;
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader, DuplexStream, duplex};
use tokio::sync::mpsc;

/// Bytes that may lie between a stream and the kit.
const PIPE_BYTES: usize = 64 * 1024;
/// Answers that may wait to be written; a client that reads none of them is read no further.
const ANSWERS_MAX: usize = 64;
/// What JSON-RPC calls a line that is no JSON.
const PARSE_ERROR: i32 = -32_700;

/// The streams that the kit is given instead, and what moves the lines.
pub(crate) struct Lines<R, W> {
    pub kit_input: DuplexStream,
    pub kit_output: DuplexStream,
    pub reading: Reading<R>,
    pub writing: Writing<W>,
}

/// From the client to the kit.
pub(crate) struct Reading<R> {
    input: R,
    to_kit: DuplexStream,
    answers: mpsc::Sender<String>,
}

/// From the kit, and from here, to the client.
pub(crate) struct Writing<W> {
    from_kit: DuplexStream,
    answers: mpsc::Receiver<String>,
    output: W,
}

pub(crate) fn lines<R, W>(input: R, output: W) -> Lines<R, W> {
    let (to_kit, kit_input) = duplex(PIPE_BYTES);
    let (kit_output, from_kit) = duplex(PIPE_BYTES);
    let (sender, answers) = mpsc::channel(ANSWERS_MAX);
    let reading = Reading { input, to_kit, answers: sender };
    Lines { kit_input, kit_output, reading, writing: Writing { from_kit, answers, output } }
}

impl<R: AsyncRead + Unpin> Reading<R> {
    /// Ends with the input; then the kit's input ends as well.
    pub async fn run(mut self) -> io::Result<()> {
        let mut input = BufReader::new(self.input);
        let mut line = Vec::new();
        while input.read_until(b'\n', &mut line).await? > 0 {
            let text = line.trim_ascii();
            match serde_json::from_slice::<IgnoredAny>(text) {
                _ if text.is_empty() => {}
                Ok(_) => self.to_kit.write_all(&line).await?,
                // Nobody is left to be answered when this fails.
                Err(error) => drop(self.answers.send(refusal(&error)).await),
            }
            line.clear();
        }
        Ok(())
    }
}

fn refusal(error: &serde_json::Error) -> String {
    let message = format!("Parse error: {error}");
    let answer = json!({"jsonrpc": "2.0", "id": null, "error": {"code": PARSE_ERROR, "message": message}});
    format!("{answer}\n")
}

impl<W: AsyncWrite + Unpin> Writing<W> {
    /// Ends when the kit has closed its output; lines are written whole.
    pub async fn run(mut self) -> io::Result<()> {
        let mut from_kit = BufReader::new(self.from_kit);
        let mut line = Vec::new();
        loop {
            tokio::select! {
                read = from_kit.read_until(b'\n', &mut line) => {
                    if read? == 0 {
                        break;
                    }
                    self.output.write_all(&line).await?;
                    line.clear();
                }
                // A line of the kit that is there in part stays in `line`.
                Some(answer) = self.answers.recv() => self.output.write_all(answer.as_bytes()).await?,
            }
            self.output.flush().await?;
        }
        while let Ok(answer) = self.answers.try_recv() {
            self.output.write_all(answer.as_bytes()).await?;
        }
        self.output.flush().await
    }
}
