//! `cargo xtask setup`: installs LibTorch in `.libtorch` atomically.

use crate::compute_platform::{ComputePlatform, RequestedPlatform};
use crate::download;
use crate::failure::{Context, Failure};
use crate::gpu;
use crate::install;
use crate::interrupt;
use crate::libtorch_check::{self, TORCH_VERSION};
use crate::load_check;
use crate::marker::Marker;
use crate::probe::Probe;
use crate::python_torch;
use crate::requested_torch::{ExistingTorch, RequestedTorch};
use crate::setup_options::SetupOptions;
use crate::up_to_date::{download_source, is_up_to_date};
use crate::work_folder::{WorkFolder, create_dir, lock};
use crate::workspace::Workspace;
use std::env;
use std::path::Path;

/// Whether `.libtorch` is the LibTorch that the options and the environment request.
pub fn is_done(workspace: &Workspace, options: &SetupOptions) -> Result<bool, Failure> {
    let requested = RequestedTorch::new(options, |name| env::var_os(name), &workspace.libtorch)?;
    Ok(is_up_to_date(&workspace.libtorch, &requested, any_version()))
}

/// Installs the LibTorch that the options and the environment request, unless `.libtorch` is up to date.
pub fn setup(workspace: &Workspace, options: &SetupOptions) -> Result<(), Failure> {
    let requested = RequestedTorch::new(options, |name| env::var_os(name), &workspace.libtorch)?;
    let any_version = any_version();
    if is_up_to_date(&workspace.libtorch, &requested, any_version) {
        return Ok(());
    }
    interrupt::install_handler();
    let _lock = lock(&workspace.setup_folder)?;
    if is_up_to_date(&workspace.libtorch, &requested, any_version) {
        return Ok(());
    }
    let work = WorkFolder::create(&workspace.setup_folder)?;
    // Check everything that may fail before anything is downloaded.
    let probe = Probe::compile(&work.path)?;
    load_check::require_glibc(&probe)?;
    let staging = work.path.join("libtorch");
    create_dir(&staging)?;
    let source = install_in(&requested, &work, &staging, any_version)?;
    check(&requested, &staging, any_version)?;
    load_check::check(&probe, &staging)?;
    interrupt::check()?;
    Marker { version: TORCH_VERSION.to_owned(), source }.write(&staging)?;
    install::flush(&staging)?;
    install::replace(&workspace.libtorch, &staging, &work.path.join("replaced"))?;
    if let Ok(target) = workspace.libtorch.join("lib").read_link() {
        eprintln!("align: .libtorch/lib now links to {}", target.display());
    }
    Ok(())
}

fn any_version() -> bool {
    env::var_os("LIBTORCH_BYPASS_VERSION_CHECK").is_some()
}

/// Installs LibTorch in the staging folder, and returns its source for the marker.
fn install_in(
    requested: &RequestedTorch,
    work: &WorkFolder,
    staging: &Path,
    any_version: bool,
) -> Result<String, Failure> {
    match requested {
        RequestedTorch::Download(RequestedPlatform::Exactly(platform)) => download(*platform, work, staging),
        RequestedTorch::Download(RequestedPlatform::Auto) if !gpu::is_present() => {
            download(ComputePlatform::Cpu, work, staging)
        }
        RequestedTorch::Download(RequestedPlatform::Auto) => match python_torch::with_cuda() {
            Some(torch) => {
                eprintln!(
                    "align: this machine has an NVIDIA GPU, and Python has a torch with CUDA: no download is needed\n       \
                     (`cargo xtask setup --cuda` downloads a separate one, `--cpu` one without CUDA)"
                );
                use_existing(&ExistingTorch::in_one_folder("Python", torch), staging, any_version)
            }
            None => {
                eprintln!(
                    "align: this machine has an NVIDIA GPU, so LibTorch is downloaded with CUDA (without: `cargo xtask setup \
                     --cpu`)"
                );
                download(ComputePlatform::Cuda, work, staging)
            }
        },
        RequestedTorch::Zip(zip) => zip.unpack_into(work, staging).map(|()| zip.to_string()),
        RequestedTorch::Existing(existing) => use_existing(existing, staging, any_version),
    }
}

fn download(platform: ComputePlatform, work: &WorkFolder, staging: &Path) -> Result<String, Failure> {
    download::download(platform, work, staging).map(|()| download_source(platform).to_owned())
}

fn use_existing(existing: &ExistingTorch, staging: &Path, any_version: bool) -> Result<String, Failure> {
    let ExistingTorch { named_by, include_root, lib_root } = existing;
    libtorch_check::check(include_root, lib_root, any_version)
        .context(|| format!("{named_by} names a LibTorch that cannot be used"))
        .map_err(|failure| {
            failure.remedy(format!(
                "Unset {named_by} to download {TORCH_VERSION}, or set LIBTORCH to the folder of a LibTorch {TORCH_VERSION} \
                 with include/ and lib/."
            ))
        })?;
    install::link(&include_root.join("include"), &staging.join("include"))?;
    install::link(&lib_root.join("lib"), &staging.join("lib"))?;
    Ok(existing.source())
}

/// Checks the staging folder. An existing LibTorch was checked before.
fn check(requested: &RequestedTorch, staging: &Path, any_version: bool) -> Result<(), Failure> {
    let checked = libtorch_check::check(staging, staging, any_version);
    match requested {
        RequestedTorch::Zip(zip) => {
            checked.context(|| format!("{zip} does not contain the required LibTorch")).map_err(|failure| {
                failure.remedy(format!(
                    "The official zip is {}",
                    crate::zip_source::official(ComputePlatform::of_folder(staging))
                ))
            })
        }
        _ => checked,
    }
}
