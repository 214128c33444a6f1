"""Opens a page in a real browser and runs a script in it."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from driving.benchmarks.page import BROWSERS

# It stands before the page's own script, so that it sees errors while the page loads.
LISTENER = "<script>window.failures = []; window.addEventListener('error', (e) => window.failures.push(e.message));</script>"


def find_browser() -> str:
    """Return the path of Chromium, or skip the test."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("needs Chromium to open the page: apt-get install chromium")
    return found


def open_page(path: Path, script: str, place: str = "", size: str = "1400,1000") -> Any:
    """Open the page, run `script` (an expression, also a promise) after it has started, and return its value. Errors in the console fail."""
    keep = "const pre = document.createElement('pre'); pre.id = 'result'; pre.textContent = JSON.stringify(answer); document.body.append(pre);"
    report = f"(async () => {{ const answer = await {script}; {keep} }})();"
    text = path.read_text(encoding="utf-8").replace("<head>", f"<head>{LISTENER}", 1).replace("</body>", f"<script>{report}</script></body>")
    probe = path.with_name("probe.html")
    probe.write_text(text, encoding="utf-8")
    words = [find_browser(), "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", f"--window-size={size}"]
    words += [f"--user-data-dir={path.parent / 'profile'}", "--virtual-time-budget=3000", "--dump-dom", f"{probe.as_uri()}{place}"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=True)
    console = [line for line in done.stderr.splitlines() if ":CONSOLE" in line]
    assert console == [], "\n".join(console)
    result = re.search(r'<pre id="result">(.*?)</pre>', done.stdout, re.S)
    assert result is not None, "the page's script did not run to its end"
    return json.loads(html.unescape(result.group(1)))
