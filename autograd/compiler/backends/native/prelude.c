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
static inline number total(vector x) {
    number sum = 0;
    for (int lane = 0; lane < LANES; lane++) sum += x[lane];
    return sum;
}

typedef struct {
    const number *weights;       /* all parameters, one after the other */
    number *gradient;            /* the loss's derivative for each of them */
    number *shared;              /* what is computed from parameters alone, or from all samples */
    const number *const *inputs; /* (samples, numbers) for each argument */
    number *const *results;      /* (samples, numbers) for each result */
    vector *rows;                /* the tiles' numbers: rows[number][lane] */
    vector *sums;                /* of each share of the batch: sums over its samples */
    int64_t samples;
    int64_t shares;
    number seed;                 /* the adjoint of each sample's loss; 0: no reverse pass */
    number share;                /* 1 / samples */
} Call;

/* Samples as they come, one after the other, become rows with a lane for each sample; where a tile
   is not full, the last sample stands in. */
static void read_samples(vector *restrict rows, const number *restrict from, int size, int64_t first, int64_t samples) {
    for (int part = 0; part < PARTS; part++)
        for (int lane = 0; lane < LANES; lane++) {
            int64_t at = first + part * LANES + lane;
            const number *x = from + (at < samples ? at : samples - 1) * size;
            number *to = (number *)(rows + part) + lane;
            for (int k = 0; k < size; k++) to[k * (PARTS * LANES)] = x[k];
        }
}

/* A square of rows becomes columns: to[lane][k] = rows[k][lane], for PARTS vectors of samples. */
static inline void turn(number *restrict to, int step, const vector *restrict rows, int stride) {
    for (int part = 0; part < PARTS; part++)
        for (int lane = 0; lane < LANES; lane++)
            for (int k = 0; k < LANES; k++)
                to[(part * LANES + lane) * step + k] = ((const number *)(rows + k * stride + part))[lane];
}
