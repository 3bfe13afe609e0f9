//! Whether `.libtorch` is already what is asked for.

use crate::libtorch_check::{self, TORCH_VERSION};
use crate::marker::Marker;
use crate::parts::{Parts, WantedParts};
use crate::requested_torch::RequestedTorch;
use crate::wheels::{library_place, needed};
use std::path::Path;

/// What the marker of a set-up from wheels says.
pub fn download_source(parts: Parts) -> &'static str {
    match parts {
        Parts::Cpu => "download",
        Parts::Cuda => "download with CUDA",
    }
}

/// Whether it is finished, whole, and what was asked for. Without a request whatever an earlier set-up made still
/// serves.
pub fn is_ready(folder: &Path, requested: &RequestedTorch, any_version: bool) -> bool {
    if libtorch_check::check(folder, folder, any_version).is_err() {
        return false;
    }
    let marker = Marker::read(folder);
    match (&marker, requested) {
        (Some(marker), _) if marker.version != TORCH_VERSION => false,
        (Some(marker), RequestedTorch::Download(wanted)) => {
            let downloaded = [Parts::Cpu, Parts::Cuda].into_iter().find(|p| marker.source == download_source(*p));
            let whole = downloaded.is_none_or(|parts| has_libraries(folder, parts));
            whole && (*wanted == WantedParts::Auto || *wanted == WantedParts::Exactly(Parts::of(folder)))
        }
        (Some(marker), RequestedTorch::Zip(zip)) => marker.source == zip.to_string(),
        (Some(marker), RequestedTorch::Existing(existing)) => marker.source == existing.source(),
        // A link that somebody made by hand is as deliberate as a variable.
        (None, RequestedTorch::Download(WantedParts::Auto)) => folder.is_symlink(),
        (None, _) => false,
    }
}

/// Whether each library that the wheels give is there.
fn has_libraries(folder: &Path, parts: Parts) -> bool {
    let mut libraries = needed(parts).flat_map(|wheel| wheel.libraries(parts));
    libraries.all(|library| folder.join(library_place(library)).is_file())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::libtorch_check::tests::write_fake_torch;
    use crate::requested_torch::ExistingTorch;
    use crate::zip_source::ZipSource;
    use std::fs;

    const AUTO: RequestedTorch = RequestedTorch::Download(WantedParts::Auto);

    fn exactly(parts: Parts) -> RequestedTorch {
        RequestedTorch::Download(WantedParts::Exactly(parts))
    }

    fn mark(folder: &Path, version: &str, source: &str) {
        Marker { version: version.into(), source: source.into() }.write(folder).unwrap();
    }

    fn write_libraries(folder: &Path, parts: Parts) {
        for library in needed(parts).flat_map(|wheel| wheel.libraries(parts)) {
            fs::write(folder.join(library_place(library)), "").unwrap();
        }
    }

    #[test]
    fn only_a_whole_folder_with_its_marker_is_ready() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let ready = || is_ready(folder, &AUTO, false);
        assert!(!ready());
        write_fake_torch(folder, 11);
        assert!(!ready(), "no marker");
        mark(folder, "2.10.0", "download");
        assert!(!ready(), "an older set-up");
        mark(folder, TORCH_VERSION, "download");
        assert!(!ready(), "libraries of the wheels are not there");
        write_libraries(folder, Parts::Cpu);
        assert!(ready());
        fs::remove_file(folder.join("lib/libcupti.so.13")).unwrap();
        assert!(!ready(), "a library is gone");
    }

    #[test]
    fn asked_for_parts_are_those_that_must_be_there() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let ready = || [Parts::Cpu, Parts::Cuda].map(|parts| is_ready(folder, &exactly(parts), false));
        write_fake_torch(folder, 11);
        write_libraries(folder, Parts::Cpu);
        mark(folder, TORCH_VERSION, "download");
        assert_eq!(ready(), [true, false]);
        write_libraries(folder, Parts::Cuda);
        mark(folder, TORCH_VERSION, "download with CUDA");
        assert_eq!(ready(), [false, true]);
        assert!(is_ready(folder, &AUTO, false));
        fs::remove_file(folder.join("lib/libcudnn_ops.so.9")).unwrap();
        assert_eq!(ready(), [false, false], "a library is gone");
    }

    #[test]
    fn a_request_is_ready_only_if_it_is_that_folder_or_zip() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        write_fake_torch(folder, 11);
        let existing = |root: &str| ExistingTorch::whole("LIBTORCH", root.into());
        mark(folder, TORCH_VERSION, &existing("/one").source());
        assert!(is_ready(folder, &RequestedTorch::Existing(existing("/one")), false));
        assert!(!is_ready(folder, &RequestedTorch::Existing(existing("/two")), false));
        let zip = RequestedTorch::Zip(ZipSource::File("/a.zip".into()));
        assert!(!is_ready(folder, &zip, false));
        // Without a request, what was set up stays.
        assert!(is_ready(folder, &AUTO, false));
        mark(folder, TORCH_VERSION, "/a.zip");
        assert!(is_ready(folder, &zip, false));
    }

    #[test]
    fn a_link_made_by_hand_serves() {
        let folder = tempfile::tempdir().unwrap();
        let (torch, link) = (folder.path().join("torch"), folder.path().join(".libtorch"));
        write_fake_torch(&torch, 11);
        std::os::unix::fs::symlink(&torch, &link).unwrap();
        assert!(is_ready(&link, &AUTO, false));
        fs::remove_dir_all(&torch).unwrap();
        assert!(!is_ready(&link, &AUTO, false), "it leads nowhere now");
    }
}
