"""The rules of the code: who may import whom, what is at the top level, and what a table may declare."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from jobs.runtime.registry import job_files
from schemas.copywriting.language_files import languages_there_are
from schemas.table import GATES
from schemas.tables import BY_NAME, STORED

ROOT = Path(__file__).resolve().parents[2]

# Who may import whom. A room (a folder with everything below it) may import itself and the rooms named here. A room may
# only name rooms that are above it in this table, so that imports go down the floors and never in a circle.
_BASE = ("models/core", "models/text")
_DATA = ("models", "schemas")  # with all their rooms
_ABOVE_RUNTIME = (*_DATA, "jobs/runtime", "jobs/common")
MAY_IMPORT: dict[str, tuple[str, ...]] = {
    "dags": (),
    "schemas": (),  # its rooms import its files and each other: the test of circles checks them
    # arrays in, arrays out
    "models/core": (),
    "models/text": (),
    "models/offers": (),
    "models/experiments": (),
    "models/privacy": (),
    "models/recommenders": _BASE,
    "models/cold_start": _BASE,
    "models/customers": _BASE,
    "models/pricing": _BASE,
    "models/copywriting": _BASE,
    "models/fact_lock": _BASE,
    "models/images": _BASE,
    "models/service": _BASE,
    "models/image_editing": (*_BASE, "models/images"),
    "models/instruct": (*_BASE, "models/copywriting"),
    "models/ranking": (*_BASE, "models/recommenders", "models/cold_start"),
    "models/compliance": (*_BASE, "models/fact_lock"),
    "models/reference": (*_BASE, "models/ranking", "models/recommenders"),
    # what a night does
    "jobs/runtime": _DATA,
    "jobs/common": (*_DATA, "jobs/runtime"),
    "jobs/intake": _ABOVE_RUNTIME,
    "jobs/sample_shop": (*_DATA, "jobs/runtime"),
    "jobs/features": _ABOVE_RUNTIME,
    "jobs/customers": _ABOVE_RUNTIME,
    "jobs/prices": _ABOVE_RUNTIME,
    "jobs/offers": _ABOVE_RUNTIME,
    "jobs/copywriting": (*_ABOVE_RUNTIME, "jobs/sample_shop"),  # check_language shows its items
    "jobs/images": _ABOVE_RUNTIME,
    "jobs/service": _ABOVE_RUNTIME,
    "jobs/lists": (*_ABOVE_RUNTIME, "jobs/features"),
    "jobs/experiments": (*_ABOVE_RUNTIME, "jobs/features", "jobs/offers"),
    "jobs/publishing": (*_ABOVE_RUNTIME, "jobs/features", "jobs/lists"),
    "jobs/privacy": _ABOVE_RUNTIME,
    "jobs/reports": (*_ABOVE_RUNTIME, "jobs/features", "jobs/lists"),
    "jobs/pages": (*_ABOVE_RUNTIME, "jobs/reports"),
    "jobs/nights": (
        *_ABOVE_RUNTIME,
        "jobs/intake",
        "jobs/features",
        "jobs/prices",
        "jobs/reports",
    ),  # and every job, by name
    "jobs": (*_DATA, "jobs/runtime"),  # __main__.py
}
# Schemas need only the standard library, except the two files that derive other libraries' forms of a table.
DERIVED = {"schemas/arrow.py": {"pyarrow"}, "schemas/expectations.py": {"great_expectations"}}
NOT_FOR_MODELS = {"pyspark", "airflow"}

TOP_LEVEL = {".ci", ".gitignore", "Makefile", "README.md", "dags", "jobs", "models", "pyproject.toml", "schemas",
             "tests"}  # fmt: skip
# Besides the rooms: exact pins of the two environments, the licence, and files that the repository's host needs.
BESIDES = {"LICENSE", ".github", ".gitattributes", ".python-version"}
OURS = {"dags", "jobs", "models", "schemas", "tests"}
SOURCES = sorted(path for top in ("dags", "jobs", "models", "schemas") for path in (ROOT / top).rglob("*.py"))
JOBS = list(job_files().values())


@cache
def imported(path: Path) -> frozenset[str]:
    """Every module that a file imports, anywhere in it; `from a import b` gives a and a.b."""
    modules: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            modules.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute here"
            modules.add(node.module or "")
            modules.update(f"{node.module}.{alias.name}" for alias in node.names)
    return frozenset(modules)


@cache
def files_imported(path: Path) -> frozenset[Path]:
    """Our own files that a file imports."""
    modules = {ROOT.joinpath(*name.split(".")) for name in imported(path) if name.partition(".")[0] in OURS}
    files = {module.with_suffix(".py") for module in modules} | {module / "__init__.py" for module in modules}
    return frozenset(file for file in files if file.is_file() and file != path)


def room_of(path: Path) -> str:
    """The name of the file's folder in MAY_IMPORT; if it is not there, the folder itself."""
    parts = path.relative_to(ROOT).parts
    return parts[0] if len(parts) == 2 or parts[0] in ("dags", "schemas") else f"{parts[0]}/{parts[1]}"


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


