/* What a run of the load generator counts, and how it is printed. */
#ifndef BENCH_COUNTERS_H
#define BENCH_COUNTERS_H

#include <stdint.h>
#include <stdio.h>

#include "histogram.h"
#include "watch.h"

struct counters {
  uint64_t answered;
  /* Requests that failed: connections refused, reset or ended within an answer. */
  uint64_t errors;
  /* Answers with another status or length than expected. */
  uint64_t wrong;
  /* Keep-alive connections that the peer ended between two requests. */
  uint64_t reconnects;
  uint64_t bytes;
};

static void print_number(const char *name, uint64_t value) {
  printf("\"%s\":%llu,", name, (unsigned long long)value);
}

/* `errors` of the warm-up are those counted until `from`. */
static void print_counters(const struct counters *from, const struct counters *to) {
  print_number("answered", to->answered - from->answered);
  print_number("errors", to->errors - from->errors);
  print_number("wrong", to->wrong - from->wrong);
  print_number("reconnects", to->reconnects - from->reconnects);
  print_number("bytes", to->bytes - from->bytes);
  print_number("warmupErrors", from->errors + from->wrong);
  print_number("answeredInAll", to->answered);
}

static void print_reading(const struct watch_reading *from, const struct watch_reading *to) {
  print_number("cpuNs", to->cpu_ns - from->cpu_ns);
  print_number("userTicks", to->user_ticks - from->user_ticks);
  print_number("systemTicks", to->system_ticks - from->system_ticks);
  print_number("busyTicks", to->busy_ticks - from->busy_ticks);
  print_number("stealTicks", to->steal_ticks - from->steal_ticks);
}

static void print_latency(const struct histogram *h) {
  static const struct { const char *name; double share; } quantiles[] = {
      {"p50Us", 0.5}, {"p90Us", 0.9}, {"p99Us", 0.99}, {"p999Us", 0.999}, {"maxUs", 1}};
  for (unsigned i = 0; i < sizeof quantiles / sizeof quantiles[0]; i++) {
    printf("\"%s\":%.2f,", quantiles[i].name, (double)histogram_quantile(h, quantiles[i].share) / 1e3);
  }
}

#endif
