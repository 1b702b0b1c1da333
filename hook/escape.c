/*
 * Any bytes as a JSON string that is safe to print and can be turned back: a
 * byte that can't stand as it is becomes \xHH, and a backslash before an x
 * becomes \x5c, so that every \xHH in the text is an escape of ours.
 */
#include "hook.h"

/* The UTF-8 character that s starts with: its length, 0 if it isn't one
 * (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF). */
static size_t
decode(const unsigned char *s, size_t len, uint32_t *code)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t n = s[0] < 0x80 ? 1 : s[0] >> 5 == 6 ? 2 : s[0] >> 4 == 14 ? 3 : s[0] >> 3 == 30 ? 4 : 0;

	if (n == 0 || n > len)
		return 0;
	*code = n == 1 ? s[0] : s[0] & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if (s[i] >> 6 != 2)
			return 0;
		*code = *code << 6 | (s[i] & 0x3f);
	}
	if (*code < least[n] || *code > 0x10ffff || (*code >= 0xd800 && *code <= 0xdfff))
		return 0;
	return n;
}

/* Characters that no terminal, log or lock screen should be handed: controls
 * (C0, DEL, C1), line separators, and what is invisible or turns the line
 * around (Unicode categories Cc, Zl, Zp, and the bidi and zero-width of Cf). */
static bool
unprintable(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0xad || c == 0x61c ||
	    c == 0x180e || (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
	    (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || (c >= 0xfff9 && c <= 0xfffb) ||
	    (c >= 0xe0000 && c <= 0xe007f);
}

void
put_escaped(struct text *t, const unsigned char *s, size_t len)
{
	put(t, "\"");
	for (size_t i = 0, n; i < len; i += n) {
		uint32_t code = 0;

		n = decode(s + i, len - i, &code);
		if (n == 0 || unprintable(code) || (code == '\\' && i + 1 < len && s[i + 1] == 'x')) {
			n = n == 0 ? 1 : n;
			for (size_t k = 0; k < n; k++) {
				put(t, "\\\\x");
				put_hex(t, s + i + k, 1);
			}
		} else {
			if (code == '"' || code == '\\')
				put(t, "\\");
			put_bytes(t, s + i, n);
		}
	}
	put(t, "\"");
}
