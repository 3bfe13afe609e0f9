"""Writes group_policy.json to the parent folder: the losses, gradients and metrics of TRL's GRPO and RLOO on given log-probabilities,
in float64, and the advantages that they make of given rewards.

The losses come from `GRPOTrainer._compute_loss` and `RLOOTrainer._compute_loss`, whose model is replaced by the log-probabilities; the
advantages from the trainers' `_generate_and_score_completions` with given completions and rewards.

Needs torch 2.11, transformers 5.17 and trl 1.16:  python tests/golden/python/group_policy.py
"""

import json
import math
import tempfile
from collections import defaultdict
from pathlib import Path
from types import SimpleNamespace

import torch
from accelerate import Accelerator
from datasets import Dataset
from transformers import AutoTokenizer, GPT2LMHeadModel
from trl import GRPOConfig, GRPOTrainer, RLOOConfig, RLOOTrainer

GOLDEN = Path(__file__).resolve().parent.parent
BASE = GOLDEN / "data/models/gpt2-tiny"
ROWS, WIDTH = 6, 7
LENGTHS = [7, 3, 5, 1, 6, 4]
ADVANTAGES = [1.3, -0.7, 0.4, -1.6, 0.0, 2.1]
DEFAULTS = dict(
    loss_type="dapo", beta=0.0, epsilon=0.2, epsilon_high=None, delta=None, importance_sampling_level="token",
    use_bias_correction_kl=True, off_policy_mask_threshold=None, max_completion_length=None, sapo_temperature_neg=1.05,
    sapo_temperature_pos=1.0, vespo_k_pos=2.0, vespo_lambda_pos=3.0, vespo_k_neg=3.0, vespo_lambda_neg=2.0,
)  # fmt: skip


def tensors():
    generator = torch.Generator().manual_seed(25)
    draw = lambda scale: torch.randn(ROWS, WIDTH, generator=generator, dtype=torch.float64) * scale
    logps = -torch.rand(ROWS, WIDTH, generator=generator, dtype=torch.float64) * 3 - 0.05
    return {"logps": logps, "old": logps + draw(0.3), "reference": logps + draw(0.5)}


def mask(truncated=()):
    lengths = torch.tensor([0 if row in truncated else length for row, length in enumerate(LENGTHS)])
    return (torch.arange(WIDTH) < lengths[:, None]).long()


class Stub(SimpleNamespace):
    """What `_compute_loss` uses of a trainer."""

    get_off_policy_mask = staticmethod(GRPOTrainer.get_off_policy_mask)
    get_gamma_weights = staticmethod(GRPOTrainer.get_gamma_weights)


def loss_case(trainer, change, old, truncated=()):
    options = {**DEFAULTS, **change}
    given, completion_mask = tensors(), mask(truncated)
    logps = given["logps"].clone().requires_grad_()
    inputs = {
        "prompt_ids": torch.zeros(ROWS, 1, dtype=torch.long), "prompt_mask": torch.ones(ROWS, 1, dtype=torch.long),
        "completion_ids": torch.zeros(ROWS, WIDTH, dtype=torch.long), "completion_mask": completion_mask,
        "advantages": torch.tensor(ADVANTAGES, dtype=torch.float64), "ref_per_token_logps": given["reference"],
        "num_items_in_batch": completion_mask.sum(),
        "old_logps": ((given["old"] if old else logps.detach()) * completion_mask).sum(1),
    }  # fmt: skip
    if old:
        inputs["old_per_token_logps"] = given["old"]
    high = options["epsilon"] if options["epsilon_high"] is None else options["epsilon_high"]
    stub = Stub(
        _get_per_token_logps_and_entropies=lambda *_, **__: (logps, torch.zeros_like(logps), None),
        args=SimpleNamespace(steps_per_generation=1, **options), model=SimpleNamespace(training=True),
        accelerator=Accelerator(cpu=True), _metrics={"train": defaultdict(list)}, aux_loss_enabled=False,
        top_entropy_quantile=1.0, use_vllm=False, vllm_importance_sampling_correction=False,
        current_gradient_accumulation_steps=1, _entropy_bonus_enabled=False, epsilon_low=options["epsilon"],
        epsilon_high=high, **{k: options[k] for k in ["loss_type", "beta", "importance_sampling_level", "off_policy_mask_threshold", "max_completion_length"]},
    )  # fmt: skip
    loss = trainer._compute_loss(stub, None, inputs)
    loss.backward()
    metrics = {name: values[0] for name, values in stub._metrics["train"].items() if name != "entropy"}
    return {"options": change, "old": old, "truncated": list(truncated), "loss": loss.item(), "gradient": logps.grad.tolist(),
            "metrics": {name: value for name, value in metrics.items() if not math.isnan(value)}}  # fmt: skip


