use std::fs;
use std::path::Path;

use super::error::{ModelError, Result};

/// The part of the machine's or the container's memory that tensors may take where nobody says otherwise. The rest is
/// for data, code, what the system needs, and the allocator, which rounds sizes up by as much as a quarter.
const SHARE: (u64, u64) = (3, 4);

/// How much memory the tensors of a model may take: its parameters, what training keeps for each, and what a forward
/// pass makes.
///
/// It is fixed before the first of them is made, so that what is refused does not depend on what else the machine does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryBudget(Option<u64>);

impl MemoryBudget {
    /// No limit.
    pub const UNLIMITED: Self = MemoryBudget(None);

    /// So many bytes.
    pub const fn bytes(bytes: u64) -> Self {
        MemoryBudget(Some(bytes))
    }

    /// Most of the memory that this machine has, or of what the control groups of a container or a scheduler, or limits
    /// such as `ulimit -v`, leave this process, where that is less. Without a limit where the system does not tell
    /// (other systems than Linux).
    pub fn of_machine() -> Self {
        MemoryBudget(memory(Path::new("/")).map(|bytes| bytes / SHARE.1 * SHARE.0))
    }

    /// Refuses `needs` bytes for `what`, where so many are taken.
    ///
    /// # Errors
    /// They do not fit.
    pub(super) fn ask(self, what: &str, needs: u64, taken: u64, remedy: &'static str) -> Result<()> {
        let MemoryBudget(Some(budget)) = self else { return Ok(()) };
        let left = budget.saturating_sub(taken);
        match needs <= left {
            true => Ok(()),
            false => Err(ModelError::Memory { what: what.to_owned(), needs, left, budget, remedy }),
        }
    }
}

/// The memory that a process may take, from the files of a system below `root`: all that the machine has, or the least
/// of the limits of its control groups and its own.
fn memory(root: &Path) -> Option<u64> {
    let machine = kilobytes(&root.join("proc/meminfo"), "MemTotal:");
    let groups = [control_groups(root, "0::", "", "memory.max"), version_1(root)];
    let own = ["Max address space", "Max data size"].map(|name| own_limit(root, name));
    groups.into_iter().chain(own).flatten().chain(machine).min()
}

/// What a limit of the process itself leaves, less what is mapped already.
fn own_limit(root: &Path, name: &str) -> Option<u64> {
    let limits = fs::read_to_string(root.join("proc/self/limits")).ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix(name))?;
    let limit = line.split_whitespace().next()?.parse::<u64>().ok()?;
    Some(limit.saturating_sub(kilobytes(&root.join("proc/self/status"), "VmSize:").unwrap_or(0)))
}

/// A number of kilobytes that a file of the system gives after a name, in bytes.
fn kilobytes(file: &Path, name: &str) -> Option<u64> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// The least limit in the second version of control groups, or in a hierarchy of the first: of the process's own group
/// and every group above it.
///
/// `/proc/self/cgroup` has a line for each hierarchy, `ID:CONTROLLERS:PATH`. In a container the path can be that of the
/// host, which is not there; the container's own group is then the root of what is mounted.
fn control_groups(root: &Path, line: &str, hierarchy: &str, limit: &str) -> Option<u64> {
    let groups = fs::read_to_string(root.join("proc/self/cgroup")).ok()?;
    let path = groups.lines().find_map(|own| own.strip_prefix(line))?;
    let mounted = root.join("sys/fs/cgroup").join(hierarchy);
    let own = mounted.join(path.trim_start_matches('/'));
    let above = own.ancestors().take_while(|folder| folder.starts_with(&mounted));
    // No limit is `max` in one version, and a number above any memory in the other.
    above.filter_map(|folder| fs::read_to_string(folder.join(limit)).ok()?.trim().parse().ok()).min()
}

/// The limit in the hierarchy of the first version that has the memory controller.
fn version_1(root: &Path) -> Option<u64> {
    let groups = fs::read_to_string(root.join("proc/self/cgroup")).ok()?;
    groups.lines().find_map(|line| {
        let mut parts = line.splitn(3, ':');
        let (id, controllers) = (parts.next()?, parts.next()?);
        controllers.split(',').find(|controller| *controller == "memory")?;
        control_groups(root, &format!("{id}:{controllers}:"), "memory", "memory.limit_in_bytes")
    })
}

