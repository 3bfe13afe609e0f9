"""Writes what transformers computes with a chat model, for the test `chat_model`:

    python tests/golden/python/chat_model.py MODEL OUT.json
    ALIGN_CHAT_MODEL=MODEL ALIGN_CHAT_EXPECTED=OUT.json cargo test --release --workspace --test golden chat_model

MODEL is a folder or a GGUF file, which transformers dequantises. Ten conversations: token ids, the logits of the next token in float32, and
greedy answers of at most 40 tokens. Needs torch and transformers, and gguf for a GGUF file.
"""

import json
import sys
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

QUESTIONS = [
    ["What is the capital of France?"],
    ["Name three primary colours."],
    ["Write a short poem about the sea."],
    ["Translate to German: Good morning, my friend."],
    ["What is 12 plus 30?", "12 plus 30 is 42.", "And twice that?"],
    ["Explain gravity to a child in two sentences."],
    ["Bonjour ! Où est la gare ?"],
    ["List the steps to boil an egg:\n1."],
    ["Who wrote Hamlet?", "William Shakespeare wrote Hamlet.", "When was he born?", "He was born in 1564.", "Where?"],
    ["print('hello') 😀 — what does this Python line do?"],
]
ROLES = ["user", "assistant"]

source, out = Path(sys.argv[1]), sys.argv[2]
where = dict(pretrained_model_name_or_path=source)
if source.suffix == ".gguf":
    where = dict(pretrained_model_name_or_path=source.parent, gguf_file=source.name)
tokenizer = AutoTokenizer.from_pretrained(**where)
model = AutoModelForCausalLM.from_pretrained(**where, dtype=torch.float32).eval()
cases = []
for turns in QUESTIONS:
    messages = [{"role": ROLES[index % 2], "content": text} for index, text in enumerate(turns)]
    if len(turns) == 5:
        messages.insert(0, {"role": "system", "content": "You answer in one sentence."})
    ids = tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_tensors="pt", return_dict=True)
    with torch.no_grad():
        logits = model(**ids).logits[0, -1]
        answer = model.generate(**ids, max_new_tokens=40, do_sample=False)[0, ids["input_ids"].shape[1] :]
    cases.append({
        "messages": messages,
        "input_ids": ids["input_ids"][0].tolist(),
        "logits": logits.tolist(),
        "answer_ids": answer.tolist(),
        "answer": tokenizer.decode(answer, skip_special_tokens=True),
    })  # fmt: skip
with open(out, "w") as file:
    json.dump(cases, file)
