"""The door: every compiled function that Python can call. Shapes and types are compared here, pointers taken, the GIL let go.

An `Engine` holds ready what a network of one shape needs for a number of rows: the plan and the work space. `Samples` are
the caller's arrays as they are. User errors are told in cmlp/validation.py, before anything comes here; a mismatch found
here is a fault of the library, and says so in fewer words.
"""

import importlib
import os

import numpy as np

from cpython.ref cimport Py_DECREF
from cython cimport floating
from cython.parallel cimport parallel, threadid
from libc.math cimport INFINITY, isfinite
from libc.stdint cimport uint64_t
from libc.string cimport memset
cimport numpy as cnp

from cmlp._clock cimport Clock, ticks as read_ticks
from cmlp._parameters cimport MAX_NORM, N_RULES, Rules
from cmlp._plan cimport Layer, Plan, Tile, lay_out, list_tiles, n_tiles
from cmlp._products cimport has_tiles
from cmlp._propagation cimport COST, OUTPUTS, SCORES, Goal
from cmlp._random cimport permutation
from cmlp._registry cimport LINEAR, LOSS, gather
from cmlp._source cimport Source
from cmlp._step cimport (
    CHANGE_NOT_FINITE, COMPLETE, INTERRUPTED, LOSS_NOT_FINITE, Run, evaluate as evaluate_samples, gradient, train,
)
from cmlp._team cimport Claims, Team, has_openmp, max_threads as openmp_max_threads, seconds, team_size

from cmlp import _registry

cnp.import_array()

activations, losses, optimizers = _registry.activations, _registry.losses, _registry.optimizers
outputs_per_target = _registry.outputs_per_target

cdef enum:
    AT_ONCE = 1 << 16                    # numbers looked through without looking for signals

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


# in this order: a loss may name an activation as its link
KERNELS = (
    "_gather", "_linear", "_regular", "_activations", "_activations_of_z", "_activations_of_rows", "_losses",
    "_optimizers",
)


def load_kernels(str level):
    """Import the kernels built for one instruction set; they take their rows in the tables."""
    for name in KERNELS:
        importlib.import_module(f"cmlp._{level}.{name}")
    if level in ("v3", "v4"):
        importlib.import_module(f"cmlp._{level}._tiles")
        importlib.import_module(f"cmlp._{level}._zeros")


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


def ticks():
    """The counter that the clocks of a profile read (_clock.pxd)."""
    return read_ticks()


def max_threads():
    """omp_get_max_threads(): OMP_NUM_THREADS, threadpoolctl and the affinity mask are in it. 1 without OpenMP."""
    return openmp_max_threads()


def aligned_empty(Py_ssize_t n, dtype):
    """A flat array of n numbers that starts on a cache line."""
    dtype = np.dtype(dtype)
    memory = np.empty(n * dtype.itemsize + 64, dtype=np.uint8)
    start = -<size_t>cnp.PyArray_DATA(memory) % 64
    return memory[start : start + n * dtype.itemsize].view(dtype)


cdef void* address(object given, int type_number, Py_ssize_t n, bint writable) except? NULL:
    """Where the numbers of a contiguous array lie, once it is sure that they are n of this type."""
    cdef cnp.ndarray array
    if not cnp.PyArray_Check(given):
        raise TypeError(f"expected an array, got {type(given).__name__}")
    array = given
    if cnp.PyArray_TYPE(array) != type_number or not cnp.PyArray_ISCARRAY_RO(array) or cnp.PyArray_SIZE(array) != n:
        raise TypeError(f"expected {n} contiguous numbers of NumPy's type {type_number}, got {array.size} {array.dtype}")
    if writable and not cnp.PyArray_ISWRITEABLE(array):
        raise TypeError("expected an array that may be written to")
    return cnp.PyArray_DATA(array)


