/*
 * The receiving half of an HTTP/1.1 client, as much as is needed to know that an answer is whole:
 * its status, and the length of its body by Content-Length, chunked framing or end of connection.
 */
#ifndef BENCH_ANSWER_H
#define BENCH_ANSWER_H

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ANSWER_HEAD_MAX 4096

enum answer_result { ANSWER_MORE, ANSWER_DONE, ANSWER_BAD };
enum answer_phase { IN_HEAD, IN_LENGTH, IN_UNTIL_CLOSE, IN_CHUNK_SIZE, IN_CHUNK_EXTENSION,
                    IN_CHUNK_DATA, IN_CHUNK_END, IN_TRAILER, FINISHED };

struct answer {
  enum answer_phase phase;
  int status;
  int closes;
  /* Bytes left of the body or of the chunk. */
  long long left;
  long long body;
  int line_length;
  int digits;
  size_t head_length;
  char head[ANSWER_HEAD_MAX];
};

static inline void answer_reset(struct answer *a) {
  a->phase = IN_HEAD;
  a->status = 0;
  a->closes = 0;
  a->left = 0;
  a->body = 0;
  a->line_length = 0;
  a->digits = 0;
  a->head_length = 0;
}

/* Reads a whole head of `n` bytes, the empty line included. */
static int answer_parse_head(struct answer *a, const char *p, size_t n) {
  if (n < 16 || memcmp(p, "HTTP/1.", 7) != 0) return -1;
  a->status = atoi(p + 9);
  long long length = -1;
  int chunked = 0;
  const char *end = p + n;
  const char *line = memchr(p, '\n', n);
  while (line && ++line < end) {
    char first = (char)(*line | 0x20);
    if (first == 'c' && strncasecmp(line, "content-length:", 15) == 0) length = atoll(line + 15);
    else if (first == 'c' && strncasecmp(line, "connection: close", 17) == 0) a->closes = 1;
    else if (first == 't' && strncasecmp(line, "transfer-encoding:", 18) == 0) chunked = 1;
    line = memchr(line, '\n', (size_t)(end - line));
  }
  if (a->status < 200) {
    int status = a->status;
    answer_reset(a);
    return status >= 100 && status != 101 ? 0 : -1;
  }
  a->left = length;
  if (chunked) { a->phase = IN_CHUNK_SIZE; a->left = 0; }
  else if (length > 0) a->phase = IN_LENGTH;
  else if (length == 0 || a->status == 204 || a->status == 304) a->phase = FINISHED;
  else a->phase = IN_UNTIL_CLOSE;
  return 0;
}

/* Takes head bytes; returns how many were used, or -1. */
static long answer_feed_head(struct answer *a, const char *p, size_t n) {
  if (a->head_length == 0) {
    const char *end = memmem(p, n, "\r\n\r\n", 4);
    if (end) {
      long used = end - p + 4;
      return answer_parse_head(a, p, (size_t)used) < 0 ? -1 : used;
    }
  }
  size_t before = a->head_length;
  size_t take = n < ANSWER_HEAD_MAX - before ? n : ANSWER_HEAD_MAX - before;
  memcpy(a->head + before, p, take);
  a->head_length += take;
  const char *end = memmem(a->head, a->head_length, "\r\n\r\n", 4);
  if (!end) return a->head_length == ANSWER_HEAD_MAX ? -1 : (long)take;
  size_t whole = (size_t)(end - a->head) + 4;
  return answer_parse_head(a, a->head, whole) < 0 ? -1 : (long)(whole - before);
}

static inline int answer_hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = (char)(c | 0x20);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One byte of chunked framing outside the data. */
static int answer_chunk_byte(struct answer *a, char c) {
  switch (a->phase) {
    case IN_CHUNK_SIZE: {
      int digit = answer_hex(c);
      if (digit >= 0 && a->digits < 15) { a->left = a->left * 16 + digit; a->digits++; return 0; }
      if (a->digits == 0) return -1;
      if (c == '\n') { a->phase = a->left > 0 ? IN_CHUNK_DATA : IN_TRAILER; a->line_length = 0; return 0; }
      if (c == '\r' || c == ';' || c == ' ') { a->phase = IN_CHUNK_EXTENSION; return 0; }
      return -1;
    }
    case IN_CHUNK_EXTENSION:
      if (c == '\n') { a->phase = a->left > 0 ? IN_CHUNK_DATA : IN_TRAILER; a->line_length = 0; }
      return 0;
    case IN_CHUNK_END:
      if (c == '\r') return 0;
      if (c != '\n') return -1;
      a->phase = IN_CHUNK_SIZE;
      a->left = 0;
      a->digits = 0;
      return 0;
    case IN_TRAILER:
      if (c == '\r') return 0;
      if (c != '\n') { a->line_length++; return 0; }
      if (a->line_length == 0) a->phase = FINISHED;
      a->line_length = 0;
      return 0;
    default:
      return -1;
  }
}

/* Takes what arrived. Bytes past the end of the answer are an error: nothing was asked for them. */
static enum answer_result answer_feed(struct answer *a, const char *p, size_t n) {
  while (n > 0) {
    long used = 1;
    if (a->phase == IN_HEAD) {
      used = answer_feed_head(a, p, n);
      if (used < 0) return ANSWER_BAD;
    } else if (a->phase == IN_UNTIL_CLOSE) {
      a->body += (long long)n;
      used = (long)n;
    } else if (a->phase == IN_LENGTH || a->phase == IN_CHUNK_DATA) {
      used = (long long)n < a->left ? (long)n : (long)a->left;
      a->body += used;
      a->left -= used;
      if (a->left == 0) a->phase = a->phase == IN_LENGTH ? FINISHED : IN_CHUNK_END;
    } else if (a->phase == FINISHED || answer_chunk_byte(a, *p) < 0) {
      return ANSWER_BAD;
    }
    p += used;
    n -= (size_t)used;
  }
  return a->phase == FINISHED ? ANSWER_DONE : ANSWER_MORE;
}

#endif
