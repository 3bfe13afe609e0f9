"""Compares DPO and greedy decoding of a chat model with TRL and transformers: results, speed and memory. Prints two tables.

    python benches/compare_chat.py MODEL_DIR DATA.json [--pairs 3] [--steps 12] [--only NAME]

MODEL_DIR is a chat model in transformers' layout (SmolLM2-135M-Instruct for the figures in README.md). DATA.json is a list of objects
with `instruction`, `input`, `chosen` and `rejected`: each becomes a conversation of two messages. Rows whose sides are equal are left
out. Training uses the first rows, 4 in a step; 16 rows at the end are held out. Needs torch, transformers, trl and peft.

The two sides run alternately, each in its own process, in float32 on the CPU. The figures are medians over `--pairs` pairs of runs, and a
ratio is computed for each pair. The script fails if the token ids of the first batch or the accuracies on the held-out rows differ, or
if a loss or gradient norm differs by more than 2e-4 (relative, plus 3e-5). "Share of peak" is the time that the least arithmetic of a
step would take at the peak rate that is measured in the same run, divided by the time of the step: common prompts are counted once for
both sides. Peak memory is that of training, without the evaluation.
"""

import argparse
import json
import os
import pathlib
import statistics
import sys
import tempfile

from comparison import build_bench, gflop_of_dpo_step, matmul_gflops, run, spread, write_lines

HERE = pathlib.Path(__file__).resolve().parent
BATCH, HELD_OUT = 4, 16
RELATIVE, ABSOLUTE = 2e-4, 3e-5

LORA = ["--use-peft", "--lora-target-modules", "all-linear", "--learning-rate", "1e-4"]
FULL = ["--learning-rate", "5e-6"]
DPO_CASES = {
    # name: options of both sides
    "all weights, reference in each step": [*FULL, "--live-reference"],
    "all weights, reference precomputed": FULL,
    "LoRA, reference in each step": [*LORA, "--live-reference"],
    "LoRA, reference precomputed": LORA,
}
GREEDY_CASES = {"one answer": 1, "16 conversations": 16}


def conversations(file):
    say = lambda role, text: [{"role": role, "content": text}]
    rows = [row for row in json.loads(pathlib.Path(file).read_text()) if row["chosen"] != row["rejected"]]
    return [
        {
            "prompt": say("user", row["instruction"] + ("\n" + row["input"] if row["input"] else "")),
            "chosen": say("assistant", row["chosen"]),
            "rejected": say("assistant", row["rejected"]),
        }
        for row in rows
    ]


def largest_difference(found, expected):
    """The largest difference of two lists, in units of the tolerance."""
    if len(found) != len(expected):
        return float("inf")
    return max(abs(a - b) / (RELATIVE * abs(b) + ABSOLUTE) for a, b in zip(found, expected))


def compare_steps(align, trl):
    """What differs between the two sides, in words."""
    accuracy = "eval_rewards/accuracies"
    problems = []
    if align["first_batch_ids"] != trl["first_batch_ids"]:
        problems.append("token ids of the first batch")
    problems += [name for name in ("loss", "grad_norm") if not largest_difference(align[name], trl[name]) <= 1]
    if abs(align["evaluation"][accuracy] - trl["evaluation"][accuracy]) > 1e-6:
        problems.append(f"held-out accuracy ({align['evaluation'][accuracy]:.4f}, TRL {trl['evaluation'][accuracy]:.4f})")
    return problems