# Files that may name a language: for defaults of settings, for pages in English and Chinese, for the copywriter's own
# network (it is trained on these languages), and for groups of a pattern that have a language's name.
NAMES_A_LANGUAGE = {
    "jobs/copywriting/rules.py", "jobs/copywriting/dictionary.py", "jobs/copywriting/drafts.py",
    "jobs/copywriting/review_page_words.py", "jobs/customers/segments_picture.py", "jobs/images/drafts_page.py",
    "jobs/images/page_words.py", "jobs/privacy/export_page.py", "jobs/service/page_words.py", "models/text/numerals.py",
    "schemas/copywriting/language_check.py", "schemas/copywriting/language_files.py",
}  # fmt: skip
ROOMS_THAT_NAME_LANGUAGES = ("jobs/sample_shop/", "models/copywriting/", "models/fact_lock/")


def test_no_code_compares_with_the_name_of_a_language() -> None:
    """Everything that a language needs is in its folder, so that a new language needs no code."""
    names = "|".join(languages_there_are())
    language_name = re.compile(rf"""["'](?:{names})["']""")
    code = [path for path in SOURCES if named(path).startswith(("jobs/", "models/", "schemas/"))]
    naming_files = {named(path) for path in code if language_name.search(path.read_text("utf-8"))}
    assert {name for name in naming_files if not name.startswith(ROOMS_THAT_NAME_LANGUAGES)} <= NAMES_A_LANGUAGE


def test_rooms_import_only_rooms_above_them_in_the_table() -> None:
    above: set[str] = set(_DATA)
    for room, others in MAY_IMPORT.items():
        assert set(others) <= above, f"{room} may only import what stands above it in the table"
        above.add(room)


@pytest.mark.parametrize("path", SOURCES, ids=named)
def test_rooms_import_what_they_may(path: Path) -> None:
    room = room_of(path)
    if path.name == "__init__.py" and room == "models":  # the package's own docstring
        assert not files_imported(path)
        return
    assert room in MAY_IMPORT, f"{room} is new: give it a line in MAY_IMPORT"
    may = {room, *MAY_IMPORT[room]}
    for file in files_imported(path):
        other = room_of(file)
        assert other in may or other.partition("/")[0] in may - {"jobs"}, f"{named(path)} may not import {named(file)}"


def test_no_files_import_each_other_in_a_circle() -> None:
    done: set[Path] = set()

    def visit(path: Path, way: tuple[Path, ...]) -> None:
        assert path not in way, f"a circle of imports: {' -> '.join(map(named, [*way[way.index(path) :], path]))}"
        if path not in done:
            for other in files_imported(path):
                if other.name != "__init__.py":
                    visit(other, (*way, path))
            done.add(path)

    for path in SOURCES:
        visit(path, ())


def test_jobs_are_imported_by_nights_alone() -> None:
    for path in SOURCES:
        if room_of(path) != "jobs/nights":
            assert not files_imported(path) & set(JOBS), f"{named(path)} imports a job; share a module instead"


