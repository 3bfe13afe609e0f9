"""Measures training on data that does not fit in memory: time and memory by the number of pairs.

    python benches/streaming.py target/debug/align [--rows 100000 1000000 10000000] [--folder /tmp]

For each number it writes synthetic pairs (JSON Lines, by a seed), and trains tests/golden/data/models/gpt2-tiny for 20 steps twice: the
first run builds the token cache, the second finds it. Prints a table with the sizes of the files, the time of both runs and their peak
resident memory, and deletes the files of each number before the next.
"""

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MODEL = Path(__file__).parent.parent / "tests/golden/data/models/gpt2-tiny"
STEPS = 20
SEED = 42
WORDS = "the film was a joy to see and its story dull slow bright long sad warm but never quite good enough".split()


def write_pairs(path, rows):
    """Writes pairs of a prompt and two different sides, of three to six words each."""
    draw = random.Random(SEED)
    phrases = [" ".join(draw.choices(WORDS, k=draw.randint(3, 6))) for _ in range(5000)]
    phrases = list(dict.fromkeys(phrases))
    count = len(phrases)
    with open(path, "w") as file:
        for _ in range(rows):
            prompt, chosen, step = draw.randrange(count), draw.randrange(count), draw.randrange(1, count)
            rejected = (chosen + step) % count
            file.write(
                f'{{"prompt": "{phrases[prompt]}", "chosen": " {phrases[chosen]}", "rejected": " {phrases[rejected]}"}}\n'
            )


def run(program, pairs, cache, output):
    """Trains; returns seconds and peak resident memory in MB."""
    command = [program, "dpo", "--model", MODEL, "--train-file", pairs, "--streaming", "--token-cache", cache]
    command += ["--output-dir", output, "--max-steps", STEPS, "--per-device-train-batch-size", 8, "--save-strategy", "no"]
    started = time.monotonic()
    process = subprocess.Popen([str(part) for part in command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    problem = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(problem.decode())
    return time.monotonic() - started, usage.ru_maxrss / 1024


def size(path):
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return sum(file.stat().st_size for file in files) / 1e6


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program")
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000, 10_000_000])
    parser.add_argument("--folder", default=tempfile.gettempdir())
    options = parser.parse_args()
    print("| pairs | file, MB | cache, MB | first run, s | MB | run with the cache, s | MB |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for rows in options.rows:
        folder = Path(tempfile.mkdtemp(prefix="streaming-", dir=options.folder))
        try:
            pairs, cache = folder / "pairs.jsonl", folder / "cache"
            write_pairs(pairs, rows)
            # A file that was just written would be read again to find its digest.
            time.sleep(3)
            first, first_memory = run(options.program, pairs, cache, folder / "first")
            second, second_memory = run(options.program, pairs, cache, folder / "second")
            figures = [f"{size(pairs):.0f}", f"{size(cache):.0f}", f"{first:.1f}", f"{first_memory:.0f}"]
            figures += [f"{second:.1f}", f"{second_memory:.0f}"]
            print(f"| {rows:,} | " + " | ".join(figures) + " |", flush=True)
        finally:
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()
