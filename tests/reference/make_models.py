#!/usr/bin/python3
"""Writes tests/reference/models.json: what PyTorch draws, computes and learns, for the tests to compare with.

- `models`: mlp and lenet as torch.manual_seed(0) draws them layer by layer; their logits, loss and gradients on a
  small batch that a formula makes; their parameters after ten steps of SGD.
- `layers`: every layer with parameters as it is born at seed 0; `attention`: one that draws in another order than it declares.
- `optimizers`: twenty steps of each rule on a small problem.
- `schedules`: learning rates as factors of the base rate.

Run from the repository root with a Python that has torch (Debian: python3-torch): tests/reference/make_models.py
"""
import json
import zlib

import numpy
import torch
from torch import nn

torch.set_num_threads(1)


def number(value):
    return float(str(numpy.float32(value)))  # the shortest text that reads back as the same float32


def numbers(tensor):
    return [number(v) for v in tensor.detach().flatten().numpy()]


def digest(tensor):
    """A tensor in few bytes: its shape, the first values, and sums over all."""
    flat = tensor.detach().contiguous().flatten()
    wide = flat.double()
    return {"shape": list(tensor.shape), "first": numbers(flat[:8]),
            "sum": wide.sum().item(), "norm": wide.norm().item(),
            # A sum in which every element counts differently: it notices two that changed places.
            "weighted": (wide * torch.sin(torch.arange(flat.numel()).double())).sum().item()}


def digests(parameters):
    return {name: digest(value) for name, value in parameters}


def births(module):
    """The digests of a module's parameters with the CRC-32 of their float32s, which only equal bits have."""
    return {name: digest(p) | {"crc": zlib.crc32(p.detach().contiguous().numpy().tobytes())}
            for name, p in module.named_parameters()}


def batch(count=16):
    """Pixels from a formula that a float32 holds exactly, and every label."""
    i = torch.arange(count * 784)
    return ((i * 7919 % 257).float() / 128 - 1).reshape(count, 1, 28, 28), torch.arange(count) * 3 % 10


def mlp():
    net = nn.Sequential()
    net.add_module("flatten", nn.Flatten())
    for number_, (inputs, outputs) in enumerate([(784, 256), (256, 128), (128, 10)], 1):
        net.add_module(f"fc{number_}", nn.Linear(inputs, outputs))
        if number_ < 3:
            net.add_module(f"act{number_}", nn.ReLU())
    return net


def lenet():
    net = nn.Sequential()
    for name, layer in [("conv1", nn.Conv2d(1, 6, 5, padding=2)), ("act1", nn.ReLU()), ("pool1", nn.MaxPool2d(2)),
                        ("conv2", nn.Conv2d(6, 16, 5)), ("act2", nn.ReLU()), ("pool2", nn.MaxPool2d(2)),
                        ("flatten", nn.Flatten()), ("fc1", nn.Linear(400, 120)), ("act3", nn.ReLU()),
                        ("fc2", nn.Linear(120, 84)), ("act4", nn.ReLU()), ("fc3", nn.Linear(84, 10))]:
        net.add_module(name, layer)
    return net


def model_case(make):
    torch.manual_seed(0)
    net = make()
    case = {"initial": births(net)}
    images, labels = batch()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    losses = []
    for step in range(10):
        optimizer.zero_grad()
        logits = net(images)
        loss = nn.functional.cross_entropy(logits, labels)
        loss.backward()
        losses.append(number(loss.item()))
        if step == 0:
            case["logits"] = numbers(logits)
            case["gradients"] = digests((name, p.grad) for name, p in net.named_parameters())
        optimizer.step()
    case["losses"] = losses
    case["trained"] = digests(net.named_parameters())
    return case


def layer_case(make):
    torch.manual_seed(0)
    layer = make()
    return {"parameters": births(layer),
            "buffers": {name: numbers(b) for name, b in layer.named_buffers() if b.dim() > 0}}


layers = {
    "linear": lambda: nn.Linear(20, 30),
    "linear_without_bias": lambda: nn.Linear(7, 5, bias=False),
    "conv2d": lambda: nn.Conv2d(3, 8, 5, stride=2, padding=2),
    "conv2d_grouped_dilated": lambda: nn.Conv2d(6, 9, 3, groups=3, dilation=2),
    "conv2d_without_bias": lambda: nn.Conv2d(4, 4, 1, bias=False),
    "conv_transpose2d": lambda: nn.ConvTranspose2d(6, 4, 3),
    "conv_transpose2d_grouped": lambda: nn.ConvTranspose2d(6, 4, 3, groups=2, stride=2, output_padding=1),
    "embedding": lambda: nn.Embedding(12, 7),
    "batch_norm1d": lambda: nn.BatchNorm1d(5),
    "batch_norm2d": lambda: nn.BatchNorm2d(5),
    "layer_norm": lambda: nn.LayerNorm(5),
    "group_norm": lambda: nn.GroupNorm(2, 6),
    "prelu": lambda: nn.PReLU(),
    "prelu_channels": lambda: nn.PReLU(3),
}

