/* The hook's four steps and what they hand to one another. */
#ifndef PAM_ALERT_HOOK_H
#define PAM_ALERT_HOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	NAME_MAX_BYTES = 256,  /* services, terminals, SSH_CONNECTION */
	TEXT_MAX_BYTES = 1024, /* users and hosts: a peer may send what it likes */
	KEYS_MAX_BYTES = 6144, /* SSH_AUTH_INFO_0: a line per method, with whole keys */
	EVENT_MAX = 65536,     /* the relay takes no larger body */
	EVENT_ID_LEN = 36,
	SPOOL_MAX_FILES = 100000,
};

/* text.c: a buffer that fills up and never overflows. */
struct text {
	char *data;
	size_t len, max;
};
void put(struct text *, const char *string);
void put_bytes(struct text *, const void *bytes, size_t len);
void put_hex(struct text *, const unsigned char *bytes, size_t len);
void put_number(struct text *, uint64_t n, int width); /* zero-padded to width */

/* escape.c */
void put_escaped(struct text *, const unsigned char *bytes, size_t len);

struct event {
	char id[EVENT_ID_LEN + 1]; /* UUIDv7, RFC 9562 section 5.7 */
	size_t len;
	char json[EVENT_MAX];
};

/* What the kernel tells about this run; handed in, so that encoding is pure. */
struct circumstance {
	const char *outcome; /* "success" or "failure" */
	int64_t time_us;     /* microseconds since 1970-01-01T00:00:00Z */
	int pid;             /* the process that called PAM */
	unsigned uid;
	unsigned char random[10];
};

/* event.c: false if the environment isn't one that pam_exec made. */
bool event_encode(struct event *, char *const envp[], const struct circumstance *);

/* send.c: one POST to the relay. UNFINISHED may be carried on by another call
 * with a later deadline (microseconds of CLOCK_MONOTONIC), in a child too. */
enum verdict { ACKNOWLEDGED, UNFINISHED, FAILED };
struct conversation {
	int fd;
	size_t sent, got;
	size_t head_len;
	char head[192];
	char reply[64];
	const char *reason; /* why it FAILED */
};
enum verdict send_start(struct conversation *, const struct event *, const char *socket_path);
enum verdict send_continue(struct conversation *, const struct event *, int64_t deadline_us);
int reply_status(const char *reply, size_t len); /* HTTP status, 0: not yet, -1: never */
int64_t monotonic_us(void);

/* spool.c: true once the event is a file there, and on disk. */
bool spool(const struct event *, const char *directory);

/* syslog.c: the last resort, one line to authpriv; never blocks. */
void syslog_line(const char *what, const char *reason, const struct event *);

/* sha256.c: FIPS 180-4. */
void sha256(const unsigned char *data, size_t len, unsigned char digest[32]);

#endif
