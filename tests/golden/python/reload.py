"""Loads models written by `save_pretrained` with transformers and compares logits: `python reload.py DIR`.

DIR holds logits.json and the folders that it names, which the golden test `saved` writes: a language model, and classifiers and reward models. Needs torch and transformers.
"""

import json
import sys
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification, AutoTokenizer

folder = Path(sys.argv[1])
expected = json.loads((folder / "logits.json").read_text())
for name in sorted(expected.keys() - {"text"}):
    auto = AutoModelForCausalLM if name == "gpt2" else AutoModelForSequenceClassification
    # Of the implementations of attention, only this one applies the soft-capping of Gemma 2.
    model, loading = auto.from_pretrained(folder / name, output_loading_info=True, attn_implementation="eager")
    for problem in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        assert not loading[problem], (name, problem, loading[problem])
    ids = AutoTokenizer.from_pretrained(folder / name)(expected["text"]).input_ids
    assert ids == expected[name]["input_ids"], (name, ids)
    with torch.no_grad():
        logits = model.eval()(torch.tensor([ids])).logits
    logits = logits[0, -1] if name == "gpt2" else logits[0]
    worst = (logits.double() - torch.tensor(expected[name]["logits"], dtype=torch.float64)).abs().max().item()
    assert worst <= 1e-4, (name, worst)
    print(f"{name}: {model.num_parameters()} parameters, logits differ by at most {worst:.1e}")
