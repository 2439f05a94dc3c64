# SPDX-License-Identifier: GPL-3.0-or-later
"""With which rights eBPF runs, what becomes of them, and that not having them is said and costs nothing else."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from conftest import Background, Helper
from harness import DENET, PATIENCE, Argument, Record, copy_for_others, filtered, parse_records, the, wait_until
from test_ebpf import calls, programs, pytestmark  # noqa: F401 # skipped where eBPF does not run

NOBODY = 65534
AS_NOBODY = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
MODULES = Path(DENET).parent
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be somebody else")
needs_setcap = pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("setcap", path=os.environ["PATH"] + ":/usr/sbin:/sbin"),
    reason="needs root and setcap (libcap2-bin), to give a file capabilities",
)


@pytest.fixture
def capable(tmp_path: Path) -> Path:
    """A copy whose file has what eBPF takes."""
    copy = copy_for_others(tmp_path)
    setcap = shutil.which("setcap", path=os.environ["PATH"] + ":/usr/sbin:/sbin")
    done = subprocess.run([str(setcap), "cap_bpf,cap_perfmon=ep", str(copy)], capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip(f"no capabilities on this file system: {done.stderr.strip()}")
    return copy


def installed_directory() -> Path:
    """Where an installed denet has its modules: the only place for one with rights."""
    found = re.search(rb"(/[\x21-\x7e]+/denet)/\0", Path(DENET).read_bytes())
    assert found
    return Path(os.fsdecode(found[1]))


def with_modules_installed(command: Sequence[Argument]) -> list[Argument]:
    """The command, in a mount namespace of its own where the modules stand where installed ones would."""
    place = installed_directory()
    above = next(p for p in place.parents if p.is_dir())
    script = (
        f"mount -t tmpfs -o mode=755 tmpfs {above} && mkdir -p {place} && "
        f'cp {MODULES}/denet-*.so {place}/ && chmod -R a+rX {above} && exec "$@"'
    )
    return ["unshare", "--mount", "sh", "-c", script, "sh", *command]


def run_installed(command: Sequence[Argument], **how: object) -> subprocess.CompletedProcess[bytes]:
    words = [os.fspath(w) for w in with_modules_installed([*AS_NOBODY, *command])]
    return subprocess.run(words, capture_output=True, timeout=PATIENCE, cwd="/", **how)  # type: ignore[call-overload, no-any-return]


def ability(records: Sequence[Record]) -> Record:
    found = the(records, "metadata")["capabilities"]["ebpf"]
    assert isinstance(found, dict)
    return found


def sets_of(status: str) -> dict[str, str]:
    return dict(re.findall(r"^(Cap\w+|NoNewPrivs):\t(\w+)$", status, re.M))


# ----------------------------------------------------------------------------- a user, with capabilities of the file


@needs_setcap
def test_with_capabilities_of_the_file_a_user_counts_exactly(capable: Path, truth: Helper, tmp_path: Path) -> None:
    counter = tmp_path / "counter"
    shutil.copy(truth("calls"), counter)
    done = run_installed([capable, "--enable-ebpf", "-j", "run", counter, "100000"])
    assert (done.returncode, done.stderr) == (0, b"")
    records = parse_records(done.stdout)
    assert ability(records) == {"available": True}
    assert calls(the(records, "exit"))["getppid"]["count"] == 100_000
    assert the(records, "metadata")["capabilities"]["io"]["available"], "its own files in /proc are read still"


@needs_setcap
def test_with_them_what_loads_the_sampler_is_in_no_total(capable: Path) -> None:
    """Of a child with other rights than those in force, /proc does not say what it has read."""
    whole = []
    for sampler in ("procfs", "bpf"):
        command = ["--sampler", sampler, "-j", "run", "sh", "-c", "(sleep 0.3 &); sleep 0.5"]
        done = run_installed([capable, *command])
        assert (done.returncode, done.stderr) == (0, b"")
        ending = the(parse_records(done.stdout), "exit")
        whole.append([ending["totals"][n] for n in ("syscall_read_bytes", "syscall_write_bytes", "io_read_ops")])
        assert "lower_bound" not in ending
    assert whole[0] == whole[1]


@needs_setcap
def test_what_a_set_user_id_program_does_is_not_told(capable: Path, truth: Helper, tmp_path: Path) -> None:
    """And what it starts; what the user's own do before and after is."""
    raised = tmp_path / "raised"
    shutil.copy(truth("calls"), raised)
    raised.chmod(0o4755)
    own = tmp_path / "own"
    shutil.copy(truth("calls"), own)
    own.chmod(0o755)
    script = f"{own} 300; {raised} 7000 2; {own} 200; true"
    done = run_installed([capable, "--ebpf", "syscalls,exits", "-j", "run", "sh", "-c", script])
    record = the(parse_records(done.stdout), "exit")
    assert 500 <= calls(record)["getppid"]["count"] < 600, "the shell asks for its parent too"
    assert record["totals"]["processes_seen"] == 4


