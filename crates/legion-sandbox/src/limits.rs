//! How much of the machine an agent's tree may take.

use serde::{Deserialize, Serialize};

/// Open files when nothing else is said: what most programs expect, and no more.
const OPEN_FILES_MAX: u64 = 4_096;

/// Bounds of one agent's tree. `None` is no bound.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Memory of the whole tree, in bytes. Held by a control group, else watched.
    pub memory_bytes_max: Option<u64>,
    /// Processes and threads of the whole tree. Held by a control group, and in tier `full` by the kernel's own count of
    /// the sandbox's user namespace.
    pub processes_max: Option<u64>,
    /// CPU time per wall time, in hundredths of a core: 150 is one core and a half. Held by a control group only.
    pub cpu_percent_max: Option<u32>,
    /// How much the tree steps back when others want the CPU: 0 to 19.
    pub nice: u8,
    /// Open files of one process.
    pub open_files_max: u64,
    /// Bytes of one file.
    pub file_bytes_max: Option<u64>,
    /// Bytes of the temporary directory in tier `full`, where it lies in memory.
    pub temporary_bytes_max: u64,
}

/// A limit that is wider than the one above it.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("it would have {asked}; the agent above it has {granted}")]
pub struct WiderLimit {
    asked: String,
    granted: String,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_bytes_max: None,
            processes_max: None,
            cpu_percent_max: None,
            nice: 0,
            open_files_max: OPEN_FILES_MAX,
            file_bytes_max: None,
            temporary_bytes_max: 1 << 30,
        }
    }
}

impl Limits {
    /// Looks whether `child` stays within these limits.
    ///
    /// # Errors
    /// The first limit that is wider.
    pub fn allow(&self, child: &Self) -> Result<(), WiderLimit> {
        let numbers = [
            ("bytes of memory", self.memory_bytes_max, child.memory_bytes_max),
            ("processes", self.processes_max, child.processes_max),
            ("hundredths of a core", self.cpu_percent_max.map(u64::from), child.cpu_percent_max.map(u64::from)),
            ("open files", Some(self.open_files_max), Some(child.open_files_max)),
            ("bytes of one file", self.file_bytes_max, child.file_bytes_max),
            ("bytes of temporary files", Some(self.temporary_bytes_max), Some(child.temporary_bytes_max)),
        ];
        for (unit, granted, asked) in numbers {
            let wider = match (granted, asked) {
                (None, _) => false,
                (Some(_), None) => true,
                (Some(granted), Some(asked)) => asked > granted,
            };
            if wider {
                return Err(WiderLimit { asked: said(asked, unit), granted: said(granted, unit) });
            }
        }
        if child.nice < self.nice {
            return Err(WiderLimit { asked: format!("niceness {}", child.nice), granted: self.nice.to_string() });
        }
        Ok(())
    }
}

fn said(number: Option<u64>, unit: &str) -> String {
    number.map_or_else(|| format!("{unit} without a limit"), |number| format!("{number} {unit}"))
}