def grpo_cases():
    changes = []
    for loss_type in ["grpo", "bnpo", "dr_grpo", "dapo", "cispo", "sapo", "luspo", "vespo"]:
        change = {"loss_type": loss_type}
        change |= {"max_completion_length": 9} if loss_type == "dr_grpo" else {}
        change |= {"epsilon_high": 1.1} if loss_type == "cispo" else {}
        change |= {"importance_sampling_level": "sequence"} if loss_type == "luspo" else {}
        changes.append(change)
        changes.append({**change, "beta": 0.04})
        changes.append({**change, "beta": 0.3, "use_bias_correction_kl": False})
        changes.append({**change, "off_policy_mask_threshold": 0.02})
    clips = [{"loss_type": name} for name in ("grpo", "dapo")]
    for change in clips:
        changes.append({**change, "epsilon_high": 0.28})
        changes.append({**change, "delta": 1.3})
        changes.append({**change, "epsilon": 0.05, "importance_sampling_level": "sequence"})
        changes.append({**change, "epsilon": 0.05, "importance_sampling_level": "sequence", "beta": 0.1})
    changes.append({"loss_type": "sapo", "sapo_temperature_pos": 0.7, "sapo_temperature_neg": 2.0, "importance_sampling_level": "sequence"})
    changes.append({"loss_type": "cispo", "epsilon_high": 1.02, "importance_sampling_level": "sequence"})
    changes.append({"loss_type": "vespo", "vespo_k_pos": 1.0, "vespo_lambda_pos": 2.0, "vespo_k_neg": 2.5, "vespo_lambda_neg": 1.5})
    cases = [loss_case(GRPOTrainer, change, old) for change in changes for old in (True, False)]
    return cases + [loss_case(GRPOTrainer, change, True, truncated=(0, 3)) for change in changes[::4]]


def rloo_cases():
    changes = [{}, {"epsilon": 0.5}, {"epsilon": 0.1, "epsilon_high": 0.6}]
    cases = [loss_case(RLOOTrainer, change, old) for change in changes for old in (True, False)]
    return cases + [loss_case(RLOOTrainer, change, True, truncated=(0, 3)) for change in changes]


# Rewards by two functions of three prompts with four completions each.
REWARDS = {
    "complete": [[1.0, 0.2], [0.0, 0.9], [1.0, -0.4], [0.5, 0.3], [2.0, 0.0], [2.0, 0.0], [2.0, 0.0], [2.0, 0.0],
                 [-1.0, 3.0], [0.25, 0.5], [0.125, -2.0], [1.5, 0.75]],
    "missing": [[1.0, None], [None, None], [0.0, 0.5], [None, 0.25], [None, None], [None, None], [0.7, None], [None, None],
                [3.0, 1.0], [None, 2.0], [1.0, None], [0.0, 0.0]],
}  # fmt: skip
KINDS = {"grpo": (GRPOConfig, GRPOTrainer), "rloo": (RLOOConfig, RLOOTrainer)}


