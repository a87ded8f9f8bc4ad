/* A listening TCP socket on loopback, or on BENCH_ADDRESS; port 0 takes a free one. */
#ifndef BENCH_LISTENER_H
#define BENCH_LISTENER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

static inline struct sockaddr_in loopback(int port) {
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  const char *other = getenv("BENCH_ADDRESS");
  a.sin_addr.s_addr = other ? inet_addr(other) : htonl(INADDR_LOOPBACK);
  return a;
}

/* Ends the program where the port cannot be had. TCP_NODELAY is inherited by what is accepted. */
static inline int listen_on(int port, int *actual) {
  int one = 1;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  struct sockaddr_in a = loopback(port);
  socklen_t size = sizeof a;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (bind(fd, (struct sockaddr *)&a, sizeof a) < 0 || listen(fd, 16384) < 0) {
    perror("listen");
    exit(1);
  }
  getsockname(fd, (struct sockaddr *)&a, &size);
  *actual = ntohs(a.sin_port);
  return fd;
}

#endif
