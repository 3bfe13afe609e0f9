//! Device names, and the devices that they resolve to on this machine.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use align_torch::{CudaLibrary, DeviceChoice, DeviceError, load_cuda};
use tch::{Device, Kind, Tensor};

#[test]
fn names_are_parsed_and_displayed() {
    for (name, choice, written) in [
        ("auto", DeviceChoice::Auto, "auto"),
        ("cpu", DeviceChoice::Cpu, "cpu"),
        ("cuda", DeviceChoice::Cuda(0), "cuda:0"),
        ("cuda:0", DeviceChoice::Cuda(0), "cuda:0"),
        ("cuda:12", DeviceChoice::Cuda(12), "cuda:12"),
    ] {
        assert_eq!(name.parse(), Ok(choice), "{name}");
        assert_eq!(choice.to_string(), written);
        assert_eq!(serde_json::from_str::<DeviceChoice>(&format!("\"{name}\"")).unwrap(), choice);
        assert_eq!(serde_json::to_string(&choice).unwrap(), format!("\"{written}\""));
    }
}

#[test]
fn unknown_names_are_rejected() {
    for name in ["", "gpu", "CPU", " cpu", "cuda:", "cuda:-1", "cuda:+1", "cuda:1 ", "cuda:99999999999999999999"] {
        let error = name.parse::<DeviceChoice>().unwrap_err().to_string();
        assert!(error.contains(&format!("{name:?}")) && error.contains("cuda:N"), "{error}");
    }
    let error = serde_json::from_str::<DeviceChoice>("\"tpu\"").unwrap_err().to_string();
    assert!(error.contains("tpu"), "{error}");
}

#[test]
fn the_cpu_needs_no_cuda() {
    assert_eq!(DeviceChoice::Cpu.resolve(), Ok(Device::Cpu));
}

/// With a GPU, a tensor is created on it. Without one, the error message explains what to do.
#[test]
fn cuda_works_or_explains_why_not() {
    match DeviceChoice::Cuda(0).resolve() {
        Ok(device) => {
            assert_eq!(load_cuda(), &CudaLibrary::Loaded);
            assert_eq!(device, Device::Cuda(0));
            assert_eq!(DeviceChoice::Auto.resolve(), Ok(Device::Cuda(0)));
            let x = Tensor::ones([8, 8], (Kind::Float, device));
            assert_eq!(x.matmul(&x).double_value(&[0, 0]), 8.0);
            let count = usize::try_from(tch::Cuda::device_count()).unwrap();
            let beyond = DeviceChoice::Cuda(count).resolve();
            assert_eq!(beyond, Err(DeviceError::NoSuchGpu { index: count, last: count - 1 }));
        }
        Err(error) => {
            assert_eq!(DeviceChoice::Auto.resolve(), Ok(Device::Cpu));
            match load_cuda() {
                CudaLibrary::Loaded => assert_eq!(error, DeviceError::NoGpu),
                CudaLibrary::NotFound { reason } => {
                    assert!(reason.contains("libtorch_cuda.so"), "{reason}");
                    assert_eq!(error, DeviceError::NoCudaLibrary { reason: reason.clone() });
                }
                CudaLibrary::Broken { reason } => {
                    assert_eq!(error, DeviceError::BrokenCudaLibrary { reason: reason.clone() });
                }
            }
            assert!(error.to_string().contains("device cpu"), "{error}");
        }
    }
}
