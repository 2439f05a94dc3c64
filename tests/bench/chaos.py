#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ten minutes of tests/chaos/run.py, or one; what it printed last is how much was tried."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

import common


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--denet", default=common.DENET)
    parser.add_argument("--quick", action="store_true", help="one minute")
    parser.add_argument("--json", type=Path, help="how much was tried")
    options = parser.parse_args()
    words = ["--seconds", "60" if options.quick else "600", "--go-on"]
    words += ["--json", str(options.json)] if options.json else []
    command = [sys.executable, str(common.ROOT / "tests/chaos/run.py"), *words]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, errors="replace", env={**os.environ, "DENET": options.denet}
    ) as chaos:
        assert chaos.stdout
        for line in chaos.stdout:
            if not line.startswith("seed "):
                print(line, end="", flush=True)
    sys.exit(chaos.returncode)


if __name__ == "__main__":
    main()
