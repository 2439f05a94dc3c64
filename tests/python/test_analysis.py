# SPDX-License-Identifier: GPL-3.0-or-later
"""What the analysis functions say, on records whose answer is known."""

from __future__ import annotations

import json
import statistics
from pathlib import Path
from typing import Any

import pytest

import denet

PEER = Path(__file__).parents[1] / "fixtures" / "peer"


def sample(ts_ms: int, cpu: float = 0.0, rss_kb: int = 1024, **more: Any) -> dict[str, Any]:
    return {"kind": "sample", "ts_ms": ts_ms, "cpu_usage": cpu, "mem_rss_kb": rss_kb, "thread_count": 1, **more}


def tree(
    ts_ms: int, parent: dict[str, Any] | None, children: list[dict[str, Any]], whole: dict[str, Any]
) -> dict[str, Any]:
    return {
        "kind": "tree",
        "ts_ms": ts_ms,
        "parent": parent,
        "children": children,
        "aggregated": {"ts_ms": ts_ms, **whole},
    }


def child(pid: int, cpu: float, rss_kb: int = 1024, uptime: int = 5, command: str = "sh") -> dict[str, Any]:
    metrics = {"cpu_usage": cpu, "mem_rss_kb": rss_kb, "thread_count": 2, "uptime_secs": uptime}
    return {"pid": pid, "command": command, "metrics": metrics}


OTHER_KINDS = [
    {"kind": "metadata", "pid": 1, "t0_ms": 0},
    {"kind": "env"},
    {"kind": "child", "pid": 3},
    {"kind": "exit", "ts_ms": 9},
]
FUNCTIONS = [denet.aggregate_metrics, denet.find_peaks, denet.resource_utilization, denet.process_tree_analysis]


# -------------------------------------------------------------------------------------------------- all of them


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize(
    "nothing",
    [None, [], "[]", OTHER_KINDS, [{"kind": "tree", "ts_ms": 1, "parent": None, "children": [], "aggregated": None}]],
)
def test_of_nothing_there_is_nothing_to_say(function: Any, nothing: Any) -> None:
    assert function(nothing) in ([], {})


@pytest.mark.parametrize("function", FUNCTIONS)
def test_what_is_no_record_is_refused(function: Any) -> None:
    with pytest.raises(ValueError, match=r"metrics\[1\]"):
        function([sample(1), 7])
    with pytest.raises(TypeError, match="int"):
        function(7)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_hostile_values_are_as_if_absent(function: Any) -> None:
    hostile = [
        {"kind": "sample", "ts_ms": 1, "cpu_usage": None, "mem_rss_kb": "x", "thread_count": True},
        {"kind": "sample", "ts_ms": None, "cpu_usage": float("nan"), "mem_rss_kb": [], "disk_read_bytes": {}},
        {
            "kind": "tree",
            "ts_ms": "1",
            "parent": 3,
            "children": [None, {"pid": "x"}],
            "aggregated": {"cpu_usage": float("inf")},
        },
    ]
    function(hostile)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_path_json_strings_and_dicts_give_the_same(function: Any) -> None:
    path = PEER / "tree3.jsonl"
    text = path.read_text()
    dicts = [json.loads(line) for line in text.splitlines()]
    assert function(path) == function(str(path)) == function(text) == function(text.splitlines()) == function(dicts)


# -------------------------------------------------------------------------------------------------- aggregation


def test_a_mean_is_weighted_by_time() -> None:
    """One busy tenth of a second, then nine tenths idle: a tenth, not a half."""
    [folded] = denet.aggregate_metrics([sample(0), sample(100, 100.0), sample(1000, 0.0)], window_size=3)
    assert folded["cpu_usage"] == pytest.approx(10.0)


def test_windows_are_consecutive_and_the_last_may_be_short() -> None:
    folded = denet.aggregate_metrics([sample(t * 100, t) for t in range(5)], window_size=2, method="max")
    assert [f["cpu_usage"] for f in folded] == [1, 3, 4]
    assert [f["_window_size"] for f in folded] == [2, 2, 1]
    assert [f["ts_ms"] for f in folded] == [100, 300, 400]
    assert all(f["_aggregated"] is True and f["_aggregation_method"] == "max" for f in folded)


@pytest.mark.parametrize(("method", "cpu", "calls"), [("mean", 2.0, 30), ("max", 3.0, 30), ("min", 1.0, 10)])
def test_counters_are_the_last_one_and_gauges_are_folded(method: str, cpu: float, calls: int) -> None:
    records = [sample(i * 100, float(i), io_read_ops=i * 10) for i in (1, 2, 3)]
    [folded] = denet.aggregate_metrics(records, method=method)
    assert (folded["cpu_usage"], folded["io_read_ops"]) == (pytest.approx(cpu, abs=0.6), calls)


def test_of_a_tree_the_aggregate_is_folded() -> None:
    [folded] = denet.aggregate_metrics(
        [tree(0, None, [], {"cpu_usage": 2.0}), tree(100, None, [], {"cpu_usage": 4.0})], method="max"
    )
    assert folded["kind"] == "tree" and folded["ts_ms"] == 100
    assert folded["aggregated"]["cpu_usage"] == 4.0


