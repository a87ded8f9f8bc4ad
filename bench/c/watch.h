/*
 * Processor time of other processes, read from /proc at the very edges of the measured window.
 *
 * The sum over the threads' schedstat is in nanoseconds; the split into user and system comes from
 * stat, which counts in ticks and is only good for the proportion.
 */
#ifndef BENCH_WATCH_H
#define BENCH_WATCH_H

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WATCH_PIDS_MAX 64

struct watch {
  int count;
  int pids[WATCH_PIDS_MAX];
  int core;
};

struct watch_reading {
  uint64_t cpu_ns;
  uint64_t user_ticks;
  uint64_t system_ticks;
  /* Ticks in which the watched core ran anything at all. */
  uint64_t busy_ticks;
  /* Ticks in which the hypervisor ran something else than the watched core. */
  uint64_t steal_ticks;
};

static void watch_parse_pids(struct watch *w, const char *list) {
  while (*list && w->count < WATCH_PIDS_MAX) {
    char *end;
    long pid = strtol(list, &end, 10);
    if (end == list) break;
    w->pids[w->count++] = (int)pid;
    list = *end == ',' ? end + 1 : end;
  }
}

static void watch_add_threads(int pid, struct watch_reading *r) {
  char path[288];
  snprintf(path, sizeof path, "/proc/%d/task", pid);
  DIR *dir = opendir(path);
  if (!dir) return;
  for (struct dirent *e; (e = readdir(dir));) {
    if (e->d_name[0] == '.') continue;
    snprintf(path, sizeof path, "/proc/%d/task/%.16s/schedstat", pid, e->d_name);
    FILE *f = fopen(path, "r");
    if (!f) continue;
    unsigned long long ns = 0;
    if (fscanf(f, "%llu", &ns) == 1) r->cpu_ns += ns;
    fclose(f);
  }
  closedir(dir);
}

static void watch_add_ticks(int pid, struct watch_reading *r) {
  char path[64], line[1024];
  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  FILE *f = fopen(path, "r");
  if (!f) return;
  size_t n = fread(line, 1, sizeof line - 1, f);
  fclose(f);
  line[n] = 0;
  char *p = strrchr(line, ')');
  unsigned long long user = 0, system = 0;
  if (p && sscanf(p + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu", &user, &system) == 2) {
    r->user_ticks += user;
    r->system_ticks += system;
  }
}

static void watch_add_core(int core, struct watch_reading *r) {
  char line[512], name[16];
  snprintf(name, sizeof name, "cpu%d ", core);
  FILE *f = fopen("/proc/stat", "r");
  if (!f) return;
  while (fgets(line, sizeof line, f)) {
    /* user, nice, system, idle, iowait, irq, softirq, steal */
    unsigned long long t[8] = {0};
    if (strncmp(line, name, strlen(name)) != 0) continue;
    if (sscanf(line, "%*s %llu %llu %llu %llu %llu %llu %llu %llu", &t[0], &t[1], &t[2], &t[3], &t[4],
               &t[5], &t[6], &t[7]) == 8) {
      r->busy_ticks = t[0] + t[1] + t[2] + t[5] + t[6];
      r->steal_ticks = t[7];
    }
    break;
  }
  fclose(f);
}

static struct watch_reading watch_read(const struct watch *w) {
  struct watch_reading r = {0};
  for (int i = 0; i < w->count; i++) {
    watch_add_threads(w->pids[i], &r);
    watch_add_ticks(w->pids[i], &r);
  }
  watch_add_core(w->core, &r);
  return r;
}

#endif
