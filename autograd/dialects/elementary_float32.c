/* Elementary functions of a vector of floats, within 2 units in the last place (ulp) on their whole
   range: denormals, infinities and nan included, with and without fused multiply-adds.

   Each section is named by the line above it. A program gets the sections that it uses, and those
   that they use. What stands before them: `number`, `integer`, `vector`, `mask`, `splat`, `choose`.

   How the coefficients were made: minimax fits in 50 digits by Remez's exchange algorithm (J.-M.
   Muller, Elementary Functions, 3rd edition 2016, chapter 3) of the relative error of the whole
   function. They are rounded one after another from the lowest power, the rest fitted again each
   time. The error of a fit is given at its list, as a part of the function's value; an ulp is
   between 2^-24 and 2^-23 of it. Lists begin with the highest power. */

// == magnitude_ ==
// |x|: all bits but the sign.
static inline vector magnitude_(vector x) { return (vector)((mask)x & 0x7fffffff); }

// == signed_ ==
// y >= 0 with the sign of x.
static inline vector signed_(vector y, vector x) {
    return (vector)((mask)y | ((mask)x & ~0x7fffffff));
}

// == polynomial_ ==
// c[0] x^(n-1) + ... + c[n-1], by Horner's rule.
static inline vector polynomial_(vector x, int n, const float *c) {
    vector y = splat(c[0]);
    for (int i = 1; i < n; i++) y = y * x + c[i];
    return y;
}

// == bits_ ==
// Integers without a sign: these wrap around.
typedef uint32_t bits_ __attribute__((vector_size(sizeof(vector))));

// == exp_ ==
// e^x = 2^n e^r with n the integer nearest to x / log 2, so that |r| <= log(2) / 2 (W. J. Cody and
// W. Waite, Software Manual for the Elementary Functions, 1980, chapter 6). n log 2 is subtracted
// in two parts, the first so short that its product with n is exact.
static inline vector exp_(vector x) {
    static const float c[] = {1.386217e-03f, 8.371072e-03f, 4.166789e-02f, 1.66665e-01f,
                              4.9999994e-01f};
    x = choose(x > 89, splat(89), x);  // e^89 is inf, e^-104 is 0
    x = choose(x < -104, splat(-104), x);
    vector t = x * 1.442695041f + 12582912;  // 1.5 * 2^23: a last bit of 1
    vector n = t - 12582912;
    vector high = x - n * 0.693145752f, low = n * 1.42860677e-6f, r = high - low;
    vector y = r * r * polynomial_(r, 5, c) - low + high + 1;  // 2^-28
    // times 2^n in two steps, of which only the last may round (to a denormal) or overflow
    mask twice = (mask)t - (0x4b400000 - 254), half = twice >> 1;
    return y * (vector)(half << 23) * (vector)((twice - half) << 23);
}

// == log1p_tail_ ==
// log(1 + f) - f for 1 + f between 1/sqrt(2) and sqrt(2), as -f^2/2 + f^3 P(f).
static inline vector log1p_tail_(vector f) {
    static const float c[] = {-7.6430775e-02f, 1.2766927e-01f, -1.31595e-01f, 1.4200947e-01f,
                              -1.6623335e-01f, 2.0001261e-01f, -2.5000823e-01f, 3.333333e-01f};
    vector square = f * f;
    return square * f * polynomial_(f, 8, c) - square * 0.5f;  // 2^-27
}

// == log_ ==
// log x = n log 2 + log(1 + f) where x = 2^n (1 + f), 1/sqrt(2) <= 1 + f < sqrt(2) (Cody and Waite,
// chapter 5). n and f are read from the bits: 0x3f3504f3 are those of 1/sqrt(2).
static inline vector log_(vector x) {
    mask denormal = x < 0x1p-126f;
    bits_ bits = (bits_)choose(denormal, x * 0x1p23f, x) - 0x3f3504f3;
    vector n = __builtin_convertvector((mask)bits >> 23, vector);
    n -= choose(denormal, splat(23), splat(0));
    vector f = (vector)((bits & 0x7fffff) + 0x3f3504f3) - 1;
    vector y = log1p_tail_(f) + n * 1.42860677e-6f + f + n * 0.693145752f;
    vector edge = choose(x == 0, splat(-INFINITY), splat(NAN));
    return choose(x < INFINITY, choose(x > 0, y, edge), x);
}

