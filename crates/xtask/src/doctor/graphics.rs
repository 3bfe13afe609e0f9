//! The NVIDIA GPU, its driver, and whether LibTorch reaches it.

use super::Finding;
use super::libtorch::State;
use crate::gpu::{self, LEAST_DRIVER};
use crate::load_check;
use crate::parts::Parts;
use crate::probe::Probe;
use crate::pythons_torch;
use crate::workspace::Workspace;
use std::path::Path;

pub fn look(workspace: &Workspace, torch: &State, probe: Option<&Probe>) -> Vec<Finding> {
    if !gpu::present() {
        return vec![Finding::good("GPU", "no NVIDIA GPU: the CPU computes")];
    }
    let gpus = gpu::list();
    let mut findings: Vec<Finding> =
        gpus.iter().map(|gpu| Finding::good("GPU", format!("{}, {}", gpu.name, gpu.memory))).collect();
    if findings.is_empty() {
        findings.push(Finding::good("GPU", "an NVIDIA GPU; nvidia-smi, which would name it, does not answer"));
    }
    findings.push(driver(gpu::kernel_driver().or_else(|| gpus.first().map(|gpu| gpu.driver.clone()))));
    findings.extend(reached(&workspace.libtorch, torch, probe));
    findings
}

fn driver(version: Option<String>) -> Finding {
    let update = format!(
        "install NVIDIA's driver {LEAST_DRIVER} or newer, or use the torch 2.11 for CUDA 12 of your Python: \
         LIBTORCH_USE_PYTORCH=1"
    );
    let Some(version) = version else {
        return Finding::note("driver", "none found", update);
    };
    match gpu::driver_serves(&version) {
        Some(true) => Finding::good("driver", format!("{version}; CUDA 13 needs {LEAST_DRIVER}")),
        Some(false) => Finding::note("driver", format!("{version}, and CUDA 13 needs {LEAST_DRIVER}"), update),
        None => Finding::note("driver", format!("{version:?}, which is no version"), update),
    }
}

/// What LibTorch itself says of the GPU.
fn reached(folder: &Path, torch: &State, probe: Option<&Probe>) -> Option<Finding> {
    if !torch.is_there() {
        return None;
    }
    if Parts::of(folder) == Parts::Cpu {
        let remedy = match pythons_torch::with_cuda() {
            Some(_) => "LIBTORCH_USE_PYTORCH=1 cargo xtask setup    (your Python has a torch 2.11 with CUDA)",
            None => "cargo xtask setup --cuda",
        };
        return Some(Finding::note("LibTorch", "has no CUDA half, so the GPU is not used", remedy));
    }
    Some(match load_check::load(probe?, folder, Parts::Cuda).ok()?.gpus? {
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
    fn an_old_driver_is_told_of() {
        assert_eq!(driver(Some("580.65.06".into())).grade, Grade::Good);
        for version in [None, Some("550.54.15".to_owned()), Some("odd".to_owned())] {
            assert_eq!(driver(version).grade, Grade::Note);
        }
    }
}
