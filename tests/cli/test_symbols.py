# SPDX-License-Identifier: GPL-3.0-or-later
"""Stacks of programs whose functions are known, unwound and named by what the ebpf module is made of.

tests/symbols/frames.c takes a thread's registers and a piece of its stack by ptrace; from there on it is the
same code."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from conftest import Background
from harness import DENET, ROOT, Argument, wait_until

FRAMES = Path(DENET).parent / "tests" / "symbols" / "frames"
SOURCES = ROOT / "tests" / "symbols"
Stack = dict[str, Any]

pytestmark = pytest.mark.skipif(not FRAMES.exists(), reason="frames is built with the unit tests alone (cmocka)")


def compile_chain(to: Path, compiler: list[str], source: str, *options: str) -> Path:
    """The program of a source in tests/symbols; the test is skipped where there is no compiler for it."""
    if not shutil.which(compiler[0]):
        pytest.skip(f"{compiler[0]} is not here")
    program = to / "chain"
    command = [*compiler, *options, "-o", str(program), str(SOURCES / source)]
    result = subprocess.run(command, capture_output=True, text=True, cwd=to)
    assert result.returncode == 0, result.stderr
    return program


def c_chain(to: Path, *options: str) -> Path:
    return compile_chain(to, [os.environ.get("CC", "cc")], "chain.c", "-std=gnu17", "-O2", "-pthread", *options)


def start(background: Background, command: list[Argument], **how: Any) -> subprocess.Popen[bytes]:
    """Starts it, and waits until it is about to wait itself."""
    process = background(command, stdin=subprocess.PIPE, **how)
    assert process.stdout
    assert process.stdout.readline() == b"ready\n", process.stderr.read() if process.stderr else b""
    return process


def is_reading(tid: int) -> bool:
    """The thread waits in read(2), which is 0 on x86-64 and 63 on arm64."""
    return Path(f"/proc/{tid}/syscall").read_text().split()[0] in ("0", "63")


def thread_that_reads(pid: int) -> int:
    def found() -> list[int]:
        return [int(t.name) for t in Path(f"/proc/{pid}/task").iterdir() if is_reading(int(t.name))]

    wait_until(lambda: bool(found()))
    return found()[0]


def stack_of(process: subprocess.Popen[bytes], *options: Argument) -> Stack:
    tid = thread_that_reads(process.pid)
    result = subprocess.run([FRAMES, *options, str(tid)], capture_output=True, text=True)
    if "Operation not permitted" in result.stderr:
        pytest.skip("this user may not trace")
    assert result.returncode == 0, result.stderr
    stack = json.loads(result.stdout)
    assert isinstance(stack, dict)
    return stack


def names(stack: Stack) -> list[str]:
    return [frame["shown"] for frame in stack["frames"]]


def own_names(stack: Stack, program: Path) -> list[str]:
    """Of the frames of the program itself, without the libraries'."""
    return [frame["shown"] for frame in stack["frames"] if Path(frame["file"]).name == program.name]


CHAIN = ["wait_here", "inner", "middle", "outer", "main", "_start"]


def test_a_stack_reaches_from_libc_to_the_start(background: Background, tmp_path: Path) -> None:
    program = c_chain(tmp_path, "-g")
    stack = stack_of(start(background, [program]))
    assert stack["whole"]
    assert names(stack)[0] in ("read", "__read", "__libc_read")
    assert own_names(stack, program) == CHAIN
    kinds = {frame["name"]: frame["kind"] for frame in stack["frames"]}
    assert kinds["inner"] == "inlined" and kinds["middle"] == "user"


def test_lines_are_those_of_the_source(background: Background, tmp_path: Path) -> None:
    stack = stack_of(start(background, [c_chain(tmp_path, "-g")]))
    source = (SOURCES / "chain.c").read_text().splitlines()
    for frame in stack["frames"]:
        if frame["name"] in CHAIN[:-1]:
            called = {"wait_here": "read(0", "inner": "wait_here()", "middle": "inner(n", "outer": "middle(n"}
            assert Path(frame["source"]).name == "chain.c"
            assert called.get(frame["name"], "outer(argc)") in source[frame["line"] - 1]


@pytest.mark.parametrize(
    "options",
    [
        ("-fomit-frame-pointer",),
        ("-fno-omit-frame-pointer",),
        ("-static",),
        ("-no-pie", "-fno-pie"),
        ("-gz", "-g"),
        ("-O0",),
        ("-fno-asynchronous-unwind-tables", "-fno-omit-frame-pointer"),
    ],
    ids=lambda o: " ".join(o),
)
def test_however_it_is_compiled_no_caller_is_missing(
    background: Background, tmp_path: Path, options: tuple[str, ...]
) -> None:
    program = c_chain(tmp_path, *options)
    stack = stack_of(start(background, [program]))
    assert stack["whole"]
    assert [n for n in names(stack) if n in CHAIN and n != "inner"] == [n for n in CHAIN if n != "inner"]


def test_a_thread_begins_where_it_was_created(background: Background, tmp_path: Path) -> None:
    program = c_chain(tmp_path, "-g")
    stack = stack_of(start(background, [program, "thread"]))
    assert stack["whole"]
    assert own_names(stack, program) == ["wait_here", "inner", "middle", "outer", "in_thread"]


def test_a_stack_goes_on_below_a_signal_handler(background: Background, tmp_path: Path) -> None:
    program = c_chain(tmp_path)
    stack = stack_of(start(background, [program, "signal"]))
    assert stack["whole"]
    assert own_names(stack, program) == ["wait_here", "middle", "outer", "on_signal", "raise_here", "main", "_start"]


def test_a_stack_that_is_not_at_its_end_says_so(background: Background, tmp_path: Path) -> None:
    program = c_chain(tmp_path)
    process = start(background, [program, "deep", "60"])
    stack = stack_of(process, "--stack", "4096")
    assert not stack["whole"]
    assert own_names(stack, program)[:4] == ["wait_here", "middle", "outer", "deep"]
    stack = stack_of(process, "--stack", "65536")
    assert stack["whole"]
    assert own_names(stack, program) == ["wait_here", "middle", "outer", *["deep"] * 61, "main", "_start"]


def test_more_frames_than_are_kept_say_so(background: Background, tmp_path: Path) -> None:
    stack = stack_of(start(background, [c_chain(tmp_path), "deep", "200"]), "--stack", "262144")
    assert not stack["whole"]
    assert len(stack["frames"]) == 127
