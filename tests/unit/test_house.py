"""The house's rules: who imports whom, what stands at the top level, and what a table may declare."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from jobs.runtime.registry import job_files
from schemas.table import GATES
from schemas.tables import BY_NAME, STORED

ROOT = Path(__file__).resolve().parents[2]
OURS = ("dags", "jobs", "models", "schemas", "tests")
MAY_IMPORT = {"schemas": {"schemas"}, "models": {"models"}, "jobs": {"jobs", "models", "schemas"}, "dags": set()}
RUNS_JOBS_BY_NAME = {"nightly", "replay_nights"}
TOP_LEVEL = {".ci", ".gitignore", "Makefile", "README.md", "dags", "jobs", "models", "pyproject.toml", "schemas",
             "tests"}  # fmt: skip
# Beside the rooms: exact pins of the two environments, the licence, and what a host of the repository asks for.
BESIDES = {"LICENSE", ".github", ".gitattributes", ".python-version"}
SOURCES = sorted(path for room in MAY_IMPORT for path in (ROOT / room).rglob("*.py"))
JOBS = list(job_files().values())


def imported(path: Path) -> set[str]:
    """Every module that a file imports, anywhere in it; `from a import b` gives a and a.b."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute here"
            found.add(node.module or "")
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", SOURCES, ids=named)
def test_rooms_import_what_they_may(path: Path) -> None:
    room = path.relative_to(ROOT).parts[0]
    ours = {name.partition(".")[0] for name in imported(path)} & set(OURS)
    assert ours <= MAY_IMPORT[room]


def test_no_job_imports_another_job() -> None:
    jobs = {path.stem for path in JOBS}
    for path in JOBS:
        others = {name.split(".")[-1] for name in imported(path) if name.startswith("jobs.")} & jobs - {path.stem}
        assert not others or path.stem in RUNS_JOBS_BY_NAME, f"{path.stem} imports {others}"


def test_declarations_need_only_the_standard_library() -> None:
    for path in (ROOT / "schemas").rglob("*.py"):
        if path.name in ("arrow.py", "expectations.py"):
            continue
        roots = {name.partition(".")[0] for name in imported(path)}
        assert roots <= {*sys.stdlib_module_names, "schemas"}, path.name


def test_no_module_is_named_like_one_of_the_standard_library() -> None:
    names = {path.stem if path.stem != "__init__" else path.parent.name for path in SOURCES}
    assert not names & set(sys.stdlib_module_names)


def test_top_level_is_fixed() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    there = {line.partition("/")[0] for line in listed.stdout.splitlines()}
    strange = {name for name in there - TOP_LEVEL - BESIDES if not name.endswith(".lock")}
    assert not strange
    assert {"dags", "jobs", "models", "schemas", "tests", "Makefile", "pyproject.toml"} <= there


@pytest.mark.parametrize("table", BY_NAME.values(), ids=lambda t: t.name)
def test_a_table_says_what_it_is_and_publishes_nothing_personal(table) -> None:
    assert table.grain
    assert table.readers
    assert all(column.doc.endswith(".") for column in table.columns)
    assert table.checked_at in GATES or table not in STORED
    if table.product:
        assert not [c.name for c in table.columns if c.personal]
        assert not {"email", "phone", "cost", "stock", "attributes"} & set(table.shown_names)


@pytest.mark.parametrize("path", JOBS, ids=lambda path: path.stem)
def test_every_job_says_what_it_does_in_a_line(path: Path) -> None:
    first = (ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "").partition("\n")[0]
    assert first.endswith((".", ";", ":")), first


def test_help_lists_every_job_without_starting_spark() -> None:
    command = [sys.executable, "-X", "importtime", "-m", "jobs", "--help"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert all(path.stem in done.stdout for path in JOBS)
    assert "pyspark" not in done.stderr
