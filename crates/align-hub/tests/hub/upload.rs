//! Uploads of folders as commits.

use crate::support::{Client, Fault, FaultKind, OTHER_TOKEN, Repo, Response, Server, TOKEN, noise};
use align_hub::{Commit, Event, Hub, HubError, UploadOptions};
use std::fs;
use std::path::Path;

/// A folder with small text files, large binaries, a subfolder and files that must not be uploaded.
pub fn model_folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("1_Pooling")).unwrap();
    fs::create_dir_all(folder.path().join(".cache")).unwrap();
    for (name, bytes) in [
        ("config.json", br#"{"model_type":"gpt2"}"#.to_vec()),
        ("README.md", "# Ein Modell, größer".as_bytes().to_vec()),
        ("empty.bin", Vec::new()),
        ("model.safetensors", noise(300_000, 5)),
        ("1_Pooling/config.json", b"{}".to_vec()),
        (".env", b"SECRET=1".to_vec()),
        (".cache/x", b"x".to_vec()),
        ("notes.ignored", b"x".to_vec()),
    ] {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    folder
}

pub const UPLOADED_FILES: [&str; 5] =
    ["config.json", "README.md", "empty.bin", "model.safetensors", "1_Pooling/config.json"];

pub fn upload(hub: &Hub, repo: &str, folder: &Path) -> Result<Commit, HubError> {
    let options = UploadOptions { message: "A first try\n\nwith a reason".to_owned(), ..UploadOptions::default() };
    hub.upload_folder(&repo.parse().unwrap(), folder, &options, &mut |_| {})
}

fn upload_error(hub: &Hub, repo: &str, folder: &Path) -> String {
    let error = upload(hub, repo, folder).unwrap_err().to_string();
    assert!(!error.contains("_secret"), "{error}");
    error
}

fn assert_uploaded(server: &Server, repo: &str, folder: &Path) {
    let repo = server.repo(repo);
    let tree = &repo.commits[&repo.head()];
    let names: Vec<&str> = tree.keys().map(String::as_str).filter(|name| !name.starts_with(".gitattributes")).collect();
    let mut expected = UPLOADED_FILES;
    expected.sort_unstable();
    assert_eq!(names, expected);
    for name in UPLOADED_FILES {
        assert_eq!(tree[name].bytes, fs::read(folder.join(name)).unwrap(), "{name}");
    }
    assert!(tree["model.safetensors"].lfs && !tree["config.json"].lfs && !tree["empty.bin"].lfs);
}

#[test]
fn a_folder_is_committed_to_a_new_repository() {
    let server = Server::new([]);
    let client = Client::new(&server).token(TOKEN);
    let folder = model_folder();
    let (mut bytes, mut done) = (0, Vec::new());
    let mut watch = |event: Event<'_>| match event {
        Event::Bytes { more, .. } => bytes += more,
        Event::Done { file } => done.push(file.to_owned()),
        _ => {}
    };
    let options = UploadOptions { private: Some(true), ..UploadOptions::default() };
    let repo = "user/tuned".parse().unwrap();
    let commit = client.hub().upload_folder(&repo, folder.path(), &options, &mut watch).unwrap();
    assert_eq!(commit.oid, server.repo("user/tuned").head());
    assert_eq!(commit.url, format!("{}/user/tuned/commit/{}", server.endpoint(), commit.oid));
    assert_uploaded(&server, "user/tuned", folder.path());
    assert!(server.repo("user/tuned").private);
    assert_eq!((bytes, done), (300_000, vec!["model.safetensors".to_owned()]));
    assert!(server.requests_to("PUT", "").iter().all(|seen| seen.on_cdn && seen.request.token().is_none()));
    // The uploaded content can be downloaded again.
    let snapshot = client.download("user/tuned").unwrap();
    assert_eq!(fs::read(snapshot.folder.join("model.safetensors")).unwrap(), noise(300_000, 5));
}

#[test]
fn a_large_file_is_uploaded_in_parts() {
    let server = Server::new([]);
    server.state().part_bytes = 70_000;
    let client = Client::new(&server).token(TOKEN);
    let folder = model_folder();
    server.fault(Fault::once("PUT", "/3", FaultKind::Response(Response::new(500, ""))));
    upload(&client.hub(), "user/tuned", folder.path()).unwrap();
    assert_uploaded(&server, "user/tuned", folder.path());
    let puts = server.requests_to("PUT", "");
    let sizes: Vec<usize> = puts.iter().map(|seen| seen.request.body.len()).collect();
    assert_eq!(sizes, [70_000, 70_000, 70_000, 70_000, 70_000, 20_000], "the third part twice");
    assert_eq!(server.requests_to("POST", "/lfs/complete").len(), 1);
    assert_eq!(server.requests_to("POST", "/lfs/verify").len(), 1);
}

