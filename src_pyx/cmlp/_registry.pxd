"""The tables of kernels: what each family looks like, and the rows that the kernel modules fill in.

Kernels work on rows, never on one number, so that a call through a pointer costs nothing. Outputs follow inputs, then
sizes, then scalars; const marks what is only read. Rows lie one after the other (stride = width).
"""

from cython cimport floating

from cmlp._source cimport Source

# A = f(Z). Z and A may be the same memory.
ctypedef void (*forward_f32)(const float* Z, float* A, Py_ssize_t n_rows, Py_ssize_t width, double parameter) noexcept nogil
ctypedef void (*forward_f64)(const double* Z, double* A, Py_ssize_t n_rows, Py_ssize_t width, double parameter) noexcept nogil

# dZ = dA * f'(Z); dZ holds dA on entry. Z is A where the activation does not need Z.
ctypedef void (*backward_f32)(
    const float* Z, const float* A, float* dZ, Py_ssize_t n_rows, Py_ssize_t width, double parameter) noexcept nogil
ctypedef void (*backward_f64)(
    const double* Z, const double* A, double* dZ, Py_ssize_t n_rows, Py_ssize_t width, double parameter) noexcept nogil

# Returns the sum of the losses of rows of equal weight; dP = d(that sum) / dP * scale. P is the score Z where the loss has a
# link, else the output A; `width` is that of P; `values` are the loss's hyper-parameters, at most MOST_VALUES numbers.
ctypedef double (*loss_f32)(
    const float* P, const float* Y, float* dP, Py_ssize_t n_rows, Py_ssize_t width, double scale,
    const double* values) noexcept nogil
ctypedef double (*loss_f64)(
    const double* P, const double* Y, double* dP, Py_ssize_t n_rows, Py_ssize_t width, double scale,
    const double* values) noexcept nogil

# Turns a piece of the gradient into the change of the parameters, in place. Slot s of the optimizer's memory for this
# piece starts at state + s * slot_stride. values: see prepare_values.
ctypedef void (*optimizer_f32)(
    float* change, float* state, Py_ssize_t slot_stride, Py_ssize_t n, const double* values) noexcept nogil
ctypedef void (*optimizer_f64)(
    double* change, double* state, Py_ssize_t slot_stride, Py_ssize_t n, const double* values) noexcept nogil

# On entry `values` holds the hyper-parameters in the order of their names, on return what the pieces of update t = 1, 2, ...
# need; at most MOST_VALUES.
ctypedef void (*prepare_values)(double* values, Py_ssize_t t) noexcept nogil

cdef enum:
    MOST_VALUES = 16

cdef struct Activation:
    forward_f32 forward32
    forward_f64 forward64
    backward_f32 backward32
    backward_f64 backward64
    bint elementwise                 # A_ij depends on Z_ij alone: a tile may hold part of a row
    bint needs_Z                     # for its derivative: Z is kept beside A

cdef struct Loss:
    loss_f32 loss32
    loss_f64 loss64
    int link                         # the row in ACTIVATION of the output function that the loss sets itself; -1: none
    double off                       # what Y holds for the classes that a sample is not in; 1 for the one it is in

cdef struct Optimizer:
    optimizer_f32 change32
    optimizer_f64 change64
    prepare_values prepare           # NULL: the hyper-parameters as they are
    int n_hyper

# Loops of the core itself that each instruction set compiles (_gather.pyx, _linear.pyx, _regular.pyx, _tiles.pyx).
cdef enum:
    NARROW = 4                       # columns that a row of a small product may have
    SHALLOW = 16                     # and terms in each of its sums

# max |values|, nan if one is
ctypedef double (*largest_f32)(const float* values, Py_ssize_t n) noexcept nogil
ctypedef double (*largest_f64)(const double* values, Py_ssize_t n) noexcept nogil

# theta += change; returns max |change|
ctypedef double (*add_change_f32)(
    float* theta, const float* change, Py_ssize_t n) noexcept nogil
