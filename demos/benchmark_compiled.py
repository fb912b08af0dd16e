"""Measure compiled programs against PyTorch, JAX and micrograd (what is installed) in one run.

    pip install micrograd==0.1.0 torch==2.13.0 jax
    python demos/benchmark_compiled.py

A step is forward, backward and an SGD update in float32, with two threads on all sides. Ours and
the peers take turns; medians (and minima) are compared. PyTorch is in eager mode where nothing else
is said. `--quick` measures less often, and one network only.
"""

import functools
import gc
import importlib.util
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from benchmark_eager import DIGITS, cnn_by_hand
from benchmark_nets import LARGE, SMALL, Net
from benchmark_steps import Ours, Step, batch, compared, seconds, shown, taking_turns
from benchmark_table import THREADS, Arguments, Row, run

import autograd
import nn
from autograd import Value

# --- against other libraries ----------------------------------------------------------------------


def peers(net: Net, images: Any, labels: Any) -> dict[str, Callable[[], Step]]:
    """What makes the step of each library that is installed."""
    found: dict[str, Callable[[], Step]] = {}
    if importlib.util.find_spec("torch"):
        import benchmark_torch

        found["PyTorch"] = functools.partial(benchmark_torch.step, net, images, labels, THREADS)
        found["torch.compile"] = functools.partial(found["PyTorch"], compiled=True)
    if importlib.util.find_spec("jax"):
        import benchmark_jax

        found["JAX's jit"] = functools.partial(benchmark_jax.step, net, images, labels)
    return found


def started(make: Callable[[], Step]) -> tuple[Step | None, str]:
    """A step that has run once, and how long that took; or none, and why."""
    start = time.perf_counter()
    try:
        step = make()
        step()
    except Exception as error:  # such as a compiler's that does not work here
        return None, f"{type(error).__name__}: {str(error).splitlines()[0]:.60}"
    return step, f"first step after {time.perf_counter() - start:.1f} s"


def against_libraries(name: str, net: Net, quick: bool) -> Iterator[Row]:
    """Training steps of a network, for each size of batch."""
    start = time.perf_counter()
    try:
        ours = Ours(net)
    except TypeError as error:
        yield Row(name, f"left out: {error!s:.80}", "", "", "")
        return
    spent, programs = time.perf_counter() - start, {"": ours, "NumPy": Ours(net, "numpy")}
    if importlib.util.find_spec("jax") and not quick:
        programs["JAX"] = Ours(net, "jax")
    for size, bar in [*net.bars.items()][: 1 if quick else None]:
        data = batch(net, size)
        yield from measured(f"{name}, batch {size}", net, data, programs, bar, quick)
    if ours.program.scalars > 1_000_000:
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        what = f"- its {ours.program.scalars:,} scalars: compiled, and this process at its largest"
        yield Row(what, f"{spent:.0f} s", "", f"{memory:.1f} GB", "< 8 GiB")


def measured(
    what: str, net: Net, data: tuple[Any, Any], programs: dict[str, Ours], bar: str, quick: bool
) -> Iterator[Row]:
    """Rows of one size of batch, of our programs by backend: the first is against PyTorch in eager
    mode; what runs on JAX is against a step that is written in JAX.
    """
    steps, notes = {}, {}
    for peer, make in [*peers(net, *data).items()][: 1 if quick else None]:
        step, notes[peer] = started(make)
        if step:
            steps[peer] = step
    every = [*(program.step(*data) for program in programs.values()), *steps.values()]
    repeats = 2 if quick else 20 if net in SMALL.values() else 6
    found = taking_turns(every, repeats, 0.05 if quick else 0.6)
    mine = dict(zip(programs, found, strict=False))
    times, ours = dict(zip(steps, found[len(mine) :], strict=True)), mine[""]
    if "PyTorch" in times:
        yield compared(what, ours, times["PyTorch"], bar)
        yield compared("- on the NumPy backend", mine["NumPy"], times["PyTorch"], "")
    else:
        yield Row(what, shown(ours), "", "", bar)
    for peer in [peer for peer in notes if peer != "PyTorch"]:
        label = f"- against {peer}, {notes[peer]}"
        if peer in times:
            yield compared(label, ours, times[peer], "reported")
        else:
            yield Row(label, "", "", "", "reported")
    if "JAX" in mine and "JAX's jit" in times:
        yield compared("- on JAX, against JAX's jit", mine["JAX"], times["JAX's jit"], "reported")


def against_micrograd(quick: bool) -> Iterator[Row]:
    """The digits CNN, and micrograd's own MLP with our Value."""
    from micrograd.engine import Value as Scalar

    net = SMALL["digits CNN, 8×8"]
    ours = Ours(net).step(*batch(net, 32))
    forward = cnn_by_hand(Scalar, *DIGITS)

    def peer() -> None:
        for _ in range(1 if quick else 32):
            forward().backward()

    mine = [seconds(ours) for _ in range(200)][100:]
    theirs = [seconds(peer) * (32 if quick else 1) for _ in range(1 if quick else 3)]
    yield compared("digits CNN, batch 32, against micrograd", mine, theirs, "≥ 1,500×")
    yield own_mlp(Scalar, quick)