@needs_setcap
def test_the_command_has_none_of_them_and_denet_none_in_force(capable: Path) -> None:
    look = ["sh", "-c", "cat /proc/self/status /proc/$PPID/status"]
    whose = run_installed([capable, "--enable-ebpf", "-j", "run", *look]).stderr.decode().split("Name:\t")
    without = subprocess.run([*AS_NOBODY, "cat", "/proc/self/status"], capture_output=True, text=True, check=True)
    assert sets_of(whose[1]) == sets_of(without.stdout)
    of_denet = sets_of(whose[2])
    assert int(of_denet["CapEff"], 16) == 0, "nothing in force while the command runs"
    assert int(of_denet["CapPrm"], 16) == 1 << 38 | 1 << 39
    assert int(of_denet["CapInh"], 16) == int(of_denet["CapAmb"], 16) == 0


@needs_setcap
def test_the_commands_environment_is_whole(capable: Path) -> None:
    """The loader takes such variables from a program with rights; the command has none, and is to see them."""
    env = {**os.environ, "LD_LIBRARY_PATH": "/nowhere", "TMPDIR": "/tmp", "ODD": "", "LAST": "x=y"}
    done = run_installed([capable, "-j", "run", "env", "-0"], env=env)
    with_it = dict(v.split("=", 1) for v in done.stderr.decode().split("\0") if v)
    without = subprocess.run([*AS_NOBODY, "env", "-0"], capture_output=True, text=True, env=env, check=True).stdout
    expected = dict(v.split("=", 1) for v in without.split("\0") if v)
    for names in (with_it, expected):
        for name in ("_", "PWD"):  # of the shell that the modules are installed by
            names.pop(name, None)
    assert with_it == expected


@needs_setcap
def test_a_module_beside_the_program_is_not_taken(capable: Path) -> None:
    shutil.copy(MODULES / "denet-ebpf.so", capable.parent)
    (capable.parent / "denet-ebpf.so").chmod(0o755)
    done = subprocess.run(
        [*AS_NOBODY, str(capable), "--enable-ebpf", "-j", "run", "true"], capture_output=True, cwd="/", timeout=PATIENCE
    )
    if (installed_directory() / "denet-ebpf.so").exists():
        pytest.skip("one is installed on this machine")
    assert done.returncode == 0
    assert ability(parse_records(done.stdout))["reason"] == "denet-ebpf.so is not installed"


