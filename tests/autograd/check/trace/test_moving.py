"""What moves entries hands each slope to the entry that it came from."""

import numpy as np
import pytest
from recorded_runs import assert_recorded

RNG = np.random.default_rng(0)
A = RNG.uniform(0.2, 0.9, (3, 4))
B = RNG.uniform(0.2, 0.9, (4, 3))
C = RNG.uniform(0.2, 0.9, (3, 4))
V = RNG.uniform(0.2, 0.9, 4)
CUBE = RNG.uniform(0.2, 0.9, (2, 3, 4))
MASK = A > 0.5

MOVES = {
    "reshape": [
        lambda x: np.reshape(x, (4, 3)),
        lambda x: x.reshape(2, -1),
        lambda x: x.ravel(),
        lambda x: np.ravel(x, "F"),
        lambda x: x.flatten(),
        lambda x: x.reshape((4, 3), order="F"),
        lambda x: x.T.reshape(-1),
        lambda x: x.T.ravel(),
        lambda x: np.ravel(x),
    ],
    "transpose": [
        lambda x: x.T,
        lambda x: np.transpose(x),
        lambda x: x.transpose(1, 0),
        lambda x: np.swapaxes(x, 0, 1),
        lambda x: x.swapaxes(0, 1),
        lambda x: x.mT,
        lambda x: np.moveaxis(x, 0, 1),
        lambda x: np.rollaxis(x, 1),
        lambda x: np.permute_dims(x, (1, 0)),
        lambda x: np.matrix_transpose(x),
    ],
    "axes": [
        lambda x: np.expand_dims(x, 1),
        lambda x: np.squeeze(x[None]),
        lambda x: x[None].squeeze(),
        lambda x: np.atleast_3d(x),
        lambda x: np.atleast_2d(x[0]),
        lambda x: x[:, np.newaxis],
        lambda x: np.atleast_1d(x.sum()),
    ],
    "flip": [
        lambda x: np.flip(x),
        lambda x: np.flip(x, 1),
        lambda x: np.fliplr(x),
        lambda x: np.flipud(x),
        lambda x: np.rot90(x),
        lambda x: x[::-1, ::-1],
    ],
    "roll": [
        lambda x: np.roll(x, 1),
        lambda x: np.roll(x, 2, axis=1),
        lambda x: np.tile(x, (2, 2)),
        lambda x: np.repeat(x, 2),
        lambda x: np.repeat(x, [1, 2, 0], axis=0),
        lambda x: x.repeat(2, 1),
        lambda x: x.repeat(2, axis=0).repeat(2, axis=1),
        lambda x: np.resize(x, (5, 4)),
    ],
    "take": [
        lambda x: np.take(x, [0, 5, 5]),
        lambda x: x.take([0, 2, 2], axis=1),
        lambda x: np.take_along_axis(x, np.argmax(x, 1)[:, None], 1),
        lambda x: np.delete(x, 1, 0),
        lambda x: np.compress([True, False, True], x, axis=0),
        lambda x: np.extract(MASK, x),
        lambda x: x.compress([1, 0, 1], axis=0),
        lambda x: np.insert(x, 1, 5.0, axis=1),
        lambda x: np.insert(x, 1, x[0], axis=0),
    ],
    "broadcast": [
        lambda x: np.broadcast_to(x, (2, 3, 4)) * 2.0,
        lambda x: np.tril(x),
        lambda x: np.triu(x, 1),
        lambda x: np.broadcast_arrays(x, V)[0] * V,
        lambda x: np.diag(x),
        lambda x: np.diag(x[0]),
        lambda x: x.diagonal(1),
        lambda x: np.diagonal(x),
        lambda x: np.diagflat(x[0]),
    ],
    "join": [
        lambda x: np.concatenate([x, 2 * x]),
        lambda x: np.concatenate((x, C), axis=1),
        lambda x: np.stack([x[0], V, x[1]], axis=1),
        lambda x: np.hstack([x, x]),
        lambda x: np.vstack((x, V)),
        lambda x: np.dstack([x, x]),
        lambda x: np.append(x, 1.0),
        lambda x: np.column_stack([x[:, 0], x]),
        lambda x: np.block([[x, x], [C, x]]),
        lambda x: np.append(x, x * x, axis=0),
        lambda x: np.r_[x[0], x[1]],
        lambda x: np.c_[x, x * x],
        lambda x: np.concatenate([x, x], axis=None),
    ],
    "split": [
        lambda x: np.split(x, 2, axis=1)[1] * 2,
        lambda x: np.array_split(x, 2)[0] * np.array_split(x, 2)[0],
        lambda x: np.hsplit(x, 2)[0] + np.hsplit(x, 2)[1],
        lambda x: np.vsplit(x, 3)[2],
        lambda x: np.unstack(x)[1] * 3,
    ],
    "pad": [
        lambda x: np.pad(x, 1),
        lambda x: np.pad(x, ((1, 0), (0, 2))),
        lambda x: np.pad(x, 1, "edge"),
        lambda x: np.pad(x, 2, mode="reflect"),
        lambda x: np.pad(x, 1, mode="symmetric"),
        lambda x: np.pad(x, 1, mode="wrap"),
        lambda x: np.pad(x, 1, constant_values=-2.0),
        lambda x: np.pad(x, [(0, 1), (1, 0)], mode="constant", constant_values=3),
    ],
    "windows": [
        lambda x: np.lib.stride_tricks.sliding_window_view(x, (2, 2)) * 2,
        lambda x: np.lib.stride_tricks.sliding_window_view(x, 3, axis=1)[:, ::1].sum(-1),
        lambda x: np.lib.stride_tricks.as_strided(x, (2, 3, 2, 2), (32, 8, 32, 8)) * 1.5,
        lambda x: np.lib.stride_tricks.as_strided(x.copy(), shape=(2, 2), strides=(32, 16)).sum(0),
    ],
    "copies": [
        lambda x: np.copy(x),
        lambda x: x.copy(),
        lambda x: np.array(x),
        lambda x: np.asarray(x, float),
        lambda x: np.ascontiguousarray(x.T),
        lambda x: x.astype(float),
        lambda x: x.real * 2,
        lambda x: x.view(),
        lambda x: +x,
        lambda x: np.real(x),
    ],
}


def _flat(table):
    return [
        pytest.param(f, id=f"{name}-{k}") for name, fs in table.items() for k, f in enumerate(fs)
    ]


@pytest.mark.parametrize("forward", _flat(MOVES))
def test_what_moves_entries_hands_each_slope_to_its_entry(forward):
    assert_recorded(forward, {"x": A})
    assert_recorded(lambda x: forward(np.exp(x)), {"x": A})
