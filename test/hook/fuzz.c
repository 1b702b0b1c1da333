/*
 * libFuzzer on what reads foreign bytes in the hook: the encoder (event.c,
 * escape.c) and the reply parser (send.c). What comes out is read back here by
 * other code, written from its description, and must be what went in.
 *
 * The first byte of an input chooses: R, a reply; anything else, an environment,
 * its entries separated by NUL.
 */
#include <stdlib.h>
#include <string.h>

#include "hook.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ENTRIES_MAX = 64 };

static void
must(bool holds)
{
	if (!holds)
		abort();
}

/* --- the reply ----------------------------------------------------------- */

static int
expected_status(const char *s, size_t len)
{
	for (size_t i = 0; i < len && i < 12; i++)
		if (i < 9 ? s[i] != "HTTP/1.1 "[i] : s[i] < '0' || s[i] > '9')
			return -1;
	return len < 12 ? 0 : (s[9] - '0') * 100 + (s[10] - '0') * 10 + (s[11] - '0');
}

static void
reply(const uint8_t *data, size_t size)
{
	char buffer[sizeof(((struct conversation *)0)->reply)];
	size_t len = size < sizeof(buffer) ? size : sizeof(buffer);

	memcpy(buffer, data, len);
	/* As it arrives: one byte more each time. */
	for (size_t n = 0; n <= len; n++)
		must(reply_status(buffer, n) == expected_status(buffer, n));
}

/* --- a reader of JSON that knows no more than RFC 8259 -------------------- */

struct field {
	const char *key;
	bool present, null;
	size_t len;
	unsigned char bytes[EVENT_MAX];
};

/* Those that a user can fill, as the event names them. */
static struct field fields[] = {
	{.key = "type"}, {.key = "service"}, {.key = "user"}, {.key = "rhost"},
	{.key = "ruser"}, {.key = "tty"}, {.key = "connection"}, {.key = "auth_info"},
};
enum { FIELDS = sizeof(fields) / sizeof(fields[0]) };

static const char *at, *end;

static bool
next_is(char c)
{
	return at < end && *at == c;
}

static void
expect(char c)
{
	must(next_is(c));
	at++;
}

/* One character of UTF-8, none that is a control. */
static size_t
character(const char *s)
{
	const unsigned char *u = (const unsigned char *)s;
	size_t n = u[0] < 0x80 ? 1 : u[0] < 0xe0 ? 2 : u[0] < 0xf0 ? 3 : 4;

	must(u[0] >= 0x20 && u[0] != 0x7f && !(u[0] >= 0x80 && u[0] < 0xc2) && u[0] < 0xf5);
	must((size_t)(end - s) >= n);
	for (size_t i = 1; i < n; i++)
		must(u[i] >= 0x80 && u[i] < 0xc0);
	must(!(u[0] == 0xc2 && u[1] < 0xa0));
	must(!(u[0] == 0xe0 && u[1] < 0xa0) && !(u[0] == 0xed && u[1] >= 0xa0));
	must(!(u[0] == 0xf0 && u[1] < 0x90) && !(u[0] == 0xf4 && u[1] >= 0x90));
	return n;
}

static size_t
string(char *out)
{
	size_t len = 0;

	expect('"');
	while (!next_is('"')) {
		size_t n;

		must(at < end);
		if (next_is('\\')) {
			at++;
			must(next_is('"') || next_is('\\'));
		}
		n = character(at);
		memcpy(out + len, at, n);
		at += n;
		len += n;
	}
	expect('"');
	return len;
}

