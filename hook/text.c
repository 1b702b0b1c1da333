/* Appending to a buffer of fixed size; what doesn't fit is left out. */
#include <string.h>

#include "hook.h"

void
put_bytes(struct text *t, const void *bytes, size_t len)
{
	size_t room = t->max - t->len;

	if (len > room)
		len = room;
	memcpy(t->data + t->len, bytes, len);
	t->len += len;
}

void
put(struct text *t, const char *string)
{
	put_bytes(t, string, strlen(string));
}

void
put_number(struct text *t, uint64_t n, int width)
{
	char digits[20];
	int at = sizeof(digits);

	do
		digits[--at] = (char)('0' + n % 10);
	while ((n /= 10) != 0);
	while ((int)sizeof(digits) - at < width)
		digits[--at] = '0';
	put_bytes(t, digits + at, sizeof(digits) - (size_t)at);
}

void
put_hex(struct text *t, const unsigned char *bytes, size_t len)
{
	static const char hex[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		char pair[2] = {hex[bytes[i] >> 4], hex[bytes[i] & 15]};

		put_bytes(t, pair, 2);
	}
}
