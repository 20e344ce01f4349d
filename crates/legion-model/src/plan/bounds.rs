//! Limits of a plan.

/// Tickets of one plan: some minutes of work for a machine to read, years for agents to do.
pub const TICKETS_MAX: usize = 10_000;

/// Bytes of a ticket's id inside its plan.
pub const KEY_BYTES_MAX: usize = 64;

/// Characters of a title: a line of a board.
pub const TITLE_CHARS_MAX: usize = 200;

/// Bytes of one text (prompt, context, plan, a word of a command).
pub const TEXT_BYTES_MAX: usize = 1024 * 1024;

/// Bytes of prompt, context and plan together above which a ticket gets a warning: it will leave an agent little room to think.
pub const PROMPT_BYTES_WARN: usize = 64 * 1024;

/// Entries of one list of a ticket (criteria, gates, files, words of a command), and of a session's protected globs.
pub const LIST_MAX: usize = 200;

/// Bytes of one criterion and of one gate.
pub const ITEM_BYTES_MAX: usize = 8 * 1024;

/// Tickets that one waits for.
pub const AFTER_MAX: usize = 1_000;

/// Bytes of a name (team, role, group, model).
pub const NAME_BYTES_MAX: usize = 128;

/// Workers of a session, and tickets of one group at the same time.
pub const WORKERS_MAX: u32 = 64;

/// Groups that may have a cap.
pub const GROUPS_MAX: usize = 1_000;

/// Attempts of one ticket.
pub const ATTEMPTS_MAX: u32 = 10;

/// Seconds of one attempt: a day.
pub const TIMEOUT_SECONDS_MAX: u64 = 24 * 60 * 60;

/// Levels of a graph from which on a chain of tickets is worth a warning.
pub const CHAIN_WARN: usize = 10;

/// Problems that are reported of one plan.
pub const PROBLEMS_MAX: usize = 1_000;

/// Sentences about overlapping files of one plan.
pub const OVERLAP_SENTENCES_MAX: usize = 20;

/// Pairs of tickets with overlapping files that are kept of one plan.
pub const OVERLAPS_MAX: usize = 1_000;

/// Bytes of all texts of a plan, with the defaults in each ticket.
pub const PLAN_BYTES_MAX: u64 = 128 * 1024 * 1024;

/// Bytes of all globs of a plan, with the defaults in each ticket and every pair of braces written out.
pub const GLOBS_BYTES_MAX: usize = 8 * 1024 * 1024;
