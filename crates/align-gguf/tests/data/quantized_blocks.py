"""Writes quantized_blocks.json: random blocks of each type, and their values by the Python package gguf (0.19). Bytes are in hexadecimal."""
import json
from pathlib import Path
import numpy as np
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType as T, dequantize, quantize

rng = np.random.default_rng(0)
# The positions of half-precision numbers in a block, which must be finite.
halves = {"Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0], "Q2_K": [80, 82], "Q3_K": [108], "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208]}
read = {}
for name, positions in halves.items():
    block, size = GGML_QUANT_SIZES[T[name]]
    blocks = rng.integers(0, 256, (3, size), dtype=np.uint8)
    for at in positions:
        blocks[:, at:at + 2] = rng.normal(0, 0.1, 3).astype(np.float16).view(np.uint8).reshape(3, 2)
    values = dequantize(blocks, T[name]).astype("<f4")
    read[name] = {"bytes": blocks.tobytes().hex(), "values": values.tobytes().hex()}

# Ordinary values, zeros, halves of the step (which are rounded away from zero), and large and tiny ones.
rows = np.stack([rng.normal(0, 1, 64), np.zeros(64), np.arange(64) - 31.5, rng.normal(0, 1e4, 64), rng.normal(0, 1e-6, 64)]).astype("<f4")
rows[2, 0] = rows[2, 32] = 127
written = {name: quantize(rows, T[name]).tobytes().hex() for name in ["F32", "F16", "BF16", "Q8_0"]}
out = {"read": read, "write": {"values": rows.tobytes().hex(), "bytes": written}}
Path(__file__).with_suffix(".json").write_text(json.dumps(out, indent=1) + "\n")
