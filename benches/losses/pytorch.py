"""Compares the time of every loss and its gradient in PyTorch and in `cargo bench --bench losses`, and prints one table.

    python benches/losses/pytorch.py [--sizes 8,1024,65536,1048576] [--loss NAME] [--pairs 5]

Needs torch. For each size, PyTorch and the Rust benchmark run alternately. Times are medians over the pairs of runs. The ratio is the
median of the pairs' ratios, with the minimum and maximum in brackets.
"""

import argparse
import json
import math
import pathlib
import statistics
import subprocess
import sys
import time

import torch
import torch.nn.functional as F

BETA = 0.1
ROOT = pathlib.Path(__file__).resolve().parents[2]


def conservative(x, eps):
    return -(1 - eps) * F.logsigmoid(x) - eps * F.logsigmoid(-x)


def exo_pair(x, eps=1e-3):
    p, q = x.sigmoid(), (-x).sigmoid()
    return p * (F.logsigmoid(x) - math.log(1 - eps)) + q * (F.logsigmoid(-x) - math.log(eps))


def discopop(x, tau=0.05):
    m = torch.sigmoid(x / tau)
    return -F.logsigmoid(x) * (1 - m) + torch.exp(-x) * m


def margin(score=lambda h: h):
    return lambda v: score(v.c) - score(v.r)


def margin_loss(link, score=lambda h: h):
    """A loss that is a function of beta times the margin between scores."""
    return lambda v: link(BETA * margin(score)(v))


def per_token_margin_loss(link):
    return lambda v: link(v.c / v.tokens[0] - v.r / v.tokens[1])


LOSSES = {
    "sigmoid": margin_loss(lambda x: -F.logsigmoid(x)),
    "hinge": margin_loss(lambda x: torch.relu(1 - x)),
    "ipo": per_token_margin_loss(lambda m: (m - 0.5 / BETA) ** 2),
    "ipo_sum": lambda v: (margin()(v) - 0.5 / BETA) ** 2,
    "exo_pair": margin_loss(exo_pair),
    "nca_pair": lambda v: -F.logsigmoid(BETA * v.c) - 0.5 * F.logsigmoid(-BETA * v.c) - 0.5 * F.logsigmoid(-BETA * v.r),
    "robust": margin_loss(lambda x: -F.logsigmoid(x)),
    "bco_pair": lambda v: -F.logsigmoid(BETA * v.c) - F.logsigmoid(-BETA * v.r),
    "sppo_hard": lambda v: (v.c - 0.5 / BETA) ** 2 + (v.r + 0.5 / BETA) ** 2,
    "aot": lambda v: -F.logsigmoid(
        BETA * ((v.policy[0] - v.policy[1]).sort()[0] - (v.reference[0] - v.reference[1]).sort()[0])
    ),
    "aot_unpaired": lambda v: -F.logsigmoid(BETA * (v.c.sort()[0] - v.r.sort()[0])),
    "apo_zero": lambda v: 1 - (BETA * v.c).sigmoid() + (BETA * v.r).sigmoid(),
    "apo_down": lambda v: (BETA * v.c).sigmoid() + 1 - (BETA * (v.c - v.r)).sigmoid(),
    "discopop": margin_loss(discopop),
    "sigmoid_norm": per_token_margin_loss(lambda m: -F.logsigmoid(BETA * m)),
    "sft": lambda v: (-v.policy[0].sum() / v.tokens[0].sum()).expand(v.c.shape),
    "squared": margin_loss(lambda x: (x - 1) ** 2),
    "exponential": margin_loss(lambda x: torch.exp(-x)),
    "truncated_quadratic": margin_loss(lambda x: torch.relu(1 - x) ** 2),
    "savage": margin_loss(lambda x: torch.sigmoid(-x) ** 2),
    "dpop": lambda v: -F.logsigmoid(BETA * (v.c - v.r - 50 * torch.relu(-v.c))),
    "cal_dpo": lambda v: -F.logsigmoid(v.c - v.r) + (v.c - 0.5 / BETA) ** 2 + (v.r + 0.5 / BETA) ** 2,
    "conservative_sigmoid": margin_loss(lambda x: conservative(x, 0.1)),
    "sigmoid_forward_kl": margin_loss(lambda x: -F.logsigmoid(x), lambda h: -torch.exp(-h)),
    "sigmoid_js_divergence": margin_loss(lambda x: -F.logsigmoid(x), F.logsigmoid),
    "sigmoid_alpha_divergence": margin_loss(lambda x: -F.logsigmoid(x), lambda h: torch.exp(-0.5 * h) / -0.5),
    "sigmoid_chi_squared": margin_loss(lambda x: -F.logsigmoid(x), lambda h: torch.exp(h) + h),
}


class Batch:
    """Log-ratios c and r of the chosen and the rejected completions. Each call of `gradient` builds a new graph."""

    def __init__(self, size):
        torch.manual_seed(0)
        self.inputs = [torch.randn(size) * 5 - mean for mean in (40, 60)]
        self.reference = [torch.randn(size) * 5 - mean for mean in (42, 59)]
        self.tokens = [torch.full((size,), 25.0) for _ in range(2)]

    def gradient(self, loss):
        self.policy = [x.detach().requires_grad_() for x in self.inputs]
        self.c, self.r = (x - y for x, y in zip(self.policy, self.reference))
        return torch.autograd.grad(loss(self).mean(), self.policy, allow_unused=True)


def microseconds(batch, loss):
    """The median of 20 samples of about 50 ms each."""
    batch.gradient(loss)
    begin = time.perf_counter()
    batch.gradient(loss)
    runs = max(1, int(0.05 / (time.perf_counter() - begin)))
    samples = []
    for _ in range(20):
        begin = time.perf_counter()
        for _ in range(runs):
            batch.gradient(loss)
        samples.append((time.perf_counter() - begin) / runs)
    return sorted(samples)[10] * 1e6


def estimate(name, variant, size):
    path = ROOT / "target/criterion/losses" / f"{name}_{variant}" / str(size) / "new/estimates.json"
    return json.loads(path.read_text())["median"]["point_estimate"] / 1e3


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="8,1024,65536,1048576")
    parser.add_argument("--loss", choices=sorted(LOSSES), action="append")
    parser.add_argument("--pairs", type=int, default=5, help="number of pairs of runs")
    args = parser.parse_args()
    names = args.loss or list(LOSSES)
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads; microseconds, forward and backward\n")
    print("| pairs | loss | PyTorch | plain tch | align | align / PyTorch |")
    print("| ---: | --- | ---: | ---: | ---: | ---: |")
    for size in map(int, args.sizes.split(",")):
        batch = Batch(size)
        found = {name: [] for name in names}
        pattern = f"^losses/({'|'.join(names)})/(align|plain)/{size}$"
        command = ["cargo", "bench", "--quiet", "--bench", "losses", "--", pattern]
        for _ in range(args.pairs):
            pytorch = {name: microseconds(batch, LOSSES[name]) for name in names}
            done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
            if done.returncode != 0:
                sys.exit(f"{' '.join(command)} failed")
            for name in names:
                found[name].append((pytorch[name], estimate(name, "plain", size), estimate(name, "align", size)))
        for name in names:
            torch_time, plain, align = (statistics.median(times) for times in zip(*found[name]))
            ratios = sorted(ours / theirs for theirs, _, ours in found[name])
            ratio = f"{statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"
            print(f"| {size:,} | {name} | {torch_time:.1f} | {plain:.1f} | {align:.1f} | {ratio} |", flush=True)


if __name__ == "__main__":
    main()
