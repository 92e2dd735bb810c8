"""Compile src_pyx/cmlp into cmlp: flags, a probe for OpenMP, cythonize. Everything else is in pyproject.toml."""

import copy
import os
import platform
import runpy
import tempfile
from pathlib import Path

import numpy
from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

SOURCES = Path("src_pyx/cmlp")
LISTS = runpy.run_path(str(SOURCES / "_kernel_modules.pxi"))
KERNELS, PRODUCTS, FUSED = LISTS["KERNELS"], LISTS["PRODUCTS"], LISTS["FUSED"]
CORE = sorted({path.stem for path in SOURCES.glob("*.pyx")} - {*KERNELS, *PRODUCTS})

X86_64 = platform.machine().lower() in ("x86_64", "amd64") and os.name == "posix"
LEVELS = {level: [f"-march=x86-64-{level}"] for level in ("v2", "v3", "v4")} if X86_64 else {"generic": []}

GNU_FLAGS = ["-O3", "-falign-functions=64", "-falign-loops=32", "-g0", "-fno-math-errno", "-fno-trapping-math"]
GNU_FLAGS += ["-ffp-contract=off", "-fvisibility=hidden", "-Wno-unused"]
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

    def copy_extensions_to_source(self):
        for extension in self.extensions:  # in a checkout nothing else makes the folders of the instruction sets
            self.mkpath(os.path.dirname(self.get_ext_fullpath(extension.name)))
        super().copy_extensions_to_source()

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
    names = [*CORE, *KERNELS, *PRODUCTS]
    translated = cythonize(
        [extension(name, str(SOURCES / f"{name}.pyx")) for name in names],
        include_path=["src_pyx"],
        compiler_directives=directives,
    )
    c_file = {name: module.sources[0] for name, module in zip(names, translated, strict=True)}
    built = translated[: len(CORE)]
    for level, flags in LEVELS.items():
        built += [extension(f"_{level}.{name}", c_file[name], flags) for name in KERNELS]
        if level in FUSED:
            contracting = [*flags, "-ffp-contract=fast"]
            built += [extension(f"_{level}.{name}", c_file[name], contracting) for name in PRODUCTS]
    return built


setup(ext_modules=extensions(), cmdclass={"build_ext": BuildExt}, options={"build_ext": {"parallel": os.cpu_count()}})
