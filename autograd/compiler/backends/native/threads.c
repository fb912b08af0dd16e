/* A few threads that wait for work and share it: one pool for all programs of a process.

   `parallel` runs task(context, 0), ..., task(context, count - 1) and returns when all are done.
   Which thread runs which number changes nothing that is computed. */
#include <stdint.h>

typedef void (*Task)(void *context, int64_t number);

#ifdef _WIN32

void parallel(Task task, void *context, int64_t count) {
    for (int64_t k = 0; k < count; k++) task(context, k);
}

#else

#include <pthread.h>
#include <sched.h>
#include <unistd.h>

enum { MOST = 256, SPINS = 4000 };

static pthread_mutex_t busy = PTHREAD_MUTEX_INITIALIZER; /* one job at a time */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of what follows */
static pthread_cond_t wake = PTHREAD_COND_INITIALIZER;
static Task job;
static void *job_context;
static int64_t job_count, next, unfinished;
static uint64_t jobs; /* how many there have been */
static int64_t threads;
static pid_t owner; /* a fork has no threads but its own */

static void work(void) {
    int64_t k;
    while ((k = __atomic_fetch_add(&next, 1, __ATOMIC_ACQ_REL)) < job_count) {
        job(job_context, k);
        __atomic_fetch_sub(&unfinished, 1, __ATOMIC_ACQ_REL);
    }
}

static void pause_a_little(int spins) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
    if (spins % 64 == 63) sched_yield();
}

static int64_t working; /* threads that may still look at the job */

static void *thread(void *nothing) {
    uint64_t seen = 0;
    for (;;) {
        for (int k = 0; k < SPINS && __atomic_load_n(&jobs, __ATOMIC_ACQUIRE) == seen; k++) pause_a_little(k);
        pthread_mutex_lock(&lock);
        while (jobs == seen) pthread_cond_wait(&wake, &lock);
        seen = jobs;
        int64_t some = unfinished > 0;
        __atomic_fetch_add(&working, some, __ATOMIC_ACQ_REL); /* others take theirs away without the lock */
        pthread_mutex_unlock(&lock);
        if (some) {
            work();
            __atomic_fetch_sub(&working, 1, __ATOMIC_ACQ_REL);
        }
    }
    return nothing;
}

/* Threads for so many shares, beside the one that calls; fewer where the system has no more. */
static void start(int64_t count) {
    if (owner != getpid()) {
        owner = getpid();
        threads = working = 0;
        pthread_mutex_init(&lock, 0);
        pthread_cond_init(&wake, 0);
    }
    while (threads < count - 1 && threads < MOST) {
        pthread_t made;
        pthread_attr_t detached;
        pthread_attr_init(&detached);
        pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
        int failed = pthread_create(&made, &detached, thread, 0);
        pthread_attr_destroy(&detached);
        if (failed) return;
        threads++;
    }
}

void parallel(Task task, void *context, int64_t count) {
    if (count < 2 || pthread_mutex_trylock(&busy)) { /* alone, or another program is running */
        for (int64_t k = 0; k < count; k++) task(context, k);
        return;
    }
    start(count);
    pthread_mutex_lock(&lock);
    job = task, job_context = context, job_count = count, next = 0, unfinished = count;
    __atomic_fetch_add(&jobs, 1, __ATOMIC_ACQ_REL);
    pthread_cond_broadcast(&wake);
    pthread_mutex_unlock(&lock);
    work();
    for (int k = 0; __atomic_load_n(&unfinished, __ATOMIC_ACQUIRE) > 0; k++) pause_a_little(k);
    /* No thread may come to the next job with the numbers of this one. */
    pthread_mutex_lock(&lock);
    job_count = 0;
    pthread_mutex_unlock(&lock);
    for (int k = 0; __atomic_load_n(&working, __ATOMIC_ACQUIRE) > 0; k++) pause_a_little(k);
    pthread_mutex_unlock(&busy);
}

#endif
