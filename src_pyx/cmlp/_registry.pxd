"""The tables of kernels: what each family looks like, and the rows that the kernel modules fill in.

Kernels work on rows, never on one number, so that a call through a pointer costs nothing. Outputs follow inputs, then
sizes, then scalars; const marks what is only read. Rows lie one after the other (stride = width).
"""

from cython cimport floating

from libc.stdint cimport uint64_t

from cmlp._source cimport Source

# A = f(Z). Z and A may be the same memory.
ctypedef void (*forward_f32)(const float* Z, float* A, Py_ssize_t n_rows, Py_ssize_t width, double parameter) noexcept nogil
ctypedef void (*forward_f64)(const double* Z, double* A, Py_ssize_t n_rows, Py_ssize_t width, double parameter) noexcept nogil

# dZ = dA * f'(Z); dZ holds dA on entry. Z is A where the activation does not need Z.
ctypedef void (*backward_f32)(
    const float* Z, const float* A, float* dZ, Py_ssize_t n_rows, Py_ssize_t width, double parameter) noexcept nogil
ctypedef void (*backward_f64)(
    const double* Z, const double* A, double* dZ, Py_ssize_t n_rows, Py_ssize_t width, double parameter) noexcept nogil

# The same with a learned slope for each unit (width,); backward also writes what the gradient of the slope sums up.
ctypedef void (*learned_forward_f32)(
    const float* Z, const float* slope, float* A, Py_ssize_t n_rows, Py_ssize_t width) noexcept nogil
ctypedef void (*learned_forward_f64)(
    const double* Z, const double* slope, double* A, Py_ssize_t n_rows, Py_ssize_t width) noexcept nogil
ctypedef void (*learned_backward_f32)(
    const float* Z, const float* slope, float* dZ, float* dslope, Py_ssize_t n_rows, Py_ssize_t width) noexcept nogil
ctypedef void (*learned_backward_f64)(
    const double* Z, const double* slope, double* dZ, double* dslope, Py_ssize_t n_rows, Py_ssize_t width) noexcept nogil

# hat = (Z - mean) / sqrt(variance + eps), N = scale hat + shift, for rows `stride` apart. Mean and variance of each column, or
# of each row, are found first, unless given. Z and hat may be the same memory.
ctypedef void (*norm_forward_f32)(
    const float* Z, Py_ssize_t stride, Py_ssize_t n_rows, Py_ssize_t n_columns, const float* scale, const float* shift,
    double eps, bint given, float* mean, float* variance, float* hat, float* N) noexcept nogil
ctypedef void (*norm_forward_f64)(
    const double* Z, Py_ssize_t stride, Py_ssize_t n_rows, Py_ssize_t n_columns, const double* scale, const double* shift,
    double eps, bint given, double* mean, double* variance, double* hat, double* N) noexcept nogil

# dZ from dN, and dscale = dN hat, whose columns add up to the gradient of the scale. given: mean and variance are constants.
ctypedef void (*norm_backward_f32)(
    const float* dN, const float* hat, Py_ssize_t stride, Py_ssize_t n_rows, Py_ssize_t n_columns, const float* scale,
    double eps, bint given, const float* variance, float* dscale, float* dZ) noexcept nogil
ctypedef void (*norm_backward_f64)(
    const double* dN, const double* hat, Py_ssize_t stride, Py_ssize_t n_rows, Py_ssize_t n_columns, const double* scale,
    double eps, bint given, const double* variance, double* dscale, double* dZ) noexcept nogil

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
    bint learned                     # it has a slope for each unit, and the kernels below instead of those above
    learned_forward_f32 learned_forward32
    learned_forward_f64 learned_forward64
    learned_backward_f32 learned_backward32
    learned_backward_f64 learned_backward64

cdef struct Norm:
    norm_forward_f32 forward32
    norm_forward_f64 forward64
    norm_backward_f32 backward32
    norm_backward_f64 backward64
    bint by_columns                  # a mean for each unit, over all rows of the batch; else one for each row, over all units

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

# Loops of the core itself that each instruction set compiles (_csr, _gather, _linear, _noise, _regular, _tiles).
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

# out = mask A, and C += B, for rows `stride` apart
ctypedef void (*multiply_f32)(
    const float* mask, const float* A, Py_ssize_t stride, Py_ssize_t n_rows, Py_ssize_t n_columns, float* out) noexcept nogil
ctypedef void (*multiply_f64)(
    const double* mask, const double* A, Py_ssize_t stride, Py_ssize_t n_rows, Py_ssize_t n_columns, double* out) noexcept nogil
ctypedef void (*add_f32)(
    const float* B, Py_ssize_t stride, Py_ssize_t n_rows, Py_ssize_t n_columns, float* C) noexcept nogil
