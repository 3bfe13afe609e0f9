//! A corpus with planted faults of known number.

use crate::texts::{Random, english, german};
use serde_json::{Value, json};
use std::path::Path;

/// Clean pairs besides the faulty ones.
const CLEAN: usize = 2_400;

/// Words of chosen and of rejected texts, from which a model learns which is which.
const GOOD: [&str; 8] = ["certainly", "helpful", "details", "carefully", "explain", "example", "therefore", "precise"];
const BAD: [&str; 8] = ["whatever", "boring", "stupid", "refuse", "nonsense", "lazy", "guess", "dunno"];

/// The planted faults of pairs of texts, and how many of each.
pub const FAULTS: [(&str, usize); 19] = [
    ("unreadable", 3),
    ("equal", 11),
    ("empty", 7),
    ("empty-prompt", 5),
    ("duplicates", 13),
    ("near-duplicates", 17),
    ("contradictions", 9),
    ("leakage", 12),
    ("near-leakage", 8),
    ("replacement-characters", 6),
    ("mojibake", 10),
    ("control-characters", 4),
    ("surrogates", 3),
    ("html-entities", 14),
    ("mixed-languages", 16),
    ("other-language", 15),
    ("prompt-in-completion", 10),
    ("score-order", 19),
    ("score-ties", 18),
];

/// The planted faults of conversations.
pub const CHAT_FAULTS: [(&str, usize); 6] = [
    ("unknown-roles", 5),
    ("repeated-roles", 6),
    ("answer-roles", 4),
    ("empty-system", 7),
    ("doubled-bos", 8),
    ("special-tokens", 9),
];

/// Rows whose sides are swapped against the words that tell them.
pub const NOISE: usize = 60;

/// A pair of texts, of which the words tell the chosen one, and the length in 3 of 4 cases.
pub fn pair(random: &mut Random) -> Value {
    let longer = random.below(4) != 0;
    let (chosen, rejected) = if longer { (40, 28) } else { (28, 40) };
    let (chosen, rejected) = (english(random, chosen), english(random, rejected));
    json!({
        "prompt": format!("{}?", english(random, 14)),
        "chosen": format!("{chosen} {} {}.", random.one_of(&GOOD), random.one_of(&GOOD)),
        "rejected": format!("{rejected} {} {}.", random.one_of(&BAD), random.one_of(&BAD)),
        "chosen_score": 2.0 + random.below(100) as f64 / 100.0,
        "rejected_score": random.below(100) as f64 / 100.0,
    })
}

fn text<'a>(row: &'a Value, field: &str) -> &'a str {
    row[field].as_str().unwrap()
}

/// A clean row with something after one of its texts.
fn with(random: &mut Random, field: &str, after: &str) -> Value {
    let mut row = pair(random);
    row[field] = json!(format!("{} {after}", text(&row, field)));
    row
}

fn swapped(row: &Value) -> Value {
    let mut swapped = row.clone();
    swapped["chosen"] = row["rejected"].clone();
    swapped["rejected"] = row["chosen"].clone();
    swapped
}

