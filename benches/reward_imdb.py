"""Trains a reward model on pairs of film reviews, and compares its accuracy with that of the bundled classifier.

    python benches/reward_imdb.py IMDB_DIR [--held-out 3000] [--characters 500]

IMDB_DIR has the IMDB data set as train.parquet and test.parquet with the columns text and label (1 is positive). Each positive review is
paired with a negative one at random, and only the end of a review is used, where most reviews come to their verdict. The language model is
the bundled GPT-2. Needs pyarrow and `cargo build --release --package align-cli`.
"""

import argparse
import json
import pathlib
import random
import subprocess
import tempfile
import time

from comparison import ROOT, write_lines


def pairs(file, characters):
    import pyarrow.parquet

    table = pyarrow.parquet.read_table(file)
    rows = list(zip(table["text"].to_pylist(), table["label"].to_pylist()))
    sides = [[text for text, label in rows if label == wanted] for wanted in (1, 0)]
    for side in sides:
        random.shuffle(side)
    return [{"chosen": end(chosen, characters), "rejected": end(rejected, characters)} for chosen, rejected in zip(*sides)]


def end(text, characters):
    """The last words of a text."""
    if len(text) <= characters:
        return text
    text = text[-characters:]
    return text[text.find(" ") + 1 :]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("imdb", type=pathlib.Path)
    parser.add_argument("--held-out", type=int, default=3000), parser.add_argument("--characters", type=int, default=500)
    parser.add_argument("--program", default=str(ROOT / "target/release/align"))
    a = parser.parse_args()
    random.seed(1)
    train, test = (pairs(a.imdb / f"{split}.parquet", a.characters) for split in ("train", "test"))
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        train_file, test_file = write_lines(folder / "train.jsonl", train), write_lines(folder / "test.jsonl", test[: a.held_out])
        began = time.time()
        options = ["--num-train-epochs", "1", "--per-device-train-batch-size", "16", "--learning-rate", "7e-4", "--dtype", "bfloat16"]
        options += ["--train-sampling-strategy", "group_by_length", "--model", ROOT / "models/gpt2-imdb-4m"]
        subprocess.run([a.program, "reward", "--train-file", train_file, "--output-dir", folder / "run", *options], check=True)
        print(f"trained on {len(train)} pairs in {time.time() - began:.0f} s", flush=True)
        judges = {"reward": folder / "run/model", "classifier": ROOT / "models/distilbert-imdb-1m"}
        judges = [word for name, model in judges.items() for word in ("--judge", f"{name}={model}")]
        subprocess.run([a.program, "classify", "--pairs", *judges, "--input", test_file, "--output", folder / "scored.jsonl"], check=True)
        rows = [json.loads(line) for line in open(folder / "scored.jsonl")]
        right = [[row[f"chosen_{name}"] > row[f"rejected_{name}"] for row in rows] for name in ("reward", "classifier")]
        only = [sum(x and not y for x, y in zip(*sides)) for sides in (right, right[::-1])]
        print(f"right by the reward model only: {only[0]}, by the classifier only: {only[1]}")


if __name__ == "__main__":
    main()
