# SPDX-License-Identifier: GPL-3.0-or-later
"""The status row: in tmux at three sizes, with real programs, and on a bare pseudo-terminal, byte by byte."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import DENET, command_pid, denet, kill_quietly, of_kind, read_records, the, wait_until
from terminal import ROW, SIZES, Screen, need, on_a_pty, processes

DRAW = re.compile(rb"\x1b7\x1b\[1;23r\x1b\[24;1H\x1b\[0m(.*?)\x1b\[K\x1b8", re.DOTALL)
RELEASE = b"\x1b7\x1b[r\x1b[24;1H\x1b[2K\x1b8"
CLEAN = b"\x1b7\x1b[r\x1b8\x1b[J"
APPEAR = b"\x1bD\x1b[A"
STYLE = re.compile(rb"\x1b\[[\d;]*m")


@pytest.fixture
def screens(tmp_path: Path) -> Iterator[list[Screen]]:
    """One of each size."""
    made: list[Screen] = []
    try:
        for columns, rows in SIZES:
            made.append(Screen(tmp_path, columns, rows))
        yield made
    finally:
        for screen in made:
            screen.close()


@pytest.fixture
def screen(tmp_path: Path) -> Iterator[Screen]:
    made = Screen(tmp_path, 80, 24)
    yield made
    made.close()


def helpers(parent: int) -> list[int]:
    return processes(Name="denet-helper", PPid=parent)


def denets_below(screen: Screen) -> list[int]:
    shell = int(screen.tmux("display-message", "-p", "#{pane_pid}"))
    return processes(Name="denet", PPid=shell)


# ---------------------------------------------------------------------------------------------------- the row itself


def test_the_row_appears_after_a_second_and_is_gone_at_the_end(screens: list[Screen]) -> None:
    for screen in screens:
        screen.type("$DENET run sleep 4")
    time.sleep(0.7)
    assert [screen.row() for screen in screens] == [None, None, None]
    for screen in screens:
        row = screen.wait_for_row()
        assert len(row) < screen.columns
        assert ("mem " in row) and ("peak" in row) == (screen.columns >= 80)
        assert screen.region() == (0, screen.rows - 2)
    for screen in screens:
        screen.wait_for_end()
        assert not any(ROW.match(line) for line in screen.history())
        assert screen.is_whole()


def test_a_thousand_lines_under_the_row_reach_the_scrollback_once_and_in_order(screens: list[Screen]) -> None:
    script = "sleep 1.3; for i in $(seq 1000); do echo line-$i; [ $((i % 20)) != 0 ] || sleep 0.05; done; sleep 0.7"
    for screen in screens:
        screen.type(f"clear; $DENET run sh -c '{script}'")
    for screen in screens:
        screen.wait_for_row()
    for screen in screens:
        screen.wait_for(lambda screen=screen: "line-1000" in screen.text())  # type: ignore[misc]
        assert screen.row(), "the row stands while lines go by"
    for screen in screens:
        screen.wait_for_end()
        lines = [line for line in screen.history() if line.startswith("line-")]
        assert lines == [f"line-{i}" for i in range(1, 1001)]


def test_thirty_resizes_lose_no_line(screen: Screen) -> None:
    script = "for i in $(seq 400); do echo line-$i; sleep 0.02; done"
    screen.type(f"clear; $DENET run sh -c '{script}'")
    screen.wait_for_row()
    for i in range(30):
        screen.resize(60 + 7 * (i % 5), 12 + 5 * (i % 4))
        time.sleep(0.02 if i % 3 else 0.6)
    screen.wait_for_end()
    lines = [line for line in screen.history() if line.startswith("line-")]
    assert lines == [f"line-{i}" for i in range(1, 401)]
    assert screen.is_whole()


def test_after_a_resize_the_row_comes_back_on_the_new_last_line(screen: Screen) -> None:
    screen.type("$DENET run sleep 30")
    screen.wait_for_row()
    screen.resize(100, 30)
    time.sleep(0.3)
    assert not any(ROW.match(line) for line in screen.lines()), "cleaned at once, and not back within half a second"
    screen.wait_for_row()
    assert screen.region() == (0, 28)
    assert sum(bool(ROW.match(line)) for line in screen.history()) == 1
    screen.resize(39, 30)
    screen.wait_for(screen.is_whole)
    time.sleep(1)
    assert not screen.row(), "too narrow for it"
    screen.key("C-c")
    screen.wait_for_end()


def test_a_reset_is_healed_at_the_next_draw(screen: Screen) -> None:
    screen.type("$DENET run sh -c 'sleep 1.5; printf \"\\033c\"; sleep 2; echo done'")
    screen.wait_for_row()
    time.sleep(1.5)
    screen.wait_for_row()
    assert screen.region() == (0, 22)
    screen.wait_for_end()


# ------------------------------------------------------------------------------------------------- other programs


def seen_in(screen: Screen, command: str, ready: str, secs: float = 0.6) -> list[str]:
    """The screen that a full-screen program makes, once it has settled; then it is ended with q or :q."""
    screen.type(f"clear; {command}")
    screen.wait_for(lambda: ready in screen.text() and not screen.row())
    time.sleep(secs)
    lines = screen.lines()
    if "vim" in command:
        screen.key("Escape")
        screen.type(":q!")
    else:
        screen.key("q")
    return lines


def back_at_the_prompt(screen: Screen) -> None:
    screen.wait_for(lambda: screen.lines_of_text()[-1:] == ["$"])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "text"
    path.write_text("".join(f"This is line {i} of the text\n" for i in range(1, 200)))
    return path


@pytest.mark.parametrize("program", ["less", "vim -u NONE -N -n"])
def test_a_full_screen_program_looks_as_without_denet(screens: list[Screen], file: Path, program: str) -> None:
    need(program.split()[0])
    for screen in screens:
        alone = seen_in(screen, f"{program} {file.name}", "line 1 of")
        back_at_the_prompt(screen)
        with_denet = seen_in(screen, f"$DENET run {program} {file.name}", "line 1 of", 1.6)
        screen.wait_for_end()
        assert with_denet == alone
        assert screen.is_whole()


@pytest.mark.parametrize("program", ["less", "vim -u NONE -N -n"])
def test_a_full_screen_program_that_begins_late_gets_the_whole_screen(
    screens: list[Screen], file: Path, program: str
) -> None:
    need(program.split()[0])
    alone = []
    for screen in screens:
        alone.append(seen_in(screen, f"{program} {file.name}", "line 1 of"))
        back_at_the_prompt(screen)
        screen.type(f"clear; $DENET run sh -c 'echo begin; sleep 3; {program} {file.name}; sleep 2.5'")
    for screen in screens:
        screen.wait_for_row()
    for screen, before in zip(screens, alone):
        screen.wait_for(lambda screen=screen: "line 1 of" in screen.text() and not screen.row())  # type: ignore[misc]
        time.sleep(1)
        # Its start-up message on the last line is lost.
        assert screen.lines()[:-1] == before[:-1]
        assert "denet" not in screen.text()
        assert screen.is_whole()
        if "vim" in program:
            screen.type(":q!")
        else:
            screen.key("q")
    for screen in screens:
        screen.wait_for_row()
        assert sum(bool(ROW.match(line)) for line in screen.history()) == 1, "of the first row nothing is left"
        screen.wait_for_end()


def test_top_has_the_whole_screen(screens: list[Screen]) -> None:
    need("top")
    for screen in screens:
        for sleep in ("", "sleep 2.5; "):
            screen.type(f"clear; $DENET run sh -c '{sleep}exec top'")
            screen.wait_for(lambda screen=screen: "PID" in screen.text() and "top -" in screen.text())  # type: ignore[misc]
            time.sleep(1.5)
            lines = screen.lines()
            assert lines[0].startswith("top -")
            assert "denet 0" not in screen.text()
            assert screen.is_whole()
            screen.key("q")
            back_at_the_prompt(screen)  # of the summaries before, top may have cleared the scrollback
            assert screen.count_ends() > 0


def test_after_two_programs_that_took_the_terminal_over_the_row_stays_away(screen: Screen, file: Path) -> None:
    need("less")
    screen.type(f"$DENET run sh -c 'for i in 1 2; do sleep 1.6; less {file.name}; done; sleep 3; echo over; sleep 3'")
    for _ in range(2):
        screen.wait_for_row()
        screen.wait_for(lambda: "line 1 of" in screen.text() and not screen.row())
        time.sleep(0.4)
        screen.key("q")
    screen.wait_for(lambda: "over" in screen.text().split("$DENET")[-1].partition("\n")[2])
    assert not screen.row()
    assert screen.is_whole()
    screen.wait_for_end()


def test_a_terminal_in_raw_mode_has_no_row(screen: Screen) -> None:
    screen.type("$DENET run sh -c 'stty raw -echo; sleep 2.5; stty sane; echo over; sleep 2'")
    time.sleep(2)
    assert not screen.row()
    screen.wait_for(lambda: "over" in screen.lines_of_text())
    screen.wait_for_row()
    screen.wait_for_end()


def test_a_shell_under_denet_never_meets_the_row(screen: Screen) -> None:
    screen.type("$DENET run env PS1='inner ' bash --norc --noprofile")
    screen.wait_for(lambda: screen.lines_of_text()[-1:] == ["inner"])
    screen.type("sleep 2")
    time.sleep(1.8)
    assert not screen.row()
    screen.type("exit 3")
    screen.wait_for_end()
    assert "denet: exit 3" in screen.text()


def test_the_size_change_that_denet_sends_reaches_the_command_once(screen: Screen) -> None:
    script = 'trap "echo winch" WINCH; sleep 1.7; stty -icanon; sleep 0.5; sleep 0.5; stty icanon; sleep 0.3'
    screen.type(f"clear; $DENET run bash -c '{script}'")
    screen.wait_for_row()
    screen.wait_for_end()
    assert screen.text().count("winch") - screen.text().count('"echo winch"') == 1


# --------------------------------------------------------------------------------------------------- job control


def test_it_is_stopped_and_continued_as_without_denet(screens: list[Screen]) -> None:
    for screen in screens:
        screen.type("clear; $DENET run sh -c 'sleep 4; echo over; sleep 1'")
    for screen in screens:
        screen.wait_for_row()
        screen.key("C-z")
        screen.wait_for(lambda screen=screen: "Stopped" in screen.text())  # type: ignore[misc]
        assert not screen.row()
        assert screen.is_whole()
        screen.type("echo between")
        screen.wait_for(lambda screen=screen: "between" in screen.lines_of_text())  # type: ignore[misc]
        screen.type("fg")
    for screen in screens:
        screen.wait_for_row()
        assert "between" in screen.text()
    for screen in screens:
        screen.wait_for_end()
        assert screen.is_whole()
        assert not any(ROW.match(line) for line in screen.history())


def test_in_the_background_there_is_no_row_and_in_the_foreground_there_is(screen: Screen) -> None:
    screen.type("$DENET run sleep 6 &")
    time.sleep(1.8)
    assert not screen.row()
    screen.type("fg")
    screen.wait_for_row()
    screen.wait_for_end()


def test_held_output_holds_the_row_and_no_sample(screen: Screen, tmp_path: Path) -> None:
    screen.type("clear; $DENET -i 50 -m 50 -o r.jsonl run sh -c 'sleep 4; echo over; sleep 1'")
    before = screen.wait_for_row()
    screen.key("C-s")
    time.sleep(2)
    held = screen.row()
    time.sleep(0.8)
    assert screen.row() == held, "nothing gets through"
    screen.key("C-q")
    screen.wait_for(lambda: screen.row() not in (None, before, held))
    screen.wait_for_end()
    assert "over" in screen.lines_of_text()
    assert screen.is_whole()
    times = [r["elapsed_us"] for r in of_kind(read_records(tmp_path / "r.jsonl"), "tree")]
    gaps = sorted(b - a for a, b in zip(times, times[1:]))
    assert len(times) > 50
    assert gaps[len(gaps) // 2] < 100_000


def test_an_end_while_output_is_held_gives_the_row_back(screen: Screen) -> None:
    screen.type("clear; $DENET run sleep 2.5")
    screen.wait_for_row()
    screen.key("C-s")
    time.sleep(4)
    screen.key("C-q")
    screen.wait_for_end()
    screen.wait_for(screen.is_whole)
    assert not any(ROW.match(line) for line in screen.lines())


# ------------------------------------------------------------------------------------------------------ the helper


def test_a_killed_denet_leaves_the_terminal_whole(screens: list[Screen]) -> None:
    for screen in screens:
        screen.type("clear; $DENET run sleep 5")
    for screen in screens:
        screen.wait_for_row()
        (pid,) = denets_below(screen)
        command = command_pid(pid)
        os.kill(pid, signal.SIGKILL)
        screen.wait_for(lambda screen=screen: screen.is_whole() and not screen.row())  # type: ignore[misc]
        kill_quietly(command)
        screen.wait_for(lambda screen=screen: "Killed" in screen.text())  # type: ignore[misc]
        screen.type("for i in $(seq 60); do echo after-$i; done")
        screen.wait_for(lambda screen=screen: "after-60" in screen.text())  # type: ignore[misc]
        assert [line for line in screen.history() if line.startswith("after-")] == [f"after-{i}" for i in range(1, 61)]


def test_a_killed_group_leaves_the_terminal_whole(screen: Screen) -> None:
    screen.type("clear; $DENET run sleep 60")
    screen.wait_for_row()
    (pid,) = denets_below(screen)
    os.killpg(os.getpgid(pid), signal.SIGKILL)
    screen.wait_for(lambda: screen.is_whole() and not screen.row())


def test_the_helper_is_in_no_tree_and_holds_nothing_of_the_commands(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    inherited = os.open(tmp_path, os.O_RDONLY)
    os.set_inheritable(inherited, True)
    command = [DENET, "--cgroup", "off", "-o", str(path), "run", "sleep", "6.5"]
    with on_a_pty(*command) as terminal:
        wait_until(lambda: helpers(terminal.process.pid))
        (pid,) = helpers(terminal.process.pid)
        links = {os.readlink(link) for link in Path(f"/proc/{pid}/fd").iterdir()}
        assert len(links) == 3
        assert sum(link.startswith("pipe:") for link in links) == 1
        assert links - {link for link in links if link.startswith(("pipe:", "/dev/pts/"))} == {"/dev/tty"}
        assert os.readlink(f"/proc/{pid}/cwd") == "/"
        assert os.getsid(pid) == pid
        rollup = dict(
            line.split(":") for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines() if "kB" in line
        )
        assert int(rollup["Private_Dirty"].split()[0]) < 1000
        terminal.finish()
    os.close(inherited)
    wait_until(lambda: not Path(f"/proc/{pid}").exists())
    records = read_records(path)
    # Longer than it takes until all of /proc is looked at.
    assert the(records, "exit")["totals"]["processes_seen"] == 1
    assert of_kind(records, "child") == []
    assert all(r["children"] == [] for r in of_kind(records, "tree"))


def test_a_helper_that_is_killed_is_missed_by_nobody(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    with on_a_pty(DENET, "-o", path, "run", "sleep", "2") as terminal:
        wait_until(lambda: helpers(terminal.process.pid))
        for pid in helpers(terminal.process.pid):
            kill_quietly(pid)
        seen = terminal.finish()
    assert terminal.status == 0
    assert DRAW.search(seen)
    assert RELEASE in seen
    assert the(read_records(path), "exit")["totals"]["processes_seen"] == 1


def test_to_wait_for_all_is_not_to_wait_for_the_helper() -> None:
    with on_a_pty(DENET, "--wait-all", "run", "sleep", "0.3") as terminal:
        terminal.finish()
    assert terminal.status == 0


@pytest.mark.parametrize(
    "arguments",
    [["--status", "off"], ["--status", "lines"], ["-n"], ["-q"], ["-j"], ["--no-polling"]],
    ids=" ".join,
)
def test_without_a_row_there_is_no_helper_and_no_escape_but_styles(arguments: list[str]) -> None:
    with on_a_pty(DENET, *arguments, "run", "sleep", "1.5") as terminal:
        terminal.read(0.5)
        assert helpers(terminal.process.pid) == []
        seen = terminal.finish()
    assert b"\x1b" not in STYLE.sub(b"", seen)


# ------------------------------------------------------------------------------------------------- more than one


def test_of_nested_denets_one_has_the_row(screens: list[Screen]) -> None:
    for screen in screens:
        screen.type("clear; $DENET run $DENET run sleep 3")
    for screen in screens:
        screen.wait_for_row()
    time.sleep(0.8)
    for screen in screens:
        assert sum(bool(ROW.match(line)) for line in screen.history()) == 1
    for screen in screens:
        screen.wait_for_end(2)
        assert screen.is_whole()


def test_of_three_that_xargs_starts_one_has_the_row(screens: list[Screen]) -> None:
    for screen in screens:
        screen.type("clear; echo 3 3.2 3.4 | xargs -n1 -P3 $DENET run sleep")
    for screen in screens:
        screen.wait_for_row()
    time.sleep(0.7)
    for screen in screens:
        assert sum(bool(ROW.match(line)) for line in screen.history()) == 1
    for screen in screens:
        screen.wait_for_end(3)
        assert screen.is_whole()


def test_before_a_pager_there_is_no_row(screens: list[Screen], tmp_path: Path) -> None:
    """The command ends when the test has looked: what denet says then scrolls the pager's screen."""
    need("less")
    for i, screen in enumerate(screens):
        os.mkfifo(tmp_path / f"end-{i}")
        screen.type(f"clear; $DENET run sh -c 'seq 300; cat end-{i}' | less")
    for screen in screens:
        screen.wait_for(lambda screen=screen: screen.lines()[0] == "1", "the pager")  # type: ignore[misc]
    time.sleep(1.5)
    for screen in screens:
        assert not screen.row()
        assert screen.lines()[0] == "1"
    for i, screen in enumerate(screens):
        (tmp_path / f"end-{i}").write_bytes(b"")
        screen.wait_for(lambda screen=screen: "tasks " in screen.text(), "the end")  # type: ignore[misc]
        assert not any(ROW.match(line) for line in screen.lines())
        assert screen.is_whole()
        screen.key("q")
        back_at_the_prompt(screen)


