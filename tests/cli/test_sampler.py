# SPDX-License-Identifier: GPL-3.0-or-later
"""The BPF sampler says what /proc says. Skipped, with denet's own reason, where eBPF does not run."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from conftest import Background, Helper
from harness import (
    DENET,
    PATIENCE,
    SLOW,
    TICK,
    Argument,
    Record,
    built_double,
    check_every_line,
    cpu_secs,
    denet,
    filtered,
    of_kind,
    parse_records,
    preloading,
    the,
    totals,
    wait_until,
)


def why_not() -> str:
    """Why the sampler does not run here; empty where it does."""
    result = denet("--sampler", "bpf", "-j", "run", "true")
    return "" if result.status == 0 else result.err.strip()


NOT_HERE = why_not()
pytestmark = pytest.mark.skipif(bool(NOT_HERE), reason=NOT_HERE or "it runs here")

# Of a process that has come to rest nothing else may differ: memory that the kernel takes back, the time itself.
MAY_MOVE = {"ts_ms", "cpu_usage", "uptime_secs", "mem_pss_kb", "mem_uss_kb", "cpu_user_secs", "cpu_system_secs"}


def processes(tree: Record) -> dict[int, Record]:
    """By pid: name and values of those that a tree record lists."""
    return {c["pid"]: {"name": c["command"], **c["metrics"]} for c in tree["children"]}


# Who walks along the tasks: from Linux 6.7 on the program itself, if denet may make an extract of the kernel's types.
ITSELF, THE_KERNEL = "bpf_map_elem", "task"
walks = pytest.mark.parametrize(
    ("before", "walk"), [((), ITSELF), (filtered("EPERM", "memfd_create"), THE_KERNEL)], ids=["itself", "the-kernel"]
)


def walks_of(pid: int) -> set[str]:
    """What the iterators of this denet go along."""
    found: set[str] = set()
    for entry in Path(f"/proc/{pid}/fdinfo").iterdir():
        with contextlib.suppress(OSError):
            found.update(re.findall(r"^target_name:\s*(\w+)", entry.read_text(), re.M))
    return found


def by_both(
    pid: int, background: Background, before: Sequence[Argument], walk: str, seconds: str = "1.5"
) -> tuple[list[Record], list[Record]]:
    """The records of two that watch the same process at the same time."""
    options = ("-i", "50", "-m", "50", "-d", seconds, "-j")
    with tempfile.TemporaryFile() as ours, tempfile.TemporaryFile() as theirs:  # a pipe would fill up
        watchers = [
            background([*first, DENET, "--sampler", sampler, *options, "attach", str(pid)], stdout=out)
            for first, sampler, out in (((), "procfs", ours), (before, "bpf", theirs))
        ]
        if tuple(map(int, os.uname().release.split(".")[:2])) >= (6, 7):
            wait_until(lambda: walk in walks_of(watchers[1].pid))
            assert (ITSELF in walks_of(watchers[1].pid)) == (walk == ITSELF)
        for watcher in watchers:
            watcher.wait(timeout=PATIENCE)
        ours.seek(0)
        theirs.seek(0)
        return parse_records(ours.read()), parse_records(theirs.read())


def wait_for_rest(session: int) -> None:
    """Until nobody of the session has run between two looks."""
    before: dict[str, str] = {}
    now = schedules(session)
    while now != before:
        time.sleep(1)
        before, now = now, schedules(session)


def schedules(session: int) -> dict[str, str]:
    """How long each thread has run."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if os.getsid(int(process.name)) == session:
                found.update({t.name: (t / "schedstat").read_text() for t in (process / "task").iterdir()})
    return found


