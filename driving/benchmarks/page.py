"""How fast `neurons.html` plays on this machine: frames per second in a real browser, and the page's own work per tick.

The browser draws in software and without a window. A page that plays at SPEED shows another tick in nearly every frame; at the speed of the drive,
most frames show the same tick again. The own work is the time that the page's scripts take to show one tick, without the browser's drawing.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import tempfile
import time
from dataclasses import asdict, dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

from driving.quantities import UserError
from policy.whole_file import write_text

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SIZES = {"wide": (1600, 1000), "phone": (390, 800)}  # of the page (pixels)
EVERYTHING = "choose(0); byId('saliency').checked = true; toggleWhy(); changeNeuron(1, { scale: 0 });"
SETTINGS = {"as it opens": "", "card, saliency, reasons and a change": EVERYTHING}
SPEED = 8
TIMEOUT_S = 60.0
PLAY = """(async () => {
  const own = [], at = (values, share) => values.sort((a, b) => a - b)[Math.floor(share * (values.length - 1))], draw = show;
  PREPARE
  show = (t) => { const began = performance.now(); draw(t); own.push(performance.now() - began); };
  byId("rate").value = "SPEED";
  go(0);
  setPlaying(true);
  let frames = 0;
  const count = () => { frames += 1; requestAnimationFrame(count); }, began = performance.now();
  requestAnimationFrame(count);
  await new Promise((done) => setTimeout(done, 1000 * SECONDS));
  const seconds = (performance.now() - began) / 1000;
  return { frames_per_s: frames / seconds, ticks: own.length, median_ms: at(own, 0.5), high_ms: at(own, 0.95) };
})()"""
OUTER = """<body style="margin: 0"><script>(async () => {
  const results = [];
  for (const { width, height, play } of CASES) {
    const frame = document.body.appendChild(document.createElement("iframe"));
    frame.style.cssText = `border: 0; width: ${width}px; height: ${height}px`;
    frame.src = "neurons.html";
    await new Promise((done) => { frame.onload = done; });
    results.push(await frame.contentWindow.eval(play));
    frame.remove();
  }
  fetch("result", { method: "POST", body: JSON.stringify(results) });
})()</script>"""


@dataclass(frozen=True)
class Row:
    """One way to play the page."""

    size: str
    setting: str
    speed: int  # times the speed of the drive
    frames_per_s: float
    ticks: int  # that were shown
    median_ms: float  # the page's own work per tick
    high_ms: float  # 95 of 100 ticks took less


def measure(page: Path, seconds: float) -> list[Row]:
    """Play the page in all sizes and settings, `seconds` each.

    Raises UserError where no browser is installed, and for a page that cannot be read or does not start.
    """
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        raise UserError(f"none of {', '.join(BROWSERS)} is installed, so the page cannot be played: install Chromium (apt-get install chromium)")
    try:
        text = page.read_text(encoding="utf-8")
    except OSError as error:
        raise UserError(f"{page} cannot be read ({error.strerror}): give the neurons.html that scripts/view.py wrote") from error
    cases = [(size, setting, speed) for size in SIZES for setting in SETTINGS for speed in (1, SPEED)]
    results = _play(browser, {"/": _write_outer(cases, seconds), "/neurons.html": text}, len(cases) * seconds + TIMEOUT_S)
    return [Row(*case, **result) for case, result in zip(cases, results, strict=True)]


def _write_outer(cases: list[tuple[str, str, int]], seconds: float) -> str:
    """Return a page that plays the other one in a frame, case by case."""
    described = []
    for size, setting, speed in cases:
        play = PLAY.replace("PREPARE", SETTINGS[setting]).replace("SPEED", str(speed)).replace("SECONDS", str(seconds))
        described.append({"width": SIZES[size][0], "height": SIZES[size][1], "play": play})
    return OUTER.replace("CASES", json.dumps(described))


def _play(browser: str, files: dict[str, str], timeout_s: float) -> list[dict[str, Any]]:
    """Return what the page sends. Raises UserError where it sends nothing."""
    with _PageServer(files) as server, tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        words = [browser, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={profile}", "--window-size=1600,1000"]
        with subprocess.Popen([*words, server.address], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            try:
                return server.wait_for_result(timeout_s)
            finally:
                process.terminate()


class _PageServer(HTTPServer):
    """Gives files to a browser of this machine, and takes the results that a page sends."""

    def __init__(self, files: dict[str, str]) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.files, self.result = files, list[dict[str, Any]]()
        self.address = f"http://127.0.0.1:{self.server_port}/"

    def wait_for_result(self, timeout_s: float) -> list[dict[str, Any]]:
        """Answer the browser until it has sent a result, and return that. Raises UserError where it sends none in time."""
        end = time.monotonic() + timeout_s
        self.timeout = 1.0
        while not self.result:
            if time.monotonic() > end:
                raise UserError(f"the page has sent no result within {timeout_s:.0f} s: open it in a browser, and look for errors in its console")
            self.handle_request()
        return self.result


class _Answer(BaseHTTPRequestHandler):
    server: _PageServer

    def do_GET(self) -> None:
        """Send a file."""
        body = self.server.files.get(self.path, "").encode()
        self.send_response(200 if body else 404)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        """Take the result."""
        self.server.result = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing."""


def table(page: Path, rows: list[Row]) -> str:
    """Return the result as lines of text."""
    lines = [f"{page}: {page.stat().st_size / 1e6:.1f} MB"]
    lines += [f"{'size':<8}{'shown':<40}{'speed':>6}{'frames/s':>10}{'ticks':>7}{'ms per tick':>13}{'95 %':>7}"]
    for row in rows:
        lines += [f"{row.size:<8}{row.setting:<40}{row.speed:>5}x{row.frames_per_s:>10.0f}{row.ticks:>7}{row.median_ms:>13.1f}{row.high_ms:>7.1f}"]
    return "\n".join(lines)


def write(page: Path, rows: list[Row], path: Path) -> None:
    """Write the result as JSON, with the machine that it was measured on."""
    machine = {"processor": platform.processor() or platform.machine(), "cores": os.cpu_count(), "python": platform.python_version()}
    write_text(path, json.dumps({"machine": machine, "bytes": page.stat().st_size, "rows": [asdict(row) for row in rows]}, indent=1))
