# SPDX-License-Identifier: GPL-3.0-or-later
"""denet: what a command and everything it starts used, as records.

>>> import denet
>>> code, monitor = denet.execute_with_monitoring(["sleep", "0.2"])
>>> code
0
>>> import json
>>> json.loads(monitor.get_summary())["max_processes"]
1
"""

from ._stream import version as _version
from .execute import execute_with_monitoring
from .monitor import ProcessMonitor

__version__ = _version()

__all__ = [
    "ProcessMonitor",
    "execute_with_monitoring",
]

# Older releases had it in the compiled part.
ProcessMonitor.__module__ = "denet"
