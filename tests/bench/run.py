#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""run.py [--quick] [DENET]: all figures of this build on this machine, one table after the other.

A table that cannot be made is said and left out. All of them, the machine and the noise it saw are kept beside the
program as bench.json, for later comparison."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import common

HERE = Path(__file__).resolve().parent
TABLES = {
    "truth": "truth against denet",
    "cost": "what a sample costs, beside a bare loop of pread",
    "counters": "what counters and energy cost",
    "sources": "what one reading of each source costs",
    "gpu": "what GPUs cost, with a driver that answers at once",
    "overhead": "what the watched command loses",
    "ebpf": "what eBPF adds to what it counts",
    "reading": "reading saved files",
    "symbols": "what it costs to unwind a stack and to name its frames",
    "python": "what the Python package costs",
    "chaos": "ten minutes of random trees, and nothing crashes, hangs, stays or is miscounted",
    "instructions": "instructions, which do not depend on the machine's mood",
}


def make(name: str, denet: Path, quick: bool, out: Path) -> Any:
    """Prints one table; what it left as JSON."""
    script = HERE / f"{name}.py"
    if not script.exists():
        print(f"{name}: left out, there is no {script.name}")
        return None
    if name == "instructions":
        words = ["--build", str(denet.parent)]
    else:
        words = ["--denet", str(denet), *(["--quick"] if quick else [])]
    began = time.monotonic()
    status = subprocess.run([sys.executable, str(script), *words, "--json", str(out)]).returncode
    print(f"({time.monotonic() - began:.0f} s)" if status == 0 else f"{name}: ended with status {status}")
    return json.loads(out.read_text()) if out.exists() else None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("denet", nargs="?", type=Path, default=Path(common.DENET))
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds: minutes, and more noise")
    parser.add_argument("--only", action="append", choices=list(TABLES), help="these tables")
    options = parser.parse_args()
    denet = options.denet.resolve()
    version = subprocess.run([str(denet), "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    machine, noise = common.machine(), common.Noise()
    kept: dict[str, Any] = {"version": version, "machine": machine, "at": int(time.time()), "quick": options.quick}
    print(f"{version}, Linux {machine['kernel']}, {machine['cores']} cores, {machine['cpu']}", flush=True)
    print(f"before: load {' '.join(str(n) for n in noise.so_far()['load'])}")
    with tempfile.TemporaryDirectory() as folder:
        for name in options.only or TABLES:
            print(f"\n== {TABLES[name]}\n", flush=True)
            kept[name] = make(name, denet, options.quick, Path(folder) / f"{name}.json")
    kept["noise"] = noise.so_far()
    print(f"\nall the while: {common.describe(kept['noise'])}")
    file = denet.parent / "bench.json"
    file.write_text(json.dumps(kept, indent=1) + "\n")
    print(f"All of it as JSON: {file}")


if __name__ == "__main__":
    main()