optimizers = {
    "sgd": (torch.optim.SGD, {"lr": 0.05}),
    "sgd_momentum": (torch.optim.SGD, {"lr": 0.05, "momentum": 0.9}),
    "sgd_nesterov": (torch.optim.SGD, {"lr": 0.05, "momentum": 0.8, "nesterov": True}),
    "sgd_dampening": (torch.optim.SGD, {"lr": 0.05, "momentum": 0.9, "dampening": 0.3}),
    "sgd_decay": (torch.optim.SGD, {"lr": 0.05, "momentum": 0.5, "weight_decay": 0.1}),
    "adam": (torch.optim.Adam, {"lr": 0.02}),
    "adam_decay": (torch.optim.Adam, {"lr": 0.02, "betas": (0.8, 0.95), "weight_decay": 0.1}),
    "adamw": (torch.optim.AdamW, {"lr": 0.02, "weight_decay": 0.1}),
    "rmsprop": (torch.optim.RMSprop, {"lr": 0.01}),
    "rmsprop_momentum": (torch.optim.RMSprop, {"lr": 0.01, "alpha": 0.9, "momentum": 0.5, "weight_decay": 0.1}),
}


def problem():
    """Regression of 8 rows of 5 numbers on 3, all from formulas."""
    x = (torch.arange(40) * 37 % 64).float().reshape(8, 5) / 32 - 1
    y = (torch.arange(24) * 29 % 64).float().reshape(8, 3) / 32 - 1
    layer = nn.Linear(5, 3)
    with torch.no_grad():
        layer.weight.copy_((torch.arange(15) * 11 % 16).float().reshape(3, 5) / 8 - 1)
        layer.bias.copy_(torch.tensor([0.5, -0.25, 0.125]))
    return layer, x, y


def optimizer_case(rule, options):
    layer, x, y = problem()
    optimizer = rule(layer.parameters(), **options)
    losses = []
    for _ in range(20):
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(layer(x), y)
        loss.backward()
        losses.append(number(loss.item()))
        optimizer.step()
    return {"losses": losses, "weight": numbers(layer.weight), "bias": numbers(layer.bias)}


def clip_case(max_norm):
    layer, x, y = problem()
    nn.functional.mse_loss(layer(x), y).backward()
    norm = nn.utils.clip_grad_norm_(layer.parameters(), max_norm)
    return {"max_norm": max_norm, "norm": number(norm.item()), "weight": numbers(layer.weight.grad),
            "bias": numbers(layer.bias.grad)}


def factors(make, steps, what="lr"):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    schedule = make(optimizer)
    seen = []
    for _ in range(steps):
        seen.append(optimizer.param_groups[0][what])
        optimizer.step()
        if len(seen) < steps:
            schedule.step()
    return seen


rates = torch.optim.lr_scheduler
schedules = [
    ("step(every=2, gamma=0.5)", lambda o: rates.StepLR(o, 2, 0.5)),
    ("step(every=3)", lambda o: rates.StepLR(o, 3, 0.1)),
    ("cosine", lambda o: rates.CosineAnnealingLR(o, 12)),
    ("cosine(floor=0.1)", lambda o: rates.CosineAnnealingLR(o, 12, eta_min=0.1)),
    ("one_cycle(peak=0.25, start=10, end=100)",
     lambda o: rates.OneCycleLR(o, 1.0, total_steps=12, pct_start=0.25, div_factor=10, final_div_factor=100)),
    ("one_cycle", lambda o: rates.OneCycleLR(o, 1.0, total_steps=12)),
    ("one_cycle(peak=0, base_momentum=0.8, max_momentum=0.9)",
     lambda o: rates.OneCycleLR(o, 1.0, total_steps=12, pct_start=0.0, base_momentum=0.8, max_momentum=0.9)),
    ("one_cycle(peak=1)", lambda o: rates.OneCycleLR(o, 1.0, total_steps=12, pct_start=1.0)),
]


def cycled(make):
    """Ten steps on a small problem while the rate and the momentum cycle."""
    x = torch.arange(12.0).reshape(4, 3) / 12 - 0.4
    w = torch.tensor([0.3, -0.2, 0.5], requires_grad=True)
    optimizer = make([w])
    schedule = rates.OneCycleLR(optimizer, 0.2, total_steps=10)
    for step in range(10):
        optimizer.zero_grad()
        ((x @ w).sin() - 0.5).square().sum().backward()
        optimizer.step()
        if step < 9:
            schedule.step()
    return numbers(w)


cycles = {
    "sgd": lambda p: torch.optim.SGD(p, lr=0.2),
    "adam": lambda p: torch.optim.Adam(p, lr=0.2),
    "rmsprop": lambda p: torch.optim.RMSprop(p, lr=0.2),
}

with open("tests/reference/models.json", "w") as file:
    json.dump({
        "torch": torch.__version__,
        "models": {"mlp": model_case(mlp), "lenet": model_case(lenet)},
        "layers": {name: layer_case(make) for name, make in layers.items()},
        "attention": layer_case(lambda: nn.MultiheadAttention(8, 2))["parameters"],
        "optimizers": {name: optimizer_case(*case) for name, case in optimizers.items()},
        "clipping": [clip_case(0.5), clip_case(100.0)],
        "schedules": [{"text": text, "factors": factors(make, 12), "momenta": factors(make, 12, "momentum")}
                      for text, make in schedules],
        "one_cycle": {name: cycled(make) for name, make in cycles.items()},
    }, file, indent=None, separators=(",", ":"))
    file.write("\n")
