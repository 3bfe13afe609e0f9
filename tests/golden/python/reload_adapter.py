"""Loads adapters written by `LoraModel` with PEFT and compares logits: `python reload_adapter.py BASE_MODEL DIR`.

DIR holds one folder an adapter and logits.json, which the golden test `lora` writes. Needs torch, transformers and peft.
"""

import json
import sys
import warnings
from pathlib import Path

import torch
from peft import PeftModel
from safetensors.torch import load_file
from transformers import GPT2LMHeadModel

base, folder = sys.argv[1], Path(sys.argv[2])
# PEFT only warns about missing or unexpected weights.
warnings.filterwarnings("error", message=".*(missing|unexpected).*")
for name, expected in json.loads((folder / "logits.json").read_text()).items():
    model = GPT2LMHeadModel.from_pretrained(base).eval()
    words = load_file(folder / name / "adapter_model.safetensors").get("base_model.model.transformer.wte.weight")
    if words is not None and len(words) != len(model.get_input_embeddings().weight):
        model.resize_token_embeddings(len(words), mean_resizing=False)
    ids = torch.tensor([expected["input_ids"]])
    with torch.no_grad():
        plain = model(ids).logits[0, -1].double()
        model = PeftModel.from_pretrained(model, folder / name).eval()
        logits = model(ids).logits[0, -1].double()
    expected = torch.tensor(expected["logits"], dtype=torch.float64)
    worst, moved = (logits - expected).abs().max().item(), (logits - plain).abs().max().item()
    assert worst <= 1e-5 and moved > 1e-3, (name, worst, moved)
    print(f"{name}: {model.peft_config['default'].target_modules}, logits differ by at most {worst:.1e} and from the base model's by {moved:.1e}")
