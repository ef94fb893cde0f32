"""Asks an OpenAI-compatible endpoint for drafts: many at once, with retries, within a budget, each request only once.

Every answer is stored in the lake as soon as it arrives, under the hash of its request (answers/date=D/HASH.json). So
the rerun of a killed night asks only for missing answers, and counts what the killed run has paid. Nothing here fails a
night: where the endpoint is down, refuses, or the budget is used up, templates write, and the report says why.
"""

from __future__ import annotations

import hashlib
import json
import random
import threading
import time
from collections.abc import Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any

from jobs.copywriting.briefs import Brief
from jobs.copywriting.endpoint_config import EndpointConfig
from jobs.copywriting.endpoint_ledger import Ledger, Usage
from jobs.runtime.http_json import JsonPoster, PostError, key_from
from jobs.runtime.lake import ANSWERS, Lake
from jobs.runtime.night import Night
from models.instruct.chat_prompt import ChatPrompt

_FINISHED = ("stop", "length", "eos", "end_turn", "", None)  # other finish reasons mean that the answer is not a text
_SAME_FOR_ALL = ("HTTP 401", "HTTP 402", "HTTP 403", "HTTP 404", "HTTP 405")  # the server would refuse all requests


class AnswerError(Exception):
    """The JSON holds no answer. The message is short, since failures are counted by it."""


class Endpoint:
    """One night's requests to one endpoint. `stopped`: why no more requests are sent; empty while they are."""

    def __init__(self, night: Night, config: EndpointConfig, model: str, seed: int) -> None:
        self.night, self.config, self.model, self.seed = night, config, model, seed
        self.stored = Stored(night.lake, str(night.date))
        self.ledger = Ledger(config, self.stored.paid)
        self.stopped = ""
        self._until = time.monotonic() + 60 * config.most_minutes
        self._running: set[Future[Any]] = set()
        self._in_a_row = 0
        self._halt = threading.Event()  # wakes the threads that wait for their next try
        self._lock = threading.Lock()

    def answers(self, prompts: Mapping[Brief, ChatPrompt]) -> dict[Brief, list[tuple[str, bool]]]:
        """(answer, whether it was cut off) of the prompts that were answered, in their order."""
        try:
            key = key_from(self.config.key_variable) if self.config.key_variable else ""
        except KeyError as missing:
            self._stop(str(missing.args[0]))
            return {}
        self.poster = JsonPoster(self.config.url, key, self.config.try_seconds, self.config.at_once)
        answers: dict[Brief, Any] = {}
        brief_of: dict[Future[Any], Brief] = {}
        with ThreadPoolExecutor(self.config.at_once) as pool:
            for brief, prompt in prompts.items():
                body = self.config.body(self.model, prompt.message, self.seed)
                name = _name(self.config.url, body)
                if (stored := self.stored.get(name)) is not None:
                    self.ledger.cached += 1
                    answers[brief] = stored
                elif self._let_out(prompt):
                    future = pool.submit(self._ask, name, body, self.ledger.most(prompt.message))
                    brief_of[future] = brief
                    self._running.add(future)
            answers |= {brief: future.result() for future, brief in brief_of.items()}
        self.poster.close()
        return {brief: _content(answers[brief]) for brief in prompts if answers.get(brief) is not None}

    def _let_out(self, prompt: ChatPrompt) -> bool:
        """Waits until a place is free and the budget allows the request; False where that will not happen tonight.

        Requests go out in the order of the prompts, so that what a budget pays for does not depend on timing.
        """
        most = self.ledger.most(prompt.message)
        while not self.stopped:
            if time.monotonic() > self._until:
                self._stop(f"copy_endpoint.most_minutes ({self.config.most_minutes:g}) have passed")
                break
            self._running = {future for future in self._running if not future.done()}
            if len(self._running) < self.config.at_once and self.ledger.let_out(most):
                return True
            if not self._running:
                self._stop("the night's budget (copy_endpoint.most_tokens, most_cost) does not allow another request")
                break
            wait(self._running, timeout=1.0, return_when=FIRST_COMPLETED)
        return False

    def _ask(self, name: str, body: dict[str, Any], most: Usage) -> dict[str, Any] | None:
        """The answer, after storing it; None where all tries failed. The ledger has already allowed the first try."""
        for attempt in range(self.config.retries + 1):
            try:
                answer = self.poster.post(body)
            except PostError as error:
                self.ledger.settle(most, None if error.was_worked_on else Usage())
                if not self._may_repeat(error, attempt, name) or not self.ledger.let_out(most):
                    self._failed(error.kind, str(error))
                    return None
                self.ledger.retry(error.kind)
                continue
            usage = _usage(answer)
            self.ledger.settle(most, usage)
            return self._accepted(name, answer, most if usage is None else usage)
        return None

    def _may_repeat(self, error: PostError, attempt: int, name: str) -> bool:
        """Whether to try again, after a wait: as long as the server asks, else twice as long each time, plus or minus
        a random half."""
        if not error.may_repeat or attempt >= self.config.retries:
            return False
        pause = self.config.first_wait * 2**attempt * random.Random(f"{name}{attempt}").uniform(0.5, 1.5)
        pause = min(pause, self.config.most_wait) if error.wait is None else error.wait
        if pause > self.config.most_wait or time.monotonic() + pause > self._until:
            return False
        return not self._halt.wait(pause)

    def _accepted(self, name: str, answer: Any, paid: Usage) -> dict[str, Any] | None:
        """Stores the answer, even one without a text: it was paid for, and the same request would get it again."""
        problem = None
        try:
            content, finish = _read(answer)
        except AnswerError as error:
            problem, content, finish = str(error), "", str(error)
        entry = {"content": content, "finish": finish, "tokens_read": paid.read, "tokens_written": paid.written}
        self.stored.put(name, entry)
        if problem is not None:
            self._failed(problem, f"{problem}: {str(answer)[:200]}")
            return None
        with self._lock:
            self._in_a_row = 0
            self.ledger.answers += 1
        return entry

    def _failed(self, kind: str, message: str) -> None:
        with self._lock:
            self._in_a_row += 1
            first = not self.ledger.failures[kind]
            self.ledger.failures[kind] += 1
        if first:  # the log shows only the first failure of each kind
            self.night.log.warning("the endpoint failed for a request: %s", message)
        if kind in _SAME_FOR_ALL:
            self._stop(f"the endpoint refuses: {message}")
        elif self._in_a_row >= self.config.failures_in_a_row:
            self._stop(f"{self._in_a_row} requests in a row failed, the last one: {message}")

    def _stop(self, why: str) -> None:
        with self._lock:
            if self.stopped:
                return
            self.stopped = why
        self._halt.set()
        self.night.log.warning("no more requests go to the endpoint tonight, templates write the other texts: %s", why)


