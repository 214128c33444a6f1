// Arithmetic on one SIMD register of REGISTER floats. Included once per register width.
//
// Do not compile with -ffast-math: it removes the rounding trick below and silently spoils gradients.

typedef float reg __attribute__((vector_size(4 * REGISTER), may_alias));
typedef int32_t ireg __attribute__((vector_size(4 * REGISTER), may_alias));

INLINE reg load_register(const float* from) { return *reinterpret_cast<const reg*>(from); }
INLINE void store_register(float* to, reg value) { *reinterpret_cast<reg*>(to) = value; }
INLINE reg splat_register(float value) { return reg{} + value; }

// Limit y to [-limit, limit]. In this order of operations a NaN stays a NaN.
INLINE reg clamp(reg y, float limit) {
    const reg high = splat_register(limit), low = splat_register(-limit);
#if REGISTER == 16
    return (reg)_mm512_max_ps((__m512)low, _mm512_min_ps((__m512)high, (__m512)y));
#elif REGISTER == 8
    return (reg)_mm256_max_ps((__m256)low, _mm256_min_ps((__m256)high, (__m256)y));
#else
    y = high < y ? high : y;
    return low > y ? low : y;
#endif
}

// 2^y with an error of at most 8e-8. Adding 1.5 * 2^23 yields the integer part of y, which goes into the exponent. A minimax polynomial does the rest.
INLINE reg exp2_fine(reg y) {
    y = clamp(y, 126.0f);
    const reg magic = splat_register(12582912.0f), shifted = y + magic, f = y - (shifted - magic);
    reg p = 1.534581243e-04f * f + 1.339993090e-03f;
    p = p * f + 9.618489072e-03f;
    p = p * f + 5.550328642e-02f;
    p = p * f + 2.402264625e-01f;
    p = p * f + 6.931471825e-01f;
    return (reg)((ireg)(p * f + 1.0f) + ((ireg)shifted << 23));
}

// 1 + 2^y with a relative error of at most 2e-7, for synapses. The kernel spends nearly all its time here. The result never exceeds 2^63, so that
// the product of two has a reciprocal. With y = n + j / STEPS + f, 2^(j / STEPS) is looked up in one or two registers. The table's exponents lack
// j / STEPS, so that adding the bits of n and j together makes 2^(n + j / STEPS). 2^f is a short polynomial; more steps make it shorter. Without a
// look-up there is one step. Several values go stage by stage, because a CPU does not look far enough ahead to hide the latency of each.
#define EACH for (int n = 0; n < N; n++)
template <int N>
INLINE void one_plus_exp2(reg (&y)[N]) {
    reg shifted[N], p[N];
    ireg power[N];
    EACH y[n] = clamp(y[n], 62.0f);
#if REGISTER == 16
    EACH shifted[n] = y[n] + 12582912.0f / 32;
    EACH y[n] = y[n] - (shifted[n] - 12582912.0f / 32);
    EACH power[n] = (ireg)_mm512_permutex2var_ps(_mm512_load_ps(POWERS.of_32), (__m512i)shifted[n], _mm512_load_ps(POWERS.of_32 + 16));
    EACH p[n] = 2.402265070e-01f * y[n] + 6.931573432e-01f;
    EACH power[n] += (ireg)shifted[n] << 18;
#elif REGISTER == 8
    EACH shifted[n] = y[n] + 12582912.0f / 8;
    EACH y[n] = y[n] - (shifted[n] - 12582912.0f / 8);
    EACH power[n] = (ireg)_mm256_permutevar8x32_ps(_mm256_load_ps(POWERS.of_8), (__m256i)shifted[n]);
    EACH p[n] = 5.550410866e-02f * y[n] + 2.402640780e-01f;
    EACH power[n] += (ireg)shifted[n] << 20;
    EACH p[n] = p[n] * y[n] + 6.931471806e-01f;
#else
    EACH shifted[n] = y[n] + 12582912.0f;
    EACH y[n] = y[n] - (shifted[n] - 12582912.0f);
    EACH power[n] = ((ireg)shifted[n] << 23) + (127 << 23);
    EACH p[n] = 1.326472731e-03f * y[n] + 9.671512991e-03f;
    EACH p[n] = p[n] * y[n] + 5.550733581e-02f;
    EACH p[n] = p[n] * y[n] + 2.402224243e-01f;
    EACH p[n] = p[n] * y[n] + 6.931470037e-01f;
#endif
    EACH p[n] = p[n] * y[n] + 1.0f;
    EACH y[n] = p[n] * (reg)power[n] + 1.0f;
}

