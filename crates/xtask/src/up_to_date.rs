//! Checks whether `.libtorch` already is the requested LibTorch.

use crate::compute_platform::{ComputePlatform, RequestedPlatform};
use crate::libtorch_check::{self, TORCH_VERSION};
use crate::marker::Marker;
use crate::requested_torch::RequestedTorch;
use crate::wheels::{library_target, wheels_for};
use std::path::Path;

/// The source in the marker of a setup from wheels.
pub fn download_source(platform: ComputePlatform) -> &'static str {
    match platform {
        ComputePlatform::Cpu => "download",
        ComputePlatform::Cuda => "download with CUDA",
    }
}

/// Whether the installed LibTorch is complete and is the requested one. Without a request, any earlier setup is accepted.
pub fn is_up_to_date(folder: &Path, requested: &RequestedTorch, any_version: bool) -> bool {
    if libtorch_check::check(folder, folder, any_version).is_err() {
        return false;
    }
    let marker = Marker::read(folder);
    match (&marker, requested) {
        (Some(marker), _) if marker.version != TORCH_VERSION => false,
        (Some(marker), RequestedTorch::Download(wanted)) => {
            let downloaded = [ComputePlatform::Cpu, ComputePlatform::Cuda]
                .into_iter()
                .find(|p| marker.source == download_source(*p));
            let is_complete = downloaded.is_none_or(|platform| has_libraries(folder, platform));
            is_complete
                && (*wanted == RequestedPlatform::Auto
                    || *wanted == RequestedPlatform::Exactly(ComputePlatform::of_folder(folder)))
        }
        (Some(marker), RequestedTorch::Zip(zip)) => marker.source == zip.to_string(),
        (Some(marker), RequestedTorch::Existing(existing)) => marker.source == existing.source(),
        // A link that the user made by hand is accepted, like a variable.
        (None, RequestedTorch::Download(RequestedPlatform::Auto)) => folder.is_symlink(),
        (None, _) => false,
    }
}

/// Whether all libraries of the wheels exist.
fn has_libraries(folder: &Path, platform: ComputePlatform) -> bool {
    let mut libraries = wheels_for(platform).flat_map(|wheel| wheel.libraries(platform));
    libraries.all(|library| folder.join(library_target(library)).is_file())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::libtorch_check::tests::write_fake_torch;
    use crate::requested_torch::ExistingTorch;
    use crate::zip_source::ZipSource;
    use std::fs;

    const AUTO: RequestedTorch = RequestedTorch::Download(RequestedPlatform::Auto);

    fn exactly(platform: ComputePlatform) -> RequestedTorch {
        RequestedTorch::Download(RequestedPlatform::Exactly(platform))
    }

    fn mark(folder: &Path, version: &str, source: &str) {
        Marker { version: version.into(), source: source.into() }.write(folder).unwrap();
    }

    fn write_libraries(folder: &Path, platform: ComputePlatform) {
        for library in wheels_for(platform).flat_map(|wheel| wheel.libraries(platform)) {
            fs::write(folder.join(library_target(library)), "").unwrap();
        }
    }

    #[test]
    fn only_a_complete_folder_with_its_marker_is_up_to_date() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let ready = || is_up_to_date(folder, &AUTO, false);
        assert!(!ready());
        write_fake_torch(folder, 11);
        assert!(!ready(), "no marker");
        mark(folder, "2.10.0", "download");
        assert!(!ready(), "an older setup");
        mark(folder, TORCH_VERSION, "download");
        assert!(!ready(), "libraries of the wheels are missing");
        write_libraries(folder, ComputePlatform::Cpu);
        assert!(ready());
        fs::remove_file(folder.join("lib/libcupti.so.13")).unwrap();
        assert!(!ready(), "a library is gone");
    }

    #[test]
    fn a_requested_platform_must_be_installed() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let ready = || {
            [ComputePlatform::Cpu, ComputePlatform::Cuda]
                .map(|platform| is_up_to_date(folder, &exactly(platform), false))
        };
        write_fake_torch(folder, 11);
        write_libraries(folder, ComputePlatform::Cpu);
        mark(folder, TORCH_VERSION, "download");
        assert_eq!(ready(), [true, false]);
        write_libraries(folder, ComputePlatform::Cuda);
        mark(folder, TORCH_VERSION, "download with CUDA");
        assert_eq!(ready(), [false, true]);
        assert!(is_up_to_date(folder, &AUTO, false));
        fs::remove_file(folder.join("lib/libcudnn_ops.so.9")).unwrap();
        assert_eq!(ready(), [false, false], "a library is gone");
    }

    #[test]
    fn a_requested_folder_or_zip_must_be_the_installed_one() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        write_fake_torch(folder, 11);
        let existing = |root: &str| ExistingTorch::in_one_folder("LIBTORCH", root.into());
        mark(folder, TORCH_VERSION, &existing("/one").source());
        assert!(is_up_to_date(folder, &RequestedTorch::Existing(existing("/one")), false));
        assert!(!is_up_to_date(folder, &RequestedTorch::Existing(existing("/two")), false));
        let zip = RequestedTorch::Zip(ZipSource::File("/a.zip".into()));
        assert!(!is_up_to_date(folder, &zip, false));
        // Without a request, an earlier setup is kept.
        assert!(is_up_to_date(folder, &AUTO, false));
        mark(folder, TORCH_VERSION, "/a.zip");
        assert!(is_up_to_date(folder, &zip, false));
    }

    #[test]
    fn a_link_made_by_hand_is_accepted() {
        let folder = tempfile::tempdir().unwrap();
        let (torch, link) = (folder.path().join("torch"), folder.path().join(".libtorch"));
        write_fake_torch(&torch, 11);
        std::os::unix::fs::symlink(&torch, &link).unwrap();
        assert!(is_up_to_date(&link, &AUTO, false));
        fs::remove_dir_all(&torch).unwrap();
        assert!(!is_up_to_date(&link, &AUTO, false), "the link is dangling");
    }
}
