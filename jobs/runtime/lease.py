"""One night at a time: who may write a lake, since when and until when, in LAKE/lease.json.

A process that writes a lake holds it and renews its hold while it lives. A night that is killed leaves its hold behind:
it ends by itself `lease.minutes` after it was last renewed, and at once for a process of the same machine, which sees
that the holder is gone.

Airflow runs each task of a night in a process of its own. There the run holds the lake: its processes share one hold,
and it outlives each of them by `lease.minutes`, so that the next task finds it.

On a local or shared folder a file lock makes looking and taking one step. `pyarrow.fs` has no conditional write for
object stores: there the lease is written, and read again after a pause, so that of two nights that start in the same
second only the one that wrote last goes on.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import signal
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from jobs.runtime.lake import Lake
from jobs.runtime.log import get_logger
from models.core.config import check_bounds

FILE = "lease.json"
_LOCK = "lease.lock"
_SETTLE_SECONDS = 2.0  # on an object store, until the last of several that write at the same moment is known
_STOP = signal.SIGUSR1  # a process that a shell started with & ignores SIGINT
_log = get_logger("lease")


class LakeBusy(RuntimeError):
    """Another night holds the lake."""

    may_come = True  # see jobs/runtime/exit_status.py: the same command succeeds when that night is over


class LakeLost(RuntimeError):
    """This night's hold ended, or was taken, while it ran: it stopped before it could write beside another."""


class _Stop(BaseException):
    """Ends the main thread wherever it is; no job catches it."""


def _stop(number: int, frame: object) -> None:
    raise _Stop


@dataclass(frozen=True)
class LeaseConfig:
    """How long a night that no longer says that it lives keeps others from the lake."""

    minutes: float = field(
        default=15.0, metadata={"doc": "a hold ends so long after its night last renewed it", "above": 0}
    )

    def __post_init__(self) -> None:
        check_bounds(self)


@dataclass(frozen=True)
class Hold:
    """What lease.json says. Times are UTC, as ISO 8601.

    is_shared: all processes of the run `run` hold the lake together; else only the process that wrote the file does.
    machine, pid: of the process that wrote it last; the machine is named so that two containers differ.
    """

    what: str
    date: str
    run: str
    is_shared: bool
    token: str
    host: str
    machine: str
    pid: int
    since: str
    until: str

    def is_over(self, now: dt.datetime) -> bool:
        if dt.datetime.fromisoformat(self.until) <= now:
            return True
        return not self.is_shared and self.machine == _machine() and not _is_alive(self.pid)

    def is_of(self, other: Hold) -> bool:
        """Whether `other` may go on under this hold: it is the same one, or one of the same run that shares it."""
        same_run = (self.date, self.run) == (other.date, other.run)
        return self.token == other.token or (self.is_shared and bool(self.run) and same_run)

    def __str__(self) -> str:
        run = f" run={self.run}" if self.run else ""
        return f"{self.what} {self.date}{run} (process {self.pid} on {self.host})"


def new_hold(what: str, date: dt.date, run: str = "", is_shared: bool = False) -> Hold:
    """A hold of this process that has not begun; `run` may be empty where it is not shared."""
    token = uuid.uuid4().hex
    return Hold(what, str(date), run, is_shared, token, socket.gethostname(), _machine(), os.getpid(), "", "")


@contextlib.contextmanager
def held(lake: Lake, hold: Hold, config: LeaseConfig) -> Iterator[None]:
    """Within it this process may write the lake. Raises LakeBusy where another night may, LakeLost where one took it.

    A shared hold stays when the block ends, for the next process of the run, unless the block began it and failed. Any
    other ends with the block.
    """
    if threading.current_thread() is threading.main_thread():
        signal.signal(_STOP, _stop)
    mine, is_new = _take(lake, hold, config.minutes)
    stays = False
    renewing = _Renewal(lake, mine, config.minutes)
    renewing.start()
    try:
        yield
        stays = hold.is_shared
    except _Stop:
        raise LakeLost(renewing.lost) from None
    finally:
        renewing.stop()
        if not stays and (is_new or not hold.is_shared):
            release(lake, mine)


