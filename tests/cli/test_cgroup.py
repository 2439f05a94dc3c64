# SPDX-License-Identifier: GPL-3.0-or-later
"""A cgroup of the job's own: made, entered, read, removed; and what becomes of one that was left behind."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Background, Helper
from harness import (
    DENET,
    SANITIZED,
    Argument,
    Record,
    Result,
    command_pid,
    cpu_secs,
    denet,
    execute,
    is_alive,
    kill_quietly,
    measure,
    of_kind,
    read_records,
    the,
    totals,
    wait_until,
)

NAME = re.compile(r"denet-[0-9]+-[0-9]+(-[0-9]+)?")
BURN = ("sh", "-c", "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done")


def mounted() -> Path | None:
    """Where the unified hierarchy is; None where it is not to be seen."""
    places = (Path("/sys/fs/cgroup"), Path("/sys/fs/cgroup/unified"))
    return next((p for p in places if (p / "cgroup.procs").exists()), None)


MOUNT = mounted()


def place_of(process: int | str) -> Path:
    """The directory of its cgroup there."""
    assert MOUNT is not None
    for line in Path(f"/proc/{process}/cgroup").read_text().splitlines():
        if line.startswith("0::"):
            return MOUNT / line[len("0::/") :]
    raise AssertionError(f"{process} is in no unified cgroup")


ABOVE = place_of("self") if MOUNT else None


def may_make() -> bool:
    if ABOVE is None or os.geteuid() != 0 or "SLURM_JOB_ID" in os.environ:
        return False
    probe = ABOVE / f"denet-test-{os.getpid()}"
    try:
        probe.mkdir()
        probe.rmdir()
    except OSError:
        return False
    return not re.search("slurm|docker|kubepods|libpod|containerd|crio|lxc", str(ABOVE))


makes_one = pytest.mark.skipif(not may_make(), reason="no cgroup may be made here")


def capability(records: list[Record]) -> Record:
    found = the(records, "metadata")["capabilities"]["cgroup"]
    assert isinstance(found, dict)
    return found


def directory_of(found: Record) -> Path:
    assert ABOVE is not None
    path = found["path"]
    assert isinstance(path, str)
    return ABOVE / Path(path).name


@makes_one
def test_auto_makes_one_and_removes_it(records_file: Path) -> None:
    result, records = measure(records_file, ["sh", "-c", "cat /proc/self/cgroup"])
    found = capability(records)
    assert found["available"] is True
    assert found["own"] is True
    assert found["version"] == 2
    assert NAME.fullmatch(Path(found["path"]).name)
    assert f"0::{found['path']}\n" in result.out
    assert not directory_of(found).exists()


@makes_one
def test_its_cpu_time_is_that_of_the_totals(records_file: Path) -> None:
    _, records = measure(records_file, BURN)
    block = the(records, "exit")["cgroup"]
    assert block["cpu_secs"] == pytest.approx(cpu_secs(totals(records)), rel=0.02)
    assert block["user_secs"] + block["system_secs"] == pytest.approx(block["cpu_secs"], abs=1e-5)


@makes_one
def test_short_children_are_in_it(records_file: Path) -> None:
    _, records = measure(records_file, ["sh", "-c", "for i in $(seq 200); do /bin/true; done"])
    block = the(records, "exit")["cgroup"]
    assert block["cpu_secs"] == pytest.approx(cpu_secs(totals(records)), rel=0.05)


@makes_one
def test_every_tree_has_the_block_and_no_counter_falls(records_file: Path) -> None:
    _, records = measure(records_file, BURN, "-i", "20")
    before = 0.0
    for tree in of_kind(records, "tree"):
        now = tree["aggregated"]["cgroup"]["cpu_secs"]
        assert now >= before
        before = now
    assert the(records, "exit")["cgroup"]["cpu_secs"] >= before


@makes_one
def test_a_sample_has_the_block(records_file: Path) -> None:
    _, records = measure(records_file, ["true"], "--exclude-children")
    assert "cpu_secs" in of_kind(records, "sample")[-1]["cgroup"]


@makes_one
def test_a_csv_file_has_its_columns(tmp_path: Path) -> None:
    path = tmp_path / "run.csv"
    assert denet("-o", path, "run", *BURN).status == 0
    head, *_, last = (line.split(",") for line in path.read_text().splitlines())
    assert float(last[head.index("cgroup.cpu_secs")]) > 0


@makes_one
def test_a_saved_file_has_the_same_block(records_file: Path, tmp_path: Path) -> None:
    measure(records_file, BURN)
    lines = records_file.read_text().splitlines()
    note = json.loads(lines[-1])
    note["cgroup"]["cpu_throttled_secs"] = 41.2
    note["cgroup"]["memory_oom_kills"] = 1
    changed = tmp_path / "changed.jsonl"
    changed.write_text("\n".join([*lines[:-1], json.dumps(note)]) + "\n")
    assert "held the cores back" not in denet("stats", records_file).out
    out = denet("stats", changed).out
    assert "note      the cgroup held the cores back for 41.2 s\n" in out
    assert "note      killed for memory: 1 process\n" in out


@makes_one
def test_two_at_once_have_two(background: Background, records_file: Path) -> None:
    first = background([DENET, "-q", "run", "sleep", "60"])
    inner = command_pid(first.pid)
    place = place_of(inner)
    assert place.exists()
    _, records = measure(records_file, ["true"])
    assert directory_of(capability(records)) != place
    assert place.exists(), "that of one who lives is nobody else's to remove"
    kill_quietly(inner)
    first.wait()
    wait_until(lambda: not place.exists())


@makes_one
def test_one_within_another_is_below_it(records_file: Path) -> None:
    _, records = measure(records_file, [DENET, "-j", "run", "--", "true"])
    assert not directory_of(capability(records)).exists()


@makes_one
def test_a_killed_denet_leaves_one_to_the_next(background: Background, records_file: Path) -> None:
    victim = background([DENET, "-q", "run", "sleep", "60"])
    inner = command_pid(victim.pid)
    place = place_of(inner)
    assert NAME.fullmatch(place.name)
    wait_until(lambda: "sleep" in Path(f"/proc/{inner}/comm").read_text())
    victim.send_signal(signal.SIGKILL)
    victim.wait()
    assert is_alive(inner)
    measure(records_file, ["true"])
    assert place.exists(), "there is somebody in it"
    kill_quietly(inner)
    wait_until(lambda: not is_alive(inner))
    wait_until(lambda: (place / "cgroup.procs").read_text() == "")
    measure(records_file, ["true"])
    assert not place.exists()


def test_off_makes_none(records_file: Path) -> None:
    here = Path("/proc/self/cgroup").read_text()
    result, records = measure(records_file, ["cat", "/proc/self/cgroup"], "--cgroup", "off")
    assert result.out == here
    assert capability(records) == {"available": False, "reason": "turned off"}
    assert "cgroup" not in the(records, "exit")


@makes_one
def test_a_slurm_jobs_is_only_read(records_file: Path) -> None:
    environment = {**os.environ, "SLURM_JOB_ID": "7"}
    here = Path("/proc/self/cgroup").read_text()
    result, records = measure(records_file, ["cat", "/proc/self/cgroup"], env=environment)
    assert result.out == here
    found = capability(records)
    assert found.get("own") is not True
    assert "Slurm's" in found["reason"]
    refused = denet("--cgroup", "require", "run", "echo", "started", env=environment)
    assert refused.status == 125
    assert refused.out == ""
    assert "Slurm's" in refused.error_line


@makes_one
def test_a_command_that_is_not_there_leaves_none(background: Background) -> None:
    assert ABOVE is not None
    process = background([DENET, "run", "/nowhere/at/all"])
    assert process.wait() == 127
    assert list(ABOVE.glob(f"denet-{process.pid}-*")) == []


@makes_one
def test_what_nobody_was_handed_and_no_sample_saw_is_known_by_its_cpu_time(
    records_file: Path, truth: Helper, tmp_path: Path
) -> None:
    command = [truth("spawn"), str(tmp_path / "report"), "unhanded", "20", "2000"]
    last = the(measure(records_file, command, "-i", "5000", "-m", "5000")[1], "exit")
    assert last["totals"]["processes_seen"] == 1
    assert last["lower_bound"]["reason"].startswith("the cgroup used more CPU time than parents were handed")


@makes_one
def test_the_end_of_threads_that_is_not_counted_is_no_loss(records_file: Path, truth: Helper) -> None:
    last = the(measure(records_file, [truth("threads"), "3000"])[1], "exit")
    assert "lower_bound" not in last


LIBRARY = """
import ctypes, sys
library = ctypes.CDLL(sys.argv[1])
library.denet_record_json.restype = ctypes.c_char_p
library.denet_free.restype = ctypes.c_void_p
library.denet_free.argtypes = [ctypes.c_void_p]
stream, record = ctypes.c_void_p(), ctypes.c_void_p()
command = (ctypes.c_char_p * (len(sys.argv) - 1))(*[a.encode() for a in sys.argv[2:]], None)
assert library.denet_run(ctypes.byref(stream), None, command, None) == 0
while library.denet_next(stream, -1, ctypes.byref(record)) > 0:
    print(library.denet_record_json(record, None).decode(), flush=True)
