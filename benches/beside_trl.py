"""Steps of DPO beside TRL: `python benches/beside_trl.py MODELS_DIR TEXTS.csv [--pairs 5] [--only NAME]`; prints one table.

MODELS_DIR holds `gpt2` in transformers' layout with its tokenizer.json (GPT-2 small for the figures in README.md; the weights' values
do not matter). TEXTS.csv has the columns `Prompt`, `Generated Text` and `Model Score`; of each prompt two pairs are drawn. Needs
torch, transformers, trl and pandas. The two sides run in turn, each in a process of its own, so that both see the machine as it is;
loading, and a reference that is asked beforehand, are not timed. Ratios are those of the pairs; the median stands. "To the first step" is
from the process's start to the end of its first step, less a step. The share is of the time that the step's products alone take at
the rate measured here: six operations a weight and token (two more with a live reference) in the blocks for all tokens and in the head
for the completions'.
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

from in_turn import arithmetic, built, run

BATCH = 8

CASES = {
    # name: what TRL runs, what we run
    "float32, a live reference on both sides": (dict(), ["--live-reference"]),
    "float32, TRL's default, ours asked beforehand": (dict(), []),
    "float32, both asked beforehand": (dict(precompute=True), []),
    "bfloat16, both asked beforehand": (dict(precompute=True, bf16=True), ["--dtype", "bfloat16"]),
}


def draw_pairs(texts, file):
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


def peer(models, pairs, steps, precompute=False, bf16=False):
    """Seconds a step of TRL, in this process."""
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
            output_dir=output, per_device_train_batch_size=BATCH, max_steps=steps + 1, learning_rate=1e-5, loss_type=["hinge"],
            bf16=bf16, precompute_ref_log_probs=precompute, gradient_checkpointing=False, use_cpu=True, report_to=[],
            save_strategy="no", logging_steps=1000, disable_tqdm=True,
        )  # fmt: skip
        data = Dataset.from_list(rows)
        DPOTrainer(load(), load(), config, train_dataset=data, processing_class=tokenizer, callbacks=[clock]).train()
    times = [end - begin for begin, end in zip(clock.at[::2], clock.at[1::2])]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
    first_step_at = time.time() - (time.perf_counter() - clock.at[1])
    print(json.dumps({"step_s": times[1:], "first_step_at": first_step_at, "peak_gb": peak}))


def products(models, pairs, live):
    """GFLOP of a step's products, on average over the file's rows."""
    from tokenizers import Tokenizer

    config = json.loads((pathlib.Path(models) / "gpt2/config.json").read_text())
    width, layers, vocab = config["n_embd"], config["n_layer"], config["vocab_size"]
    tokenizer = Tokenizer.from_file(str(pathlib.Path(models) / "gpt2/tokenizer.json"))
    length = lambda text: len(tokenizer.encode(text).ids)
    rows = [json.loads(line) for line in open(pairs)]
    flop = 0
    for row in rows:
        prompt = length(row["prompt"])
        for side in ("chosen", "rejected"):
            completion = length(row[side]) + 1
            # A product forward is one a number of the weight, twice as many go back; a causal row sees half of itself.
            blocks = 12 * layers * width**2 * (prompt + completion) + layers * width * (prompt + completion) ** 2
            flop += (6 + 2 * live) * (blocks + vocab * width * completion)
    return flop / len(rows) * BATCH / 1e9


def step(command):
    """Seconds of a step, peak memory, and seconds to the first step."""
    found = run(command)
    seconds = statistics.median(found["step_s"])
    return seconds, found["peak_gb"], found["first_step_at"] - found["began"] - seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models")
    parser.add_argument("texts")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--steps", type=int, default=2)
    parser.add_argument("--only", action="append", help="a case whose name holds this")
    parser.add_argument("--peer", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.peer:
        return peer(args.models, args.texts, args.steps, **json.loads(args.peer))

    ours, models = built("dpo_step"), os.path.abspath(args.models)
    print("| what | TRL, s a step | align, s a step | times as fast | share of the arithmetic | TRL, GB | align, GB | TRL, s to the first step | align |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as pairs:
        draw_pairs(args.texts, pairs)
        steps = ["--steps", str(args.steps)]
        for name, (theirs, options) in CASES.items():
            if args.only and not any(part in name for part in args.only):
                continue
            found, rates = [], []
            gflop = products(models, pairs.name, "--live-reference" in options)
            for _ in range(args.pairs):
                rates.append(arithmetic()["bfloat16" in options])
                trl = step([sys.executable, __file__, models, pairs.name, *steps, "--peer", json.dumps(theirs)])
                model = f"{models}/gpt2"
                found.append((trl, step([ours, "--bench", "--model", model, "--pairs", pairs.name, *steps, *options])))
            ratios = [trl[0] / align[0] for trl, align in found]
            middle = lambda side, part: statistics.median(pair[side][part] for pair in found)
            print(
                f"| {name} | {middle(0, 0):.1f} | {middle(1, 0):.1f} | {statistics.median(ratios):.1f} "
                f"({min(ratios):.1f} to {max(ratios):.1f}) | {gflop / statistics.median(rates) / middle(1, 0):.0%} | "
                f"{middle(0, 1):.1f} | {middle(1, 1):.1f} | {middle(0, 2):.1f} | {middle(1, 2):.1f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
