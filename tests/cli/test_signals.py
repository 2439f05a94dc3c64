# SPDX-License-Identifier: GPL-3.0-or-later
"""Signals: what was sent to denet alone reaches the command exactly once, and the records have an end all the same."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import time
from pathlib import Path

import pytest
from conftest import Background, Helper
from harness import (
    DENET,
    PATIENCE,
    Result,
    command_pid,
    cpu_secs,
    execute,
    finish,
    is_alive,
    kill_quietly,
    read_records,
    state_of,
    the,
    totals,
    wait_until,
)

ENDING = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2]
by_name = pytest.mark.parametrize("number", ENDING, ids=[s.name for s in ENDING])


def logged(path: Path) -> list[str]:
    return path.read_text().split() if path.exists() else []


class Watched:
    """denet with tests/truth/signals.c as its command, which is ready."""

    def __init__(self, background: Background, truth: Helper, folder: Path, how: str, *options: str) -> None:
        self.log, self.file = folder / "log", folder / "run.jsonl"
        command = [truth("signals"), str(self.log), how]
        self.out, self.err = folder / "out", folder / "err"
        # Not pipes: a command that survives denet would keep them open.
        with open(self.out, "wb") as out, open(self.err, "wb") as err:
            self.process = background(
                [DENET, "-i", "20", "-o", self.file, *options, "run", *command], stdout=out, stderr=err
            )
        wait_until(lambda: logged(self.log) == ["ready"])
        self.command = command_pid(self.process.pid)

    def finish(self) -> Result:
        status = self.process.wait(PATIENCE)
        return Result(status, self.out.read_bytes(), self.err.read_bytes())


@by_name
def test_a_signal_to_denet_alone_reaches_the_command_exactly_once(
    number: signal.Signals, background: Background, truth: Helper, tmp_path: Path
) -> None:
    watched = Watched(background, truth, tmp_path, "die")
    watched.process.send_signal(number)
    result = watched.finish()
    assert logged(watched.log) == ["ready", str(int(number))]
    assert result.status == 128 + number
    last = the(read_records(watched.file), "exit")
    assert last["signal"] == number
    assert cpu_secs(last["totals"]) > 0
    name = number.name[3:]
    assert result.err.startswith(f"\ndenet: killed by signal {int(number)} ({name}) after ")
    assert "\ncpu  " in result.err
    assert "\nmemory  " in result.err


@by_name
def test_a_command_that_catches_it_goes_on_and_its_own_status_counts(
    number: signal.Signals, background: Background, truth: Helper, tmp_path: Path
) -> None:
    watched = Watched(background, truth, tmp_path, "exit")
    watched.process.send_signal(number)
    result = watched.finish()
    assert logged(watched.log) == ["ready", str(int(number))]
    assert result.status == 3
    assert the(read_records(watched.file), "exit")["exit_code"] == 3


@by_name
def test_a_signal_to_the_command_alone_does_not_come_back(
    number: signal.Signals, background: Background, truth: Helper, tmp_path: Path
) -> None:
    watched = Watched(background, truth, tmp_path, "die")
    os.kill(watched.command, number)
    assert watched.finish().status == 128 + number
    assert logged(watched.log) == ["ready", str(int(number))]


def test_a_window_change_reaches_the_command_once_and_ends_nothing(
    background: Background, truth: Helper, tmp_path: Path
) -> None:
    watched = Watched(background, truth, tmp_path, "stay")
    watched.process.send_signal(signal.SIGWINCH)
    wait_until(lambda: len(logged(watched.log)) > 1)
    time.sleep(0.1)
    assert logged(watched.log) == ["ready", str(int(signal.SIGWINCH))]
    assert watched.process.poll() is None


def test_three_signals_reach_the_command_in_their_number(background: Background, truth: Helper, tmp_path: Path) -> None:
    watched = Watched(background, truth, tmp_path, "stay")
    for number in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGUSR1):
        before = len(logged(watched.log))
        watched.process.send_signal(number)
        wait_until(lambda before=before: len(logged(watched.log)) > before)  # type: ignore[misc]
    time.sleep(0.1)
    assert sorted(logged(watched.log)) == sorted(["ready", *(str(int(n)) for n in (10, 12, 10))])


def test_a_command_that_ignores_term_goes_on_and_so_does_denet(
    background: Background, truth: Helper, tmp_path: Path
) -> None:
    watched = Watched(background, truth, tmp_path, "stay")
    for _ in range(3):
        watched.process.send_signal(signal.SIGTERM)
        time.sleep(0.15)
    assert watched.process.poll() is None
    assert is_alive(watched.command)
    kill_quietly(watched.command)
    assert watched.finish().status == 128 + signal.SIGKILL
    assert set(logged(watched.log)) == {"ready", "15"}


def test_a_second_interrupt_ends_denet_at_once_and_names_what_survives(
    background: Background, truth: Helper, tmp_path: Path
) -> None:
    watched = Watched(background, truth, tmp_path, "stay")
    watched.process.send_signal(signal.SIGINT)
    wait_until(lambda: "2" in logged(watched.log))
    assert watched.process.poll() is None
    watched.process.send_signal(signal.SIGINT)
    result = watched.finish()
    survived = is_alive(watched.command)
    kill_quietly(watched.command)
    assert survived
    assert result.status == 130
    last = the(read_records(watched.file), "exit")
    assert last["still_running"]
    assert not {"exit_code", "signal"} & set(last)
    assert totals(read_records(watched.file))["processes_seen"] == 1
    assert str(watched.command) in result.err or "signals" in result.err, "survivors are named"


def test_a_second_interrupt_while_json_is_written_leaves_whole_lines(
    background: Background, truth: Helper, tmp_path: Path
) -> None:
    watched = Watched(background, truth, tmp_path, "stay", "-j")
    watched.process.send_signal(signal.SIGINT)
    wait_until(lambda: "2" in logged(watched.log))
    watched.process.send_signal(signal.SIGINT)
    result = watched.finish()
    kill_quietly(watched.command)
    assert result.records[-1]["kind"] == "exit"
    assert result.stdout == watched.file.read_bytes()


def test_stop_and_continue_reach_the_command(background: Background, truth: Helper, tmp_path: Path) -> None:
    # A group of its own in this session: one that is not orphaned, so that TSTP stops.
    process = background(
        [DENET, "-o", tmp_path / "r", "run", "sh", "-c", "sleep 1; exit 8"],
        start_new_session=False,
        preexec_fn=lambda: os.setpgid(0, 0),
    )
    command = command_pid(process.pid)
    wait_until(lambda: state_of(command) == "S")
    time.sleep(0.1)
    process.send_signal(signal.SIGTSTP)
    wait_until(lambda: state_of(command) == "T")
    wait_until(lambda: state_of(process.pid) == "T", 5)
    process.send_signal(signal.SIGCONT)
    wait_until(lambda: state_of(command) != "T")
    assert finish(process).status == 8


def test_stop_and_continue_are_each_seen_once_by_a_command_that_catches_them(
    background: Background, truth: Helper, tmp_path: Path
) -> None:
    process = background(
        [DENET, "run", truth("signals"), tmp_path / "log", "die"],
        start_new_session=False,
        preexec_fn=lambda: os.setpgid(0, 0),
    )
    log = tmp_path / "log"
    wait_until(lambda: logged(log) == ["ready"])
    process.send_signal(signal.SIGTSTP)
    wait_until(lambda: str(int(signal.SIGTSTP)) in logged(log))
    process.send_signal(signal.SIGCONT)
    wait_until(lambda: str(int(signal.SIGCONT)) in logged(log))
    time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    assert finish(process).status == 128 + signal.SIGTERM
    assert logged(log) == ["ready", str(int(signal.SIGTSTP)), str(int(signal.SIGCONT)), str(int(signal.SIGTERM))]


def test_a_command_that_stops_itself_is_waited_for(background: Background, tmp_path: Path) -> None:
    process = background([DENET, "run", "sh", "-c", "kill -STOP $$; exit 6"])
    command = command_pid(process.pid)
    wait_until(lambda: state_of(command) == "T")
    time.sleep(0.1)
    assert process.poll() is None
    os.kill(command, signal.SIGCONT)
    assert finish(process).status == 6


def test_under_nohup_a_hangup_is_ignored_by_both(background: Background, tmp_path: Path) -> None:
    process = background(["nohup", DENET, "-q", "run", "sh", "-c", "sleep 1; exit 5"], cwd=tmp_path)
    wait_until(lambda: Path(f"/proc/{process.pid}/exe").resolve() == Path(DENET).resolve())
    command = command_pid(process.pid)
    wait_until(lambda: Path(f"/proc/{command}/exe").resolve() != Path(DENET).resolve())
    os.killpg(process.pid, signal.SIGHUP)
    process.send_signal(signal.SIGHUP)
    assert finish(process).status == 5


def test_timeout_ends_denet_and_its_command(tmp_path: Path) -> None:
    began = time.monotonic()
    result = execute(["timeout", "0.5", DENET, "-o", tmp_path / "r", "run", "sleep", "95"])
    assert result.status == 124
    assert time.monotonic() - began < PATIENCE / 2
    records = read_records(tmp_path / "r")
    assert the(records, "exit")["signal"] == signal.SIGTERM
    assert not is_alive(the(records, "metadata")["pid"])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["INT", "TERM"])
def test_a_signal_that_comes_at_once_is_not_lost(number: signal.Signals, background: Background) -> None:
    """Whether it comes before the command is started, or after: never does anything run on."""
    for delay_ms in (0, 1, 2, 4, 8):
        process = background([DENET, "run", "sleep", "94"])
        wait_until(lambda p=process: Path(f"/proc/{p.pid}/exe").resolve() == Path(DENET).resolve())  # type: ignore[misc]
        time.sleep(delay_ms / 1000)
        process.send_signal(number)
        # Negative where it came before denet was ready to pass anything on: then nothing had been started.
        assert finish(process, patience=PATIENCE / 2).status in (128 + number, -number)


class Terminal:
    """A pty with denet as the leader of its foreground group."""

    def __init__(self, *arguments: str) -> None:
        self.seen = b""
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            try:
                os.execv(DENET, [DENET, *arguments])
            finally:
                os._exit(99)

    def read(self, patience: float) -> bool:
        """Takes what there is; False at the end."""
        if not select.select([self.master], [], [], patience)[0]:
            return True
        try:
            data = os.read(self.master, 65536)
        except OSError:
            data = b""
        self.seen += data
        return data != b""

    def wait(self) -> int:
        end = time.monotonic() + PATIENCE
        while self.read(0.1):
            assert time.monotonic() < end, self.seen
        status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        os.close(self.master)
        return status


@pytest.mark.parametrize(
    ("key", "number"), [(b"\x03", signal.SIGINT), (b"\x1c", signal.SIGQUIT)], ids=["Ctrl-C", "Ctrl-backslash"]
)
def test_a_key_of_the_terminal_reaches_the_command_exactly_once(
    key: bytes, number: int, truth: Helper, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    terminal = Terminal("-o", str(tmp_path / "r"), "run", truth("signals"), str(log), "die")
    wait_until(lambda: logged(log) == ["ready"])
    os.write(terminal.master, key)
    assert terminal.wait() == 128 + number
    assert logged(log) == ["ready", str(number)]
    assert the(read_records(tmp_path / "r"), "exit")["signal"] == number
    assert b"denet" in terminal.seen


def test_a_second_ctrl_c_ends_denet_while_the_command_survives(truth: Helper, tmp_path: Path) -> None:
    log = tmp_path / "log"
    terminal = Terminal("-o", str(tmp_path / "r"), "run", truth("signals"), str(log), "stay")
    wait_until(lambda: logged(log) == ["ready"])
    command = command_pid(terminal.pid)
    os.write(terminal.master, b"\x03")
    wait_until(lambda: "2" in logged(log))
    os.write(terminal.master, b"\x03")
    # The command holds the terminal, so only the end of denet itself is waited for.
    result: list[int] = []

    def ended() -> bool:
        terminal.read(0.05)
        pid, status = os.waitpid(terminal.pid, os.WNOHANG)
        if pid:
            result.append(os.waitstatus_to_exitcode(status))
        return pid != 0

    try:
        wait_until(ended)
        assert result == [130]
        assert is_alive(command) or state_of(command) == ""  # the end of its session's leader may hang it up
        assert the(read_records(tmp_path / "r"), "exit")["still_running"]
    finally:
        kill_quietly(command)
        os.close(terminal.master)


def test_ctrl_z_stops_both_and_fg_continues_them(tmp_path: Path) -> None:
    """As a user does it, with a shell that has job control."""
    script = (
        f"set -m\n'{DENET}' -q --command-output inherit run sh -c 'echo up; sleep 0.6; exit 8'\n"
        "echo stopped $?\nfg >/dev/null\necho ended $?\n"
    )
    (tmp_path / "script").write_text(script)
    pid, master = pty.fork()
    if pid == 0:
        try:
            os.execvp("bash", ["bash", "--norc", str(tmp_path / "script")])
        finally:
            os._exit(99)
    seen = b""
    pressed = False
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if not select.select([master], [], [], 0.1)[0]:
            continue
        try:
            data = os.read(master, 4096)
        except OSError:
            break
        if not data:
            break
        seen += data
        if b"up" in seen and not pressed:
            time.sleep(0.1)
            os.write(master, b"\x1a")
            pressed = True
    os.waitpid(pid, 0)
    os.close(master)
    assert b"stopped 148" in seen, seen
    assert b"ended 8" in seen, seen


def test_denet_that_is_killed_leaves_the_command_running(background: Background, tmp_path: Path) -> None:
    process = background([DENET, "-i", "20", "run", "sleep", "93"])
    command = command_pid(process.pid)
    wait_until(lambda: Path(f"/proc/{command}/comm").read_text() == "sleep\n")
    process.kill()
    process.wait()
    time.sleep(0.1)
    alive = is_alive(command)
    kill_quietly(command)
    assert alive


def test_no_zombie_is_left_to_a_command_that_started_denet(tmp_path: Path) -> None:
    """An orphan that denet adopted is reaped by it while it runs."""
    script = 'sh -c "sleep 0.2 & exit 0"; sleep 0.8'
    process = subprocess.Popen([DENET, "-i", "20", "-o", tmp_path / "r", "run", "sh", "-c", script], stderr=-3)
    time.sleep(0.6)
    zombies = []
    for task in Path(f"/proc/{process.pid}/task").iterdir():
        zombies += [p for p in (task / "children").read_text().split() if state_of(int(p)) == "Z"]
    assert process.wait(PATIENCE) == 0
    assert zombies == []
