//! What an error means for its lane and for the call.

use std::time::Duration;

use legion_dialects::Class;

use crate::governor::backoff::Backoff;

/// A provider that names a later time than this made a mistake, or is lost for our purposes all the same.
const WAIT_MAX: Duration = Duration::from_secs(8 * 24 * 3_600);
const RATE: Backoff = Backoff { first: Duration::from_secs(1), most: Duration::from_secs(60) };
const CAPACITY: Backoff = Backoff { first: Duration::from_secs(1), most: Duration::from_secs(30) };
const BROKEN: Backoff = Backoff { first: Duration::from_secs(2), most: Duration::from_secs(60) };
/// A key that is refused is asked about now and then: somebody may have replaced it at the provider.
const KEY: Backoff = Backoff { first: Duration::from_secs(30), most: Duration::from_secs(600) };
const MONEY: Backoff = Backoff { first: Duration::from_secs(600), most: Duration::from_secs(3_600) };
/// Failures in a row after which a lane counts as broken.
const FAILURES_MAX: u32 = 5;

/// How much of a provider is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    Model,
    Provider,
}

/// What follows from an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Effect {
    /// None: the lane stays open.
    pub close: Option<(Reach, Pause)>,
    /// Another provider may do better.
    pub move_on: bool,
    /// The same provider may do better at once.
    pub again: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pause {
    /// The provider said so.
    Exactly(Duration),
    /// From the first failure on.
    Growing(Backoff),
    /// Only after several failures in a row.
    Breaker { backoff: Backoff, after: u32 },
}

/// The effect of an error of a class, before the first byte was passed on.
pub(crate) fn effect(class: Class) -> Effect {
    let stay = Effect { close: None, move_on: false, again: false };
    let moved = Effect { move_on: true, ..stay };
    let close = |reach, pause| Effect { close: Some((reach, pause)), ..moved };
    match class {
        Class::RateLimited { retry_after: Some(after) } => close(Reach::Model, Pause::Exactly(after.min(WAIT_MAX))),
        Class::RateLimited { retry_after: None } => close(Reach::Model, Pause::Growing(RATE)),
        Class::Overloaded => close(Reach::Model, Pause::Growing(CAPACITY)),
        Class::SpendLimit => close(Reach::Provider, Pause::Growing(MONEY)),
        Class::Authentication => close(Reach::Provider, Pause::Growing(KEY)),
        Class::Permission | Class::NotFound => moved,
        Class::Server | Class::Unknown => {
            let breaker = Pause::Breaker { backoff: BROKEN, after: FAILURES_MAX };
            Effect { again: true, ..close(Reach::Model, breaker) }
        }
        Class::InvalidRequest | Class::TooLarge | Class::NotSupported => stay,
    }
}
