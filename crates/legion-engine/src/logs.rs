//! What agents wrote, from their transcripts.

use std::path::PathBuf;
use std::str::FromStr;

use legion_model::{AgentId, ProjectId};
use legion_process::{
    Entry, LINE_BYTES_MAX, LineFollower, OutputLine, Position, end_position, tail_lines, transcript_path,
};

use crate::engine::Engine;
use crate::error::EngineError;

/// Lines that one call gives at most.
const LINES_MAX: usize = 10_000;

/// A place in what an agent wrote, across its processes. Opaque to callers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cursor {
    process: u32,
    position: Position,
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let p = &self.position;
        write!(f, "{}.{}.{}.{}.{}", self.process, p.offset, p.stdout_skip, p.stderr_skip, p.others_skip)
    }
}

impl FromStr for Cursor {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        let mut numbers = text.split('.').map(|part| part.parse::<u64>().map_err(|_| ()));
        let mut next = || numbers.next().ok_or(())?;
        let process = u32::try_from(next()?).map_err(|_| ())?;
        let position = Position { offset: next()?, stdout_skip: next()?, stderr_skip: next()?, others_skip: next()? };
        Ok(Self { process, position })
    }
}

/// Lines, oldest first, and where they end.
#[derive(Debug, Clone)]
pub struct LogLines {
    pub lines: Vec<OutputLine>,
    pub next: Cursor,
}

impl Engine {
    /// The last `count` lines that an agent wrote.
    pub async fn log_tail(&self, project: ProjectId, agent: AgentId, count: usize) -> Result<LogLines, EngineError> {
        let paths = self.transcripts(project, agent).await?;
        let last = paths.len() as u32;
        let read = move || {
            let existing: Vec<PathBuf> = paths.iter().filter(|path| path.exists()).cloned().collect();
            // The end is taken first: a line that comes in between is then given twice rather than never.
            let next = end_of(last, paths.last())?;
            let lines = tail_lines(&existing, count.min(LINES_MAX)).map_err(EngineError::internal)?;
            Ok(LogLines { lines, next })
        };
        tokio::task::spawn_blocking(read).await.map_err(EngineError::internal)?
    }

    /// Lines that an agent wrote behind a place, at most `count`.
    pub async fn log_after(
        &self,
        project: ProjectId,
        agent: AgentId,
        after: Cursor,
        count: usize,
    ) -> Result<LogLines, EngineError> {
        let paths = self.transcripts(project, agent).await?;
        let read = move || lines_after(&paths, after, count.min(LINES_MAX));
        tokio::task::spawn_blocking(read).await.map_err(EngineError::internal)?
    }

    async fn transcripts(&self, project: ProjectId, agent: AgentId) -> Result<Vec<PathBuf>, EngineError> {
        let processes = self.read(project, move |state| state.agents.get(&agent).map(|agent| agent.processes)).await?;
        let dirs = match processes {
            Some(processes) => self.process_dirs(agent, processes),
            // Fired: what is left on disk tells how many there were.
            None => (1..)
                .map(|number| self.inner.data_dir.process(agent.0, number))
                .take_while(|dir| dir.exists())
                .collect(),
        };
        Ok(dirs.iter().map(|dir| transcript_path(dir)).collect())
    }
}

fn end_of(process: u32, path: Option<&PathBuf>) -> Result<Cursor, EngineError> {
    let position = path.map(|path| end_position(path)).transpose().map_err(EngineError::internal)?;
    Ok(Cursor { process, position: position.unwrap_or_default() })
}

fn lines_after(paths: &[PathBuf], after: Cursor, count: usize) -> Result<LogLines, EngineError> {
    let mut lines = Vec::new();
    let mut next = after;
    for number in after.process.max(1)..=paths.len() as u32 {
        let path = &paths[number as usize - 1];
        let position = if number == after.process { after.position } else { Position::default() };
        next = Cursor { process: number, position };
        if !path.exists() {
            continue;
        }
        let mut follower = LineFollower::open(path, position, LINE_BYTES_MAX).map_err(EngineError::internal)?;
        while let Some((position, entry)) = follower.next_entry().map_err(EngineError::internal)? {
            next.position = position;
            if let Entry::Line(line) = entry {
                lines.push(line);
                if lines.len() >= count {
                    return Ok(LogLines { lines, next });
                }
            }
        }
    }
    Ok(LogLines { lines, next })
}
