"""Products by vector tiles, for processors with fused multiply-adds (x86-64-v3 and -v4).

A tile of C stays in registers while its sums run over k: one number of A times a row of B, again and again. The tile is as
high as the registers allow, so that each row of B that is read serves many rows of C. B and A^T are read where they lie, or
are packed where their rows are far apart. Goto and van de Geijn, "Anatomy of high-performance matrix multiplication", ACM
TOMS 34 (2008); what was measured against BLAS is in docs/design/speed.rst.
"""

from cython cimport floating
from libc.string cimport memcpy

from cmlp._product_loops cimport PRODUCT_LOOPS
from cmlp._vectors cimport BYTES, f32s, f64s, load32, load64, load_first, store_first, vector

cdef extern from *:
    """
    #if defined(__AVX512F__)
        enum { CMLP_SUMS = 24, CMLP_WIDE = 4, CMLP_FAR = 4096 };
        #define cmlp_half32(v) _mm256_add_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1))
        #define cmlp_half64(v) _mm256_add_pd(_mm512_castpd512_pd256(v), _mm512_extractf64x4_pd(v, 1))
    #else
        enum { CMLP_SUMS = 12, CMLP_WIDE = 2, CMLP_FAR = 2048 };
        #define cmlp_half32(v) ((__m256)(v))
        #define cmlp_half64(v) ((__m256d)(v))
    #endif
    /* Each thread's room for packed operands; not on its stack, which may be as small as 128 kB. */
    enum { CMLP_DEPTH = 256, CMLP_ROWS = 96, CMLP_WIDEST = 4 };
    static __thread char cmlp_packed_a[CMLP_DEPTH * CMLP_ROWS * sizeof(float)] __attribute__((aligned(64)));
    static __thread char cmlp_packed_b[CMLP_DEPTH * CMLP_WIDEST * CMLP_BYTES] __attribute__((aligned(64)));
    static CYTHON_INLINE void cmlp_transpose32(const float *p, Py_ssize_t ld, float *out, Py_ssize_t ld_out) {
        __m128 a = _mm_loadu_ps(p), b = _mm_loadu_ps(p + ld), c = _mm_loadu_ps(p + 2 * ld), d = _mm_loadu_ps(p + 3 * ld);
        _MM_TRANSPOSE4_PS(a, b, c, d);
        _mm_storeu_ps(out, a);
        _mm_storeu_ps(out + ld_out, b);
        _mm_storeu_ps(out + 2 * ld_out, c);
        _mm_storeu_ps(out + 3 * ld_out, d);
    }
    static CYTHON_INLINE void cmlp_transpose64(const double *p, Py_ssize_t ld, double *out, Py_ssize_t ld_out) {
        for (int i = 0; i < 4; i += 2)
            for (int j = 0; j < 4; j += 2) {
                __m128d a = _mm_loadu_pd(p + i * ld + j), b = _mm_loadu_pd(p + (i + 1) * ld + j);
                _mm_storeu_pd(out + j * ld_out + i, _mm_unpacklo_pd(a, b));
                _mm_storeu_pd(out + (j + 1) * ld_out + i, _mm_unpackhi_pd(a, b));
            }
    }
    /* The sums of the lanes of four registers: halves are added until four numbers are left of each, and those across. */
    static CYTHON_INLINE __m128 cmlp_quarter32(__m256 v) {
        return _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    }
    static CYTHON_INLINE void cmlp_sums32(const cmlp_f32s *v, float *out) {
        __m128 a = cmlp_quarter32(cmlp_half32(v[0])), b = cmlp_quarter32(cmlp_half32(v[1]));
        __m128 c = cmlp_quarter32(cmlp_half32(v[2])), d = cmlp_quarter32(cmlp_half32(v[3]));
        _MM_TRANSPOSE4_PS(a, b, c, d);
        _mm_storeu_ps(out, _mm_add_ps(_mm_add_ps(a, b), _mm_add_ps(c, d)));
    }
    static CYTHON_INLINE void cmlp_sums64(const cmlp_f64s *v, double *out) {
        __m256d ab = _mm256_hadd_pd(cmlp_half64(v[0]), cmlp_half64(v[1]));
        __m256d cd = _mm256_hadd_pd(cmlp_half64(v[2]), cmlp_half64(v[3]));
        _mm256_storeu_pd(out, _mm256_add_pd(_mm256_permute2f128_pd(ab, cd, 0x20), _mm256_permute2f128_pd(ab, cd, 0x31)));
    }
    """
    cdef enum:
        SUMS "CMLP_SUMS"                 # registers that hold a tile of C; the others hold a row of B and a number of A
        WIDE "CMLP_WIDE"                 # registers in a row of a high tile
        WIDEST "CMLP_WIDEST"             # registers in a row of any tile
        FAR "CMLP_FAR"                   # bytes between two rows of B, or of A^T, from which packing them pays
        DEPTH "CMLP_DEPTH"               # rows of B, or of A^T, that are packed at a time
        ROWS "CMLP_ROWS"                 # columns of A^T at a time, if they are float
    void* packed_a "cmlp_packed_a"
    void* packed_b "cmlp_packed_b"
    # out (4,) = the sum of the lanes of each of four registers
    void sums32 "cmlp_sums32"(const f32s* values, float* out) noexcept nogil
    void sums64 "cmlp_sums64"(const f64s* values, double* out) noexcept nogil
    # out (4, 4) = source^T
    void transpose32 "cmlp_transpose32"(const float* source, Py_ssize_t ld, float* out, Py_ssize_t ld_out) noexcept nogil
    void transpose64 "cmlp_transpose64"(const double* source, Py_ssize_t ld, double* out, Py_ssize_t ld_out) noexcept nogil

