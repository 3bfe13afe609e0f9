"""Writes the seed corpus: small valid files, written with torch, safetensors, transformers, pyarrow and pandas.

    pip install torch==2.11.0 transformers==5.17.0 peft==0.21.2 gguf==0.19.0 pyarrow pandas
    python make_corpus.py
"""

import base64
import json
import pathlib
import shutil
import struct
import tempfile

import gguf
import numpy
import pandas
import peft
import pyarrow
import pyarrow.parquet
import torch
import transformers

CORPUS = pathlib.Path(__file__).parent / "corpus"


def place(reader, name, source):
    folder = CORPUS / reader
    folder.mkdir(parents=True, exist_ok=True)
    if isinstance(source, pathlib.Path):
        shutil.copyfile(source, folder / name)
    elif isinstance(source, bytes):
        (folder / name).write_bytes(source)
    else:
        (folder / name).write_text(source)


def scratch():
    return pathlib.Path(tempfile.mkdtemp())


torch.manual_seed(0)
config = transformers.GPT2Config(
    vocab_size=6, n_positions=4, n_embd=4, n_layer=1, n_head=2, n_inner=4, bos_token_id=0, eos_token_id=0
)
gpt2 = transformers.GPT2LMHeadModel(config).eval()
state = gpt2.state_dict()
small = {"weight": torch.arange(6.0).view(2, 3), "bias": torch.ones(3, dtype=torch.bfloat16), "step": torch.tensor(7)}

folder = scratch()
gpt2.save_pretrained(folder)
place("safetensors", "gpt2.safetensors", folder / "model.safetensors")
place("config", "gpt2.json", folder / "config.json")
place("generation_config", "gpt2.json", folder / "generation_config.json")

options = dict(do_sample=True, num_beams=3, temperature=1.5, top_k=20, no_repeat_ngram_size=2, bad_words_ids=[[1, 2]])
transformers.GenerationConfig(max_new_tokens=40, eos_token_id=[0, 3], **options).save_pretrained(folder)
place("generation_config", "options.json", folder / "generation_config.json")


# All tensors in one shard: the harness copies safetensors/gpt2.safetensors into the folder of the index.
stored = [name for name in state if name != "lm_head.weight"]
index = {"metadata": {"total_size": 1152}, "weight_map": {name: "shard.safetensors" for name in stored}}
place("index", "gpt2.json", json.dumps(index, indent=2))
place("hub_index", "gpt2.json", json.dumps(index, indent=2))
place("hub_index", "commit", "0123456789abcdef0123456789abcdef01234567")

for name, architecture in [("gpt2", "gpt2"), ("llama", "llama")]:
    path = scratch() / "model.gguf"
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_context_length(8)
    writer.add_embedding_length(32)
    writer.add_block_count(1)
    writer.add_feed_forward_length(32)
    writer.add_head_count(2)
    writer.add_head_count_kv(1)
    writer.add_layer_norm_eps(1e-5)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(0)
    writer.add_chat_template("{{ messages }}")
    if architecture == "gpt2":
        writer.add_tokenizer_model("gpt2")
        writer.add_tokenizer_pre("llama-bpe")
        writer.add_token_list(["<e>", "a", "b", "ab"])
        writer.add_token_types([3, 1, 1, 4])
        writer.add_token_merges(["a b"])
    else:
        writer.add_tokenizer_model("llama")
        writer.add_token_list(["<s>", "▁", "a", "▁a", "<0x0A>"])
        writer.add_token_types([3, 1, 1, 1, 6])
        writer.add_token_scores([0.0, -3.0, -2.0, -1.0, 0.0])
        writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(2.0)
    values = numpy.linspace(-1, 1, 5 * 256, dtype=numpy.float32).reshape(5, 256)
    kinds = gguf.GGMLQuantizationType
    writer.add_tensor("token_embd.weight", gguf.quantize(values[:, :32], kinds.Q8_0), raw_dtype=kinds.Q8_0)
    writer.add_tensor("blk.0.attn_q.weight", gguf.quantize(values[:4, :32], kinds.Q4_1), raw_dtype=kinds.Q4_1)
    writer.add_tensor("blk.0.attn_norm.weight", values[0, :32])
    # A block of Q6_K.
    writer.add_tensor("blk.0.ffn_down.weight", numpy.arange(210, dtype=numpy.uint8).reshape(1, 210), raw_dtype=kinds.Q6_K)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    place("gguf", f"{name}.gguf", path)
    place("gguf_tokenizer", f"{name}.gguf", path)

