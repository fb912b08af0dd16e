"""The models of `demos/models` in PyTorch, as they are written there: a training step of each."""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn import functional

Step = Callable[[], object]


def on_threads(make: Callable[..., Step]) -> Callable[..., Step]:
    """Make a step of NumPy arrays, with so many threads."""

    def made(threads: int, *arguments: Any) -> Step:
        torch.set_num_threads(threads)
        arrays = (torch.from_numpy(x) if hasattr(x, "dtype") else x for x in arguments)
        return make(*arrays)

    return made


def updated(optimizer: Any, loss: Any) -> None:
    """Backward, and a step of an optimiser."""
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def classifier(model: Any, images: Any, labels: Any) -> Step:
    """Cross-entropy and AdamW."""
    optimizer = torch.optim.AdamW(model.parameters(), 0.003)
    return lambda: updated(optimizer, functional.cross_entropy(model(images), labels))


# --- images ---------------------------------------------------------------------------------------


class Residual(nn.Module):
    """relu(body(x) + shortcut(x))."""

    def __init__(self, i: int, o: int, stride: int) -> None:
        super().__init__()
        body = [*convolution(i, o, 3, stride), nn.ReLU(), *convolution(o, o, 3, 1)]
        self.body, straight = nn.Sequential(*body), i == o and stride == 1
        self.shortcut = nn.Identity() if straight else nn.Sequential(*convolution(i, o, 1, stride))

    def forward(self, x: Any) -> Any:
        return functional.relu(self.body(x) + self.shortcut(x))


def convolution(i: int, o: int, size: int, stride: int) -> list[nn.Module]:
    """A convolution without bias, and the norm."""
    return [nn.Conv2d(i, o, size, stride, size // 2, bias=False), nn.BatchNorm2d(o)]


@on_threads
def resnet(width: int, images: Any, labels: Any) -> Step:
    """A step of the residual network."""
    w = width
    blocks = [Residual(w, w, 1), Residual(w, 2 * w, 2), Residual(2 * w, 4 * w, 2)]
    end = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4 * w, 10)]
    return classifier(
        nn.Sequential(*convolution(1, w, 3, 2), nn.ReLU(), *blocks, *end), images, labels
    )


@on_threads
def vae(hidden: int, codes: int, images: Any) -> Step:
    """A step of the variational autoencoder."""
    encoder = nn.Sequential(nn.Flatten(), nn.Linear(64, hidden), nn.ReLU())
    mean, log_variance = nn.Linear(hidden, codes), nn.Linear(hidden, codes)
    decoder = nn.Sequential(nn.Linear(codes, hidden), nn.ReLU(), nn.Linear(hidden, 64))
    parts = nn.ModuleList([encoder, mean, log_variance, decoder])
    optimizer = torch.optim.Adam(parts.parameters(), 0.003)

    def step() -> None:
        h = encoder(images)
        m, v = mean(h), log_variance(h)
        logits = decoder(m + (v / 2).exp() * torch.randn_like(m))
        likelihood = functional.binary_cross_entropy_with_logits(
            logits, images.flatten(1), reduction="sum"
        )
        updated(optimizer, (likelihood + (m**2 + v.exp() - 1 - v).sum() / 2) / len(images))

    return step


@on_threads
def dcgan(width: int, codes: int, images: Any) -> Step:
    """A step of the discriminator, and one of the generator."""
    w, n = width, len(images)
    generator = nn.Sequential(
        nn.Linear(codes, 8 * w), nn.ReLU(), nn.Unflatten(1, (2 * w, 2, 2)),
        nn.ConvTranspose2d(2 * w, w, 4, 2, 1), nn.BatchNorm2d(w), nn.ReLU(),
        nn.ConvTranspose2d(w, 1, 4, 2, 1), nn.Sigmoid(),
    )  # fmt: skip
    discriminator = nn.Sequential(
        nn.Conv2d(1, w, 4, 2, 1), nn.LeakyReLU(0.2),
        nn.Conv2d(w, 2 * w, 4, 2, 1), nn.BatchNorm2d(2 * w), nn.LeakyReLU(0.2),
        nn.Flatten(), nn.Linear(8 * w, 1),
    )  # fmt: skip
    judge = torch.optim.Adam(discriminator.parameters(), 0.002, (0.5, 0.999))
    forge = torch.optim.Adam(generator.parameters(), 0.002, (0.5, 0.999))

    def step() -> None:
        made = generator(torch.randn(n, codes))
        real, forged = discriminator(images), discriminator(made.detach())
        updated(judge, (functional.softplus(-real) + functional.softplus(forged)).mean())
        made = generator(torch.randn(n, codes))
        updated(forge, functional.softplus(-discriminator(made)).mean())

    return step


