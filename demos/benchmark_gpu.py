"""Measure training steps on a GPU against PyTorch's on the same one, in eager mode and compiled.

    pip install "glassgrad[jax]" "jax[cuda13]" torch==2.13.0
    python demos/benchmark_gpu.py
    python demos/benchmark_gpu.py --cpu       small batches on the CPU, to try the script

A step takes a batch from NumPy's memory to the device, forward, in reverse and through SGD, and
ends when the device has done it. All are warm and take turns; medians (and minima) are compared.
float32 is that on both sides, and not TF32. With bfloat16, operands of products are rounded to it,
and parameters stay float32, as under `torch.autocast`.
"""

import argparse
import functools
import importlib.util
import os
from collections.abc import Callable, Iterator
from typing import Any

from benchmark_compiled import started
from benchmark_nets import LARGE, SMALL, Net
from benchmark_steps import Ours, Step, batch, compared, shown, taking_turns
from benchmark_table import Arguments, Row, printed, versions

NETS = {"LeNet": SMALL["LeNet, 28×28"], "ResNet-20": LARGE["ResNet-20 with BatchNorm"]}
BARS = {("LeNet", 128, "float32"): "≥ 3×", ("ResNet-20", 1024, "float32"): "≥ 1×"}


def rows(nets: dict[str, Net], sizes: list[int], device: str) -> Iterator[Row]:
    """Rows of each network, in both precisions, for each size of batch."""
    for name, net in nets.items():
        ours = Ours(net, "jax")
        for dtype in ("float32", "bfloat16"):
            ours.program = ours.program.to("jax", dtype=dtype)
            for size in sizes:
                data, bar = batch(net, size), BARS.get((name, size, dtype), "reported")
                theirs = peers(net, data, device, dtype == "bfloat16")
                yield from measured(f"{name}, batch {size}, {dtype}", ours.step(*data), theirs, bar)


def peers(net: Net, data: Any, device: str, half: bool) -> dict[str, Callable[[], Step]]:
    """What makes the steps of PyTorch, where it is installed."""
    if not importlib.util.find_spec("torch"):
        return {}
    import benchmark_torch

    eager = functools.partial(benchmark_torch.step_on, device, net, *data, half)
    return {"PyTorch": eager, "torch.compile": functools.partial(eager, compiled=True)}


def measured(
    what: str, ours: Step, theirs: dict[str, Callable[[], Step]], bar: str
) -> Iterator[Row]:
    """A row for each peer; the bar is that of eager mode."""
    made = {peer: started(make) for peer, make in theirs.items()}
    steps = {peer: step for peer, (step, _) in made.items() if step}
    mine, *others = taking_turns([ours, *steps.values()], 10, 1.0)
    times = dict(zip(steps, others, strict=True))
    if not made:
        yield Row(what, shown(mine), "", "", bar)
    for peer, (_, note) in made.items():
        label = what if peer == "PyTorch" else f"- against {peer}, {note}"
        if peer in times:
            yield compared(label, mine, times[peer], bar)
        else:
            yield Row(label, shown(mine), "", "", bar)
        bar = "reported"


def main(arguments: Arguments = None) -> None:
    """Print the table, or that there is no GPU."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cpu", action="store_true", help="small batches on the CPU, as a trial")
    parser.add_argument("--nets", nargs="+", choices=NETS, default=[*NETS], help="default: both")
    options = parser.parse_args(arguments)
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # PyTorch needs memory too
    if options.cpu:
        os.environ["JAX_PLATFORMS"] = "cpu"
    import jax

    device = jax.devices()[0]
    if device.platform == "cpu" and not options.cpu:
        print("not measured: JAX sees no GPU here (--cpu tries the script without one)")
        return
    nets = {name: NETS[name] for name in options.nets}
    sizes, where = ([8], "cpu") if options.cpu else ([128, 1024], "cuda")
    print(f"{versions()}; {device.device_kind}\n", flush=True)
    printed(rows(nets, sizes, where))


if __name__ == "__main__":
    main()
