"""Which devices share a batch, and how arrays get there and back; eight are simulated on a CPU."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("jax", reason='needs JAX: pip install "glassgrad[jax]"')

from autograd.compiler.backends.jax.devices import Devices

ROOT = Path(__file__).parents[4]
EIGHT = """
import json
import jax
import numpy as np
from autograd.compiler.backends.jax.devices import Devices

def said(asked):
    try:
        return repr(Devices(asked))
    except Exception as error:
        return f"{type(error).__name__}: {error}"

rows = np.arange(24.0, dtype="f4").reshape(8, 3)
told = {}
for count in (1, 2, 4, 8):
    devices = Devices(count)
    split, shared = devices.split(rows), devices.shared(rows)
    sums = jax.jit(lambda x: x.sum(0), out_shardings=devices.replicated)(split)
    twice = jax.jit(lambda x: 2 * x, out_shardings=devices.fetchable)(split)
    told[count] = {
        "split": [shard.data.tolist() for shard in split.addressable_shards],
        "shared": [shard.data.shape == rows.shape for shard in shared.addressable_shards],
        "sums": devices.fetched(sums).tolist(),
        "twice": devices.fetched(twice).tolist(),
    }
some = jax.devices()[5:7]
told["first"] = [said(asked) for asked in (None, 2, np.int64(2))]
told["wrong"] = [said(asked) for asked in (9, 0, -1, True, "2")]
told["lists"] = [said(asked) for asked in (some, [], [some[0]] * 2, [0, 1])]
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def told():
    """What a process with eight devices says of them."""
    flags = {"XLA_FLAGS": "--xla_force_host_platform_device_count=8", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", EIGHT],
        env=os.environ | flags, capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("count", [1, 2, 4, 8])
def test_samples_are_split_in_their_order_and_what_is_shared_is_whole_on_each(told, count):
    rows = [[3.0 * k, 3.0 * k + 1, 3.0 * k + 2] for k in range(8)]
    each, here = 8 // count, told[str(count)]
    assert here["split"] == [rows[k : k + each] for k in range(0, 8, each)]
    assert here["shared"] == [True] * count
    assert here["sums"] == [84.0, 92.0, 100.0]
    assert here["twice"] == [[2 * x for x in row] for row in rows]


def test_devices_are_the_first_so_many_or_those_of_a_list(told):
    assert told["first"] == ["Devices(cpu:0)", "Devices(cpu:0, cpu:1)", "Devices(cpu:0, cpu:1)"]
    assert told["lists"][0] == "Devices(cpu:5, cpu:6)"


def test_more_devices_than_there_are_names_those_and_how_a_cpu_stands_for_more(told):
    assert told["wrong"][0] == (
        "ValueError: devices: 9 are asked for, there are 8: cpu:0, cpu:1, cpu:2, cpu:3, cpu:4, "
        "cpu:5, cpu:6, cpu:7 (for a trial, a CPU may stand for 9: set "
        "XLA_FLAGS=--xla_force_host_platform_device_count=9 before Python starts)"
    )


def test_what_is_no_number_of_devices_is_refused(told):
    assert told["wrong"][1:] == [
        "ValueError: devices must be at least 1, got 0",
        "ValueError: devices must be at least 1, got -1",
        "TypeError: devices must be an int, got True",
        "TypeError: devices must be an int, got '2'",
    ]
    assert told["lists"][1:] == [
        "ValueError: devices: take at least one, and each once; got []",
        "ValueError: devices: take at least one, and each once; got [cpu:5, cpu:5]",
        "TypeError: devices: take a number, or some of jax.devices(); got 0",
    ]


def test_float64_stays_so_where_it_is_asked_for_and_nowhere_else():
    devices, rows = Devices(), np.ones((2, 3))
    with devices.precision("float64"):
        assert devices.split(rows).dtype == devices.shared(rows).dtype == np.float64
    with devices.precision("bfloat16"):
        assert devices.split(rows).dtype == np.float32
    assert devices.split(rows).dtype == np.float32


def test_what_the_host_writes_later_does_not_reach_what_is_shared():
    memory = np.zeros(1024, np.float32)
    for start in range(16):  # JAX takes over memory that begins where a cache line does
        rows = memory[start : start + 512]
        shared = Devices().shared(rows).block_until_ready()
        rows[:] += 1
        assert Devices().fetched(shared).max() == rows[0] - 1


def test_without_jax_the_error_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "jax", None)
    with pytest.raises(ImportError, match=r'needs jax: pip install "glassgrad\[jax\]"'):
        Devices()