# --- samples ------------------------------------------------------------------------------------------------
cdef class Samples:
    """X, Y and weights of the caller's, read where they lie. Y is a matrix, or a vector of class codes (intp)."""
    cdef Source X, Y
    cdef const double* sample_weight
    cdef readonly Py_ssize_t n_samples
    cdef tuple alive

    def __init__(self, X, Y=None, sample_weight=None, double input_scale=1.0, double off=0.0):
        self.n_samples = len(X)
        self.X = source_of(X, input_scale)
        if Y is not None:
            if len(Y) != self.n_samples:
                raise TypeError("X and Y differ in length")
            self.Y = source_of(Y, 1.0)
            self.Y.off = off
        if sample_weight is not None:
            self.sample_weight = <const double*>address(sample_weight, cnp.NPY_DOUBLE, self.n_samples, False)
        self.alive = (X, Y, sample_weight)

    def rows(self, Py_ssize_t start, cnp.ndarray out, bint targets=False):
        """Fill `out` (n_rows, width) with rows of X or Y from `start` on, as a step would."""
        cdef void* numbers = address(out, cnp.PyArray_TYPE(out), out.size, True)
        cdef Source source = self.Y if targets else self.X
        cdef Py_ssize_t n_rows = out.shape[0], width = out.shape[1]
        if start < 0 or start + n_rows > self.n_samples:
            raise TypeError("rows out of range")
        if source.data == NULL:
            raise TypeError("these samples have no targets")
        with nogil:
            if cnp.PyArray_TYPE(out) == cnp.NPY_FLOAT:
                gather(&source, NULL, start, n_rows, width, <float*>numbers)
            else:
                gather(&source, NULL, start, n_rows, width, <double*>numbers)


cdef Source source_of(cnp.ndarray array, double scale) except *:
    cdef Source source
    cdef bint codes = array.ndim == 1
    if codes and (cnp.PyArray_TYPE(array) != cnp.NPY_INTP or not cnp.PyArray_ISCARRAY_RO(array)):
        raise TypeError("class codes are contiguous intp")
    cdef bint real = cnp.PyArray_ISFLOAT(array) or cnp.PyArray_ISINTEGER(array) or cnp.PyArray_ISBOOL(array)
    if not codes and (array.ndim != 2 or not real):
        raise TypeError("a source is a real matrix or a vector of class codes")
    source.data = <const char*>cnp.PyArray_DATA(array)
    source.row_stride = array.strides[0]
    source.column_stride = 0 if codes else array.strides[1]
    source.type_number = cnp.PyArray_TYPE(array)
    source.swapped = not cnp.PyArray_ISNOTSWAPPED(array)
    source.scale = scale
    source.codes = codes
    source.off = 0
    return source


cpdef double largest(cnp.ndarray array):
    """max |array| of a contiguous float array, nan if one is."""
    cdef void* numbers = address(array, cnp.PyArray_TYPE(array), array.size, False)
    cdef Py_ssize_t n = array.size
    if cnp.PyArray_TYPE(array) == cnp.NPY_FLOAT:
        return LINEAR.largest32(<const float*>numbers, n)
    return LINEAR.largest64(<const double*>numbers, n)


def usable_as_it_is(X, Py_ssize_t width, cnp.dtype dtype):
    """Whether X is a small contiguous matrix of this type and width, all finite: the usual case, found quickly."""
    cdef cnp.ndarray array
    if type(X) is not np.ndarray:
        return False
    array = X
    if (
        array.ndim != 2 or cnp.PyArray_TYPE(array) != dtype.type_num or not cnp.PyArray_ISCARRAY_RO(array)
        or array.shape[1] != width or not 0 < array.shape[0] * width <= AT_ONCE
    ):
        return False
    return isfinite(largest(array))


# --- engine -------------------------------------------------------------------------------------------------
cdef class Cursor:
    """Where a training is: updates made, epoch, batch of the epoch, and what the epoch has summed so far."""
    cdef public Py_ssize_t t, batch
    cdef public uint64_t epoch
    cdef public double epoch_loss, epoch_change

    def __init__(self, Py_ssize_t t=0, uint64_t epoch=0):
        self.t = t
        self.epoch = epoch
        self.new_epoch()

    def new_epoch(self):
        self.batch = 0
        self.epoch_loss = 0
        self.epoch_change = 0

    def copy(self):
        copy = Cursor(self.t, self.epoch)
        copy.batch, copy.epoch_loss, copy.epoch_change = self.batch, self.epoch_loss, self.epoch_change
        return copy


