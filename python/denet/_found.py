# SPDX-License-Identifier: GPL-3.0-or-later
"""What a monitor has found so far, as its methods give it."""

from __future__ import annotations

import os
from typing import Any

from ._denet import lib
from ._options import StrOrBytesPath, check_format
from ._pulling import Pulling
from ._stream import Sink, Stream, Summary, record_text


class Found(Pulling):
    """Samples, children, metadata and the summary."""

    def get_samples(self) -> list[str]:
        """The samples kept in memory, oldest first; each is a line of JSON."""
        return list(self._samples)

    def clear_samples(self) -> None:
        """Forgets them, and what the summary was made of."""
        self._check_process()
        with self._lock:
            self._samples = []
            self._summary = Summary()

    def save_samples(self, path: StrOrBytesPath, format: str | None = None) -> None:
        """Writes the samples kept in memory: "jsonl", a line each; "json", one array; "csv", a row each.

        None: by the file's name, else jsonl. A last .gz or .zst in the name compresses.
        """
        name = os.fsencode(path)
        if format is not None:
            check_format(format)
        lines = self.get_samples()
        if not lines:
            array = format == "json" or (format is None and name.endswith(b".json"))
            with open(path, "wb") as file:
                file.write(b"[]" if array else b"")
            return
        sink = Sink.open(name, format)
        stream = Stream.parse("".join(f"{line}\n" for line in lines).encode())
        code = 0
        try:
            while code == 0:
                code = sink.write(stream.next())
        except EOFError:
            pass
        code = min(code, sink.finish())
        if code < 0:
            raise OSError(-code, os.strerror(-code), os.fsdecode(name))

    def get_summary(self) -> str:
        """The summary so far as JSON: total_time_secs, avg_cpu_usage (percent; 100 is one core), peak_mem_rss_kb …

        >>> import denet, json
        >>> monitor = denet.ProcessMonitor(["true"], 100, 1000, quiet=True)
        >>> monitor.run()
        >>> json.loads(monitor.get_summary())["sample_count"] >= 1
        True
        """
        self._check_process()
        with self._lock:
            return self._summary.json()

    def get_metadata(self) -> str | None:
        """The metadata record as JSON: pid, cmd, executable, t0_ms (Unix milliseconds), capabilities …"""
        return "{" + self._metadata.partition(",")[2] if self._metadata else None

    def get_env(self) -> str:
        """The env record as JSON: this machine, its processors, memory and kernel."""
        if self._env:
            return self._env
        stream = Stream.probe()
        while True:
            record = stream.next()
            if lib.denet_record_kind(record) == lib.DENET_ENV:
                return record_text(record)

    def get_children(self) -> list[str]:
        """A child record, a line of JSON, for each process seen so far besides the main one, and for each exec."""
        return list(self._children)

    # -------------------------------------------------------------------------------------------------------- GPUs

    def is_gpu_enabled(self) -> bool:
        """Whether GPUs were asked for, and are measured."""
        import json

        if not self._options.enable_gpu or not self._metadata:
            return False
        gpu = json.loads(self._metadata).get("capabilities", {}).get("gpu") or {}
        return bool(gpu.get("available"))

    def gpu_device_count(self) -> int:
        """How many GPUs are measured, by the last sample."""
        return len(self._gpu().get("devices", ()))

    def get_gpu_summary(self) -> str:
        """The GPUs by the last sample, as JSON; utilization is percent, memory is GiB."""
        import json

        gpu = self._gpu()
        used, free = (float(gpu.get(key) or 0) for key in ("total_memory_used", "total_memory_available"))
        total = sum(float(device.get("memory_total") or 0) for device in gpu.get("devices", ()))
        return json.dumps(
            {
                "device_count": self.gpu_device_count(),
                "enabled": self.is_gpu_enabled(),
                "max_gpu_utilization": float(gpu.get("max_gpu_utilization") or 0),
                "max_memory_utilization": float(gpu.get("max_memory_utilization") or 0),
                "total_memory_gb": (total or used + free) / 2**30,
                "total_memory_used_gb": used / 2**30,
            },
            separators=(",", ":"),
        )

    def _gpu(self) -> dict[str, Any]:
        import json

        if not self._last_gpu:
            return {}
        sample = json.loads(self._last_gpu)
        gpu = (sample.get("aggregated") or sample).get("gpu") or sample.get("gpu") or {}
        assert isinstance(gpu, dict)
        return gpu
