"""Measures the two models of this folder on IMDB's test reviews. Prints the figures of their model cards.

    python models/measure.py TRAIN.parquet TEST.parquet [--notebook sft_generated.csv] [--texts 24678]

Needs torch, transformers, pandas and scipy. The models are run with transformers, not with this workspace. The files have the columns
`text` and `label`. The n-gram baseline is an interpolated Kneser-Ney trigram model over the same tokens, estimated on the training reviews.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas
import torch
from transformers import AutoModelForSequenceClassification, GPT2LMHeadModel, PreTrainedTokenizerFast

HERE = Path(__file__).resolve().parent
POLICY, CLASSIFIER = HERE / "gpt2-imdb-4m", HERE / "distilbert-imdb-1m"
DISCOUNT = 0.75


def tokenizer(folder):
    return PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"))


def stream(texts, tokenize, eos):
    """All texts as one array of ids, with EOS after each text."""
    ids = (tokenize(list(texts[i : i + 1000]), add_special_tokens=False)["input_ids"] for i in range(0, len(texts), 1000))
    return np.concatenate([np.array(row + [eos]) for batch in ids for row in batch])


def look_up(counts, keys, default):
    """The counts of keys in a sorted table, and a default for keys that are not in it."""
    table, numbers = counts
    index = np.minimum(np.searchsorted(table, keys), len(table) - 1)
    return np.where(table[index] == keys, numbers[index], default)


def trigram_nats(train, test, vocab):
    """Mean nats per token of `test` under an interpolated Kneser-Ney trigram of `train` (Chen and Goodman 1999, eq. 16)."""
    count = lambda keys: np.unique(keys, return_counts=True)
    w1, w2, w3 = train[:-2], train[1:-1], train[2:]
    tri = count((w1 * vocab + w2) * vocab + w3)
    bi_before, bi_key = tri[0] // vocab, tri[0] % (vocab * vocab)
    context3 = np.unique(tri[0] // vocab, return_inverse=True)
    total3 = (context3[0], np.bincount(context3[1], weights=tri[1]))
    types3 = (context3[0], np.bincount(context3[1]))
    # Lower orders count the number of contexts in which a continuation occurs.
    bi = count(bi_key)
    context2 = np.unique(bi[0] // vocab, return_inverse=True)
    total2 = (context2[0], np.bincount(context2[1], weights=bi[1]))
    types2 = (context2[0], np.bincount(context2[1]))
    uni = np.bincount(bi[0] % vocab, minlength=vocab)
    p1 = (uni + 1) / (uni.sum() + vocab)
    a, b, c = test[:-2], test[1:-1], test[2:]
    p2 = np.maximum(look_up(bi, b * vocab + c, 0) - DISCOUNT, 0) / look_up(total2, b, 1)
    p2 = p2 + np.where(look_up(total2, b, 0) > 0, DISCOUNT * look_up(types2, b, 0) / look_up(total2, b, 1), 1) * p1[c]
    ab = a * vocab + b
    p3 = np.maximum(look_up(tri, ab * vocab + c, 0) - DISCOUNT, 0) / look_up(total3, ab, 1)
    p3 = p3 + np.where(look_up(total3, ab, 0) > 0, DISCOUNT * look_up(types3, ab, 0) / look_up(total3, ab, 1), 1) * p2
    return -np.log(p3).mean()


@torch.inference_mode()
def model_nats(model, test):
    """Mean nats per token over windows of the model's length. Windows overlap by half, and the first half serves as context."""
    width, total, tokens = model.config.n_positions, 0.0, 0
    starts = range(0, len(test) - width, width // 2)
    for i in range(0, len(starts), 32):
        ids = torch.tensor(np.stack([test[s : s + width] for s in starts[i : i + 32]]))
        logits = model(ids).logits[:, width // 2 - 1 : -1]
        targets = ids[:, width // 2 :]
        total += torch.nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="sum").item()
        tokens += targets.numel()
    return total / tokens


@torch.inference_mode()
def logits(texts):
    tokenize, model = tokenizer(CLASSIFIER), AutoModelForSequenceClassification.from_pretrained(CLASSIFIER).float().eval()
    order = np.argsort([len(text) for text in texts])
    found = np.zeros((len(texts), 2))
    for part in np.array_split(order, max(1, len(texts) // 64)):
        batch = tokenize([texts[i] for i in part], truncation=True, max_length=model.config.max_position_embeddings)["input_ids"]
        longest = max(map(len, batch))
        ids = torch.tensor([row + [0] * (longest - len(row)) for row in batch])
        mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in batch])
        found[part] = model(input_ids=ids, attention_mask=mask).logits.numpy()
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("train")
    parser.add_argument("test")
    parser.add_argument("--notebook", help="CSV file of the notebook's texts with the column `Model Score`")
    parser.add_argument("--texts", type=int, help="number of test reviews for the language model [default: all]")
    args = parser.parse_args()
    train, test = pandas.read_parquet(args.train), pandas.read_parquet(args.test)

    found = logits(test.text.tolist())
    print(f"classifier: accuracy {(found.argmax(1) == test.label).mean():.4f} on {len(test)} test reviews")
    if args.notebook:
        from scipy.stats import spearmanr

        scored = pandas.read_csv(args.notebook)
        reward = -logits(scored["Generated Text"].tolist())[:, 0]
        same_sign = (np.sign(reward) == np.sign(scored["Model Score"])).mean()
        print(f"  signs of the notebook's scores: {same_sign:.4f}, rank correlation {spearmanr(reward, scored['Model Score'])[0]:.4f}")

    texts = test.text.tolist()[: args.texts]
    tokenize, model = tokenizer(POLICY), GPT2LMHeadModel.from_pretrained(POLICY).float().eval()
    eos, vocab = model.config.eos_token_id, model.config.vocab_size
    held_out = stream(texts, tokenize, eos)
    size = sum(len(text.encode()) for text in texts)
    for name, nats in [("gpt2", model_nats(model, held_out)), ("trigram", trigram_nats(stream(train.text.tolist(), tokenize, eos), held_out, vocab))]:
        print(f"{name}: {nats:.4f} nats per token, perplexity per byte {np.exp(nats * len(held_out) / size):.4f}, on {len(texts)} test reviews")


if __name__ == "__main__":
    main()
