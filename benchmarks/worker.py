"""One peer on one workload in a process of its own: for every line on standard input, one measurement on standard output."""

import json
import statistics
import sys
import time
from importlib.metadata import version

from peers import PEERS
from workloads import PREDICTIONS, WORKLOADS

SHORT = 0.02  # seconds: shorter calls are repeated until they have filled ten times this


def measure(function) -> float:
    """Seconds of one call; the median of many where it is short."""
    times = []
    while not times or (times[0] < SHORT and sum(times) < 10 * SHORT):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def main(name: str, task: str, threads: int) -> None:
    peer = PEERS[name](threads)
    if task in WORKLOADS:
        functions = {task: (peer.train(WORKLOADS[task]), WORKLOADS[task].steps)}
    else:
        functions = {f"{task} {rows}": (peer.predict(PREDICTIONS[task], rows), 1) for rows in (1, 10_000)}
    for function, _ in functions.values():
        function()
        function()  # the second time nothing is compiled or touched for the first time
    print(json.dumps({"versions": {name: version(name) for name in peer.versions}}), flush=True)
    for _ in sys.stdin:
        print(json.dumps({key: measure(f) / steps * 1e6 for key, (f, steps) in functions.items()}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
