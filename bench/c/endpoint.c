/*
 * The servers behind a balancer of layer 4: one process, any number of ports, as cheap as can be.
 *
 *   endpoint MODE COUNT      listens on COUNT free ports, prints "ports A B ...", serves until killed
 *
 *   echo       TCP: sends back what comes, and ends its side after the client's
 *   source     TCP: sends without end
 *   sink       TCP: sends one byte, and throws away what comes
 *   datagrams  UDP: sends each datagram back to where it came from
 */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "listener.h"

#define EVENTS 256
#define PORTS_MAX 64
#define BULK (256 * 1024)
#define DISCARD_MAX (1 << 20)
/* Reads or writes of one connection in a turn: the others must have their share. */
#define STEPS 4
#define BATCH 64
#define DATAGRAM_MAX 2048

enum mode { ECHO, SOURCE, SINK, DATAGRAMS };

static enum mode mode;
static int poller;
static char bulk[BULK];

static int serve_echo(int fd) {
  char input[16384];
  for (int i = 0; i < STEPS; i++) {
    ssize_t n = recv(fd, input, sizeof input, 0);
    if (n < 0) return errno == EAGAIN ? 0 : -1;
    if (n == 0) return -1;
    /* Messages are small and there is one at a time on each connection: it fits. */
    if (send(fd, input, (size_t)n, MSG_NOSIGNAL) != n) return -1;
    if ((size_t)n < sizeof input) return 0;
  }
  return 0;
}

static int serve_source(int fd, uint32_t events) {
  if (events & EPOLLIN) {
    ssize_t n = recv(fd, bulk, sizeof bulk, MSG_TRUNC);
    if (n == 0 || (n < 0 && errno != EAGAIN)) return -1;
  }
  for (int i = 0; i < STEPS; i++) {
    ssize_t n = send(fd, bulk, sizeof bulk, MSG_NOSIGNAL);
    if (n < 0) return errno == EAGAIN ? 0 : -1;
  }
  return 0;
}

static int serve_sink(int fd) {
  for (int i = 0; i < STEPS; i++) {
    ssize_t n = recv(fd, bulk, DISCARD_MAX, MSG_TRUNC);
    if (n < 0) return errno == EAGAIN ? 0 : -1;
    if (n == 0) return -1;
  }
  return 0;
}

static void accept_all(int listener) {
  int fd;
  while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
    struct epoll_event e = {.events = mode == SOURCE ? EPOLLIN | EPOLLOUT : EPOLLIN, .data.fd = fd};
    epoll_ctl(poller, EPOLL_CTL_ADD, fd, &e);
    if (mode == SINK) send(fd, "+", 1, MSG_NOSIGNAL);
  }
}

static void serve_datagrams(int fd) {
  static char input[BATCH][DATAGRAM_MAX];
  struct mmsghdr messages[BATCH] = {0};
  struct sockaddr_in from[BATCH];
  struct iovec parts[BATCH];
  for (int i = 0; i < BATCH; i++) {
    parts[i] = (struct iovec){input[i], DATAGRAM_MAX};
    messages[i].msg_hdr = (struct msghdr){
        .msg_iov = &parts[i], .msg_iovlen = 1, .msg_name = &from[i], .msg_namelen = sizeof from[i]};
  }
  int n = recvmmsg(fd, messages, BATCH, 0, NULL);
  if (n <= 0) return;
  for (int i = 0; i < n; i++) parts[i].iov_len = messages[i].msg_len;
  for (int sent = 0; sent < n;) {
    int more = sendmmsg(fd, messages + sent, (unsigned)(n - sent), 0);
    /* An earlier answer found nobody there, or no room: the client asks again. */
    sent += more > 0 ? more : 1;
  }
}

static int datagrams_on(int *actual) {
  int size = 4 << 20;
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  struct sockaddr_in a = loopback(0);
  socklen_t length = sizeof a;
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  if (bind(fd, (struct sockaddr *)&a, sizeof a) < 0) {
    perror("bind");
    exit(1);
  }
  getsockname(fd, (struct sockaddr *)&a, &length);
  *actual = ntohs(a.sin_port);
  return fd;
}

static int read_mode(const char *name) {
  static const char *names[] = {"echo", "source", "sink", "datagrams"};
  for (int i = 0; i < 4; i++) if (strcmp(name, names[i]) == 0) return i;
  return -1;
}

/* Returns -1 where the connection is over. */
static int serve(int fd, uint32_t events) {
  if (mode == ECHO) return serve_echo(fd);
  if (mode == SOURCE) return serve_source(fd, events);
  return serve_sink(fd);
}

int main(int argc, char **argv) {
  int count = argc == 3 ? atoi(argv[2]) : 0;
  int found = argc == 3 ? read_mode(argv[1]) : -1;
  int highest_listener = 0, port;
  struct epoll_event events[EVENTS];
  char is_listener[1024] = {0};
  if (found < 0 || count < 1 || count > PORTS_MAX) {
    fprintf(stderr, "usage: endpoint echo|source|sink|datagrams COUNT\n");
    return 2;
  }
  mode = (enum mode)found;
  poller = epoll_create1(EPOLL_CLOEXEC);
  printf("ports");
  for (int i = 0; i < count; i++) {
    int fd = mode == DATAGRAMS ? datagrams_on(&port) : listen_on(0, &port);
    struct epoll_event e = {.events = EPOLLIN, .data.fd = fd};
    epoll_ctl(poller, EPOLL_CTL_ADD, fd, &e);
    is_listener[fd] = 1;
    highest_listener = fd;
    printf(" %d", port);
  }
  printf("\n");
  fflush(stdout);
  for (;;) {
    int n = epoll_wait(poller, events, EVENTS, -1);
    for (int i = 0; i < n; i++) {
      int fd = events[i].data.fd;
      if (fd > highest_listener || !is_listener[fd]) {
        if (serve(fd, events[i].events) < 0) close(fd);
      } else if (mode == DATAGRAMS) {
        serve_datagrams(fd);
      } else {
        accept_all(fd);
      }
    }
  }
}
