#!/usr/bin/env python3
"""Writes init.json: what PyTorch draws, for tests/init and tests/random/test_generator.cpp.

Run with a Python that has torch (Debian: /usr/bin/python3 with python3-torch); made with torch 1.13.1.
Small tensors are stored whole; of large ones a strided sample, the last values, the sum in double precision,
and the CRC-32 of all bits.
"""
import json
import math
import os
import zlib

import torch
from torch import nn
from torch.nn import init

torch.set_num_threads(1)
SEEDS = [0, 42, 2**32 + 5]


def numbers(t):
    return [float("%.9g" % x) for x in t.flatten().tolist()]


def record(t):
    t = t.detach().contiguous()
    flat = t.flatten()
    n = flat.numel()
    out = {"shape": list(t.shape), "crc": zlib.crc32(flat.numpy().tobytes()), "sum": flat.double().sum().item()}
    if n <= 64:
        out["values"] = numbers(flat)
    else:
        out["step"] = n // 16
        out["sample"] = numbers(flat[:: n // 16])
        out["last"] = numbers(flat[-4:])
    return out


def fans(t):
    return init._calculate_fan_in_and_fan_out(t)


def variance_scaling(t, scale, mode, distribution):
    fan_in, fan_out = fans(t)
    fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[mode]
    std = math.sqrt(scale / max(1.0, fan))
    if distribution == "uniform":
        return t.uniform_(-math.sqrt(3.0) * std, math.sqrt(3.0) * std)
    if distribution == "normal":
        return t.normal_(0, std)
    std /= 0.87962566103423978
    return init.trunc_normal_(t, 0, std, -2 * std, 2 * std)


def delta_orthogonal(t, gain):
    matrix = init.orthogonal_(torch.empty(t.shape[0], t.shape[1]), gain)
    centre = tuple((k - 1) // 2 for k in t.shape[2:])
    t.zero_()
    t[(slice(None), slice(None)) + centre] = matrix
    return t


def identity(t, gain):
    return (init.eye_(t) if t.dim() == 2 else init.dirac_(t)).mul_(gain)


def bilinear(t):
    k = t.shape[3]
    f = (k + 1) // 2
    c = (2 * f - 1 - f % 2) / (2 * f)
    for y in range(k):
        for x in range(k):
            t[:, :, y, x] = (1 - abs(x / f - c)) * (1 - abs(y / f - c))
    return t


MATRICES = [[7, 5], [5, 7], [16, 16], [64, 100], [256, 784]]
FILTERS = [[6, 1, 5, 5], [16, 6, 5, 5], [8, 4, 3], [4, 3, 2, 3, 3], [12, 2, 3, 3]]
BOTH = MATRICES + FILTERS
ANY = [[3], [15], [16], [37]] + BOTH
SMALL = [[7, 5], [5, 7], [16, 16], [12, 40], [40, 12]] + FILTERS  # well conditioned: QR in float is good to 1e-5

# How closely the framework must agree: all bits, a share of the tensor's deviation, or an absolute error.
BITS, NORMAL, ORTHOGONAL = {"bits": True}, {"of_std": 1e-6}, {"absolute": 1e-5}

SCHEMES = [
    (BITS, ANY, "zeros", init.zeros_),
    (BITS, ANY, "ones", init.ones_),
    (BITS, ANY, "constant(0.3)", lambda t: init.constant_(t, 0.3)),
    (BITS, ANY, "uniform", init.uniform_),
    (BITS, ANY, "uniform(a=-0.1, b=0.3)", lambda t: init.uniform_(t, -0.1, 0.3)),
    (BITS, ANY, "uniform(2, 2)", lambda t: init.uniform_(t, 2, 2)),
    (NORMAL, ANY, "normal", init.normal_),
    (NORMAL, ANY, "normal(mean=3, std=0.01)", lambda t: init.normal_(t, 3, 0.01)),
    (NORMAL, ANY, "normal(std=0)", lambda t: init.normal_(t, 0, 0)),
    (NORMAL, ANY, "trunc_normal", init.trunc_normal_),
    (NORMAL, ANY, "trunc_normal(std=0.02)", lambda t: init.trunc_normal_(t, std=0.02)),
    (NORMAL, ANY, "trunc_normal(1, 2, -1, 0.5)", lambda t: init.trunc_normal_(t, 1, 2, -1, 0.5)),
    (BITS, BOTH, "xavier_uniform", init.xavier_uniform_),
    (BITS, BOTH, "xavier_uniform(gain=5/3)", lambda t: init.xavier_uniform_(t, 5 / 3)),
    (NORMAL, BOTH, "xavier_normal", init.xavier_normal_),
    (NORMAL, BOTH, "xavier_normal(gain=0.5)", lambda t: init.xavier_normal_(t, 0.5)),
    (BITS, BOTH, "kaiming_uniform", init.kaiming_uniform_),
    (BITS, BOTH, "kaiming_uniform(a=sqrt(5))", lambda t: init.kaiming_uniform_(t, math.sqrt(5))),
    (BITS, BOTH, "kaiming_uniform(a=2.236)", lambda t: init.kaiming_uniform_(t, 2.236)),
    (BITS, BOTH, "kaiming_uniform(mode=fan_out, nonlinearity=tanh)",
     lambda t: init.kaiming_uniform_(t, mode="fan_out", nonlinearity="tanh")),
    (BITS, BOTH, "kaiming_uniform(nonlinearity=selu)", lambda t: init.kaiming_uniform_(t, nonlinearity="selu")),
    (BITS, BOTH, "kaiming_uniform(nonlinearity=linear)", lambda t: init.kaiming_uniform_(t, nonlinearity="linear")),
    (NORMAL, BOTH, "kaiming_normal", init.kaiming_normal_),
    (NORMAL, BOTH, "kaiming_normal(mode=fan_out, nonlinearity=relu)",
     lambda t: init.kaiming_normal_(t, mode="fan_out", nonlinearity="relu")),
    (NORMAL, BOTH, "kaiming_normal(a=0.2)", lambda t: init.kaiming_normal_(t, 0.2)),
    (ORTHOGONAL, SMALL, "orthogonal", init.orthogonal_),
    (ORTHOGONAL, SMALL, "orthogonal(gain=-1.41)", lambda t: init.orthogonal_(t, -1.41)),
    (ORTHOGONAL, [[16, 6, 5, 5], [8, 4, 3], [8, 8, 4, 4]], "delta_orthogonal(gain=2)",
     lambda t: delta_orthogonal(t, 2)),
    (NORMAL, MATRICES, "sparse", lambda t: init.sparse_(t, 0.1)),
    (NORMAL, MATRICES, "sparse(sparsity=0.55, std=1)", lambda t: init.sparse_(t, 0.55, 1)),
    (NORMAL, MATRICES, "sparse(0)", lambda t: init.sparse_(t, 0)),
    (BITS, MATRICES, "eye", init.eye_),
    (BITS, FILTERS, "dirac", init.dirac_),
    (BITS, [[12, 2, 3, 3], [4, 3, 2, 3, 3], [8, 4, 3], [8, 1, 5, 4]], "dirac(groups=4)",
     lambda t: init.dirac_(t, 4)),
    (BITS, BOTH, "identity(gain=0.5)", lambda t: identity(t, 0.5)),
    (BITS, BOTH, "variance_scaling(scale=2, mode=fan_avg, distribution=uniform)",
     lambda t: variance_scaling(t, 2, "fan_avg", "uniform")),
    (NORMAL, BOTH, "variance_scaling(scale=0.5, mode=fan_out, distribution=normal)",
     lambda t: variance_scaling(t, 0.5, "fan_out", "normal")),
    (NORMAL, BOTH, "variance_scaling", lambda t: variance_scaling(t, 1, "fan_in", "truncated_normal")),
    (BITS, BOTH, "lecun_uniform", lambda t: variance_scaling(t, 1, "fan_in", "uniform")),
    (NORMAL, BOTH, "lecun_normal", lambda t: variance_scaling(t, 1, "fan_in", "truncated_normal")),
    (BITS, BOTH, "glorot_uniform", lambda t: variance_scaling(t, 1, "fan_avg", "uniform")),
    (NORMAL, BOTH, "glorot_normal", lambda t: variance_scaling(t, 1, "fan_avg", "truncated_normal")),
    (BITS, BOTH, "he_uniform", lambda t: variance_scaling(t, 2, "fan_in", "uniform")),
    (NORMAL, BOTH, "he_normal", lambda t: variance_scaling(t, 2, "fan_in", "truncated_normal")),
    (NORMAL, BOTH, "msra", lambda t: t.normal_(0, math.sqrt(2 / fans(t)[0]))),
    (NORMAL, BOTH, "textbook(c=2)", lambda t: t.normal_(0, math.sqrt(2 / fans(t)[0]))),
    ({"absolute": 1e-6}, [[4, 1, 4, 4], [2, 3, 5, 5]], "bilinear", bilinear),
]
FIXED = ("zeros", "ones", "constant", "eye", "dirac", "identity", "bilinear")

# The layer, the schemes of its weight and bias, its true fans.
DEFAULTS = ("kaiming_uniform(a=sqrt(5))", "fan_uniform")
TRANSPOSED = ("kaiming_uniform(a=sqrt(5), mode=fan_out)", "fan_uniform(mode=fan_out)")
LAYERS = [
    ("Linear(784, 256)", lambda: nn.Linear(784, 256), DEFAULTS, (784, 256)),
    ("Linear(3, 2)", lambda: nn.Linear(3, 2), DEFAULTS, (3, 2)),
    ("Conv2d(1, 6, 5)", lambda: nn.Conv2d(1, 6, 5), DEFAULTS, (25, 150)),
    ("Conv2d(6, 16, 5)", lambda: nn.Conv2d(6, 16, 5), DEFAULTS, (150, 400)),
    ("Conv2d(8, 12, 3, groups=4)", lambda: nn.Conv2d(8, 12, 3, groups=4), DEFAULTS, (18, 27)),
    ("ConvTranspose2d(8, 12, 3)", lambda: nn.ConvTranspose2d(8, 12, 3), TRANSPOSED, (72, 108)),
    ("ConvTranspose2d(8, 12, 3, groups=4)", lambda: nn.ConvTranspose2d(8, 12, 3, groups=4), TRANSPOSED, (18, 27)),
]

GAINS = [("linear", None), ("conv2d", None), ("sigmoid", None), ("tanh", None), ("relu", None), ("selu", None),
         ("leaky_relu", 0.01), ("leaky_relu", 0.2), ("leaky_relu", math.sqrt(5))]


def draw_schemes():
    for agreement, shapes, text, fill in SCHEMES:
        for shape in shapes:
            one_seed = text.split("(")[0] in FIXED or math.prod(shape) > 4096
            for seed in SEEDS[:1] if one_seed else SEEDS:
                torch.manual_seed(seed)
                t = fill(torch.empty(shape))
                # The next output shows that as many were drawn.
                yield {"scheme": text, "seed": seed, **agreement, **record(t),
                       "next": torch.randint(0, 2**31 - 1, (1,)).item()}


def draw_layers():
    for name, make, (weight, bias), (fan_in, fan_out) in LAYERS:
        for seed in SEEDS:
            torch.manual_seed(seed)
            layer = make()
            yield {"layer": name, "seed": seed, "fan_in": fan_in, "fan_out": fan_out, "weight_scheme": weight,
                   "bias_scheme": bias, "weight": record(layer.weight), "bias": record(layer.bias)}


def draw_streams():
    for seed in SEEDS:
        torch.manual_seed(seed)
        yield {"seed": seed,
               "few_normals": numbers(torch.empty(5).normal_(1, 2)),  # leaves a cached value
               "uniform": numbers(torch.empty(3).uniform_(-1, 1)),
               "one_normal": numbers(torch.empty(1).normal_()),  # the cached one
               "many_normals": numbers(torch.empty(21).normal_()),
               "randperm": torch.randperm(23).tolist(),
               "bernoulli": torch.empty(30).bernoulli_(0.3).int().tolist(),
               "below_1000": torch.randint(0, 1000, (5,)).tolist(),
               "long_uniform": record(torch.empty(5000).uniform_(0, 1)),
               "long_randperm_crc": zlib.crc32(torch.randperm(5000).numpy().tobytes()),
               "after": numbers(torch.empty(2).uniform_(0, 1))}


def main():
    with torch.no_grad():
        tables = {"schemes": draw_schemes(), "layers": draw_layers(), "streams": draw_streams()}
        tables["gains"] = [{"nonlinearity": name, "param": param or 0, "gain": init.calculate_gain(name, param)}
                           for name, param in GAINS]
        parts = []
        for key, rows in tables.items():
            lines = ",\n".join(json.dumps(row, separators=(",", ":")) for row in rows)
            parts.append(f'"{key}": [\n{lines}\n]')
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "init.json"), "w") as f:
        f.write("{\n" + ",\n".join(parts) + "\n}\n")


main()
