"""Products that skip the zeros of A: for inputs that are mostly zeros, such as images of digits and one-hot columns.

A zero adds 0 to a sum, which changes none of its bits, and the sums run in the order of the register tiles (_tiles.pyx): the
results are the same. Zeros are found a vector at a time, by the bits of a comparison; for A^T . B those of 64 samples
are turned into bits of each column.
"""

from cython cimport floating
from libc.stdint cimport uint64_t

from cmlp._product_loops cimport PRODUCT_LOOPS
from cmlp._vectors cimport BYTES, f32s, f64s, load32, load64, load_first, nonzero32, nonzero64, store_first, vector

cdef extern from *:
    """
    #if defined(__AVX512F__)
        typedef uint16_t cmlp_bits;
        /* Of 64 rows of bits, those of column f. */
        static CYTHON_INLINE uint64_t cmlp_column(const cmlp_bits *rows, int f) {
            __m512i bit = _mm512_set1_epi16((short)(1 << f));
            uint64_t low = _mm512_test_epi16_mask(_mm512_loadu_si512(rows), bit);
            return low | (uint64_t)_mm512_test_epi16_mask(_mm512_loadu_si512(rows + 32), bit) << 32;
        }
    #else
        typedef uint8_t cmlp_bits;
        static CYTHON_INLINE uint64_t cmlp_column(const cmlp_bits *rows, int f) {
            __m256i low = _mm256_loadu_si256((const __m256i *)rows), high = _mm256_loadu_si256((const __m256i *)(rows + 32));
            __m128i shift = _mm_cvtsi32_si128(7 - f);
            return (uint32_t)_mm256_movemask_epi8(_mm256_sll_epi16(low, shift))
                | (uint64_t)(uint32_t)_mm256_movemask_epi8(_mm256_sll_epi16(high, shift)) << 32;
        }
    #endif
    """
    ctypedef int row_bits "cmlp_bits"    # one for each lane
    uint64_t column "cmlp_column"(const row_bits* rows, int f) noexcept nogil
    int trailing_zeros "__builtin_ctzll"(uint64_t bits) noexcept nogil

cdef enum:
    WIDEST = 8                           # registers in a row of C at a time
    SAMPLES = 64                         # rows of A that are looked through together for A^T . B


cdef inline unsigned int nonzero(const floating* p, Py_ssize_t n, vector zero) noexcept nogil:
    """A bit for each of the first n numbers, at most a vector of them, that is not 0."""
    cdef Py_ssize_t LANES = BYTES // sizeof(floating)
    cdef vector values
    if vector is f32s and floating is float:
        values = (<const vector*>p)[0] if n >= LANES else load_first(p, n, zero)
        return nonzero32(values)
    elif vector is f64s and floating is double:
        values = (<const vector*>p)[0] if n >= LANES else load_first(p, n, zero)
        return nonzero64(values)


cdef inline void load_row(int width, Py_ssize_t last, const floating* p, vector* row, vector zero) noexcept nogil:
    cdef int LANES = BYTES // sizeof(floating), j
    if (floating is float and vector is f32s) or (floating is double and vector is f64s):
        for j in range(width - 1):
            row[j] = (<const vector*>(p + j * LANES))[0]
        row[width - 1] = load_first(p + (width - 1) * LANES, last, zero)


cdef inline void store_row(int width, Py_ssize_t last, floating* p, const vector* row) noexcept nogil:
    cdef int LANES = BYTES // sizeof(floating), j
    if (floating is float and vector is f32s) or (floating is double and vector is f64s):
        for j in range(width - 1):
            (<vector*>(p + j * LANES))[0] = row[j]
        store_first(p + (width - 1) * LANES, last, row[width - 1])


