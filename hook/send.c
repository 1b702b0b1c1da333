/*
 * One POST of the event over the relay's Unix socket. Nothing here blocks for
 * longer than the deadline that the caller hands in; it never retries.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "hook.h"

int64_t
monotonic_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static enum verdict
fail(struct conversation *c, const char *reason)
{
	c->reason = reason;
	return FAILED;
}

enum verdict
send_start(struct conversation *c, const struct event *e, const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct text head = {.data = c->head, .max = sizeof(c->head)};
	struct stat st;
	struct ucred peer;
	socklen_t peer_len = sizeof(peer);

	memset(c, 0, sizeof(*c));
	c->fd = -1;
	if (strlen(path) >= sizeof(address.sun_path))
		return fail(c, "socket path too long");
	memcpy(address.sun_path, path, strlen(path) + 1);
	if (lstat(path, &st) != 0)
		return fail(c, errno == ENOENT ? "no socket" : "socket out of reach");
	if (!S_ISSOCK(st.st_mode))
		return fail(c, "not a socket");
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		return fail(c, "no descriptor");
	/* unix(7): a local connect is done at once, or EAGAIN: backlog full. */
	if (connect(c->fd, (struct sockaddr *)&address, sizeof(address)) != 0)
		return fail(c, errno == EAGAIN ? "backlog full" : "nobody listens");
	/* Who called listen(2). For a hook that runs as root only root will do,
	 * so nobody else's listener can take in, or acknowledge, an event. */
	if (getsockopt(c->fd, SOL_SOCKET, SO_PEERCRED, &peer, &peer_len) != 0 ||
	    peer.uid != geteuid())
		return fail(c, "listener is another user");
	put(&head,
	    "POST /v1/events HTTP/1.1\r\nHost: pam-alert\r\n"
	    "Content-Type: application/json\r\nConnection: close\r\nContent-Length: ");
	put_number(&head, e->len, 1);
	put(&head, "\r\n\r\n");
	c->head_len = head.len;
	return UNFINISHED;
}

/* Waits until the socket can do `events`; false at the deadline. */
static bool
wait_for(int fd, short events, int64_t deadline_us)
{
	struct pollfd p = {.fd = fd, .events = events};

	for (;;) {
		int64_t left = deadline_us - monotonic_us();
		struct timespec timeout = {
			.tv_sec = (time_t)(left / 1000000),
			.tv_nsec = (long)(left % 1000000 * 1000),
		};

		if (left <= 0)
			return false;
		if (ppoll(&p, 1, &timeout, NULL) > 0)
			return true;
	}
}

/* The status of "HTTP/1.1 202 …" as soon as its third digit has arrived. */
int
reply_status(const char *reply, size_t len)
{
	static const char version[] = "HTTP/1.1 ";
	size_t n = sizeof(version) - 1;
	int status = 0;

	if (memcmp(reply, version, len < n ? len : n) != 0)
		return -1;
	for (size_t i = n; i < n + 3; i++) {
		if (i >= len)
			return 0;
		if (reply[i] < '0' || reply[i] > '9')
			return -1;
		status = status * 10 + (reply[i] - '0');
	}
	return status;
}

static bool
would_block(void)
{
	return errno == EAGAIN || errno == EINTR;
}

enum verdict
send_continue(struct conversation *c, const struct event *e, int64_t deadline_us)
{
	size_t total = c->head_len + e->len;

	for (;;) {
		bool sending = c->sent < total;
		ssize_t n;

		if (sending) {
			struct iovec parts[2];
			struct msghdr message = {.msg_iov = parts};
			size_t head_left = c->sent < c->head_len ? c->head_len - c->sent : 0;
			size_t body_sent = c->sent > c->head_len ? c->sent - c->head_len : 0;

			parts[0].iov_base = c->head + (c->head_len - head_left);
			parts[0].iov_len = head_left;
			parts[1].iov_base = (char *)e->json + body_sent;
			parts[1].iov_len = e->len - body_sent;
			message.msg_iovlen = 2;
			n = sendmsg(c->fd, &message, MSG_NOSIGNAL);
			if (n > 0)
				c->sent += (size_t)n;
		} else {
			int status;

			n = recv(c->fd, c->reply + c->got, sizeof(c->reply) - c->got, 0);
			if (n == 0)
				return fail(c, "closed without an answer");
			if (n > 0) {
				c->got += (size_t)n;
				status = reply_status(c->reply, c->got);
				/* 200: it has this event already. */
				if (status == 202 || status == 200)
					return ACKNOWLEDGED;
				if (status != 0)
					return fail(c, status < 0 ? "not an HTTP answer" : "refused");
			}
		}
		if (n < 0) {
			if (!would_block())
				return fail(c, sending ? "broken while sending" : "broken while waiting");
			if (!wait_for(c->fd, sending ? POLLOUT : POLLIN, deadline_us))
				return UNFINISHED;
		}
	}
}
