/*
 * The servers behind the balancer: one process, any number of ports, as cheap as can be.
 *
 *   origin COUNT      listens on COUNT free ports, prints "ports A B ...", serves until killed
 *
 * The last segment of the path decides: /64k answers 64 KiB with a Content-Length, /chunked the
 * same in 16 chunks, /upload takes a body and answers small, anything else answers 52 bytes.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "listener.h"

#define EVENTS 256
#define PORTS_MAX 64
#define HEAD_MAX 8192
#define BULK 65536
#define CHUNKS 16
#define SMALL "fifty-two bytes of text, which is a small answer ...."

struct text {
  size_t length;
  char bytes[BULK + 4096];
};

struct connection {
  int fd;
  int closes;
  int writing;
  /* Bytes of the request's body that are still to come. */
  long long body_left;
  const struct text *answer;
  size_t sent;
  size_t held;
  char *hold;
};

static struct text small, bulk, chunked;
static char input[BULK];

static void add(struct text *t, const void *bytes, size_t n) {
  memcpy(t->bytes + t->length, bytes, n);
  t->length += n;
}

static void add_head(struct text *t, const char *framing) {
  char head[512];
  int n = snprintf(head, sizeof head,
                   "HTTP/1.1 200 OK\r\nServer: origin\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\n"
                   "Content-Type: text/plain\r\n%s\r\n\r\n", framing);
  add(t, head, (size_t)n);
}

static void build_answers(void) {
  static char filler[BULK];
  char line[32];
  memset(filler, 'x', sizeof filler);
  add_head(&small, "Content-Length: 52");
  add(&small, SMALL, 52);
  add_head(&bulk, "Content-Length: 65536");
  add(&bulk, filler, BULK);
  add_head(&chunked, "Transfer-Encoding: chunked");
  for (int i = 0; i < CHUNKS; i++) {
    add(&chunked, line, (size_t)snprintf(line, sizeof line, "%x\r\n", BULK / CHUNKS));
    add(&chunked, filler, BULK / CHUNKS);
    add(&chunked, "\r\n", 2);
  }
  add(&chunked, "0\r\n\r\n", 5);
}

static void drop(struct connection *c) {
  close(c->fd);
  free(c->hold);
  free(c);
}

static const struct text *answer_for(const char *head, size_t n) {
  const char *end = memmem(head, n, " HTTP/", 6);
  if (!end) return NULL;
  if (end - head >= 4 && memcmp(end - 4, "/64k", 4) == 0) return &bulk;
  if (end - head >= 8 && memcmp(end - 8, "/chunked", 8) == 0) return &chunked;
  return &small;
}

/* Reads a whole head; returns -1 where the request is not one that this server knows. */
static int take_head(struct connection *c, const char *head, size_t n) {
  const char *end = head + n;
  const char *line = memchr(head, '\n', n);
  c->answer = answer_for(head, n);
  if (!c->answer || !line) return -1;
  c->closes = line - head > 10 && memcmp(line - 9, "HTTP/1.0", 8) == 0;
  c->body_left = 0;
  while (++line < end) {
    char first = (char)(*line | 0x20);
    if (first == 'c' && strncasecmp(line, "content-length:", 15) == 0) c->body_left = atoll(line + 15);
    else if (first == 'c' && strncasecmp(line, "connection: close", 17) == 0) c->closes = 1;
    else if (first == 't' && strncasecmp(line, "transfer-encoding:", 18) == 0) return -1;
    line = memchr(line, '\n', (size_t)(end - line));
    if (!line) break;
  }
  c->sent = 0;
  c->writing = 1;
  return 0;
}

/* Sends what the socket takes; returns -1 where the connection is over. */
static int write_answer(struct connection *c) {
  while (c->sent < c->answer->length) {
    ssize_t n = send(c->fd, c->answer->bytes + c->sent, c->answer->length - c->sent, MSG_NOSIGNAL);
    if (n < 0) return errno == EAGAIN ? 0 : -1;
    c->sent += (size_t)n;
  }
  c->writing = 0;
  return c->closes ? -1 : 0;
}

static int hold(struct connection *c, const char *bytes, size_t n) {
  if (!c->hold) c->hold = malloc(HEAD_MAX);
  if (c->held + n > HEAD_MAX) return -1;
  memcpy(c->hold + c->held, bytes, n);
  c->held += n;
  return 0;
}

/* Bytes that came while no request was under way. */
static int take_bytes(struct connection *c, const char *bytes, size_t n) {
  if (c->held > 0) {
    if (hold(c, bytes, n) < 0) return -1;
    bytes = c->hold;
    n = c->held;
  }
  const char *end = memmem(bytes, n, "\r\n\r\n", 4);
  if (!end) return c->held > 0 ? 0 : hold(c, bytes, n);
  size_t head = (size_t)(end - bytes) + 4;
  if (take_head(c, bytes, head) < 0) return -1;
  c->held = 0;
  c->body_left -= (long long)(n - head);
  if (c->body_left < 0) return -1;
  return c->body_left > 0 ? 0 : write_answer(c);
}

/* MSG_TRUNC throws the bytes of a body away without copying them. */
static int take_body(struct connection *c) {
  while (c->body_left > 0) {
    ssize_t n = recv(c->fd, input, (size_t)c->body_left, MSG_TRUNC);
    if (n < 0) return errno == EAGAIN ? 0 : -1;
    if (n == 0) return -1;
    c->body_left -= n;
  }
  return write_answer(c);
}

/* Returns -1 where the connection is over. */
static int serve(struct connection *c, uint32_t events) {
  if (c->writing && c->body_left == 0) {
    if (write_answer(c) < 0) return -1;
    if (c->writing) return 0;
  }
  if (c->body_left > 0) return take_body(c);
  for (;;) {
    ssize_t n = recv(c->fd, input, sizeof input, 0);
    if (n < 0) return errno == EAGAIN ? 0 : -1;
    if (n == 0) return -1;
    if (take_bytes(c, input, (size_t)n) < 0) return -1;
    if (c->body_left > 0) return take_body(c);
    if (c->writing) return 0;
    if ((size_t)n < sizeof input && !(events & EPOLLRDHUP)) return 0;
  }
}

int main(int argc, char **argv) {
  int count = argc == 2 ? atoi(argv[1]) : 0;
  int listeners[PORTS_MAX], port, fd;
  struct epoll_event events[EVENTS];
  if (count < 1 || count > PORTS_MAX) {
    fprintf(stderr, "usage: origin COUNT\n");
    return 2;
  }
  build_answers();
  int poller = epoll_create1(EPOLL_CLOEXEC);
  printf("ports");
  for (int i = 0; i < count; i++) {
    int size = 4 * BULK;
    listeners[i] = listen_on(0, &port);
    setsockopt(listeners[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = &listeners[i]};
    epoll_ctl(poller, EPOLL_CTL_ADD, listeners[i], &e);
    printf(" %d", port);
  }
  printf("\n");
  fflush(stdout);
  for (;;) {
    int n = epoll_wait(poller, events, EVENTS, -1);
    for (int i = 0; i < n; i++) {
      int *listener = events[i].data.ptr;
      if (listener < listeners || listener >= listeners + count) {
        if (serve(events[i].data.ptr, events[i].events) < 0) drop(events[i].data.ptr);
        continue;
      }
      while ((fd = accept4(*listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        struct connection *c = calloc(1, sizeof *c);
        c->fd = fd;
        struct epoll_event e = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = c};
        epoll_ctl(poller, EPOLL_CTL_ADD, fd, &e);
      }
    }
  }
}
