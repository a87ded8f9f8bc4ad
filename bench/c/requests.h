/*
 * The requests that the load generator sends, written out once before the run.
 *
 * Without a file of targets there is one request; with one (a line is "HOST PATH") there is one for
 * each line, sent in a scattered order so that neighbours in the file are not neighbours in time.
 */
#ifndef BENCH_REQUESTS_H
#define BENCH_REQUESTS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct request {
  char *head;
  size_t head_length;
};

struct requests {
  struct request *list;
  size_t count;
  size_t next;
  size_t stride;
};

/* What a browser sends besides, about 550 bytes. */
static const char BROWSER_FIELDS[] =
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8\r\n"
    "Accept-Encoding: gzip, deflate, br, zstd\r\n"
    "Accept-Language: en-GB,en;q=0.9,de;q=0.8\r\n"
    "Cache-Control: max-age=0\r\n"
    "Cookie: session=5f2b8c1de0a94b7f8e6d3c2a1b0f9e8d; theme=dark; consent=yes\r\n"
    "Referer: https://bench.example/catalogue/articles?page=2\r\n"
    "Sec-Fetch-Dest: document\r\n"
    "Sec-Fetch-Mode: navigate\r\n"
    "Sec-Fetch-Site: same-origin\r\n"
    "Upgrade-Insecure-Requests: 1\r\n";

struct request_shape {
  const char *path;
  size_t body_length;
  int closes;
  int browser;
};

static void requests_add(struct requests *r, const struct request_shape *s, const char *host,
                         const char *path) {
  char head[4096], length[64] = "";
  if (s->body_length > 0) snprintf(length, sizeof length, "Content-Length: %zu\r\n", s->body_length);
  int n = snprintf(head, sizeof head, "%s %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: bench/1\r\n%s%s%s\r\n",
                   s->body_length > 0 ? "POST" : "GET", path, host,
                   s->browser ? BROWSER_FIELDS : "Accept: */*\r\n", length,
                   s->closes ? "Connection: close\r\n" : "");
  r->list = realloc(r->list, (r->count + 1) * sizeof *r->list);
  r->list[r->count++] = (struct request){strdup(head), (size_t)n};
}

static size_t common_divisor(size_t a, size_t b) { return b == 0 ? a : common_divisor(b, a % b); }

/* Returns -1 where the file cannot be read or is empty. */
static int requests_build(struct requests *r, const struct request_shape *s, const char *file) {
  char host[256], path[1024];
  if (!file) {
    requests_add(r, s, "bench.example", s->path);
  } else {
    FILE *f = fopen(file, "r");
    if (!f) return -1;
    while (fscanf(f, "%255s %1023s", host, path) == 2) requests_add(r, s, host, path);
    fclose(f);
  }
  if (r->count == 0) return -1;
  r->stride = r->count * 618 / 1000 + 1;
  while (common_divisor(r->count, r->stride) != 1) r->stride++;
  return 0;
}

static inline const struct request *requests_next(struct requests *r) {
  const struct request *q = &r->list[r->next];
  r->next = (r->next + r->stride) % r->count;
  return q;
}

#endif
