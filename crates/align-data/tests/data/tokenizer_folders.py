"""Writes tokenizer_folders.json next to this script: the results of transformers for small tokeniser folders, each a tiny model's
tokeniser with some files changed. crates/align-data/tests/tokenizer_folders.rs builds the same folders.

Needs transformers 5.17.0:  HF_HUB_OFFLINE=1 python crates/align-data/tests/data/tokenizer_folders.py
With a folder as argument, it checks the tokenisers that the test saved there (the test does this with ALIGN_PYTHON=python3):
    python crates/align-data/tests/data/tokenizer_folders.py FOLDER
"""

import json
import sys
import tempfile
from pathlib import Path
from shutil import copy

from transformers import AutoTokenizer

HERE = Path(__file__).resolve().parent
MODELS = HERE.parents[3] / "tests" / "golden" / "data" / "models"
OUT = HERE / "tokenizer_folders.json"

TEXTS = {
    "gpt2-tiny": ["Hi", "This movie was good.", " a movie ,  it 's  <tool> good !", "a<|endoftext|>b!", "Café NAÏVE 映画\n", ""],
    "distilbert-tiny": ["A good movie.", "Café NAÏVE résumé", "it 's  <tool> , isn 't it ?", "[SEP] x [MASK] 映画 [PAD]", "", "The <Tool> End"],
}
CHAT_TEXTS = ["The film, 1999!", " two  spaces ", "é e\u0301 映画 🎬 \u200b", "a\n\nb\t\r\nc", "I'LL we've isn't", "x<|im_end|>y</s> z<end_of_turn>\n", "▁low <0x41>", ""]
TEXTS.update(dict.fromkeys(["llama-tiny", "mistral-tiny", "qwen2-tiny", "qwen3-tiny", "gemma2-tiny"], CHAT_TEXTS))
FILES = ["config.json", "tokenizer.json", "tokenizer_config.json", "vocab.json", "merges.txt", "vocab.txt", "chat_template.jinja"]

GPT2, BERT = "gpt2-tiny", "distilbert-tiny"
LLAMA, MISTRAL, QWEN2, QWEN3, GEMMA = "llama-tiny", "mistral-tiny", "qwen2-tiny", "qwen3-tiny", "gemma2-tiny"
CONFIG, MAP, ADDED, JSON = "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "tokenizer.json"
AS_GPT2 = {"tokenizer_class": "GPT2Tokenizer"}
END = {"content": "<|endoftext|>", "lstrip": False, "rstrip": False, "normalized": False, "single_word": False, "special": True}
TOOL = {"content": "<tool>", "lstrip": False, "rstrip": False, "normalized": False, "single_word": False, "special": True}


def token(content, **flags):
    return {**TOOL, "content": content, **flags}


def typed(content, **flags):
    return {"__type": "AddedToken", **token(content, **flags)}


