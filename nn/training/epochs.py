"""The numbers of a model as training changes them, for the explorer's slider."""

from typing import TYPE_CHECKING

from ..annotations import Lists, Plain
from ..module import Module, Parameter
from .history import Epoch

if TYPE_CHECKING:
    from .trainer import Trainer


class Epochs(list[tuple[str, dict[Parameter, Lists]]]):
    """A callback that keeps a model's numbers: as they are now, and after each epoch of a training.

    `autograd.explore(loss, "run.html", epochs=epochs)` makes a page in which a slider puts them
    into the graph of one sample: weights, feature maps and loss become those of that epoch.

    >>> import nn
    >>> model = nn.Dense(1, 1)
    >>> epochs = nn.Epochs(model)
    >>> trainer = nn.Trainer(model, nn.MSELoss(), nn.SGD(model.parameters(), lr=0.1))
    >>> _ = trainer.fit(([[1.0]], [[2.0]]), epochs=2, callbacks=[epochs], progress=False)
    >>> [words.split(":")[0] for words, numbers in epochs]
    ['before the training', 'epoch 1', 'epoch 2']
    """

    def __init__(self, model: Module) -> None:
        super().__init__()
        self.model = model
        self._keep("before the training")

    def __repr__(self) -> str:
        return f"Epochs({type(self.model).__name__}): {len(self)} moments"

    def __call__(self, trainer: "Trainer", epoch: Epoch) -> None:
        """Keep the numbers after an epoch; ValueError for the training of another model."""
        if trainer.model is not self.model:
            raise ValueError("Epochs: the trainer trains another model; make it of trainer.model")
        self._keep(_words(epoch))

    def _keep(self, words: str) -> None:
        self.append((words, {part: part.tolist() for part in self._names()}))

    def state_dict(self) -> dict[str, Plain]:
        """What a continued run needs: all that was kept."""
        names = self._names()
        numbers = {
            f"{k}/{name}": kept[part]
            for k, (_, kept) in enumerate(self)
            for part, name in names.items()
        }
        return {"words": [words for words, _ in self], "model": numbers}

    def load_state_dict(self, state: dict[str, Plain]) -> None:
        """Take up a `state_dict`."""
        names = self._names()
        self[:] = [
            (words, {part: state["model"][f"{k}/{name}"] for part, name in names.items()})
            for k, words in enumerate(state["words"])
        ]

    def _names(self) -> dict[Parameter, str]:
        return {part: name for name, part in self.model.named_state()}


def _words(epoch: Epoch) -> str:
    """What an epoch gave, in a line."""
    said = [f"loss {epoch.loss:.4g}"]
    said += [f"{epoch.accuracy:.1%} right"] if epoch.accuracy is not None else []
    if epoch.validation_loss is not None:
        said.append(f"validation loss {epoch.validation_loss:.4g}")
    if epoch.validation_accuracy is not None:
        said.append(f"{epoch.validation_accuracy:.1%} right")
    return f"epoch {epoch.number}: {', '.join(said)}"
