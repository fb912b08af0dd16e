"""A training that was killed goes on where it was, and ends as if nothing had happened."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import nn
from nn.data import DataError

ROOT = Path(__file__).parents[3]
EPOCHS = 150


def trained(path, epochs=EPOCHS, seed=0, channels=2, optimizer=nn.Adam, compiled=True, **options):
    """A training that uses all that has a state: generators, slots, buffers, schedule, callback."""
    random.seed(3)
    data = nn.data.digits().subset([3, 8])
    train, validation = data.take(range(96)), data.take(range(96, 160))
    model = nn.Sequential(
        nn.Conv2D(1, channels, 3, stride=2), nn.BatchNorm2D(channels), nn.Dropout(0.3),
        nn.Flatten(), nn.Dense(9 * channels, 2), nn.Dropout(0.1),
    )  # fmt: skip
    rule = optimizer(model.parameters(), lr=0.005)
    trainer = nn.Trainer(model, nn.CrossEntropyLoss(), rule, nn.CosineLR(rule, 50), clip_norm=5.0)
    stopping = nn.EarlyStopping(patience=options.pop("patience", 1000))
    trainer.fit(
        train, validation, epochs=epochs, batch_size=16, seed=seed, progress=False,
        callbacks=[stopping], compiled=compiled, checkpoint=path, **options,
    )  # fmt: skip
    return trainer


def everything(trainer):
    columns = [
        [getattr(e, c) for c in ("number", "loss", "validation_loss", "lr")]
        for e in trainer.history
    ]
    return trainer.model.state_dict(), trainer.optimizer.state_dict(), columns


@pytest.mark.parametrize("compiled", [True, False])
def test_a_training_in_pieces_is_the_same_as_in_one(tmp_path, compiled):
    whole = trained(None, epochs=6, compiled=compiled)
    for epochs in (1, 3, 4, 6):
        pieces = trained(tmp_path / "run", epochs=epochs, compiled=compiled)
    assert everything(pieces) == everything(whole)
    assert nn.load(tmp_path / "run").state_dict() == whole.model.state_dict()
    assert everything(trained(tmp_path / "run", epochs=2, compiled=compiled)) == everything(whole)


WORKER = """
import os, sys
sys.path[:0] = sys.argv[2:]
from test_checkpoint import trained
for line in sys.stdin:
    child = os.fork()
    if not child:
        trained(sys.argv[1])
        os._exit(0)
    print(child, flush=True)
    print(os.waitpid(child, 0)[1], flush=True)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are killed where they can fork")
def test_after_twenty_kills_at_random_moments_the_result_is_the_same_bit_for_bit(tmp_path):
    path, rng = tmp_path / "run.safetensors", random.Random(0)
    worker = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", WORKER, path, Path(__file__).parent, ROOT],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=tmp_path,
    )  # fmt: skip

    def start():
        worker.stdin.write("go\n")
        worker.stdin.flush()
        return int(worker.stdout.readline())

    kills, epochs = 0, set()
    with worker:
        while kills < 20:
            before = path.stat().st_mtime_ns if path.exists() else 0
            child = start()
            while (path.stat().st_mtime_ns if path.exists() else 0) == before and kills % 3:
                time.sleep(0.001)  # two times of three, an epoch is awaited
            time.sleep(rng.uniform(0, 0.02))
            os.kill(child, signal.SIGKILL)
            ended = int(worker.stdout.readline())
            assert ended == signal.SIGKILL, "the training was over before it could be killed"
            kills += 1
            if path.exists():
                nn.load(path)  # whole at every moment
                epochs.add(path.read_bytes().count(b'\\"validation_accuracy\\"'))
        start()
        assert int(worker.stdout.readline()) == 0
        worker.stdin.close()
    assert len(epochs) > 5
    assert everything(trained(path)) == everything(trained(None))


def test_a_training_that_a_callback_has_ended_stays_ended(tmp_path):
    ended = trained(tmp_path / "run", epochs=60, patience=1, optimizer=nn.SGD)
    assert len(ended.history) < 60
    again = trained(tmp_path / "run", epochs=60, patience=1, optimizer=nn.SGD)
    assert everything(again) == everything(ended)


def test_another_training_is_refused_and_nothing_is_changed(tmp_path):
    path = tmp_path / "run"
    trained(path, epochs=1)
    whole = path.read_bytes()
    with pytest.raises(ValueError, match="begun with seed=0, now it is 1"):
        trained(path, seed=1)
    with pytest.raises(ValueError, match=r"another training: state: .* the model needs"):
        trained(path, channels=3)
    with pytest.raises(ValueError, match="another training: SGD: the state of Adam"):
        trained(path, optimizer=nn.SGD)
    assert path.read_bytes() == whole
    path.write_bytes(whole[:-1])
    with pytest.raises(DataError, match="damaged"):
        trained(path)
    nn.save(nn.Dense(1, 1), path)
    with pytest.raises(DataError, match="no training that could go on"):
        trained(path)


def test_no_changed_bit_is_taken(tmp_path):
    """All bits of the keys by which a checkpoint is known, and some of the rest."""
    path, rng = tmp_path / "run", random.Random(0)
    trainer, data = trained(path, epochs=1), nn.data.digits().take(range(8))
    whole = path.read_bytes()
    bits = rng.sample(range(8 * len(whole)), 200)
    for key in (b"format", b"architecture", b"training", b"sha256"):
        start = whole.index(b'"%s":' % key) + 1
        bits += range(8 * start, 8 * (start + len(key)))
    for bit in bits:
        damaged = bytearray(whole)
        damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(damaged)
        with pytest.raises(DataError, match="run: "):
            trainer.fit(data, epochs=1, seed=0, progress=False, checkpoint=path)


def test_an_interruption_leaves_the_last_epoch(tmp_path):
    def interrupt(trainer, epoch):
        if epoch.number == 3:
            raise KeyboardInterrupt

    random.seed(0)
    data = nn.data.digits().subset([0, 1]).take(range(64))
    model = nn.Sequential(nn.Flatten(), nn.Dense(64, 2))
    trainer = nn.Trainer(model, nn.CrossEntropyLoss(), nn.SGD(model.parameters(), lr=0.1))
    seen = []
    with pytest.raises(KeyboardInterrupt):
        trainer.fit(
            data, epochs=5, progress=False, checkpoint=tmp_path / "run",
            callbacks=[lambda t, e: seen.append(t.model.state_dict()), interrupt],
        )  # fmt: skip
    assert nn.load(tmp_path / "run").state_dict() == seen[1]
