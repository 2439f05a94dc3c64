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
    """The thread waits in read(0, …); read is 0 on x86-64 and 63 on arm64."""
    return Path(f"/proc/{tid}/syscall").read_text().split()[:2] in (["0", "0x0"], ["63", "0x0"])


def thread_that_reads(pid: int) -> int:
    def found() -> list[int]:
        return [int(t.name) for t in Path(f"/proc/{pid}/task").iterdir() if is_reading(int(t.name))]

    wait_until(lambda: bool(found()))
    return found()[0]


def stack_of(process: subprocess.Popen[bytes], *options: Argument) -> Stack:
    return stack_now(thread_that_reads(process.pid), *options)


def stack_now(tid: int, *options: Argument) -> Stack:
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


def test_with_another_compiler_no_caller_is_missing(background: Background, tmp_path: Path) -> None:
    program = compile_chain(tmp_path, ["clang"], "chain.c", "-std=gnu17", "-O2", "-pthread")
    stack = stack_of(start(background, [program]))
    assert stack["whole"]
    assert own_names(stack, program) == [n for n in CHAIN if n != "inner"]


@pytest.mark.parametrize("options", [[], ["-static"], ["-fno-omit-frame-pointer"]], ids=lambda o: " ".join(o))
def test_where_the_c_library_says_nothing_a_stack_is_not_called_whole(
    background: Background, tmp_path: Path, options: list[str]
) -> None:
    """musl is compiled without unwind tables and without frame pointers."""
    program = compile_chain(tmp_path, ["musl-gcc"], "chain.c", "-std=gnu17", "-O2", "-pthread", *options)
    stack = stack_of(start(background, [program]))
    assert not stack["whole"]
    assert [n for n in names(stack) if n in CHAIN] == [n for n in CHAIN[2:-1] if n in names(stack)]
    assert "memset" not in names(stack)


@pytest.mark.parametrize("below", ["0", "128"])
@pytest.mark.parametrize("options", [(), ("-O0",), ("-fno-omit-frame-pointer",)], ids=lambda o: " ".join(o))
def test_at_whatever_instruction_it_is_no_caller_is_missing(
    background: Background, tmp_path: Path, options: tuple[str, ...], below: str
) -> None:
    program = c_chain(tmp_path, *options)
    process = background([program, "spin"])
    wait_until(lambda: Path(f"/proc/{process.pid}/exe").resolve() == program)
    seen = set()
    for _ in range(60):
        stack = stack_now(process.pid, "--below", below)
        found = own_names(stack, program)
        if "main" not in found:
            continue  # before main
        assert stack["whole"]
        if "+0x" in found[0]:
            found = found[1:]  # on the way to a library's function, by the PLT, which has no name
        assert found == ["step", "turn", "main", "_start"][-len(found) :]
        seen.add(len(found))
    assert 4 in seen and 3 in seen


def test_the_kernels_code_in_a_process_has_its_name(background: Background, tmp_path: Path) -> None:
    program = c_chain(tmp_path)
    process = background([program, "clock"])
    wait_until(lambda: Path(f"/proc/{process.pid}/exe").resolve() == program)
    for _ in range(200):
        stack = stack_now(process.pid)
        if stack["frames"][0]["file"] == "[vdso]":
            assert "clock_gettime" in names(stack)[0]
            assert stack["whole"]
            assert own_names(stack, program)[-3:] == ["read_clock", "main", "_start"]
            return
    pytest.skip("this machine's clock is not read in the vdso")


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


def of_the_chain(stack: Stack, *parts: str) -> list[str]:
    """The frames whose name has one of these in it."""
    return [name for name in names(stack) if any(part in name for part in parts)]


def test_names_of_cplusplus_are_the_programmers(background: Background, tmp_path: Path) -> None:
    program = compile_chain(tmp_path, [os.environ.get("CXX", "c++")], "chain.cc", "-O1", "-g")
    stack = stack_of(start(background, [program]))
    assert stack["whole"]
    assert of_the_chain(stack, "shop::", "main", "_start")[:1] == ["shop::Till::operator()"]
    found = "\n".join(of_the_chain(stack, "shop::"))
    assert "shop::Shelf<std::" in found and "::visit<shop::open_up(int)::" in found
    assert "shop::open_up" in names(stack)
    assert names(stack)[-1] == "_start"
    assert not [n for n in names(stack) if n.startswith("_Z")]


