"""Which build of the kernels this process uses: the best for its processor, or the one that CMLP_INSTRUCTION_SET names."""

import importlib
import os

from cmlp._products cimport has_tiles
from cmlp._team cimport has_openmp

cdef extern from *:
    """
    #if defined(__x86_64__) && !defined(_WIN32)
        static const char *cmlp_levels(void) {
            __builtin_cpu_init();
            if (!__builtin_cpu_supports("sse4.2") || !__builtin_cpu_supports("popcnt")) return "";
            if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") || !__builtin_cpu_supports("bmi2"))
                return "v2";
            if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") ||
                !__builtin_cpu_supports("avx512dq") || !__builtin_cpu_supports("avx512vl") ||
                !__builtin_cpu_supports("avx512cd"))
                return "v3 v2";
            return "v4 v3 v2";
        }
    #else
        static const char *cmlp_levels(void) { return "generic"; }
    #endif
    #if defined(__clang__)
        #define CMLP_COMPILER "clang " __clang_version__
    #elif defined(__GNUC__)
        #define CMLP_COMPILER "gcc " __VERSION__
    #else
        #define CMLP_COMPILER "unknown"
    #endif
    """
    const char* cpu_levels "cmlp_levels"()
    const char* COMPILER "CMLP_COMPILER"

compiler = COMPILER.decode()
openmp = has_openmp()
instruction_sets = tuple(cpu_levels().decode().split())          # those that this processor can run, best first


include "_kernel_modules.pxi"


def load_kernels(str level):
    """Import the kernels built for one instruction set; they take their rows in the tables."""
    for name in KERNELS + (PRODUCTS if level in FUSED else ()):
        importlib.import_module(f"cmlp._{level}.{name}")


cdef str choose_level():
    if not instruction_sets:
        raise ImportError("this processor is older than x86-64-v2 (SSE4.2), the least that cmlp's wheels are built for")
    level = os.environ.get("CMLP_INSTRUCTION_SET", instruction_sets[0])
    if level not in instruction_sets:
        raise ImportError(
            f"CMLP_INSTRUCTION_SET={level!r}: this processor can run {', '.join(map(repr, instruction_sets))}; "
            "unset it to take the best of them")
    return level


instruction_set = choose_level()
load_kernels(instruction_set)
own_products = has_tiles()                                       # else BLAS multiplies