ctypedef double (*add_change_f64)(
    double* theta, const double* change, Py_ssize_t n) noexcept nogil

# change += l2 theta + l1 sign(theta): the gradient of l1 |theta| + l2 theta^2 / 2
ctypedef void (*penalise_f32)(float* change, const float* theta, Py_ssize_t n, double l1, double l2) noexcept nogil
ctypedef void (*penalise_f64)(double* change, const double* theta, Py_ssize_t n, double l1, double l2) noexcept nogil

# change = factor change - decay theta
ctypedef void (*decay_f32)(float* change, const float* theta, Py_ssize_t n, double factor, double decay) noexcept nogil
ctypedef void (*decay_f64)(double* change, const double* theta, Py_ssize_t n, double factor, double decay) noexcept nogil

# change = factor change, then cut off at -most and most
ctypedef void (*clip_f32)(float* change, Py_ssize_t n, double factor, double most) noexcept nogil
ctypedef void (*clip_f64)(double* change, Py_ssize_t n, double factor, double most) noexcept nogil

# average += share (theta - average)
ctypedef void (*average_f32)(float* average, const float* theta, Py_ssize_t n, double share) noexcept nogil
ctypedef void (*average_f64)(double* average, const double* theta, Py_ssize_t n, double share) noexcept nogil

# the sum of squares, in the order of the lanes and then of the numbers
ctypedef double (*squares_f32)(const float* values, Py_ssize_t n) noexcept nogil
ctypedef double (*squares_f64)(const double* values, Py_ssize_t n) noexcept nogil

# db = (add ? db : 0) + the sums of the columns of dZ, whose rows are `stride` apart
ctypedef void (*sum_rows_f32)(
    const float* dZ, Py_ssize_t stride, Py_ssize_t n_rows, Py_ssize_t width, bint add,
    float* db) noexcept nogil
ctypedef void (*sum_rows_f64)(
    const double* dZ, Py_ssize_t stride, Py_ssize_t n_rows, Py_ssize_t width, bint add,
    double* db) noexcept nogil

# C (m, n) = S + A . B. A_ip lies at A + i a_row + p a_depth, B_pj at B + p b_depth + j b_column. S is NULL for zeros, or where
# each row starts from: C itself, or one row for all (s_row = 0).
ctypedef void (*product_f32)(
    Py_ssize_t m, Py_ssize_t n, Py_ssize_t k, const float* A, Py_ssize_t a_row, Py_ssize_t a_depth, const float* B,
    Py_ssize_t b_depth, Py_ssize_t b_column, const float* S, Py_ssize_t s_row, float* C, Py_ssize_t c_row) noexcept nogil
ctypedef void (*product_f64)(
    Py_ssize_t m, Py_ssize_t n, Py_ssize_t k, const double* A, Py_ssize_t a_row, Py_ssize_t a_depth, const double* B,
    Py_ssize_t b_depth, Py_ssize_t b_column, const double* S, Py_ssize_t s_row, double* C, Py_ssize_t c_row) noexcept nogil

# The same C = S + A . B, or A^T . B if transposed (A lies as (k, m)); zeros of A are skipped.
ctypedef void (*sparse_f32)(
    bint transposed, Py_ssize_t m, Py_ssize_t n, Py_ssize_t k, const float* A, Py_ssize_t lda, const float* B, Py_ssize_t ldb,
    const float* S, Py_ssize_t lds, float* C, Py_ssize_t ldc) noexcept nogil
ctypedef void (*sparse_f64)(
    bint transposed, Py_ssize_t m, Py_ssize_t n, Py_ssize_t k, const double* A, Py_ssize_t lda, const double* B,
    Py_ssize_t ldb, const double* S, Py_ssize_t lds, double* C, Py_ssize_t ldc) noexcept nogil