cdef class Engine:
    """The plan and the work space of a network for up to `capacity` rows at once."""
    cdef Plan plan
    cdef bint single
    cdef readonly object dtype, layers, work
    cdef int type_number
    cdef object tiles, block_loss, scratch, thread_change, claims, squares, nonzeros
    cdef public object clocks                    # (n_threads, CLOCK_LENGTH) of uint64 or None: see _clock.pxd

    def __init__(self, cnp.ndarray layers, str loss, tuple loss_values, Py_ssize_t capacity, dtype, bint keep_Z=False):
        self.dtype = np.dtype(dtype)
        self.type_number = self.dtype.num
        self.single = self.dtype == np.float32
        if layers.dtype.itemsize != sizeof(Layer):
            raise TypeError("the table of layers is not the one that the core was built for")
        self.layers = layers.copy()
        cdef Plan* plan = &self.plan
        plan.layers = <Layer*>cnp.PyArray_DATA(self.layers)
        plan.n_layers = len(layers)
        plan.n_inputs = plan.layers[0].fan_in
        plan.n_outputs = plan.layers[plan.n_layers - 1].fan_out
        plan.n_params = sum(
            int(row["fan_out"]) * (int(row["fan_in"]) + int(row["bias"])) for row in layers)
        plan.capacity = capacity
        plan.keep_Z = keep_Z
        plan.loss = losses[loss].row
        plan.n_targets = plan.n_outputs // outputs_per_target(loss, loss_values)
        for i, value in enumerate(loss_values):
            plan.loss_values[<Py_ssize_t>i] = value
        plan.link = LOSS[plan.loss].link >= 0
        if plan.link and LOSS[plan.loss].link != plan.layers[plan.n_layers - 1].activation:
            raise TypeError("the output function is not the link of the loss")
        lay_out(plan, self.dtype.itemsize)
        self.tiles = np.array(list_tiles(plan), dtype=np.intp)
        plan.tiles = <Tile*>cnp.PyArray_DATA(self.tiles)
        plan.n_tiles = len(self.tiles)
        self.work = aligned_empty(plan.n_work, self.dtype)
        self.block_loss = np.empty(n_tiles(capacity, plan.block_rows))
        self.nonzeros = np.empty(n_tiles(capacity, plan.block_rows), dtype=np.intp)
        self.claims = aligned_empty(0, np.uint8)
        self.prepare(1)

    @property
    def capacity(self):
        return self.plan.capacity

    def load(self, Py_ssize_t n_rows):
        """(multiplications between two barriers, tiles that can be worked on at once) for n_rows: what threads are woken for.

        A unit's function, bias and loss count as twenty multiplications.
        """
        cdef Plan* plan = &self.plan
        cdef Py_ssize_t rows = min(n_rows, plan.capacity), tiles = n_tiles(rows, plan.block_rows), widest = 1, units = 0, l
        for l in range(plan.n_layers):
            units += plan.layers[l].fan_out
            widest = max(widest, n_tiles(rows, plan.layers[l].forward_rows)
                         * n_tiles(plan.layers[l].fan_out, plan.layers[l].forward_columns))
        if plan.by_layer:
            return rows * (plan.n_params + 20 * units) // (2 * plan.n_layers), max(tiles, widest)
        return rows * (plan.n_params + 20 * units), tiles

    def prepare(self, int n_threads):
        """Room for the tiles of n_threads."""
        if self.thread_change is None or len(self.thread_change) < n_threads:
            self.scratch = aligned_empty(n_threads * self.plan.n_scratch, self.dtype)
            self.thread_change = np.zeros(n_threads)

    cdef Team new_team(self, int n_threads) except *:
        cdef Py_ssize_t n_bytes = n_threads * <Py_ssize_t>sizeof(Claims)
        if n_bytes > len(self.claims):
            self.claims = aligned_empty(n_bytes, np.uint8)
        memset(cnp.PyArray_DATA(self.claims), 0, n_bytes)
        return Team(<Claims*>cnp.PyArray_DATA(self.claims), 0, 0, 0, seconds(), NULL)

    def block(self, str name, Py_ssize_t l, Py_ssize_t n_rows):
        """Z, A or dZ of layer l as the last call left them: a view (n_rows, fan_out) of the work space."""
        start, width = int(self.layers[name][l]), int(self.layers["fan_out"][l])
        return self.work[start : start + n_rows * width].reshape(n_rows, width)

    cdef Run new_run(self, Samples samples) except *:
        cdef Run run
        run.data.X = samples.X
        run.data.Y = samples.Y
        run.data.sample_weight = samples.sample_weight
        run.data.block_loss = <double*>cnp.PyArray_DATA(self.block_loss)
        run.data.nonzeros = <Py_ssize_t*>cnp.PyArray_DATA(self.nonzeros)
        run.data.out = NULL
        run.n_samples = samples.n_samples
        run.order = NULL
        run.shuffle = False
        run.n_steps = run.n_epochs = 0
        run.epoch_loss = run.epoch_change = 0
        run.out_of_time = False
        run.clocks = NULL
        run.rules = NULL
        run.ending = COMPLETE
        run.thread_change = <double*>cnp.PyArray_DATA(self.thread_change)
        return run

    def forward(self, theta, Samples samples, out, bint scores=False, int n_threads=1):
        """out (n_samples, n_outputs) = A of the last layer; with scores, its Z where the loss has a link."""
        cdef void* numbers = address(out, self.type_number, samples.n_samples * self.plan.n_outputs, True)
        cdef Run run = self.new_run(samples)
        run.data.out = numbers
        self.evaluate(theta, &run, SCORES if scores else OUTPUTS, n_threads)

    def cost(self, theta, Samples samples, int n_threads=1):
        """The sum over the samples of their losses."""
        cdef Run run = self.new_run(samples)
        self.evaluate(theta, &run, COST, n_threads)
        return run.epoch_loss

    cdef int evaluate(self, theta, Run* run, Goal goal, int n_threads) except -1:
        cdef void* numbers = address(theta, self.type_number, self.plan.n_params, False)
        cdef void* work = cnp.PyArray_DATA(self.work)
        cdef Team team = self.new_team(n_threads)
        cdef Plan* plan = &self.plan
        if goal == COST and run.data.Y.data == NULL:
            raise TypeError("a cost needs targets")
        with nogil:
            if self.single:
                evaluate_in_team(plan, run, goal, <const float*>numbers, <float*>work, &team, n_threads)
            else:
                evaluate_in_team(plan, run, goal, <const double*>numbers, <double*>work, &team, n_threads)
        raise_interrupted(&team)
        return 0

    def gradient(self, theta, dtheta, Samples samples, int n_threads=1):
        """dtheta = the gradient of the mean loss; returns (the sum of the losses, whether all of them were finite)."""
        cdef void* numbers = address(theta, self.type_number, self.plan.n_params, False)
        cdef void* gradients = address(dtheta, self.type_number, self.plan.n_params, True)
        cdef void* work = cnp.PyArray_DATA(self.work)
        cdef Run run = self.new_run(samples)
        cdef Team team = self.new_team(n_threads)
        cdef Plan* plan = &self.plan
        if run.data.Y.data == NULL:
            raise TypeError("a gradient needs targets")
        with nogil:
            if self.single:
                gradient_in_team(plan, &run, <const float*>numbers, <float*>gradients, <float*>work, &team, n_threads)
            else:
                gradient_in_team(plan, &run, <const double*>numbers, <double*>gradients, <double*>work, &team, n_threads)
        raise_interrupted(&team)
        return run.epoch_loss, run.ending == COMPLETE

    cdef Rules rules_of(self, given) except *:
        cdef Rules rules
        cdef Plan* plan = &self.plan
        n_blocks = len(self.layers) + int(self.layers["bias"].sum())
        rules.blocks = <const double*>address(given.blocks, cnp.NPY_DOUBLE, n_blocks * N_RULES, False)
        rules.limited = (given.blocks[:, <int>MAX_NORM] > 0).any()
        rules.clip_value, rules.clip_norm, rules.by_block = given.clip_value, given.clip_norm, given.by_block
        self.squares = np.zeros(2 * plan.n_tiles)
        rules.squares = <double*>cnp.PyArray_DATA(self.squares)
        rules.average = NULL
        if given.average is not None:
            rules.average = address(given.average, self.type_number, plan.n_params, True)
        rules.average_share = given.average_share
        return rules

    def train(
        self, theta, dtheta, state, Samples samples, Cursor cursor, *, optimizer, hyper, Py_ssize_t batch_size, order=None,
        uint64_t seed=0, rules=None, Py_ssize_t max_steps, Py_ssize_t max_epochs, double max_seconds, double threshold,
        int n_threads=1,
    ):
        """Steps from where the cursor is, which moves.

        Returns (ending, steps, losses and changes of the epochs that ended, exception of a signal or None).

        order, an array (n_samples,) of intp: its rows are shuffled for every epoch; without it they are taken as they come.
        dtheta may be None if batch_size is within the capacity, state if the optimizer has no memory. hyper: (n_hyper,), or
        (n_steps, n_hyper), a row for each step. rules: what an update does besides, a cmlp.rules.Rules or None.
        """
        cdef Plan* plan = &self.plan
        cdef Rules rules_
        cdef bint chunked = min(batch_size, samples.n_samples) > plan.capacity or (
            rules is not None and rules.clip_norm < INFINITY)
        cdef Py_ssize_t n_state = optimizers[optimizer].n_slots * plan.n_params
        cdef void* parameters = address(theta, self.type_number, plan.n_params, True)
        cdef void* gradients = address(dtheta, self.type_number, plan.n_params, True) if chunked else NULL
        cdef void* memory = address(state, self.type_number, n_state, True) if n_state else NULL
        cdef void* work = cnp.PyArray_DATA(self.work)
        cdef void* scratch
        cdef Team team = self.new_team(n_threads)
        self.prepare(n_threads)
        scratch = cnp.PyArray_DATA(self.scratch)
        if samples.Y.data == NULL or batch_size < 1 or max_epochs < 1 or n_threads < 1:
            raise TypeError("training needs targets, a batch, an epoch and a thread")
        hyper = np.array(hyper, dtype=np.float64, ndmin=2)
        n_hyper = len(optimizers[optimizer].hyper)
        if len(hyper) != 1 and len(hyper) < max_steps:
            raise TypeError("hyper-parameters for fewer steps than are to be made")
        losses_, changes = np.empty(max_epochs), np.empty(max_epochs)
        cdef Run run = self.new_run(samples)
        run.batch_size = batch_size
        run.optimizer = optimizers[optimizer].row
        run.hyper = <double*>address(hyper, cnp.NPY_DOUBLE, len(hyper) * n_hyper, False)
        run.hyper_stride = 0 if len(hyper) == 1 else n_hyper
        run.max_steps, run.max_epochs, run.max_seconds, run.threshold = max_steps, max_epochs, max_seconds, threshold
        run.t, run.epoch, run.batch = cursor.t, cursor.epoch, cursor.batch
        run.epoch_loss, run.epoch_change = cursor.epoch_loss, cursor.epoch_change
        run.losses, run.changes = <double*>cnp.PyArray_DATA(losses_), <double*>cnp.PyArray_DATA(changes)
        if order is not None:
            run.order = <Py_ssize_t*>address(order, cnp.NPY_INTP, samples.n_samples, True)
            run.shuffle = True
            run.seed = seed
        if rules is not None:
            rules_ = self.rules_of(rules)
            run.rules = &rules_
        if self.clocks is not None:
            run.clocks = <Clock*>address(self.clocks, cnp.NPY_UINT64, n_threads * CLOCK_LENGTH, True)
        with nogil:
            if run.shuffle:
                permutation(run.order, run.n_samples, seed, run.epoch)
            if self.single:
                train_in_team(plan, &run, <float*>parameters, <float*>gradients, <float*>memory, <float*>work,
                              <float*>scratch, &team, n_threads)
            else:
                train_in_team(plan, &run, <double*>parameters, <double*>gradients, <double*>memory, <double*>work,
                              <double*>scratch, &team, n_threads)
        cursor.t, cursor.epoch, cursor.batch = run.t, run.epoch, run.batch
        cursor.epoch_loss, cursor.epoch_change = run.epoch_loss, run.epoch_change
        n_epochs = run.n_epochs
        return ENDINGS[run.ending], run.n_steps, losses_[:n_epochs], changes[:n_epochs], take_exception(&team)


