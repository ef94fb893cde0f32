"""Writes to stderr how far long work has come: its name, k of n, its seconds, and about how long the rest takes.

    with progress("training", epochs, "epochs") as doing:
        for epoch in range(epochs):
            ...
            doing.step(f"loss {loss:.3f}")

    training: 3 of 20 epochs, 41 s, about 4 min left; loss 2.118

Lines are few: `step` and `at` write one only if the last is at least `EVERY` seconds old. During a long step, a line
comes by itself after `SILENCE` seconds; later, after a quarter of the time so far, but after a minute at the latest. Of
nested work, only the innermost writes lines. `Progress` itself writes no line at the start or the end, so work that
takes only a moment writes none.
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
    """Writes a line about what the command is doing, to stderr; its results go to stdout. All commands use this."""
    print(line, file=sys.stderr, flush=True)


class Progress:
    """How far one piece of work is, while it is under way; `seconds` no longer grows when it has ended."""

    def __init__(
        self,
        what: str,
        total: int | None = None,
        unit: str = "",
        at_most: bool = False,
        clock: Callable[[], float] = time.monotonic,
        silence: float = SILENCE,
    ) -> None:
        """total: the number of steps, None if unknown. unit: what is counted, such as "nights". at_most: the work may
        end before `total`."""
        self.what, self.total, self.unit, self.done, self.note = what, total, unit, 0, ""
        self._at_most = at_most
        self._clock, self._silence = clock, silence
        self._began = self._last_line = self._last_step = clock()
        self._first: tuple[int, float] | None = None  # (done, when) of the first step: resumed work starts above 0
        self._ended: float | None = None
        self._over = threading.Event()

    @property
    def seconds(self) -> float:
        return (self._clock() if self._ended is None else self._ended) - self._began

    @property
    def left(self) -> float | None:
        """Seconds that the rest will take at the speed so far; None where that cannot be known."""
        if not self.total or not self.done or self._first is None:
            return None
        if self.done == self._first[0] and self.done < self.total / 100:
            return None  # the first of many steps includes the start, which says nothing about the others
        first, began = self._first if self.done > self._first[0] else (0, self._began)
        seconds_each = (self._last_step - began) / (self.done - first)
        rest = max(self.total - self.done, 0)
        return max(seconds_each * rest - (self._clock() - self._last_step), seconds_each * max(rest - 1, 0))

    def now(self, note: str) -> None:
        """What is being done at the moment; the next line says it."""
        self.note = note

    def over(self, things: Iterable[_Thing], name: Callable[[_Thing], object] | None = str) -> Iterator[_Thing]:
        """The things one after another; each is a step. name: gives the name of the current thing for the lines."""
        for thing in things:
            if name is not None:
                self.now(str(name(thing)))
            yield thing
            self.step()

    def step(self, note: str | None = None, always: bool = False) -> None:
        """One more step is done. always: write a line even if the last one is new."""
        self.at(self.done + 1, note, always)

    def at_step(self, done: int, total: int, note: str) -> None:
        """`done` steps are done; their `total` is known only now."""
        self.total = total
        self.at(done, note)

    def at(self, done: int, note: str | None = None, always: bool = False) -> None:
        """`done` steps are done. always: as for `step`."""
        self.done, self._last_step = done, self._clock()
        self._first = self._first or (done, self._last_step)
        self.note = self.note if note is None else note
        if always or self._last_step - self._last_line >= EVERY:
            self._tell()

    def _tell(self) -> None:
        self._last_line = self._clock()
        say(str(self))

    def __str__(self) -> str:
        of_word, about_word = ("of at most", "at most") if self._at_most else ("of", "about")
        counted = f"{self.done:,}" + ("" if self.total is None else f" {of_word} {self.total:,}")
        parts = [f"{counted} {self.unit}".rstrip()] if self.done or self.total is not None else []
        parts.append(lasting(self.seconds))
        if self.left is not None and self.done != self.total:
            parts.append(f"{about_word} {lasting(self.left)} left")
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
    """As `Progress.over`, with a line at the start and one at the end."""
    with progress(what, len(things), unit) as doing:
        yield from doing.over(things, name)


def lasting(seconds: float) -> str:
    """A duration in words, such as 41 s or 4 min."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"
