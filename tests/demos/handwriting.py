"""Digits as a hand draws them, on paper of side 1."""

import math
from itertools import pairwise

import numpy as np


def arc(x, y, width, height, start, end, points=24):
    """Part of an ellipse; degrees run clockwise from the right."""
    angles = np.radians(np.linspace(start, end, points))
    return [(x + width * math.cos(a), y + height * math.sin(a)) for a in angles]


def line(*corners, points=9):
    """Straight from corner to corner."""
    parts = [np.linspace(a, b, points) for a, b in pairwise(corners)]
    return [tuple(point) for part in parts for point in part.tolist()]


HOOK = line((0.4, 0.2), (0.37, 0.45)) + arc(0.48, 0.62, 0.18, 0.18, -120, 140)
DRAWN = {
    0: [arc(0.5, 0.5, 0.2, 0.3, -90, -450, 32)],
    1: [line((0.53, 0.2), (0.47, 0.8))],
    2: [arc(0.5, 0.36, 0.17, 0.16, -170, 30) + line((0.6, 0.5), (0.32, 0.8), (0.7, 0.8))],
    3: [arc(0.48, 0.35, 0.16, 0.15, -150, 90) + arc(0.48, 0.65, 0.19, 0.15, -90, 150)],
    4: [line((0.35, 0.2), (0.33, 0.5), (0.68, 0.5)), line((0.63, 0.2), (0.63, 0.82))],
    5: [HOOK, line((0.4, 0.2), (0.66, 0.2))],
    6: [arc(0.62, 0.55, 0.28, 0.35, -100, -180) + arc(0.5, 0.63, 0.15, 0.16, -180, -540)],
    7: [line((0.32, 0.22), (0.68, 0.22), (0.46, 0.82))],
    8: [arc(0.5, 0.35, 0.14, 0.14, 90, 450) + arc(0.5, 0.64, 0.17, 0.15, -90, -450)],
    9: [arc(0.48, 0.38, 0.15, 0.16, 0, -360) + line((0.63, 0.38), (0.6, 0.82))],
}


def moved(drawing, scale, x, y):
    return [[(scale * a + x, scale * b + y) for a, b in stroke] for stroke in drawing]


def options(path, *more):
    """Of the demo, for a network that learns in two seconds."""
    import draw_digits

    size = "--train", "3000", "--epochs", "5"
    return draw_digits.parse(["--model", str(path), *size, *more])
