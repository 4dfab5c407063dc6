#!/usr/bin/python3
"""Writes tests/reference/files/checkpoints/: weight files as training scripts, NumPy, TorchScript and ONNX leave them, with
all that stands beside the weights, and values.json, which says what is to be read. Run by hand (needs python3-torch and
python3-onnx); the results are committed.

values.json: {file: {"key": of the dict chosen, "tensors": {name: [dtype, shape, little-endian bytes in hex]},
"left_out": [names], "metadata": {name: text}}}.
"""
import argparse
import collections
import datetime
import enum
import functools
import json
import pathlib
import pickle

import numpy
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

folder = pathlib.Path(__file__).parent / "files" / "checkpoints"
values = {}
TORCH_NAMES = {torch.float32: "F32", torch.int64: "I64"}
NUMPY_NAMES = {"f8": "F64", "f4": "F32", "f2": "F16", "i8": "I64", "i4": "I32", "u1": "U8", "b1": "BOOL"}


class Color(enum.Enum):
    RED = 1


class Names(collections.OrderedDict):
    pass


class Config:
    def __init__(self):
        self.width, self.hidden = 3, torch.ones(2)


def describe(value):
    if isinstance(value, numpy.ndarray):
        plain = numpy.ascontiguousarray(value).astype(value.dtype.newbyteorder("<")).reshape(value.shape)
        return [NUMPY_NAMES[value.dtype.str[1:]], list(value.shape), plain.tobytes().hex()]
    value = value.detach().contiguous()
    return [TORCH_NAMES[value.dtype], list(value.shape), value.numpy().tobytes().hex()]


def expect(name, tensors, key="", left_out=(), metadata=None):
    values[name] = {"key": key, "tensors": {k: describe(v) for k, v in tensors.items()}, "left_out": sorted(left_out),
                    "metadata": metadata or {}}


def beside(optimizer):
    """What training scripts keep with their weights: [opaque values, numbers and texts]."""
    opaque = {"args": argparse.Namespace(lr=0.1), "color": Color.RED, "when": datetime.datetime(2020, 1, 2),
              "path": pathlib.PurePosixPath("a/b"), "partial": functools.partial(print, 1), "dtype": torch.float16,
              "device": torch.device("cuda:1"), "config": Config(), "optimizer_object": optimizer,
              "set": {1, 2}, "frozen": frozenset([3]), "complex": 1j, "slice": slice(1, 2),
              "objects": numpy.array([{}], dtype=object), "words": numpy.array(["a"]),
              "complex_tensor": torch.ones(2, dtype=torch.complex64), "sparse": torch.eye(2).to_sparse()}
    plain = {"size": torch.Size([1]), "default": collections.defaultdict(list, a=[1]), "bytes": b"abc", "huge": 10**30,
             "none": None, "array": numpy.arange(3.0)}
    metadata = {"float64": numpy.float64(0.5), "int32": numpy.int32(-3), "bool": numpy.bool_(True), "epoch": 7}
    return opaque, plain, metadata


