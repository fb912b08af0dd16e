"""Right backward passes at random points where slopes are hard to measure.

A family draws (forward, inputs, backward) from a generator. The suite takes a few points of each;
`python tests/autograd/check/random_points.py 200` prints how many of 200 are right, undecided and
wrong; names of families behind it choose among them.
"""

import sys
from collections import Counter

import numpy as np
from points_at_borders import BORDERS
from points_in_single_precision import SINGLE
from points_with_epsilon import EPSILON

from autograd import check_gradients

GROUPS = {"single precision": SINGLE, "borders": BORDERS, "ε": EPSILON}
FAMILIES = {name: draw for group in GROUPS.values() for name, draw in group.items()}


def report_on(name, seed, **options):
    """The report on one point of a family."""
    forward, inputs, backward = FAMILIES[name](np.random.default_rng(seed))
    return check_gradients(forward, inputs, backward, seed=seed, **options)


def tally(name, seeds):
    """{verdict: how many of the points}."""
    return Counter(report_on(name, seed).verdict for seed in seeds)


def main():
    """The table, a line for each family."""
    count = int(sys.argv[1])
    for group, families in GROUPS.items():
        for name in [n for n in families if n in sys.argv[2:] or not sys.argv[2:]]:
            found = tally(name, range(count))
            line = "".join(f"{found[verdict]:6}" for verdict in ("right", "undecided", "wrong"))
            print(f"{group:18}{name:36}{line}", flush=True)


if __name__ == "__main__":
    main()
