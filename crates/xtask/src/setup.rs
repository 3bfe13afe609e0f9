//! `cargo xtask setup`: `.libtorch`, finished or not there at all.

use crate::failure::{Context, Failure};
use crate::libtorch_check::{self, TORCH_VERSION};
use crate::marker::Marker;
use crate::pip::{self, WHEELS, Wheel};
use crate::requested_torch::RequestedTorch;
use crate::scratch::{Work, create_dir, lock};
use crate::wheel;
use crate::workspace::Workspace;
use std::env;
use std::fs::{self, File};
use std::path::Path;
use std::process::Command;

const DOWNLOAD: &str = "download";

/// Makes `.libtorch` what the environment asks for, unless it is already.
pub fn setup(workspace: &Workspace) -> Result<(), Failure> {
    let requested = RequestedTorch::from_env(|name| env::var_os(name), &workspace.libtorch)?;
    let any_version = env::var_os("LIBTORCH_BYPASS_VERSION_CHECK").is_some();
    if is_ready(workspace, &requested, any_version) {
        return Ok(());
    }
    let _lock = lock(&workspace.scratch)?;
    if is_ready(workspace, &requested, any_version) {
        return Ok(());
    }
    let work = Work::begin(&workspace.scratch)?;
    let fresh = work.folder.join("libtorch");
    create_dir(&fresh)?;
    let source = match &requested {
        RequestedTorch::Download => {
            download(workspace, &work, &fresh)?;
            DOWNLOAD.to_owned()
        }
        RequestedTorch::Existing { variable, include_root, lib_root } => {
            libtorch_check::check(include_root, lib_root, any_version)
                .context(|| format!("{variable} names a LibTorch that cannot be used"))?;
            link(&include_root.join("include"), &fresh.join("include"))?;
            link(&lib_root.join("lib"), &fresh.join("lib"))?;
            eprintln!("align: .libtorch now stands for {} ({variable})", lib_root.display());
            source(include_root, lib_root)
        }
    };
    libtorch_check::check(&fresh, &fresh, any_version)?;
    Marker { version: TORCH_VERSION.to_owned(), source }.write(&fresh)?;
    flush(&fresh)?;
    replace(&workspace.libtorch, &fresh, &work.folder.join("replaced"))
}

/// Whether `.libtorch` is finished, whole, and what was asked for. Without a request a folder of the user's that an
/// earlier set-up was told of still serves.
fn is_ready(workspace: &Workspace, requested: &RequestedTorch, any_version: bool) -> bool {
    let folder = &workspace.libtorch;
    if libtorch_check::check(folder, folder, any_version).is_err() {
        return false;
    }
    match (Marker::read(folder), requested) {
        (Some(marker), _) if marker.version != TORCH_VERSION => false,
        (Some(marker), RequestedTorch::Download) => marker.source != DOWNLOAD || has_libraries(folder),
        (Some(marker), RequestedTorch::Existing { include_root, lib_root, .. }) => {
            marker.source == source(include_root, lib_root)
        }
        // A link that somebody made by hand is as deliberate as a variable.
        (None, RequestedTorch::Download) => folder.is_symlink(),
        (None, RequestedTorch::Existing { .. }) => false,
    }
}

/// Whether each library that the wheels give is there.
fn has_libraries(folder: &Path) -> bool {
    WHEELS.iter().flat_map(|wheel| wheel.libraries).all(|library| folder.join(library_place(library)).is_file())
}

/// Where in `.libtorch` a library of a wheel goes.
fn library_place(entry: &str) -> String {
    format!("lib/{}", entry.rsplit('/').next().unwrap_or(entry))
}

fn source(include_root: &Path, lib_root: &Path) -> String {
    if include_root == lib_root {
        lib_root.display().to_string()
    } else {
        format!("include of {}, lib of {}", include_root.display(), lib_root.display())
    }
}

fn download(workspace: &Workspace, work: &Work, fresh: &Path) -> Result<(), Failure> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64", target_env = "gnu")) {
        return Err(Failure::new(format!(
            "LibTorch can be brought only on Linux x86-64 with glibc: elsewhere get LibTorch {TORCH_VERSION} yourself \
             and set LIBTORCH to its folder, or LIBTORCH_USE_PYTORCH=1 to use your Python's torch"
        )));
    }
    eprintln!(
        "align: bringing LibTorch {TORCH_VERSION} into {}: about 0.6 GB to download through pip, \
         1.1 GB on disk meanwhile, 0.5 GB in the end",
        workspace.libtorch.display()
    );
    let wheels = work.folder.join("wheels");
    create_dir(&wheels)?;
    pip::download(&work.folder, &wheels)?;
    eprintln!("align: downloaded; unpacking");
    for wheel in &WHEELS {
        unpack(wheel, &pip::file_of(wheel, &wheels)?, fresh)?;
    }
    Ok(())
}

fn unpack(wanted: &Wheel, file: &Path, fresh: &Path) -> Result<(), Failure> {
    let filled = wheel::unpack(file, fresh, |entry| {
        if wanted.libraries.contains(&entry) {
            return Some(library_place(entry));
        }
        let (from, to) = wanted.folder?;
        let rest = entry.strip_prefix(from)?;
        // Some zip writers list folders as entries of their own.
        (!rest.is_empty() && !rest.ends_with('/')).then(|| format!("{to}{rest}"))
    })?;
    match wanted.libraries.iter().find(|library| !filled.contains(&library_place(library))) {
        Some(library) => Err(Failure::new(format!("{} does not hold {library}", file.display()))),
        None => Ok(()),
    }
}