#[test]
fn existing_contents_are_not_uploaded_again() {
    let server = Server::new([]);
    let client = Client::new(&server).token(TOKEN);
    let folder = model_folder();
    let first = upload(&client.hub(), "user/tuned", folder.path()).unwrap();
    server.clear_requests();
    assert_eq!(upload(&client.hub(), "user/tuned", folder.path()).unwrap(), first, "nothing changed, so no commit");
    assert!(server.requests_to("PUT", "").is_empty() && server.requests_to("POST", "/commit/").is_empty());

    fs::write(folder.path().join("config.json"), br#"{"changed":true}"#).unwrap();
    let second = upload(&client.hub(), "user/tuned", folder.path()).unwrap();
    assert_ne!(second, first);
    assert!(server.requests_to("PUT", "").is_empty() && server.requests_to("POST", "objects/batch").is_empty());
    let commit = server.requests_to("POST", "/commit/");
    assert_eq!(commit[0].request.body.iter().filter(|byte| **byte == b'\n').count(), 2, "header and the changed file");
    assert_uploaded(&server, "user/tuned", folder.path());

    // In another repository, the content is found by its checksum.
    server.clear_requests();
    upload(&client.hub(), "user/copy", folder.path()).unwrap();
    assert!(server.requests_to("PUT", "").is_empty());
    assert_uploaded(&server, "user/copy", folder.path());
    assert_eq!(server.requests_to("POST", "/api/repos/create").len(), 1);
}

#[test]
fn a_name_without_namespace_uses_the_tokens_account() {
    let server = Server::new([]);
    let client = Client::new(&server).token(TOKEN);
    let folder = model_folder();
    upload(&client.hub(), "tuned", folder.path()).unwrap();
    assert_uploaded(&server, "user/tuned", folder.path());
    let error = upload_error(&Client::new(&server).token(OTHER_TOKEN).hub(), "tuned", folder.path());
    assert!(error.contains("does not accept the token"), "{error}");
}

#[test]
fn temporary_upload_errors_are_retried() {
    for (method, path_part) in [
        ("POST", "/preupload/"),
        ("POST", "objects/batch"),
        ("PUT", ""),
        ("POST", "/lfs/verify"),
        ("POST", "/commit/"),
        ("POST", "/api/repos/create"),
    ] {
        let server = Server::new([]);
        let client = Client::new(&server).token(TOKEN);
        let folder = model_folder();
        server.fault(Fault::once(method, path_part, FaultKind::Response(Response::new(503, ""))).times(2));
        upload(&client.hub(), "user/tuned", folder.path()).unwrap();
        assert_uploaded(&server, "user/tuned", folder.path());
    }
}

#[test]
fn uploads_to_existing_and_missing_branches() {
    let mut repo = Repo::of("user/tuned", [("config.json", b"{}".to_vec())]);
    repo.commit("dev", [("config.json", b"{}".to_vec())]);
    let server = Server::new([repo]);
    let client = Client::new(&server).token(TOKEN);
    let folder = model_folder();
    let to = |revision: &str| {
        let options = UploadOptions { revision: revision.to_owned(), ..UploadOptions::default() };
        client.hub().upload_folder(&"user/tuned".parse().unwrap(), folder.path(), &options, &mut |_| {})
    };
    let commit = to("dev").unwrap();
    assert_eq!(server.repo("user/tuned").refs["dev"], commit.oid);
    assert_ne!(server.repo("user/tuned").head(), commit.oid);
    let error = to("other").unwrap_err().to_string();
    assert!(error.contains("`user/tuned` has no revision `other`"), "{error}");
    assert!(matches!(to("../x"), Err(HubError::Name(_))));
}

#[test]
fn upload_errors_give_the_reason() {
    let server = Server::new([Repo::of("user/tuned", [("config.json", b"{}".to_vec())])]);
    let folder = model_folder();
    let client = Client::new(&server);
    let error = upload_error(&client.hub(), "user/tuned", folder.path());
    assert!(error.contains("cannot upload to `user/tuned`: there is no token: set HF_TOKEN"), "{error}");
    let client = client.token(TOKEN);
    let error = upload_error(&client.offline(), "user/tuned", folder.path());
    assert!(error.contains("HF_HUB_OFFLINE (or TRANSFORMERS_OFFLINE) is set: unset it"), "{error}");
    let empty = tempfile::tempdir().unwrap();
    fs::write(empty.path().join(".hidden"), "x").unwrap();
    let error = upload_error(&client.hub(), "user/tuned", empty.path());
    assert!(error.contains("has no files to upload"), "{error}");
    assert!(server.requests().is_empty());
    std::os::unix::fs::symlink("/etc/hostname", empty.path().join("link")).unwrap();
    let error = upload_error(&client.hub(), "user/tuned", empty.path());
    assert!(
        error.contains("is a link to a folder or to a file outside the folder, which cannot be uploaded"),
        "{error}"
    );
}

#[test]
fn missing_write_permission() {
    let server = Server::new([Repo::of("user/tuned", [("config.json", b"{}".to_vec())])]);
    let folder = model_folder();
    let hub = Client::new(&server).token(OTHER_TOKEN).hub();
    let error = upload_error(&hub, "user/tuned", folder.path());
    assert!(error.contains("forbids writing to `user/tuned`: check the token's permissions"), "{error}");
    assert!(error.contains("(You do not have write access to this repository)"), "{error}");
    let error = upload_error(&hub, "user/new", folder.path());
    assert!(error.contains("forbids writing to `user/new`") && error.contains("You don't have the rights"), "{error}");
}

#[test]
fn invalid_responses_are_rejected() {
    for (path_part, body, wrong) in [
        ("/preupload/", r#"{"files":[]}"#, "it gives no upload mode for \"1_Pooling/config.json\""),
        ("/preupload/", "<html>", "unexpected JSON"),
        ("objects/batch", r#"{"objects":[]}"#, "it gives no upload URL for \"model.safetensors\""),
        ("/commit/", "{}", "unexpected JSON"),
    ] {
        let server = Server::new([]);
        let client = Client::new(&server).token(TOKEN);
        server.fault(Fault::once("POST", path_part, FaultKind::Response(Response::new(200, body))));
        let error = upload_error(&client.hub(), "user/tuned", model_folder().path());
        assert!(error.contains(wrong), "{error}");
    }
}

#[test]
fn lfs_errors_and_invalid_part_urls_are_rejected() {
    let folder = model_folder();
    let oid = crate::support::sha256(&noise(300_000, 5));
    for (object, wrong) in [
        (r#""error":{"code":422,"message":"over quota"}"#, "LFS rejects `model.safetensors`: over quota"),
        (r#""actions":{"upload":{"href":"nowhere"}}"#, "it returned an invalid upload URL"),
        (
            r#""actions":{"upload":{"href":"http://h/","header":{"chunk_size":"0"}}}"#,
            "its chunk_size is not a positive number",
        ),
        (
            r#""actions":{"upload":{"href":"http://h/","header":{"chunk_size":"100000","1":"http://h/","3":"http://h/"}}}"#,
            "its part URLs do not match the file's size",
        ),
    ] {
        let server = Server::new([]);
        let client = Client::new(&server).token(TOKEN);
        let body = format!(r#"{{"objects":[{{"oid":"{oid}","size":300000,{object}}}]}}"#);
        server.fault(Fault::once("POST", "objects/batch", FaultKind::Response(Response::new(200, body))));
        let error = upload_error(&client.hub(), "user/tuned", folder.path());
        assert!(error.contains(wrong), "{error}");
    }
}

#[test]
fn a_permanent_storage_error_is_reported() {
    let server = Server::new([]);
    let client = Client::new(&server).token(TOKEN);
    server.fault(Fault::once("PUT", "", FaultKind::Response(Response::new(503, ""))).always());
    let error = upload_error(&client.hub(), "user/tuned", model_folder().path());
    assert!(error.contains("returned status 503 3 times") && !error.contains("signature"), "{error}");
}

#[test]
fn a_file_that_is_truncated_during_the_upload() {
    let server = Server::new([]);
    let client = Client::new(&server).token(TOKEN);
    let folder = model_folder();
    let weights = folder.path().join("model.safetensors");
    let mut shorten = |event: Event<'_>| {
        if matches!(event, Event::Begin { .. }) {
            fs::write(&weights, "short").unwrap();
        }
    };
    let repo = "user/tuned".parse().unwrap();
    let uploaded = client.hub().upload_folder(&repo, folder.path(), &UploadOptions::default(), &mut shorten);
    let error = uploaded.unwrap_err().to_string();
    assert!(error.contains("model.safetensors: changed while it was uploaded: try again"), "{error}");
    assert!(server.requests_to("POST", "/commit/").is_empty());
}
