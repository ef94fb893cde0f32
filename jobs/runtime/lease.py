"""One night at a time: LAKE/lease.json says who may write a lake, since when and until when.

A process that writes a lake holds it, and renews its hold while the process lives. A night that is killed leaves its
hold behind. This hold ends by itself `lease.minutes` after it was last renewed; for a process of the same machine it
ends at once, because that process sees that the holder is gone.

Airflow runs each task of a night in a process of its own. There the run holds the lake: its processes share one hold,
and the hold lasts `lease.minutes` longer than each of them, so that the next task finds it.

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
_TRIES = 20  # attempts to write; the other processes of a run renew the same hold
_STOP = signal.SIGUSR1  # not SIGINT, which a process started by a shell with & ignores
_log = get_logger("lease")


class LakeBusy(RuntimeError):
    """Another night holds the lake."""

    may_come = True  # see jobs/runtime/exit_status.py: the same command succeeds when that night is over


class LakeLost(RuntimeError):
    """This night lost its hold while it ran. It stopped before two nights could write at the same time."""


class _Stop(BaseException):
    """Ends the main thread at any point of its work; no job catches it."""


def _stop(number: int, frame: object) -> None:
    raise _Stop


@dataclass(frozen=True)
class LeaseConfig:
    """How long a night that has died keeps other nights from the lake."""

    minutes: float = field(
        default=15.0, metadata={"doc": "a hold ends so long after its night last renewed it", "above": 0}
    )

    def __post_init__(self) -> None:
        check_bounds(self)


@dataclass(frozen=True)
class Hold:
    """What lease.json says. Times are UTC, as ISO 8601.

    is_shared: all processes of the run `run` hold the lake together; else only the process that wrote the file does.
    machine, pid: the process that wrote the file last; two containers have different names of the machine.
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
        """Whether `other` may work under this hold: it is the same hold, or one of the run that shares it."""
        same_run = (self.date, self.run) == (other.date, other.run)
        return self.token == other.token or (self.is_shared and bool(self.run) and same_run)

    def __str__(self) -> str:
        run = f" run={self.run}" if self.run else ""
        return f"{self.what} {self.date}{run} (process {self.pid} on {self.host})"


def new_hold(what: str, date: dt.date, run: str = "", is_shared: bool = False) -> Hold:
    """A hold of this process that has not begun; `run` may be empty where the hold is not shared."""
    token = uuid.uuid4().hex
    return Hold(what, str(date), run, is_shared, token, socket.gethostname(), _machine(), os.getpid(), "", "")


@contextlib.contextmanager
def held(lake: Lake, hold: Hold, config: LeaseConfig) -> Iterator[None]:
    """Within the block this process may write the lake.

    Raises LakeBusy where another night holds the lake, LakeLost where another night took it during the block.

    A shared hold stays after the block, for the next process of the run, unless the block began the hold and failed.
    Any other hold ends with the block.
    """
    if threading.current_thread() is threading.main_thread():
        signal.signal(_STOP, _stop)
    own_hold, is_new = _take(lake, hold, config.minutes)
    stays = False
    renewing = _Renewal(lake, own_hold, config.minutes)
    renewing.start()
    try:
        yield
        stays = hold.is_shared
    except _Stop:
        raise LakeLost(renewing.lost) from None
    finally:
        renewing.stop()
        if not stays and (is_new or not hold.is_shared):
            release(lake, own_hold)


@contextlib.contextmanager
def held_with_refresh(lake: Lake, what: str, date: dt.date, config: LeaseConfig) -> Iterator[None]:
    """As `held`, also for the lake of a refresh, which is one of its own and may be held beside a night."""
    with contextlib.ExitStack() as holds:
        for held_lake in (lake, lake.refresh):
            if held_lake.exists():
                holds.enter_context(held(held_lake, new_hold(what, date), config))
        yield


def release(lake: Lake, hold: Hold) -> bool:
    """Ends the hold; False where it does not hold the lake any more."""
    seen = current(lake)
    if seen is None or not seen.is_of(hold):
        return False
    lake.delete(FILE)  # nobody else writes the file now: for all others the hold is not over
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
        is_joining = seen is not None and seen.is_of(hold)
        if seen is not None and not is_joining and not seen.is_over(moment):
            raise LakeBusy(_refusal(lake, seen))
        return replace(hold, since=seen.since if seen and is_joining else _text(moment), until=_until(moment, minutes))

    before, new = _write(lake, taken)
    is_joined = before is not None and before.is_of(hold)
    if before is not None and not is_joined:
        _log.warning("%s ended without giving the lake back; its hold was over, so this night takes it", before)
    return new, not is_joined


def _write(lake: Lake, next_hold: Callable[[Hold | None], Hold]) -> tuple[Hold | None, Hold]:
    """(the hold before, the hold written in its place); several processes may do this at once."""
    for _ in range(_TRIES):
        seen = look(lake, FILE)
        before = _hold(seen)
        written = next_hold(before)
        with contextlib.suppress(Overtaken):  # look again: it may have been another process of the same run
            put_if_unchanged(lake, seen, asdict(written), FILE)
            return before, written
        time.sleep(random.uniform(0, 0.2))
    raise OSError(f"{lake.path(FILE)} could not be written: others wrote it {_TRIES} times in between; try again")


class _Renewal(threading.Thread):
    """Renews a hold while its process lives, and stops the process where the hold is lost."""

    def __init__(self, lake: Lake, hold: Hold, minutes: float) -> None:
        super().__init__(name="lease", daemon=True)
        self.lake, self.hold, self.minutes = lake, hold, minutes
        self.lost = ""
        self._ended = threading.Event()

    def run(self) -> None:
        until = dt.datetime.fromisoformat(self.hold.until)
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
        """Renews the hold; returns until when it lasts now."""

        def renewed(seen: Hold | None) -> Hold:
            if seen is None or not seen.is_of(self.hold):
                reason = f"{seen} holds it now" if seen else "its lease was removed"
                raise LakeLost(
                    f"{self.lake.root} is not this night's any more: {reason}; run it again when no other runs"
                )
            return replace(self.hold, since=seen.since, until=_until(now(), self.minutes))

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
    """The machine, its boot and the PID namespace: two processes' pids can be compared only where all are the same."""
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
