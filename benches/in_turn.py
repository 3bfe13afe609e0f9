"""Runs both sides of a comparison, each in a process of its own."""

import json
import pathlib
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]


def run(command):
    """What a command's last line says as JSON, and when the command began: `began`, in seconds of the epoch."""
    began = time.time()
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{done.stderr}")
    return json.loads(done.stdout.strip().splitlines()[-1]) | {"began": began}


def built(bench):
    """The program of one of our benchmarks, built."""
    command = ["cargo", "bench", "--bench", bench, "--no-run", "--message-format=json"]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    messages = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    found = [m["executable"] for m in messages if m.get("target", {}).get("name") == bench and m.get("executable")]
    if done.returncode != 0 or not found:
        sys.exit("the benchmark cannot be built")
    return found[-1]


def arithmetic():
    """GFLOP/s of this machine's float32 and bfloat16 products of 160 rows, each in the fastest of LibTorch's settings here."""
    import torch

    def rate(kind, precision):
        torch.set_float32_matmul_precision(precision)
        x, w = torch.randn(160, 768, dtype=kind), torch.randn(3072, 768, dtype=kind)
        torch.nn.functional.linear(x, w)
        begin, products = time.perf_counter(), 0
        # Without instructions for it a bfloat16 product may take a second.
        while products < 20 and time.perf_counter() - begin < 0.5:
            torch.nn.functional.linear(x, w)
            products += 1
        return products * 2 * 160 * 768 * 3072 / 1e9 / (time.perf_counter() - begin)

    settings = {torch.float32: ("highest", "medium"), torch.bfloat16: ("highest",)}
    return [
        max(statistics.median(rate(kind, precision) for _ in range(5)) for precision in precisions)
        for kind, precisions in settings.items()
    ]
