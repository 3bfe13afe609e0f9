"""Writes evaluation.json to the parent folder: the evaluation of five held-out rows in float64, with each row computed separately.

No number knows of batches, except that KTO's reference point is the mean over its own rows: 1, 2 and 3, 4, 5, which are batches of two
where a single row left over joins the last.

Needs torch 2.11.0 and transformers 5.17.0:  python tests/golden/python/evaluation.py
"""

import json
import math
from pathlib import Path

import torch
from torch.nn.functional import logsigmoid
from transformers import AutoTokenizer, GPT2LMHeadModel

HERE = Path(__file__).resolve().parent.parent
FOLDER = HERE / "data/models/gpt2-tiny"
ROWS = 5
BETA = 0.1
LIKED = [True, False, True, True, False]
GROUPS = [[0, 1], [2, 3, 4]]

tokenizer = AutoTokenizer.from_pretrained(FOLDER)
policy = GPT2LMHeadModel.from_pretrained(FOLDER).double().eval()
reference = GPT2LMHeadModel.from_pretrained(FOLDER).double().eval()
with torch.no_grad():
    reference.transformer.ln_f.weight *= 1.25


def ids(prompt, completion):
    given = tokenizer(prompt).input_ids
    return given, tokenizer(prompt + completion).input_ids[len(given):] + [tokenizer.eos_token_id]


def tokens(model, given, completion):
    """Sums over a completion's tokens (log-probability, entropy, number of most likely tokens, mean logit), and the mean logit over all positions."""
    logits = model(torch.tensor([given + completion])).logits[0]
    before, targets = logits[len(given) - 1:-1], torch.tensor(completion)
    logps = before.log_softmax(-1)
    return {"count": len(completion), "logp": logps.gather(1, targets[:, None]).sum().item(), "entropy": -(logps.exp() * logps).sum().item(),
            "correct": (before.argmax(-1) == targets).sum().item(), "logit": before.mean(-1).sum().item(),
            "all_logits": logits.mean(-1).sum().item(), "all_count": len(logits)}


def mean(values):
    values = list(values)
    return sum(values) / len(values)


def by_token(sides, name, count="count"):
    return sum(side[name] for side in sides) / sum(side[count] for side in sides)


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


def preference(chosen, rejected, h_chosen, h_rejected):
    nll = -by_token(chosen, "logp")
    margins = [BETA * (c - r) for c, r in zip(h_chosen, h_rejected)]
    loss = mean(-logsigmoid(torch.tensor(margins, dtype=torch.float64)).numpy())
    common = {"logps/chosen": mean(x["logp"] for x in chosen), "logps/rejected": mean(x["logp"] for x in rejected)}
    dpo = {**common, "loss": loss, "rewards/chosen": BETA * mean(h_chosen), "rewards/rejected": BETA * mean(h_rejected), "rewards/margins": mean(margins),
           "rewards/accuracies": mean(x > 0 for x in margins), "log_ratios/chosen": mean(h_chosen), "log_ratios/rejected": mean(h_rejected),
           "logits/chosen": by_token(chosen, "logit"), "logits/rejected": by_token(rejected, "logit"), "entropy": by_token(chosen + rejected, "entropy"),
           "mean_token_accuracy": by_token(chosen, "correct")}
    cpo_margins = [BETA * (c["logp"] - r["logp"]) for c, r in zip(chosen, rejected)]
    cpo = {**common, "loss": mean(-logsigmoid(torch.tensor(cpo_margins, dtype=torch.float64)).numpy()) + nll, "nll_loss": nll,
           "rewards/chosen": BETA * common["logps/chosen"], "rewards/rejected": BETA * common["logps/rejected"], "rewards/margins": mean(cpo_margins),
           "rewards/accuracies": mean(x > 0 for x in cpo_margins), "logits/chosen": by_token(chosen, "all_logits", "all_count"),
           "logits/rejected": by_token(rejected, "all_logits", "all_count")}
    sft = {"loss": nll, "perplexity": math.exp(nll), "entropy": by_token(chosen, "entropy"), "mean_token_accuracy": by_token(chosen, "correct")}
    return {"dpo": dpo, "dpo_sft": {**dpo, "loss": nll}, "dpo_sigmoid_sft": {**dpo, "loss": 0.8 * loss + 0.5 * nll}, "cpo": cpo, "sft": sft}


def judged(found, h):
    chosen, rejected = ([i for i in range(ROWS) if LIKED[i] == liked] for liked in (True, False))
    both = {}
    for name, rows in (("chosen", chosen), ("rejected", rejected)):
        both |= {f"rewards/{name}": BETA * mean(h[i] for i in rows), f"logps/{name}": mean(found[i]["logp"] for i in rows),
                 f"log_ratios/{name}": mean(h[i] for i in rows), f"logits/{name}": by_token([found[i] for i in rows], "logit")}
    return {**both, "rewards/margins": both["rewards/chosen"] - both["rewards/rejected"], "entropy": by_token(found, "entropy")}


def main():
    pairs = [json.loads(line) for line in (HERE / "data/train.jsonl").read_text().splitlines()[:ROWS]]
    sides = {side: [ids(pair["prompt"], pair[side]) for pair in pairs] for side in ("chosen", "rejected")}
    with torch.no_grad():
        found = {side: [tokens(policy, *row) for row in rows] for side, rows in sides.items()}
        h = {side: [x["logp"] - tokens(reference, *row)["logp"] for x, row in zip(found[side], rows)] for side, rows in sides.items()}
        # Each prompt with the completion of the row before it in its batch, the first with the last one's.
        kl_rows = {i: (sides["chosen"][i][0], sides["chosen"][group[at - 1]][1]) for group in GROUPS for at, i in enumerate(group)}
        drift = {i: tokens(policy, *row)["logp"] - tokens(reference, *row)["logp"] for i, row in kl_rows.items()}
    kl = {i: max(0.0, mean(drift[j] for j in group)) for group in GROUPS for i in group}
    apo = [1 - sigmoid(BETA * x) if liked else sigmoid(BETA * x) for x, liked in zip(h["chosen"], LIKED)]
    kto = [1 - sigmoid(BETA * (x - kl[i]) * (1 if liked else -1)) for i, (x, liked) in enumerate(zip(h["chosen"], LIKED))]
    both = judged(found["chosen"], h["chosen"])
    result = preference(found["chosen"], found["rejected"], h["chosen"], h["rejected"])
    result["apo_zero_unpaired"] = {**both, "loss": mean(apo)}
    result["kto"] = {**both, "loss": mean(kto), "kl": mean(kl.values())}
    (HERE / "evaluation.json").write_text(json.dumps({"liked": LIKED, "reference": {"transformer.ln_f.weight": 1.25}, "expected": result}, indent=1) + "\n")


if __name__ == "__main__":
    main()
