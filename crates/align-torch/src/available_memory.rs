use std::fs;
use std::path::{Path, PathBuf};
use tch::Device;

/// The folder of the control groups.
const CGROUPS: &str = "/sys/fs/cgroup";

/// The files of a control group: the limit in bytes, the used bytes, and the field for the reclaimable part of them.
struct Files {
    limit: &'static str,
    used: &'static str,
    reclaimable: &'static str,
}

const V2: Files = Files { limit: "memory.max", used: "memory.current", reclaimable: "inactive_file" };
const V1: Files =
    Files { limit: "memory.limit_in_bytes", used: "memory.usage_in_bytes", reclaimable: "total_inactive_file" };

/// The available memory of a device in bytes: the available main memory according to Linux, or the memory left under the limit of one
/// of the process's control groups, whichever is less. `None` if it is unknown, and for a GPU.
#[must_use]
pub fn available_memory(device: Device) -> Option<u64> {
    if device != Device::Cpu {
        return None;
    }
    let machine = available_of_machine(&fs::read_to_string("/proc/meminfo").ok()?)?;
    let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    Some(groups.lines().filter_map(|line| left_under_limits(Path::new(CGROUPS), line)).fold(machine, u64::min))
}

/// The memory in bytes that this process can obtain on a device in total: its resident memory plus the available memory. Use it if
/// memory that the process has freed but not returned to the system can be reused. 1 TiB if it is unknown, and for a GPU.
#[must_use]
pub fn obtainable_memory(device: Device) -> u64 {
    const UNKNOWN: u64 = 1 << 40;
    let own = || {
        let status = fs::read_to_string("/proc/self/status").ok()?;
        kibibytes(status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?)
    };
    available_memory(device).map_or(UNKNOWN, |available| available.saturating_add(own().unwrap_or(0)))
}

/// Parses the value of a line in `/proc`, such as `  16825344 kB`, to bytes.
fn kibibytes(text: &str) -> Option<u64> {
    text.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

fn available_of_machine(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    kibibytes(line)
}

/// The memory left under the tightest limit of a control group and its parents. `line` is a line of `/proc/self/cgroup`.
fn left_under_limits(root: &Path, line: &str) -> Option<u64> {
    let mut parts = line.splitn(3, ':').skip(1);
    let (controllers, group) = (parts.next()?, parts.next()?);
    let (root, files): (PathBuf, &Files) = match controllers {
        "" => (root.to_owned(), &V2),
        some if some.split(',').any(|controller| controller == "memory") => (root.join("memory"), &V1),
        _ => return None,
    };
    // Inside a container the folder of the group may be the root.
    let own = root.join(group.trim_start_matches('/'));
    own.ancestors().take_while(|folder| folder.starts_with(&root)).filter_map(|folder| left(folder, files)).min()
}

fn left(group: &Path, files: &Files) -> Option<u64> {
    let read = |name: &str| fs::read_to_string(group.join(name)).ok();
    // Without a limit the file contains "max".
    let limit: u64 = read(files.limit)?.trim().parse().ok()?;
    let used: u64 = read(files.used)?.trim().parse().ok()?;
    let reclaimable = read("memory.stat").and_then(|stat| {
        stat.lines().find_map(|line| line.strip_prefix(files.reclaimable)?.trim().parse::<u64>().ok())
    });
    Some(limit.saturating_sub(used.saturating_sub(reclaimable.unwrap_or(0))))
}

/// Formats a number of bytes: `3.5 GiB`.
#[must_use]
pub fn format_bytes(bytes: u64) -> String {
    match bytes {
        0..0x40_0000 => format!("{:.1} KiB", bytes as f64 / 1024.0),
        0x40_0000..0x4000_0000 => format!("{:.0} MiB", bytes as f64 / 1_048_576.0),
        _ => format!("{:.1} GiB", bytes as f64 / 1_073_741_824.0),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn available_memory_is_read() {
        let meminfo = "MemTotal:       24683320 kB\nMemFree:        16825344 kB\nMemAvailable:   23356416 kB\n";
        assert_eq!(available_of_machine(meminfo), Some(23_356_416 * 1024));
        assert_eq!(available_of_machine("MemTotal: 1 kB\n"), None);
        if cfg!(target_os = "linux") {
            assert!(available_memory(Device::Cpu).unwrap() > 0);
        }
    }

    #[test]
    fn the_tightest_limit_of_a_group_and_its_parents_applies() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        let group = |path: &str, files: &[(&str, &str)]| {
            fs::create_dir_all(root.join(path)).unwrap();
            files.iter().for_each(|(name, text)| fs::write(root.join(path).join(name), text).unwrap());
        };
        let stat = "anon 7\ninactive_file 100\nactive_file 9\n";
        group("a", &[("memory.max", "1000\n"), ("memory.current", "700\n"), ("memory.stat", stat)]);
        group("a/b", &[("memory.max", "max\n"), ("memory.current", "600\n")]);
        group("a/c", &[("memory.max", "500\n"), ("memory.current", "450\n")]);
        assert_eq!(left_under_limits(root, "0::/a/b"), Some(400));
        assert_eq!(left_under_limits(root, "0::/a/c"), Some(50));
        assert_eq!(left_under_limits(root, "0::/elsewhere"), None);

        let v1 = [("memory.limit_in_bytes", "900\n"), ("memory.usage_in_bytes", "300\n")];
        group("memory", &v1);
        assert_eq!(left_under_limits(root, "4:cpu,memory:/not/shown/here"), Some(600));
        assert_eq!(left_under_limits(root, "2:cpuacct:/"), None);
    }
}
