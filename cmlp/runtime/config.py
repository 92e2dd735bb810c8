"""Versions, compiler, instruction set, BLAS and threads of this installation."""

import platform
from importlib.metadata import version

from cmlp.runtime import compiled, threads
from cmlp.version import __version__


def config() -> dict[str, str]:
    """Version, compiler, OpenMP, instruction set, BLAS and threads, as `show_config` prints them."""
    blas = threads.blas()
    kernel = blas.get("architecture", "unknown kernel")
    return {
        "cmlp": __version__,
        "python": f"{platform.python_version()}, numpy {version('numpy')}, scipy {version('scipy')}",
        "compiler": compiled.compiler,
        "openmp": "yes" if compiled.openmp else "no (one thread)",
        "instruction set": f"{compiled.instruction_set} (this processor can run {', '.join(compiled.instruction_sets)})",
        "products": "cmlp's own register tiles" if compiled.own_products else "BLAS",
        "blas": f"{blas['internal_api']} {blas['version']}, {kernel} kernels" if blas else "unknown",
        "threads": f"{threads.available()} (set OMP_NUM_THREADS, or n_threads in a call)",
    }


def show_config() -> None:
    """Print versions, compiler, instruction set, BLAS and threads of this installation, for bug reports.

    Examples
    --------
    >>> import cmlp
    >>> cmlp.show_config()  # doctest: +ELLIPSIS
    cmlp            ...
    python          ...
    """
    for name, value in config().items():
        print(f"{name:<16}{value}")
