# SPDX-License-Identifier: GPL-3.0-or-later
"""A minute of random trees; run.py has what is asked of denet, and goes on for as long as is wanted."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def test_under_random_trees_nothing_crashes_hangs_stays_or_is_miscounted() -> None:
    command = [sys.executable, str(HERE / "run.py"), "--keep", "--seed", "1", "--seconds", "60"]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", timeout=400
    )
    assert done.returncode == 0, done.stdout
