"""`benchmark_gpu.py` says so where there is no GPU, and its rows can be tried on a CPU."""

import importlib.util

import pytest

pytest.importorskip("jax", reason='needs JAX: pip install "glassgrad[jax]"')

import benchmark_gpu
from benchmark_nets import Net

no_torch = importlib.util.find_spec("torch") is None


def test_without_a_gpu_a_line_says_that_nothing_is_measured(capsys):
    benchmark_gpu.main([])
    told = capsys.readouterr().out
    assert told == "not measured: JAX sees no GPU here (--cpu tries the script without one)\n"


@pytest.mark.skipif(no_torch, reason="PyTorch is not installed")
def test_a_row_for_each_precision_size_and_peer(monkeypatch):
    peers = benchmark_gpu.peers

    def eager_alone(*given):
        return {"PyTorch": peers(*given)["PyTorch"], "none": lambda: 1 / 0}

    monkeypatch.setattr(benchmark_gpu, "peers", eager_alone)
    monkeypatch.setattr(benchmark_gpu, "taking_turns", quickly)
    rows = list(
        benchmark_gpu.rows({"dense": Net((4,), lambda of: of.dense(4, 10), {})}, [8], "cpu")
    )
    assert [row.what for row in rows] == [
        "dense, batch 8, float32",
        "- against none, ZeroDivisionError: division by zero",
        "dense, batch 8, bfloat16",
        "- against none, ZeroDivisionError: division by zero",
    ]
    assert all(row.ratio.endswith("×") for row in rows[::2])
    assert not any(row.peer for row in rows[1::2])


def quickly(steps, repeats, warm):
    """Each step once, as if it took a second."""
    for step in steps:
        step()
    return [[1.0] for _ in steps]
