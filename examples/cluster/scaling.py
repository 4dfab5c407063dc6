#!/usr/bin/env python3
"""How far a grid scales on MPI: measured by build/rank_bench on this machine, simulated beyond.

    python3 examples/cluster/scaling.py measure > points.json      2 to 128 ranks, runs of 0 to 20 ms that sleep
    python3 examples/cluster/scaling.py predict points.json        fits, tells the error on points it did not see, and
                                                                   predicts up to 1,024 ranks

The model: rank 0 serves one message at a time, `service` seconds each; a worker that has sent its result waits
`latency` seconds beyond that for its next run, unless it holds one in advance (as long as there is plenty to hand
out: run_dealer.cpp), and `overhead` seconds are its own between two runs. An event is a result's arrival. The service
is rank 0's processor time a run, of all its threads, as the system counts it: waiting for a core that others have is
no part of it.
"""
import heapq
import itertools
import json
import subprocess
import sys
import tempfile

FEW = 15  # workers up to which points are fitted; more of them are told


def simulate(workers, runs, ms, service, latency, overhead):
    """Seconds until the last result has been served."""
    left = runs
    free_at = 0.0  # when rank 0 can serve the next message
    arrivals, stock = [], [0] * workers
    for worker in range(workers):  # the first run of each, one after the other
        if left == 0:
            break
        free_at += service
        left -= 1
        heapq.heappush(arrivals, (free_at + latency + overhead + ms / 1000, worker))
        if left > 4 * (workers + 1):
            stock[worker], left = 1, left - 1
    end = 0.0
    while arrivals:
        at, worker = heapq.heappop(arrivals)
        free_at = max(free_at, at) + service
        end = free_at
        if stock[worker]:  # it goes on at once, and gets another one meanwhile
            stock[worker] = 0
            begin = at
            if left > 4 * (workers + 1):
                left -= 1
                stock[worker] = 1
                # the run in advance may arrive after the one under way has ended
                begin = max(at, free_at + latency - ms / 1000)
            heapq.heappush(arrivals, (begin + overhead + ms / 1000, worker))
        elif left > 0:
            left -= 1
            heapq.heappush(arrivals, (free_at + latency + overhead + ms / 1000, worker))
    return end


def busy(point, seconds):
    return point["runs"] * point["ms"] / 1000 / (seconds * point["workers"])


def measure():
    few = itertools.product((1, 3, 7, FEW), (0, 2, 5, 20))
    many = ((31, 5), (31, 20), (63, 5), (63, 20), (127, 20))
    schemes = ["default", "orthogonal", "xavier_normal", "kaiming_normal"]
    for workers, ms in itertools.chain(few, many):
        runs = max(400, max(100, int(1000 / ms)) * workers) if ms else 4000
        with tempfile.TemporaryDirectory() as folder:
            line = subprocess.run(
                ["mpirun", "--allow-run-as-root", "--oversubscribe", "--bind-to", "none", "-n", str(workers + 1),
                 "build/rank_bench", "compare", "--sleep", str(ms), "--jobs", "1", "--models", "lenet", "--schemes",
                 "; ".join(schemes), "--seeds", str(runs // len(schemes)), "--data", "synthetic(count=200)",
                 "--epochs", "3", "--out", folder],
                check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, timeout=300).stdout
        print(line, end="", flush=True)


def fitted(points):
    """The service is measured where runs take no time; the others by least squares of relative times, on a lattice."""
    service = max((p for p in points if p["ms"] == 0), key=lambda p: p["workers"])["rank0_us"] / 1e6
    points = [p for p in points if p["ms"] > 0]
    lattice = [1e-6 * 2 ** (k / 2) for k in range(6, 24)]  # 8 µs to 3 ms

    def error(pair):
        return sum((simulate(p["workers"], p["runs"], p["ms"], service, *pair) / p["seconds"] - 1) ** 2 for p in points)

    latency, overhead = min(itertools.product(lattice, lattice), key=error)
    return service, latency, overhead


def predict(path):
    with open(path, encoding="utf-8") as file:
        points = [json.loads(line) for line in file]
    # Fitted on few workers and on the shorter runs; told against more workers and longer runs.
    seen = [p for p in points if p["workers"] <= FEW]
    unseen = [p for p in points if p not in seen and p["ms"] > 0]
    model = fitted(seen)
    print("fitted on {} points: rank 0 {:.1f} µs a run, latency {:.0f} µs, a worker's own {:.0f} µs".format(
        len(seen), *(1e6 * x for x in model)))
    worst = 0.0
    print("workers  ms  busy measured  predicted  (points that the fit did not see)")
    for p in unseen:
        guess = busy(p, simulate(p["workers"], p["runs"], p["ms"], *model))
        worst = max(worst, abs(guess - p["busy"]))
        print("{:7} {:3}  {:13.3f}  {:9.3f}".format(p["workers"], p["ms"], p["busy"], guess))
    print("largest error there: {:.1f} points".format(100 * worst))
    print("predicted share of time that workers are busy, 100 runs each:")
    print("workers " + "".join("{:>10} ms".format(ms) for ms in (2, 20, 200, 2000)))
    for workers in (16, 32, 64, 128, 256, 512, 1024):
        row = []
        for ms in (2, 20, 200, 2000):
            p = {"workers": workers, "runs": 100 * workers, "ms": ms}
            row.append("{:13.3f}".format(busy(p, simulate(workers, p["runs"], ms, *model))))
        print("{:7} ".format(workers) + "".join(row))
    print("it bends where rank 0 is busy all the time: at {:.0f} workers for runs of 20 ms".format(0.02 / model[0]))


if __name__ == "__main__":
    if len(sys.argv) == 2 and sys.argv[1] == "measure":
        measure()
    elif len(sys.argv) == 3 and sys.argv[1] == "predict":
        predict(sys.argv[2])
    else:
        sys.exit(__doc__)
