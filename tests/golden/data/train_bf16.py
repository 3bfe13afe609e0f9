"""Writes train_bf16.json beside this file: the losses of train.json's DPO runs with TRL in bfloat16.

Needs Python 3.11 with torch==2.11.0 transformers==5.17.0 trl==1.16.0 datasets (CPU is enough):
    python train_bf16.py

The runs and their options are read from train.json; only `bf16=True` is added (autocast with float32 weights).
"""

import json
import tempfile
from pathlib import Path

from datasets import Dataset
from torch.utils.data import SequentialSampler
from transformers import AutoTokenizer, GPT2LMHeadModel
from trl import DPOConfig, DPOTrainer

HERE = Path(__file__).resolve().parent
MODEL = HERE / "models/gpt2-tiny"


class Ordered(DPOTrainer):
    def _get_train_sampler(self, *args, **kwargs):
        return SequentialSampler(self.train_dataset)


def losses(config):
    tokenizer = AutoTokenizer.from_pretrained(MODEL)
    rows = [json.loads(line) for line in (HERE / "train.jsonl").read_text().splitlines()]
    config = {k: v for k, v in config.items() if v is not None}
    config["lr_scheduler_type"] = config["lr_scheduler_type"].lower().rsplit(".", 1)[-1]
    args = DPOConfig(output_dir=tempfile.mkdtemp(), **config, bf16=True, gradient_checkpointing=False, logging_steps=1, report_to=[], save_strategy="no", use_cpu=True, disable_tqdm=True)
    models = [GPT2LMHeadModel.from_pretrained(MODEL) for _ in range(2)]
    trainer = Ordered(*models, args=args, train_dataset=Dataset.from_list(rows), processing_class=tokenizer)
    trainer.train()
    return [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]


runs = json.loads((HERE / "train.json").read_text())["runs"]
found = {run["name"]: losses(run["config"]) for run in runs if "trainer" not in run}
(HERE / "train_bf16.json").write_text(json.dumps(found, indent=1) + "\n")