# how many of the values are not 0
ctypedef Py_ssize_t (*nonzeros_f32)(const float* values, Py_ssize_t n) noexcept nogil
ctypedef Py_ssize_t (*nonzeros_f64)(const double* values, Py_ssize_t n) noexcept nogil

# out (n_rows, width) = rows of the source: order[start], order[start + 1], ..., or start, start + 1, ... if order is NULL
ctypedef void (*gather_f32)(
    const Source* source, const Py_ssize_t* order, Py_ssize_t start, Py_ssize_t n_rows, Py_ssize_t width,
    float* out) noexcept nogil
ctypedef void (*gather_f64)(
    const Source* source, const Py_ssize_t* order, Py_ssize_t start, Py_ssize_t n_rows, Py_ssize_t width,
    double* out) noexcept nogil

cdef struct Linear:
    gather_f32 gather32
    gather_f64 gather64
    largest_f32 largest32
    largest_f64 largest64
    add_change_f32 add_change32
    add_change_f64 add_change64
    sum_rows_f32 sum_rows32
    sum_rows_f64 sum_rows64
    penalise_f32 penalise32
    penalise_f64 penalise64
    decay_f32 decay32
    decay_f64 decay64
    clip_f32 clip32
    clip_f64 clip64
    average_f32 average32
    average_f64 average64
    squares_f32 squares32
    squares_f64 squares64
    product_f32 narrow_rows32        # n <= NARROW, k <= SHALLOW, a_depth = 1
    product_f64 narrow_rows64
    product_f32 narrow_columns32     # m and n <= NARROW, a_row = b_column = 1
    product_f64 narrow_columns64
    product_f32 product32            # any shape; NULL where BLAS is used (_products.pyx)
    product_f64 product64
    sparse_f32 sparse32              # NULL where there are no register tiles
    sparse_f64 sparse64
    nonzeros_f32 nonzeros32
    nonzeros_f64 nonzeros64

cdef Linear LINEAR

# The index of a name in `activations`, `losses`, `optimizers` is its row here.
cdef Activation[64] ACTIVATION
cdef Loss[64] LOSS
cdef Optimizer[64] OPTIMIZER

cdef int register_activation(
    str name, forward_f32 forward32, forward_f64 forward64, backward_f32 backward32, backward_f64 backward64,
    dict traits=*) except -1
cdef int register_loss(str name, loss_f32 loss32, loss_f64 loss64, dict traits=*) except -1
cdef int register_optimizer(
    str name, optimizer_f32 change32, optimizer_f64 change64, tuple hyper, int n_slots, prepare_values prepare=*) except -1


cdef inline void gather(
    const Source* source, const Py_ssize_t* order, Py_ssize_t start, Py_ssize_t n_rows, Py_ssize_t width, floating* out,
) noexcept nogil:
    if floating is float:
        LINEAR.gather32(source, order, start, n_rows, width, out)
    else:
        LINEAR.gather64(source, order, start, n_rows, width, out)


cdef inline Py_ssize_t count_nonzeros(const floating* values, Py_ssize_t n) noexcept nogil:
    if floating is float:
        return LINEAR.nonzeros32(values, n)
    else:
        return LINEAR.nonzeros64(values, n)


cdef inline double add_change(floating* theta, const floating* change, Py_ssize_t n) noexcept nogil:
    if floating is float:
        return LINEAR.add_change32(theta, change, n)
    else:
        return LINEAR.add_change64(theta, change, n)


cdef inline void sum_rows(
    const floating* dZ, Py_ssize_t stride, Py_ssize_t n_rows, Py_ssize_t width, bint add, floating* db,
) noexcept nogil:
    if floating is float:
        LINEAR.sum_rows32(dZ, stride, n_rows, width, add, db)
    else:
        LINEAR.sum_rows64(dZ, stride, n_rows, width, add, db)


