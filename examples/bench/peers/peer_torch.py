"""The workloads of `make bench` in PyTorch, as a PyTorch user would write them for speed.

    peer_torch.py train WORKLOAD BATCH THREADS SECONDS [FOLDER]   after a warm-up, one measure (samples/s) a line of stdin;
                                                                  for the line `loss`, that of the first 256 samples
    peer_torch.py init SCHEME ROWS COLUMNS SECONDS                nanoseconds an element, a measure a line of stdin
    peer_torch.py compare THREADS EPOCHS FOLDER SCHEME...         train the mlp once a scheme, print test accuracies
    peer_torch.py memory FOLDER                                   one epoch of the mlp
    peer_torch.py import                                          nothing but the import
    peer_torch.py about                                           its version, and which kernels its OpenBLAS chose

THREADS is PyTorch's own number of threads and, after a slash, OpenBLAS's: 1/2 is what torch.set_num_threads(1) alone
leaves on two cores, since Debian's PyTorch does not pass the number on. Without a slash both have the same. FOLDER holds the IDX files of Fashion-MNIST; without it the data are random.
"""
import ctypes
import gzip
import sys
import time

import torch
from torch import nn
import torch.nn.functional as F


def openblas():
    with open("/proc/self/maps") as maps:
        return [ctypes.CDLL(path) for path in {line.split()[-1] for line in maps if "libopenblas" in line}]


def set_threads(text):
    own, _, blas = text.partition("/")
    torch.set_num_threads(int(own))
    for library in openblas():
        library.openblas_set_num_threads(int(blas or own))


def about():
    kernels = []
    for library in openblas():
        library.openblas_get_corename.restype = ctypes.c_char_p
        kernels.append("OpenBLAS " + library.openblas_get_corename().decode())
    print(torch.__version__, "with", ", ".join(kernels) or "no OpenBLAS")


def read_idx(path, header):
    with gzip.open(path) as file:
        return torch.frombuffer(bytearray(file.read()[header:]), dtype=torch.uint8)


def load(folder, split="train"):
    if not folder:
        generator = torch.Generator().manual_seed(0)
        return (torch.randn(60000, 1, 28, 28, generator=generator),
                torch.randint(10, (60000,), generator=generator))
    stem = {"train": "train", "test": "t10k"}[split]
    images = read_idx(f"{folder}/{stem}-images-idx3-ubyte.gz", 16).view(-1, 1, 28, 28)
    labels = read_idx(f"{folder}/{stem}-labels-idx1-ubyte.gz", 8).long()
    return images.float().div_(255).sub_(0.2860).div_(0.3530), labels


def mlp():
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU(),
                         nn.Linear(128, 10))


def lenet():
    return nn.Sequential(nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
                         nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
                         nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10))


def conv_net():
    return nn.Sequential(nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(),
                         nn.MaxPool2d(2), nn.Flatten(), nn.Linear(64 * 14 * 14, 128), nn.ReLU(), nn.Linear(128, 10))


def plain_net():
    layers = [nn.Flatten()]
    for width in [784] + [256] * 19:
        layers += [nn.Linear(width, 256), nn.Tanh()]
    return nn.Sequential(*layers, nn.Linear(256, 10))


MODELS = {"mlp": mlp, "lenet": lenet, "conv_net": conv_net, "plain_net": plain_net}


def batches(images, labels, size):
    order = torch.randperm(len(images))
    for chosen in order.split(size):
        yield images.index_select(0, chosen), labels.index_select(0, chosen)


def step(model, optimizer, x, y):
    optimizer.zero_grad(set_to_none=True)
    F.cross_entropy(model(x), y).backward()
    optimizer.step()


def serve(measure, loss=None):
    for line in sys.stdin:
        print(loss() if line.strip() == "loss" else measure(), flush=True)


def train(workload, batch, threads, seconds, folder=None):
    set_threads(threads)
    torch.manual_seed(0)
    images, labels = load(folder)
    model = MODELS[workload]()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.005 if int(batch) < 16 else 0.1)

    def endless():
        while True:
            yield from batches(images, labels, int(batch))

    source = endless()

    def measure(limit=float(seconds)):
        samples, start, elapsed = 0, time.perf_counter(), 0.0
        while elapsed < limit:
            x, y = next(source)
            step(model, optimizer, x, y)
            samples += len(y)
            elapsed = time.perf_counter() - start
        return samples / elapsed

    def loss():
        with torch.no_grad():
            return F.cross_entropy(model(images[:256]), labels[:256]).item()

    warm = []

    def warm_measure():
        if not warm:
            warm.append(measure(min(1.0, float(seconds))))
        return measure()

    serve(warm_measure, loss)


DRAW = {
    "uniform": nn.init.uniform_,
    "normal": nn.init.normal_,
    "trunc_normal": nn.init.trunc_normal_,
    "orthogonal": nn.init.orthogonal_,
    "sparse(sparsity=0.9)": lambda w: nn.init.sparse_(w, sparsity=0.9),
}


def draw_cost(scheme, rows, columns, seconds):
    set_threads("1")
    w = torch.empty(int(rows), int(columns))

    def measure():
        best, start = float("inf"), time.perf_counter()
        while best == float("inf") or time.perf_counter() - start < float(seconds):
            begin = time.perf_counter()
            DRAW[scheme](w)
            best = min(best, time.perf_counter() - begin)
        return best * 1e9 / w.numel()

    serve(measure)


WEIGHTS = {
    "zeros": nn.init.zeros_,
    "normal(std=0.01)": lambda w: nn.init.normal_(w, std=0.01),
    "xavier_uniform": nn.init.xavier_uniform_,
    "xavier_normal": nn.init.xavier_normal_,
    "kaiming_uniform": lambda w: nn.init.kaiming_uniform_(w, nonlinearity="relu"),
    "kaiming_normal": lambda w: nn.init.kaiming_normal_(w, nonlinearity="relu"),
    "orthogonal": nn.init.orthogonal_,
}


def compare(threads, epochs, folder, *schemes):
    set_threads(threads)
    images, labels = load(folder)
    test_images, test_labels = load(folder, "test")
    for scheme in schemes:
        torch.manual_seed(0)
        model = mlp()
        if scheme != "default":
            for layer in model:
                if isinstance(layer, nn.Linear):
                    WEIGHTS[scheme](layer.weight)
                    nn.init.zeros_(layer.bias)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for _ in range(int(epochs)):
            for x, y in batches(images, labels, 64):
                step(model, optimizer, x, y)
        with torch.no_grad():
            right = sum((model(x).argmax(1) == y).sum()
                        for x, y in zip(test_images.split(1000), test_labels.split(1000)))
        print(scheme, int(right) / len(test_labels), flush=True)


def memory(folder):
    compare("1", "1", folder, "default")


if __name__ == "__main__":
    modes = {"train": train, "init": draw_cost, "compare": compare, "memory": memory, "import": lambda: None,
             "about": about}
    if len(sys.argv) < 2 or sys.argv[1] not in modes:
        sys.exit(__doc__)
    modes[sys.argv[1]](*sys.argv[2:])
