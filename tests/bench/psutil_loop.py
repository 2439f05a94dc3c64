# SPDX-License-Identifier: GPL-3.0-or-later
"""psutil_loop.py PID FILE: what one writes oneself: a tree's CPU, memory and I/O with psutil, a JSON line at 10 Hz."""

import json
import sys
import time

import psutil

root = psutil.Process(int(sys.argv[1]))
due = time.monotonic()
with open(sys.argv[2], "w") as out:
    while True:
        rows = []
        for p in [root, *root.children(recursive=True)]:
            with p.oneshot():
                cpu, memory, io = p.cpu_times(), p.memory_info(), p.io_counters()
                rows.append([p.pid, p.name(), cpu.user, cpu.system, memory.rss, memory.vms, *io[:4], p.num_threads()])
        out.write(json.dumps({"sample": rows}) + "\n")
        out.flush()
        due = max(due + 0.1, time.monotonic())
        time.sleep(max(due - time.monotonic(), 0))