cdef inline void penalise(floating* change, const floating* theta, Py_ssize_t n, double l1, double l2) noexcept nogil:
    if floating is float:
        LINEAR.penalise32(change, theta, n, l1, l2)
    else:
        LINEAR.penalise64(change, theta, n, l1, l2)


cdef inline void decay(floating* change, const floating* theta, Py_ssize_t n, double factor, double share) noexcept nogil:
    if floating is float:
        LINEAR.decay32(change, theta, n, factor, share)
    else:
        LINEAR.decay64(change, theta, n, factor, share)


cdef inline void clip(floating* change, Py_ssize_t n, double factor, double most) noexcept nogil:
    if floating is float:
        LINEAR.clip32(change, n, factor, most)
    else:
        LINEAR.clip64(change, n, factor, most)


cdef inline void average(floating* mean, const floating* theta, Py_ssize_t n, double share) noexcept nogil:
    if floating is float:
        LINEAR.average32(mean, theta, n, share)
    else:
        LINEAR.average64(mean, theta, n, share)


cdef inline double sum_squares(const floating* values, Py_ssize_t n) noexcept nogil:
    if floating is float:
        return LINEAR.squares32(values, n)
    else:
        return LINEAR.squares64(values, n)


cdef inline void activation_forward(
    Py_ssize_t activation, const floating* Z, floating* A, Py_ssize_t n_rows, Py_ssize_t width, double parameter,
) noexcept nogil:
    if floating is float:
        ACTIVATION[activation].forward32(Z, A, n_rows, width, parameter)
    else:
        ACTIVATION[activation].forward64(Z, A, n_rows, width, parameter)


cdef inline void activation_backward(
    Py_ssize_t activation, const floating* Z, const floating* A, floating* dZ, Py_ssize_t n_rows, Py_ssize_t width,
    double parameter,
) noexcept nogil:
    if floating is float:
        ACTIVATION[activation].backward32(Z, A, dZ, n_rows, width, parameter)
    else:
        ACTIVATION[activation].backward64(Z, A, dZ, n_rows, width, parameter)


cdef inline double loss_of_rows(
    int loss, const floating* P, const floating* Y, floating* dP, Py_ssize_t n_rows, Py_ssize_t width, double scale,
    const double* values,
) noexcept nogil:
    if floating is float:
        return LOSS[loss].loss32(P, Y, dP, n_rows, width, scale, values)
    else:
        return LOSS[loss].loss64(P, Y, dP, n_rows, width, scale, values)


cdef inline double loss_gradient(
    int loss, const floating* P, const floating* Y, const floating* sample_weight, floating* dP, Py_ssize_t n_rows,
    Py_ssize_t width, Py_ssize_t n_targets, double scale, const double* values,
) noexcept nogil:
    """The sum over rows of sample_weight * loss, and its gradient times scale. sample_weight may be NULL: all ones."""
    cdef Py_ssize_t i
    cdef double total = 0, weight
    if sample_weight == NULL:
        return loss_of_rows(loss, P, Y, dP, n_rows, width, scale, values)
    for i in range(n_rows):
        weight = sample_weight[i]
        total += weight * loss_of_rows(
            loss, P + i * width, Y + i * n_targets, dP + i * width, 1, width, scale * weight, values)
    return total


cdef inline void optimizer_values(int optimizer, const double* hyper, Py_ssize_t t, double* values) noexcept nogil:
    cdef int i
    for i in range(OPTIMIZER[optimizer].n_hyper):
        values[i] = hyper[i]
    if OPTIMIZER[optimizer].prepare != NULL:
        OPTIMIZER[optimizer].prepare(values, t)


cdef inline void optimizer_change(
    int optimizer, floating* change, floating* state, Py_ssize_t slot_stride, Py_ssize_t n, const double* values,
) noexcept nogil:
    if floating is float:
        OPTIMIZER[optimizer].change32(change, state, slot_stride, n, values)
    else:
        OPTIMIZER[optimizer].change64(change, state, slot_stride, n, values)
