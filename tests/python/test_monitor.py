# SPDX-License-Identifier: GPL-3.0-or-later
"""ProcessMonitor, on processes whose use is known."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

import denet

BURN = [sys.executable, "-c", "import time\nwhile time.process_time() < 0.3: pass"]


def monitor(cmd: Any, base_ms: int = 50, longest_ms: int = 100, **more: Any) -> denet.ProcessMonitor:
    more.setdefault("quiet", True)
    return denet.ProcessMonitor(cmd, base_ms, longest_ms, **more)


def cpu_secs(m: denet.ProcessMonitor) -> float:
    summary = json.loads(m.get_summary())
    return float(summary["cpu_user_secs"] + summary["cpu_system_secs"])


# -------------------------------------------------------------------------------------------------------- running


def test_a_run_has_samples_a_summary_and_an_exit_code() -> None:
    m = monitor(["sh", "-c", "sleep 0.2; exit 3"])
    m.run()
    assert m.returncode == 3 and not m.is_running()
    samples = [json.loads(s) for s in m.get_samples()]
    assert len(samples) >= 2 and {s["kind"] for s in samples} == {"tree"}
    assert json.loads(m.get_summary())["sample_count"] == len(samples)
    assert json.loads(m.get_metadata() or "")["cmd"][0] == "sh"


def test_cpu_time_is_what_the_process_used() -> None:
    m = monitor(BURN)
    m.run()
    assert 0.3 <= cpu_secs(m) < 0.6


def test_what_short_children_used_is_counted() -> None:
    burn = "import time\\nwhile time.process_time() < 0.1: pass"
    code = f"import subprocess, sys\nfor i in range(5): subprocess.run([sys.executable, '-c', '{burn}'])"
    m = monitor([sys.executable, "-c", code], 1000, 1000)
    m.run()
    assert 0.5 <= cpu_secs(m) < 1.5


def test_a_signal_ends_it_as_subprocess_says_it() -> None:
    m = monitor(["sh", "-c", "kill -USR1 $$"])
    m.run()
    assert m.returncode == -signal.SIGUSR1


def test_counters_come_where_they_are_asked_for() -> None:
    for asked in (False, True):
        m = monitor(["true"], enable_counters=asked)
        m.run()
        counters = json.loads(m.get_metadata() or "")["capabilities"]["perf_hw"]
        assert (counters.get("reason") == "not asked for") is not asked
        assert ("perf" in json.loads(m.get_samples()[-1])["aggregated"]) == bool(counters["events"])


@pytest.mark.parametrize(
    ("cmd", "error"),
    [
        ([], ValueError),
        (["/no/such"], FileNotFoundError),
        (["/etc/passwd"], PermissionError),
        (["a\0b"], ValueError),
        ("ls", TypeError),
    ],
)
def test_what_cannot_be_started_raises_what_subprocess_would(cmd: Any, error: type[Exception]) -> None:
    with pytest.raises(error) as caught:
        monitor(cmd)
    if isinstance(caught.value, OSError):
        assert caught.value.filename == cmd[0] and isinstance(caught.value, RuntimeError)


@pytest.mark.parametrize(
    ("base", "longest", "error"),
    [(0, 100, ValueError), (100, 50, ValueError), (-1, 5, OverflowError), (1.5, 5, TypeError)],
)
def test_wrong_intervals_are_refused_before_anything_starts(base: Any, longest: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        denet.ProcessMonitor(["sleep", "5"], base, longest)


def test_arguments_may_be_bytes_and_paths(tmp_path: Path) -> None:
    m = monitor([b"touch", tmp_path / "made"])
    m.run()
    assert (tmp_path / "made").exists()


def test_nothing_is_kept_where_nothing_is_wanted() -> None:
    m = monitor(["sleep", "0.2"], store_in_memory=False)
    m.run()
    assert m.get_samples() == []
    assert json.loads(m.get_summary())["sample_count"] >= 2


@pytest.mark.parametrize("form", ["jsonl", "json", "csv"])
def test_records_are_written_in_each_form(form: str, tmp_path: Path) -> None:
    m = monitor(["sleep", "0.2"], output_file=tmp_path / "f", output_format=form)
    m.run()
    assert len(denet.load_metrics(tmp_path / "f")) == len(m.get_samples())


def test_a_file_that_cannot_be_made_is_an_error_before_the_start(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="none"):
        monitor(["touch", tmp_path / "started"], output_file=tmp_path / "none" / "f")
    assert not (tmp_path / "started").exists()


@pytest.mark.parametrize("form", ["jsonl", "json", "csv"])
def test_saved_samples_come_back(form: str, tmp_path: Path) -> None:
    m = monitor(["sleep", "0.15"])
    m.run()
    m.save_samples(tmp_path / "f", form)
    assert len(denet.load_metrics(tmp_path / "f")) == len(m.get_samples())
    m.clear_samples()
    assert m.get_samples() == []


# --------------------------------------------------------------------------------------------- threads and signals


def test_a_run_in_a_thread_leaves_the_others_free() -> None:
    m = monitor(["sleep", "0.5"])
    thread = threading.Thread(target=m.run)
    thread.start()
    count = 0
    while thread.is_alive():
        m.is_running(), m.get_samples(), m.get_summary()
        count += 1
        time.sleep(0.001)
    thread.join()
    assert count > 50 and m.returncode == 0


def test_many_run_at_once() -> None:
    monitors = [monitor(["sh", "-c", f"sleep 0.2; exit {i}"]) for i in range(10)]
    threads = [threading.Thread(target=m.run) for m in monitors]
    begun = time.monotonic()
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert time.monotonic() - begun < 5
    assert [m.returncode for m in monitors] == list(range(10))


def test_ctrl_c_is_answered_at_once() -> None:
    code = (
        "import denet\n"
        "m = denet.ProcessMonitor(['sleep', '30'], 1000, 1000, quiet=True)\n"
        "print(m.get_pid(), flush=True)\n"
        "try:\n    m.run()\n"
        "except KeyboardInterrupt:\n    print('interrupted')\n    m.kill()\n    m.run()\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as python:
        assert python.stdout is not None
        int(python.stdout.readline())
        time.sleep(0.2)
        begun = time.monotonic()
        python.send_signal(signal.SIGINT)
        assert python.stdout.readline() == "interrupted\n"
        assert time.monotonic() - begun < 5


def test_children_of_the_caller_are_not_reaped() -> None:
    own = subprocess.Popen(["sh", "-c", "exit 7"])
    m = monitor(["sleep", "0.2"])
    m.run()
    assert own.wait() == 7


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_it_works_in_processes_of_multiprocessing(method: str, tmp_path: Path) -> None:
    code = (
        "import multiprocessing, sys\n"
        "sys.path.insert(0, sys.argv[2])\n"
        "import pooled\n"
        "if __name__ == '__main__':\n"
        "    with multiprocessing.get_context(sys.argv[1]).Pool(2) as pool:\n"
        "        print(pool.map(pooled.code_of, [1, 2, 3]))\n"
    )
    (tmp_path / "main.py").write_text(code)
    (tmp_path / "pooled.py").write_text(
        "import denet\n"
        "def code_of(code):\n"
        "    m = denet.ProcessMonitor(['sh', '-c', f'exit {code}'], 50, 100, quiet=True)\n"
        "    m.run()\n"
        "    return m.returncode\n"
    )
    out = subprocess.check_output([sys.executable, tmp_path / "main.py", method, tmp_path], text=True)
    assert out == "[1, 2, 3]\n"


def test_samples_can_be_awaited() -> None:
    async def follow() -> tuple[int, int]:
        ticks, samples = 0, 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                ticks += 1
                await asyncio.sleep(0.01)

        ticking = asyncio.ensure_future(tick())
        async for sample in monitor(["sleep", "0.4"]):
            samples += json.loads(sample)["kind"] == "tree"
        ticking.cancel()
        return ticks, samples

    ticks, samples = asyncio.run(follow())
    assert ticks > 5 and samples >= 2


def test_iteration_yields_samples_and_leaving_the_block_ends_the_command() -> None:
    with monitor(["sleep", "60"]) as m:
        assert json.loads(next(iter(m)))["aggregated"]["process_count"] == 1
    assert m.returncode == -signal.SIGTERM


# --------------------------------------------------------------------------------------------------------- orphans

ORPHAN = f"({sys.executable} -S -c 'import time\nwhile time.process_time() < 0.3: pass' &); "


def exit_record(path: Path) -> dict[str, Any]:
    record: dict[str, Any] = json.loads(path.read_text().splitlines()[-1])
    assert record["kind"] == "exit"
    return record


def test_an_orphan_that_no_sample_saw_makes_the_totals_a_lower_bound_and_the_record_says_so(tmp_path: Path) -> None:
    m = monitor(["sh", "-c", ORPHAN + "sleep 1"], 60000, 60000, output_file=tmp_path / "f")
    m.run()
    last = exit_record(tmp_path / "f")
    assert last["totals"]["cpu_user_secs"] + last["totals"]["cpu_system_secs"] < 0.3
    assert "no subreaper" in last["lower_bound"]["reason"]


def test_what_samples_saw_of_an_orphan_counts_and_the_rest_is_said_to_be_missing(tmp_path: Path) -> None:
    done = tmp_path / "done"
    orphan = f"({sys.executable} -S -c 'import time\nwhile time.process_time() < 0.3: pass'; touch {done})"
    script = f"({orphan} &); until [ -e {done} ]; do sleep 0.05; done"
    m = monitor(["sh", "-c", script], 10, 10, output_file=tmp_path / "f")
    m.run()
    last = exit_record(tmp_path / "f")
    assert last["totals"]["cpu_user_secs"] + last["totals"]["cpu_system_secs"] > 0.1
    assert "no subreaper" in last["lower_bound"]["reason"]


def test_the_same_holds_of_what_popen_has_started(tmp_path: Path) -> None:
    execute = denet.execute_with_monitoring
    execute(["sh", "-c", ORPHAN + "sleep 1"], base_interval_ms=60000, max_interval_ms=60000, output_file=tmp_path / "f")
    assert "no subreaper" in exit_record(tmp_path / "f")["lower_bound"]["reason"]


def test_a_command_without_children_has_exact_totals(tmp_path: Path) -> None:
    m = monitor(BURN, output_file=tmp_path / "f")
    m.run()
    assert "lower_bound" not in exit_record(tmp_path / "f")


def test_python_is_made_no_subreaper() -> None:
    code = (
        "import ctypes, denet\n"
        "denet.execute_with_monitoring(['true'])\n"
        "denet.ProcessMonitor(['true'], 50, 100, quiet=True).run()\n"
        "made = ctypes.c_int(7)\n"
        "ctypes.CDLL(None).prctl(37, ctypes.byref(made))\n"
        "print(made.value)"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "0\n"


# ------------------------------------------------------------------------------------------------------- attaching


def test_a_running_process_is_watched_to_its_end() -> None:
    with subprocess.Popen(["sleep", "0.4"]) as other:
        m = denet.ProcessMonitor.from_pid(other.pid, 50, 100, quiet=True)
        assert m.get_pid() == other.pid and m.is_running()
        m.run()
        assert other.wait() == 0
    assert len(m.get_samples()) >= 2


@pytest.mark.parametrize("pid", [0, 2**22 + 7, 2**40])
def test_there_is_no_such_process(pid: int) -> None:
    with pytest.raises(ProcessLookupError):
        denet.ProcessMonitor.from_pid(pid, 50, 100)


def test_sample_once_gives_a_record_as_long_as_it_runs() -> None:
    m = monitor(["sleep", "0.3"])
    first = m.sample_once()
    assert first is not None and json.loads(first)["kind"] == "tree"
    m.run()
    assert m.sample_once() is None
