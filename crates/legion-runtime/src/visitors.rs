//! Who comes in over a socket for agents: each user of the machine has a part of the connections only.

use std::num::NonZeroU32;
use std::sync::Arc;

use tokio::net::UnixStream;

use crate::shares::{Place, Share, Shares};

/// Connections of one user at the same time: a quarter of all. A sandbox's own relay holds as many.
const AT_ONCE: NonZeroU32 = NonZeroU32::new(256).expect("not zero");

/// Counts connections by the user at their other end. The agents of a root service have a user each, so that one of them cannot take the
/// connections of all; those of a service without such users have the service's own, which is not counted.
#[derive(Debug, Clone)]
pub struct Visitors {
    own: Option<u32>,
    shares: Arc<Shares<u32>>,
}

/// A connection's place among those of its user, free again when it is dropped.
#[derive(Debug)]
pub struct Visit(#[expect(dead_code, reason = "held until the connection ends")] Option<Place<u32>>);

impl Default for Visitors {
    fn default() -> Self {
        // Both ends are ours: whoever is at the other one is who we are.
        let own = UnixStream::pair().and_then(|(one, _other)| one.peer_cred()).ok().map(|peer| peer.uid());
        Self { own, shares: Shares::new(Share { at_once: AT_ONCE, ..Share::ALL }) }
    }
}

impl Visitors {
    /// None when the user at the other end has too many connections.
    pub fn admit(&self, stream: &UnixStream) -> Option<Visit> {
        match stream.peer_cred() {
            Ok(peer) => self.of_user(peer.uid()),
            Err(_) => None,
        }
    }

    /// The same for a user who is known.
    pub fn of_user(&self, user: u32) -> Option<Visit> {
        if Some(user) == self.own {
            return Some(Visit(None));
        }
        // Only how many there are at once counts, never when they came.
        match self.shares.take(user, 0) {
            Ok(place) => Some(Visit(Some(place))),
            Err(exceeded) => {
                tracing::debug!(user, %exceeded, "a connection was refused");
                None
            }
        }
    }

    /// The service's own user.
    pub fn is_own(&self, user: u32) -> bool {
        Some(user) == self.own
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_user_takes_a_part_and_leaves_the_rest_to_the_others() {
        let visitors = Visitors::default();
        let own = visitors.own.expect("known here");
        let other = own.wrapping_add(1);
        let taken: Vec<_> = (0..AT_ONCE.get()).map(|_| visitors.of_user(other).expect("a place")).collect();
        assert!(visitors.of_user(other).is_none());
        assert!(visitors.of_user(other.wrapping_add(1)).is_some(), "another user has its own");
        assert!((0..2 * AT_ONCE.get()).all(|_| visitors.of_user(own).is_some()), "ours are not counted");
        drop(taken);
        assert!(visitors.of_user(other).is_some());
        let (one, _other) = UnixStream::pair().expect("a pair");
        assert!(visitors.admit(&one).is_some());
    }
}
