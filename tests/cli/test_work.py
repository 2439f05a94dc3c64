# SPDX-License-Identifier: GPL-3.0-or-later
"""denet wrapped around real work: what people run comes out as without it."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from harness import DENET, PATIENCE, copy_for_others, denet, execute, of_kind, parse_records, read_records, the

AS_ROOT = os.geteuid() == 0


def needs(*programs: str) -> pytest.MarkDecorator:
    missing = [p for p in programs if shutil.which(p) is None]
    return pytest.mark.skipif(bool(missing), reason=f"{', '.join(missing)} is not here")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with some history."""
    path = tmp_path / "origin"
    script = (
        "git init -q . && git config user.email a@b && git config user.name n && "
        "for i in $(seq 30); do seq $i 2000 > file$i; git add . && git commit -q -m $i || exit; done"
    )
    path.mkdir()
    subprocess.run(["sh", "-c", script], cwd=path, check=True, timeout=PATIENCE)
    return path


@needs("git")
def test_a_clone_of_a_repository(repository: Path, tmp_path: Path) -> None:
    result = denet("-o", "run.jsonl", "run", "git", "clone", "--no-local", repository, "copy", cwd=tmp_path)
    assert result.status == 0
    assert result.err.startswith("Cloning into 'copy'...\n")
    head = [execute(["git", "rev-parse", "HEAD"], cwd=p).out for p in (repository, tmp_path / "copy")]
    assert head[0] == head[1]
    records = read_records(tmp_path / "run.jsonl")
    assert the(records, "exit")["totals"]["processes_seen"] >= 1
    assert the(records, "exit")["totals"]["syscall_write_bytes"] > 10000
    assert "\ntasks " in result.err or the(records, "exit")["totals"]["processes_seen"] == 1


@needs("make", "cc")
def test_a_build_with_several_jobs(tmp_path: Path) -> None:
    names = [f"f{i}" for i in range(6)]
    for name in names:
        (tmp_path / f"{name}.c").write_text(f"int {name}(void) {{ return 0; }}\n")
    objects = " ".join(f"{n}.o" for n in names)
    (tmp_path / "Makefile").write_text(f"all: {objects}\n\t@echo done\n%.o: %.c\n\tcc -O2 -c $<\n")
    result = denet("-o", "run.jsonl", "run", "make", "--no-print-directory", "-j4", cwd=tmp_path)
    assert result.status == 0
    assert result.out.endswith("done\n")
    assert all((tmp_path / f"{n}.o").exists() for n in names)
    assert the(read_records(tmp_path / "run.jsonl"), "exit")["totals"]["cpu_user_secs"] > 0
    (tmp_path / "f0.c").write_text("int broken(\n")
    without = execute(["make", "-s"], cwd=tmp_path)
    within = denet("-q", "--command-output", "inherit", "run", "make", "-s", cwd=tmp_path)
    assert (within.status, within.stderr) == (without.status, without.stderr)


class Terminal:
    """A command on a terminal of 80 by 24, typed at and read from."""

    def __init__(self, *command: str, cwd: Path) -> None:
        self.seen = b""
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            try:
                os.chdir(cwd)
                os.execvpe("sh", ["sh", "-c", 'stty rows 24 cols 80; exec "$@"', "sh", *command], {**os.environ})
            finally:
                os._exit(99)

    def read_until(self, text: bytes) -> None:
        end = time.monotonic() + PATIENCE
        while text not in self.seen:
            assert time.monotonic() < end, f"{text!r} is not in {self.seen!r}"
            if select.select([self.master], [], [], 0.1)[0]:
                self.seen += os.read(self.master, 65536)

    def type(self, text: bytes) -> None:
        os.write(self.master, text)

    def finish(self) -> int:
        while True:
            try:
                data = os.read(self.master, 65536)
            except OSError:
                break
            if not data:
                break
            self.seen += data
        status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        os.close(self.master)
        return status


