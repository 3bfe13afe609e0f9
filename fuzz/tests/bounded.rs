//! A short run of every reader. It is a single test, because allocations are counted per process.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use align_fuzz::{Harness, Outcome, READERS, mutate, seeds};

const MUTATIONS: u64 = 1500;
/// The harness does not count LibTorch's memory, so the growth of the whole process is limited too, in KiB.
const PROCESS_LIMIT: u64 = 512 << 10;

/// The peak memory of this process in KiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Files whose contents would take many times their own size in memory.
fn amplifiers() -> Vec<(&'static str, Vec<u8>)> {
    let text = |before: &str, repeated: &str, after: &str| format!("{before}{}{after}", repeated.repeat(100_000));
    let numbered = |before: &str, item: fn(u32) -> String, after: &str| {
        format!("{before}{}{after}", (0..50_000).map(item).collect::<Vec<_>>().join(","))
    };
    let legacy = |opcodes: &[u8]| {
        let seed = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/corpus/bin_legacy/small.bin")).unwrap();
        let state = seed.windows(2).enumerate().filter(|(_, pair)| *pair == b"\x80\x02").nth(3).unwrap().0;
        [&seed[..state + 2], &opcodes.repeat(300_000)].concat()
    };
    let safetensors = |header: String| [&(header.len() as u64).to_le_bytes()[..], header.as_bytes()].concat();
    vec![
        ("jsonl", text("", "{\"a\":0}\n", "").into()),
        ("jsonl", text("", "{\"\":0}\n", "").into()),
        ("jsonl", text("{\"text\":[", "0,", "0]}\n").into()),
        ("jsonl", numbered("{", |i| format!("\"{i}\":0"), "}\n").into()),
        ("nested_columns", text("{\"messages\":[", "{\"role\":\"a\"},", "{}]}\n").into()),
        ("nested_columns", text("{\"messages\":", "[", "").into()),
        ("json_array", text("[", "{\"a\":0},", "{}]").into()),
        ("json_array", text("[", "{},", "{}]").into()),
        ("json_array", numbered("[{", |i| format!("\"{i}\":0"), "}]").into()),
        ("config", text("{\"model_type\": \"gpt2\", \"x\": [", "0,", "0]}").into()),
        ("config", text("{\"model_type\": \"gpt2\", \"x\": [", "[],", "0]}").into()),
        ("config", numbered("{\"model_type\": \"gpt2\",", |i| format!("\"{i}\":0"), "}").into()),
        ("index", numbered("{\"weight_map\": {", |i| format!("\"{i}\":\"\""), "}}").into()),
        ("index", numbered("{\"weight_map\": {", |i| format!("\"{i}\":\"shard.safetensors\""), "}}").into()),
        ("index", text("{\"x\": [", "0,", "0]}").into()),
        ("hub_index", numbered("{\"weight_map\": {", |i| format!("\"{i}\":\"\""), "}}").into()),
        ("hub_index", numbered("{\"weight_map\": {", |i| format!("\"{i}\":\"{i}\""), "}}").into()),
        (
            "safetensors",
            safetensors(numbered(
                "{",
                |i| format!("\"{i}\":{{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}"),
                "}",
            )),
        ),
        ("safetensors", safetensors(text("{\"a\":{\"dtype\":\"U8\",\"shape\":[", "1,", "1],\"data_offsets\":[0,1]}}"))),
        ("bin_legacy", legacy(b"]")),
        ("bin_legacy", legacy(b"N\x94")),
        ("bin_legacy", legacy(b"\x8c\x00")),
    ]
}

#[test]
fn mutated_files_meet_the_requirements() {
    let before = peak();
    for (name, bytes) in amplifiers() {
        let reader = READERS.into_iter().find(|reader| reader.name == name).unwrap();
        let start = String::from_utf8_lossy(&bytes[..bytes.len().min(60)]).into_owned();
        let outcome = Harness::new(reader).unwrap().run(&bytes).unwrap();
        assert!(!matches!(outcome, Outcome::Violation(_)), "{name} {start:?}: {outcome:?}");
    }
    for reader in READERS {
        let harness = Harness::new(reader).unwrap();
        let seeds = seeds(&reader).unwrap();
        for seed in &seeds {
            assert_eq!(harness.run(seed).unwrap(), Outcome::Read, "{}: a file as it was written", reader.name);
        }
        let mut rejected = 0;
        for number in 0..MUTATIONS {
            let bytes = mutate(&seeds[number as usize % seeds.len()], number);
            match harness.run(&bytes).unwrap() {
                Outcome::Read => {}
                Outcome::Rejected => rejected += 1,
                Outcome::Violation(how) => panic!("{}, mutation {number}: {how}", reader.name),
            }
        }
        assert!(rejected > MUTATIONS / 20, "{}: only {rejected} rejected: the mutations have no effect", reader.name);
    }
    let growth = peak() - before;
    assert!(growth < PROCESS_LIMIT, "the process grew by {growth} KiB");
}
