"""The benchmark's networks in PyTorch: training steps in eager mode, and by `torch.compile`."""

from typing import Any

import torch
from benchmark_nets import Library, Net
from torch import nn


class Residual(nn.Module):
    """body(x) + shortcut(x)."""

    def __init__(self, body: Any, short: Any) -> None:
        super().__init__()
        self.body, self.short = body, short or nn.Identity()

    def forward(self, x: Any) -> Any:
        return self.body(x) + self.short(x)


LAYERS = Library(
    convolution=lambda *sizes: nn.Conv2d(*sizes[:5], bias=sizes[5]),
    dense=nn.Linear,
    relu=nn.ReLU,
    pool=nn.MaxPool2d,
    flatten=nn.Flatten,
    average=lambda: nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()),
    group_norm=nn.GroupNorm,
    batch_norm=nn.BatchNorm2d,
    residual=Residual,
    sequential=nn.Sequential,
)


def answer(net: Net, images: Any, threads: int) -> Any:
    """The outputs for images."""
    torch.set_num_threads(threads)
    model, x = net.build(LAYERS), torch.from_numpy(images)

    @torch.no_grad()
    def run() -> Any:
        return model(x)

    return run


def made(functions: list[Any], compiled: bool) -> list[Any]:
    """The functions as they are, or by torch.compile."""
    return [torch.compile(function) for function in functions] if compiled else functions


def step(net: Net, images: Any, labels: Any, threads: int, compiled: bool = False) -> Any:
    """One update."""
    torch.set_num_threads(threads)
    model = net.build(LAYERS)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    loss, x, t = torch.nn.CrossEntropyLoss(), torch.from_numpy(images), torch.from_numpy(labels)

    def losses() -> Any:
        return loss(model(x), t)

    forward, update = made([losses, optimizer.step], compiled)

    def run() -> None:
        optimizer.zero_grad()
        forward().backward()
        update()

    return run


def step_on(
    device: str, net: Net, images: Any, labels: Any, half: bool, compiled: bool = False
) -> Any:
    """One update on a device, with a batch that is brought there; it returns when all is done.

    With `half`, operands of products are in bfloat16, and in float32 otherwise: not in TF32.
    """
    torch.backends.fp32_precision = "ieee"
    model = net.build(LAYERS).to(device)
    optimizer, loss = torch.optim.SGD(model.parameters(), lr=0.01), nn.CrossEntropyLoss()

    def losses(x: Any, t: Any) -> Any:
        with torch.autocast(device, torch.bfloat16, enabled=half):
            return loss(model(x), t)

    forward, update = made([losses, optimizer.step], compiled)

    def run() -> Any:
        optimizer.zero_grad()
        value = forward(*(torch.from_numpy(array).to(device) for array in (images, labels)))
        value.backward()
        update()
        return value.item()  # which waits for all that was asked for before

    return run
