# SPDX-License-Identifier: GPL-3.0-or-later
"""The example notebook holds plots of real runs, and its cells run in Jupyter's own kernel and event loop."""

from __future__ import annotations

import base64
import json
import os
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOK = ROOT / "examples" / "tour.ipynb"
MOST_BYTES = 300000


def cells(path: Path) -> list[dict[str, Any]]:
    return [cell for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == "code"]


def plots(path: Path) -> list[bytes]:
    data = [output.get("data", {}) for cell in cells(path) for output in cell["outputs"]]
    return [base64.b64decode(d["image/png"]) for d in data if "image/png" in d]


def test_the_notebook_holds_the_plots_of_one_run_from_top_to_bottom() -> None:
    assert [cell["execution_count"] for cell in cells(NOTEBOOK)] == list(range(1, len(cells(NOTEBOOK)) + 1))
    assert not [o for cell in cells(NOTEBOOK) for o in cell["outputs"] if o["output_type"] == "error"]
    assert len(plots(NOTEBOOK)) == sum("plt.show()" in "".join(cell["source"]) for cell in cells(NOTEBOOK)) >= 5
    for png in plots(NOTEBOOK):
        width, height = struct.unpack(">II", png[16:24])
        assert png.startswith(b"\x89PNG") and width > 300 and height > 100
    assert NOTEBOOK.stat().st_size < MOST_BYTES


def test_the_notebook_runs_and_plots_what_it_holds(tmp_path: Path) -> None:
    for name in ("nbclient", "ipykernel", "matplotlib", "pandas"):
        pytest.importorskip(name)
    again = tmp_path / "again.ipynb"
    command: list[str | Path] = [sys.executable, ROOT / "tools" / "render-notebook", NOTEBOOK, "-o", again]
    done = subprocess.run(command, env={**os.environ, "MPLCONFIGDIR": str(tmp_path)}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert [c["source"] for c in cells(again)] == [c["source"] for c in cells(NOTEBOOK)]
    assert len(plots(again)) == len(plots(NOTEBOOK))
