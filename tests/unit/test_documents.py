"""The documents: every room has one, none is too long, links lead to files, and facts agree with the code."""

from __future__ import annotations

import re
import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from jobs.runtime.registry import job_files
from jobs.runtime.settings import SECTIONS, Settings, config_class
from schemas.campaigns.reading import parse_campaigns

ROOT = Path(__file__).resolve().parents[2]
FRONT = ROOT / "README.md"
# Nobody reads generated tables and tables of results from beginning to end.
LONG = {ROOT / "schemas" / "README.md", ROOT / "tests" / "bench" / "README.md"}
TOPS = ("dags", "jobs", "models", "schemas", "tests")
DOCUMENTS = [FRONT, *sorted(path for top in TOPS for path in (ROOT / top).rglob("*.md"))]
LINK = re.compile(r"\[[^\]]+\]\(([^)#\s]+)[^)]*\)")


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", DOCUMENTS, ids=named)
def test_a_document_is_short(path: Path) -> None:
    most = 200 if path == FRONT else 120
    if path not in LONG:
        assert len(path.read_text("utf-8").splitlines()) <= most


def test_every_room_has_a_document() -> None:
    rooms = [ROOT / top for top in TOPS] + [ROOT / "tests" / "bench"]
    rooms += [path.parent for top in ("jobs", "schemas") for path in (ROOT / top).glob("*/__init__.py")]
    assert [named(room) for room in rooms if not (room / "README.md").is_file()] == []


def test_every_room_of_models_is_in_its_document() -> None:
    text = (ROOT / "models" / "README.md").read_text("utf-8")
    rooms = [path.parent.name for path in (ROOT / "models").glob("*/__init__.py")]
    assert [room for room in rooms if f"`{room}" not in text] == []


def test_every_job_is_in_the_document_of_its_room() -> None:
    missing = [
        job for job, path in job_files().items()
        if not re.search(rf"\b{job}\b", (path.parent / "README.md").read_text("utf-8"))
    ]  # fmt: skip
    assert missing == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=named)
def test_listed_modules_are_in_the_room(path: Path) -> None:
    for rows in re.findall(r"^\| (?:job|module) \|.*\n\|.*\n((?:\|.*\n)+)", path.read_text("utf-8"), re.MULTILINE):
        modules = [name for row in rows.splitlines() for name in re.findall(r"`(\w+)`", row.split("|")[1])]
        assert [name for name in modules if not (path.parent / f"{name}.py").is_file()] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=named)
def test_links_lead_to_files(path: Path) -> None:
    links = [link for link in LINK.findall(path.read_text("utf-8")) if "://" not in link]
    assert [link for link in links if not (path.parent / link).exists()] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=named)
def test_named_files_exist(path: Path) -> None:
    files = re.findall(r"`((?:jobs|models|schemas|tests|dags)/[\w/]+\.(?:py|toml|sql))`", path.read_text("utf-8"))
    assert [file for file in files if not (ROOT / file).exists()] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=named)
def test_commands_name_jobs_that_exist(path: Path) -> None:
    jobs = job_files()
    named_jobs = re.findall(r"python -m jobs ([a-z_]+)", path.read_text("utf-8"))
    assert [
        job for job in named_jobs if job not in jobs and sum(known.startswith(f"{job}_") for known in jobs) != 1
    ] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=named)
def test_make_targets_exist(path: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named_targets = re.findall(r"`make ([a-z-]+[a-z])\b", path.read_text("utf-8"))
    assert [target for target in named_targets if target not in targets | {"bench"}] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=named)
def test_settings_exist(path: Path) -> None:
    """`section.key`, in backticks or after --set; columns of tables are not written in this form."""
    named_settings = re.findall(rf"(?:`|--set )({'|'.join(SECTIONS)})\.([a-z_]+)\b", path.read_text("utf-8"))
    keys = {section: {field.name for field in fields(config_class(section))} for section in SECTIONS}
    assert [f"{section}.{key}" for section, key in named_settings if key not in keys[section]] == []


def test_declared_campaigns_and_experiments_load() -> None:
    assert [campaign.id for campaign in parse_campaigns(toml_of("jobs/offers")).campaigns] == ["win_back"]
    declared = Settings(toml_of("jobs/experiments")).section("experiments").running
    assert [arm.name for experiment in declared for arm in experiment.arms] == ["control", "two"]


def test_settings_of_each_way_to_use_a_checkpoint_load() -> None:
    text = (ROOT / "jobs" / "copywriting" / "CHECKPOINTS.md").read_text("utf-8")
    files = [tomllib.loads(part.partition("```")[0]) for part in text.split("```toml\n")[1:]]
    for file in files:
        for section in file:
            Settings(file).section(section)
    assert [file["copy"]["writer"] for file in files] == ["prompted", "tuned", "endpoint"]


def toml_of(room: str) -> dict[str, Any]:
    """The first TOML of a room's document."""
    text = (ROOT / room / "README.md").read_text("utf-8")
    return tomllib.loads(text.partition("```toml\n")[2].partition("```")[0])
