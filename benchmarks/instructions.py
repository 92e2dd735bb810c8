"""Instructions that a step takes, counted by valgrind: repeatable where time is not, so a slowdown between two commits shows.

    python benchmarks/instructions.py            compare with instructions.json
    python benchmarks/instructions.py --store    write it

What is counted is all that happens inside the core's `train`, on one thread with x86-64-v3 (valgrind knows no AVX-512). Counts
depend on the compiler; the file says with which it was made.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from workloads import WORKLOADS

BASELINE = Path(__file__).with_name("instructions.json")
STEPS = {"W1": 200, "W2": 40, "W3": 10, "W4": 2, "W5": 10, "W7": 400}
COUNTED = "__pyx_pw_4cmlp_5_core_6Engine_*train"  # Engine.train as Cython names it
TRAIN = """
import sys
import numpy as np
import cmlp
from workloads import WORKLOADS

workload, n_steps = WORKLOADS[sys.argv[1]], int(sys.argv[2])
n_rows = workload.n_samples if workload.full_batch else workload.batch_size * n_steps
X, y = (part[:n_rows] for part in workload.data())
optimizer = (cmlp.Adam if workload.optimizer == "adam" else cmlp.SGD)(workload.learning_rate)
net = cmlp.Network(list(workload.layers), workload.activation, workload.loss, dtype=workload.dtype)
batch_size = None if workload.full_batch else workload.batch_size
epochs = n_steps if workload.full_batch else 1
net.fit(X, y, optimizer=optimizer, batch_size=batch_size, epochs=epochs, n_threads=1)
"""


def count(name: str) -> int:
    """Instructions of a step."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "out")
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", f"--toggle-collect={COUNTED}"]
        command += [sys.executable, "-c", TRAIN, name, str(STEPS[name])]
        settings = {"CMLP_INSTRUCTION_SET": "v3", "PYTHONHASHSEED": "0", "PYTHONPATH": str(Path(__file__).parent)}
        done = subprocess.run(command, env=os.environ | settings, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            sys.exit(done.stderr)
        return int(re.search(r"^(?:summary|totals): (\d+)", out.read_text(), re.MULTILINE)[1]) // STEPS[name]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workloads", nargs="+", choices=STEPS, default=list(STEPS), metavar="NAME", help=", ".join(STEPS))
    parser.add_argument("--store", action="store_true", help="make these counts the baseline")
    arguments = parser.parse_args()
    import cmlp._core

    stored = json.loads(BASELINE.read_text()) if BASELINE.exists() else {"counts": {}, "compiler": None}
    counts = {}
    for name in arguments.workloads:
        counts[name] = count(name)
        before = stored["counts"].get(name)
        change = f"{counts[name] / before - 1:+.1%}" if before else "new"
        print(f"{name} ({WORKLOADS[name].what}): {counts[name]:,} instructions a step, {change}", flush=True)
    if stored["compiler"] not in (None, cmlp._core.compiler):
        print(f"the baseline was made with {stored['compiler']}, this is {cmlp._core.compiler}")
    if arguments.store:
        stored = {"compiler": cmlp._core.compiler, "counts": stored["counts"] | counts}
        BASELINE.write_text(json.dumps(stored, indent=1) + "\n")


if __name__ == "__main__":
    main()
