/*
 * Called by pam_exec(8) inside every login: read, encode, send, else spool;
 * exit 0 on every path. It never waits for longer than its budget, never writes to
 * stdout or stderr, and takes its settings from its arguments alone: the
 * environment belongs to the user who logs in.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "hook.h"

enum {
	BUDGET_MS = 50,
	BUDGET_MAX_MS = 10000,
	GRACE_US = 2000000, /* how long the child goes on waiting for the answer */
};

struct settings {
	const char *outcome, *socket, *spool;
	int64_t budget_us;
};

static bool
read_settings(char *argv[], struct settings *s)
{
	*s = (struct settings){
		.outcome = "success",
		.socket = "/run/pam-alert/relay.sock",
		.spool = "/var/spool/pam-alert",
		.budget_us = BUDGET_MS * 1000,
	};
	for (int i = 1; argv[i] != NULL; i += 2) {
		const char *option = argv[i], *value = argv[i + 1];

		if (value == NULL)
			return false;
		if (strcmp(option, "--outcome") == 0 &&
		    (strcmp(value, "success") == 0 || strcmp(value, "failure") == 0)) {
			s->outcome = value;
		} else if (strcmp(option, "--socket") == 0 && value[0] == '/') {
			s->socket = value;
		} else if (strcmp(option, "--spool") == 0 && value[0] == '/') {
			s->spool = value;
		} else if (strcmp(option, "--budget-ms") == 0) {
			char *end;
			long ms = strtol(value, &end, 10);

			if (*value == '\0' || *end != '\0' || ms < 0 || ms > BUDGET_MAX_MS)
				return false;
			s->budget_us = ms * 1000;
		} else {
			return false;
		}
	}
	return true;
}

/* Of the login's process group, the hook gets what is meant for the login: a user's ^C, and sshd's
 * SIGTERM to all of it at LoginGraceTime. Whoever tried that far must be told of all the same. */
static void
ignore_signals(void)
{
	static const int meant_for_login[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGXCPU, SIGXFSZ};

	for (size_t i = 0; i < sizeof(meant_for_login) / sizeof(meant_for_login[0]); i++)
		signal(meant_for_login[i], SIG_IGN);
}

static void
look_around(struct circumstance *c, const char *outcome)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	c->outcome = outcome;
	c->time_us = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
	c->pid = getppid();
	c->uid = getuid();
	/* Early at boot there may be no randomness yet; the id must still be
	 * this process's own, it need not be a secret. */
	if (getrandom(c->random, sizeof(c->random), GRND_NONBLOCK) != sizeof(c->random)) {
		struct { int64_t us; int pid; } own = {monotonic_us(), getpid()};
		unsigned char digest[32];

		sha256((const unsigned char *)&own, sizeof(own), digest);
		memcpy(c->random, digest, sizeof(c->random));
	}
}

/* True in the child, false if there is none. The parent is done and the login goes on; the child
 * keeps no descriptor that pam_exec could wait for, nor the user's terminal. */
static bool
detach(int keep)
{
	pid_t child = fork();

	if (child > 0)
		_exit(0);
	if (child < 0)
		return false;
	setsid();
	for (int fd = 0; fd <= 2; fd++)
		if (fd != keep)
			close(fd);
	return true;
}

int
main(int argc, char *argv[], char *envp[])
{
	static struct event event;
	struct conversation conversation;
	struct circumstance circumstance;
	struct settings settings;
	int64_t start = monotonic_us();
	enum verdict verdict;

	(void)argc;
	ignore_signals();
	if (!read_settings(argv, &settings)) {
		syslog_line("bad arguments", "see pam-alert(8)", NULL);
		return 0;
	}
	look_around(&circumstance, settings.outcome);
	if (!event_encode(&event, envp, &circumstance)) {
		syslog_line("nothing done", "not called by pam_exec", NULL);
		return 0;
	}
	verdict = send_start(&conversation, &event, settings.socket);
	if (verdict == UNFINISHED)
		verdict = send_continue(&conversation, &event, start + settings.budget_us);
	if (verdict == ACKNOWLEDGED)
		return 0;
	if (detach(conversation.fd)) {
		if (verdict == UNFINISHED)
			verdict = send_continue(&conversation, &event,
			    start + settings.budget_us + GRACE_US);
		if (verdict == ACKNOWLEDGED || spool(&event, settings.spool))
			return 0;
	}
	syslog_line("event neither taken nor spooled",
	    verdict == FAILED ? conversation.reason : "no answer in time", &event);
	return 0;
}
