//! The input files that pages assume, and a hub with the models that they name.

use crate::hub_server::{Repo, Server};
use crate::pages::Page;
use crate::support::golden_path;
use serde_json::{Value, json};
use std::path::Path;

/// The input files that each page assumes.
const ASSUMED: &[(&str, &[&str])] = &[
    (
        "docs/align-a-chat-model.md",
        &["pairs.jsonl", "held-out.jsonl", "labelled.jsonl", "chosen.jsonl", "rejected.jsonl"],
    ),
    ("docs/audit.md", &["pairs.jsonl", "held-out.jsonl", "likes.jsonl"]),
    ("docs/command-line.md", &["pairs.jsonl", "run.yaml"]),
    ("docs/data.md", &["pairs.jsonl", "held-out.jsonl", "scored.csv", "texts.csv", "own.csv"]),
    ("docs/distances.md", &["reviews.txt"]),
    ("docs/errors.md", &["pairs.jsonl"]),
    ("docs/generation.md", &["prompts.txt"]),
    ("docs/gpu.md", &["texts.jsonl"]),
    ("docs/gguf.md", &["pairs.jsonl"]),
    ("docs/likes.md", &["answers.csv", "votes.csv", "shp.jsonl", "reddit.jsonl", "posts.csv"]),
    ("docs/lora.md", &["pairs.jsonl", "other-pairs.jsonl"]),
    ("docs/on-policy.md", &["prompts.txt", "questions.jsonl", "held-out-questions.jsonl"]),
    ("docs/reward-models.md", &["pairs.jsonl", "held-out.jsonl", "texts.csv"]),
    ("docs/scaling.md", &["pairs.jsonl"]),
    ("docs/streaming.md", &["pairs.jsonl"]),
    ("docs/trackers.md", &["pairs.jsonl", "held-out.jsonl", "prompts.txt"]),
    ("docs/losses.md", &["pairs.jsonl", "judged.jsonl", "likes.jsonl"]),
    (
        "docs/training.md",
        &["pairs.jsonl", "held-out.jsonl", "likes.jsonl", "prompts.txt", "texts.jsonl", "labelled.csv", "config.json"],
    ),
    ("docs/your-own-data.md", &["own.csv", "held-out.csv", "prompts.txt"]),
];

/// Writes the files that a page assumes.
pub fn write(page: &str, folder: &Path) {
    let names = ASSUMED.iter().find(|(name, _)| *name == page).map_or(&[][..], |(_, names)| names);
    for name in names {
        let content = if page == CHAT { conversations(name) } else { content(name) };
        std::fs::write(folder.join(name), content).unwrap();
    }
}

/// The page whose data are conversations.
const CHAT: &str = "docs/align-a-chat-model.md";

fn conversations(name: &str) -> String {
    let rows = rows("train_chat.jsonl").into_iter();
    // What the page's commands of jq write.
    let side = |name: &'static str| move |row: Value| json!({ "prompt": row["prompt"], "completion": row[name] });
    let labelled = |row: Value| {
        [("chosen", "POSITIVE"), ("rejected", "NEGATIVE")]
            .map(|(side, label)| json!({ "text": row[side][0]["content"], "label": label }))
    };
    match name {
        "held-out.jsonl" => lines(rows.skip(8).take(2)),
        "chosen.jsonl" => lines(rows.skip(8).take(2).map(side("chosen"))),
        "rejected.jsonl" => lines(rows.skip(8).take(2).map(side("rejected"))),
        "labelled.jsonl" => lines(rows.take(4).flat_map(labelled)),
        _ => lines(rows.take(4)),
    }
}