def test_the_shape_is_that_of_older_releases() -> None:
    [folded] = denet.aggregate_metrics([sample(1, 1.0, state="R"), sample(2, 3.0)], window_size=5)
    assert list(folded)[:3] == ["kind", "ts_ms", "cpu_usage"] and folded["state"] == "R"


def test_wrong_windows_and_methods_are_refused() -> None:
    with pytest.raises(ValueError, match="method"):
        denet.aggregate_metrics([sample(1)], method="median")
    with pytest.raises(ValueError, match="window_size"):
        denet.aggregate_metrics([sample(1)], window_size=0)
    with pytest.raises(TypeError, match="window_size"):
        denet.aggregate_metrics([sample(1)], window_size=2.5)  # type: ignore[arg-type]


# --------------------------------------------------------------------------------------------------------- peaks


def peaks(values: list[float], **arguments: Any) -> list[int]:
    return [r["ts_ms"] for r in denet.find_peaks([sample(i, v) for i, v in enumerate(values)], **arguments)]


def test_each_rise_has_one_peak_its_highest() -> None:
    assert peaks([0, 0, 10, 0, 0]) == [2]
    assert peaks([0, 8, 9, 8, 0, 0, 0, 10, 0]) == [2, 7]


def test_the_first_the_last_and_a_plateau_are_peaks_too() -> None:
    assert peaks([10, 0, 0, 0, 10]) == [0, 4]
    assert peaks([0, 10, 10, 10, 0]) == [1]
    assert peaks([5]) == [0]


def test_a_dip_shorter_than_half_the_window_parts_nothing() -> None:
    assert peaks([0, 9, 0, 10, 0], window_size=5) == [3]
    assert peaks([0, 9, 0, 10, 0], window_size=1) == [1, 3]


def test_a_threshold_above_one_is_a_value() -> None:
    assert peaks([0, 60, 0, 0, 40, 0], threshold=50) == [1]
    assert peaks([0, 60, 0, 0, 40, 0], threshold=0.5) == [1, 4]
    assert peaks([0, 1, 0], threshold=50) == []


def test_peaks_of_trees_and_of_nested_fields_are_found_beside_other_kinds() -> None:
    records = [
        *OTHER_KINDS,
        tree(1, None, [], {"cpu_usage": 1.0, "psi_mem": {"some_avg10": 0.1}}),
        tree(2, None, [], {"cpu_usage": 9.0, "psi_mem": {"some_avg10": 0.0}}),
    ]
    assert [r["ts_ms"] for r in denet.find_peaks(records)] == [2]
    assert [r["ts_ms"] for r in denet.find_peaks(records, field="psi_mem.some_avg10")] == [1]
    assert denet.find_peaks(records, field="none") == []


# --------------------------------------------------------------------------------------------------- utilisation


def test_equal_intervals_give_the_plain_figures() -> None:
    cpu = [10.0, 40.0, 20.0, 30.0]
    found = denet.resource_utilization(
        [sample(0, 0.0)] + [sample((i + 1) * 100, c, (i + 1) * 1024) for i, c in enumerate(cpu)]
    )
    assert found["avg_cpu"] == pytest.approx(25.0)
    assert (found["max_cpu"], found["min_cpu"], found["median_cpu"]) == (40.0, 0.0, 25.0)
    assert found["total_time_sec"] == pytest.approx(0.4)


def test_with_equal_weights_the_deviation_is_that_of_statistics() -> None:
    cpu = [10.0, 40.0, 20.0, 30.0]
    found = denet.resource_utilization(
        [sample((i + 1) * 100, c, elapsed_us=(i + 1) * 100000) for i, c in enumerate(cpu)]
    )
    assert found["stdev_cpu"] == found["std_cpu"] == pytest.approx(statistics.stdev(cpu))
    assert found["avg_cpu"] == pytest.approx(statistics.mean(cpu))


def test_a_burst_does_not_outweigh_idle_seconds() -> None:
    records = [sample(t, 100.0) for t in range(0, 1001, 100)] + [sample(t, 0.0) for t in range(2000, 10001, 1000)]
    found = denet.resource_utilization(records)
    assert found["avg_cpu"] == pytest.approx(10.0)
    assert found["median_cpu"] == 0.0


def test_both_spellings_are_there() -> None:
    found = denet.resource_utilization(
        [
            sample(0, 1.0, 2048, disk_read_bytes=2**20, disk_write_bytes=2**21),
            sample(100, 1.0, 4096, disk_read_bytes=2**20, disk_write_bytes=2**21),
        ]
    )
    for key in ("avg", "max", "min", "median", "stdev"):
        assert found[f"{key}_mem_mb"] == found[f"{key}_memory_mb"]
    assert (found["total_read_mb"], found["total_write_mb"], found["total_io_bytes"]) == (1.0, 2.0, 3 * 2**20)


def test_of_one_record_there_is_no_deviation() -> None:
    found = denet.resource_utilization([sample(5, 7.0)])
    assert found["avg_cpu"] == found["median_cpu"] == 7.0
    assert "stdev_cpu" not in found and found["total_time_sec"] == 0


