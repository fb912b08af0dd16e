"""A batch on one device, on several, and in two processes: losses, gradients, statistics, masks."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("jax", reason='needs JAX: pip install "glassgrad[jax]"')

ROOT = Path(__file__).parents[4]
SCRIPT = """
import json
import random
import sys
import jax
import numpy as np
import autograd
import nn

counts, *place = json.loads(sys.argv[1])
if place:
    jax.distributed.initialize(*place)
random.seed(0)
noise = random.Random()
model = nn.Sequential(
    nn.Conv2D(1, 2, 3), nn.BatchNorm2D(2), nn.ReLU(), nn.Dropout(0.3, rng=noise),
    nn.Flatten(), nn.Dense(72, 10),
)
loss, state = nn.CrossEntropyLoss(), model.state_dict()

def function(x, t):
    scores = model(x)
    return loss(scores, t), scores

examples = np.zeros((1, 8, 8)), np.eye(10)[0]
program = autograd.compile(function, *examples, parameters=model.parameters(), backend="numpy")
rng = np.random.default_rng(0)
images, targets = rng.normal(1, 2, (24, 1, 8, 8)), np.eye(10)[rng.integers(0, 10, 24)]

def passed(n):
    # the loss, scores, gradient and running statistics of n samples, in a row
    model.load_state_dict(state)
    noise.seed(0)
    value, gradients = program.value_and_grad(images[:n], targets[:n])
    kept = [part.numpy() for _, part in model.named_state() if not part.trainable]
    found = [np.array(value), program.outputs[1], *gradients, *kept]
    return np.concatenate([array.ravel() for array in found])

expected = [passed(24), passed(21)]
worst = {}
for count in counts:
    program = program.to("jax", devices=count)
    found = [passed(24), passed(21)]
    worst[count] = max(float(np.abs(a - b).max()) for a, b in zip(found, expected))
print(json.dumps(worst))
"""


def started(counts, simulated, *place):
    """A process with simulated devices; of several, `place` says where the first is, and which."""
    flags = {"XLA_FLAGS": f"--xla_force_host_platform_device_count={simulated}"}
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", SCRIPT, json.dumps([counts, *place])],
        env=os.environ | flags | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8",
    )  # fmt: skip


def worst(process):
    """The largest difference to NumPy by number of devices, which stands in the last line."""
    output, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    return json.loads(output.splitlines()[-1])


def test_any_number_of_devices_finds_what_numpy_does():
    found = worst(started([1, 2, 4, 8], 8))
    assert [*found] == ["1", "2", "4", "8"]
    assert max(found.values()) < 1e-5


def test_two_processes_find_what_numpy_does():
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
    processes = [started([8], 4, address, 2, k) for k in range(2)]
    try:
        assert [worst(process)["8"] < 1e-5 for process in processes] == [True, True]
    finally:
        for process in processes:  # where one has failed, the other one waits
            process.kill()
