"""One Spark session, and one sample shop with three nights, for all tests of a process."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from jobs.runtime.java_options import FOR_A_SMALL_NIGHT
from jobs.runtime.threads import bound_threads

os.environ.setdefault("NIGHTMARKET_JAVA_OPTIONS", FOR_A_SMALL_NIGHT)
bound_threads()  # before numpy and torch are loaded, as `python -m jobs` does

from pyspark.sql import SparkSession  # noqa: E402

from tests.object_store import s3_server  # noqa: E402
from tests.sample import Sample, make_sample  # noqa: E402


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--nights",
        choices=("with", "without"),
        help="with: only test files that use the sample's nights or run nights; without: only the others; see .ci/test",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    choice = config.getoption("--nights")
    if choice is None:
        return
    nights = {test.path for test in items if "sample" in getattr(test, "fixturenames", ()) or "e2e" in test.path.parts}
    deselected = [item for item in items if (item.path in nights) != (choice == "with")]
    config.hook.pytest_deselected(items=deselected)
    items[:] = [item for item in items if item not in set(deselected)]


@pytest.fixture(scope="session")
def spark() -> Iterator[SparkSession]:
    os.environ.setdefault("NIGHTMARKET_SPARK_MEMORY", "2g")
    os.environ.setdefault("NIGHTMARKET_MASTER_KEY", "ab" * 32)  # Spark's workers have the environment of its start
    from jobs.runtime.spark import session

    spark_session = session("tests", "local[2]")
    spark_session.conf.set("spark.sql.shuffle.partitions", "2")
    yield spark_session
    spark_session.stop()


@pytest.fixture(scope="session")
def sample(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Sample:
    """Read only: a test that writes takes a copy."""
    return make_sample(tmp_path_factory.mktemp("sample"))


@pytest.fixture(scope="session")
def s3() -> Iterator[None]:
    """An S3 server for tests of a lake on an object store; `tests.object_store.new_root` gives a lake's URL."""
    with s3_server():
        yield
