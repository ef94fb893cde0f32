"""Touches the parts of Spark that a night uses, so that the JVM archives their classes; see .ci/setup."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator

import pyarrow as pa
from pyspark.sql import SparkSession, Window
from pyspark.sql import functions as F


def same(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    yield from batches


def main() -> None:
    builder = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
    spark = builder.config("spark.sql.shuffle.partitions", "2").getOrCreate()
    with tempfile.TemporaryDirectory() as folder:
        rows = spark.range(200).select(
            F.concat(F.lit("user"), F.col("id") % 20).alias("user"),
            (F.col("id") % 7).cast("double").alias("price"),
            F.timestamp_micros(F.col("id") * 60_000_000).alias("time"),
        )
        for form in ("parquet", "csv", "json"):
            rows.write.format(form).mode("overwrite").save(f"{folder}/{form}")
            spark.read.schema(rows.schema).format(form).load(f"{folder}/{form}").count()
        events = spark.read.parquet(f"{folder}/parquet").repartition(2, "user")
        latest = Window.partitionBy("user").orderBy(F.desc("time"))
        ranked = events.withColumn("rank", F.row_number().over(latest)).withColumn("gap", F.lag("time").over(latest))
        totals = events.groupBy("user").agg(
            F.sum("price").alias("sum"), F.countDistinct("time"), F.max_by("price", "time")
        )
        joined = ranked.join(totals, "user", "left").join(F.broadcast(totals.select("user")), "user", "left_semi")
        joined.where("rank < 5 and regexp_like(user, 'user')").mapInArrow(same, joined.schema).orderBy("user").collect()
        joined.unionByName(joined).dropDuplicates(["user"]).select(F.sha2("user", 256), F.to_date("time")).toArrow()
        spark.createDataFrame([("a", 1.0)], "user string, price double").join(events, "user", "full").count()
    spark.stop()


main()
