"""A real browser for tests: Debian's Chromium, driven over the WebDriver protocol, which is JSON over HTTP."""

from __future__ import annotations

import base64
import contextlib
import json
import re
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

CHROMIUM, DRIVER = shutil.which("chromium") or shutil.which("google-chrome"), shutil.which("chromedriver")
needs_browser = pytest.mark.skipif(
    not (CHROMIUM and DRIVER), reason="no chromium and chromedriver here; apt-get install chromium chromium-driver"
)
FLAGS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--window-size=1400,1100"),
)
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # the key under which WebDriver names an element
STARTS_IN, PAGE_READY_IN = 60, 120  # seconds, on a machine that also does other work


class Browser:
    """One window. Elements are found by XPath and waited for."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.session = ""

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        data = None if method == "GET" else json.dumps(body or {}).encode()
        request = urllib.request.Request(f"{self.address}/session{self.session}{path}", data, method=method)
        try:
            with urllib.request.urlopen(request, timeout=PAGE_READY_IN) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as refusal:
            raise LookupError(json.load(refusal)["value"]["message"]) from None

    def open(self, url: str) -> None:
        """Opens a page. On a busy machine the driver may answer before the old page is gone, so wait until it is."""
        self.run("window.isLeft = true")
        self.call("POST", "/url", {"url": url})
        deadline = time.monotonic() + PAGE_READY_IN
        while self.run("return window.isLeft === true || document.readyState !== 'complete'"):
            if time.monotonic() > deadline:
                raise LookupError(f"{url} did not take the place of the page before in {PAGE_READY_IN} s")
            time.sleep(0.05)

    def find(self, xpath: str, within: float = PAGE_READY_IN) -> str:
        """The element's path in the protocol. LookupError if it does not appear in time."""
        deadline = time.monotonic() + within
        while True:
            try:
                element = self.call("POST", "/element", {"using": "xpath", "value": xpath})
                return f"/element/{element[ELEMENT]}"
            except LookupError:
                if time.monotonic() > deadline:
                    raise
            time.sleep(0.2)

    def click(self, xpath: str) -> None:
        self.call("POST", f"{self.find(xpath)}/click")

    def write(self, xpath: str, text: str) -> None:
        self.call("POST", f"{self.find(xpath)}/value", {"text": text})

    def is_enabled(self, xpath: str) -> bool:
        return bool(self.call("GET", f"{self.find(xpath)}/enabled"))

    def text(self) -> str:
        return str(self.call("GET", f"{self.find('//body')}/text"))

    def run(self, script: str, *args: Any) -> Any:
        """Runs the body of a JavaScript function in the page. Returns its value, also that of a promise."""
        return self.call("POST", "/execute/sync", {"script": script, "args": list(args)})

    def frame(self, xpath: str | None) -> None:
        """Look into a frame of the page; None: look at the whole page again."""
        place = None if xpath is None else {ELEMENT: self.find(xpath).removeprefix("/element/")}
        self.call("POST", "/frame", {"id": place})

    def press(self, *keys: str) -> None:
        """Presses keys one after another, as on a keyboard; the focused element gets them."""
        actions = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        self.call("POST", "/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": actions}]})

    def devtools(self, command: str, **params: Any) -> Any:
        return self.call("POST", "/goog/cdp/execute", {"cmd": command, "params": params})

    def log(self, kind: str) -> list[str]:
        """Messages since the last look: of the console ("browser") or of DevTools ("performance")."""
        return [entry["message"] for entry in self.call("POST", "/se/log", {"type": kind})]

    def picture(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self.call("GET", "/screenshot")))


@contextlib.contextmanager
def chromium(logs: bool = False) -> Iterator[Browser]:
    """A browser with a profile of its own, which is deleted afterwards. logs: the browser keeps messages for `log`."""
    with tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True) as profile:
        driver = subprocess.Popen(
            [str(DRIVER), "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        try:
            match = next(
                m for line in driver.stdout or () if (m := re.search(r"started successfully on port (\d+)", line))
            )
            browser = Browser(f"http://127.0.0.1:{match[1]}")
            options = {"binary": CHROMIUM, "args": [*FLAGS, f"--user-data-dir={profile}"]}
            capabilities: dict[str, Any] = {"goog:chromeOptions": options}
            if logs:
                capabilities["goog:loggingPrefs"] = {"browser": "ALL", "performance": "ALL"}
            request = {"capabilities": {"alwaysMatch": capabilities}}
            browser.session = f"/{browser.call('POST', '', request)['sessionId']}"
            try:
                yield browser
            finally:
                with contextlib.suppress(OSError):  # the browser may have ended by itself
                    browser.call("DELETE", "")
        finally:
            driver.terminate()
            driver.wait(STARTS_IN)
