"""The door: every compiled function that Python can call. Shapes and types are compared here, pointers taken, the GIL let go.

An `Engine` holds ready what a network of one shape needs for a number of rows: the plan and the work space. `Samples` are
the caller's arrays as they are. User errors are told in cmlp/validation.py, before anything comes here; a mismatch found
here is a fault of the library, and says so in fewer words.
"""

import numpy as np

from cpython.ref cimport Py_DECREF
from libc.math cimport INFINITY
from libc.stdint cimport uint64_t
from libc.string cimport memset
cimport numpy as cnp

from cmlp._clock cimport Clock, ticks as read_ticks
from cmlp._layout cimport lay_out, list_tiles
from cmlp._loss_table cimport LOSS
from cmlp._parameters cimport MAX_NORM, N_RULES, Rules
from cmlp._plan cimport INPUT, MOST_VECTORS, NONE, Block, Layer, Plan, Stages, Tile, n_tiles
from cmlp._propagation cimport COST, LOGITS, OUTPUTS, Goal
from cmlp._random cimport DROPOUT, SAMPLING, permutation
from cmlp._region cimport evaluate_in_team, gradient_in_team, train_in_team
from cmlp._samples cimport Samples, address
from cmlp._step cimport CHANGE_NOT_FINITE, COMPLETE, INTERRUPTED, LOSS_NOT_FINITE, Run
from cmlp._team cimport Claims, Team, max_threads as openmp_max_threads, seconds

from cmlp import _instructions, _registry
from cmlp._own_loss import OwnLoss
from cmlp._samples import aligned_empty

cnp.import_array()

activations, norms = _registry.activations, _registry.norms
losses, optimizers = _registry.losses, _registry.optimizers
outputs_per_target = _registry.outputs_per_target
compiler, openmp, own_products = _instructions.compiler, _instructions.openmp, _instructions.own_products
instruction_sets, instruction_set = _instructions.instruction_sets, _instructions.instruction_set
load_kernels = _instructions.load_kernels


def ticks():
    """The counter that the clocks of a profile read (_clock.pxd)."""
    return read_ticks()