def test_trees_count_and_the_exit_record_does_no_harm() -> None:
    found = denet.resource_utilization(
        [*OTHER_KINDS, tree(0, None, [], {"cpu_usage": 1.0, "thread_count": 3}), OTHER_KINDS[-1]]
    )
    assert (found["avg_cpu"], found["max_threads"]) == (1.0, 3)
    assert "avg_mem_mb" not in found


def test_old_names_of_the_network_are_understood() -> None:
    found = denet.resource_utilization([sample(0, net_rx_bytes=2**20, net_tx_bytes=0)])
    assert (found["total_sys_net_rx_mb"], found["total_sys_net_tx_mb"]) == (1.0, 0.0)


def test_a_counter_that_fell_when_a_child_ended_keeps_what_it_was() -> None:
    found = denet.resource_utilization([sample(0, disk_read_bytes=2**22), sample(100, disk_read_bytes=2**20)])
    assert found["total_read_mb"] == 4.0


# ---------------------------------------------------------------------------------------------- process by process


def test_a_real_tree_is_told_process_by_process() -> None:
    metrics = {"cpu_usage": 10.0, "mem_rss_kb": 1024, "thread_count": 1}
    records = [
        tree(0, metrics, [child(7, 0.0)], {"cpu_usage": 10.0, "mem_rss_kb": 2048, "thread_count": 3}),
        tree(
            100,
            metrics,
            [child(7, 50.0, 2048), child(8, 4.0, command="ls")],
            {"cpu_usage": 64.0, "mem_rss_kb": 4096, "thread_count": 5},
        ),
    ]
    found = denet.process_tree_analysis(records)
    assert found["main_process"] == {
        "avg_cpu": 10.0,
        "max_cpu": 10.0,
        "avg_memory_mb": 1.0,
        "max_memory_mb": 1.0,
        "avg_threads": 1.0,
        "max_threads": 1.0,
    }
    assert found["child_processes"][7]["max_cpu"] == 50.0 and found["child_processes"][7]["max_memory_mb"] == 2.0
    assert found["child_processes"][8]["command"] == "ls"
    assert (found["total"]["max_cpu"], found["total"]["max_memory_mb"], found["total"]["max_threads"]) == (
        64.0,
        4.0,
        5.0,
    )


def test_a_tree_whose_main_process_has_ended_is_told_too() -> None:
    found = denet.process_tree_analysis([tree(0, None, [child(7, 3.0)], {"cpu_usage": 3.0})])
    assert found["main_process"]["max_cpu"] == 0.0 and found["child_processes"][7]["avg_cpu"] == 3.0


def test_a_pid_that_is_used_again_is_two_processes() -> None:
    whole = {"cpu_usage": 1.0}
    found = denet.process_tree_analysis(
        [
            tree(0, None, [child(7, 9.0, uptime=50, command="a")], whole),
            tree(100, None, [child(7, 1.0, uptime=0, command="b")], whole),
        ]
    )
    assert found["child_processes"][7]["command"] == "b" and found["child_processes"][7]["max_cpu"] == 1.0
    assert [p["command"] for p in found["child_processes"][7]["earlier"]] == ["a"]


def test_the_flat_form_is_understood() -> None:
    flat = {
        "ts_ms": 1,
        "cpu_usage": 1.0,
        "mem_rss_kb": 1024,
        "thread_count": 1,
        "children": [{"pid": 2, "cpu_usage": 2.0, "mem_rss_kb": 1024, "thread_count": 1}],
    }
    found = denet.process_tree_analysis([flat])
    assert (found["main_process"]["avg_cpu"], found["child_processes"][2]["avg_cpu"], found["total"]["avg_cpu"]) == (
        1.0,
        2.0,
        3.0,
    )


# ------------------------------------------------------------------------------------------- beside the Rust denet's


def kind(value: Any) -> type:
    """A whole number may stand where a float stood: json tells 1 from 1.0, arithmetic does not."""
    return float if isinstance(value, (int, float)) and not isinstance(value, bool) else type(value)


def test_utilisation_has_every_key_that_older_releases_gave() -> None:
    theirs = json.loads((PEER / "py_resource_utilization.json").read_text())
    ours = denet.resource_utilization(PEER / "exclude_children.jsonl")
    assert {key: kind(ours[key]) for key in theirs} == {key: kind(value) for key, value in theirs.items()}
    for key in ("max_cpu", "min_cpu", "max_mem_mb", "min_mem_mb", "max_threads", "total_time_sec"):
        assert ours[key] == pytest.approx(theirs[key])


def test_aggregation_has_the_shape_that_older_releases_gave() -> None:
    theirs = json.loads((PEER / "py_aggregate_samples.json").read_text())
    ours = denet.aggregate_metrics(PEER / "exclude_children.jsonl", window_size=3)
    assert [list(record) for record in ours] == [list(record) for record in theirs]
    for our, their in zip(ours, theirs):
        assert {key: kind(our[key]) for key in their} == {key: kind(value) for key, value in their.items()}
        assert (our["ts_ms"], our["_window_size"]) == (their["ts_ms"], their["_window_size"])
