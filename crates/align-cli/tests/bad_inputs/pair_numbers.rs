//! Bad numbers of pairs, and options that do not fit them.

use crate::case::*;
use serde_json::{Value, json};
use std::path::Path;

const SOFT: &str = "dpo --train-file pairs.jsonl --output-dir run --soft-labels";
const ODPO: &str = "dpo --train-file pairs.jsonl --output-dir run --odpo-alpha 1";
const WEIGHTS: &str = "dpo --train-file pairs.jsonl --output-dir run --row-weights";

/// Three pairs, of which the second has `value` in a column, and the others 0.9.
fn pairs(dir: &Path, column: &str, value: Value) {
    let row = |value: &Value| {
        let mut row = json!({"prompt": "This movie", "chosen": " was great", "rejected": " was bad"});
        row[column] = value.clone();
        format!("{row}\n")
    };
    let usual = json!(0.9);
    write(dir, "pairs.jsonl", [&usual, &value, &usual].map(row).concat());
}

fn csv(dir: &Path, column: &str, value: &str) {
    let row = |value: &str| format!("This movie, was great, was bad,{value}\n");
    write(dir, "pairs.csv", format!("prompt,chosen,rejected,{column}\n{}{}", row("0.9"), row(value)));
}

fn scored(dir: &Path, chosen: f64, rejected: f64) {
    let row = json!({"prompt": "This movie", "chosen": " was great", "rejected": " was bad",
                     "chosen_score": chosen, "rejected_score": rejected});
    write(dir, "pairs.jsonl", format!("{row}\n"));
}

