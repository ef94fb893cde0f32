"""Posts JSON to an HTTP server: one try with a deadline. A failed try says whether another may succeed.

A key is read from the environment and sent; no error, log or report ever contains it.
"""

from __future__ import annotations

import json
import os
import time
import urllib.request
from typing import Any
from urllib.parse import urlsplit

import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    InvalidHeader,
    NewConnectionError,
    ProxyError,
    TimeoutError,
)

_LONGEST = 4 * 2**20  # bytes of an answer
_PART = 64 * 2**10
_BUSY = {408, 409, 425, 429, 500, 502, 503, 504, 529}  # the same request may succeed later


class PostError(Exception):
    """A try that brought no JSON. `kind` is short, for counting; the message says more, for a person.

    may_repeat: the same request may succeed later. wait: seconds that the server asks to wait, or None.
    was_worked_on: the server may have done the work, and may count it.
    """

    def __init__(
        self, kind: str, message: str, may_repeat: bool, wait: float | None = None, was_worked_on: bool = False
    ) -> None:
        super().__init__(message)
        self.kind, self.may_repeat, self.wait, self.was_worked_on = kind, may_repeat, wait, was_worked_on


def key_from(variable: str) -> str:
    """The key in an environment variable. Raises KeyError with the variable's name where it is unset or empty."""
    key = os.environ.get(variable, "").strip()
    if not key:
        raise KeyError(f"the environment variable {variable} is not set; set it where the job runs")
    return key


class JsonPoster:
    """Posts to one URL, from several threads at once; keeps `connections` of them open."""

    def __init__(self, url: str, key: str, seconds: float, connections: int) -> None:
        """seconds: how long one try may take; up to twice as long where a server stops in the middle of an answer."""
        self.url, self.seconds = url, seconds
        self._headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if key:
            self._headers["Authorization"] = f"Bearer {key}"
        self._pool = _pool(url, connections)

    def post(self, body: Any) -> Any:
        """The JSON of the answer with status 200. Raises PostError for anything else."""
        deadline = time.monotonic() + self.seconds
        try:
            answer = self._pool.request(
                "POST",
                self.url,
                body=json.dumps(body, ensure_ascii=False).encode(),
                headers=self._headers,
                timeout=urllib3.Timeout(total=self.seconds),
                retries=False,
                redirect=False,
                preload_content=False,
            )
            with answer:
                data = _read(answer, deadline)
        except (ConnectTimeoutError, NewConnectionError, ProxyError) as error:
            raise PostError("no connection", _first_line(error), True) from None
        except TimeoutError:
            raise PostError("timeout", f"no answer within {self.seconds:g} s", True, was_worked_on=True) from None
        except HTTPError as error:
            raise PostError("connection broke", _first_line(error), True, was_worked_on=True) from None
        if answer.status != 200:
            raise PostError(
                f"HTTP {answer.status}",
                f"HTTP {answer.status}: {data[:200].decode('utf-8', 'replace')}",
                answer.status in _BUSY,
                _wait_of(answer),
            )
        try:
            return json.loads(data)
        except ValueError:
            text = data[:80].decode("utf-8", "replace")
            raise PostError("no JSON", f"the answer is not JSON: {text!r}", True, was_worked_on=True) from None

    def close(self) -> None:
        self._pool.clear()


def _pool(url: str, connections: int) -> urllib3.PoolManager:
    """Connections through the proxy of the environment (HTTPS_PROXY, NO_PROXY), where it names one for this host."""
    parts = urlsplit(url)
    proxy = urllib.request.getproxies().get(parts.scheme)
    if proxy and not urllib.request.proxy_bypass(parts.hostname or ""):
        return urllib3.ProxyManager(proxy, maxsize=connections, block=True)
    return urllib3.PoolManager(maxsize=connections, block=True)


def _read(answer: urllib3.BaseHTTPResponse, deadline: float) -> bytes:
    """The whole body, read in parts: a server that sends a little now and then would never reach a time limit."""
    data = b""
    while part := answer.read1(_PART):
        data += part
        if len(data) > _LONGEST:
            raise PostError("too long", f"the answer has more than {_LONGEST:,} bytes", False, was_worked_on=True)
        if time.monotonic() > deadline:
            raise TimeoutError
    return data


def _wait_of(answer: urllib3.BaseHTTPResponse) -> float | None:
    """Seconds of the header Retry-After, which is a number or a date; None without one."""
    header = answer.headers.get("Retry-After")
    try:
        return max(0.0, float(urllib3.Retry().parse_retry_after(header))) if header else None
    except InvalidHeader:
        return None


def _first_line(error: Exception) -> str:
    """The error's first line, without the object that urllib3 puts before it; its class's name if it says nothing."""
    text = str(error).partition("\n")[0].rpartition("): ")[2]
    return (text or type(error).__name__)[:200]
