//! The system, the processor, memory and disk.

use super::Finding;
use super::libtorch::State;
use super::shown::shown;
use crate::bring;
use crate::disk::{self, MEGABYTE, gigabytes, gigabytes_free};
use crate::gpu;
use crate::load_check;
use crate::parts::Parts;
use crate::probe::Probe;
use crate::requested_torch::RequestedTorch;
use crate::workspace::Workspace;
use std::env::consts::{ARCH, OS};
use std::fs;
use std::thread;

/// What a first build of the workspace and its tests takes in the target folder.
const BUILD: u64 = 4_000 * MEGABYTE;

/// What compiling LibTorch's bindings and computing with a small model take.
const LEAST_MEMORY: u64 = 4_000 * MEGABYTE;

pub fn look(workspace: &Workspace, torch: &State, probe: Option<&Probe>) -> Vec<Finding> {
    let read = |file: &str| fs::read_to_string(file).unwrap_or_default();
    let mut findings = vec![system(probe)];
    findings.extend(processor(&read("/proc/cpuinfo")));
    findings.extend(memory(&read("/proc/meminfo"), &read("/sys/fs/cgroup/memory.max")));
    findings.extend(room(workspace, torch));
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
    match probe.and_then(|probe| probe.load(&[]).ok()).and_then(|answers| answers.glibc) {
        Some(glibc) if load_check::is_new_enough(&glibc) => {
            Finding::good("system", format!("{name}, glibc {glibc}; 2.28 is needed"))
        }
        Some(glibc) => Finding::missing(
            "system",
            format!("{name}, glibc {glibc}, and 2.28 is needed"),
            "use a newer system, such as Debian 10, Ubuntu 20.04 or RHEL 8, or a container of one",
        ),
        None => Finding::good("system", name),
    }
}

/// What the processor's features mean for speed. LibTorch picks its kernels by itself.
fn processor(cpuinfo: &str) -> Option<Finding> {
    let field = |name: &str| {
        let line = cpuinfo.lines().find(|line| line.split(':').next().is_some_and(|key| key.trim() == name))?;
        line.split_once(':').map(|(_, value)| value.trim().to_owned())
    };
    let flags = field("flags")?;
    let has = |flag: &str| flags.split_whitespace().any(|found| found == flag);
    let model = field("model name").unwrap_or_else(|| "unknown".to_owned());
    let cores = thread::available_parallelism().map_or(0, usize::from);
    let says = |features: &str| format!("{cores} usable cores of {model}\n{features}");
    Some(if has("amx_bf16") {
        Finding::good(
            "processor",
            says("AMX: fast float32, very fast bfloat16; --matmul-precision medium may round to bfloat16"),
        )
    } else if has("avx512_bf16") {
        Finding::good("processor", says("AVX-512 with bfloat16: fast; --matmul-precision medium is faster still"))
    } else if has("avx512f") {
        Finding::good("processor", says("AVX-512: fast in float32; bfloat16 is emulated and slow"))
    } else if has("avx2") {
        Finding::good(
            "processor",
            says("AVX2, no AVX-512: about half as fast a core as with it; bfloat16 is emulated and slow"),
        )
    } else {
        Finding::note(
            "processor",
            says("no AVX2: LibTorch runs, many times slower"),
            "a processor of 2015 or later has it",
        )
    })
}

fn memory(meminfo: &str, limit: &str) -> Option<Finding> {
    let kilobytes = |name: &str| {
        let line = meminfo.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse::<u64>().ok()
    };
    let (total, free) = (1024 * kilobytes("MemTotal:")?, 1024 * kilobytes("MemAvailable:")?);
    // A container's limit; it reads `max` where there is none.
    let limit = limit.trim().parse::<u64>().ok().filter(|limit| *limit < total);
    let says = match limit {
        Some(limit) => format!("{}, the container's limit", gigabytes_free(limit)),
        None => format!("{}, {} of them free", gigabytes_free(total), gigabytes_free(free)),
    };
    Some(if limit.unwrap_or(total).min(free) >= LEAST_MEMORY {
        Finding::good("memory", says)
    } else {
        Finding::note("memory", says, "builds may run out: `cargo build -j 1` takes least; close what you can")
    })
}

fn room(workspace: &Workspace, torch: &State) -> Option<Finding> {
    let free = disk::free(&workspace.root)?;
    let (set_up, what) = match torch {
        State::NotThere(RequestedTorch::Download(_)) if gpu::present() => {
            (bring::room(Parts::Cuda), "set-up with CUDA")
        }
        State::NotThere(RequestedTorch::Download(_)) => (bring::room(Parts::Cpu), "set-up"),
        _ => (0, ""),
    };
    let says = format!("{} free in {}", gigabytes_free(free), shown(&workspace.root));
    let needs = if set_up > 0 { format!("{what} takes {}, ", gigabytes(set_up)) } else { String::new() };
    let needs = format!("{needs}a first build about {}", gigabytes(BUILD));
    Some(if free < set_up {
        Finding::missing("disk", format!("{says}; {needs}"), "free some, or work in a copy on another disk")
    } else if free < set_up + BUILD {
        Finding::note(
            "disk",
            format!("{says}; {needs}"),
            "free some, or let CARGO_TARGET_DIR name a folder on another disk",
        )
    } else {
        Finding::good("disk", format!("{says}; {needs}"))
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::super::report::Grade;
    use super::*;

    #[test]
    fn the_processors_features_are_judged() {
        for (flags, grade, words) in [
            ("avx2 avx512f avx512_bf16 amx_bf16", Grade::Good, "AMX"),
            ("avx2 avx512f avx512_bf16", Grade::Good, "with bfloat16"),
            ("avx2 avx512f", Grade::Good, "fast in float32"),
            ("sse2 avx2", Grade::Good, "no AVX-512"),
            ("sse2", Grade::Note, "no AVX2"),
        ] {
            let found = processor(&format!("model name\t: A CPU\nflags\t\t: {flags}\n")).unwrap();
            assert!(found.grade == grade && found.says.contains(words), "{flags}: {found:?}");
        }
        assert_eq!(processor(""), None);
    }

    #[test]
    fn the_lesser_of_memory_and_limit_counts() {
        let meminfo = "MemTotal:       24000000 kB\nMemFree: 1 kB\nMemAvailable:   20000000 kB\n";
        assert_eq!(memory(meminfo, "max\n").unwrap().grade, Grade::Good);
        let limited = memory(meminfo, "2000000000\n").unwrap();
        assert!(limited.grade == Grade::Note && limited.says.contains("2.0 GB, the container's limit"), "{limited:?}");
    }
}
