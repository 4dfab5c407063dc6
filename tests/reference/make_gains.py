#!/usr/bin/python3
"""Writes gains.json: gains, fixed points and mean fields of activations by mpmath, to 25 digits, for tests/init.

Means over a normal are integrals of the definition between the function's own kinks; nothing of the framework's
rules is used. `fields` is by numpy, in double precision. Run from the repository root with a Python that has mpmath
and numpy (Debian: python3-mpmath, python3-numpy); takes minutes.
"""
import json
import math
import os

import numpy
from mpmath import mp, mpf, cosh, cos, erf, exp, expm1, findroot, log1p, npdf, quad, sin, sqrt, tanh

mp.dps = 25


def sigmoid(x):
    return 1 / (1 + exp(-x))


def softplus(x):
    return x + log1p(exp(-x)) if x > 0 else log1p(exp(x))


def cdf(x):
    return (1 + erf(x / sqrt(2))) / 2


def mish_slope(x):
    t = tanh(softplus(x))
    return t + x * (1 - t * t) * sigmoid(x)


SELU_ALPHA, SELU_SCALE = mpf("1.6732632423543772848170429916717"), mpf("1.0507009873554804934193349852946")
# name: function, derivative, kinks
ACTIVATIONS = {
    "relu": (lambda x: max(x, mpf(0)), lambda x: mpf(x > 0), [0]),
    "leaky_relu(0.2)": (lambda x: x if x > 0 else x / 5, lambda x: mpf(1) if x > 0 else mpf(1) / 5, [0]),
    "tanh": (tanh, lambda x: 1 / cosh(x) ** 2, [0]),
    "sigmoid": (sigmoid, lambda x: sigmoid(x) * sigmoid(-x), [0]),
    "elu": (lambda x: x if x > 0 else expm1(x), lambda x: mpf(1) if x > 0 else exp(x), [0]),
    "selu": (lambda x: SELU_SCALE * (x if x > 0 else SELU_ALPHA * expm1(x)),
             lambda x: SELU_SCALE * (1 if x > 0 else SELU_ALPHA * exp(x)), [0]),
    "gelu": (lambda x: x * cdf(x), lambda x: cdf(x) + x * npdf(x), [0]),
    "silu": (lambda x: x * sigmoid(x), lambda x: sigmoid(x) * (1 + x * sigmoid(-x)), [0]),
    "mish": (lambda x: x * tanh(softplus(x)), mish_slope, [0]),
    "softplus": (softplus, sigmoid, [0]),
    "sine(omega=1)": (sin, cos, [0]),
    "relu6": (lambda x: min(max(x, mpf(0)), mpf(6)), lambda x: mpf(0 < x < 6), [0, 6]),
    "hardtanh": (lambda x: min(max(x, mpf(-1)), mpf(1)), lambda x: mpf(-1 < x < 1), [-1, 1]),
    "hardswish": (lambda x: x * min(max(x + 3, mpf(0)), mpf(6)) / 6,
                  lambda x: mpf(0) if x < -3 else mpf(1) if x > 3 else x / 3 + mpf(1) / 2, [-3, 3]),
    "softsign": (lambda x: x / (1 + abs(x)), lambda x: 1 / (1 + abs(x)) ** 2, [0]),
}


def mean(g, kinks=(), scale=1):
    """E[g(z)], z ~ N(0, 1), between kinks given in units of scale·z and over octaves of the function's own scale."""
    own = {k / mpf(scale) for k in kinks} | {s * mpf(2) ** p / scale for p in range(-2, 6) for s in (-1, 1)}
    edges = sorted({e for e in own if abs(e) < 14} | {mpf(e) for e in (-14, -8, -4, -2, 0, 2, 4, 8, 14)})
    return quad(lambda z: g(z) * npdf(z), edges)


def moments(name, scale):
    """E[f²], E[f'²] and E[f f' z] of f(scale·z)."""
    f, slope, kinks = ACTIVATIONS[name]
    s = mpf(scale)
    return (mean(lambda z: f(s * z) ** 2, kinks, s), mean(lambda z: slope(s * z) ** 2, kinks, s),
            mean(lambda z: f(s * z) * slope(s * z) * z, kinks, s))


def number(x):
    return float(mp.nstr(x, 17))


def gains():
    for name in ACTIVATIONS:
        square, slope_square, _ = moments(name, 1)
        yield {"activation": name, "forward": number(1 / sqrt(square)), "backward": number(1 / sqrt(slope_square))}