@pytest.mark.parametrize("mangling", ["legacy", "v0"])
def test_names_of_rust_are_the_programmers(background: Background, tmp_path: Path, mangling: str) -> None:
    options = ["-O", "-g"]
    if mangling == "v0":
        options += ["-C", "symbol-mangling-version=v0"]
    program = compile_chain(tmp_path, ["rustc", "--edition=2021"], "chain.rs", *options)
    stack = stack_of(start(background, [program]))
    assert stack["whole"]
    chain = of_the_chain(stack, "::sell", "::visit", "open_up", "chain::main")
    assert ["::sell" in chain[0], chain[-1]] == [True, "chain::main"]
    assert any("chain::shop::visit" in name for name in chain) and "chain::open_up" in chain
    assert not [n for n in names(stack) if n.startswith(("_R", "_ZN"))]


@pytest.mark.parametrize("how", [[], ["goroutine"]], ids=["main", "goroutine"])
@pytest.mark.parametrize(
    "options",
    [[], ["-ldflags=-s -w"], ["-ldflags=-s -w", "-buildmode=pie"], ["-ldflags=-s -w -linkmode=external"]],
    ids=["debug", "stripped", "pie", "external"],
)
def test_stacks_of_go_end_where_go_begins(
    background: Background, tmp_path: Path, how: list[str], options: list[str]
) -> None:
    program = compile_chain(tmp_path, ["go", "build"], "chain.go", *options)
    stack = stack_of(start(background, [program, *how]))
    chain = of_the_chain(stack, "main.")
    assert chain[:4] == ["main.(*till).sell", "main.openUp.func1", "main.visit", "main.openUp"]
    assert names(stack)[-1].split(".abi0")[0] == "runtime.goexit"
    # Without debug information, by frame pointers, which the innermost function has none of.
    assert stack["whole"] == (not options)


def test_code_that_node_makes_has_its_name(background: Background, tmp_path: Path) -> None:
    if not shutil.which("node"):
        pytest.skip("node is not here")
    # Without the second one, what node interprets has the interpreter's name; without the third, it inlines.
    options = ["--perf-basic-prof", "--interpreted-frames-native-stack", "--no-opt"]
    process = start(background, ["node", *options, SOURCES / "chain.js"], cwd=tmp_path)  # where it leaves a log
    try:
        stack = stack_of(process, "--stack", "65536")
        jit = [frame["name"] for frame in stack["frames"] if frame["kind"] == "jit"]
        for function in ("waitHere", "openUp", "main"):
            assert any(function in name for name in jit), jit
        assert stack["whole"]
    finally:
        Path(f"/tmp/perf-{process.pid}.map").unlink(missing_ok=True)


def python_for_perf() -> str:
    """A Python that names its functions for perf: 3.12 and later."""
    for python in ("python3", *map(str, (Path.home() / ".pyenv" / "versions").glob("3.1[2-9]*/bin/python3"))):
        probe = [python, "-X", "perf", "-c", "import sys; sys.exit(not sys.is_stack_trampoline_active())"]
        if shutil.which(python) and subprocess.run(probe, capture_output=True).returncode == 0:
            return python
    pytest.skip("no Python here has -X perf")


def test_functions_of_python_have_their_names(background: Background) -> None:
    process = start(background, [python_for_perf(), "-X", "perf", SOURCES / "chain_script.py"])
    try:
        stack = stack_of(process, "--stack", "65536")
        jit = [frame["name"] for frame in stack["frames"] if frame["kind"] == "jit"]
        assert [name.split(":")[2] for name in jit] == ["wait_here", "open_up", "<module>"]
        assert stack["whole"]
    finally:
        Path(f"/tmp/perf-{process.pid}.map").unlink(missing_ok=True)


def test_methods_that_java_compiled_have_their_names(background: Background, tmp_path: Path) -> None:
    for tool in ("java", "javac", "jcmd"):
        if not shutil.which(tool):
            pytest.skip(f"{tool} is not here")
    subprocess.run(["javac", "-d", tmp_path, SOURCES / "Chain.java"], check=True, capture_output=True)
    options = ["-Xcomp", "-XX:-Inline", "-XX:+PreserveFramePointer", "-XX:TieredStopAtLevel=1"]
    process = start(background, ["java", *options, "-cp", tmp_path, "Chain"])
    try:
        if subprocess.run(["jcmd", str(process.pid), "Compiler.perfmap"], capture_output=True).returncode != 0:
            pytest.skip("this Java writes no perf map: 17 and later do")
        stack = stack_of(process, "--stack", "65536")
        jit = [frame["name"] for frame in stack["frames"] if frame["kind"] == "jit"]
        chain = [name.split("(")[0].split(".")[-1] for name in jit if " Chain." in name]
        assert chain == ["waitHere", "openUp", "main"]
        assert stack["whole"]
    finally:
        Path(f"/tmp/perf-{process.pid}.map").unlink(missing_ok=True)


