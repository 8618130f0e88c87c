/* mailload: an SMTP load of distinct messages over many sessions, and how long each final 250 took.
 *
 *   cc -O2 -o mailload mailload.c
 *   mailload -p PORT -f PACK -r RECIPIENT [-s SESSIONS] [-t SECONDS] [-n MAX] [-o] [-R RATE] [-k FIRST] [-U USERS]
 *
 *   -f PACK        messages as `mail.py` packs them: u32 little-endian length, then what DATA sends, dot and all
 *   -r RECIPIENT   "%d" in it becomes a number below USERS
 *   -o             one message a connection; else as many as there is time for
 *   -R RATE        messages a second offered over all sessions; else as fast as the server answers
 *   -k FIRST       where in the pack to begin, so that one run after another repeats no mail
 *
 * It connects to 127.0.0.1 and nowhere else, for SECONDS at most (120 is the limit) and MAX messages at most.
 * It prints one JSON object: n, rate (a second), p50 p99 p999 max (ms from the last octet to the 250), late (messages
 * that began more than 10 ms after their turn: then the load tool, not the server, was too slow). A refusal is exit 1.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { SESSIONS_MAX = 5000, SECONDS_MAX = 120, EVENTS = 256, PATIENCE_SECONDS = 30 };

/* What a session waits for: the reply to this. */
enum state { GREETING, EHLO, IDLE, MAIL, RCPT, DATA, BODY, QUIT };

struct session {
    int socket;
    enum state state;
    char in[2048];              /* what was read of a reply that is not whole yet */
    size_t have;
    char line[512];             /* the command that is being sent */
    const char *out;            /* what is left to be sent: of `line`, or of a message in the pack */
    size_t left;
    double body_sent_at;
};

struct pack {
    const char **message;
    uint32_t *length;
    size_t count;
};

static struct options {
    int port, sessions, users, one_a_connection;
    long most;
    size_t first;
    double seconds, rate;
    const char *file, *recipient;
} options = { .sessions = 10, .users = 1, .most = 2000000, .seconds = 2 };

static struct pack pack;
static int poller, alive;
static size_t next_message;
static long started, done, late;
static double begun_at, end_at, heard_at;
static float *latency;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static void fail(const char *what, const char *detail) {
    fprintf(stderr, "mailload: %s %.160s\n", what, detail);
    exit(1);
}

/* ---- sending ---------------------------------------------------------------------------------------------------- */

static void watch(struct session *s, uint32_t events, int operation) {
    struct epoll_event e = { .events = events, .data.ptr = s };
    epoll_ctl(poller, operation, s->socket, &e);
}

