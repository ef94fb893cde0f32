"""One night at a time: who may write a lake, since when and until when, in LAKE/lease.json.

A process that writes a lake holds it and renews its hold while it lives. A night that is killed leaves its hold behind:
it ends by itself `lease.minutes` after it was last renewed, and at once for a process of the same machine, which sees
that the holder is gone.

Airflow runs each task of a night in a process of its own. There the run holds the lake: its processes share one hold,
and it outlives each of them by `lease.minutes`, so that the next task finds it.

Of two nights that start at the same moment one wins: see contested_files.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import random
import signal
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from jobs.runtime.contested_files import Overtaken, Seen, look, put_if_unchanged
from jobs.runtime.lake import Lake
from jobs.runtime.log import get_logger
from jobs.runtime.shop_days import now
from models.core.config import check_bounds

FILE = "lease.json"
_TRIES = 20  # to write beside the other processes of a run, which renew the same hold
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

    def is_over(self, moment: dt.datetime) -> bool:
        if dt.datetime.fromisoformat(self.until) <= moment:
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
    seen = current(lake)
    if seen is None or not seen.is_of(mine):
        return False
    lake.delete(FILE)  # nobody else writes it: to all others the hold is not over
    return True


def current(lake: Lake) -> Hold | None:
    """The hold that the lake's file names, whether it is over or not; None without one."""
    return _hold(look(lake, FILE))


def _hold(seen: Seen) -> Hold | None:
    return None if seen.content is None else Hold(**seen.content)


def _take(lake: Lake, hold: Hold, minutes: float) -> tuple[Hold, bool]:
    """(the hold with its times, whether it begins now)."""

    def taken(seen: Hold | None) -> Hold:
        moment = now()
        joins = seen is not None and seen.is_of(hold)
        if seen is not None and not joins and not seen.is_over(moment):
            raise LakeBusy(_refusal(lake, seen))
        return replace(hold, since=seen.since if seen and joins else _text(moment), until=_until(moment, minutes))

    before, mine = _write(lake, taken)
    joined = before is not None and before.is_of(hold)
    if before is not None and not joined:
        _log.warning("%s ended without giving the lake back; its hold was over, so this night takes it", before)
    return mine, not joined


def _write(lake: Lake, next_hold: Callable[[Hold | None], Hold]) -> tuple[Hold | None, Hold]:
    """(the hold that was there, the one that was written in its place), however many processes write at once."""
    for _ in range(_TRIES):
        seen = look(lake, FILE)
        before = _hold(seen)
        mine = next_hold(before)
        with contextlib.suppress(Overtaken):  # look again: it may have been another process of the same run
            put_if_unchanged(lake, seen, asdict(mine), FILE)
            return before, mine
        time.sleep(random.uniform(0, 0.2))
    raise OSError(f"{lake.path(FILE)} could not be written: others wrote it {_TRIES} times in between")


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
            except LakeLost as lost:
                self.lost = str(lost)
            except OSError as problem:  # a network that fails for a moment is no reason to stop a night
                _log.warning("the lease of %s could not be renewed: %s", self.lake.root, problem)
                if now() > until:
                    self.lost = f"{self.lake.root}: its lease could not be renewed in time: {problem}; run it again"
            if self.lost:
                os.kill(os.getpid(), _STOP)  # the main thread may be waiting for Spark
                return

    def _renew(self) -> dt.datetime:
        """Until when the hold lasts now."""

        def renewed(seen: Hold | None) -> Hold:
            if seen is None or not seen.is_of(self.mine):
                by = f"{seen} holds it now" if seen else "its lease was removed"
                raise LakeLost(f"{self.lake.root} is not this night's any more: {by}; run it again when no other runs")
            return replace(self.mine, since=seen.since, until=_until(now(), self.minutes))

        return dt.datetime.fromisoformat(_write(self.lake, renewed)[1].until)

    def stop(self) -> None:
        self._ended.set()
        self.join()


def _refusal(lake: Lake, seen: Hold) -> str:
    return (
        f"{lake.root} is held by {seen} since {seen.since}, until {seen.until} unless it renews: one night at a time "
        f"writes a lake. Nothing was changed. Wait until it is over; if you know that it is dead, give the lake back "
        f"with `python -m jobs release_lake --lake {lake.root}`"
    )


def _text(moment: dt.datetime) -> str:
    return moment.isoformat(timespec="seconds")


def _until(moment: dt.datetime, minutes: float) -> str:
    return (moment + dt.timedelta(minutes=minutes)).isoformat(timespec="milliseconds")


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