def check_same(ours: Record, theirs: Record) -> None:
    """Two tree records of a tree that rests."""
    a, b = processes(ours), processes(theirs)
    assert a.keys() == b.keys()
    for pid in a:
        assert a[pid].keys() - MAY_MOVE == b[pid].keys() - MAY_MOVE, a[pid]["name"]
        different = {k: (a[pid][k], b[pid][k]) for k in a[pid].keys() - MAY_MOVE if a[pid][k] != b[pid][k]}
        assert not different, (a[pid]["name"], different)
        assert cpu_secs(a[pid]) == pytest.approx(cpu_secs(b[pid]), abs=1e-6)
        assert a[pid]["cpu_user_secs"] == pytest.approx(b[pid]["cpu_user_secs"], abs=2 * TICK)


KINDS = """
import os, subprocess, sys, threading, time
def child(do):
    if os.fork() == 0:
        do(); time.sleep(60); os._exit(0)
def burn(): sum(range(1_500_000))
def write(): open('/dev/null', 'wb').write(b'x' * 1_000_000); open('/proc/self/stat').read()
def rename(): open('/proc/self/comm', 'w').write('a) b (c')
def threads():
    for i in range(7): threading.Thread(target=lambda: (burn(), time.sleep(60)), daemon=True).start()
def ended_threads():
    ts = [threading.Thread(target=burn) for _ in range(5)]; [t.start() for t in ts]; [t.join() for t in ts]
def execute(): os.execvp('sleep', ['sleep', '60'])
def reaped(): subprocess.run([sys.executable, '-c', 'sum(range(3_000_000))'])
def grown(): globals().setdefault('kept', bytearray(os.urandom(9_000_000)))
def stopped(): os.kill(os.getpid(), 19)
def nested():
    if os.fork() == 0: burn(); time.sleep(60)
for do in (burn, write, rename, threads, ended_threads, execute, reaped, grown, stopped, nested): child(do)
if os.fork() == 0: os._exit(0)
time.sleep(60)
"""


@walks
def test_both_samplers_say_the_same_of_all_kinds_of_processes(
    background: Background, before: Sequence[Argument], walk: str
) -> None:
    target = background([sys.executable, "-c", KINDS])
    wait_for_rest(target.pid)
    ours, theirs = by_both(target.pid, background, before, walk, "8" if SLOW else "1.5")
    trees = of_kind(ours, "tree"), of_kind(theirs, "tree")
    check_same(trees[0][-1], trees[1][-1])
    check_same(trees[0][5], trees[1][5])
    found = processes(trees[1][-1])
    assert "a) b (c" in {p["name"] for p in found.values()}
    assert sorted(p["thread_count"] for p in found.values())[-1] == 8
    assert len(found) == 11


@walks
def test_both_samplers_say_the_same_of_a_thousand(
    background: Background, before: Sequence[Argument], walk: str
) -> None:
    count = 200 if SLOW else 1000
    script = f"import os, time\nfor i in range({count - 1}):\n if os.fork() == 0: time.sleep(60)\ntime.sleep(60)"
    target = background([sys.executable, "-c", script])
    wait_until(lambda: len(Path(f"/proc/{target.pid}/task/{target.pid}/children").read_text().split()) == count - 1)
    wait_for_rest(target.pid)
    ours, theirs = by_both(target.pid, background, before, walk, "10" if SLOW else "2.5")
    last = of_kind(theirs, "tree")[-1]
    assert last["aggregated"]["process_count"] == count
    check_same(of_kind(ours, "tree")[-1], last)


def by(sampler: str, *arguments: Any, options: tuple[str, ...] = ()) -> list[Record]:
    result = denet("--sampler", sampler, *options, "-j", "run", *arguments)
    assert result.status == 0, result.err
    return result.records


@pytest.mark.parametrize("how", ["fork", "deep", "exec", "vfork"])
def test_totals_are_those_of_the_kernel(truth: Helper, tmp_path: Path, how: str) -> None:
    last = {"vfork": ["/bin/true"], "deep": ["200"]}.get(how, [])
    count = {"deep": "20", "exec": "20"}.get(how, "100")
    command = [truth("reap"), tmp_path / "told", truth("spawn"), tmp_path / "report", how, count, "3000", *last]
    records = by("bpf", *command, options=("-i", "10", "-m", "10"))
    told = (tmp_path / "told").read_bytes()
    user_us, system_us = (int.from_bytes(told[i : i + 8], sys.byteorder) for i in (16, 24))
    check_every_line(records)
    surplus = cpu_secs(totals(records)) - (user_us + system_us) / 1e6
    assert -TICK <= surplus <= TICK + (0.2 if SLOW else 0), "it has used more when it has told"


