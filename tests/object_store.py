"""An S3 server on this machine (moto's, in memory) for tests of a lake on an object store."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from tests.local_server import free_port

BUCKET = "lakes"


@contextmanager
def s3_server() -> Iterator[None]:
    """In the `with` block, `s3://lakes/...` is a bucket on this machine, for this process and its child processes."""
    url = f"http://127.0.0.1:{free_port()}"
    variables = {
        "AWS_ENDPOINT_URL": url,
        "AWS_ALLOW_HTTP": "true",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    earlier = {name: os.environ.get(name) for name in variables}
    command = [sys.executable, "-m", "moto.server", "--host", "127.0.0.1", "--port", url.rpartition(":")[2]]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.environ.update(variables)
    try:
        _make_bucket(server, url)
        yield
    finally:
        server.kill()
        server.wait()
        for name, value in earlier.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def new_root() -> str:
    """The URL of a lake that does not exist yet."""
    return f"s3://{BUCKET}/{uuid.uuid4().hex[:8]}"


def _make_bucket(server: subprocess.Popen[bytes], url: str) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and server.poll() is None:
        try:
            urllib.request.urlopen(urllib.request.Request(f"{url}/{BUCKET}", method="PUT"), timeout=30).close()
            return
        except OSError:  # it is still starting
            time.sleep(0.2)
    raise AssertionError(f"no S3 server answers at {url}")