for name, tensors in [("gpt2", state), ("small", small)]:
    path = scratch() / "pytorch_model.bin"
    torch.save(tensors, path)
    place("bin_zip", f"{name}.bin", path)
    torch.serialization.set_crc32_options(False)
    torch.save(tensors, path)
    place("bin_zip", f"{name}-unchecked.bin", path)
    torch.serialization.set_crc32_options(True)
    torch.save(tensors, path, _use_new_zipfile_serialization=False)
    place("bin_legacy", f"{name}.bin", path)

bert = transformers.DistilBertConfig(vocab_size=8, dim=4, n_layers=1, n_heads=2, hidden_dim=4, num_labels=2)
bert.id2label = {0: "NEGATIVE", 1: "POSITIVE"}
folder = scratch()
bert.save_pretrained(folder)
place("config", "distilbert.json", folder / "config.json")

vocabulary = {token: id for id, token in enumerate(["<|endoftext|>", "a", "b", "c", "Ġ", "ab", "abc", "Ġa"])}
place("vocab_json", "vocab.json", json.dumps(vocabulary, ensure_ascii=False))
place("merges", "merges.txt", "#version: 0.2\na b\nab c\nĠ a\n")
place("vocab_txt", "vocab.txt", "\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "##b", "film"]) + "\n")
place(
    "tokenizer_config",
    "gpt2.json",
    json.dumps(
        {
            "tokenizer_class": "GPT2Tokenizer",
            "model_max_length": 1024,
            "add_bos_token": False,
            "add_prefix_space": False,
            "bos_token": "<|endoftext|>",
            "eos_token": {"content": "<|endoftext|>", "lstrip": False, "normalized": True, "special": True},
            "added_tokens_decoder": {"8": {"content": "<pad>", "special": True, "single_word": False}},
        }
    ),
)
tokenizer = scratch() / "tokenizer.json"
transformers.GPT2TokenizerFast(vocab=vocabulary, merges=[("a", "b"), ("ab", "c"), ("Ġ", "a")]).backend_tokenizer.save(
    str(tokenizer)
)
place("tokenizer_json", "gpt2.json", tokenizer)


def document(model, **parts):
    """A tokenizer.json with this model and only the given parts."""
    empty = dict.fromkeys(["truncation", "padding", "normalizer", "pre_tokenizer", "post_processor", "decoder"])
    return json.dumps({"version": "1.0", **empty, "added_tokens": [], **parts, "model": model}, ensure_ascii=False)


def steps(field, *steps):
    return {"type": "Sequence", field: list(steps)}


def replace(kind, pattern, content):
    return {"type": "Replace", "pattern": {kind: pattern}, "content": content}


# A hand-made double-array trie in SentencePiece's format that maps A (0x41) to b.
units = [0] * 256
units[0x41] = 0x41 | 1 << 8 | 0x80 << 10
charsmap = struct.pack("<257I", 1024, *units) + b"b\0"
metaspace = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}
pieces = [["<unk>", 0.0], ["▁a", -1.0], ["▁film", -2.0], ["a", -2.5], ["b", -2.5], ["c", -3.0], ["▁", -3.0]]
place(
    "tokenizer_json",
    "unigram.json",
    document(
        {"type": "Unigram", "unk_id": 0, "vocab": pieces, "byte_fallback": False},
        normalizer=steps(
            "normalizers",
            {"type": "Precompiled", "precompiled_charsmap": base64.b64encode(charsmap).decode()},
            {"type": "Strip", "strip_left": False, "strip_right": True},
            replace("Regex", " {2,}", "▁"),
        ),
        pre_tokenizer=metaspace,
        decoder=metaspace,
    ),
)
cls = {"SpecialToken": {"id": "[CLS]", "type_id": 0}}
text, pair = ({"Sequence": {"id": id, "type_id": type}} for id, type in [("A", 0), ("B", 1)])
words = {token: id for id, token in enumerate(["[UNK]", "[CLS]", "a", "##b", "film"])}
place(
    "tokenizer_json",
    "word_piece.json",
    document(
        {
            "type": "WordPiece",
            "unk_token": "[UNK]",
            "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
            "vocab": words,
        },
        normalizer={
            "type": "BertNormalizer",
            "clean_text": True,
            "handle_chinese_chars": True,
            "strip_accents": None,
            "lowercase": True,
        },
        pre_tokenizer={"type": "BertPreTokenizer"},
        post_processor={
            "type": "TemplateProcessing",
            "single": [cls, text],
            "pair": [cls, text, pair],
            "special_tokens": {"[CLS]": {"id": "[CLS]", "ids": [1], "tokens": ["[CLS]"]}},
        },
        decoder={"type": "WordPiece", "prefix": "##", "cleanup": True},
    ),
)
place(
    "tokenizer_json",
    "steps.json",
    document(
        {"type": "WordLevel", "unk_token": "[UNK]", "vocab": words},
        normalizer=steps(
            "normalizers",
            {"type": "NFKC"},
            {"type": "Lowercase"},
            {"type": "StripAccents"},
            {"type": "Prepend", "prepend": "▁"},
            replace("String", "▁", " "),
        ),
        pre_tokenizer=steps(
            "pretokenizers",
            {"type": "Split", "pattern": {"Regex": "\\s+"}, "behavior": "Removed", "invert": False},
            {"type": "Digits", "individual_digits": True},
            {"type": "Punctuation", "behavior": "Isolated"},
            {"type": "FixedLength", "length": 8},
        ),
        post_processor=steps("processors", {"type": "BertProcessing", "sep": ["[CLS]", 1], "cls": ["[CLS]", 1]}),
        decoder=steps(
            "decoders",
            replace("String", "▁", " "),
            {"type": "ByteFallback"},
            {"type": "Fuse"},
            {"type": "Strip", "content": " ", "start": 1, "stop": 0},
            {"type": "CTC", "pad_token": "<pad>", "word_delimiter_token": "|", "cleanup": True},
        ),
    ),
)

