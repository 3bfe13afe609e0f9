"""Writes finetuning.json beside this file: runs of TRL's SFTTrainer and of transformers' Trainer with the tiny models in this folder.

Needs Python 3.11 with torch==2.11.0 transformers==5.17.0 trl==1.16.0 datasets (CPU is enough):
    python finetuning.py

Rows are taken in file order, in float32 and without dropout, so that a run depends only on its options.
"""

import json
import tempfile
from pathlib import Path

import numpy as np
from datasets import Dataset
from torch.utils.data import SequentialSampler
from transformers import (
    AutoTokenizer,
    DataCollatorWithPadding,
    DistilBertForSequenceClassification,
    GPT2LMHeadModel,
    Trainer,
    TrainingArguments,
)
from trl import SFTConfig, SFTTrainer

HERE = Path(__file__).resolve().parent
# Trainer's evaluation is the mean of batch means; with all held-out rows in one batch it is the mean over tokens or rows.
COMMON = dict(learning_rate=5e-4, max_steps=6, per_device_train_batch_size=4, per_device_eval_batch_size=16, max_grad_norm=1.0, bf16=False,
              gradient_checkpointing=False, logging_steps=1, report_to=[], save_strategy="no", use_cpu=True, disable_tqdm=True)
KEPT = ("max_length", "packing", "completion_only_loss", "learning_rate", "max_steps", "per_device_train_batch_size", "per_device_eval_batch_size", "gradient_accumulation_steps", "weight_decay",
        "max_grad_norm")


def rows(name):
    return [json.loads(line) for line in (HERE / name).read_text().splitlines()]


def ordered(trainer):
    return type("Ordered", (trainer,), {"_get_train_sampler": lambda self, *a, **k: SequentialSampler(self.train_dataset)})


def run(name, trainer, model, args, kept):
    trainer.train()
    evaluation = trainer.evaluate()
    logs = [{k: x[k] for k in ("loss", "grad_norm", "learning_rate", "entropy", "mean_token_accuracy", "num_tokens", "epoch") if k in x} for x in trainer.state.log_history if "loss" in x]
    keep = ("eval_loss", "eval_entropy", "eval_mean_token_accuracy", "eval_accuracy")
    print(name, [round(x["loss"], 4) for x in logs], {k: evaluation[k] for k in keep if k in evaluation})
    return {"name": name, "config": {k: getattr(args, k) for k in kept if hasattr(args, k)}, "steps": logs, "evaluation": {k: evaluation[k] for k in keep if k in evaluation},
            "final_parameter_norms": {k: v.double().norm().item() for k, v in model.state_dict().items() if k != "lm_head.weight"}}


def sft():
    folder, data = HERE / "models/gpt2-tiny", rows("train.jsonl")
    texts = [{"text": x["prompt"] + x["chosen"]} for x in data]
    prompts = [{"prompt": x["prompt"], "completion": x["chosen"]} for x in data]
    plan = [("packed", texts, dict(packing=True, packing_strategy="wrapped", max_length=64)),
            ("texts", texts, dict(max_length=30, per_device_train_batch_size=2, gradient_accumulation_steps=2)),
            ("prompts", prompts, dict(max_length=128, per_device_train_batch_size=3, gradient_accumulation_steps=3, weight_decay=0.1)),
            ("prompts_learnt", prompts, dict(max_length=128, completion_only_loss=False))]
    runs = []
    for name, examples, extra in plan:
        model = GPT2LMHeadModel.from_pretrained(folder, resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0)
        args = SFTConfig(output_dir=tempfile.mkdtemp(), **{**COMMON, **extra})
        trainer = ordered(SFTTrainer)(model, args=args, train_dataset=Dataset.from_list(examples[:80]), eval_dataset=Dataset.from_list(examples[80:]),
                                      processing_class=AutoTokenizer.from_pretrained(folder))
        # transformers 5.17 knows a causal model's loss by the class name ...ForCausalLM, so for GPT2LMHeadModel alone its num_items_in_batch counts each row's
        # first token too, which nothing predicts. This is its rule for all other causal models.
        trainer._loss_shifts_labels = True
        runs.append({**run(name, trainer, model, args, KEPT), "columns": sorted(examples[0]), "rows": len(trainer.train_dataset)})
    return runs


def classification():
    folder, data = HERE / "models/distilbert-tiny", rows("train_kto.jsonl")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    examples = [{"input_ids": tokenizer(x["prompt"] + x["completion"], truncation=True, max_length=32).input_ids, "labels": int(x["label"])} for x in data]
    runs = []
    for name, extra in (("classes", dict(max_steps=24)), ("classes_decayed", dict(per_device_train_batch_size=8, weight_decay=0.5))):
        model = DistilBertForSequenceClassification.from_pretrained(folder, dropout=0.0, attention_dropout=0.0, seq_classif_dropout=0.0)
        args = TrainingArguments(output_dir=tempfile.mkdtemp(), **{**COMMON, **extra})
        trainer = ordered(Trainer)(model, args=args, train_dataset=Dataset.from_list(examples[:78]), eval_dataset=Dataset.from_list(examples[80:]),
                                   data_collator=DataCollatorWithPadding(tokenizer), compute_metrics=lambda p: {"accuracy": float(np.mean(p.predictions.argmax(-1) == p.label_ids))})
        runs.append({**run(name, trainer, model, args, KEPT), "max_length": 32, "rows": 78})
    return runs


if __name__ == "__main__":
    (HERE / "finetuning.json").write_text(json.dumps({"sft": sft(), "classification": classification()}) + "\n")
