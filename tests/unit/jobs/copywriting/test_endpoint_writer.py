"""Many requests to an endpoint: order, concurrency, retries, budget, what is stored; a dead endpoint fails no night."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jobs.copywriting.briefs import Brief
from jobs.copywriting.endpoint_config import EndpointConfig
from jobs.copywriting.endpoint_writer import Endpoint
from jobs.runtime.lake import ANSWERS, Lake
from jobs.runtime.night import Night
from jobs.runtime.settings import Settings
from models.instruct.chat_prompt import ChatPrompt
from tests.local_server import Answer, LocalServer, Request, free_port
from tests.unit.jobs.copywriting.copy_shop import NIGHT, brief

KEY = "sk-this-is-secret"
PROMPTS = {brief(f"g{at:02d}"): ChatPrompt(f"Write of {at:02d}.", 2) for at in range(12)}


def answer_of(content: Any, finish: Any = "stop", usage: Any = (10, 5)) -> Answer:
    counts = {"usage": dict(zip(("prompt_tokens", "completion_tokens"), usage, strict=True))} if usage else {}
    return Answer({"choices": [{"message": {"content": content}, "finish_reason": finish}], **counts})


def echo(request: Request) -> Answer:
    return answer_of(f"Of {request.body['messages'][0]['content']}")


@pytest.fixture
def server() -> Iterator[LocalServer]:
    with LocalServer(echo) as server:
        yield server


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(str(tmp_path / "lake"))


def endpoint(server: LocalServer | str, lake: Lake, **changed: Any) -> Endpoint:
    url = server if isinstance(server, str) else server.url
    settings = {"base_url": url, "first_wait": 0.01, "try_seconds": 5.0, "answer_tokens": 100} | changed
    return Endpoint(Night(NIGHT, lake, "001", Settings()), EndpointConfig(**settings), "shop/model", 7)


def texts(answers: dict[Brief, list[tuple[str, bool]]]) -> dict[str, str]:
    return {brief.item_id: text for brief, ((text, _),) in answers.items()}


def test_answers_are_in_the_order_of_the_briefs_whichever_comes_first(server: LocalServer, lake: Lake) -> None:
    server.usual = lambda request: Answer(echo(request).body, delay=0.1 * (len(server.requests) % 3))
    writer = endpoint(server, lake, at_once=3)
    answers = writer.answers(PROMPTS)
    assert list(answers) == list(PROMPTS)
    assert texts(answers) == {brief.item_id: f"Of {prompt.message}" for brief, prompt in PROMPTS.items()}
    assert 1 < server.most_open <= 3
    facts = writer.ledger.facts()
    assert (facts["requests"], facts["answers"], facts["tokens_read"], facts["tokens_written"]) == (12, 12, 120, 60)
    assert writer.stopped == ""


def test_a_request_has_the_message_the_model_and_nothing_of_the_shop(
    server: LocalServer, lake: Lake, monkeypatch: Any
) -> None:
    monkeypatch.setenv("COPY_KEY", KEY)
    more = '{"chat_template_kwargs": {"enable_thinking": false}, "seed": null}'
    endpoint(server, lake, key_variable="COPY_KEY", more=more).answers(dict([*PROMPTS.items()][:1]))
    (request,) = server.requests
    assert request.body == {
        "model": "shop/model",
        "messages": [{"role": "user", "content": "Write of 00."}],
        "max_tokens": 100,
        "temperature": 0.8,
        "chat_template_kwargs": {"enable_thinking": False},
    }
    assert request.headers["Authorization"] == f"Bearer {KEY}"
    stored = [path.read_text() for path in Path(lake.root).rglob("*") if path.is_file()]
    assert stored
    assert not [text for text in stored if KEY in text]


def test_busy_slow_and_broken_answers_are_asked_again(server: LocalServer, lake: Lake) -> None:
    server.answers = [
        Answer({}, 429, {"Retry-After": "0.3"}),
        Answer({}, 500),
        Answer(b"<html>"),
        Answer({}, delay=1.0),
        Answer({}, closes=True),
    ]
    writer = endpoint(server, lake, at_once=1, try_seconds=0.5, retries=6)
    began = time.monotonic()
    assert len(writer.answers(PROMPTS)) == 12
    assert time.monotonic() - began > 0.3  # it waited as Retry-After says
    facts = writer.ledger.facts()
    assert facts["retries"] == {"HTTP 429": 1, "HTTP 500": 1, "connection broke": 1, "no JSON": 1, "timeout": 1}
    assert facts["failures"] == {}
    assert facts["taken_at_most"] == 3  # a server that breaks off may have counted its tokens
    assert facts["requests"] == 17


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer({"choices": []}), "no choice"),
        (Answer({"choices": [{"message": {"content": None}, "finish_reason": "stop"}]}), "no content"),
        (Answer({"choices": [{"message": {"content": "  "}, "finish_reason": "stop"}]}), "no content"),
        (Answer([1, 2]), "no choice"),
        (answer_of("I will not", "content_filter"), "finish_reason content_filter"),
        (answer_of("", "tool_calls"), "finish_reason tool_calls"),
        (Answer({"error": "too long"}, 400), "HTTP 400"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_answer_without_a_text_costs_one_brief(server: LocalServer, lake: Lake, answer: Answer, kind: str) -> None:
    server.answers = [answer]
    writer = endpoint(server, lake, at_once=1)
    assert list(texts(writer.answers(PROMPTS))) == [f"g{number:02d}" for number in range(1, 12)]
    assert writer.ledger.facts()["failures"] == {kind: 1}
    assert len(server.requests) == 12  # no request was sent again


def test_an_answer_that_was_cut_off_is_marked(server: LocalServer, lake: Lake) -> None:
    server.answers = [answer_of("Whole.\nHal", "length")]
    answers = endpoint(server, lake, at_once=1).answers(PROMPTS)
    assert next(iter(answers.values())) == [("Whole.\nHal", True)]


def test_a_rerun_sends_no_request_twice_and_counts_what_was_paid(server: LocalServer, lake: Lake) -> None:
    first = dict([*PROMPTS.items()][:5])
    endpoint(server, lake, at_once=2).answers(first)
    rerun = endpoint(server, lake, at_once=2, price_read=1.0, price_written=2.0)
    answers = rerun.answers(PROMPTS)
    assert list(answers) == list(PROMPTS)
    assert len(server.requests) == 12
    facts = rerun.ledger.facts()
    assert (facts["requests"], facts["answers_of_earlier_runs"]) == (7, 5)
    assert (facts["tokens_of_earlier_runs"], facts["tokens_read"]) == (75, 70)
    assert facts["cost"] == pytest.approx(7 * (10 + 2 * 5) / 1e6)
    assert facts["cost_of_earlier_runs"] == pytest.approx(5 * (10 + 2 * 5) / 1e6)
    assert len(lake.list_dir(ANSWERS, f"date={NIGHT}")) == 12
    other = endpoint(server, lake, at_once=2, temperature=0.1)
    other.answers(first)
    assert len(server.requests) == 17  # a changed request is a new one


@pytest.mark.parametrize("limit", ["tokens", "money"])
def test_a_budget_stops_before_it_is_exceeded_and_always_at_the_same_brief(
    server: LocalServer, lake: Lake, limit: str
) -> None:
    most = len(b"Write of 00.") + 256 + 100  # tokens that one request may use
    budget = {"most_tokens": 4 * 15 + most} if limit == "tokens" else {
        "most_cost": (4 * 15 + most) / 1e6, "price_read": 1.0, "price_written": 1.0}  # fmt: skip
    writer = endpoint(server, lake, at_once=3, **budget)
    answers = writer.answers(PROMPTS)
    assert list(answers) == list(PROMPTS)[:5]
    assert "budget" in writer.stopped
    facts = writer.ledger.facts()
    assert facts["tokens_read"] + facts["tokens_written"] <= 4 * 15 + most
    rerun = endpoint(server, lake, at_once=3, **budget)
    assert list(rerun.answers(PROMPTS)) == list(PROMPTS)[:5]
    assert len(server.requests) == 5


def test_unknown_usage_counts_as_the_maximum(server: LocalServer, lake: Lake) -> None:
    server.usual = lambda request: answer_of("Text", usage=None)
    writer = endpoint(server, lake, at_once=1, most_tokens=1000)
    assert len(writer.answers(PROMPTS)) == 2  # 368 tokens each
    assert writer.ledger.facts()["taken_at_most"] == 2


def test_a_dead_endpoint_fails_no_night_and_soon_gets_no_more_requests(lake: Lake, monkeypatch: Any) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    writer = endpoint(nobody, lake, at_once=2, retries=1, failures_in_a_row=3)
    assert writer.answers(PROMPTS) == {}
    assert "requests in a row failed" in writer.stopped
    facts = writer.ledger.facts()
    assert 3 <= facts["failures"]["no connection"] <= 4
    assert facts["cost"] == facts["tokens_read"] == 0
    monkeypatch.delenv("NO_SUCH_KEY", raising=False)
    keyless = endpoint(nobody, lake, key_variable="NO_SUCH_KEY")
    assert keyless.answers(PROMPTS) == {}
    assert "NO_SUCH_KEY is not set" in keyless.stopped


def test_a_refused_key_is_not_tried_again_and_again(server: LocalServer, lake: Lake) -> None:
    server.usual = lambda request: Answer({"error": {"message": "bad key"}}, 401)
    writer = endpoint(server, lake, at_once=1)
    assert writer.answers(PROMPTS) == {}
    assert len(server.requests) == 1
    assert "HTTP 401" in writer.stopped


def test_a_server_that_asks_for_too_long_a_wait_and_a_night_that_is_over(server: LocalServer, lake: Lake) -> None:
    server.answers = [Answer({}, 429, {"Retry-After": "3600"})]
    began = time.monotonic()
    writer = endpoint(server, lake, at_once=1)
    assert len(writer.answers(PROMPTS)) == 11
    assert writer.ledger.facts()["failures"] == {"HTTP 429": 1}
    server.usual = lambda request: Answer(echo(request).body, delay=0.3)
    late = endpoint(server, lake, at_once=1, most_minutes=0.5 / 60, temperature=0.2)
    assert 1 <= len(late.answers(PROMPTS)) <= 3
    assert "most_minutes" in late.stopped
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"base_url": "localhost:8000"}, "base_url must begin with http"),
        ({"base_url": f"https://user:{KEY}@host/v1"}, "base_url has a user or a query"),
        ({"base_url": f"https://host/v1?key={KEY}"}, "base_url has a user or a query"),
        ({"key_variable": KEY}, "key_variable must be the NAME"),
        ({"most_cost": 5.0}, "nothing ever costs anything; set them to the endpoint's prices"),
        ({"more": "{"}, "more is not JSON"),
        ({"more": "[]"}, "more must be a JSON object"),
        ({"at_once": 0}, "at_once must be 1 or more"),
    ],
)
def test_settings_that_cannot_be_are_refused_by_name_without_the_key(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said) as raised:
        EndpointConfig(**{"base_url": "http://localhost:8000/v1"} | changed)
    assert KEY not in str(raised.value)


def test_what_is_stored_can_be_read_by_a_person(server: LocalServer, lake: Lake) -> None:
    endpoint(server, lake).answers(dict([*PROMPTS.items()][:1]))
    (path,) = Path(lake.root).rglob("*.json")
    answer = {"content": "Of Write of 00.", "finish": "stop", "tokens_read": 10, "tokens_written": 5}
    assert json.loads(path.read_text()) == answer