def dpo_table(args, rows, folder, program):
    """Prints the table of DPO. Returns a line for each case whose results differ."""
    train = write_lines(folder / "train.jsonl", rows[: args.steps * BATCH])
    held_out = write_lines(folder / "held_out.jsonl", rows[-HELD_OUT:])
    adapter = str(folder / "adapter")
    shared = ["--model", args.model, "--pairs", train, "--eval", held_out, "--batch", str(BATCH), "--max-length", "512"]
    shared += ["--steps", str(args.steps - 1)]
    print(
        "| case | TRL, s/step | align, s/step | speed-up | share of peak | TRL, GB | align, GB | memory of TRL's "
        "| difference of losses | of gradient norms | held-out accuracy |"
    )
    print("| --- |" + " ---: |" * 10)
    failures = []
    for name, options in DPO_CASES.items():
        if args.only and not any(part in name for part in args.only):
            continue
        is_lora, results, rates = "--use-peft" in options, [], []
        for _ in range(args.pairs):
            rates.append(matmul_gflops()[0])
            initial = ["--save-initial", adapter] if is_lora else []
            align = run([program, "--bench", *shared, *options, *initial])
            start = ["--adapter", adapter] if is_lora else []
            trl = run([sys.executable, HERE / "trl_dpo.py", *shared, *options, *start])
            results.append((trl, align))
        differences = {problem for trl, align in results for problem in compare_steps(align, trl)}
        failures += [f"{name}: {problem} differ" for problem in sorted(differences)]
        trl_s, align_s = ([statistics.median(pair[side]["step_s"]) for pair in results] for side in (0, 1))
        trl_gb, align_gb = ([pair[side]["peak_gb"] for pair in results] for side in (0, 1))
        # The rows of the first batch stand for all.
        gflop = gflop_of_dpo_step(args.model, results[0][1]["first_batch_ids"], is_lora, "--live-reference" in options)
        largest = lambda field: max(largest_difference(align[field], trl[field]) for trl, align in results) * RELATIVE
        print(
            f"| {name} | {statistics.median(trl_s):.2f} | {statistics.median(align_s):.2f} "
            f"| {spread([a / b for a, b in zip(trl_s, align_s)])} "
            f"| {gflop / statistics.median(rates) / statistics.median(align_s):.0%} "
            f"| {statistics.median(trl_gb):.2f} | {statistics.median(align_gb):.2f} "
            f"| {statistics.median(b / a for a, b in zip(trl_gb, align_gb)):.0%} | {largest('loss'):.1e} | {largest('grad_norm'):.1e} "
            f"| {results[0][1]['evaluation']['eval_rewards/accuracies']:.4f} |",
            flush=True,
        )
    return failures


def greedy_table(args, rows, folder, program):
    """Prints the table of greedy decoding. Answers may differ where two tokens have nearly equal scores, so their number is a column."""
    print("\n| greedy decoding | transformers, tokens/s | align, tokens/s | speed-up | transformers, GB | align, GB | equal answers |")
    print("| --- |" + " ---: |" * 6)
    for name, count in GREEDY_CASES.items():
        if args.only and not any(part in name for part in args.only):
            continue
        messages = write_lines(folder / "messages.jsonl", [{"messages": row["prompt"]} for row in rows[-HELD_OUT:][:count]])
        shared = ["--model", args.model, "--messages", messages, "--batch", str(count), "--greedy", "--new-tokens", str(args.new_tokens)]
        results = []
        for _ in range(args.pairs):
            align = run([program, "--bench", *shared])
            results.append((run([sys.executable, HERE / "transformers_texts.py", *shared]), align))
        rates = [[args.new_tokens / pair[side]["s_per_text"][-1] for pair in results] for side in (0, 1)]
        theirs, ours = results[0]
        print(
            f"| {name} | {statistics.median(rates[0]):.1f} | {statistics.median(rates[1]):.1f} "
            f"| {spread([b / a for a, b in zip(*rates)])} | {theirs['peak_gb']:.2f} | {ours['peak_gb']:.2f} "
            f"| {sum(a == b for a, b in zip(theirs['ids'], ours['ids']))} of {count} |",
            flush=True,
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=os.path.abspath)
    parser.add_argument("data")
    parser.add_argument("--pairs", type=int, default=3, help="pairs of runs")
    parser.add_argument("--steps", type=int, default=12, help="optimiser steps; all but the first are timed")
    parser.add_argument("--new-tokens", type=int, default=64, help="tokens of each answer")
    parser.add_argument("--only", action="append", help="run only the cases whose name contains this")
    parser.add_argument("--profile", default="bench", help="cargo's profile of the benchmarks; the figures are those of bench")
    args = parser.parse_args()
    if args.steps < 2:
        parser.error("--steps is the number of steps with the first, which is not timed: expected at least 2")
    rows = conversations(args.data)
    if len(rows) < args.steps * BATCH + HELD_OUT:
        sys.exit(f"{args.data} has {len(rows)} rows with different sides; {args.steps} steps need {args.steps * BATCH + HELD_OUT}")
    steps, texts = build_bench("dpo_step", args.profile), build_bench("texts", args.profile)
    with tempfile.TemporaryDirectory() as folder:
        failures = dpo_table(args, rows, pathlib.Path(folder), steps)
        greedy_table(args, rows, pathlib.Path(folder), texts)
    if failures:
        sys.exit("\n" + "\n".join(failures))


if __name__ == "__main__":
    main()
