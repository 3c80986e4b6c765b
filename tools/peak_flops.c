// How many float32 operations a second the cores of this machine do at best: loops of multiply-add in registers, on every core at
// once. Prints GFLOP/s of the best trial by wall time and, for a machine that is busy, by the CPU time that the threads got, times the
// threads. Compiled twice by peak_flops.sh: as fma, and as a multiply and an add, which is what Mesa's CPU driver emits.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#ifdef __AVX512F__
enum { WIDTH = 16 };
#elif defined(__AVX__)
enum { WIDTH = 8 };
#else
enum { WIDTH = 4 };
#endif
enum { CHAINS = 12, ROUNDS = 10000000, TRIALS = 10 };

typedef float vec __attribute__((vector_size(WIDTH * sizeof(float))));

static volatile float factor = 0.999999f, term = 0.000001f; // not known when this is compiled
static volatile float sink;
static pthread_barrier_t together;
static double seconds[TRIALS];
static double fastest_cpu = 1e30;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static double now(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return t.tv_sec + 1e-9 * t.tv_nsec;
}

static void *work(void *is_first) {
  vec f = factor - (vec){0}, t = term - (vec){0}, x[CHAINS];
  for (int trial = 0; trial < TRIALS; trial++) {
    for (int c = 0; c < CHAINS; c++) x[c] = t * (float)c;
    pthread_barrier_wait(&together);
    double start = now(CLOCK_MONOTONIC), cpu_start = now(CLOCK_THREAD_CPUTIME_ID);
    for (int i = 0; i < ROUNDS; i++) {
#pragma GCC unroll 12
      for (int c = 0; c < CHAINS; c++) x[c] = x[c] * f + t;
    }
    double cpu = now(CLOCK_THREAD_CPUTIME_ID) - cpu_start;
    pthread_mutex_lock(&lock);
    if (cpu < fastest_cpu) fastest_cpu = cpu;
    pthread_mutex_unlock(&lock);
    pthread_barrier_wait(&together);
    if (is_first) seconds[trial] = now(CLOCK_MONOTONIC) - start;
    float sum = 0;
    for (int c = 0; c < CHAINS; c++) sum += x[c][0];
    sink = sum;
  }
  return NULL;
}

int main(int count, char **arguments) {
  long cores = count > 1 ? atol(arguments[1]) : sysconf(_SC_NPROCESSORS_ONLN);
  if (cores < 1 || cores > 4096) {
    fprintf(stderr, "peak_flops: the number of threads must be from 1 to 4096\n");
    return 2;
  }
  pthread_t *threads = malloc(cores * sizeof *threads);
  if (threads == NULL || pthread_barrier_init(&together, NULL, cores) != 0) {
    fprintf(stderr, "peak_flops: no memory for %ld threads\n", cores);
    return 1;
  }
  for (long i = 1; i < cores; i++) {
    if (pthread_create(&threads[i], NULL, work, NULL) != 0) {
      fprintf(stderr, "peak_flops: thread %ld of %ld does not start\n", i, cores);
      return 1;
    }
  }
  work(&together);
  for (long i = 1; i < cores; i++) pthread_join(threads[i], NULL);
  double best = seconds[0];
  for (int trial = 1; trial < TRIALS; trial++) {
    if (seconds[trial] < best) best = seconds[trial];
  }
  double gflop = 2.0 * WIDTH * CHAINS * ROUNDS * cores / 1e9;
  printf("%.1f %.1f %ld\n", gflop / best, gflop / fastest_cpu, cores);
  return 0;
}
