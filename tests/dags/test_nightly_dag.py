"""The DAG as Airflow sees it: what loads, what each task runs, what the form takes, what a failure says."""

from __future__ import annotations

import ast
import copy
import importlib.util
import json
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import launch
import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.exceptions import ParamValidationError
from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

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
ARGUMENTS = (
    f"--date 2026-01-06 --lake /lake --source shop.toml --raw /drops --config night.toml --run {RUN}"
    " --set train.retrain=never --set recommend.k=5"
).split()


@pytest.fixture(scope="module")
def nightly() -> ModuleType:
    """A fresh copy of the DAG file for each test would cost seconds; a test changes only copies of its tasks."""
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


def branches() -> dict[str, dict[str, tuple[str, ...]]]:
    """BRANCHES of jobs/runtime/branches.py, read and not imported: this environment has no Spark."""
    for node in ast.parse((ROOT / "jobs/runtime/branches.py").read_text("utf-8")).body:
        if isinstance(node, ast.AnnAssign) and getattr(node.target, "id", "") == "BRANCHES":
            return ast.literal_eval(node.value)
    raise AssertionError("jobs/runtime/branches.py has no BRANCHES")


def test_every_dag_loads() -> None:
    bag = DagBag(ROOT / "dags", bundle_path=ROOT / "dags", bundle_name="dags-folder")
    assert bag.import_errors == {}
    assert set(bag.dags) == {"nightly", "refresh"}


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


def test_the_edges_are_those_of_the_nightly_job(dag: Any) -> None:
    wanted = set()
    for tasks in branches().values():
        for task, needs in tasks.items():
            wanted |= {(need, task) for need in needs}
            for name in (need.removesuffix("_over") for need in needs if need.endswith("_over")):
                wanted |= {(ended, f"{name}_over") for ended in branches().get(name, {name: ()})}
    assert {(t.task_id, after) for t in dag.tasks for after in t.downstream_task_ids - {"whole"}} == wanted


def test_each_branch_is_a_box_of_its_tasks(dag: Any) -> None:
    boxes = {name: set(box.children) for name, box in dag.task_group.get_task_group_dict().items() if name}
    jobs = {
        name: {task for task in tasks if task != "whole" and not task.endswith("_over")}
        for name, tasks in boxes.items()
    }
    assert jobs == {name: set(tasks) for name, tasks in branches().items()}
    assert set().union(*boxes.values()) == set(dag.task_ids)


def test_only_what_waits_for_an_end_runs_after_a_failure(dag: Any) -> None:
    rules = {t.task_id: t.trigger_rule.value for t in dag.tasks if t.trigger_rule != "all_success"}
    soft = {task: "all_done" for task in dag.task_ids if task.endswith("_over")}
    assert rules == {**soft, "whole": "one_failed"}
    assert all(isinstance(dag.get_task(task), EmptyOperator) for task in soft)


def test_a_run_with_a_failed_task_is_red(dag: Any) -> None:
    whole = dag.get_task("whole")
    jobs = {t.task_id for t in dag.tasks if not isinstance(t, EmptyOperator)}
    assert whole.upstream_task_ids == jobs - {"whole"}
    assert not whole.downstream_task_ids  # a leaf: Airflow judges the run by it
    with pytest.raises(AirflowFailException, match="not whole"):
        whole.prepare_for_execution().execute({})


def test_a_machine_of_one_slot_does_the_most_urgent_first(dag: Any) -> None:
    jobs = [t for t in dag.tasks if not isinstance(t, EmptyOperator)]
    assert {t.pool for t in jobs} == {"night", "gpu"}
    urgency = {name: {dag.get_task(task).priority_weight for task in tasks} for name, tasks in branches().items()}
    assert all(len(weights) == 1 for weights in urgency.values())
    order = ["lists", "customers", "offers", "copy", "audiences", "prices"]
    weights = [urgency[name].pop() for name in order]
    assert weights == sorted(weights, reverse=True)
    assert {str(t.weight_rule) for t in jobs} == {"absolute"}


def test_plain_jobs_run_in_the_environment_of_the_pipeline(dag: Any) -> None:
    plain = {t.task_id for t in dag.tasks if isinstance(t, launch.JobOperator)}
    assert plain == {
        "receive_drop",
        "train_als",
        "train_lstm",
        "train_copywriter",
        "train_ranker",
        "predict_purchases",
        "find_audiences",
        "judge_lists",
        "publish_night",
        "prune_lake",
    }
    for task_id in plain:
        assert command(rendered(dag, task_id)) == [f"{BIN}/python", "-m", "jobs", task_id, *ARGUMENTS]


def test_spark_jobs_are_submitted_to_the_connection(dag: Any) -> None:
    for task in dag.tasks:
        if isinstance(task, SparkSubmitOperator):
            stage = task.task_id.removeprefix("check_") if task.task_id.startswith("check_") else ""
            job = ["check_tables", "--stage", stage] if stage else [task.task_id]
            assert command(rendered(dag, task.task_id)) == [
                *("spark-submit", "--master", "spark://127.0.0.1:7077"),
                *("--conf", "spark.driver.extraJavaOptions="),
                *("--driver-memory", "4g", "--name", f"nightmarket {task.task_id} 2026-01-06"),
                *(f"{ROOT}/jobs/__main__.py", *job, *ARGUMENTS),
            ]


