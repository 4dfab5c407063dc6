#!/usr/bin/python3
"""`make bench-load`: how long a large file takes to load, in turn: fanin, torch.load, and reading its bytes as cat does.

The file lies in the page cache; every load is a process of its own, and only the load itself is timed. Medians.
Run from the repository root: tests/interop/bench_load.py DRIVER [MEGABYTES [ROUNDS]]
"""
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

import torch

driver = sys.argv[1]
megabytes = int(sys.argv[2]) if len(sys.argv) > 2 else 400
rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 7
load = ("import sys, time, torch; torch.set_num_threads(1); start = time.perf_counter(); torch.load(sys.argv[1]); "
        "print(time.perf_counter() - start)")


def write_safetensors(path, state):
    header, at = {}, 0
    for name, t in state.items():
        header[name] = {"dtype": "F32", "shape": list(t.shape), "data_offsets": [at, at + 4 * t.numel()]}
        at += 4 * t.numel()
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for t in state.values():
            file.write(t.numpy().tobytes())


def seconds(*command):
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def cat(path):
    start = time.perf_counter()
    with open(os.devnull, "wb") as null:
        subprocess.run(["cat", path], stdout=null, check=True)
    return time.perf_counter() - start


with tempfile.TemporaryDirectory() as folder:
    state = {f"layer{i}.weight": torch.randn(1000, megabytes * 25) for i in range(10)}
    files = {name: f"{folder}/{name}" for name in ["weights.safetensors", "zip.pt", "legacy.pt"]}
    write_safetensors(files["weights.safetensors"], state)
    torch.save(state, files["zip.pt"])
    torch.save(state, files["legacy.pt"], _use_new_zipfile_serialization=False)
    print(f"{megabytes} MB of float32 in 10 tensors, page cache warm, median of {rounds}, seconds")
    print(f"{'file':20} {'fanin, 1 thread':>16} {'2 threads':>10} {'torch.load':>11} {'read to memory':>15} {'cat > /dev/null':>16}")
    slow = False
    for name, path in files.items():
        ways = {"fanin": lambda: seconds(driver, "time", path, "1"), "two": lambda: seconds(driver, "time", path, "2"),
                "read": lambda: seconds(driver, "cat", path), "null": lambda: cat(path)}
        if name.endswith(".pt"):
            ways["torch"] = lambda: seconds(sys.executable, "-c", load, path)
        times = {way: [] for way in ways}
        for _ in range(rounds):
            for way, run in ways.items():
                times[way].append(run())
        t = {way: statistics.median(values) for way, values in times.items()}
        torch_time = f"{t['torch']:11.3f}" if "torch" in t else f"{'-':>11}"
        print(f"{name:20} {t['fanin']:16.3f} {t['two']:10.3f} {torch_time} {t['read']:15.3f} {t['null']:16.3f}"
              f"   {t['read'] / t['fanin']:.0%} of the speed of reading"
              + (f", {t['torch'] / t['fanin']:.1f} times as fast as torch.load" if "torch" in t else ""))
        slow = slow or t["read"] / t["fanin"] < 0.8 or t["fanin"] > t.get("torch", t["fanin"])
sys.exit(slow)
