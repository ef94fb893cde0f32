"""A lake on an object store (an S3 server on this machine): pyarrow's reads and writes, and who wins a race.

Spark reads a lake on S3 through its own connector, which these tests do not have: see jobs/runtime/README.md.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from argparse import Namespace
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import fs as pafs

from jobs.publishing import prune_lake, publish_night, rollback_night
from jobs.runtime import published
from jobs.runtime.contested_files import Overtaken, look, put_if_unchanged
from jobs.runtime.lake import Lake
from jobs.runtime.table_writer import write_arrow
from schemas.arrow import arrow_schema
from schemas.tables import INTEREST, ITEMS, RECOMMENDATIONS
from tests.object_store import new_root
from tests.sample import FIRST, SECOND, THIRD, Sample

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def moved(sample: Sample, s3: None) -> Sample:
    """The sample lake, copied to an object store once, since the copy takes longer than the tests.

    Each test leaves the pointer where it was, but for the last one, which deletes versions.
    """
    lake = Lake(new_root())
    pafs.copy_files(sample.lake.root, lake.path(), destination_filesystem=lake.fs)
    return Sample(sample.raw, lake, sample.eve)


@pytest.fixture
def empty(s3: None) -> Lake:
    return Lake(new_root())


def some_interest() -> pa.Table:
    row = {"user_id": "u1", "item_id": "i1", "interest": 1.0, "purchases": 1.0}
    schema = arrow_schema(INTEREST)
    return pa.Table.from_pylist([{field.name: row.get(field.name, 0) for field in schema}], schema)


def test_a_lake_that_was_copied_is_read_as_before(sample: Sample, moved: Sample) -> None:
    local, remote = sample.lake, moved.lake
    assert published.pointed(remote) == published.pointed(local)
    assert remote.dates(INTEREST) == local.dates(INTEREST)
    assert remote.before(ITEMS, THIRD) == local.before(ITEMS, THIRD)
    assert remote.model_before("als", THIRD) == local.model_before("als", THIRD)
    for night in (sample, moved):
        assert night.night().versions(RECOMMENDATIONS).tonight().arrow().num_rows > 0
    rows = [shop.night().versions(RECOMMENDATIONS).tonight().arrow() for shop in (sample, moved)]
    assert rows[0].equals(rows[1])


def test_a_night_is_published_rolled_back_and_published_again(sample: Sample, moved: Sample) -> None:
    lake = moved.lake
    rollback_night.main(Namespace(lake=lake.root, to=None, config=None, set=[]))
    assert published.pointed(lake)["date"] == str(SECOND)
    night = moved.night()
    night.begin("publish_night")
    publish_night.main(night)
    local, remote = published.pointed(sample.lake), published.pointed(lake)
    assert remote["run"] == local["run"]
    assert remote["tables"] == local["tables"]  # with the checksum of each file
    for path in published.files(remote, RECOMMENDATIONS.name):
        assert lake.exists(path)


def test_nothing_of_a_writer_that_was_killed_is_seen(empty: Lake) -> None:
    code = (
        "import sys, time; from jobs.runtime.lake import Lake; lake = Lake(sys.argv[1])\n"
        "out = lake.fs.open_output_stream(lake.path('pointer.json')); out.write(b'[1, 2'); out.flush()\n"
        "lake.put_text('killed', 'orphan'); print('half', flush=True); time.sleep(60)"
    )
    killed = subprocess.Popen([sys.executable, "-c", code, empty.root], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert killed.stdout is not None
    assert killed.stdout.readline() == "half\n"
    killed.kill()
    killed.wait()
    killed.stdout.close()
    assert empty.list_dir() == ["orphan"]
    assert look(empty, "pointer.json").content is None


def test_a_version_holds_only_the_files_of_the_try_that_was_committed(empty: Lake) -> None:
    rows = some_interest()
    first = write_arrow(rows, INTEREST, empty, str(FIRST), "001")
    second = write_arrow(rows, INTEREST, empty, str(FIRST), "001")
    assert first.files != second.files
    assert empty.list_dir(second.folder) == sorted(["_version.json", *second.files])
    assert empty.version(INTEREST, FIRST, "001") == second


def test_of_nights_that_publish_at_once_one_wins_and_the_others_learn_it(empty: Lake) -> None:
    all_there, won, lost = threading.Barrier(6), [], []
    pointer = look(empty, *published.POINTER)

    def publish(run: int) -> None:
        all_there.wait()
        try:
            put_if_unchanged(empty, pointer, {"run": run}, *published.POINTER)
            won.append(run)
        except Overtaken as problem:
            lost.append(str(problem))

    threads = [threading.Thread(target=publish, args=(run,)) for run in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(won), len(lost)) == (1, 5)
    assert published.pointed(empty) == {"run": won[0]}
    assert "nothing was changed" in lost[0]


def test_a_rollback_during_a_publication_is_not_undone_by_it(moved: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    night = moved.night()
    night.begin("publish_night")
    write = publish_night.write_products

    def and_a_person_rolls_back(*arguments: object) -> object:
        rollback_night.main(Namespace(lake=moved.lake.root, to=None, config=None, set=[]))
        return write(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(publish_night, "write_products", and_a_person_rolls_back)
    with pytest.raises(Overtaken, match="was written by another process"):
        publish_night.main(night)
    assert published.pointed(moved.lake)["date"] == str(SECOND)
    monkeypatch.undo()
    publish_night.main(night)
    assert published.pointed(moved.lake)["date"] == str(THIRD)


def test_old_versions_are_deleted_and_versions_that_a_pointer_names_stay(moved: Sample) -> None:
    night = moved.night(publish={"keep_runs": 1, "keep_nights": 1, "keep_sources": 1})
    night.begin("prune_lake")
    prune_lake.main(night)
    lake = moved.lake
    assert published.runs(lake) == [published.pointed(lake)["run"]]
    assert lake.current(ITEMS, FIRST) is None
    assert lake.current(ITEMS, THIRD) is not None
