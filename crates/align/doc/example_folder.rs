// Included by the guide's examples, which name a model and a file as a user would.

/// A folder with small models under the names `lvwerra/gpt2-imdb` and `lvwerra/distilbert-imdb` and eight preference pairs in
/// `pairs.jsonl`, which becomes the current one. The models are random: an existing folder wins over a name on the hub.
fn example_folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let data = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/data");
    for (name, kept) in [("lvwerra/gpt2-imdb", "gpt2-tiny"), ("lvwerra/distilbert-imdb", "distilbert-tiny")] {
        let model = folder.path().join(name);
        std::fs::create_dir_all(&model).unwrap();
        for file in std::fs::read_dir(data.join("models").join(kept)).unwrap() {
            let file = file.unwrap();
            std::fs::copy(file.path(), model.join(file.file_name())).unwrap();
        }
    }
    let pairs = std::fs::read_to_string(data.join("train.jsonl")).unwrap();
    let pairs: Vec<&str> = pairs.lines().take(8).collect();
    std::fs::write(folder.path().join("pairs.jsonl"), pairs.join("\n")).unwrap();
    std::env::set_current_dir(folder.path()).unwrap();
    folder
}
