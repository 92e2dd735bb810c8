"""Where the time of a step goes, by workload, on one thread and on two: what CMLP_PROFILE=1 prints, as one table.

    python benchmarks/split.py --gflops 117

Of several rounds the one with the least total. "limit" is what the multiplications alone would take at --gflops a core, the
most that benchmarks/products.py finds in float32; half of it in float64. Needs no data.
"""

import argparse
import contextlib
import io
import os

from common import machine, print_table
from peers import PEERS
from workloads import WORKLOADS


def split(workload, threads: int) -> dict:
    """{part: microseconds a step}"""
    train = PEERS["cmlp"](threads).train(workload)
    train()
    printed = io.StringIO()
    os.environ["CMLP_PROFILE"] = "1"
    with contextlib.redirect_stderr(printed):
        train()
    del os.environ["CMLP_PROFILE"]
    return {part: float(us) for part, us, _ in map(str.split, printed.getvalue().splitlines()[1:])}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gflops", type=float, default=117)
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    print(machine(), "\n")
    rows, parts = [], []
    for name, workload in WORKLOADS.items():
        for threads in arguments.threads:
            taken = min((split(workload, threads) for _ in range(arguments.rounds)), key=lambda parts: parts["total"])
            gflops = arguments.gflops * threads / (2 if workload.dtype == "float64" else 1)
            parts = list(taken)
            times = [*taken.values(), 2 * workload.multiplications / gflops / 1000]
            rows.append([f"{name}, {threads}", *(f"{us:,.3g}" if us < 1000 else f"{us:,.0f}" for us in times)])
    print_table(["on", *parts, "limit"], rows)


if __name__ == "__main__":
    main()
