# SPDX-License-Identifier: GPL-3.0-or-later
"""What block devices are asked for as eBPF counts it, against reads and writes of a known size. Skipped, with denet's
own reason, where it cannot load, and where files do not lie on a block device."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import Background, Helper
from harness import Record, denet, has_io_uring, of_kind, the
from test_ebpf import NOT_HERE, attach, told

pytestmark = pytest.mark.skipif(bool(NOT_HERE), reason=NOT_HERE or "eBPF runs here")

MIB = 1 << 20
BUFFER = "import mmap, os, sys; path = sys.argv[1]; buffer = mmap.mmap(-1, 1 << 20)\n"
READ = BUFFER + "fd = os.open(path, os.O_RDONLY)\nwhile os.readv(fd, [buffer]): pass\n"
READ_DIRECT = BUFFER + "fd = os.open(path, os.O_RDONLY | os.O_DIRECT)\nwhile os.readv(fd, [buffer]): pass\n"
READ_MAPPED = (
    BUFFER + "fd = os.open(path, os.O_RDONLY)\n"
    "m = mmap.mmap(fd, 0, prot=mmap.PROT_READ)\n"
    "print(sum(m[i] for i in range(0, len(m), 4096)))\n"
)
WRITE_DIRECT = (
    BUFFER + "fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_DIRECT)\nfor i in range(4): os.writev(fd, [buffer])\n"
)
WRITE = BUFFER + "fd = os.open(path, os.O_WRONLY | os.O_CREAT)\nfor i in range(4): os.writev(fd, [buffer])\n"


@pytest.fixture(name="file")
def _file(tmp_path: Path) -> Iterator[Path]:
    """4 MiB on a block device, none of it in the cache."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as here:
        folder = next((f for f in (tmp_path, Path(here)) if os.major(f.stat().st_dev) > 0), None)
        if not folder:
            pytest.skip("neither temporary files nor this folder lie on a block device")
        path = folder / "file"
        with open(path, "wb") as file:
            file.write(os.urandom(4 * MIB))
            file.flush()
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        yield path


def python(script: str, path: Path) -> list[str]:
    return [sys.executable, "-c", script, str(path)]


def warm(script: str) -> None:
    """What the interpreter reads of itself is in the cache then."""
    denet("--ebpf", "disk", "-q", "run", *python(script.replace("path = sys.argv[1]", "sys.exit()"), Path("/")))


def measured(command: list[str]) -> Record:
    result = denet("--ebpf", "disk,exits", "-j", "run", *command)
    assert result.status == 0, result.err
    record = the(result.records, "exit")
    assert record["ebpf"]["lost_events"] == 0
    return record


def disk(record: Record) -> dict[str, Any]:
    found: dict[str, Any] = record["ebpf"]["disk"]
    return found


def check_latencies(found: dict[str, Any]) -> None:
    """Each range has something, they follow each other, and the total lies where they say."""
    rows = found["latency"]
    least = most = 0
    for row, after in zip(rows, [*rows[1:], None]):
        count = row["reads"] + row["writes"]
        assert count > 0
        assert row["to_us"] == (2 * row["from_us"] or 1)
        assert after is None or after["from_us"] >= row["to_us"]
        least += count * row["from_us"] * 1000
        most += count * row["to_us"] * 1000
    assert least <= found["latency_total_ns"] < most
    assert rows[-1]["from_us"] * 1000 <= found["latency_max_ns"] < rows[-1]["to_us"] * 1000


@pytest.mark.parametrize("how", [READ, READ_DIRECT, READ_MAPPED], ids=["cached", "direct", "mapped"])
def test_what_is_read_is_what_the_kernel_accounts(file: Path, how: str) -> None:
    warm(how)
    record = measured(python(how, file))
    found = disk(record)
    assert found["read_bytes"] == record["totals"]["disk_read_bytes"]
    assert 4 * MIB <= found["read_bytes"] < 5 * MIB
    assert found["reads"] > 0
    assert found["retired"]["read_bytes"] == found["read_bytes"]
    assert sum(row["reads"] for row in found["latency"]) > 0
    check_latencies(found)


