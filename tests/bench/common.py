# SPDX-License-Identifier: GPL-3.0-or-later
"""What the benches share: their C programs, the machine's state, CPU clocks of processes, medians."""

from __future__ import annotations

import os
import platform
import resource
import statistics
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
DENET = os.environ.get("DENET", str(ROOT / "build/denet"))
TICKS = os.sysconf("SC_CLK_TCK")


def scratch() -> str:
    """Where files may be written that are on a disk: /tmp may be memory."""
    return str(ROOT / "build" if (ROOT / "build").is_dir() else ROOT)


def build(folder: Path, *names: str) -> dict[str, str]:
    """Programs of tests/bench, by name."""
    made = {}
    for name in names:
        program = folder / name
        source = ROOT / "tests/bench" / f"{name}.c"
        command = ["cc", "-O2", "-D_GNU_SOURCE", "-o", str(program), str(source)]
        if subprocess.run([*command, "-static"], stderr=subprocess.DEVNULL).returncode != 0:
            subprocess.run(command, check=True)
        made[name] = str(program)
    return made


def descriptors(wanted: int = 524288) -> int:
    """The hard limit: raised to what most machines have, where this one's is lower and may be changed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY or hard >= wanted:
        return wanted
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, wanted))
    except (OSError, ValueError):
        return hard
    return wanted


def clock_of(pid: int) -> float:
    """CPU time of a process so far, dead threads included, in seconds."""
    return time.clock_gettime(((~pid) << 3) | 2)


def reaped_by(pid: int) -> float:
    """CPU time of the children that a process has waited for, in ticks of 10 ms."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[13]) + int(words[14])) / TICKS


def peak_kb(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    return 0


def machine() -> dict[str, Any]:
    model = ""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    return {"kernel": platform.release(), "arch": platform.machine(), "cores": os.cpu_count(), "cpu": model}


@dataclass
class Noise:
    """What else went on: since it was made."""

    def __post_init__(self) -> None:
        self.began = self.cpu()

    @staticmethod
    def cpu() -> list[int]:
        return [int(n) for n in Path("/proc/stat").read_text().splitlines()[0].split()[1:]]

    def so_far(self) -> dict[str, Any]:
        used = [now - then for now, then in zip(self.cpu(), self.began)]
        whole = sum(used[:8]) or 1
        return {
            "load": [float(n) for n in Path("/proc/loadavg").read_text().split()[:3]],
            "steal": round(used[7] / whole, 4),
            "busy": round(1 - (used[3] + used[4]) / whole, 3),
        }


def describe(noise: dict[str, Any]) -> str:
    load = " ".join(f"{n:.2f}" for n in noise["load"])
    return f"load {load}, CPU {noise['busy'] * 100:.0f} % busy, {noise['steal'] * 100:.1f} % stolen"


def median(values: list[float]) -> float:
    return statistics.median(values) if values else float("nan")


def spread(values: list[float]) -> float:
    """Half the distance between the extremes, as a share of the median."""
    return (max(values) - min(values)) / 2 / median(values) if values and median(values) else 0.0
