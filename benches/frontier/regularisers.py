"""Trains policies with different regularisers and prints how far each is from the model before training at equal reward.

    python benches/frontier/regularisers.py OUTPUT_DIR [--seeds 42,1,2] [--program target/release/align]

For each seed, the bundled GPT-2 writes texts, the bundled classifier scores them, and the pairs of these texts train one policy for each
setting below with DPO. `align compare` measures each policy against the model before training: the reward of its texts and every distance. A
regulariser's settings trace a curve of distance against reward, from the model before training (distance 0) to the policy of the weakest KL
term without any penalty, which is common to all curves. The table has the distance that each curve has at half of the reward that this policy
gains, interpolated linearly, as a multiple of that of the KL term of DPO alone. Finished runs in OUTPUT_DIR are used again.
"""

import argparse
import json
import pathlib
import statistics
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
POLICY, JUDGE = ROOT / "models/gpt2-imdb-4m", ROOT / "models/distilbert-imdb-1m"

WEAK = ["--beta", "0.03"]
SETTINGS = {
    # regulariser: the options of each of its settings, from strong to weak
    "beta": [["--beta", beta] for beta in ("1", "0.3", "0.1", "0.03")],
    "log-ratio": [[*WEAK, "--log-ratio-penalty", "square", "--log-ratio-penalty-coef", c] for c in ("0.03", "0.003", "0.0003")],
    "weights": [[*WEAK, "--weight-distance-coef", c] for c in ("1", "0.1", "0.01")],
    "hidden states": [[*WEAK, "--hidden-distance-coef", c] for c in ("30", "3", "0.3")],
}
METRICS = {
    "weights, relative": lambda d: d["weights"][0]["relative_l2"],
    "1 - CKA, last layer": lambda d: 1 - d["hidden"][0]["layers"][-1]["debiased_cka"],
    "KL(policy, SFT)": lambda d: d["divergence"][0]["kl_second_first"]["per_text"]["value"],
    "KL(SFT, policy)": lambda d: d["divergence"][0]["kl_first_second"]["per_text"]["value"],
    "Jensen-Shannon": lambda d: d["divergence"][0]["jensen_shannon"]["per_text"]["value"],
    "total variation": lambda d: d["divergence"][0]["total_variation"]["per_text"]["value"],
    "MMD squared": lambda d: d["texts"][0]["mmd_squared"]["value"],
    "sliced Wasserstein": lambda d: d["texts"][0]["sliced_wasserstein"]["value"],
}


def measure(program, folder, seed):
    """The distances of all policies of a seed, by regulariser."""
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / name for name in ("texts.csv", "scored.csv", "pairs.jsonl", "read.csv")]
    texts, scored, pairs, read = files

    def align(*words):
        subprocess.run([program, *map(str, words)], check=True, stdout=subprocess.DEVNULL)

    sampling = ["--model", POLICY, "--do-sample", "--top-k", 0, "--max-new-tokens", 48]
    if not pairs.exists():
        align("generate", *sampling, "--texts-per-prompt", 10, "--seed", seed, "--output", texts)
        align("classify", "--model", JUDGE, "--input", texts, "--output", scored)
        align("pair", "--input", scored, "--pairs-per-prompt", 10, "--seed", seed, "--output", pairs)
        # Other texts than those of the pairs, along which the models are compared.
        align("generate", *sampling, "--texts-per-prompt", 4, "--seed", seed + 1, "--output", read)
    found = {}
    for regulariser, settings in SETTINGS.items():
        for number, options in enumerate(settings):
            run = folder / f"{regulariser.replace(' ', '-')}-{number}"
            distances = run / "distances/distances.json"
            if not distances.exists():
                training = ["--learning-rate", "1e-4", "--num-train-epochs", "2.5", "--per-device-train-batch-size", 32, "--seed", seed]
                if not (run / "model").exists():
                    align("dpo", "--model", POLICY, "--train-file", pairs, *training, *options, "--output-dir", run)
                comparison = ["--input", read, "--texts-per-prompt", 8, "--judge", f"reward={JUDGE}", "--seed", seed]
                comparison += ["--metrics", "weights,hidden,divergence,texts,judges"]
                align("compare", POLICY, run / "model", *comparison, "--output-dir", distances.parent)
            found.setdefault(regulariser, []).append((options, json.loads(distances.read_text())))
    # Without its penalty, each regulariser is the weakest KL term.
    return {regulariser: runs if regulariser == "beta" else [*runs, found["beta"][-1]] for regulariser, runs in found.items()}


def reward(distances):
    """How far the mean reward is above that of the model before training."""
    before, after = distances["judges"][0]["means"]
    return after["value"] - before["value"]


def at_reward(curve, target):
    """The distance at a reward, on the way from the model before training through the settings in the order of their rewards."""
    points = [(0.0, 0.0), *sorted(curve)]
    for (low, near), (high, far) in zip(points, points[1:]):
        if low <= target <= high and high > low:
            return near + (far - near) * (target - low) / (high - low)
    return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("output", type=pathlib.Path)
    parser.add_argument("--seeds", default="42,1,2"), parser.add_argument("--program", default=str(ROOT / "target/release/align"))
    a = parser.parse_args()
    ratios = {regulariser: {metric: [] for metric in METRICS} for regulariser in SETTINGS}
    for seed in map(int, a.seeds.split(",")):
        found = measure(a.program, a.output / str(seed), seed)
        target = reward(found["beta"][-1][1]) / 2
        print(f"\nseed {seed}: compared at a reward {target:.2f} above that of SFT")
        for regulariser, runs in found.items():
            for options, distances in runs:
                numbers = ", ".join(f"{name} {of(distances):.4g}" for name, of in METRICS.items())
                print(f"  {' '.join(options)}: reward {reward(distances):+.2f}, {numbers}")
        for metric, of in METRICS.items():
            distance = {name: at_reward([(reward(d), of(d)) for _, d in runs], target) for name, runs in found.items()}
            for name in SETTINGS:
                ratios[name][metric].append(distance[name] / distance["beta"])
    print("\n| distance | " + " | ".join(SETTINGS) + " |\n| --- |" + " ---: |" * len(SETTINGS))
    for metric in METRICS:
        cells = [f"{statistics.median(r[metric]):.2f} ({min(r[metric]):.2f} to {max(r[metric]):.2f})" for r in ratios.values()]
        print(f"| {metric} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
