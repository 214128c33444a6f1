"""The benchmark of drives runs, and its JSON says what was measured; no test judges how fast they are."""

from __future__ import annotations

import json
from pathlib import Path

from driving.benchmarks.drives import ALONE, LIVE, POLICY, measure, table, write


def test_whole_drives_are_timed_in_turns_with_their_server_alone(tmp_path: Path) -> None:
    left_out: list[str] = []
    rows = measure(rounds=1, ticks=15, checkpoint=None, report=left_out.append)
    assert [row.contender for row in rows][:4] == [ALONE, "a drive by the expert", POLICY, LIVE]
    assert len(rows) + len(left_out) == 5
    assert all(row.ticks_per_s > 0.0 for row in rows)
    assert [row.share_of_server for row in rows if row.contender == ALONE] == [1.0]
    write(rows, tmp_path / "new" / "drive.json")
    written = json.loads((tmp_path / "new" / "drive.json").read_text())
    assert set(written["machine"]) == {"processor", "cores", "python"}
    assert [row["contender"] for row in written["rows"]] == [row.contender for row in rows]
    assert len(table(rows).splitlines()) == 2 + len(rows)