pub const CASES: &[Case] = &[
    case(
        "a probability of 0",
        |d| pairs(d, "chosen_probability", json!(0)),
        SOFT,
        &["pairs.jsonl, row 2, column \"chosen_probability\": expected a probability above 0 and at most 1, found 0"],
    ),
    case(
        "a probability above 1",
        |d| pairs(d, "chosen_probability", json!(1.5)),
        SOFT,
        &["pairs.jsonl, row 2, column \"chosen_probability\"", "at most 1, found 1.5"],
    ),
    case(
        "a probability that is text",
        |d| pairs(d, "chosen_probability", json!("x")),
        SOFT,
        &["pairs.jsonl, row 2, column \"chosen_probability\": expected a finite number, found a string"],
    ),
    case(
        "a probability that is missing in a row",
        |d| pairs(d, "chosen_probability", Value::Null),
        SOFT,
        &["pairs.jsonl, row 2, column \"chosen_probability\": expected a finite number, found nothing (null)"],
    ),
    case(
        "soft labels without probabilities",
        |d| write(d, "pairs.jsonl", PAIR),
        SOFT,
        &[
            "pairs.jsonl: --soft-labels needs a column \"chosen_probability\" (align pair --likes and --aggregate write one), found",
            "\"prompt\", \"chosen\", \"rejected\"",
            "add the column, or leave the option out",
            "give --columns chosen_probability=COLUMN",
        ],
    ),
    case(
        "soft labels without probabilities, but with scores",
        |d| {
            let pair =
                "{\"prompt\":\"A\",\"chosen\":\"b\",\"rejected\":\"c\",\"chosen_score\":1,\"rejected_score\":0}\n";
            write(d, "pairs.jsonl", pair);
        },
        SOFT,
        &["give --columns chosen_probability=COLUMN"],
    ),
    case(
        "soft labels without probabilities in the evaluation rows",
        |d| {
            pairs(d, "chosen_probability", json!(0.7));
            write(d, "held-out.jsonl", PAIR);
        },
        "dpo --train-file pairs.jsonl --eval-file held-out.jsonl --output-dir run --soft-labels",
        &["evaluation rows: held-out.jsonl: --soft-labels needs a column \"chosen_probability\""],
    ),
    case(
        "soft labels of scored texts",
        |d| write(d, "scored.csv", "prompt,text,score\nA,b,1\nA,c,2\n"),
        "dpo --train-file scored.csv --output-dir run --soft-labels",
        &["scored.csv: --soft-labels needs a column \"chosen_probability\"", "\"prompt\", \"text\", \"score\""],
    ),
    case(
        "soft labels and label smoothing",
        |d| pairs(d, "chosen_probability", json!(0.7)),
        "dpo --train-file pairs.jsonl --output-dir run --soft-labels --label-smoothing 0.1",
        &["--soft-labels conflicts with --label-smoothing 0.1", "set --label-smoothing to 0"],
    ),
    case(
        "soft labels for a loss of the whole batch",
        |d| pairs(d, "chosen_probability", json!(0.7)),
        "dpo --train-file pairs.jsonl --output-dir run --soft-labels --loss-type aot",
        &["--soft-labels is true, which --loss-type aot would ignore", "use --loss-type sigmoid or hinge or ipo"],
    ),
    case(
        "soft labels for a sum of losses that ignore them",
        |d| pairs(d, "chosen_probability", json!(0.7)),
        "dpo --train-file pairs.jsonl --output-dir run --soft-labels --loss-type sft,aot",
        &["--soft-labels would be ignored by every loss in --loss-type (sft, aot): remove it"],
    ),
    case(
        "a weight that is negative",
        |d| pairs(d, "weight", json!(-1)),
        WEIGHTS,
        &["pairs.jsonl, row 2, column \"weight\": expected a weight of at least 0, found -1"],
    ),
    case(
        "a weight that is NaN",
        |d| csv(d, "weight", "NaN"),
        "dpo --train-file pairs.csv --output-dir run --row-weights",
        &["pairs.csv, row 2, column \"weight\": expected a finite number, found NaN"],
    ),
    case(
        "weights that are all 0",
        |d| write(d, "pairs.csv", "prompt,chosen,rejected,w\nThis movie, was great, was bad,0\nThis, one, two,0\n"),
        "dpo --train-file pairs.csv --columns weight=w --output-dir run --row-weights",
        &["the weights of all training rows are 0", "give a row a weight above 0, or leave --row-weights out"],
    ),
    case(
        "weights without a column",
        |d| csv(d, "weights", "1"),
        "dpo --train-file pairs.csv --output-dir run --row-weights",
        &["pairs.csv: --row-weights needs a column \"weight\"", "give --columns weight=weights"],
    ),
    case(
        "weights for a loss of the whole batch",
        |d| pairs(d, "weight", json!(1)),
        "dpo --train-file pairs.jsonl --output-dir run --row-weights --loss-type sigmoid,sft",
        &["--row-weights conflicts with --loss-type sft, which depends on the whole batch", "remove one of the two"],
    ),
    case(
        "a margin of 0",
        |d| pairs(d, "margin", json!(0)),
        ODPO,
        &["pairs.jsonl, row 2, column \"margin\": expected a number above 0, because its logarithm is taken, found 0"],
    ),
    case(
        "a negative margin",
        |d| pairs(d, "margin", json!(-0.5)),
        ODPO,
        &["pairs.jsonl, row 2, column \"margin\"", "above 0", "found -0.5"],
    ),
    case(
        "a chosen text with the lower score",
        |d| scored(d, 1.0, 2.5),
        ODPO,
        &[
            "pairs.jsonl, row 1, column \"chosen_score\": expected a score above that of the rejected text (2.5)",
            "found 1",
        ],
    ),
    case(
        "an offset without scores",
        |d| write(d, "pairs.jsonl", PAIR),
        ODPO,
        &["--odpo-alpha needs a column \"margin\", or the columns \"chosen_score\" and \"rejected_score\", found"],
    ),
    case(
        "an offset of 0",
        |d| scored(d, 3.0, 2.5),
        "dpo --train-file pairs.jsonl --output-dir run --odpo-alpha 0",
        &["--odpo-alpha: expected a finite number above 0, found 0"],
    ),
    case(
        "an offset for a loss of both log-ratios",
        |d| scored(d, 3.0, 2.5),
        "dpo --train-file pairs.jsonl --output-dir run --odpo-alpha 1 --loss-type bco_pair",
        &["--odpo-alpha is 1, which --loss-type bco_pair would ignore", "use --loss-type sigmoid or hinge"],
    ),
    case(
        "a reward model's probability above 1",
        |d| pairs(d, "chosen_probability", json!(1.01)),
        "reward --train-file pairs.jsonl --output-dir run --soft-labels",
        &["pairs.jsonl, row 2, column \"chosen_probability\"", "at most 1, found 1.01"],
    ),
    case(
        "soft labels of align cpo",
        |d| pairs(d, "chosen_probability", json!(0.7)),
        "cpo --train-file pairs.jsonl --output-dir run --soft-labels",
        &["--soft-labels"],
    ),
];
