/* Elementary functions of a vector of doubles, within 4 units in the last place (ulp) on their
   whole range. How the coefficients were made is told in elementary_float32.c; here an ulp is
   between 2^-53 and 2^-52 of the function's value. */

// == magnitude_ ==
// |x|: all bits but the sign.
static inline vector magnitude_(vector x) { return (vector)((mask)x & 0x7fffffffffffffff); }

// == signed_ ==
// y >= 0 with the sign of x.
static inline vector signed_(vector y, vector x) {
    return (vector)((mask)y | ((mask)x & ~0x7fffffffffffffff));
}

// == polynomial_ ==
// c[0] x^(n-1) + ... + c[n-1], by Horner's rule.
static inline vector polynomial_(vector x, int n, const double *c) {
    vector y = splat(c[0]);
    for (int i = 1; i < n; i++) y = y * x + c[i];
    return y;
}

// == bits_ ==
// Integers without a sign: these wrap around, and every processor can shift them.
typedef uint64_t bits_ __attribute__((vector_size(sizeof(vector))));

// == exp_ ==
// e^x = 2^n e^r with n the integer nearest to x / log 2, so that |r| <= log(2) / 2 (W. J. Cody and
// W. Waite, Software Manual for the Elementary Functions, 1980, chapter 6). n log 2 is subtracted
// in two parts, the first so short that its product with n is exact.
static inline vector exp_(vector x) {
    static const double c[] = {2.5013987126274438e-08, 2.76335933998904e-07,
                               2.7557562758157095e-06, 2.4801484301864073e-05,
                               1.984126950999132e-04, 1.3888888951479744e-03,
                               8.333333333504117e-03, 4.1666666666503344e-02,
                               1.666666666666638e-01, 5.000000000000013e-01};
    x = choose(x > 710, splat(710), x);  // e^710 is inf, e^-746 is 0
    x = choose(x < -746, splat(-746), x);
    vector t = x * 1.4426950408889634 + 6755399441055744;  // 1.5 * 2^52: a last bit of 1
    vector n = t - 6755399441055744;
    vector high = x - n * 0.6931471805592082, low = n * 7.371002565167799e-13, r = high - low;
    vector y = r * r * polynomial_(r, 10, c) - low + high + 1;  // 2^-57
    // times 2^n in two steps, of which only the last may round (to a denormal) or overflow
    bits_ twice = (bits_)t - (0x4338000000000000 - 2046), half = twice >> 1;
    return y * (vector)(half << 52) * (vector)((twice - half) << 52);
}

// == log1p_tail_ ==
// log(1 + f) - f for 1 + f between 1/sqrt(2) and sqrt(2). With s = f / (2 + f) the logarithm is
// 2 atanh(s) = 2s + s^3 R(s^2), where 2s = f - f^2/2 + s f^2/2 (fdlibm, e_log.c).
static inline vector log1p_tail_(vector f) {
    static const double c[] = {1.4798270652677972e-01, 1.53138312087884e-01,
                               1.8183572383394295e-01, 2.222219842859189e-01,
                               2.8571428743688876e-01, 3.9999999999409347e-01,
                               6.666666666666735e-01};
    vector s = f / (2 + f), z = s * s, half = f * f * 0.5;
    return s * (half + z * polynomial_(z, 7, c)) - half;  // 2^-59
}

// == log_ ==
// log x = n log 2 + log(1 + f) where x = 2^n (1 + f), 1/sqrt(2) <= 1 + f < sqrt(2) (Cody and Waite,
// chapter 5). n and f are read from the bits: 0x3fe6a09e667f3bcd are those of 1/sqrt(2), and
// 0x433... those of 2^52, whose last bit counts 1.
static inline vector log_(vector x) {
    mask denormal = x < 0x1p-1022;
    vector normal = choose(denormal, x * 0x1p52, x);
    bits_ bits = (bits_)normal + (0x3ff0000000000000 - 0x3fe6a09e667f3bcd);
    vector n = (vector)((bits >> 52) | 0x4330000000000000) - (0x1p52 + 1023);
    n -= choose(denormal, splat(52), splat(0));
    vector f = (vector)((bits & 0xfffffffffffff) + 0x3fe6a09e667f3bcd) - 1;
    vector y = log1p_tail_(f) + n * 7.371002565167799e-13 + f + n * 0.6931471805592082;
    vector edge = choose(x == 0, splat(-INFINITY), splat(NAN));
    return choose(x < INFINITY, choose(x > 0, y, edge), x);
}

