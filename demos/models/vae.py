"""Digits from a variational autoencoder (Kingma, Welling 2013, arXiv:1312.6114).

    z = μ(x) + σ(x)·ε,  ε ~ N(0, 1)                                     the code of a digit x
    loss = -log p(x|z) + KL(N(μ, σ²) ‖ N(0, 1)),  KL = ½ Σ (μ² + σ² - 1 - log σ²)

The noise is drawn anew for every digit and step. In the end, the decoder makes digits that nobody
wrote, of codes that are drawn: z ~ N(0, 1).
"""

import argparse
import random
from typing import Any

import numpy as np

import autograd
import nn
from autograd import Tensor, Value, drawn


class VAE(nn.Module):
    """A digit (1, 8, 8) -> logits of its pixels (64,), μ and log σ² of its code (codes,)."""

    def __init__(self, hidden: int = 128, codes: int = 8) -> None:
        self.encoder = nn.Sequential(nn.Flatten(), nn.Dense(64, hidden), nn.ReLU())
        self.mean, self.log_variance = nn.Dense(hidden, codes), nn.Dense(hidden, codes)
        self.decoder = nn.Sequential(nn.Dense(codes, hidden), nn.ReLU(), nn.Dense(hidden, 64))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        h = self.encoder(x)
        mean, log_variance = self.mean(h), self.log_variance(h)
        z = drawn.normal(mean.shape, mean, (log_variance / 2).exp())
        return self.decoder(z), mean, log_variance

    def loss(self, x: Tensor) -> Value:
        """What it costs to describe a digit by its code, in nats."""
        logits, mean, log_variance = self(x)
        kl = (mean**2 + log_variance.exp() - 1 - log_variance).sum() / 2
        return nn.BCEWithLogitsLoss(reduction="sum")(logits, x.flatten()) + kl


def learning(model: VAE, backend: str = "auto") -> Any:
    """A step of Adam, a function of digits (N, 1, 8, 8)."""
    image, parameters = np.zeros((1, 8, 8)), model.parameters()
    program = autograd.compile(model.loss, image, parameters=parameters, backend=backend)
    return program.train_step(nn.Adam(parameters, lr=0.003))


def main(arguments: list[str] | None = None) -> list[float]:
    """Train, print digits, and return the mean loss of each epoch."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    add = parser.add_argument
    add("--epochs", type=int, default=30, help="passes over the digits (default: 30)")
    add("--hidden", type=int, default=128, help="units of both networks (default: 128)")
    add("--seed", type=int, default=0, help="rules all that is drawn (default: 0)")
    options = parser.parse_args(arguments)
    random.seed(options.seed)
    (train, test), model = nn.data.digits().split(), VAE(options.hidden)
    step, losses = learning(model), []
    for epoch in range(1, options.epochs + 1):
        costs = [step(batch.images) for batch in train.batches(32, random.Random(epoch))]
        losses.append(sum(costs) / len(costs))
        print(f"epoch {epoch:>2}  loss {losses[-1]:.2f} nats", flush=True)
    show("digits that were held out", test.images[:8])
    again = [model(Tensor(digit))[0].sigmoid().tolist() for digit in test.images[:8]]
    show("the same, from their codes", again)
    noise = [drawn.normal((8,)) for _ in range(8)]
    show("digits that nobody wrote", [model.decoder(z).sigmoid().tolist() for z in noise])
    return losses


def show(title: str, images: Any) -> None:
    """Print digits side by side, a character a pixel."""
    print(f"\n{title}")
    for rows in zip(*np.reshape(images, (-1, 8, 8)), strict=True):
        print("  ".join("".join(" .:-=+*#%@"[int(9.99 * ink)] for ink in row) for row in rows))


if __name__ == "__main__":
    main()
