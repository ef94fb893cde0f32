"""The Spark session: `local[*]` by default; under spark-submit whatever the connection says."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import pyspark
from pyspark import SparkConf, SparkContext
from pyspark.java_gateway import launch_gateway
from pyspark.sql import SparkSession

from jobs.runtime.threads import SLEEP_WHILE_WAITING

# Applied at start; all can be overridden by spark-submit. The JVM flags matter for nights of seconds, not of hours.
_DEFAULTS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.parquet.compression.codec": "zstd",
    "spark.sql.execution.arrow.maxRecordsPerBatch": "65536",
    "spark.python.worker.reuse": "true",
    "spark.sql.execution.pyspark.udf.simplifiedTraceback.enabled": "true",
    "spark.cleaner.periodicGC.interval": "10min",
    # Both note the line of Python behind every column expression: a third of a small night's planning.
    "spark.python.sql.dataFrameDebugging.enabled": "false",
    "spark.sql.dataFrameQueryContext.enabled": "false",
    # Arrays are collected for every user: at the usual 128 keys Spark gives up hashing and sorts.
    "spark.sql.objectHashAggregate.sortBased.fallbackThreshold": "20000",
}


# Below this a second task, and its Python worker, cost more than they carry: about 50,000 rows of interest.
_ONE_TASK_BYTES = 1 << 20


# Spark's classes as a JVM reads them fastest. .ci/setup keeps them there; with them a JVM and its session start in half
# the time. A JVM that they do not fit, of another Java for example, passes them over; it need not say so.
CLASSES = Path(pyspark.__file__).with_name("classes.jsa")
_SHARED = f"-XX:SharedArchiveFile={CLASSES} -Xlog:cds*=off"
# What starts soonest: no second compiler, and a collector without threads of its own.
_FOR_SECONDS = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"


def session(app_name: str, master: str | None = None, for_seconds: bool = False) -> SparkSession:
    """The process's one session. `master` and NIGHTMARKET_SPARK_MASTER lose to a running spark-submit's choice.

    `for_seconds`: the JVM starts faster and computes more slowly, for a process that looks at a few thousand rows.
    """
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.appName(f"nightmarket {app_name}")
    submitted = "PYSPARK_GATEWAY_PORT" in os.environ  # set by spark-submit for its child
    if not submitted:
        _start_jvm(for_seconds)
        builder = builder.master(master or os.environ.get("NIGHTMARKET_SPARK_MASTER", "local[*]"))
        builder = builder.config("spark.driver.host", "127.0.0.1").config("spark.driver.bindAddress", "127.0.0.1")
    for key, value in _DEFAULTS.items():
        builder = builder.config(key, value)
    for key, value in SLEEP_WHILE_WAITING.items():  # Spark itself sets the number of threads of its Python workers
        builder = builder.config(f"spark.executorEnv.{key}", value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    return spark


@contextmanager
def interpreted(spark: SparkSession) -> Iterator[None]:
    """Within it, expressions are interpreted: for some thousand rows, compiling them takes longer than the rows do."""
    wanted = {"spark.sql.codegen.wholeStage": "false", "spark.sql.codegen.factoryMode": "NO_CODEGEN"}
    before = {key: spark.conf.get(key) for key in wanted}
    for key, value in wanted.items():
        spark.conf.set(key, value)
    try:
        yield
    finally:
        for key, old in before.items():
            spark.conf.set(key, str(old))


def _start_jvm(for_seconds: bool) -> None:
    """Start this process's JVM, unless it runs, and pass on what it writes to stderr."""
    if SparkContext._gateway is not None:
        return
    conf = SparkConf(loadDefaults=False)
    conf.set("spark.driver.memory", os.environ.get("NIGHTMARKET_SPARK_MEMORY", _driver_memory()))
    conf.set("spark.driver.extraJavaOptions", _java_options(for_seconds))
    ours, its = os.pipe()
    threading.Thread(target=_pass_on, args=(os.fdopen(ours, errors="replace"),), daemon=True).start()
    try:
        SparkContext._ensure_initialized(gateway=launch_gateway(conf, {"stderr": its}))
    finally:
        os.close(its)


def _pass_on(lines: IO[str]) -> None:
    """All but what no option turns off: the JVM's warnings about itself, MLlib's about BLAS that it does without."""
    for line in lines:
        if not line.startswith(("WARNING: ", "netlib-")):
            sys.stderr.write(line)


def forget_cached() -> None:
    """Free what a failed job kept in Spark's memory; in a replay it would add up."""
    spark = SparkSession.getActiveSession()
    with suppress(Exception):  # the job may have failed because Spark did
        if spark is not None:
            spark.catalog.clearCache()


def _java_options(for_seconds: bool) -> str:
    """Every night generates its classes anew: in the usual code cache the JVM would soon sweep more than it runs."""
    ours = _FOR_SECONDS if for_seconds else "-XX:ReservedCodeCacheSize=512m"
    log = f"-Dlog4j2.configurationFile={Path(__file__).with_name('log4j2.properties').as_uri()}"
    shared = _SHARED if CLASSES.exists() else ""
    return " ".join(filter(None, (ours, log, shared, os.environ.get("NIGHTMARKET_JAVA_OPTIONS"))))


def _driver_memory() -> str:
    """A third of the machine for the JVM, the rest for Python workers, training and the page cache."""
    total_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{max(1, int(total_gib / 3))}g"


def size_shuffles(spark: SparkSession, input_bytes: int) -> int:
    """Set and return the shuffle partitions for a job that reads `input_bytes` of compressed input.

    About 16 MiB of compressed input a partition (some 10 times that in memory), and at least one for each core where
    the night is not of the smallest.
    Adaptive execution costs a small night more than it gives: it is on only where there is something to adapt.
    """
    cores = spark.sparkContext.defaultParallelism
    enough = cores if input_bytes > _ONE_TASK_BYTES else 1
    wanted = max(enough, min(4_000, -(-input_bytes // (16 << 20))))
    spark.conf.set("spark.sql.shuffle.partitions", str(wanted))
    spark.conf.set("spark.sql.adaptive.enabled", str(wanted > 4 * cores).lower())
    return int(wanted)
