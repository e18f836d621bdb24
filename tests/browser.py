"""A page in a real browser: headless Chromium, spoken to by the DevTools protocol over a pipe, without further packages."""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PATIENCE = 60.0  # seconds for one answer


def find() -> str | None:
    """The browser's command, if there is one."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Browser:
    """One headless browser with one page; use it in a `with` block."""

    def __init__(self, command: str) -> None:
        self._profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        to_browser, self._write = os.pipe()
        self._read, from_browser = os.pipe()

        options = (
            "--headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --disable-background-networking "
            "--no-first-run --disable-extensions --hide-scrollbars --force-device-scale-factor=1"
        ).split()
        # The protocol speaks on file descriptors 3 and 4.
        place = (
            f"import os, sys; a, b = os.dup({to_browser}), os.dup({from_browser}); os.dup2(a, 3); os.dup2(b, 4); "
            "os.set_inheritable(3, True); os.set_inheritable(4, True); os.execv(sys.argv[1], sys.argv[1:])"
        )
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-c",
                place,
                command,
                *options,
                "--remote-debugging-pipe",
                f"--user-data-dir={self._profile.name}",
                "about:blank",
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(to_browser, from_browser),
        )
        os.close(to_browser)
        os.close(from_browser)
        self._buffer, self._number = b"", 0
        self._events: list[dict[str, Any]] = []
        page = next(t for t in self("Target.getTargets")["targetInfos"] if t["type"] == "page")
        self._session = self("Target.attachToTarget", targetId=page["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.page(f"{domain}.enable")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._write)
        os.close(self._read)
        self._profile.cleanup()

    def __call__(self, method: str, /, session: str | None = None, **parameters: object) -> dict[str, Any]:
        """Send a command and wait for its answer."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        number = self._number
        answer = self._until(lambda m: m.get("id") == number)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']['message']}")
        return answer["result"]

    def page(self, method: str, **parameters: object) -> dict[str, Any]:
        """A command to the page."""
        return self(method, self._session, **parameters)

    def _until(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        deadline = time.monotonic() + PATIENCE
        while True:
            while b"\0" in self._buffer:
                line, self._buffer = self._buffer.split(b"\0", 1)
                message = json.loads(line)
                if "method" in message:
                    self._events.append(message)
                if wanted(message):
                    return message
            if not select.select([self._read], [], [], max(deadline - time.monotonic(), 0))[0]:
                raise TimeoutError("the browser does not answer")
            if not (more := os.read(self._read, 1 << 16)):
                raise RuntimeError("the browser ended")
            self._buffer += more

    def open(self, file: Path, width: int, height: int = 900, dark: bool = False) -> list[str]:
        """Show a file; returns what went wrong: errors on the console, exceptions, and anything fetched from elsewhere."""
        return self._go(file.resolve().as_uri(), width, height, ("file:", "data:"))

    def visit(self, address: str, ready: str, width: int, height: int = 900) -> list[str]:
        """Show a page of a server; returns what went wrong, as `open`: anything from elsewhere than that server among it.

        Args:
            address: of the page, with http://.
            ready: an expression that becomes true when the page is complete.
            width, height: of the screen, pixels.
        """
        server = "/".join(address.split("/")[:3]) + "/"
        allowed = (server, server.replace("http:", "ws:", 1), "data:", "blob:")
        self._go(address, width, height, allowed)
        self.wait(ready)
        return self.faults(allowed)

    def wait(self, ready: str) -> None:
        """Wait until an expression is true on the page."""
        deadline = time.monotonic() + PATIENCE
        while not self.ask(f"Boolean({ready})"):
            if time.monotonic() > deadline:
                raise TimeoutError(f"not true on the page: {ready}")
            time.sleep(0.05)

    def faults(self, allowed: tuple[str, ...]) -> list[str]:
        """What has gone wrong since the page was asked for; addresses that begin otherwise than `allowed` are from elsewhere."""
        return [fault for event in self._events if (fault := _fault(event, allowed))]

    def _go(self, address: str, width: int, height: int, allowed: tuple[str, ...]) -> list[str]:
        self._events.clear()
        mobile = width < 600
        self.page("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=mobile)
        self.page("Page.navigate", url=address)
        self._until(lambda m: m.get("method") == "Page.loadEventFired")
        return self.faults(allowed)

    def ask(self, expression: str) -> Any:
        """The value of a JavaScript expression on the page."""
        answer = self.page("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"]["text"])
        return answer["result"].get("value")

    def shoot(self, path: Path, whole: bool = True) -> None:
        """Write a picture of the page."""
        data = self.page("Page.captureScreenshot", format="png", captureBeyondViewport=whole)["data"]
        path.write_bytes(base64.b64decode(data))

    def print(self) -> bytes:
        """The page as PDF."""
        return base64.b64decode(self.page("Page.printToPDF", preferCSSPageSize=True)["data"])


def _fault(event: dict[str, Any], allowed: tuple[str, ...]) -> str | None:
    method, parameters = event["method"], event["params"]
    if method == "Runtime.exceptionThrown":
        return str(parameters["exceptionDetails"]["text"])
    if method == "Log.entryAdded" and parameters["entry"]["level"] in ("error", "warning"):
        return str(parameters["entry"]["text"])
    if method == "Runtime.consoleAPICalled" and parameters["type"] in ("error", "warning", "assert"):
        return str(parameters["args"])
    if method in ("Network.requestWillBeSent", "Network.webSocketCreated"):
        url = parameters["request"]["url"] if "request" in parameters else parameters["url"]
        return None if url.startswith(allowed) else f"fetched {url}"
    return None
