"""Writes hidden_states.json to the parent folder: the hidden states of all layers of the tiny decoders, by transformers.

Needs torch 2.11 and transformers 5.17:  python tests/golden/python/hidden_states.py
"""

import json
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM

GOLDEN = Path(__file__).resolve().parent.parent
MODELS = ["gpt2-tiny", "llama-tiny", "llama-tiny-rope3", "mistral-tiny", "qwen2-tiny", "qwen3-tiny", "gemma2-tiny", "gemma3-tiny"]
IDS = [40, 73, 5, 17, 258, 360, 12, 99, 31, 7, 64, 201, 18, 140, 3]


def layer(states):
    """The Frobenius norm, and the first values of the first and the last token."""
    states = states[0].double()
    return {"norm": states.norm().item(), "first": states[0, :4].tolist(), "last": states[-1, :4].tolist()}


models = {}
for name in MODELS:
    # Only this attention has the soft cap of Gemma 2.
    model = AutoModelForCausalLM.from_pretrained(
        GOLDEN / "data/models" / name, dtype=torch.float32, attn_implementation="eager"
    ).eval()
    with torch.no_grad():
        states = model(torch.tensor([IDS]), output_hidden_states=True).hidden_states
    models[name] = [layer(x) for x in states]
(GOLDEN / "hidden_states.json").write_text(json.dumps({"input_ids": IDS, "models": models}, indent=1) + "\n")
