//! Bugs that are planted between the pure functions and the log or the hands: the simulation has to find each.

use legion_model::{
    Answer, Command, Decided, Event, Exit, MessageId, MessageKind, Order, Organisation, Step, StopReason,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bug {
    /// The parent is not told of a run's end.
    ReportForgotten,
    /// What the agent has seen is not recorded.
    SeenForgotten,
    /// Messages that come back come back in the wrong order.
    ReturnedBackwards,
    /// Messages that were handed over and not taken do not come back.
    ReturnedForgotten,
    /// A process that is being stopped counts as gone.
    StoppedTooEarly,
    /// A run stays open when its process ended.
    RunOutlivesProcess,
    /// An acknowledgement is answered and not recorded.
    AckForgotten,
    /// Steps are taken before their reason is durable.
    ActsBeforeLogging,
    /// How far a transcript was read is not recorded: facts are obeyed again after a restart.
    OffsetForgotten,
    /// A wait that closes a circle begins all the same.
    CircleAllowed,
    /// Idempotency keys are not recorded.
    KeyForgotten,
    /// A fired agent's process is not stopped.
    FiredLivesOn,
    /// A message's deadline wakes nobody.
    DeadlineForgotten,
    /// What was never proved counts as seen when a process ends.
    ProofInvented,
}

impl Bug {
    pub const ALL: [Self; 14] = [
        Self::ReportForgotten,
        Self::SeenForgotten,
        Self::ReturnedBackwards,
        Self::ReturnedForgotten,
        Self::StoppedTooEarly,
        Self::RunOutlivesProcess,
        Self::AckForgotten,
        Self::ActsBeforeLogging,
        Self::OffsetForgotten,
        Self::CircleAllowed,
        Self::KeyForgotten,
        Self::FiredLivesOn,
        Self::DeadlineForgotten,
        Self::ProofInvented,
    ];

    pub fn acts_before_logging(self) -> bool {
        self == Self::ActsBeforeLogging
    }

    /// Changes what was decided. Says whether it did.
    pub fn mutate(self, before: &Organisation, command: &Command, decided: &mut Decided) -> bool {
        let events = &mut decided.events;
        let count = events.len();
        match self {
            Self::ReportForgotten => events
                .retain(|event| !matches!(event, Event::MessageAccepted { message_kind: MessageKind::Report, .. })),
            Self::SeenForgotten => events.retain(|event| !matches!(event, Event::InjectionSeen { .. })),
            Self::ReturnedForgotten => events.retain(|event| !matches!(event, Event::MessageReturned { .. })),
            Self::AckForgotten => events.retain(|event| !matches!(event, Event::MessageAcked { .. })),
            Self::OffsetForgotten => events.retain(|event| !matches!(event, Event::ProcessRead { .. })),
            Self::KeyForgotten => events.retain(|event| !matches!(event, Event::KeyUsed { .. })),
            Self::RunOutlivesProcess => {
                if events.iter().any(|event| matches!(event, Event::ProcessEnded { .. })) {
                    events.retain(|event| !matches!(event, Event::RunEnded { .. }));
                }
            }
            Self::ReturnedBackwards => return reverse_returned(events),
            Self::StoppedTooEarly => {
                let stopped = events.iter().find_map(|event| match event {
                    Event::ProcessStopping { process, reason: StopReason::Warm | StopReason::Run } => Some(*process),
                    _ => None,
                });
                let known = stopped.and_then(|process| before.processes.get(&process));
                // Only where no run is on it: the run would be seen to lose its process at once.
                if let Some(known) = known.filter(|known| known.idle_since.is_some()) {
                    events.push(Event::ProcessEnded { process: known.id, agent: known.agent, exit: Exit::Code(0) });
                }
            }
            Self::CircleAllowed => {
                if let (Order::BeginWait { waiter, target }, Answer::Deadlock { .. }) =
                    (&command.order, &decided.answer)
                {
                    *events = vec![Event::WaitBegan { waiter: *waiter, target: *target }];
                    return true;
                }
            }
            Self::ProofInvented => {
                if let Order::ProcessEnded { .. } = &command.order {
                    return invent_proof(before, command, events);
                }
            }
            Self::FiredLivesOn | Self::DeadlineForgotten | Self::ActsBeforeLogging => {}
        }
        events.len() != count
    }

    /// Changes which steps are taken.
    pub fn mutate_steps(self, state: &Organisation, steps: &mut Vec<Step>) {
        match self {
            Self::FiredLivesOn => steps.retain(|step| match step {
                Step::Stop { process, .. } => {
                    state.processes.get(process).is_none_or(|known| state.agents.contains_key(&known.agent))
                }
                _ => true,
            }),
            Self::DeadlineForgotten => {
                steps.retain(|step| !matches!(step, Step::Due(Order::MessageTimeUp { .. })));
            }
            _ => {}
        }
    }
}

fn reverse_returned(events: &mut [Event]) -> bool {
    let returned: Vec<MessageId> = events
        .iter()
        .filter_map(|event| match event {
            Event::MessageReturned { message } => Some(*message),
            _ => None,
        })
        .collect();
    // A run that opens in the same batch takes them as they lie in the queue.
    let mut backwards = returned.iter().rev();
    for event in events.iter_mut() {
        if let Event::MessageReturned { message } = event {
            *message = *backwards.next().expect("as many as there are");
        }
    }
    let mut forwards = returned.iter();
    for event in events.iter_mut() {
        if let Event::RunOpened { messages, .. } = event {
            for message in messages.iter_mut().filter(|message| returned.contains(message)) {
                *message = *forwards.next().expect("each is in one prompt");
            }
        }
    }
    returned.len() > 1
}

fn invent_proof(before: &Organisation, command: &Command, events: &mut Vec<Event>) -> bool {
    let Order::ProcessEnded { process, offset, exit, result, error, at_start, .. } = &command.order else {
        return false;
    };
    let run = before
        .processes
        .get(process)
        .and_then(|known| before.agents.get(&known.agent))
        .and_then(|agent| agent.run.as_ref());
    let Some(run) = run.filter(|run| run.process == *process && !run.unseen.is_empty()) else { return false };
    let order = Order::ProcessEnded {
        process: *process,
        offset: *offset,
        exit: exit.clone(),
        seen: run.unseen.keys().copied().collect(),
        result: result.clone(),
        error: error.clone(),
        at_start: *at_start,
    };
    let mut copy = before.clone();
    match copy.step(&Command { order, ..command.clone() }) {
        Ok(decided) => {
            *events = decided.events;
            true
        }
        Err(_) => false,
    }
}
