"""Writes generation_options.json beside this file: what transformers computes with the options of its `generate`.

    python generation_options.py        (Python 3.11, torch==2.11.0, transformers==5.17.0)

`processors`: each logits processor's output on given rows; null is minus infinity. `orders`: the processors that
`_get_logits_processor` builds for some options, and their output one after the other on one row. `texts`: greedy, beam and
stopped texts of the tiny GPT-2. `stop_strings`: where StopStringCriteria stops. `files`: what GenerationConfig
saves where nothing but ids is set.
"""

import itertools
import json
import math
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig
from transformers.generation import logits_process as lp
from transformers.generation.stopping_criteria import StopStringCriteria

HERE = Path(__file__).resolve().parent
MODEL = HERE / "../../../../tests/golden/data/models/gpt2-tiny"
torch.manual_seed(0)


def rows(scores):
    value = lambda x: None if x == -math.inf else x
    return [[value(x) for x in row] for row in scores.tolist()]


ids = torch.tensor([[3, 5, 7, 3, 5], [1, 2, 9, 4, 7]])
scores = torch.randn(2, 24) * 2
eos = [0, 11]
PROMPT = 2
built = [
    ("sequence_bias", [[[5], 1.5], [[3, 5, 7], -2.25], [[3, 5, 7], 3.5], [[4, 7, 2], 0.75], [[9, 4, 7, 2], 0.5], [[8, 1], 4.0], [[6], -3.0], [[1, 1, 2, 9, 4, 7, 6], 9.0]],
     lambda v: lp.SequenceBiasLogitsProcessor(v)),
    ("bad_words_ids", [[5], [3, 5, 7], [4, 7, 2], [0], [11, 3], [8, 1], [1, 2, 9, 4, 7, 6], [2, 9, 4, 7, 13]], lambda v: lp.NoBadWordsLogitsProcessor(v, eos)),
    ("suppress_tokens", [0, 4, 4, 23], lambda v: lp.SuppressTokensLogitsProcessor(v)),
    ("begin_suppress_tokens", {"tokens": [1, 6], "begin_index": 5}, lambda v: lp.SuppressTokensAtBeginLogitsProcessor(v["tokens"], v["begin_index"])),
    ("begin_suppress_tokens", {"tokens": [1, 6], "begin_index": 4}, lambda v: lp.SuppressTokensAtBeginLogitsProcessor(v["tokens"], v["begin_index"])),
    ("forced_eos_token_id", {"tokens": [0, 11], "max_length": 6}, lambda v: lp.ForcedEOSTokenLogitsProcessor(v["max_length"], v["tokens"])),
    ("forced_eos_token_id", {"tokens": [0], "max_length": 7}, lambda v: lp.ForcedEOSTokenLogitsProcessor(v["max_length"], v["tokens"])),
    ("exponential_decay_length_penalty", {"pair": [1, 1.6]}, lambda v: lp.ExponentialDecayLengthPenalty(tuple(v["pair"]), eos, PROMPT)),
    ("exponential_decay_length_penalty", {"pair": [0, 0.7]}, lambda v: lp.ExponentialDecayLengthPenalty(tuple(v["pair"]), eos, PROMPT)),
    ("exponential_decay_length_penalty", {"pair": [3, 2.0]}, lambda v: lp.ExponentialDecayLengthPenalty(tuple(v["pair"]), eos, PROMPT)),
    ("renormalize_logits", True, lambda v: lp.LogitNormalization()),
]
processors = [{"processor": name, "args": value, "output": rows(make(value)(ids, scores.clone()))} for name, value, make in built]
# JSON has no NaN and no infinity: the invalid row stands here as strings.
invalid = [1.5, math.nan, math.inf, -math.inf, -2.0]
repaired = lp.InfNanRemoveLogitsProcessor()(ids[:1], torch.tensor([invalid]))[0].tolist()

model = AutoModelForCausalLM.from_pretrained(MODEL)
tokenizer = AutoTokenizer.from_pretrained(MODEL)

# The whole pipeline, as `generate` builds it, on the rows of a prompt of 2 and 3 more tokens.
warped = dict(do_sample=True, temperature=0.7, top_k=20, top_p=0.97, min_p=0.001, typical_p=0.95, epsilon_cutoff=0.002, eta_cutoff=0.003)
penalties = dict(sequence_bias=[[[5], 1.5], [[4, 7, 2], 0.75]], repetition_penalty=1.3, no_repeat_ngram_size=2, bad_words_ids=[[6], [3, 5, 8]],
                 min_length=9, exponential_decay_length_penalty=(1, 1.4), suppress_tokens=[12], eos_token_id=[0, 11])
