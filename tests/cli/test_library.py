# SPDX-License-Identifier: GPL-3.0-or-later
"""The library as others use it: installed, with the examples, and where nothing can be measured."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from harness import DENET, ROOT, SANITIZED

BUILD = Path(DENET).parent
FIXTURE = ROOT / "tests/fixtures/peer/tree3.jsonl"


def output(*command: str | Path, **environment: str) -> str:
    done = subprocess.run(
        [str(c) for c in command],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return done.stdout


def test_the_example_puts_denet_fd_into_a_poll_loop_of_its_own() -> None:
    done = subprocess.run(
        [BUILD / "examples/poll-loop", "sh", "-c", "sleep 0.35; exit 3"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "cpu" in done.stdout.lower()
    assert len(done.stdout.splitlines()) >= 3, done.stdout
    assert "3" in done.stdout.splitlines()[-1]
    assert done.stderr == ""


def test_the_example_summarises_a_file_as_the_program_does(tmp_path: Path) -> None:
    records = tmp_path / "run.jsonl"
    subprocess.run([DENET, "-q", "-o", records, "run", "sleep", "0.2"], check=True, timeout=60)
    by_example = json.loads(output(BUILD / "examples/summarise-file", records))
    assert by_example == json.loads(output(DENET, "--json", "stats", records))


@pytest.mark.skipif(SANITIZED, reason="a sanitizer brings libraries of its own")
def test_program_and_library_load_libc_alone() -> None:
    for binary in (DENET, BUILD / "libdenet.so"):
        needed = [line for line in output("readelf", "-d", binary).splitlines() if "(NEEDED)" in line]
        assert len(needed) == 1, needed
        assert "libc." in needed[0]


@pytest.mark.skipif(SANITIZED, reason="nothing to do with the sanitizers")
def test_the_library_exports_what_its_header_declares_and_nothing_else() -> None:
    header = (ROOT / "include/denet/denet.h").read_text()
    symbols = output("nm", "-D", "--defined-only", BUILD / "libdenet.so").split()
    exported = {s.split("@")[0] for s in symbols if s.startswith(("denet_", "dn_"))}
    assert exported
    assert all(f"{name}(" in header for name in exported), exported
    assert all(name in exported for name in ("denet_run", "denet_next", "denet_summary_json"))


@pytest.mark.skipif(SANITIZED, reason="nothing to do with the sanitizers")
@pytest.mark.parametrize("compiler, standard", [("cc", "-std=c17"), ("c++", "-std=c++17")])
def test_an_installed_library_is_found_by_pkg_config_and_used(compiler: str, standard: str, tmp_path: Path) -> None:
    if not shutil.which(compiler):
        pytest.skip(f"no {compiler} here")
    stage = tmp_path / "stage"
    subprocess.run(
        ["meson", "install", "-C", BUILD, "--no-rebuild", "--quiet"],
        env={**os.environ, "DESTDIR": str(stage)},
        check=True,
        timeout=60,
    )
    (pc,) = stage.rglob("denet.pc")
    library = next(stage.rglob("libdenet.so")).parent
    where = {"PKG_CONFIG_PATH": str(pc.parent), "PKG_CONFIG_SYSROOT_DIR": str(stage)}
    flags = output("pkg-config", "--cflags", "--libs", "denet", **where)
    source = tmp_path / ("use.c" if compiler == "cc" else "use.cc")
    source.write_text(
        "#include <denet/denet.h>\n#include <stdio.h>\n"
        'int main(void) { puts(denet_version()); return denet_field_id("mem_rss_kb") < 0; }\n'
    )
    command = [compiler, standard, "-Wall", "-Werror", "-o", str(tmp_path / "use"), str(source), *flags.split()]
    subprocess.run(command, check=True, timeout=60)
    told = output(tmp_path / "use", LD_LIBRARY_PATH=str(library))
    assert told.strip() == output(DENET, "--version").split()[1]


@pytest.mark.skipif(SANITIZED, reason="one build of it is enough")
def test_where_nothing_can_be_measured_files_are_read_all_the_same(tmp_path: Path) -> None:
    stub = tmp_path / "stub"
    setup = ["meson", "setup", str(stub), str(ROOT), "-Dplatform=stub", "-Dtests=disabled", "-Doptimization=0"]
    subprocess.run(setup, check=True, capture_output=True, timeout=120)
    subprocess.run(["ninja", "-C", stub, "denet"], check=True, capture_output=True, timeout=300)
    assert json.loads(output(stub / "denet", "--json", "stats", FIXTURE)) == json.loads(
        output(DENET, "--json", "stats", FIXTURE)
    )
    done = subprocess.run([stub / "denet", "run", "true"], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 125
    assert done.stderr == "denet: nothing can be measured on this system; saved files can be read\n"