cdef enum:
    HIGH = 24                            # rows of C from which packing B pays
    OFTEN = 128                          # columns of C from which packing A^T pays
    FEW = 3                              # rows of C up to which A . B^T is taken as dot products
    DOTS = 4                             # that many at a time


cdef inline void multiply(
    int n_rows, int width, Py_ssize_t last, Py_ssize_t k, const floating* A, Py_ssize_t a_row, Py_ssize_t a_depth,
    const floating* B, Py_ssize_t b_depth, const floating* S, Py_ssize_t s_row, floating* C, Py_ssize_t c_row, vector zero,
) noexcept nogil:
    """One tile: n_rows of C, `width` registers wide, `last` lanes of the last of which count."""
    cdef int LANES = BYTES // sizeof(floating), i, j
    cdef Py_ssize_t p
    cdef vector[SUMS] sums
    cdef vector[WIDEST] b
    if (floating is float and vector is f32s) or (floating is double and vector is f64s):
        # C_ij = S_ij + sum_p A_ip B_pj
        for i in range(n_rows):
            for j in range(width):
                if S == NULL:
                    sums[i * width + j] = zero
                elif j < width - 1:
                    sums[i * width + j] = (<const vector*>(S + i * s_row + j * LANES))[0]
                else:
                    sums[i * width + j] = load_first(S + i * s_row + j * LANES, last, zero)
        for p in range(k):
            for j in range(width - 1):
                b[j] = (<const vector*>(B + p * b_depth + j * LANES))[0]
            b[width - 1] = load_first(B + p * b_depth + (width - 1) * LANES, last, zero)
            for i in range(n_rows):
                for j in range(width):
                    sums[i * width + j] = sums[i * width + j] + A[i * a_row + p * a_depth] * b[j]
        for i in range(n_rows):
            for j in range(width - 1):
                (<vector*>(C + i * c_row + j * LANES))[0] = sums[i * width + j]
            store_first(C + i * c_row + (width - 1) * LANES, last, sums[i * width + width - 1])


