//! `cargo xtask setup`: `.libtorch`, finished or not there at all.

use crate::bring;
use crate::failure::{Context, Failure};
use crate::gpu;
use crate::interrupt;
use crate::libtorch_check::{self, TORCH_VERSION};
use crate::load_check;
use crate::marker::Marker;
use crate::parts::{Parts, WantedParts};
use crate::place;
use crate::probe::Probe;
use crate::pythons_torch;
use crate::ready::{download_source, is_ready};
use crate::requested_torch::{ExistingTorch, RequestedTorch};
use crate::scratch::{Work, create_dir, lock};
use crate::setup_options::SetupOptions;
use crate::workspace::Workspace;
use std::env;
use std::path::Path;

/// Whether `.libtorch` is what the options and the environment ask for.
pub fn is_done(workspace: &Workspace, options: &SetupOptions) -> Result<bool, Failure> {
    let requested = RequestedTorch::new(options, |name| env::var_os(name), &workspace.libtorch)?;
    Ok(is_ready(&workspace.libtorch, &requested, any_version()))
}

/// Makes `.libtorch` what the options and the environment ask for, unless it is already.
pub fn setup(workspace: &Workspace, options: &SetupOptions) -> Result<(), Failure> {
    let requested = RequestedTorch::new(options, |name| env::var_os(name), &workspace.libtorch)?;
    let any_version = any_version();
    if is_ready(&workspace.libtorch, &requested, any_version) {
        return Ok(());
    }
    interrupt::watch();
    let _lock = lock(&workspace.scratch)?;
    if is_ready(&workspace.libtorch, &requested, any_version) {
        return Ok(());
    }
    let work = Work::begin(&workspace.scratch)?;
    // All that can be known to fail is tried before anything is downloaded.
    let probe = Probe::compile(&work.folder)?;
    load_check::glibc_serves(&probe)?;
    let fresh = work.folder.join("libtorch");
    create_dir(&fresh)?;
    let source = make(&requested, &work, &fresh, any_version)?;
    check(&requested, &fresh, any_version)?;
    load_check::check(&probe, &fresh)?;
    interrupt::check()?;
    Marker { version: TORCH_VERSION.to_owned(), source }.write(&fresh)?;
    place::flush(&fresh)?;
    place::replace(&workspace.libtorch, &fresh, &work.folder.join("replaced"))?;
    if let Ok(target) = workspace.libtorch.join("lib").read_link() {
        eprintln!("align: .libtorch/lib now stands for {}", target.display());
    }
    Ok(())
}

fn any_version() -> bool {
    env::var_os("LIBTORCH_BYPASS_VERSION_CHECK").is_some()
}

/// Fills the fresh folder; returns what the marker is to say.
fn make(requested: &RequestedTorch, work: &Work, fresh: &Path, any_version: bool) -> Result<String, Failure> {
    match requested {
        RequestedTorch::Download(WantedParts::Exactly(parts)) => download(*parts, work, fresh),
        RequestedTorch::Download(WantedParts::Auto) if !gpu::present() => download(Parts::Cpu, work, fresh),
        RequestedTorch::Download(WantedParts::Auto) => match pythons_torch::with_cuda() {
            Some(torch) => {
                eprintln!(
                    "align: this machine has an NVIDIA GPU, and Python a torch with CUDA: no download is needed\n       \
                     (`cargo xtask setup --cuda` downloads one of its own, `--cpu` the CPU half alone)"
                );
                use_existing(&ExistingTorch::whole("Python", torch), fresh, any_version)
            }
            None => {
                eprintln!(
                    "align: this machine has an NVIDIA GPU, so CUDA comes too (`cargo xtask setup --cpu` goes without)"
                );
                download(Parts::Cuda, work, fresh)
            }
        },
        RequestedTorch::Zip(zip) => zip.bring(work, fresh).map(|()| zip.to_string()),
        RequestedTorch::Existing(existing) => use_existing(existing, fresh, any_version),
    }
}

fn download(parts: Parts, work: &Work, fresh: &Path) -> Result<String, Failure> {
    bring::download(parts, work, fresh).map(|()| download_source(parts).to_owned())
}

fn use_existing(existing: &ExistingTorch, fresh: &Path, any_version: bool) -> Result<String, Failure> {
    let ExistingTorch { named_by, include_root, lib_root } = existing;
    libtorch_check::check(include_root, lib_root, any_version)
        .context(|| format!("{named_by} names a LibTorch that cannot be used"))
        .map_err(|failure| {
            failure.remedy(format!(
                "Unset {named_by}, and {TORCH_VERSION} is downloaded; or let LIBTORCH name the folder of a {TORCH_VERSION}, \
                 with include/ and lib/ in it."
            ))
        })?;
    place::link(&include_root.join("include"), &fresh.join("include"))?;
    place::link(&lib_root.join("lib"), &fresh.join("lib"))?;
    Ok(existing.source())
}

/// Checks what was made; the user's own was checked before.
fn check(requested: &RequestedTorch, fresh: &Path, any_version: bool) -> Result<(), Failure> {
    let checked = libtorch_check::check(fresh, fresh, any_version);
    match requested {
        RequestedTorch::Zip(zip) => {
            checked.context(|| format!("{zip} does not hold the LibTorch that is needed")).map_err(|failure| {
                failure.remedy(format!("The official zip is {}", crate::zip_source::official(Parts::of(fresh))))
            })
        }
        _ => checked,
    }
}
