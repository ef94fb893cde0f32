"""The plugin *Night report*: it serves only pages of a date, and only to people who are logged in."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.dags.conftest import ROOT

DAY = "2026-01-06"
ELSEWHERE = (
    f"/date={DAY}/../../published/current.json",
    f"/date={DAY}/..%2f..%2fpublished%2fcurrent.json",
    "/date=..%2f..%2fpublished/current.json",
    f"/date={DAY}/history.json",
    f"/date={DAY}/.index.html",
    f"/date={DAY}/%00index.html",
    f"/date={DAY}//etc/passwd",
    "/date=20260106/index.html",
    "/date=2026-13-45/index.html",
    "/date=2026-01-07/index.html",
)


@pytest.fixture(scope="module")
def plugin() -> ModuleType:
    spec = importlib.util.spec_from_file_location("night_report", ROOT / "dags/plugins/night_report.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for day in ("2026-01-05", DAY):
        (tmp_path / f"reports/date={day}").mkdir(parents=True)
        (tmp_path / f"reports/date={day}/index.html").write_text(f"the night of {day}")
    (tmp_path / f"reports/date={DAY}/history.json").write_text("[]")
    (tmp_path / "reports/date=2026-01-08").mkdir()  # a night that has begun and has no pages yet
    (tmp_path / "published").mkdir()
    (tmp_path / "published/current.json").write_text("{}")
    monkeypatch.setenv("NIGHTMARKET_LAKE", str(tmp_path))
    return tmp_path


@pytest.fixture
def reader(plugin: ModuleType, lake: Path) -> Any:
    """Somebody whom Airflow lets in."""
    plugin.pages.dependency_overrides[plugin.may_read.dependency] = lambda: None
    yield TestClient(plugin.pages)
    plugin.pages.dependency_overrides.clear()


def test_a_page_is_served_and_the_browser_may_not_store_it(reader: TestClient) -> None:
    answer = reader.get(f"/date={DAY}/index.html")
    assert (answer.status_code, answer.text) == (200, f"the night of {DAY}")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize("way", ["/", "/dag"])
def test_the_entry_pages_lead_to_the_newest_night_with_pages(reader: TestClient, way: str) -> None:
    assert reader.get(way).text == f"the night of {DAY}"


def test_a_lake_may_be_named_by_its_url(reader: TestClient, lake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NIGHTMARKET_LAKE", lake.as_uri())
    assert reader.get("/").text == f"the night of {DAY}"


@pytest.mark.parametrize("path", ELSEWHERE)
def test_nothing_else_is_served(reader: TestClient, path: str) -> None:
    assert reader.get(path).status_code == 404


@pytest.mark.parametrize("method", ["post", "put", "delete", "patch"])
def test_pages_are_only_read(reader: TestClient, method: str) -> None:
    assert getattr(reader, method)(f"/date={DAY}/index.html").status_code == 405


@pytest.mark.parametrize("path", ["/", "/dag", "/run?dag_id=nightly&run_id=x", f"/date={DAY}/index.html"])
def test_a_person_who_is_not_logged_in_sees_nothing(plugin: ModuleType, lake: Path, path: str) -> None:
    answer = TestClient(plugin.pages).get(path)
    assert answer.status_code == 401
    assert "the night of" not in answer.text


def test_without_pages_one_sentence_says_where_they_come_from(
    plugin: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NIGHTMARKET_LAKE", str(tmp_path / "none"))
    answer = plugin.newest()
    assert answer.status_code == 404
    assert b"trigger `nightly`" in answer.body


def test_the_views_are_where_people_trigger_a_night(plugin: ModuleType) -> None:
    views = plugin.NightReport.external_views
    assert {view["destination"] for view in views} == {"nav", "dag", "dag_run"}
    assert len({view["url_route"] for view in views}) == len(views)