cdef inline void multiply_rows(
    Py_ssize_t m, Py_ssize_t width, Py_ssize_t last, Py_ssize_t k, const floating* A, Py_ssize_t a_row, Py_ssize_t a_depth,
    const floating* B, Py_ssize_t b_depth, const floating* S, Py_ssize_t s_row, floating* C, Py_ssize_t c_row, vector zero,
) noexcept nogil:
    """A panel of C `width` registers wide: m rows, cut into tiles as even as can be."""
    cdef Py_ssize_t highest = min(SUMS // width, 12), n_tiles = (m + highest - 1) // highest, n
    while n_tiles > 0:
        n = (m + n_tiles - 1) // n_tiles
        if n == 1:
            multiply(1, width, last, k, A, a_row, a_depth, B, b_depth, S, s_row, C, c_row, zero)
        elif n == 2:
            multiply(2, width, last, k, A, a_row, a_depth, B, b_depth, S, s_row, C, c_row, zero)
        elif n == 3:
            multiply(3, width, last, k, A, a_row, a_depth, B, b_depth, S, s_row, C, c_row, zero)
        elif SUMS >= 4 * width and n == 4:
            multiply(4, width, last, k, A, a_row, a_depth, B, b_depth, S, s_row, C, c_row, zero)
        elif SUMS >= 5 * width and n == 5:
            multiply(5, width, last, k, A, a_row, a_depth, B, b_depth, S, s_row, C, c_row, zero)
        elif SUMS >= 6 * width and n == 6:
            multiply(6, width, last, k, A, a_row, a_depth, B, b_depth, S, s_row, C, c_row, zero)
        elif SUMS >= 7 * width and n == 7:
            multiply(7, width, last, k, A, a_row, a_depth, B, b_depth, S, s_row, C, c_row, zero)
        elif SUMS >= 8 * width and n == 8:
            multiply(8, width, last, k, A, a_row, a_depth, B, b_depth, S, s_row, C, c_row, zero)
        elif SUMS >= 9 * width and n == 9:
            multiply(9, width, last, k, A, a_row, a_depth, B, b_depth, S, s_row, C, c_row, zero)
        elif SUMS >= 10 * width and n == 10:
            multiply(10, width, last, k, A, a_row, a_depth, B, b_depth, S, s_row, C, c_row, zero)
        elif SUMS >= 11 * width and n == 11:
            multiply(11, width, last, k, A, a_row, a_depth, B, b_depth, S, s_row, C, c_row, zero)
        elif SUMS >= 12 * width and n == 12:
            multiply(12, width, last, k, A, a_row, a_depth, B, b_depth, S, s_row, C, c_row, zero)
        A += n * a_row
        C += n * c_row
        if S != NULL:
            S += n * s_row
        m -= n
        n_tiles -= 1


cdef void multiply_panel(
    Py_ssize_t m, Py_ssize_t width, Py_ssize_t last, Py_ssize_t k, const floating* A, Py_ssize_t a_row, Py_ssize_t a_depth,
    const floating* B, Py_ssize_t b_depth, const floating* S, Py_ssize_t s_row, floating* C, Py_ssize_t c_row, vector zero,
) noexcept nogil:
    if width == 1:
        multiply_rows(m, 1, last, k, A, a_row, a_depth, B, b_depth, S, s_row, C, c_row, zero)
    elif width == 2:
        multiply_rows(m, 2, last, k, A, a_row, a_depth, B, b_depth, S, s_row, C, c_row, zero)
    elif width == 3:
        multiply_rows(m, 3, last, k, A, a_row, a_depth, B, b_depth, S, s_row, C, c_row, zero)
    else:
        multiply_rows(m, 4, last, k, A, a_row, a_depth, B, b_depth, S, s_row, C, c_row, zero)


cdef void pack(
    Py_ssize_t k, Py_ssize_t n, const floating* B, Py_ssize_t b_depth, Py_ssize_t b_column, floating* packed, Py_ssize_t width,
) noexcept nogil:
    cdef Py_ssize_t p, j, whole_k = k // 4 * 4, whole_n = n // 4 * 4
    # packed_pj = B_pj
    if b_column == 1:
        for p in range(k):
            memcpy(packed + p * width, B + p * b_depth, n * sizeof(floating))
        return
    for j in range(0, whole_n, 4):
        for p in range(0, whole_k, 4):
            transpose(B + j * b_column + p, b_column, packed + p * width + j, width)
        for p in range(whole_k, k):
            gather_four(B + j * b_column + p, b_column, packed + p * width + j)
    for j in range(whole_n, n):
        for p in range(k):
            packed[p * width + j] = B[p + j * b_column]


cdef inline void transpose(const floating* B, Py_ssize_t b_column, floating* packed, Py_ssize_t width) noexcept nogil:
    if floating is float:
        transpose32(B, b_column, packed, width)
    else:
        transpose64(B, b_column, packed, width)


cdef inline void gather_four(const floating* B, Py_ssize_t b_column, floating* packed) noexcept nogil:
    cdef Py_ssize_t j
    for j in range(4):
        packed[j] = B[j * b_column]


cdef void multiply_columns(
    Py_ssize_t m, Py_ssize_t n, Py_ssize_t k, const floating* A, Py_ssize_t a_row, Py_ssize_t a_depth, const floating* B,
    Py_ssize_t b_depth, Py_ssize_t b_column, const floating* S, Py_ssize_t s_row, floating* C, Py_ssize_t c_row, vector zero,
) noexcept nogil:
    """C panel by panel, cut as evenly as whole registers can be."""
    cdef Py_ssize_t LANES = BYTES // sizeof(floating), n_registers = (n + LANES - 1) // LANES
    cdef Py_ssize_t widest = max(<Py_ssize_t>WIDE, min(<Py_ssize_t>WIDEST, SUMS // m))
    cdef Py_ssize_t n_panels = (n_registers + widest - 1) // widest, width, last, columns, piece, first, depth
    cdef bint packing = b_column != 1 or (m >= HIGH and b_depth * <Py_ssize_t>sizeof(floating) >= FAR)
    cdef floating* packed = <floating*>packed_b
    while n_panels > 0:
        width = (n_registers + n_panels - 1) // n_panels
        columns = min(width * LANES, n)
        last = columns - (width - 1) * LANES
        if not packing:
            multiply_panel(m, width, last, k, A, a_row, a_depth, B, b_depth, S, s_row, C, c_row, zero)
        else:
            for piece in range((k + DEPTH - 1) // DEPTH):
                first = piece * DEPTH
                depth = min(<Py_ssize_t>DEPTH, k - first)
                pack(depth, columns, B + first * b_depth, b_depth, b_column, packed, width * LANES)
                multiply_panel(m, width, last, depth, A + first * a_depth, a_row, a_depth, packed, width * LANES,
                               S if first == 0 else <const floating*>C, s_row if first == 0 else c_row, C, c_row, zero)
        B += columns * b_column
        C += columns
        if S != NULL:
            S += columns
        n -= columns
        n_registers -= width
        n_panels -= 1


cdef inline void multiply_dots(
    int n_dots, Py_ssize_t k, const floating* a, const floating* B, Py_ssize_t b_column, const floating* S, floating* C,
    vector zero,
) noexcept nogil:
    """C (n_dots,) = S + a (k,) . B^T, B (n_dots, k)."""
    cdef Py_ssize_t LANES = BYTES // sizeof(floating), whole = k // LANES * LANES, rest = k - whole, p
    cdef int j
    cdef vector[DOTS] sums
    cdef floating[DOTS] totals
    if (floating is float and vector is f32s) or (floating is double and vector is f64s):
        for j in range(DOTS):
            sums[j] = zero
        for p in range(k // LANES):
            for j in range(n_dots):
                sums[j] = sums[j] + (<const vector*>a)[p] * (<const vector*>(B + j * b_column))[p]
        if rest > 0:
            for j in range(n_dots):
                sums[j] = sums[j] + load_first(a + whole, rest, zero) * load_first(B + j * b_column + whole, rest, zero)
        if floating is float:
            sums32(sums, totals)
        else:
            sums64(sums, totals)
        for j in range(n_dots):
            C[j] = totals[j] + (0 if S == NULL else S[j])


cdef void multiply_vector(
    Py_ssize_t n, Py_ssize_t k, const floating* a, const floating* B, Py_ssize_t b_column, const floating* S, floating* C,
    vector zero,
) noexcept nogil:
    """C (n,) = S + a (k,) . B^T, B (n, k)."""
    cdef Py_ssize_t j, whole = n // DOTS * DOTS
    for j in range(0, whole, 4):
        multiply_dots(DOTS, k, a, B + j * b_column, b_column, S if S == NULL else S + j, C + j, zero)
    for j in range(whole, n):
        multiply_dots(1, k, a, B + j * b_column, b_column, S if S == NULL else S + j, C + j, zero)


cdef void multiply_far_columns(
    Py_ssize_t m, Py_ssize_t n, Py_ssize_t k, const floating* A, Py_ssize_t a_depth, const floating* B, Py_ssize_t b_depth,
    Py_ssize_t b_column, const floating* S, Py_ssize_t s_row, floating* C, Py_ssize_t c_row, vector zero,
) noexcept nogil:
    """A^T . B, with A packed: where its rows are far apart, each number would come from a page of its own."""
    cdef Py_ssize_t at_once = ROWS * sizeof(float) // sizeof(floating), block, n_rows, piece, first, depth
    cdef floating* packed = <floating*>packed_a
    for block in range((m + at_once - 1) // at_once):
        n_rows = min(at_once, m - block * at_once)
        for piece in range((k + DEPTH - 1) // DEPTH):
            first = piece * DEPTH
            depth = min(<Py_ssize_t>DEPTH, k - first)
            pack(depth, n_rows, A + first * a_depth, a_depth, 1, packed, n_rows)
            multiply_columns(
                n_rows, n, depth, <const floating*>packed, 1, n_rows, B + first * b_depth, b_depth, b_column,
                S if first == 0 else <const floating*>C, s_row if first == 0 else c_row, C, c_row, zero)
        A += n_rows
        C += n_rows * c_row
        if S != NULL:
            S += n_rows * s_row


cdef void multiply_matrices(
    Py_ssize_t m, Py_ssize_t n, Py_ssize_t k, const floating* A, Py_ssize_t a_row, Py_ssize_t a_depth, const floating* B,
    Py_ssize_t b_depth, Py_ssize_t b_column, const floating* S, Py_ssize_t s_row, floating* C, Py_ssize_t c_row, vector zero,
) noexcept nogil:
    cdef Py_ssize_t i
    if n == 1 and m > 1 and c_row == 1:
        # one column fills one lane; as a row, C^T = S^T + B^T . A^T, it fills them all
        if S != NULL and s_row == 0:
            for i in range(m):
                C[i] = S[0]
            S = C
        multiply_matrices(1, m, k, B, 0, b_depth, A, a_depth, a_row, S, 0, C, m, zero)
    elif b_column != 1 and b_depth == 1 and a_depth == 1 and m <= FEW:
        for i in range(m):
            multiply_vector(n, k, A + i * a_row, B, b_column, S if S == NULL else S + i * s_row, C + i * c_row, zero)
    elif a_row == 1 and b_column == 1 and m >= HIGH and n >= OFTEN and a_depth * <Py_ssize_t>sizeof(floating) >= FAR:
        multiply_far_columns(m, n, k, A, a_depth, B, b_depth, b_column, S, s_row, C, c_row, zero)
    else:
        multiply_columns(m, n, k, A, a_row, a_depth, B, b_depth, b_column, S, s_row, C, c_row, zero)


cdef void tiles32(
    Py_ssize_t m, Py_ssize_t n, Py_ssize_t k, const float* A, Py_ssize_t a_row, Py_ssize_t a_depth, const float* B,
    Py_ssize_t b_depth, Py_ssize_t b_column, const float* S, Py_ssize_t s_row, float* C, Py_ssize_t c_row,
) noexcept nogil:
    cdef f32s zero = load32(A, 0)
    multiply_matrices(m, n, k, A, a_row, a_depth, B, b_depth, b_column, S, s_row, C, c_row, zero)


cdef void tiles64(
    Py_ssize_t m, Py_ssize_t n, Py_ssize_t k, const double* A, Py_ssize_t a_row, Py_ssize_t a_depth, const double* B,
    Py_ssize_t b_depth, Py_ssize_t b_column, const double* S, Py_ssize_t s_row, double* C, Py_ssize_t c_row,
) noexcept nogil:
    cdef f64s zero = load64(A, 0)
    multiply_matrices(m, n, k, A, a_row, a_depth, B, b_depth, b_column, S, s_row, C, c_row, zero)


PRODUCT_LOOPS.tiles32, PRODUCT_LOOPS.tiles64 = tiles32, tiles64
