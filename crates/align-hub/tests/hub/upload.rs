//! Folders that become commits.

use crate::support::{Client, Fault, OTHER_TOKEN, Reply, Repo, Server, TOKEN, What, noise};
use align_hub::{Commit, Event, Hub, HubError, UploadOptions};
use std::fs;
use std::path::Path;

/// A folder with small text, large binaries, a folder within, and what is not to be sent.
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

pub const SENT: [&str; 5] = ["config.json", "README.md", "empty.bin", "model.safetensors", "1_Pooling/config.json"];

pub fn upload(hub: &Hub, repo: &str, folder: &Path) -> Result<Commit, HubError> {
    let options = UploadOptions { message: "A first try\n\nwith a reason".to_owned(), ..UploadOptions::default() };
    hub.upload_folder(&repo.parse().unwrap(), folder, &options, &mut |_| {})
}

fn refusal(hub: &Hub, repo: &str, folder: &Path) -> String {
    let error = upload(hub, repo, folder).unwrap_err().to_string();
    assert!(!error.contains("_secret"), "{error}");
    error
}

fn assert_uploaded(server: &Server, repo: &str, folder: &Path) {
    let repo = server.repo(repo);
    let tree = &repo.commits[&repo.head()];
    let names: Vec<&str> = tree.keys().map(String::as_str).filter(|name| !name.starts_with(".gitattributes")).collect();
    let mut expected = SENT;
    expected.sort_unstable();
    assert_eq!(names, expected);
    for name in SENT {
        assert_eq!(tree[name].bytes, fs::read(folder.join(name)).unwrap(), "{name}");
    }
    assert!(tree["model.safetensors"].lfs && !tree["config.json"].lfs && !tree["empty.bin"].lfs);
}

#[test]
fn a_new_repository_gets_the_folder_as_one_commit() {
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
    assert!(server.seen_of("PUT", "").iter().all(|seen| seen.on_cdn && seen.request.token().is_none()));
    // What was sent comes back.
    let snapshot = client.download("user/tuned").unwrap();
    assert_eq!(fs::read(snapshot.folder.join("model.safetensors")).unwrap(), noise(300_000, 5));
}

#[test]
fn a_large_file_goes_in_parts() {
    let server = Server::new([]);
    server.state().part_bytes = 70_000;
    let client = Client::new(&server).token(TOKEN);
    let folder = model_folder();
    server.fault(Fault::once("PUT", "/3", What::Answer(Reply::new(500, ""))));
    upload(&client.hub(), "user/tuned", folder.path()).unwrap();
    assert_uploaded(&server, "user/tuned", folder.path());
    let puts = server.seen_of("PUT", "");
    let sizes: Vec<usize> = puts.iter().map(|seen| seen.request.body.len()).collect();
    assert_eq!(sizes, [70_000, 70_000, 70_000, 70_000, 70_000, 20_000], "the third part twice");
    assert_eq!(server.seen_of("POST", "/lfs/complete").len(), 1);
    assert_eq!(server.seen_of("POST", "/lfs/verify").len(), 1);
}

#[test]
fn what_the_hub_has_is_not_sent_again() {
    let server = Server::new([]);
    let client = Client::new(&server).token(TOKEN);
    let folder = model_folder();
    let first = upload(&client.hub(), "user/tuned", folder.path()).unwrap();
    server.forget();
    assert_eq!(upload(&client.hub(), "user/tuned", folder.path()).unwrap(), first, "nothing changed, so no commit");
    assert!(server.seen_of("PUT", "").is_empty() && server.seen_of("POST", "/commit/").is_empty());

    fs::write(folder.path().join("config.json"), br#"{"changed":true}"#).unwrap();
    let second = upload(&client.hub(), "user/tuned", folder.path()).unwrap();
    assert_ne!(second, first);
    assert!(server.seen_of("PUT", "").is_empty() && server.seen_of("POST", "objects/batch").is_empty());
    let commit = server.seen_of("POST", "/commit/");
    assert_eq!(commit[0].request.body.iter().filter(|byte| **byte == b'\n').count(), 2, "header and the changed file");
    assert_uploaded(&server, "user/tuned", folder.path());

    // Into another repository, where only the content is known: by its checksum.
    server.forget();
    upload(&client.hub(), "user/copy", folder.path()).unwrap();
    assert!(server.seen_of("PUT", "").is_empty());
    assert_uploaded(&server, "user/copy", folder.path());
    assert_eq!(server.seen_of("POST", "/api/repos/create").len(), 1);
}

#[test]
fn a_name_without_an_owner_is_the_tokens_own() {
    let server = Server::new([]);
    let client = Client::new(&server).token(TOKEN);
    let folder = model_folder();
    upload(&client.hub(), "tuned", folder.path()).unwrap();
    assert_uploaded(&server, "user/tuned", folder.path());
    let error = refusal(&Client::new(&server).token(OTHER_TOKEN).hub(), "tuned", folder.path());
    assert!(error.contains("does not accept the token"), "{error}");
}

#[test]
fn a_bad_moment_passes_and_each_part_starts_anew() {
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
        server.fault(Fault::once(method, path_part, What::Answer(Reply::new(503, ""))).times(2));
        upload(&client.hub(), "user/tuned", folder.path()).unwrap();
        assert_uploaded(&server, "user/tuned", folder.path());
    }
}

