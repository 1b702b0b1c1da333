/*
 * What a program costs that has one page on disk when it ends, written in place, and asks nobody: the
 * least that a login can pay for an alert that survives a power cut.
 *
 *   durable FILE
 */
#include <fcntl.h>
#include <unistd.h>

enum { PAGE = 4096 };

int
main(int argc, char *argv[])
{
	static char page[PAGE];
	int fd = argc == 2 ? open(argv[1], O_WRONLY) : -1;

	return fd < 0 || pwrite(fd, page, PAGE, 0) != PAGE || fdatasync(fd) != 0;
}
