//! What the person sees. Pure functions: data and a [`Look`] in, text out; no clock, no terminal, no client.

mod agents;
mod approval;
mod board;
mod check;
mod deps;
mod diff;
mod event;
mod gate_log;
mod hired;
mod inbox;
mod landing;
mod look;
mod models;
mod past_gateway;
mod prices;
mod probes;
mod rescues;
mod result;
mod run;
mod screen;
mod sessions;
mod status;
mod style;
mod table;
mod teams;
mod ticket_words;
mod top;
mod tree;
mod why;

#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
pub(crate) mod ticket_samples;

pub(crate) use agents::{AgentRow, agents};
pub(crate) use approval::decided;
#[cfg(test)]
pub(crate) use board::BoardCommit;
pub(crate) use board::{
    Board, BoardTicket, BoardVerdict, Glyphs, activity, board, board_line, end_document, end_table,
};
pub(crate) use check::check;
pub(crate) use deps::deps;
pub(crate) use diff::{diff_note, diff_stat, diff_text};
pub(crate) use event::{Names, event, story};
pub(crate) use gate_log::gate_log;
pub(crate) use hired::hired;
pub(crate) use inbox::letters;
pub(crate) use landing::landing;
pub(crate) use look::Look;
pub(crate) use models::{budgets, cassette_mode, cassettes, cost, models, provider_test, providers, routes};
pub(crate) use past_gateway::past_gateway;
pub(crate) use prices::{prices, prices_updated};
pub(crate) use probes::probes;
pub(crate) use rescues::rescues;
pub(crate) use result::outcome_line;
pub(crate) use run::dollars;
pub(crate) use screen::Screen;
pub(crate) use sessions::{session, sessions};
pub(crate) use status::status;
pub(crate) use style::{Palette, Style};
pub(crate) use teams::{role, roles, team, teams};
pub(crate) use ticket_words::took;
pub(crate) use top::top;
pub(crate) use tree::tree;
pub(crate) use why::whys;