#[test]
fn a_branch_that_is_there_or_not() {
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
fn what_cannot_be_uploaded_says_why() {
    let server = Server::new([Repo::of("user/tuned", [("config.json", b"{}".to_vec())])]);
    let folder = model_folder();
    let client = Client::new(&server);
    let error = refusal(&client.hub(), "user/tuned", folder.path());
    assert!(error.contains("cannot upload to `user/tuned`: there is no token: set HF_TOKEN"), "{error}");
    let client = client.token(TOKEN);
    let error = refusal(&client.offline(), "user/tuned", folder.path());
    assert!(error.contains("HF_HUB_OFFLINE (or TRANSFORMERS_OFFLINE) is set: unset it"), "{error}");
    let empty = tempfile::tempdir().unwrap();
    fs::write(empty.path().join(".hidden"), "x").unwrap();
    let error = refusal(&client.hub(), "user/tuned", empty.path());
    assert!(error.contains("holds no files to upload"), "{error}");
    assert!(server.seen().is_empty());
    std::os::unix::fs::symlink("/etc/hostname", empty.path().join("link")).unwrap();
    let error = refusal(&client.hub(), "user/tuned", empty.path());
    assert!(error.contains("is a link to a folder or out of the folder, which is not uploaded"), "{error}");
}

#[test]
fn no_permission_to_write() {
    let server = Server::new([Repo::of("user/tuned", [("config.json", b"{}".to_vec())])]);
    let folder = model_folder();
    let hub = Client::new(&server).token(OTHER_TOKEN).hub();
    let error = refusal(&hub, "user/tuned", folder.path());
    assert!(error.contains("forbids writing to `user/tuned`: check what the token may do"), "{error}");
    assert!(error.contains("(You do not have write access to this repository)"), "{error}");
    let error = refusal(&hub, "user/new", folder.path());
    assert!(error.contains("forbids writing to `user/new`") && error.contains("You don't have the rights"), "{error}");
}

#[test]
fn answers_that_are_none_are_refused() {
    for (path_part, body, wrong) in [
        ("/preupload/", r#"{"files":[]}"#, "it does not say how to upload \"1_Pooling/config.json\""),
        ("/preupload/", "<html>", "its JSON is not what was expected"),
        ("objects/batch", r#"{"objects":[]}"#, "it does not say where to send \"model.safetensors\""),
        ("/commit/", "{}", "its JSON is not what was expected"),
    ] {
        let server = Server::new([]);
        let client = Client::new(&server).token(TOKEN);
        server.fault(Fault::once("POST", path_part, What::Answer(Reply::new(200, body))));
        let error = refusal(&client.hub(), "user/tuned", model_folder().path());
        assert!(error.contains(wrong), "{error}");
    }
}

#[test]
fn storage_that_refuses_or_asks_for_impossible_parts() {
    let folder = model_folder();
    let oid = crate::support::sha256(&noise(300_000, 5));
    for (object, wrong) in [
        (
            r#""error":{"code":422,"message":"over quota"}"#,
            "large file storage refuses `model.safetensors`: over quota",
        ),
        (r#""actions":{"upload":{"href":"nowhere"}}"#, "it gives an address for an upload that is none"),
        (r#""actions":{"upload":{"href":"http://h/","header":{"chunk_size":"0"}}}"#, "its chunk_size is no number"),
        (
            r#""actions":{"upload":{"href":"http://h/","header":{"chunk_size":"100000","1":"http://h/","3":"http://h/"}}}"#,
            "its addresses are not those of the file's parts",
        ),
    ] {
        let server = Server::new([]);
        let client = Client::new(&server).token(TOKEN);
        let body = format!(r#"{{"objects":[{{"oid":"{oid}","size":300000,{object}}}]}}"#);
        server.fault(Fault::once("POST", "objects/batch", What::Answer(Reply::new(200, body))));
        let error = refusal(&client.hub(), "user/tuned", folder.path());
        assert!(error.contains(wrong), "{error}");
    }
}

#[test]
fn a_storage_with_a_bad_day_is_given_up() {
    let server = Server::new([]);
    let client = Client::new(&server).token(TOKEN);
    server.fault(Fault::once("PUT", "", What::Answer(Reply::new(503, ""))).always());
    let error = refusal(&client.hub(), "user/tuned", model_folder().path());
    assert!(error.contains("answered 503 3 times") && !error.contains("signature"), "{error}");
}

#[test]
fn a_file_that_becomes_shorter_meanwhile() {
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
    assert!(server.seen_of("POST", "/commit/").is_empty());
}