@needs("less")
def test_a_pager_is_paged_and_left(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("".join(f"line {i} of it\n" for i in range(200)))
    terminal = Terminal(DENET, "run", "less", "text", cwd=tmp_path)
    terminal.read_until(b"line 22 of it")
    terminal.type(b"G")
    terminal.read_until(b"line 199 of it")
    terminal.type(b"q")
    assert terminal.finish() == 0
    assert b"denet: exit 0 after" in terminal.seen


@needs("less")
def test_output_into_a_pager_is_paged(tmp_path: Path) -> None:
    script = f"'{DENET}' run sh -c 'seq 300; sleep 1.5' | less"
    terminal = Terminal("sh", "-c", script, cwd=tmp_path)
    terminal.read_until(b"20")
    time.sleep(1.8)
    terminal.type(b"q")
    assert terminal.finish() == 0


def test_a_program_that_asks_on_the_terminal_is_answered_there(tmp_path: Path) -> None:
    """As ssh and sudo do: past standard input, without an echo."""
    (tmp_path / "ask").write_text(
        "stty -echo </dev/tty; printf 'Password: ' >/dev/tty; read -r answer </dev/tty; stty echo </dev/tty\n"
        'echo "$answer" >told\n'
    )
    terminal = Terminal("sh", "-c", f"echo data | '{DENET}' run sh ask", cwd=tmp_path)
    terminal.read_until(b"Password: ")
    terminal.type(b"secret\n")
    assert terminal.finish() == 0
    assert (tmp_path / "told").read_text() == "secret\n"
    assert b"secret" not in terminal.seen


def test_a_shell_on_the_terminal_is_typed_at(tmp_path: Path) -> None:
    terminal = Terminal(DENET, "run", "sh", "-i", cwd=tmp_path)
    terminal.type(b"tty >told; echo $((6 * 7))\n")
    terminal.read_until(b"42")
    terminal.type(b"exit 5\n")
    assert terminal.finish() == 5
    assert (tmp_path / "told").read_text().startswith("/dev/pts/")


@pytest.fixture
def for_everybody(tmp_path: Path) -> Path:
    """A place with a denet that somebody else may execute."""
    return copy_for_others(tmp_path).parent


@pytest.mark.skipif(not AS_ROOT, reason="needs root, to make a set-uid program")
def test_a_set_uid_program_keeps_its_rights(for_everybody: Path) -> None:
    program = for_everybody / "suid-id"
    shutil.copy(shutil.which("id") or "/usr/bin/id", program)
    program.chmod(0o4755)
    how = {"user": 65534, "group": 65534, "cwd": "/", "capture_output": True, "text": True}
    without = subprocess.run([program, "-u"], **how)  # type: ignore[call-overload]
    if without.stdout != "0\n":
        pytest.skip("this file system has no set-uid programs")
    within = subprocess.run([for_everybody / "denet", "run", program, "-u"], **how)  # type: ignore[call-overload]
    assert (within.returncode, within.stdout) == (0, "0\n")
    assert within.stderr.startswith("\ndenet: exit 0 after ")
    # What it used is exact all the same: the kernel tells its parent.
    records = subprocess.run(  # type: ignore[call-overload]
        [for_everybody / "denet", "-j", "run", "sh", "-c", f"{program} -u >/dev/null; exit 3"], **how
    )
    assert records.returncode == 3
    last = json.loads(records.stdout.splitlines()[-1])
    assert (last["kind"], last["exit_code"]) == ("exit", 3)


@pytest.mark.skipif(not AS_ROOT, reason="needs root, to become somebody else without a password")
@needs("su")
def test_su_becomes_somebody_else() -> None:
    command = ["su", "-s", "/bin/sh", "-c", "id -u; exit 6", "nobody"]
    without = execute(command)
    within = denet("run", *command)
    assert (within.status, within.stdout) == (without.status, without.stdout) == (6, b"65534\n")


@pytest.mark.skipif(not AS_ROOT, reason="needs root")
@needs("passwd")
def test_passwd_says_what_it_says() -> None:
    without = execute(["passwd", "-S", "root"])
    within = denet("run", "passwd", "-S", "root")
    assert (within.status, within.stdout) == (without.status, without.stdout)


@needs("jq")
def test_records_go_through_a_pipeline_into_jq(tmp_path: Path) -> None:
    script = f"'{DENET}' --json -i 20 run sh -c 'echo loud; sleep 0.2; exit 3' | jq -r .kind; echo ${{PIPESTATUS[0]}}"
    result = execute(["bash", "-c", script], cwd=tmp_path)
    *kinds, status = result.out.splitlines()
    assert (kinds[0], kinds[-1], status) == ("metadata", "exit", "3")
    assert result.err == "loud\n"


def test_a_reader_of_the_records_sees_them_while_the_command_runs() -> None:
    process = subprocess.Popen(
        [DENET, "--json", "-i", "20", "-m", "20", "run", "cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout and process.stdin
    kinds = [json.loads(process.stdout.readline())["kind"] for _ in range(4)]
    assert process.poll() is None
    assert kinds == ["metadata", "tree", "tree", "tree"]
    process.stdin.close()
    assert parse_records(process.stdout.read())[-1]["exit_code"] == 0
    process.wait(PATIENCE)


@needs("nohup")
def test_nohup_around_it_and_within(tmp_path: Path) -> None:
    without = execute(["nohup", "sh", "-c", "echo out; exit 4"], cwd=tmp_path, stdin=subprocess.DEVNULL)
    outside = execute(["nohup", DENET, "run", "sh", "-c", "echo out; exit 4"], cwd=tmp_path, stdin=subprocess.DEVNULL)
    inside = denet("run", "nohup", "sh", "-c", "echo out; exit 4", cwd=tmp_path, stdin=subprocess.DEVNULL)
    assert without.status == outside.status == inside.status == 4
    assert without.stdout == outside.stdout == inside.stdout
    ignored = denet("-q", "--command-output", "inherit", "run", "nohup", "grep", "SigIgn", "/proc/self/status")
    assert int(ignored.out.split()[1], 16) & 1, "a hang-up is ignored within"


@needs("timeout")
def test_timeout_around_it_and_within() -> None:
    assert denet("run", "timeout", "0.3", "sleep", "60").status == 124
    outside = execute(["timeout", "0.3", DENET, "-j", "run", "sleep", "60"])
    assert outside.status == 124
    assert outside.records[-1]["kind"] == "exit"


@needs("xargs")
def test_xargs_with_several_at_once(tmp_path: Path) -> None:
    each = f"'{DENET}' -o run-{{}}.jsonl run sh -c 'echo {{}}; sleep 0.3; exit 0'"
    result = execute(["xargs", "-P", "6", "-I", "{}", "sh", "-c", each], b"1\n2\n3\n4\n5\n6\n", cwd=tmp_path)
    assert result.status == 0
    assert sorted(result.out.split()) == list("123456")
    assert result.err.count("denet: exit 0 after") == 6
    for i in range(1, 7):
        records = read_records(tmp_path / f"run-{i}.jsonl")
        assert the(records, "exit")["exit_code"] == 0
        assert len(of_kind(records, "metadata")) == 1


@needs("xargs")
def test_xargs_within(tmp_path: Path) -> None:
    result = denet("run", "xargs", "-P", "4", "-n", "1", "sh", "-c", "echo $0", data=b"1 2 3 4 5 6 7 8")
    assert result.status == 0
    assert sorted(result.out.split()) == list("12345678")


@pytest.mark.parametrize("stdin", ["closed", "null"])
def test_as_cron_makes_it(stdin: str, tmp_path: Path) -> None:
    """No terminal, no session of a user, hardly any environment; what is printed goes into a mail."""
    script = f"exec '{DENET}' -o run.jsonl run sh -c 'echo out; cat 2>/dev/null; exit 7'"
    process = subprocess.Popen(
        ["sh", "-c", script + (" <&-" if stdin == "closed" else "")],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "SHELL": "/bin/sh", "HOME": str(tmp_path), "LOGNAME": "x"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    out = process.communicate(timeout=PATIENCE)[0].decode()
    assert process.returncode == 7
    assert out.startswith("out\n")
    assert re.search(r"\ndenet: exit 7 after [\d.]+ m?s\n\ncpu  ", out)
    assert out.isascii()
    assert "\x1b" not in out
    assert read_records(tmp_path / "run.jsonl")[-1]["exit_code"] == 7


def test_in_the_background_of_a_shell_it_goes_on(tmp_path: Path) -> None:
    terminal = Terminal("sh", "-c", f"set -m; '{DENET}' run sleep 1.5 & wait $!; echo status $?", cwd=tmp_path)
    terminal.read_until(b"status 0")
    assert terminal.finish() == 0
    assert b"\x1b[1;" not in terminal.seen, "no row from the background"


def test_a_loop_over_lines_keeps_its_input(tmp_path: Path) -> None:
    script = f"printf '1\\n2\\n3\\n' | while read -r x; do '{DENET}' -q run true; echo got $x; done"
    assert execute(["sh", "-c", script]).out == "got 1\ngot 2\ngot 3\n"


def test_a_script_by_its_interpreter_line(tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text(f"#!/usr/bin/env -S {DENET} -q --command-output inherit run sh\necho as a script $1\n")
    script.chmod(0o755)
    result = execute([script, "works"])
    assert (result.status, result.out) == (0, "as a script works\n")
