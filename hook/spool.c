/*
 * The event as a file for the relay to find, when nobody has acknowledged it.
 * Called in the detached child only: any of this may hang with the disk. The
 * name that the relay looks for appears after the content is on disk.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "hook.h"

/* The directory, if it is ours and nobody else's: root's for root. Its group,
 * the relay's, may take files out; and as it may put links in, too, nothing
 * below is followed or opened if it is there. */
static int
open_spool(const char *path)
{
	struct stat st;
	int dir = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (dir < 0)
		return -1;
	if (fstat(dir, &st) == 0 && st.st_uid == geteuid() && (st.st_mode & S_IRWXO) == 0)
		return dir;
	close(dir);
	return -1;
}

/* The relay has been away for long, and the disk has other users. Counted by
 * getdents64(2), as readdir(3) allocates. */
static bool
is_full(int dir)
{
	_Alignas(8) static char entries[32768];
	long n, count = 0;

	while ((n = syscall(SYS_getdents64, dir, entries, sizeof(entries))) > 0)
		for (long at = 0; at < n; count++) {
			/* d_ino, d_off, then the length of the entry. */
			at += *(unsigned short *)(entries + at + 16);
			if (count >= SPOOL_MAX_FILES)
				return true;
		}
	return false;
}

/* Of su(1) the user sets the limits: with "ulimit -f 0" nothing could be kept. Root may lift them. */
static void
lift_file_size_limit(void)
{
	static const struct rlimit none = {RLIM_INFINITY, RLIM_INFINITY};

	setrlimit(RLIMIT_FSIZE, &none);
}

static bool
write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno != EINTR)
			return false;
		if (n > 0) {
			data += n;
			len -= (size_t)n;
		}
	}
	return true;
}

static bool
store(int dir, const char *temporary, const char *name, const struct event *e)
{
	int fd = openat(dir, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640);
	bool stored;

	if (fd < 0)
		return false;
	/* Content before name, name before success: after a power cut the file
	 * is whole or not there. */
	stored = write_all(fd, e->json, e->len) && fsync(fd) == 0 &&
	    linkat(dir, temporary, dir, name, 0) == 0 && fsync(dir) == 0;
	close(fd);
	unlinkat(dir, temporary, 0);
	return stored;
}

bool
spool(const struct event *e, const char *path)
{
	char name[EVENT_ID_LEN + 8], temporary[EVENT_ID_LEN + 8];
	struct text n = {.data = name, .max = sizeof(name) - 1};
	struct text t = {.data = temporary, .max = sizeof(temporary) - 1};
	int dir = open_spool(path);
	bool stored;

	if (dir < 0)
		return false;
	put(&n, e->id);
	put(&n, ".json");
	put(&t, ".");
	put(&t, e->id);
	put(&t, ".new");
	name[n.len] = temporary[t.len] = '\0';
	lift_file_size_limit();
	umask(0); /* the relay reads it through its group, whatever the login's umask */
	stored = !is_full(dir) && store(dir, temporary, name, e);
	close(dir);
	return stored;
}