def split_debug(program: Path, debug: Path) -> None:
    """Takes symbols and debug information out of a program, into a file of their own."""
    if not shutil.which("objcopy"):
        pytest.skip("objcopy is not here")
    debug.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["objcopy", "--only-keep-debug", program, debug], check=True)
    subprocess.run(["strip", program], check=True)


def build_id(program: Path) -> str:
    notes = subprocess.run(["readelf", "-n", program], capture_output=True, text=True, check=True).stdout
    return notes.split("Build ID: ")[1].split()[0]


def test_a_stripped_program_has_its_names_by_build_id(background: Background, tmp_path: Path) -> None:
    program = c_chain(tmp_path, "-g", "-Wl,--build-id=sha1")
    number = build_id(program)
    split_debug(program, tmp_path / "debug" / ".build-id" / number[:2] / f"{number[2:]}.debug")
    process = start(background, [program])
    bare = stack_of(process)
    assert bare["whole"]
    assert not set(names(bare)) & set(CHAIN)
    assert {f["build_id"] for f in bare["frames"] if Path(f["file"]).name == "chain"} == {number}
    stack = stack_of(process, "--debug-root", tmp_path / "debug")
    assert stack["whole"]
    assert own_names(stack, program) == CHAIN


@pytest.mark.parametrize("beside", ["chain.debug", ".debug/chain.debug"])
def test_a_stripped_program_has_its_names_by_its_link(background: Background, tmp_path: Path, beside: str) -> None:
    program = c_chain(tmp_path, "-g", "-Wl,--build-id=none")
    debug = tmp_path / beside
    split_debug(program, debug)
    subprocess.run(["objcopy", f"--add-gnu-debuglink={debug}", program], check=True)
    process = start(background, [program])
    assert own_names(stack_of(process), program) == CHAIN
    with debug.open("ab") as file:
        file.write(b"changed")
    assert not set(names(stack_of(process))) & set(CHAIN)


def test_another_programs_debug_file_is_not_believed(background: Background, tmp_path: Path) -> None:
    program = c_chain(tmp_path, "-g", "-Wl,--build-id=sha1")
    number = build_id(program)
    (tmp_path / "other").mkdir()
    other = c_chain(tmp_path / "other", "-g", "-O0", "-Wl,--build-id=sha1")
    split_debug(other, tmp_path / "debug" / ".build-id" / number[:2] / f"{number[2:]}.debug")
    subprocess.run(["strip", program], check=True)
    stack = stack_of(start(background, [program]), "--debug-root", tmp_path / "debug")
    assert not set(names(stack)) & set(CHAIN)


def test_a_program_that_is_gone_has_its_names(background: Background, tmp_path: Path) -> None:
    program = c_chain(tmp_path, "-g")
    stack = stack_of(start(background, [program]), "--gone")
    assert stack["whole"]
    assert own_names(stack, program) == CHAIN


def test_a_file_that_was_replaced_is_not_asked(background: Background, tmp_path: Path) -> None:
    """By the right to open what is mapped the old one still has its names; nobody has the new one's."""
    program = c_chain(tmp_path)
    process = start(background, [program])
    (tmp_path / "new").mkdir()
    os.replace(c_chain(tmp_path / "new", "-O0", "-Dmiddle=elsewhere"), program)
    stack = stack_of(process)
    assert stack["whole"] or os.geteuid() != 0
    assert "elsewhere" not in names(stack)
    if os.geteuid() == 0:
        assert "middle" in names(stack)


@pytest.mark.parametrize("kind", ["other's", "link", "fifo"])
def test_a_perf_map_is_believed_of_its_own_user_alone(background: Background, tmp_path: Path, kind: str) -> None:
    if os.geteuid() != 0:
        pytest.skip("files of another user take root")
    program = compile_chain(tmp_path, [os.environ.get("CC", "cc")], "made_code.c", "-O1")
    process = background([program], stdin=subprocess.PIPE)
    assert process.stdout
    address = int(process.stdout.readline(), 16)
    line = f"{address:x} 1000 made_here\n"
    path = Path(f"/tmp/perf-{process.pid}.map")
    try:
        path.write_text(line)
        assert "made_here" in names(stack_of(process))
        path.unlink()
        if kind == "fifo":
            os.mkfifo(path)
        elif kind == "link":
            (tmp_path / "map").write_text(line)
            path.symlink_to(tmp_path / "map")
        else:
            path.write_text(line)
            os.chown(path, 65534, 65534)
        assert "made_here" not in names(stack_of(process))
    finally:
        path.unlink(missing_ok=True)
