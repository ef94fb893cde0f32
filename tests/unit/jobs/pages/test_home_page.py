"""index.html of failed nights: held back, published without a product, or ended at once."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from jobs.pages import show_night
from jobs.runtime.lake import Lake
from jobs.runtime.night import Night
from jobs.runtime.settings import Settings

DAY = dt.date(2026, 1, 6)


def home_page(tmp_path: Path, **reports: dict[str, object]) -> str:
    """index.html of a night with these reports and without tables."""
    lake = Lake(str(tmp_path))
    for job, report in reports.items():
        lake.put_json({"seconds": 1.0, **report}, "runs", f"date={DAY}", "run=001", f"{job}.json")
    night = Night(DAY, lake, "001", Settings({}))
    night.begin("show_night")
    show_night.main(night)
    names = {path.name for path in (tmp_path / f"reports/date={DAY}").iterdir()}
    assert names >= {"index.html", "lists.html", "data.html", "models.html"}
    return (tmp_path / f"reports/date={DAY}/index.html").read_text("utf-8")


def test_a_night_that_is_held_back_says_why_and_what_readers_see(tmp_path: Path) -> None:
    Lake(str(tmp_path)).put_json(
        {"run": "2026-01-05-001", "products": {"lists": {"state": "fresh", "from": "2026-01-05-001"}}},
        *("published", "current.json"),
    )
    error = "NotPublished: churn: expected at most 95%, saw 99%\n  details"
    page = home_page(tmp_path, clean_events={"raw": 2, "kept": 2, "rejected": {}}, publish_night={"error": error})
    assert "Held back: publish_night: NotPublished: churn: expected at most 95%, saw 99%." in page
    assert "The storefront keeps 2026-01-05-001." in page
    assert "What readers see" in page


def test_a_night_whose_drop_did_not_come_is_shown_too(tmp_path: Path) -> None:
    page = home_page(tmp_path, receive_drop={"error": "MissingDay: no file matches <day>.csv"})
    assert "Held back: receive_drop: MissingDay: no file matches &lt;day&gt;.csv." in page
    assert "Nothing was ever published." in page


def test_a_night_published_without_a_product_is_not_called_whole(tmp_path: Path) -> None:
    products = {
        "lists": {"state": "fresh", "from": "2026-01-06-001", "valid_until": "2026-01-09T12:00:00Z"},
        "copy": {"state": "absent", "because": "write_copy: ValueError: no voice"},
    }
    page = home_page(
        tmp_path,
        publish_night={"published": "2026-01-06-001", "products": products},
        write_copy={"error": "ValueError: no voice"},
    )
    assert "Published as 2026-01-06-001, but not whole: write_copy failed." in page
    assert "write_copy: ValueError: no voice" in page
    assert "2026-01-09 12:00 UTC" in page


def test_customers_questions_are_counted_where_there_are_any(tmp_path: Path) -> None:
    answered = {"questions": 3, "decisions": {"answer": 2, "hand_over": 1}, "reasons": {"no source": 1}}
    page = home_page(tmp_path, answer_questions=answered)
    assert "Customer service" in page
    assert "hand over" in page
    assert "Customer service" not in home_page(tmp_path / "none", answer_questions={"questions": 0})


def test_a_dry_run_is_not_called_a_failure(tmp_path: Path) -> None:
    page = home_page(tmp_path, clean_events={"raw": 2, "kept": 2, "rejected": {}}, judge_lists={"quality": []})
    assert "Not published: a dry run, or publishing has not run." in page


def test_a_storefront_reads_which_files_to_load_and_how_long_a_list_is(tmp_path: Path) -> None:
    file = {"name": "part-0.parquet", "bytes": 2_500_000, "sha256": "00"}
    table = {"product": "lists", "rows": 36_018, "files": [file, file]}
    manifest = {"run": "2026-01-06-001", "products": {}, "rules": {"k": 12, "spares": 6}}
    Lake(str(tmp_path)).put_json(manifest | {"tables": {"recommendations": table}}, "published", "current.json")
    page = home_page(tmp_path, publish_night={"published": "2026-01-06-001"})
    assert "A list has 12 places (k, the setting recommend.k)" in page
    assert "6 spares (is_spare)" in page
    assert "recommendations" in page
    assert "36,018" in page
    assert "5.00" in page


def test_a_figure_leads_to_the_rows_behind_it(tmp_path: Path) -> None:
    page = home_page(tmp_path, clean_events={"raw": 9, "kept": 2, "rejected": {"crawler": 7}})
    assert '<a href="data.html#rejected_events">7</a>' in page


def test_a_failed_try_to_draw_the_pages_is_no_failure_of_the_night(tmp_path: Path) -> None:
    page = home_page(
        tmp_path, publish_night={"published": "2026-01-06-001"}, show_night={"error": "OSError: disk full"}
    )
    assert "every job succeeded" in page
    assert "disk full" not in page
