/*
 * Many logins: runs the hook N times, at most P at once, as pam_exec would, and
 * tells how long each of them was waited for.
 *
 *   logins N P HOOK ARG...
 *
 * The users are named PREFIX0 … PREFIX(N-1), PREFIX and PAM's TYPE
 * from the environment. Prints one JSON object with the waits in microseconds; then waits for what the hooks
 * have left running, so that all of them have had their say when it ends.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct login {
	pid_t pid;
	long long started;
};

static long long
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

static int
ascending(const void *a, const void *b)
{
	long x = *(const long *)a, y = *(const long *)b;

	return (x > y) - (x < y);
}

static pid_t
start(int n, const char *prefix, const char *type, char *argv[])
{
	char user[128], pam_type[128];
	char *env[] = {"PAM_SERVICE=sshd", user, "PAM_RHOST=192.0.2.7", pam_type, NULL};
	pid_t pid;

	snprintf(user, sizeof(user), "PAM_USER=%s%d", prefix, n);
	snprintf(pam_type, sizeof(pam_type), "PAM_TYPE=%s", type);
	pid = vfork();
	if (pid == 0) {
		execve(argv[0], argv, env);
		_exit(127);
	}
	return pid;
}

int
main(int argc, char *argv[])
{
	int n, parallel, begun = 0, ended = 0, failed = 0;
	const char *prefix = getenv("PREFIX"), *type = getenv("TYPE");
	struct login *logins;
	long *waits;

	if (argc < 4 || prefix == NULL || type == NULL)
		return 2;
	n = atoi(argv[1]);
	parallel = atoi(argv[2]);
	logins = calloc((size_t)parallel, sizeof(*logins));
	waits = calloc((size_t)n, sizeof(*waits));
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	while (ended < n) {
		int status;
		pid_t pid;

		for (int i = 0; i < parallel && begun < n; i++)
			if (logins[i].pid == 0) {
				logins[i].started = now_us();
				logins[i].pid = start(begun++, prefix, type, argv + 3);
			}
		pid = wait(&status);
		for (int i = 0; i < parallel; i++)
			if (logins[i].pid == pid) {
				waits[ended++] = (long)(now_us() - logins[i].started);
				logins[i].pid = 0;
				failed += status != 0;
			}
	}
	qsort(waits, (size_t)n, sizeof(*waits), ascending);
	printf("{\"n\":%d,\"failed\":%d,\"p50_us\":%ld,\"p99_us\":%ld,\"max_us\":%ld}\n", n, failed,
	    waits[n / 2], waits[n * 99 / 100], waits[n - 1]);
	fflush(stdout);
	while (wait(NULL) > 0 || errno == EINTR)
		;
	return 0;
}