def template(before=(), after=()):
    special = [{"SpecialToken": {"id": name, "type_id": 0}} for name, _ in before]
    behind = [{"SpecialToken": {"id": name, "type_id": 0}} for name, _ in after]
    single = [*special, {"Sequence": {"id": "A", "type_id": 0}}, *behind]
    tokens = {name: {"id": name, "ids": [id], "tokens": [name]} for name, id in [*before, *after]}
    return {"type": "TemplateProcessing", "single": single, "pair": [*single, {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": tokens}


BOS, EOS = ("<|endoftext|>", 0), ("!", 1)
SMALL = {"version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": None, "pre_tokenizer": None,
         "post_processor": None, "decoder": None}
NO_FILE = [JSON]
MODEL, TEMPLATE = "config.json", "chat_template.jinja"
AS_LLAMA = {"model_type": "llama"}

# name: (model, omitted files, objects merged into files)
CASES = {
    "as it stands": (GPT2, [], {}),
    "gpt2 class": (GPT2, [], {CONFIG: AS_GPT2}),
    "gpt2 fast": (GPT2, [], {CONFIG: {"tokenizer_class": "GPT2TokenizerFast"}}),
    "gpt2 from its files": (GPT2, NO_FILE, {CONFIG: AS_GPT2}),
    "gpt2 without a config": (GPT2, [CONFIG], {}),
    "gpt2 files without a config": (GPT2, [CONFIG, JSON], {}),
    "backend without its file": (GPT2, NO_FILE, {}),
    "bos beside a file": (GPT2, [], {CONFIG: {**AS_GPT2, "add_bos_token": True}}),
    "bos": (GPT2, NO_FILE, {CONFIG: {**AS_GPT2, "add_bos_token": True}}),
    "eos": (GPT2, NO_FILE, {CONFIG: {**AS_GPT2, "add_eos_token": True, "eos_token": "!"}}),
    "bos and eos": (GPT2, NO_FILE, {CONFIG: {**AS_GPT2, "add_bos_token": True, "add_eos_token": True, "eos_token": "!"}}),
    "bos that is none": (GPT2, NO_FILE, {CONFIG: {**AS_GPT2, "add_bos_token": True, "bos_token": None}}),
    "template with bos": (GPT2, [], {JSON: {"post_processor": template([BOS])}}),
    "template with bos, gpt2 class": (GPT2, [], {CONFIG: AS_GPT2, JSON: {"post_processor": template([BOS])}}),
    "template with eos": (GPT2, [], {CONFIG: {"eos_token": "!"}, JSON: {"post_processor": template([], [EOS])}}),
    "no post-processor, gpt2 class": (GPT2, [], {CONFIG: {**AS_GPT2, "add_bos_token": True}, JSON: {"post_processor": None}}),
    "prefix space, gpt2 class": (GPT2, [], {CONFIG: {**AS_GPT2, "add_prefix_space": True}}),
    "prefix space, backend": (GPT2, [], {CONFIG: {"add_prefix_space": True}}),
    "prefix space from files": (GPT2, NO_FILE, {CONFIG: {**AS_GPT2, "add_prefix_space": True}}),
    "prefix space in the file, gpt2 class": (GPT2, [], {CONFIG: AS_GPT2, JSON: {
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}}}),
    "prefix space in the file, backend": (GPT2, [], {JSON: {
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}}}),
    "normalizer, gpt2 class": (GPT2, [], {CONFIG: AS_GPT2, JSON: {"normalizer": {"type": "Lowercase"}}}),
    "normalizer, backend": (GPT2, [], {JSON: {"normalizer": {"type": "Lowercase"}}}),
    "map wins": (GPT2, [], {MAP: {"eos_token": "!"}}),
    "map wins, gpt2 class": (GPT2, [], {CONFIG: AS_GPT2, MAP: {"eos_token": "!", "pad_token": "<pad>"}}),
    "map passed over": (GPT2, [], {CONFIG: {"added_tokens_decoder": {"0": END}}, MAP: {"eos_token": "!"}}),
    "map of objects": (GPT2, [], {MAP: {"eos_token": {"content": "!", "lstrip": True, "rstrip": False, "normalized": False,
                                                      "single_word": False}}}),
    "map with null": (GPT2, [], {CONFIG: AS_GPT2, MAP: {"bos_token": None}}),
    "map with further tokens": (GPT2, [], {MAP: {"additional_special_tokens": ["<tool>", "<user>"]}}),
    "map with extra tokens": (GPT2, [], {CONFIG: {"extra_special_tokens": ["<user>"]}, MAP: {"extra_special_tokens": ["<tool>", "<user>"]}}),
    "map with a token of its own": (GPT2, [], {MAP: {"tool_token": "<tool>"}}),
    "further tokens": (GPT2, [], {CONFIG: {"additional_special_tokens": ["<tool>"]}}),
    "further tokens twice": (GPT2, [], {CONFIG: {"additional_special_tokens": ["<tool>"], "extra_special_tokens": ["<user>"]}}),
    "extra tokens by name": (GPT2, [], {CONFIG: {"extra_special_tokens": {"tool_token": "<tool>"}}}),
    "a token of its own": (GPT2, [], {CONFIG: {**AS_GPT2, "tool_token": "<tool>"}}),
    "two new roles in their order": (GPT2, [], {CONFIG: {"mask_token": "<mask>", "pad_token": "<pad>", "sep_token": "<tool>"}}),
    "typed tokens": (GPT2, [], {CONFIG: {"eos_token": typed("!", rstrip=True)}}),
    "token that is none": (GPT2, [], {CONFIG: {"eos_token": 5}}),
    "added tokens": (GPT2, NO_FILE, {CONFIG: AS_GPT2, ADDED: {"<tool>": 1000, "<user>": 1001}}),
    "added tokens beside a file": (GPT2, [], {CONFIG: AS_GPT2, ADDED: {"<tool>": 1000}}),
    "added tokens beside a backend": (GPT2, [], {ADDED: {"<tool>": 1000}}),
    "added token with a role": (GPT2, NO_FILE, {CONFIG: {**AS_GPT2, "pad_token": "<tool>"}, ADDED: {"<tool>": 1000}}),
    "added tokens in the file": (GPT2, [], {CONFIG: AS_GPT2, JSON: {"added_tokens": [
        {"id": 0, **END}, {"id": 1000, **token("<tool>", special=False, normalized=True)}]}}),
    "added tokens in the file, backend": (GPT2, [], {JSON: {"added_tokens": [
        {"id": 0, **END}, {"id": 1000, **token("<tool>", special=False, normalized=True)}]}}),
    "decoder": (GPT2, NO_FILE, {CONFIG: {**AS_GPT2, "added_tokens_decoder": {"0": END, "1000": token("<tool>", lstrip=True)}}}),
    "decoder makes a letter special": (GPT2, [], {CONFIG: {"added_tokens_decoder": {"0": END, "1": token("!")}}}),
    "split special tokens": (GPT2, [], {CONFIG: {"split_special_tokens": True}}),
    "vocabulary without the usual token": (GPT2, NO_FILE, {CONFIG: {**AS_GPT2, "bos_token": "!", "eos_token": "!", "unk_token": "!"}}),
    "no roles, gpt2 class": (GPT2, [], {CONFIG: {**AS_GPT2, "bos_token": None, "eos_token": None, "unk_token": None}}),
    "clean-up spares bpe": (GPT2, [], {CONFIG: {"clean_up_tokenization_spaces": True}}),
    "clean-up of bpe by force": (GPT2, [], {CONFIG: {
        "clean_up_tokenization_spaces": True, "clean_up_tokenization_spaces_for_bpe_even_though_it_will_corrupt_output": True}}),
    "longest text": (GPT2, [], {CONFIG: {"model_max_length": 77}}),
    "padding of the file names the token": (GPT2, [CONFIG], {CONFIG: {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "!"}, JSON: {"padding": {
        "strategy": "BatchLongest", "direction": "Right", "pad_to_multiple_of": None, "pad_id": 1, "pad_type_id": 0, "pad_token": "!"}}}),
    "python class": (GPT2, [], {CONFIG: {"tokenizer_class": "PreTrainedTokenizer"}}),
    "bert as it stands": (BERT, [], {}),
    "bert from its file": (BERT, NO_FILE, {}),
    "bert without a config": (BERT, [CONFIG], {}),
    "bert, class of bert": (BERT, [], {CONFIG: {"tokenizer_class": "BertTokenizerFast"}}),
    "bert cased": (BERT, [], {CONFIG: {"do_lower_case": False}}),
    "bert cased from its file": (BERT, NO_FILE, {CONFIG: {"do_lower_case": False}}),
    "bert cased with accents off": (BERT, [], {CONFIG: {"do_lower_case": False, "strip_accents": True}}),
    "bert with accents": (BERT, [], {CONFIG: {"strip_accents": False}}),
    "bert without chinese characters": (BERT, [], {CONFIG: {"tokenize_chinese_chars": False}}),
    "bert with an option of null": (BERT, [], {CONFIG: {"do_lower_case": None}}),
    "bert cased in the file alone": (BERT, [CONFIG], {CONFIG: {"tokenizer_class": "DistilBertTokenizer"}, JSON: {"normalizer": {
        "type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "strip_accents": None, "lowercase": False}}}),
    "bert cased, backend": (BERT, [], {CONFIG: {"tokenizer_class": "PreTrainedTokenizerFast", "do_lower_case": False}}),
    "bert cased in the file, backend": (BERT, [], {CONFIG: {"tokenizer_class": "PreTrainedTokenizerFast"}, JSON: {"normalizer": {
        "type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "strip_accents": None, "lowercase": False}}}),
    "bert cleaned": (BERT, [], {CONFIG: {"clean_up_tokenization_spaces": True}}),
    "bert with bos asked": (BERT, [], {CONFIG: {"add_bos_token": True}}),
    "bert's map": (BERT, [], {MAP: {"cls_token": "[MASK]", "sep_token": "[PAD]"}}),
    "bert's tokens": (BERT, NO_FILE, {ADDED: {"<tool>": 2000}, CONFIG: {"additional_special_tokens": ["<tool>"]}}),
    "bert's normalised token": (BERT, NO_FILE, {ADDED: {"<Tool>": 2000}}),
    "bert's template": (BERT, [], {JSON: {"post_processor": template([("[CLS]", 2)])}}),
    "bert's template, backend": (BERT, [], {CONFIG: {"tokenizer_class": "TokenizersBackend"},
                                            JSON: {"post_processor": template([("[CLS]", 2)])}}),
    "llama as it stands": (LLAMA, [], {}),
    "mistral as it stands": (MISTRAL, [], {}),
    "qwen2 as it stands": (QWEN2, [], {}),
    "qwen3 as it stands": (QWEN3, [], {}),
    "gemma as it stands": (GEMMA, [], {}),
    "mistral, class of llama": (MISTRAL, [], {CONFIG: {"tokenizer_class": "LlamaTokenizer"}}),
    "llama, its class": (MISTRAL, [], {MODEL: AS_LLAMA, CONFIG: {"tokenizer_class": "LlamaTokenizer"}}),
    "llama, its fast class": (MISTRAL, [], {MODEL: AS_LLAMA, CONFIG: {"tokenizer_class": "LlamaTokenizerFast", "legacy": False}}),
    "llama, legacy": (MISTRAL, [], {MODEL: AS_LLAMA, CONFIG: {"tokenizer_class": "LlamaTokenizer", "legacy": True}}),
    "llama without a prefix": (MISTRAL, [], {MODEL: AS_LLAMA, CONFIG: {"tokenizer_class": "LlamaTokenizer", "add_prefix_space": False}}),
    "llama with bos and eos asked": (MISTRAL, [], {MODEL: AS_LLAMA, CONFIG: {"tokenizer_class": "LlamaTokenizer", "add_bos_token": True, "add_eos_token": True}}),
    "llama with bos refused": (MISTRAL, [], {MODEL: AS_LLAMA, CONFIG: {"tokenizer_class": "LlamaTokenizer", "add_bos_token": False}}),
    "llama without a post-processor": (MISTRAL, [], {MODEL: AS_LLAMA, CONFIG: {"tokenizer_class": "LlamaTokenizer", "add_bos_token": True}, JSON: {"post_processor": None}}),
    "llama with a role more": (MISTRAL, [], {MODEL: AS_LLAMA, CONFIG: {"tokenizer_class": "LlamaTokenizer", "pad_token": "<pad>"}}),
    "code llama": (MISTRAL, [], {MODEL: AS_LLAMA, CONFIG: {"tokenizer_class": "CodeLlamaTokenizer"}}),
    "code llama without a prefix": (MISTRAL, [], {MODEL: AS_LLAMA, CONFIG: {"tokenizer_class": "CodeLlamaTokenizerFast", "add_prefix_space": False}}),
    "qwen3, class of qwen2": (QWEN3, [], {CONFIG: {"tokenizer_class": "Qwen2Tokenizer"}}),
    "qwen3, fast class of qwen2": (QWEN3, [], {CONFIG: {"tokenizer_class": "Qwen2TokenizerFast", "add_bos_token": False, "bos_token": None}}),
    "qwen3 with a prefix": (QWEN3, [], {CONFIG: {"tokenizer_class": "Qwen2Tokenizer", "add_prefix_space": True}}),
    "qwen3 without a config": (QWEN3, [CONFIG], {}),
    "qwen2, class of llama": (QWEN2, [], {CONFIG: {"tokenizer_class": "LlamaTokenizer"}}),
    "qwen2 with other steps": (QWEN2, [], {JSON: {"normalizer": {"type": "Lowercase"}, "pre_tokenizer": {"type": "Whitespace"}}}),
    "qwen2 from gpt2's files": (GPT2, NO_FILE, {MODEL: {"model_type": "qwen2"}, CONFIG: {"tokenizer_class": "Qwen2Tokenizer", "add_bos_token": True}}),
    "gemma, its class": (GEMMA, [], {CONFIG: {"tokenizer_class": "GemmaTokenizer"}}),
    "gemma, its fast class": (GEMMA, [], {CONFIG: {"tokenizer_class": "GemmaTokenizerFast", "add_bos_token": True}}),
    "gemma without a config": (GEMMA, [CONFIG], {}),
    "gemma with other steps": (GEMMA, [], {CONFIG: {"tokenizer_class": "GemmaTokenizer"}, JSON: {"normalizer": None}}),
    "llama, old map of tokens": (LLAMA, [], {MAP: {"eos_token": "<|end_of_text|>", "pad_token": {**token("<|eot_id|>")}}}),
    "llama with eos of its template": (LLAMA, [], {JSON: {"post_processor": template([("<|begin_of_text|>", 595)], [("<|end_of_text|>", 596)])}}),
    "template for functions": (QWEN3, [TEMPLATE], {CONFIG: {"chat_template": [{"name": "default", "template": "d"}, {"name": "tool_use", "template": "t"}]}}),
}


def build(folder, model, dropped, merged):
    for name in FILES:
        if name not in dropped and (MODELS / model / name).exists():
            copy(MODELS / model / name, folder)
    for name, fields in merged.items():
        path = Path(folder) / name
        old = json.loads(path.read_text()) if path.exists() else {}
        path.write_text(json.dumps({**old, **fields}))


def roles(tokenizer):
    return {role: getattr(tokenizer, role) for role in
            ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"]}


def templates(tokenizer):
    """What is picked without and with functions."""
    try:
        return [tokenizer.get_chat_template(), tokenizer.get_chat_template(tools=[{}])]
    except ValueError:
        return None


def answers(folder, texts):
    tokenizer = AutoTokenizer.from_pretrained(folder)
    ids = [tokenizer(text)["input_ids"] for text in texts]
    limit = tokenizer.model_max_length
    return {"ids": ids, "plain": [tokenizer(text, add_special_tokens=False)["input_ids"] for text in texts],
            "skipped": [tokenizer.decode(row, skip_special_tokens=True) for row in ids],
            "decoded": [tokenizer.decode(row) for row in ids], "roles": roles(tokenizer), "tokens": len(tokenizer), "templates": templates(tokenizer),
            "model_max_length": limit if limit < 1e12 else None}


def of_case(case):
    model, dropped, merged = case
    with tempfile.TemporaryDirectory() as folder:
        build(folder, model, dropped, merged)
        try:
            return answers(folder, TEXTS[model])
        except Exception as problem:
            return {"error": type(problem).__name__}


def main():
    found = [{"name": name, "model": case[0], "without": case[1], "with": case[2], **of_case(case)} for name, case in CASES.items()]
    if len(sys.argv) == 1:
        lines = ",\n".join(json.dumps(case, ensure_ascii=False, separators=(",", ":")) for case in found)
        texts = json.dumps(TEXTS, ensure_ascii=False)
        OUT.write_text(f'{{"made_by": "tokenizer_folders.py", "texts": {texts}, "cases": [\n{lines}\n]}}\n')
        print("wrote", OUT, len(found), "cases,", sum("error" in case for case in found), "of them rejected")
        return
    wrong = 0
    for place, case in enumerate(found):
        folder = Path(sys.argv[1]) / str(place)
        if folder.exists():
            saved = answers(folder, TEXTS[case["model"]])
            for field, value in saved.items():
                if value != case[field]:
                    wrong += 1
                    print(f"{case['name']}: {field}: saved {value}, expected {case[field]}")
    print(wrong, "differences")
    sys.exit(wrong > 0)


main()
