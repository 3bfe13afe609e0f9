//! Bad scores of judges, and options that do not fit them.

use crate::case::*;
use std::path::Path;

const SCHULZE: &str = "pair --aggregate schulze --judges helpful,safe --input judged.csv --output pairs.jsonl";

/// The start of a command that pairs by a rule.
macro_rules! pair {
    ($more:literal) => {
        concat!("pair --input judged.csv --output pairs.jsonl ", $more)
    };
}

fn judged(dir: &Path) {
    write(dir, "judged.csv", "prompt,text,helpful,safe\nA,b,1,-2\nA,c,3,4\n");
}

fn with_cell(dir: &Path, cell: &str) {
    write(dir, "judged.csv", format!("prompt,text,helpful,safe\nA,b,1,2\nA,c,{cell},4\n"));
}

fn texts(dir: &Path) {
    write(dir, "texts.csv", "prompt,text\nA,A joy\nA,A bore\n");
}

fn texts_and_model(dir: &Path) {
    texts(dir);
    copy_model(dir, "distilbert-tiny");
}

pub const CASES: &[Case] = &[
    case(
        "a judge without a column",
        judged,
        pair!("--aggregate schulze --judges helpfull,safe"),
        &["--judges: judged.csv: there is no column \"helpfull\"", "found helpful, safe; did you mean helpful?"],
    ),
    case(
        "a judge that is named twice",
        judged,
        pair!("--aggregate schulze --judges safe,helpful,safe"),
        &["--judges names \"safe\" twice: name each column once"],
    ),
    case(
        "a single judge",
        judged,
        pair!("--aggregate borda --judges safe"),
        &["--judges names fewer than two columns", "align pair --columns score=COLUMN"],
    ),
    case("an empty name of a judge", judged, pair!("--aggregate borda --judges safe,,helpful"), &["has an empty name"]),
    case(
        "a rule without judges",
        judged,
        pair!("--aggregate borda"),
        &["--aggregate needs", "give --judges COLUMN,COLUMN"],
    ),
    case(
        "judges without a rule",
        judged,
        pair!("--judges helpful,safe"),
        &["--judges has no effect without --aggregate: add --aggregate RULE"],
    ),
    case(
        "an agreement without a rule",
        judged,
        pair!("--min-agreement 0.5"),
        &["--min-agreement has no effect without --aggregate"],
    ),
    case(
        "a judge that scores nothing",
        |d| write(d, "judged.csv", "prompt,text,helpful,safe\nA,b,,2\nA,c,,4\n"),
        SCHULZE,
        &["judged.csv, column \"helpful\": no row has a score: leave the judge out"],
    ),
    case(
        "a score that is NaN",
        |d| with_cell(d, "NaN"),
        SCHULZE,
        &["judged.csv, row 2, column \"helpful\"", "a finite number, or nothing if the judge abstains, found NaN"],
    ),
    case(
        "an infinite score",
        |d| with_cell(d, "-inf"),
        SCHULZE,
        &["judged.csv, row 2, column \"helpful\"", "found -inf"],
    ),
    case(
        "a score in words",
        |d| with_cell(d, "good"),
        SCHULZE,
        &["judged.csv, row 2, column \"helpful\"", "found \"good\""],
    ),
    case(
        "a list of scores",
        |d| write(d, "judged.jsonl", "{\"prompt\": \"A\", \"text\": \"b\", \"helpful\": [1, 2], \"safe\": 1}\n"),
        "judges --judges helpful,safe --input judged.jsonl",
        &["judged.jsonl, row 1, column \"helpful\"", "found [1"],
    ),
    case(
        "two scores for one text",
        |d| write(d, "judged.csv", "prompt,text,helpful,safe\nA,b,1,2\nA,c,3,4\nA,b,5,2\n"),
        SCHULZE,
        &[
            "judged.csv, row 3, column \"helpful\": the score is 5, but row 1 has the same prompt and text with 1",
            "keep one",
        ],
    ),
    case(
        "a negative weight",
        judged,
        pair!("--aggregate borda --judges helpful,safe --judge-weights 1,-1"),
        &["--judge-weights: expected finite numbers of at least 0, found -1 for safe"],
    ),
    case(
        "weights of 0",
        judged,
        pair!("--aggregate borda --judges helpful,safe --judge-weights 0,0"),
        &["--judge-weights: expected a positive weight, found 0 for all judges"],
    ),
    case(
        "a weight too many",
        judged,
        pair!("--aggregate borda --judges helpful,safe --judge-weights 1,2,3"),
        &["--judge-weights: expected 2, one for each of helpful, safe, found 3"],
    ),
    case(
        "a weight of an unknown judge",
        judged,
        pair!("--aggregate borda --judges helpful,safe --judge-weights fluent=2"),
        &["--judge-weights: expected weights of the judges helpful, safe, found one of fluent"],
    ),
    case(
        "a weight in words",
        judged,
        pair!("--aggregate borda --judges helpful,safe --judge-weights safe=much"),
        &["--judge-weights", "numbers such as 1,2,1 or names with numbers such as safe=2", "\"safe=much\""],
    ),
    case(
        "an unknown rule",
        judged,
        pair!("--aggregate shulze --judges helpful,safe"),
        &["--aggregate is \"shulze\": expected one of plurality, borda", "did you mean schulze?"],
    ),
    case(
        "an unknown scale of a rule",
        judged,
        pair!("--aggregate weighted-sum:z --judges helpful,safe"),
        &["rule weighted-sum: found \"z\", expected zscore, quantile, or nothing for raw scores"],
    ),
    case(
        "a threshold without a value",
        judged,
        pair!("--aggregate threshold:safe --judges helpful,safe"),
        &["rule threshold: found \"safe\", expected JUDGE>=VALUE"],
    ),
    case(
        "a threshold for an unknown judge",
        judged,
        pair!("--aggregate threshold:save>=0 --judges helpful,safe"),
        &["there is no judge \"save\", expected one of --judges helpful, safe; did you mean safe?"],
    ),
    case(
        "thresholds for all judges",
        judged,
        pair!("--aggregate threshold:safe>=0,helpful>=1 --judges helpful,safe"),
        &["judged.csv: threshold: every judge with a positive weight has a threshold", "add a judge"],
    ),
    case(
        "prompts that are conversations",
        |d| {
            write(
                d,
                "judged.jsonl",
                "{\"prompt\": [{\"role\": \"user\", \"content\": \"Hi\"}], \"text\": \"b\", \"x\": 1, \"y\": 2}\n",
            )
        },
        "judges --judges x,y --input judged.jsonl",
        &["column \"prompt\": expected text, found", "write conversations as text", "chat template"],
    ),
    case(
        "a product of negative scores",
        judged,
        pair!("--aggregate nash --judges helpful,safe"),
        &["judged.csv: judge safe, candidate row 1: the score -2 is below the zero point 0", "nash:-2"],
    ),
    case(
        "a rule and likes",
        judged,
        pair!("--aggregate borda --judges helpful,safe --likes"),
        &["--aggregate and --likes exclude each other"],
    ),
    case(
        "a margin for a rule without scores",
        judged,
        pair!("--aggregate schulze --judges helpful,safe --margin 0.5"),
        &["--margin: expected no value, found 0.5, and the rule schulze has no scores"],
    ),
    case(
        "a margin for the best and the worst text",
        judged,
        pair!("--aggregate borda --judges helpful,safe --strategy best-worst --margin 0.5"),
        &["--margin has no effect with --strategy best-worst"],
    ),
    case(
        "a seed without a draw",
        judged,
        pair!("--aggregate borda --judges helpful,safe --seed 3"),
        &["--seed has no effect: no pairs are drawn at random", "--pairs-per-prompt"],
    ),
    case(
        "an agreement in percent",
        judged,
        pair!("--aggregate borda --judges helpful,safe --min-agreement 60"),
        &["--min-agreement: expected a share from 0 to 1, found 60"],
    ),
    case(
        "a negative smoothing",
        judged,
        pair!("--aggregate borda --judges helpful,safe --smoothing -1"),
        &["--smoothing: expected a finite number of at least 0, found -1"],
    ),
    case(
        "one text for each prompt",
        |d| write(d, "judged.csv", "prompt,text,helpful,safe\nA,b,1,2\nB,c,3,4\n"),
        SCHULZE,
        &["judged.csv: no pairs can be made", "2 prompts with a single text"],
    ),
    case(
        "one text for each prompt, to be compared",
        |d| write(d, "judged.csv", "prompt,text,helpful,safe\nA,b,1,2\nB,c,3,4\n"),
        "judges --input judged.csv --judges helpful,safe",
        &["judged.csv: there are no prompts with two texts"],
    ),
    case(
        "no rows of scores",
        |d| write(d, "judged.csv", "prompt,text,helpful,safe\n"),
        "judges --input judged.csv --judges helpful,safe",
        &["judged.csv: no texts"],
    ),
    case(
        "too many texts for a prompt",
        |d| {
            let rows: String = (0..2001).map(|row| format!("A,text {row},{row},1\n")).collect();
            write(d, "judged.csv", format!("prompt,text,helpful,safe\n{rows}"));
        },
        SCHULZE,
        &["judged.csv, row 1: its prompt has 2001 texts, expected at most 2000"],
    ),
    case(
        "an output of pairs that exists",
        |d| {
            judged(d);
            write(d, "pairs.jsonl", "");
        },
        SCHULZE,
        &["pairs.jsonl: exists already", "--overwrite"],
    ),
    case(
        "a report that exists",
        |d| {
            judged(d);
            write(d, "report.html", "");
        },
        "judges --input judged.csv --judges helpful,safe --report report.html",
        &["report.html exists already", "--overwrite"],
    ),
    case(
        "a report in place of the input",
        judged,
        "judges --input judged.csv --judges helpful,safe --report judged.csv --overwrite",
        &["the output judged.csv is the same as the input judged.csv"],
    ),
    case(
        "a rule that is compared with itself",
        judged,
        "judges --input judged.csv --judges helpful,safe --rules borda,schulze,borda",
        &["--rules has borda twice"],
    ),
    case("judges that are not named", judged, "judges --input judged.csv", &["--judges"]),
    case(
        "columns of scores without a rule",
        judged,
        "pair --input judged.csv --output pairs.jsonl",
        &[
            "\"score\"",
            "if it has a column of scores for each of several judges, give --aggregate RULE --judges COLUMN,COLUMN",
        ],
    ),
    case(
        "pairs as the input of judges",
        |d| write(d, "pairs.jsonl", PAIR),
        "judges --input pairs.jsonl --judges helpful,safe",
        &["preference pairs, which align dpo, align cpo, align kto and align reward train on"],
    ),
    case(
        "a judge by a label that its model does not have",
        texts_and_model,
        "classify --input texts.csv --output out.csv --judge film=model:logit:HAPPY",
        &["--judge film", "\"HAPPY\"", "\"NEGATIVE\" (0), \"POSITIVE\" (1)"],
    ),
    case(
        "a judge by the single output of a model with two",
        texts_and_model,
        "classify --input texts.csv --output out.csv --judge film=model:scalar",
        &["--judge film", "scalar is for one output, the model has 2"],
    ),
    case(
        "a judge whose labels contradict the default score",
        |d| {
            texts(d);
            copy_model(d, "distilbert-tiny-swapped");
        },
        "classify --input texts.csv --output out.csv --judge film=model",
        &["--judge film", "minus-logit:LABEL"],
    ),
    case(
        "a judge with the name of a column",
        texts,
        "classify --input texts.csv --output out.csv --judge prompt=words:3",
        &["--judge prompt: the table has a column of this name"],
    ),
    case(
        "judges of classify by one name",
        texts,
        "classify --input texts.csv --output out.csv --judge short=words:3 --judge short=words:5",
        &["--judge short: two judges have this name"],
    ),
    case(
        "a judge that is no form",
        texts,
        "classify --input texts.csv --output out.csv --judge short=words:none",
        &["--judge", "words:none"],
    ),
];
