/*
 * Runs a program with an environment given byte by byte, in order, twins and
 * all, and in the state in which a careless caller of PAM may leave it.
 *
 *   with-env [closed-fds] [ignored-signals] [blocked-signals] [no-file-size] -- PROGRAM ARG...
 *
 * Standard input holds the entries of the environment, each with a NUL behind.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { MAX_BYTES = 1 << 20, MAX_ENTRIES = 4096 };

int
main(int argc, char *argv[])
{
	static char bytes[MAX_BYTES];
	static char *entries[MAX_ENTRIES + 1];
	size_t len = fread(bytes, 1, sizeof(bytes), stdin);
	int n = 0, i = 1;

	for (char *at = bytes; at < bytes + len && n < MAX_ENTRIES; at += strlen(at) + 1)
		entries[n++] = at;
	for (; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (strcmp(argv[i], "closed-fds") == 0) {
			close(0);
			close(1);
			close(2);
		} else if (strcmp(argv[i], "ignored-signals") == 0) {
			signal(SIGPIPE, SIG_IGN);
			signal(SIGCHLD, SIG_IGN);
		} else if (strcmp(argv[i], "blocked-signals") == 0) {
			sigset_t all;

			sigfillset(&all);
			sigprocmask(SIG_BLOCK, &all, NULL);
		} else if (strcmp(argv[i], "no-file-size") == 0) {
			/* The soft limit: to lift the hard one needs CAP_SYS_RESOURCE, which not every root has. */
			struct rlimit limit = {0, RLIM_INFINITY};

			if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
				return 2;
		} else {
			return 2;
		}
	}
	if (i + 1 >= argc)
		return 2;
	execve(argv[i + 1], argv + i + 1, entries);
	return 127;
}
