/*
 * The last resort: one line to syslog's authpriv. Written to /dev/log by hand,
 * as syslog(3) may allocate, open files and block.
 */
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "hook.h"

enum { LINE_MAX_BYTES = 8000 }; /* what common daemons keep of a line */

void
syslog_line(const char *what, const char *reason, const struct event *e)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/dev/log"};
	char data[LINE_MAX_BYTES];
	struct text line = {.data = data, .max = sizeof(data)};
	int fd;

	put(&line, "<84>pam-alert-hook: "); /* authpriv.warning */
	put(&line, what);
	put(&line, " (");
	put(&line, reason);
	put(&line, ")");
	if (e != NULL) {
		put(&line, ": ");
		put_bytes(&line, e->json, e->len);
	}
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	/* Nobody is left to tell if this fails. */
	(void)sendto(fd, line.data, line.len, MSG_NOSIGNAL,
	    (struct sockaddr *)&address, sizeof(address));
	close(fd);
}
