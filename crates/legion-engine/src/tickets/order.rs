//! What a piece of work needs to know, taken from the state when it begins.

use std::path::PathBuf;

use legion_model::tickets::{
    Attempt, GateRun, Item, Landing, Place, Role, Session, SessionName, Team, Ticket, TicketId, Work,
};
use legion_model::{AttemptId, DriverKind, LandingId, Organisation};

/// An attempt with all that its texts are made of.
#[derive(Debug, Clone)]
pub(crate) struct Scene {
    pub session: Session,
    pub ticket: Ticket,
    pub attempt: Attempt,
    /// Of its worker, or of the reviewer of its open step.
    pub role: Option<Role>,
    pub team: Option<Team>,
    /// The roles that judge, in order.
    pub judges: Vec<Role>,
    /// What its agent is run by.
    pub driver: Option<DriverKind>,
    /// The person's directory.
    pub project_path: PathBuf,
    /// The newest commit of earlier work at the ticket: what was taken in, or secured when it was stopped.
    pub previous: Option<String>,
}

/// A landing with what its commit says.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub session: SessionName,
    pub landing: Landing,
    /// The ticket and its attempt, unless commits of the person are landed.
    pub ticket: Option<(Ticket, Attempt)>,
}

/// A clone, and how often it was secured.
#[derive(Debug, Clone)]
pub(crate) struct Spot {
    pub place: Place,
    pub rescues: usize,
}

/// One piece of work with all that it needs.
#[derive(Debug, Clone)]
pub(crate) enum WorkOrder {
    Prepare(Box<Scene>),
    PrepareReview(Box<Scene>, u32),
    Collect(Box<Scene>),
    Build(Box<Case>),
    Gate(Box<Case>, GateRun),
    Move(Box<Case>),
    Rescue(Spot),
    Remove(Spot),
}

impl WorkOrder {
    /// The order for a piece of work. `None` when the state does not want it any more.
    pub(crate) fn of(state: &Organisation, work: &Work) -> Option<Self> {
        let board = &state.board;
        Some(match work {
            Work::Prepare { ticket, attempt } => Self::Prepare(Box::new(Scene::of(state, *ticket, *attempt)?)),
            Work::PrepareReview { ticket, attempt, step } => {
                let mut scene = Scene::of(state, *ticket, *attempt)?;
                let review = scene.attempt.open_review().filter(|review| review.step == *step)?;
                scene.run_as(board.role(&review.role));
                Self::PrepareReview(Box::new(scene), *step)
            }
            Work::Collect { ticket, attempt } => Self::Collect(Box::new(Scene::of(state, *ticket, *attempt)?)),
            Work::Build { session, landing } => Self::Build(Box::new(Case::of(state, session, *landing)?)),
            Work::Gate { session, landing, run } => {
                let case = Case::of(state, session, *landing)?;
                let run = case.landing.run.clone().filter(|open| open.id == *run)?;
                Self::Gate(Box::new(case), run)
            }
            Work::Move { session, landing } => Self::Move(Box::new(Case::of(state, session, *landing)?)),
            Work::Rescue { place } => Self::Rescue(Spot::of(state, board.places.get(place)?)),
            Work::Remove { place } => Self::Remove(Spot::of(state, board.places.get(place)?)),
        })
    }

    /// Whether a ticket waits for it, and it is mostly ours: gates take what they take.
    pub(crate) fn is_urgent(&self) -> bool {
        match self {
            Self::Prepare(_) | Self::PrepareReview(..) | Self::Collect(_) | Self::Build(_) | Self::Move(_) => true,
            Self::Gate(..) | Self::Rescue(_) | Self::Remove(_) => false,
        }
    }

    /// Failpoints before it, after it, and after its answer is in the log.
    pub(crate) fn failpoints(&self) -> [&'static str; 3] {
        match self {
            Self::Prepare(_) => ["tickets.before-prepare", "tickets.after-prepare", "tickets.answered-prepare"],
            Self::PrepareReview(..) => ["tickets.before-review", "tickets.after-review", "tickets.answered-review"],
            Self::Collect(_) => ["tickets.before-collect", "tickets.after-collect", "tickets.answered-collect"],
            Self::Build(_) => ["tickets.before-build", "tickets.after-build", "tickets.answered-build"],
            Self::Gate(..) => ["tickets.before-gate", "tickets.after-gate", "tickets.answered-gate"],
            Self::Move(_) => ["tickets.before-move", "tickets.after-move", "tickets.answered-move"],
            Self::Rescue(_) => ["tickets.before-rescue", "tickets.after-rescue", "tickets.answered-rescue"],
            Self::Remove(_) => ["tickets.before-remove", "tickets.after-remove", "tickets.answered-remove"],
        }
    }
}

impl Scene {
    fn of(state: &Organisation, ticket: TicketId, attempt: AttemptId) -> Option<Self> {
        let board = &state.board;
        let ticket = board.by_attempt(ticket, attempt)?;
        let attempt = ticket.attempt()?;
        let role = board.role(&board.writer(ticket, attempt));
        let mut scene = Self {
            session: board.sessions.get(&ticket.session)?.clone(),
            role: None,
            team: ticket.spec.team.as_deref().and_then(|team| board.team(team)),
            judges: board.judges(ticket),
            driver: ticket.spec.driver,
            project_path: state.project.as_ref().map(|(_, path)| PathBuf::from(path)).unwrap_or_default(),
            previous: previous(state, ticket),
            attempt: attempt.clone(),
            ticket: ticket.clone(),
        };
        if attempt.resolver {
            scene.run_as(role);
        } else {
            scene.role = role;
        }
        Some(scene)
    }

    /// The driver of a role that the ticket does not name is its own, when it has one.
    fn run_as(&mut self, role: Option<Role>) {
        self.driver = role.as_ref().and_then(|role| role.driver).or(self.driver);
        self.role = role;
    }
}

/// What was secured of the last attempt's clone has all that was taken in of it.
fn previous(state: &Organisation, ticket: &Ticket) -> Option<String> {
    let last = ticket.history.last()?;
    let rescues = state.board.rescues.get(&ticket.id).map(Vec::as_slice).unwrap_or_default();
    let secured = rescues.iter().rev().find(|rescue| !rescue.place.is_review());
    let secured = secured.filter(|rescue| rescue.at >= last.began_at).map(|rescue| rescue.commit.clone());
    secured.or_else(|| ticket.last_head.clone())
}

impl Case {
    fn of(state: &Organisation, session: &SessionName, landing: LandingId) -> Option<Self> {
        let open = state.board.sessions.get(session)?.landing.as_ref().filter(|open| open.id == landing)?;
        let ticket = match &open.item {
            Item::Attempt { ticket, attempt } => {
                let ticket = state.board.by_attempt(*ticket, *attempt)?;
                Some((ticket.clone(), ticket.attempt()?.clone()))
            }
            Item::Import { .. } => None,
        };
        Some(Self { session: session.clone(), landing: open.clone(), ticket })
    }
}

impl Spot {
    fn of(state: &Organisation, place: &Place) -> Self {
        let rescues = state.board.rescues.get(&place.ticket).map(Vec::as_slice).unwrap_or_default();
        let rescues = rescues.iter().filter(|rescue| rescue.place == place.key).count();
        Self { place: place.clone(), rescues }
    }
}
