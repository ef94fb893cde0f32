"""Runs small examples of what jobs do with Spark. The JVM then keeps the classes it loaded in the file argv[1]."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
from pyspark import SparkContext
from pyspark.sql import Window
from pyspark.sql import functions as F

from jobs.runtime.java_options import FOR_SECONDS
from jobs.runtime.spark import session

OPTIONS = f"-Xlog:cds*=off {FOR_SECONDS}"


def unchanged(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    yield from batches


def main() -> int:
    os.environ["NIGHTMARKET_JAVA_OPTIONS"] = f"-XX:ArchiveClassesAtExit={sys.argv[1]} {OPTIONS}"
    spark = session("set-up")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "in.csv").write_text("id,word\n" + "".join(f"{n},w{n % 7}\n" for n in range(1000)))
        rows = spark.read.csv(f"{folder}/in.csv", header=True).withColumn("day", F.lit("2026-01-01").cast("date"))
        rows.repartition(2, "word").mapInArrow(unchanged, rows.schema).write.parquet(f"{folder}/rows")
        stored = spark.read.parquet(f"{folder}/rows")
        row_number = F.row_number().over(Window.partitionBy("word").orderBy("id"))
        counts = stored.groupBy("word").agg(F.count("*").alias("n"), F.collect_list("id").alias("ids"))
        stored.withColumn("place", row_number).join(counts, "word", "left").toArrow()
        spark.createDataFrame(pa.table({"word": ["w1"]})).join(counts, "word", "inner").collect()
    gateway = SparkContext._gateway
    spark.stop()
    gateway.proc.stdin.close()  # the JVM then ends, and writes the file
    return int(gateway.proc.wait(120))


if __name__ == "__main__":
    sys.exit(main())