def fixed_points():
    for name, start in [("relu", 1.4), ("leaky_relu(0.2)", 1.4), ("elu", 1.3), ("selu", 1), ("gelu", 1.5),
                        ("silu", 1.56), ("mish", 1.45), ("softplus", 1.1), ("relu6", 1.4), ("hardswish", 1.57)]:
        f, _, kinks = ACTIVATIONS[name]
        sigma = findroot(lambda s: mean(lambda z: f(s * z) ** 2, kinks, s) - 1, (mpf(start), mpf(start) * 1.01),
                         tol=1e-20)
        _, slope_square, product = moments(name, sigma)
        yield {"activation": name, "sigma": number(sigma), "backward": number(1 / sqrt(slope_square)),
               "slope": number(sigma * product), "chi": number(sigma ** 2 * slope_square)}


def edges():
    for name in ACTIVATIONS:
        for q in ["0.01", "0.5", "2", "10", "10000"]:
            square, slope_square, product = moments(name, sqrt(mpf(q)))
            w = 1 / slope_square
            yield {"activation": name, "q": float(q), "square_w": number(w), "square_b": number(mpf(q) - w * square),
                   "variance_slope": number(w * product / sqrt(mpf(q)))}


NODES, WEIGHTS = numpy.polynomial.legendre.leggauss(24)


def panels(edges, g):
    """The integral of g·normal density between the edges, column by column where these are columns."""
    low, high = edges[:-1], edges[1:]
    z = (high + low)[..., None] / 2 + (high - low)[..., None] / 2 * NODES
    weight = (high - low)[..., None] / 2 * WEIGHTS * numpy.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    return (weight * g(z)).sum(axis=(0, -1))


def fields():
    """Fixed points with both depths in double precision: the mean over two correlated normals as one over what they
    share of the squared mean over what each has of its own."""
    # name: function, derivative, kinks
    known = {"tanh": (numpy.tanh, lambda x: 1 / numpy.cosh(numpy.clip(x, -300, 300)) ** 2, []),
             "hardtanh": (lambda x: numpy.clip(x, -1, 1), lambda x: (abs(x) < 1) * 1.0, [-1, 1]),
             "relu": (lambda x: numpy.maximum(x, 0), lambda x: (x > 0) * 1.0, [0]),
             "elu": (lambda x: numpy.where(x > 0, x, numpy.expm1(numpy.minimum(x, 0))),
                     lambda x: numpy.where(x > 0, 1, numpy.exp(numpy.minimum(x, 0))), [0])}
    grid = numpy.linspace(-12, 12, 241)
    for name, w, b in [("tanh", 2.5, 0.05), ("tanh", 1.3, 0.05), ("tanh", 4, 0), ("hardtanh", 3, 0.1),
                       ("relu", 1.5, 0.3), ("elu", 1.2, 0.1)]:
        f, slope, kinks = known[name]

        def alone(g, q):
            edges = numpy.sort(numpy.concatenate([grid, [k / math.sqrt(q) for k in kinks]]))
            return float(panels(edges, lambda z: g(math.sqrt(q) * z) ** 2))

        q = 1.0
        for _ in range(20000):
            q, before = w * alone(f, q) + b, q
            if abs(q - before) < 1e-15 * q:
                break
        chi = w * alone(slope, q)
        row = {"activation": name, "square_w": w, "square_b": b, "q": q, "chi": chi,
               "gradient_depth": 1 / abs(math.log(chi))}

        def both(g, c):
            def given(z):
                own = [(k / math.sqrt(q) - math.sqrt(c) * z) / math.sqrt(1 - c) for k in kinks]
                edges = numpy.sort(numpy.stack([numpy.full_like(z, e) for e in grid] +
                                               [numpy.clip(k, -12, 12) for k in own]), axis=0)
                u = lambda e: math.sqrt(q) * (math.sqrt(c) * z[..., None] + math.sqrt(1 - c) * e)
                return panels(edges, lambda e: g(u(e)))
            return float(panels(numpy.linspace(-12, 12, 61), lambda z: given(z) ** 2))

        correlation, rate = 1.0, chi
        if chi > 1:
            low, high = 0.0, 1 - 1e-6
            for _ in range(0 if b == 0 and name in ("tanh", "hardtanh") else 45):
                middle = (low + high) / 2
                if w * both(f, middle) + b >= q * middle:
                    low = middle
                else:
                    high = middle
            correlation = low
            rate = w * both(slope, correlation)
        yield row | {"correlation": correlation, "correlation_depth": 1 / abs(math.log(rate))}


def main():
    tables = {"gains": gains(), "fixed_points": fixed_points(), "edges": edges(), "fields": fields()}
    parts = []
    for key, rows in tables.items():
        lines = ",\n".join(json.dumps(row, separators=(",", ":")) for row in rows)
        parts.append(f'"{key}": [\n{lines}\n]')
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "gains.json"), "w") as out:
        out.write("{\n" + ",\n".join(parts) + "\n}\n")


main()