def test_spark_submit_and_its_python_are_those_of_the_pipeline(dag: Any) -> None:
    environment = rendered(dag, "clean_events").env_vars
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


def test_every_field_of_the_form_is_explained(dag: Any) -> None:
    assert set(dag.params) == set(FORM)
    for name in FORM:
        param = dag.params.get_param(name)
        assert param.description
        assert param.schema["title"]


def test_a_dry_run_publishes_and_deletes_nothing(dag: Any) -> None:
    for task_id in ("publish_night", "prune_lake"):
        with pytest.raises(AirflowSkipException, match="dry run"):
            rendered(dag, task_id, dry_run=True).execute({})
    assert rendered(dag, "judge_lists", dry_run=True).skip == ""
    assert rendered(dag, "publish_night").skip == ""


def test_nights_run_one_at_a_time_and_never_by_themselves_for_the_past(dag: Any) -> None:
    assert dag.max_active_runs == 1
    assert dag.catchup is False


def test_retries_back_off(dag: Any) -> None:
    for task in (task for task in dag.tasks if task.task_id != "whole"):
        assert task.retries == 3
        assert task.retry_exponential_backoff > 1
        assert task.max_retry_delay == timedelta(hours=1)


def test_only_refusals_are_not_retried(dag: Any) -> None:
    decide = dag.get_task("check_clean").retry_policy.evaluate
    assert decide(AirflowException("spark-submit\nGateFailed: 2 of 12 rules broken"), 1, 3).action.value == "fail"
    assert decide(AirflowException("spark-submit\njava.io.IOException: disk"), 1, 3).action.value == "default"


def test_training_takes_a_gpu_slot(dag: Any) -> None:
    for job in ("train_als", "train_lstm", "train_copywriter"):
        assert (dag.get_task(job).pool, dag.get_task(job).queue) == ("gpu", "gpu")


def test_publishing_updates_the_asset(dag: Any) -> None:
    assert [asset.name for asset in dag.get_task("publish_night").outlets] == ["nightmarket_published"]


def test_the_docstring_is_the_page_in_the_ui(dag: Any) -> None:
    assert "airflow backfill create" in dag.doc_md
    for task in ("receive_drop", "check_clean", "publish_night"):
        assert task in dag.doc_md


def test_a_failed_job_says_why_in_its_own_words(nightly: ModuleType) -> None:
    task = nightly.dag.get_task("receive_drop").prepare_for_execution()
    task.command = [sys.executable, "-c", "import sys; sys.exit('NotPublished: 3 lists\\n  rows: expected 9, saw 3')"]
    with pytest.raises(AirflowException, match="status 1") as failure:
        task.execute({})
    assert launch.what_was_said(failure.value) == "NotPublished: 3 lists\n  rows: expected 9, saw 3"


def test_the_alert_reaches_the_webhook(dag: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    posted: list[dict[str, str]] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=server.handle_request, daemon=True).start()
    monkeypatch.setenv("NIGHTMARKET_ALERT_URL", f"http://127.0.0.1:{server.server_port}/")
    ti = SimpleNamespace(
        dag_id="nightly",
        task_id="check_clean",
        run_id="r",
        try_number=1,
        log_url="http://log",
        log=SimpleNamespace(error=lambda text: None),
    )
    (tell,) = dag.get_task("check_clean").on_failure_callback
    tell({"ti": ti, "exception": AirflowException("Cannot execute: spark-submit\nGateFailed: clean_events broke")})
    server.server_close()
    assert "check_clean failed" in posted[0]["text"]
    assert "GateFailed: clean_events broke" in posted[0]["text"]


def shown_after_a_failure(dag: Any, task_id: str, lake: Path) -> str:
    ti = SimpleNamespace(task_id=task_id)
    return launch.still_shown({"ti": ti, "task": dag.get_task(task_id), "params": {"lake": str(lake)}})


def test_an_alert_says_what_readers_still_see(dag: Any, tmp_path: Path) -> None:
    assert shown_after_a_failure(dag, "recommend_items", tmp_path) == "The storefront still shows the last good night."
    assert shown_after_a_failure(dag, "train_lstm", tmp_path) == "Lists are made with the newest earlier LSTM."
    assert shown_after_a_failure(dag, "check_prices", tmp_path).startswith("Readers miss nothing: ")
    assert "published without copy" in shown_after_a_failure(dag, "write_copy", tmp_path)
    entry = {"state": "fresh", "from": "2026-01-05-001", "valid_until": "2026-01-10T12:00:00Z"}
    (tmp_path / "published").mkdir()
    (tmp_path / "published" / "current.json").write_text(json.dumps({"products": {"offers": entry}}))
    said = shown_after_a_failure(dag, "choose_offers", tmp_path)
    assert said.startswith("offers of 2026-01-05 go on until 2026-01-10 at the latest")
    assert said.endswith("the rest of tonight goes on and is published.")
