# SPDX-License-Identifier: GPL-3.0-or-later
"""The command behaves as if denet were not there: each is run with and without, and compared byte by byte."""

from __future__ import annotations

import os
import pty
import resource
import signal
import subprocess
from pathlib import Path
from typing import Any, Callable

import pytest
from conftest import Helper
from harness import DENET, Argument, Result, denet, execute, finish, parse_records

# Nothing of denet's own is shown, and all of the command's is: what comes out must be the command's to the byte.
SILENT = ("-q", "--command-output", "inherit")

COMMANDS: dict[str, tuple[list[Argument], bytes]] = {
    "cat": (["cat"], bytes(range(256)) * 4096),
    "cat of nothing": (["cat"], b""),
    "python": (["python3", "-c", "import sys; print(sys.argv, sys.stdin.read()); sys.exit(5)", "a b", ""], b"in\n"),
    "pipeline": (["sh", "-c", "sort | uniq -c | sed s/a/b/; echo err >&2"], b"b\na\nb\na\n"),
    "exit 7": (["sh", "-c", "echo out; echo err >&2; exit 7"], b""),
    "killed": (["sh", "-c", "echo out; kill -9 $$"], b""),
    "terminated": (["sh", "-c", "kill -TERM $$"], b""),
    "aborted": (["sh", "-c", "ulimit -c 0; kill -ABRT $$"], b""),
    "no newline": (["printf", "no newline"], b""),
    "bytes": ([b"printf", b"%s", b"\xff\xfe\x80 \xc3"], b""),
    "empty argument": (["printf", "[%s]", "", "a", ""], b""),
    "options of its own": (["printf", "%s\n", "-o", "--json", "--", "-h", "-V", "-x"], b""),
    "early end": (["sh", "-c", "yes | head -n 3"], b""),
    "reads part": (["head", "-c", "10"], b"0123456789 and more"),
}


def shell_status(result: Result) -> int:
    """The status as a shell sees it."""
    return 128 - result.status if result.status < 0 else result.status


@pytest.mark.parametrize("name", COMMANDS)
def test_output_and_status_are_the_commands_own(name: str) -> None:
    command, stdin = COMMANDS[name]
    without = execute(command, stdin)
    within = denet(*SILENT, "run", "--", *command, data=stdin)
    assert within.stdout == without.stdout
    assert within.stderr == without.stderr
    assert within.status == shell_status(without)


@pytest.mark.parametrize("name", COMMANDS)
def test_by_default_only_the_summary_is_added_and_to_standard_error(name: str) -> None:
    command, stdin = COMMANDS[name]
    without = execute(command, stdin)
    within = denet("run", *command, data=stdin)
    assert within.stdout == without.stdout
    assert within.stderr.startswith(without.stderr + b"\ndenet: ")
    assert within.status == shell_status(without)


def test_with_records_on_standard_output_the_commands_own_goes_to_standard_error() -> None:
    command, stdin = COMMANDS["pipeline"]
    without = execute(command, stdin)
    within = denet("-j", "run", *command, data=stdin)
    assert within.records[0]["kind"] == "metadata"
    assert sorted(within.stderr.splitlines()) == sorted((without.stdout + without.stderr).splitlines())


@pytest.mark.parametrize(
    ("where", "out", "err"),
    [("inherit", b"out\n", b"err\n"), ("stderr", b"", b"out\nerr\n"), ("discard", b"", b"")],
)
def test_command_output_says_where_it_goes(where: str, out: bytes, err: bytes) -> None:
    result = denet("-q", "--command-output", where, "run", "sh", "-c", "echo out; echo err >&2")
    assert (result.stdout, result.stderr) == (out, err)


def test_quiet_discards_the_commands_output_and_shows_nothing() -> None:
    result = denet("-q", "run", "sh", "-c", "echo out; echo err >&2; exit 3")
    assert (result.status, result.stdout, result.stderr) == (3, b"", b"")


def test_quiet_with_json_still_gives_the_records() -> None:
    result = denet("-q", "-j", "run", "sh", "-c", "echo out; echo err >&2")
    assert result.records[-1]["kind"] == "exit"
    assert result.stderr == b""