def test_to_a_file_there_is_not_one_escape(screen: Screen, tmp_path: Path) -> None:
    screen.type("$DENET run sh -c 'sleep 1.6; echo over' 2>err")
    screen.wait_for(lambda: "over" in screen.lines_of_text())
    back_at_the_prompt(screen)
    text = (tmp_path / "err").read_bytes()
    assert b"denet: exit 0" in text
    assert b"\x1b" not in text
    assert b"\r" not in text


# --------------------------------------------------------------------------------------------------- byte by byte


def test_each_change_is_as_designed_and_nothing_else_is_written() -> None:
    with on_a_pty(DENET, "run", "sleep", "3.2") as terminal:
        seen = terminal.finish()
    first = DRAW.search(seen)
    assert first
    assert seen[: first.start()] == APPEAR
    draws = DRAW.findall(seen)
    assert 2 <= len(draws) <= 6, "two a second at most"
    assert len(set(draws)) == len(draws), "and only if the text changed"
    rest = DRAW.sub(b"", seen[len(APPEAR) :])
    assert rest.startswith(RELEASE)
    assert b"\x1b" not in STYLE.sub(b"", rest[len(RELEASE) :])
    for draw in draws:
        assert len(draw) <= 512
        assert ROW.match(STYLE.sub(b"", draw).decode())


