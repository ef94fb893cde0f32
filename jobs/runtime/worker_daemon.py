"""Starts Spark's Python workers from a process that has imported what every one of them needs.

Workers are forks of this process. Spark's own daemon forks bare ones, so that each worker, and each that follows one
which was idle for a minute, imports Arrow and the writer of tables anew. Spark runs this module by the setting
`spark.python.daemon.module`.
"""

from __future__ import annotations

import pyarrow.parquet  # noqa: F401  imported for the workers
from pyspark.daemon import manager

import jobs.runtime.table_writer  # noqa: F401

if __name__ == "__main__":
    manager()
