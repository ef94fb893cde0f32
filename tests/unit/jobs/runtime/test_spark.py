"""Lines of the JVM between the jobs' lines, keys that Spark never gets, and its share of a small memory."""

from __future__ import annotations

import io

import pytest

from jobs.runtime import spark
from jobs.runtime.spark import _pass_on, refuse_keys


def test_the_jvms_own_lines_are_dropped_and_errors_are_not(capsys: pytest.CaptureFixture[str]) -> None:
    real = "java.lang.OutOfMemoryError: heap\n12:00:00 WARN spark BlockManager: lost\n"
    _pass_on(io.StringIO(f"WARNING: Using incubator modules: x\nnetlib-blas: no libblas\n{real}"))
    assert capsys.readouterr().err == real


@pytest.mark.parametrize(
    "property",
    [
        ("spark.executorEnv.NIGHTMARKET_MASTER_KEY", "any"),
        ("spark.yarn.appMasterEnv.NIGHTMARKET_HMAC_KEY", "any"),
        ("spark.executor.extraJavaOptions", f"-Dkey={'5b' * 32}"),
    ],
)
def test_a_property_with_a_key_is_refused_and_the_key_not_repeated(property: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match=rf"Spark's property {property[0]} holds a key") as refusal:
        refuse_keys([("spark.app.name", "x"), property], {"NIGHTMARKET_MASTER_KEY": "5b" * 32})
    assert "5b5b" not in str(refusal.value)


def test_properties_with_the_place_of_a_key_are_allowed() -> None:
    paths = [("spark.executorEnv.NIGHTMARKET_MASTER_KEY_FILE", "/run/secrets/key"), ("spark.app.name", "any shop")]
    refuse_keys(paths, {"NIGHTMARKET_MASTER_KEY_FILE": "/run/secrets/key", "NIGHTMARKET_HMAC_KEY": "shop"})


@pytest.mark.parametrize(
    ("gib", "cores", "heap", "tasks"),
    [(24, 2, "8192m", 2), (2.5, 16, "853m", 1), (4, 16, "1365m", 4), (1, 2, "640m", 1)],
)
def test_with_little_memory_few_tasks_run_at_the_same_time(
    monkeypatch: pytest.MonkeyPatch, gib: float, cores: int, heap: str, tasks: int
) -> None:
    monkeypatch.delenv("NIGHTMARKET_SPARK_MEMORY", raising=False)
    monkeypatch.setattr(spark, "total_bytes", lambda: int(gib * 2**30))
    monkeypatch.setattr(spark, "usable_cores", lambda: cores)
    assert (spark.heap(), spark.tasks_at_once()) == (heap, tasks)
