"""Runs tasks of a night in their order. If one fails, it goes on with the tasks that do not need it."""

from __future__ import annotations

import importlib
import time
import traceback
from collections.abc import Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait

from jobs.nights import side_process
from jobs.runtime.branches import BRANCHES, OVER, job_of
from jobs.runtime.freed_memory import give_back_freed
from jobs.runtime.log import get_logger
from jobs.runtime.night import Night
from jobs.runtime.progress import Progress
from jobs.runtime.registry import module_of
from jobs.runtime.spark_failure import forget_cached
from jobs.runtime.threads import usable_cores
from models.core.memory import available_bytes

# Tasks that need no Spark and may train for minutes. The module's `trains(night)` says whether the task trains tonight.
BESIDE = ("train_copywriter", "train_lstm")
_ROOM = 4 << 30  # bytes that a second process may need beside this one
_MANY = 8  # jobs that a message does not list one by one


class JobsFailed(RuntimeError):
    """Jobs that failed, with the messages of their errors, and jobs that did not run because they need a failed one."""

    def __init__(self, failed: dict[str, Exception], not_run: list[str]) -> None:
        skipped = f"{len(not_run)} jobs that need them" if len(not_run) > _MANY else ", ".join(not_run)
        self.head = f"failed: {', '.join(failed)}" + (f"; not run: {skipped}" if not_run else "")
        self.failed = failed
        self.causes = list(failed.values())  # their exit statuses decide that of the command

    def __str__(self) -> str:
        texts = [f"{task}: {type(error).__name__}: {error}" for task, error in self.failed.items()]
        return "\n  ".join([self.head, *(text.replace("\n", "\n  ") for text in texts)])


def run_tasks(night: Night, tasks: Mapping[str, tuple[str, ...]]) -> None:
    """Runs `tasks` (task -> the tasks it needs) in their order, each as soon as possible. A needed task that is not in
    `tasks` has run before. A task that trains for long runs in a second process beside the others (`BESIDE`).

    Raises JobsFailed at the end if any task failed.
    """
    ended: dict[str, Exception | None] = {}  # task -> its error, in the order in which they ended
    not_run: list[str] = []
    waiting = dict(tasks)
    running_beside: dict[str, Future[Exception | None]] = {}
    with Progress(f"night of {night.date}", len(tasks), "jobs") as doing:

        def end(task: str, error: Exception | None) -> None:
            ended[task] = error
            if error is not None:
                get_logger(task).error("%s: %s", type(error).__name__, error)
                traceback.clear_frames(error.__traceback__)  # they hold the job's tables
            doing.step()

        while waiting or running_beside:
            pending = {*waiting, *running_beside}
            ready = [name for name, needs in waiting.items() if not pending & _waited_for(needs)]
            # A task that trains starts first. It comes last while the second process is taken by another.
            task = min(ready, key=lambda name: (name in BESIDE) == bool(running_beside), default=None)
            doing.now(", ".join([*([task] if task else []), *running_beside]))
            if task is None:
                if not running_beside:
                    raise ValueError(f"these tasks wait for each other: {', '.join(waiting)}")
                wait(running_beside.values(), return_when=FIRST_COMPLETED)
            for name in [name for name, future in running_beside.items() if future.done()]:
                end(name, side_process.error_of(name, running_beside.pop(name)))
            if task is None:
                continue
            needs = waiting.pop(task)
            if any(ended.get(need) is not None or need in not_run for need in needs):
                not_run.append(task)
                doing.step()
            elif not running_beside and _runs_beside(night, task):
                running_beside[task] = side_process.start(run, night, task)
            else:
                end(task, _error_of(night, task))
    failed = {task: error for task, error in ended.items() if error is not None}
    if failed:
        raise JobsFailed(failed, not_run) from next(iter(failed.values()))


def _waited_for(needs: Iterable[str]) -> set[str]:
    """The tasks that must have ended, well or not, before a task with these needs begins."""
    tasks: set[str] = set()
    for need in needs:
        name = need.removesuffix(OVER)
        tasks.update(BRANCHES.get(name, (name,)) if name != need else (need,))
    return tasks


def _runs_beside(night: Night, task: str) -> bool:
    """Whether to run the task in a second process: it trains tonight, and another core and enough memory are free."""
    if task not in BESIDE or usable_cores() == 1 or available_bytes() < _ROOM:
        return False
    try:
        return bool(importlib.import_module(module_of(task)).trains(night))
    except Exception:  # the task itself will fail with it, and report it
        return False


def _error_of(night: Night, task: str) -> Exception | None:
    try:
        run(night, task)
    except Exception as error:
        forget_cached()
        return error
    return None


def run(night: Night, task: str) -> None:
    """Runs one task in this process, with its report."""
    job, options = job_of(task)
    night.begin(task)
    started = time.monotonic()
    with night.reporting():
        importlib.import_module(module_of(job)).main(night, **options)
    give_back_freed()
    night.log.info("%.1f s", time.monotonic() - started)
