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

# What a thread has claimed of its own share of a phase's tasks, or others of it. A cache line each.
cdef struct Claims:
    long taken
    long[7] gap

cdef struct Team:
    Claims* claims               # (n_threads,), all zero when a phase begins
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
    cdef int spins = 0, thread
    if n_threads == 1:
        return
    generation = atomic_load(&team.generation)
    if atomic_add(&team.arrived, 1) == n_threads:
        for thread in range(n_threads):
            team.claims[thread].taken = 0
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
    """The tasks share(n, t, T) up to share(n, t + 1, T) are meant for thread t."""
    return n_tasks * thread // n_threads


# How far a thread is in one phase; begin with {0, 0}.
cdef struct Search:
    Py_ssize_t done              # by a thread that is alone
    int behind                   # whose share it looks through: its own, the next thread's, ...


cdef inline Py_ssize_t next_task(Team* team, Search* search, Py_ssize_t n_tasks, int thread, int n_threads) noexcept nogil:
    """A task that nobody else works on, or -1: first those meant for this thread, then what slower threads left.

    Between two barriers the team works through one set of tasks.
    """
    cdef Py_ssize_t first, own
    cdef int owner
    if n_threads == 1:
        search.done += 1
        return search.done - 1 if search.done <= n_tasks else -1
    while search.behind < n_threads:
        owner = (thread + search.behind) % n_threads
        first = share(n_tasks, owner, n_threads)
        own = share(n_tasks, owner + 1, n_threads) - first
        if atomic_load(&team.claims[owner].taken) < own:
            own -= atomic_add(&team.claims[owner].taken, 1)
            if own >= 0:
                return share(n_tasks, owner + 1, n_threads) - 1 - own
        search.behind += 1
    return -1


# Called between two tiles: thread 0 looks for a signal now and then, and all see whether to leave the rest undone. Only
# where the work can be left undone: after the next barrier every thread must ask `atomic_load(&team.abandoned)` and end.
cdef bint leave(Team* team, int thread) noexcept nogil
