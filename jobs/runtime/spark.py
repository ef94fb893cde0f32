"""The Spark session: on this machine by default; under spark-submit, on the master that spark-submit sets."""

from __future__ import annotations

import os
import re
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO

import pyspark
from pyspark import SparkConf, SparkContext
from pyspark.java_gateway import launch_gateway
from pyspark.sql import SparkSession

from jobs.runtime.java_names import remember_names
from jobs.runtime.java_options import FOR_SECONDS
from jobs.runtime.lake_keys import KMS_VARIABLE, key_paths
from jobs.runtime.threads import SLEEP_WHILE_WAITING, usable_cores
from models.core.memory import total_bytes

# Properties that are set at the start; spark-submit can override all of them.
_DEFAULTS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.parquet.compression.codec": "zstd",
    "spark.sql.execution.arrow.maxRecordsPerBatch": "65536",
    "spark.python.worker.reuse": "true",
    "spark.python.daemon.module": "jobs.runtime.worker_daemon",
    "spark.sql.execution.pyspark.udf.simplifiedTraceback.enabled": "true",
    "spark.cleaner.periodicGC.interval": "10min",
    # With Spark's default of 100, the classes of a night's first job are lost, and the next night compiles them again.
    # Five nights at the same time took 842 s with 10,000 and 942 s with 100.
    "spark.sql.codegen.cache.maxEntries": "2000",
    # Both record the line of Python behind every column expression, which takes a third of a small night's planning.
    "spark.python.sql.dataFrameDebugging.enabled": "false",
    "spark.sql.dataFrameQueryContext.enabled": "false",
    # ICU's first upper() in a JVM takes 1.6 CPU s. Java's own upper() differs only by its version of Unicode.
    "spark.sql.icu.caseMappings.enabled": "false",
    # A JSON object may have a key twice. With Spark's default one such line ends the job where two maps are joined.
    "spark.sql.mapKeyDedupPolicy": "LAST_WIN",
    # Arrays are collected for every user; with Spark's default of 128 keys it would sort instead of hashing.
    "spark.sql.objectHashAggregate.sortBased.fallbackThreshold": "20000",
}


# The last part of a property that gives executors one of our keys, such as spark.executorEnv.NIGHTMARKET_MASTER_KEY.
_KEY = re.compile(r"(^|\.)NIGHTMARKET_\w*KEY$")
_LEAST = 16  # characters of a key that is searched for in values: a shorter one could be there by chance

# Below this size, about 50,000 rows of interest, a second task with its Python worker takes longer than it saves. The
# same holds for compiled expressions.
_ONE_TASK_BYTES = 1 << 20
_INTERPRETED = {"spark.sql.codegen.wholeStage": "false", "spark.sql.codegen.factoryMode": "NO_CODEGEN"}
_COMPILED = {"spark.sql.codegen.wholeStage": "true", "spark.sql.codegen.factoryMode": "FALLBACK"}


# Spark's classes in the form that a JVM reads fastest. .ci/setup makes the file; with it the JVM and the session start
# in half the time. A JVM that cannot use the file, such as another Java, ignores it without a message.
_CLASSES = Path(pyspark.__file__).with_name("classes.jsa")
KEPT_CLASSES = f"-XX:SharedArchiveFile={_CLASSES} -Xlog:cds*=off" if _CLASSES.exists() else ""
# By default the JVM begins at 21 MB of classes to look for unused ones. Any session has more than that.
_CLASS_SPACE = "-XX:MetaspaceSize=256m"
_LEAST_HEAP = 640 << 20  # bytes; Spark refuses less than 450 MiB

# Bytes that the smallest shop's night takes: its process and the JVM; and the Python workers of one task.
BESIDE_TASKS, OF_A_TASK = 2 << 30, 512 << 20


def session(app_name: str, master: str | None = None, for_seconds: bool = False) -> SparkSession:
    """The one session of this process. Under spark-submit, `master` and NIGHTMARKET_SPARK_MASTER are ignored.

    `for_seconds`: the JVM starts faster and computes more slowly, for a process that reads some thousand rows.
    Raises ValueError where a property of Spark holds a key: Spark would show it in its UI and its event log.
    """
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.appName(f"nightmarket {app_name}")
    submitted = "PYSPARK_GATEWAY_PORT" in os.environ  # set by spark-submit for its child
    if not submitted:
        _start_jvm(for_seconds)
        builder = builder.master(master or os.environ.get("NIGHTMARKET_SPARK_MASTER", f"local[{tasks_at_once()}]"))
        builder = builder.config("spark.driver.host", "127.0.0.1").config("spark.driver.bindAddress", "127.0.0.1")
    for key, value in _DEFAULTS.items():
        builder = builder.config(key, value)
    # Spark itself sets the number of threads of its Python workers. They learn where the keys are, never the keys.
    key_places = key_paths() | {name: os.environ[name] for name in (KMS_VARIABLE,) if os.environ.get(name)}
    for key, value in (SLEEP_WHILE_WAITING | key_places).items():
        builder = builder.config(f"spark.executorEnv.{key}", value)
    if SparkContext._active_spark_context is None:
        SparkContext._ensure_initialized()
        refuse_keys(SparkConf().getAll(), os.environ)
    spark = builder.getOrCreate()
    remember_names(spark.sparkContext._jvm)
    spark.sparkContext.setLogLevel("ERROR")
    return spark