def main():
    folder.mkdir(exist_ok=True, parents=True)
    torch.manual_seed(3)
    net = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3))
    state = net.state_dict()
    optimizer = torch.optim.Adam(net.parameters())
    net(torch.ones(2, 2)).sum().backward()
    optimizer.step()
    opaque, plain, numbers = beside(optimizer)
    texts = {"float64": "0.5", "int32": "-3", "bool": "true", "epoch": "7"}
    for protocol in (2, 3, 4, 5):
        name = f"beside{protocol}.pt"
        torch.save({"state_dict": Names(state), "optimizer": optimizer.state_dict(), **opaque, **plain, **numbers},
                   folder / name, pickle_protocol=protocol)
        expect(name, state, "state_dict", opaque, texts)
    torch.save({"state_dict": state, **opaque}, folder / "beside_legacy.pt", _use_new_zipfile_serialization=False)
    expect("beside_legacy.pt", state, "state_dict", opaque)

    torch.save({"epoch": 1, "state_dict": state, "best_acc1": torch.tensor(71.2)}, folder / "best.pt")
    expect("best.pt", state, "state_dict", metadata={"epoch": "1"})
    torch.save({"net": state, "loss": torch.tensor(0.5)}, folder / "net.pt")
    expect("net.pt", state, "net")
    shifted = {k: v + 1 for k, v in state.items()}
    torch.save({"params_ema": shifted, "params": state}, folder / "ema.pt")
    expect("ema.pt", state, "params")
    layers = {"net": {"w": torch.ones(2)}, "head": {"w": torch.zeros(3)}}
    torch.save(layers, folder / "layers.pt")
    expect("layers.pt", {"net.w": layers["net"]["w"], "head.w": layers["head"]["w"]})
    torch.save({"model": net, "epoch": 3}, folder / "whole.pt")
    expect("whole.pt", state, "model", metadata={"epoch": "3"})

    scripted = torch.jit.script(net.eval())
    scripted.save(folder / "script.pt")
    expect("script.pt", state)

    arrays = {"w": numpy.arange(6, dtype="f4").reshape(2, 3) - 2.5, "big": numpy.array([1.5, -2], ">f8"),
              "fortran": numpy.asfortranarray(numpy.arange(6, dtype="i4").reshape(3, 2)), "u1": numpy.array([0, 127, 128, 255], "u1")}
    for protocol in (2, 4, 5):
        with open(folder / f"arrays{protocol}.pkl", "wb") as file:
            pickle.dump({**arrays, "words": numpy.array(["a"])}, file, protocol=protocol)
        expect(f"arrays{protocol}.pkl", arrays, left_out=["words"])
    numpy.save(folder / "dict.npy", arrays)
    expect("dict.npy", arrays)
    odd = {"name": numpy.array("lenet"), "history": numpy.array([{"loss": 1}], dtype=object), "bytes": numpy.array([b"x"]),
           "fields": numpy.zeros(2, dtype=[("a", "f4"), ("b", "i4")]), "when": numpy.array(["2020-01-01"], dtype="M8[D]"),
           "complex": numpy.ones(2, "c8")}
    numpy.savez(folder / "odd.npz", **arrays, **odd)
    expect("odd.npz", arrays, left_out=odd)

    torch.save({"a": state["0.weight"]}, folder / "pytorch_model-00001-of-00002.bin")
    torch.save({"b": state["0.bias"]}, folder / "pytorch_model-00002-of-00002.bin")
    (folder / "pytorch_model.bin.index.json").write_text(json.dumps(
        {"metadata": {}, "weight_map": {k: f"pytorch_model-0000{i + 1}-of-00002.bin" for i, k in enumerate("ab")}}))
    expect("pytorch_model.bin.index.json", {"a": state["0.weight"], "b": state["0.bias"]})

    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])
    identity = helper.make_node("Identity", ["x"], ["y"])
    weights = {"w": arrays["w"], "v": numpy.arange(4, dtype="f8")}

    def save(name, nodes, initializer, **options):
        graph = helper.make_graph([*nodes, identity], "g", [x], [y], initializer=initializer)
        onnx.save_model(helper.make_model(graph), str(folder / name), **options)

    (folder / "external.data").unlink(missing_ok=True)
    save("external.onnx", [], [numpy_helper.from_array(v, k) for k, v in weights.items()], save_as_external_data=True,
         location="external.data", size_threshold=0)
    expect("external.onnx", weights)

    def constant(name, **value):
        return helper.make_node("Constant", [], [name], **value)

    sparse = helper.make_sparse_tensor(numpy_helper.from_array(numpy.ones(1, "f4"), "s"),
                                       numpy_helper.from_array(numpy.zeros(1, "i8"), "i"), [3])
    save("constants.onnx",
         [constant("w", value=numpy_helper.from_array(arrays["w"])), constant("one", value_float=1.5),
          constant("zero", value_float=0.0), constant("floats", value_floats=[1.0, -2.0]), constant("int", value_int=-7),
          constant("ints", value_ints=[1, -2, 3]), constant("text", value_string="hi"), constant("sparse", sparse_value=sparse),
          constant("/Constant_output_0", value=numpy_helper.from_array(numpy.array([1, -1])))],
         [helper.make_tensor("half", TensorProto.FLOAT16, [2], [1.0, -2.0]),
          helper.make_tensor("int32", TensorProto.INT32, [2], [-1, 5]), helper.make_tensor("words", TensorProto.STRING, [1], [b"x"])])
    expect("constants.onnx",
           {"w": arrays["w"], "one": numpy.array(1.5, "f4"), "zero": numpy.array(0, "f4"), "floats": numpy.array([1, -2], "f4"),
            "int": numpy.array(-7), "ints": numpy.array([1, -2, 3]), "half": numpy.array([1, -2], "f2"),
            "int32": numpy.array([-1, 5], "i4")},
           left_out=["text", "sparse", "/Constant_output_0", "words"])
    (folder / "values.json").write_text(json.dumps(values, indent=1) + "\n")


main()
