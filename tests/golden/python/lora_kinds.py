"""Writes the folder `../lora_kinds`: adapters with each special feature of PEFT for the tiny GPT-2, the logits with them, and the first
steps of TRL's DPO with one of them.

Needs torch 2.11, transformers 5.17, trl 1.16 and peft 0.21:  python tests/golden/python/lora_kinds.py
"""

import json
import tempfile
from pathlib import Path

import torch
from datasets import Dataset
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from torch.utils.data import SequentialSampler
from transformers import AutoTokenizer, GPT2LMHeadModel
from trl import DPOConfig, DPOTrainer

GOLDEN = Path(__file__).resolve().parent.parent
OUT = GOLDEN / "lora_kinds"
BASE = GOLDEN / "data/models/gpt2-tiny"
TEXT = "This movie was a joy, unlike its sequel."

torch.manual_seed(0)
tok = AutoTokenizer.from_pretrained(BASE)
IDS = tok(TEXT).input_ids


def base(tokens=None):
    model = GPT2LMHeadModel.from_pretrained(BASE).eval()
    if tokens:
        model.resize_token_embeddings(tokens, mean_resizing=False)
    return model


def logits(model, ids=IDS):
    with torch.no_grad():
        return model(torch.tensor([ids])).logits[0, -1]


def kind(name, tokens=None, ids=IDS, safetensors=True, **options):
    """Saves an adapter, everything in it moved away from where it began, and gives the logits behind the ids."""
    options = {"r": 2, "lora_alpha": 8, "target_modules": ["c_attn"], **options}
    model = get_peft_model(base(tokens), LoraConfig(task_type="CAUSAL_LM", fan_in_fan_out=True, **options)).eval()
    for key, weight in model.named_parameters():
        if weight.requires_grad and "lora_A" not in key:
            weight.data += torch.randn_like(weight) * 0.05
    if tokens:
        model.get_input_embeddings().weight.data += torch.randn(tokens, 64) * 0.02
    for key, weight in model.named_parameters():
        if ("wte" in key or "lm_head" in key) and (tokens or weight.requires_grad):
            # So that half precision, which spares half the file, is exact.
            weight.data = weight.data.half().float()
    model.peft_config["default"].base_model_name_or_path = "gpt2-tiny"
    model.save_pretrained(OUT / name, safe_serialization=safetensors, save_embedding_layers=bool(tokens))
    (OUT / name / "README.md").unlink(missing_ok=True)
    if safetensors:
        tensors = load_file(OUT / name / "adapter_model.safetensors")
        tensors = {k: v.half() if "wte" in k or "lm_head" in k else v for k, v in tensors.items()}
        save_file(tensors, OUT / name / "adapter_model.safetensors", {"format": "pt"})
    found = logits(PeftModel.from_pretrained(base(tokens), OUT / name).eval(), ids)
    assert torch.equal(found, logits(model, ids))
    print(name, "moves the logits by at most", (found[:1000] - logits(base())).abs().max().item())
    return {"adapter": name, "input_ids": ids, "logits": [float(f"{x:.9g}") for x in found.tolist()]}


COMMON = dict(per_device_train_batch_size=4, learning_rate=5e-3, lr_scheduler_type="linear", warmup_steps=0, weight_decay=0.1, max_grad_norm=1.0,
              beta=0.1, max_steps=6, bf16=False, gradient_checkpointing=False, logging_steps=1, report_to=[], save_strategy="no", use_cpu=True,
              disable_tqdm=True, seed=0)


def run(name, start):
    """DPO on the adapter `start`; its reference is the model with the adapter as it stands."""
    ordered = type("Ordered", (DPOTrainer,), {"_get_train_sampler": lambda self, *a, **k: SequentialSampler(self.train_dataset)})
    policy = PeftModel.from_pretrained(base(), OUT / start, is_trainable=True)
    rows = [json.loads(line) for line in (GOLDEN / "data/train.jsonl").read_text().splitlines()]
    args = DPOConfig(output_dir=tempfile.mkdtemp(), **COMMON)
    tr = ordered(policy, args=args, train_dataset=Dataset.from_list(rows), processing_class=tok)
    tr.train()
    steps = [x for x in tr.state.log_history if "loss" in x]
    trained = {k.replace(".modules_to_save", "").replace(".default", ""): v for k, v in policy.named_parameters() if ".default" in k}
    norms = {k: v.double().norm().item() for k, v in trained.items()}
    print(name, [round(x["loss"], 4) for x in steps])
    return {"name": name, "adapter": start, "data": "train.jsonl", "config": COMMON, "steps": steps, "final_parameter_norms": norms}


cases = [
    kind("bin", safetensors=False),
    kind("patterns", target_modules=r".*\.(c_attn|c_fc)", exclude_modules=r".*h\.1\.mlp.*", use_rslora=True,
         rank_pattern={"h.0.attn.c_attn": 4, r"h\.\d\.mlp.c_fc": 1}, alpha_pattern={"c_fc": 3, "1.attn.c_attn": 12}),
    kind("layers", target_modules=["c_attn", "c_proj", "q_proj"], exclude_modules=["mlp.c_proj"], layers_to_transform=[1], layers_pattern="h"),
    kind("bias_all", bias="all"),
    kind("bias_lora_only", bias="lora_only", target_modules=["c_fc", "attn.c_proj"]),
    kind("saved_modules", modules_to_save=["ln_f", "1.mlp"], target_modules="all-linear", rank_pattern={"0.mlp.c_fc": 3}),
    kind("saved_embedding", modules_to_save=["wte"]),
    kind("saved_head", modules_to_save=["lm_head"], bias="all"),
    kind("resized", tokens=1003, ids=[*IDS, 1001]),
]
runs = [run("dpo with modules that are trained whole", "saved_modules")]
(OUT / "lora_kinds.json").write_text(json.dumps({"made_by": "python/lora_kinds.py", "logits": cases, "runs": runs}) + "\n")
print("wrote", OUT)