// == tanh_near_ ==
// tanh x = x + x^3 P(x^2) for |x| <= 0.6.
static inline vector tanh_near_(vector x) {
    static const double c[] = {-1.7179389802003426e-05, 7.931547174683129e-05,
                               -2.3039830055022085e-04, 5.871892245145262e-04,
                               -1.4552156414171448e-03, 3.592037439998029e-03,
                               -8.863226785964847e-03, 2.1869488003309775e-02,
                               -5.396825394933421e-02, 1.3333333333299766e-01,
                               -3.3333333333333126e-01};
    vector square = x * x;
    return x + x * square * polynomial_(square, 11, c);  // 2^-57
}

// == erf_near_ ==
// erf x = x + x P(x^2) for |x| <= 1.
static inline vector erf_near_(vector x) {
    static const double c[] = {-7.884789062400403e-10, 1.3766591250352883e-08,
                               -1.6218813781860956e-07, 1.6448685703533953e-06,
                               -1.4924828268036175e-05, 1.2055298818147592e-04,
                               -8.548326064658168e-04, 5.223977607709902e-03,
                               -2.6866170643087234e-02, 1.1283791670942123e-01,
                               -3.761263890318341e-01, 1.2837916709551256e-01};
    return x + x * polynomial_(x * x, 12, c);  // 2^-56
}

// == erfc_far_ ==
// 1 - erf x = e^-G(x) for x >= 1, so closely as erf x needs; erf 6 is 1.
static inline vector erfc_far_(vector x) {
    static const double c[] = {-1.0496392047846507e-12, 4.7961560364885114e-11,
                               -1.0257275891258094e-09, 1.3627027889295048e-08,
                               -1.2570746538489735e-07, 8.505880522226145e-07,
                               -4.327100439822122e-06, 1.6514140578036636e-05,
                               -4.503795631727279e-05, 7.03680001669374e-05,
                               4.481989741130282e-05, -6.411688604856623e-04,
                               1.7689960627833244e-03, -2.804842521475649e-04,
                               -1.9078158918701238e-02, 1.0274725417707073e-01,
                               6.366284881860478e-01, 1.128377329424629e+00,
                               1.7960385353958807e-07};
    return exp_(-polynomial_(choose(x > 6, splat(6), x), 19, c));  // 2^-57 of erf x
}

// == sine_ ==
// sin(x + q pi/2), |x| <= 2^19: x = n pi/2 + r with |r| <= pi/4, where n pi/2 is subtracted in
// three parts, the first two so short that their products with n are exact. Even n + q take sin r,
// odd ones cos r; every other pair is negative (Cody and Waite, chapter 8).
static inline vector sine_(vector x, int q) {
    static const double s[] = {1.5895432983842625e-10, -2.5050734386117406e-08,
                               2.755731353850401e-06, -1.9841269829358517e-04,
                               8.33333333332184e-03, -1.666666666666663e-01};
    static const double c[] = {-1.1358732552530006e-11, 2.0875705111882864e-09,
                               -2.7557314215285084e-07, 2.480158728899746e-05,
                               -1.3888888888873338e-03, 4.1666666666666595e-02};
    vector t = x * 0.6366197723675814 + 6755399441055744;  // 1.5 * 2^52: a last bit of 1
    vector n = t - 6755399441055744;
    vector r = x - n * 1.5707963267341256 - n * 6.077100506303966e-11 - n * 2.0222662487959506e-21;
    vector z = r * r;
    vector sine = r + r * z * polynomial_(z, 6, s);                // 2^-58
    vector cosine = 1 - (z * 0.5 - z * z * polynomial_(z, 6, c));  // 2^-64
    mask turn = (mask)t + q;
    vector y = choose(-(turn & 1), cosine, sine);
    return (vector)((mask)y ^ ((turn & 2) << 62));
}

// == pow_ ==
// The C library's, lane by lane: a power needs 11 more digits of the logarithm than a double has.
static inline vector pow_(vector x, vector n) {
    for (int i = 0; i < LANES; i++) x[i] = pow(x[i], n[i]);
    return x;
}
