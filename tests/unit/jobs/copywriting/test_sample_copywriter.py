"""The network of `make run`, trained with fewer passes: it writes texts for the sample shop that may be shown."""

from __future__ import annotations

import dataclasses

import numpy as np
import pyarrow as pa

from jobs.copywriting.train_copywriter import described, passed
from jobs.copywriting.trained_writers import truthful
from jobs.runtime.settings import load_settings
from jobs.sample_shop.catalogue import make_catalogue, make_taste_space
from jobs.sample_shop.texts import as_items, write_texts
from models.copywriting.copywriter import Copywriter
from models.copywriting.copywriter_config import CopywriterConfig
from tests.unit.jobs.copywriting.copy_shop import inputs_of, items_of

ITEMS, HELD = 100, 6
SETTINGS = ".ci/sample_shop.toml"


def test_half_of_the_held_out_briefs_get_a_draft_that_passes_every_check() -> None:
    rng = np.random.default_rng(7)
    catalogue = make_catalogue(ITEMS, 1, make_taste_space(rng), rng)
    columns = {"item_id": pa.array(catalogue.ids), **as_items(write_texts(catalogue, rng))}
    rows = [{**row, "is_active": True} for row in pa.table(columns).to_pylist()]
    items = items_of(rows)
    inputs = inputs_of(items)
    lessons = [lesson for lesson in described(rows, items, inputs.rules) if lesson[0].language == "en"]
    held, learned = lessons[::15][:HELD], [lesson for index, lesson in enumerate(lessons) if index % 15]
    config: CopywriterConfig = load_settings(SETTINGS, []).section("copywriter")
    writer = Copywriter.fit(
        dataclasses.replace(config, most_passes=8, vocabulary=1000, device="cpu"),
        [],
        [(prompt, text) for _, prompt, text in learned],
    )
    prompts = [truthful(prompt, brief, inputs) for brief, prompt, _ in held]
    assert len(held) == HELD
    assert passed(writer, prompts, held, inputs).mean() >= 0.5