def trainer_of(kind, folder, beta):
    config, trainer = KINDS[kind]
    tokenizer = AutoTokenizer.from_pretrained(BASE)
    tokenizer.pad_token = tokenizer.eos_token
    args = config(output_dir=folder, per_device_train_batch_size=12, num_generations=4, max_completion_length=5, beta=beta,
                  bf16=False, use_cpu=True, report_to="none", gradient_checkpointing=False, disable_dropout=True)  # fmt: skip
    dataset = Dataset.from_dict({"prompt": ["The film", "An actor", "It was"]})
    functions = [lambda **_: [0.0] * 12, lambda **_: [0.0] * 12]
    functions[0].__name__, functions[1].__name__ = "first", "second"
    model = GPT2LMHeadModel.from_pretrained(BASE)
    return trainer(model=model, reward_funcs=functions, args=args, train_dataset=dataset, processing_class=tokenizer)


COMPLETIONS = [[(7 * row + 3 * t) % 900 + 1 for t in range(row % 4 + 1)] for row in range(12)]


def advantage_case(trainer, rewards, change):
    weights = change.pop("reward_weights", [1.0, 1.0])
    trainer.reward_weights = torch.tensor(weights, dtype=torch.float64)
    for name, value in change.items():
        setattr(trainer, name, value)
    given = torch.tensor([[math.nan if r is None else r for r in row] for row in REWARDS[rewards]], dtype=torch.float64)
    logps = []

    def record(*arguments, **keywords):
        found = type(trainer)._get_per_token_logps_and_entropies(trainer, *arguments, **keywords)
        logps.append(found[0])
        return found

    trainer._get_per_token_logps_and_entropies = record
    trainer._calculate_rewards = lambda *_: given
    trainer._generate_single_turn = lambda *_, **__: (COMPLETIONS, None) if isinstance(trainer, GRPOTrainer) else COMPLETIONS
    trainer._metrics["train"].clear()
    trainer.model.train()
    output = trainer._generate_and_score_completions([{"prompt": p} for p in ["The film", "An actor", "It was"] for _ in range(4)])
    kl = None
    if isinstance(trainer, RLOOTrainer) and trainer.beta != 0.0:
        kl = ((logps[0] - logps[1]) * output["completion_mask"]).sum(-1).double().tolist()
    metrics = {name: values[-1] for name, values in trainer._metrics["train"].items() if "reward" in name}
    return {"rewards": rewards, "options": {"reward_weights": weights, **change}, "beta": trainer.beta, "kl": kl,
            "advantages": output["advantages"].tolist(),
            "metrics": {name: value for name, value in metrics.items() if not math.isnan(value)}}  # fmt: skip


def advantage_cases():
    cases = {"grpo": [], "rloo": []}
    with tempfile.TemporaryDirectory() as folder:
        trainer = trainer_of("grpo", folder, 0.0)
        for rewards in REWARDS:
            for scale in ["group", "batch", "none"]:
                for weights in [[1.0, 1.0], [0.5, -2.0]]:
                    change = {"scale_rewards": scale, "multi_objective_aggregation": "sum_then_normalize", "reward_weights": weights}
                    cases["grpo"].append(advantage_case(trainer, rewards, change))
            change = {"scale_rewards": "group", "multi_objective_aggregation": "normalize_then_sum", "reward_weights": [1.0, 0.25]}
            cases["grpo"].append(advantage_case(trainer, rewards, change))
        for beta in [0.0, 0.05]:
            trainer = trainer_of("rloo", folder, beta)
            if beta:
                # Away from the reference model, so that there is a divergence.
                torch.manual_seed(1)
                for weight in trainer.model.parameters():
                    weight.data += 0.02 * torch.randn_like(weight)
            for rewards in REWARDS:
                for clip in [None, (-0.5, 1.0)]:
                    for normalize in [False, True]:
                        change = {"reward_clip_range": clip, "normalize_advantages": normalize, "reward_weights": [1.0, 0.5]}
                        cases["rloo"].append(advantage_case(trainer, rewards, change))
    return cases


given = {name: values.tolist() for name, values in tensors().items()}
golden = {
    "made_by": "python/group_policy.py", "tensors": given, "lengths": LENGTHS, "advantages": ADVANTAGES, "grpo": grpo_cases(),
    "rloo": rloo_cases(), "rewards": REWARDS, "group_size": 4, "advantage_cases": advantage_cases(),
}  # fmt: skip
(GOLDEN / "group_policy.json").write_text(json.dumps(golden) + "\n")