def release(lake: Lake, mine: Hold) -> bool:
    """Ends the hold; False where the lake is not held by it any more."""
    with lake.locked(_LOCK):
        seen = current(lake)
        if seen is None or not seen.is_of(mine):
            return False
        lake.delete(FILE)
    return True


def current(lake: Lake) -> Hold | None:
    """The hold that the lake's file names, whether it is over or not; None without one."""
    try:
        return Hold(**lake.get_json(FILE))
    except FileNotFoundError:
        return None


def _take(lake: Lake, hold: Hold, minutes: float) -> tuple[Hold, bool]:
    """(the hold with its times, whether it begins now)."""
    with lake.locked(_LOCK):
        seen, now = current(lake), _now()
        if seen is not None and not seen.is_of(hold) and not seen.is_over(now):
            raise LakeBusy(_refusal(lake, seen))
        joins = seen is not None and seen.is_of(hold)
        mine = replace(hold, since=seen.since if seen and joins else _text(now), until=_until(now, minutes))
        lake.put_json(asdict(mine), FILE)
    if not lake.is_local:
        time.sleep(_SETTLE_SECONDS)
        seen = current(lake)
        if seen is None or not seen.is_of(mine):
            raise LakeBusy(_refusal(lake, seen or mine))
    if seen is not None and not joins:
        _log.warning("%s ended without giving the lake back; its hold was over, so this night takes it", seen)
    return mine, not joins


class _Renewal(threading.Thread):
    """Renews a hold while its process lives, and stops the process where the hold is lost."""

    def __init__(self, lake: Lake, mine: Hold, minutes: float) -> None:
        super().__init__(name="lease", daemon=True)
        self.lake, self.mine, self.minutes = lake, mine, minutes
        self.lost = ""
        self._ended = threading.Event()

    def run(self) -> None:
        until = dt.datetime.fromisoformat(self.mine.until)
        while not self._ended.wait(self.minutes * 60 / 10):
            try:
                until = self._renew()
            except OSError as problem:  # a network that fails for a moment is no reason to stop a night
                _log.warning("the lease of %s could not be renewed: %s", self.lake.root, problem)
                if _now() > until:
                    self.lost = f"{self.lake.root}: its lease could not be renewed in time: {problem}; run it again"
            if self.lost:
                os.kill(os.getpid(), _STOP)  # the main thread may be waiting for Spark
                return

    def _renew(self) -> dt.datetime:
        now = _now()
        with self.lake.locked(_LOCK):
            seen = current(self.lake)
            if seen is None or not seen.is_of(self.mine):
                by = f"{seen} holds it now" if seen else "its lease was removed"
                self.lost = f"{self.lake.root} is not this night's any more: {by}; run it again when no other runs"
                return now
            renewed = replace(self.mine, since=seen.since, until=_until(now, self.minutes))
            self.lake.put_json(asdict(renewed), FILE)
        return dt.datetime.fromisoformat(renewed.until)

    def stop(self) -> None:
        self._ended.set()
        self.join()


def _refusal(lake: Lake, seen: Hold) -> str:
    return (
        f"{lake.root} is held by {seen} since {seen.since}, until {seen.until} unless it renews: one night at a time "
        f"writes a lake. Nothing was changed. Wait until it is over; if you know that it is dead, give the lake back "
        f"with `python -m jobs release_lake --lake {lake.root}`"
    )


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _text(moment: dt.datetime) -> str:
    return moment.isoformat(timespec="seconds")


def _until(now: dt.datetime, minutes: float) -> str:
    return (now + dt.timedelta(minutes=minutes)).isoformat(timespec="milliseconds")


def _machine() -> str:
    """What names this boot of this machine, and the numbering of processes that this process sees."""
    parts = [socket.gethostname()]
    with contextlib.suppress(OSError):
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text().strip())
        parts.append(os.readlink("/proc/self/ns/pid"))
    return " ".join(parts)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    with contextlib.suppress(OSError):
        return (
            Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
        )  # killed, and not yet waited for
    return True
