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


def build_bench(bench):
    """Builds a benchmark of this workspace and returns the path of its program."""
    command = ["cargo", "bench", "--bench", bench, "--no-run", "--message-format=json"]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    messages = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    programs = [m["executable"] for m in messages if m.get("target", {}).get("name") == bench and m.get("executable")]
    if done.returncode != 0 or not programs:
        sys.exit(f"the benchmark {bench} cannot be built")
    return programs[-1]


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
