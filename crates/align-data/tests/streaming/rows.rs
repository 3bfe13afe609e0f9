//! A cache has the rows that are encoded at once, and errors have the same numbers.

use crate::data::{all, at_once, blocks, bpe, cache, cache_with, lines, message, options, write};
use align_data::streaming::{TokenCache, TokenCacheKey};
use align_data::tables::{ColumnNames, ExampleBlocks, Examples};
use align_data::{
    CompletionExample, EncodeOptions, InvalidRows, PairExample, PairNumber, PreferencePairs, RewardExample,
    UnpairedExample, encode_pairs, encode_reward_pairs, encode_texts, encode_unpaired,
};
use polars::prelude::ParquetWriter;
use std::io::Write;
use std::path::{Path, PathBuf};

/// More than two blocks of lines.
const ROWS: usize = 9_000;

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn parquet(folder: &Path, jsonl: &Path) -> PathBuf {
    let path = folder.join("pairs.parquet");
    let mut frame = PreferencePairs::read(jsonl).unwrap().frame().unwrap();
    let file = std::fs::File::create(&path).unwrap();
    ParquetWriter::new(file).with_row_group_size(Some(1000)).finish(&mut frame).unwrap();
    path
}

/// A footer with a changed byte gives rows or an error.
#[test]
fn damaged_footers_do_no_harm() {
    let folder = tempfile::tempdir().unwrap();
    let jsonl = write(folder.path(), "pairs.jsonl", lines(0..2500));
    let bytes = std::fs::read(parquet(folder.path(), &jsonl)).unwrap();
    let footer = u32::from_le_bytes(bytes[bytes.len() - 8..bytes.len() - 4].try_into().unwrap()) as usize + 8;
    let mut refused = 0;
    for place in bytes.len() - footer..bytes.len() {
        let change = [0x01, 0x80, 0xff][place % 3];
        let mut changed = bytes.clone();
        changed[place] ^= change;
        let path = write(folder.path(), "changed.parquet", changed);
        let mut blocks = blocks(&[path]);
        let mut rows = 0;
        refused += loop {
            match blocks.next_block() {
                Ok(Some(block)) => rows += block.len(),
                Ok(None) => break 0,
                Err(_) => break 1,
            }
        };
        assert!(rows <= 2500, "byte {place}: {rows} rows");
    }
    assert!(3 * refused > footer, "{refused} of {footer} changes were found");
}

/// A file of many row groups is read group by group: a damaged page is found when its group is read, and not before.
#[test]
fn row_groups_are_read_one_by_one() {
    let folder = tempfile::tempdir().unwrap();
    let jsonl = write(folder.path(), "pairs.jsonl", lines(0..5000));
    let path = parquet(folder.path(), &jsonl);
    let sizes = |mut blocks: ExampleBlocks<PairExample>| {
        let mut sizes = Vec::new();
        loop {
            match blocks.next_block() {
                Ok(Some(rows)) => sizes.push((rows.len(), blocks.bytes_read())),
                Ok(None) => return (sizes, String::new()),
                Err(problem) => return (sizes, problem.to_string()),
            }
        }
    };
    let (whole, _) = sizes(blocks(std::slice::from_ref(&path)));
    assert_eq!(whole.iter().map(|(rows, _)| *rows).sum::<usize>(), 5000);
    assert!(whole.len() >= 5, "{whole:?}");
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = (whole[2].1 + whole[1].1) as usize / 2;
    bytes[middle..middle + 200].fill(0xff);
    let damaged = write(folder.path(), "damaged.parquet", &bytes);
    let (read, problem) = sizes(blocks(&[damaged]));
    assert_eq!(read.len(), 2, "{problem}");
    assert!(problem.contains("damaged.parquet: not a readable Parquet file: row group 3 of"), "{problem}");
    let cut = write(folder.path(), "cut.parquet", &bytes[..bytes.len() / 2]);
    let problem = message(cache(folder.path(), &[cut]));
    assert!(problem.contains("it does not end with PAR1"), "{problem}");
    bytes.drain(8..whole[1].1 as usize);
    let short = write(folder.path(), "short.parquet", &bytes);
    assert!(message(cache(folder.path(), &[short])).contains("not a readable Parquet file"));
}

