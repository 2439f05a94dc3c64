# SPDX-License-Identifier: GPL-3.0-or-later
"""A script as users of the Rust denet wrote it. Prints what each call gives, as keys and types, one JSON object.

What it printed under the Rust denet 0.10.3 is tests/fixtures/peer/same_script.json; under ours test_parity.py runs it.
"""

# mypy: ignore-errors

import json
import sys
import tempfile
import time

import denet

MARKS = {bool: "bool", int: "number", float: "number", str: "str", type(None): "null"}


def shape(value: object) -> object:
    if isinstance(value, dict):
        return {str(key): shape(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [shape(value[0])] if value else []
    return MARKS[type(value)]


folder = tempfile.mkdtemp()
said = {}
monitor = denet.ProcessMonitor(["sh", "-c", "sleep 0.35 & sleep 0.4; wait"], 50, 100, quiet=True)
time.sleep(0.1)
said["get_pid"] = shape(monitor.get_pid())
said["sample_once"] = shape(json.loads(monitor.sample_once()))
said["get_metadata"] = shape(json.loads(monitor.get_metadata()))
said["get_env"] = shape(json.loads(monitor.get_env()))
monitor.run()
said["get_samples"] = shape([json.loads(line) for line in monitor.get_samples()])
said["get_children"] = shape([json.loads(line) for line in monitor.get_children()])
said["get_summary"] = shape(json.loads(monitor.get_summary()))
said["is_running"] = shape(monitor.is_running())
said["gpu"] = [
    shape(monitor.is_gpu_enabled()),
    shape(monitor.gpu_device_count()),
    shape(json.loads(monitor.get_gpu_summary())),
]
path = folder + "/samples.jsonl"
monitor.save_samples(path, "jsonl")
said["generate_summary_from_file"] = shape(json.loads(denet.generate_summary_from_file(path)))
said["generate_summary_from_metrics_json"] = shape(
    json.loads(denet.generate_summary_from_metrics_json(monitor.get_samples(), 1.5))
)
flat = denet.ProcessMonitor(["sleep", "0.3"], 50, 100, quiet=True, include_children=False)
flat.run()
samples = [json.loads(line) for line in flat.get_samples()]
said["aggregate_metrics"] = shape(denet.aggregate_metrics(samples, 2, "mean"))
said["find_peaks"] = shape(denet.find_peaks(samples, "mem_rss_kb", 0.5, 1))[:0]
said["resource_utilization"] = shape(denet.resource_utilization(samples))
children = [{"pid": 5, "cpu_usage": 1.0, "mem_rss_kb": 7, "thread_count": 1}]
tree = {"ts_ms": 1, "cpu_usage": 1.0, "mem_rss_kb": 7, "thread_count": 1, "children": children}
said["process_tree_analysis"] = shape(denet.process_tree_analysis([tree, tree]))
denet.save_metrics(samples, folder + "/m.jsonl")
said["load_metrics"] = shape(denet.load_metrics(folder + "/m.jsonl"))
said["convert_format"] = [shape(denet.convert_format(samples, name)) for name in ("csv", "json", "jsonl")]
code, executed = denet.execute_with_monitoring(["sh", "-c", "sleep 0.3; exit 3"])
said["execute_with_monitoring"] = [code, shape(json.loads(executed.get_summary()))]
json.dump(said, sys.stdout, indent=1, sort_keys=True)
