// Arithmetic on one SIMD register of REGISTER floats. Included once a register width.
//
// Do not compile with -ffast-math: it removes the rounding trick below and silently spoils gradients.

typedef float reg __attribute__((vector_size(4 * REGISTER), may_alias));
typedef int32_t ireg __attribute__((vector_size(4 * REGISTER), may_alias));

INLINE reg load_register(const float* from) { return *reinterpret_cast<const reg*>(from); }
INLINE void store_register(float* to, reg value) { *reinterpret_cast<reg*>(to) = value; }
INLINE reg splat_register(float value) { return reg{} + value; }

// y within -limit and limit; in this order, a NaN stays one.
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

// 2^y within 8e-8. The integer part of y comes from adding 1.5 * 2^23 and goes into the exponent; the rest by a minimax polynomial.
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

// 1 + 2^y within 2e-7, for synapses: nearly all the kernel's time. Never above 2^63, so that the product of two has a reciprocal.
// AVX-512 has instructions for the fraction and the exponent. Otherwise y = n + j / STEPS + f: 2^(j / STEPS) is looked up in one register,
// its exponent less j / STEPS so that adding the bits of n and j together makes 2^(n + j / STEPS); 2^f is a short polynomial.
INLINE reg one_plus_exp2(reg y) {
#if REGISTER == 16
    const __m512 bounded = _mm512_min_ps(_mm512_set1_ps(62.0f), (__m512)y);  // in this order, a NaN stays one
    const reg f = (reg)_mm512_reduce_ps(bounded, 0x09);
    reg p = 1.877576671e-03f * f + 8.989340340e-03f;
    p = p * f + 5.582631759e-02f;
    p = p * f + 2.401536173e-01f;
    p = p * f + 6.931530731e-01f;
    p = p * f + 9.999999251e-01f;
    return (reg)_mm512_scalef_ps((__m512)p, bounded) + 1.0f;
#elif REGISTER == 8
    y = clamp(y, 62.0f);
    const reg shifted = y + 12582912.0f / 8, f = y - (shifted - 12582912.0f / 8);
    const reg p = ((5.550410866e-02f * f + 2.402640780e-01f) * f + 6.931471806e-01f) * f + 1.0f;
    const ireg power = (ireg)_mm256_permutevar8x32_ps(_mm256_load_ps(POWERS.of), (__m256i)shifted);
    return p * (reg)(power + ((ireg)shifted << 20)) + 1.0f;
#else
    y = clamp(y, 62.0f);
    const reg shifted = y + 12582912.0f, f = y - (shifted - 12582912.0f);
    reg p = 1.326472731e-03f * f + 9.671512991e-03f;
    p = p * f + 5.550733581e-02f;
    p = p * f + 2.402224243e-01f;
    p = p * f + 6.931470037e-01f;
    p = p * f + 1.0f;
    return (reg)((ireg)p + ((ireg)shifted << 23)) + 1.0f;
#endif
}

// 1 / x: the CPU's estimate and one Newton step.
INLINE reg inverse(reg x) {
#if REGISTER == 16
    const reg r = (reg)_mm512_rcp14_ps((__m512)x);
    return r + r * (1.0f - x * r);
#elif REGISTER == 8
    const reg r = (reg)_mm256_rcp_ps((__m256)x);
    return r + r * (1.0f - x * r);
#else
    return 1.0f / x;
#endif
}

// Parts of the sums over the lanes of a, b, c and d, in turns: [a b c d a b c d ...].
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
