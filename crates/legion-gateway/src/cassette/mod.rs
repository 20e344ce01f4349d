//! Records of calls: what was asked of a provider and what it answered, byte by byte with its times, without secrets. They are
//! played back in the place of the provider.

mod canon;
mod deck;
mod playback;
mod record;
mod recorder;

pub(crate) use deck::Question;
pub use deck::{CassetteError, CassetteView, Cassettes};
pub(crate) use playback::Playback;
pub(crate) use recorder::Recorder;
