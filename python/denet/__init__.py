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
from .analysis import aggregate_metrics, find_peaks, process_tree_analysis, resource_utilization
from .execute import execute_with_monitoring
from .frames import to_dataframe
from .measure import Measurement, measure
from .monitor import ProcessMonitor
from .records import convert_format, load_metrics, save_metrics
from .summary import generate_summary_from_file, generate_summary_from_metrics_json

__version__ = _version()

__all__ = [
    "Measurement",
    "ProcessMonitor",
    "aggregate_metrics",
    "convert_format",
    "execute_with_monitoring",
    "find_peaks",
    "generate_summary_from_file",
    "generate_summary_from_metrics_json",
    "load_metrics",
    "measure",
    "process_tree_analysis",
    "resource_utilization",
    "save_metrics",
    "to_dataframe",
]

# Older releases had it in the compiled part.
ProcessMonitor.__module__ = "denet"
