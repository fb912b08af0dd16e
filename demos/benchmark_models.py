"""Measure the models of `demos/models` against the same in PyTorch, step by step.

    pip install torch==2.13.0
    python demos/benchmark_models.py

A step is all that one batch takes: forward, backward and the optimiser's update, of a GAN those of
both networks. Sizes, optimisers and batches are the same, in float32, with two threads on all
sides, which take turns; PyTorch is in eager mode. `--quick` measures one model, and less often.
"""

import functools
import importlib.util
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from benchmark_steps import Step, compared, shown, taking_turns
from benchmark_table import THREADS, Arguments, Row, run
from models import char_gru, dcgan, maml, micro_gpt, resnet, vae, vit, wgan_gp

import autograd
import nn

rng = np.random.default_rng(0)


class Model(NamedTuple):
    """Our step on a backend, and the name and the sizes of PyTorch's; both take the data."""

    ours: Callable[..., Step]
    peer: str
    sizes: tuple[int, ...]
    data: tuple[Any, ...]
    bar: str = "≥ 1×"


# --- data -----------------------------------------------------------------------------------------


def images(*shape: int) -> Any:
    """Numbers from 0 to 1."""
    return rng.random(shape, np.float32)


def labelled(*shape: int) -> tuple[Any, Any]:
    """Images and classes."""
    return images(*shape), rng.integers(0, 10, shape[0])


def text(batch: int, length: int) -> tuple[Any, Any]:
    """Letters, and those after them."""
    letters = rng.integers(0, 27, (batch, length + 1))
    return letters[:, :-1], letters[:, 1:]


def waves(count: int) -> tuple[Any, ...]:
    """Tasks of MAML."""
    return tuple(numbers.astype(np.float32) for numbers in maml.tasks(rng, count))


# --- our steps ------------------------------------------------------------------------------------


def of_classes(make: Callable[[], nn.Module], backend: str, images: Any, labels: Any) -> Step:
    """Cross-entropy and AdamW, which `Trainer.fit` compiles in this way."""
    model, loss, classes = make(), nn.CrossEntropyLoss(), np.eye(10, dtype=np.float32)[labels]
    numbers = model.parameters()
    program = autograd.compile(
        lambda x, t: loss(model(x), t), images[0], classes[0], parameters=numbers, backend=backend
    )
    return functools.partial(program.train_step(nn.AdamW(numbers, lr=0.003)), images, classes)


def of_one(demo: Any, model: Callable[[], nn.Module], backend: str, *data: Any) -> Step:
    """A step of a demo that has one network."""
    return functools.partial(demo.learning(model(), backend=backend), *data)


def of_two(demo: Any, judge: str, times: int, backend: str, images: Any) -> Step:
    """Some steps of the network that judges, and one of the generator."""
    game = demo.Game()
    judged, forged = (demo.learning(game, part, backend) for part in (judge, "generator"))

    def step() -> None:
        for _ in range(times):
            judged(images)
        forged(images)

    return step


MODELS = {
    "WGAN-GP on digits, 5 + 1 steps, batch 64": Model(
        functools.partial(of_two, wgan_gp, "critic", 5),
        "wgan_gp", (64, wgan_gp.CODES), (images(64, 64),),
    ),
    "VAE on digits, batch 32": Model(
        functools.partial(of_one, vae, vae.VAE), "vae", (128, 8), (images(32, 1, 8, 8),)
    ),
    "DCGAN on digits, 1 + 1 steps, batch 32": Model(
        functools.partial(of_two, dcgan, "discriminator", 1),
        "dcgan", (16, dcgan.CODES), (images(32, 1, 8, 8),),
    ),
    "ViT on digits, batch 32": Model(
        functools.partial(of_classes, vit.ViT), "vit", (32, 4, 2), labelled(32, 1, 8, 8)
    ),
    "ResNet with BatchNorm on 28×28, batch 32": Model(
        functools.partial(of_classes, resnet.resnet), "resnet", (16,), labelled(32, 1, 28, 28)
    ),
    "char-GRU, 16 letters, 64 units, batch 32": Model(
        functools.partial(of_one, char_gru, char_gru.Reader), "char_gru", (16, 64), text(32, 16)
    ),
    "micro-GPT, 16 letters, width 32, batch 32": Model(
        functools.partial(of_one, micro_gpt, micro_gpt.GPT), "gpt", (16, 32, 4, 1), text(32, 16)
    ),
    "GPT, 64 letters, width 64, batch 16": Model(
        functools.partial(of_one, micro_gpt, lambda: micro_gpt.GPT(64, 64)),
        "gpt", (64, 64, 4, 1), text(16, 64),
    ),
    "MAML on sine waves, 25 tasks": Model(
        functools.partial(of_one, maml, maml.network), "maml", (40,), waves(25)
    ),
}  # fmt: skip


# --- measuring ------------------------------------------------------------------------------------


def measured(what: str, model: Model, quick: bool) -> Iterator[Row]:
    """Our steps on the faster backend and on NumPy's, and PyTorch's where it is installed."""
    steps = [model.ours(backend, *model.data) for backend in ("auto", "numpy")]
    if importlib.util.find_spec("torch"):
        import benchmark_models_torch

        make = getattr(benchmark_models_torch, model.peer)
        steps.append(make(THREADS, *model.sizes, *model.data))
    times = taking_turns(steps, 2 if quick else 20, 0.05 if quick else 0.6)
    if len(times) < 3:
        yield Row(what, shown(times[0]), "", "", model.bar)
        return
    ours, numpy, peer = times
    yield compared(what, ours, peer, model.bar)
    yield compared("- on the NumPy backend", numpy, peer, "")


def rows(quick: bool) -> Iterator[Row]:
    """A row for each model and backend."""
    for what in [*MODELS][: 1 if quick else None]:
        yield from measured(what, MODELS[what], quick)


def main(arguments: Arguments = None) -> None:
    """Print the table."""
    run(__doc__ or "", rows, arguments)


if __name__ == "__main__":
    main()