ctypedef void (*add_f64)(
    const double* B, Py_ssize_t stride, Py_ssize_t n_rows, Py_ssize_t n_columns, double* C) noexcept nogil

# Z (n_rows, n_columns) = S + X . W for rows of a compressed X; S is NULL for zeros, Z itself, or one row for all (lds = 0)
ctypedef void (*csr_product_f32)(
    const Source* X, const Py_ssize_t* order, Py_ssize_t start, Py_ssize_t n_rows, const float* W, Py_ssize_t ldw,
    Py_ssize_t n_columns, const float* S, Py_ssize_t lds, float* Z, Py_ssize_t ldz) noexcept nogil
ctypedef void (*csr_product_f64)(
    const Source* X, const Py_ssize_t* order, Py_ssize_t start, Py_ssize_t n_rows, const double* W, Py_ssize_t ldw,
    Py_ssize_t n_columns, const double* S, Py_ssize_t lds, double* Z, Py_ssize_t ldz) noexcept nogil

# dW = (add ? dW : 0) + the rows from `first` on of X^T . dZ
ctypedef void (*csr_gradient_f32)(
    const Source* X, const Py_ssize_t* order, Py_ssize_t start, Py_ssize_t n_rows, Py_ssize_t first, Py_ssize_t n_first,
    const float* dZ, Py_ssize_t ldz, Py_ssize_t n_columns, bint add, float* dW, Py_ssize_t ldw) noexcept nogil
ctypedef void (*csr_gradient_f64)(
    const Source* X, const Py_ssize_t* order, Py_ssize_t start, Py_ssize_t n_rows, Py_ssize_t first, Py_ssize_t n_first,
    const double* dZ, Py_ssize_t ldz, Py_ssize_t n_columns, bint add, double* dW, Py_ssize_t ldw) noexcept nogil

# What the random numbers of a pass depend on, besides sample and unit.
cdef struct Draw:
    uint64_t seed
    uint64_t layer               # 0 for the inputs, l + 1 for layer l
    uint64_t t                   # the update, or the number of the pass
    uint64_t purpose             # DROPOUT, NOISE or SAMPLING; a shuffle has 0

cdef enum:
    DROPOUT = 1
    NOISE = 2
    SAMPLING = 3

# mask = 0 with the probability `rate`, else 1 / (1 - rate), from row `row` and column `column`, a multiple of 16, on
ctypedef void (*mask_f32)(
    const Draw* draw, double rate, Py_ssize_t row, Py_ssize_t column, Py_ssize_t stride, Py_ssize_t n_rows,
    Py_ssize_t n_columns, float* mask) noexcept nogil
ctypedef void (*mask_f64)(
    const Draw* draw, double rate, Py_ssize_t row, Py_ssize_t column, Py_ssize_t stride, Py_ssize_t n_rows,
    Py_ssize_t n_columns, double* mask) noexcept nogil

# X (n_rows, width) += deviation times standard normal numbers, from row `row` on
ctypedef void (*noise_f32)(
    const Draw* draw, double deviation, Py_ssize_t row, Py_ssize_t n_rows, Py_ssize_t width, float* X) noexcept nogil
ctypedef void (*noise_f64)(
    const Draw* draw, double deviation, Py_ssize_t row, Py_ssize_t n_rows, Py_ssize_t width, double* X) noexcept nogil

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
    multiply_f32 multiply32
    multiply_f64 multiply64
    add_f32 add32
    add_f64 add64
    mask_f32 mask32
    mask_f64 mask64
    csr_product_f32 csr_product32
    csr_product_f64 csr_product64
    csr_gradient_f32 csr_gradient32
    csr_gradient_f64 csr_gradient64
    noise_f32 noise32
    noise_f64 noise64

cdef Linear LINEAR

# The index of a name in `activations`, `norms`, `losses`, `optimizers` is its row here.
cdef Activation[64] ACTIVATION
cdef Norm[64] NORM
cdef Loss[64] LOSS
cdef Optimizer[64] OPTIMIZER

cdef int register_activation(
    str name, forward_f32 forward32, forward_f64 forward64, backward_f32 backward32, backward_f64 backward64,
    dict traits=*) except -1
cdef int register_learned(
    str name, learned_forward_f32 forward32, learned_forward_f64 forward64, learned_backward_f32 backward32,
    learned_backward_f64 backward64, dict traits) except -1
cdef int register_norm(
    str name, norm_forward_f32 forward32, norm_forward_f64 forward64, norm_backward_f32 backward32,
    norm_backward_f64 backward64, dict traits) except -1
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


cdef inline void learned_forward(
    Py_ssize_t activation, const floating* Z, const floating* slope, floating* A, Py_ssize_t n_rows, Py_ssize_t width,
) noexcept nogil:
    if floating is float:
        ACTIVATION[activation].learned_forward32(Z, slope, A, n_rows, width)
    else:
        ACTIVATION[activation].learned_forward64(Z, slope, A, n_rows, width)


