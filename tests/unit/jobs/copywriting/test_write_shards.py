"""Spark's workers write many briefs: they give the texts that one process writes, in the same order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from jobs.copywriting import write_many, write_shards
from jobs.copywriting.briefs import MODEL, Brief, Draft
from jobs.copywriting.write_many import write_all
from jobs.copywriting.writer import SaidTexts, Written, usual_texts
from jobs.runtime.lake import Lake
from jobs.runtime.night import Night
from jobs.runtime.settings import Settings
from tests.unit.jobs.copywriting.copy_shop import NIGHT, brief, inputs_of, item, items_of

# A third of the titles are too long for a card, so that their items get the same text; another third are the same.
LONG = "Ivo beige wired speaker for the shelf, with a cable of two metres, edition"
BRANDS = ("Luma", "Tanka", "Kestrel", "Orrin", "Veska", "Pellow", "Dorna", "Hasko", "Milva", "Brandt")
COLOURS = ("red", "blue", "green", "black", "white", "grey", "pink", "brown", "yellow", "purple")
ITEMS = items_of(
    [item(f"a{n}", title=f"{LONG} {'abcdefghij'[n]}") for n in range(10)]
    + [item(f"b{n}", title=f"{brand} {colour} lamp", title_zh=f"{brand} 台灯", brand=brand, category="Home > lamp",
            attributes=f'{{"colour": "{colour}"}}')
       for n, (colour, brand) in enumerate(zip(COLOURS, BRANDS, strict=True))]
    + [item(f"c{n}", title="Luma red chair", title_zh="Luma 椅子", category="Home > chair") for n in range(10)]
)  # fmt: skip
BRIEFS = [brief(key, channel=channel, language=language) for key in ITEMS for channel in ("card", "push", "body")
          for language in ("en", "zh")]  # fmt: skip


def test_the_texts_are_those_of_one_process(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(write_many, "SHARED_FROM", 1)
    monkeypatch.setattr(write_many, "_IN_PART", 30)
    monkeypatch.setattr(write_shards, "WAVE", 50)
    same = [Draft("A speaker by Ivo, for your evenings.", MODEL, MODEL)]
    drafts = {
        worker_table: same
        for worker_table in BRIEFS[9:]
        if worker_table.channel == "push" and worker_table.item_id < "b"
    }
    inputs = inputs_of(ITEMS, model="m")
    stands, _ = write_all(inputs, SaidTexts(), BRIEFS[:9], {}, write_many.copy_table([]))
    by_workers = write_all(inputs, SaidTexts(), BRIEFS[9:], drafts, stands)
    written_here: list[Brief] = []

    def write(*words: Any) -> Written:
        written_here.append(words[2])
        return usual_texts(*words)

    monkeypatch.setattr(write_shards, "usual_texts", write)
    night = Night(NIGHT, Lake(str(tmp_path)), "001", Settings())
    by_one_process = write_all(inputs, SaidTexts(), BRIEFS[9:], drafts, stands, night)
    for worker_table, process_table in zip(by_workers, by_one_process, strict=True):
        assert worker_table.num_rows > len(BRIEFS) / 4
        assert process_table.equals(worker_table)
    # A worker knows the carried texts of like items, but not what the other worker writes at the same time.
    assert 0 < len(written_here) < len(BRIEFS) / 4
    assert not any(worker_brief.item_id.startswith("c") for worker_brief in written_here)