table = pandas.DataFrame(
    {
        "prompt": ["This movie", "This movie", "A film", "A film"],
        "text": ["This movie, oh.", 'A "joy"', "A film\nof two lines", "A film 🎬"],
        "score": [0.5, -1.25, 2.480989694595337, 1e-3],
    }
)
place("jsonl", "texts.jsonl", table.to_json(orient="records", lines=True, force_ascii=False))
place("json_array", "texts.json", json.dumps(table.to_dict(orient="records"), ensure_ascii=False, indent=2))
pairs = [{"prompt": "I", "chosen": "I like it", "rejected": "I do not", "source": None, "n": i} for i in range(3)]
place("jsonl", "pairs.jsonl", "".join(json.dumps(pair) + "\n" for pair in pairs))
place("csv", "texts.csv", table.to_csv(index=False))
notebook = table.rename(columns={"prompt": "Prompt", "text": "Generated Text", "score": "Model Score"})
place("csv", "notebook.csv", notebook.to_csv())

arrow = pyarrow.Table.from_pandas(pandas.concat([table.assign(n=[1, None, 3, 4], b=[True, False, True, True])] * 5))
delta = {"prompt": "DELTA_BYTE_ARRAY", "text": "DELTA_LENGTH_BYTE_ARRAY", "score": "BYTE_STREAM_SPLIT", "n": "PLAIN"}
for name, options in {
    "plain": {"compression": "none", "use_dictionary": False},
    "dictionary": {"compression": "none", "row_group_size": 7},
    "zstd": {"compression": "zstd", "data_page_version": "2.0"},
    "delta": {"compression": "none", "use_dictionary": False, "column_encoding": delta, "data_page_version": "2.0"},
}.items():
    path = scratch() / "texts.parquet"
    pyarrow.parquet.write_table(arrow, path, **options)
    place("parquet", f"{name}.parquet", path)

place("model_name", "names.txt", "lvwerra/gpt2-imdb@refs/pr/1")

adapted = peft.LoraConfig(r=2, lora_alpha=4, target_modules=["c_attn"], fan_in_fan_out=True)
peft.get_peft_model(transformers.GPT2LMHeadModel(config), adapted).save_pretrained(folder)
place("adapter_config", "lora.json", folder / "adapter_config.json")

message = pyarrow.struct([("role", pyarrow.string()), ("content", pyarrow.string())])
nested = {"prompt": ["user", "Was it fun?"], "chosen": ["assistant", "Yes!"], "rejected": ["assistant", "No."]}
nested = {side: [dict(role=role, content=text)] for side, (role, text) in nested.items()}
columns = {side: pyarrow.array([messages] * 3, pyarrow.list_(message)) for side, messages in nested.items()}
folder = scratch()
pyarrow.parquet.write_table(pyarrow.table(columns), folder / "pairs.parquet")
place("nested_columns", "pairs.parquet", folder / "pairs.parquet")
extra = {"tools": json.dumps([{"type": "function", "function": {"name": "find"}}]), "chat_template_kwargs": {"terse": True}}
place("nested_columns", "pairs.jsonl", json.dumps(nested | extra) + "\n")
turns = [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Hello"}]
place("nested_columns", "share_gpt.jsonl", json.dumps({"conversations": turns, "system": "Be brief."}) + "\n")
