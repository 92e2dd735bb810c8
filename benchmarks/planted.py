"""The measure of the tests: small mistakes are planted in a copy of this checkout, one by one, and the suite must catch them.

A mistake is caught if a test fails with it that passes without it; it survives if the whole suite is green. Only what changed
is compiled again, for the best instruction set of this processor. Needs the checkout compiled in place, pytest and a compiler,
and no data. The mistakes are in planted_kernels.py and planted_python.py.
"""

import argparse
import contextlib
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from planted_kernels import KERNELS
from planted_python import PYTHON

CHECKOUT = Path(__file__).resolve().parents[1]
LEFT_BEHIND = (".git", ".venv", "__pycache__", ".*_cache", "_build", "gallery", "dist", "*.egg-info")
LONGEST = 1800  # seconds of tests: a missing barrier may make threads wait for ever
PASSED, FAILED, INTERRUPTED, NOTHING_TO_RUN = 0, 1, 2, 5  # exit codes of pytest


@dataclass(frozen=True)
class Outcome:
    """What became of a mistake: caught by a test, in the "fast" or the "slow" part of the suite, or not at all."""

    test: str = ""
    part: str = ""

    def __str__(self) -> str:
        return f"caught by {self.test} ({self.part})" if self.test else "SURVIVED"


def problem_of(mistake) -> str:
    """Why a mistake cannot be planted; empty if it can."""
    path = CHECKOUT / mistake.file
    if not path.is_file():
        return f"{mistake.file} does not exist"
    n = path.read_text(encoding="utf-8").count(mistake.old)
    if n != 1:
        return f"{mistake.file} has its old text {n} times, not once"
    return "" if mistake.new != mistake.old else "its new text is the old one"


# --- a copy -------------------------------------------------------------------------------------------------------------
def is_compiled() -> bool:
    return any((CHECKOUT / "cmlp").glob("_core.*")) and (CHECKOUT / "build").is_dir()


@contextlib.contextmanager
def copy_of_checkout():
    """A copy with the times of its files, so that what is compiled counts as up to date."""
    with tempfile.TemporaryDirectory(prefix="planted") as folder:
        copy = Path(folder) / "copy"
        shutil.copytree(CHECKOUT, copy, ignore=shutil.ignore_patterns(*LEFT_BEHIND), symlinks=True)
        yield copy


def run(copy: Path, *command: str) -> subprocess.CompletedProcess:
    """A command in the copy, with the copy's cmlp, in a process group of its own that ends with it."""
    environment = os.environ | {"PYTHONPATH": str(copy)}
    process = subprocess.Popen(
        [sys.executable, *command],
        cwd=copy, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        output, _ = process.communicate(timeout=LONGEST)
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 1, f"ERROR tests that do not end within {LONGEST} s")
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    return subprocess.CompletedProcess(command, process.returncode, output)


def best_level(copy: Path) -> str:
    found = run(copy, "-c", "from cmlp.runtime.compiled import instruction_set; print(instruction_set)")
    return found.stdout.strip()


def build(copy: Path, level: str) -> None:
    """Compile what changed; of the kernels only those of one level: the others stay as they were."""
    setup = (copy / "setup.py").read_text(encoding="utf-8")
    all_levels = 'for level in ("v2", "v3", "v4")'
    for_one = setup.replace(all_levels, f'for level in ("{level}",)')
    (copy / "setup_for_one.py").write_text(for_one, encoding="utf-8")
    built = run(copy, "setup_for_one.py", "-q", "build_ext", "--inplace")
    (copy / "setup_for_one.py").unlink()
    if built.returncode != 0:
        raise RuntimeError(f"it does not compile:\n{built.stdout[-3000:]}")


# --- tests --------------------------------------------------------------------------------------------------------------
def failing_test(copy: Path, *arguments: str) -> str:
    """The first test that fails, or "" if none does."""
    tested = run(copy, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "--tb=no", *arguments)
    if tested.returncode in (PASSED, NOTHING_TO_RUN):
        return ""
    said = re.search(r"^(?:FAILED|ERROR) (.+?)(?: - |$)", tested.stdout, re.MULTILINE)
    if tested.returncode in (FAILED, INTERRUPTED) and said:
        return said.group(1)
    if tested.returncode < 0:
        return f"a crash, signal {-tested.returncode}"
    raise RuntimeError(f"pytest ends by {tested.returncode}:\n{tested.stdout[-3000:]}")


