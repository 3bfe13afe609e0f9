"""Measures the pairs per second of DPO on one process and on several, with as many pairs for each process, and prints one table.

    python benches/data_parallel.py MODEL_DIR PAIRS.jsonl [--processes 1,2] [--pairs 8] [--steps 6] [--rounds 3]

MODEL_DIR is a model in transformers' layout (GPT-2 small for the figures in README.md), PAIRS.jsonl has prompt, chosen and rejected. Each
process has one thread. The runs of each round follow one another; the table has the median over the rounds of each ratio to one process in
its round. The first step, in which memory is allocated, is not counted. Needs `cargo build --release --package align-cli`.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

from comparison import ROOT


def pairs_per_second(arguments, processes, folder):
    command = [arguments.program, "dpo", "--model", arguments.model, "--train-file", arguments.pairs, "--output-dir", folder]
    command += ["--per-device-train-batch-size", str(arguments.rows), "--max-steps", str(arguments.steps + 1), "--logging-steps", "1"]
    command += ["--train-sampling-strategy", arguments.order, "--log-format", "json", "--nproc-per-node", str(processes)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    run = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment)
    times, lines = [], []
    for line in run.stderr:
        lines.append(line)
        if line.startswith("{") and json.loads(line).get("event") == "step":
            times.append(time.perf_counter())
    if run.wait() != 0:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{''.join(lines)}")
    return processes * arguments.rows * (len(times) - 1) / (times[-1] - times[0])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model"), parser.add_argument("pairs")
    parser.add_argument("--processes", default="1,2"), parser.add_argument("--pairs", dest="rows", type=int, default=8)
    parser.add_argument("--steps", type=int, default=6), parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--order", default="random")
    parser.add_argument("--program", default=str(ROOT / "target/release/align"))
    arguments = parser.parse_args()
    counts = [int(count) for count in arguments.processes.split(",")]
    rates = {count: [] for count in counts}
    with tempfile.TemporaryDirectory() as scratch:
        for number in range(arguments.rounds):
            for count in counts:
                rates[count].append(pairs_per_second(arguments, count, pathlib.Path(scratch) / f"{number}-{count}"))
                print(f"round {number + 1}: {count} processes: {rates[count][-1]:.3f} pairs/s", file=sys.stderr)
    print("| processes | pairs/s | of one process |\n| --- | --- | --- |")
    for count in counts:
        ratios = [rate / one for rate, one in zip(rates[count], rates[counts[0]])]
        print(f"| {count} | {statistics.median(rates[count]):.3f} | {statistics.median(ratios):.2f} ({min(ratios):.2f}–{max(ratios):.2f}) |")


if __name__ == "__main__":
    main()