def refuse_keys(properties: Iterable[tuple[str, str]], environment: Mapping[str, str]) -> None:
    """Raises ValueError where the name or the value of one of Spark's properties says that it holds a key."""
    keys = [value for name, value in environment.items() if _KEY.search(name) and len(value) >= _LEAST]
    for name, value in properties:
        if _KEY.search(name) or any(key in value for key in keys):
            raise ValueError(
                f"Spark's property {name} holds a key, and Spark shows its properties in its UI and event log: take it "
                "out, and use another key from now on; jobs/privacy/ENCRYPTION.md says how executors get one"
            )


def interpreted(spark: SparkSession) -> AbstractContextManager[None]:
    """Within the block, expressions are not compiled: for some thousand rows, compiling takes longer than computing."""
    return _set(spark, _INTERPRETED)


def ansi_off(spark: SparkSession) -> AbstractContextManager[None]:
    """Within the block, a cast that fails gives null instead of an error.

    Expressions keep the mode in which they were analysed, so the setting is restored as soon as the frame is made.
    """
    return _set(spark, {"spark.sql.ansi.enabled": "false"})


@contextmanager
def _set(spark: SparkSession, settings: Mapping[str, str]) -> Iterator[None]:
    """Within the block the session has these settings; after it, the earlier ones again."""
    before = {key: spark.conf.get(key) for key in settings}
    for key, value in settings.items():
        spark.conf.set(key, value)
    try:
        yield
    finally:
        for key, old in before.items():
            spark.conf.set(key, str(old))


def _start_jvm(for_seconds: bool) -> None:
    """Starts this process's JVM, unless it runs, and passes on the lines that the JVM writes to stderr."""
    if SparkContext._gateway is not None:
        return
    conf = SparkConf(loadDefaults=False)
    conf.set("spark.driver.memory", heap())
    conf.set("spark.driver.extraJavaOptions", _java_options(for_seconds))
    read_end, write_end = os.pipe()
    threading.Thread(target=_pass_on, args=(os.fdopen(read_end, errors="replace"),), daemon=True).start()
    try:
        SparkContext._ensure_initialized(gateway=launch_gateway(conf, {"stderr": write_end}))
    finally:
        os.close(write_end)


def _pass_on(lines: IO[str]) -> None:
    """Writes lines to stderr, but for warnings that no option turns off: those of the JVM, and MLlib's about BLAS."""
    for line in lines:
        if not line.startswith(("WARNING: ", "netlib-")):
            sys.stderr.write(line)


def _java_options(for_seconds: bool) -> str:
    """Options of the JVM. Each night generates new classes, so the JVM would clean a small code cache all the time."""
    speed = FOR_SECONDS if for_seconds else "-XX:ReservedCodeCacheSize=512m"
    log = f"-Dlog4j2.configurationFile={Path(__file__).with_name('log4j2.properties').as_uri()}"
    return " ".join(filter(None, (speed, _CLASS_SPACE, log, KEPT_CLASSES, os.environ.get("NIGHTMARKET_JAVA_OPTIONS"))))


def tasks_at_once() -> int:
    """The number of tasks that run at the same time on this machine: one a core, fewer where memory is short."""
    return max(1, min(usable_cores(), (total_bytes() - BESIDE_TASKS) // OF_A_TASK))


def heap() -> str:
    """The size of the JVM's heap, such as 8000m: a third of the memory, for Python and the page cache need the rest."""
    return os.environ.get("NIGHTMARKET_SPARK_MEMORY", f"{max(_LEAST_HEAP, total_bytes() // 3) >> 20}m")


def size_shuffles(spark: SparkSession, input_bytes: int, slow_rows: bool = False) -> int:
    """Prepares the session for a job that reads `input_bytes` of compressed input; returns the shuffle partitions.

    About 16 MiB of compressed input for each partition (some 10 times that in memory), and at least one partition for
    each core unless the input is very small. Adaptive execution slows down small nights, so it is on only for many
    partitions. Expressions are compiled only for an input that is not very small, see `interpreted`.

    slow_rows: a row takes far longer to compute than to read. Then partitions have a quarter of that size, and Spark
    does not join them: with few partitions, cores would wait for the last one.
    """
    cores = spark.sparkContext.defaultParallelism
    is_very_small = input_bytes <= _ONE_TASK_BYTES
    least = 1 if is_very_small else cores
    partition_bytes = (4 << 20) if slow_rows else (16 << 20)
    partitions = max(least, min(4_000, -(-input_bytes // partition_bytes)))
    spark.conf.set("spark.sql.shuffle.partitions", str(partitions))
    spark.conf.set("spark.sql.adaptive.enabled", str(partitions > 4 * cores and not slow_rows).lower())
    for key, value in (_INTERPRETED if is_very_small else _COMPILED).items():
        spark.conf.set(key, value)
    return int(partitions)
