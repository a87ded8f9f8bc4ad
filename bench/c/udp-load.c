/*
 * The load generator for UDP: it asks from many ports and keeps the time.
 *
 *   udp-load port=N [ports=64] [outstanding=64] [bytes=64] [seconds=3] [warmup=1] [pids=1,2,3] [core=0]
 *
 * From each of `ports` ports at most one datagram is under way, from all together `outstanding`.
 * When one comes back, the port after the last that asked and that rests asks next, so that all
 * take their turn. One that does not come back within a second is an error, and is asked again.
 *
 * Prints one JSON object about the measured window: see window.h. What it counts as answered are
 * datagrams that came back.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/epoll.h>

#include "listener.h"
#include "window.h"

#define EVENTS 512
#define DATAGRAM_MAX 1400
#define LOST_NS 1000000000u
#define LOOK_NS 100000000u

struct asker {
  int fd;
  int is_asking;
  uint64_t number;
  uint64_t begun_ns;
};

static int port, asker_count = 64, outstanding = 64;
static size_t datagram_bytes = 64;
static struct window window = {.seconds = 3, .warmup = 1};
static struct watch watch;

static int poller;
static struct asker *askers;
static int next_asker;
static struct counters now;
static struct histogram latency;
static char first_error[160];

static void fail(uint64_t *counter, const char *what, int number) {
  (*counter)++;
  if (first_error[0]) return;
  snprintf(first_error, sizeof first_error, "%s (%s)", what, number ? strerror(number) : "no error number");
}

static void ask(struct asker *a) {
  char datagram[DATAGRAM_MAX] = {0};
  a->number++;
  a->is_asking = 1;
  a->begun_ns = clock_ns();
  memcpy(datagram, &a->number, sizeof a->number);
  memcpy(datagram + sizeof a->number, &a, sizeof a);
  if (send(a->fd, datagram, datagram_bytes, 0) < 0) fail(&now.errors, "send", errno);
}

/* The next port in turn that rests asks. */
static void ask_next(void) {
  for (int i = 0; i < asker_count; i++) {
    struct asker *a = &askers[next_asker];
    next_asker = next_asker + 1 == asker_count ? 0 : next_asker + 1;
    if (a->is_asking) continue;
    ask(a);
    return;
  }
}

static void receive(struct asker *a) {
  char datagram[DATAGRAM_MAX];
  uint64_t number = 0;
  struct asker *whose = NULL;
  ssize_t n = recv(a->fd, datagram, sizeof datagram, 0);
  if (n < 0) {
    if (errno != EAGAIN) fail(&now.errors, "receive", errno);
    return;
  }
  if (n >= (ssize_t)(sizeof number + sizeof whose)) {
    memcpy(&number, datagram, sizeof number);
    memcpy(&whose, datagram + sizeof number, sizeof whose);
  }
  if (n != (ssize_t)datagram_bytes || whose != a || number > a->number) {
    fail(&now.wrong, "not what was sent", 0);
    return;
  }
  /* The answer to one that was given up. */
  if (number != a->number || !a->is_asking) return;
  a->is_asking = 0;
  now.answered++;
  now.bytes += (uint64_t)n;
  if (window.measuring) histogram_add(&latency, clock_ns() - a->begun_ns);
  ask_next();
}

static void look_for_lost(void) {
  static uint64_t looked_ns;
  uint64_t t = clock_ns();
  if (t - looked_ns < LOOK_NS) return;
  looked_ns = t;
  for (int i = 0; i < asker_count; i++) {
    if (!askers[i].is_asking || t - askers[i].begun_ns < LOST_NS) continue;
    fail(&now.errors, "no answer within a second", 0);
    ask(&askers[i]);
  }
}

static void open_all(void) {
  struct sockaddr_in target = loopback(port);
  for (int i = 0; i < asker_count; i++) {
    askers[i].fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = &askers[i]};
    if (connect(askers[i].fd, (struct sockaddr *)&target, sizeof target) < 0 ||
        epoll_ctl(poller, EPOLL_CTL_ADD, askers[i].fd, &e) < 0) {
      perror("udp-load: a socket");
      exit(1);
    }
  }
}

static void run(void) {
  struct epoll_event events[EVENTS];
  window_begin(&window);
  for (int i = 0; i < outstanding; i++) ask_next();
  while (!window_turn(&window, &watch, &now)) {
    int n = epoll_wait(poller, events, EVENTS, 10);
    for (int i = 0; i < n; i++) receive(events[i].data.ptr);
    look_for_lost();
  }
  window_report(&window, &watch, &now, &latency, first_error);
}

static int set_option(const char *name, const char *value) {
  if (strcmp(name, "port") == 0) port = atoi(value);
  else if (strcmp(name, "ports") == 0) asker_count = atoi(value);
  else if (strcmp(name, "outstanding") == 0) outstanding = atoi(value);
  else if (strcmp(name, "bytes") == 0) datagram_bytes = (size_t)atoll(value);
  else if (strcmp(name, "seconds") == 0) window.seconds = atof(value);
  else if (strcmp(name, "warmup") == 0) window.warmup = atof(value);
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
      fprintf(stderr, "udp-load: unknown option \"%s\"\n", argv[i]);
      return 2;
    }
  }
  if (port <= 0 || asker_count <= 0 || outstanding <= 0 || outstanding > asker_count ||
      datagram_bytes < 16 || datagram_bytes > DATAGRAM_MAX) {
    fprintf(stderr, "udp-load: port, ports, outstanding and bytes (16 to %d) must make sense\n",
            DATAGRAM_MAX);
    return 2;
  }
  poller = epoll_create1(EPOLL_CLOEXEC);
  askers = calloc((size_t)asker_count, sizeof *askers);
  open_all();
  run();
  return 0;
}
