"""A small HTTP server on this machine. A test tells it how to answer: late, in parts, with errors, or not at all."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Answer:
    """delay: seconds before it is sent; every: seconds between its bytes; closes: the connection closes unanswered."""

    body: Any
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    every: float = 0.0
    closes: bool = False


@dataclass(frozen=True)
class Request:
    body: Any
    headers: dict[str, str]


class LocalServer:
    """answers: sent one after another; when none is left, `usual(request)` makes the answer."""

    def __init__(self, usual: Callable[[Request], Answer] | None = None) -> None:
        self.answers: list[Answer] = []
        self.usual = usual or (lambda request: Answer({}))
        self.requests: list[Request] = []
        self.open = self.most_open = 0
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> LocalServer:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _next(self, request: Request) -> Answer:
        with self._lock:
            self.requests.append(request)
            self.open += 1
            self.most_open = max(self.most_open, self.open)
            return self.answers.pop(0) if self.answers else self.usual(request)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                answer = server._next(Request(body, dict(self.headers)))
                time.sleep(answer.delay)
                with server._lock:  # before the answer is sent: the client may send its next request at once
                    server.open -= 1
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # the client may have gone
                    self._send(answer)

            def _send(self, answer: Answer) -> None:
                if answer.closes:
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                data = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
                self.send_response(answer.status)
                for name, value in {"Content-Length": str(len(data)), **answer.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                parts = [data] if not answer.every else [data[start : start + 1] for start in range(len(data))]
                for part in parts:
                    self.wfile.write(part)
                    self.wfile.flush()
                    time.sleep(answer.every)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        return Handler


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
