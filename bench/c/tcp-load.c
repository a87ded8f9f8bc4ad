/*
 * The load generator for TCP without a protocol: it works the connections and keeps the time.
 *
 *   tcp-load mode=exchange|connect|down|up port=N [connections=64] [seconds=3] [warmup=1]
 *            [bytes=64] [pids=1,2,3] [core=0]
 *
 *   exchange  sends so many bytes, waits for their echo, and sends the next ones
 *   connect   the same once on each connection, which it then ends with a FIN; the next one is
 *             opened when the FIN has come back
 *   down      takes what the server sends without end
 *   up        sends without end
 *
 * Prints one JSON object about the measured window: see window.h. What it counts as answered are
 * echoes, connections, or MiB.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/epoll.h>

#include "listener.h"
#include "window.h"

#define EVENTS 512
#define BULK (256 * 1024)
#define DISCARD_MAX (1 << 20)
/* Reads or writes of one connection in a turn: the others must have their share. */
#define STEPS 4
#define MESSAGE_MAX 4096

enum mode { MODE_EXCHANGE, MODE_CONNECT, MODE_DOWN, MODE_UP };
enum phase { VACANT, CONNECTING, ASKING, ENDING };

struct connection {
  int fd;
  enum phase phase;
  size_t received;
  uint64_t number;
  uint64_t begun_ns;
};

static enum mode mode = MODE_EXCHANGE;
static int port, connection_count = 64;
static size_t message_bytes = 64;
static struct window window = {.seconds = 3, .warmup = 1};
static struct watch watch;

static int poller;
static struct sockaddr_in target;
static struct connection *connections;
static struct counters now;
static struct histogram latency;
static char first_error[160];
static char input[BULK];
static char message[MESSAGE_MAX];
static const char upload[BULK];

static void fail(struct connection *c, uint64_t *counter, const char *what, int number) {
  (*counter)++;
  if (!first_error[0]) {
    snprintf(first_error, sizeof first_error, "%s (%s)", what,
             number ? strerror(number) : "no error number");
  }
  int refused = c->fd < 0 || c->phase == CONNECTING;
  if (c->fd >= 0) close(c->fd);
  c->fd = -1;
  c->phase = VACANT;
  /* A balancer that is not there must not be hammered. */
  if (refused) usleep(1000);
}

static void begin(struct connection *c) {
  int one = 1;
  c->begun_ns = clock_ns();
  c->received = 0;
  c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (c->fd < 0) {
    fail(c, &now.errors, "socket", errno);
    return;
  }
  c->phase = CONNECTING;
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (connect(c->fd, (struct sockaddr *)&target, sizeof target) < 0 && errno != EINPROGRESS) {
    fail(c, &now.errors, "connect", errno);
    return;
  }
  struct epoll_event e = {.events = EPOLLIN | EPOLLOUT, .data.ptr = c};
  epoll_ctl(poller, EPOLL_CTL_ADD, c->fd, &e);
}

static void watch_for(struct connection *c, uint32_t events) {
  struct epoll_event e = {.events = events, .data.ptr = c};
  epoll_ctl(poller, EPOLL_CTL_MOD, c->fd, &e);
}

/* Each message differs, so that an echo of another one is seen. */
static void ask(struct connection *c) {
  c->number++;
  c->received = 0;
  memcpy(message, &c->number, sizeof c->number);
  memcpy(message + sizeof c->number, &c, sizeof c);
  if (send(c->fd, message, message_bytes, MSG_NOSIGNAL) != (ssize_t)message_bytes) {
    fail(c, &now.errors, "send", errno);
  }
}

static void connected(struct connection *c) {
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error) {
    fail(c, &now.errors, "connect", error);
    return;
  }
  c->phase = ASKING;
  if (mode != MODE_UP) watch_for(c, EPOLLIN);
  if (mode == MODE_EXCHANGE || mode == MODE_CONNECT) ask(c);
}

static void count_one(struct connection *c, uint64_t t) {
  now.answered++;
  if (window.measuring) histogram_add(&latency, t - c->begun_ns);
}

/* The whole echo is there. */
static void echoed(struct connection *c) {
  if (mode == MODE_CONNECT) {
    c->phase = ENDING;
    shutdown(c->fd, SHUT_WR);
    return;
  }
  uint64_t t = clock_ns();
  count_one(c, t);
  c->begun_ns = t;
  ask(c);
}

