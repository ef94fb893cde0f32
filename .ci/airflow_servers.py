"""Airflow's servers for `make ui` and `make run`: they run during a `with` block, and none is left behind."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from jobs.runtime.threads import usable_cores
from models.core.memory import total_bytes

ROOT = Path(__file__).resolve().parent.parent
HOME = Path(os.environ.get("AIRFLOW_HOME") or ROOT / ".airflow")
LOG = HOME / "ui.log"
PARTS = ("api-server", "dag-processor", "scheduler")
LAST = "scheduler"  # starts last: a task that it starts before the API answers would wait for its next try
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
LIBC = ctypes.CDLL(None, use_errno=True)
PATIENCE = 8  # seconds between TERM and KILL

Parts = dict[str, "subprocess.Popen[bytes]"]


@contextlib.contextmanager
def airflow(port: str) -> Iterator[Parts]:
    """Start the servers and wait until all answer. RuntimeError if a server ends by itself."""
    os.environ["AIRFLOW__API__PORT"] = port
    login()
    # Processes that a killed server leaves become our children, so that we can end them too.
    LIBC.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        with open(LOG, "a") as log:
            gpu, night = ("gpu", "1", "training, one at a time"), ("night", slots(), "branches beside each other")
            for prepare in (["db", "migrate"], ["pools", "set", *gpu], ["pools", "set", *night]):
                subprocess.run([ROOT / ".ci/airflow", *prepare], stdout=log, stderr=log, check=True)
            parts: Parts = {name: start(name, log) for name in PARTS if name != LAST}
            while not healthy(port):
                if LAST not in parts and health(port):
                    parts[LAST] = start(LAST, log)
                must_run(parts)
                time.sleep(0.5)
            yield parts
    finally:
        end_descendants()


def slots() -> str:
    """How many branches of a night run at the same time: two if two JVMs with their Python have room, else one."""
    return "2" if usable_cores() > 1 and total_bytes() >= 12 << 30 else "1"


def must_run(parts: Parts) -> None:
    """RuntimeError if a server has ended."""
    if ended := [f"{name} (status {part.returncode})" for name, part in parts.items() if part.poll() is not None]:
        raise RuntimeError(f"{', '.join(ended)} ended by itself; {LOG} says why")


def free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def login() -> str:
    """The password of `admin`, kept with Airflow's state and readable by this user only."""
    HOME.mkdir(parents=True, exist_ok=True)
    file = HOME / "simple_auth_manager_passwords.json.generated"
    if not file.exists():
        with open(os.open(file, os.O_WRONLY | os.O_CREAT, 0o600), "w") as out:
            json.dump({"admin": secrets.token_urlsafe(9)}, out)
    return str(json.loads(file.read_text())["admin"])


def start(part: str, log: IO[str]) -> subprocess.Popen[bytes]:
    """Start one server in a session of its own. The kernel sends it TERM if this process dies."""

    def die_with_us() -> None:
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)

    command = [str(ROOT / ".ci/airflow"), part]
    return subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True, preexec_fn=die_with_us)


def healthy(port: str) -> bool:
    """Whether the UI answers and the other two servers are alive."""
    parts = health(port)
    return bool(parts) and all(
        parts[part]["status"] == "healthy" for part in ("metadatabase", "scheduler", "dag_processor")
    )


def health(port: str) -> dict[str, Any]:
    """What the API says about all servers; empty as long as it does not answer."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v2/monitor/health", timeout=5) as answer:
            return json.load(answer)
    except (urllib.error.URLError, OSError, ValueError):
        return {}


def end_descendants() -> None:
    """Send TERM to every process below this one, and after a while KILL to those that are still alive."""
    for signum, patience in ((signal.SIGTERM, PATIENCE), (signal.SIGKILL, 5)):
        deadline, signalled = time.monotonic() + patience, set[int]()
        while (alive := descendants()) and time.monotonic() < deadline:
            for pid in alive - signalled:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signum)
            signalled |= alive
            reap()
            time.sleep(0.1)


def descendants() -> set[int]:
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = stat.read_text().rpartition(")")[2].split()[:2]
        except OSError:  # it ended meanwhile
            continue
        if state != "Z":
            children.setdefault(int(parent), []).append(int(stat.parent.name))
    pids, queue = set[int](), [os.getpid()]
    while queue:
        child_pids = children.get(queue.pop(), [])
        pids.update(child_pids)
        queue += child_pids
    return pids


def reap() -> None:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass
