/* What a user would plant with LD_PRELOAD: it leaves a file when it is loaded. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

__attribute__((constructor)) static void
loaded(void)
{
	const char *path = getenv("PRELOAD_MARKER");

	if (path != NULL)
		close(open(path, O_CREAT | O_WRONLY, 0600));
}
