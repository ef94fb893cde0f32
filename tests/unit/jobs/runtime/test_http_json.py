"""Posting JSON to a real server on this machine: what each failure means, deadlines, and that the key stays secret."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from jobs.runtime.http_json import JsonPoster, PostError, key_from
from tests.local_server import Answer, LocalServer, free_port

KEY = "sk-this-is-secret"


@pytest.fixture
def server() -> Iterator[LocalServer]:
    with LocalServer() as server:
        yield server


def poster(url: str, seconds: float = 5.0) -> JsonPoster:
    return JsonPoster(url, KEY, seconds, 2)


def test_json_is_posted_with_the_key_and_the_answer_is_read(server: LocalServer) -> None:
    server.answers = [Answer({"ok": "好"})]
    assert poster(server.url).post({"said": "早"}) == {"ok": "好"}
    (request,) = server.requests
    assert request.body == {"said": "早"}
    assert request.headers["Authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    ("answer", "kind", "may_repeat", "was_worked_on", "wait"),
    [
        (Answer({"error": "slow down"}, 429, {"Retry-After": "7"}), "HTTP 429", True, False, 7.0),
        (Answer({"error": "slow down"}, 429, {"Retry-After": "soon"}), "HTTP 429", True, False, None),
        (Answer({"error": "oops"}, 500), "HTTP 500", True, False, None),
        (Answer({"error": "no key"}, 401), "HTTP 401", False, False, None),
        (Answer({"error": "what?"}, 400), "HTTP 400", False, False, None),
        (Answer(b"<html>busy</html>"), "no JSON", True, True, None),
        (Answer(b'{"half": '), "no JSON", True, True, None),
        (Answer({}, 302, {"Location": "http://127.0.0.1:9/"}), "HTTP 302", False, False, None),
        (Answer(b"x" * 5 * 2**20), "too long", False, True, None),
        (Answer({}, closes=True), "connection broke", True, True, None),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_a_failure_means(
    server: LocalServer, answer: Answer, kind: str, may_repeat: bool, was_worked_on: bool, wait: float | None
) -> None:
    server.answers = [answer]
    with pytest.raises(PostError) as raised:
        poster(server.url).post({})
    error = raised.value
    assert (error.kind, error.may_repeat, error.was_worked_on, error.wait) == (kind, may_repeat, was_worked_on, wait)
    assert KEY not in str(error)


@pytest.mark.parametrize("answer", [Answer({}, delay=2.0), Answer(b'"' + b"a" * 40 + b'"', every=0.1)])
def test_a_try_has_a_deadline_also_if_a_few_bytes_come_now_and_then(server: LocalServer, answer: Answer) -> None:
    server.answers = [answer]
    began = time.monotonic()
    with pytest.raises(PostError) as raised:
        poster(server.url, 0.5).post({})
    assert raised.value.kind == "timeout"
    assert time.monotonic() - began < 1.5


def test_nobody_there() -> None:
    with pytest.raises(PostError) as raised:
        poster(f"http://127.0.0.1:{free_port()}/").post({})
    assert (raised.value.kind, raised.value.may_repeat, raised.value.was_worked_on) == ("no connection", True, False)


def test_the_key_comes_from_the_variable_that_is_named(monkeypatch: Any) -> None:
    monkeypatch.setenv("MY_KEY", f" {KEY}\n")
    assert key_from("MY_KEY") == KEY
    monkeypatch.setenv("MY_KEY", "")
    with pytest.raises(KeyError, match="MY_KEY is not set"):
        key_from("MY_KEY")