def test_who_sleeps_and_is_reaped_in_the_midst_of_a_look_counts_once(truth: Helper) -> None:
    """Found asleep, and then in what its parent has reaped: each wrote a megabyte, and a byte to say so."""
    count, size = 200 if SLOW else 1500, 1_000_000
    records = by("bpf", truth("release"), str(count), str(size), options=("-i", "2", "-m", "2"))
    check_every_line(records)
    assert the(records, "exit")["totals"]["syscall_write_bytes"] == count * (size + 1)


def test_orphans_stay_members_and_their_children_too() -> None:
    script = "(sleep 0.8 & sh -c 'sleep 0.2; sleep 0.5' &) & wait; sleep 0.9"
    trees = of_kind(by("bpf", "sh", "-c", script), "tree")
    assert {"sleep", "sh"} <= {p["name"] for p in processes(trees[2]).values()}
    assert max(t["aggregated"]["process_count"] for t in trees) >= 4


def test_zombies_are_not_listed_and_those_that_are_waited_for_have_gone() -> None:
    script = (
        "import os, time\npids = [os.fork() for _ in range(1)]\nif pids == [0]: os._exit(0)\n"
        "time.sleep(0.5); os.wait(); time.sleep(0.4)"
    )
    trees = of_kind(by("bpf", sys.executable, "-c", script), "tree")
    assert all(t["children"] == [] for t in trees[1:])


def test_a_process_that_takes_another_name_is_called_by_it() -> None:
    script = "import os, time\ntime.sleep(0.4); os.execvp('sleep', ['sleep', '0.4'])"
    trees = of_kind(by("bpf", "sh", "-c", f'{sys.executable} -c "$0" & wait', script), "tree")
    names = [p["name"] for t in trees for p in processes(t).values()]
    assert names[1].startswith("python")
    assert names[-1] == "sleep"


def test_the_main_process_alone_is_sampled_alone(truth: Helper) -> None:
    records = by("bpf", "sh", "-c", f"{truth('burn')} 300; sleep 0.2", options=("--exclude-children",))
    assert of_kind(records, "sample") and not of_kind(records, "tree")
    assert cpu_secs(totals(records)) < (0.25 if SLOW else 0.1)