class TestWhatCannotBeStarted:
    """As env(1) and the shells have it: 127 not found, 126 not executable."""

    def test_a_missing_command_is_127(self) -> None:
        result = denet("run", "no-such-command-anywhere")
        assert result.status == 127
        assert "no-such-command-anywhere" in result.error_line
        assert "not found" in result.error_line

    def test_a_missing_path_is_127(self) -> None:
        result = denet("run", "/no/such/file")
        assert result.status == 127
        assert "/no/such/file" in result.error_line

    def test_a_command_quoted_as_one_is_127_and_the_way_out_is_said(self) -> None:
        result = denet("run", "make -j4")
        assert result.status == 127
        assert result.error_line == ("denet: 'make -j4': not found; without the quotes, or: denet run sh -c 'make -j4'")

    def test_a_directory_is_126(self, tmp_path: Path) -> None:
        result = denet("run", tmp_path)
        assert result.status == 126
        assert str(tmp_path) in result.error_line

    def test_a_file_that_is_not_executable_is_126_and_the_way_out_is_said(self, tmp_path: Path) -> None:
        (tmp_path / "x.sh").write_text("#!/bin/sh\n")
        result = denet("run", "./x.sh", cwd=tmp_path)
        assert result.status == 126
        assert result.error_line == ("denet: ./x.sh: not executable; chmod +x ./x.sh, or: denet run sh ./x.sh")

    def test_a_file_whose_interpreter_is_missing_is_not_started(self, tmp_path: Path) -> None:
        (tmp_path / "x").write_text("#!/no/such/interpreter\n")
        (tmp_path / "x").chmod(0o755)
        result = denet("run", tmp_path / "x")
        assert result.status in (126, 127)
        assert str(tmp_path / "x") in result.error_line

    def test_a_file_of_no_known_format_is_126(self, tmp_path: Path) -> None:
        (tmp_path / "x").write_bytes(b"\x00\x01\x02\x03")
        (tmp_path / "x").chmod(0o755)
        result = denet("run", tmp_path / "x")
        assert result.status == 126
        assert str(tmp_path / "x") in result.error_line

    def test_an_empty_name_is_127(self) -> None:
        assert denet("run", "").status == 127

    def test_a_script_without_an_interpreter_line_is_run_by_sh_as_from_a_shell(self, tmp_path: Path) -> None:
        (tmp_path / "x").write_text('echo "$# $1"\nexit 4\n')
        (tmp_path / "x").chmod(0o755)
        without = execute(["sh", "-c", '"$0" "a b" c', tmp_path / "x"])
        within = denet(*SILENT, "run", tmp_path / "x", "a b", "c")
        assert (within.status, within.stdout, within.stderr) == (without.status, without.stdout, without.stderr)

    def test_a_command_is_looked_for_in_the_path_as_the_shell_does(self, tmp_path: Path) -> None:
        first, second = tmp_path / "first", tmp_path / "second"
        for folder in (first, second):
            folder.mkdir()
        (first / "tool").write_text("not executable\n")
        (second / "tool").write_text("#!/bin/sh\necho found\n")
        (second / "tool").chmod(0o755)
        path = f"{first}:{second}:{os.environ['PATH']}"
        result = denet(*SILENT, "run", "tool", env={**os.environ, "PATH": path})
        assert (result.status, result.stdout) == (0, b"found\n")

    def test_what_was_not_started_leaves_no_file_of_records_that_is_broken(self, records_file: Path) -> None:
        assert denet("-o", records_file, "run", "no-such-command-anywhere").status == 127
        if records_file.exists():
            parse_records(records_file.read_bytes())


def ignore_and_block() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGUSR2, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGUSR1, signal.SIGCHLD, signal.SIGWINCH})


def ignore_what_denet_handles() -> None:
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGCHLD, signal.SIGTSTP, signal.SIGTTOU):
        signal.signal(number, signal.SIG_IGN)


def lower_limits() -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (77, 333))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_STACK, (4 << 20, 16 << 20))


def open_descriptors() -> None:
    for fd in (3, 7, 42):
        os.dup2(0, fd, inheritable=True)
    os.dup2(1, 9, inheritable=False)


def be_nice() -> None:
    os.nice(7)
    os.umask(0o137)
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


START: dict[str, Callable[[], object] | None] = {
    "plain": None,
    "signals ignored and blocked": ignore_and_block,
    "signals ignored that denet handles": ignore_what_denet_handles,
    "limits": lower_limits,
    "descriptors": open_descriptors,
    "nice, umask and affinity": be_nice,
    "standard input closed": lambda: os.close(0),
    "standard output closed": lambda: os.close(1),
    "standard error closed": lambda: os.close(2),
    "all three closed": lambda: os.closerange(0, 3),
}


def inherited(path: Path) -> list[str]:
    """What tests/truth/state.c wrote. `_` is the shell's, and a cgroup of its own is what denet may give a command."""
    lines = path.read_text(errors="surrogateescape").splitlines()
    return [line for line in lines if not line.startswith(("env _=", "/proc/self/cgroup:"))]


def test_with_cgroup_off_the_command_stays_in_the_cgroups_of_its_caller() -> None:
    if "--cgroup" not in denet("--help").out:
        pytest.skip("this version makes no cgroups")
    result = denet(*SILENT, "--cgroup", "off", "run", "cat", "/proc/self/cgroup")
    assert result.stdout == execute(["cat", "/proc/self/cgroup"]).stdout


