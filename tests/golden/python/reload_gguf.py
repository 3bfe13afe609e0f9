"""Compares GGUF files with the folder that `align convert` made them of: `python reload_gguf.py MODEL_DIR FILE.gguf...`.

The tensors that transformers and gguf read are those of the folder, rounded to the file's type: bitwise, except for Gemma, whose norms
are stored with 1 added. Needs torch, transformers and gguf.
"""

import sys
from pathlib import Path

import torch
from gguf import GGMLQuantizationType, GGUFReader, dequantize, quantize
from transformers import AutoConfig, AutoModelForCausalLM
from transformers.utils.logging import disable_progress_bar

disable_progress_bar()
source = sys.argv[1]
expected = AutoModelForCausalLM.from_pretrained(source, dtype=torch.float32).state_dict()


def rounded(tensor, kind):
    return torch.from_numpy(dequantize(quantize(tensor.numpy(), kind), kind))


for path in map(Path, sys.argv[2:]):
    tensors = GGUFReader(path).tensors
    kinds = {tensor.tensor_type for tensor in tensors}
    assert len(kinds - {GGMLQuantizationType.F32}) <= 1, kinds
    kind = max(kinds)
    config = AutoConfig.from_pretrained(source)
    model, found = AutoModelForCausalLM.from_pretrained(
        path.parent, gguf_file=path.name, config=config, dtype=torch.float32, output_loading_info=True
    )
    for problem in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        assert not found[problem], (path, problem, found[problem])
    count = 0
    for name, tensor in model.state_dict().items():
        wanted = expected[name] if tensor.ndim == 1 else rounded(expected[name], kind)
        worst = (tensor - wanted).abs().max().item()
        assert worst <= (1e-6 if config.model_type.startswith("gemma") and tensor.ndim == 1 else 0), (path, name, worst)
        count += 1
    print(f"{path.name}: {kind.name}, {len(tensors)} tensors in the file, {count} in transformers, all equal")
