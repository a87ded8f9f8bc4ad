/*
 * The measured window of a load: it begins after the warm-up, and what was counted and what the
 * watched processes used is read at both of its edges. Prints one JSON object, as the other loads do.
 */
#ifndef BENCH_WINDOW_H
#define BENCH_WINDOW_H

#include "clock.h"
#include "counters.h"

struct window {
  double seconds, warmup;
  uint64_t from_ns, until_ns;
  int measuring;
  struct counters at_from;
  struct watch_reading before;
};

static void window_begin(struct window *w) {
  w->from_ns = clock_ns() + (uint64_t)(w->warmup * 1e9);
  w->until_ns = w->from_ns + (uint64_t)(w->seconds * 1e9);
}

/* Called each turn; 1 where the window is over. */
static int window_turn(struct window *w, const struct watch *watch, const struct counters *now) {
  uint64_t t = clock_ns();
  if (!w->measuring && t >= w->from_ns) {
    w->measuring = 1;
    w->before = watch_read(watch);
    w->at_from = *now;
    w->from_ns = t;
  }
  return w->measuring && t >= w->until_ns;
}

static void window_report(const struct window *w, const struct watch *watch,
                          const struct counters *now, const struct histogram *latency,
                          const char *first_error) {
  double elapsed = (double)(clock_ns() - w->from_ns) / 1e9;
  struct watch_reading after = watch_read(watch);
  printf("{\"seconds\":%.6f,", elapsed);
  print_counters(&w->at_from, now);
  print_reading(&w->before, &after);
  print_latency(latency);
  printf("\"firstError\":\"%s\"}\n", first_error);
  fflush(stdout);
}

#endif
