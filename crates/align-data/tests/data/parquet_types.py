"""Writes parquet_types/*.parquet next to this script: the same two rows with the text and label types of pandas and pyarrow.

    python parquet_types.py        (pandas, pyarrow)
"""

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

TEXTS = ["the film", "é \"film\", too"]
LABELS = {
    "bool": pa.array([True, False]),
    "int8": pa.array([1, 0], pa.int8()),
    "double": pa.array([1.0, 0.0]),
    "words": pa.array(["Yes", "FALSE"]),
    "category": pa.array(["True", "0.0"]).dictionary_encode(),
}


def texts(type):
    if type == "dictionary":
        return pa.array(TEXTS).dictionary_encode()
    return pa.array([text.encode() for text in TEXTS] if "binary" in str(type) else TEXTS, type)


def main():
    folder = Path(__file__).parent / "parquet_types"
    folder.mkdir(exist_ok=True)
    kinds = [pa.string(), pa.large_string(), pa.string_view(), pa.binary(), pa.large_binary(), "dictionary"]
    for kind, (name, label) in zip(kinds, [*LABELS.items(), ("bool", LABELS["bool"])]):
        table = pa.table({"prompt": texts(kind), "completion": texts(kind), "label": label})
        pq.write_table(table, folder / f"{kind}-{name}.parquet", compression="none", write_statistics=False)
    frame = pd.DataFrame({"prompt": TEXTS, "completion": TEXTS, "label": ["good", "bad"]})
    for column in frame:
        frame[column] = frame[column].astype("category")
    frame.to_parquet(folder / "categories.parquet", compression=None)
    frame["label"] = pd.array([True, None], dtype="boolean")
    frame.to_parquet(folder / "missing.parquet", compression=None)


if __name__ == "__main__":
    main()