def test_only_the_sequences_of_the_design_are_used() -> None:
    with on_a_pty(DENET, "run", "sleep", "2.2") as terminal:
        seen = terminal.finish()
    used = set(re.findall(rb"\x1b(?:\[[0-9;?]*[A-Za-z]|.)", seen))
    allowed = {b"\x1b7", b"\x1b8", b"\x1bD", b"\x1b[A", b"\x1b[r", b"\x1b[1;23r", b"\x1b[24;1H", b"\x1b[K", b"\x1b[2K"}
    assert {sequence for sequence in used if not STYLE.fullmatch(sequence)} == allowed


def test_with_no_color_the_row_stays_and_has_no_style() -> None:
    with on_a_pty(DENET, "run", "sleep", "1.8", NO_COLOR="1") as terminal:
        seen = terminal.finish()
    assert not STYLE.search(seen)
    assert re.search(rb"\x1b\[24;1Hdenet 00:0[12]  cpu ", seen)


@pytest.mark.parametrize("term", ["", "dumb", "unknown"])
def test_a_terminal_that_understands_nothing_gets_no_escape(term: str) -> None:
    with on_a_pty(DENET, "run", "sleep", "1.6", TERM=term) as terminal:
        seen = terminal.finish()
    assert b"denet: exit 0" in seen
    assert b"\x1b" not in seen