#[test]
fn a_cache_has_the_rows_and_the_report_of_encode_pairs() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let text = format!("\u{feff}\n{}\n \n{}", lines(0..5000), lines(5000..ROWS));
    let plain = write(folder, "pairs.jsonl", &text);
    let all_files = [
        vec![plain.clone()],
        vec![write(folder, "pairs.jsonl.gz", gzip(&text))],
        vec![write(folder, "pairs.jsonl.zst", zstd::encode_all(text.as_bytes(), 1).unwrap())],
        vec![write(folder, "pairs.json", lines(0..100))],
        vec![parquet(folder, &plain)],
        vec![
            plain,
            write(folder, "empty.jsonl", "\n"),
            write(folder, "more.jsonl", lines(ROWS..ROWS + 700).trim_end()),
        ],
    ];
    for files in all_files {
        let expected = at_once(&files);
        let cache = cache(&folder.join("caches"), &files).unwrap();
        assert_eq!(all(&cache), expected.pairs, "{files:?}");
        assert_eq!(cache.report().unwrap(), expected.report, "{files:?}");
        let report = &expected.report;
        assert!(!report.dropped_equal_pairs.is_empty() && !report.dropped_long_prompts.is_empty(), "{report}");
        assert!(report.truncated_sequences > 0 && report.prompt_stripped > 0, "{report}");
        assert_eq!(report.merged_boundaries > 0, report.rows > 100, "{report}");
        let longest = |pair: &&align_data::EncodedPair| {
            pair.prompt_ids.len() + pair.chosen_ids.len().max(pair.rejected_ids.len())
        };
        let found = cache.statistics();
        assert_eq!(found.longest, expected.pairs.iter().map(|pair| longest(&pair)).max().unwrap());
        assert_eq!(longest(&&cache.row(found.longest_row).unwrap()), found.longest);
        assert_eq!(found.largest_id, 8);
    }
}

#[test]
fn numbers_of_pairs_are_kept_exactly() {
    let folder = tempfile::tempdir().unwrap();
    let files = [write(folder.path(), "pairs.jsonl", lines(0..500))];
    let (names, numbers) = (ColumnNames::default(), [PairNumber::Weight]);
    let options = EncodeOptions { pair_numbers: numbers.to_vec(), ..options() };
    let rows = Examples::<PairExample>::read_files_with_numbers(&files, &names, &numbers).unwrap();
    let expected = encode_pairs(&bpe(), rows.rows(), &options).unwrap().pairs;
    assert_eq!(expected[0].numbers.weight, Some(0.0));
    assert!(expected.iter().any(|pair| pair.numbers.weight == Some(1.0 / 3.0)));
    let blocks = ExampleBlocks::open_with_numbers(&files, &names, &numbers).unwrap();
    assert_eq!(all(&cache_with(folder.path(), &bpe(), &options, blocks).unwrap()), expected);
}

#[test]
fn other_kinds_of_rows_are_cached_too() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (tokenizer, options, names) = (bpe(), options(), ColumnNames::default());
    let pairs = [write(folder, "pairs.jsonl", lines(0..2000))];
    let key = TokenCacheKey::new(&tokenizer, &options).unwrap();

    let examples = Examples::<UnpairedExample>::read_files(&pairs, &names).unwrap();
    let expected = encode_unpaired(&tokenizer, examples.rows(), &options).unwrap();
    assert!(expected.report.sides_of_pairs && expected.report.dropped_equal_pairs.len() > 20);
    let blocks = ExampleBlocks::<UnpairedExample>::open(&pairs, &names).unwrap();
    let encode = |rows: &[_]| encode_unpaired(&tokenizer, rows, &options).map(|found| (found.rows, found.report));
    let cache = TokenCache::open_or_build(folder, &key, blocks, encode).unwrap();
    assert_eq!((all(&cache), cache.report().unwrap()), (expected.rows, expected.report));

    let examples = Examples::<RewardExample>::read_files(&pairs, &names).unwrap();
    let expected = encode_reward_pairs(&tokenizer, examples.rows(), &options).unwrap();
    let blocks = ExampleBlocks::<RewardExample>::open(&pairs, &names).unwrap();
    let encode = |rows: &[_]| encode_reward_pairs(&tokenizer, rows, &options).map(|found| (found.pairs, found.report));
    let cache = TokenCache::open_or_build(folder, &key, blocks, encode).unwrap();
    assert_eq!((all(&cache), cache.report().unwrap()), (expected.pairs, expected.report));

    let texts = [write(folder, "texts.jsonl", "{\"text\": \"ab cab\"}\n{\"text\": \"d\"}\n".repeat(700))];
    let examples = Examples::<CompletionExample>::read_files(&texts, &names).unwrap();
    let expected = encode_texts(&tokenizer, examples.rows(), &options).unwrap();
    let blocks = ExampleBlocks::<CompletionExample>::open(&texts, &names).unwrap();
    let encode = |rows: &[_]| encode_texts(&tokenizer, rows, &options).map(|found| (found.rows, found.report));
    let cache = TokenCache::open_or_build(folder, &key, blocks, encode).unwrap();
    assert_eq!((all(&cache), cache.report().unwrap()), (expected.rows, expected.report));
    assert_eq!(std::fs::read_dir(folder).unwrap().count(), 2 + 3);
}

