"""What a training step costs on up to a thousand devices, on paper, from what it takes here.

In the all-reduce of a gradient of P numbers each of n devices sends, and gets,

    bytes = 2·(n - 1)/n · 4·P        seconds = bytes / bandwidth + 2·⌈log₂ n⌉ · latency

as a ring sends it, by two trees (Sanders, Speck, Träff 2009), in fewer rounds. A layer's gradient
is on its way while the layers before it are computed, so this is hidden where the reverse pass
takes as long: from b = seconds / (an image's seconds in reverse) images on each device.

A batch normalisation waits for its sums over all devices, which are short: only latency counts, and
nothing hides it. The plan knows how many such sums there are, and counts work: two operations, a
multiplication and an addition, for each entry of each dot.
"""

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

from benchmark_nets import LARGE, SMALL, Net
from benchmark_steps import Ours, batch, taking_turns

NETS = {"LeNet": SMALL["LeNet, 28×28"], "ResNet-20": LARGE["ResNet-20 with BatchNorm"]}
DEVICES = (1, 2, 8, 64, 1000)
BATCH = 32  # images on each device: with so many, work is measured


class Work(NamedTuple):
    """What a step takes: numbers of the gradient, operations for an image forward and in reverse,
    sums that are waited for, and images per second, as measured.
    """

    numbers: int
    forward: int
    reverse: int
    waits: int
    speed: int

    @property
    def total(self) -> int:
        """Operations for an image."""
        return self.forward + self.reverse

    def all_reduced(self, n: int) -> float:
        """Bytes that each of n devices sends in a step."""
        return 2 * (n - 1) / n * 4 * self.numbers


class Link(NamedTuple):
    """What joins devices: bytes per second in each direction, seconds, and how many at most."""

    name: str
    bandwidth: float
    latency: float
    most: float = math.inf

    def round_trip(self, n: int) -> float:
        """Seconds of the least all-reduce over n devices."""
        return 2 * math.ceil(math.log2(n)) * self.latency

    def seconds(self, work: Work, n: int) -> float:
        """Of the all-reduce of a gradient."""
        return work.all_reduced(n) / self.bandwidth + self.round_trip(n)


# Assumed: Ethernet has the rate of its name, and 30 µs to another machine, about those of TCP.
# NVLink joins 8 GPUs with 900 GB/s, half of it in each direction, and an H100 has a peak of 67
# TFLOP/s in float32 (NVIDIA, "H100 Tensor Core GPU Datasheet"), of which layers this small reach a
# tenth.
ETHERNET = [Link(f"{rate} Gbit/s", rate * 1e9 / 8, 30e-6) for rate in (1, 10, 100)]
NVLINK = Link("NVLink", 450e9, 3e-6, most=8)
GPU = 0.1 * 67e12  # operations per second


def hidden(work: Work, link: Link, n: int, rate: float) -> int:
    """Images per device, at so many operations per second, that hide the gradient's all-reduce."""
    return max(1, math.ceil(link.seconds(work, n) * rate / work.reverse))


def measured() -> dict[str, Work]:
    """The networks, counted, and measured on the first of JAX's devices."""
    return {name: work(net) for name, net in NETS.items()}


def work(net: Net) -> Work:
    """A network's step, counted and measured."""
    ours = Ours(net, "jax")
    plan = ours.program.plan
    forward, reverse = (2 * sum(k.multiply_adds for k in p) for p in (plan.forward, plan.reverse))
    (times,) = taking_turns([ours.step(*batch(net, BATCH))], 3, 1.0)
    return Work(ours.program.weights.size, forward, reverse, waits(plan), round(BATCH / min(times)))


def waits(plan: Any) -> int:
    """How many blocks without samples are made of such with samples, and are no gradients: the rest
    of a pass needs them.
    """
    made = {
        target.view.block
        for kernel in [*plan.forward, *plan.reverse]
        if any(view.block.batched for view in kernel.reads())
        for target in kernel.targets()
        if not target.view.block.batched
    }
    return len(made - {*plan.gradients.values()})


def table(works: dict[str, Work]) -> str:
    """What the networks are; a line for each, and for each number of devices, as Markdown."""
    heads = ["", "devices", "each sends", f"work of {BATCH} images each", "waits of norms"]
    heads += [f"{link.name}, here" for link in ETHERNET]
    heads += [f"{link.name}, H100" for link in (ETHERNET[-1], NVLINK)]
    lines = [row(name, w, n) for name, w in works.items() for n in DEVICES]
    return "\n".join([base(works), "", joined(heads), joined(["---"] * len(heads)), *lines])


def base(works: dict[str, Work]) -> str:
    """What the networks are, and how fast this machine is: a line for each, as Markdown."""
    return "\n".join(
        f"- {name}: {w.numbers:,} parameters; {w.forward:,} operations an image forward, "
        f"{w.reverse:,} in reverse; {w.waits} sums that norms wait for; {w.speed:,} images a "
        f"second here, {w.speed * w.total / 1e9:,.0f} GFLOP/s"
        for name, w in works.items()
    )


def row(name: str, work: Work, n: int) -> str:
    """A line of the table: of one device, there is nothing to send."""
    cells = [
        name,
        f"{n:,}",
        metric(work.all_reduced(n), "B"),
        metric(n * BATCH * work.total, "FLOP"),
    ]
    cells.append(metric(work.waits * ETHERNET[0].round_trip(n), "s"))
    places = [(link, work.speed * work.total) for link in ETHERNET]
    for link, rate in [*places, (ETHERNET[-1], GPU), (NVLINK, GPU)]:
        cells.append("–" if n == 1 or n > link.most else f"{hidden(work, link, n, rate):,}")
    return joined(cells)


def metric(number: float, unit: str) -> str:
    """A number with its unit's prefix, in three digits."""
    number = float(f"{number:.2e}")
    power = math.floor(math.log10(number) / 3) if number else 0
    return f"{number / 1000**power:.3g} {['µ', 'm', '', 'k', 'M', 'G', 'T', 'P'][power + 2]}{unit}"


def joined(cells: Iterable[str]) -> str:
    """A line of a Markdown table."""
    return "| " + " | ".join(cells) + " |"
