/*
 * A log-linear histogram of nanoseconds: 128 buckets per power of two, so that a quantile is read
 * with an error below 1 %, whatever its size.
 */
#ifndef BENCH_HISTOGRAM_H
#define BENCH_HISTOGRAM_H

#include <stdint.h>
#include <string.h>

#define HISTOGRAM_SUB_BITS 7
#define HISTOGRAM_BUCKETS (64 << HISTOGRAM_SUB_BITS)

struct histogram {
  uint64_t count;
  uint64_t sum;
  uint64_t max;
  uint64_t buckets[HISTOGRAM_BUCKETS];
};

static inline unsigned histogram_index(uint64_t v) {
  if (v < (2u << HISTOGRAM_SUB_BITS)) return (unsigned)v;
  unsigned shift = 63u - (unsigned)__builtin_clzll(v) - HISTOGRAM_SUB_BITS;
  return (shift << HISTOGRAM_SUB_BITS) + (unsigned)(v >> shift);
}

/* The upper edge of a bucket, so that a quantile is never reported too small. */
static inline uint64_t histogram_edge(unsigned index) {
  if (index < (2u << HISTOGRAM_SUB_BITS)) return index;
  unsigned shift = (index >> HISTOGRAM_SUB_BITS) - 1;
  uint64_t mantissa = index - ((uint64_t)shift << HISTOGRAM_SUB_BITS);
  return ((mantissa + 1) << shift) - 1;
}

static inline void histogram_add(struct histogram *h, uint64_t v) {
  h->count++;
  h->sum += v;
  if (v > h->max) h->max = v;
  h->buckets[histogram_index(v)]++;
}

/* The smallest edge that at least `share` (0 to 1) of the values do not exceed; 0 when empty. */
static inline uint64_t histogram_quantile(const struct histogram *h, double share) {
  uint64_t wanted = (uint64_t)(share * (double)h->count + 0.999999);
  uint64_t seen = 0;
  for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
    seen += h->buckets[i];
    if (seen >= wanted && seen > 0) {
      uint64_t edge = histogram_edge(i);
      return edge < h->max ? edge : h->max;
    }
  }
  return 0;
}

#endif
