"""Writes variants.json to the parent folder: transformers' activations, and its outputs for the tiny models with other settings in
their configs.

Needs torch 2.11 and transformers 5.17:  python tests/golden/python/variants.py
"""

import json
import tempfile
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, DistilBertForSequenceClassification, GPT2LMHeadModel
from transformers.activations import ACT2CLS, ACT2FN

GOLDEN = Path(__file__).resolve().parent.parent
MODELS = GOLDEN / "data/models"
IDS = [[40, 73, 5, 17, 258, 360]]
# These activations have weights.
LEARNED = {"prelu", "xielu"}


def numbers(tensor):
    return [float(f"{x:.9g}") for x in tensor.double().flatten().tolist()]


def variant(model_class, name, change, drop=()):
    """The model `name` with changed fields in its config and without some of its tensors."""
    with tempfile.TemporaryDirectory() as folder:
        config = AutoConfig.from_pretrained(MODELS / name)
        for field, value in change.items():
            setattr(config, field, value)
        tensors = {k: v for k, v in load_file(MODELS / name / "model.safetensors").items() if k not in drop}
        save_file(tensors, f"{folder}/model.safetensors", {"format": "pt"})
        config.save_pretrained(folder)
        return model_class.from_pretrained(folder).eval()


x = torch.tensor([-20.0, -12.5, -6.5, -3.0, -1.7, -1.0, -0.5, -0.01, 0.0, 0.01, 0.3, 0.707107, 1.0, 2.5, 5.9, 6.1, 12.5, 20.0])
with torch.no_grad():
    activations = {name: numbers(ACT2FN[name](x)) for name in sorted(ACT2CLS) if name not in LEARNED}
    logits = {
        name: numbers(variant(GPT2LMHeadModel, "gpt2-tiny", {"activation_function": name})(torch.tensor(IDS)).logits[0, -1])
        for name in ("quick_gelu", "relu2", "mish")
    }
    positions = "distilbert.embeddings.position_embeddings.weight"
    sinusoidal = variant(DistilBertForSequenceClassification, "distilbert-tiny", {"sinusoidal_pos_embds": True}, [positions])
    sinusoidal = numbers(sinusoidal(torch.tensor(IDS)).logits[0])
    plain = GPT2LMHeadModel.from_pretrained(MODELS / "gpt2-tiny").eval()
    options = dict(max_new_tokens=12, do_sample=False, pad_token_id=0)
    whole = plain.generate(torch.tensor(IDS), eos_token_id=None, **options)[0].tolist()
    # The fourth and the seventh new token end a text; the model's own end does not any more.
    ends = [whole[len(IDS[0]) + 6], whole[len(IDS[0]) + 3]]
    listed = variant(GPT2LMHeadModel, "gpt2-tiny", {"eos_token_id": ends})
    text = listed.generate(torch.tensor(IDS), **options)[0].tolist()
    assert len(IDS[0]) < len(text) < len(whole)

(GOLDEN / "variants.json").write_text(json.dumps({
    "made_by": "python/variants.py", "x": x.tolist(), "activations": activations, "input_ids": IDS[0], "logits": logits,
    "sinusoidal": sinusoidal, "eos_token_id": ends, "generated": text,
}) + "\n")
print("wrote variants.json", ends, text)
