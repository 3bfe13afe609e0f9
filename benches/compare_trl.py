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
import resource
import statistics
import sys
import tempfile
import time

from comparison import build_bench, macs_of_model, matmul_gflops, run

BATCH = 8

CASES = {
    # name: (options of TRL, options of the benchmark `dpo_step`)
    "float32, reference in each step": (dict(), ["--live-reference"]),
    "float32, defaults (align precomputes the reference)": (dict(), []),
    "float32, reference precomputed": (dict(precompute=True), []),
    "bfloat16, reference precomputed": (dict(precompute=True, bf16=True), ["--dtype", "bfloat16"]),
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


def run_trl(models, pairs, steps, precompute=False, bf16=False):
    """Measures seconds per step of TRL in this process."""
    from datasets import Dataset
    from transformers import GPT2LMHeadModel, PreTrainedTokenizerFast, TrainerCallback
    from trl import DPOConfig, DPOTrainer

    folder = pathlib.Path(models) / "gpt2"
    eos = dict(eos_token="<|endoftext|>", pad_token="<|endoftext|>")
    tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"), **eos)
    rows = [json.loads(line) for line in open(pairs)][: BATCH * (steps + 1)]

    class Clock(TrainerCallback):
        at = []

        def on_step_begin(self, *_, **__):
            self.at.append(time.perf_counter())

        on_step_end = on_step_begin

    clock = Clock()
    load = lambda: GPT2LMHeadModel.from_pretrained(folder)
    with tempfile.TemporaryDirectory() as output:
        config = DPOConfig(
            output_dir=output, per_device_train_batch_size=BATCH, max_steps=steps + 1, learning_rate=1e-5, lr_scheduler_type="constant", loss_type=["hinge"],
            bf16=bf16, precompute_ref_log_probs=precompute, gradient_checkpointing=False, use_cpu=True, report_to=[],
            save_strategy="no", logging_steps=1000, disable_tqdm=True,
        )  # fmt: skip
        data = Dataset.from_list(rows)
        DPOTrainer(load(), load(), config, train_dataset=data, processing_class=tokenizer, callbacks=[clock]).train()
    times = [end - begin for begin, end in zip(clock.at[::2], clock.at[1::2])]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
    first_step_at = time.time() - (time.perf_counter() - clock.at[1])
    print(json.dumps({"step_s": times[1:], "first_step_at": first_step_at, "peak_gb": peak}))


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
    parser.add_argument("--run-trl", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.run_trl:
        return run_trl(args.models, args.texts, args.steps, **json.loads(args.run_trl))

    ours, models = build_bench("dpo_step"), os.path.abspath(args.models)
    print("| case | TRL, s/step | align, s/step | speed-up | share of peak | TRL, GB | align, GB | TRL, start-up in s | align, start-up in s |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as pairs:
        write_pairs(args.texts, pairs)
        steps = ["--steps", str(args.steps)]
        for name, (theirs, options) in CASES.items():
            if args.only and not any(part in name for part in args.only):
                continue
            results, rates = [], []
            gflop = gflop_per_step(models, pairs.name, "--live-reference" in options)
            for _ in range(args.pairs):
                rates.append(matmul_gflops()["bfloat16" in options])
                trl = step([sys.executable, __file__, models, pairs.name, *steps, "--run-trl", json.dumps(theirs)])
                model = f"{models}/gpt2"
                results.append((trl, step([ours, "--bench", "--model", model, "--pairs", pairs.name, "--loss-type", "hinge", *steps, *options])))
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
