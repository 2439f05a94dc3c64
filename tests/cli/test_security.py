# SPDX-License-Identifier: GPL-3.0-or-later
"""How the program is built, and what it leaves to others. docs/security.md has the whole."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest
from harness import DENET, SANITIZED, Argument, denet, execute, read_records, the

pytestmark = pytest.mark.skipif(not shutil.which("readelf"), reason="readelf (binutils) is not installed")


def readelf(*options: str) -> str:
    return subprocess.check_output(["readelf", "-W", *options, DENET], text=True)


def test_it_is_loaded_anywhere_and_its_tables_are_read_only() -> None:
    assert "DYN" in readelf("-h")
    assert "GNU_RELRO" in readelf("-l")
    assert "BIND_NOW" in readelf("-d") or "NOW" in readelf("-d")


def test_no_memory_of_it_is_written_and_executed() -> None:
    segments = [line.split() for line in readelf("-l").splitlines() if line.split()[:1] in (["LOAD"], ["GNU_STACK"])]
    assert segments
    assert not any("W" in words[-2] and "E" in words[-2] for words in segments)


@pytest.mark.skipif(SANITIZED, reason="the sanitizers have checks of their own")
def test_overflows_of_the_stack_and_of_buffers_are_noticed() -> None:
    symbols = readelf("--dyn-syms")
    assert "__stack_chk_fail" in symbols
    assert "_chk@" in symbols.replace("__stack_chk_fail", "")


def test_it_needs_the_c_library_alone_and_looks_nowhere_else() -> None:
    dynamic = readelf("-d")
    needed = [line for line in dynamic.splitlines() if "(NEEDED)" in line]
    assert SANITIZED or all("libc.so" in line or "ld-linux" in line for line in needed), needed
    assert "RPATH" not in dynamic and "RUNPATH" not in dynamic


def test_it_has_no_rights_of_its_own() -> None:
    assert not os.stat(DENET).st_mode & (stat.S_ISUID | stat.S_ISGID)


@pytest.mark.parametrize("ending", ["jsonl", "csv", "jsonl.gz", "jsonl.zst"])
def test_no_descriptor_of_its_own_reaches_the_command(ending: str, tmp_path: Path) -> None:
    """With files, a summary, a cgroup and a compressor it holds a dozen."""
    told = tmp_path / "told"
    options: list[Argument] = ["-o", tmp_path / f"f.{ending}", "--stats", tmp_path / "s"]
    without = execute(["sh", "-c", "ls -l /proc/self/fd | wc -l"]).stdout
    result = denet(*options, "run", "sh", "-c", f"ls -l /proc/self/fd | wc -l > {told}")
    if result.status == 125 and b"compressed" in result.stderr:
        pytest.skip("this build has not this compression")
    assert result.status == 0, result.err
    assert told.read_bytes() == without


def test_what_a_process_calls_itself_is_text_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "f"
    evil = tmp_path / "a\x1b[2J\x07\u202e"
    evil.symlink_to(shutil.which("sleep") or "/bin/sleep")
    result = denet("-n", "-i", "20", "-o", path, "run", evil, "0.1")
    assert b"\x1b" not in result.stderr and b"\x07" not in result.stderr and "\u202e" not in result.err
    assert the(read_records(path), "metadata")["cmd"][0] == str(evil)
