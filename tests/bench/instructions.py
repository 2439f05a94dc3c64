#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many instructions of user space a sample costs for each process: a number that does not depend on the
machine's mood.

valgrind counts what pass.c does, attached to a running tree; what is read once a second only is not in it. The numbers
that are kept (instructions.json) are of one compiler and one architecture each, since both change them. With --check,
one that has grown by more than a tenth is a failure; --accept keeps the new ones."""

from __future__ import annotations

import argparse
import json
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import common

KEPT = Path(__file__).with_name("instructions.json")
PROCESSES = 200
ROUNDS = 2
SAMPLES = ROUNDS * 2  # as in pass.c, and so is the status
TOO_BUSY = 3
TREES = {"all active": PROCESSES, "all asleep": 0}
GROWTH = 1.1


def compiler(build: Path) -> str:
    """Of this build, its architecture too: gcc 12, x86_64."""
    commands = json.loads((build / "compile_commands.json").read_text())
    cc = commands[0]["command"].split()[0]
    said = subprocess.run([cc, "-dM", "-E", "-"], input="", stdout=subprocess.PIPE, text=True, check=True).stdout
    defined = dict(re.findall(r"#define (\w+) (\S+)", said))
    if "__clang_major__" in defined:
        return f"clang {defined['__clang_major__']}, {platform.machine()}"
    return f"gcc {defined['__GNUC__']}, {platform.machine()}"


def count(program: Path, tree: str, active: int) -> float | None:
    """None: this machine is too busy to keep the slow readings out."""
    load = [tree, str(PROCESSES), str(active), "100000", "1"]
    valgrind = ["valgrind", "--tool=callgrind", "--toggle-collect=counted", "--callgrind-out-file=/dev/null"]
    with subprocess.Popen(load, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None and process.stdout is not None
        process.stdout.readline()
        command = [*valgrind, str(program), str(process.pid), str(ROUNDS)]
        for _ in range(4):
            said = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            if said.returncode != TOO_BUSY:
                break
        process.stdin.close()
    if said.returncode == TOO_BUSY:
        return None
    collected = re.search(r"Collected : (\d+)", said.stderr)
    if said.returncode != 0 or not collected or int(collected[1]) == 0:
        raise SystemExit(f"instructions: valgrind counted nothing\n{said.stderr}")
    return int(collected[1]) / SAMPLES / PROCESSES


def kept_numbers() -> dict[str, dict[str, float]]:
    kept: dict[str, dict[str, float]] = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    return kept


def accept(of: str, numbers: dict[str, float]) -> None:
    kept = kept_numbers()
    kept[of] = {name: round(n) for name, n in numbers.items()}
    KEPT.write_text(json.dumps(kept, indent=2, sort_keys=True) + "\n")


def show(of: str, numbers: dict[str, float], kept: dict[str, float]) -> None:
    print(f"instructions per process and sample, {PROCESSES} processes ({of})")
    for name, n in numbers.items():
        change = f"{(n / kept[name] - 1) * 100:+.1f} % of the {kept[name]:,.0f} kept" if name in kept else "none kept"
        print(f"  {name:<12} {n:>10,.0f}   {change}")


def grown(numbers: dict[str, float], kept: dict[str, float]) -> list[str]:
    return [name for name, n in numbers.items() if name in kept and n > kept[name] * GROWTH]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, default=common.ROOT / "build")
    parser.add_argument("--check", action="store_true", help="fail where a number has grown by more than a tenth")
    parser.add_argument("--accept", action="store_true", help="keep these numbers")
    parser.add_argument("--json", type=Path, help="the numbers, for later comparison")
    options = parser.parse_args()
    program = options.build / "tests/bench/pass"
    if not shutil.which("valgrind"):
        print("instructions: left out, valgrind is not installed")
        return
    if not program.exists():
        print(f"instructions: left out, {program} is not built")
        return
    of = compiler(options.build)
    kept = kept_numbers().get(of, {})
    with tempfile.TemporaryDirectory() as folder:
        tree = common.build(Path(folder), "tree")["tree"]
        counted = {name: count(program, tree, active) for name, active in TREES.items()}
    numbers = {name: n for name, n in counted.items() if n is not None}
    for name in sorted(counted.keys() - numbers.keys()):
        print(f"instructions: {name}: left out, this machine is too busy for it now")
    show(of, numbers, kept)
    if options.json:
        options.json.write_text(json.dumps({"of": of, "numbers": numbers, "kept": kept}, indent=1) + "\n")
    if options.accept:
        accept(of, numbers)
    elif options.check and grown(numbers, kept):
        sys.exit(
            f"instructions: {', '.join(grown(numbers, kept))}: more than a tenth above what is kept. "
            "Where that is wanted, keep the new numbers: tests/bench/instructions.py --accept"
        )


if __name__ == "__main__":
    main()
