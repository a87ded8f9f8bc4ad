/*
 * The load generator: one epoll loop that asks, checks every answer and keeps the time.
 *
 *   load mode=closed|close|open|idle port=N [connections=64] [seconds=3] [warmup=1] [path=/small]
 *        [expect=52] [upload=BYTES] [rate=PER_SECOND] [targets=FILE] [browser=1]
 *        [pids=1,2,3] [core=0]
 *
 *   closed  each connection asks again as soon as it is answered
 *   close   a new connection for each request, which says Connection: close
 *   open    requests are due at a constant rate whatever the answers do, and a request's time
 *           begins when it was due: no omission of the moments in which nothing moved
 *   idle    opens the connections, one request on each, prints "held N errors M" and keeps them
 *           until its input ends, then prints "lost N"
 *
 * Prints one JSON object about the measured window, which begins after the warm-up: what was
 * answered, what went wrong, quantiles, and the processor time that `pids` used within the window.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "answer.h"
#include "clock.h"
#include "counters.h"
#include "listener.h"
#include "requests.h"

#define EVENTS 512
#define BULK (256 * 1024)
#define OPENING_MAX 128
#define DISCARD_MAX (1 << 20)

enum mode { MODE_CLOSED, MODE_CLOSE, MODE_OPEN, MODE_IDLE };
enum phase { VACANT, ASKING, DRAINING, RESTING };

struct connection {
  int fd;
  enum phase phase;
  int is_stacked;
  const struct request *request;
  size_t sent;
  uint64_t begun_ns;
  struct answer answer;
};

static enum mode mode = MODE_CLOSED;
static int port, connection_count = 64;
static double seconds = 3, warmup = 1, rate = 1000;
static long long expect = 52;
static const char *targets;
static struct request_shape shape = {.path = "/small"};
static struct requests requests;
static struct watch watch;

static int poller;
static struct sockaddr_in target;
static struct connection *connections;
static struct connection **resting;
static int resting_count;
static struct counters now;
static struct histogram latency;
static int measuring;
static char first_error[160];
static char input[BULK];
static const char upload[BULK];

static void begin(struct connection *c, uint64_t begun_ns);

static void close_connection(struct connection *c) {
  if (c->fd >= 0) close(c->fd);
  c->fd = -1;
  c->phase = VACANT;
}

static void fail(struct connection *c, uint64_t *counter, const char *what, int number) {
  (*counter)++;
  if (!first_error[0]) {
    snprintf(first_error, sizeof first_error, "%s (%s, status %d, body %lld)", what,
             number ? strerror(number) : "no error number", c->answer.status, c->answer.body);
  }
  int refused = c->fd < 0 || c->sent == 0;
  close_connection(c);
  /* A balancer that is not there must not be hammered. */
  if (refused) usleep(1000);
}

static int open_connection(struct connection *c) {
  int one = 1;
  c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (c->fd < 0) return -1;
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (connect(c->fd, (struct sockaddr *)&target, sizeof target) < 0 && errno != EINPROGRESS) return -1;
  struct epoll_event e = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = c};
  return epoll_ctl(poller, EPOLL_CTL_ADD, c->fd, &e);
}

/* Sends what the socket takes; returns an error number or 0. */
static int ask(struct connection *c) {
  const struct request *q = c->request;
  size_t total = q->head_length + shape.body_length;
  while (c->sent < total) {
    struct iovec parts[2];
    struct msghdr message = {.msg_iov = parts};
    if (c->sent < q->head_length) {
      parts[message.msg_iovlen++] = (struct iovec){q->head + c->sent, q->head_length - c->sent};
    }
    size_t body_sent = c->sent < q->head_length ? 0 : c->sent - q->head_length;
    size_t body_left = shape.body_length - body_sent;
    if (body_left > 0) {
      parts[message.msg_iovlen++] = (struct iovec){(void *)upload, body_left < BULK ? body_left : BULK};
    }
    ssize_t n = sendmsg(c->fd, &message, MSG_NOSIGNAL);
    if (n < 0) return errno == EAGAIN ? 0 : errno;
    c->sent += (size_t)n;
  }
  return 0;
}

static void begin(struct connection *c, uint64_t begun_ns) {
  c->request = requests_next(&requests);
  c->sent = 0;
  c->begun_ns = begun_ns;
  answer_reset(&c->answer);
  if (c->fd < 0 && open_connection(c) < 0) {
    fail(c, &now.errors, "connect", errno);
    return;
  }
  c->phase = ASKING;
  int error = ask(c);
  if (error) fail(c, &now.errors, "send", error);
}

/* Offers a connection, open or closed, for the next request that is due. */
static void offer(struct connection *c) {
  if (c->is_stacked) return;
  c->is_stacked = 1;
  resting[resting_count++] = c;
}