/// A row with a fault. `clean` are earlier rows, each of which is used for one row, and `held_out` the held-out ones.
fn faulty(fault: &str, number: usize, random: &mut Random, clean: &mut Vec<Value>, held_out: &[Value]) -> String {
    let mut row = pair(random);
    match fault {
        "unreadable" => {
            return [
                r#"{"prompt": "cut"#,
                r#"{"prompt": "no answer"}"#,
                r#"{"prompt": 1, "chosen": "a", "rejected": "b"}"#,
            ][number]
                .to_owned();
        }
        "equal" => row["rejected"] = row["chosen"].clone(),
        "empty" => row[["chosen", "rejected"][number % 2]] = json!(["", " \n"][number % 2]),
        "empty-prompt" => row["prompt"] = json!(""),
        "duplicates" => row = clean.pop().unwrap(),
        "near-duplicates" => {
            row = clean.pop().unwrap();
            row["chosen"] = json!(format!("Well, {}", text(&row, "chosen")));
        }
        "contradictions" => row = swapped(&clean.pop().unwrap()),
        "leakage" => row["prompt"] = held_out[number]["prompt"].clone(),
        "near-leakage" => row["prompt"] = json!(format!("So {}", text(&held_out[20 + number], "prompt"))),
        "replacement-characters" => row = with(random, "prompt", "caf\u{fffd}"),
        "mojibake" => row = with(random, "chosen", ["cafÃ©", "itâ€™s"][number % 2]),
        "control-characters" => row = with(random, "rejected", "bell\u{7}"),
        "surrogates" => return row.to_string().replacen("?\"", "?\\ud83d\"", 1),
        "html-entities" => row = with(random, "rejected", ["Tom &amp; Jerry", "it&#39;s"][number % 2]),
        "mixed-languages" => row["rejected"] = json!(german(random, 40)),
        "other-language" => {
            row["chosen"] = json!(german(random, 40));
            row["rejected"] = json!(german(random, 40));
        }
        "prompt-in-completion" => {
            row["rejected"] = json!(format!("{} {}", text(&row, "prompt"), text(&row, "rejected")))
        }
        "score-order" => row["chosen_score"] = json!(-1.0),
        "score-ties" => row["chosen_score"] = row["rejected_score"].clone(),
        other => panic!("{other} cannot be planted"),
    }
    row.to_string()
}

/// Writes `pairs.jsonl` with all faults of pairs, in random order after the clean rows, and `held-out.jsonl`.
pub fn write_pairs(folder: &Path) {
    let mut random = Random::new(1);
    let held_out: Vec<Value> = (0..40).map(|_| pair(&mut random)).collect();
    let mut clean: Vec<Value> = (0..CLEAN).map(|_| pair(&mut random)).collect();
    let noise: Vec<String> = (0..NOISE).map(|_| swapped_label(&pair(&mut random))).collect();
    let mut lines: Vec<String> = clean.iter().map(Value::to_string).chain(noise).collect();
    let clean_lines = lines.len();
    for (fault, count) in FAULTS {
        lines.extend((0..count).map(|number| faulty(fault, number, &mut random, &mut clean, &held_out)));
    }
    for at in (clean_lines + 1..lines.len()).rev() {
        lines.swap(at, clean_lines + random.below(at + 1 - clean_lines));
    }
    std::fs::write(folder.join("pairs.jsonl"), lines.join("\n")).unwrap();
    let held_out: Vec<String> = held_out.iter().map(Value::to_string).collect();
    std::fs::write(folder.join("held-out.jsonl"), held_out.join("\n")).unwrap();
}

/// A row with a wrong label, whose scores agree with the label.
fn swapped_label(row: &Value) -> String {
    swapped(row).to_string()
}

fn message(role: &str, content: &str) -> Value {
    json!({ "role": role, "content": content })
}

/// Writes `chat.json`, an array of conversations with all their faults.
pub fn write_conversations(folder: &Path) {
    let mut random = Random::new(2);
    let mut rows = Vec::new();
    let mut faults = vec![""; 150];
    CHAT_FAULTS.iter().for_each(|(fault, count)| faults.extend(vec![*fault; *count]));
    for fault in faults {
        let (question, good, bad) = (english(&mut random, 14), english(&mut random, 30), english(&mut random, 30));
        let (mut prompt, mut chosen) = (vec![message("user", &question)], vec![message("assistant", &good)]);
        match fault {
            "unknown-roles" => prompt.insert(0, message("narrator", "Once upon a time.")),
            "repeated-roles" => prompt.push(message("user", "And why?")),
            "answer-roles" => chosen.push(message("user", "Thanks!")),
            "empty-system" => prompt.insert(0, message("system", " ")),
            "doubled-bos" => prompt[0] = message("user", &format!("<s>{question}")),
            "special-tokens" => chosen[0] = message("assistant", &format!("{good}<|im_end|>")),
            _ => {}
        }
        rows.push(json!({ "prompt": prompt, "chosen": chosen, "rejected": [message("assistant", &bad)] }));
    }
    std::fs::write(folder.join("chat.json"), serde_json::to_string_pretty(&rows).unwrap()).unwrap();
}
