# SPDX-License-Identifier: GPL-3.0-or-later
"""What scripts out there count on: names, the order of arguments, what is printed and written, what a wheel holds."""

from __future__ import annotations

import ast
import importlib.metadata
import inspect
import json
import os
import pwd
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import denet
from denet import _denet

EXECUTE = denet.execute_with_monitoring


def arguments(function: Any) -> str:
    """As `name` or `name=default`."""
    return ", ".join(
        p.name if p.default is p.empty else f"{p.name}={p.default!r}"
        for p in inspect.signature(function).parameters.values()
        if p.kind is p.POSITIONAL_OR_KEYWORD and p.name != "self"
    )


MONITORED = (
    "base_interval_ms, max_interval_ms, since_process_start=False, output_file=None, output_format='jsonl', "
    "store_in_memory=True, quiet=False, include_children=True, write_metadata=False, write_env=False, "
    "enable_ebpf=False, enable_gpu=False"
)


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (denet.ProcessMonitor, f"cmd, {MONITORED}"),
        (denet.ProcessMonitor.from_pid, f"pid, {MONITORED}"),
        (
            EXECUTE,
            "cmd, stdout_file=None, stderr_file=None, timeout=None, base_interval_ms=100, max_interval_ms=1000, "
            "store_in_memory=True, output_file=None, output_format='jsonl', since_process_start=False, "
            "pause_for_attachment=True, quiet=False, include_children=True, write_metadata=False, enable_ebpf=False, "
            "enable_gpu=False",
        ),
        (denet.generate_summary_from_file, "path"),
        (denet.generate_summary_from_metrics_json, "metrics_json, elapsed_time=None"),
        (denet.aggregate_metrics, "metrics, window_size=10, method='mean'"),
        (denet.convert_format, "metrics, to_format='csv', indent=None"),
        (denet.find_peaks, "metrics, field='cpu_usage', threshold=0.8, window_size=5"),
        (denet.load_metrics, "path, include_metadata=False"),
        (denet.process_tree_analysis, "metrics"),
        (denet.resource_utilization, "metrics"),
        (denet.save_metrics, "metrics, path, format='jsonl', include_metadata=True"),
        (denet.ProcessMonitor.save_samples, "path, format=None"),
    ],
)
def test_arguments_have_the_order_and_the_defaults_that_scripts_count_on(function: Any, expected: str) -> None:
    assert arguments(function) == expected


def test_modules_that_scripts_import_are_there() -> None:
    from denet import analysis

    for name in ("aggregate_metrics", "find_peaks", "process_tree_analysis", "resource_utilization"):
        assert getattr(analysis, name) is getattr(denet, name)
    assert denet.ProcessMonitor.__module__ == "denet"


# ------------------------------------------------------------------------------------------------ what is printed


def kinds(text: str) -> list[str]:
    return [json.loads(line)["kind"] for line in text.splitlines()]


def test_a_run_without_a_file_prints_its_records_and_a_redirection_catches_them(capsys: Any) -> None:
    denet.ProcessMonitor(["sleep", "0.2"], 50, 100).run()
    printed = kinds(capsys.readouterr().out)
    assert printed.count("tree") >= 2 and printed[-1] == "exit" and "metadata" not in printed


def test_metadata_and_env_are_printed_where_they_are_asked_for(capsys: Any) -> None:
    denet.ProcessMonitor(["true"], 50, 100, write_metadata=True, write_env=True).run()
    assert kinds(capsys.readouterr().out)[:2] == ["env", "metadata"]


def test_a_quiet_run_prints_nothing_nor_does_its_command(capfd: Any) -> None:
    denet.ProcessMonitor(["sh", "-c", "echo out; echo err >&2"], 50, 100, quiet=True).run()
    assert capfd.readouterr() == ("", "")


def test_what_the_command_prints_is_kept_out_of_the_records(capfd: Any) -> None:
    denet.ProcessMonitor(["echo", "hello"], 50, 100).run()
    out, err = capfd.readouterr()
    assert "hello" in err and kinds(out)


