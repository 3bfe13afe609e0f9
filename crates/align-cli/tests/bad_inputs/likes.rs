//! Bad counts of likes, and options that do not fit them.

use crate::case::*;
use serde_json::json;
use std::path::Path;

const PAIR: &str = "pair --likes --input likes.csv --output pairs.jsonl";

fn viewed(dir: &Path) {
    write(dir, "likes.csv", "prompt,text,likes,views\nA,b,1,50\nA,c,30,50\n");
}

fn timed(dir: &Path) {
    write(dir, "likes.csv", "prompt,text,likes,time\nA,b,1,1600000000\nA,c,30,1600000100\n");
}

fn shp(dir: &Path, label: i32, time: i64) {
    let row = json!({"history": "A", "human_ref_A": "b", "human_ref_B": "c", "score_A": 9, "score_B": 3, "labels": label,
                     "created_at_utc_A": time, "created_at_utc_B": 1_600_000_000});
    write(dir, "likes.jsonl", format!("{row}\n"));
}

pub const CASES: &[Case] = &[
    case(
        "likes above views",
        |d| write(d, "likes.csv", "prompt,text,likes,views\nA,b,1,50\nA,c,51,50\n"),
        PAIR,
        &["likes.csv, row 2: found 51 likes and 50 views, expected at most one like per view"],
    ),
    case(
        "reactions above views",
        |d| write(d, "likes.csv", "prompt,text,likes,dislikes,views\nA,b,30,21,50\n"),
        "pair --likes --input likes.csv --output pairs.jsonl --measure approval",
        &["likes.csv, row 1: found 30 likes, 21 dislikes and 50 views"],
    ),
    case(
        "negative likes",
        |d| write(d, "likes.csv", "prompt,text,likes\nA,b,1\nA,c,-3\n"),
        PAIR,
        &["likes.csv, row 2: likes is -3, expected a whole number from 0"],
    ),
    case(
        "half a like",
        |d| write(d, "likes.csv", "prompt,text,likes\nA,b,0.5\n"),
        PAIR,
        &["likes.csv, row 1: likes is 0.5, expected a whole number"],
    ),
    case(
        "likes that are not a number",
        |d| write(d, "likes.csv", "prompt,text,likes\nA,b,many\n"),
        PAIR,
        &["likes.csv, row 1, column \"likes\"", "a finite number", "\"many\""],
    ),
    case(
        "likes that are NaN",
        |d| write(d, "likes.csv", "prompt,text,likes\nA,b,NaN\n"),
        PAIR,
        &["likes.csv, row 1, column \"likes\"", "NaN"],
    ),
    case(
        "views that are missing in a row",
        |d| {
            write(
                d,
                "likes.jsonl",
                "{\"prompt\": \"A\", \"text\": \"b\", \"likes\": 1, \"views\": 9}\n{\"prompt\": \"A\", \"text\": \"c\", \"likes\": 1}\n",
            )
        },
        "pair --likes --input likes.jsonl --output pairs.jsonl",
        &["likes.jsonl, row 2, column \"views\"", "null"],
    ),
    case(
        "no column of likes",
        |d| write(d, "likes.csv", "prompt,text,upvotes\nA,b,1\n"),
        PAIR,
        &["likes.csv", "column \"likes\"", "--columns likes=upvotes"],
    ),
    case(
        "likes in the input of pairs by score",
        viewed,
        "pair --input likes.csv --output pairs.jsonl",
        &["column \"score\"", "align pair --likes"],
    ),
    case(
        "a time in the future",
        |d| write(d, "likes.csv", "prompt,text,likes,time\nA,b,1,2999-01-01\nA,c,1,2020-01-01\n"),
        PAIR,
        &["likes.csv, row 1: the time is 32472144000 s since 1970, expected a time before"],
    ),
    case(
        "times in milliseconds",
        |d| write(d, "likes.csv", "prompt,text,likes,time\nA,b,1,1600000000000\n"),
        PAIR,
        &["likes.csv, row 1: the time is 1600000000000 s", "give seconds; this seems to be in milliseconds"],
    ),
    case(
        "a time that is no time",
        |d| write(d, "likes.csv", "prompt,text,likes,time\nA,b,1,yesterday\n"),
        PAIR,
        &["likes.csv, row 1, column \"time\"", "seconds since 1970 or a date such as 2024-05-31", "\"yesterday\""],
    ),
    case(
        "a text from after the counts",
        timed,
        "pair --likes --input likes.csv --output pairs.jsonl --as-of 2020-09-13T12:27:00Z",
        &["likes.csv, row 2: the time is 1600000100 s", "before 1600000020 s, when the likes were counted"],
    ),
    case(
        "a text from before its thread",
        |d| write(d, "likes.csv", "prompt,text,likes,time,thread_time\nA,b,1,1600000000,1600000060\n"),
        PAIR,
        &["likes.csv, row 1: the time is 1600000000 s", "from 1600000060 s on, when the thread began"],
    ),
    case(
        "no likes at all",
        |d| write(d, "likes.csv", "prompt,text,likes\nA,b,0\nA,c,0\n"),
        PAIR,
        &["no prior can be estimated, because no text has a like: give one (--prior)"],
    ),
    case(
        "a single view per text",
        |d| write(d, "likes.csv", "prompt,text,likes,views\nA,b,0,1\nA,c,1,1\n"),
        PAIR,
        &["because every text has a single view or reaction"],
    ),
    case(
        "likes that tell nothing",
        |d| write(d, "likes.csv", "prompt,text,likes,views\nA,b,3,50\nA,c,4,50\n"),
        PAIR,
        &["likes.csv: no pairs can be made", "1 candidate pair skipped: not probable enough"],
    ),
    case(
        "likes that label nothing",
        |d| write(d, "likes.csv", "prompt,text,likes,views\nA,b,3,50\nA,c,4,50\n"),
        "pair --likes --kto --input likes.csv --output kto.jsonl",
        &["likes.csv: no desirable and undesirable completions can be told apart", "2 texts left out"],
    ),
    case(
        "a label of SHP against the scores",
        |d| shp(d, 0, 1_600_000_000),
        "pair --likes --input likes.jsonl --output pairs.jsonl",
        &["likes.jsonl, row 1, column \"labels\": expected 1, because score_A is above score_B, found 0"],
    ),
    case(
        "a comment of SHP from the future",
        |d| shp(d, 1, 32_472_144_000),
        "pair --likes --input likes.jsonl --output pairs.jsonl",
        &["likes.jsonl, row 1: the time is 32472144000 s"],
    ),
    case(
        "SHP as the input of dpo",
        |d| shp(d, 1, 1_600_000_000),
        "dpo --train-file likes.jsonl --output-dir run",
        &["likes.jsonl", "align pair --likes makes preference pairs"],
    ),
    case(
        "a comment of Reddit without its parent",
        |d| {
            write(
                d,
                "likes.jsonl",
                "{\"body\": \"b\", \"score\": 5, \"parent_id\": \"t3_x\", \"link_id\": \"t3_x\", \"created_utc\": 1600000000}\n",
            )
        },
        "pair --likes --input likes.jsonl --output pairs.jsonl",
        &["likes.jsonl: what the comments answer is not in the file: add the submissions", "a column title"],
    ),
    case(
        "views and dislikes without a measure",
        |d| write(d, "likes.csv", "prompt,text,likes,dislikes,views\nA,b,1,1,50\n"),
        PAIR,
        &["--measure: expected per-view or approval, because the texts have both views and dislikes"],
    ),
    case(
        "a measure without its counts",
        timed,
        "pair --likes --input likes.csv --output pairs.jsonl --measure per-view",
        &["the measure per-view needs views, which the texts do not have"],
    ),
    case(
        "a half-life for views",
        viewed,
        "pair --likes --input likes.csv --output pairs.jsonl --half-life 6",
        &["--half-life: expected no value, because likes per view do not depend on times"],
    ),
    case(
        "a half-life of no hours",
        timed,
        "pair --likes --input likes.csv --output pairs.jsonl --half-life 0",
        &["--half-life: expected a number of hours above 0, found 0"],
    ),
    case(
        "attention to texts, counted at an unknown time",
        timed,
        "pair --likes --input likes.csv --output pairs.jsonl --attention text",
        &["--as-of: expected the time of the counts"],
    ),
    case(
        "a probability of 1",
        viewed,
        "pair --likes --input likes.csv --output pairs.jsonl --min-probability 1",
        &["--min-probability: expected a number from 0.5 to below 1, found 1"],
    ),
    case(
        "a prior of no likes",
        viewed,
        "pair --likes --input likes.csv --output pairs.jsonl --prior 0,5",
        &["--prior: expected two numbers from 1e-6 to 1e12, found 0,5"],
    ),
    case(
        "a credible level in percent",
        viewed,
        "pair --likes --kto --input likes.csv --output kto.jsonl --credible-level 95",
        &["--credible-level: expected a number between 0 and 1, found 95"],
    ),
];
