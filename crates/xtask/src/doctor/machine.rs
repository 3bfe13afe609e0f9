//! The operating system, the processor, memory and disk.

use super::Finding;
use super::display_path::display_path;
use super::libtorch::State;
use crate::compute_platform::ComputePlatform;
use crate::disk::{self, MEGABYTE, gigabytes, gigabytes_free};
use crate::download;
use crate::gpu;
use crate::load_check;
use crate::probe::Probe;
use crate::requested_torch::RequestedTorch;
use crate::workspace::Workspace;
use std::env::consts::{ARCH, OS};
use std::fs;
use std::thread;

/// The disk space of a first build of the workspace and its tests.
const BUILD_SIZE: u64 = 4_000 * MEGABYTE;

/// The memory needed to compile LibTorch's bindings and to run a small model.
const MIN_MEMORY: u64 = 4_000 * MEGABYTE;

pub fn check(workspace: &Workspace, torch: &State, probe: Option<&Probe>) -> Vec<Finding> {
    let read = |file: &str| fs::read_to_string(file).unwrap_or_default();
    let mut findings = vec![system(probe)];
    findings.extend(processor(&read("/proc/cpuinfo")));
    findings.extend(memory(&read("/proc/meminfo"), &read("/sys/fs/cgroup/memory.max")));
    findings.extend(disk_space(workspace, torch));
    findings
}

fn system(probe: Option<&Probe>) -> Finding {
    let name = format!("{OS} {ARCH}");
    if !cfg!(all(target_os = "linux", target_arch = "x86_64", target_env = "gnu")) {
        return Finding::note(
            "system",
            format!("{name}: untested, and LibTorch is not downloaded for it"),
            "set LIBTORCH to the folder of a LibTorch 2.11 for this system, or LIBTORCH_USE_PYTORCH=1",
        );
    }
    match probe.and_then(|probe| probe.load(&[]).ok()).and_then(|results| results.glibc) {
        Some(glibc) if load_check::is_new_enough(&glibc) => {
            Finding::good("system", format!("{name}, glibc {glibc}; 2.28 or newer is needed"))
        }
        Some(glibc) => Finding::missing(
            "system",
            format!("{name}, glibc {glibc}, but 2.28 or newer is needed"),
            "use a newer system, such as Debian 10, Ubuntu 20.04 or RHEL 8, or a container with one",
        ),
        None => Finding::good("system", name),
    }
}

/// The processor's features and their effect on speed. LibTorch selects its kernels by itself.
fn processor(cpuinfo: &str) -> Option<Finding> {
    let field = |name: &str| {
        let line = cpuinfo.lines().find(|line| line.split(':').next().is_some_and(|key| key.trim() == name))?;
        line.split_once(':').map(|(_, value)| value.trim().to_owned())
    };
    let flags = field("flags")?;
    let has = |flag: &str| flags.split_whitespace().any(|found| found == flag);
    let model = field("model name").unwrap_or_else(|| "unknown".to_owned());
    let cores = thread::available_parallelism().map_or(0, usize::from);
    let text = |features: &str| format!("{cores} usable cores, {model}\n{features}");
    Some(if has("amx_bf16") {
        Finding::good(
            "processor",
            text("AMX: fast float32, very fast bfloat16; --matmul-precision medium may round to bfloat16"),
        )
    } else if has("avx512_bf16") {
        Finding::good("processor", text("AVX-512 with bfloat16: fast; --matmul-precision medium is faster still"))
    } else if has("avx512f") {
        Finding::good("processor", text("AVX-512: fast in float32; bfloat16 is emulated and slow"))
    } else if has("avx2") {
        Finding::good(
            "processor",
            text("AVX2, no AVX-512: about half the speed per core of AVX-512; bfloat16 is emulated and slow"),
        )
    } else {
        Finding::note(
            "processor",
            text("no AVX2: LibTorch runs, but many times slower"),
            "use a processor with AVX2 (most since 2015)",
        )
    })
}

fn memory(meminfo: &str, limit: &str) -> Option<Finding> {
    let kilobytes = |name: &str| {
        let line = meminfo.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse::<u64>().ok()
    };
    let (total, free) = (1024 * kilobytes("MemTotal:")?, 1024 * kilobytes("MemAvailable:")?);
    // The limit of a container, or `max` if there is none.
    let limit = limit.trim().parse::<u64>().ok().filter(|limit| *limit < total);
    let text = match limit {
        Some(limit) => format!("{}, the container's limit", gigabytes_free(limit)),
        None => format!("{}, {} free", gigabytes_free(total), gigabytes_free(free)),
    };
    Some(if limit.unwrap_or(total).min(free) >= MIN_MEMORY {
        Finding::good("memory", text)
    } else {
        Finding::note("memory", text, "builds may run out of memory: close other programs, or use `cargo build -j 1`")
    })
}

fn disk_space(workspace: &Workspace, torch: &State) -> Option<Finding> {
    let free = disk::free(&workspace.root)?;
    let (set_up, description) = match torch {
        State::NotInstalled(RequestedTorch::Download(_)) if gpu::is_present() => {
            (download::peak_disk_usage(ComputePlatform::Cuda), "setup with CUDA")
        }
        State::NotInstalled(RequestedTorch::Download(_)) => (download::peak_disk_usage(ComputePlatform::Cpu), "setup"),
        _ => (0, ""),
    };
    let text = format!("{} free in {}", gigabytes_free(free), display_path(&workspace.root));
    let needs = if set_up > 0 { format!("{description} takes {}, ", gigabytes(set_up)) } else { String::new() };
    let needs = format!("{needs}a first build about {}", gigabytes(BUILD_SIZE));
    Some(if free < set_up {
        Finding::missing("disk", format!("{text}; {needs}"), "free some space, or work in a copy on another disk")
    } else if free < set_up + BUILD_SIZE {
        Finding::note(
            "disk",
            format!("{text}; {needs}"),
            "free some space, or set CARGO_TARGET_DIR to a folder on another disk",
        )
    } else {
        Finding::good("disk", format!("{text}; {needs}"))
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::super::report::Grade;
    use super::*;

    #[test]
    fn the_processors_features_are_graded() {
        for (flags, grade, words) in [
            ("avx2 avx512f avx512_bf16 amx_bf16", Grade::Good, "AMX"),
            ("avx2 avx512f avx512_bf16", Grade::Good, "with bfloat16"),
            ("avx2 avx512f", Grade::Good, "fast in float32"),
            ("sse2 avx2", Grade::Good, "no AVX-512"),
            ("sse2", Grade::Note, "no AVX2"),
        ] {
            let found = processor(&format!("model name\t: A CPU\nflags\t\t: {flags}\n")).unwrap();
            assert!(found.grade == grade && found.text.contains(words), "{flags}: {found:?}");
        }
        assert_eq!(processor(""), None);
    }

    #[test]
    fn the_containers_memory_limit_counts() {
        let meminfo = "MemTotal:       24000000 kB\nMemFree: 1 kB\nMemAvailable:   20000000 kB\n";
        assert_eq!(memory(meminfo, "max\n").unwrap().grade, Grade::Good);
        let limited = memory(meminfo, "2000000000\n").unwrap();
        assert!(limited.grade == Grade::Note && limited.text.contains("2.0 GB, the container's limit"), "{limited:?}");
    }
}
