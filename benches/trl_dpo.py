"""Measures optimiser steps of TRL's DPO. It has the options of the benchmark `dpo_step`, and prints the same JSON line.

    python benches/trl_dpo.py --model DIR --pairs FILE.jsonl [--eval FILE.jsonl] [--batch 8] [--steps 4] [--live-reference]
        [--use-peft --adapter DIR] [--dtype bfloat16] [--device cuda]

Rows are used in the order of the file, and the learning rate is constant. In bfloat16 the model's weights are bfloat16, as in align;
with --autocast they are float32, and the products are computed in bfloat16. Needs torch, transformers, trl and datasets, and peft for
--use-peft.
"""

import argparse
import json
import os
import pathlib
import resource
import tempfile
import time

os.environ.setdefault("HF_HUB_OFFLINE", "1")


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True)
    parser.add_argument("--pairs", required=True)
    parser.add_argument("--eval")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--steps", type=int, default=3, help="number of timed steps, after one that is not timed")
    parser.add_argument("--loss-type", default="sigmoid")
    parser.add_argument("--learning-rate", type=float, default=1e-5)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--autocast", action="store_true")
    parser.add_argument("--live-reference", action="store_true")
    parser.add_argument("--use-peft", action="store_true")
    parser.add_argument("--lora-target-modules")
    parser.add_argument("--adapter", help="folder of an adapter whose weights the new adapter begins with")
    parser.add_argument("--max-length", type=int, default=None)
    return parser.parse_args()


def read_rows(file, count=None):
    from datasets import Dataset

    return Dataset.from_list([json.loads(line) for line in open(file)][:count])


def trainer(args, output):
    import torch
    from torch.utils.data import SequentialSampler
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from trl import DPOConfig, DPOTrainer

    class InFileOrder(DPOTrainer):
        def _get_train_sampler(self, *_, **__):
            return SequentialSampler(self.train_dataset)

    dtype = torch.float32 if args.autocast else getattr(torch, args.dtype)
    load = lambda: AutoModelForCausalLM.from_pretrained(args.model, dtype=dtype)
    tokenizer = AutoTokenizer.from_pretrained(args.model)
    tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
    config = DPOConfig(
        output_dir=output, per_device_train_batch_size=args.batch, per_device_eval_batch_size=args.batch, max_steps=args.steps + 1,
        learning_rate=args.learning_rate, lr_scheduler_type="constant", loss_type=[args.loss_type], max_length=args.max_length,
        bf16=args.dtype == "bfloat16", precompute_ref_log_probs=not args.live_reference, gradient_checkpointing=False,
        use_cpu=args.device == "cpu", report_to=[], save_strategy="no", logging_steps=1, disable_tqdm=True,
    )  # fmt: skip
    peft = {}
    if args.use_peft:
        from peft import LoraConfig

        peft["peft_config"] = LoraConfig(r=16, lora_alpha=32, target_modules=args.lora_target_modules, task_type="CAUSAL_LM")
    return InFileOrder(
        load(), None if args.use_peft else load(), config, train_dataset=read_rows(args.pairs, args.batch * (args.steps + 1)),
        eval_dataset=read_rows(args.eval) if args.eval else None, processing_class=tokenizer, **peft,
    )  # fmt: skip


def load_adapter(model, folder):
    """Replaces the adapter's random weights by those of a file."""
    import torch
    from safetensors.torch import load_file

    weights = load_file(pathlib.Path(folder) / "adapter_model.safetensors")
    trained = {name.replace(".default.", "."): weight for name, weight in model.named_parameters() if weight.requires_grad}
    if trained.keys() != weights.keys():
        raise SystemExit(f"PEFT trains {len(trained)} weights, the adapter in {folder} has {len(weights)} of other names")
    with torch.no_grad():
        for name, weight in trained.items():
            weight.copy_(weights[name])


def first_batch_ids(trained):
    batch = next(iter(trained.get_train_dataloader()))
    rows = zip(batch["input_ids"].tolist(), batch["attention_mask"].tolist())
    return [[id for id, is_token in zip(ids, mask) if is_token] for ids, mask in rows]


def main():
    import torch
    from transformers import TrainerCallback

    args = options()
    is_cuda = args.device != "cpu"

    class Clock(TrainerCallback):
        """The time at which each step has ended, on the GPU too."""

        begin, end = [], []

        def on_step_begin(self, *_, **__):
            self.begin.append(time.perf_counter())

        def on_step_end(self, *_, **__):
            if is_cuda:
                torch.cuda.synchronize()
            self.end.append(time.perf_counter())

    with tempfile.TemporaryDirectory() as output:
        trained = trainer(args, output)
        trained.add_callback(clock := Clock())
        if args.adapter:
            load_adapter(trained.model, args.adapter)
        ids = first_batch_ids(trained)
        trained.train()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
        logged = [record for record in trained.state.log_history if "loss" in record]
        result = {
            "step_s": [end - begin for begin, end in zip(clock.begin[1:], clock.end[1:])],
            "loss": [record["loss"] for record in logged],
            "grad_norm": [record["grad_norm"] for record in logged],
            "first_batch_ids": ids,
            "evaluation": trained.evaluate() if args.eval else None,
            "first_step_at": time.time() - (time.perf_counter() - clock.end[0]),
            "peak_gb": peak,
            "max_memory_allocated_gb": torch.cuda.max_memory_allocated() / 1e9 if is_cuda else None,
        }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
