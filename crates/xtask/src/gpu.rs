//! Detects an NVIDIA GPU and its driver.

use std::fs;
use std::process::Command;

/// The oldest driver that supports CUDA 13.
pub const MIN_DRIVER: u32 = 580;

/// Whether programs can access an NVIDIA GPU. `/proc` cannot tell: in a container it shows the host's GPUs.
pub fn is_present() -> bool {
    let devices = fs::read_dir("/dev").into_iter().flatten().filter_map(Result::ok);
    devices.map(|entry| entry.file_name()).any(|name| is_gpu(&name.to_string_lossy())) || !list().is_empty()
}

fn is_gpu(device: &str) -> bool {
    let number = device.strip_prefix("nvidia");
    number.is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
}

/// A GPU as listed by nvidia-smi.
#[derive(Debug, PartialEq, Eq)]
pub struct Gpu {
    pub name: String,
    pub memory: String,
    pub driver: String,
}

/// The GPUs that nvidia-smi lists; empty if nvidia-smi is not installed.
pub fn list() -> Vec<Gpu> {
    let query = ["--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"];
    match Command::new("nvidia-smi").args(query).output() {
        Ok(output) if output.status.success() => parse_list(&String::from_utf8_lossy(&output.stdout)),
        _ => Vec::new(),
    }
}

fn parse_list(lines: &str) -> Vec<Gpu> {
    let gpu = |line: &str| match line.split(", ").collect::<Vec<_>>()[..] {
        [name, memory, driver] => Some(Gpu { name: name.into(), memory: memory.into(), driver: driver.trim().into() }),
        _ => None,
    };
    lines.lines().filter_map(gpu).collect()
}

/// The driver that the kernel has loaded.
pub fn kernel_driver() -> Option<String> {
    read_driver(&fs::read_to_string("/proc/driver/nvidia/version").ok()?)
}

/// Finds the version in a line such as `NVRM version: NVIDIA UNIX x86_64 Kernel Module  580.65.06  Sun Jul 27 …`.
fn read_driver(text: &str) -> Option<String> {
    let is_version = |word: &&str| word.contains('.') && word.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    text.lines().next()?.split_whitespace().find(is_version).map(str::to_owned)
}

/// Whether a driver supports CUDA 13; `None` if the text is not a version number.
pub fn supports_cuda_13(version: &str) -> Option<bool> {
    version.split('.').next()?.parse::<u32>().ok().map(|major| major >= MIN_DRIVER)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn only_numbered_devices_are_gpus() {
        assert!(is_gpu("nvidia0") && is_gpu("nvidia12"));
        assert!(!is_gpu("nvidiactl") && !is_gpu("nvidia") && !is_gpu("nvidia-uvm"));
    }

    #[test]
    fn the_driver_version_of_both_kernel_modules_is_found() {
        let closed =
            "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  Tue Mar  5 22:23:56 UTC 2024\nGCC 12.2.0";
        let open = "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.65.06  Release Build  (dvs)";
        assert_eq!(read_driver(closed).as_deref(), Some("550.54.15"));
        assert_eq!(read_driver(open).as_deref(), Some("580.65.06"));
        assert_eq!(read_driver("nothing"), None);
        assert_eq!(supports_cuda_13("550.54.15"), Some(false));
        assert_eq!(supports_cuda_13("580.65.06"), Some(true));
        assert_eq!(supports_cuda_13("odd"), None);
    }

    #[test]
    fn the_list_is_parsed() {
        let list = parse_list("NVIDIA H100 80GB HBM3, 81559 MiB, 580.65.06\nodd\n");
        assert_eq!(list.len(), 1);
        assert_eq!((list[0].name.as_str(), list[0].driver.as_str()), ("NVIDIA H100 80GB HBM3", "580.65.06"));
    }
}