static void receive_echo(struct connection *c) {
  ssize_t n = recv(c->fd, input, sizeof input, 0);
  if (n < 0) {
    if (errno != EAGAIN) fail(c, &now.errors, "receive", errno);
    return;
  }
  if (n == 0 && c->phase == ENDING) {
    count_one(c, clock_ns());
    close(c->fd);
    c->fd = -1;
    c->phase = VACANT;
    begin(c);
    return;
  }
  if (n == 0) {
    fail(c, &now.errors, "closed before the echo was whole", 0);
    return;
  }
  uint64_t number;
  size_t end = c->received + (size_t)n;
  if (c->received == 0 && n >= (ssize_t)sizeof number) memcpy(&number, input, sizeof number);
  else number = c->number;
  if (c->phase != ASKING || end > message_bytes || number != c->number) {
    fail(c, &now.wrong, "not the echo of what was sent", 0);
    return;
  }
  now.bytes += (uint64_t)n;
  c->received = end;
  if (end == message_bytes) echoed(c);
}

static void count_bytes(size_t n) {
  now.bytes += n;
  now.answered = now.bytes >> 20;
}

static void receive_bulk(struct connection *c) {
  for (int i = 0; i < STEPS; i++) {
    ssize_t n = recv(c->fd, input, DISCARD_MAX, MSG_TRUNC);
    if (n > 0) {
      count_bytes(mode == MODE_DOWN ? (size_t)n : 0);
      continue;
    }
    if (n == 0) fail(c, &now.errors, "closed by the peer", 0);
    else if (errno != EAGAIN) fail(c, &now.errors, "receive", errno);
    return;
  }
}

static void send_bulk(struct connection *c) {
  for (int i = 0; i < STEPS; i++) {
    ssize_t n = send(c->fd, upload, sizeof upload, MSG_NOSIGNAL);
    if (n < 0) {
      if (errno != EAGAIN) fail(c, &now.errors, "send", errno);
      return;
    }
    count_bytes((size_t)n);
  }
}

static void serve(struct connection *c, uint32_t events) {
  if (c->phase == CONNECTING) {
    if (events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) connected(c);
    return;
  }
  if (mode == MODE_EXCHANGE || mode == MODE_CONNECT) {
    receive_echo(c);
    return;
  }
  if (events & (EPOLLIN | EPOLLERR | EPOLLHUP)) receive_bulk(c);
  if (c->fd >= 0 && mode == MODE_UP && (events & EPOLLOUT)) send_bulk(c);
}

static void run(void) {
  struct epoll_event events[EVENTS];
  window_begin(&window);
  while (!window_turn(&window, &watch, &now)) {
    for (int i = 0; i < connection_count; i++) {
      if (connections[i].phase == VACANT) begin(&connections[i]);
    }
    int n = epoll_wait(poller, events, EVENTS, 10);
    for (int i = 0; i < n; i++) {
      struct connection *c = events[i].data.ptr;
      if (c->fd >= 0) serve(c, events[i].events);
    }
  }
  window_report(&window, &watch, &now, &latency, first_error);
}

static int set_option(const char *name, const char *value) {
  if (strcmp(name, "mode") == 0) {
    static const char *modes[] = {"exchange", "connect", "down", "up"};
    for (int i = 0; i < 4; i++) if (strcmp(value, modes[i]) == 0) { mode = (enum mode)i; return 0; }
    return -1;
  }
  if (strcmp(name, "port") == 0) port = atoi(value);
  else if (strcmp(name, "connections") == 0) connection_count = atoi(value);
  else if (strcmp(name, "seconds") == 0) window.seconds = atof(value);
  else if (strcmp(name, "warmup") == 0) window.warmup = atof(value);
  else if (strcmp(name, "bytes") == 0) message_bytes = (size_t)atoll(value);
  else if (strcmp(name, "pids") == 0) watch_parse_pids(&watch, value);
  else if (strcmp(name, "core") == 0) watch.core = atoi(value);
  else return -1;
  return 0;
}

int main(int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    char *value = strchr(argv[i], '=');
    if (value) *value++ = 0;
    if (!value || set_option(argv[i], value) < 0) {
      fprintf(stderr, "tcp-load: unknown option \"%s\"\n", argv[i]);
      return 2;
    }
  }
  if (port <= 0 || connection_count <= 0 || message_bytes < 16 || message_bytes > MESSAGE_MAX) {
    fprintf(stderr, "tcp-load: port, connections and bytes (16 to %d) must make sense\n", MESSAGE_MAX);
    return 2;
  }
  target = loopback(port);
  poller = epoll_create1(EPOLL_CLOEXEC);
  connections = calloc((size_t)connection_count, sizeof *connections);
  for (int i = 0; i < connection_count; i++) connections[i].fd = -1;
  run();
  return 0;
}
