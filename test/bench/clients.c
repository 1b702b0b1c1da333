/*
 * Many clients at a socket: each posts events over and over, a connection per
 * event as the hook does, and waits for the acknowledgement.
 *
 *   clients SOCKET EVENTS CLIENTS OUTCOME PAUSE_US
 *
 * Refused logins come from a thousand addresses. Prints one JSON object: how
 * many were acknowledged and how many not, the seconds that all took, and the
 * waits in microseconds.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static struct sockaddr_un address = {.sun_family = AF_UNIX};
static const char *outcome;
static int per_client, pause_us;
static long long begun_ms;

struct client {
	pthread_t thread;
	int number, failed;
	double *waits;
};

static double
now_us(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* A UUIDv7 of this run, client and turn. */
static int
request(char *out, size_t max, int client, int turn)
{
	char body[512];
	int failure = strcmp(outcome, "failure") == 0;
	int n = snprintf(body, sizeof(body),
	    "{\"v\":1,\"id\":\"%08llx-%04llx-7%03x-8000-%06x%06x\",\"time\":\"2026-11-20T14:38:36.123456Z\","
	    "\"type\":\"%s\",\"outcome\":\"%s\",\"service\":\"sshd\",\"user\":\"alice\","
	    "\"rhost\":\"203.0.%d.%d\",\"ruser\":null,\"tty\":\"ssh\",\"pid\":4666,\"uid\":0,"
	    "\"ssh\":null,\"flags\":[]}",
	    begun_ms >> 16, begun_ms & 0xffff, (unsigned)getpid() & 0xfff, (unsigned)client, (unsigned)turn,
	    failure ? "auth" : "open_session", outcome, turn % 1000 / 250, turn % 250);

	return snprintf(out, max,
	    "POST /v1/events HTTP/1.1\r\nHost: pam-alert\r\nContent-Type: application/json\r\n"
	    "Connection: close\r\nContent-Length: %d\r\n\r\n%s", n, body);
}

static int
post(const char *text, int len)
{
	char reply[512];
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), stored = 0;

	if (fd < 0)
		return 0;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
	    send(fd, text, (size_t)len, MSG_NOSIGNAL) == len && recv(fd, reply, sizeof(reply), 0) > 12)
		stored = memcmp(reply + 9, "202", 3) == 0;
	close(fd);
	return stored;
}

static void *
run(void *argument)
{
	struct client *c = argument;
	char text[1024];

	for (int turn = 0; turn < per_client; turn++) {
		int len = request(text, sizeof(text), c->number, turn);
		double start = now_us(CLOCK_MONOTONIC);

		c->failed += !post(text, len);
		c->waits[turn] = now_us(CLOCK_MONOTONIC) - start;
		if (pause_us > 0)
			usleep((useconds_t)pause_us);
	}
	return NULL;
}

static int
ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int
main(int argc, char *argv[])
{
	struct client *clients;
	double *waits, start, seconds;
	int events, count, failed = 0;

	if (argc != 6 || strlen(argv[1]) >= sizeof(address.sun_path))
		return 2;
	strcpy(address.sun_path, argv[1]);
	count = atoi(argv[3]);
	per_client = atoi(argv[2]) / count;
	events = per_client * count;
	outcome = argv[4];
	pause_us = atoi(argv[5]);
	begun_ms = (long long)(now_us(CLOCK_REALTIME) / 1000);
	clients = calloc((size_t)count, sizeof(*clients));
	waits = calloc((size_t)events + 1, sizeof(*waits));
	if (clients == NULL || waits == NULL)
		return 1;
	start = now_us(CLOCK_MONOTONIC);
	for (int i = 0; i < count; i++) {
		clients[i].number = i;
		clients[i].waits = waits + i * per_client;
		if (pthread_create(&clients[i].thread, NULL, run, &clients[i]) != 0)
			return 1;
	}
	for (int i = 0; i < count; i++) {
		pthread_join(clients[i].thread, NULL);
		failed += clients[i].failed;
	}
	seconds = (now_us(CLOCK_MONOTONIC) - start) / 1e6;
	qsort(waits, (size_t)events, sizeof(*waits), ascending);
	printf("{\"stored\":%d,\"failed\":%d,\"seconds\":%.6f,\"p50_us\":%.1f,\"p99_us\":%.1f}\n",
	    events - failed, failed, seconds, waits[events / 2], waits[events * 99 / 100]);
	return 0;
}
