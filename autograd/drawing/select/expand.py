"""What `expand` names: a layer or a module, channels of its output, or one entry."""

import math
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from ..read.graph import NamedTensor
from ..read.stages import Stage


class Target(NamedTuple):
    """What to open: a layer or a module, some of its channels, or one entry of its output."""

    path: str
    address: tuple[int, ...] = ()


class Location(NamedTuple):
    """What an address means in a tensor: channels, and the place of an entry, or −1 for none."""

    channels: range
    place: int


def call_name(call: Any) -> str:
    """What a call is opened by: its path, or what was called."""
    return str(call or getattr(call, "kind", ""))


def target(name: str, stages: Sequence[Stage]) -> Target:
    """A name of `expand`, checked; ValueError that lists the names that are there."""
    known = dict.fromkeys(call_name(call) for stage in stages for call in stage.calls)
    if name in known:
        return Target(name)
    match = re.fullmatch(r"(.+)\[([-\d\s,]+)\]", name, re.S)
    if match and match[1] in known:
        return _addressed(name, match[1], match[2], stages)
    names = [*known]
    listed = ", ".join(map(repr, names[:20])) + (", ..." if len(names) > 20 else "")
    raise ValueError(f"expand={name!r}: there is no such layer; there are {listed or 'no layers'}")


def _addressed(name: str, path: str, indices: str, stages: Sequence[Stage]) -> Target:
    """A channel or an entry, checked."""
    if "-" in indices:
        raise ValueError(f"expand={name!r}: indices count from 0, negative ones are not taken")
    address = tuple(int(i) for i in indices.split(",") if i.strip())
    tensors = [t for s in stages if s.calls and call_name(s.call) == path for t in s.outputs]
    if any(locate(t, address) for t in tensors):
        return Target(path, address)
    shapes = [*dict.fromkeys(t.name.shape for t in tensors)]
    raise ValueError(
        f"expand={name!r}: {path} has outputs of shape {shapes}: "
        "say a channel, name[c], or an entry with all its indices"
    )


def locate(tensor: NamedTensor, address: tuple[int, ...]) -> Location | None:
    """What an address means in a tensor; None outside of it.

    In 8×24×24, (3,) is channel 3, and (3, 4, 5) the entry there; in a batch 5×8×24×24, (2,) is the
    eight channels of sample 2.
    """
    shape = tensor.name.shape
    lead = shape[: len(shape) - _axes_of_channel(shape)]
    if any(i >= n for i, n in zip(address, shape, strict=False)):
        return None
    if address and len(address) == len(shape):
        place = _flat(address, shape)
        return Location(range(place // tensor.plane, place // tensor.plane + 1), place)
    if 0 < len(address) <= len(lead):
        several = math.prod(lead[len(address) :])
        first = _flat(address, lead[: len(address)]) * several
        return Location(range(first, first + several), -1)
    return None


def _axes_of_channel(shape: tuple[int, ...]) -> int:
    """How many axes a channel has: two, the one of a matrix, or none of a vector."""
    return 2 if len(shape) > 2 else len(shape) - 1 if shape else 0


def _flat(address: tuple[int, ...], shape: tuple[int, ...]) -> int:
    place = 0
    for i, n in zip(address, shape, strict=True):
        place = place * n + i
    return place


def channel_address(tensor: NamedTensor, channel: int) -> tuple[int, ...]:
    """The indices of a channel: (3, 1) for the second channel of the fourth sample of a batch."""
    shape = tensor.name.shape
    return tensor.name.address(channel * tensor.plane)[: len(shape) - _axes_of_channel(shape)]
