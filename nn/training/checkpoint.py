"""A training on disk: what a run that was killed needs to go on as if nothing had happened."""

import json
import os
import random
from collections.abc import Sequence
from typing import Any

from autograd import files

from ..data import DataError
from ..saving.model_file import TRAINING, FilePath, contents, packed, shortest
from .samples import word


class Checkpoint:
    """A model's file with the state of its training: optimiser, schedule, epochs, random numbers.

    `order` orders the samples and changes images, from `noise` comes what models draw. `settings`
    are what must be the same when the training goes on, such as its seed. Without a path nothing is
    kept; of several processes all read the file, and the one that `leads` writes it.
    """

    def __init__(
        self,
        path: FilePath | None,
        trainer: Any,
        order: random.Random,
        noise: random.Random,
        callbacks: Sequence[Any],
        settings: dict[str, Any],
        leads: bool = True,
    ) -> None:
        self.path, self.trainer, self.callbacks = path, trainer, callbacks
        self.leads = leads
        self.order, self.noise = order, noise
        own = {"loss": word(trainer.loss), "clip_norm": trainer.clip_norm}
        self.settings = {**settings, **own}

    def write(self, over: bool) -> None:
        """Save everything after an epoch; `over` where a callback has ended the training.

        FloatingPointError where the optimiser's state is not finite; then the file stays as it was.
        """
        if self.path is None:
            return
        trainer = self.trainer
        parts = [c.state_dict() if hasattr(c, "state_dict") else None for c in self.callbacks]
        tensors = {
            f"{TRAINING}callbacks/{k}/{name}": _array(data)
            for k, part in enumerate(parts)
            for name, data in (part.pop("model", {}) if part else {}).items()
        }
        optimizer = trainer.optimizer.state_dict()
        slots = tensors[f"{TRAINING}optimizer"] = _array(optimizer.pop("state"))
        if not _finite(slots):
            kept = f"{self.path} is not written after epoch {len(trainer.history)}"
            raise FloatingPointError(f"the state of {trainer.optimizer!r} is not finite: {kept}")
        training = {
            "settings": self.settings,
            "optimizer": optimizer,
            "schedule": trainer.schedule.state_dict() if trainer.schedule else None,
            "history": trainer.history.state_dict(),
            "order": self.order.getstate(),
            "noise": self.noise.getstate(),
            "layers": [_state(module) for module in trainer.model.modules()],
            "callbacks": parts,
            "over": over,
        }
        if self.leads:
            files.write(self.path, packed(trainer.model, None, {"training": training}, tensors))

    def restore(self) -> bool:
        """Bring a saved training back, if there is one; True where a callback has ended it.

        DataError for a file that is damaged or holds no training; ValueError where the training
        was begun with other settings or another model. Nothing is changed then.
        """
        if self.path is None or not os.path.exists(self.path):
            return False
        metadata, tensors = contents(self.path)
        if "training" not in metadata:
            raise DataError(f"{self.path}: holds a model, but no training that could go on")
        training = json.loads(metadata["training"])
        self._same_settings(training["settings"])
        self._restore_numbers(training, tensors)
        if self.trainer.schedule and training["schedule"]:
            self.trainer.schedule.load_state_dict(training["schedule"])
        self.trainer.history.load_state_dict(training["history"])
        self.order.setstate(_generator(training["order"]))
        if "noise" in training:
            self.noise.setstate(_generator(training["noise"]))
        for module, saved in zip(self.trainer.model.modules(), training["layers"], strict=True):
            if saved is not None:
                module.rng.setstate(_generator(saved))
        self._restore_callbacks(training["callbacks"], tensors)
        return bool(training["over"])

    def _restore_numbers(self, training: dict[str, Any], tensors: dict[str, Any]) -> None:
        """The model's parameters and the optimiser's state."""
        state = {k: v for k, v in tensors.items() if not k.startswith(TRAINING)}
        slots = tensors[f"{TRAINING}optimizer"].tolist()
        before = self.trainer.model.state_dict()
        try:
            self.trainer.model.load_state_dict(state)
            self.trainer.optimizer.load_state_dict({**training["optimizer"], "state": slots})
        except ValueError as error:
            self.trainer.model.load_state_dict(before)
            raise ValueError(f"{self.path}: holds another training: {error}") from error

    def _restore_callbacks(self, parts: Any, tensors: Any) -> None:
        for k, (callback, part) in enumerate(zip(self.callbacks, parts, strict=False)):
            if part is not None:
                start = f"{TRAINING}callbacks/{k}/"
                model = {
                    n.removeprefix(start): a for n, a in tensors.items() if n.startswith(start)
                }
                callback.load_state_dict({**part, "model": model})

    def _same_settings(self, saved: dict[str, Any]) -> None:
        now = json.loads(json.dumps(self.settings))
        for name in saved.keys() | now.keys():
            if saved.get(name) != now.get(name):
                was = f"was begun with {name}={saved.get(name)!r}, now it is {now.get(name)!r}"
                raise ValueError(
                    f"{self.path}: the training {was}; give another checkpoint, or delete this one"
                )


def _array(nested: Any) -> Any:
    import numpy as np

    return shortest(np.array(nested, np.float64))


def _finite(array: Any) -> bool:
    import numpy as np

    return bool(np.isfinite(array).all())


def _state(module: Any) -> Any:
    """A layer's generator of random numbers, as data."""
    rng = getattr(module, "rng", None)
    return rng.getstate() if isinstance(rng, random.Random) else None


def _generator(state: Any) -> Any:
    """`random.Random`'s state, back from JSON."""
    version, numbers, gauss = state
    return version, tuple(numbers), gauss