def max_threads():
    """omp_get_max_threads(): OMP_NUM_THREADS, threadpoolctl and the affinity mask are in it. 1 without OpenMP."""
    return openmp_max_threads()


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
    cdef readonly object dtype, layers, params, work, tiles
    cdef int type_number
    cdef object stages, block_loss, scratch, thread_change, claims, squares, nonzeros, own_loss
    cdef public object clocks                    # (n_threads, CLOCK_LENGTH) of uint64 or None: see _clock.pxd

    def __init__(
        self, cnp.ndarray layers, cnp.ndarray params, objective, Py_ssize_t capacity, dtype, bint keep_Z=False,
        double input_noise=0, double input_dropout=0, bint sparse=False,
    ):
        """objective: a cmlp.losses.Loss, whose name is registered or which has a method `evaluate`."""
        cdef Plan* plan = &self.plan
        self.dtype = np.dtype(dtype)
        self.type_number = self.dtype.num
        self.single = self.dtype == np.float32
        if layers.dtype.itemsize != sizeof(Layer) or params.dtype.itemsize != sizeof(Block):
            raise TypeError("the tables are not those that the core was built for")
        self.layers, self.params = layers.copy(), params.copy()
        plan.layers = <Layer*>cnp.PyArray_DATA(self.layers)
        plan.blocks = <Block*>cnp.PyArray_DATA(self.params)
        plan.n_layers, plan.n_blocks = len(layers), len(params)
        plan.n_inputs = plan.layers[0].fan_in
        plan.n_outputs = plan.layers[plan.n_layers - 1].fan_out
        plan.n_params = int((params["rows"] * params["cols"]).sum())
        plan.n_variables = plan.n_params + 2 * int(layers["fan_out"][layers["running"] != <int>NONE].sum())
        plan.input_noise, plan.input_dropout = input_noise, input_dropout
        plan.capacity = capacity
        plan.keep_Z = keep_Z
        plan.sparse = sparse
        self.choose_loss(objective)
        plan.itemsize = self.dtype.itemsize
        self.stages = np.zeros(plan.n_layers * sizeof(Stages), np.uint8)
        plan.stages = <Stages*>cnp.PyArray_DATA(self.stages)
        lay_out(plan)
        self.tiles = np.array(list_tiles(plan), dtype=np.intp)
        plan.tiles = <Tile*>cnp.PyArray_DATA(self.tiles)
        plan.n_tiles = len(self.tiles)
        self.work = aligned_empty(plan.n_work, self.dtype)
        self.block_loss = np.empty(n_tiles(capacity, plan.block_rows))
        self.nonzeros = np.empty(n_tiles(capacity, plan.block_rows), dtype=np.intp)
        self.claims = aligned_empty(0, np.uint8)
        if plan.own_loss:
            last = plan.n_layers - 1
            Y = self.rows_at(plan.Y, plan.n_targets, capacity)
            weight = self.rows_at(plan.sample_weight, 1, capacity)[:, 0]
            self.own_loss = OwnLoss(objective, self.block("Z", last, capacity), Y, weight, self.block("dZ", last, capacity))
        self.prepare(1)

    cdef int choose_loss(self, objective) except -1:
        cdef Plan* plan = &self.plan
        values = objective.values
        plan.n_targets = plan.n_outputs // int(objective.outputs_per_target)
        plan.own_loss = objective.name not in losses
        plan.loss = 0 if plan.own_loss else losses[objective.name].row
        plan.link = plan.own_loss or LOSS[plan.loss].link >= 0
        if len(values) > len(plan.loss_values):
            raise TypeError(f"a loss takes {len(plan.loss_values)} numbers, got {len(values)}")
        for i, value in enumerate(values):
            plan.loss_values[<Py_ssize_t>i] = value
        if plan.link and not plan.own_loss and LOSS[plan.loss].link != plan.layers[plan.n_layers - 1].activation:
            raise TypeError("the output function is not the link of the loss")
        return 0

    @property
    def capacity(self):
        return self.plan.capacity

    @property
    def by_layer(self):
        return bool(self.plan.by_layer)

    @property
    def block_rows(self):
        return self.plan.block_rows

    def load(self, Samples samples, Py_ssize_t n_rows):
        """What threads are woken for, with n_rows of these samples: (multiplications of a forward pass, those between two
        barriers of a step, tiles that can be worked on at once).

        A unit's function, bias and loss count as twenty multiplications. A step goes through all parameters, a forward pass
        through those that the numbers stored in a sparse X meet.
        """
        cdef Plan* plan = &self.plan
        cdef Py_ssize_t rows = min(n_rows, plan.capacity), tiles = n_tiles(rows, plan.block_rows), of_row = plan.n_params
        cdef Py_ssize_t widest = 1, unmet = 0, l, block
        for l in range(plan.n_layers):
            of_row += 20 * plan.layers[l].fan_out
            widest = max(widest, n_tiles(rows, plan.layers[l].forward_rows)
                         * n_tiles(plan.layers[l].fan_out, plan.layers[l].forward_columns))
        if samples.sparse and samples.n_samples:
            for block in range(plan.n_blocks):
                if plan.blocks[block].matrix and plan.blocks[block].source == INPUT:
                    unmet += plan.blocks[block].cols * (
                        plan.n_inputs - samples.X.indptr[samples.n_samples] // samples.n_samples)
        if plan.by_layer:
            return n_rows * (of_row - unmet), rows * of_row // (2 * plan.n_layers), max(tiles, widest)
        return n_rows * (of_row - unmet), rows * of_row, tiles

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

    cdef object rows_at(self, Py_ssize_t start, Py_ssize_t width, Py_ssize_t n_rows):
        return self.work[start : start + n_rows * width].reshape(n_rows, width)

    def block(self, str name, Py_ssize_t l, Py_ssize_t n_rows):
        """Z, A, dZ or another place of layer l as the last call left it: a view (n_rows, fan_out) of the work space.

        None where the layer has no such place.
        """
        start = int(self.layers[name][l])
        if n_rows > self.plan.capacity:
            raise TypeError(f"the work space holds {self.plan.capacity} rows, not {n_rows}")
        return None if start == NONE else self.rows_at(start, int(self.layers["fan_out"][l]), n_rows)

    def inputs(self, Py_ssize_t n_rows, bint mask=False):
        """X of the last call, where it was copied, or the mask of its dropout."""
        return self.rows_at(self.plan.X_mask if mask else self.plan.X, self.plan.n_inputs, n_rows)

    cdef Run new_run(self, Samples samples, uint64_t seed, Py_ssize_t t, bint training, bint dropping) except *:
        """t: the update that the random numbers are drawn for, or the pass of a prediction with dropout."""
        cdef Run run
        if samples.sparse != self.plan.sparse or (samples.sparse and samples.X.type_number != self.type_number):
            raise TypeError("X is not of the kind that the engine was made for")
        run.data.training, run.data.dropping = training, dropping
        run.data.draw.seed, run.data.draw.t = seed, t
        run.data.draw.purpose = DROPOUT if training else SAMPLING
        run.data.dropout = -1
        run.data.own_loss = NULL
        if self.plan.own_loss:
            self.own_loss.weighted = samples.sample_weight != NULL
            run.data.own_loss = <void*>self.own_loss
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

    cdef Run new_pass(self, Samples samples, draw, bint training) except *:
        """draw: (seed, t), for dropout, and in training for noise; None: neither."""
        if draw is None:
            return self.new_run(samples, 0, 0, training, False)
        seed, t = draw
        return self.new_run(samples, seed, t, training, True)

    def forward(
        self, variables, Samples samples, out, bint logits=False, int n_threads=1, draw=None, bint training=False,
    ):
        """out (n_samples, n_outputs) = A of the last layer; with logits, its Z where the loss has a link."""
        cdef void* numbers = address(out, self.type_number, samples.n_samples * self.plan.n_outputs, True)
        cdef Run run = self.new_pass(samples, draw, training)
        run.data.out = numbers
        self.evaluate(variables, &run, LOGITS if logits else OUTPUTS, n_threads)

    def cost(self, variables, Samples samples, int n_threads=1, draw=None, bint training=False):
        """The sum over the samples of their losses."""
        cdef Run run = self.new_pass(samples, draw, training)
        self.evaluate(variables, &run, COST, n_threads)
        return run.epoch_loss

    cdef int evaluate(self, variables, Run* run, Goal goal, int n_threads) except -1:
        cdef void* numbers = address(variables, self.type_number, self.plan.n_variables, False)
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

    def gradient(self, variables, dtheta, Samples samples, int n_threads=1, draw=None, bint training=False):
        """dtheta = the gradient of the mean loss; returns (the sum of the losses, whether all of them were finite)."""
        cdef void* numbers = address(variables, self.type_number, self.plan.n_variables, False)
        cdef void* gradients = address(dtheta, self.type_number, self.plan.n_params, True)
        cdef void* work = cnp.PyArray_DATA(self.work)
        cdef Run run = self.new_pass(samples, draw, training)
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
        rules.blocks = <const double*>address(given.blocks, cnp.NPY_DOUBLE, plan.n_blocks * N_RULES, False)
        rules.limited = (given.blocks[:, <int>MAX_NORM] > 0).any()
        rules.clip_value, rules.clip_norm, rules.by_block = given.clip_value, given.clip_norm, given.by_block
        self.squares = np.zeros((1 + MOST_VECTORS) * plan.n_tiles)
        rules.squares = <double*>cnp.PyArray_DATA(self.squares)
        rules.ema = NULL
        if given.ema is not None:
            rules.ema = address(given.ema, self.type_number, plan.n_variables, True)
        rules.ema_share = given.ema_share
        return rules

    def train(
        self, variables, dtheta, state, Samples samples, Cursor cursor, *, optimizer, hyper, Py_ssize_t batch_size, order=None,
        uint64_t seed=0, rules=None, Py_ssize_t max_steps, Py_ssize_t max_epochs, double max_seconds, double threshold,
        int n_threads=1,
    ):
        """Steps from where the cursor is, which moves.

        Returns (ending, steps, losses and changes of the epochs that ended, exception of a signal or None).

        order, an array (n_samples,) of intp: its rows are shuffled for every epoch; without it they are taken as they come.
        dtheta may be None if batch_size is within the capacity, state if the optimizer has none. hyper: (n_hyper + 2,),
        or (n_steps, n_hyper + 2), a row for each step: the optimizer's, the rate of dropout or -1 for the layers' own, and the
        decay that follows a schedule. seed: of the shuffles, dropout and noise. rules: what an update does besides, a
        cmlp.rules.Rules or None.
        """
        cdef Plan* plan = &self.plan
        cdef Rules rules_
        cdef bint chunked = min(batch_size, samples.n_samples) > plan.capacity or (
            rules is not None and rules.clip_norm < INFINITY)
        cdef Py_ssize_t n_state = optimizers[optimizer].n_slots * plan.n_params
        cdef void* parameters = address(variables, self.type_number, plan.n_variables, True)
        cdef void* gradients = address(dtheta, self.type_number, plan.n_params, True) if chunked else NULL
        cdef void* slots = address(state, self.type_number, n_state, True) if n_state else NULL
        cdef void* work = cnp.PyArray_DATA(self.work)
        cdef void* scratch
        cdef Team team = self.new_team(n_threads)
        self.prepare(n_threads)
        scratch = cnp.PyArray_DATA(self.scratch)
        if samples.Y.data == NULL or batch_size < 1 or max_epochs < 1 or n_threads < 1:
            raise TypeError("training needs targets, a batch, an epoch and a thread")
        hyper = np.array(hyper, dtype=np.float64, ndmin=2)
        n_hyper = len(optimizers[optimizer].hyper) + 2
        if len(hyper) != 1 and len(hyper) < max_steps:
            raise TypeError("hyperparameters for fewer steps than are to be made")
        losses_, changes = np.empty(max_epochs), np.empty(max_epochs)
        cdef Run run = self.new_run(samples, seed, 0, True, True)
        run.batch_size = batch_size
        run.optimizer = optimizers[optimizer].row
        run.hyper = <double*>address(hyper, cnp.NPY_DOUBLE, len(hyper) * n_hyper, False)
        run.n_hyper = n_hyper - 2
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
                train_in_team(plan, &run, <float*>parameters, <float*>gradients, <float*>slots, <float*>work,
                              <float*>scratch, &team, n_threads)
            else:
                train_in_team(plan, &run, <double*>parameters, <double*>gradients, <double*>slots, <double*>work,
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
