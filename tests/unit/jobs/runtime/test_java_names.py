"""Names of Java are looked up once, and their meaning does not change."""

from __future__ import annotations

import pytest
from py4j.protocol import Py4JError
from pyspark.sql import SparkSession
from pyspark.sql import functions as F


def test_a_column_looks_up_no_name_a_second_time(spark: SparkSession, monkeypatch: pytest.MonkeyPatch) -> None:
    F.lit(F.col("a") > 1)
    jvm = spark.sparkContext._jvm
    sent: list[str] = []
    send = type(jvm._gateway_client).send_command

    def listen(self, command: str, *rest: object, **more: object) -> object:
        sent.append(command)
        return send(self, command, *rest, **more)

    monkeypatch.setattr(type(jvm._gateway_client), "send_command", listen)
    F.lit(F.col("b") > 2)
    assert sent
    assert not [command for command in sent if command.startswith("r\n")]  # py4j's letter for a question about a name


def test_values_of_fields_are_read_each_time_and_unknown_names_are_refused(spark: SparkSession) -> None:
    jvm = spark.sparkContext._jvm
    integer = jvm.java.lang.Integer
    assert jvm.java.lang.Integer is integer
    assert integer.MAX_VALUE == 2**31 - 1
    assert "MAX_VALUE" not in vars(integer)
    assert integer.parseInt("7") == 7
    assert jvm.java.util.ArrayList().size() == 0
    with pytest.raises(Py4JError, match=r"Integer\.missing does not exist"):
        _ = integer.missing