@needs_setcap
def test_files_are_opened_with_the_callers_own_rights(capable: Path, tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    done = run_installed([capable, "--enable-ebpf", "-o", closed / "f.jsonl", "run", "true"])
    assert done.returncode == 125
    assert b"Permission denied" in done.stderr
    assert list(closed.iterdir()) == []
    opened = tmp_path / "open"
    opened.mkdir()
    opened.chmod(0o777)
    assert run_installed([capable, "--enable-ebpf", "-o", opened / "f.jsonl", "run", "true"]).returncode == 0
    assert (opened / "f.jsonl").stat().st_uid == NOBODY


@needs_setcap
def test_who_may_not_be_traced_is_not_told_of_and_the_rest_goes_on(capable: Path, background: Background) -> None:
    target = background(["sleep", "60"])
    done = run_installed([capable, "--enable-ebpf", "-j", "-d", "0.2", "attach", str(target.pid)])
    assert done.returncode == 0
    records = parse_records(done.stdout)
    assert ability(records) == {
        "available": False,
        "reason": "the process may not be traced by you",
        "hint": "run denet as root, or as the process's user",
    }
    assert "ebpf" not in the(records, "exit")
    assert b"no eBPF for a process you may not trace" in done.stderr


@needs_setcap
def test_one_of_ones_own_is_attached_to(capable: Path, background: Background) -> None:
    target = background(["sleep", "60"], user=NOBODY, group=NOBODY, cwd="/")
    done = run_installed([capable, "--enable-ebpf", "-j", "-d", "0.2", "attach", str(target.pid)])
    assert (done.returncode, done.stderr) == (0, b"")
    assert ability(parse_records(done.stdout)) == {"available": True}


# ------------------------------------------------------------------------------------------------- in a PID namespace


@needs_root
def test_in_a_pid_namespace_pids_are_the_callers_and_counts_right(truth: Helper, tmp_path: Path) -> None:
    report = tmp_path / "report"
    inside: list[Argument] = ["unshare", "--pid", "--fork", "--mount-proc", DENET, "--enable-ebpf", "-j", "run"]
    command = [*inside, "sh", "-c", f"{truth('spawn')} {report} daemons 20 2000; exec {truth('calls')} 50000 2"]
    done = subprocess.run([os.fspath(c) for c in command], capture_output=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    records = parse_records(done.stdout)
    assert the(records, "metadata")["pid"] < 10
    last = the(records, "exit")
    assert calls(last)["getppid"]["count"] >= 50_000
    assert last["ebpf"]["lost_events"] == 0
    assert last["totals"]["processes_seen"] >= 21


# ----------------------------------------------------------------------------------------- without, each way of it


def refused(*command: Argument, **how: object) -> tuple[str, str]:
    """The reason and the hint, of a run that goes on all the same and says it in one line."""
    words = [os.fspath(w) for w in command]
    done = subprocess.run(words, capture_output=True, timeout=PATIENCE, cwd="/", **how)  # type: ignore[call-overload]
    records = parse_records(done.stdout)
    found = ability(records)
    assert done.returncode == 3, (done.returncode, done.stderr)
    assert found["available"] is False
    hint = found.get("hint", "all else is measured")
    assert done.stderr.decode().splitlines() == [f"denet: --enable-ebpf: {found['reason']}; {hint}"]
    assert "ebpf" not in the(records, "exit")
    assert the(records, "exit")["totals"]["page_faults_cached"] > 0
    return found["reason"], found.get("hint", "")


ENDS_WITH_3: list[Argument] = ["--enable-ebpf", "-j", "run", "sh", "-c", "exit 3"]
SETCAP = 'sudo setcap cap_bpf,cap_perfmon=ep "$(command -v denet)"'


@pytest.fixture
def beside(tmp_path: Path) -> Path:
    """A copy for others, with the modules beside it: without rights they are taken from there."""
    copy = copy_for_others(tmp_path)
    shutil.copy(MODULES / "denet-ebpf.so", tmp_path)
    (tmp_path / "denet-ebpf.so").chmod(0o755)
    return copy


@needs_root
def test_a_user_without_rights_is_told_what_gives_them(beside: Path) -> None:
    assert refused(*AS_NOBODY, beside, *ENDS_WITH_3) == ("lacks CAP_BPF, CAP_PERFMON", SETCAP)


@needs_setcap
def test_no_new_privs_takes_what_the_file_gives(capable: Path) -> None:
    limited = ["setpriv", "--no-new-privs"]  # another one: what the first still has may be kept
    reason, hint = refused(*with_modules_installed([*AS_NOBODY, *limited, capable, *ENDS_WITH_3]))
    assert reason == "lacks CAP_BPF, CAP_PERFMON, and no_new_privs is set: no file can give them"
    assert hint == "run denet outside of what set it (systemd: NoNewPrivileges=no)"


@needs_root
def test_a_user_namespace_loads_nothing_even_as_its_root(beside: Path) -> None:
    if subprocess.run(["unshare", "--user", "--map-root-user", "true"], capture_output=True).returncode != 0:
        pytest.skip("no user namespaces here")
    reason, _ = refused("unshare", "--user", "--map-root-user", beside, *ENDS_WITH_3)
    assert reason == "no BPF program may be loaded from a user namespace"


@needs_root
@pytest.mark.parametrize("error", ["EPERM", "ENOSYS"])
def test_a_filter_that_forbids_bpf_is_named(error: str) -> None:
    reason, _ = refused(*filtered(error, "bpf"), DENET, *ENDS_WITH_3)
    assert reason == "a seccomp filter forbids bpf(2)"


@needs_root
@pytest.mark.parametrize(
    ("step", "error"),
    [(0, "ENOMEM"), (5, "EINVAL"), (28, "ENOMEM"), (33, "EPERM"), (2, "ENOMEM")],
    ids=["map", "program", "link", "iterator", "member"],
)
def test_where_loading_fails_halfway_the_command_runs_and_nothing_stays(step: int, error: str) -> None:
    """Numbers of bpf(2)'s commands: what was loaded before that step is given up."""
    before = programs()
    reason, _ = refused(*filtered(error, f"bpf={step}"), DENET, *ENDS_WITH_3)
    assert reason.startswith("the kernel ")
    wait_until(lambda: programs() <= before)


@needs_root
@pytest.mark.parametrize("step", [0, 5, 28, 2])
def test_where_bpf_does_not_return_the_command_runs_all_the_same(step: int) -> None:
    reason, _ = refused(*filtered("ask", f"bpf={step}"), DENET, *ENDS_WITH_3)
    assert reason == "bpf(2) does not return, for 5 s so far"


@needs_root
@pytest.mark.parametrize("call", ["perf_event_open", "memfd_create"])
def test_a_filter_that_forbids_what_it_can_do_without_takes_nothing_from_it(call: str) -> None:
    """Without a file of memory for its extract of the kernel's types, libbpf goes through all of them."""
    command = [os.fspath(w) for w in [*filtered("EPERM", call), DENET, *ENDS_WITH_3]]
    done = subprocess.run(command, capture_output=True, timeout=PATIENCE)
    assert (done.returncode, done.stderr) == (3, b"")
    assert ability(parse_records(done.stdout)) == {"available": True}