/// Puts the finished folder in its place by a rename; what was there goes with the work folder.
fn replace(place: &Path, fresh: &Path, replaced: &Path) -> Result<(), Failure> {
    if place.symlink_metadata().is_ok() {
        fs::rename(place, replaced).context(|| format!("cannot move {} away", place.display()))?;
    }
    fs::rename(fresh, place).context(|| format!("cannot put {} in its place", place.display()))?;
    let parent = place.parent().unwrap_or(place);
    File::open(parent).and_then(|folder| folder.sync_all()).context(|| format!("cannot flush {}", parent.display()))
}

/// Waits until all that was written is on the disk. One call for the file system: thousands of headers one by one would
/// take minutes on a slow disk.
fn flush(folder: &Path) -> Result<(), Failure> {
    let synced = |arguments: &[&Path]| Command::new("sync").args(arguments).output().is_ok_and(|o| o.status.success());
    if synced(&[Path::new("-f"), folder]) || synced(&[]) {
        Ok(())
    } else {
        Err(Failure::new("`sync` failed: LibTorch could not be flushed to the disk".to_owned()))
    }
}

#[cfg(unix)]
fn link(target: &Path, place: &Path) -> Result<(), Failure> {
    let doing = || format!("cannot link {} to {}", place.display(), target.display());
    std::os::unix::fs::symlink(target.canonicalize().context(doing)?, place).context(doing)
}

#[cfg(not(unix))]
fn link(target: &Path, _: &Path) -> Result<(), Failure> {
    Err(Failure::new(format!("cannot link to {}: `cargo xtask setup` works on Unix only", target.display())))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::libtorch_check::tests::write_fake_torch;

    fn workspace(folder: &Path) -> Workspace {
        Workspace::at(folder.join("work"))
    }

    fn existing(torch: &Path) -> RequestedTorch {
        RequestedTorch::Existing { variable: "LIBTORCH", include_root: torch.into(), lib_root: torch.into() }
    }

    fn mark(workspace: &Workspace, version: &str, source: &str) {
        Marker { version: version.into(), source: source.into() }.write(&workspace.libtorch).unwrap();
    }

    #[test]
    fn only_a_whole_folder_with_its_marker_is_ready() {
        let folder = tempfile::tempdir().unwrap();
        let workspace = workspace(folder.path());
        let ready = |requested: &RequestedTorch| is_ready(&workspace, requested, false);
        assert!(!ready(&RequestedTorch::Download));
        write_fake_torch(&workspace.libtorch, 11);
        assert!(!ready(&RequestedTorch::Download), "no marker");
        mark(&workspace, "2.10.0", DOWNLOAD);
        assert!(!ready(&RequestedTorch::Download), "an older set-up");
        mark(&workspace, TORCH_VERSION, DOWNLOAD);
        assert!(!ready(&RequestedTorch::Download), "libraries of the wheels are not there");
        for library in WHEELS.iter().flat_map(|wheel| wheel.libraries) {
            fs::write(workspace.libtorch.join(library_place(library)), "").unwrap();
        }
        assert!(ready(&RequestedTorch::Download));
        fs::remove_file(workspace.libtorch.join("lib/libcupti.so.13")).unwrap();
        assert!(!ready(&RequestedTorch::Download), "a library is gone");
    }

    #[test]
    fn a_request_is_ready_only_if_it_is_that_folder() {
        let folder = tempfile::tempdir().unwrap();
        let workspace = workspace(folder.path());
        write_fake_torch(&workspace.libtorch, 11);
        let (one, two) = (folder.path().join("one"), folder.path().join("two"));
        mark(&workspace, TORCH_VERSION, &source(&one, &one));
        assert!(is_ready(&workspace, &existing(&one), false));
        assert!(!is_ready(&workspace, &existing(&two), false));
        // Without a request, what was set up stays.
        assert!(is_ready(&workspace, &RequestedTorch::Download, false));
    }

    #[test]
    fn a_link_made_by_hand_serves() {
        let folder = tempfile::tempdir().unwrap();
        let workspace = workspace(folder.path());
        let torch = folder.path().join("torch");
        write_fake_torch(&torch, 11);
        fs::create_dir(&workspace.root).unwrap();
        link(&torch, &workspace.libtorch).unwrap();
        assert!(is_ready(&workspace, &RequestedTorch::Download, false));
        fs::remove_dir_all(&torch).unwrap();
        assert!(!is_ready(&workspace, &RequestedTorch::Download, false), "it leads nowhere now");
    }

    #[test]
    fn the_new_folder_replaces_folders_and_links() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join(".libtorch");
        let target = folder.path().join("target");
        write_fake_torch(&target, 11);
        for round in ["nothing", "folder", "dangling link"] {
            match round {
                "folder" => assert!(place.is_dir()),
                "dangling link" => {
                    fs::remove_dir_all(&place).unwrap();
                    std::os::unix::fs::symlink(folder.path().join("nowhere"), &place).unwrap();
                }
                _ => assert!(!place.exists()),
            }
            let fresh = folder.path().join("fresh");
            fs::create_dir(&fresh).unwrap();
            fs::write(fresh.join("round"), round).unwrap();
            replace(&place, &fresh, &folder.path().join(format!("replaced {round}"))).unwrap();
            assert_eq!(fs::read_to_string(place.join("round")).unwrap(), round);
        }
    }

    #[test]
    fn a_wheel_without_a_library_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("torch-2.11.0.whl");
        let mut writer = zip::ZipWriter::new(File::create(&file).unwrap());
        writer.start_file("torch/lib/libtorch_cpu.so", zip::write::SimpleFileOptions::default()).unwrap();
        writer.finish().unwrap();
        let failure = unpack(&WHEELS[0], &file, &folder.path().join("out")).unwrap_err().to_string();
        assert!(failure.contains("does not hold torch/lib/libtorch.so"), "{failure}");
    }
}
