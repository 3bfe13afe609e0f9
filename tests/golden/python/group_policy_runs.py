"""Writes group_policy_runs.json to the parent folder: runs of TRL's GRPOTrainer and RLOOTrainer on the tiny GPT-2 with given completions
and rewards, step by step.

A run has the rows of each micro-batch in the order in which TRL took them (ids, advantage, old log-probabilities, whether the completion
was cut off and is masked), the log-probabilities under the reference model, and what TRL logged for each step.

Needs torch 2.11, transformers 5.17 and trl 1.16:  python tests/golden/python/group_policy_runs.py
"""

import json
import math
import tempfile
from pathlib import Path

import torch
from datasets import Dataset
from transformers import AutoTokenizer, GPT2LMHeadModel
from trl import GRPOConfig, GRPOTrainer, RLOOConfig, RLOOTrainer

GOLDEN = Path(__file__).resolve().parent.parent
BASE = GOLDEN / "data/models/gpt2-tiny"
# Two tokens each: TRL pads shorter prompts on the left, and gives GPT-2 no positions for such rows.
PROMPTS = ["The film", "This movie", "A story", "I think"]
GROUP, MAX_LENGTH = 4, 9
COMMON = dict(
    per_device_train_batch_size=8, num_generations=GROUP, max_completion_length=MAX_LENGTH, max_steps=4, learning_rate=5e-4,
    lr_scheduler_type="constant", weight_decay=0.0, max_grad_norm=1.0, adam_epsilon=1e-3, logging_steps=1, bf16=False, use_cpu=True,
    report_to="none", save_strategy="no", gradient_checkpointing=False, disable_dropout=True, shuffle_dataset=False, seed=7,
)  # fmt: skip
LOGGED = ["loss", "grad_norm", "kl", "entropy", "clip_ratio/low_mean", "clip_ratio/low_min", "clip_ratio/high_mean",
          "clip_ratio/high_max", "clip_ratio/region_mean", "cispo_clip_ratio", "vespo/phi_seq_mean"]  # fmt: skip
CALLS = {"count": 0}


def completions(eos):
    """Eight completions, of which some are cut off at the maximum length; others for each call."""
    CALLS["count"] += 1
    generator = torch.Generator().manual_seed(CALLS["count"])
    rows = []
    for row in range(8):
        length = [MAX_LENGTH, 3, 6, 1, MAX_LENGTH, 5, 2, 8][row]
        ids = torch.randint(1, 900, (length,), generator=generator).tolist()
        rows.append(ids if length == MAX_LENGTH else ids[: length - 1] + [eos])
    return rows


def rewards(completion_ids, **_):
    """Differs within a group, but not in a simple way from its completions."""
    return [math.sin(sum(ids)) + 0.1 * len(ids) for ids in completion_ids]


def run(kind, name, **change):
    config, trainer_class = {"grpo": (GRPOConfig, GRPOTrainer), "rloo": (RLOOConfig, RLOOTrainer)}[kind]
    CALLS["count"] = 0
    tokenizer = AutoTokenizer.from_pretrained(BASE)
    tokenizer.pad_token = tokenizer.eos_token
    batches, references = [], []

    class Recorded(trainer_class):
        def _generate_single_turn(self, *_, **__):
            rows = completions(tokenizer.eos_token_id)
            return (rows, None) if kind == "grpo" else rows

        def _generate_and_score_completions(self, inputs):
            self.own, method = [], self._get_per_token_logps_and_entropies

            def record(*arguments, **keywords):
                self.own.append(method(*arguments, **keywords)[0])
                return self.own[-1], None, None

            self._get_per_token_logps_and_entropies = record
            output = super()._generate_and_score_completions(inputs)
            self._get_per_token_logps_and_entropies = method
            if kind == "rloo":
                # They travel with the rows when these are shuffled.
                output["recorded_old"] = self.own[0]
            return output

        def _compute_loss(self, model, inputs):
            rows = []
            for row in range(len(inputs["advantages"])):
                prompt = inputs["prompt_ids"][row][inputs["prompt_mask"][row] == 1].tolist()
                ids = inputs["completion_ids"][row].tolist()
                eos = tokenizer.eos_token_id
                ids = ids[: ids.index(eos) + 1] if eos in ids else ids
                old = inputs.get("old_per_token_logps", inputs.get("recorded_old"))
                reference = inputs.get("ref_per_token_logps")
                rows.append({
                    "prompt": prompt, "completion": ids, "advantage": inputs["advantages"][row].item(),
                    "truncated": ids[-1] != eos, "old": None if old is None else old[row][: len(ids)].tolist(),
                    "reference": None if reference is None else reference[row][: len(ids)].tolist(),
                })  # fmt: skip
            batches.append(rows)
            return super()._compute_loss(model, inputs)

    with tempfile.TemporaryDirectory() as folder:
        args = config(output_dir=folder, **{**COMMON, **change})
        model = GPT2LMHeadModel.from_pretrained(BASE)
        dataset = Dataset.from_dict({"prompt": PROMPTS})
        trainer = Recorded(model=model, reward_funcs=rewards, args=args, train_dataset=dataset, processing_class=tokenizer)
        trainer.train()
        log = [entry for entry in trainer.state.log_history if "grad_norm" in entry]
        norms = {name: weight.norm().item() for name, weight in trainer.model.named_parameters()}
    # RLOO's divergence is part of its rewards, and logged for a generation.
    logged = [field for field in LOGGED if kind == "grpo" or field != "kl"]
    steps = [{field: entry[field] for field in logged if not math.isnan(entry.get(field, math.nan))} for entry in log]
    rounded = lambda values: None if values is None else [float(f"{x:.9g}") for x in values]
    for row in (row for batch in batches for row in batch):
        row["old"], row["reference"] = rounded(row["old"]), rounded(row["reference"])
    return {"kind": kind, "name": name, "config": {**COMMON, **change}, "batches": batches, "steps": steps,
            "final_parameter_norms": norms}  # fmt: skip


runs = [
    run("grpo", "dapo"),
    run("grpo", "dapo-kl-twice", beta=0.04, num_iterations=2, epsilon=0.1, epsilon_high=0.14),
    run("grpo", "grpo-plain-kl", loss_type="grpo", beta=0.1, use_bias_correction_kl=False, num_iterations=2),
    run("grpo", "dapo-accumulate", per_device_train_batch_size=4, gradient_accumulation_steps=2, mask_truncated_completions=True, num_iterations=2),
    run("grpo", "dr-grpo", loss_type="dr_grpo", scale_rewards="none", num_iterations=2),
    run("grpo", "bnpo-truncated", loss_type="bnpo", mask_truncated_completions=True, temperature=0.7, num_iterations=2),
    run("grpo", "gspo", loss_type="grpo", importance_sampling_level="sequence", epsilon=0.05, num_iterations=2),
    run("grpo", "cispo", loss_type="cispo", epsilon_high=1.05, num_iterations=2),
    run("grpo", "vespo", loss_type="vespo", beta=0.05, num_iterations=2),
    run("rloo", "rloo", num_iterations=2, beta=0.05),
    run("rloo", "rloo-truncated", num_iterations=2, beta=0.0, mask_truncated_completions=True, normalize_advantages=True, temperature=1.3),
]  # fmt: skip
(GOLDEN / "group_policy_runs.json").write_text(json.dumps({"made_by": "python/group_policy_runs.py", "max_length": MAX_LENGTH, "runs": runs}) + "\n")
