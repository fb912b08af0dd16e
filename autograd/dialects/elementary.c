/* What reads alike in float and double, after elementary_float32.c or elementary_float64.c. */

// == sigmoid_ ==
// 1 / (1 + e^-x), for negative x as e^x / (1 + e^x), so that nothing overflows. What is lost when
// d = 1 + e is rounded comes back to first order: the derivative of y by d is -y / d, and 1 / d is
// 1 - y or y.
static inline vector sigmoid_(vector x) {
    vector e = exp_(-magnitude_(x));
    vector d = 1 + e, lost = e - (d - 1);
    vector y = choose(x < 0, e, splat(1)) / d;
    return y - y * lost * choose(x < 0, 1 - y, y);
}

// == softplus_ ==
// log(1 + e^x) = max(x, 0) + log(1 + e), e = e^-|x|; above sqrt(2), 1 + e = 2 (1 + (e - 1) / 2).
static inline vector softplus_(vector x) {
    vector e = exp_(-magnitude_(x));
    mask upper = e > (number)0.41421356237309503;
    vector f = choose(upper, (e - 1) / 2, e);
    vector y = log1p_tail_(f) + f + choose(upper, splat(0.6931471805599453), splat(0));
    return choose(x < 0, splat(0), x) + y;
}

// == tanh_ ==
// Far from 0 as 1 - 2 / (e^2|x| + 1) with the sign of x.
static inline vector tanh_(vector x) {
    vector size = magnitude_(x);
    vector far = 1 - 2 / (exp_(2 * size) + 1);
    return signed_(choose(size < (number)0.6, tanh_near_(size), far), x);
}

// == erf_ ==
static inline vector erf_(vector x) {
    vector size = magnitude_(x);
    return signed_(choose(size < 1, erf_near_(size), 1 - erfc_far_(size)), x);
}

// == far_ ==
// Lanes beyond the reach of sine_: they need more digits of pi, and are the C library's.
static inline mask far_(vector x) { return magnitude_(x) > 524288; }

// == any_ ==
static inline int any_(mask m) {
    integer some = 0;
    for (int i = 0; i < LANES; i++) some |= m[i];
    return some != 0;
}

// == sin_ ==
static inline vector sin_(vector x) {
    vector y = choose(x == 0, x, sine_(x, 0));  // -0.0 stays what it is
    mask far = far_(x);
    if (any_(far))
        for (int i = 0; i < LANES; i++)
            if (far[i]) y[i] = sin(x[i]);
    return y;
}

// == cos_ ==
static inline vector cos_(vector x) {
    vector y = sine_(x, 1);
    mask far = far_(x);
    if (any_(far))
        for (int i = 0; i < LANES; i++)
            if (far[i]) y[i] = cos(x[i]);
    return y;
}

// == floor_ ==
static inline vector floor_(vector x) {
    for (int i = 0; i < LANES; i++) x[i] = __builtin_floor(x[i]);
    return x;
}

// == ceil_ ==
static inline vector ceil_(vector x) {
    for (int i = 0; i < LANES; i++) x[i] = __builtin_ceil(x[i]);
    return x;
}

// == round_ ==
// Of two that are as near, the even one.
static inline vector round_(vector x) {
    for (int i = 0; i < LANES; i++) x[i] = __builtin_rint(x[i]);
    return x;
}

// == sqrt_ ==
// One instruction: the compiler makes it of the loop.
static inline vector sqrt_(vector x) {
    for (int i = 0; i < LANES; i++) x[i] = __builtin_sqrt(x[i]);
    return x;
}
