"""Compares the accuracy of reward models that align and TRL train on the same pairs, and prints one table.

    python benches/compare_reward.py MODEL_DIR PAIRS.jsonl.gz [--train 512] [--held-out 512] [--max-length 256]

MODEL_DIR is a chat model in transformers' layout (SmolLM2-135M-Instruct for the figures in README.md). PAIRS.jsonl.gz is a file of HH-RLHF
(the held-out part of harmless-base for the figures): its dialogues are split into messages. The first rows are for training, the last ones
are held out; rows with a text longer than the maximum are left out of both. Both sides train a LoRA adapter of rank 16 on all linear layers
with the head in full, for one epoch over the rows in file order, in float32. transformers then scores the held-out rows with align's model
too, which checks the saved files. Needs torch, transformers, trl, peft and datasets, and `cargo build --release --package align-cli`.
"""

import argparse
import gzip
import json
import math
import pathlib
import re
import subprocess
import sys
import tempfile
import time

from comparison import ROOT, write_lines

BATCH, LEARNING_RATE, RANK, ALPHA = 8, 1e-4, 16, 32


def messages(dialogue):
    """The messages of a dialogue in HH-RLHF's form; None if its speakers do not alternate."""
    parts = re.split(r"\n\n(Human|Assistant):", dialogue)[1:]
    found = [{"role": {"Human": "user", "Assistant": "assistant"}[who], "content": text.strip()} for who, text in zip(parts[::2], parts[1::2])]
    roles = [message["role"] for message in found]
    alternate = roles == ["user", "assistant"] * (len(roles) // 2) and all(message["content"] for message in found)
    return found if alternate else None


def rows_of(file, tokenizer, max_length):
    rows = []
    for line in gzip.open(file, "rt"):
        chosen, rejected = (messages(json.loads(line)[side]) for side in ("chosen", "rejected"))
        if chosen and rejected and chosen[:-1] == rejected[:-1] and chosen != rejected:
            lengths = [len(tokenizer.apply_chat_template(side, return_dict=False)) for side in (chosen, rejected)]
            if max(lengths) <= max_length:
                rows.append({"prompt": chosen[:-1], "chosen": chosen[-1:], "rejected": rejected[-1:]})
    return rows


def train_trl(model, rows, max_length, output):
    import torch
    from datasets import Dataset
    from peft import LoraConfig
    from torch.utils.data import SequentialSampler
    from transformers import AutoModelForSequenceClassification, AutoTokenizer, set_seed
    from trl import RewardConfig, RewardTrainer

    class Ordered(RewardTrainer):
        def _get_train_sampler(self, *_, **__):
            return SequentialSampler(self.train_dataset)

    set_seed(42)
    tokenizer = AutoTokenizer.from_pretrained(model)
    policy = AutoModelForSequenceClassification.from_pretrained(model, num_labels=1, dtype=torch.float32)
    lora = LoraConfig(r=RANK, lora_alpha=ALPHA, lora_dropout=0.0, target_modules="all-linear", task_type="SEQ_CLS", modules_to_save=["score"])
    config = RewardConfig(
        output_dir=output, per_device_train_batch_size=BATCH, num_train_epochs=1, learning_rate=LEARNING_RATE, max_length=max_length,
        lr_scheduler_type="linear", gradient_checkpointing=False, bf16=False, report_to=[], save_strategy="no", use_cpu=True, disable_tqdm=True,
        logging_steps=10,
    )  # fmt: skip
    trainer = Ordered(policy, args=config, train_dataset=Dataset.from_list(rows), processing_class=tokenizer, peft_config=lora)
    began = time.time()
    trainer.train()
    return trainer.model.eval(), tokenizer, time.time() - began


def accuracy(model, tokenizer, rows):
    """Whether each pair's chosen text has the higher score."""
    import torch

    model.config.pad_token_id = tokenizer.pad_token_id
    found = []
    for row in rows:
        texts = [tokenizer.apply_chat_template(row["prompt"] + row[side], return_dict=False) for side in ("chosen", "rejected")]
        with torch.no_grad():
            scores = [model(input_ids=torch.tensor([ids])).logits.item() for ids in texts]
        found.append(scores[0] > scores[1])
    return found


def wilson(correct):
    n, p, z = len(correct), sum(correct) / len(correct), 1.959963984540054
    centre, half = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return f"{p:.4f} [{(centre - half) / (1 + z * z / n):.4f}, {(centre + half) / (1 + z * z / n):.4f}]"


def train_align(program, model, rows, held_out, max_length, folder):
    train, eval_file = write_lines(folder / "train.jsonl", rows), write_lines(folder / "held_out.jsonl", held_out)
    run, scored = folder / "run", folder / "scored.jsonl"
    began = time.time()
    options = ["--use-peft", "--lora-r", RANK, "--lora-alpha", ALPHA, "--lora-target-modules", "all-linear", "--max-length", max_length]
    options += ["--per-device-train-batch-size", BATCH, "--num-train-epochs", 1, "--learning-rate", LEARNING_RATE, "--dtype", "float32"]
    subprocess.run([program, "reward", "--model", model, "--train-file", train, "--output-dir", run, *map(str, options)], check=True, stdout=sys.stderr)
    seconds = time.time() - began
    subprocess.run([program, "classify", "--pairs", "--model", run / "model", "--input", eval_file, "--output", scored], check=True, stdout=sys.stderr)
    rows = [json.loads(line) for line in open(scored)]
    return [row["chosen_score"] > row["rejected_score"] for row in rows], seconds, run / "model"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model"), parser.add_argument("pairs")
    parser.add_argument("--train", type=int, default=512), parser.add_argument("--held-out", type=int, default=512)
    parser.add_argument("--max-length", type=int, default=256)
    parser.add_argument("--program", default=str(ROOT / "target/release/align"))
    a = parser.parse_args()
    import torch
    from peft import AutoPeftModelForSequenceClassification
    from transformers import AutoTokenizer

    rows = rows_of(a.pairs, AutoTokenizer.from_pretrained(a.model), a.max_length)
    if len(rows) < a.train + a.held_out:
        sys.exit(f"{len(rows)} rows have texts of at most {a.max_length} tokens: lower --train or --held-out, or raise --max-length")
    train, held_out = rows[: a.train], rows[-a.held_out :]
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        of_align, align_seconds, saved = train_align(a.program, a.model, train, held_out, a.max_length, folder)
        print(f"align: {wilson(of_align)}, trained in {align_seconds:.0f} s", flush=True)
        # By default the base model would be loaded in the bfloat16 of its file.
        loaded = AutoPeftModelForSequenceClassification.from_pretrained(saved, num_labels=1, dtype=torch.float32).eval()
        in_transformers = accuracy(loaded, AutoTokenizer.from_pretrained(a.model), held_out)
        same = sum(x == y for x, y in zip(of_align, in_transformers))
        print(f"align's model in transformers: {wilson(in_transformers)}, {same} of {len(held_out)} pairs as in align", flush=True)
        trained, tokenizer, trl_seconds = train_trl(a.model, train, a.max_length, str(folder / "trl"))
        of_trl = accuracy(trained, tokenizer, held_out)
        print(f"TRL: {wilson(of_trl)}, trained in {trl_seconds:.0f} s")
        only = [sum(x and not y for x, y in zip(*sides)) for sides in ((of_align, of_trl), (of_trl, of_align))]
        print(f"right by align only: {only[0]}, by TRL only: {only[1]}")


if __name__ == "__main__":
    main()