cdef inline void multiply_row(
    int width, Py_ssize_t last, Py_ssize_t k, const floating* a, const floating* B, Py_ssize_t b_depth, const floating* S,
    floating* C, vector zero,
) noexcept nogil:
    """C (width registers) = S + a (k,) . B."""
    cdef Py_ssize_t LANES = BYTES // sizeof(floating), first, q, piece
    cdef unsigned int bits
    cdef int j
    cdef vector[WIDEST] sums
    cdef vector[WIDEST] b
    if (floating is float and vector is f32s) or (floating is double and vector is f64s):
        for j in range(width):
            sums[j] = zero
        if S != NULL:
            load_row(width, last, S, sums, zero)
        # C_j = S_j + sum_q a_q B_qj over the q with a_q != 0
        for piece in range((k + LANES - 1) // LANES):
            first = piece * LANES
            bits = nonzero(a + first, k - first, zero)
            while bits != 0:
                q = first + trailing_zeros(bits)
                bits = bits & (bits - 1)
                load_row(width, last, B + q * b_depth, b, zero)
                for j in range(width):
                    sums[j] = sums[j] + a[q] * b[j]
        store_row(width, last, C, <const vector*>sums)


cdef inline void multiply_rows(
    int width, Py_ssize_t last, Py_ssize_t m, Py_ssize_t k, const floating* A, Py_ssize_t lda, const floating* B,
    Py_ssize_t ldb, const floating* S, Py_ssize_t lds, floating* C, Py_ssize_t ldc, vector zero,
) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(m):
        multiply_row(width, last, k, A + i * lda, B, ldb, S if S == NULL else S + i * lds, C + i * ldc, zero)


cdef inline void add_samples(
    int width, Py_ssize_t last, uint64_t samples, const floating* a, Py_ssize_t lda, const floating* B, Py_ssize_t ldb,
    const floating* S, floating* C, vector zero,
) noexcept nogil:
    """C (width registers) = S + the rows p of B that `samples` has a bit for, times a_p."""
    cdef Py_ssize_t p
    cdef int j
    cdef vector[WIDEST] sums
    cdef vector[WIDEST] b
    if (floating is float and vector is f32s) or (floating is double and vector is f64s):
        for j in range(width):
            sums[j] = zero
        if S != NULL:
            load_row(width, last, S, sums, zero)
        while samples != 0:
            p = trailing_zeros(samples)
            samples = samples & (samples - 1)
            load_row(width, last, B + p * ldb, b, zero)
            for j in range(width):
                sums[j] = sums[j] + a[p * lda] * b[j]
        store_row(width, last, C, <const vector*>sums)


cdef inline void add_products(
    int width, Py_ssize_t last, Py_ssize_t m, Py_ssize_t k, const floating* A, Py_ssize_t lda, const floating* B,
    Py_ssize_t ldb, const floating* S, Py_ssize_t lds, floating* C, Py_ssize_t ldc, vector zero,
) noexcept nogil:
    """C (m, width registers) = S + A^T . B, A (k, m): for each column of A the bits of its samples, then these alone."""
    cdef Py_ssize_t LANES = BYTES // sizeof(floating), p, first, n_columns, i, n_samples
    cdef int f
    cdef row_bits[SAMPLES] rows
    if (floating is float and vector is f32s) or (floating is double and vector is f64s):
        # C_ij = S_ij + sum_p A_pi B_pj over the p with A_pi != 0
        while k > 0:
            n_samples = min(<Py_ssize_t>SAMPLES, k)
            first = 0
            while first < m:
                n_columns = min(LANES, m - first)
                for p in range(SAMPLES):
                    rows[p] = <row_bits>nonzero(A + p * lda + first, n_columns, zero) if p < n_samples else 0
                for f in range(<int>n_columns):
                    i = first + f
                    add_samples(width, last, column(rows, f), A + i, lda, B, ldb, S if S == NULL else S + i * lds,
                                C + i * ldc, zero)
                first += LANES
            A, B, k = A + SAMPLES * lda, B + SAMPLES * ldb, k - SAMPLES
            S, lds = <const floating*>C, ldc


cdef inline void multiply_panel(
    bint transposed, int width, Py_ssize_t last, Py_ssize_t m, Py_ssize_t k, const floating* A, Py_ssize_t lda,
    const floating* B, Py_ssize_t ldb, const floating* S, Py_ssize_t lds, floating* C, Py_ssize_t ldc, vector zero,
) noexcept nogil:
    if transposed:
        add_products(width, last, m, k, A, lda, B, ldb, S, lds, C, ldc, zero)
        return
    multiply_rows(width, last, m, k, A, lda, B, ldb, S, lds, C, ldc, zero)


cdef void multiply_columns(
    bint transposed, Py_ssize_t m, Py_ssize_t n, Py_ssize_t k, const floating* A, Py_ssize_t lda, const floating* B,
    Py_ssize_t ldb, const floating* S, Py_ssize_t lds, floating* C, Py_ssize_t ldc, vector zero,
) noexcept nogil:
    """C in panels of up to WIDEST registers, whose number is a constant in each."""
    cdef Py_ssize_t LANES = BYTES // sizeof(floating), columns, width, last, done = 0
    while done < n:
        columns = min(<Py_ssize_t>(WIDEST * LANES), n - done)
        width = (columns + LANES - 1) // LANES
        last = columns - (width - 1) * LANES
        if width == 1:
            multiply_panel(transposed, 1, last, m, k, A, lda, B + done, ldb, S, lds, C + done, ldc, zero)
        elif width == 2:
            multiply_panel(transposed, 2, last, m, k, A, lda, B + done, ldb, S, lds, C + done, ldc, zero)
        elif width == 3:
            multiply_panel(transposed, 3, last, m, k, A, lda, B + done, ldb, S, lds, C + done, ldc, zero)
        elif width == 4:
            multiply_panel(transposed, 4, last, m, k, A, lda, B + done, ldb, S, lds, C + done, ldc, zero)
        elif width == 5:
            multiply_panel(transposed, 5, last, m, k, A, lda, B + done, ldb, S, lds, C + done, ldc, zero)
        elif width == 6:
            multiply_panel(transposed, 6, last, m, k, A, lda, B + done, ldb, S, lds, C + done, ldc, zero)
        elif width == 7:
            multiply_panel(transposed, 7, last, m, k, A, lda, B + done, ldb, S, lds, C + done, ldc, zero)
        else:
            multiply_panel(transposed, 8, last, m, k, A, lda, B + done, ldb, S, lds, C + done, ldc, zero)
        done += columns
        if S != NULL:
            S += columns


cdef void skip_zeros32(
    bint transposed, Py_ssize_t m, Py_ssize_t n, Py_ssize_t k, const float* A, Py_ssize_t lda, const float* B, Py_ssize_t ldb,
    const float* S, Py_ssize_t lds, float* C, Py_ssize_t ldc,
) noexcept nogil:
    cdef f32s zero = load32(A, 0)
    multiply_columns(transposed, m, n, k, A, lda, B, ldb, S, lds, C, ldc, zero)


cdef void skip_zeros64(
    bint transposed, Py_ssize_t m, Py_ssize_t n, Py_ssize_t k, const double* A, Py_ssize_t lda, const double* B,
    Py_ssize_t ldb, const double* S, Py_ssize_t lds, double* C, Py_ssize_t ldc,
) noexcept nogil:
    cdef f64s zero = load64(A, 0)
    multiply_columns(transposed, m, n, k, A, lda, B, ldb, S, lds, C, ldc, zero)


PRODUCT_LOOPS.skip_zeros32, PRODUCT_LOOPS.skip_zeros64 = skip_zeros32, skip_zeros64