#[cfg(test)]
mod tests {
    use codetune_validate::Whole;

    use super::*;

    /// A system with these files.
    fn system(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (name, content) in files {
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        root
    }

    const MACHINE: (&str, &str) = ("proc/meminfo", "MemTotal:       16000000 kB\nMemFree:  1 kB\n");
    const GIB: u64 = 1 << 30;

    #[test]
    fn without_a_container_it_is_the_machines_memory() {
        assert_eq!(memory(system(&[MACHINE]).path()), Some(16_000_000 * 1024));
        let unlimited = [
            MACHINE,
            ("proc/self/cgroup", "0::/user.slice/session\n"),
            ("sys/fs/cgroup/user.slice/memory.max", "max\n"),
            ("sys/fs/cgroup/user.slice/session/memory.max", "max\n"),
        ];
        assert_eq!(memory(system(&unlimited).path()), Some(16_000_000 * 1024));
        assert_eq!(memory(system(&[]).path()), None);
    }

    #[test]
    fn the_least_limit_of_a_group_and_those_above_it_counts() {
        let nested = [
            MACHINE,
            ("proc/self/cgroup", "0::/slurm/job_7/step_0\n"),
            ("sys/fs/cgroup/slurm/job_7/memory.max", "2147483648\n"),
            ("sys/fs/cgroup/slurm/job_7/step_0/memory.max", "max\n"),
            ("sys/fs/cgroup/slurm/memory.max", "8589934592\n"),
        ];
        assert_eq!(memory(system(&nested).path()), Some(2 * GIB));
        // In a container with a namespace of its own the group is the root.
        let container =
            [MACHINE, ("proc/self/cgroup", "0::/\n"), ("sys/fs/cgroup/memory.max", "1073741824\n")];
        assert_eq!(memory(system(&container).path()), Some(GIB));
    }

    #[test]
    fn the_first_version_of_control_groups_is_read_too() {
        let groups = "12:cpu,cpuacct:/docker/1f\n4:memory:/docker/1f\n0::/\n";
        // The path is the host's; the container sees its own group at the root.
        let container = [
            MACHINE,
            ("proc/self/cgroup", groups),
            ("sys/fs/cgroup/memory/memory.limit_in_bytes", "3221225472\n"),
        ];
        assert_eq!(memory(system(&container).path()), Some(3 * GIB));
        let unlimited = [
            MACHINE,
            ("proc/self/cgroup", groups),
            ("sys/fs/cgroup/memory/docker/1f/memory.limit_in_bytes", "9223372036854771712\n"),
        ];
        assert_eq!(memory(system(&unlimited).path()), Some(16_000_000 * 1024));
    }

    #[test]
    fn limits_of_the_process_itself_count_less_what_it_has_mapped() {
        let limits = "Limit                     Soft Limit           Hard Limit           Units     \n\
                      Max data size             unlimited            unlimited            bytes     \n\
                      Max address space         4294967296           unlimited            bytes     \n";
        let system = system(&[
            MACHINE,
            ("proc/self/limits", limits),
            ("proc/self/status", "Name:\tcodetune\nVmSize:\t 1048576 kB\n"),
        ]);
        assert_eq!(memory(system.path()), Some(3 * GIB));
    }

    #[test]
    fn what_does_not_fit_is_told_in_full() {
        MemoryBudget::bytes(3 * GIB).ask("it", GIB, 2 * GIB, "shrink it").unwrap();
        MemoryBudget::UNLIMITED.ask("it", u64::MAX, u64::MAX, "shrink it").unwrap();
        let error =
            MemoryBudget::bytes(3 * GIB).ask("it", GIB + 1, 2 * GIB, "shrink it").unwrap_err().whole();
        let expected = "it needs 1.0 GiB of memory, and 1.0 GiB of the 3.0 GiB for tensors are left; shrink it, or allow \
            more with --memory";
        assert_eq!(error, expected);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_machine_has_some() {
        assert!(memory(Path::new("/")).unwrap() > 1 << 20);
    }
}
