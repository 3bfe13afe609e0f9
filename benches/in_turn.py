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
    """GFLOP/s of this machine's float32 and bfloat16 products of 160 rows, as our side multiplies."""
    import torch

    torch.set_float32_matmul_precision("medium")
    found = []
    for kind in (torch.float32, torch.bfloat16):
        x, w = torch.randn(160, 768, dtype=kind), torch.randn(3072, 768, dtype=kind)
        rates = []
        for _ in range(5):
            begin = time.perf_counter()
            for _ in range(20):
                torch.nn.functional.linear(x, w)
            rates.append(20 * 2 * 160 * 768 * 3072 / 1e9 / (time.perf_counter() - begin))
        found.append(statistics.median(rates))
    return found