def stages(mistake, fast: bool):
    """(name of the part of the suite, arguments of pytest), the tests that are likely to catch it first."""
    if mistake.tests:
        yield "fast", ("-m", "not slow", *(f"tests/test_{name}.py" for name in mistake.tests))
    yield "fast", ("-m", "not slow", "tests")
    if not fast:
        yield "slow", ("-m", "slow", "tests")


def outcome_of(mistake, options, level: str) -> Outcome:
    with copy_of_checkout() as copy:
        path = copy / mistake.file
        path.write_text(path.read_text(encoding="utf-8").replace(mistake.old, mistake.new), encoding="utf-8")
        if path.suffix != ".py":
            build(copy, level)
        left_out = [f"--deselect={name}" for name in options.deselect]
        for part, arguments in stages(mistake, options.fast):
            test = failing_test(copy, *arguments, *left_out)
            if test:
                check_without(test)
                return Outcome(test, part)
    return Outcome()


def check_without(test: str) -> None:
    """Raise unless a test passes without the mistake."""
    if "::" not in test:
        return
    with copy_of_checkout() as copy:
        if failing_test(copy, test):
            raise RuntimeError(f"{test} fails without the mistake too: mend it, or leave it out with --deselect")


# --- all of them --------------------------------------------------------------------------------------------------------
def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fast", action="store_true", help='run only the tests that -m "not slow" chooses')
    parser.add_argument("--only", nargs="+", metavar="NAME", help="plant only these")
    parser.add_argument("--list", action="store_true", help="print the mistakes and whether they can still be planted")
    parser.add_argument("--deselect", nargs="+", default=[], metavar="TEST", help="leave these tests out")
    return parser.parse_args()


def chosen(names) -> list:
    every = [*KERNELS, *PYTHON]
    known = [mistake.name for mistake in every]
    if len(set(known)) < len(known):
        sys.exit("two mistakes have the same name")
    unknown = sorted(set(names or ()) - set(known))
    if unknown:
        sys.exit(f"no mistake is called {', '.join(unknown)}: --list prints them")
    return [mistake for mistake in every if not names or mistake.name in names]


def check_all(mistakes) -> None:
    """Leave with the list of those that are stale."""
    stale = [f"{mistake.name}: {problem}" for mistake in mistakes if (problem := problem_of(mistake))]
    if stale:
        sys.exit("\n".join(["stale mistakes:", *stale]))


def print_figures(outcomes: list[Outcome], fast: bool) -> None:
    by_fast = sum(outcome.part == "fast" for outcome in outcomes)
    print(f"caught by the fast subset: {by_fast} of {len(outcomes)}")
    if not fast:
        print(f"caught by the whole suite: {sum(bool(outcome.test) for outcome in outcomes)} of {len(outcomes)}")


def main() -> int:
    options = arguments()
    mistakes = chosen(options.only)
    if options.list:
        for mistake in mistakes:
            print(f"{mistake.name:40}{mistake.file}: {mistake.what}" + (f" [STALE: {p}]" if (p := problem_of(mistake)) else ""))
        return 0
    check_all(mistakes)
    if not is_compiled() or importlib.util.find_spec("pytest") is None:
        sys.exit("needs pytest, and this checkout compiled in place: python setup.py build_ext --inplace")
    with copy_of_checkout() as copy:
        level = best_level(copy)
    outcomes = []
    for mistake in mistakes:
        began = time.monotonic()
        outcomes.append(outcome_of(mistake, options, level))
        print(f"{mistake.name:40}{outcomes[-1]}, {time.monotonic() - began:.0f} s", flush=True)
    print_figures(outcomes, options.fast)
    return 0 if all(outcome.test for outcome in outcomes) else 1


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main())
    sys.exit(130)
