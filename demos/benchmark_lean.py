"""A lean scalar engine as people write one now, and a small GPT of scalars in lists to run on it.

The engine has slots, keeps the local gradients of each operation, and recurses.
"""

import math
import random


class Lean:
    """A scalar node: its operands, and ∂self/∂x of each."""

    __slots__ = ("children", "data", "grad", "local")

    def __init__(self, data, children=(), local=()):
        self.data, self.grad, self.children, self.local = data, 0, children, local

    def __add__(self, other):
        other = other if isinstance(other, Lean) else Lean(other)
        return Lean(self.data + other.data, (self, other), (1, 1))

    def __mul__(self, other):
        other = other if isinstance(other, Lean) else Lean(other)
        return Lean(self.data * other.data, (self, other), (other.data, self.data))

    def __pow__(self, n):
        return Lean(self.data**n, (self,), (n * self.data ** (n - 1),))

    def __neg__(self):
        return self * -1

    def __sub__(self, other):
        return self + (-other)

    def __truediv__(self, other):
        return self * other**-1

    __radd__, __rmul__ = __add__, __mul__

    def exp(self):
        """The node exp(self)."""
        y = math.exp(self.data)
        return Lean(y, (self,), (y,))

    def log(self):
        """The node log(self)."""
        return Lean(math.log(self.data), (self,), (1 / self.data,))

    def relu(self):
        """The node max(0, self)."""
        return Lean(max(0.0, self.data), (self,), (float(self.data > 0),))

    def backward(self):
        """Add ∂self/∂node to the `grad` of every node."""
        ordered, seen = [], set()

        def visit(node):
            if node not in seen:
                seen.add(node)
                for child in node.children:
                    visit(child)
                ordered.append(node)

        visit(self)
        self.grad = 1
        for node in reversed(ordered):
            for child, local in zip(node.children, node.local, strict=True):
                child.grad += local * node.grad


# --- a GPT of one layer ---------------------------------------------------------------------------


def linear(rows, x):
    """W x, entry by entry."""
    return [sum(w * a for w, a in zip(row, x, strict=True)) for row in rows]


def softmax(logits):
    """Shifted by the maximum, which is a number."""
    largest = max(v.data for v in logits)
    powers = [(v - largest).exp() for v in logits]
    total = sum(powers)
    return [p / total for p in powers]


def normalised(x):
    """x over its root mean square."""
    scale = (sum(a * a for a in x) / len(x) + 1e-5) ** -0.5
    return [a * scale for a in x]


def gpt(kind, width=8, heads=2, length=5, vocabulary=12):
    """Returns a function that computes the mean loss of the next token over a random sequence."""
    rng = random.Random(0)

    def matrix(n, m):
        return [[kind(rng.gauss(0, 0.2)) for _ in range(m)] for _ in range(n)]

    tokens = [rng.randrange(vocabulary) for _ in range(length + 1)]
    embedding, places, head = (matrix(n, width) for n in (vocabulary, length, vocabulary))
    query, key, value, out = (matrix(width, width) for _ in range(4))
    wide, narrow = matrix(4 * width, width), matrix(width, 4 * width)

    def attended(q, keys, values):
        size = width // heads
        found = []
        for s in (slice(k, k + size) for k in range(0, width, size)):
            shares = softmax([v / size**0.5 for v in linear([k[s] for k in keys], q[s])])
            found += linear(zip(*[v[s] for v in values], strict=True), shares)
        return found

    def forward():
        keys, values, losses = [], [], []
        for place, token in enumerate(tokens[:-1]):
            pairs = zip(embedding[token], places[place], strict=True)
            x = normalised([a + b for a, b in pairs])
            keys.append(linear(key, x))
            values.append(linear(value, x))
            y = linear(out, attended(linear(query, x), keys, values))
            x = [a + b for a, b in zip(x, y, strict=True)]
            y = linear(narrow, [a.relu() for a in linear(wide, normalised(x))])
            x = [a + b for a, b in zip(x, y, strict=True)]
            losses.append(-softmax(linear(head, x))[tokens[place + 1]].log())
        return sum(losses) * (1 / length)

    return forward
