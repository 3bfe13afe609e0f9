//! The wheels that contain LibTorch, and the files that are needed from each.

use crate::compute_platform::ComputePlatform;
use crate::disk::MEGABYTE;

/// A wheel of the package index. Its Python code is not used, so one file is enough for all Python versions.
pub struct Wheel {
    pub distribution: &'static str,
    pub version: &'static str,
    /// The checksum of the file.
    pub sha256: &'static str,
    /// The size of the file.
    pub bytes: u64,
    /// A folder to unpack completely, and its target.
    pub folder: Option<(&'static str, &'static str)>,
    /// The libraries that a CPU-only LibTorch needs; they are unpacked into `lib/`.
    cpu: Contents,
    /// The libraries that CUDA needs in addition.
    cuda: Contents,
}

/// The unpacked size of some libraries of a wheel in megabytes, and their names.
struct Contents(u64, &'static [&'static str]);

const NONE: Contents = Contents(0, &[]);

impl Wheel {
    /// The libraries to unpack. All must exist.
    pub fn libraries(&self, platform: ComputePlatform) -> impl Iterator<Item = &'static str> {
        let more: &[&str] = if platform == ComputePlatform::Cuda { self.cuda.1 } else { &[] };
        self.cpu.1.iter().chain(more).copied()
    }

    pub fn unpacked_bytes(&self, platform: ComputePlatform) -> u64 {
        MEGABYTE * (self.cpu.0 + if platform == ComputePlatform::Cuda { self.cuda.0 } else { 0 })
    }
}

/// The wheels that a platform needs.
pub fn wheels_for(platform: ComputePlatform) -> impl Iterator<Item = &'static Wheel> {
    WHEELS.iter().filter(move |wheel| wheel.libraries(platform).next().is_some())
}

/// The target of a library in `.libtorch`. All are in one folder, because the libraries search for each other there.
pub fn library_target(entry: &str) -> String {
    format!("lib/{}", entry.rsplit('/').next().unwrap_or(entry))
}

