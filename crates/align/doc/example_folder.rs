// Included by the examples in the documentation, which use the names of a model and of a file.

/// Creates a folder with small random models under the names `lvwerra/gpt2-imdb` and `lvwerra/distilbert-imdb` and eight preference pairs in
/// `pairs.jsonl`, and makes it the current folder. An existing folder has priority over a name on the hub.
fn example_folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let data = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/data");
    for (name, source) in [("lvwerra/gpt2-imdb", "gpt2-tiny"), ("lvwerra/distilbert-imdb", "distilbert-tiny")] {
        let model = folder.path().join(name);
        std::fs::create_dir_all(&model).unwrap();
        for file in std::fs::read_dir(data.join("models").join(source)).unwrap() {
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
