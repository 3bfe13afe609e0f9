"""Compares the speed of generation and scoring with transformers, and prints one table.

    python benches/compare_transformers.py MODELS_DIR [--pairs 5] [--only NAME]

MODELS_DIR contains the folders `gpt2` and `distilbert` in transformers' layout (GPT-2 small and DistilBERT base for the figures in
README.md; the values of the weights do not matter). Needs torch, transformers, tokenizers and pandas. The two sides run alternately,
each in its own process, so that both are affected by the machine's load in the same way. Loading is not timed. A ratio is computed for
each pair of runs, and the table shows the median ratio.
"""

import argparse
import json
import os
import pathlib
import statistics
import sys
import time

from comparison import build_bench, matmul_gflops, run

# GFLOP (multiplications and additions) per token of GPT-2 small.
GPT2_GFLOP_PER_TOKEN = 2 * (12 * 12 * 768**2 + 768 * 50257) / 1e9

CASES = {
    # name: (options of transformers, options of the benchmark `texts`)
    "beam sampling, transformers with batch size 1": (dict(batch=1, beams=5), ["--batch", "32"]),
    "beam sampling, transformers with batch size 16": (dict(batch=16, beams=5), ["--batch", "32"]),
    "beam sampling, batch size 16, align in bfloat16": (dict(batch=16, beams=5), ["--batch", "32", "--dtype", "bfloat16"]),
    "sampling, batch size 64": (dict(batch=64, beams=1), ["--batch", "64", "--sampling"]),
    "greedy, one prompt": (dict(batch=1, beams=0), ["--batch", "1", "--greedy"]),
    "greedy, one prompt, align in bfloat16": (dict(batch=1, beams=0), ["--batch", "1", "--greedy", "--dtype", "bfloat16"]),
}


def run_transformers(models, batch, beams):
    """Measures seconds per text of transformers' `generate` in this process."""
    import torch
    from transformers import GPT2LMHeadModel

    model = GPT2LMHeadModel.from_pretrained(pathlib.Path(models) / "gpt2").eval()
    ids = torch.tensor([[1212, 3807]]).repeat(batch, 1)
    options = dict(min_length=50, max_length=50, pad_token_id=50256)
    if beams > 1:
        options.update(do_sample=True, num_beams=beams, no_repeat_ngram_size=2, temperature=4.0)
    else:
        options.update(do_sample=beams == 1)
    for _ in range(2):
        begin = time.perf_counter()
        with torch.no_grad():
            model.generate(ids, attention_mask=torch.ones_like(ids), **options)
        seconds = time.perf_counter() - begin
    print(json.dumps({"s_per_text": [seconds / batch]}))


def run_transformers_classifier(models, batch, texts):
    """Measures seconds per text of transformers' DistilBERT on the texts of a CSV file in this process."""
    import pandas
    import torch
    from tokenizers import Tokenizer
    from transformers import DistilBertForSequenceClassification

    folder = pathlib.Path(models) / "distilbert"
    model = DistilBertForSequenceClassification.from_pretrained(folder).eval()
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_truncation(512)
    tokenizer.enable_padding()
    rows = pandas.read_csv(texts)["Generated Text"].tolist()[: 8 * batch]
    for _ in range(2):
        begin = time.perf_counter()
        for start in range(0, len(rows), batch):
            encoded = tokenizer.encode_batch(rows[start : start + batch])
            with torch.no_grad():
                model(
                    torch.tensor([e.ids for e in encoded]),
                    attention_mask=torch.tensor([e.attention_mask for e in encoded]),
                )
        seconds = time.perf_counter() - begin
    print(json.dumps({"s_per_text": [seconds / len(rows)]}))


def seconds(command):
    """Runs a command and returns its seconds per text."""
    return run(command)["s_per_text"][-1]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--only", action="append", help="run only the cases whose name contains this")
    parser.add_argument("--texts", help="CSV file with a column `Generated Text`, to measure DistilBERT too")
    parser.add_argument("--run-transformers", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.run_transformers:
        options = json.loads(args.run_transformers)
        if "classify" in options:
            return run_transformers_classifier(args.models, options["batch"], args.texts)
        return run_transformers(args.models, **options)

    is_selected = lambda name: not args.only or any(part in name for part in args.only)
    this_script = [sys.executable, __file__, os.path.abspath(args.models)]
    gpt2 = os.path.abspath(pathlib.Path(args.models) / "gpt2")
    cases = [
        (name, [*this_script, "--run-transformers", json.dumps(theirs)], ["--model", gpt2, *options])
        for name, (theirs, options) in CASES.items()
    ]
    if args.texts:
        texts, distilbert = os.path.abspath(args.texts), os.path.abspath(pathlib.Path(args.models) / "distilbert")
        for batch in (8, 32):
            theirs = [*this_script, "--texts", texts, "--run-transformers", json.dumps(dict(classify=True, batch=batch))]
            cases.append((f"DistilBERT, transformers with batch size {batch}", theirs, ["--classify", texts, "--model", distilbert]))
    ours = build_bench("texts")
    print("| case | transformers, s/text | align, s/text | speed-up | GFLOP/s of the machine | share of peak |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for name, theirs, options in cases:
        if not is_selected(name):
            continue
        pairs, rates = [], []
        for _ in range(args.pairs):
            rates.append(matmul_gflops()[1 if "bfloat16" in options else 0])
            pairs.append((seconds(theirs), seconds([ours, "--bench", *options])))
        ratio = statistics.median(a / b for a, b in pairs)
        slow, fast = (statistics.median(side) for side in zip(*pairs))
        rate = statistics.median(rates)
        share = ""
        if "--classify" not in options:
            beams = 5 if "--sampling" not in options and "--greedy" not in options else 1
            share = f"{statistics.median(48 * beams * GPT2_GFLOP_PER_TOKEN / r / b for r, (_, b) in zip(rates, pairs)):.0%}"
        low, high = min(a / b for a, b in pairs), max(a / b for a, b in pairs)
        print(f"| {name} | {slow:.3f} | {fast:.4f} | {ratio:.1f} ({low:.1f} to {high:.1f}) | {rate:.0f} | {share} |", flush=True)


if __name__ == "__main__":
    main()
