"""Compile src_pyx/cmlp into cmlp: flags, a probe for OpenMP, cythonize. Everything else is in pyproject.toml."""

import copy
import os
import platform
import tempfile
from pathlib import Path

import numpy
from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

CORE = ["_registry", "_products", "_random", "_team", "_plan", "_own_loss", "_after", "_propagation", "_parameters", "_step"]
CORE += ["_instructions", "_samples", "_core", "_kernels"]
# Built once for each instruction set; the best is imported.
FAMILIES = ["_csr", "_gather", "_linear", "_noise", "_regular", "_activations", "_activations_of_z", "_activations_of_rows"]
FAMILIES += ["_norms", "_losses", "_optimizers"]

X86_64 = platform.machine().lower() in ("x86_64", "amd64") and os.name == "posix"
LEVELS = {f"_{level}": [f"-march=x86-64-{level}"] for level in ("v2", "v3", "v4")} if X86_64 else {"_generic": []}
# Those with fused multiply-adds have products of their own; elsewhere BLAS multiplies.
TILED = {"_v3", "_v4"}
PRODUCTS = ["_tiles", "_zeros"]

GNU_FLAGS = ["-O3", "-g0", "-fno-math-errno", "-fno-trapping-math", "-ffp-contract=off", "-fvisibility=hidden", "-Wno-unused"]
LINUX_LINK = ["-Wl,-z,relro,-z,now"]

# What the team of threads needs: OpenMP for the region, the GNU atomics for its barrier.
PROBE = """
#include <omp.h>
int main(void) { int n = 0; __atomic_add_fetch(&n, omp_get_max_threads(), __ATOMIC_ACQ_REL); return n < 1; }
"""


class BuildExt(build_ext):
    """Add the flags that the compiler really takes, and keep the objects of each extension in a folder of its own."""

    def build_extensions(self):
        gnu = self.compiler.compiler_type in ("unix", "mingw32")
        openmp = ["-fopenmp"] if gnu and self.has_openmp() else []
        if not openmp:
            self.announce("cmlp: no OpenMP here; the core is built for one thread", level=3)
        for extension in self.extensions:
            extension.extra_compile_args[:0] = (GNU_FLAGS + openmp) if gnu else ["/O2"]
            extension.extra_link_args += openmp + (LINUX_LINK if platform.system() == "Linux" else [])
        super().build_extensions()

    def has_openmp(self):
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder, "probe.c")
            source.write_text(PROBE)
            try:
                objects = self.compiler.compile([str(source)], output_dir=folder, extra_preargs=["-fopenmp"])
                self.compiler.link_executable(objects, "probe", output_dir=folder, extra_preargs=["-fopenmp"])
            except Exception:  # every compiler family raises its own
                return False
        return True

    def build_extension(self, extension):
        builder = copy.copy(self)  # extensions are built in parallel, and three of them from the same C file
        builder.build_temp = os.path.join(self.build_temp, extension.name)
        build_ext.build_extension(builder, extension)


def extension(name, source, flags=()):
    return Extension(
        f"cmlp.{name}",
        [source],
        include_dirs=[numpy.get_include()],
        define_macros=[("NPY_NO_DEPRECATED_API", "NPY_2_0_API_VERSION")],
        extra_compile_args=list(flags),
    )


def extensions():
    """The core, and each kernel module once a level: cmlp._v3._activations and so on, all from one translation to C."""
    directives = {
        "language_level": 3,
        "boundscheck": False,
        "wraparound": False,
        "cdivision": True,
        "initializedcheck": False,
        "binding": False,
    }
    translated = cythonize(
        [extension(name, f"src_pyx/cmlp/{name}.pyx") for name in [*CORE, *FAMILIES, *PRODUCTS]],
        include_path=["src_pyx"],
        compiler_directives=directives,
    )
    core, families = translated[: len(CORE)], translated[len(CORE) : -len(PRODUCTS)]
    products = translated[-len(PRODUCTS) :]
    built = [
        extension(f"{level}.{name}", family.sources[0], flags)
        for level, flags in LEVELS.items()
        for name, family in zip(FAMILIES, families, strict=True)
    ]
    built += [
        extension(f"{level}.{name}", product.sources[0], [*flags, "-ffp-contract=fast"])
        for level, flags in LEVELS.items()
        if level in TILED
        for name, product in zip(PRODUCTS, products, strict=True)
    ]
    return core + built


setup(ext_modules=extensions(), cmdclass={"build_ext": BuildExt}, options={"build_ext": {"parallel": os.cpu_count()}})
