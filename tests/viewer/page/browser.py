"""Opens a page in a real browser and runs a script in it."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from driving.benchmarks.page import BROWSERS

PATIENCE_S = 120.0
# It stands before the page's own script, so that it sees errors while the page loads.
LISTENER = "<script>window.failures = []; window.addEventListener('error', (e) => window.failures.push(e.message));</script>"


def find_browser() -> str:
    """Return the path of Chromium, or skip the test."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("needs Chromium to open the page: apt-get install chromium")
    return found


class _Answers(ThreadingHTTPServer):
    """Where the page's script puts its value. A picture of the page waits until then, so that the browser does not end before, however busy it is."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.came = threading.Event()
        self.text = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: _Answers

    def do_GET(self) -> None:
        self.server.came.wait(PATIENCE_S)
        self.send_response(204)
        self.end_headers()

    def do_POST(self) -> None:
        self.server.text = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.send_response(204)
        self.end_headers()
        self.server.came.set()

    def log_message(self, format: str, *args: Any) -> None:
        pass


def open_page(path: Path, script: str, place: str = "", size: str = "1400,1000") -> Any:
    """Open the page, run `script` (an expression, also a promise) after it has started, and return its value. Errors in the console fail."""
    answers = _Answers()
    serving = threading.Thread(target=answers.serve_forever, daemon=True)
    serving.start()
    hold = f"<img hidden alt='' src='{answers.url}'>"
    post = f"(value) => fetch('{answers.url}', {{ method: 'POST', mode: 'no-cors', body: JSON.stringify(value) }})"
    report = f"(async () => ({script}))().then((value) => ({{ value }}), (error) => ({{ error: String(error) }})).then({post});"
    text = path.read_text(encoding="utf-8").replace("<head>", f"<head>{LISTENER}", 1)
    probe = path.with_name("probe.html")
    probe.write_text(text.replace("</body>", f"{hold}<script>{report}</script></body>"), encoding="utf-8")
    words = [find_browser(), "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", f"--window-size={size}"]
    words += [f"--user-data-dir={path.parent / 'profile'}", "--dump-dom", f"{probe.as_uri()}{place}"]
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE_S, check=True)
    finally:
        answers.shutdown()
        answers.server_close()
    console = [line for line in done.stderr.splitlines() if ":CONSOLE" in line]
    assert console == [], "\n".join(console)
    answer = json.loads(answers.text)
    assert "error" not in answer, answer["error"]
    return answer.get("value")
