"""Loads what the golden test `families` saved of each family with transformers and PEFT, and compares logits: `python reload_families.py DIR`.

DIR holds the models, adapters and GGUF files, cases.json and logits.safetensors. Needs torch, transformers, peft and gguf.
"""

import json
import sys
from pathlib import Path

import torch
from gguf import GGUFReader
from peft import PeftModel, get_peft_model_state_dict
from safetensors.torch import load_file
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer
from transformers.utils.logging import disable_progress_bar

# transformers reads the whole config of these out of a GGUF file. It has no names for the rotations of Llama 3, the window of Mistral,
# the head_dim of Qwen 3, some settings of Gemma and the positions of GPT-2, so that a config has to be given for these.
OWN_CONFIG = ["llama-tiny", "llama-tiny-f16-shards", "qwen2-tiny"]

disable_progress_bar()
folder = Path(sys.argv[1])
logits = load_file(folder / "logits.safetensors")


def load(*where, name, **options):
    """A model in float32, of which no weight is missing and none is left over."""
    # The other implementations of attention ignore Gemma 2's cap.
    attention = {"attn_implementation": "eager"} if "gemma2" in name else {}
    model, found = AutoModelForCausalLM.from_pretrained(*where, dtype=torch.float32, output_loading_info=True, **attention, **options)
    for problem in ("missing_keys", "unexpected_keys", "mismatched_keys", "error_msgs"):
        assert not found.get(problem), (name, problem, found[problem])
    return model.eval()


def load_gguf(path, config, name):
    """The model of a GGUF file with the given config."""
    if config.model_type != "mistral":
        return load(path.parent, gguf_file=path.name, config=config, name=name)
    # transformers has this as a Llama without a window.
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    model.load_state_dict(load(path.parent, gguf_file=path.name, name=name).state_dict())
    return model.eval()


def difference(model, case):
    with torch.no_grad():
        found = model(torch.tensor([case["input_ids"]])).logits[0]
    return (found - logits[case["path"]]).abs().max().item()


worst = {}
for case in json.loads((folder / "cases.json").read_text()):
    name, what = case["path"].split("/")
    path, found = folder / case["path"], {}
    if case["kind"] == "model":
        model = load(path, name=name)
        assert AutoTokenizer.from_pretrained(path)(case["text"]).input_ids == case["input_ids"], case["path"]
        found[what] = difference(model, case)
    elif case["kind"] == "adapter":
        base = load(case["base"], name=name)
        plain = difference(base, case)
        assert plain > 1e-3, (case["path"], "does not move the logits", plain)
        adapted = PeftModel.from_pretrained(base, path).eval()
        # PEFT only warns about missing or unexpected weights.
        assert get_peft_model_state_dict(adapted).keys() == load_file(path / "adapter_model.safetensors").keys(), case["path"]
        found[what] = difference(adapted, case)
    else:
        assert len(GGUFReader(path).tensors) > 10
        found[what] = difference(load_gguf(path, AutoConfig.from_pretrained(case["base"]), name), case)
        if name in OWN_CONFIG:
            found[f"{what} alone"] = difference(load(path.parent, gguf_file=path.name, name=name), case)
    for key, value in found.items():
        assert value <= 1e-5, (name, key, value)
        worst.setdefault(name, {})[key] = value
for name, values in worst.items():
    print(f"{name}: " + ", ".join(f"{key} {value:.0e}" for key, value in values.items()))
