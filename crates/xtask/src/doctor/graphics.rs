//! The NVIDIA GPU, its driver, and whether LibTorch can use it.

use super::Finding;
use super::libtorch::State;
use crate::compute_platform::ComputePlatform;
use crate::gpu::{self, MIN_DRIVER};
use crate::load_check;
use crate::probe::Probe;
use crate::python_torch;
use crate::workspace::Workspace;
use std::path::Path;

pub fn check(workspace: &Workspace, torch: &State, probe: Option<&Probe>) -> Vec<Finding> {
    if !gpu::is_present() {
        return vec![Finding::good("GPU", "no NVIDIA GPU: computations run on the CPU")];
    }
    let gpus = gpu::list();
    let mut findings: Vec<Finding> =
        gpus.iter().map(|gpu| Finding::good("GPU", format!("{}, {}", gpu.name, gpu.memory))).collect();
    if findings.is_empty() {
        findings.push(Finding::good("GPU", "an NVIDIA GPU of unknown model (nvidia-smi does not run)"));
    }
    findings.push(driver(gpu::kernel_driver().or_else(|| gpus.first().map(|gpu| gpu.driver.clone()))));
    findings.extend(visible_gpus(&workspace.libtorch, torch, probe));
    findings
}

fn driver(version: Option<String>) -> Finding {
    let update = format!(
        "install NVIDIA's driver {MIN_DRIVER} or newer, or use a torch 2.11 for CUDA 12 from Python: \
         LIBTORCH_USE_PYTORCH=1"
    );
    let Some(version) = version else {
        return Finding::note("driver", "none found", update);
    };
    match gpu::supports_cuda_13(&version) {
        Some(true) => Finding::good("driver", format!("{version}; CUDA 13 needs {MIN_DRIVER}")),
        Some(false) => Finding::note("driver", format!("{version}, but CUDA 13 needs {MIN_DRIVER}"), update),
        None => Finding::note("driver", format!("{version:?} is not a version number"), update),
    }
}

/// Whether LibTorch itself sees a GPU.
fn visible_gpus(folder: &Path, torch: &State, probe: Option<&Probe>) -> Option<Finding> {
    if !torch.is_installed() {
        return None;
    }
    if ComputePlatform::of_folder(folder) == ComputePlatform::Cpu {
        let remedy = match python_torch::with_cuda() {
            Some(_) => "LIBTORCH_USE_PYTORCH=1 cargo xtask setup    (your Python has a torch 2.11 with CUDA)",
            None => "cargo xtask setup --cuda",
        };
        return Some(Finding::note("LibTorch", "has no CUDA libraries, so the GPU is not used", remedy));
    }
    Some(match load_check::load(probe?, folder, ComputePlatform::Cuda).ok()?.gpus? {
        Ok(1) => Finding::good("LibTorch", "sees 1 GPU"),
        Ok(count) => Finding::good("LibTorch", format!("sees {count} GPUs")),
        Err(reason) => Finding::note(
            "LibTorch",
            format!("sees no GPU: {reason}"),
            "check `nvidia-smi`, the driver's version above, and the variable CUDA_VISIBLE_DEVICES",
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::super::report::Grade;
    use super::*;

    #[test]
    fn an_old_driver_is_noted() {
        assert_eq!(driver(Some("580.65.06".into())).grade, Grade::Good);
        for version in [None, Some("550.54.15".to_owned()), Some("odd".to_owned())] {
            assert_eq!(driver(version).grade, Grade::Note);
        }
    }
}
