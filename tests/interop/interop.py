#!/usr/bin/python3
"""`make interop`: weights go from fanin to PyTorch and back, for every model family; both must compute equal logits.

Run from the repository root with a Python that has torch (Debian: python3-torch): tests/interop/interop.py DRIVER
"""
import copy
import json
import os
import subprocess
import sys
import tempfile

import numpy
import torch
from torch import nn

sys.path.insert(0, os.path.dirname(__file__))
import peers  # noqa: E402

torch.set_num_threads(1)
driver = sys.argv[1]
tolerance = 1e-5  # of the largest logit

cases = [
    # fanin's text, input, the same in PyTorch
    ("mlp", (1, 28, 28), lambda i: peers.mlp(i)),
    ("mlp(hidden=0)", (1, 28, 28), lambda i: peers.mlp(i, hidden=())),
    ("mlp(hidden=64-32, batch_norm=true, dropout=0.2, activation=gelu)", (3, 16, 20),
     lambda i: peers.mlp(i, hidden=(64, 32), batch_norm=True, dropout=0.2, activation="gelu")),
    ("lenet", (1, 28, 28), lambda i: peers.lenet(i)),
    ("lenet(activation=tanh, pool=avg)", (3, 32, 32), lambda i: peers.lenet(i, activation="tanh", pool="avg")),
    ("conv_net(channels=8-16, hidden=32)", (1, 28, 28), lambda i: peers.conv_net(i, channels=(8, 16), hidden=32)),
    ("vgg_small", (1, 28, 28), lambda i: peers.vgg_small(i)),
    ("vgg_small(width=8, batch_norm=true, activation=silu)", (3, 32, 32),
     lambda i: peers.vgg_small(i, width=8, batch_norm=True, activation="silu")),
    ("resnet_small", (1, 28, 28), lambda i: peers.resnet_small(i)),
    ("resnet_small(blocks=2, width=8)", (3, 32, 32), lambda i: peers.resnet_small(i, blocks=2, width=8)),
    ("resnet_small(batch_norm=false)", (1, 28, 28), lambda i: peers.resnet_small(i, batch_norm=False)),
    ("plain_net", (1, 28, 28), lambda i: peers.plain_net(i)),
    ("plain_net(conv=true, depth=6, width=32)", (1, 28, 28), lambda i: peers.plain_net(i, conv=True, depth=6, width=32)),
]