@pytest.mark.skipif(not has_io_uring(), reason="io_uring is off here")
@pytest.mark.parametrize("who", ["own", "worker"])
def test_io_uring_is_counted_of_its_process(file: Path, truth: Helper, who: str) -> None:
    measured([truth("ring"), str(file), "0", who])  # its own pages are in the cache then
    found = disk(measured([truth("ring"), str(file), str(3 * MIB), who]))
    assert found["read_bytes"] == 3 * MIB
    assert sum(row["reads"] for row in found["latency"]) > 0


def test_what_is_in_the_cache_takes_no_disk(file: Path) -> None:
    file.read_bytes()
    warm(READ)
    record = measured(python(READ, file))
    assert disk(record)["read_bytes"] == record["totals"]["disk_read_bytes"] < MIB


def test_direct_writes_are_the_processs_own(file: Path) -> None:
    warm(WRITE_DIRECT)
    found = disk(measured(python(WRITE_DIRECT, file)))
    assert found["write_bytes"] == 4 * MIB
    assert found["writes"] >= 4
    assert sum(row["writes"] for row in found["latency"]) > 0
    check_latencies(found)


def test_what_the_kernel_writes_later_is_no_processs(file: Path) -> None:
    """The accounted disk_write_bytes have it; unless the process waits for it, by fsync."""
    later, now = measured(python(WRITE, file)), measured(python(WRITE + "os.fsync(fd)\n", file))
    assert later["totals"]["disk_write_bytes"] >= 4 * MIB
    assert disk(later)["write_bytes"] < 4 * MIB
    assert disk(now)["write_bytes"] >= 4 * MIB
    assert disk(later)["flushes"] <= disk(now)["flushes"]


def test_two_processes_are_told_apart_while_they_live(file: Path) -> None:
    other = file.with_name("other")
    sleep = "\nimport time; time.sleep(1.5)\n"
    script = (
        "import subprocess, sys\n"
        f"a = subprocess.Popen([sys.executable, '-c', {READ_DIRECT + sleep!r}, sys.argv[1]])\n"
        f"b = subprocess.Popen([sys.executable, '-c', {WRITE_DIRECT + sleep!r}, {str(other)!r}])\n"
        "print(a.pid, b.pid, file=sys.stderr)\n"
        "a.wait(); b.wait()\n"
    )
    result = denet("--ebpf", "disk", "-i", "100", "-m", "100", "-j", "run", *python(script, file))
    assert result.status == 0, result.err
    reader, writer = result.err.split()[:2]
    found = [tree["aggregated"]["ebpf"]["disk"].get("per_pid", {}) for tree in of_kind(result.records, "tree")]
    both = [processes for processes in found if reader in processes and writer in processes][-1]
    assert both[writer]["write_bytes"] == 4 * MIB
    assert both[reader]["read_bytes"] >= 4 * MIB
    assert both[reader]["write_bytes"] == 0
    assert both[writer]["read_bytes"] < 4 * MIB
    last = disk(the(result.records, "exit"))
    assert last["retired"] == {key: last[key] for key in ("read_bytes", "write_bytes", "reads", "writes")}


def test_attached_what_comes_from_then_on_is_counted(file: Path, background: Background) -> None:
    go, out = file.with_name("go"), file.with_name("told")
    wait = f"import os, time\nprint(flush=True)\nwhile not os.path.exists({str(go)!r}): time.sleep(0.02)\n"
    target = background(python(READ_DIRECT + wait + "os.lseek(fd, 0, 0)\nos.readv(fd, [buffer])\n", file))
    assert target.stdout and target.stdout.readline(), "what it reads before has been read"
    watcher = attach(background, "disk", target.pid, out)
    go.touch()
    found = disk(told(watcher, out))
    assert found["read_bytes"] == MIB
    assert found["reads"] >= 1
