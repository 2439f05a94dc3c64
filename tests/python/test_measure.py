# SPDX-License-Identifier: GPL-3.0-or-later
"""One's own code measured; summaries and data frames of files; the plugin of pytest."""

from __future__ import annotations

import importlib.metadata
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

import denet

PEER = Path(__file__).parents[1] / "fixtures" / "peer"


def burn(seconds: float) -> None:
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


def test_a_block_is_measured_and_nothing_beside_it() -> None:
    burn(0.2)
    with denet.measure() as m:
        burn(0.2)
    assert 0.2 <= m.cpu_secs < 0.4
    assert m.wall_secs >= 0.2 and m.peak_mem_rss_kb > 1000


def test_children_that_were_waited_for_are_in_it() -> None:
    with denet.measure() as m:
        subprocess.run([sys.executable, "-c", "import time\nwhile time.process_time() < 0.2: pass"], check=True)
    assert m.cpu_secs >= 0.2


def test_a_decorated_function_keeps_its_last_measurement() -> None:
    seen: list[denet.Measurement] = []

    @denet.measure(interval_ms=20, store_samples=True, report=seen.append)  # type: ignore[untyped-decorator]
    def work(n: int) -> int:
        """Works."""
        burn(0.1)
        return n

    assert work(3) == 3 and work.__doc__ == "Works."
    assert seen[0].cpu_secs >= 0.1 and seen[0].samples


def test_an_exception_passes_through() -> None:
    with pytest.raises(KeyError), denet.measure() as m:
        raise KeyError("x")
    assert m.exit["kind"] == "exit"


def test_measurements_leave_no_descriptors_and_no_threads(descriptors: None) -> None:
    threads = threading.active_count()
    for _ in range(50):
        with denet.measure():
            pass
    assert threading.active_count() == threads


def test_a_figure_before_the_end_is_an_error() -> None:
    with denet.measure() as m, pytest.raises(RuntimeError):
        m.cpu_secs  # noqa: B018


# ------------------------------------------------------------------------------------------------------- summaries


def program() -> str:
    return os.environ.get("DENET", str(Path(__file__).parents[2] / "build" / "denet"))


@pytest.mark.parametrize("name", ["tree3.jsonl", "exclude_children.jsonl", "v060_run.jsonl", "ebpf.jsonl"])
def test_a_files_summary_is_what_the_program_says(name: str) -> None:
    ours = json.loads(denet.generate_summary_from_file(PEER / name))
    theirs = json.loads(subprocess.check_output([program(), "--json", "stats", PEER / name]))
    assert ours == theirs


def test_the_summary_of_strings_is_that_of_their_file() -> None:
    lines = (PEER / "tree3.jsonl").read_text().splitlines()
    assert json.loads(denet.generate_summary_from_metrics_json(lines)) == json.loads(
        denet.generate_summary_from_file(PEER / "tree3.jsonl")
    )
    assert json.loads(denet.generate_summary_from_metrics_json(lines, 12.5))["total_time_secs"] == 12.5


def test_nothing_has_the_zero_form_and_an_empty_file_is_an_error(tmp_path: Path) -> None:
    assert json.loads(denet.generate_summary_from_metrics_json([]))["sample_count"] == 0
    (tmp_path / "f").write_text("")
    with pytest.raises(OSError, match="No valid metrics"):
        denet.generate_summary_from_file(tmp_path / "f")
    with pytest.raises(FileNotFoundError):
        denet.generate_summary_from_file(tmp_path / "none")
    with pytest.raises(TypeError):
        denet.generate_summary_from_metrics_json([{}])  # type: ignore[list-item]


# ----------------------------------------------------------------------------------------------------- data frames


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_a_frame_has_the_values_of_the_records(library: str) -> None:
    pytest.importorskip(library)
    path = PEER / "tree3.jsonl"
    records = denet.load_metrics(path)
    of_path, of_list = denet.to_dataframe(path, library), denet.to_dataframe(records, library)
    assert len(of_path) == len(of_list) == len(records)
    for name in ("ts_ms", "cpu_usage", "mem_rss_kb", "process_count"):
        expected = [r["aggregated"][name] for r in records]
        assert list(of_list[name]) == expected
        assert list(of_path[name]) == pytest.approx(expected, abs=0.006)


def test_without_a_library_it_is_said_which_one_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    modules: Any = sys.modules
    monkeypatch.setitem(modules, "pandas", None)
    monkeypatch.setitem(modules, "polars", None)
    with pytest.raises(ImportError, match="pip install"):
        denet.to_dataframe([])
    with pytest.raises(ValueError, match="numpy"):
        denet.to_dataframe([], "numpy")


# ------------------------------------------------------------------------------------------------------ the plugin


def test_pytest_writes_what_each_test_used(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        "import time\n"
        "def test_burns():\n    end = time.process_time() + 0.2\n    while time.process_time() < end: pass\n"
        "def test_fails(denet_measure):\n    with denet_measure() as m: pass\n    assert m.wall_secs < 0\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--denet", "used.jsonl"]
    if not list(importlib.metadata.Distribution.discover(name="denet")):  # pip would have said it to pytest
        command += ["-p", "denet.pytest_plugin"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    lines = [json.loads(line) for line in (tmp_path / "used.jsonl").read_text().splitlines()]
    assert [line["outcome"] for line in lines] == ["passed", "failed"], done.stdout + done.stderr
    assert lines[0]["cpu_user_secs"] + lines[0]["cpu_system_secs"] >= 0.2
