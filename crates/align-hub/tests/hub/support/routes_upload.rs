use super::connection::{Request, Response};
use super::repos::{Content, Repo};
use super::routes::{no_revision, visible};
use super::server::State;
use super::{TOKEN, sha256};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

pub fn create(state: &mut State, request: &Request) -> Response {
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    let (name, organization) = (body["name"].as_str().unwrap(), body["organization"].as_str().unwrap());
    if request.token() != Some(TOKEN) || organization != "user" {
        return Response::error(403, "", "You don't have the rights to create a model under this namespace");
    }
    let name = format!("{organization}/{name}");
    if state.repos.contains_key(&name) {
        return Response::error(409, "", "You already created this model repo");
    }
    let mut repo = Repo::of(&name, [(".gitattributes", b"*.bin filter=lfs".to_vec())]);
    repo.private = body["visibility"] == "private";
    state.repos.insert(name.clone(), repo);
    Response::json(&json!({ "url": format!("http://{}/{name}", state.hub), "name": name }))
}

/// `/api/models/user/name/preupload|commit/REVISION`.
pub fn repo_route(state: &mut State, request: &Request) -> Response {
    let rest = request.path.trim_start_matches("/api/models/");
    let handled = match (rest.split_once("/preupload/"), rest.split_once("/commit/")) {
        (Some((name, revision)), _) => preupload(state, request, name, revision),
        (_, Some((name, revision))) => commit(state, request, name, revision),
        _ => Ok(Response::new(404, "no such route")),
    };
    handled.unwrap_or_else(|error| error)
}

fn writable<'a>(state: &'a State, request: &Request, name: &str) -> Result<&'a Repo, Response> {
    let repo = visible(state, request, name)?;
    if request.token() != Some(&repo.owner) {
        return Err(Response::error(403, "", "You do not have write access to this repository"));
    }
    Ok(repo)
}

fn preupload(state: &State, request: &Request, name: &str, revision: &str) -> Result<Response, Response> {
    let repo = writable(state, request, name)?;
    let tree =
        repo.resolve(revision).map(|commit| repo.commits[&commit].clone()).ok_or_else(|| no_revision(revision))?;
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    let decided = |file: &Value| {
        let path = file["path"].as_str().unwrap();
        let sample = STANDARD.decode(file["sample"].as_str().unwrap()).unwrap();
        assert!(sample.len() <= 512);
        let lfs = std::str::from_utf8(&sample).is_err() || path.ends_with(".bin") || path.ends_with(".safetensors");
        json!({
            "path": path,
            "uploadMode": if lfs { "lfs" } else { "regular" },
            "shouldIgnore": path.ends_with(".ignored"),
            "oid": tree.get(path).map(|content| content.etag.clone()),
        })
    };
    let files: Vec<Value> = body["files"].as_array().unwrap().iter().map(decided).collect();
    Ok(Response::json(&json!({ "files": files })))
}

pub fn batch(state: &State, request: &Request, name: &str) -> Response {
    if let Err(error) = writable(state, request, name) {
        return error;
    }
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!((&body["operation"], &body["hash_algo"]), (&json!("upload"), &json!("sha256")));
    let objects: Vec<Value> = body["objects"].as_array().unwrap().iter().map(|object| action(state, object)).collect();
    Response::json(&json!({ "transfer": "basic", "objects": objects }))
}

fn action(state: &State, object: &Value) -> Value {
    let (oid, size) = (object["oid"].as_str().unwrap(), object["size"].as_u64().unwrap() as usize);
    let mut object = json!({ "oid": oid, "size": size });
    if state.storage.contains_key(oid) {
        return object;
    }
    // The hub returns its public URL even if a mirror is used.
    let verify = json!({ "href": "https://huggingface.co/lfs/verify" });
    object["actions"] = if size > state.part_bytes {
        let mut header = json!({ "chunk_size": state.part_bytes.to_string() });
        for number in 1..=size.div_ceil(state.part_bytes) {
            header[number.to_string()] = json!(format!("http://{}/{oid}/{number}?signature=a_secret", state.cdn));
        }
        json!({ "upload": { "href": format!("http://{}/lfs/complete", state.hub), "header": header }, "verify": verify })
    } else {
        json!({ "upload": { "href": format!("http://{}/{oid}?signature=a_secret", state.cdn) }, "verify": verify })
    };
    object
}

/// Receives a content or a part of one.
pub fn put(state: &mut State, request: &Request) -> Response {
    let path = request.path.trim_start_matches('/');
    match path.split_once('/') {
        Some((oid, number)) => {
            state.parts.insert((oid.to_owned(), number.parse().unwrap()), request.body.clone());
        }
        None if sha256(&request.body) == path => {
            state.storage.insert(path.to_owned(), request.body.clone());
        }
        None => return Response::new(400, "BadDigest"),
    }
    Response::new(200, "").header("etag", &format!("\"{}\"", sha256(&request.body)))
}

/// Completes a multipart upload, or verifies a content.
pub fn complete_or_verify(state: &mut State, request: &Request) -> Response {
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    let oid = body["oid"].as_str().unwrap().to_owned();
    if request.path == "/lfs/verify" {
        assert_eq!(body["size"].as_u64().unwrap() as usize, state.storage[&oid].len());
        assert_eq!(request.token(), Some(TOKEN));
        return Response::json(&json!({}));
    }
    let mut content = Vec::new();
    for (index, part) in body["parts"].as_array().unwrap().iter().enumerate() {
        let sent = &state.parts[&(oid.clone(), index + 1)];
        assert_eq!(part["partNumber"], json!(index + 1));
        assert_eq!(part["etag"], json!(format!("\"{}\"", sha256(sent))));
        content.extend_from_slice(sent);
    }
    assert_eq!(sha256(&content), oid);
    state.storage.insert(oid, content);
    Response::json(&json!({}))
}

fn commit(state: &mut State, request: &Request, name: &str, revision: &str) -> Result<Response, Response> {
    writable(state, request, name)?;
    assert_eq!(request.header("content-type"), Some("application/x-ndjson"));
    let mut files = Vec::new();
    for (index, line) in request.body.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).enumerate() {
        let line: Value = serde_json::from_slice(line).unwrap();
        let (key, value) = (line["key"].as_str().unwrap(), &line["value"]);
        let path = value["path"].as_str().unwrap_or_default().to_owned();
        match key {
            "header" => assert!(index == 0 && !value["summary"].as_str().unwrap().is_empty()),
            "file" => {
                let bytes = STANDARD.decode(value["content"].as_str().unwrap()).unwrap();
                files.push((path, Content::new(bytes, false)));
            }
            "lfsFile" => {
                let bytes = state.storage[value["oid"].as_str().unwrap()].clone();
                assert_eq!(value["size"].as_u64().unwrap() as usize, bytes.len());
                files.push((path, Content::new(bytes, true)));
            }
            other => panic!("an unknown line of a commit: {other}"),
        }
    }
    let hub = state.hub;
    let repo = state.repos.get_mut(name).unwrap();
    let oid = repo.commit_contents(revision, files.iter().map(|(path, content)| (path.as_str(), content.clone())));
    Ok(Response::json(
        &json!({ "success": true, "commitOid": oid, "commitUrl": format!("http://{hub}/{name}/commit/{oid}") }),
    ))
}
