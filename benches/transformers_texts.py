"""Measures transformers' generation and scoring of texts. It has the options of the benchmark `texts`, and prints the same JSON line.

    python benches/transformers_texts.py --model DIR [--messages FILE.jsonl] [--batch 32] [--new-tokens 48] [--greedy|--sampling]
        [--dtype bfloat16] [--device cuda]
    python benches/transformers_texts.py --model DIR --logps TEXTS.csv|--classify TEXTS.csv [--batch 32]

Needs torch and transformers.
"""

import argparse
import csv
import json
import os
import resource
import time

os.environ.setdefault("HF_HUB_OFFLINE", "1")


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True)
    parser.add_argument("--messages", help="conversations to answer: JSON Lines with `messages`")
    parser.add_argument("--logps")
    parser.add_argument("--classify")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--new-tokens", type=int, default=48)
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--greedy", action="store_true")
    kind.add_argument("--sampling", action="store_true")
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--dtype", default="float32")
    return parser.parse_args()


def load(args, kind):
    """The model, in evaluation mode, and its tokeniser."""
    import torch
    from transformers import AutoTokenizer

    model = kind.from_pretrained(args.model, dtype=getattr(torch, args.dtype)).eval().to(args.device)
    tokenizer = AutoTokenizer.from_pretrained(args.model)
    tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token or "[PAD]"
    return model, tokenizer


def generator(args):
    """A function that generates a text for each prompt, and returns their new tokens."""
    import torch
    from transformers import AutoModelForCausalLM

    model, tokenizer = load(args, AutoModelForCausalLM)
    tokenizer.padding_side = "left"
    if args.messages:
        conversations = [json.loads(line)["messages"] for line in open(args.messages)]
        prompts = tokenizer.apply_chat_template(conversations, add_generation_prompt=True, tokenize=False)
    else:
        conversations = [None] * args.batch
    limits = dict(min_new_tokens=args.new_tokens, max_new_tokens=args.new_tokens, do_sample=args.sampling)
    limits["pad_token_id"] = tokenizer.pad_token_id

    def run():
        answers = []
        for start in range(0, len(conversations), args.batch):
            if args.messages:
                batch = tokenizer(prompts[start : start + args.batch], add_special_tokens=False, padding=True, return_tensors="pt")
                ids, mask = batch["input_ids"].to(args.device), batch["attention_mask"].to(args.device)
            else:
                ids = torch.tensor([[id % model.config.vocab_size for id in (1212, 3807)]], device=args.device).repeat(args.batch, 1)
                mask = torch.ones_like(ids)
            answers += model.generate(ids, attention_mask=mask, **limits)[:, ids.shape[1] :].tolist()
        return answers

    return run, len(conversations), lambda answers: {"ids": answers}


def batches(args, tokenizer, file):
    """Padded batches of a table's texts, the longest first."""
    with open(file, newline="") as table:
        texts = sorted((row["text"] for row in csv.DictReader(table)), key=len, reverse=True)

    def run():
        for start in range(0, len(texts), args.batch):
            batch = texts[start : start + args.batch]
            yield tokenizer(batch, padding=True, truncation=True, max_length=512, return_tensors="pt").to(args.device)

    return run, len(texts)


def scorer(args):
    """A function that computes the log-probability of each token of each text after the first."""
    import torch
    from transformers import AutoModelForCausalLM

    model, tokenizer = load(args, AutoModelForCausalLM)
    tokenizer.padding_side = "right"
    encoded, count = batches(args, tokenizer, args.logps)

    def run():
        sums = []
        for batch in encoded():
            logits = model(**batch).logits[:, :-1].float()
            chosen = logits.gather(-1, batch["input_ids"][:, 1:, None]).squeeze(-1)
            mask = batch["attention_mask"][:, 1:].bool()
            sums.append((chosen - logits.logsumexp(-1))[mask])
        logps = torch.cat(sums).cpu()
        return {"tokens": len(logps), "mean_logp": logps.double().mean().item()}

    return run, count, lambda result: result


def classifier(args):
    """A function that computes the logits of each text."""
    from transformers import AutoModelForSequenceClassification

    model, tokenizer = load(args, AutoModelForSequenceClassification)
    encoded, count = batches(args, tokenizer, args.classify)
    run = lambda: [model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits.cpu() for batch in encoded()]
    return run, count, lambda _: {}


def main():
    import torch

    args = options()
    make = scorer if args.logps else classifier if args.classify else generator
    run, count, describe = make(args)
    times = []
    with torch.no_grad():
        for _ in range(args.repeat + 1):
            begin = time.perf_counter()
            result = run()
            if args.device != "cpu":
                torch.cuda.synchronize()
            times.append((time.perf_counter() - begin) / count)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
    allocated = torch.cuda.max_memory_allocated() / 1e9 if args.device != "cpu" else None
    print(json.dumps({"s_per_text": times[1:], **describe(result), "peak_gb": peak, "max_memory_allocated_gb": allocated}))


if __name__ == "__main__":
    main()