// 1 / x by the CPU's estimate and one Newton step.
template <int N>
INLINE void inverse(reg (&x)[N]) {
#if REGISTER == 4
    EACH x[n] = 1.0f / x[n];
#else
    reg r[N];
#if REGISTER == 16
    EACH r[n] = (reg)_mm512_rcp14_ps((__m512)x[n]);
#else
    EACH r[n] = (reg)_mm256_rcp_ps((__m256)x[n]);
#endif
    EACH x[n] = 1.0f - x[n] * r[n];
    EACH x[n] = r[n] + r[n] * x[n];
#endif
}

// The sigmoids of N values that were multiplied by -log2(e). Two share a reciprocal: with r = 1 / (a b), 1 / a = b r and 1 / b = a r.
template <int N>
INLINE void sigmoids(reg (&y)[N]) {
    reg r[N / 2];
    one_plus_exp2(y);
    for (int n = 0; n < N / 2; n++) r[n] = y[n] * y[n + N / 2];
    inverse(r);
    for (int n = 0; n < N / 2; n++) {
        const reg first = y[n + N / 2] * r[n];
        y[n + N / 2] = y[n] * r[n];
        y[n] = first;
    }
}
#undef EACH

// Partial sums over the lanes of a, b, c and d, interleaved: [a b c d a b c d ...].
INLINE reg sum_lanes(reg a, reg b, reg c, reg d) {
#if REGISTER == 16
    const __m512 a_ = (__m512)a, b_ = (__m512)b, c_ = (__m512)c, d_ = (__m512)d;
    const __m512d ab = _mm512_castps_pd(_mm512_unpacklo_ps(a_, b_) + _mm512_unpackhi_ps(a_, b_));
    const __m512d cd = _mm512_castps_pd(_mm512_unpacklo_ps(c_, d_) + _mm512_unpackhi_ps(c_, d_));
    return (reg)_mm512_castpd_ps(_mm512_unpacklo_pd(ab, cd)) + (reg)_mm512_castpd_ps(_mm512_unpackhi_pd(ab, cd));
#elif REGISTER == 8
    const __m256 a_ = (__m256)a, b_ = (__m256)b, c_ = (__m256)c, d_ = (__m256)d;
    const __m256d ab = _mm256_castps_pd(_mm256_unpacklo_ps(a_, b_) + _mm256_unpackhi_ps(a_, b_));
    const __m256d cd = _mm256_castps_pd(_mm256_unpacklo_ps(c_, d_) + _mm256_unpackhi_ps(c_, d_));
    return (reg)_mm256_castpd_ps(_mm256_unpacklo_pd(ab, cd)) + (reg)_mm256_castpd_ps(_mm256_unpackhi_pd(ab, cd));
#else
    return reg{(a[0] + a[1]) + (a[2] + a[3]), (b[0] + b[1]) + (b[2] + b[3]), (c[0] + c[1]) + (c[2] + c[3]), (d[0] + d[1]) + (d[2] + d[3])};
#endif
}

// Four columns of REGISTER lines: to[c * stride + lane] = line[lane][c].
INLINE void columns(const float* const* line, float* to, int64_t stride) {
#if REGISTER == 4
    for (int lane = 0; lane < 4; lane++)
        for (int c = 0; c < 4; c++) to[c * stride + lane] = line[lane][c];
#else
    reg row[4];
    for (int j = 0; j < 4; j++) {
#if REGISTER == 16
        const __m512 first = _mm512_castps128_ps512(_mm_loadu_ps(line[j]));
        const __m512 second = _mm512_insertf32x4(first, _mm_loadu_ps(line[j + 4]), 1);
        row[j] = (reg)_mm512_insertf32x4(_mm512_insertf32x4(second, _mm_loadu_ps(line[j + 8]), 2), _mm_loadu_ps(line[j + 12]), 3);
#else
        row[j] = (reg)_mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(line[j])), _mm_loadu_ps(line[j + 4]), 1);
#endif
    }
#if REGISTER == 16
#define PAIRS(half, a, b) (reg) _mm512_unpack##half((__m512)(a), (__m512)(b))
#define QUADS(half, a, b) (reg) _mm512_unpack##half((__m512d)(a), (__m512d)(b))
#else
#define PAIRS(half, a, b) (reg) _mm256_unpack##half((__m256)(a), (__m256)(b))
#define QUADS(half, a, b) (reg) _mm256_unpack##half((__m256d)(a), (__m256d)(b))
#endif
    const reg low = PAIRS(lo_ps, row[0], row[1]), low_too = PAIRS(lo_ps, row[2], row[3]);
    const reg high = PAIRS(hi_ps, row[0], row[1]), high_too = PAIRS(hi_ps, row[2], row[3]);
    store_register(to, QUADS(lo_pd, low, low_too));
    store_register(to + stride, QUADS(hi_pd, low, low_too));
    store_register(to + 2 * stride, QUADS(lo_pd, high, high_too));
    store_register(to + 3 * stride, QUADS(hi_pd, high, high_too));
#undef PAIRS
#undef QUADS
#endif
}