def test_the_sparkline_is_blocks_or_ascii_by_the_locale() -> None:
    for locale, cell in (("C.UTF-8", "[▁-█]".encode()), ("C", rb"[_.:=+*#-]"), ("ja_JP.UTF-8", rb"[_.:=+*#-]")):
        with on_a_pty(DENET, "run", "sleep", "1.8", LC_ALL=locale) as terminal:
            seen = terminal.finish()
        draw = STYLE.sub(b"", DRAW.findall(seen)[0])
        assert re.search(rb"cpu +[\d.]+/\d+ +" + b"(" + cell + b")+  mem", draw) or cell.startswith(b"["), draw
        assert (b"\xe2\x96" in draw) == (locale == "C.UTF-8")


@pytest.mark.parametrize(("columns", "rows"), [(39, 24), (80, 7)])
def test_a_terminal_that_is_too_small_has_no_row(columns: int, rows: int) -> None:
    with on_a_pty(DENET, "run", "sleep", "1.8", columns=columns, rows=rows) as terminal:
        seen = terminal.finish()
    assert b"\x1b7" not in seen


def test_where_the_output_is_discarded_the_row_is_a_line_in_place() -> None:
    with on_a_pty(DENET, "--command-output", "discard", "run", "sleep", "2.4") as terminal:
        seen = terminal.finish()
    lines = re.findall(rb"\r(\x1b\[1mdenet.*?)\x1b\[K", seen)
    assert 1 <= len(lines) <= 5
    assert b"\x1b7" not in seen
    assert b"r\x1b[" not in STYLE.sub(b"", seen)
    assert re.search(rb"\r\x1b\[K\r\ndenet: ", STYLE.sub(b"", seen)), "it is gone before the summary"