def test_memory_is_that_of_statm(background: Background) -> None:
    pause = 0.5 if SLOW else 0.05
    script = (
        f"import os, time\nkept = []\nfor i in range(20):\n kept.append(b'x' * (3_000_000 + i)); time.sleep({pause})\n"
        "del kept[5:]; time.sleep(60)"
    )
    target = background([sys.executable, "-c", script])
    trees = of_kind(by_both(target.pid, background, (), ITSELF, "20" if SLOW else "2.5")[1], "tree")
    sizes = [t["parent"]["mem_rss_kb"] for t in trees]
    statm = int(Path(f"/proc/{target.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024
    assert max(sizes) > 50_000
    assert sizes[-1] == statm


NAMESPACE = ["unshare", "--pid", "--fork", "--mount-proc"]
CAN_UNSHARE = (
    bool(shutil.which("unshare")) and os.geteuid() == 0 and subprocess.run([*NAMESPACE, "true"]).returncode == 0
)


@pytest.mark.skipif(not CAN_UNSHARE, reason="no PID namespace can be made here")
def test_in_a_pid_namespace_pids_are_its_own(tmp_path: Path) -> None:
    script = f'exec "{DENET}" --sampler bpf -q -o "{tmp_path}/run.jsonl" run sh -c "sleep 0.5 & sleep 0.6"'
    done = subprocess.run([*NAMESPACE, "sh", "-c", script], capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    records = parse_records((tmp_path / "run.jsonl").read_bytes())
    pids = {p for t in of_kind(records, "tree") for p in processes(t)}
    assert pids and max(pids) < 100
    assert the(records, "exit")["totals"]["processes_seen"] == 3


@pytest.mark.skipif(not CAN_UNSHARE, reason="no time namespace can be made here")
def test_in_a_time_namespace_processes_are_themselves(tmp_path: Path) -> None:
    script = f'exec "{DENET}" --sampler bpf -q -o "{tmp_path}/run.jsonl" run sh -c "sleep 0.3 & sleep 0.4"'
    command = ["unshare", "--time", "--boottime", "12345", "--monotonic", "54321", "--fork", "sh", "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    if "unshare: " in done.stderr:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stderr
    records = parse_records((tmp_path / "run.jsonl").read_bytes())
    check_every_line(records)
    names = {p["name"] for t in of_kind(records, "tree") for p in processes(t).values()}
    assert {"sleep"} <= names <= {"sleep", "sh"}


def test_refused_the_command_is_not_started(tmp_path: Path) -> None:
    """Without the rights: for a user, as root without its capabilities."""
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        pytest.skip("takes root and setpriv(1)")
    trace = tmp_path / "trace"
    command = [
        "setpriv",
        "--bounding-set=-bpf,-perfmon,-sys_admin",
        DENET,
        "--sampler",
        "bpf",
        "run",
        "touch",
        str(trace),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    assert (done.returncode, trace.exists()) == (125, False)
    assert re.fullmatch(r"denet: sampler bpf: lacks CAP_BPF, CAP_PERFMON; .+, or --sampler procfs\n", done.stderr)


def grown_tree(count: int, secs: float = 10 if SLOW else 2.5) -> list[str]:
    script = (
        f"import os, time\nfor i in range({count}):\n"
        f" if os.fork() == 0: time.sleep({secs}); os._exit(0)\ntime.sleep({secs + 0.1})"
    )
    return [sys.executable, "-c", script]


@pytest.mark.parametrize("arguments", [("--ebpf", "exits"), ()], ids=["with-ebpf", "for-its-own-sake"])
def test_by_itself_it_takes_over_when_the_tree_has_grown(arguments: tuple[str, ...]) -> None:
    """And the orphans that there are by then stay members, and whom they start."""
    count = 400
    orphan = "import os, time\nfor i in range(8):\n  time.sleep(0.3)\n  if os.fork() == 0: time.sleep(0.5); os._exit(0)"
    command = ["sh", "-c", f'(python3 -c "{orphan}" &) & exec "$@"', "sh", *grown_tree(count)]
    result = denet("--debug", *arguments, "-j", "-i", "100", "-m", "100", "run", *command)
    assert "processes are sampled by BPF from now on" in result.err
    check_every_line(result.records)
    trees = of_kind(result.records, "tree")
    assert trees[-3]["aggregated"]["process_count"] >= 2 or len(trees) > 20
    assert the(result.records, "exit")["totals"]["processes_seen"] >= count + 9


def libraries_of(pid: int) -> str:
    return Path(f"/proc/{pid}/maps").read_text()


def children_of(pid: int) -> str:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text()


def attached_to_many(
    background: Background, out: Path, before: Sequence[Argument] = (), environment: dict[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """A denet attached to 300 that sleep and their parent."""
    tree = background(grown_tree(300, 60))
    wait_until(lambda: len(children_of(tree.pid).split()) == 300)
    options = ("-q", "-i", "50", "-m", "50", "-o", out)
    return background([*before, DENET, *options, "attach", str(tree.pid)], env=environment)


@pytest.mark.parametrize("by", ["itself", "the-module"])
def test_what_loads_it_is_gone_once_it_is_loaded(by: str, background: Background, tmp_path: Path) -> None:
    """A process of its own; or where denet has other threads, as the library's hosts may have, the module."""
    environment = preloading(built_double("second_thread", tmp_path)) if by == "the-module" else None
    watcher = attached_to_many(background, tmp_path / "run.jsonl", environment=environment)
    wait_until(lambda: bool(walks_of(watcher.pid)))
    wait_until(lambda: not children_of(watcher.pid))
    assert ("libbpf" in libraries_of(watcher.pid)) == (by == "the-module")
    watcher.send_signal(signal.SIGINT)
    assert watcher.wait(PATIENCE) == 0
    trees = of_kind(parse_records((tmp_path / "run.jsonl").read_bytes()), "tree")
    assert {t["aggregated"]["process_count"] for t in trees[:-1]} == {301}


WITH_ORPHANS = ["sh", "-c", '(sleep 0.6 &) ; (sleep 0.3 &) ; exec "$@"', "sh"]
IO = ("syscall_read_bytes", "syscall_write_bytes", "io_read_ops", "io_write_ops")


def test_what_it_took_to_load_it_is_none_of_the_tree_s() -> None:
    """There are orphans, so the kernel is asked for all that ended here; and it has waited for the loader, too."""
    whole = {}
    for sampler in ("procfs", "bpf"):
        result = denet("--sampler", sampler, "-j", "-i", "50", "-m", "50", "run", *WITH_ORPHANS, "sleep", "0.9")
        check_every_line(result.records)
        assert "denet-loader" not in {p["name"] for t in of_kind(result.records, "tree") for p in processes(t).values()}
        whole[sampler] = totals(result.records)
        assert "lower_bound" not in the(result.records, "exit")
    assert [whole["bpf"][name] for name in IO] == [whole["procfs"][name] for name in IO]
    if not SLOW:  # there a sample may meet a shell that the other missed
        assert whole["bpf"]["processes_seen"] == whole["procfs"]["processes_seen"]


def test_what_it_took_to_load_it_later_is_none_of_the_tree_s() -> None:
    """As above, with a tree that grows: it reads 75 KB for it at the least, and that many processes next to nothing."""
    grow = "import os, time\nfor i in range(299):\n if os.fork() == 0: time.sleep(1.5); os._exit(0)\ntime.sleep(1.6)"
    result = denet("--debug", "-j", "-i", "50", "-m", "50", "run", *WITH_ORPHANS, sys.executable, "-SEc", grow)
    assert "processes are sampled by BPF from now on" in result.err
    check_every_line(result.records)
    plain = denet(
        "--sampler", "procfs", "-j", "-i", "50", "-m", "50", "run", *WITH_ORPHANS, sys.executable, "-SEc", grow
    )
    whole, expected = totals(result.records), totals(plain.records)
    assert whole["processes_seen"] == expected["processes_seen"]
    assert abs(whole["syscall_read_bytes"] - expected["syscall_read_bytes"]) < 20_000
    assert whole["syscall_write_bytes"] == expected["syscall_write_bytes"]


def test_signals_do_not_lengthen_the_wait_for_a_loader(background: Background) -> None:
    watcher = background([*filtered("ask", "bpf"), DENET, "--sampler", "bpf", "run", "true"], stderr=subprocess.PIPE)
    began = time.monotonic()
    wait_until(lambda: bool(children_of(watcher.pid)))
    while watcher.poll() is None and time.monotonic() < began + PATIENCE:
        watcher.send_signal(signal.SIGWINCH)
        time.sleep(0.05)
    assert watcher.wait(1) == 125
    assert watcher.stderr and b"bpf(2) does not return, for 5 s so far" in watcher.stderr.read()


def test_the_loader_keeps_nothing_open(background: Background, tmp_path: Path) -> None:
    """What denet has open would else stay so as long as the loader is stuck."""
    watcher = attached_to_many(background, tmp_path / "run.jsonl", filtered("ask", "bpf"))
    wait_until(lambda: bool(children_of(watcher.pid)))
    loader = children_of(watcher.pid).split()[0]
    wait_until(lambda: Path(f"/proc/{loader}/comm").read_text() == "denet-loader\n")
    wait_until(lambda: len(os.listdir(f"/proc/{loader}/fd")) <= 8)
    open_files = {os.readlink(entry) for entry in Path(f"/proc/{loader}/fd").iterdir()}
    assert not {f for f in open_files if f.startswith(("pipe:", str(tmp_path)))}
    watcher.send_signal(signal.SIGINT)
    assert watcher.wait(PATIENCE) == 0


@pytest.mark.skipif(not shutil.which("prlimit"), reason="takes prlimit(1)")
def test_where_there_are_few_descriptors_it_is_had_or_not(tmp_path: Path) -> None:
    """And nothing else is lost by it."""
    had = set()
    for limit in range(14, 80, 3):
        command: list[Argument] = ["prlimit", f"--nofile={limit}:{limit}", DENET, "--sampler", "bpf", "-j", "run"]
        done = subprocess.run([*command, "sh", "-c", "sleep 0.1; exit 7"], capture_output=True, timeout=PATIENCE)
        had.add(done.returncode)
        if done.returncode == 125:
            assert re.fullmatch(rb"denet: [^\n]+\n", done.stderr) and b"Success" not in done.stderr
            continue
        records = parse_records(done.stdout)
        check_every_line(records)
        assert the(records, "exit")["totals"]["processes_seen"] == 2
    assert had == {125, 7}


def test_a_loader_that_does_not_come_back_is_killed(background: Background, tmp_path: Path) -> None:
    """After some seconds; and samples go on meanwhile."""
    watcher = attached_to_many(background, tmp_path / "run.jsonl", filtered("ask", "bpf"))
    wait_until(lambda: bool(children_of(watcher.pid)))
    wait_until(lambda: not children_of(watcher.pid))
    watcher.send_signal(signal.SIGINT)
    assert watcher.wait(PATIENCE) == 0
    assert len(of_kind(parse_records((tmp_path / "run.jsonl").read_bytes()), "tree")) > (20 if SLOW else 60)


@pytest.mark.parametrize("arguments", [("--sampler", "procfs", "--ebpf", "exits"), ("--exclude-children",)])
def test_where_it_is_not_wanted_it_stays_out(arguments: tuple[str, ...]) -> None:
    result = denet("--debug", *arguments, "-j", "run", *grown_tree(400))
    assert "sampled by BPF" not in result.err


def test_a_run_may_end_while_it_is_loaded() -> None:
    """Of which those that it is loaded for end after so many milliseconds, all of a session of their own."""
    script = (
        "import os, sys, time\nif os.fork(): sys.exit(128 + (os.wait()[1] & 127))\nos.setsid()\n"
        "for i in range(220):\n if os.fork() == 0: time.sleep(2)\ntime.sleep({}); os.killpg(0, 9)"
    )
    for i in range(3 if SLOW else 12):
        command = [sys.executable, "-c", script.format(0.05 + i * 0.01)]
        result = denet("-j", "-i", "10", "-m", "10", "run", *command)
        assert result.status == 137
        check_every_line(result.records)


def test_attached_to_a_grown_tree_it_knows_its_members(background: Background) -> None:
    tree = background(grown_tree(300, 60))
    children = Path(f"/proc/{tree.pid}/task/{tree.pid}/children")
    wait_until(lambda: len(children.read_text().split()) == 300)
    result = denet("--debug", "-j", "-i", "100", "-m", "100", "-d", "1.5", "attach", str(tree.pid))
    assert "processes are sampled by BPF from now on" in result.err
    assert {t["aggregated"]["process_count"] for t in of_kind(result.records, "tree")[:-1]} == {301}


def test_with_ebpf_the_sampler_changes_no_count(truth: Helper) -> None:
    result = denet("--enable-ebpf", "--sampler", "bpf", "-j", "run", truth("calls"), "20000", "2")
    found = the(result.records, "exit")["ebpf"]
    assert {c["name"]: c["count"] for c in found["syscalls"]["top_syscalls"]}["getppid"] == 20000
    assert found["lost_events"] == 0
