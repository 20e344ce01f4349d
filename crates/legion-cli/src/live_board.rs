//! The tickets of a session while one waits for them: a board that is drawn again in place on a terminal, a line per change elsewhere.
//!
//! It follows the event stream. Only what agents do at the moment is asked for: of those that are shown, once in a while.

use std::{
    collections::{BTreeMap, BTreeSet},
    pin::Pin,
    time::Duration,
};

use futures_util::{Stream, StreamExt as _, future::join_all};
use legion_api::Event;
use legion_client::{ClientError, ProjectClient};
use tokio::time::{Instant, sleep_until};

use crate::{
    clock,
    context::Context,
    error::CliError,
    live::Pace,
    output::Output,
    view::{self, Board, BoardTicket, BoardVerdict, Glyphs, Look, Screen},
};

/// So often the board is drawn when nothing happens: what turns has to turn.
const TICK: Duration = Duration::from_millis(200);
/// So often agents are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Agents that are looked at.
const LOOKED_AT_MAX: usize = 8;
/// Lines of a log in which the last activity is looked for.
const LOG_LINES: u32 = 20;

/// Which tickets to watch.
#[derive(Debug, Clone)]
pub(crate) struct Watched<'a> {
    pub session: &'a str,
    /// The branch that results are merged to.
    pub target: &'a str,
    pub workers: u32,
    /// Number of the last event before those tickets were dispatched; 0 is all from the beginning, none is from now on.
    pub after: Option<u64>,
    /// These and no others.
    pub tickets: Option<BTreeSet<u32>>,
    /// What is known of them already.
    pub known: &'a [legion_api::Ticket],
}

type Events = Pin<Box<dyn Stream<Item = Result<Event, ClientError>> + Send>>;
type Found = Pin<Box<dyn Future<Output = BTreeMap<u32, Option<String>>> + Send>>;

/// A board with the events that change it.
pub(crate) struct BoardWatch {
    board: Board,
    project: ProjectClient,
    events: Events,
    output: Output,
    mode: Mode,
    glyphs: Glyphs,
    pace: Pace,
    tick: Instant,
    look_at: Instant,
    looking: Option<Found>,
}

enum Mode {
    Screen(Screen),
    Lines,
    Silent,
}

impl BoardWatch {
    /// Watches these tickets; nothing is shown to a program that reads JSON.
    pub(crate) fn new(context: Context<'_>, project: &ProjectClient, watched: &Watched<'_>) -> Self {
        let output = context.output;
        let mode = match output {
            Output { json: true, .. } => Mode::Silent,
            output if output.stderr_is_terminal() => Mode::Screen(Screen::default()),
            _ => Mode::Lines,
        };
        let mut board = Board::new(watched.session, watched.target, watched.workers);
        if let Some(tickets) = &watched.tickets {
            board.only(tickets.clone());
        }
        watched.known.iter().for_each(|ticket| board.add(BoardTicket::from(ticket)));
        let now = clock::instant();
        Self {
            board,
            project: project.clone(),
            events: Box::pin(project.events(watched.after)),
            output,
            mode,
            glyphs: Glyphs::of(context.environment),
            pace: Pace::new(),
            tick: now + TICK,
            look_at: now + LOOK_EVERY,
            looking: None,
        }
    }

    pub(crate) fn board(&self) -> &Board {
        &self.board
    }

    /// Shows what happens until nothing more will, or `over` says that it is enough. Can be dropped and called again: nothing is lost.
    pub(crate) async fn until(&mut self, over: impl Fn(&Board) -> bool) -> Result<(), CliError> {
        loop {
            tokio::select! {
                biased;
                // The screen before what changes it: a flood of events must not freeze it.
                () = self.pace.due() => {
                    if self.board.verdict() != BoardVerdict::Going || over(&self.board) {
                        return Ok(());
                    }
                    self.draw();
                }
                event = self.events.next() => {
                    let Some(event) = event else {
                        return Err(CliError::Failed { what: "the stream of events ended".to_owned(), hint: None });
                    };
                    self.take(&event?);
                    self.pace.touch();
                }
                found = async { self.looking.as_mut().expect("guarded").await }, if self.looking.is_some() => {
                    self.looking = None;
                    self.look_at = clock::instant() + LOOK_EVERY;
                    found.into_iter().for_each(|(ticket, activity)| self.board.set_activity(ticket, activity));
                }
                () = sleep_until(self.look_at), if self.looking.is_none() && self.is_drawn() => self.look(),
                () = sleep_until(self.tick), if self.is_drawn() => self.draw(),
            }
        }
    }

    /// Takes the board off the terminal, and gives it.
    pub(crate) fn close(mut self) -> Board {
        if let Mode::Screen(screen) = &mut self.mode {
            let frame = screen.erase();
            // A terminal that went away takes the display with it, not the work.
            let _ = self.output.screen_write(&frame);
        }
        self.board
    }

    fn is_drawn(&self) -> bool {
        matches!(self.mode, Mode::Screen(_))
    }

    fn take(&mut self, event: &Event) {
        let Some(change) = self.board.take(event) else { return };
        if matches!(self.mode, Mode::Lines) {
            self.output.note(&view::board_line(&change, &self.board, &self.output.error_look(), self.glyphs));
        }
    }

    fn draw(&mut self) {
        self.tick = clock::instant() + TICK;
        let Mode::Screen(screen) = &mut self.mode else { return };
        let size = self.output.screen();
        let look = Look { columns: Some(size.0), ..self.output.error_look() };
        // The cursor stands on a line of its own below.
        let text = view::board(&self.board, &look, size.1.saturating_sub(1), self.glyphs);
        let _ = self.output.screen_write(&screen.draw(&text, size));
    }

    /// Asks what the agents that work wrote last.
    fn look(&mut self) {
        let working: Vec<u32> = self.board.running().take(LOOKED_AT_MAX).collect();
        self.look_at = clock::instant() + LOOK_EVERY;
        if working.is_empty() {
            return;
        }
        let project = self.project.clone();
        self.looking = Some(Box::pin(async move {
            let asked = working.into_iter().map(|ticket| {
                let project = &project;
                // What cannot be had is not shown; the rest of the board says enough.
                async move {
                    (ticket, project.ticket_log(ticket, LOG_LINES).await.ok().and_then(|log| view::activity(&log)))
                }
            });
            join_all(asked).await.into_iter().collect()
        }));
    }
}