def test_schemas_need_only_the_standard_library_and_models_no_spark() -> None:
    for path in SOURCES:
        roots = {name.partition(".")[0] for name in imported(path)}
        if room_of(path) == "schemas":
            assert roots <= {*sys.stdlib_module_names, "schemas"} | DERIVED.get(named(path), set()), named(path)
        if room_of(path).startswith("models"):
            assert not roots & NOT_FOR_MODELS, named(path)


# One module opens a lake's Parquet files, since they may be encrypted. The files below open other Parquet files: a
# shop's own files, files for a user, a file that Spark saved for itself, or files in memory.
PARQUET_BY_HAND = re.compile(
    r"\bpq\.(read|write|Parquet(File|Writer)\()|\bds\.dataset\((?!arrow_schema)|"
    r"\b(read|write)\w*(\.\w+\(.*\))*\.parquet\(|(read|scan|write|to|sink)_parquet\("
)
NO_FILES_OF_THE_LAKE = {
    "jobs/runtime/parquet_files.py", "jobs/customers/export_audience.py", "jobs/customers/spark_classifiers.py",
    "jobs/images/named_files.py", "jobs/intake/file_inspection.py", "jobs/intake/source_samples.py",
    "jobs/privacy/parquet_edit.py", "jobs/privacy/plan.py",
    "jobs/service/service_files.py",
}  # fmt: skip


def test_parquet_files_of_a_lake_are_opened_in_one_place() -> None:
    code = [path for path in SOURCES if not named(path).startswith("jobs/sample_shop/")]
    by_hand = {named(path) for path in code if PARQUET_BY_HAND.search(path.read_text("utf-8"))}
    assert by_hand == NO_FILES_OF_THE_LAKE, "use jobs/runtime/parquet_files.py"


BENCHES = sorted((ROOT / "tests" / "bench").rglob("*.py"))
SAYING = {"progress", "each", "Progress"}  # of jobs/runtime/progress.py
# The log, lines of Spark's JVM, errors of a command and remarks on its result, and the progress of long work.
ON_STDERR = {
    "jobs/__main__.py", "jobs/copywriting/check_language.py", "jobs/intake/propose_source.py",
    "jobs/reports/describe_tables.py", "jobs/runtime/log.py", "jobs/runtime/progress.py", "jobs/runtime/spark.py",
}  # fmt: skip


def says_how_far_it_is(path: Path) -> bool:
    """Whether a file calls something that it imports from jobs/runtime/progress.py."""
    tree = ast.parse(path.read_text("utf-8"))
    known = {name.removeprefix("jobs.runtime.progress.") for name in imported(path)} & SAYING
    return any(isinstance(node, ast.Call) and getattr(node.func, "id", "") in known for node in ast.walk(tree))


@pytest.mark.parametrize("path", [path for path in BENCHES if "\ndef main(" in path.read_text("utf-8")], ids=named)
def test_every_bench_reports_its_progress(path: Path) -> None:
    assert says_how_far_it_is(path), "use `progress` or `each` of jobs/runtime/progress.py: long work is never silent"


def test_progress_is_reported_in_one_way() -> None:
    by_hand = {named(path) for path in (*SOURCES, *BENCHES) if "sys.stderr" in path.read_text("utf-8")}
    assert by_hand == ON_STDERR, "`say` of jobs/runtime/progress.py writes to stderr"
    models = [path for path in SOURCES if named(path).startswith("models/")]
    printing = re.compile(r"(?<![\w.])print\(|jobs\.runtime")
    assert not [named(path) for path in models if printing.search(path.read_text("utf-8"))], "models get a callback"


def test_no_module_is_named_like_one_of_the_standard_library() -> None:
    names = {path.stem if path.stem != "__init__" else path.parent.name for path in SOURCES}
    assert not names & set(sys.stdlib_module_names)


def test_top_level_is_fixed() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    top_names = {line.partition("/")[0] for line in listed.stdout.splitlines()}
    strange = {name for name in top_names - TOP_LEVEL - BESIDES if not name.endswith(".lock")}
    assert not strange
    assert {"dags", "jobs", "models", "schemas", "tests", "Makefile", "pyproject.toml"} <= top_names


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
