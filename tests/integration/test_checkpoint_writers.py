"""A pretrained instruct model in a night of the sample shop: tuned, prompted, and behind a real `transformers serve`.

The checkpoint is tiny: two layers of Qwen3 that learned to answer every message with a few fixed lines. Some of these
lines may be shown and some may not; a night must tell them apart.
"""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from jobs.copywriting import train_copywriter, write_copy
from jobs.copywriting.chat_prompts import ChatPrompts
from jobs.copywriting.checkpoint_writer import TUNED_MODEL
from jobs.runtime.lake import ANSWERS
from schemas.tables import COPY, REJECTED_COPY, USER_COPY
from tests.local_server import free_port
from tests.sample import THIRD, Sample, content
from tests.tiny_checkpoint import make_checkpoint, teach
from tests.unit.jobs.copywriting.copy_shop import brief, inputs_of, item, items_of

# A lie, a figure, a word that no voice may use and a text without content; then two texts that say what the item is.
SAID = [
    "Hand-stitched in Paris from recycled titanium: {title}",
    "Only 5 left of {title}",
    "A must-have: {title}",
    "Good morning to you",
    "Worth a second look: {title}",
    "A quiet word for the {kind}: {title}",
]
ANSWER = "Sure! Here are the texts:\n" + "\n".join(f"{number}. {text}" for number, text in enumerate(SAID, 1)) + "\n"
INSTRUCT = {"answer_tokens": 150, "threads": 1, "temperature": 0.0, "device": "cpu", "length": 2500, "rows": 2}
# Items as different as a night's: a checkpoint that learned only two lamps cannot answer for a sweater.
TAUGHT = [
    item(),
    item("g2", title="Ada black lamp", title_zh="艾达 黑色台灯", attributes='{"colour": "black"}'),
    item(
        "g3",
        title="Oryx red cotton small formal shirt",
        title_zh="奥力 红色棉质衬衫",
        category="Fashion > Tops > shirt",
        brand="Oryx",
        attributes='{"colour": "red", "fabric": "cotton", "size": "small", "style": "formal"}',
    ),
    item(
        "g4",
        title="Miso white steel large bowl",
        title_zh="米索 白色钢碗",
        category="Home > Kitchen > bowl",
        brand="Miso",
        attributes='{"colour": "white", "material": "steel", "size": "large"}',
    ),
]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The folder of a checkpoint that learned to answer messages like those of a night with ANSWER."""
    prompts = ChatPrompts(inputs_of(items_of(TAUGHT)))
    kinds = itertools.product((taught["item_id"] for taught in TAUGHT), ("plain", "quality", "young"))
    messages = [prompts.prompt(brief(of, style=style), 6, 4).message for of, style in kinds]
    folder = make_checkpoint(tmp_path_factory.mktemp("checkpoint"), "qwen3", [*messages, ANSWER])
    teach(folder, [(message, ANSWER) for message in messages])
    return str(folder)


@pytest.fixture(scope="module")
def served(checkpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The base URL of `transformers serve` with the checkpoint."""
    port = free_port()
    command = [str(Path(sys.executable).with_name("transformers")), "serve", checkpoint, "--host", "127.0.0.1"]
    log = tmp_path_factory.mktemp("serve") / "log"
    with log.open("w") as out:
        server = subprocess.Popen([*command, "--port", str(port), "--device", "cpu"], stdout=out, stderr=out)
        try:
            _wait_for(server, f"http://127.0.0.1:{port}/health", log)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            server.terminate()
            server.wait(30)


def _wait_for(server: subprocess.Popen[bytes], url: str, log: Path) -> None:
    for _ in range(600):
        assert server.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(f"no answer from {url}: {log.read_text()}")


def settings(writer: str, checkpoint: str, **endpoint: Any) -> dict[str, dict[str, Any]]:
    kinds = {"channels": ("push",), "strategies": ("recommendation",), "languages": ("en",), "countries": ()}
    copy = {"writer": writer, "base_model": checkpoint, "most_drafted": 12, "candidates": 6, **kinds}
    return {"copy": copy, "instruct": INSTRUCT, "copy_endpoint": {"answer_tokens": 150, "temperature": 0.0} | endpoint}


def written(
    shop_copy: Sample, run: str, sections: dict[str, dict[str, Any]]
) -> tuple[pa.Table, list[dict[str, Any]], Any]:
    """(COPY, REJECTED_COPY, the job's report) of a night's copy."""
    night = shop_copy.night(THIRD, run, **sections)
    night.begin("write_copy")
    write_copy.main(night)
    facts = night.end()
    copy, rejected = (
        content(shop_copy.lake, shop_copy.lake.version(table, THIRD, run)) for table in (COPY, REJECTED_COPY)
    )
    return copy, rejected.to_pylist(), facts


def judged(copy: pa.Table, rejected: list[dict[str, Any]], writer: str) -> None:
    """Asserts that drafts came: good ones are shown, others are refused for their faults; templates write the rest."""
    rows = copy.to_pylist()
    by_writer = [row for row in rows if row["wording"] == writer]
    assert by_writer
    assert all(row["source"] == "model" for row in by_writer)
    assert {fact["slot"] for row in by_writer for fact in json.loads(row["facts"])} & {"title", "kind"}
    assert not [
        row for row in rows for lie in ("Paris", "titanium", "must-have", "Only 5", "Here are") if lie in row["text"]
    ]
    by_model = [row for row in rejected if row["source"] == "model"]
    reasons = {row["reason"] for row in by_model}
    assert {"figure of its own", "unsupported origin"} <= reasons
    assert any("Paris" in (row["text"] or "") for row in by_model)
    assert [row for row in rows if row["source"] == "template"]


