//! Which cache is used, and when one is built.

use crate::data::{all, at_once, blocks, bpe, cache, cache_with, lines, options, other_bpe, write};
use align_data::EncodeOptions;
use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, SystemTime};

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn set_modified(path: &Path, time: SystemTime) {
    File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
}

#[test]
fn a_cache_is_used_for_the_same_data_only() {
    let folder = tempfile::tempdir().unwrap();
    let caches = folder.path().join("caches");
    let files = [write(folder.path(), "pairs.jsonl", lines(0..300))];
    let first = cache(&caches, &files).unwrap();
    assert_eq!(first.folder().parent(), Some(caches.as_path()));
    assert!(names(&caches)[0].starts_with("pairs-"));
    // A copy under another name has the same content.
    let copy = [write(folder.path(), "copy.jsonl", lines(0..300))];
    assert_eq!(cache(&caches, &copy).unwrap().digest(), first.digest());
    let length = EncodeOptions { max_length: Some(30), ..options() };
    let others = [
        cache_with(&caches, &other_bpe(), &options(), blocks(&files)).unwrap(),
        cache_with(&caches, &bpe(), &length, blocks(&files)).unwrap(),
        cache(&caches, &[write(folder.path(), "other.jsonl", lines(1..301))]).unwrap(),
        cache(&caches, &[copy[0].clone(), files[0].clone()]).unwrap(),
    ];
    let mut digests: Vec<String> = others.iter().map(|cache| cache.digest()).chain([first.digest()]).collect();
    digests.sort();
    digests.dedup();
    assert_eq!((digests.len(), names(&caches).len()), (5, 5));
    assert_eq!(all(&first), at_once(&files).pairs);
    assert_ne!(all(&others[0]), all(&first));
}

#[test]
fn a_file_is_read_again_only_if_its_size_or_time_differs() {
    let folder = tempfile::tempdir().unwrap();
    let caches = folder.path().join("caches");
    let files = [write(folder.path(), "pairs.jsonl", "{\"prompt\": \"a\", \"chosen\": \"b\", \"rejected\": \"c\"}\n")];
    let time = SystemTime::now() - Duration::from_secs(3600);
    set_modified(&files[0], time);
    let digest = cache(&caches, &files).unwrap().digest();
    // The same size and time: the content is not read, so that the start does not depend on the size.
    write(folder.path(), "pairs.jsonl", "{\"prompt\": \"a\", \"chosen\": \"b\", \"rejected\": \"d\"}\n");
    set_modified(&files[0], time);
    assert_eq!(cache(&caches, &files).unwrap().digest(), digest);
    // Another time: the content is read, and is another.
    set_modified(&files[0], time + Duration::from_secs(1));
    assert_ne!(cache(&caches, &files).unwrap().digest(), digest);
    // The first content again, at another time: its cache is found, and the time is noted.
    write(folder.path(), "pairs.jsonl", "{\"prompt\": \"a\", \"chosen\": \"b\", \"rejected\": \"c\"}\n");
    set_modified(&files[0], time + Duration::from_secs(2));
    let header = caches.join(&names(&caches)[0]).join("cache.json");
    assert_eq!(cache(&caches, &files).unwrap().digest(), digest);
    assert_eq!(names(&caches).len(), 2);
    assert!(header.exists());
    write(folder.path(), "pairs.jsonl", "{\"prompt\": \"a\", \"chosen\": \"b\", \"rejected\": \"e\"}\n");
    set_modified(&files[0], time + Duration::from_secs(2));
    assert_eq!(cache(&caches, &files).unwrap().digest(), digest, "the noted time and size are trusted");
}

/// A time of change that is too recent proves nothing: the file may change again without another time.
#[test]
fn a_file_that_was_just_changed_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let caches = folder.path().join("caches");
    let files = [write(folder.path(), "pairs.jsonl", lines(0..10))];
    let now = SystemTime::now();
    set_modified(&files[0], now);
    let digest = cache(&caches, &files).unwrap().digest();
    let changed: String = lines(0..10).replacen('a', "b", 1);
    write(folder.path(), "pairs.jsonl", &changed);
    set_modified(&files[0], now);
    assert_ne!(cache(&caches, &files).unwrap().digest(), digest);
}

#[test]
fn what_a_killed_process_left_is_not_used() {
    let folder = tempfile::tempdir().unwrap();
    let caches = folder.path().join("caches");
    let files = [write(folder.path(), "pairs.jsonl", lines(0..300))];
    let whole = cache(&caches, &files).unwrap();
    // All files are there but the header, and the folder has the name of one that is being written.
    let name = whole.folder().file_name().unwrap().to_str().unwrap().to_owned();
    let left = caches.join(format!(".unfinished-{name}.0123456789ab"));
    fs::rename(whole.folder(), &left).unwrap();
    fs::remove_file(left.join("cache.json")).unwrap();
    fs::write(left.join("rows.bin"), "half").unwrap();
    let built = cache(&caches, &files).unwrap();
    assert_eq!(all(&built), at_once(&files).pairs);
    assert_eq!(names(&caches), [name], "the next build removes the rest");
}
