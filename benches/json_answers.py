"""Teaches a chat model to answer as JSON in few words, with GRPO and with online DPO, and prints one table.

    python benches/json_answers.py ALIGN MODEL_DIR OUTPUT_DIR [--methods grpo,online-dpo]

ALIGN is the program (`cargo build --release --package align-cli`), and MODEL_DIR a chat model (SmolLM2-135M-Instruct for the figures in
docs/on-policy.md). The model answers 160 questions, 128 for training and 32 that are held out. An answer is right if it is one JSON object with the
keys "answer" and "reason", in at most 40 words. The table has the right answers to the held-out questions before and after training, with
greedy decoding and with sampling at the temperature of training. Needs no package.
"""

import argparse
import json
import pathlib
import random
import subprocess
import time

SYSTEM = 'Answer with one JSON object and nothing else. It has two keys, "answer" and "reason". Be brief.'
EXAMPLE = [("What is a pond?", '{"answer": "A small body of still water.", "reason": "It is smaller than a lake."}')]
FORMS = ["What is {}?", "Why do people like {}?", "Where does one find {}?", "What is the use of {}?"]
THINGS = """a bridge;bread;a candle;chalk;cheese;a clock;a coat;copper;cotton;a drum;a fence;a flute;glass;gold;honey;an inn;iron;a kite;a ladder;a
lamp;leather;a library;a map;milk;a mill;a museum;oil;paper;a pencil;pepper;a piano;a poem;a river;salt;a ship;silk;soap;sugar;tea;wool"""
TEMPERATURE, TOKENS = "0.9", "80"
SIZES = {"grpo": ["--per-device-train-batch-size", "16"],
         "online-dpo": ["--per-device-train-batch-size", "8", "--steps-per-round", "4", "--beta", "0.05"]}


def conversation(question):
    turns = [message for asked, answer in EXAMPLE for message in (("user", asked), ("assistant", answer))]
    return [{"role": role, "content": text} for role, text in [("system", SYSTEM), *turns, ("user", question)]]


def write_questions(folder):
    questions = [form.format(" ".join(thing.split())) for thing in THINGS.split(";") for form in FORMS]
    random.Random(0).shuffle(questions)
    for name, part in [("questions.jsonl", questions[:128]), ("held-out-questions.jsonl", questions[128:])]:
        (folder / name).write_text("".join(json.dumps({"prompt": conversation(question)}) + "\n" for question in part))


def right(program, model, folder, name, options):
    """How many held-out questions a model answers as it should, and how many there are."""
    answers, checked = folder / f"{name}.jsonl", folder / f"{name}-checked.jsonl"
    questions = folder / "held-out-questions.jsonl"
    subprocess.run([program, "generate", "--model", model, "--messages", questions, "--max-new-tokens", TOKENS, "--output", answers, "--overwrite",
                    "--quiet", *options], check=True, stdout=subprocess.DEVNULL)
    subprocess.run([program, "classify", "--judge", "json=json-keys:answer,reason", "--judge", "short=max-words:40", "--input", answers,
                    "--output", checked, "--overwrite", "--quiet"], check=True, stdout=subprocess.DEVNULL)
    rows = [json.loads(line) for line in open(checked)]
    return f"{sum(row['json'] == row['short'] == 1 for row in rows)} of {len(rows)}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("model")
    parser.add_argument("output_dir", type=pathlib.Path)
    parser.add_argument("--methods", default="grpo,online-dpo")
    parser.add_argument("--rounds", default="16")
    options = parser.parse_args()
    folder = options.output_dir
    folder.mkdir(parents=True, exist_ok=True)
    write_questions(folder)
    sampled = ["--do-sample", "--temperature", TEMPERATURE, "--top-k", "0", "--seed", "1"]
    print("| policy | greedy | sampled | minutes |\n| --- | --- | --- | --- |")
    before = [right(options.program, options.model, folder, name, how) for name, how in [("before", []), ("before-sampled", sampled)]]
    print(f"| before training | {before[0]} | {before[1]} | |", flush=True)
    for method in options.methods.split(","):
        start = time.time()
        command = [options.program, method, "--model", options.model, "--messages", folder / "questions.jsonl",
                   "--reward-funcs", "json-keys:answer,reason", "--reward-funcs", "max-words:40", "--rounds", options.rounds,
                   "--prompts-per-round", "16", "--num-generations", "4", "--temperature", TEMPERATURE, "--max-new-tokens", TOKENS,
                   "--learning-rate", "5e-6", "--lr-scheduler-type", "constant", *SIZES[method], "--output-dir", folder / method]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        minutes = (time.time() - start) / 60
        model = folder / method / "model"
        after = [right(options.program, model, folder, f"{method}{name}", how) for name, how in [("", []), ("-sampled", sampled)]]
        print(f"| {method} | {after[0]} | {after[1]} | {minutes:.1f} |", flush=True)


if __name__ == "__main__":
    main()