orders = []
for config in [
    dict(penalties, remove_invalid_values=True),
    dict(penalties, min_length=None, min_new_tokens=1, begin_suppress_tokens=[13], renormalize_logits=True),
    dict(warped, eos_token_id=[0, 11], renormalize_logits=True),
    dict(warped, eos_token_id=[0, 11], num_beams=3),
    dict(penalties | warped, min_length=None, renormalize_logits=True),
    dict(eos_token_id=0, max_length=6, forced_eos_token_id=[0, 3], suppress_tokens=[3], sequence_bias=[[[1], 5.0]]),
]:
    config = {k: v for k, v in config.items() if v is not None}
    resolved, _ = model._prepare_generation_config(GenerationConfig(**config))
    model._prepare_special_tokens(resolved, device="cpu")
    pipeline = model._get_logits_processor(resolved, input_ids_seq_length=PROMPT, device="cpu")
    orders.append({"config": config, "processors": [type(p).__name__ for p in pipeline], "output": rows(pipeline(ids, scores.clone()))})

# Neighbouring warpers with values at which the output tells their order: swapped, they give something else.
grid = {"temperature": [0.4, 2.5], "top_k": [3, 6, 9], "top_p": [0.5, 0.7, 0.85], "min_p": [0.03, 0.1, 0.3], "typical_p": [0.4, 0.6, 0.8],
        "epsilon_cutoff": [0.02, 0.05, 0.1], "eta_cutoff": [0.1, 0.3, 0.6]}
for first, second in [("temperature", "top_p"), ("top_k", "top_p"), ("top_p", "min_p"), ("min_p", "typical_p"), ("top_p", "typical_p"),
                      ("typical_p", "epsilon_cutoff"), ("epsilon_cutoff", "eta_cutoff"), ("typical_p", "eta_cutoff"), ("min_p", "eta_cutoff")]:
    for a, b in itertools.product(grid[first], grid[second]):
        config = {"do_sample": True, "top_k": 0, first: a, second: b, "eos_token_id": [0, 11]}
        resolved, _ = model._prepare_generation_config(GenerationConfig(**config))
        model._prepare_special_tokens(resolved, device="cpu")
        pipeline = model._get_logits_processor(resolved, input_ids_seq_length=PROMPT, device="cpu")
        output = pipeline(ids, scores.clone())
        if not torch.equal(output, type(pipeline)(pipeline[::-1])(ids, scores.clone())):
            orders.append({"config": config, "processors": [type(p).__name__ for p in pipeline], "output": rows(output)})
            break
    else:
        print("commute on these rows:", first, second)

texts = []
PROMPTS = ["This movie", "The acting"]
for config in [
    dict(sequence_bias=[[tokenizer(" the").input_ids, 2.0], [tokenizer(" of the").input_ids, -4.0]]),
    dict(bad_words_ids=[tokenizer(w).input_ids for w in [" the", " a", " of", "."]]),
    dict(suppress_tokens=[tokenizer(" is").input_ids[0], tokenizer(",").input_ids[0]], begin_suppress_tokens=[tokenizer(" was").input_ids[0]]),
    dict(forced_eos_token_id=0, no_repeat_ngram_size=2),
    dict(exponential_decay_length_penalty=(2, 1.5), no_repeat_ngram_size=3),
    dict(exponential_decay_length_penalty=(2, 0.6), num_beams=3, renormalize_logits=True, repetition_penalty=1.4),
    dict(num_beams=4, num_return_sequences=2, bad_words_ids=[tokenizer(" the").input_ids], length_penalty=0.5, early_stopping=True),
    dict(num_beams=3, forced_eos_token_id=13, renormalize_logits=True),
    dict(stop_strings=[" of"], no_repeat_ngram_size=2),
    dict(stop_strings="e a", no_repeat_ngram_size=2),
    dict(stop_strings=["o", "film"], num_beams=3),
    dict(stop_strings=["."], num_beams=3, num_return_sequences=3, no_repeat_ngram_size=2, length_penalty=2.0),
]:
    for prompt in PROMPTS:
        given = tokenizer(prompt, return_tensors="pt")
        extra = dict(tokenizer=tokenizer) if "stop_strings" in config else {}
        out = model.generate(**given, **config, **extra, max_new_tokens=24, return_dict_in_generate=True, output_scores=True)
        texts.append({"config": dict(config, max_new_tokens=24), "prompt": given.input_ids[0].tolist(), "sequences": out.sequences.tolist(),
                      "scores": getattr(out, "sequences_scores", None).tolist() if config.get("num_beams") else None})

