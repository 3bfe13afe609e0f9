//! Bad tables and prompts.

use crate::case::*;
use crate::support::repository;
use std::fs;

pub const CASES: &[Case] = &[
    case(
        "a table that does not exist",
        no_files,
        "pair --input nowhere.csv --output pairs.jsonl",
        &["nowhere.csv", "cannot be read"],
    ),
    case(
        "a folder instead of a table",
        |d| fs::create_dir(d.join("in.csv")).unwrap(),
        "pair --input in.csv --output pairs.jsonl",
        &["in.csv", "expected a file"],
    ),
    case(
        "a table of another format",
        |d| write(d, "in.xlsx", ""),
        "pair --input in.xlsx --output pairs.jsonl",
        &["in.xlsx", ".csv, .jsonl, .json or .parquet", ".gz", ".xlsx"],
    ),
    case(
        "a missing column",
        |d| write(d, "in.csv", "prompt,text\na,b\n"),
        "pair --input in.csv --output pairs.jsonl",
        &["in.csv", "column \"score\"", "\"prompt\", \"text\""],
    ),
    case(
        "a repeated column",
        |d| write(d, "in.csv", "prompt,text,score,text\na,b,1,c\n"),
        "pair --input in.csv --output pairs.jsonl",
        &["in.csv, line 1", "\"text\" occurs twice"],
    ),
    case(
        "a score that is not a number",
        |d| write(d, "in.csv", "prompt,text,score\na,b,1\na,c,high\n"),
        "pair --input in.csv --output pairs.jsonl",
        &["in.csv, row 2, column \"score\"", "a finite number", "\"high\""],
    ),
    case(
        "a score that is NaN",
        |d| write(d, "in.csv", "prompt,text,score\na,b,NaN\n"),
        "pair --input in.csv --output pairs.jsonl",
        &["in.csv, row 1, column \"score\"", "NaN"],
    ),
    case(
        "an infinite score",
        |d| write(d, "in.csv", "prompt,text,score\na,b,1\na,c,-inf\n"),
        "pair --input in.csv --output pairs.jsonl",
        &["in.csv, row 2, column \"score\"", "-inf"],
    ),
    case("an empty file", |d| write(d, "in.csv", ""), "pair --input in.csv --output pairs.jsonl", &["in.csv", "empty"]),
    case("a table without rows", |d| write(d, "pairs.jsonl", ""), DPO, &["pairs.jsonl", "found no rows"]),
    case(
        "a short row",
        |d| write(d, "in.csv", "prompt,text,score\na,b,1\na,b\n"),
        "pair --input in.csv --output pairs.jsonl",
        &["in.csv, line 3", "expected 3 fields, found 2"],
    ),
    case(
        "an unquoted comma",
        |d| write(d, "in.csv", "prompt,text,score\na,b, and c,1\n"),
        "pair --input in.csv --output pairs.jsonl",
        &["in.csv, line 2", "found 4", "needs quotes"],
    ),
    case(
        "a quote never closed",
        |d| write(d, "in.csv", "prompt,text,score\na,b,1\na,\"c,2\nd,e,3\n"),
        "pair --input in.csv --output pairs.jsonl",
        &["in.csv, line 3", "never closed"],
    ),
    case(
        "a quote not doubled",
        |d| write(d, "in.csv", "prompt,text,score\na,\"the \"best\" film\",1\n"),
        "pair --input in.csv --output pairs.jsonl",
        &["in.csv, line 2", "text after a closing quote"],
    ),
    case(
        "Latin-1",
        |d| write(d, "in.csv", b"prompt,text,score\na,caf\xe9,1\n"),
        "pair --input in.csv --output pairs.jsonl",
        &["in.csv, line 2", "UTF-8", "0xe9"],
    ),
    case(
        "UTF-16",
        |d| write(d, "in.csv", b"\xff\xfep\0r\0"),
        "pair --input in.csv --output pairs.jsonl",
        &["in.csv, line 1", "UTF-16"],
    ),
    case(
        "a broken line",
        |d| write(d, "pairs.jsonl", format!("{PAIR}{}", &PAIR[..30])),
        DPO,
        &["pairs.jsonl, line 2", "not valid JSON", "column 30"],
    ),
    case(
        "a line that is a list",
        |d| write(d, "pairs.jsonl", "[1, 2]\n"),
        DPO,
        &["pairs.jsonl, line 1", "expected a JSON object"],
    ),
    case(
        "a repeated field",
        |d| write(d, "pairs.jsonl", "{\"prompt\": \"a\", \"chosen\": \"b\", \"chosen\": \"c\", \"rejected\": \"d\"}\n"),
        DPO,
        &["pairs.jsonl, line 1", "\"chosen\" occurs twice"],
    ),
    case(
        "a text that is null",
        |d| write(d, "pairs.jsonl", format!("{PAIR}{{\"prompt\": \"a\", \"chosen\": null, \"rejected\": \"d\"}}\n")),
        DPO,
        &["pairs.jsonl, row 2, column \"chosen\"", "null"],
    ),
    case(
        "a text that is a number",
        |d| write(d, "pairs.jsonl", format!("{PAIR}{{\"prompt\": 3, \"chosen\": \"b\", \"rejected\": \"d\"}}\n")),
        DPO,
        &["pairs.jsonl, row 2, column \"prompt\"", "expected text or a list of messages, found a number"],
    ),
    case(
        "pairs as the input of pair",
        |d| write(d, "in.jsonl", PAIR),
        "pair --input in.jsonl --output pairs.jsonl",
        &["in.jsonl", "the columns \"text\", \"score\"", "\"chosen\""],
    ),
    case(
        "Parquet cut in half",
        |d| {
            fs::copy(repository().join("fuzz/corpus/parquet/plain.parquet"), d.join("in.parquet")).unwrap();
            let b = fs::read(d.join("in.parquet")).unwrap();
            write(d, "in.parquet", &b[..b.len() / 2])
        },
        "pair --input in.parquet --output pairs.jsonl",
        &["in.parquet", "Parquet", "PAR1"],
    ),
    case(
        "Parquet with a damaged page",
        |d| {
            let mut b = fs::read(repository().join("fuzz/corpus/parquet/dictionary.parquet")).unwrap();
            b[4] = 0xff;
            b[5] = 0xff;
            write(d, "in.parquet", &b)
        },
        "pair --input in.parquet --output pairs.jsonl",
        &["in.parquet", "Parquet"],
    ),
    case("a prompt longer than the context", no_files, "generate --max-new-tokens 5 --prompt LONG", &["128", "tokens"]),
    case(
        "completions empty after truncation",
        |d| write(d, "pairs.jsonl", PAIR.replace("This movie", &"This movie ".repeat(60)).repeat(3)),
        "dpo --train-file pairs.jsonl --output-dir run --max-length 20",
        &["no row is left", "--max-length 20", "3 rows dropped because the prompt fills --max-length (rows 1, 2, 3)"],
    ),
    case(
        "no prompts",
        |d| write(d, "prompts.txt", ""),
        "generate --prompts prompts.txt",
        &["prompts.txt", "no prompts"],
    ),
    case(
        "an empty prompt",
        |d| write(d, "prompts.txt", "This\n\nThat\n"),
        "generate --prompts prompts.txt",
        &["prompts.txt, line 2", "the prompt is empty"],
    ),
    case(
        "only pairs with equal completions",
        |d| write(d, "pairs.jsonl", SAME.repeat(8)),
        "dpo --train-file pairs.jsonl --output-dir run",
        &["no row is left", "8 rows dropped because both completions are equal (rows 1, 2, 3"],
    ),
    case(
        "pairs whose completions are equal after truncation",
        |d| write(d, "pairs.jsonl", PAIR.repeat(4)),
        "cpo --train-file pairs.jsonl --output-dir run --max-length 4",
        &["all 4 training pairs", "increase --max-length"],
    ),
    case(
        "only held-out pairs with equal completions",
        |d| {
            write(d, "pairs.jsonl", PAIR.repeat(4));
            write(d, "held.jsonl", SAME);
        },
        "dpo --train-file pairs.jsonl --eval-file held.jsonl --output-dir run --max-steps 1",
        &["no row is left", "1 row dropped because both completions are equal (row 1)"],
    ),
    case(
        "completions that are both desirable and undesirable",
        |d| write(d, "labelled.jsonl", (LABELLED.to_owned() + &LABELLED.replace("true", "false")).repeat(4)),
        "kto --train-file labelled.jsonl --output-dir run",
        &["all 8 training completions", "desirable and undesirable"],
    ),
    case(
        "pairs of equal completions for KTO",
        |d| write(d, "pairs.jsonl", SAME.repeat(2)),
        "kto --train-file pairs.jsonl --output-dir run",
        &[
            "no row is left: 0 of 4 completions",
            "4 completions dropped because both sides of the pair are equal (rows 1, 2)",
        ],
    ),
    case(
        "pairs of equal completions for KTO, which are kept",
        |d| write(d, "pairs.jsonl", SAME.repeat(2)),
        "kto --train-file pairs.jsonl --output-dir run --invalid-rows keep_equal",
        &["all 4 training completions", "desirable and undesirable"],
    ),
    case(
        "a pair of equal completions for KTO, to be refused",
        |d| write(d, "pairs.jsonl", PAIR.to_owned() + SAME),
        "kto --train-file pairs.jsonl --output-dir run --invalid-rows refuse",
        &["both sides of the pair are equal (row 2)", "--invalid-rows"],
    ),
    case(
        "only held-out pairs that are too long",
        |d| {
            write(d, "pairs.jsonl", PAIR.repeat(4));
            write(d, "held.jsonl", PAIR.replace("This movie", &"This movie ".repeat(60)).repeat(4))
        },
        "dpo --train-file pairs.jsonl --eval-file held.jsonl --output-dir run --max-length 20",
        &["evaluation rows", "held.jsonl", "0 of 4 rows", "--max-length 20"],
    ),
    case(
        "only labelled completions that are too long",
        |d| write(d, "labelled.jsonl", LABELLED.replace("This", &"This movie ".repeat(60)).repeat(2)),
        "kto --train-file labelled.jsonl --output-dir run --max-length 20",
        &["labelled.jsonl", "no row is left", "0 of 2 rows"],
    ),
    case(
        "a label that is neither true nor false",
        |d| write(d, "labelled.jsonl", LABELLED.to_owned() + &LABELLED.replace("true", "\"maybe\"")),
        "kto --train-file labelled.jsonl --output-dir run",
        &["labelled.jsonl, row 2, column \"label\"", "true or false", "\"maybe\""],
    ),
    case(
        "a class that the model does not have",
        |d| write(d, "texts.csv", "text,label\ngood,POSITIVE\nbad,negativ\n\n"),
        "train-classifier --train-file texts.csv --output-dir run",
        &["texts.csv, row 2, column \"label\"", "0 (NEGATIVE), 1 (POSITIVE)", "\"negativ\""],
    ),
    case(
        "a class number beyond the model's",
        |d| write(d, "texts.jsonl", "{\"text\": \"good\", \"label\": 2}\n"),
        "train-classifier --train-file texts.jsonl --output-dir run",
        &["texts.jsonl, row 1, column \"label\"", "1 (POSITIVE)", "\"2\""],
    ),
    case(
        "a label that is missing in Parquet",
        |d| {
            let missing = repository().join("crates/align-data/tests/data/parquet_types/missing.parquet");
            write(d, "likes.parquet", fs::read(missing).unwrap())
        },
        "kto --train-file likes.parquet --output-dir run",
        &["likes.parquet, row 2, column \"label\"", "nothing (null)"],
    ),
];

const SAME: &str = "{\"prompt\": \"This movie\", \"chosen\": \" was great\", \"rejected\": \" was great\"}\n";
