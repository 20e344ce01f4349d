//! What of a confinement a tier cannot enforce, to be said before an agent is started in it.

use crate::confinement::Confinement;
use crate::grant::Grant;
use crate::limits::Limits;
use crate::tier::Tier;

impl Tier {
    /// Returns a sentence for each thing of `confinement` that this tier does not enforce by itself, on a kernel with this
    /// version of Landlock ([`crate::landlock_version`]). Limits of memory and CPU are not among them: control groups
    /// hold those, in every tier.
    pub fn unenforced(self, confinement: &Confinement, landlock_version: i32) -> Vec<String> {
        let mut said = Vec::new();
        let grant = &confinement.grant;
        match self {
            Self::Full => {
                if !grant.ports.is_empty() {
                    said.push(format!("{} of the machine are not reached: there is no network inside", ports(grant)));
                }
            }
            Self::Landlock => landlock(confinement, landlock_version, &mut said),
            Self::None => said.push("nothing is enforced: the agent has every right of its user".to_owned()),
        }
        if self != Self::Full && grant.limits.processes_max.is_some() {
            said.push("the limit of processes is held by a control group only".to_owned());
        }
        if self != Self::Full && grant.limits.temporary_bytes_max != Limits::default().temporary_bytes_max {
            said.push("the temporary directory is the machine's, without a limit of its own".to_owned());
        }
        said
    }
}

fn landlock(confinement: &Confinement, version: i32, said: &mut Vec<String>) {
    let grant = &confinement.grant;
    if !confinement.masked.is_empty() {
        said.push("configuration of agent programs in the repository is not masked".to_owned());
    }
    if !confinement.fixed.is_empty() {
        said.push(
            "hooks and configuration of the git repository can be changed: git of yours would execute them".to_owned(),
        );
    }
    if !confinement.relay.is_empty() {
        said.push("there is no relay: the service must be reached by its port or its socket".to_owned());
    }
    if !grant.ports.is_empty() {
        said.push(format!("{} are open on every host, not on this machine alone", ports(grant)));
    }
    if !grant.sockets.is_empty() && version < 9 {
        said.push("every unix socket of its user can be reached, not only those granted".to_owned());
    }
    if version < 6 {
        said.push("other processes of its user can be signalled".to_owned());
    }
    if confinement.account.is_none() {
        said.push(
            "agents of one user can see each other's processes and change the mode of each other's files".to_owned(),
        );
    }
}

fn ports(grant: &Grant) -> String {
    let numbers: Vec<String> = grant.ports.iter().map(u16::to_string).collect();
    format!("the ports {}", numbers.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_tier_lacks_is_said_only_where_it_matters() {
        let mut confinement = Confinement::new("/srv/clone");
        confinement.account = Some(crate::Account { uid: 7, gid: 7 });
        assert_eq!(Tier::Full.unenforced(&confinement, 7), Vec::<String>::new());
        assert_eq!(Tier::Landlock.unenforced(&confinement, 7), Vec::<String>::new());
        assert_eq!(Tier::None.unenforced(&confinement, 7).len(), 1);
        confinement.masked.push("/srv/clone/.mcp.json".into());
        confinement.fixed.push("/srv/clone/.git/hooks".into());
        confinement.grant.sockets.push("/run/legion".into());
        confinement.grant.ports.push(4000);
        confinement.grant.limits.processes_max = Some(9);
        let said = Tier::Landlock.unenforced(&confinement, 7);
        for wanted in
            ["not masked", "hooks and configuration", "every unix socket", "the ports 4000", "limit of processes"]
        {
            assert!(said.iter().any(|line| line.contains(wanted)), "{wanted} is not in {said:?}");
        }
        assert!(!Tier::Landlock.unenforced(&confinement, 9).iter().any(|line| line.contains("unix socket")));
    }
}
