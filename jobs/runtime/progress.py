"""Says on stderr how far long work is: what is being done, k of n, its seconds, and about how long the rest takes.

    with progress("training", epochs, "epochs") as doing:
        for epoch in range(epochs):
            ...
            doing.step(f"loss {loss:.3f}")

    training: 3 of 20 epochs, 41 s, about 4 min left; loss 2.118

Lines are few: `step` and `at` say one only where the last is `EVERY` seconds old. Where a step takes long, a line comes
by itself after `SILENCE` seconds, later after a quarter of the time so far, at most a minute. Of work within work, the
inner one speaks. `Progress` itself has no line at the begin and none at the end, so nothing is said of what takes a
moment.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TypeVar

EVERY, SILENCE, LONGEST_SILENCE = 5.0, 10.0, 60.0  # seconds
_Thing = TypeVar("_Thing")
_under_way: list[Progress] = []  # the innermost is the last


def say(line: str) -> None:
    """The one way in which a command says what it is doing; its results go to stdout."""
    print(line, file=sys.stderr, flush=True)


class Progress:
    """How far one piece of work is, while it is under way; `seconds` stands still when it has ended."""

    def __init__(
        self,
        what: str,
        total: int | None = None,
        unit: str = "",
        at_most: bool = False,
        clock: Callable[[], float] = time.monotonic,
        silence: float = SILENCE,
    ) -> None:
        """total: how many there are to do, None where nobody knows. unit: what is counted, such as "nights". at_most:
        the work may end before."""
        self.what, self.total, self.unit, self.done, self.note = what, total, unit, 0, ""
        self._at_most = at_most
        self._clock, self._silence = clock, silence
        self._began = self._last_line = self._last_step = clock()
        self._first: tuple[int, float] | None = None  # (done, when) of the first step: a resumed work begins far on
        self._ended: float | None = None
        self._over = threading.Event()

    @property
    def seconds(self) -> float:
        return (self._clock() if self._ended is None else self._ended) - self._began

    @property
    def left(self) -> float | None:
        """Seconds that the rest will take if it goes on as until now; None where that cannot be known."""
        if not self.total or not self.done or self._first is None:
            return None
        first, began = self._first if self.done > self._first[0] else (0, self._began)
        each = (self._last_step - began) / (self.done - first)
        rest = max(self.total - self.done, 0)
        return max(each * rest - (self._clock() - self._last_step), each * max(rest - 1, 0))

    def now(self, note: str) -> None:
        """What is being done at the moment; the next line says it."""
        self.note = note

    def over(self, things: Iterable[_Thing], name: Callable[[_Thing], object] | None = str) -> Iterator[_Thing]:
        """The things one after another, each a step. name: what a line calls the one that is under way."""
        for thing in things:
            if name is not None:
                self.now(str(name(thing)))
            yield thing
            self.step()

    def step(self, note: str | None = None, always: bool = False) -> None:
        """One more is done. always: a line says so, however old the last is."""
        self.at(self.done + 1, note, always)

    def at_step(self, done: int, total: int, note: str) -> None:
        """So many are done of what is known only now."""
        self.total = total
        self.at(done, note)

    def at(self, done: int, note: str | None = None, always: bool = False) -> None:
        """So many are done."""
        self.done, self._last_step = done, self._clock()
        self._first = self._first or (done, self._last_step)
        self.note = self.note if note is None else note
        if always or self._last_step - self._last_line >= EVERY:
            self._tell()

    def _tell(self) -> None:
        self._last_line = self._clock()
        say(str(self))

    def __str__(self) -> str:
        of, about = ("of at most", "at most") if self._at_most else ("of", "about")
        counted = f"{self.done:,}" + ("" if self.total is None else f" {of} {self.total:,}")
        parts = [f"{counted} {self.unit}".rstrip()] if self.done or self.total is not None else []
        parts.append(lasting(self.seconds))
        if self.left is not None and self.done != self.total:
            parts.append(f"{about} {lasting(self.left)} left")
        return f"{self.what}: {', '.join(parts)}" + (f"; {self.note}" if self.note else "")

    def __enter__(self) -> Progress:
        _under_way.append(self)
        threading.Thread(target=self._speak_up, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended = self._clock()
        self._over.set()
        _under_way.remove(self)

    def _speak_up(self) -> None:
        while not self._over.wait(max(0.01, self._due() - self._clock())):
            if _under_way[-1:] != [self]:  # the list may be empty by now
                self._last_line = self._clock()
            elif self._clock() >= self._due():
                self._tell()

    def _due(self) -> float:
        return self._last_line + min(max(self._silence, self.seconds / 4), LONGEST_SILENCE)


@contextmanager
def progress(what: str, total: int | None = None, unit: str = "", at_most: bool = False) -> Iterator[Progress]:
    """A Progress that also says when the work begins, and when it has ended without an error."""
    say(f"{what} ...")
    with Progress(what, total, unit, at_most) as doing:
        yield doing
    count = f"{doing.done:,} {unit}".rstrip() + ", " if doing.done else ""
    say(f"{what}: {count}{doing.seconds:,.1f} s")


def each(
    what: str, things: Collection[_Thing], unit: str = "", name: Callable[[_Thing], object] | None = str
) -> Iterator[_Thing]:
    """The things one after another, as `Progress.over`, with a line at the begin and one at the end."""
    with progress(what, len(things), unit) as doing:
        yield from doing.over(things, name)


def lasting(seconds: float) -> str:
    """A duration as people say it."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"
