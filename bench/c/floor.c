/*
 * The floor: what a request costs when a proxy does next to nothing besides its system calls.
 *
 *   floor PORT ORIGIN_PORT ORIGIN_PORT      prints "port N", serves until it is killed
 *
 * One epoll loop, edge-triggered; keep-alive on both sides; servers in turn; X-Forwarded-For added.
 * Of HTTP it knows that a head ends in an empty line and that an answer has a Content-Length. Heads
 * must arrive whole and small; anything else ends the connection. A measure, not a proxy.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "listener.h"

#define EVENTS 256
#define SERVERS 2
static const char FORWARDED[] = "X-Forwarded-For: 127.0.0.1\r\n\r\n";

enum side { DOWNSTREAM, UPSTREAM };

struct connection {
  int fd;
  enum side side;
  int server;
  int connecting;
  /* Bytes still to come of the answer; -1 before its head. */
  long left;
  struct connection *peer;
  struct connection *next_idle;
  int waiting_length;
  char waiting[2048];
};

static int poller;
static struct sockaddr_in servers[SERVERS];
static struct connection *idle[SERVERS];
static struct connection *closed_now[EVENTS * 2];
static int closed_count;
static unsigned turn;
static char input[65536];
static char output[65536 + sizeof FORWARDED];

static struct connection *add(int fd, enum side side, uint32_t events) {
  struct connection *c = calloc(1, sizeof *c);
  c->fd = fd;
  c->side = side;
  c->left = -1;
  struct epoll_event e = {.events = events | EPOLLET | EPOLLRDHUP, .data.ptr = c};
  epoll_ctl(poller, EPOLL_CTL_ADD, fd, &e);
  return c;
}

/* Memory is given back at the end of the turn: a later event of this turn may still point to it. */
static void drop(struct connection *c) {
  if (c->fd < 0) return;
  close(c->fd);
  c->fd = -1;
  if (c->side == UPSTREAM) {
    struct connection **at = &idle[c->server];
    while (*at && *at != c) at = &(*at)->next_idle;
    if (*at) *at = c->next_idle;
  }
  struct connection *peer = c->peer;
  c->peer = NULL;
  if (closed_count < EVENTS * 2) closed_now[closed_count++] = c;
  if (peer) {
    peer->peer = NULL;
    drop(peer);
  }
}

static void connect_and_wait(struct connection *client, int server, int length) {
  int one = 1;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (connect(fd, (struct sockaddr *)&servers[server], sizeof servers[server]) < 0 &&
      errno != EINPROGRESS) {
    close(fd);
    drop(client);
    return;
  }
  struct connection *c = add(fd, UPSTREAM, EPOLLIN | EPOLLOUT);
  c->server = server;
  c->connecting = 1;
  c->peer = client;
  client->peer = c;
  memcpy(c->waiting, output, (size_t)length);
  c->waiting_length = length;
}

static void forward_request(struct connection *c, int received) {
  char *end = memmem(input, (size_t)received, "\r\n\r\n", 4);
  if (!end || c->peer || received > 1900) {
    drop(c);
    return;
  }
  int head = (int)(end - input) + 2;
  memcpy(output, input, (size_t)head);
  memcpy(output + head, FORWARDED, sizeof FORWARDED - 1);
  int length = head + (int)sizeof FORWARDED - 1;
  int server = (int)(turn++ % SERVERS);
  struct connection *up = idle[server];
  if (!up) {
    connect_and_wait(c, server, length);
    return;
  }
  idle[server] = up->next_idle;
  up->peer = c;
  c->peer = up;
  if (send(up->fd, output, (size_t)length, MSG_NOSIGNAL) != length) drop(up);
}

static void forward_answer(struct connection *up, int received) {
  struct connection *client = up->peer;
  if (!client) {
    drop(up);
    return;
  }
  if (up->left < 0) {
    char *end = memmem(input, (size_t)received, "\r\n\r\n", 4);
    if (!end) {
      drop(up);
      return;
    }
    *end = 0;
    char *length = strcasestr(input, "\r\ncontent-length:");
    up->left = (end - input) + 4 + (length ? atol(length + 17) : 0);
    *end = '\r';
  }
  if (send(client->fd, input, (size_t)received, MSG_NOSIGNAL) != received) {
    drop(up);
    return;
  }
  up->left -= received;
  if (up->left > 0) return;
  up->left = -1;
  up->peer = NULL;
  client->peer = NULL;
  up->next_idle = idle[up->server];
  idle[up->server] = up;
}

static void readable(struct connection *c) {
  long received = recv(c->fd, input, sizeof input - 1, 0);
  if (received < 0 && errno == EAGAIN) return;
  if (received <= 0) {
    drop(c);
    return;
  }
  input[received] = 0;
  if (c->side == DOWNSTREAM) forward_request(c, (int)received);
  else forward_answer(c, (int)received);
}

static void serve(struct connection *c, uint32_t events) {
  if (c->fd < 0) return;
  if (c->connecting && (events & EPOLLOUT)) {
    c->connecting = 0;
    if (send(c->fd, c->waiting, (size_t)c->waiting_length, MSG_NOSIGNAL) != c->waiting_length) {
      drop(c);
      return;
    }
  }
  if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) readable(c);
  if (c->fd >= 0 && (events & EPOLLRDHUP)) drop(c);
}

int main(int argc, char **argv) {
  if (argc != 4) {
    fprintf(stderr, "usage: floor PORT ORIGIN_PORT ORIGIN_PORT\n");
    return 2;
  }
  int port, fd;
  for (int i = 0; i < SERVERS; i++) servers[i] = loopback(atoi(argv[2 + i]));
  poller = epoll_create1(EPOLL_CLOEXEC);
  int listener = listen_on(atoi(argv[1]), &port);
  struct epoll_event e = {.events = EPOLLIN, .data.ptr = NULL}, events[EVENTS];
  epoll_ctl(poller, EPOLL_CTL_ADD, listener, &e);
  printf("port %d\n", port);
  fflush(stdout);
  for (;;) {
    int n = epoll_wait(poller, events, EVENTS, -1);
    for (int i = 0; i < n; i++) {
      if (events[i].data.ptr) {
        serve(events[i].data.ptr, events[i].events);
        continue;
      }
      while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        add(fd, DOWNSTREAM, EPOLLIN);
      }
    }
    while (closed_count > 0) free(closed_now[--closed_count]);
  }
}
