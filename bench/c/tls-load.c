/*
 * The load generator for HTTPS: as load.c, over TLS 1.3 of the system's OpenSSL.
 *
 *   tls-load mode=keep|full|resume|idle port=N [connections=64] [seconds=3] [warmup=1]
 *            [path=/small] [expect=52] [pids=1,2,3] [core=0]
 *
 *   keep    keep-alive connections, each asks again as soon as it is answered
 *   full    a new connection and a full handshake for each request, which says Connection: close
 *   resume  the same with the session of the connection before it
 *   idle    opens the connections, one request on each, prints "held N errors M" and keeps them
 *           until its input ends, then prints "lost N"
 *
 * It offers one group, one cipher and one kind of signature, so that every balancer does the same
 * work or none: X25519, TLS_AES_128_GCM_SHA256, ECDSA with P-256. Whether a session was resumed is
 * looked at after each handshake; one that was not as the mode has it counts as wrong.
 *
 * Prints what load.c prints.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "answer.h"
#include "clock.h"
#include "counters.h"
#include "listener.h"
#include "requests.h"

#define EVENTS 512
#define OPENING_MAX 64
#define INPUT_BYTES (64 * 1024)
#define HOST "bench.example"

enum mode { MODE_KEEP, MODE_FULL, MODE_RESUME, MODE_IDLE };
enum phase { VACANT, CONNECTING, ASKING, DRAINING, RESTING };

struct connection {
  int fd;
  enum phase phase;
  SSL *ssl;
  /* The newest that this place was given; the library uses it once (RFC 8446 §C.4). */
  SSL_SESSION *session;
  int is_later;
  uint64_t begun_ns;
  struct answer answer;
};

static enum mode mode = MODE_KEEP;
static int port, connection_count = 64;
static double seconds = 3, warmup = 1;
static long long expect = 52;
static struct request_shape shape = {.path = "/small"};
static struct requests requests;
static struct watch watch;

static int poller;
static struct sockaddr_in target;
static SSL_CTX *context;
static struct connection *connections;
static struct counters now;
static struct histogram latency;
static int measuring;
static char first_error[160];
static char input[INPUT_BYTES];

static void close_connection(struct connection *c) {
  if (c->ssl) {
    /* Ended in order: else the library takes its session for one not to be resumed. */
    SSL_set_shutdown(c->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(c->ssl);
  }
  c->ssl = NULL;
  if (c->fd >= 0) close(c->fd);
  c->fd = -1;
  c->phase = VACANT;
}

static void fail(struct connection *c, uint64_t *counter, const char *what) {
  (*counter)++;
  if (!first_error[0]) {
    const char *reason = ERR_reason_error_string(ERR_peek_error());
    snprintf(first_error, sizeof first_error, "%s (%s, status %d, body %lld)", what,
             reason ? reason : "no error of TLS", c->answer.status, c->answer.body);
  }
  ERR_clear_error();
  close_connection(c);
  /* A balancer that is not there must not be hammered. */
  usleep(1000);
}

/* A ticket has come. Returns 1: the session is ours to free. */
static int keep_session(SSL *ssl, SSL_SESSION *session) {
  struct connection *c = SSL_get_app_data(ssl);
  if (mode != MODE_RESUME) return 0;
  SSL_SESSION_free(c->session);
  c->session = session;
  return 1;
}

static void begin(struct connection *c) {
  int one = 1;
  c->begun_ns = clock_ns();
  answer_reset(&c->answer);
  c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  struct epoll_event e = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = c};
  if (c->fd < 0 ||
      (connect(c->fd, (struct sockaddr *)&target, sizeof target) < 0 && errno != EINPROGRESS) ||
      epoll_ctl(poller, EPOLL_CTL_ADD, c->fd, &e) < 0) {
    fail(c, &now.errors, "connect");
    return;
  }
  c->ssl = SSL_new(context);
  SSL_set_app_data(c->ssl, c);
  SSL_set_fd(c->ssl, c->fd);
  SSL_set_tlsext_host_name(c->ssl, HOST);
  if (c->session) {
    SSL_set_session(c->ssl, c->session);
    SSL_SESSION_free(c->session);
    c->session = NULL;
  }
  c->phase = CONNECTING;
}

/* Requests are small: a socket that has been read empty takes them whole. */
static void ask(struct connection *c) {
  const struct request *q = requests_next(&requests);
  c->phase = ASKING;
  answer_reset(&c->answer);
  if (SSL_write(c->ssl, q->head, (int)q->head_length) != (int)q->head_length) {
    fail(c, &now.errors, "send");
  }
}

/* The first connection of a place has no session to resume. */
static int is_as_meant(struct connection *c) {
  int resumes = mode == MODE_RESUME && c->is_later;
  c->is_later = 1;
  return SSL_session_reused(c->ssl) == resumes && SSL_version(c->ssl) == TLS1_3_VERSION;
}

static void handshake(struct connection *c) {
  int result = SSL_connect(c->ssl);
  if (result == 1) {
    if (is_as_meant(c)) ask(c);
    else fail(c, &now.wrong, "another handshake than was meant");
    return;
  }
  int error = SSL_get_error(c->ssl, result);
  if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) {
    fail(c, &now.errors, "handshake");
  }
}

