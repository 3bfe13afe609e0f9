"""Compares online DPO with offline DPO of the same texts, steps and loss, and prints one table.

    python benches/on_policy.py ALIGN OUTPUT_DIR [--seeds 3] [--betas 0.02,0.05,0.1,0.3] [--rounds 10] [--loss-type hinge]

ALIGN is the program (`cargo build --package align-cli`). It trains its bundled models. The offline run has one round with the prompts of all
rounds, so it trains on as many texts of the model before training, with as many steps. After the last step each policy writes texts once
more, and these are measured: the reward that trains, the held-out judge, and the KL divergence from the model before training. Rewards at
equal KL are interpolated between the betas of a seed; the interval is that of Student's t over the seeds.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import time

T95 = {2: 12.71, 3: 4.30, 4: 3.18, 5: 2.78}


def run(program, folder, options):
    start = time.time()
    if not (folder / "report.html").exists():
        subprocess.run([program, "online-dpo", "--output-dir", folder, "--quiet", *options], check=True)
    rounds = [json.loads(line) for line in open(folder / "rounds.jsonl")]
    return rounds, time.time() - start


def at_kl(points, kl):
    """The reward at a KL divergence, between the two points around it; None outside."""
    points = sorted(points)
    for (low, before), (high, after) in zip(points, points[1:]):
        if low <= kl <= high:
            return before + (after - before) * (kl - low) / (high - low)
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("output_dir", type=pathlib.Path)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--betas", default="0.02,0.05,0.1,0.3")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--prompts-per-round", type=int, default=32)
    parser.add_argument("--learning-rate", default="2e-4")
    parser.add_argument("--loss-type", default="hinge")
    options = parser.parse_args()
    prompts, batch = options.prompts_per_round, 16
    steps = prompts // batch
    common = ["--max-new-tokens", "40", "--per-device-train-batch-size", str(batch), "--learning-rate", options.learning_rate]
    common += ["--loss-type", options.loss_type, "--lr-scheduler-type", "constant", "--held-out-judge", "varied=distinct:2"]
    online = ["--rounds", str(options.rounds), "--prompts-per-round", str(prompts), "--steps-per-round", str(steps)]
    offline = ["--rounds", "1", "--prompts-per-round", str(prompts * options.rounds), "--steps-per-round", str(steps * options.rounds)]
    points = {"online": {}, "offline": {}}
    print("| run | beta | seed | reward before | reward | held-out judge | KL, nats | s |\n| --- | --- | --- | --- | --- | --- | --- | --- |")
    for seed in range(options.seeds):
        for beta in options.betas.split(","):
            for name, rounds_of in [("online", online), ("offline", offline)]:
                folder = options.output_dir / f"{name}-{beta}-{seed}"
                rounds, seconds = run(options.program, folder, [*common, *rounds_of, "--beta", beta, "--seed", str(seed)])
                first, last = rounds[0]["metrics"], rounds[-1]["metrics"]
                points[name].setdefault(seed, []).append((last["objective/kl"], last["reward"]))
                held_out = last["held_out/varied/mean"]
                print(f"| {name} | {beta} | {seed} | {first['reward']:.3f} | {last['reward']:.3f} | {held_out:.3f} | {last['objective/kl']:.2f} | {seconds:.0f} |", flush=True)
    print("\n| KL, nats | online | offline | difference |\n| --- | --- | --- | --- |")
    for kl in (2, 4, 6, 8, 10, 15, 20):
        found = [(at_kl(points["online"][seed], kl), at_kl(points["offline"][seed], kl)) for seed in range(options.seeds)]
        found = [pair for pair in found if None not in pair]
        if len(found) < 2:
            continue
        differences = [a - b for a, b in found]
        half = T95[len(found)] * statistics.stdev(differences) / len(found) ** 0.5
        a, b = (statistics.mean(pair[side] for pair in found) for side in (0, 1))
        print(f"| {kl} | {a:.3f} | {b:.3f} | {statistics.mean(differences):+.3f} ± {half:.3f} ({len(found)} seeds) |")


if __name__ == "__main__":
    main()
