"""Writes the folder `../lora`: adapters saved by PEFT for the tiny GPT-2, the logits with them, and the first steps of TRL's trainers
with such adapters.

Needs torch 2.11, transformers 5.17, trl 1.16 and peft 0.21:  python tests/golden/python/lora.py
"""

import json
import tempfile
from pathlib import Path

import torch
from datasets import Dataset
from peft import LoraConfig, PeftModel, get_peft_model
from torch.utils.data import SequentialSampler
from transformers import AutoTokenizer, GPT2LMHeadModel
from trl import DPOConfig, DPOTrainer, KTOConfig, KTOTrainer

GOLDEN = Path(__file__).resolve().parent.parent
OUT = GOLDEN / "lora"
BASE = GOLDEN / "data/models/gpt2-tiny"
TEXT = "This movie was a joy, unlike its sequel."

torch.manual_seed(0)
tok = AutoTokenizer.from_pretrained(BASE)


def base():
    return GPT2LMHeadModel.from_pretrained(BASE).eval()


def adapter(name, move, **options):
    """Saves an adapter, with B changed from zero or not, and returns the logits after a text."""
    model = get_peft_model(base(), LoraConfig(task_type="CAUSAL_LM", **options)).eval()
    for key, weight in model.named_parameters():
        if move and "lora_B" in key:
            torch.nn.init.normal_(weight, std=0.05)
    model.peft_config["default"].base_model_name_or_path = "gpt2-tiny"
    model.save_pretrained(OUT / name)
    (OUT / name / "README.md").unlink(missing_ok=True)
    again = PeftModel.from_pretrained(base(), OUT / name).eval()
    ids = tok(TEXT).input_ids
    with torch.no_grad():
        logits = again(torch.tensor([ids])).logits[0, -1]
        assert torch.equal(logits, model(torch.tensor([ids])).logits[0, -1])
        plain = base()(torch.tensor([ids])).logits[0, -1]
    print(name, "moves the logits by at most", (logits - plain).abs().max().item())
    return {"adapter": name, "input_ids": ids, "logits": [float(f"{x:.9g}") for x in logits.tolist()]}


COMMON = dict(per_device_train_batch_size=4, learning_rate=5e-3, lr_scheduler_type="linear", warmup_steps=0, weight_decay=0.1, max_grad_norm=1.0,
              beta=0.1, max_steps=6, bf16=False, gradient_checkpointing=False, logging_steps=1, report_to=[], save_strategy="no", use_cpu=True,
              disable_tqdm=True, seed=0)


def run(name, start, trainer, config, data, **extra):
    """A trainer on the adapter `start`; its reference is the model with the adapter as it stands."""
    ordered = type("Ordered", (trainer,), {"_get_train_sampler": lambda self, *a, **k: SequentialSampler(self.train_dataset)})
    policy = PeftModel.from_pretrained(base(), OUT / start, is_trainable=True)
    rows = [json.loads(line) for line in (GOLDEN / "data" / data).read_text().splitlines()]
    tr = ordered(policy, args=config(output_dir=tempfile.mkdtemp(), **COMMON, **extra), train_dataset=Dataset.from_list(rows), processing_class=tok)
    tr.train()
    steps = [x for x in tr.state.log_history if "loss" in x]
    norms = {k.replace(".default", ""): v.double().norm().item() for k, v in policy.named_parameters() if ".default" in k}
    print(name, [round(x["loss"], 4) for x in steps])
    return {"name": name, "adapter": start, "data": data, "config": {**COMMON, **extra}, "steps": steps, "final_parameter_norms": norms}


logits = [
    adapter("fresh", False, r=2, lora_alpha=8, target_modules=["c_attn", "c_proj"], fan_in_fan_out=True),
    adapter("moved", True, r=4, lora_alpha=8, target_modules=["c_attn"]),
    adapter("rslora", True, r=2, lora_alpha=4, use_rslora=True, target_modules="all-linear"),
]
runs = [
    run("dpo from a fresh adapter", "fresh", DPOTrainer, DPOConfig, "train.jsonl"),
    run("dpo from a moved adapter", "moved", DPOTrainer, DPOConfig, "train.jsonl"),
    run("kto from a moved adapter", "rslora", KTOTrainer, KTOConfig, "train_kto.jsonl", max_length=128),
]
(OUT / "lora.json").write_text(json.dumps({"made_by": "python/lora.py", "logits": logits, "runs": runs}) + "\n")
print("wrote", OUT)
