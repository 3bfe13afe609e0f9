//! A full disk is detected before or during a download, and the download resumes when there is space again.

use crate::support::{Client, Fault, FaultKind, Repo, Server, assert_holds, noise, skipped};
use std::fs;
use std::path::Path;
use std::process::Command;

fn server(weights: usize) -> Server {
    Server::new([Repo::of("user/name", [("config.json", b"{}".to_vec()), ("model.safetensors", noise(weights, 1))])])
}

#[test]
fn too_large_a_download_is_rejected_before_it_starts() {
    let server = server(1000);
    let client = Client::new(&server);
    let size = u64::MAX / 2;
    server.fault(Fault::once("HEAD", "model.safetensors", FaultKind::Header("x-linked-size", size.to_string())));
    let error = client.download_error("user/name");
    let blobs = client.repo("user/name").join("blobs");
    assert!(
        error.contains(&format!("{}: the disk is too full: {} more bytes are needed", blobs.display(), size + 2)),
        "{error}"
    );
    assert!(error.contains("are free; free some space, or set HF_HUB_CACHE to a folder on a larger disk"), "{error}");
    assert_eq!(server.bytes_sent(), 0);
}

#[test]
fn a_full_disk_keeps_the_partial_download() {
    let this_test = std::env::current_exe().unwrap();
    let disk = tempfile::tempdir().unwrap();
    let script = "mount -t tmpfs -o size=1m tmpfs \"$ALIGN_HUB_TEST_DISK\" && exec \"$0\" \"$@\"";
    // Mounting is allowed for root, or in a user namespace.
    for namespace in [&["--mount"][..], &["--user", "--map-root-user", "--mount"]] {
        let run = |inner: &[&str]| {
            let mut command = Command::new("unshare");
            command.args(namespace).args(["sh", "-c"]).args(inner).env("ALIGN_HUB_TEST_DISK", disk.path());
            command
        };
        let mounts = run(&["mount -t tmpfs -o size=1m tmpfs \"$ALIGN_HUB_TEST_DISK\""]).output();
        if mounts.is_ok_and(|output| output.status.success()) {
            let mut command = run(&[script]);
            command.arg(&this_test).args([
                "--exact",
                "disk_full::download_to_a_small_disk",
                "--ignored",
                "--nocapture",
            ]);
            let output = command.output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            return;
        }
    }
    skipped("no small disk could be mounted, neither as root nor in a namespace (unshare --mount)");
}

#[test]
#[ignore = "run by a_full_disk_keeps_the_partial_download"]
fn download_to_a_small_disk() {
    let disk = std::env::var_os("ALIGN_HUB_TEST_DISK").unwrap();
    let server = server(900_000);
    let client = Client::new(&server).with(|config| config.cache = Path::new(&disk).join("hub"));
    let etag = server.repo("user/name").etag("model.safetensors");

    // Detected before the download: the file does not fit.
    let filler = Path::new(&disk).join("filler");
    fs::write(&filler, noise(500_000, 2)).unwrap();
    let error = client.download_error("user/name");
    assert!(error.contains("the disk is too full: 900002 more bytes are needed"), "{error}");
    assert_eq!(server.bytes_sent(), 0);

    // Detected during the download: another process fills the disk after the first bytes.
    fs::remove_file(&filler).unwrap();
    let mut filled = false;
    let mut fill = |event: align_hub::Event<'_>| {
        if matches!(event, align_hub::Event::Bytes { file: "model.safetensors", .. }) && !filled {
            filled = true;
            fs::write(&filler, noise(400_000, 2)).unwrap();
        }
    };
    let error = client.hub().download_model(&"user/name".parse().unwrap(), &mut fill).unwrap_err().to_string();
    assert!(error.contains("the disk is too full") && error.contains("the partial download is kept"), "{error}");
    let kept = fs::metadata(client.partial("user/name", &etag)).unwrap().len();
    assert!(kept > 0 && kept < 900_000, "{kept}");

    fs::remove_file(&filler).unwrap();
    server.clear_requests();
    let snapshot = client.download("user/name").unwrap();
    assert_holds(&snapshot, &server.repo("user/name"), &["config.json", "model.safetensors"]);
    assert_eq!(server.bytes_sent() as u64, 900_000 - kept);
}

#[test]
fn an_unwritable_cache_is_an_error() {
    let server = server(1000);
    let client = Client::new(&server);
    let file = client.folder().join("file");
    fs::write(&file, "").unwrap();
    let client = client.with(|config| config.cache = file.join("hub"));
    let error = client.download_error("user/name");
    assert!(
        error.contains("cannot write the cache") && error.contains("set HF_HUB_CACHE to a folder that you own"),
        "{error}"
    );
}