def test_a_file_has_metadata_and_env_first_where_they_are_asked_for(tmp_path: Path, capsys: Any) -> None:
    path = tmp_path / "f"
    denet.ProcessMonitor(["true"], 50, 100, output_file=path, write_metadata=True, write_env=True).run()
    assert kinds(path.read_text())[:2] == ["env", "metadata"] and capsys.readouterr().out == ""


def test_samples_that_cannot_be_saved_are_an_error_with_its_number(tmp_path: Path) -> None:
    m = denet.ProcessMonitor(["true"], 50, 100, quiet=True)
    m.run()
    with pytest.raises(FileNotFoundError):
        m.save_samples(tmp_path / "none" / "f")
    with pytest.raises(ValueError, match="xml"):
        m.save_samples(tmp_path / "f", "xml")


# ----------------------------------------------------------------------------------------- arguments of subprocess


@pytest.mark.parametrize("pause", [True, False])
def test_nothing_is_missed_whether_it_is_paused_for_or_not(pause: bool) -> None:
    script = "import time\nwhile time.process_time() < 0.1: pass"
    _, m = EXECUTE([sys.executable, "-S", "-c", script], pause_for_attachment=pause, base_interval_ms=1000)
    first = json.loads(m.get_samples()[0])
    summary = json.loads(m.get_summary())
    assert summary["cpu_user_secs"] + summary["cpu_system_secs"] >= 0.1
    assert first["parent"] is None or first["parent"]["mem_rss_kb"] > 1000, "not the gate"


def test_it_has_a_session_of_its_own_unless_it_is_to_have_none() -> None:
    session = ["sh", "-c", "cut -d ' ' -f 6 /proc/$$/stat"]  # proc_pid_stat(5)
    _, m = EXECUTE(session, capture_output=True, text=True)
    assert int(m.stdout) != os.getsid(0)
    _, m = EXECUTE(session, start_new_session=False, capture_output=True, text=True)
    assert int(m.stdout) == os.getsid(0)


@pytest.mark.skipif(os.geteuid() != 0, reason="root alone may become another")
def test_it_runs_as_the_user_that_is_named() -> None:
    nobody = pwd.getpwnam("nobody")
    code, m = EXECUTE(["id", "-u"], user="nobody", group=nobody.pw_gid, extra_groups=[], capture_output=True, text=True)
    assert (code, int(m.stdout)) == (0, nobody.pw_uid)


def test_what_subprocess_does_not_know_is_a_type_error_before_the_start(tmp_path: Path) -> None:
    with pytest.raises(TypeError):
        EXECUTE(["touch", str(tmp_path / "started")], no_such_argument=1)
    assert not (tmp_path / "started").exists()


# ------------------------------------------------------------------------------------------------- what comes with it


def test_the_stub_of_the_compiled_part_has_no_name_that_is_not_there() -> None:
    stub = ast.parse((Path(denet.__file__).parent / "_denet.pyi").read_text())
    [declared] = [node for node in stub.body if isinstance(node, ast.ClassDef) and node.name == "_Lib"]
    names = {
        node.name if isinstance(node, ast.FunctionDef) else node.target.id  # type: ignore[union-attr]
        for node in declared.body
        if isinstance(node, (ast.FunctionDef, ast.AnnAssign))
    }
    assert len(names) > 80 and names <= set(dir(_denet.lib))


def distribution() -> importlib.metadata.Distribution:
    found = list(importlib.metadata.Distribution.discover(name="denet"))
    if not found:
        pytest.skip("the package was not installed by pip")
    return found[0]


def test_the_extra_for_gpus_needs_nothing_more_and_the_package_only_cffi() -> None:
    metadata = distribution().metadata
    assert metadata.get_all("Provides-Extra") == ["gpu"]
    assert metadata.get_all("Requires-Dist") == ["cffi>=1.15"]
    assert metadata["Requires-Python"] == ">=3.9"


def test_the_wheel_is_one_for_every_python_and_carries_the_program_and_the_types() -> None:
    wheel = distribution().read_text("WHEEL")
    assert wheel is not None and "-abi3-" in wheel
    files = {str(path) for path in distribution().files or ()}
    assert {"denet/py.typed", "denet/_denet.pyi", "denet/_records.pyi"} <= files
    [program] = Path(denet.__file__).parents[1].glob("bin/denet")
    assert denet.__version__ in subprocess.check_output([program, "-V"], text=True)
