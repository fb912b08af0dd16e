"""Training on other backends: what NumPy trains, on one device of JAX's and on several."""

import json
import os
import random
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import nn

ROOT = Path(__file__).parents[3]
TRAINED = """
import functools, json, random, sys
import nn
from autograd.compiler.backends import choose

choose.Jax = functools.partial(choose.Jax, haste=True)
digits = nn.data.digits().subset([3, 8])
train, validation = digits.take(range(90)), digits.take(range(96, 140))


def run(epochs=2, **options):
    random.seed(3)
    model = nn.Sequential(
        nn.Conv2D(1, 2, 3, stride=2, bias=False), nn.BatchNorm2D(2), nn.ReLU(), nn.Dropout(0.3),
        nn.Flatten(), nn.Dense(18, 2),
    )
    rule = nn.Adam(model.parameters(), lr=0.005)
    trainer = nn.Trainer(model, nn.CrossEntropyLoss(), rule, nn.CosineLR(rule, 9), accumulate=2)
    trainer.fit(train, validation, epochs=epochs, batch_size=16, progress=False, **options)
    names = ("loss", "accuracy", "validation_loss", "validation_accuracy")
    epochs = [[getattr(epoch, name) for name in names] for epoch in trainer.history]
    return {"epochs": epochs, "model": model.state_dict()}, trainer


def told(**options):
    try:
        run(**options)
    except Exception as error:
        return f"{type(error).__name__}: {error}"


path, (four, trainer) = sys.argv[1], run(backend="jax", devices=4)
result = {"numpy": run(backend="numpy")[0], "one": run(backend="jax")[0], "four": four}
run(backend="jax", devices=1, epochs=1, checkpoint=path)
result["resumed"] = run(backend="jax", devices=2, checkpoint=path)[0]
result["evaluated"] = trainer.evaluate(validation, backend="jax", devices=3).loss
result["three"] = told(backend="jax", devices=3)
print(json.dumps(result))
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """What a process with four simulated devices tells of its trainings."""
    pytest.importorskip("jax", reason='needs pip install "glassgrad[jax]"')
    flags = {"XLA_FLAGS": "--xla_force_host_platform_device_count=4", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", TRAINED, tmp_path_factory.mktemp("run") / "run"],
        env=os.environ | flags, capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("devices", ["one", "four", "resumed"])
def test_the_same_seed_trains_what_numpy_trains_whatever_devices_share_the_batches(told, devices):
    """Masks, means over the batch, running means, and what a checkpoint brings to other devices."""
    ours, theirs = told[devices], told["numpy"]
    for mine, other in zip(ours["epochs"], theirs["epochs"], strict=True):
        assert mine == pytest.approx(other, rel=1e-5)
    for name, numbers in theirs["model"].items():
        np.testing.assert_allclose(ours["model"][name], numbers, rtol=1e-4, atol=1e-5)


def test_an_evaluation_may_be_on_devices_that_share_its_batches_unevenly(told):
    assert told["evaluated"] == pytest.approx(told["numpy"]["epochs"][-1][2], rel=1e-5)


def test_batches_that_the_devices_cannot_share_evenly_are_refused(told):
    assert told["three"] == (
        "ValueError: fit: batch_size 16 is no multiple of 3 devices, which share each batch; take "
        "15 or 18"
    )


@pytest.mark.parametrize(
    ("options", "wrong"),
    [
        ({"devices": 2}, "devices are those of backend=\"jax\", not of 'auto'"),
        ({"backend": "native", "devices": 2}, "not of 'native'"),
        ({"backend": "cuda"}, 'must be one of "auto", "native", "numpy", "jax", got \'cuda\''),
        ({"backend": "numpy", "compiled": False}, "runs compiled programs, not scalars"),
        ({"backend": "jax", "devices": 0}, "devices must be at least 1, got 0"),
        ({"backend": "jax", "devices": 8, "batch_size": 4}, "4 is no multiple of 8 .* take 8"),
    ],
)
def test_a_machine_that_there_is_not_is_refused(options, wrong):
    model = nn.Sequential(nn.Dense(1, 1))
    trainer = nn.Trainer(model, nn.MSELoss(), nn.SGD(model.parameters()))
    with pytest.raises(ValueError, match=f"fit: .*{wrong}"):
        trainer.fit(([[1.0]], [[1.0]]), progress=False, **options)


def test_a_backend_is_what_runs_the_programs():
    random.seed(0)
    model = nn.Sequential(nn.Dense(1, 1))
    trainer = nn.Trainer(model, nn.MSELoss(), nn.SGD(model.parameters()))
    data = [[1.0]], [[1.0]]
    losses = [trainer.fit(data, progress=False, backend=way)[-1].loss for way in ("numpy", "auto")]
    evaluated = trainer.evaluate(data, backend="numpy").loss
    assert evaluated < losses[1] < losses[0]


PROCESS = """
import functools, random, sys
import jax
import numpy as np

port, process, path = sys.argv[1:]
backend = "numpy" if process == "alone" else "jax"
if backend == "jax":
    jax.distributed.initialize(f"127.0.0.1:{port}", 2, int(process))
import nn
from autograd.compiler.backends import choose

choose.Jax = functools.partial(choose.Jax, haste=True)
random.seed(3)
model = nn.Sequential(nn.Dense(64, 4), nn.BatchNorm1D(4), nn.Dropout(0.3), nn.Dense(4, 2))
digits = nn.data.digits().subset([3, 8]).take(range(40))
data = np.reshape(digits.images, (40, 64)), digits.labels
trainer = nn.Trainer(model, nn.CrossEntropyLoss(), nn.SGD(model.parameters(), lr=0.1))
trainer.fit(data, batch_size=16, backend=backend, checkpoint=f"{path}/{process}")
sys.exit(str(trainer.history[-1].loss))
"""


def test_of_several_processes_that_train_as_one_the_first_prints_and_saves(tmp_path):
    pytest.importorskip("jax", reason='needs pip install "glassgrad[jax]"')
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
    started = [
        subprocess.Popen(
            [sys.executable, "-c", PROCESS, port, name, tmp_path],
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8",
        )
        for name in ("0", "1", "alone")
    ]  # fmt: skip
    ended = [process.communicate(timeout=300) for process in started]
    losses = [errors.split()[-1] for _, errors in ended]
    assert float(losses[0]) == pytest.approx(float(losses[2]), rel=1e-5)
    assert losses[0] == losses[1]
    assert ["epoch  1" in printed for printed, _ in ended] == [True, False, True]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0", "alone"]
