"""What a job that failed leaves behind in Spark, and whether memory was the reason for its failure."""

from __future__ import annotations

import signal
import subprocess
import warnings
from contextlib import suppress

from py4j.protocol import Py4JError, Py4JJavaError
from pyspark import SparkContext
from pyspark.sql import SparkSession

from jobs.runtime.spark import heap
from models.core.memory import total_bytes

_LAST_MOMENT = 2.0  # s from the end of the JVM's connections to its own end, at most


def forget_cached() -> None:
    """Frees the tables that a failed job cached in Spark; in a replay of many nights they would add up."""
    with suppress(Exception):  # the job may have failed because Spark did
        spark = SparkSession.getActiveSession()
        if spark is not None:
            spark.catalog.clearCache()


class SparkOutOfMemory(RuntimeError):
    """Spark's JVM was killed or its heap was full; the message says how much memory there was, and what to change."""


def out_of_memory(error: Exception) -> SparkOutOfMemory | None:
    """The reason for a job's error if memory ran out in Spark, otherwise None.

    Any end of the JVM counts, as memory is its likely cause. Then `session` will start another JVM.
    """
    process = getattr(SparkContext._gateway, "proc", None)  # spark-submit's JVM is not ours, and ends us with it
    if process is not None and isinstance(error, (Py4JError, ConnectionError)) and not isinstance(error, Py4JJavaError):
        with suppress(subprocess.TimeoutExpired):  # the connection ends before the process does
            process.wait(_LAST_MOMENT)
    status = None if process is None else process.poll()
    if status is not None:
        _forget_jvm()
        killed = "was killed, as the kernel does when memory runs out"
        what = killed if status == -signal.SIGKILL else f"ended by itself with status {status}"
    elif "java.lang.OutOfMemoryError" in str(error):
        what = "had no room left in its heap"
    else:
        return None
    return SparkOutOfMemory(
        f"Spark's JVM {what}: this process and its children may use {total_bytes() / 2**30:.1f} GiB in all, the JVM's "
        f"heap {heap()} of it; give the machine or the container more memory, or set another size of heap with "
        "NIGHTMARKET_SPARK_MEMORY, such as 2g"
    )


def _forget_jvm() -> None:
    """Forgets the session of a JVM that has ended, so that the next call of `session` starts a JVM."""
    context, gateway = SparkContext._active_spark_context, SparkContext._gateway
    with warnings.catch_warnings(), suppress(Exception):
        warnings.simplefilter("ignore")  # PySpark warns that it could not ask the JVM to stop
        if context is not None:
            context.stop()
    with suppress(Exception):
        if gateway is not None:
            gateway.shutdown()
    SparkContext._active_spark_context = SparkContext._gateway = SparkContext._jvm = None
    SparkSession._instantiatedSession = SparkSession._activeSession = None