static void answered(struct connection *c) {
  if (c->answer.status != 200 || c->answer.body != expect ||
      c->sent != c->request->head_length + shape.body_length) {
    fail(c, &now.wrong, "wrong answer", 0);
    return;
  }
  uint64_t t = clock_ns();
  now.answered++;
  now.bytes += (uint64_t)c->answer.body;
  if (measuring) histogram_add(&latency, t > c->begun_ns ? t - c->begun_ns : 0);
  if (mode == MODE_CLOSE) c->phase = DRAINING;
  else if (c->answer.closes) { close_connection(c); now.reconnects++; }
  else if (mode == MODE_CLOSED) begin(c, t);
  else {
    c->phase = RESTING;
    if (mode == MODE_OPEN) offer(c);
  }
}

/* The peer has closed. */
static void ended(struct connection *c) {
  if (c->phase == DRAINING) {
    close_connection(c);
  } else if (c->phase == RESTING || (c->answer.phase == IN_HEAD && c->answer.head_length == 0 &&
                                     mode != MODE_CLOSE && c->answer.status == 0 && c->sent > 0 &&
                                     shape.body_length == 0 && now.answered > 0)) {
    /* A keep-alive connection may end between two requests; the request is asked again. */
    now.reconnects++;
    close_connection(c);
  } else if (c->answer.phase == IN_UNTIL_CLOSE) {
    c->answer.phase = FINISHED;
    answered(c);
    if (c->phase == DRAINING) close_connection(c);
  } else {
    fail(c, &now.errors, "closed before the answer was whole", 0);
  }
}

/* Reads until nothing is left; bodies of known length are thrown away without being copied. */
static void receive(struct connection *c, int ends) {
  while (c->fd >= 0 && c->phase != VACANT) {
    struct answer *a = &c->answer;
    int discards = c->phase == ASKING && a->phase == IN_LENGTH;
    size_t want = sizeof input;
    if (discards) want = a->left < DISCARD_MAX ? (size_t)a->left : DISCARD_MAX;
    ssize_t n = recv(c->fd, input, want, discards ? MSG_TRUNC : 0);
    if (n < 0) {
      if (errno != EAGAIN) fail(c, &now.errors, "receive", errno);
      return;
    }
    if (n == 0) {
      ended(c);
      return;
    }
    if (c->phase != ASKING) {
      fail(c, &now.wrong, "bytes that nothing was asked for", 0);
      return;
    }
    enum answer_result result = ANSWER_MORE;
    if (discards) {
      a->left -= n;
      a->body += n;
      if (a->left == 0) { a->phase = FINISHED; result = ANSWER_DONE; }
    } else {
      result = answer_feed(a, input, (size_t)n);
    }
    if (result == ANSWER_BAD) {
      fail(c, &now.wrong, "not an answer", 0);
      return;
    }
    if (result == ANSWER_DONE) {
      answered(c);
      if (!ends) return;
    } else if (!discards && !ends && a->phase != IN_LENGTH && (size_t)n < want) {
      return;
    }
  }
}

static void serve(struct connection *c, uint32_t events) {
  if (c->fd < 0) return;
  if (c->phase == ASKING && (events & EPOLLOUT)) {
    int error = ask(c);
    if (error) {
      fail(c, &now.errors, "send", error);
      return;
    }
  }
  if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) {
    receive(c, (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0);
  }
}

static int wait_for(struct epoll_event *events, int64_t wait_ns) {
  struct timespec t = {.tv_sec = wait_ns / 1000000000, .tv_nsec = wait_ns % 1000000000};
  int n = epoll_pwait2(poller, events, EVENTS, &t, NULL);
  if (n < 0 && errno == ENOSYS) n = epoll_wait(poller, events, EVENTS, (int)(wait_ns / 1000000));
  return n;
}

/* Sends every request that is due and for which a connection rests; returns when the next is. */
static uint64_t send_due(uint64_t due_ns, double interval_ns) {
  static double fraction;
  while (resting_count > 0 && due_ns <= clock_ns()) {
    struct connection *c = resting[--resting_count];
    c->is_stacked = 0;
    begin(c, due_ns);
    if (c->phase == VACANT) offer(c);
    fraction += interval_ns;
    due_ns += (uint64_t)fraction;
    fraction -= (double)(uint64_t)fraction;
  }
  return due_ns;
}

/* Gives a connection that is closed something to do again. */
static void revive(struct connection *c) {
  if (c->phase != VACANT) return;
  if (mode == MODE_OPEN) offer(c);
  else begin(c, clock_ns());
}

static void revive_all(void) {
  for (int i = 0; i < connection_count; i++) revive(&connections[i]);
}

