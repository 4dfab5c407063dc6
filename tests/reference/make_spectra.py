#!/usr/bin/env python3
"""Writes spectra.json: singular values by NumPy and PyTorch, for tests/linalg and tests/statistics.

Run with a Python that has both (Debian: /usr/bin/python3 with python3-torch); made with numpy 1.24.2, torch 1.13.
A convolution's operator is what PyTorch's conv2d makes of every unit image, its borders padded circularly: a dense
matrix, whose singular values NumPy takes. The power-law tails follow Clauset et al. 2009, written out.
"""
import json
import os

import numpy as np
import torch
import torch.nn.functional as F

rng = np.random.default_rng(7)


def numbers(values):
    return [float("%.17g" % v) for v in np.asarray(values).ravel()]


def matrix(rows, columns, scale):
    a = rng.standard_normal((rows, columns)) * scale
    return {"rows": rows, "columns": columns, "values": numbers(a),
            "singular_values": numbers(np.linalg.svd(a, compute_uv=False))}


def convolution(out, channels, kernel, height, width, groups=1, stride=(1, 1), dilation=(1, 1)):
    w = torch.tensor(rng.standard_normal((out, channels // groups, *kernel)))
    reach = [d * (k - 1) for d, k in zip(dilation, kernel)]
    columns = []
    for i in range(channels * height * width):
        image = torch.zeros(channels * height * width, dtype=torch.float64)
        image[i] = 1
        padded = F.pad(image.reshape(1, channels, height, width), (0, reach[1], 0, reach[0]), mode="circular")
        columns.append(F.conv2d(padded, w, stride=stride, dilation=dilation, groups=groups).ravel().numpy())
    operator = np.stack(columns, axis=1)
    return {"out": out, "in": channels // groups, "kernel": list(kernel), "height": height, "width": width,
            "groups": groups, "stride": stride, "dilation": dilation, "values": numbers(w),
            "singular_values": numbers(np.linalg.svd(operator, compute_uv=False))}


def tail(values):
    x = np.sort(values)
    best = None
    for first in range(len(x) - 1):
        part = x[first:]
        n = len(part)
        alpha = 1 + n / np.log(part / part[0]).sum()
        distance = np.abs(1 - (part / part[0]) ** (1 - alpha) - np.arange(n) / n).max()
        if best is None or distance < best["D"]:
            best = {"alpha": alpha, "x_min": part[0], "n": n, "D": distance, "error": (alpha - 1) / np.sqrt(n)}
    return {"values": numbers(values), **best}


layer = rng.standard_t(2.5, (90, 140))
reference = {
    "matrices": [matrix(1, 1, 2), matrix(6, 4, 1), matrix(5, 12, 1e-3), matrix(30, 30, 1e4)],
    "convolutions": [
        convolution(3, 2, (3, 3), 5, 6),
        convolution(2, 4, (2, 3), 4, 4, groups=2),
        convolution(4, 4, (3, 3), 6, 4, groups=4),
        convolution(3, 2, (3, 3), 6, 4, stride=(2, 2)),
        convolution(4, 2, (3, 3), 6, 6, stride=(3, 3), groups=2),
        convolution(2, 3, (3, 2), 6, 5, dilation=(2, 2)),
        convolution(2, 1, (2, 2), 4, 4, stride=(2, 2)),
        convolution(3, 2, (3, 2), 6, 6, stride=(1, 3), dilation=(2, 1)),
        convolution(2, 3, (2, 3), 4, 5, stride=(2, 1)),
    ],
    "tails": [
        tail((rng.pareto(1.5, 200) + 1) * 3),
        tail(np.linalg.svd(layer, compute_uv=False) ** 2),
        tail(rng.exponential(1, 300) + 0.01),
    ],
}
path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "spectra.json")
with open(path, "w") as file:
    json.dump(reference, file)
    file.write("\n")