# Tokens one at a time behind each other: after which of them a criterion stops.
stop_strings = []
vocabulary = [None] * len(tokenizer)
decoder = StopStringCriteria._byte_level_decoder()
for token, at in tokenizer.get_vocab().items():
    vocabulary[at] = list(StopStringCriteria._token_to_bytes(token, "byte_level", decoder))
sample = tokenizer("I watched this film — a naïve café story — with the actors of the stop the top. The film was not good! Don't stop<|endoftext|> 映画").input_ids
for strings in [["the"], ["film was"], [" a"], ["é"], ["—"], ["e s", "oo"], ["op"], ["n't st"], ["<|endoftext|>"], ["映"], ["zzz", "good!"], ["th"]]:
    criterion = StopStringCriteria(tokenizer, strings)
    stops = [bool(criterion(torch.tensor([sample[: n + 1]]), None)[0]) for n in range(len(sample))]
    stop_strings.append({"stop_strings": strings, "stops": stops})

# A vocabulary that is not written in bytes: every 20th piece.
bert = AutoTokenizer.from_pretrained(MODEL.parent / "distilbert-tiny")
pieces = dict(zip(*reversed(StopStringCriteria.clean_tokenizer_vocab(bert))))
word_pieces = [[at, pieces[at]] for at in range(0, len(bert), 20)]

# The same over a vocabulary written by hand: tokens and texts are those of StopStringCriteria's own documentation.
words = ["st", "op", "stop", "opera", "sto", "pper", "las", "topper", "s", "to", "pped", "at", "tion", "", "x"]
vec, positions, ends = StopStringCriteria._stop_string_create_embedding_vec(words, list(range(len(words))), ["stop"])
by_hand = []
for text in [["st", "op"], ["stop"], ["st", "opera"], ["sto", "pper"], ["las", "topper"], ["s", "to", "pped"], ["stop", "at"], ["st", "op", "at"],
             ["st", "opera", "tion"], ["x", "stop"], ["s", "", "top" + "per"], ["st", "", "op"], ["st", "op", ""], ["st", "x", "op"], ["to", "pped"], ["s"]]:
    criterion = StopStringCriteria.__new__(StopStringCriteria)
    criterion.embedding_vec, criterion.max_valid_positions, criterion.max_valid_end_lens = vec, positions, ends
    criterion.maximum_token_len, criterion.num_stop_strings, criterion.target_lens = 4, 1, torch.tensor([4])
    text = [words.index(w) for w in text]
    by_hand.append({"ids": text, "stops": bool(criterion(torch.tensor([text]), None)[0])})

# Files that ask for nothing but the model's ids: as saved now, with every field, and as older versions wrote all defaults.
plain = GenerationConfig(bos_token_id=0, eos_token_id=0)
nulls = json.loads(plain.to_json_string(use_diff=False))
defaults = {k: v for k, v in GenerationConfig._get_default_generation_params().items() if k != "max_length"}
files = [{"text": json.loads(plain.to_json_string())}, {"text": nulls}, {"text": {**nulls, **defaults}},
         {"text": {**defaults, "_from_model_config": True, "bos_token_id": 0, "eos_token_id": 0, "use_cache": False, "chat_format": "raw"}}]

json.dump({
    "ids": ids.tolist(), "scores": rows(scores), "eos": eos, "prompt_length": PROMPT, "processors": processors,
    "invalid": [str(x) for x in invalid], "repaired": repaired, "orders": orders, "texts": texts,
    "vocabulary": vocabulary, "sample": sample, "stop_strings": stop_strings, "words": words, "word_pieces": word_pieces, "by_hand": by_hand, "files": files,
}, open(HERE / "generation_options.json", "w"))
for t in texts[::2]:
    print(t["config"], tokenizer.batch_decode(t["sequences"]))
print([o["processors"] for o in orders])
print([(s["stop_strings"], sum(s["stops"])) for s in stop_strings], [b["stops"] for b in by_hand])
