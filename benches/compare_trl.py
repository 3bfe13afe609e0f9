"""Compares the speed and memory of DPO steps with TRL, and prints one table.

    python benches/compare_trl.py MODELS_DIR TEXTS.csv [--pairs 5] [--only NAME]

MODELS_DIR contains the folder `gpt2` in transformers' layout with its tokenizer.json (GPT-2 small for the figures in README.md; the
values of the weights do not matter). TEXTS.csv has the columns `Prompt`, `Generated Text` and `Model Score`; two pairs are sampled for
each prompt. Needs torch, transformers, trl and pandas.

The two sides run alternately, each in its own process, so that both are affected by the machine's load in the same way. Loading and
precomputed reference log-probabilities are not timed. A ratio is computed for each pair of runs, and the table shows the median ratio.
"Start-up" is the time from the start of the process to the end of its first step, minus the time of a step. "Share of peak" is the time
that the step's matrix products would take at the measured peak rate, divided by the time of the step. A step needs six operations per
weight and token (eight with the reference computed in each step), for all tokens in the blocks and for the completion tokens in the head.
"""

import argparse
import json
import os
import pathlib
import random
import statistics
import sys
import tempfile

from comparison import build_bench, macs_of_model, matmul_gflops, run

HERE = pathlib.Path(__file__).resolve().parent
BATCH = 8

CASES = {
    # name: (options of trl_dpo.py, options of the benchmark `dpo_step`)
    "float32, reference in each step": (["--live-reference"], ["--live-reference"]),
    "float32, TRL's reference in each step, align's precomputed": (["--live-reference"], []),
    "float32, reference precomputed": ([], []),
    "bfloat16, reference precomputed": (["--dtype", "bfloat16", "--autocast"], ["--dtype", "bfloat16"]),
}


def write_pairs(texts, file):
    import pandas

    table = pandas.read_csv(texts)
    random.seed(42)
    for prompt in table.Prompt.unique():
        group = table[table.Prompt == prompt]
        for _ in range(2):
            chosen, rejected = (group.iloc[i] for i in random.sample(range(len(group)), 2))
            if chosen["Model Score"] <= rejected["Model Score"]:
                chosen, rejected = rejected, chosen
            sides = {k: row["Generated Text"][len(prompt) :] for k, row in (("chosen", chosen), ("rejected", rejected))}
            print(json.dumps({"prompt": prompt, **sides}), file=file)
    file.flush()


def gflop_per_step(models, pairs, live_reference):
    """GFLOP of the matrix products of a step, as the mean over the file's rows."""
    from tokenizers import Tokenizer

    blocks, head, attention = macs_of_model(pathlib.Path(models) / "gpt2")
    tokenizer = Tokenizer.from_file(str(pathlib.Path(models) / "gpt2/tokenizer.json"))
    length = lambda text: len(tokenizer.encode(text).ids)
    rows = [json.loads(line) for line in open(pairs)]
    flop = 0
    for row in rows:
        prompt = length(row["prompt"])
        for side in ("chosen", "rejected"):
            completion = length(row[side]) + 1
            tokens = prompt + completion
            # Two operations in the forward pass, and four in the backward pass.
            flop += (6 + 2 * live_reference) * (blocks * tokens + attention * tokens**2 + head * completion)
    return flop / len(rows) * BATCH / 1e9


def step(command):
    """Runs a command and returns the seconds per step, the peak memory, and the start-up time."""
    result = run(command)
    seconds = statistics.median(result["step_s"])
    return seconds, result["peak_gb"], result["first_step_at"] - result["start_time"] - seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models")
    parser.add_argument("texts")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--steps", type=int, default=2)
    parser.add_argument("--only", action="append", help="run only the cases whose name contains this")
    args = parser.parse_args()
    ours, models = build_bench("dpo_step"), os.path.abspath(args.models)
    print("| case | TRL, s/step | align, s/step | speed-up | share of peak | TRL, GB | align, GB | TRL, start-up in s | align, start-up in s |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as pairs:
        write_pairs(args.texts, pairs)
        shared = ["--model", f"{models}/gpt2", "--pairs", pairs.name, "--loss-type", "hinge", "--steps", str(args.steps)]
        for name, (theirs, options) in CASES.items():
            if args.only and not any(part in name for part in args.only):
                continue
            results, rates = [], []
            gflop = gflop_per_step(models, pairs.name, "--live-reference" in options)
            for _ in range(args.pairs):
                rates.append(matmul_gflops()["bfloat16" in options])
                trl = step([sys.executable, HERE / "trl_dpo.py", *shared, *theirs])
                results.append((trl, step([ours, "--bench", *shared, *options])))
            ratios = [trl[0] / align[0] for trl, align in results]
            median = lambda side, part: statistics.median(pair[side][part] for pair in results)
            print(
                f"| {name} | {median(0, 0):.1f} | {median(1, 0):.1f} | {statistics.median(ratios):.1f} "
                f"({min(ratios):.1f} to {max(ratios):.1f}) | {gflop / statistics.median(rates) / median(1, 0):.0%} | "
                f"{median(0, 1):.1f} | {median(1, 1):.1f} | {median(0, 2):.1f} | {median(1, 2):.1f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