cdef inline void learned_backward(
    Py_ssize_t activation, const floating* Z, const floating* slope, floating* dZ, floating* dslope, Py_ssize_t n_rows,
    Py_ssize_t width,
) noexcept nogil:
    if floating is float:
        ACTIVATION[activation].learned_backward32(Z, slope, dZ, dslope, n_rows, width)
    else:
        ACTIVATION[activation].learned_backward64(Z, slope, dZ, dslope, n_rows, width)


cdef inline void norm_forward(
    Py_ssize_t norm, const floating* Z, Py_ssize_t stride, Py_ssize_t n_rows, Py_ssize_t n_columns, const floating* scale,
    const floating* shift, double eps, bint given, floating* mean, floating* variance, floating* hat, floating* N,
) noexcept nogil:
    if floating is float:
        NORM[norm].forward32(Z, stride, n_rows, n_columns, scale, shift, eps, given, mean, variance, hat, N)
    else:
        NORM[norm].forward64(Z, stride, n_rows, n_columns, scale, shift, eps, given, mean, variance, hat, N)


cdef inline void norm_backward(
    Py_ssize_t norm, const floating* dN, const floating* hat, Py_ssize_t stride, Py_ssize_t n_rows, Py_ssize_t n_columns,
    const floating* scale, double eps, bint given, const floating* variance, floating* dscale, floating* dZ,
) noexcept nogil:
    if floating is float:
        NORM[norm].backward32(dN, hat, stride, n_rows, n_columns, scale, eps, given, variance, dscale, dZ)
    else:
        NORM[norm].backward64(dN, hat, stride, n_rows, n_columns, scale, eps, given, variance, dscale, dZ)


cdef inline void multiply_rows(
    const floating* mask, const floating* A, Py_ssize_t stride, Py_ssize_t n_rows, Py_ssize_t n_columns, floating* out,
) noexcept nogil:
    if floating is float:
        LINEAR.multiply32(mask, A, stride, n_rows, n_columns, out)
    else:
        LINEAR.multiply64(mask, A, stride, n_rows, n_columns, out)


cdef inline void add_rows(
    const floating* B, Py_ssize_t stride, Py_ssize_t n_rows, Py_ssize_t n_columns, floating* C,
) noexcept nogil:
    if floating is float:
        LINEAR.add32(B, stride, n_rows, n_columns, C)
    else:
        LINEAR.add64(B, stride, n_rows, n_columns, C)


cdef inline void draw_mask(
    const Draw* draw, double rate, Py_ssize_t row, Py_ssize_t column, Py_ssize_t stride, Py_ssize_t n_rows,
    Py_ssize_t n_columns, floating* mask,
) noexcept nogil:
    if floating is float:
        LINEAR.mask32(draw, rate, row, column, stride, n_rows, n_columns, mask)
    else:
        LINEAR.mask64(draw, rate, row, column, stride, n_rows, n_columns, mask)


cdef inline void add_noise(
    const Draw* draw, double deviation, Py_ssize_t row, Py_ssize_t n_rows, Py_ssize_t width, floating* X,
) noexcept nogil:
    if floating is float:
        LINEAR.noise32(draw, deviation, row, n_rows, width, X)
    else:
        LINEAR.noise64(draw, deviation, row, n_rows, width, X)


cdef inline void csr_product(
    const Source* X, const Py_ssize_t* order, Py_ssize_t start, Py_ssize_t n_rows, const floating* W, Py_ssize_t ldw,
    Py_ssize_t n_columns, const floating* S, Py_ssize_t lds, floating* Z, Py_ssize_t ldz,
) noexcept nogil:
    if floating is float:
        LINEAR.csr_product32(X, order, start, n_rows, W, ldw, n_columns, S, lds, Z, ldz)
    else:
        LINEAR.csr_product64(X, order, start, n_rows, W, ldw, n_columns, S, lds, Z, ldz)


cdef inline void csr_gradient(
    const Source* X, const Py_ssize_t* order, Py_ssize_t start, Py_ssize_t n_rows, Py_ssize_t first, Py_ssize_t n_first,
    const floating* dZ, Py_ssize_t ldz, Py_ssize_t n_columns, bint add, floating* dW, Py_ssize_t ldw,
) noexcept nogil:
    if floating is float:
        LINEAR.csr_gradient32(X, order, start, n_rows, first, n_first, dZ, ldz, n_columns, add, dW, ldw)
    else:
        LINEAR.csr_gradient64(X, order, start, n_rows, first, n_first, dZ, ldz, n_columns, add, dW, ldw)


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
