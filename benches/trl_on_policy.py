"""Times rounds of GRPO and online DPO in align and in TRL with transformers' generation, and prints one table.

    python benches/trl_on_policy.py ALIGN MODEL_DIR [--shapes chat,text] [--rounds 4] [--repeats 2] [--max-new-tokens 64]

ALIGN is the program (`cargo build --release --package align-cli`), and MODEL_DIR a chat model in transformers' layout (SmolLM2-135M-Instruct for
the figures in README.md). A round has 32 texts and one optimiser step. In the shape `chat`, prompts are conversations with a system message, as
in instruction tuning: of GRPO 4 prompts with 8 answers each, TRL's default. In the shape `text`, prompts are some words to continue: of GRPO 8
prompts with 4 texts each. Online DPO has 16 prompts with 2 texts. The reward is the share of words that begin with a vowel. Both sides train all
weights in float32 and sample at temperature 1. The first round of each run is left out, since it includes starting up. Needs torch,
transformers, trl and datasets.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

PROMPTS = [f"{start} {topic}" for start in ("A story about", "What people think of", "The history of", "My day with")
           for topic in ("the old film", "a long river", "music", "the city", "bread", "her garden", "winter", "the train")]


SYSTEM = """You are the assistant of a public library. You answer questions of readers of every age, in plain words and in a friendly tone. Give
one short answer of at most three sentences. Do not invent titles, authors or dates: if you do not know, say so, and name a shelf or a person in the
library who can help. Do not give medical, legal or financial advice. If a question has several readings, answer the likeliest one. Do not repeat
the question, and do not end with a question of your own."""
PROMPTS_PER_ROUND = {("grpo", "chat"): (4, 8), ("grpo", "text"): (8, 4), ("online-dpo", "chat"): (16, 2), ("online-dpo", "text"): (16, 2)}


def prompt(text, shape):
    if shape == "text":
        return text
    return [{"role": "system", "content": SYSTEM}, {"role": "user", "content": f"{text}: what can you tell me about it in a few words?"}]


def reward(completion):
    words = (completion if isinstance(completion, str) else completion[0]["content"]).split()
    return sum(word[0].lower() in "aeiou" for word in words) / max(len(words), 1)


def train_trl(method, shape, model, rounds, tokens, output):
    import torch
    from datasets import Dataset
    from transformers import AutoModelForCausalLM, AutoTokenizer, TrainerCallback, set_seed

    set_seed(0)
    tokenizer = AutoTokenizer.from_pretrained(model, padding_side="left")
    policy = AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32)
    data = Dataset.from_dict({"prompt": [prompt(text, shape) for text in PROMPTS * 8]})
    times = []

    class Clock(TrainerCallback):
        def on_step_end(self, *_, **__):
            times.append(time.time())

    def rewards(completions, **_):
        return [reward(completion) for completion in completions]

    common = dict(output_dir=output, max_steps=rounds, learning_rate=1e-6, use_cpu=True, bf16=False, report_to=[], save_strategy="no",
                  logging_steps=1, disable_tqdm=True, gradient_checkpointing=False, temperature=1.0)
    if method == "grpo":
        from trl import GRPOConfig, GRPOTrainer

        texts = PROMPTS_PER_ROUND[method, shape][1]
        config = GRPOConfig(**common, per_device_train_batch_size=32, num_generations=texts, max_completion_length=tokens)
        trainer = GRPOTrainer(policy, rewards, args=config, train_dataset=data, processing_class=tokenizer, callbacks=[Clock()])
    else:
        from trl.experimental.online_dpo import OnlineDPOConfig, OnlineDPOTrainer

        config = OnlineDPOConfig(**common, per_device_train_batch_size=16, max_new_tokens=tokens, max_length=512, beta=0.1)
        reference = AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32)
        trainer = OnlineDPOTrainer(policy, ref_model=reference, reward_funcs=rewards, args=config, train_dataset=data,
                                   processing_class=tokenizer, callbacks=[Clock()])
    trainer.train()
    print(json.dumps([after - before for before, after in zip(times, times[1:])]))


def run_trl(method, shape, options, folder):
    command = [sys.executable, __file__, "--trl", method, "--shapes", shape, options.program, options.model, "--rounds", str(options.rounds),
               "--max-new-tokens", str(options.max_new_tokens), "--output", folder]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip().splitlines()[-1])


def run_align(method, shape, options, folder):
    folder = pathlib.Path(folder)
    if shape == "chat":
        rows = [json.dumps({"prompt": prompt(text, shape)}) for text in PROMPTS]
        prompts = ["--messages", folder / "prompts.jsonl"]
    else:
        rows, prompts = PROMPTS, ["--prompts", folder / "prompts.txt"]
    prompts[1].write_text("\n".join(rows) + "\n")
    (folder / "reward.py").write_text("import json, sys\nfor line in sys.stdin:\n    words = json.loads(line)['completion'].split()\n"
                                      "    print(sum(w[0].lower() in 'aeiou' for w in words) / max(len(words), 1), flush=True)\n")
    (per_round, texts), batch = PROMPTS_PER_ROUND[method, shape], "16" if method == "online-dpo" else "32"
    sizes = ["--prompts-per-round", str(per_round), "--num-generations", str(texts), "--per-device-train-batch-size", batch]
    command = [options.program, method, "--model", options.model, *prompts, "--rounds", str(options.rounds),
               "--reward-funcs", f"command:{sys.executable} {folder / 'reward.py'}", "--max-new-tokens", str(options.max_new_tokens), *sizes,
               "--learning-rate", "1e-6", "--device", "cpu", "--quiet", "--output-dir", folder / "run"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    rounds = [json.loads(line)["seconds"] for line in open(folder / "run/rounds.jsonl")]
    writing = [sum(seconds[phase] for phase in ("generation", "scoring", "log_probabilities")) for seconds in rounds]
    return [writing[k] + rounds[k + 1]["training_before"] for k in range(1, options.rounds)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("model")
    parser.add_argument("--shapes", default="chat,text")
    parser.add_argument("--methods", default="grpo,online-dpo")
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--max-new-tokens", type=int, default=64)
    parser.add_argument("--trl", help=argparse.SUPPRESS)
    parser.add_argument("--output", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.trl:
        return train_trl(options.trl, options.shapes, options.model, options.rounds, options.max_new_tokens, options.output)
    print("| method | prompts | align, s a round | TRL, s a round | TRL / align |\n| --- | --- | --- | --- | --- |")
    for method in options.methods.split(","):
        for shape in options.shapes.split(","):
            ours, theirs = [], []
            for _ in range(options.repeats):
                with tempfile.TemporaryDirectory() as folder:
                    ours += run_align(method, shape, options, folder)
                with tempfile.TemporaryDirectory() as folder:
                    theirs += run_trl(method, shape, options, folder)
            middle = [statistics.median(times) for times in (ours, theirs)]
            spread = [f"{m:.1f} ({min(times):.1f}–{max(times):.1f})" for m, times in zip(middle, (ours, theirs))]
            print(f"| {method} | {shape} | {spread[0]} | {spread[1]} | {middle[1] / middle[0]:.2f} |", flush=True)


if __name__ == "__main__":
    main()
