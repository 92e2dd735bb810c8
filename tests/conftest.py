import os
import re
import signal
from pathlib import Path

import numpy as np
import pytest
from common import IN_PLACE, ROUNDS, SEED, ignore_neighbours

import cmlp
from cmlp.cli import main
from cmlp.runtime import threads

os.environ.setdefault("MPLBACKEND", "Agg")


def pytest_report_header(config):
    kind = "compiled in place" if IN_PLACE else "installed"
    return [
        f"cmlp {cmlp.__version__}, {kind}: {Path(cmlp.__file__).parent}",
        f"CMLP_TEST_SEED={SEED} CMLP_TEST_ROUNDS={ROUNDS} CMLP_DATA={os.environ.get('CMLP_DATA', '')}",
    ]


@pytest.fixture
def rng():
    return np.random.default_rng(SEED)


@pytest.fixture
def mixed_frame(rng):
    """A pandas frame with numbers, text and codes, and some missing."""
    frames = pytest.importorskip("pandas", reason="pandas is not installed")
    columns = {"size": rng.normal(5, 1, 60), "colour": rng.choice(["red", "green"], 60), "code": rng.choice([3, 7], 60)}
    frame = frames.DataFrame(columns)
    frame.loc[3, "size"] = np.nan
    frame.loc[4, "colour"] = None
    return frame


@pytest.fixture
def threads_for_any_work(monkeypatch):
    """Small problems get as many threads as are asked for, however busy the machine is."""
    ignore_neighbours(monkeypatch)
    monkeypatch.setattr(threads, "WORK_PER_THREAD", 1)


@pytest.fixture(scope="session")
def data_folder():
    """The folder of the real data sets."""
    folder = os.environ.get("CMLP_DATA")
    if not folder:
        pytest.skip("CMLP_DATA names no folder of data sets (mnist/train-images-idx3-ubyte.gz, open/letter.csv.gz, ...)")
    return Path(folder)


@pytest.fixture
def alarm():
    """alarm(seconds) raises KeyboardInterrupt in the main thread, once, when so much time has passed."""
    if not hasattr(signal, "setitimer"):
        pytest.skip("no interval timer here")

    def interrupt(number, frame):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    yield lambda seconds: signal.setitimer(signal.ITIMER_REAL, seconds)
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


# --- the command line -------------------------------------------------------------------------------------------------
@pytest.fixture
def run(capsys, tmp_path, monkeypatch):
    """run(arguments) -> (exit code, stdout, stderr), in a folder of its own."""
    monkeypatch.chdir(tmp_path)

    def run_(*arguments):
        capsys.readouterr()
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as end:
            code = end.code
        return code, *capsys.readouterr()

    return run_


@pytest.fixture
def succeeds(run):
    """Runs, and returns what was printed."""

    def succeeds_(*arguments):
        code, out, err = run(*arguments)
        assert (code, err) == (0, "")
        return out

    return succeeds_


@pytest.fixture
def fails(run):
    """Ends with this code and one line that matches, before any training."""

    def fails_(code, message, *arguments):
        got, out, err = run(*arguments)
        assert got == code
        assert re.fullmatch(r"cmlp[^\n]+\n", err)
        assert re.search(message, err)
        assert "epoch" not in out

    return fails_
