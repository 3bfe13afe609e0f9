//! A disk that is too full is said before the download, or during it, and the download goes on once there is room.

use crate::support::{Client, Fault, Repo, Server, What, assert_holds, noise, skipped};
use std::fs;
use std::path::Path;
use std::process::Command;

fn server(weights: usize) -> Server {
    Server::new([Repo::of("user/name", [("config.json", b"{}".to_vec()), ("model.safetensors", noise(weights, 1))])])
}

#[test]
fn more_than_the_disk_has_is_refused_before_anything_is_downloaded() {
    let server = server(1000);
    let client = Client::new(&server);
    let size = u64::MAX / 2;
    server.fault(Fault::once("HEAD", "model.safetensors", What::Header("x-linked-size", size.to_string())));
    let error = client.refusal("user/name");
    let blobs = client.repo("user/name").join("blobs");
    assert!(
        error.contains(&format!("{}: the disk is too full: {} bytes are still needed", blobs.display(), size + 2)),
        "{error}"
    );
    assert!(error.contains("are free; make room, or set HF_HUB_CACHE to a folder on a larger disk"), "{error}");
    assert_eq!(server.bytes_sent(), 0);
}

#[test]
fn a_disk_that_fills_up_meanwhile_keeps_what_arrived() {
    let this_test = std::env::current_exe().unwrap();
    let disk = tempfile::tempdir().unwrap();
    let script = "mount -t tmpfs -o size=1m tmpfs \"$ALIGN_HUB_TEST_DISK\" && exec \"$0\" \"$@\"";
    // As root the mount is allowed; otherwise where one is root of a namespace of one's own.
    for namespace in [&["--mount"][..], &["--user", "--map-root-user", "--mount"]] {
        let run = |inner: &[&str]| {
            let mut command = Command::new("unshare");
            command.args(namespace).args(["sh", "-c"]).args(inner).env("ALIGN_HUB_TEST_DISK", disk.path());
            command
        };
        let mounts = run(&["mount -t tmpfs -o size=1m tmpfs \"$ALIGN_HUB_TEST_DISK\""]).output();
        if mounts.is_ok_and(|output| output.status.success()) {
            let mut command = run(&[script]);
            command.arg(&this_test).args(["--exact", "disk_full::on_a_disk_of_a_mebibyte", "--ignored", "--nocapture"]);
            let output = command.output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            return;
        }
    }
    skipped("no small disk could be mounted, neither as root nor in a namespace (unshare --mount)");
}

#[test]
#[ignore = "run by a_disk_that_fills_up_meanwhile_keeps_what_arrived"]
fn on_a_disk_of_a_mebibyte() {
    let disk = std::env::var_os("ALIGN_HUB_TEST_DISK").unwrap();
    let server = server(900_000);
    let client = Client::new(&server).with(|config| config.cache = Path::new(&disk).join("hub"));
    let etag = server.repo("user/name").etag("model.safetensors");

    // Said beforehand: it sees that it does not fit.
    let filler = Path::new(&disk).join("filler");
    fs::write(&filler, noise(500_000, 2)).unwrap();
    let error = client.refusal("user/name");
    assert!(error.contains("the disk is too full: 900002 bytes are still needed"), "{error}");
    assert_eq!(server.bytes_sent(), 0);

    // Met on the way: while the first bytes arrive, someone else fills the disk.
    fs::remove_file(&filler).unwrap();
    let mut filled = false;
    let mut fill = |event: align_hub::Event<'_>| {
        if matches!(event, align_hub::Event::Bytes { file: "model.safetensors", .. }) && !filled {
            filled = true;
            fs::write(&filler, noise(400_000, 2)).unwrap();
        }
    };
    let error = client.hub().download_model(&"user/name".parse().unwrap(), &mut fill).unwrap_err().to_string();
    assert!(error.contains("the disk is too full") && error.contains("what was downloaded is kept"), "{error}");
    let kept = fs::metadata(client.partial("user/name", &etag)).unwrap().len();
    assert!(kept > 0 && kept < 900_000, "{kept}");

    fs::remove_file(&filler).unwrap();
    server.forget();
    let snapshot = client.download("user/name").unwrap();
    assert_holds(&snapshot, &server.repo("user/name"), &["config.json", "model.safetensors"]);
    assert_eq!(server.bytes_sent() as u64, 900_000 - kept);
}

#[test]
fn a_cache_that_cannot_be_written_says_so() {
    let server = server(1000);
    let client = Client::new(&server);
    let file = client.folder().join("file");
    fs::write(&file, "").unwrap();
    let client = client.with(|config| config.cache = file.join("hub"));
    let error = client.refusal("user/name");
    assert!(
        error.contains("cannot write the cache") && error.contains("set HF_HUB_CACHE to a folder of yours"),
        "{error}"
    );
}