library.denet_free(stream)
"""


@makes_one
@pytest.mark.skipif(SANITIZED, reason="a library with sanitizers is not loaded into a program without")
@pytest.mark.skipif(not (Path(DENET).parent / "libdenet.so").exists(), reason="no shared library beside the program")
@pytest.mark.parametrize("how", ["(sleep 2 & exit) & exit", "setsid sh -c '(sleep 2 & exit) & exit' & exit"])
def test_who_double_forks_stays_a_member_of_a_host_that_is_no_subreaper(how: str) -> None:
    command = ["sh", "-c", f'sh -c "{how}"; sleep 1']
    result = execute([sys.executable, "-c", LIBRARY, str(Path(DENET).parent / "libdenet.so"), *command])
    assert result.status == 0, result.err
    records = result.records
    assert ["sleep", "2"] in [r["cmd"] for r in of_kind(records, "child")]
    assert the(records, "exit")["still_running"] == 1


@pytest.fixture
def as_nobody(tmp_path: Path) -> Iterator[Path]:
    if os.geteuid() != 0:
        pytest.skip("only root can be nobody")
    tmp_path.chmod(0o777)
    for parent in tmp_path.parents:
        if parent == Path("/tmp"):
            break
        parent.chmod(parent.stat().st_mode | 0o711)
    yield tmp_path


def denet_as_nobody(*arguments: Argument) -> Result:
    return execute(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", DENET, *arguments])


@makes_one
def test_who_is_in_it_is_killed_though_it_has_another_number_by_then(as_nobody: Path, truth: Helper) -> None:
    """A limit holds them, as another user. The five seconds of a stop are in it."""
    movers = shutil.copy(truth("movers"), as_nobody)
    path = as_nobody / "run.jsonl"
    limited = f"ulimit -u 1500; exec setpriv --reuid=61236 --regid=61236 --clear-groups {movers} 30 30"
    result = denet("-q", "-d", "0.3", "-o", path, "run", "bash", "-c", limited)
    records = read_records(path)
    last = the(records, "exit")
    assert result.status == 124
    assert 5 < last["totals"]["wall_secs"] < 20
    assert "still_running" not in last
    assert not directory_of(capability(records)).exists()


@makes_one
def test_without_the_right_auto_goes_on_without(as_nobody: Path) -> None:
    here = Path("/proc/self/cgroup").read_text()
    path = as_nobody / "run.jsonl"
    result = denet_as_nobody("-o", path, "run", "cat", "/proc/self/cgroup")
    assert result.status == 0, result.err
    assert result.out == here
    found = capability(read_records(path))
    assert found.get("own") is not True
    assert "Permission denied" in found["reason"]
    assert "systemd-run" in found["hint"]


@makes_one
def test_without_the_right_require_says_so_and_starts_nothing(as_nobody: Path) -> None:
    result = denet_as_nobody("--cgroup", "require", "run", "echo", "started")
    assert result.status == 125
    assert result.out == ""
    assert result.error_line.startswith("denet: cgroup: no cgroup may be made below /")
    assert "; run denet as root" in result.error_line


@makes_one
def test_require_has_the_old_controllers_too(records_file: Path) -> None:
    old = [name for name in ("cpuacct", "memory", "pids") if Path("/sys/fs/cgroup", name, "cgroup.procs").exists()]
    if not old:
        pytest.skip("no hierarchy of version 1 is mounted")
    result, records = measure(records_file, ["sh", "-c", "cat /proc/self/cgroup; sleep 0.3"], "--cgroup", "require")
    found = capability(records)
    assert found["own"] is True
    assert found["version"] == 1
    assert set(old) <= set(found["controllers"])
    name = Path(found["path"]).name
    for line in result.out.splitlines():
        _, controllers, path = line.split(":")
        if controllers in old:
            assert path.endswith("/" + name), line
    block = the(records, "exit")["cgroup"]
    assert block["cpu_secs"] == pytest.approx(cpu_secs(totals(records)), rel=0.05)
    if "memory" in old:
        assert block["memory_peak_kb"] >= 100
        assert block["memory_oom_kills"] == 0
    if "pids" in old:
        assert block["pids_current"] == 0
    for controller in old:
        assert not list(Path("/sys/fs/cgroup", controller).glob(f"**/{name}"))


def test_attach_reads_and_makes_none(background: Background, records_file: Path) -> None:
    target = background(["sleep", "60"])
    before = Path(f"/proc/{target.pid}/cgroup").read_text()
    result = denet("-d", "0.3", "-o", records_file, "attach", str(target.pid))
    assert result.status == 0, result.err
    assert Path(f"/proc/{target.pid}/cgroup").read_text() == before
    refused = denet("--cgroup", "require", "attach", str(target.pid))
    assert refused.status == 125
    assert "--cgroup require" in refused.error_line


@pytest.fixture
def limited() -> Iterator[list[str]]:
    """Words before a command that put it under limits of 64 MiB and of 20 processes, in cgroups of version 1."""
    if SANITIZED:
        pytest.skip("with sanitizers denet itself needs more")
    made = []
    for name, file, limit in (("memory", "memory.limit_in_bytes", 64 << 20), ("pids", "pids.max", 20)):
        directory = Path("/sys/fs/cgroup") / name / f"test-denet-{os.getpid()}"
        try:
            directory.mkdir()
            (directory / file).write_text(str(limit))
        except OSError as error:
            pytest.skip(f"no cgroup of version 1 may be made: {error}")
        made.append(directory)
    script = "".join(f"echo $$ >{directory}/cgroup.procs && " for directory in made) + 'exec "$@"'
    yield ["sh", "-c", script, "sh"]
    for directory in made:
        wait_until(lambda: not (directory / "cgroup.procs").read_text())  # noqa: B023 (called at once)
        directory.rmdir()


USES_MEMORY = "import time; held = bytearray(58 << 20); time.sleep(0.5)"
STARTS_MANY = "for i in $(seq 30); do sleep 1 & done; wait"


def test_a_limit_above_that_is_nearly_reached_is_noted(limited: list[str], records_file: Path) -> None:
    result = execute([*limited, DENET, "-i", "50", "-o", records_file, "run", sys.executable, "-c", USES_MEMORY])
    assert result.status == 0, result.err
    blocks = [tree["aggregated"]["cgroup"] for tree in of_kind(read_records(records_file), "tree")]
    assert {block["memory_limit_kb"] for block in blocks} == {64 << 10}
    assert 58 << 10 <= max(block["memory_limit_used_kb"] for block in blocks) <= 64 << 10
    scope = "above" if MOUNT else "cgroup"
    assert {block["memory_limit_scope"] for block in blocks} == {scope}
    whose = "limit of a cgroup above," if MOUNT else "cgroup's limit of"
    assert re.search(rf"note      memory came to 9[0-9]% of the {whose} 64\.0 MiB\n", result.err), result.err
    assert f"% of the {whose} 64.0 MiB\n" in denet("stats", records_file).out


def test_processes_that_could_not_be_started_are_noted(limited: list[str], records_file: Path) -> None:
    environment = {**os.environ, "SLURM_JOB_ID": "7"}  # so that denet makes none of its own
    result = execute([*limited, DENET, "-o", records_file, "run", "sh", "-c", STARTS_MANY], env=environment)
    block = the(read_records(records_file), "exit")["cgroup"]
    assert block["pids_refused"] > 0
    assert (block["pids_limit"], block["pids_limit_scope"]) == (20, "cgroup")
    assert re.search(r"note      [0-9]+ process.* could not be started: the cgroup may have 20\n", result.err), (
        result.err
    )


def test_an_unknown_choice_is_refused() -> None:
    refused = denet("--cgroup", "perhaps", "run", "true")
    assert refused.status == 2
    assert refused.error_line == "denet: --cgroup 'perhaps': unknown; give auto, off or require"
