/*
 * What the disk needs for one page to be kept: written and synced N times over,
 * in place, as a write-ahead log is. By fdatasync, or as SQLite does by fsync.
 *
 *   syncs FILE N fsync|fdatasync PAUSE_US
 *
 * Prints the waits in microseconds.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { PAGE = 4096, PAGES = 64 };

static double
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

int
main(int argc, char *argv[])
{
	static char page[PAGE];
	int fd, n, whole, pause_us;

	if (argc != 5 || (fd = open(argv[1], O_RDWR | O_CREAT, 0600)) < 0)
		return 2;
	n = atoi(argv[2]);
	whole = strcmp(argv[3], "fsync") == 0;
	pause_us = atoi(argv[4]);
	for (int i = 0; i < PAGES; i++)
		if (pwrite(fd, page, PAGE, i * PAGE) != PAGE)
			return 1;
	fsync(fd);
	for (int i = 0; i < n; i++) {
		double start;

		if (pause_us > 0)
			usleep((useconds_t)pause_us);
		start = now_us();

		memset(page, i, PAGE);
		if (pwrite(fd, page, PAGE, i % PAGES * PAGE) != PAGE || (whole ? fsync(fd) : fdatasync(fd)) != 0)
			return 1;
		printf("%.1f ", now_us() - start);
	}
	return 0;
}