static void answered(struct connection *c) {
  if (c->answer.status != 200 || c->answer.body != expect) {
    fail(c, &now.wrong, "wrong answer");
    return;
  }
  uint64_t t = clock_ns();
  now.answered++;
  now.bytes += (uint64_t)c->answer.body;
  if (measuring) histogram_add(&latency, t - c->begun_ns);
  if (mode == MODE_IDLE) c->phase = RESTING;
  else if (mode != MODE_KEEP) c->phase = DRAINING;
  else if (c->answer.closes) { close_connection(c); now.reconnects++; }
  else {
    c->begun_ns = t;
    ask(c);
  }
}

/* The peer has closed. */
static void ended(struct connection *c) {
  if (c->phase == DRAINING) {
    close_connection(c);
  } else if (c->phase == RESTING) {
    now.reconnects++;
    close_connection(c);
  } else {
    fail(c, &now.errors, "closed before the answer was whole");
  }
}

static void receive(struct connection *c, int ends) {
  while (c->phase >= ASKING) {
    int n = SSL_read(c->ssl, input, sizeof input);
    if (n <= 0) {
      int error = SSL_get_error(c->ssl, n);
      if (error == SSL_ERROR_WANT_READ) return;
      if (error == SSL_ERROR_ZERO_RETURN) ended(c);
      else fail(c, &now.errors, "receive");
      return;
    }
    if (c->phase != ASKING) {
      fail(c, &now.wrong, "bytes that nothing was asked for");
      return;
    }
    enum answer_result result = answer_feed(&c->answer, input, (size_t)n);
    if (result == ANSWER_BAD) {
      fail(c, &now.wrong, "not an answer");
      return;
    }
    if (result == ANSWER_DONE) {
      answered(c);
      /* Nothing more can have come on a connection that stays open. */
      if (mode == MODE_KEEP && !ends) return;
    }
  }
}

static void serve(struct connection *c, uint32_t events) {
  if (c->fd < 0) return;
  if (c->phase == CONNECTING && (events & (EPOLLIN | EPOLLOUT | EPOLLHUP | EPOLLERR))) handshake(c);
  if (c->phase >= ASKING && (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))) {
    receive(c, (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0);
  }
}

static void revive_all(void) {
  for (int i = 0; i < connection_count; i++) {
    if (connections[i].phase == VACANT) begin(&connections[i]);
  }
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
  uint64_t from = clock_ns() + (uint64_t)(warmup * 1e9);
  uint64_t until = from + (uint64_t)(seconds * 1e9);
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
    int n = epoll_wait(poller, events, EVENTS, 10);
    for (int i = 0; i < n; i++) {
      struct connection *c = events[i].data.ptr;
      serve(c, events[i].events);
      if (c->phase == VACANT) begin(c);
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
      begin(&connections[opened++]);
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
    static const char *modes[] = {"keep", "full", "resume", "idle"};
    for (int i = 0; i < 4; i++) if (strcmp(value, modes[i]) == 0) { mode = (enum mode)i; return 0; }
    return -1;
  }
  if (strcmp(name, "port") == 0) port = atoi(value);
  else if (strcmp(name, "connections") == 0) connection_count = atoi(value);
  else if (strcmp(name, "seconds") == 0) seconds = atof(value);
  else if (strcmp(name, "warmup") == 0) warmup = atof(value);
  else if (strcmp(name, "path") == 0) shape.path = value;
  else if (strcmp(name, "expect") == 0) expect = atoll(value);
  else if (strcmp(name, "pids") == 0) watch_parse_pids(&watch, value);
  else if (strcmp(name, "core") == 0) watch.core = atoi(value);
  else return -1;
  return 0;
}

/* What a client offers: one of each, so that all balancers choose the same. */
static int make_context(void) {
  static const unsigned char alpn[] = "\x08http/1.1";
  context = SSL_CTX_new(TLS_client_method());
  if (!context) return -1;
  SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context, keep_session);
  return SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) == 1 &&
                 SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256") == 1 &&
                 SSL_CTX_set1_groups_list(context, "X25519") == 1 &&
                 SSL_CTX_set1_sigalgs_list(context, "ECDSA+SHA256") == 1 &&
                 SSL_CTX_set_alpn_protos(context, alpn, sizeof alpn - 1) == 0
             ? 0
             : -1;
}

int main(int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    char *value = strchr(argv[i], '=');
    if (value) *value++ = 0;
    if (!value || set_option(argv[i], value) < 0) {
      fprintf(stderr, "tls-load: unknown option \"%s\"\n", argv[i]);
      return 2;
    }
  }
  shape.closes = mode == MODE_FULL || mode == MODE_RESUME;
  if (port <= 0 || connection_count <= 0 || requests_build(&requests, &shape, NULL) < 0) {
    fprintf(stderr, "tls-load: port and connections must be given and make sense\n");
    return 2;
  }
  if (make_context() < 0) {
    ERR_print_errors_fp(stderr);
    return 1;
  }
  signal(SIGPIPE, SIG_IGN);
  target = loopback(port);
  poller = epoll_create1(EPOLL_CLOEXEC);
  connections = calloc((size_t)connection_count, sizeof *connections);
  for (int i = 0; i < connection_count; i++) connections[i].fd = -1;
  if (mode == MODE_IDLE) run_idle();
  else run_timed();
  return 0;
}
