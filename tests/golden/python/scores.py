"""Writes scores.json to the parent folder: scores by transformers, for classifiers made from the tiny DistilBERT with changed heads.

    python scores.py ../data/models/distilbert-tiny ../scores.json
"""

import json
import sys

import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer, pipeline

TEXTS = ["a good movie", "the worst film ever"]
# Rows of the head (row 2 is the sum of rows 0 and 1), label names, problem_type.
MODELS = {
    "plain": ([0, 1], ["NEGATIVE", "POSITIVE"], None),
    "swapped": ([1, 0], ["POSITIVE", "NEGATIVE"], None),
    "single": ([1], ["LABEL_0"], None),
    "regression": ([1], ["LABEL_0"], "regression"),
    "three": ([0, 2, 1], ["negative", "neutral", "positive"], "single_label_classification"),
    "several": ([0, 2, 1], ["rude", "long", "kind"], "multi_label_classification"),
}


def head(model, rows):
    """The model with a head made of these rows."""
    weight, bias = model.classifier.weight.data, model.classifier.bias.data
    weight, bias = torch.cat([weight, weight.sum(0, True)]), torch.cat([bias, bias.sum(0, True)])
    model.classifier = torch.nn.Linear(weight.shape[1], len(rows))
    model.classifier.weight.data, model.classifier.bias.data = weight[rows], bias[rows]
    return model.eval()


def main(folder, output):
    tokenizer = AutoTokenizer.from_pretrained(folder)
    found = {}
    for name, (rows, labels, problem_type) in MODELS.items():
        model = head(AutoModelForSequenceClassification.from_pretrained(folder), rows)
        model.config.num_labels = len(labels)
        model.config.id2label = dict(enumerate(labels))
        model.config.problem_type = problem_type
        raw = pipeline("text-classification", model=model, tokenizer=tokenizer, device="cpu")
        by_name = lambda result: {each["label"]: each["score"] for each in result}
        with torch.no_grad():
            logits = model(**tokenizer(TEXTS, padding=True, return_tensors="pt")).logits.double()
        per_text = []
        for text, row in zip(TEXTS, logits):
            probability = by_name(raw(text, top_k=None))
            per_text.append({
                "logits": row.tolist(),
                "probability": None if problem_type == "regression" else [probability[label] for label in labels],
                "log_odds": None if problem_type == "regression" else [
                    row[i].item()
                    if len(labels) == 1 or problem_type == "multi_label_classification"
                    else (torch.log_softmax(row, 0)[i] - torch.log(1 - torch.softmax(row, 0)[i])).item()
                    for i in range(len(labels))
                ],
            })
        found[name] = {"rows": rows, "labels": labels, "problem_type": problem_type, "texts": per_text}
    with open(output, "w") as file:
        json.dump({"texts": TEXTS, "models": found}, file, indent=1)


if __name__ == "__main__":
    main(*sys.argv[1:])