@on_threads
def wgan_gp(hidden: int, codes: int, images: Any) -> Step:
    """Five steps of the critic, and one of the generator."""
    h, n = hidden, len(images)
    inner = [nn.Linear(codes, h), nn.ReLU(), nn.Linear(h, h), nn.ReLU()]
    generator = nn.Sequential(*inner, nn.Linear(h, 64), nn.Sigmoid())
    inner = [nn.Linear(64, h), nn.LeakyReLU(0.2), nn.Linear(h, h), nn.LeakyReLU(0.2)]
    critic = nn.Sequential(*inner, nn.Linear(h, 1))
    judge = torch.optim.Adam(critic.parameters(), 1e-3, (0.5, 0.9))
    forge = torch.optim.Adam(generator.parameters(), 1e-3, (0.5, 0.9))

    def judged() -> None:
        made = generator(torch.randn(n, codes)).detach()
        between = (made + torch.rand(n, 1) * (images - made)).requires_grad_()
        (slope,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
        penalty = ((slope.norm(dim=1) - 1) ** 2).mean()
        updated(judge, (critic(made) - critic(images)).mean() + 10 * penalty)

    def step() -> None:
        for _ in range(5):
            judged()
        updated(forge, -critic(generator(torch.randn(n, codes))).mean())

    return step


# --- sequences ------------------------------------------------------------------------------------


class Block(nn.Module):
    """Attention and two dense layers, each beside its input."""

    def __init__(self, width: int, heads: int, inner: int, causal: int = 0) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(width, heads, batch_first=True)
        self.dense = nn.Sequential(nn.Linear(width, inner), nn.GELU(), nn.Linear(inner, width))
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.mask = nn.Transformer.generate_square_subsequent_mask(causal) if causal else None

    def forward(self, h: Any) -> Any:
        x, causal = self.norm1(h), self.mask is not None
        y, _ = self.attention(x, x, x, need_weights=False, attn_mask=self.mask, is_causal=causal)
        h = h + y
        return h + self.dense(self.norm2(h))


class ViT(nn.Module):
    """Sixteen patches of 2×2 pixels -> logits."""

    def __init__(self, width: int, heads: int, blocks: int) -> None:
        super().__init__()
        self.patch = nn.Conv2d(1, width, 2, 2)
        self.place = nn.Parameter(0.1 * torch.randn(16, width))
        self.blocks = nn.Sequential(*[Block(width, heads, 2 * width) for _ in range(blocks)])
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, 10)

    def forward(self, x: Any) -> Any:
        patches = self.patch(x).flatten(2).transpose(1, 2)
        return self.head(self.norm(self.blocks(patches + self.place)).mean(1))


@on_threads
def vit(width: int, heads: int, blocks: int, images: Any, labels: Any) -> Step:
    """A step of the vision transformer."""
    return classifier(ViT(width, heads, blocks), images, labels)


class GPT(nn.Module):
    """Letters to the logits of those after them."""

    def __init__(self, length: int, width: int, heads: int, blocks: int) -> None:
        super().__init__()
        self.letter, self.place = nn.Embedding(27, width), nn.Embedding(length, width)
        several = [Block(width, heads, 4 * width, length) for _ in range(blocks)]
        self.blocks = nn.Sequential(*several)
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, 27)

    def forward(self, x: Any) -> Any:
        return self.head(self.norm(self.blocks(self.letter(x) + self.place.weight)))


class Reader(nn.Module):
    """Letters to the logits of those after them, by a GRU."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.letter = nn.Embedding(27, width)
        self.gru = nn.GRU(width, hidden, batch_first=True)
        self.head = nn.Linear(hidden, 27)

    def forward(self, x: Any) -> Any:
        return self.head(self.gru(self.letter(x))[0])


@on_threads
def gpt(length: int, width: int, heads: int, blocks: int, *text: Any) -> Step:
    """A step of the transformer."""
    return language(GPT(length, width, heads, blocks), *text)


@on_threads
def char_gru(width: int, hidden: int, *text: Any) -> Step:
    """A step of the recurrent network, its gradient clipped."""
    return language(Reader(width, hidden), *text, clip=1.0)


def language(model: Any, letters: Any, after: Any, clip: float | None = None) -> Step:
    """A step of Adam on letters and those after them."""
    optimizer = torch.optim.Adam(model.parameters(), 0.01)

    def step() -> None:
        optimizer.zero_grad()
        functional.cross_entropy(model(letters).flatten(0, 1), after.flatten()).backward()
        if clip:
            nn.utils.clip_grad_norm_(model.parameters(), clip)
        optimizer.step()

    return step


# --- learning to learn ----------------------------------------------------------------------------


@on_threads
def maml(hidden: int, *tasks: Any) -> Step:
    """A step through the inner updates of a batch of tasks, which `vmap` takes side by side."""
    h = hidden
    model = nn.Sequential(nn.Linear(1, h), nn.ReLU(), nn.Linear(h, h), nn.ReLU(), nn.Linear(h, 1))
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)

    def fit(weights: Any, x: Any, y: Any) -> Any:
        return functional.mse_loss(torch.func.functional_call(model, weights, (x,)), y)

    def task(weights: Any, x: Any, y: Any, other_x: Any, other_y: Any) -> Any:
        slopes = torch.func.grad(fit)(weights, x, y)
        learnt = {name: w - 0.01 * slopes[name] for name, w in weights.items()}
        return fit(learnt, other_x, other_y)

    losses = torch.func.vmap(task, in_dims=(None, 0, 0, 0, 0))

    def step() -> None:
        updated(optimizer, losses(dict(model.named_parameters()), *tasks).mean())

    return step
