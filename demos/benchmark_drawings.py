"""Measure drawings and the explorer's page: how long they take to make, and to answer in a browser.

    python demos/benchmark_drawings.py

The rows of the browser need Chromium, its driver and selenium. `--quick` measures less.
"""

import gc
import math
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmark_nets import SMALL, resnet
from benchmark_steps import LAYERS
from benchmark_table import Arguments, Row, run

import nn
from autograd import Tensor, Value, draw, explore, graph

FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1400,1000"]
FLAGS += ["--disable-background-networking", "--disable-component-update", "--no-first-run"]


def timed(action: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds, and what the action returned."""
    gc.collect()
    start = time.perf_counter()
    result = action()
    return time.perf_counter() - start, result


def image(*shape: int) -> Tensor:
    """A picture by formula."""
    return Tensor([(k * k % 97) / 97 for k in range(math.prod(shape))]).reshape(*shape)


def lenet() -> Value:
    """The loss of LeNet for one 28×28 image, after backward."""
    model = SMALL["LeNet, 28×28"].build(LAYERS)
    loss = nn.CrossEntropyLoss()(model(image(1, 28, 28)), 3)
    loss.backward()
    return loss


def residual_network() -> Value:
    """The loss of a ResNet-8 for one 3×32×32 image."""
    model = resnet(lambda of, n: of.group_norm(4, n), n=1)(LAYERS)
    return nn.CrossEntropyLoss()(model(image(3, 32, 32)), 3)


def chain(length: int) -> Value:
    """An expression of this many additions, without any layer."""
    total = Value(0.0)
    for _ in range(length):
        total = total + 1.0
    return total


# --- making ---------------------------------------------------------------------------------------


def drawings(loss: Value, quick: bool) -> Iterator[Row]:
    """DOT and SVG."""
    nodes = len([n for n in graph.nodes(loss) if n.op])
    source = min(timed(lambda: draw(loss).source)[0] for _ in range(5))
    what = f"LeNet's loss, {nodes:,} operations: outline and DOT"
    yield Row(what, f"{source:.2f} s", "", "", "≤ 0.5 s")
    svg = min(timed(lambda: draw(loss).pipe("svg"))[0] for _ in range(3))
    yield Row("- and laid out as SVG", f"{svg:.2f} s", "", "", "≤ 1 s")
    for length in [1_000] if quick else [1_000, 1_000_000]:
        root = chain(length)
        seconds, _ = timed(lambda root=root: draw(root).pipe("svg"))
        yield Row(f"draw of {length:,} additions", f"{seconds:.1f} s", "", "", "≤ 25 s")


# --- answering ------------------------------------------------------------------------------------

TIMED = """
const [script, done] = arguments;
const start = performance.now();
(0, eval)(script);
requestAnimationFrame(() => setTimeout(() => done(performance.now() - start)));
"""
RAN = """
const [done] = arguments;
const { graph, live } = explorer;
const times = [];
const again = async (k) => {
  if (k === 12) return done(times.slice(2));
  const start = performance.now();
  if (live.large) await live.run();
  else graph.numbers.run();
  times.push(live.large ? live.milliseconds : performance.now() - start);
  setTimeout(again, 0, k + 1);
};
again(0);
"""
EDIT = "explorer.live.set({node}, {number})"
KEY = "document.body.dispatchEvent(new KeyboardEvent('keydown', {key: '%s', bubbles: true}))"


def browser() -> Any:
    """Chromium, or None where it, its driver or selenium is missing."""
    paths = [shutil.which(name) for name in ("chromium", "chromedriver")]
    try:
        from selenium import webdriver
        from selenium.webdriver.chrome.service import Service
    except ImportError:
        return None
    if None in paths:
        return None
    options = webdriver.ChromeOptions()
    options.binary_location = str(paths[0])
    for flag in FLAGS:
        options.add_argument(flag)
    return webdriver.Chrome(options=options, service=Service(str(paths[1])))


def first_view(driver: Any, path: Path) -> float:
    """Seconds from the start of navigation until the page is drawn."""
    driver.get("about:blank")
    driver.get(path.as_uri())
    while not (ready := driver.execute_script("return document.body.dataset.ready")):
        time.sleep(0.02)
    return float(ready) / 1000


def answers(driver: Any) -> dict[str, list[float]]:
    """Milliseconds from a click or a key to its picture."""

    def spent(script: str) -> float:
        return float(driver.execute_async_script(TIMED, script))

    time.sleep(2)  # what the page prepares while nobody asks
    tensors = driver.execute_script(
        "return explorer.graph.tensors.map(t => t.entries[t.entries.length >> 1])"
    )
    layers = driver.execute_script("return explorer.graph.stages.length")
    cards = driver.execute_script("return document.querySelectorAll('.card.layer').length")
    clicks = [
        spent(f"document.querySelectorAll('.card.layer')[{k}].click()") for k in range(cards)
    ] + [spent(f"explorer.state.select({{node: {n}}})") for n in tensors if n >= 0]
    time.sleep(1)
    steps = {}
    for grain, times in [("layer", layers), ("channel", 60), ("scalar", 60)]:
        spent(f"explorer.state.set({{node: null, grain: '{grain}'}})")
        spent(KEY % "Home")
        if grain == "scalar":
            spent("explorer.state.set({time: Math.floor(explorer.reverse.end / 2)})")
        steps[grain] = [spent(KEY % "ArrowRight") for _ in range(times)]
    return {"click": clicks, **steps}


def runs(driver: Any) -> list[float]:
    """Milliseconds of a run of the whole graph, forward and reverse."""
    times: list[float] = driver.execute_async_script(RAN)
    return times


def edits(driver: Any) -> list[float]:
    """Milliseconds from a pixel's new number to all views, with its layer and its node open."""
    pixels = driver.execute_script(
        "explorer.state.set({stage: 0, node: null, show: 'gradient', time: explorer.reverse.end});"
        "const x = explorer.graph.tensors.find(t => t.leaf && !t.parameter);"
        "explorer.state.set({node: x.entries[x.entries.length >> 1], stage: 0});"
        "return [...x.entries].filter(n => n >= 0).slice(300, 330)"
    )
    time.sleep(1)
    return [
        float(driver.execute_async_script(TIMED, EDIT.format(node=n, number=k / 30)))
        for k, n in enumerate(pixels)
    ]


def page(name: str, root: Value, bars: tuple[str, ...], driver: Any) -> Iterator[Row]:
    """One graph's page: written, opened, clicked at, stepped through, run, and changed."""
    written, opened, clicked, stepped, run_in, changed = bars
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "page.html"
        seconds, _ = timed(lambda: explore(root, path))
        size = path.stat().st_size / 1e6
        nodes = len(graph.nodes(root))
        what = f"page of {name}, {nodes:,} scalars: written"
        yield Row(what, f"{seconds:.1f} s", "", f"{size:.1f} MB", written)
        if driver is None:
            return
        views = sorted(first_view(driver, path) for _ in range(5))
        yield Row("- first view", f"{views[2]:.2f} s", "", f"worst {views[-1]:.2f} s", opened)
        for what, times in answers(driver).items():
            median, worst = sorted(times)[len(times) // 2], max(times)
            title = "a click to its view" if what == "click" else f"a step back by one {what}"
            bar = clicked if what == "click" else stepped
            yield Row(f"- {title}", f"{median:.0f} ms", "", f"worst {worst:.0f} ms", bar)
        yield from alive(driver, run_in, changed)


def alive(driver: Any, run_in: str, changed: str) -> Iterator[Row]:
    """The graph as it runs in the page."""
    large = driver.execute_script("return explorer.live.large")
    measured = [("- a run, forward and reverse" + ", in a worker" * large, runs(driver), run_in)]
    if not large:
        measured.append(("- one pixel changed, to all views", edits(driver), changed))
    for what, times, bar in measured:
        median, worst = sorted(times)[len(times) // 2], max(times)
        yield Row(what, f"{median:.1f} ms", "", f"worst {worst:.0f} ms", bar)


def rows(quick: bool) -> Iterator[Row]:
    """All rows for which the programs are installed."""
    loss = lenet()
    yield from drawings(loss, quick)
    driver = None if quick else browser()
    fast = "≤ 50 ms", "≤ 50 ms"
    alive = "≤ 10 ms", "≤ 50 ms"
    yield from page("LeNet", loss, ("≤ 3 s, 1.6 MB", "≤ 0.6 s", *fast, *alive), driver)
    if not quick:
        large = residual_network()
        yield from page(
            "ResNet-8", large, ("≤ 15 s, 20 MB", "≤ 3 s", *fast, "≤ 150 ms", ""), driver
        )
    if driver:
        driver.quit()


def main(arguments: Arguments = None) -> None:
    """Print the table."""
    run(__doc__ or "", rows, arguments)


if __name__ == "__main__":
    main()
