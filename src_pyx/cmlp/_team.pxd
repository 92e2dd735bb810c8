"""The threads of one parallel region: how they share work, meet, and see that someone asks them to stop."""

cdef extern from *:
    """
    #include <time.h>
    #ifdef _OPENMP
        #include <omp.h>
        #include <sched.h>
        #if defined(__x86_64__) || defined(__i386__)
            #define cmlp_pause() __builtin_ia32_pause()
        #else
            #define cmlp_pause() ((void)0)
        #endif
        #define cmlp_yield() sched_yield()
        #define cmlp_add(p, d) __atomic_add_fetch(p, d, __ATOMIC_ACQ_REL)
        #define cmlp_load(p) __atomic_load_n(p, __ATOMIC_ACQUIRE)
        #define cmlp_store(p, v) __atomic_store_n(p, v, __ATOMIC_RELEASE)
        static inline double cmlp_seconds(void) { return omp_get_wtime(); }
        static inline int cmlp_team_size(void) { return omp_get_num_threads(); }
        static inline int cmlp_max_threads(void) { return omp_get_max_threads(); }
        static inline int cmlp_openmp(void) { return 1; }
    #else
        #define cmlp_pause() ((void)0)
        #define cmlp_yield() ((void)0)
        #define cmlp_add(p, d) (*(p) += (d))
        #define cmlp_load(p) (*(p))
        #define cmlp_store(p, v) (*(p) = (v))
        static inline double cmlp_seconds(void) {
            struct timespec now;
            timespec_get(&now, TIME_UTC);
            return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
        }
        static inline int cmlp_team_size(void) { return 1; }
        static inline int cmlp_max_threads(void) { return 1; }
        static inline int cmlp_openmp(void) { return 0; }
    #endif
    """
    void pause "cmlp_pause"() noexcept nogil
    void yield_processor "cmlp_yield"() noexcept nogil
    long atomic_add "cmlp_add"(long* p, long d) noexcept nogil
    long atomic_load "cmlp_load"(long* p) noexcept nogil
    void atomic_store "cmlp_store"(long* p, long v) noexcept nogil
    double seconds "cmlp_seconds"() noexcept nogil
    int team_size "cmlp_team_size"() noexcept nogil
    int max_threads "cmlp_max_threads"() noexcept nogil
    bint has_openmp "cmlp_openmp"() noexcept nogil

cdef struct Team:
    long arrived                 # threads that wait at the barrier now
    long generation              # barriers that all have passed
    long abandoned               # 1: leave the work of this phase undone
    double polled                # when thread 0 last looked for a signal
    void* interrupted            # the exception of the signal, a new reference; NULL: none

cdef enum:
    SPINS = 4000                 # looks at the barrier before the processor is offered to others

cdef inline void barrier(Team* team, int n_threads) noexcept nogil:
    """Returns when all n_threads have called it. Spins briefly, then yields: a neighbour may need the processor."""
    cdef long generation
    cdef int spins = 0
    if n_threads == 1:
        return
    generation = atomic_load(&team.generation)
    if atomic_add(&team.arrived, 1) == n_threads:
        atomic_store(&team.arrived, 0)
        atomic_store(&team.generation, generation + 1)
        return
    while atomic_load(&team.generation) == generation:
        spins += 1
        if spins < SPINS:
            pause()
        else:
            yield_processor()


cdef inline Py_ssize_t share(Py_ssize_t n_tasks, int thread, int n_threads) noexcept nogil:
    """Thread t works on the tasks share(n, t, T) up to share(n, t + 1, T)."""
    return n_tasks * thread // n_threads


# Called between two tiles: thread 0 looks for a signal now and then, and all see whether to leave the rest undone. Only
# where the work can be left undone: after the next barrier every thread must ask `atomic_load(&team.abandoned)` and end.
cdef bint leave(Team* team, int thread) noexcept nogil
