# SPDX-License-Identifier: GPL-3.0-or-later
"""What a sample costs with the peers that tools/install-peers brings, each at 10 Hz or at what is nearest to it."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import common

PEERS = common.ROOT / "build-peers"


@dataclass(frozen=True)
class Peer:
    name: str
    command: tuple[str, ...]  # PID, OUT and TREE are put in
    interval_s: float = 0.1
    counts: str = ""  # what stands once a sample in what it writes; empty: it sleeps for the interval after each
    stdout: bool = False  # that is where it writes


@dataclass
class Cost:
    cpu_ms: float
    taken: float
    due: float


def peers(processes: int) -> list[Peer]:
    """Those that are here. For one process top and pidstat are told which; for a tree they can only look at all."""
    which = ("-p", "PID") if processes == 1 else ()
    python = str(PEERS / "python/bin/python")
    line = str(Path(__file__).with_name("psutil_loop.py"))
    known = [
        Peer("top -b", ("top", "-b", "-d", "0.1", *which), counts=r"^top - ", stdout=True),
        Peer(
            "pidstat",
            ("stdbuf", "-oL", "pidstat", "-hurd", *(which or ("-p", "ALL")), "1"),
            1,
            r"^# Time",
            stdout=True,
        ),
        Peer("prmon", ("prmon", "--pid", "PID", "--interval", "1", "--filename", "OUT"), 1),
        Peer(
            "psrecord",
            (str(PEERS / "python/bin/psrecord"), "PID", "--interval", "0.1", "--include-children", "--log", "OUT"),
        ),
        Peer(
            "con-duct",
            (
                *(str(PEERS / "python/bin/con-duct"), "run", "-q", "-p", "OUT_", "--clobber"),
                *("--sample-interval", "0.1", "--report-interval", "0.1", "TREE"),
            ),
            counts=r'^\{"timestamp"',
        ),
        Peer("a psutil loop", (python, line, "PID", "OUT"), counts=r'^\{"sample"'),
        Peer(
            "the Rust denet",
            (str(PEERS / "rust/bin/denet"), "-q", "-i", "100", "-m", "100", "-o", "OUT", "attach", "PID"),
            counts=r'^\{"kind":"tree"|^\{.*"aggregated":',
        ),
    ]
    return [p for p in known if shutil.which(p.command[0]) and (p.name != "pidstat" or shutil.which("pidstat"))]


def written(out: Path, counts: str, room: int) -> int:
    """Samples in the first bytes of a file."""
    if not counts or not out.exists():
        return 0
    data = out.read_bytes()[:room]
    return len(re.findall(counts.encode(), data, re.MULTILINE))


def at_now(pid: int) -> tuple[float, float]:
    """CPU seconds of the peer and of what it has run, and when."""
    return common.clock_of(pid) + common.reaped_by(pid), time.monotonic()


def size(out: Path) -> int:
    return out.stat().st_size if out.exists() else 0


def watch(peer: Peer, process: subprocess.Popen[bytes], out: Path, seconds: float) -> Cost:
    time.sleep(max(2, 2 * peer.interval_s))
    first, (cpu, at) = size(out), at_now(process.pid)
    time.sleep(seconds)
    last, (cpu_then, at_then) = size(out), at_now(process.pid)
    used, wall = cpu_then - cpu, at_then - at
    if peer.counts:
        taken: float = written(out, peer.counts, last) - written(out, peer.counts, first)
    else:
        taken = (wall - used) / peer.interval_s
    return Cost(used * 1000 / taken if taken > 0 else float("nan"), taken, wall / peer.interval_s)


def cost(peer: Peer, pid: int, tree: list[str], folder: Path, seconds: float) -> Cost:
    out = folder / "peer"
    words: list[str] = []
    for word in peer.command:
        words += tree if word == "TREE" else [word.replace("OUT", str(out)).replace("PID", str(pid))]
    written_to = folder / "peer_usage.jsonl" if "TREE" in peer.command else out
    with out.open("wb") as stdout:
        process = subprocess.Popen(
            words,
            stdin=subprocess.PIPE,
            stdout=stdout if peer.stdout else subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    try:
        return watch(peer, process, written_to, seconds)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        if "TREE" not in peer.command:
            process.send_signal(signal.SIGINT)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for file in folder.glob("peer*"):
            file.unlink()