CLOCK_LENGTH = sizeof(Clock) // sizeof(uint64_t)
PARTS = ("gather", "products", "elementwise", "loss", "update", "waiting", "rest")         # clock[1], clock[2], ...

ENDINGS = {
    COMPLETE: "complete",
    INTERRUPTED: "interrupted",
    LOSS_NOT_FINITE: "loss not finite",
    CHANGE_NOT_FINITE: "change not finite",
}


cdef object take_exception(Team* team):
    if team.interrupted == NULL:
        return None
    exception = <object>team.interrupted
    Py_DECREF(exception)
    return exception


cdef int raise_interrupted(Team* team) except -1:
    exception = take_exception(team)
    if exception is not None:
        raise exception
    return 0


# One thread does without a region: it costs half a microsecond, and a forked child must not enter one.
cdef inline void evaluate_in_team(
    const Plan* plan, Run* run, Goal goal, const floating* theta, floating* work, Team* team, int n_threads,
) noexcept nogil:
    if n_threads == 1:
        evaluate_samples(plan, run, goal, theta, work, team, 0, 1)
    else:
        with parallel(num_threads=n_threads):
            evaluate_samples(plan, run, goal, theta, work, team, threadid(), team_size())


cdef inline void gradient_in_team(
    const Plan* plan, Run* run, const floating* theta, floating* dtheta, floating* work, Team* team, int n_threads,
) noexcept nogil:
    if n_threads == 1:
        gradient(plan, run, theta, dtheta, work, team, 0, 1)
    else:
        with parallel(num_threads=n_threads):
            gradient(plan, run, theta, dtheta, work, team, threadid(), team_size())


cdef inline void train_in_team(
    const Plan* plan, Run* run, floating* theta, floating* dtheta, floating* state, floating* work, floating* scratch,
    Team* team, int n_threads,
) noexcept nogil:
    if n_threads == 1:
        train(plan, run, theta, dtheta, state, work, scratch, team, 0, 1)
    else:
        with parallel(num_threads=n_threads):
            train(plan, run, theta, dtheta, state, work, scratch + threadid() * plan.n_scratch, team, threadid(), team_size())