#[test]
fn errors_have_the_numbers_of_the_whole_file() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let faults = [
        "not json\n",
        "{\"prompt\": \"a\", \"chosen\": \"b\"}\n",
        "{\"prompt\": \"a\", \"chosen\": \"b\", \"rejected\": 3}\n",
        "{\"prompt\": \"a\", \"chosen\": null, \"rejected\": \"c\"}\n",
        "{\"chosen\": \"b\", \"rejected\": \"c\"}\n",
    ];
    for (number, fault) in faults.iter().enumerate() {
        let text = format!("\n{}{fault}{}", lines(0..5000), lines(5000..6000));
        let files = [write(folder, &format!("faulty-{number}.jsonl"), text)];
        let expected = message(Examples::<PairExample>::read_files(&files, &ColumnNames::default()));
        assert!(expected.contains("line 5002") || expected.contains("row 5001"), "{expected}");
        assert_eq!(message(cache(&folder.join("caches"), &files)), expected);
    }
    // A block of rows that all lack the prompt is no other layout.
    let without_prompt = "{\"chosen\": \"b\", \"rejected\": \"c\"}\n".repeat(5000);
    let files = [write(folder, "without.jsonl", format!("{}{without_prompt}", lines(0..4096)))];
    let expected = message(Examples::<PairExample>::read_files(&files, &ColumnNames::default()));
    assert!(expected.contains("row 4097, column \"prompt\""), "{expected}");
    assert_eq!(message(cache(&folder.join("caches"), &files)), expected);
    assert_eq!(std::fs::read_dir(folder.join("caches")).unwrap().count(), 0, "a failed build leaves nothing");
}

#[test]
fn refused_rows_have_their_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let equal = "{\"prompt\": \"a\", \"chosen\": \"b\", \"rejected\": \"b\"}\n";
    let kept = "{\"prompt\": \"a\", \"chosen\": \"b\", \"rejected\": \"c\"}\n";
    let files = [write(folder.path(), "pairs.jsonl", format!("{}{equal}{kept}{equal}", kept.repeat(4999)))];
    let options = EncodeOptions { invalid_rows: InvalidRows::Refuse, ..options() };
    let refused = message(cache_with(&folder.path().join("caches"), &bpe(), &options, blocks(&files)));
    assert!(refused.starts_with("2 rows dropped because both completions are equal (rows 5000, 5002);"), "{refused}");
}

#[test]
fn other_layouts_within_a_file_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let refusal = |name: &str, start: &str, end: &str| {
        let files = [write(folder, name, format!("{}{}", start.repeat(4096), end.repeat(4096)))];
        message(cache(&folder.join("caches"), &files))
    };
    let plain = "{\"chosen\": \"a b\", \"rejected\": \"a c\"}\n";
    let prompted = "{\"prompt\": \"a\", \"chosen\": \" b\", \"rejected\": \" c\"}\n";
    let said = refusal("late.jsonl", plain, prompted);
    assert!(said.contains("late.jsonl, row 4097 and following: the column \"prompt\" begins here"), "{said}");
    let chat = |text: &str| {
        format!("[{{\"role\": \"user\", \"content\": \"a\"}}, {{\"role\": \"assistant\", \"content\": \"{text}\"}}]")
    };
    let chats = format!("{{\"chosen\": {}, \"rejected\": {}}}\n", chat("b"), chat("c"));
    let said = refusal("mixed.jsonl", plain, &chats);
    assert!(
        said.contains("row 4097") && said.contains("expected plain texts, as in the rows before, found conversations"),
        "{said}"
    );
    let files = [write(folder, "one.jsonl", plain), write(folder, "two.jsonl", &chats)];
    let expected = message(Examples::<PairExample>::read_files(&files, &ColumnNames::default()));
    assert_eq!(message(cache(&folder.join("caches"), &files)), expected);
}

#[test]
fn files_that_cannot_be_read_in_parts_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let names = ColumnNames::default();
    let csv = write(folder, "pairs.csv", "prompt,chosen,rejected\na,b,c\n");
    let said = message(ExampleBlocks::<PairExample>::open(&[csv], &names));
    assert!(said.contains("pairs.csv: CSV cannot be read in parts: convert it to JSON Lines"), "{said}");
    let array = write(folder, "pairs.json", "\n [{\"prompt\": \"a\", \"chosen\": \"b\", \"rejected\": \"c\"}]");
    let said = message(cache(folder, &[array]));
    assert!(said.contains("pairs.json: an array cannot be read in parts"), "{said}");
    let long = write(folder, "long.jsonl", "a".repeat(17 << 20));
    let said = message(cache(folder, &[long]));
    assert!(said.contains("line 1: it has at least") && said.contains("expected at most 16777216"), "{said}");
    assert!(message(cache(folder, &[folder.join("none.jsonl")])).contains("there is no such file"));
}