static void report(const struct counters *from, const struct watch_reading *before, double elapsed) {
  struct watch_reading after = watch_read(&watch);
  printf("{\"seconds\":%.6f,", elapsed);
  print_counters(from, &now);
  print_reading(before, &after);
  print_latency(&latency);
  printf("\"firstError\":\"%s\"}\n", first_error);
  fflush(stdout);
}

static void run_timed(void) {
  struct epoll_event events[EVENTS];
  double interval_ns = 1e9 / rate;
  uint64_t started = clock_ns(), from = started + (uint64_t)(warmup * 1e9);
  uint64_t until = from + (uint64_t)(seconds * 1e9), due = started;
  struct counters at_from = {0};
  struct watch_reading before = {0};
  revive_all();
  for (;;) {
    uint64_t t = clock_ns();
    if (!measuring && t >= from) {
      measuring = 1;
      before = watch_read(&watch);
      at_from = now;
      from = t;
    }
    if (measuring && t >= until) break;
    if (mode == MODE_OPEN) due = send_due(due, interval_ns);
    int64_t wait_ns = 10000000;
    if (mode == MODE_OPEN && resting_count > 0) {
      wait_ns = (int64_t)(due - clock_ns());
      if (wait_ns < 0) wait_ns = 0;
    }
    int n = wait_for(events, wait_ns);
    for (int i = 0; i < n; i++) {
      struct connection *c = events[i].data.ptr;
      serve(c, events[i].events);
      revive(c);
    }
    if (n == 0) revive_all();
  }
  report(&at_from, &before, (double)(clock_ns() - from) / 1e9);
}

static void run_idle(void) {
  struct epoll_event events[EVENTS], stdin_event = {.events = EPOLLIN, .data.ptr = NULL};
  int opened = 0, said = 0;
  epoll_ctl(poller, EPOLL_CTL_ADD, STDIN_FILENO, &stdin_event);
  for (;;) {
    while (opened < connection_count &&
           opened - (int)(now.answered + now.errors + now.wrong) < OPENING_MAX) {
      begin(&connections[opened++], clock_ns());
    }
    if (!said && now.answered + now.errors + now.wrong >= (uint64_t)connection_count) {
      said = 1;
      printf("held %llu errors %llu %s\n", (unsigned long long)(now.answered - now.reconnects),
             (unsigned long long)(now.errors + now.wrong), first_error);
      fflush(stdout);
    }
    int n = epoll_wait(poller, events, EVENTS, -1);
    for (int i = 0; i < n; i++) {
      if (events[i].data.ptr) {
        serve(events[i].data.ptr, events[i].events);
        continue;
      }
      printf("lost %llu\n", (unsigned long long)now.reconnects);
      return;
    }
  }
}

static int set_option(const char *name, const char *value) {
  if (strcmp(name, "mode") == 0) {
    static const char *modes[] = {"closed", "close", "open", "idle"};
    for (int i = 0; i < 4; i++) if (strcmp(value, modes[i]) == 0) { mode = (enum mode)i; return 0; }
    return -1;
  }
  if (strcmp(name, "port") == 0) port = atoi(value);
  else if (strcmp(name, "connections") == 0) connection_count = atoi(value);
  else if (strcmp(name, "seconds") == 0) seconds = atof(value);
  else if (strcmp(name, "warmup") == 0) warmup = atof(value);
  else if (strcmp(name, "rate") == 0) rate = atof(value);
  else if (strcmp(name, "path") == 0) shape.path = value;
  else if (strcmp(name, "expect") == 0) expect = atoll(value);
  else if (strcmp(name, "upload") == 0) shape.body_length = (size_t)atoll(value);
  else if (strcmp(name, "browser") == 0) shape.browser = atoi(value);
  else if (strcmp(name, "targets") == 0) targets = value;
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
      fprintf(stderr, "load: unknown option \"%s\"\n", argv[i]);
      return 2;
    }
  }
  shape.closes = mode == MODE_CLOSE;
  if (port <= 0 || connection_count <= 0 || rate <= 0 || requests_build(&requests, &shape, targets) < 0) {
    fprintf(stderr, "load: port, connections, rate and targets must be given and make sense\n");
    return 2;
  }
  prctl(PR_SET_TIMERSLACK, 1000);
  target = loopback(port);
  poller = epoll_create1(EPOLL_CLOEXEC);
  connections = calloc((size_t)connection_count, sizeof *connections);
  resting = calloc((size_t)connection_count, sizeof *resting);
  for (int i = 0; i < connection_count; i++) connections[i].fd = -1;
  if (mode == MODE_IDLE) run_idle();
  else run_timed();
  return 0;
}
