//! What a caller wants to do.

use std::fmt;

use super::relation::Relation;

macro_rules! verbs {
    ($($(#[$doc:meta])* $name:ident $word:literal,)*) => {
        /// What a caller wants to do. Every order and every route of a face is one of these.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Verb { $($(#[$doc])* $name,)* }

        impl Verb {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// In words, as in "`x` may not …".
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }
        }
    };
}

verbs! {
    Hire "hire below",
    Tell "tell",
    Interrupt "interrupt",
    InterruptAll "interrupt all below",
    Fire "fire",
    /// See that it is there, and its name.
    Name "name",
    /// Status, runs, limits, cost, and who is below.
    Look "look into",
    ReadLog "read the log of",
    /// What its processes take of the machine.
    SeeUsage "see what is taken by",
    FollowEvents "follow the events of",
    /// For the end of a run.
    Wait "wait for",
    ReadMail "read the mail of",
    Acknowledge "acknowledge the mail of",

    Dispatch "dispatch into",
    SeeTicket "look into",
    StopTicket "stop",
    RetryTicket "retry",
    DeleteTicket "delete",
    ReportOnTicket "report on",
    /// Changes to protected paths.
    DecideHeld "decide about",
    Undelete "bring back the files of",

    SeeSessions "look at",
    OpenSession "open a session in",
    SetSession "change the settings of",
    UseSession "take up",
    CompleteSession "complete",
    DeleteSession "delete",
    ImportCommits "bring commits into",

    SeeTeams "look at the teams of",
    SetRole "change the roles of",
    DeleteRole "delete roles of",
    SetTeam "change the teams of",
    DeleteTeam "delete teams of",

    /// Where models are asked for, in one's own name.
    CallModels "call the models of",
    SeeModels "look at the models and costs of",
    SetUpModels "set up the models of",

    SeeApprovals "see the permission requests of",
    DecideApproval "decide permission requests of",
    OpenProject "open",
    ReadRepository "look at the repository of",
    OpenRepository "open the repository of",
    CollectGarbage "clear away clones of",

    ListProjects "list the projects of",
    ReadAudit "read the audit of",
    ReadService "look into",
    /// What can be asked for, and how.
    ReadDocument "read the description of",
    /// The tools of the MCP endpoint. Each use of one is a call of its own, and asked about again.
    UseTools "use the tools of",
    BackUp "back up",
    /// Let files of repositories configure agent programs.
    Trust "decide what is trusted by",
    EndService "end",
    /// Report what programs, git and time did. The service's own.
    Serve "speak for",
}

impl Verb {
    /// What an agent may do it to, in words for a refusal.
    pub(super) fn reach_in_words(self) -> &'static str {
        use super::table::{Kind, permits};
        let reaches = |relation| permits(Kind::Agent, self, relation);
        match () {
            () if reaches(Relation::Assigned) && !reaches(Relation::Dispatched) => "the ticket that it was hired for",
            () if reaches(Relation::AncestorDispatched) => {
                "tickets of its own line (above, itself, below) and the person's"
            }
            () if reaches(Relation::Dispatched) => "tickets that it or agents below it dispatched",
            () if reaches(Relation::OwnSession) => {
                "the session of its own ticket; any session when it works on no ticket"
            }
            () if reaches(Relation::Addressee) => "its own inbox",
            () if reaches(Relation::Itself) && reaches(Relation::Parent) => {
                "itself, its parent, its siblings and its own subtree"
            }
            () if reaches(Relation::Parent) => "its parent, its siblings and its own subtree",
            () if reaches(Relation::Itself) && reaches(Relation::Descendant) => "itself and its own subtree",
            () if reaches(Relation::Itself) => "itself",
            () if reaches(Relation::Descendant) => "agents below itself",
            () if reaches(Relation::Project) => "its own project",
            () if reaches(Relation::Service) => "its own service",
            () => "nothing: this is the person's",
        }
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