@pytest.fixture(scope="module")
def shop_copy(sample: Sample, tmp_path_factory: pytest.TempPathFactory) -> Sample:
    return sample.copy(tmp_path_factory.mktemp("writers") / "lake")


def test_an_endpoint_writes_texts_which_are_judged_and_paid_for_once(
    shop_copy: Sample, checkpoint: str, served: str
) -> None:
    endpoint = {"base_url": served, "at_once": 2, "price_read": 1.0, "price_written": 4.0, "most_cost": 1.0}
    copy, rejected, report = written(shop_copy, "010", settings("endpoint", checkpoint, **endpoint))
    judged(copy, rejected, "endpoint")
    facts = report["endpoint"]
    assert (facts["briefs"], facts["answers"], facts["requests"]) == (12, 12, 12)
    assert facts["cost"] == pytest.approx((facts["tokens_read"] + 4 * facts["tokens_written"]) / 1e6, abs=1e-6)
    assert 0 < facts["tokens_written"] <= 12 * 150
    assert facts["stopped"] == ""
    assert report["by_writer"]["endpoint"] == copy.column("wording").to_pylist().count("endpoint")
    assert len(shop_copy.lake.list_dir(ANSWERS, f"date={THIRD}")) == 12
    second_copy, _, rerun = written(shop_copy, "011", settings("endpoint", checkpoint, **endpoint))
    assert (rerun["endpoint"]["requests"], rerun["endpoint"]["answers_of_earlier_runs"]) == (0, 12)
    assert second_copy.equals(copy)


def test_a_night_goes_on_without_an_endpoint_that_does_not_answer(shop_copy: Sample, checkpoint: str) -> None:
    nobody = {"base_url": f"http://127.0.0.1:{free_port()}/v1", "retries": 0, "failures_in_a_row": 2}
    copy, _, report = written(shop_copy, "012", settings("endpoint", checkpoint, **nobody))
    assert set(copy["source"].to_pylist()) == {"template"}
    assert "requests in a row failed" in report["endpoint"]["stopped"]
    assert report["endpoint"]["without_answer"] == 12
    user_copy = content(shop_copy.lake, shop_copy.lake.version(USER_COPY, THIRD, "012"))
    assert set(user_copy["copy_id"].to_pylist()) <= set(copy["copy_id"].to_pylist())
    assert user_copy.num_rows > 0
    assert "" in set(copy["model"].to_pylist())  # a later night asks again


def test_a_prompted_checkpoint_writes_and_is_judged(shop_copy: Sample, checkpoint: str) -> None:
    copy, rejected, _ = written(shop_copy, "013", settings("prompted", checkpoint))
    judged(copy, rejected, "prompted")
    assert f"prompted {checkpoint} " in " ".join(set(copy["model"].to_pylist()))


def test_a_checkpoint_is_tuned_on_the_shops_texts_and_writes(shop_copy: Sample, checkpoint: str) -> None:
    """After so short a training it writes nonsense or a line that it knew; both are drafted and judged."""
    sections = settings("tuned", checkpoint)
    sections["instruct"] = INSTRUCT | {"passes": 1, "most_examples": 24, "lora_rank": 2, "answer_tokens": 40}
    sections["copywriter_training"] = {"least_pairs": 20, "least_of_kind": 20, "judge_briefs": 4, "query_days": 1}
    sections["copy"] |= {"channels": ("blurb",), "candidates": 2}
    night = shop_copy.night(THIRD, "014", **sections)
    night.begin("train_copywriter")
    train_copywriter.main(night)
    folder = ("models", TUNED_MODEL, f"date={THIRD}", "run=014")
    files = shop_copy.lake.list_dir(*folder)
    assert {"adapters", "manifest.json", "promotion.json"} <= set(files)
    facts = shop_copy.lake.get_json(*folder, "promotion.json")
    assert ["recommendation", "blurb"] in facts["learned"]
    assert shop_copy.lake.list_dir("models", "copywriter") == []
    shop_copy.lake.put_json({"run": "014"}, *folder[:-1], "_current.json")
    copy, rejected, report = written(shop_copy, "014", sections)
    assert report["by_source"]["template"] > 0
    drafted = [row for row in rejected if row["source"] == "model"] + copy.filter(
        pa.compute.equal(copy["wording"], "tuned")
    ).to_pylist()
    assert drafted
    assert "/".join(folder) in copy["model"].to_pylist()


def test_a_writer_that_cannot_be_read_is_refused_before_anything_is_written(shop_copy: Sample, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"config cannot be read.*copy\.base_model"):
        written(shop_copy, "015", settings("prompted", str(tmp_path)))
    with pytest.raises(ValueError, match=r"copy_endpoint\.base_url is empty"):
        written(shop_copy, "015", settings("endpoint", str(tmp_path)))
    assert shop_copy.lake.version(COPY, THIRD, "015") is None
    report = shop_copy.night(THIRD, "016", **settings("endpoint", "m"))
    report.begin("train_copywriter")
    train_copywriter.main(report)
    assert "needs no training" in report.end()["start"]
