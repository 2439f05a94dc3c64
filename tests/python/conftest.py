# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the tests of the Python package."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "cli"))

from leftovers import _nothing_is_left_behind  # noqa: E402, F401 # a fixture of every test


@pytest.fixture
def descriptors() -> Iterator[None]:
    """A test leaves as many descriptors open as there were."""
    before = os.listdir("/proc/self/fd")
    yield
    assert len(os.listdir("/proc/self/fd")) == len(before)
