//! What is set about containment.

use std::path::PathBuf;

use legion_sandbox::Account;

/// The first user id of agents when nothing else is set: above those that containers get by custom, below those that are
/// reserved.
const USER_ID_FIRST: u32 = 1_900_000_000;
const USER_ID_LAST: u32 = 1_900_065_535;
/// Processes and threads of one agent's tree when nothing else is set.
const PROCESSES_MAX: u64 = 4_096;

/// How much of the machine one agent's tree may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AgentLimits {
    /// `None` is half of the machine's memory.
    pub memory_bytes: Option<u64>,
    pub processes: u64,
    /// Hundredths of a core; `None` is no limit, but an agent steps back for everything else.
    pub cpu_percent: Option<u32>,
    /// What one process of an agent may write to disks; `None` is half of what is free when it starts.
    pub disk_bytes: Option<u64>,
}

impl Default for AgentLimits {
    fn default() -> Self {
        Self { memory_bytes: None, processes: PROCESSES_MAX, cpu_percent: None, disk_bytes: None }
    }
}

/// What is set about containment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainmentConfig {
    /// First and last user id of agents, when the service is root: an agent never is. The last one is that of gates and set-up
    /// commands. `None` leaves the service's own user to agents and commands of tier `none`, whoever that is: for tests.
    pub user_ids: Option<(u32, u32)>,
    pub limits: AgentLimits,
    /// Memory of the machine that no agent starts into; `None` is a tenth of it.
    pub memory_reserve_bytes: Option<u64>,
    /// The person's home: toolchains lie below it.
    pub person_home: Option<PathBuf>,
    /// Directories that the person gives to every agent to read and execute in.
    pub shared: Vec<PathBuf>,
    /// Set-up commands have the network of the machine. Gates never do.
    pub setup_network: bool,
    /// Where directories are made for the self-test: a place that every user reaches.
    pub scratch: PathBuf,
}

impl Default for ContainmentConfig {
    fn default() -> Self {
        Self {
            user_ids: Some((USER_ID_FIRST, USER_ID_LAST)),
            limits: AgentLimits::default(),
            memory_reserve_bytes: None,
            person_home: None,
            shared: Vec::new(),
            setup_network: false,
            scratch: PathBuf::from("/tmp"),
        }
    }
}

impl ContainmentConfig {
    /// An agent's user id of the range, the same for the same number.
    pub(super) fn account(&self, number: u128) -> Option<Account> {
        let (first, last) = self.range()?;
        // A range of one has none to spare.
        let last = if first < last { last - 1 } else { last };
        let count = u128::from(last - first) + 1;
        let id = first + u32::try_from(number % count).expect("less than a count of 32 bits");
        Some(Account { uid: id, gid: id })
    }

    /// The user id of gates and set-up commands: one of the range that no agent has.
    pub(super) fn account_of_commands(&self) -> Option<Account> {
        let (_, last) = self.range().filter(|(first, last)| first < last)?;
        Some(Account { uid: last, gid: last })
    }

    /// Whether a service that is root can give agents, gates and set-up commands a user id of these.
    pub(crate) fn check_user_ids(&self) -> Result<(), (u32, u32)> {
        self.user_ids.filter(|_| self.account_of_commands().is_none()).map_or(Ok(()), Err)
    }

    fn range(&self) -> Option<(u32, u32)> {
        self.user_ids.filter(|(first, last)| *first > 0 && first <= last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agent_has_a_user_id_of_the_range_and_never_that_of_root() {
        let config = |user_ids| ContainmentConfig { user_ids, ..ContainmentConfig::default() };
        for number in [0, 7, u128::MAX] {
            let account = config(Some((100, 102))).account(number).expect("one");
            assert!((100..=101).contains(&account.uid) && account.gid == account.uid);
            assert_eq!(config(Some((100, 102))).account(number), Some(account));
            assert_eq!(config(Some((100, 100))).account(number), Some(Account { uid: 100, gid: 100 }));
            assert_eq!(config(Some((0, 5))).account(number), None);
            assert_eq!(config(None).account(number), None);
        }
    }

    #[test]
    fn gates_have_a_user_id_that_no_agent_has_or_none() {
        let of = |user_ids| ContainmentConfig { user_ids, ..ContainmentConfig::default() }.account_of_commands();
        assert_eq!(of(Some((100, 102))), Some(Account { uid: 102, gid: 102 }));
        for without in [Some((100, 100)), Some((0, 5)), Some((7, 6)), None] {
            assert_eq!(of(without), None, "{without:?}");
            let config = ContainmentConfig { user_ids: without, ..ContainmentConfig::default() };
            assert_eq!(config.check_user_ids().is_err(), without.is_some(), "{without:?}");
        }
    }
}
