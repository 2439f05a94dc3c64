# SPDX-License-Identifier: GPL-3.0-or-later
"""For pytest: the fixture `denet_measure`, and `--denet FILE`, which measures every test.

Each line of FILE is a JSON object: test (its node id), outcome, wall_secs, cpu_user_secs, cpu_system_secs,
peak_mem_rss_kb, of this process and the children that the test had.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Callable, TextIO

import pytest

if TYPE_CHECKING:  # each start of pytest reads this file, whether denet is asked for or not
    from .measure import Measurement


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("denet")
    group.addoption("--denet", metavar="FILE", default=None, help="write to FILE what each test used, as JSON lines")


@pytest.fixture
def denet_measure() -> Callable[..., Measurement]:
    """`with denet_measure() as m:` measures the block; m.cpu_secs, m.wall_secs and m.peak_mem_rss_kb are there then."""
    from .measure import Measurement

    return Measurement


class _EachTest:
    """Writes a line a test."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    @pytest.hookimpl(hookwrapper=True)  # type: ignore[untyped-decorator,unused-ignore]
    def pytest_runtest_call(self, item: pytest.Item) -> Iterator[None]:
        from .measure import Measurement

        with Measurement() as m:
            outcome: Any = yield
        failed: Any | None = outcome.excinfo
        totals = m.exit["totals"]
        line = {
            "test": item.nodeid,
            "outcome": "failed" if failed else "passed",
            **{name: totals.get(name, 0) for name in ("wall_secs", "cpu_user_secs", "cpu_system_secs")},
            "peak_mem_rss_kb": m.peak_mem_rss_kb,
        }
        self._file.write(json.dumps(line) + "\n")
        self._file.flush()

    def pytest_unconfigure(self) -> None:
        self._file.close()


def pytest_configure(config: pytest.Config) -> None:
    path = config.getoption("--denet")
    if path is None:
        return
    try:
        file = open(path, "w", encoding="utf-8")  # noqa: SIM115 # open as long as the tests run
    except OSError as e:
        raise pytest.UsageError(f"--denet: {e}") from None
    config.pluginmanager.register(_EachTest(file), "denet-each-test")