class Stored:
    """Answers of a night, in the lake."""

    def __init__(self, lake: Lake, date: str) -> None:
        self._lake, self._folder = lake, (ANSWERS, f"date={date}")
        names = lake.list_dir(*self._folder)
        self._known = {name.removesuffix(".json"): lake.get_json(*self._folder, name) for name in names}
        uses = (Usage(answer["tokens_read"], answer["tokens_written"]) for answer in self._known.values())
        self.paid = sum(uses, Usage())

    def get(self, name: str) -> dict[str, Any] | None:
        return self._known.get(name)

    def put(self, name: str, answer: dict[str, Any]) -> None:
        self._lake.put_json(answer, *self._folder, f"{name}.json")


def _name(url: str, body: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps([url, body], sort_keys=True).encode()).hexdigest()[:32]


def _content(answer: dict[str, Any]) -> list[tuple[str, bool]]:
    return [(answer["content"], answer["finish"] == "length")]


def _read(answer: Any) -> tuple[str, str]:
    """(content, finish reason) of the first choice. Raises AnswerError where it holds no text."""
    choices = answer.get("choices") if isinstance(answer, dict) else None
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        raise AnswerError("no choice")
    finish, message = choices[0].get("finish_reason"), choices[0].get("message")
    if finish not in _FINISHED:
        raise AnswerError(f"finish_reason {str(finish)[:40]}")
    content = message.get("content") if isinstance(message, dict) else None
    if not isinstance(content, str) or not content.strip():
        raise AnswerError("no content")
    return content, finish or "stop"


def _usage(answer: Any) -> Usage | None:
    """Tokens as the server counted them; None where its counts cannot be used."""
    usage = answer.get("usage") if isinstance(answer, dict) else None
    counts = [usage.get(name) for name in ("prompt_tokens", "completion_tokens")] if isinstance(usage, dict) else [None]
    if not all(isinstance(count, int) and not isinstance(count, bool) and count >= 0 for count in counts):
        return None
    return Usage(*counts)