def test_attach_has_a_line_in_place() -> None:
    sleeper = subprocess.Popen(["sleep", "2.5"])
    with on_a_pty(DENET, "attach", str(sleeper.pid)) as terminal:
        terminal.read(2)
        sleeper.wait()
        seen = terminal.finish()
    assert terminal.status == 0
    assert re.search(rb"\r\x1b\[1mdenet\x1b\[0m 00:01  .*?\x1b\[K", seen)
    assert b"\x1b7" not in seen
    assert helpers(terminal.process.pid) == []


def test_with_the_error_output_elsewhere_there_is_no_row(tmp_path: Path) -> None:
    other, far = os.openpty()
    try:
        with on_a_pty(
            "sh", "-c", f"'{DENET}' run sleep 1.6 2>/dev/pts/{os.ttyname(far).rsplit('/', 1)[1]}"
        ) as terminal:
            seen = terminal.finish()
            assert b"\x1b" not in seen
        assert b"\x1b7" not in os.read(other, 65536), "it is a terminal, but not the one of this session"
    finally:
        os.close(other)
        os.close(far)


def test_the_commands_output_is_whole_and_in_order_between_the_draws() -> None:
    with on_a_pty(
        "sh",
        "-c",
        f"'{DENET}' -i 20 run sh -c 'for i in $(seq 4000); do echo $i; done; sleep 1.3; seq 4001 9000; sleep 1'",
    ) as terminal:
        seen = terminal.finish()
    assert DRAW.search(seen)
    text = DRAW.sub(b"", seen.replace(APPEAR, b"")).replace(RELEASE, b"")
    numbers = text.split(b"\r\ndenet: ")[0].replace(b"\r\n\x1b[", b"\r\n").split()
    assert numbers[:9000] == [str(i).encode() for i in range(1, 9001)]