/// The wheels of torch 2.11.0 and its dependencies, except those that none of its libraries loads. A CPU-only LibTorch needs two small CUDA
/// libraries too.
const WHEELS: [Wheel; 15] = [
    Wheel {
        folder: Some(("torch/include/", "include/")),
        cpu: Contents(
            520,
            &["torch/lib/libtorch_cpu.so", "torch/lib/libtorch.so", "torch/lib/libc10.so", "torch/lib/libgomp.so.1"],
        ),
        ..cuda(
            "torch",
            "2.11.0",
            "7aa2f9bbc6d4595ba72138026b2074be1233186150e9292865e04b7a63b8c67a",
            530_604_548,
            Contents(
                515,
                &[
                    "torch/lib/libtorch_cuda.so",
                    "torch/lib/libtorch_cuda_linalg.so",
                    "torch/lib/libtorch_nvshmem.so",
                    "torch/lib/libc10_cuda.so",
                    "torch/lib/libcaffe2_nvrtc.so",
                ],
            ),
        )
    },
    Wheel {
        cpu: Contents(1, &["nvidia/cu13/lib/libcudart.so.13"]),
        ..cuda(
            "nvidia-cuda-runtime",
            "13.0.96",
            "7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548",
            2_243_632,
            NONE,
        )
    },
    Wheel {
        cpu: Contents(5, &["nvidia/cu13/lib/libcupti.so.13"]),
        ..cuda(
            "nvidia-cuda-cupti",
            "13.0.85",
            "4eb01c08e859bf924d222250d2e8f8b8ff6d3db4721288cf35d14252a4d933c8",
            10_715_597,
            NONE,
        )
    },
    cuda(
        "nvidia-cublas",
        "13.1.0.3",
        "ee8722c1f0145ab246bccb9e452153b5e0515fd094c3678df50b2a0888b8b171",
        423_133_236,
        Contents(596, &["nvidia/cu13/lib/libcublas.so.13", "nvidia/cu13/lib/libcublasLt.so.13"]),
    ),
    cuda(
        "nvidia-cudnn-cu13",
        "9.19.0.56",
        "d20e1734305e9d68889a96e3f35094d733ff1f83932ebe462753973e53a572bf",
        366_066_321,
        Contents(
            494,
            &[
                "nvidia/cudnn/lib/libcudnn.so.9",
                "nvidia/cudnn/lib/libcudnn_adv.so.9",
                "nvidia/cudnn/lib/libcudnn_cnn.so.9",
                "nvidia/cudnn/lib/libcudnn_engines_precompiled.so.9",
                "nvidia/cudnn/lib/libcudnn_engines_runtime_compiled.so.9",
                "nvidia/cudnn/lib/libcudnn_graph.so.9",
                "nvidia/cudnn/lib/libcudnn_heuristic.so.9",
                "nvidia/cudnn/lib/libcudnn_ops.so.9",
            ],
        ),
    ),
    cuda(
        "nvidia-cufft",
        "12.0.0.61",
        "6c44f692dce8fd5ffd3e3df134b6cdb9c2f72d99cf40b62c32dde45eea9ddad3",
        214_085_489,
        Contents(287, &["nvidia/cu13/lib/libcufft.so.12"]),
    ),
    cuda(
        "nvidia-cusolver",
        "12.0.4.66",
        "0a759da5dea5c0ea10fd307de75cdeb59e7ea4fcb8add0924859b944babf1112",
        200_941_980,
        Contents(142, &["nvidia/cu13/lib/libcusolver.so.12"]),
    ),
    cuda(
        "nvidia-nccl-cu13",
        "2.28.9",
        "e4553a30f34195f3fa1da02a6da3d6337d28f2003943aa0a3d247bbc25fefc42",
        196_493_177,
        Contents(218, &["nvidia/nccl/lib/libnccl.so.2"]),
    ),
    cuda(
        "nvidia-cusparselt-cu13",
        "0.8.0",
        "25e30a8a7323935d4ad0340b95a0b69926eee755767e8e0b1cf8dd85b197d3fd",
        169_884_119,
        Contents(234, &["nvidia/cusparselt/lib/libcusparseLt.so.0"]),
    ),
    cuda(
        "nvidia-cusparse",
        "12.6.3.3",
        "2b3c89c88d01ee0e477cb7f82ef60a11a4bcd57b6b87c33f789350b59759360b",
        145_942_937,
        Contents(163, &["nvidia/cu13/lib/libcusparse.so.12"]),
    ),
    cuda(
        "nvidia-cuda-nvrtc",
        "13.0.88",
        "ad9b6d2ead2435f11cbb6868809d2adeeee302e9bb94bcf0539c7a40d80e8575",
        90_215_200,
        Contents(114, &["nvidia/cu13/lib/libnvrtc.so.13", "nvidia/cu13/lib/libnvrtc-builtins.so.13.0"]),
    ),
    cuda(
        "nvidia-nvshmem-cu13",
        "3.4.5",
        "290f0a2ee94c9f3687a02502f3b9299a9f9fe826e6d0287ee18482e78d495b80",
        60_412_546,
        Contents(42, &["nvidia/nvshmem/lib/libnvshmem_host.so.3"]),
    ),
    cuda(
        "nvidia-curand",
        "10.4.0.35",
        "1aee33a5da6e1db083fe2b90082def8915f30f3248d5896bcec36a579d941bfc",
        59_544_258,
        Contents(133, &["nvidia/cu13/lib/libcurand.so.10"]),
    ),
    cuda(
        "nvidia-nvjitlink",
        "13.0.88",
        "13a74f429e23b921c1109976abefacc69835f2f433ebd323d3946e11d804e47b",
        40_713_933,
        Contents(99, &["nvidia/cu13/lib/libnvJitLink.so.13"]),
    ),
    cuda(
        "nvidia-cufile",
        "1.15.1.6",
        "08a3ecefae5a01c7f5117351c64f17c7c62efa5fffdbe24fc7d298da19cd0b44",
        1_223_672,
        Contents(4, &["nvidia/cu13/lib/libcufile.so.0"]),
    ),
];

/// A wheel that only a LibTorch with CUDA needs.
const fn cuda(
    distribution: &'static str,
    version: &'static str,
    sha256: &'static str,
    bytes: u64,
    cuda: Contents,
) -> Wheel {
    Wheel { distribution, version, sha256, bytes, folder: None, cpu: NONE, cuda }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::libtorch_check::TORCH_VERSION;
    use std::collections::HashSet;

    #[test]
    fn the_wheels_have_the_required_torch_version() {
        assert_eq!((WHEELS[0].distribution, WHEELS[0].version), ("torch", TORCH_VERSION));
    }

    #[test]
    fn the_cpu_half_needs_three_wheels_and_the_cuda_half_all() {
        assert_eq!(wheels_for(ComputePlatform::Cpu).count(), 3);
        assert_eq!(wheels_for(ComputePlatform::Cuda).count(), WHEELS.len());
    }

    #[test]
    fn no_two_libraries_have_the_same_target() {
        let targets: Vec<_> =
            WHEELS.iter().flat_map(|wheel| wheel.libraries(ComputePlatform::Cuda)).map(library_target).collect();
        assert_eq!(targets.iter().collect::<HashSet<_>>().len(), targets.len());
        assert!(targets.contains(&"lib/libtorch_cuda.so".to_owned()));
    }

    #[test]
    fn checksums_are_valid() {
        for wheel in &WHEELS {
            let hex = wheel.sha256.bytes().all(|b| b.is_ascii_hexdigit());
            assert!(hex && wheel.sha256.len() == 64, "{}", wheel.distribution);
        }
    }
}
