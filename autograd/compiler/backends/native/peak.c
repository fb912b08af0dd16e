/* How fast multiply-adds can be here: independent sums in registers, and nothing else. */
#include <stdint.h>

typedef float vector __attribute__((vector_size(LANES * sizeof(float))));

float work(int64_t rounds, float x) {
    vector a = x - (vector){0}, b = a * a;
    vector s0 = a, s1 = b, s2 = a, s3 = b, s4 = a, s5 = b, s6 = a, s7 = b, s8 = a, s9 = b;
    for (int64_t k = 0; k < rounds; k++) {
        s0 = s0 * a + b, s1 = s1 * a + b, s2 = s2 * a + b, s3 = s3 * a + b, s4 = s4 * a + b;
        s5 = s5 * a + b, s6 = s6 * a + b, s7 = s7 * a + b, s8 = s8 * a + b, s9 = s9 * a + b;
    }
    s0 += s1 + s2 + s3 + s4 + s5 + s6 + s7 + s8 + s9;
    float total = 0;
    for (int lane = 0; lane < LANES; lane++) total += s0[lane];
    return total;
}
