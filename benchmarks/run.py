"""cmlp beside its peers: microseconds a step, medians of interleaved rounds.

    python benchmarks/run.py --peers jax torch sklearn numpy --workloads W1 W2 --json results.json --plot results.svg

Each peer runs in a process of its own, with 1 thread and with 2 where it can; a round asks each of them for one measurement,
one after the other, so what the machine does meanwhile falls on all alike. Ratios are taken within a round.
"""

import argparse
import contextlib
import itertools
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from common import machine_facts, print_table
from peers import PEERS
from workloads import PREDICTIONS, WORKLOADS

HERE = Path(__file__).parent
PAUSE = 0.3  # seconds between two processes: the threads of some libraries spin on for a while


class Worker:
    """A peer on a workload with so many threads, waiting in its own process."""

    def __init__(self, peer: str, task: str, threads: int) -> None:
        command = [sys.executable, str(HERE / "worker.py"), peer, task, str(threads)]
        self.peer, self.threads = peer, threads
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"{peer} failed on {task}: see above")
        self.versions = json.loads(line)["versions"]

    def measure(self) -> dict:
        time.sleep(PAUSE)
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait()


def run_task(task: str, peers: list, threads: list, rounds: int) -> list:
    """[{task, peer, threads, us: [one a round], versions}]"""
    with contextlib.ExitStack() as stack:
        workers = []
        for peer in peers:
            for n in threads if hasattr(PEERS[peer], "train" if task in WORKLOADS else "predict") else ():
                workers.append(Worker(peer, task, n))
                stack.callback(workers[-1].close)
        taken = [[worker.measure() for worker in workers] for _ in range(rounds)]
    return [
        {"task": key, "peer": w.peer, "threads": w.threads, "us": [row[i][key] for row in taken], "versions": w.versions}
        for i, w in enumerate(workers)
        for key in taken[0][i]
    ]


def best_of(results: list, task: str, peer: str) -> dict | None:
    """The fastest number of threads of a peer."""
    rows = [r for r in results if r["task"] == task and r["peer"] == peer]
    return min(rows, key=lambda r: statistics.median(r["us"]), default=None)


def table(results: list, peers: list):
    tasks = list(dict.fromkeys(r["task"] for r in results))
    for task in tasks:
        own = best_of(results, task, "cmlp")
        row = [task]
        for peer in peers:
            best = best_of(results, task, peer)
            if best is None:
                row.append("-")
                continue
            ratio = ratio_of(best, own) if own else float("nan")
            us = statistics.median(best["us"])
            row.append((f"{us:.4g}" if us < 1000 else f"{us:,.0f}") + ("" if peer == "cmlp" else f" ({ratio:.3g})"))
        yield row


def ratio_of(best: dict, own: dict) -> float:
    """The median over the rounds of a peer's time over cmlp's."""
    return statistics.median([a / b for a, b in zip(best["us"], own["us"], strict=True)])


def plot(results: list, peers: list):
    """A figure of how many times the time of cmlp each peer takes."""
    import matplotlib.pyplot as plt

    tasks = list(dict.fromkeys(r["task"] for r in results))
    figure, axes = plt.subplots(figsize=(9, 4), layout="constrained")
    others = [peer for peer in peers if peer != "cmlp"]
    for k, (peer, hatch) in enumerate(zip(others, itertools.cycle(("", "//", "..", "xx", "++")), strict=False)):
        found = [(i, best_of(results, task, peer), best_of(results, task, "cmlp")) for i, task in enumerate(tasks)]
        found = [(i, ratio_of(b, own)) for i, b, own in found if b and own]
        places, width = [i + (k + 0.5) / len(others) * 0.8 - 0.4 for i, _ in found], 0.8 / len(others)
        heights = [ratio - 1 for _, ratio in found]
        axes.bar(places, heights, width, bottom=1, label=peer, hatch=hatch, edgecolor="black", linewidth=0.4)
    axes.axhline(1, color="black", linewidth=1)
    axes.set(xticks=range(len(tasks)), yscale="log", ylabel="time / time of cmlp")
    axes.set_xticklabels(tasks, rotation=30)
    axes.legend(ncols=len(others), fontsize="small")
    return figure


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    tasks = [*WORKLOADS, *PREDICTIONS]
    parser.add_argument("--workloads", nargs="+", choices=tasks, default=tasks, metavar="NAME", help=", ".join(tasks))
    others = [peer for peer in PEERS if peer != "cmlp"]
    parser.add_argument("--peers", nargs="*", choices=others, default=others, metavar="NAME", help=", ".join(others))
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2], help="the best of these counts (default: 1 2)")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", metavar="FILE", help="write every measurement there")
    parser.add_argument("--plot", metavar="FILE", help="draw the ratios (needs matplotlib)")
    arguments = parser.parse_args()
    peers = ["cmlp", *arguments.peers]
    facts = machine_facts()
    print(*(f"{key}: {value}" for key, value in facts.items()), sep="\n")
    print("\nmicroseconds a step (a call for P2, P4), median; in brackets the median of its ratios to cmlp\n")
    results = []
    for task in arguments.workloads:
        results += run_task(task, peers, arguments.threads, arguments.rounds)
        print(f"{task} done", file=sys.stderr, flush=True)
    print_table(["", *peers], table(results, peers))
    for r in results:
        facts.setdefault("versions", {}).update(r.pop("versions"))
    print(", ".join(f"{name} {version}" for name, version in facts["versions"].items()))
    if arguments.json:
        Path(arguments.json).write_text(json.dumps({"machine": facts, "results": results}, indent=1))
    if arguments.plot:
        import matplotlib

        matplotlib.use("Agg")
        plot(results, peers).savefig(arguments.plot)


if __name__ == "__main__":
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # idle peers must not spin beside the one that is measured
    main()
