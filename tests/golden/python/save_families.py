"""Writes models of each family and adapters for them with transformers and PEFT, for the golden test `families`:
`python save_families.py DIR`.

All weights are random. DIR gets one folder a model, and logits.safetensors. Needs torch, transformers and peft.
"""

import json
import sys
from pathlib import Path

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM
from transformers import Gemma2Config, Gemma3TextConfig, GPT2Config, LlamaConfig, MistralConfig, Qwen2Config, Qwen3Config

COMMON = dict(vocab_size=300, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
              max_position_embeddings=128, initializer_range=0.1)  # fmt: skip
LLAMA3 = {"rope_type": "llama3", "rope_theta": 5e4, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 32}
YARN = {"rope_type": "yarn", "rope_theta": 1e4, "factor": 4.0, "original_max_position_embeddings": 32}
LINEAR = {"rope_type": "linear", "rope_theta": 1e4, "factor": 2.0}
BOTH = {"full_attention": LINEAR | {"rope_theta": 1e6}, "sliding_attention": {"rope_type": "default", "rope_theta": 1e4}}
LAYERS = ["sliding_attention", "full_attention"]
CONFIGS = {
    "gpt2": GPT2Config(vocab_size=300, n_embd=32, n_layer=2, n_head=4, n_positions=128, bos_token_id=0, eos_token_id=0),
    "llama": LlamaConfig(**COMMON),
    "llama-tied": LlamaConfig(**COMMON, tie_word_embeddings=True),
    "llama-biases": LlamaConfig(**COMMON, attention_bias=True, mlp_bias=True, head_dim=12),
    "llama-llama3": LlamaConfig(**COMMON, rope_parameters=LLAMA3),
    "llama-yarn": LlamaConfig(**COMMON, rope_parameters=YARN),
    "llama-linear": LlamaConfig(**COMMON, rope_parameters=LINEAR),
    "mistral": MistralConfig(**COMMON, sliding_window=16),
    "mistral-without-window": MistralConfig(**COMMON, sliding_window=None, head_dim=12),
    "qwen2": Qwen2Config(**COMMON),
    "qwen2-window": Qwen2Config(**COMMON, use_sliding_window=True, sliding_window=16, layer_types=LAYERS, tie_word_embeddings=True),
    "qwen3": Qwen3Config(**COMMON, head_dim=12),
    "qwen3-biases": Qwen3Config(**COMMON, head_dim=8, attention_bias=True, tie_word_embeddings=True),
    "gemma2": Gemma2Config(**COMMON, head_dim=8, sliding_window=16, attn_logit_softcapping=5.0, final_logit_softcapping=8.0),
    "gemma2-without-caps": Gemma2Config(**COMMON, head_dim=12, attn_logit_softcapping=None, final_logit_softcapping=None),
    "gemma3": Gemma3TextConfig(**COMMON, head_dim=12, sliding_window=16, query_pre_attn_scalar=10),
    "gemma3-both": Gemma3TextConfig(**COMMON, head_dim=8, sliding_window=16, layer_types=LAYERS, rope_parameters=BOTH),
}
# The other implementations of attention ignore Gemma 2's cap.
EAGER = {"attn_implementation": "eager"}
ADAPTERS = {
    "adapter": dict(r=3, lora_alpha=8),
    "adapter-all-linear": dict(r=2, lora_alpha=4, use_rslora=True, target_modules="all-linear"),
}

torch.manual_seed(0)
folder, found = Path(sys.argv[1]), {}
ids = torch.randint(300, (1, 60))


def move(model, wanted=lambda name: True):
    """Moves the weights away from where they begin: norms from 1, biases and the adapters' B from 0."""
    for name, weight in model.named_parameters():
        if wanted(name):
            weight.data += torch.randn_like(weight) * 0.05


def logits(model):
    with torch.no_grad():
        return model.eval()(ids).logits[0].contiguous()


for index, (name, config) in enumerate(CONFIGS.items()):
    model = AutoModelForCausalLM.from_config(config, **EAGER)
    move(model)
    # Files in every type, whole or in shards.
    dtype = [torch.float32, torch.bfloat16, torch.float16][index % 3]
    model.to(dtype).save_pretrained(folder / name / "model", max_shard_size="30KB" if index % 2 else "1GB")
    base = lambda: AutoModelForCausalLM.from_pretrained(folder / name / "model", dtype=torch.float32, **EAGER)
    found[f"{name}/model"] = logits(base())
    for adapter, options in ADAPTERS.items():
        adapted = get_peft_model(base(), LoraConfig(task_type="CAUSAL_LM", **options))
        move(adapted, lambda name: "lora_" in name)
        adapted.save_pretrained(folder / name / adapter)
        found[f"{name}/{adapter}"] = logits(PeftModel.from_pretrained(base(), folder / name / adapter))
        moved = (found[f"{name}/{adapter}"] - found[f"{name}/model"]).abs().max().item()
        assert moved > 1e-3, (name, adapter, moved)
    (folder / name / "input_ids.json").write_text(json.dumps(ids[0].tolist()))
save_file(found, folder / "logits.safetensors")
print("wrote", len(CONFIGS), "models and", len(found) - len(CONFIGS), "adapters")
