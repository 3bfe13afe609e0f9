"""Functions shared by the scripts that compare speed with TRL and transformers."""

import json
import pathlib
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]


def run(command):
    """Runs a command. Returns its last line of output, parsed as JSON, with the command's `start_time` in seconds since the epoch."""
    start_time = time.time()
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{done.stderr}")
    return json.loads(done.stdout.strip().splitlines()[-1]) | {"start_time": start_time}


def build_bench(bench, profile="bench"):
    """Builds a benchmark of this workspace and returns the path of its program."""
    command = ["cargo", "bench", "--package", "align-benches", "--bench", bench, "--profile", profile]
    command += ["--no-run", "--message-format=json"]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    messages = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    programs = [m["executable"] for m in messages if m.get("target", {}).get("name") == bench and m.get("executable")]
    if done.returncode != 0 or not programs:
        sys.exit(f"the benchmark {bench} cannot be built")
    return programs[-1]


def macs_of_model(folder):
    """Multiplications and additions, as pairs, of a causal model's forward pass: per token in the blocks, per token in the head, and per
    squared token of causal attention."""
    config = json.loads((pathlib.Path(folder) / "config.json").read_text())
    if config["model_type"] == "gpt2":
        width, layers = config["n_embd"], config["n_layer"]
        # Causal attention computes only half of the products of queries with keys, and of probabilities with values.
        return 12 * layers * width**2, config["vocab_size"] * width, layers * width
    width, layers, heads = config["hidden_size"], config["num_hidden_layers"], config["num_attention_heads"]
    head_dim = config.get("head_dim") or width // heads
    queries, keys = heads * head_dim, (config.get("num_key_value_heads") or heads) * head_dim
    layer = 2 * width * (queries + keys) + 3 * width * config["intermediate_size"]
    return layers * layer, config["vocab_size"] * width, layers * queries


def gflop_of_dpo_step(model, ids, is_lora, live_reference):
    """GFLOP of the least matrix products that a DPO step needs: the beginning that a pair's sequences have in common counts once.

    `ids` are the token ids of all chosen sequences, followed by those of the rejected ones."""
    blocks, head, attention = macs_of_model(model)
    macs = 0
    for chosen, rejected in zip(ids[: len(ids) // 2], ids[len(ids) // 2 :]):
        shared = next((i for i, (a, b) in enumerate(zip(chosen, rejected)) if a != b), min(len(chosen), len(rejected)))
        tokens = len(chosen) + len(rejected) - shared
        macs += blocks * tokens + attention * (len(chosen) ** 2 + len(rejected) ** 2 - shared**2)
        macs += head * (len(chosen) + len(rejected) - 2 * shared)
    # The backward pass computes the derivatives by the activations and, unless they are frozen, by the weights.
    return (2 + 2 + 2 * (not is_lora) + 2 * live_reference) * macs / 1e9


def write_lines(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def spread(ratios):
    """The median, with the minimum and the maximum."""
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"


def matmul_gflops():
    """Measures the GFLOP/s of products with 160 rows in float32 and bfloat16, with LibTorch's fastest setting on this machine."""
    import torch

    def rate(kind, precision):
        torch.set_float32_matmul_precision(precision)
        x, w = torch.randn(160, 768, dtype=kind), torch.randn(3072, 768, dtype=kind)
        torch.nn.functional.linear(x, w)
        begin, products = time.perf_counter(), 0
        # On processors without bfloat16 instructions, a product may take a second.
        while products < 20 and time.perf_counter() - begin < 0.5:
            torch.nn.functional.linear(x, w)
            products += 1
        return products * 2 * 160 * 768 * 3072 / 1e9 / (time.perf_counter() - begin)

    settings = {torch.float32: ("highest", "medium"), torch.bfloat16: ("highest",)}
    return [
        max(statistics.median(rate(kind, precision) for _ in range(5)) for precision in precisions)
        for kind, precisions in settings.items()
    ]
