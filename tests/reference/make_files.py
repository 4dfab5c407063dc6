#!/usr/bin/python3
"""Writes tests/reference/files/: weight files by real PyTorch and NumPy, and values.json, which says bit for bit what is
in each. Run by hand (needs python3-torch); the results are committed.

values.json: {file: {tensor: [dtype, shape, little-endian bytes in hex]}}.
"""
import collections
import json
import pathlib
import zipfile

import numpy
import torch

folder = pathlib.Path(__file__).parent / "files"
values = {}

TORCH_NAMES = {torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16",
               torch.int64: "I64", torch.int32: "I32", torch.int16: "I16", torch.int8: "I8", torch.uint8: "U8",
               torch.bool: "BOOL"}
NUMPY_NAMES = {"f8": "F64", "f4": "F32", "f2": "F16", "i8": "I64", "i4": "I32", "i2": "I16", "i1": "I8",
               "u8": "U64", "u4": "U32", "u2": "U16", "u1": "U8", "b1": "BOOL"}


def describe_torch(tensor):
    plain = tensor.detach().contiguous()
    bits = plain.view(torch.int16) if plain.dtype == torch.bfloat16 else plain
    return [TORCH_NAMES[tensor.dtype], list(tensor.shape), bits.numpy().tobytes().hex()]


def describe_numpy(array):
    plain = numpy.ascontiguousarray(array).astype(array.dtype.newbyteorder("<")).reshape(array.shape)
    return [NUMPY_NAMES[array.dtype.str[1:]], list(array.shape), plain.tobytes().hex()]


def save_torch(name, value, tensors, **options):
    torch.save(value, folder / name, **options)
    values[name] = {key: describe_torch(tensor) for key, tensor in tensors.items()}


def both(name, value, tensors):
    save_torch(f"{name}.pt", value, tensors)
    save_torch(f"{name}_legacy.pt", value, tensors, _use_new_zipfile_serialization=False)


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.features = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2), torch.nn.ReLU())
        self.fc = torch.nn.Linear(8, 3)

    def forward(self, x):
        return self.fc(self.features(x).flatten(1))


def main():
    folder.mkdir(exist_ok=True)
    torch.manual_seed(1)
    net = Net()
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
    net(torch.randn(4, 1, 4, 4)).square().mean().backward()
    optimizer.step()
    state = net.state_dict()
    both("state_dict", state, state)
    save_torch("protocol4.pt", state, state, pickle_protocol=4)
    both("checkpoint", {"epoch": 3, "loss": 0.5, "arch": "net", "best": True, "state_dict": state,
                        "optimizer": optimizer.state_dict()}, state)
    save_torch("model_key.pt", {"model": state, "step": 7}, state)
    nested = {"encoder": {"layers": [torch.arange(3.0), torch.ones(2, 1)]}, "head": {"bias": torch.zeros(2)},
              5: (torch.tensor(1.5),)}
    save_torch("nested.pt", nested, {"encoder.layers.0": nested["encoder"]["layers"][0],
                                     "encoder.layers.1": nested["encoder"]["layers"][1],
                                     "head.bias": nested["head"]["bias"], "5.0": nested[5][0]})
    parameter = torch.nn.Parameter(torch.randn(2, 2))
    save_torch("parameter.pt", collections.OrderedDict(w=parameter), {"w": parameter})
    alone = torch.randn(2, 3)
    save_torch("tensor.pt", alone, {"tensor": alone})

    numbers = torch.tensor([0.0, -0.0, 1 / 3, -2.5, 65504.0, 1e-7, float("inf"), float("nan"), 1e38, 5e-324])
    kinds = {"double": numbers.double(), "float": numbers, "half": numbers.half(), "bfloat16": numbers.bfloat16(),
             "long": torch.tensor([-(2**63), 2**63 - 1]), "int": torch.tensor([-(2**31), 5], dtype=torch.int32),
             "short": torch.tensor([-(2**15), 7], dtype=torch.int16),
             "char": torch.tensor([-128, 127], dtype=torch.int8),
             "byte": torch.tensor([0, 255], dtype=torch.uint8), "bool": torch.tensor([True, False, True])}
    both("dtypes", kinds, kinds)

    base = torch.arange(24, dtype=torch.float32)
    views = {"transposed": base.view(4, 6).t(), "every_other": base[::2], "inner": base.view(4, 6)[1:3, 2:5],
             "permuted": base.view(2, 3, 4).permute(2, 0, 1), "offset": base[5:9],
             "expanded": base[3:4].expand(2, 3),
             "channels_last": torch.randn(2, 3, 2, 2).contiguous(memory_format=torch.channels_last),
             "scalar": base[7], "empty": base[:0], "half_view": base.half().view(6, 4).t()}
    both("views", views, views)

    tied = torch.nn.ModuleDict({"embed": torch.nn.Embedding(5, 3), "out": torch.nn.Linear(3, 5, bias=False)})
    tied["out"].weight = tied["embed"].weight
    both("tied", tied.state_dict(), tied.state_dict())

    with zipfile.ZipFile(folder / "state_dict.pt") as source, \
            zipfile.ZipFile(folder / "deflated.pt", "w", zipfile.ZIP_DEFLATED) as target:
        for entry in source.namelist():
            target.writestr(zipfile.ZipInfo(entry), source.read(entry), zipfile.ZIP_DEFLATED)
    values["deflated.pt"] = values["state_dict.pt"]

    rng = numpy.random.default_rng(1)
    arrays = {"f4": rng.standard_normal((2, 3)).astype("<f4"), "f8": rng.standard_normal(4),
              "f2": rng.standard_normal((2, 2)).astype("<f2"), "i8": numpy.array([-(2**63), 2**63 - 1]),
              "i4": numpy.arange(3, dtype="<i4"), "u8": numpy.array([2**64 - 1], dtype="<u8"),
              "u1": numpy.array([[0, 255]], dtype="u1"), "bool": numpy.array([True, False]),
              "scalar": numpy.array(2.5), "empty": numpy.zeros((3, 0), "f4")}
    odd = {"fortran": numpy.asfortranarray(rng.standard_normal((3, 4, 2)).astype("f4")),
           "big": rng.standard_normal((2, 3)).astype(">f8"), "big_i2": numpy.array([-2, 258], ">i2"),
           "big_fortran": numpy.asfortranarray(rng.standard_normal((2, 3)).astype(">f4"))}
    for name, array in {"plain": arrays["f4"], **odd}.items():
        numpy.save(folder / f"{name}.npy", array)
        values[f"{name}.npy"] = {"array": describe_numpy(array)}
    with open(folder / "version3.npy", "wb") as file:
        numpy.lib.format.write_array(file, arrays["f8"], version=(3, 0))
    values["version3.npy"] = {"array": describe_numpy(arrays["f8"])}
    everything = {**arrays, **odd, "fc.weight": arrays["f4"]}
    numpy.savez(folder / "arrays.npz", **everything)
    numpy.savez_compressed(folder / "compressed.npz", **everything)
    values["arrays.npz"] = values["compressed.npz"] = {k: describe_numpy(v) for k, v in everything.items()}

    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.Flatten(), torch.nn.Linear(8, 3))
    torch.onnx.export(net, torch.zeros(1, 1, 4, 4), str(folder / "model.onnx"))
    values["model.onnx"] = {k: describe_numpy(v.numpy()) for k, v in net.state_dict().items()}

    (folder / "values.json").write_text(json.dumps(values, indent=1) + "\n")


main()
