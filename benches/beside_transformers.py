"""Texts a second beside transformers: `python benches/beside_transformers.py MODELS_DIR [--pairs 5] [--only NAME]`; prints one table.

MODELS_DIR holds `gpt2` and `distilbert` in transformers' layout (GPT-2 small and DistilBERT base for the figures in README.md; the
weights' values do not matter). Needs torch, transformers, tokenizers and pandas. The two sides run in turn, each in a process of its
own, so that both see the machine as it is; loading is not timed. Ratios are those of the pairs; the median stands.
"""

import argparse
import json
import os
import pathlib
import statistics
import sys
import time

from in_turn import arithmetic, built, run

# Multiplications and additions of GPT-2 small and DistilBERT base, in GFLOP.
GPT2_A_TOKEN = 2 * (12 * 12 * 768**2 + 768 * 50257) / 1e9

CASES = {
    # name: what transformers runs (batch, options, dtype), what we run
    "beam sampling, against one at a time": (dict(batch=1, beams=5), ["--batch", "32"]),
    "beam sampling, against batches of 16": (dict(batch=16, beams=5), ["--batch", "32"]),
    "the same, ours in bfloat16": (dict(batch=16, beams=5), ["--batch", "32", "--dtype", "bfloat16"]),
    "sampling, batches of 64": (dict(batch=64, beams=1), ["--batch", "64", "--sampling"]),
    "greedy, one prompt": (dict(batch=1, beams=0), ["--batch", "1", "--greedy"]),
    "greedy, one prompt, ours in bfloat16": (dict(batch=1, beams=0), ["--batch", "1", "--greedy", "--dtype", "bfloat16"]),
}


def peer(models, batch, beams):
    """Seconds a text of transformers, in this process."""
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


def classifier(models, batch, texts):
    """Seconds a text of transformers' DistilBERT on the texts of a CSV, in this process."""
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
    """Seconds a text."""
    return run(command)["s_per_text"][-1]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--only", action="append", help="a case whose name holds this")
    parser.add_argument("--texts", help="CSV with a column `Generated Text`, to time DistilBERT on")
    parser.add_argument("--peer", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.peer:
        options = json.loads(args.peer)
        return classifier(args.models, options["batch"], args.texts) if "classify" in options else peer(args.models, **options)

    wanted = lambda name: not args.only or any(part in name for part in args.only)
    me = [sys.executable, __file__, os.path.abspath(args.models)]
    gpt2 = os.path.abspath(pathlib.Path(args.models) / "gpt2")
    cases = [
        (name, [*me, "--peer", json.dumps(theirs)], ["--model", gpt2, *options])
        for name, (theirs, options) in CASES.items()
    ]
    if args.texts:
        texts, distilbert = os.path.abspath(args.texts), os.path.abspath(pathlib.Path(args.models) / "distilbert")
        for batch in (8, 32):
            theirs = [*me, "--texts", texts, "--peer", json.dumps(dict(classify=True, batch=batch))]
            cases.append((f"DistilBERT, against batches of {batch}", theirs, ["--classify", texts, "--model", distilbert]))
    ours = built("texts")
    print("| what | transformers, s a text | align, s a text | times as fast | GFLOP/s there | share of the arithmetic |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for name, theirs, options in cases:
        if not wanted(name):
            continue
        pairs, rates = [], []
        for _ in range(args.pairs):
            rates.append(arithmetic()[1 if "bfloat16" in options else 0])
            pairs.append((seconds(theirs), seconds([ours, "--bench", *options])))
        ratio = statistics.median(a / b for a, b in pairs)
        slow, fast = (statistics.median(side) for side in zip(*pairs))
        rate = statistics.median(rates)
        share = ""
        if "--classify" not in options:
            beams = 5 if "--sampling" not in options and "--greedy" not in options else 1
            share = f"{statistics.median(48 * beams * GPT2_A_TOKEN / r / b for r, (_, b) in zip(rates, pairs)):.0%}"
        low, high = min(a / b for a, b in pairs), max(a / b for a, b in pairs)
        print(f"| {name} | {slow:.3f} | {fast:.4f} | {ratio:.1f} ({low:.1f} to {high:.1f}) | {rate:.0f} | {share} |", flush=True)


if __name__ == "__main__":
    main()
