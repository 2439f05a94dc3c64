#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prints how fast saved records are read: denet stats, a bare memchr over the same file, jq and the Rust denet.

The file is of trees of 1,000 lightly busy processes, as denet itself writes it. Each program reads it several times, in
turn; the fastest time counts, since all that disturbs makes it longer, and the slowest says how much was disturbed."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RUST = ROOT / "build-peers/rust/bin/denet"  # tools/install-peers brings it
PROCESSES = 1000
SLOW_MB = 40  # of the file, for what reads a tenth as fast


@dataclass
class Reader:
    name: str
    command: list[str]  # the file comes behind it
    slow: bool = False
    suffix: str = ".jsonl"
    times: list[float] = field(default_factory=list)


def compile_program(name: str, where: Path) -> str:
    program = where / name
    subprocess.run(["cc", "-O2", "-D_GNU_SOURCE", "-o", program, ROOT / f"tests/bench/{name}.c"], check=True)
    return str(program)


def make_file(denet: str, where: Path, megabytes: int) -> Path:
    """Records of a crowd, until there are enough of them."""
    path = where / "crowd.jsonl"
    crowd = [compile_program("crowd", where), str(PROCESSES), "100"]
    process = subprocess.Popen(
        [denet, "-q", "-i", "20", "-m", "20", "-o", path, "run", *crowd], stdin=subprocess.PIPE, start_new_session=True
    )
    assert process.stdin
    give_up = time.monotonic() + 120
    while not path.exists() or path.stat().st_size < megabytes * 1_000_000:
        if process.poll() is not None or time.monotonic() > give_up:
            os.killpg(process.pid, signal.SIGKILL)
            sys.exit("reading.py: the file of records could not be made")
        time.sleep(0.05)
    process.stdin.close()
    process.wait(60)
    return path


def first_part(path: Path, megabytes: int) -> Path:
    """Whole lines of the file, so many bytes at most."""
    part = path.with_name("part.jsonl")
    data = path.open("rb").read(megabytes * 1_000_000)
    part.write_bytes(data[: data.rindex(b"\n") + 1])
    return part


def packed(path: Path, tool: str, suffix: str) -> None:
    with path.open("rb") as source, path.with_suffix(suffix).open("wb") as to:
        subprocess.run([tool, "-1", "-c"], stdin=source, stdout=to, check=True)


def readers(denet: str, where: Path, whole: Path) -> list[Reader]:
    known = [
        Reader("memchr", [compile_program("newlines", where)]),
        Reader("denet stats", [denet, "stats"]),
        Reader("denet --children none stats", [denet, "--children", "none", "stats"]),
    ]
    for tool, suffix, module in (("zstd", ".jsonl.zst", "zstd"), ("gzip", ".jsonl.gz", "gzip")):
        if shutil.which(tool) and Path(denet).with_name(f"denet-{module}.so").exists():
            packed(whole, tool, suffix)
            known.append(Reader(f"denet stats, of {suffix[6:]}", [denet, "stats"], suffix=suffix))
    if RUST.exists():
        known.append(Reader("the Rust denet", [str(RUST), "stats"], slow=True))
    if shutil.which("jq"):
        known.append(Reader("jq", ["jq", "-n", "reduce inputs as $r (0; . + 1)"], slow=True))
    return known


def run_once(reader: Reader, path: Path) -> None:
    began = time.perf_counter()
    done = subprocess.run([*reader.command, path], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"reading.py: {reader.name}: {done.stderr.strip()}")
    reader.times.append(time.perf_counter() - began)


def measure(denet: str, where: Path, quick: bool) -> dict[str, object]:
    whole = make_file(denet, where, 60 if quick else 400)
    part = first_part(whole, 20 if quick else SLOW_MB)
    known = readers(denet, where, whole)
    for turn in range(3 if quick else 5):
        for reader in known:
            if turn < 2 or not reader.slow:
                run_once(reader, part if reader.slow else whole.with_suffix(reader.suffix))
    rates = {r.name: (part if r.slow else whole).stat().st_size / 1e6 / min(r.times) for r in known}
    return {
        "machine": {"kernel": platform.release(), "arch": platform.machine(), "cores": os.cpu_count()},
        "load": os.getloadavg()[0],
        "file_mb": round(whole.stat().st_size / 1e6),
        "processes": PROCESSES,
        "readers": {
            r.name: {
                "mb_per_s": round(rates[r.name]),
                "to_memchr": round(rates[r.name] / rates["memchr"], 4),
                "slowest_to_fastest": round(max(r.times) / min(r.times), 2),
                **({"to_rust": round(rates[r.name] / rates["the Rust denet"], 1)} if "the Rust denet" in rates else {}),
            }
            for r in known
        },
    }


def show(result: dict[str, object]) -> None:
    rows = result["readers"]
    assert isinstance(rows, dict)
    print(f"reading {result['file_mb']} MB, trees of {result['processes']} processes; load {result['load']:.1f}\n")
    print(f"{'':28}{'MB/s':>8}{'of memchr':>11}{'x Rust':>8}{'noise':>7}")
    for name, r in rows.items():
        rust = f"{r['to_rust']:8.1f}" if "to_rust" in r else f"{'-':>8}"
        noise = (r["slowest_to_fastest"] - 1) * 100
        print(f"{name:28}{r['mb_per_s']:8}{r['to_memchr'] * 100:9.1f} %{rust}{noise:5.0f} %")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--denet", default=str(ROOT / "build/denet"), metavar="PATH")
    parser.add_argument("--json", metavar="FILE", help="the table, for later comparison")
    parser.add_argument("--quick", action="store_true", help="a smaller file, fewer turns")
    options = parser.parse_args()
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as where:
        result = measure(os.path.abspath(options.denet), Path(where), options.quick)
    show(result)
    if options.json:
        Path(options.json).write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
