# SPDX-License-Identifier: GPL-3.0-or-later
"""Some seconds of calls and allocations that fail. run.py has what is asked of denet; `make inject` tries them all."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def test_whatever_fails_once_denet_does_not_crash_nor_lie_nor_leave_anything() -> None:
    command = [sys.executable, str(HERE / "run.py"), "--keep", "--seed", "1", "--seconds", "20"]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", timeout=240
    )
    assert done.returncode == 0, done.stdout
