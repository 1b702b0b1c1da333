/*
 * Many sessions through libpam: one of each service in turn, in a process of
 * its own as sshd's are, and what pam_open_session took of it.
 *
 *   sessions CONFDIR NOFILE PAUSE_US N SERVICE...
 *
 * Prints a line per service: its name and N durations in microseconds, in the
 * order in which they were taken; "!" before one that PAM refused.
 */
#include <security/pam_appl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct session {
	double us;
	int verdict;
};

static double
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* Nobody is there to answer. */
static int
converse(int n, const struct pam_message **messages, struct pam_response **out, void *unused)
{
	(void)n, (void)messages, (void)out, (void)unused;
	return PAM_CONV_ERR;
}

static void
open_session(const char *confdir, const char *service, struct session *s)
{
	struct pam_conv conversation = {converse, NULL};
	pam_handle_t *pam = NULL;
	double start;

	if ((s->verdict = pam_start_confdir(service, "alice", &conversation, confdir, &pam)) != PAM_SUCCESS)
		return;
	pam_set_item(pam, PAM_RHOST, "192.0.2.7");
	pam_set_item(pam, PAM_TTY, "ssh");
	pam_putenv(pam, "SSH_CONNECTION=192.0.2.7 39652 192.0.2.1 22");
	start = now_us();
	s->verdict = pam_open_session(pam, 0);
	s->us = now_us() - start;
	pam_end(pam, s->verdict);
}

int
main(int argc, char *argv[])
{
	struct rlimit limit;
	struct session *sessions;
	int n, pause_us, services = argc - 5;

	if (services < 1)
		return 2;
	limit.rlim_cur = limit.rlim_max = (rlim_t)atol(argv[2]);
	pause_us = atoi(argv[3]);
	n = atoi(argv[4]);
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
		perror("sessions: setrlimit");
		return 1;
	}
	sessions = mmap(NULL, sizeof(*sessions) * (size_t)(n * services), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (sessions == MAP_FAILED)
		return 1;
	for (int i = 0; i < n; i++)
		for (int k = 0; k < services; k++) {
			pid_t pid = fork();

			if (pid == 0) {
				open_session(argv[1], argv[5 + k], &sessions[k * n + i]);
				_exit(0);
			}
			if (pid < 0 || waitpid(pid, NULL, 0) != pid)
				return 1;
			if (pause_us > 0)
				usleep((useconds_t)pause_us);
		}
	for (int k = 0; k < services; k++) {
		printf("%s", argv[5 + k]);
		for (int i = 0; i < n; i++)
			printf(" %s%.1f", sessions[k * n + i].verdict == PAM_SUCCESS ? "" : "!",
			    sessions[k * n + i].us);
		printf("\n");
	}
	return 0;
}
