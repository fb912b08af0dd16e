typedef number vector __attribute__((vector_size(LANES * sizeof(number))));
typedef integer mask __attribute__((vector_size(LANES * sizeof(number))));

/* All lanes x (-0 too, which a sum with 0 would lose). */
static inline vector splat(number x) { return x - (vector){0}; }

/* Lane by lane a where the condition holds, else b: what is not chosen leaves nothing behind. */
static inline vector choose(mask m, vector a, vector b) {
    return (vector)(((mask)a & m) | ((mask)b & ~m));
}
static inline vector relu_(vector x) { return choose(x <= 0, splat(0), x); }
static inline vector abs_(vector x) { return choose(x < 0, -x, x + 0); }
/* The first of a tie stays; not a number beats every number. */
static inline vector maximum_(vector a, vector b) { return choose((b > a) | (b != b), b, a); }
static inline vector minimum_(vector a, vector b) { return choose((b < a) | (b != b), b, a); }

/* The place that a number names among so many entries, from the end if it is negative; -1 for none. */
static inline mask place_(vector i, integer length) {
    const mask whole = __builtin_convertvector(i, mask), at = whole + ((whole < 0) & length);
    const mask is = (__builtin_convertvector(whole, vector) == i) & (at >= 0) & (at < length);
    return (at & is) | ~is;
}

typedef struct {
    const number *weights;       /* all parameters, one after the other */
    number *gradient;            /* the loss's derivative for each of them */
    number *shared;              /* what is computed from parameters alone, or from all samples */
    const number *const *inputs; /* (samples, numbers) for each argument */
    number *const *results;      /* (samples, numbers) for each result */
    vector *rows;                /* of each share or tile: rows[number][lane] */
    vector *sums;                /* of each share: sums over its samples */
    double *seconds;             /* of each kernel, in a profile */
    int64_t samples;
    int64_t shares;
    int64_t nan;                 /* whether a loss or a derivative is not a number: after a reverse pass */
    number seed;                 /* the adjoint of each sample's loss; 0: no reverse pass */
    number part;                 /* 1 / samples */
} Call;

/* Samples as they come, one after the other, become rows with a lane for each sample; where a tile
   is not full, the last sample stands in. */
static void read_samples(vector *restrict rows, const number *restrict from, int size, int64_t first, int64_t samples) {
    for (int lane = 0; lane < LANES * PARTS; lane++) {
        const number *x = from + (first + lane < samples ? first + lane : samples - 1) * size;
        number *to = (number *)rows + lane;
        for (int k = 0; k < size; k++) to[k * (PARTS * LANES)] = x[k];
    }
}

/* Rows (those of a list, or all in order) become samples again. */
static void write_samples(number *restrict to, const vector *restrict rows, const int *of, int size, int64_t first, int64_t samples) {
    for (int lane = 0; lane < LANES * PARTS && first + lane < samples; lane++)
        for (int k = 0; k < size; k++)
            to[(first + lane) * size + k] = ((const number *)rows)[(of ? of[k] : k) * (PARTS * LANES) + lane];
}

/* The same numbers for every sample. */
static void write_numbers(number *restrict to, const number *restrict x, const int *of, int size, int64_t samples) {
    for (int64_t s = 0; s < samples; s++)
        for (int k = 0; k < size; k++) to[s * size + k] = x[of ? of[k] : k];
}

/* The same number for each sample, such as the adjoint of its loss; 0 for those that stand in. */
static void give_samples(vector *restrict rows, number x, int64_t first, int64_t samples) {
    for (int lane = 0; lane < LANES * PARTS; lane++) ((number *)rows)[lane] = first + lane < samples ? x : 0;
}

/* to += the sums of all shares, share by share, lane by lane; the sums start again at 0. */
static void add_lanes(number *restrict to, vector *restrict sums, int size, int64_t shares) {
    for (int64_t s = 0; s < shares; s++, sums += SUMS)
        for (int k = 0; k < size; k++) {
            for (int lane = 0; lane < LANES; lane++) to[k] += sums[k][lane];
            sums[k] = splat(0);
        }
}
/* The same of sums that are a number each; the first share added its own at once. */
static void add_numbers(number *restrict to, vector *restrict sums, int size, int64_t shares) {
    sums += SUMS;
    for (int64_t s = 1; s < shares; s++, sums += SUMS)
        for (int k = 0; k < size; k++) {
            to[k] += ((number *)sums)[k];
            ((number *)sums)[k] = 0;
        }
}

static int64_t has_nan(const number *x, int64_t count) {
    integer found = 0;
    for (int64_t k = 0; k < count; k++) found |= x[k] != x[k];
    return found;
}

/* A square of rows becomes columns: to[lane][k] = rows[k][lane], for PARTS vectors of samples. */
static inline void turn(number *restrict to, int step, const vector *restrict rows, int stride) {
    for (int lane = 0; lane < LANES * PARTS; lane++)
        for (int k = 0; k < LANES; k++) to[lane * step + k] = ((const number *)(rows + k * stride))[lane];
}
