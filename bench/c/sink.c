/*
 * The reader of a log socket, as cheap as one can be: takes datagrams and counts them.
 *
 *   sink PATH      binds a unix datagram socket, prints "ready"; at SIGTERM prints "lines N"
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BATCH 64

static volatile sig_atomic_t ending;

static void on_term(int signal) {
  (void)signal;
  ending = 1;
}

int main(int argc, char **argv) {
  static char buffers[BATCH][8192];
  struct sockaddr_un a = {.sun_family = AF_UNIX};
  struct sigaction action = {.sa_handler = on_term};
  struct mmsghdr messages[BATCH] = {0};
  struct iovec vectors[BATCH];
  unsigned long long lines = 0;
  if (argc != 2 || strlen(argv[1]) >= sizeof a.sun_path) {
    fprintf(stderr, "usage: sink PATH\n");
    return 2;
  }
  strcpy(a.sun_path, argv[1]);
  sigaction(SIGTERM, &action, NULL);
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  int size = 8 << 20;
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  if (bind(fd, (struct sockaddr *)&a, sizeof a) < 0) {
    perror("bind");
    return 1;
  }
  chmod(argv[1], 0666);
  for (int i = 0; i < BATCH; i++) {
    vectors[i] = (struct iovec){buffers[i], sizeof buffers[i]};
    messages[i].msg_hdr.msg_iov = &vectors[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  puts("ready");
  fflush(stdout);
  while (!ending) {
    int n = recvmmsg(fd, messages, BATCH, MSG_WAITFORONE, NULL);
    if (n > 0) lines += (unsigned)n;
  }
  printf("lines %llu\n", lines);
  return 0;
}