def own_mlp(scalar: Any, quick: bool) -> Row:
    """micrograd's nn.py as published, with our Value, compiled; forward + backward of 100."""
    import micrograd.nn as theirs

    spec = importlib.util.find_spec("micrograd.nn")
    assert spec is not None
    assert spec.loader is not None
    ours = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(ours)
    ours.Value = Value
    random.seed(0)
    mine, their = ours.MLP(2, [16, 16, 1]), theirs.MLP(2, [16, 16, 1])
    rng = np.random.default_rng(0)
    points, signs = rng.standard_normal((100, 2)), rng.choice([-1.0, 1.0], 100)
    program = autograd.compile(
        lambda x, t: (1 - t * mine(x)).relu(), points[0], 1.0, parameters=mine.parameters()
    )

    def peer() -> None:
        scores = [their(list(map(scalar, row))) for row in points]
        losses = [(1 + -t * s).relu() for t, s in zip(signs.tolist(), scores, strict=True)]
        their.zero_grad()
        sum(losses).backward()

    times = [seconds(lambda: program.value_and_grad(points, signs)) for _ in range(60)][10:]
    theirs_times = [seconds(peer) for _ in range(1 if quick else 3)]
    what = "micrograd's MLP(2, [16, 16, 1]), batch 100"
    return compared(what, times, theirs_times, "≥ 500×")


def one_image(quick: bool) -> Iterator[Row]:
    """What another program says of one image after each step of a training: it shares weights."""
    net = SMALL["MLP 784-128-10"]
    data, ours = batch(net, 32), Ours(net)
    image, step = data[0][:1], ours.step(*data)
    parameters = ours.model.parameters()
    program = autograd.compile(ours.model, image[0], parameters=parameters, threads=THREADS)

    def after_a_step(answer: Step) -> list[float]:
        return [(step(), seconds(answer))[1] for _ in range(20 if quick else 400)][10:]

    mine, what = after_a_step(lambda: program(image)), "MLP 784-128-10: one image, after each step"
    if importlib.util.find_spec("torch"):
        import benchmark_torch

        peer = after_a_step(benchmark_torch.answer(net, image, THREADS))
        yield compared(what, mine, peer, "reported")
    else:
        yield Row(what, shown(mine), "", "", "reported")


# --- compiling ------------------------------------------------------------------------------------


def first_step() -> float:
    """Seconds from `compile` to the end of the first step of LeNet, batch 32."""
    net = SMALL["LeNet, 28×28"]
    data = batch(net, 32)
    return seconds(lambda: Ours(net).step(*data)())


def in_a_new_process(cache: str) -> float:
    """`first_step` (so without imports) where nothing is known but what lies in the cache."""
    here = {**os.environ, "GLASSGRAD_CACHE_DIR": cache, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", "import benchmark_compiled as b; print(b.first_step())"]
    done = subprocess.run(command, env=here, capture_output=True, text=True, check=True)
    return float(done.stdout)


def first_steps(repeats: int) -> Iterator[Row]:
    """With an empty cache, in which the compiler's flags are tried too, and from the cache."""
    cold, cached = [], []
    for _ in range(repeats):
        with tempfile.TemporaryDirectory() as cache:
            cold.append(in_a_new_process(cache))
            cached.append(in_a_new_process(cache))
    for what, times, bar in [("cold", cold, "≤ 1.5 s"), ("from the cache", cached, "≤ 0.25 s")]:
        spent = f"{statistics.median(times):.2f} ({min(times):.2f}) s"
        yield Row(f"LeNet: from compile() to the first step, {what}", spent, "", "", bar)


def same_bits(net: Net, size: int) -> bool:
    """Whether three steps give the same weights on 1, 2 and 3 threads."""
    found = set()
    for threads in (1, 2, 3):
        ours = Ours(net, threads=threads)
        step = ours.step(*batch(net, size))
        for _ in range(3):
            step()
        found.add(ours.program.weights.tobytes())
    return len(found) == 1


def threads_and_bits() -> Iterator[Row]:
    """Whether the number of threads changes what is computed."""
    for name in ("LeNet, 28×28", "MLP 784-128-10"):
        told = [f"{n}: {'yes' if same_bits(SMALL[name], n) else 'no'}" for n in (32, 128)]
        what = f"{name}: the same bits on 1, 2, 3 threads, batch"
        yield Row(what, ", ".join(told), "", "", "yes")


def scheduling(quick: bool) -> Iterator[Row]:
    """How long it takes to compile, and to the first step."""
    yield from first_steps(1 if quick else 5)
    for side, many in [(24, "10⁴"), (68, "10⁵"), (208, "10⁶")][: 1 if quick else 3]:
        net = nn.Sequential(nn.Conv2D(1, 8, 5), nn.ReLU(), nn.MaxPool(2))
        start = time.perf_counter()
        program = autograd.compile(net, np.zeros((1, side, side)), parameters=net.parameters())
        spent = time.perf_counter() - start
        each = f"{spent / program.scalars * 1e6:.1f} µs each"
        what = f"about {many} nodes: {program.scalars:,} compiled"
        yield Row(what, f"{spent:.2f} s", "", each, "linear")


def rows(quick: bool) -> Iterator[Row]:
    """All rows for which the peers are installed."""
    yield from scheduling(quick)
    yield from [] if quick else threads_and_bits()
    gc.freeze()  # micrograd's graphs are cycles: spare its collector what is not its own
    if importlib.util.find_spec("micrograd"):
        yield from against_micrograd(quick)
    yield from one_image(quick)
    nets = {**SMALL, **LARGE}
    for name in [*nets][: 1 if quick else None]:
        yield from against_libraries(name, nets[name], quick)


def main(arguments: Arguments = None) -> None:
    """Print the table."""
    run(__doc__ or "", rows, arguments)


if __name__ == "__main__":
    main()
