"""Starts Spark's Python workers from a process that has imported the modules that every worker needs.

Workers are forks of this process. Spark's own daemon has not imported these modules. So each of its workers imports
Arrow and the writer of tables again, also one that replaces a worker that was idle for a minute. Spark runs this module
by the setting `spark.python.daemon.module`.
"""

from __future__ import annotations

import pyarrow.parquet  # noqa: F401  imported for the workers
from pyspark.daemon import manager

import jobs.runtime.table_writer  # noqa: F401

if __name__ == "__main__":
    manager()