static unsigned char
hex(char c)
{
	must((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'));
	return (unsigned char)(c <= '9' ? c - '0' : c - 'a' + 10);
}

/* \xHH is a byte; all else stands for itself. */
static void
take(struct field *f, const char *s, size_t len)
{
	must(!f->present);
	f->present = true;
	f->null = false;
	f->len = 0;
	for (size_t i = 0; i < len;) {
		if (s[i] == '\\' && i + 3 < len && s[i + 1] == 'x') {
			f->bytes[f->len++] = (unsigned char)(hex(s[i + 2]) << 4 | hex(s[i + 3]));
			i += 4;
		} else {
			f->bytes[f->len++] = (unsigned char)s[i++];
		}
	}
}

static struct field *
named(const char *key, size_t len)
{
	for (int i = 0; i < FIELDS; i++)
		if (strlen(fields[i].key) == len && memcmp(fields[i].key, key, len) == 0)
			return &fields[i];
	return NULL;
}

static void value(struct field *, bool in_cut);

static void
object(bool in_cut)
{
	static char key[EVENT_MAX];

	expect('{');
	while (!next_is('}')) {
		size_t len = string(key);

		expect(':');
		value(in_cut ? NULL : named(key, len), in_cut || (len == 3 && memcmp(key, "cut", 3) == 0));
		if (!next_is('}'))
			expect(',');
	}
	expect('}');
}

static void
value(struct field *f, bool in_cut)
{
	static char text[EVENT_MAX];

	if (next_is('{')) {
		object(in_cut);
	} else if (next_is('[')) {
		expect('[');
		while (!next_is(']'))
			value(NULL, in_cut);
		expect(']');
	} else if (next_is('"')) {
		size_t len = string(text);

		if (f != NULL)
			take(f, text, len);
	} else if (next_is('n')) {
		must(end - at >= 4 && memcmp(at, "null", 4) == 0);
		at += 4;
		if (f != NULL) {
			must(!f->present);
			f->present = f->null = true;
		}
	} else {
		must(at < end && *at >= '0' && *at <= '9');
		while (at < end && *at >= '0' && *at <= '9')
			at++;
	}
}

/* --- the event ----------------------------------------------------------- */

static const struct {
	const char *variable;
	size_t max;
	bool advisory;
} sources[FIELDS] = {
	{"PAM_TYPE=", NAME_MAX_BYTES, false}, {"PAM_SERVICE=", NAME_MAX_BYTES, false},
	{"PAM_USER=", TEXT_MAX_BYTES, false}, {"PAM_RHOST=", TEXT_MAX_BYTES, false},
	{"PAM_RUSER=", TEXT_MAX_BYTES, false}, {"PAM_TTY=", NAME_MAX_BYTES, false},
	{"SSH_CONNECTION=", NAME_MAX_BYTES, true}, {"SSH_AUTH_INFO_0=", KEYS_MAX_BYTES, true},
};

/* The last one in entries from..to, or NULL. */
static const char *
last(char *envp[], size_t from, size_t to, const char *variable)
{
	for (size_t i = to; i-- > from;)
		if (strncmp(envp[i], variable, strlen(variable)) == 0)
			return envp[i] + strlen(variable);
	return NULL;
}

static void
environment(char *text, size_t size)
{
	static struct event e;
	struct circumstance c = {.outcome = "failure", .time_us = 1795203162865123, .pid = 4666, .uid = 0};
	char *envp[ENTRIES_MAX + 1];
	size_t n = 0, tail;

	for (size_t i = 0; i < size && n < ENTRIES_MAX; i += strlen(text + i) + 1)
		envp[n++] = text + i;
	envp[n] = NULL;
	for (tail = n; tail-- > 0;)
		if (strncmp(envp[tail], "PAM_SERVICE=", 12) == 0)
			break;
	if (tail == (size_t)-1 || last(envp, tail, n, "PAM_TYPE=") == NULL) {
		must(!event_encode(&e, envp, &c));
		return;
	}
	must(event_encode(&e, envp, &c));
	must(e.len < EVENT_MAX);

	for (int i = 0; i < FIELDS; i++)
		fields[i].present = false;
	at = e.json;
	end = e.json + e.len;
	object(false);
	must(at == end);
	for (int i = 0; i < FIELDS; i++) {
		const char *v = last(envp, sources[i].advisory ? 0 : tail, sources[i].advisory ? tail : n, sources[i].variable);
		size_t len = v == NULL ? 0 : strnlen(v, sources[i].max);

		if (v == NULL)
			must(!fields[i].present || fields[i].null);
		else
			must(fields[i].present && !fields[i].null && fields[i].len == len &&
			    memcmp(fields[i].bytes, v, len) == 0);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (size > 0 && data[0] == 'R') {
		reply(data + 1, size - 1);
		return 0;
	}
	text = malloc(size + 1);
	must(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	environment(text, size);
	free(text);
	return 0;
}
