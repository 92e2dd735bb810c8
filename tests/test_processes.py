"""Child processes after a parallel training: fork, spawn, joblib's loky; with torch imported before and after."""

import importlib.util

import pytest
from common import run_python

WORK = """
import multiprocessing, sys
import numpy as np

def score(seed):
    import cmlp
    X, y = cmlp.datasets.load_digits()
    net = cmlp.Network([64, 32, 10], input_scale=1 / 16, seed=seed)
    net.fit(X, y, epochs=2)
    return net.score(X, y)

if __name__ == "__main__":
    {before}
    import cmlp
    cmlp.runtime.threads.WORK_PER_THREAD = 1            # so that the parent's training is a parallel one
    cmlp.runtime.neighbours.idle_processors = lambda: 2
    expected = [score(seed) for seed in range(3)]
    {after}
    {run}
    assert got == expected, (got, expected)
    assert [score(seed) for seed in range(3)] == expected
    print("the same")
"""
POOL = """with multiprocessing.get_context("{method}").Pool(2) as pool:
        got = pool.map(score, range(3))"""
LOKY = """import joblib
    got = joblib.Parallel(n_jobs=2)(joblib.delayed(score)(seed) for seed in range(3))"""
RUNS = {"fork": POOL.replace("{method}", "fork"), "spawn": POOL.replace("{method}", "spawn"), "loky": LOKY}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("method", "torch"),
    [
        *(("fork", torch) for torch in ("without torch", "torch before", "torch after")),
        *(("spawn", "without torch"), ("loky", "without torch")),  # their children import anew, without the parent's torch
    ],
)
def test_children(method, torch, tmp_path):
    if method == "loky" and importlib.util.find_spec("joblib") is None:
        pytest.skip("joblib is not installed")
    if torch != "without torch" and importlib.util.find_spec("torch") is None:
        pytest.skip("torch is not installed")
    parts = {"before": "pass", "after": "pass", "run": RUNS[method]}
    parts |= {"torch before": {"before": "import torch"}, "torch after": {"after": "import torch"}}.get(torch, {})
    code = WORK
    for name, part in parts.items():
        code = code.replace("{" + name + "}", part)
    script = tmp_path / "work.py"
    script.write_text(code)
    done = run_python("-W", "ignore", script, OMP_NUM_THREADS="2")
    assert done.stdout.strip() == "the same", done.stderr
