"""One Spark session for all tests of a process."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from pyspark.sql import SparkSession


@pytest.fixture(scope="session")
def spark() -> Iterator[SparkSession]:
    os.environ.setdefault("NIGHTMARKET_JAVA_OPTIONS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")
    os.environ.setdefault("NIGHTMARKET_SPARK_MEMORY", "2g")
    from jobs.runtime.spark import session

    made = session("tests", "local[2]")
    made.conf.set("spark.sql.shuffle.partitions", "2")
    yield made
    made.stop()
