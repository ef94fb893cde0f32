"""The DAG as Airflow sees it: whether it loads, what each task runs, what the form accepts, what a failure says."""

from __future__ import annotations

import ast
import copy
import importlib.util
import itertools
import json
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import failures
import launch
import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.exceptions import ParamValidationError
from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk.exceptions import (
    AirflowException,
    AirflowFailException,
    AirflowRescheduleException,
    AirflowSensorTimeout,
    AirflowSkipException,
)
from airflow.sdk.execution_time.context import OutletEventAccessors

ROOT = Path(__file__).resolve().parents[2]
BIN = f"{ROOT}/.venv/bin"
RUN = "20260107020000"
FORM = {
    "date": None,
    "source": "shop.toml",
    "raw": "/drops",
    "lake": "/lake",
    "retrain": "never",
    "k": 5,
    "config": "night.toml",
    "dry_run": False,
}
LAST = {"whole", "release_lake"}  # they wait for the end of every job, failed or not
ARGUMENTS = (
    f"--date 2026-01-06 --lake /lake --source shop.toml --raw /drops --config night.toml --run {RUN}"
    " --goes-on --set training.retrain=never --set recommend.k=5"
).split()


@pytest.fixture(scope="module")
def nightly() -> ModuleType:
    """The DAG file, loaded once: loading it for each test would cost seconds. A test changes only copies of tasks."""
    spec = importlib.util.spec_from_file_location("nightly", ROOT / "dags/nightly.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def dag(nightly: ModuleType) -> Any:
    return nightly.dag


def context(**form: Any) -> dict[str, Any]:
    """What a scheduled run of the night of 2026-01-06 renders its templates with."""
    due = datetime(2026, 1, 7, 2, tzinfo=UTC)
    run = SimpleNamespace(run_after=due, logical_date=due - timedelta(days=1), run_id="scheduled__2026-01-06")
    return {"params": FORM | form, "dag_run": run, "run_id": run.run_id}


def rendered(dag: Any, task_id: str, **form: Any) -> Any:
    task = dag.get_task(task_id).prepare_for_execution()
    task.render_template_fields(context(**form), jinja_env=dag.get_template_env())
    return task


def command(task: Any) -> list[str]:
    if isinstance(task, SparkSubmitOperator):
        return task._get_hook()._build_spark_submit_command(task.application)
    return task.command


def declared(name: str) -> Any:
    """A table of jobs/runtime/branches.py, read and not imported: this environment has no Spark."""
    for node in ast.parse((ROOT / "jobs/runtime/branches.py").read_text("utf-8")).body:
        if isinstance(node, ast.AnnAssign) and getattr(node.target, "id", "") == name:
            return ast.literal_eval(node.value)
    raise AssertionError(f"jobs/runtime/branches.py has no {name}")


def branches() -> dict[str, dict[str, tuple[str, ...]]]:
    return declared("BRANCHES")


def box_of(branch: str) -> str:
    """The box of the DAG that holds a branch: the branch alone, or all branches that go together."""
    return "_and_".join(next((group for group in declared("TOGETHER") if branch in group), (branch,)))


def task_of(branch: str, job: str) -> str:
    """The task of the DAG that runs a job of a branch."""
    return job if job in declared("ALONE") else f"run_{box_of(branch)}"


def tasks_of(box: str) -> set[str]:
    """The tasks of all branches of a box."""
    return {task_of(name, job) for name, jobs in branches().items() if box_of(name) == box for job in jobs}


def boxes() -> list[str]:
    return list(dict.fromkeys(box_of(name) for name in branches()))


def test_every_dag_loads() -> None:
    bag = DagBag(ROOT / "dags", bundle_path=ROOT / "dags", bundle_name="dags-folder")
    assert bag.import_errors == {}
    assert set(bag.dags) == {"nightly", "refresh", "first_load"}


def test_dag_files_import_nothing_heavy_and_nothing_of_ours() -> None:
    code = (
        "import sys, time; import airflow.sdk; started = time.perf_counter()\n"
        "sys.path.insert(0, 'dags'); import nightly\n"
        "heavy = {'jobs', 'models', 'schemas', 'pyspark', 'pandas', 'numpy', 'pyarrow', 'great_expectations'}\n"
        "print(sorted(heavy & set(sys.modules)), time.perf_counter() - started)"
    )
    printed = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    modules, _, seconds = printed.strip().splitlines()[-1].rpartition(" ")
    assert modules == "[]"
    assert float(seconds) < 15  # 2 s when nothing else runs; a heavy import would be found above


def test_the_edges_are_those_of_the_nightly_job_with_each_box_as_one(dag: Any) -> None:
    """A task waits for all that its jobs need from outside: by a hard edge if one job has one, else by `X_over`."""
    edges: set[tuple[str, str]] = set()
    branch_of = {job: branch for branch, jobs in branches().items() for job in jobs}
    for branch, jobs in branches().items():
        for job, needs in jobs.items():
            task = task_of(branch, job)
            for need in needs:
                if not need.endswith("_over"):
                    edges.add((task_of(branch_of[need], need), task))
                    continue
                name = need.removesuffix("_over")
                is_branch = name in branches()
                ending_tasks = tasks_of(box_of(name)) if is_branch else {task_of(branch_of[name], name)}
                over_task = f"{box_of(name) if is_branch else name}_over"
                if ending_tasks != {task}:
                    edges |= {(over_task, task), *((ended, over_task) for ended in ending_tasks)}
    edges = {(before, after) for before, after in edges if before != after}
    assert {(t.task_id, after) for t in dag.tasks for after in t.downstream_task_ids - LAST} == edges


def test_each_box_has_the_tasks_of_its_branches(dag: Any) -> None:
    tasks_by_box = {name: set(box.children) for name, box in dag.task_group.get_task_group_dict().items() if name}
    jobs = {
        name: {task for task in tasks if task not in LAST and not task.endswith("_over")}
        for name, tasks in tasks_by_box.items()
    }
    assert jobs == {name: tasks_of(name) for name in boxes()}
    assert set().union(*tasks_by_box.values()) == set(dag.task_ids)


def test_only_tasks_that_wait_for_an_end_run_after_a_failure(dag: Any) -> None:
    rules = {t.task_id: t.trigger_rule.value for t in dag.tasks if t.trigger_rule != "all_success"}
    soft = {task: "all_done" for task in dag.task_ids if task.endswith("_over")}
    assert rules == {**soft, "whole": "one_failed", "release_lake": "all_done"}
    assert all(isinstance(dag.get_task(task), EmptyOperator) for task in soft)


def test_a_run_with_a_failed_task_is_red(dag: Any) -> None:
    whole_task = dag.get_task("whole")
    jobs = {t.task_id for t in dag.tasks if not isinstance(t, EmptyOperator)}
    assert whole_task.upstream_task_ids == jobs - LAST
    assert not whole_task.downstream_task_ids  # a leaf: Airflow judges the run by it
    with pytest.raises(AirflowFailException, match="not whole"):
        whole_task.prepare_for_execution().execute({})


def test_the_run_gives_the_lake_back_when_every_job_has_ended(dag: Any) -> None:
    jobs = {t.task_id for t in dag.tasks if not isinstance(t, EmptyOperator)}
    assert dag.get_task("release_lake").upstream_task_ids == jobs - LAST
    words = command(rendered(dag, "release_lake"))
    assert words[2:] == f"jobs release_lake --date 2026-01-06 --lake /lake --run {RUN}".split()


def test_with_one_slot_the_most_urgent_task_runs_first(dag: Any) -> None:
    jobs = [t for t in dag.tasks if not isinstance(t, EmptyOperator)]
    assert {t.pool for t in jobs} == {"night", "gpu"}
    urgency = {name: {dag.get_task(task).priority_weight for task in tasks_of(name)} for name in boxes()}
    assert all(len(weights) == 1 for weights in urgency.values())
    order = ["lists", "customers", "offers_and_audiences", "copy", "images", "service", "prices_and_judge"]
    weights = [urgency[name].pop() for name in order]
    assert weights == sorted(weights, reverse=True)
    assert {str(t.weight_rule) for t in jobs} == {"absolute"}


def test_plain_jobs_run_in_the_environment_of_the_pipeline(dag: Any) -> None:
    plain = {t.task_id for t in dag.tasks if isinstance(t, launch.Job)}
    assert plain == {*declared("ALONE"), "release_lake"}
    for task_id in declared("ALONE"):
        assert command(rendered(dag, task_id)) == [f"{BIN}/python", "-m", "jobs", task_id, *ARGUMENTS]


def test_spark_jobs_are_submitted_to_the_connection(dag: Any) -> None:
    for task in dag.tasks:
        if isinstance(task, SparkSubmitOperator):
            box = task.task_id.removeprefix("run_")
            assert command(rendered(dag, task.task_id)) == [
                *("spark-submit", "--master", "spark://127.0.0.1:7077"),
                *("--conf", f"spark.driver.extraJavaOptions={launch.java_options()}"),
                *("--driver-memory", "4g", "--name", f"nightmarket {task.task_id} 2026-01-06"),
                *(f"{ROOT}/jobs/__main__.py", "run_branch", "--branch", box, *ARGUMENTS),
            ]


def test_spark_submit_and_its_python_are_those_of_the_pipeline(dag: Any) -> None:
    environment = rendered(dag, "run_intake_and_features").env_vars
    assert environment["PATH"].startswith(f"{BIN}:")
    assert environment["PYSPARK_PYTHON"] == f"{BIN}/python"


def test_the_form_can_name_another_night(dag: Any) -> None:
    words = command(rendered(dag, "receive_drop", date="2025-12-24"))
    assert words[words.index("--date") + 1] == "2025-12-24"


def test_a_run_without_any_date_says_what_to_give(nightly: ModuleType) -> None:
    with pytest.raises(ValueError, match="which night"):
        nightly.night_of({"date": None}, SimpleNamespace(logical_date=None))


@pytest.mark.parametrize(
    "wrong",
    [{"date": "yesterday"}, {"retrain": "maybe"}, {"k": 0}, {"k": "many"}, {"dry_run": "perhaps"}, {"source": ""}],
    ids=lambda wrong: next(iter(wrong)),
)
def test_the_form_refuses(dag: Any, wrong: dict[str, Any]) -> None:
    params = copy.deepcopy(dag.params)
    with pytest.raises(ParamValidationError, match=next(iter(wrong))):
        params.update(wrong)


def test_the_form_can_be_sent_unchanged(dag: Any) -> None:
    """A browser treats an empty required text as missing, even if the schema allows an empty text."""
    for name in dag.params:
        param = dag.params.get_param(name)
        value = param.resolve()
        assert value != "", name
        assert value is not None or "null" in param.schema["type"], name


def test_what_the_form_leaves_open_is_left_to_the_settings(dag: Any) -> None:
    """A scheduled run has the form's defaults. Overrides go before the file of settings, so these must be none."""
    unchanged = {name: dag.params.get_param(name).resolve() for name in ("retrain", "k")}
    for task_id in ("train_als", "run_lists", "publish_night"):
        arguments = command(rendered(dag, task_id, **unchanged))
        overrides = [value for name, value in itertools.pairwise(arguments) if name == "--set"]
        assert overrides == ["", ""], task_id


def test_every_field_of_the_form_is_explained(dag: Any) -> None:
    assert set(dag.params) == set(FORM)
    for name in FORM:
        param = dag.params.get_param(name)
        assert param.description
        assert param.schema["title"]
        assert "enum" in param.schema or param.schema["type"] == "boolean" or "such as" in param.description, name


def test_a_dry_run_publishes_and_deletes_nothing(dag: Any) -> None:
    for task_id in ("publish_night", "prune_lake"):
        with pytest.raises(AirflowSkipException, match="dry run"):
            rendered(dag, task_id, dry_run=True).execute({})
    assert rendered(dag, "train_als", dry_run=True).skip == ""
    assert rendered(dag, "publish_night").skip == ""


def test_nights_run_one_at_a_time_and_never_by_themselves_for_the_past(dag: Any) -> None:
    assert dag.max_active_runs == 1
    assert dag.catchup is False


def test_retries_back_off(dag: Any) -> None:
    for task in (task for task in dag.tasks if task.task_id != "whole"):
        assert task.retries == 3
        assert task.retry_exponential_backoff > 1
        assert task.max_retry_delay == timedelta(hours=1)


def decision(dag: Any, problem: Exception) -> str:
    return str(dag.get_task("run_intake_and_features").retry_policy.evaluate(problem, 1, 3).action.value)


def test_a_failure_that_may_pass_by_itself_is_tried_again(dag: Any) -> None:
    assert (
        decision(dag, AirflowException("Cannot execute: spark-submit. Error code is: 1.\njava.io.IOException"))
        == "default"
    )
    assert decision(dag, AirflowException("python -m jobs train_als ended with status -9\n")) == "default"


def test_a_date_that_is_missing_is_not_tried_again(dag: Any, nightly: ModuleType) -> None:
    with pytest.raises(ValueError, match="which night") as problem:
        nightly.night_of({"date": None}, SimpleNamespace(logical_date=None))
    assert decision(dag, problem.value) == "fail"


REFUSED = {
    "no such folder": ({"raw": "/no/such/folder"}, "FileNotFoundError: no folder /no/such/folder"),
    "an unknown source": ({"source": "nobodys_shop"}, "nobodys_shop"),
    "a URL that nothing reads": ({"raw": "ftp://shop/drops"}, "ValueError: ftp://shop/drops is no folder or URL"),
    "no such settings": ({"config": "/no/such.toml"}, "FileNotFoundError: --config /no/such.toml"),
    "a mapping that is no mapping": ({"source": f"{ROOT}/.ci/sample_shop.toml"}, "MappingError: "),
    "a date that is none": ({"date": "the sixth"}, "'the sixth' is not a date"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_the_real_job_refuses_fails_at_once(dag: Any, tmp_path: Path, case: str) -> None:
    wrong_fields, message_part = REFUSED[case]
    form = {
        "raw": str(tmp_path),
        "lake": str(tmp_path / "lake"),
        "source": "sample_shop",
        "config": None,
    } | wrong_fields
    with pytest.raises(AirflowException, match=message_part) as failure:
        rendered(dag, "receive_drop", **form).execute(context(**form) | scheduled())
    assert decision(dag, failure.value) == "fail"
    message = failures.job_message(failure.value)
    assert re.search(message_part, message)
    assert "\n" not in message, "one sentence, without the command and the usage"


def test_spark_submit_passes_on_that_a_job_refused(dag: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_SPARK_DEFAULT", '{"conn_type": "spark", "host": "local[1]"}')
    form = {"raw": str(tmp_path), "lake": str(tmp_path / "lake"), "source": "sample_shop", "config": "/no/such.toml"}
    with pytest.raises(AirflowException, match="FileNotFoundError: --config") as failure:
        rendered(dag, "run_intake_and_features", **form).execute(context(**form))
    assert decision(dag, failure.value) == "fail"
    lines = str(failure.value).partition("Last spark-submit output:\n")[2].splitlines()
    assert [
        line for line in lines if not line.startswith("FileNotFoundError: ")
    ] == []  # none of Spark's, nor the JVM's


def scheduled(times: int = 1, kind: str = "scheduled") -> dict[str, Any]:
    """The context that Airflow gives the sensor when it looks again after `times` earlier looks."""
    first = datetime.now(UTC) - timedelta(hours=5)
    ti = SimpleNamespace(get_first_reschedule_date=lambda context: first)
    run = SimpleNamespace(run_type=kind)
    return {"ti": ti, "task_reschedule_count": times, "dag_run": run}


def missing(dag: Any, folder: Path) -> Any:
    """The task `receive_drop` on a real folder that has no file of the night."""
    return rendered(dag, "receive_drop", raw=str(folder), lake=str(folder / "lake"), source="sample_shop", config=None)


def test_a_file_that_may_still_come_is_waited_for_without_a_worker(dag: Any, tmp_path: Path) -> None:
    with pytest.raises(AirflowRescheduleException) as pause:
        missing(dag, tmp_path).execute(scheduled())
    assert timedelta(minutes=9) < pause.value.reschedule_date - datetime.now(UTC) < timedelta(minutes=11)


def test_the_wait_has_an_end_and_says_what_is_missing(dag: Any, tmp_path: Path) -> None:
    sensor = missing(dag, tmp_path)
    sensor.timeout = timedelta(hours=4).total_seconds()
    with pytest.raises(AirflowSensorTimeout, match=r"MissingDay: no file matches .* 2026-01-06"):
        sensor.execute(scheduled())


@pytest.mark.parametrize("kind", ["manual", "backfill"])
def test_a_run_of_a_day_that_should_be_there_does_not_wait(dag: Any, tmp_path: Path, kind: str) -> None:
    with pytest.raises(AirflowFailException, match="MissingDay: no file matches"):
        missing(dag, tmp_path).execute(scheduled(kind=kind))


def test_training_takes_a_gpu_slot(dag: Any) -> None:
    for job in ("train_als", "train_lstm", "train_copywriter"):
        assert (dag.get_task(job).pool, dag.get_task(job).queue) == ("gpu", "gpu")


def test_publishing_updates_the_asset_with_the_night_and_its_run(dag: Any) -> None:
    publish = rendered(dag, "publish_night")
    assert [asset.name for asset in publish.outlets] == ["nightmarket_published"]
    publish.command = [sys.executable, "-c", ""]
    events = OutletEventAccessors()
    publish.execute({"outlet_events": events})
    assert events[publish.outlets[0]].extra == {"date": "2026-01-06", "run": RUN}


def test_the_graph_is_a_few_boxes_that_hold_all_tasks(dag: Any) -> None:
    groups = dag.task_group.get_task_group_dict()
    tasks_by_box = {name: set(group.children) for name, group in groups.items() if name}
    assert len(tasks_by_box) <= 10
    assert set().union(*tasks_by_box.values()) == set(dag.task_ids)  # ids without the names of the boxes
    assert sum(isinstance(task, SparkSubmitOperator) for task in dag.tasks) <= 8  # each pays for its start


def test_the_docstring_is_the_page_in_the_ui(dag: Any) -> None:
    assert "airflow backfill create" in dag.doc_md
    for task in ("receive_drop", "run_intake_and_features", "publish_night"):
        assert task in dag.doc_md


def test_only_the_lines_of_the_jvm_are_left_out_of_a_log(dag: Any) -> None:
    hook = rendered(dag, "run_intake_and_features")._get_hook()
    lines = [
        "WARNING: Using incubator modules: x\n",
        "netlib-blas: none\n",
        "OutOfMemoryError: heap\n",
        "E of a job\n",
    ]
    hook._process_spark_submit_log(iter(lines))
    assert list(hook._last_submit_log_lines) == ["OutOfMemoryError: heap", "E of a job"]


def test_a_job_leaves_what_it_logged_last_for_the_note(dag: Any) -> None:
    task = rendered(dag, "show_night")
    lines = "02:00:01 I nightmarket.show_night: 9 pages\nno line of a log"
    task.command = [sys.executable, "-c", f"print({lines!r})"]
    assert task.execute({}) == "9 pages"


def test_a_failed_task_leaves_why_for_the_note(dag: Any) -> None:
    xcoms: dict[str, str] = {}
    ti = SimpleNamespace(
        **{"task_id": "prune_lake", "dag_id": "nightly", "run_id": "x", "try_number": 1, "log_url": ""},
        xcom_push=xcoms.__setitem__,
    )
    failures.alert_failure({"ti": ti, "exception": AirflowException("a command\nGateFailed: short\n")})
    assert xcoms == {failures.WHY: "GateFailed: short"}
    failures.alert_failure({"ti": ti})  # killed: Airflow calls this in a process that cannot keep a message
    assert xcoms == {failures.WHY: "GateFailed: short"}


def test_a_failed_job_says_why_in_its_own_words(nightly: ModuleType) -> None:
    task = nightly.dag.get_task("train_als").prepare_for_execution()
    task.command = [sys.executable, "-c", "import sys; sys.exit('NotPublished: 3 lists\\n  rows: expected 9, saw 3')"]
    with pytest.raises(AirflowException, match="status 1") as failure:
        task.execute({})
    assert failures.job_message(failure.value) == "NotPublished: 3 lists\n  rows: expected 9, saw 3"


def test_every_error_of_the_jobs_is_found_in_what_a_task_printed() -> None:
    raised = re.compile(r"^class ([A-Z]\w*)\(\w*(?:Error|Exception)\):", re.MULTILINE)
    folders = [ROOT / name for name in ("jobs", "models", "schemas")]
    names = {name for folder in folders for file in folder.rglob("*.py") for name in raised.findall(file.read_text())}
    assert {"GateFailed", "KeyGone", "Damaged"} <= names
    printed = "26/12/01 WARN Utils: a host name\nWARNING: Using incubator modules\n{}: it is so\n  row 3\nthe end"
    messages = {name: failures.job_message(printed.format(name)) for name in names}
    assert messages == {name: f"{name}: it is so\n  row 3" for name in names}


def shown_after_a_failure(dag: Any, task_id: str, lake: Path, message: str = "") -> str:
    error = {"exception": AirflowException(message)} if message else {}
    ti = SimpleNamespace(task_id=task_id)
    return failures.what_readers_see({"ti": ti, "task": dag.get_task(task_id), "params": {"lake": str(lake)}, **error})


def test_an_alert_says_what_readers_still_see(dag: Any, tmp_path: Path) -> None:
    for task in ("receive_drop", "run_intake_and_features", "run_lists", "publish_night"):
        assert shown_after_a_failure(dag, task, tmp_path) == "The storefront still shows the last good night."
    assert shown_after_a_failure(dag, "train_lstm", tmp_path) == "Lists are made with the newest earlier LSTM."
    assert shown_after_a_failure(dag, "run_prices_and_judge", tmp_path).startswith("Readers miss nothing: ")
    for name in ("copy", "images", "service"):
        sentence = shown_after_a_failure(dag, f"run_{name}", tmp_path)
        assert sentence == f"The rest of tonight goes on and is published without {name}."
    two_branches = shown_after_a_failure(dag, "run_offers_and_audiences", tmp_path)
    assert two_branches == "The rest of tonight goes on and is published without offers and audiences."


def test_an_alert_says_of_two_branches_which_one_failed(dag: Any, tmp_path: Path) -> None:
    entry = {"state": "fresh", "from": "2026-01-05-001", "valid_until": "2026-01-10T12:00:00Z"}
    (tmp_path / "published").mkdir()
    (tmp_path / "published" / "current.json").write_text(json.dumps({"products": {"offers": entry}}))

    def shown(head: str) -> str:
        message = f"Error code is: 65.\nJobsFailed: failed: {head}\n  find_audiences: check_offers has no version\n"
        return shown_after_a_failure(dag, "run_offers_and_audiences", tmp_path, message)

    offers = shown("choose_offers; not run: check_offers")
    assert offers.startswith("offers of 2026-01-05 go on until 2026-01-10 at the latest")
    assert offers.endswith("still true; the rest of tonight goes on and is published.")
    audiences = "he rest of tonight goes on and is published without audiences."
    assert shown("check_audiences") == f"T{audiences}"
    assert shown("choose_offers, find_audiences; not run: check_offers, check_audiences").startswith("offers of ")
    assert shown("choose_offers, find_audiences; not run: check_offers, check_audiences").endswith(f"t{audiences}")
