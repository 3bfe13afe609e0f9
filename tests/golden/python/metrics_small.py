"""Writes metrics_small.json to the parent folder: entropies of random token lists by scipy, and the notebook's entropy from running
counts.

Needs scipy 1.17:  python tests/golden/python/metrics_small.py
"""

import json
import random
from collections import Counter, defaultdict
from pathlib import Path

from scipy.stats import entropy

SKIP = 0


def notebook(texts):
    """Running counts, divided by the running number of tokens after every text."""
    stats, n = defaultdict(float), 0
    for text in texts:
        for token in text:
            if token != SKIP:
                stats[token] += 1
                n += 1
        for token in stats:
            stats[token] /= n
    return entropy(list(stats.values()))


def case(name, texts):
    counts = Counter(token for text in texts for token in text if token != SKIP)
    plain = entropy(list(counts.values()))
    tokens = sum(counts.values())
    return {"name": name, "skip": SKIP, "texts": texts, "tokens": tokens, "token_entropy": plain,
            "miller_madow_entropy": plain + (len(counts) - 1) / (2 * tokens), "notebook_entropy": notebook(texts)}


def zipf(rng, n):
    """n tokens with a Zipf distribution: the share of the r-th most frequent token is proportional to 1/r."""
    return rng.choices(range(1, 201), weights=[1 / r for r in range(1, 201)], k=n)


rng = random.Random(2)
cases = [
    case("one token", [[7]]),
    case("one text", [[1, 2, 2, 3, 3, 3, 0]]),
    case("empty texts between", [[0], [], [4, 5, 5], [], [6, 0, 6], []]),
    case("equal texts", [[1, 2, 3]] * 5),
    case("single tokens", [[t] for t in (9, 9, 8, 9, 7)]),
    case("zipf", [zipf(rng, rng.randrange(0, 60)) for _ in range(40)]),
    case("zipf of one length", [zipf(rng, 50) for _ in range(30)]),
    case("ids of any size", [[2**40, -3, 5], [5, 2**40, 2**40]]),
]
out = Path(__file__).resolve().parent.parent / "metrics_small.json"
out.write_text(json.dumps({"made_by": "python/metrics_small.py", "cases": cases}) + "\n")
print("wrote", out)
