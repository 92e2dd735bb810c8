"""The kernels of every other instruction set that this processor can run, each in a process of its own."""

from pathlib import Path

import pytest
from common import run_python

from cmlp import _core

TESTS = Path(__file__).parent
FILES = [TESTS / f"test_{name}.py" for name in ("kernels", "layer_kernels", "layers", "rules", "sparse")]


@pytest.mark.slow
@pytest.mark.parametrize("level", [level for level in _core.instruction_sets if level != _core.instruction_set])
def test_kernels_equal_the_reference(level):
    options = ["-q", "-p", "no:cacheprovider", "-c", TESTS.parent / "pyproject.toml", "-m", "instruction_sets"]
    done = run_python("-m", "pytest", *options, *FILES, CMLP_INSTRUCTION_SET=level)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("level", _core.instruction_sets)
def test_the_level_asked_for_is_taken(level):
    done = run_python("-c", "from cmlp import _core; print(_core.instruction_set)", CMLP_INSTRUCTION_SET=level)
    assert done.stdout.split() == [level]


@pytest.mark.slow
def test_an_unknown_level_is_refused():
    done = run_python("-c", "import cmlp", CMLP_INSTRUCTION_SET="v9")
    assert done.returncode == 1
    assert "CMLP_INSTRUCTION_SET='v9'" in done.stderr
