"""Where the time of a step goes, thread by thread: CMLP_PROFILE=1. Without it a clock is NULL, and a lap costs one test."""

from libc.stdint cimport uint64_t

cdef extern from *:
    """
    #include <stdint.h>
    #if defined(__x86_64__) && defined(__GNUC__)
        static inline uint64_t cmlp_ticks(void) { return __builtin_ia32_rdtsc(); }
    #else
        #include <time.h>
        static inline uint64_t cmlp_ticks(void) {
            struct timespec now;
            timespec_get(&now, TIME_UTC);
            return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
        }
    #endif
    """
    uint64_t ticks "cmlp_ticks"() noexcept nogil

cdef enum Part:
    GATHER, PRODUCTS, ELEMENTWISE, LOSS, UPDATE, WAITING, REST, N_PARTS

cdef struct Clock:
    uint64_t last
    uint64_t[N_PARTS] spent
    uint64_t[8] gap                      # threads write to their clocks at the same time: not in one cache line


cdef inline void lap(Clock* clock, Part part) noexcept nogil:
    """The time since the last lap was spent on `part`."""
    cdef uint64_t now
    if clock != NULL:
        now = ticks()
        clock.spent[<int>part] += now - clock.last
        clock.last = now