def read_safetensors(path):
    """All that another program needs to read what fanin writes: a length, a JSON header, the bytes."""
    types = {"F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16, "I64": torch.int64}
    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        data = bytearray(file.read())
    header.pop("__metadata__", None)
    return {name: torch.frombuffer(data[slice(*entry["data_offsets"])], dtype=types[entry["dtype"]]).reshape(entry["shape"])
            for name, entry in header.items()}


def read_npz(path):
    return {name: torch.from_numpy(array) for name, array in numpy.load(path).items()}


def logits_of(net, images):
    with torch.no_grad():
        return net.float().eval()(images)


def difference(a, b):
    return ((a - b).abs().max() / b.abs().max()).item() if torch.isfinite(a).all() else float("inf")


def fanin(*arguments):
    return subprocess.run([driver, *map(str, arguments)], capture_output=True, text=True)


rows, failures = [], 0


def note(case, form, error, allowed=tolerance, problem=""):
    global failures
    bad = bool(problem) or not error <= allowed
    failures += bad
    rows.append((case, form, problem or f"{error:.1e}", "FAILED" if bad else "ok"))


def to_torch(folder, case, make, images):
    """What fanin writes: PyTorch takes it with strict=True."""
    expected = torch.from_numpy(numpy.load(folder + "/logits.npy"))
    exact = read_safetensors(folder + "/f32.safetensors")
    # A file of 16-bit numbers holds each weight correctly rounded: the same bits as PyTorch's own rounding.
    for name, dtype, allowed in [("f32.safetensors", torch.float32, tolerance), ("f16.safetensors", torch.float16, 5e-3),
                                 ("bf16.safetensors", torch.bfloat16, 5e-2), ("f32.npz", torch.float32, tolerance),
                                 ("f16.npz", torch.float16, 5e-3)]:
        state = read_npz(folder + "/" + name) if name.endswith("npz") else read_safetensors(folder + "/" + name)
        net, problem = make(), ""
        if sorted(state) != sorted(exact) or not all(torch.equal(state[key], exact[key].to(dtype)) for key in exact):
            problem = "the weights are not the rounded ones"
        try:
            net.load_state_dict(state, strict=True)
        except RuntimeError as error:
            problem = str(error).splitlines()[1].strip()
        note(case, "fanin → torch: " + name, difference(logits_of(net, images), expected), allowed, problem)


def non_contiguous(state):
    """The same numbers in memory in another order."""
    def scattered(t):
        return t.transpose(0, -1).contiguous().transpose(0, -1) if t.dim() > 1 else torch.stack([t, t], -1)[..., 0]
    return {name: scattered(t) for name, t in state.items()}


def forms(net):
    """(name, what is saved, how, the prefix to strip, the net whose logits it has)"""
    state = net.state_dict()
    legacy = {"_use_new_zipfile_serialization": False}
    optimizer = torch.optim.Adam(net.parameters())
    yield "zip", state, {}, "", net
    yield "legacy", state, legacy, "", net
    yield "{'state_dict'}", {"state_dict": state, "epoch": 3}, {}, "", net
    yield "{'model'}, optimizer", {"model": state, "optimizer": optimizer.state_dict(), "loss": 0.5}, {}, "", net
    yield "{'model'} legacy", {"model": state}, legacy, "", net
    yield "nn.Parameter", dict(net.named_parameters()) | dict(net.named_buffers()), {}, "", net
    for name, dtype in [("half", torch.half), ("bfloat16", torch.bfloat16), ("double", torch.double)]:
        other = copy.deepcopy(net).to(dtype)
        yield name, other.state_dict(), {}, "", other
        yield name + " legacy", other.state_dict(), legacy, "", other
    halved = {name: t.half() for name, t in state.items()}  # BatchNorm's counter of batches too
    yield "every tensor .half()", halved, {}, "", copy.deepcopy(net).half()
    parallel = nn.DataParallel(net)
    yield "DataParallel", parallel.state_dict(), {}, "module.", net
    yield "DataParallel, {'state_dict'}", {"state_dict": parallel.state_dict()}, legacy, "module.", net
    yield "non-contiguous", non_contiguous(state), {}, "", net
    yield "non-contiguous legacy", non_contiguous(state), legacy, "", net
    yield "channels_last", copy.deepcopy(net).to(memory_format=torch.channels_last).state_dict(), {}, "", net
    flat = torch.cat([t.flatten().float() for t in state.values()])
    views, at = {}, 0
    for key, t in state.items():
        views[key] = flat[at:at + t.numel()].reshape(t.shape)
        at += t.numel()
    yield "one shared storage", views, {}, "", net
    tied = copy.deepcopy(net)
    layers = [m for m in tied.modules() if isinstance(m, (nn.Linear, nn.Conv2d))]
    for i, first in enumerate(layers):
        for second in layers[i + 1:]:
            if type(first) is type(second) and first.weight.shape == second.weight.shape:
                second.weight = first.weight
    if len({id(m.weight) for m in layers}) < len(layers):
        yield "tied", tied.state_dict(), {}, "", tied
        yield "tied legacy", tied.state_dict(), legacy, "", tied


def from_torch(folder, case, size, net, images_file, images):
    """What PyTorch saves: fanin takes it strictly."""
    for form, what, how, prefix, owner in forms(net):
        torch.save(what, folder + "/torch.pt", **how)
        run = fanin("load", case, size, images_file, folder + "/torch.pt", folder + "/out.npy", prefix)
        if run.returncode != 0:
            note(case, "torch → fanin: " + form, 0, problem=run.stderr.strip())
            continue
        logits = torch.from_numpy(numpy.load(folder + "/out.npy"))
        note(case, "torch → fanin: " + form, difference(logits, logits_of(copy.deepcopy(owner), images)))
    numpy.savez(folder + "/numpy.npz", **{name: t.numpy() for name, t in net.state_dict().items()})
    run = fanin("load", case, size, images_file, folder + "/numpy.npz", folder + "/out.npy", "")
    note(case, "numpy → fanin: npz", 0 if run.returncode else difference(
        torch.from_numpy(numpy.load(folder + "/out.npy")), logits_of(net, images)), problem=run.stderr.strip())
    if not any(isinstance(m, nn.modules.batchnorm._BatchNorm) for m in net.modules()):  # the exporter folds those away
        torch.onnx.export(net, images, folder + "/torch.onnx")
        run = fanin("load", case, size, images_file, folder + "/torch.onnx", folder + "/out.npy", "")
        note(case, "torch → fanin: onnx", 0 if run.returncode else difference(
            torch.from_numpy(numpy.load(folder + "/out.npy")), logits_of(net, images)), problem=run.stderr.strip())
    # A whole pickled module is a program, not weights: it must be refused by the name of what it would call.
    torch.save(net, folder + "/torch.pt")
    run = fanin("load", case, size, images_file, folder + "/torch.pt", folder + "/out.npy", "")
    refused = run.returncode == 1 and "torch.nn.modules.container.Sequential" in run.stderr
    note(case, "torch → fanin: a pickled module is refused", 0, problem="" if refused else f"not refused: {run.stderr}")


with tempfile.TemporaryDirectory() as folder:
    for number, (case, inputs, maker) in enumerate(cases):
        torch.manual_seed(number)
        make = lambda: maker(inputs)  # noqa: E731
        images = torch.randn(8, *inputs) * 1.5 + 0.3
        images_file = folder + "/images.npy"
        numpy.save(images_file, images.numpy())
        size = "x".join(map(str, inputs))
        run = fanin("train", case, size, images_file, folder)
        if run.returncode != 0:
            note(case, "train", 0, problem=run.stderr.strip())
            continue
        to_torch(folder, case, make, images)
        net = make()
        with torch.no_grad():  # statistics that are not at rest
            for _ in range(3):
                net.train()(torch.randn(16, *inputs) * 2 - 0.5)
            for p in net.parameters():
                p.add_(torch.randn_like(p) * 0.01)
        from_torch(folder, case, size, net, images_file, images)

# One line a model and direction; every failure in full.
print(f"{'model':66} {'direction':15} {'forms':>5} {'largest difference of logits':>28}")
for case, _, _ in cases:
    for direction in ["fanin → torch", "torch → fanin", "numpy → fanin"]:
        mine = [r for r in rows if r[0] == case and r[1].startswith(direction)]
        exact = [r for r in mine if r[3] == "ok" and "f16" not in r[1]]
        worst = max((float(r[2]) for r in exact), default=float("nan"))
        bad = sum(r[3] != "ok" for r in mine)
        print(f"{case:66} {direction:15} {len(mine):5} {worst:28.1e}{f'   {bad} FAILED' if bad else ''}")
for name, allowed in [("f16", "5e-3"), ("bf16", "5e-2")]:
    mine = [r for r in rows if f" {name}." in r[1] and r[3] == "ok"]
    if mine:
        print(f"weights written as {name.upper()}: rounded as PyTorch rounds; "
              f"logits differ by up to {max(float(r[2]) for r in mine):.1e} ({allowed} allowed)")
for row_ in rows:
    if row_[3] != "ok":
        print("FAILED", *row_[:3], sep=" | ")
print(f"interop: {len(rows) - failures} passed, {failures} failed (torch {torch.__version__})")
sys.exit(failures > 0)
