"""The page of drafts: it is bounded, waiting drafts come first, and no part of a row runs or loads in a browser."""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess

import numpy as np
import pytest
from PIL import Image

from jobs.images.drafts_page import first_rows, page_of, small

LURES = ("</script><script>document.title='owned'</script>", "<img src=x onerror=\"document.title='owned'\">",
         "\u202egnp.exe\u202c", "\u2028document.title='owned'//", "A" * 5_000, '"\\')  # fmt: skip
STATES = ("refused", "offered", "blocked", "approved")


def row(number, state="offered", text="Blue"):
    exists = state != "refused"
    return {"draft_id": f"d{number}", "draft_hash": "00" if exists else None, "item_id": text[:300], "picture": "p",
            "kind": "recolour", "asked": text, "state": state, "reason": None if exists else text, "file": "f" if exists
            else None, "looks": text, "chance": 0.9, "made_on": "2026-01-06"}  # fmt: skip


def picture():
    out = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (900, 700, 3), dtype=np.uint8)).save(out, "PNG")
    return out.getvalue()


def page(rows, most=1_000):
    page_rows = first_rows(rows, most)
    image = small(picture())
    drafts = {draft_row["draft_id"]: image for draft_row in page_rows if draft_row["file"]}
    titles = {
        draft_row["item_id"]: {"shown_title": draft_row["asked"], "shown_title_zh": None} for draft_row in page_rows
    }
    return page_of("2026-01-06", rows, page_rows, {"p": image}, drafts, titles)


def data_of(html):
    return json.loads(re.search(r'id="data">(.*?)</script>', html, re.DOTALL)[1])


def test_waiting_drafts_come_first_and_the_page_is_bounded():
    rows = [row(n, STATES[n % 4]) for n in range(100)]
    data = data_of(page(rows, 30))
    assert [entry["state"] for entry in data["rows"]] == ["offered"] * 25 + ["approved"] * 5
    assert (data["drafts"], data["states"]["refused"]) == (100, 25)


def test_a_row_has_its_original_beside_it_and_one_without_a_draft_has_none():
    row_of_state = {
        entry["state"]: entry for entry in data_of(page([row(n, state) for n, state in enumerate(STATES)]))["rows"]
    }
    assert row_of_state["offered"]["before"].startswith("data:image/jpeg;base64,")
    assert row_of_state["offered"]["after"].startswith("data:image/jpeg;base64,")
    assert row_of_state["refused"]["after"] is None


def test_pictures_are_small_and_broken_ones_are_left_out():
    assert len(small(picture())) < 100_000
    assert small(b"no picture") == ""


def test_texts_are_cut_and_inert():
    html = page([row(n, text=lure) for n, lure in enumerate(LURES)])
    assert html.count("<script") == html.count("</script>") == 2
    assert "default-src 'none'" in html
    assert max(len(entry["asked"]) for entry in data_of(html)["rows"]) == 300


def test_hostile_rows_run_nothing_in_a_browser(tmp_path):
    browser = next((path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))),
                   None)  # fmt: skip
    if browser is None:
        pytest.skip("no Chromium here: apt-get install chromium")
    file = tmp_path / "drafts.html"
    file.write_text(page([row(n, STATES[n % 4], LURES[n % len(LURES)]) for n in range(60)]), "utf-8")
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}",
               "--virtual-time-budget=5000", "--dump-dom", file.as_uri()]  # fmt: skip
    dom = subprocess.run(command, capture_output=True, text=True, timeout=300).stdout
    assert "<title>Generated pictures 2026-01-06</title>" in dom or "<title>生成的图片 2026-01-06</title>" in dom
    body = dom[dom.index("<body") :].partition("<noscript")[0]
    assert body.count("<article") == 40
    assert set(re.findall(r'<img src="([a-z]+:)', body)) == {"data:"}
    assert not re.search(r"<(?:iframe|svg|object|embed)\b|<img src=x", body)
    assert dom.count("<script") == 2
