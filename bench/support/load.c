/*
 * load ADDRESS PORT CONNECTIONS SECONDS keep|new
 *
 * Asks for / as fast as it can, on so many connections at a time; with "new" each request has a connection of its own. One thread. Prints
 * as JSON: complete answers with status 200, what failed, the time it took (s), half and 99 % of the answers came within (us), and the CPU
 * time that this took here (us).
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MOST_TIMES 20000000u

struct conn {
    int fd;
    bool sent;      /* the request is on its way */
    bool whole;     /* the answer is complete, the end of the connection is not there yet */
    size_t len;
    int64_t began;
    char buf[4096];
};

static struct sockaddr_in target;
static bool each_new;
static char request[256];
static int epfd;
static uint32_t *times;
static unsigned long answers, failures;

static int64_t now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void watch(struct conn *c, int op, uint32_t events)
{
    struct epoll_event e = {.events = events, .data.ptr = c};
    epoll_ctl(epfd, op, c->fd, &e);
}

static void send_request(struct conn *c)
{
    size_t size = strlen(request);
    c->sent = true;
    c->whole = false;
    c->len = 0;
    if (send(c->fd, request, size, MSG_NOSIGNAL) != (ssize_t)size)
        shutdown(c->fd, SHUT_RDWR); /* is seen as a failure */
}

static void open_conn(struct conn *c)
{
    int on = 1;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    c->sent = c->whole = false;
    c->began = now_us();
    if (c->fd < 0) {
        perror("load: socket");
        exit(1);
    }
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(c->fd, (struct sockaddr *)&target, sizeof target) && errno != EINPROGRESS) {
        perror("load: connect");
        exit(1);
    }
    watch(c, EPOLL_CTL_ADD, EPOLLOUT | EPOLLIN);
}

static void again(struct conn *c)
{
    close(c->fd);
    open_conn(c);
}

static void fail(struct conn *c)
{
    failures++;
    again(c);
}

/* 1: complete, 0: more to come, -1: not what was asked for. */
static int complete(struct conn *c)
{
    c->buf[c->len] = 0;
    char *end = strstr(c->buf, "\r\n\r\n");
    if (!end)
        return 0;
    char *length = strcasestr(c->buf, "\r\ncontent-length:");
    if (strncmp(c->buf + 8, " 200", 4) || !length || length > end)
        return -1;
    return c->len >= (size_t)(end + 4 - c->buf) + strtoul(length + 17, NULL, 10);
}

static void note(struct conn *c)
{
    if (answers < MOST_TIMES)
        times[answers] = (uint32_t)(now_us() - c->began);
    answers++;
}

static void input(struct conn *c)
{
    ssize_t n = recv(c->fd, c->buf + c->len, sizeof c->buf - 1 - c->len, MSG_DONTWAIT);
    if (n < 0 && errno == EAGAIN)
        return;
    if (n <= 0 && c->whole) {
        again(c);
        return;
    }
    if (n <= 0) {
        fail(c);
        return;
    }
    c->len += (size_t)n;
    int state = complete(c);
    if (state < 0 || (state == 0 && c->len == sizeof c->buf - 1))
        fail(c);
    if (state != 1 || c->whole)
        return;
    note(c);
    if (each_new) { /* who closes first keeps the port for a minute: let it be the other side */
        c->whole = true;
        return;
    }
    c->began = now_us();
    send_request(c);
}

static int ascending(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

int main(int argc, char **argv)
{
    if (argc != 6) {
        fprintf(stderr, "usage: load ADDRESS PORT CONNECTIONS SECONDS keep|new\n");
        return 2;
    }
    int count = atoi(argv[3]);
    target.sin_family = AF_INET;
    target.sin_port = htons((uint16_t)atoi(argv[2]));
    inet_pton(AF_INET, argv[1], &target.sin_addr);
    each_new = !strcmp(argv[5], "new");
    snprintf(request, sizeof request, "GET / HTTP/1.1\r\nHost: %s\r\n%s\r\n", argv[1], each_new ? "Connection: close\r\n" : "");
    times = malloc(MOST_TIMES * sizeof *times);
    epfd = epoll_create1(0);
    struct conn *conns = calloc((size_t)count, sizeof *conns);
    for (int i = 0; i < count; i++)
        open_conn(&conns[i]);
    int64_t start = now_us(), end = start + (int64_t)(atof(argv[4]) * 1e6), now = start;
    while (now < end) {
        struct epoll_event events[64];
        int got = epoll_wait(epfd, events, 64, 100);
        for (int i = 0; i < got; i++) {
            struct conn *c = events[i].data.ptr;
            if (!c->sent && events[i].events & EPOLLOUT && !(events[i].events & (EPOLLERR | EPOLLHUP))) {
                watch(c, EPOLL_CTL_MOD, EPOLLIN);
                send_request(c);
            } else if (!c->sent) {
                fail(c);
            } else {
                input(c);
            }
        }
        now = now_us();
    }
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    int64_t cpu = (int64_t)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000 + used.ru_utime.tv_usec + used.ru_stime.tv_usec;
    unsigned long kept = answers < MOST_TIMES ? answers : MOST_TIMES;
    qsort(times, kept, sizeof *times, ascending);
    printf("{\"answers\":%lu,\"failures\":%lu,\"seconds\":%.3f,\"p50us\":%u,\"p99us\":%u,\"cpuUs\":%lld}\n", answers, failures,
           (double)(now - start) / 1e6, kept ? times[kept / 2] : 0, kept ? times[kept * 99 / 100] : 0, (long long)cpu);
    return 0;
}