@pytest.mark.parametrize("start", START)
def test_the_command_inherits_what_it_would_without(start: str, truth: Helper, tmp_path: Path) -> None:
    how: dict[str, Any] = {"preexec_fn": START[start], "cwd": tmp_path, "close_fds": False}
    without = execute([truth("state"), "told"], **how)
    told = inherited(tmp_path / "told")
    within = denet(*SILENT, "run", "--", truth("state"), "told", **how)
    assert inherited(tmp_path / "told") == told
    assert (within.status, within.stdout, within.stderr) == (without.status, without.stdout, without.stderr)


def test_the_command_stays_in_the_group_and_session_of_its_caller(truth: Helper, tmp_path: Path) -> None:
    script = 'echo $$; "$0" told; "$1" -q run "$0" retold'
    result = execute(["sh", "-c", script, truth("state"), DENET], cwd=tmp_path, start_new_session=True)
    pid = result.out.strip()
    (group,) = _of(inherited(tmp_path / "told"), "group ")
    assert group.startswith(f"group {pid}, session {pid},")
    assert _of(inherited(tmp_path / "retold"), "group ") == [group]


def _of(lines: list[str], start: str) -> list[str]:
    return [line for line in lines if line.startswith(start)]


def test_the_command_inherits_the_same_when_records_are_written(truth: Helper, tmp_path: Path) -> None:
    state = truth("state")
    execute([state, "told"], cwd=tmp_path)
    told = inherited(tmp_path / "told")
    result = denet("-i", "1", "-o", "r.jsonl", "--stats", "s.json", "run", state, "told", cwd=tmp_path)
    assert result.status == 0
    assert inherited(tmp_path / "told") == told


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_closed_stream_is_not_taken_by_a_file_of_denets(closed: str, tmp_path: Path) -> None:
    script = f'"$0" -o r.jsonl --stats s.json run sh -c "echo out; echo err >&2; cat; exit 3" {closed}'
    result = execute(["sh", "-c", script, DENET], b"", cwd=tmp_path)
    assert result.status == 3
    records = parse_records((tmp_path / "r.jsonl").read_bytes())
    assert (records[0]["kind"], records[-1]["kind"], records[-1]["exit_code"]) == ("metadata", "exit", 3)
    assert b"denet:" not in (tmp_path / "s.json").read_bytes()


def test_on_a_terminal_the_command_is_in_the_foreground_group_and_has_the_terminal(
    truth: Helper, tmp_path: Path
) -> None:
    state = truth("state")
    script = '"$0" without; "$1" -q --command-output inherit run "$0" within; exit $?'
    pid, master = pty.fork()
    if pid == 0:
        try:
            os.chdir(tmp_path)
            os.execv("/bin/sh", ["sh", "-c", script, state, DENET])
        finally:
            os._exit(99)
    while True:
        try:
            if not os.read(master, 4096):
                break
        except OSError:
            break
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    os.close(master)
    without, within = inherited(tmp_path / "without"), inherited(tmp_path / "within")
    # The name of the file is an argument.
    assert [line.replace("within", "without") for line in within] == without
    (group,) = _of(within, "group ")
    assert f"foreground group {pid}" in group


def test_the_environment_is_passed_on_to_the_byte(tmp_path: Path) -> None:
    environment = {b"PATH": os.environb[b"PATH"], b"ODD": b"\xff=\n\x01", b"EMPTY": b"", b"_": b"x"}
    without = execute(["cat", "/proc/self/environ"], env=environment)
    within = denet(*SILENT, "run", "cat", "/proc/self/environ", env=environment)
    assert within.stdout == without.stdout


def test_the_commands_argv0_is_what_was_typed() -> None:
    result = denet(*SILENT, "run", "cat", "/proc/self/cmdline")
    assert result.stdout == b"cat\0/proc/self/cmdline\0"


def test_input_that_is_left_unread_is_left_for_the_next(tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(b"1\n2\n3\n")
    with open(tmp_path / "in", "rb") as stdin:
        script = '"$0" -q --command-output inherit run sh -c "read a; echo \\$a"; cat'
        result = execute(["sh", "-c", script, DENET], stdin=stdin)
    assert result.stdout == b"1\n2\n3\n"


def test_a_broken_pipe_ends_the_command_as_it_would_without() -> None:
    process = subprocess.Popen(
        [DENET, "-q", "--command-output", "inherit", "run", "yes"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout
    process.stdout.read(10)
    process.stdout.close()
    process.stdout = None
    assert finish(process).status == 128 + signal.SIGPIPE


def test_denet_can_be_run_by_denet() -> None:
    result = denet(*SILENT, "run", DENET, *SILENT, "run", "sh", "-c", "cat; exit 9", data=b"through both")
    assert (result.status, result.stdout, result.stderr) == (9, b"through both", b"")
