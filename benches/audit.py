"""Measures `align audit`: time and memory by the number of pairs.

    python benches/audit.py target/release/align [--rows 100000 1000000] [--folder /tmp]

For each number it writes synthetic pairs (JSON Lines, by a seed) of a prompt of about 15 words and two sides of about 50 words each, among
which 1% are copies, 1% copies with another word, and 0.5% have swapped sides, and held-out rows with 1% of the prompts. It audits them and
prints a table with the size of the file, the time and the peak resident memory, and what was found of the planted rows.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SEED = 42
WORDS = (
    "the of and a to in he was that it his her with as had for she not at but be on they have him which said from this all were by "
    "who one so there would been their when them more will into could time very about people house water morning river mountain "
    "weather garden letter friend mother father school teacher winter summer evening window street city village country horse bread"
).split()


def text(draw, words):
    return " ".join(draw.choices(WORDS, k=draw.randint(words * 2 // 3, words * 4 // 3)))


def write_pairs(folder, rows):
    """Writes the pairs and the held-out rows; returns the numbers of planted rows."""
    draw = random.Random(SEED)
    planted = {"duplicates": 0, "near-duplicates": 0, "contradictions": 0, "leakage": 0}
    recent = []
    with open(folder / "pairs.jsonl", "w") as pairs, open(folder / "held-out.jsonl", "w") as held_out:
        for number in range(rows):
            row = {"prompt": text(draw, 15) + "?", "chosen": text(draw, 50), "rejected": text(draw, 50)}
            kind = draw.random()
            if kind < 0.025 and recent:
                row = dict(recent.pop())
                if kind < 0.01:
                    planted["duplicates"] += 1
                elif kind < 0.02:
                    planted["near-duplicates"] += 1
                    row["chosen"] += " indeed"
                else:
                    planted["contradictions"] += 1
                    row["chosen"], row["rejected"] = row["rejected"], row["chosen"]
            elif kind < 0.035:
                planted["leakage"] += 1
                held_out.write(json.dumps({**row, "chosen": text(draw, 50)}) + "\n")
            elif draw.random() < 0.1:
                recent = recent[-1000:] + [row]
            pairs.write(json.dumps(row) + "\n")
    return planted


def run(program, folder):
    """Audits; returns the report, seconds and peak resident memory in MB."""
    command = [program, "audit", folder / "pairs.jsonl", "--eval-file", folder / "held-out.jsonl", "--json"]
    started = time.monotonic()
    with open(folder / "report.json", "w") as report:
        process = subprocess.Popen([str(part) for part in command], stdout=report, stderr=subprocess.PIPE)
        problem = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - started
    if status != 0:
        sys.exit(problem.decode())
    return json.loads((folder / "report.json").read_text()), seconds, usage.ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program")
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--folder", default=tempfile.gettempdir())
    options = parser.parse_args()
    print("| pairs | file, MB | time, s | pairs/s | peak memory, MB | found of planted |")
    print("| ---: | ---: | ---: | ---: | ---: | --- |")
    for rows in options.rows:
        with tempfile.TemporaryDirectory(dir=options.folder) as folder:
            folder = Path(folder)
            planted = write_pairs(folder, rows)
            size = (folder / "pairs.jsonl").stat().st_size / 1e6
            report, seconds, memory = run(options.program, folder)
            counts = {finding["name"]: finding["count"] for finding in report["findings"]}
            found = ", ".join(f"{name} {counts[name]} of {count}" for name, count in planted.items())
            print(f"| {rows:,} | {size:.0f} | {seconds:.1f} | {rows / seconds:,.0f} | {memory:.0f} | {found} |", flush=True)


if __name__ == "__main__":
    main()