// == tanh_near_ ==
// tanh x = x + x^3 P(x^2) for |x| <= 0.6.
static inline vector tanh_near_(vector x) {
    static const float c[] = {-5.8980165e-03f, 2.0798653e-02f, -5.378472e-02f, 1.3331936e-01f,
                              -3.33333e-01f};
    vector square = x * x;
    return x + x * square * polynomial_(square, 5, c);  // 2^-28
}

// == erf_near_ ==
// erf x = x + x P(x^2) for |x| <= 1.
static inline vector erf_near_(vector x) {
    static const float c[] = {7.806903e-05f, -7.997853e-04f, 5.187162e-03f, -2.6853347e-02f,
                              1.1283579e-01f, -3.7612626e-01f, 1.2837917e-01f};
    return x + x * polynomial_(x * x, 7, c);  // 2^-29
}

// == erfc_far_ ==
// 1 - erf x = e^-G(x) for x >= 1, so closely as erf x needs; erf 4 is 1.
static inline vector erfc_far_(vector x) {
    static const float c[] = {-1.8636172e-04f, 2.9475424e-03f, -2.1837749e-02f, 1.031063e-01f,
                              6.381452e-01f, 1.127089e+00f, 3.415543e-04f};
    return exp_(-polynomial_(choose(x > 4, splat(4), x), 7, c));  // 2^-29 of erf x
}

// == halves_ ==
// A vector of floats is two vectors of doubles.
typedef float half_ __attribute__((vector_size(sizeof(vector) / 2)));
typedef double wide_ __attribute__((vector_size(sizeof(vector))));
typedef int64_t wide_mask_ __attribute__((vector_size(sizeof(vector))));
typedef uint64_t wide_bits_ __attribute__((vector_size(sizeof(vector))));
typedef union { vector whole; half_ part[2]; } halves_;
static inline wide_ widen_(half_ x) { return __builtin_convertvector(x, wide_); }
static inline half_ narrow_(wide_ x) { return __builtin_convertvector(x, half_); }
static inline wide_ wide_choose_(wide_mask_ m, wide_ a, wide_ b) {
    return (wide_)(((wide_mask_)a & m) | ((wide_mask_)b & ~m));
}

// == wide_polynomial_ ==
// c[0] x^(n-1) + ... + c[n-1], by Horner's rule.
static inline wide_ wide_polynomial_(wide_ x, int n, const double *c) {
    wide_ y = (wide_){} + c[0];
    for (int i = 1; i < n; i++) y = y * x + c[i];
    return y;
}

// == wide_sine_ ==
// sin(x + q pi/2), |x| <= 2^19, in double precision: x = n pi/2 + r with |r| <= pi/4, where n pi/2
// is subtracted in two parts, the first so short that its product with n is exact. Even n + q take
// sin r, odd ones cos r; every other pair is negative (Cody and Waite, chapter 8).
static inline wide_ wide_sine_(wide_ x, int q) {
    static const double s[] = {-1.951518957343251e-04, 8.332160118555764e-03,
                               -1.6666654602294523e-01};
    static const double c[] = {2.4433107688621798e-05, -1.3887315851023427e-03,
                               4.166664567498131e-02};
    wide_ t = x * 0.6366197723675814 + 6755399441055744;  // 1.5 * 2^52: a last bit of 1
    wide_ n = t - 6755399441055744;
    wide_ r = x - n * 1.5707963267341256 - n * 6.077100506506192e-11, z = r * r;
    wide_mask_ turn = (wide_mask_)t + q;
    wide_ sine = r + r * z * wide_polynomial_(z, 3, s);              // 2^-28
    wide_ cosine = 1 - z * 0.5 + z * z * wide_polynomial_(z, 3, c);  // 2^-33
    wide_ y = wide_choose_(-(turn & 1), cosine, sine);
    return (wide_)((wide_mask_)y ^ ((turn & 2) << 62));
}

