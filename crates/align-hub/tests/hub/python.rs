//! The cache and uploads are compatible with Python's `huggingface_hub`, in both directions.

use crate::download::{SHARDED_FILES, sharded};
use crate::support::{Client, Server, TOKEN, names_in, skipped};
use crate::upload::{UPLOADED_FILES, model_folder, upload};
use std::fs;
use std::path::Path;
use std::process::Command;

/// Runs a script with `huggingface_hub`, configured by environment variables for the server and the client's cache.
/// Reports a skipped test and returns `None` if no Python is configured.
fn python(server: &Server, client: &Client, offline: bool, script: &str) -> Option<String> {
    let Some(python) = std::env::var_os("ALIGN_PYTHON") else {
        skipped("ALIGN_PYTHON names no Python with huggingface_hub");
        return None;
    };
    let output = Command::new(python)
        .args(["-c", script])
        .env("HF_ENDPOINT", server.endpoint())
        .env("HF_HOME", client.folder())
        .env("HF_HUB_CACHE", client.cache())
        .env("HF_HUB_OFFLINE", if offline { "1" } else { "0" })
        .env("HF_HUB_DISABLE_PROGRESS_BARS", "1")
        .env("HF_HUB_DISABLE_TELEMETRY", "1")
        .env("NO_PROXY", "127.0.0.1,127.0.0.2")
        .env_remove("TRANSFORMERS_OFFLINE")
        .env_remove("HF_TOKEN")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).unwrap().trim().to_owned())
}

const ALL: &str = "from huggingface_hub import snapshot_download; print(snapshot_download('user/big'))";

#[test]
fn files_cached_by_python_are_used() {
    let server = Server::new([sharded("user/big")]);
    let client = Client::new(&server);
    let Some(folder) = python(&server, &client, false, ALL) else { return };
    let offline = client.offline().download_model(&"user/big".parse().unwrap(), &mut |_| {}).unwrap();
    assert_eq!(offline.folder, Path::new(&folder));
    let served = server.repo("user/big");
    for name in SHARDED_FILES {
        assert_eq!(fs::read(offline.folder.join(name)).unwrap(), served.content(name), "{name}");
    }
    server.clear_requests();
    assert_eq!(client.download("user/big").unwrap(), offline);
    assert_eq!(server.bytes_sent(), 0);
}

#[test]
fn python_reads_our_cache_offline() {
    let server = Server::new([sharded("user/big")]);
    let client = Client::new(&server);
    let snapshot = client.download("user/big").unwrap();
    server.clear_requests();
    let Some(folder) = python(&server, &client, true, ALL) else { return };
    assert_eq!(Path::new(&folder), snapshot.folder);
    for name in SHARDED_FILES {
        let script = format!(
            "from huggingface_hub import hf_hub_download; print(hf_hub_download('user/big', '{name}', local_files_only=True))"
        );
        let path = python(&server, &client, true, &script).unwrap();
        assert_eq!(fs::read(path).unwrap(), server.repo("user/big").content(name), "{name}");
    }
    assert!(server.requests().is_empty());
}

#[test]
fn python_does_not_download_our_cached_files_again() {
    let server = Server::new([sharded("user/big")]);
    let client = Client::new(&server);
    let snapshot = client.download("user/big").unwrap();
    server.clear_requests();
    let names = SHARDED_FILES.map(|name| format!("'{name}'")).join(", ");
    let script = format!(
        "from huggingface_hub import snapshot_download, hf_hub_download\n\
         folder = snapshot_download('user/big', allow_patterns=[{names}])\n\
         [hf_hub_download('user/big', name) for name in [{names}]]\n\
         print(folder)"
    );
    let Some(folder) = python(&server, &client, false, &script) else { return };
    assert_eq!(Path::new(&folder), snapshot.folder);
    assert!(!server.requests().is_empty());
    assert_eq!(server.bytes_sent(), 0);
}

#[test]
fn python_scans_our_cache_without_warnings() {
    let server = Server::new([sharded("user/big")]);
    let client = Client::new(&server);
    client.download("user/big").unwrap();
    server.change("user/big", |repo| {
        repo.commit("main", [("config.json", b"{}".to_vec())]);
    });
    client.download("user/big").unwrap();
    let script = "from huggingface_hub import scan_cache_dir\n\
                  info = scan_cache_dir()\n\
                  repo = next(iter(info.repos))\n\
                  print(len(info.warnings), len(info.repos), repo.repo_id, len(repo.revisions), repo.refs['main'].commit_hash)";
    let Some(scanned) = python(&server, &client, false, script) else { return };
    assert_eq!(scanned, format!("0 1 user/big 2 {}", server.repo("user/big").head()));
}

#[test]
fn python_respects_our_locks() {
    let server = Server::new([sharded("user/big")]);
    let client = Client::new(&server);
    let etag = server.repo("user/big").etag("config.json");
    let lock = client.cache().join(".locks/models--user--big").join(format!("{etag}.lock"));
    fs::create_dir_all(lock.parent().unwrap()).unwrap();
    let file = fs::File::create(&lock).unwrap();
    file.lock().unwrap();
    let script = format!(
        "from filelock import FileLock, Timeout\n\
         try:\n    FileLock({:?}).acquire(timeout=0.2)\n    print('taken')\n\
         except Timeout:\n    print('waits')",
        lock.to_str().unwrap()
    );
    let Some(outcome) = python(&server, &client, false, &script) else { return };
    assert_eq!(outcome, "waits");
    drop(file);
    assert_eq!(python(&server, &client, false, &script).unwrap(), "taken");
}

#[test]
fn python_downloads_our_uploads() {
    let server = Server::new([]);
    server.state().part_bytes = 70_000;
    let client = Client::new(&server).token(TOKEN);
    let folder = model_folder();
    let commit = upload(&client.hub(), "user/tuned", folder.path()).unwrap();
    let script = "from huggingface_hub import snapshot_download, hf_hub_download\n\
                  print(snapshot_download('user/tuned'))\n\
                  print(hf_hub_download('user/tuned', 'model.safetensors'))";
    let Some(paths) = python(&server, &client, false, script) else { return };
    let (downloaded, weights) = paths.split_once('\n').unwrap();
    assert!(downloaded.ends_with(&commit.oid));
    assert_eq!(fs::read(weights).unwrap(), fs::read(folder.path().join("model.safetensors")).unwrap());
    let names = names_in(Path::new(downloaded));
    assert_eq!(names.len(), UPLOADED_FILES.len() + 1, "and .gitattributes: {names:?}");
    for name in UPLOADED_FILES {
        assert_eq!(fs::read(Path::new(downloaded).join(name)).unwrap(), fs::read(folder.path().join(name)).unwrap());
    }
}
