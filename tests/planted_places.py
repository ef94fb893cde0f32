"""A person's name, planted in every kind of place where a lake may hold one. A search must find it in all of them."""

from __future__ import annotations

import gzip
import html
import io
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from safetensors.numpy import save

from jobs.runtime.lake import Lake

Plant = Callable[[Lake, str], None]
DAY = "date=2026-01-02"


def put(lake: Lake, path: str, data: bytes) -> None:
    lake.fs.create_dir(lake.path(path.rpartition("/")[0]), recursive=True)
    with lake.fs.open_output_stream(lake.path(path), compression=None) as out:
        out.write(data)


def parquet(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue().to_pybytes()


def zstd(data: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as out:
        out.write(data)
    return sink.getvalue().to_pybytes()


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()  # letters outside ASCII become \u escapes


def _npz(**arrays: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def _npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def _unused(name: str) -> pa.Table:
    """A dictionary with a value that no row has."""
    codes = pa.DictionaryArray.from_arrays(pa.array([0, 0], pa.int32()), pa.array(["g1", name]))
    return pa.table({"brand": codes})


def _nested(name: str) -> pa.Table:
    return pa.table({"lines": pa.array([[{"item": "g1", "buyer": name}], []])})


def _at(path: str, data: Callable[[str], bytes]) -> Plant:
    return lambda lake, name: put(lake, path, data(name))


PLACES: dict[str, Plant] = {
    "raw CSV": _at(f"raw/sample_shop/{DAY}/a.csv", lambda n: f"uid,item\n{n},g1\n".encode()),
    "raw CSV, gzip": _at(f"raw/sample_shop/{DAY}/a.csv.gz", lambda n: gzip.compress(f"uid,item\n{n},g1\n".encode())),
    "raw JSON lines": _at(
        f"raw/sample_shop/{DAY}/a.jsonl", lambda n: _json({"uid": n}) + b"\n" + _json({"uid": "z"}) + b"\n"
    ),
    "raw JSON lines, zstd": _at(f"raw/sample_shop/{DAY}/a.jsonl.zst", lambda n: zstd(_json({"uid": n}) + b"\n{}\n")),
    "raw Parquet": _at(f"raw/sample_shop/{DAY}/a.parquet", lambda n: parquet(pa.table({"uid": [n, "z"]}))),
    "raw Parquet, nested": _at(f"raw/sample_shop/{DAY}/b.parquet", lambda n: parquet(_nested(n))),
    "raw text in UTF-16": _at(f"raw/sample_shop/{DAY}/b.csv", lambda n: f"uid;item\n{n};g1\n".encode("utf-16")),
    "a table's account": _at(f"tables/x/{DAY}/run=1/a.parquet", lambda n: parquet(pa.table({"user_id": [n]}))),
    "a table's text": _at(
        f"tables/x/{DAY}/run=1/b.parquet", lambda n: parquet(pa.table({"query": [f"gift for {n}!"]}))
    ),
    "a table's JSON": _at(f"tables/x/{DAY}/run=1/c.parquet", lambda n: parquet(pa.table({"extra": [json.dumps([n])]}))),
    "a table's list": _at(f"tables/x/{DAY}/run=1/d.parquet", lambda n: parquet(pa.table({"seen": [["z", n]]}))),
    "a table's bytes": _at(f"tables/x/{DAY}/run=1/e.parquet", lambda n: parquet(pa.table({"b": [n.encode()]}))),
    "a rejected row": _at(
        f"tables/x/{DAY}/run=1/f.parquet", lambda n: parquet(pa.table({"raw_row": [f'{{"uid":"{n}"}}']}))
    ),
    "a dictionary, unused": _at(f"tables/x/{DAY}/run=1/g.parquet", lambda n: parquet(_unused(n))),
    "Parquet's metadata": _at(
        f"tables/x/{DAY}/run=1/h.parquet", lambda n: parquet(pa.table({"a": [1]}).replace_schema_metadata({"made": n}))
    ),
    "npz": _at(f"models/x/{DAY}/run=1/a.npz", lambda n: _npz(user_ids=np.array(["z", n]))),
    "npy": _at(f"models/x/{DAY}/run=1/a.npy", lambda n: _npy(np.array([n, "z"]))),
    "safetensors": _at(f"models/x/{DAY}/run=1/w.safetensors", lambda n: save({"w": np.zeros(2)}, {"made_for": n})),
    "a manifest": _at(f"models/x/{DAY}/run=1/manifest.json", lambda n: _json({"notes": {"worst": [n]}})),
    "a model as text": _at(f"models/x/{DAY}/run=1/trees.txt", lambda n: f"tree\nsplit user={n}\n".encode()),
    "a published table": _at("published/run=2026-01-02-1/x/a.parquet", lambda n: parquet(pa.table({"user_id": [n]}))),
    "the pointer": _at("published/other.json", lambda n: _json({"example": n})),
    "a page": _at(f"reports/{DAY}/a.html", lambda n: f"<!doctype html><p>{html.escape(n)}</p>".encode()),
    "a night's facts": _at(f"runs/{DAY}/run=1/a.json", lambda n: _json({"error": f"row of {n}: broken"})),
    "a key of JSON": _at(f"runs/{DAY}/run=1/b.json", lambda n: _json({"counts": {n: 3}})),
    "an answer": _at(f"answers/{DAY}/a.json", lambda n: _json({"prompt": f"Dear {n},"})),
    "TOML": _at(f"reports/{DAY}/a.toml", lambda n: f'vip = ["{n}"]\n'.encode()),
    "a refresh": _at(f"refresh/tables/x/{DAY}/run=1/a.parquet", lambda n: parquet(pa.table({"user_id": [n]}))),
    "a file's name": lambda lake, name: put(lake, f"reports/{DAY}/{name}.html", b"<html></html>"),
}