def test_the_command_keeps_its_own_answer_to_a_write_from_the_background() -> None:
    with on_a_pty(DENET, "run", "sh", "-c", "sleep 1.3; grep SigIgn /proc/self/status; sleep 0.2") as terminal:
        seen = terminal.finish()
    ignored = re.search(rb"SigIgn:\s+([0-9a-f]+)", seen)
    assert ignored
    assert int(ignored[1], 16) >> (signal.SIGTTOU - 1) & 1 == 0


# ------------------------------------------------------------------------------------------------------- the lines


def test_the_lines_have_the_fields_of_the_row_and_rates() -> None:
    result = denet(
        "-n",
        "-i",
        "100",
        "-m",
        "100",
        "run",
        "sh",
        "-c",
        "head -c 50000000 /dev/zero; sleep 1",
        stdout=subprocess.DEVNULL,
    )
    lines = result.err.split("\n\ndenet: ")[0].splitlines()
    assert len(lines) >= 8
    for line in lines:
        assert re.match(r"denet 00:0\d  cpu +[\d.]+/\d+  mem +[\d.]+ [KMG]iB peak +[\d.]+", line), line
        assert re.search(r"  r +[\d.]+ w +[\d.]+ [KMG]iB/s  ", line), line
    assert any(re.search(r"  r +\d+(\.\d+)? w +\d+(\.\d+)? [MG]iB/s", line) for line in lines[:4])
    assert re.search(r"  r +0.00 w +0.00 ", lines[-3]), "a rate, not a total"


def test_lines_on_a_terminal_are_no_wider_than_it() -> None:
    with on_a_pty(DENET, "-n", "run", "sleep", "0.5") as terminal:
        seen = terminal.finish()
    lines = [line for line in seen.split(b"\r\n") if line.startswith(b"denet 0")]
    assert lines
    assert max(map(len, lines)) < 80


def test_an_unknown_status_is_refused() -> None:
    result = denet("--status", "bar", "run", "true")
    assert result.status == 2
    assert result.error_line == "denet: --status 'bar': unknown; give row, lines or off"