fn content(name: &str) -> String {
    let pairs: Vec<Value> = rows("train.jsonl");
    let text = |row: &Value| format!("{}{}", row["prompt"].as_str().unwrap(), row["chosen"].as_str().unwrap());
    match name {
        "run.yaml" => {
            let page = Page::read("docs/command-line.md").text;
            page.split("```yaml\n").nth(1).unwrap().split("```").next().unwrap().to_owned()
        }
        "other-pairs.jsonl" => lines(pairs.iter().skip(4).take(8).cloned()),
        "pairs.jsonl" => lines(pairs.iter().take(8).cloned()),
        "judged.jsonl" => {
            let judged = |(row, mut pair): (usize, Value)| {
                pair["chosen_probability"] = json!(0.9 - 0.1 * row as f64);
                pair["margin"] = json!(0.5 + row as f64);
                pair["agreement"] = json!(row);
                pair
            };
            lines(pairs.iter().take(8).cloned().enumerate().map(judged))
        }
        "held-out.jsonl" => lines(pairs.iter().skip(8).take(4).cloned()),
        "likes.jsonl" => lines(rows("train_kto.jsonl").into_iter().take(8)),
        "texts.jsonl" => lines(pairs.iter().map(|row| json!({ "text": text(row) }))),
        "texts.csv" => "prompt,text\nThis movie,This movie was fine.\nThis movie,This movie was dull.\n".to_owned(),
        "scored.csv" => "prompt,text,score\nA,A joy,1.5\nA,A bore,-1\nA,A film,0.25\n".to_owned(),
        "own.csv" | "held-out.csv" => {
            let row = |n: usize| format!("{n},Is it long? {n},\" Yes, it is.\", Not at all.\n");
            format!("id,question,good,bad\n{}", (0..4).map(row).collect::<String>())
        }
        "answers.csv" => "prompt,text,likes,views\nA,A joy,30,60\nA,A bore,1,90\nB,A film,9,90\nB,No film,60,80\n".to_owned(),
        "votes.csv" => "question,answer,up,down\nA,A joy,30,6\nA,A bore,1,90\nB,A film,9,80\nB,No film,60,8\n".to_owned(),
        "posts.csv" => {
            let row = |n: u32| format!("A,Text {n},{},2024-05-{n:02}T12:00:00Z\n", n * n);
            format!("prompt,text,likes,time\n{}", (1..10).map(row).collect::<String>())
        }
        "shp.jsonl" => lines([("Yes.", 90, 5), ("Perhaps.", 30, 7), ("So.", 200, 1)].map(|(text, a, b)| {
            json!({
                "history": "Is it long?", "human_ref_A": text, "human_ref_B": "No.", "score_A": a, "score_B": b, "labels": 1,
                "created_at_utc_A": 1_600_000_000 + a, "created_at_utc_B": 1_600_000_000
            })
        })),
        "reddit.jsonl" => {
            let post = json!({"id": "p", "title": "Is it long?", "selftext": "", "score": 9, "created_utc": 1_600_000_000});
            let comment = |(id, score)| {
                json!({"id": id, "parent_id": "t3_p", "link_id": "t3_p", "body": id, "score": score, "created_utc": 1_600_000_060})
            };
            lines([post].into_iter().chain([("yes", 90), ("no", 2), ("so", 30)].map(comment)))
        }
        "labelled.csv" => "text,label\nA joy,1\nA bore,0\nA film,yes\nNo film,no\n".to_owned(),
        "reviews.txt" => "This movie was great.\nThe plot made no sense.\nI liked the actors.\n".to_owned(),
        "questions.jsonl" | "held-out-questions.jsonl" => {
            lines(["Why is it long?", "Who wrote it?"].map(|text| json!({ "prompt": [{ "role": "user", "content": text }] })))
        }
        "prompts.txt" => "This movie\nThe film\n".to_owned(),
        "config.json" => json!({
            "model_type": "gpt2", "vocab_size": 1, "n_positions": 256, "n_embd": 16, "n_layer": 1, "n_head": 2
        })
        .to_string(),
        _ => panic!("{name} has no content"),
    }
}

fn rows(name: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(golden_path(name)).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn lines(rows: impl IntoIterator<Item = Value>) -> String {
    rows.into_iter().map(|row| format!("{row}\n")).collect()
}

/// A local hub server with tiny models under the names that the pages use.
pub fn hub() -> Server {
    let repo = |name, folder: &str| Repo::of_folder(name, Path::new(&golden_path(folder)));
    Server::new([
        repo("lvwerra/gpt2-imdb", "models/gpt2-tiny-bin-legacy"),
        repo("HuggingFaceTB/SmolLM2-135M-Instruct", "models/qwen2-tiny"),
        repo("lvwerra/distilbert-imdb", "models/distilbert-tiny-bin-legacy"),
        repo("AntonKorznikov/gpt2_hinge", "models/gpt2-tiny"),
        repo("AntonKorznikov/gpt2_sigm", "models/gpt2-tiny-bin-zip"),
    ])
}