// == sine_ ==
// sin(x + q pi/2), |x| <= 2^19.
static inline vector sine_(vector x, int q) {
    halves_ y = {x};
    for (int i = 0; i < 2; i++) y.part[i] = narrow_(wide_sine_(widen_(y.part[i]), q));
    return y.whole;
}

// == wide_power_ ==
// x^n = 2^(n log2 x) for 0 < x < inf, in double precision, which has the 8 bits to spare that an
// exponent up to 150 takes. log2 x = k + 2/log(2) atanh(s), s = f / (2 + f), where x = 2^k (1 + f),
// 1/sqrt(2) <= 1 + f < sqrt(2) (fdlibm, e_log.c). k and f are read from the bits:
// 0x3fe6a09e667f3bcd are those of 1/sqrt(2), and 0x433... those of 2^52, whose last bit counts 1.
static inline wide_ wide_power_(wide_ x, wide_ n) {
    static const double l[] = {3.407489940540198e-01, 4.116717451294736e-01, 5.770836003392524e-01,
                               9.617966732662727e-01, 2.885390081790142e+00};
    static const double e[] = {1.5195799508919851e-05, 1.5466755917495616e-04,
                               1.3333935762775487e-03, 9.618038110330553e-03,
                               5.5504103651059566e-02, 2.4022651066651177e-01,
                               6.931471807047358e-01};
    wide_bits_ bits = (wide_bits_)x + (0x3ff0000000000000 - 0x3fe6a09e667f3bcd);
    wide_ k = (wide_)((bits >> 52) | 0x4330000000000000) - (0x1p52 + 1023);
    wide_ f = (wide_)((bits & 0xfffffffffffff) + 0x3fe6a09e667f3bcd) - 1, s = f / (f + 2);
    wide_ p = n * (k + s * wide_polynomial_(s * s, 5, l));  // 2^-38
    p = wide_choose_(p > 200, (wide_){} + 200, p);
    p = wide_choose_(p < -200, (wide_){} - 200, p);
    wide_ t = p + 6755399441055744, r = p - (t - 6755399441055744);  // 1.5 * 2^52
    return (1 + r * wide_polynomial_(r, 7, e)) * (wide_)(((wide_mask_)t + 1023) << 52);  // 2^-34
}

// == whole_ ==
// Whether n is a whole number: all floats from 2^23 are.
static inline mask whole_(vector n) {
    vector size = magnitude_(n);
    return (size >= 0x1p23f) | (size + 0x1p23f - 0x1p23f == size);
}

// == pow_ ==
// |x|^n, and its edges: 0 and inf, nan, what is 1 whatever the other one is; a negative x has whole
// powers only, of which the odd ones are negative.
static inline vector pow_(vector x, vector n) {
    vector size = magnitude_(x);
    halves_ base = {size}, power = {n}, y;
    for (int i = 0; i < 2; i++)
        y.part[i] = narrow_(wide_power_(widen_(base.part[i]), widen_(power.part[i])));
    vector edge = choose((size == 0) == (n > 0), splat(0), splat(INFINITY));
    edge = choose((x == x) & (n == n), edge, splat(NAN));
    vector z = choose((size > 0) & (size < INFINITY), y.whole, edge);
    z = choose((size == 1) | (n == 0), splat(1), z);
    z = choose(whole_(n) & ~whole_(n * 0.5f), signed_(z, x), z);
    return choose((x < 0) & (size < INFINITY) & ~whole_(n), splat(NAN), z);
}
