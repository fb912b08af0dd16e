"""Train a ResNet-20 on clothes with one device, with two, with more, and see what each is worth.

JAX runs the compiled plan. The devices share each batch, all of them have the parameters, and a
gradient is the sum of what they find; so is each mean of a batch normalisation.

    python demos/scale.py --devices 1 2 4                 on so many GPUs, one number after another
    python demos/scale.py --simulated 8                   on a CPU that stands for 1, 2, 4, 8
    python demos/scale.py --simulated 4 --processes 2     in two processes with four each
    python demos/scale.py --coordinator 10.0.0.1:4321 --process 0 --of 2
                                                          on hosts: each one with its own number
    python demos/scale.py --devices 2 --checkpoint run.safetensors
                                                          goes on there, on any number of devices
    python demos/scale.py --paper                         what a step costs on up to 1,000 devices

It needs glassgrad[jax], and for GPUs jax[cuda13]. The images are Fashion-MNIST's.
"""

import argparse
import os
import random
import sys
from typing import Any

import scale_paper
import scale_processes
from models.resnet import block, convolution

import nn

Options = argparse.Namespace
SHARED = """
These devices are simulated, and share {processors} processors: this is what it costs to share a
batch, and what processors gain that are idle with {first}."""
SIMULATED = "--xla_force_host_platform_device_count="


def resnet(n: int = 3, width: int = 16) -> nn.Sequential:
    """ResNet-(6n + 2) (He et al. 2015): an image (1, 28, 28) -> logits (10,)."""
    widths = [width] * n + [2 * width] * n + [4 * width] * n
    blocks = [
        block(i, o, stride=1 if i == o else 2)
        for i, o in zip([width, *widths], widths, strict=False)
    ]
    stem = [*convolution(1, width), nn.ReLU()]
    return nn.Sequential(*stem, *blocks, nn.GlobalAvgPool(), nn.Dense(4 * width, 10))


def main(arguments: list[str] | None = None) -> dict[int, float]:
    """Train with each number of devices, print images per second, and return them."""
    options = parse(arguments)
    if options.simulated:
        simulate(options.simulated)
    if options.paper:
        print(scale_paper.table(scale_paper.measured()))
        return {}
    if options.processes > 1:
        given = sys.argv[1:] if arguments is None else arguments
        sys.exit(scale_processes.run(options.processes, given, options.checkpoint))
    if options.coordinator:
        place = options.coordinator, options.of, options.process
        return scale_processes.member(place, options.checkpoint, lambda: scaled(options))
    try:
        return scaled(options)
    except (ImportError, OSError, ValueError) as error:
        sys.exit(f"scale.py: {error}")


def scaled(options: Options) -> dict[int, float]:
    """Train with each number of devices in turn: images per second by that number."""
    import jax

    full = options.root
    train, test = nn.data.fashion_mnist(root=full) if full else nn.data.fashion_mini()
    train = train.take(range(min(len(train), options.images or len(train))))
    found = {}
    for count in options.devices or counts(len(jax.devices()), jax.process_count()):
        say(f"{count} device{'s' * (count > 1)}")
        trainer = trained(count, train, options)
        found[count] = len(train) / fastest(trainer.history)
    accuracy = trainer.evaluate(test, backend="jax", devices=count).accuracy
    say(f"test accuracy {accuracy:.1%}\n\n{table(found, jax.devices())}")
    return found


def trained(count: int, train: nn.data.Dataset, options: Options) -> nn.Trainer:
    """A ResNet, trained with so many devices, on the same batches as with any other number."""
    random.seed(options.seed)
    model = resnet(options.blocks, options.width)
    trainer = nn.Trainer(model, nn.CrossEntropyLoss(), nn.AdamW(model.parameters(), lr=0.003))
    trainer.fit(
        train,
        epochs=options.epochs,
        batch_size=options.batch_size,
        seed=options.seed,
        checkpoint=options.checkpoint,
        backend="jax",
        devices=count,
    )
    return trainer


def counts(there: int, processes: int) -> list[int]:
    """1, 2, 4, ... of the devices that there are; all of them, where they are in processes."""
    return [there] if processes > 1 else [2**k for k in range(there.bit_length())]


def fastest(history: Any) -> float:
    """Seconds of the fastest epoch but the first one, in which all is compiled."""
    return min(history["seconds"][1:] or history["seconds"])


def table(found: dict[int, float], devices: list[Any]) -> str:
    """Images per second, and what a device is worth beside the first one, as Markdown."""
    (first, base), *_ = found.items()
    shared = devices[0].platform == "cpu"
    rows = ["| devices | images a second | efficiency |", "|---|---|---|"]
    for count, speed in found.items():
        worth = speed / base / (1 if shared else count / first)
        rows.append(f"| {count} | {speed:,.0f} | {worth:.0%} |")
    if shared:
        rows.append(SHARED.format(processors=os.cpu_count(), first=first))
    return "\n".join(rows)


def say(text: str) -> None:
    """Print, in the first of several processes."""
    import jax

    if jax.process_index() == 0:
        print(text, flush=True)


def simulate(count: int) -> None:
    """Let JAX, which reads this when it starts, take the CPU for so many devices."""
    others = [f for f in os.environ.get("XLA_FLAGS", "").split() if not f.startswith(SIMULATED)]
    os.environ["XLA_FLAGS"] = " ".join([*others, f"{SIMULATED}{count}"])
    os.environ["JAX_PLATFORMS"] = "cpu"


def parse(arguments: list[str] | None) -> Options:
    """The command line's options."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--devices", type=count, nargs="+", metavar="N", help="numbers of devices to train with")
    add("--simulated", type=count, metavar="N", help="let the CPU stand for so many devices")
    add("--processes", type=count, default=1, metavar="N", help="start so many on this machine")
    add(
        "--coordinator", metavar="HOST:PORT", help="where process 0 of several hosts can be reached"
    )
    add("--process", type=int, metavar="K", help="which of them this one is, from 0")
    add("--of", type=count, metavar="N", help="how many there are")
    add("--checkpoint", metavar="FILE", help="keep the training there, and go on with it")
    add("--paper", action="store_true", help="print what a step costs on up to 1,000 devices")
    add("--epochs", type=count, default=3, help="passes over the images (default: 3)")
    add("--batch-size", type=count, default=64, help="images in a step (default: 64)")
    add("--images", type=count, metavar="N", help="learn from the first N (default: all)")
    add("--blocks", type=count, default=3, help="n of ResNet-(6n + 2) (default: 3)")
    add("--width", type=count, default=16, help="channels of the first blocks (default: 16)")
    add("--seed", type=int, default=0, help="rules weights and order (default: 0)")
    add("--root", metavar="FOLDER", help="read all 70,000 images from there (default: 900)")
    options = parser.parse_args(arguments)
    if options.coordinator and (options.process is None or options.of is None):
        parser.error("--coordinator needs --process and --of")
    if options.checkpoint and len(options.devices or [0]) > 1:
        parser.error("--checkpoint keeps one training: give one number of --devices")
    return options


def count(text: str) -> int:
    """A positive int of the command line."""
    if int(text) < 1:
        raise ValueError(text)
    return int(text)


if __name__ == "__main__":
    main()