static void push(struct session *s) {
    while (s->left) {
        ssize_t sent = send(s->socket, s->out, s->left, MSG_NOSIGNAL);
        if (sent < 0 && errno == EAGAIN) {
            watch(s, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
            return;
        }
        if (sent < 0) fail("cannot send:", strerror(errno));
        s->out += sent;
        s->left -= sent;
    }
}

static void say(struct session *s, enum state awaited, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    s->left = vsnprintf(s->line, sizeof s->line, format, arguments);
    va_end(arguments);
    if (s->left >= sizeof s->line) fail("too long:", options.recipient);
    s->state = awaited;
    s->out = s->line;
    push(s);
}

static void send_message(struct session *s) {
    size_t k = next_message++ % pack.count;
    s->state = BODY;
    s->out = pack.message[k];
    s->left = pack.length[k];
    s->body_sent_at = now();
    push(s);
}

/* ---- a session's life ------------------------------------------------------------------------------------------- */

static void dial(struct session *s) {
    struct sockaddr_in server = { .sin_family = AF_INET, .sin_port = htons(options.port) };
    int yes = 1;
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    s->socket = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(s->socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (s->socket < 0 || connect(s->socket, (void *)&server, sizeof server)) fail("cannot connect:", strerror(errno));
    fcntl(s->socket, F_SETFL, O_NONBLOCK);
    s->state = GREETING;
    s->have = s->left = 0;
    watch(s, EPOLLIN, EPOLL_CTL_ADD);
}

static int more_is_wanted(void) { return now() < end_at && started < options.most; }

static double turn(void) { return options.rate > 0 ? begun_at + started / options.rate : 0; }

static void begin_or_leave(struct session *s) {
    if (!more_is_wanted()) say(s, QUIT, "QUIT\r\n");
    else if (turn() <= now()) {
        if (options.rate > 0 && now() - turn() > 0.01) late++;
        started++;
        say(s, MAIL, "MAIL FROM:<bench@sender.example>\r\n");
    }
}

static void hang_up(struct session *s) {
    close(s->socket);
    s->socket = -1;
    if (options.one_a_connection && more_is_wanted()) dial(s);
    else alive--;
}

static void name_recipient(struct session *s) {
    char recipient[256];
    snprintf(recipient, sizeof recipient, options.recipient, (int)(next_message * 7919 % options.users));
    say(s, RCPT, "RCPT TO:<%s>\r\n", recipient);
}

static void answered(struct session *s, char class) {
    char wanted = s->state == DATA ? '3' : '2';
    if (s->state == IDLE) fail("unasked for:", s->in);
    if (class != wanted) fail("refused:", s->in);
    switch (s->state) {
    case GREETING: say(s, EHLO, "EHLO client.bench.example\r\n"); break;
    case MAIL: name_recipient(s); break;
    case RCPT: say(s, DATA, "DATA\r\n"); break;
    case DATA: send_message(s); break;
    case QUIT: hang_up(s); break;
    case EHLO: s->state = IDLE; begin_or_leave(s); break;
    case BODY:
        latency[done++] = now() - s->body_sent_at;
        s->state = IDLE;
        if (options.one_a_connection) say(s, QUIT, "QUIT\r\n");
        else begin_or_leave(s);
        break;
    case IDLE: break;
    }
}

/* Read what has come; act once the last line of a reply ("250 ", not "250-") is whole. */
static void readable(struct session *s) {
    ssize_t got = recv(s->socket, s->in + s->have, sizeof s->in - 1 - s->have, 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
        if (s->state != QUIT) fail("closed by the server", "");
        hang_up(s);
        return;
    }
    s->have += got;
    s->in[s->have] = 0;
    char *line = s->in, *end, class = 0;
    while ((end = memchr(line, '\n', s->in + s->have - line))) {
        if (end - line >= 4 && line[3] == ' ') class = line[0];
        line = end + 1;
    }
    if (class) {
        s->have = 0;
        answered(s, class);
    } else {
        s->have = s->in + s->have - line;
        memmove(s->in, line, s->have);
    }
}

/* ---- the load --------------------------------------------------------------------------------------------------- */

static void load_pack(void) {
    struct stat found;
    int file = open(options.file, O_RDONLY);
    if (file < 0 || fstat(file, &found)) fail("cannot read", options.file);
    char *all = malloc(found.st_size);
    for (off_t have = 0; have < found.st_size;) {
        ssize_t got = read(file, all + have, found.st_size - have);
        if (got <= 0) fail("cannot read", options.file);
        have += got;
    }
    close(file);
    pack.message = malloc((found.st_size / 8 + 1) * sizeof *pack.message);
    pack.length = malloc((found.st_size / 8 + 1) * sizeof *pack.length);
    for (off_t at = 0; at < found.st_size; at += 4 + pack.length[pack.count++]) {
        memcpy(&pack.length[pack.count], all + at, 4);
        pack.message[pack.count] = all + at + 4;
    }
    if (!pack.count) fail("nothing in", options.file);
}

static void handle(struct epoll_event *event) {
    struct session *s = event->data.ptr;
    if (event->events & EPOLLOUT) {
        push(s);
        if (!s->left) watch(s, EPOLLIN, EPOLL_CTL_MOD);
    }
    if (s->socket >= 0 && event->events & (EPOLLIN | EPOLLHUP | EPOLLERR)) readable(s);
}

static void run(struct session *sessions) {
    struct epoll_event events[EVENTS];
    heard_at = now();
    while (alive > 0) {
        int count = epoll_wait(poller, events, EVENTS, options.rate > 0 ? 1 : 1000);
        if (count > 0) heard_at = now();
        else if (now() - heard_at > PATIENCE_SECONDS) fail("the server does not answer", "");
        for (int i = 0; i < count; i++) handle(&events[i]);
        for (int i = 0; options.rate > 0 && i < options.sessions; i++)
            if (sessions[i].socket >= 0 && sessions[i].state == IDLE) begin_or_leave(&sessions[i]);
    }
}

static int rising(const void *a, const void *b) {
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static void report(double seconds) {
    if (!done) fail("nothing was accepted", "");
    qsort(latency, done, sizeof *latency, rising);
    printf("{\"n\": %ld, \"rate\": %.1f, \"p50\": %.3f, \"p99\": %.3f, \"p999\": %.3f, \"max\": %.3f, \"late\": %ld}\n",
           done, done / seconds, latency[done / 2] * 1e3, latency[(long)(done * .99)] * 1e3,
           latency[(long)(done * .999)] * 1e3, latency[done - 1] * 1e3, late);
}

int main(int count, char **words) {
    for (int c; (c = getopt(count, words, "p:f:r:s:t:n:oR:k:U:")) != -1;) switch (c) {
        case 'p': options.port = atoi(optarg); break;
        case 'f': options.file = optarg; break;
        case 'r': options.recipient = optarg; break;
        case 's': options.sessions = atoi(optarg); break;
        case 't': options.seconds = atof(optarg); break;
        case 'n': options.most = atol(optarg); break;
        case 'o': options.one_a_connection = 1; break;
        case 'R': options.rate = atof(optarg); break;
        case 'k': options.first = atol(optarg); break;
        case 'U': options.users = atoi(optarg); break;
        default: return 2;
    }
    if (!options.port || !options.file || !options.recipient || options.sessions < 1 || options.users < 1 ||
        options.sessions > SESSIONS_MAX || options.seconds > SECONDS_MAX)
        fail("usage: see the head of mailload.c", "");
    load_pack();
    latency = malloc((options.most + options.sessions) * sizeof *latency);
    struct session *sessions = calloc(options.sessions, sizeof *sessions);
    poller = epoll_create1(0);
    next_message = options.first;
    begun_at = now();
    end_at = begun_at + options.seconds;
    for (; alive < options.sessions; alive++) dial(&sessions[alive]);
    run(sessions);
    report(now() - begun_at);
    return 0;
}
