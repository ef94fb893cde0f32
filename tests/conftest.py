"""One Spark session, and one sample shop with three nights, for all tests of a process."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from pyspark.sql import SparkSession

from tests.sample import Sample, make_sample


@pytest.fixture(scope="session")
def spark() -> Iterator[SparkSession]:
    os.environ.setdefault("NIGHTMARKET_JAVA_OPTIONS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")
    os.environ.setdefault("NIGHTMARKET_SPARK_MEMORY", "2g")
    from jobs.runtime.spark import session

    made = session("tests", "local[2]")
    made.conf.set("spark.sql.shuffle.partitions", "2")
    yield made
    made.stop()


@pytest.fixture(scope="session")
def sample(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Sample:
    """Read only: a test that writes takes a copy."""
    return make_sample(tmp_path_factory.mktemp("sample"))
