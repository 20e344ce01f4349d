//! The organisation while one waits for it: a tree that is drawn again in place on a terminal, a line per change elsewhere.
//!
//! It follows the event stream; nothing is asked for when nothing happens.

use std::{future::Future, time::Duration};

use futures_util::StreamExt as _;
use legion_api::{Event, TreeNode};
use legion_client::{Client, TreeFilter};
use tokio::time::{Instant, sleep_until};

use crate::{
    clock,
    error::CliError,
    output::Output,
    view::{self, Look, Names, Screen},
};

/// At most so often the tree is asked for, however much happens.
const REDRAW_EVERY: Duration = Duration::from_millis(100);
/// So often the ages of open runs are shown anew.
const TICK: Duration = Duration::from_secs(1);

/// What is shown of the organisation below one agent.
#[derive(Debug)]
pub(crate) struct Display {
    output: Output,
    mode: Mode,
    names: Names,
    /// The agent at the top.
    top: String,
    tree: Option<TreeNode>,
}

#[derive(Debug)]
enum Mode {
    Screen(Screen),
    Lines,
    Silent,
}

impl Display {
    /// Shows what is below the agent `top` of this name; nothing at all for a program that reads JSON.
    pub(crate) fn new(output: Output, top: &str, name: &str) -> Self {
        let mode = match output {
            Output { json: true, .. } => Mode::Silent,
            output if output.stderr_is_terminal() => Mode::Screen(Screen::default()),
            _ => Mode::Lines,
        };
        let mut names = Names::default();
        names.learn(top, name);
        Self { output, mode, names, top: top.to_owned(), tree: None }
    }

    /// Takes in an event: off a terminal it is told in a line, when it is about someone below the top.
    pub(crate) fn event(&mut self, event: &Event) {
        let parent = event.body.get("parent").and_then(serde_json::Value::as_str);
        if event.kind == "agent-hired" && parent.is_some_and(|parent| self.is_below(parent)) {
            self.names.learn_from(event);
        }
        if matches!(self.mode, Mode::Lines)
            && event.agent.as_deref().is_some_and(|agent| self.is_below(agent))
            && let Some(line) = view::story(event, &self.names, &self.output.error_look())
        {
            self.output.note(&line);
        }
    }

    /// Takes in the whole tree, and draws what is below the top.
    pub(crate) fn tree(&mut self, tree: TreeNode) {
        let top = below(tree, &self.top);
        if let Some(top) = &top {
            self.learn(top);
        }
        self.tree = top;
        self.draw();
    }

    /// Draws the same tree with its present ages.
    pub(crate) fn draw(&mut self) {
        let (Mode::Screen(screen), Some(tree)) = (&mut self.mode, &self.tree) else { return };
        let size = self.output.screen();
        let look = Look { columns: Some(size.0), ..self.output.error_look() };
        let frame = screen.draw(&view::tree(tree, &look), size);
        // A terminal that went away takes the display with it, not the work.
        let _ = self.output.screen_write(&frame);
    }

    /// Takes the tree off the terminal again.
    pub(crate) fn close(&mut self) {
        if let Mode::Screen(screen) = &mut self.mode {
            let frame = screen.erase();
            let _ = self.output.screen_write(&frame);
        }
    }

    /// Whether the tree has to be asked for at all.
    pub(crate) fn wants_tree(&self) -> bool {
        matches!(self.mode, Mode::Screen(_))
    }

    fn learn(&mut self, node: &TreeNode) {
        self.names.learn(&node.id, &node.name);
        for report in &node.reports {
            self.learn(report);
        }
    }

    fn is_below(&self, id: &str) -> bool {
        self.names.knows(id)
    }
}

/// The node of this id, with what is below it.
fn below(tree: TreeNode, id: &str) -> Option<TreeNode> {
    if tree.id == id { Some(tree) } else { tree.reports.into_iter().find_map(|report| below(report, id)) }
}

/// When to ask for the tree: soon after an event, but not after each of many.
#[derive(Debug)]
pub(crate) struct Pace {
    last: Instant,
    due: Option<Instant>,
}

impl Pace {
    /// The first time is now.
    pub(crate) fn new() -> Self {
        let now = clock::instant();
        Self { last: now, due: Some(now) }
    }

    /// Something happened.
    pub(crate) fn touch(&mut self) {
        self.due.get_or_insert_with(|| clock::instant().max(self.last + REDRAW_EVERY));
    }

    /// Waits for the moment; for ever when nothing happened.
    pub(crate) async fn due(&mut self) {
        match self.due {
            Some(due) => sleep_until(due).await,
            None => std::future::pending().await,
        }
        self.due = None;
        self.last = clock::instant();
    }
}

/// Does the work, and shows what is below `top` meanwhile. What goes wrong with the showing does not harm the work.
pub(crate) async fn show_while<T>(
    output: Output,
    client: &Client,
    (top, name): (&str, &str),
    work: impl Future<Output = T>,
) -> Result<T, CliError> {
    let mut work = std::pin::pin!(work);
    if output.json {
        return Ok(work.await);
    }
    let mut display = Display::new(output, top, name);
    let mut events = std::pin::pin!(client.events(None));
    let mut pace = Pace::new();
    let mut tick = clock::instant() + TICK;
    let mut streaming = true;
    let done = loop {
        tokio::select! {
            // The work first: nothing is drawn over its result.
            biased;
            done = &mut work => break done,
            event = events.next(), if streaming => match event {
                Some(Ok(event)) => {
                    display.event(&event);
                    if display.wants_tree() { pace.touch(); }
                }
                // Without events there is nothing new to show; the work knows best whether to go on.
                Some(Err(_)) | None => streaming = false,
            },
            () = pace.due() => if let Ok(tree) = client.tree(&TreeFilter::default()).await {
                display.tree(tree);
                tick = clock::instant() + TICK;
            },
            () = sleep_until(tick), if display.wants_tree() => {
                display.draw();
                tick = clock::instant() + TICK;
            }
        }
    };
    display.close();
    Ok(done)
}
