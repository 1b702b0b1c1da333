/*
 * The trusted part of pam_exec's environment as one bounded JSON object.
 * Pure: it reads nothing but its arguments, and never fails for what a user
 * planted there.
 *
 * pam_exec(8) lays out the environment as the user's PAM environment first,
 * then the PAM items from PAM_SERVICE to PAM_TYPE. Only what follows the last
 * PAM_SERVICE= is true; getenv(3) would find what the user planted before it.
 */
#include <string.h>

#include "hook.h"

/* What an event tells, in the order of its keys; max in bytes of raw input.
 * Advisory fields come from the part that the user controls. */
enum { TYPE, SERVICE, USER, RHOST, RUSER, TTY, CONNECTION, AUTH_INFO, FIELDS };
static const struct {
	const char *variable, *key;
	size_t max;
	bool advisory;
} fields[FIELDS] = {
	[TYPE] = {"PAM_TYPE", "type", NAME_MAX_BYTES, false},
	[SERVICE] = {"PAM_SERVICE", "service", NAME_MAX_BYTES, false},
	[USER] = {"PAM_USER", "user", TEXT_MAX_BYTES, false},
	[RHOST] = {"PAM_RHOST", "rhost", TEXT_MAX_BYTES, false},
	[RUSER] = {"PAM_RUSER", "ruser", TEXT_MAX_BYTES, false},
	[TTY] = {"PAM_TTY", "tty", NAME_MAX_BYTES, false},
	[CONNECTION] = {"SSH_CONNECTION", "connection", NAME_MAX_BYTES, true},
	[AUTH_INFO] = {"SSH_AUTH_INFO_0", "auth_info", KEYS_MAX_BYTES, true},
};

/* A byte grows to at most five ("\\\\x1b"); keys, numbers and cuts are short. */
_Static_assert((4 * NAME_MAX_BYTES + 3 * TEXT_MAX_BYTES + KEYS_MAX_BYTES) * 5 + 2048 <= EVENT_MAX,
    "the worst event must fit the body that the relay takes");

/* The value if the entry is NAME=value. */
static const char *
value_of(const char *entry, const char *name)
{
	size_t len = strlen(name);

	return strncmp(entry, name, len) == 0 && entry[len] == '=' ? entry + len + 1 : NULL;
}

static void
put_field(struct text *t, int field, const char *value)
{
	put(t, "\"");
	put(t, fields[field].key);
	put(t, "\":");
	if (value == NULL)
		put(t, "null");
	else
		put_escaped(t, (const unsigned char *)value, strnlen(value, fields[field].max));
}

/* Of each value that put_field shortened: its whole length and its hash. */
static void
put_cuts(struct text *t, const char *const value[FIELDS])
{
	const char *opening = "\"cut\":{\"";

	for (int k = 0; k < FIELDS; k++) {
		unsigned char digest[32];
		size_t len = value[k] == NULL ? 0 : strlen(value[k]);

		if (len <= fields[k].max)
			continue;
		sha256((const unsigned char *)value[k], len, digest);
		put(t, opening);
		put(t, fields[k].key);
		put(t, "\":{\"bytes\":");
		put_number(t, len, 1);
		put(t, ",\"sha256\":\"");
		put_hex(t, digest, sizeof(digest));
		put(t, "\"}");
		opening = ",\"";
	}
	if (opening[0] == ',')
		put(t, "},");
}

/* YYYY-MM-DDTHH:MM:SS.ffffffZ. Days to civil date by counting in 400-year
 * cycles that begin on 1 March, as gmtime(3) may read files. */
static void
put_time(struct text *t, int64_t us)
{
	uint64_t s = (uint64_t)us / 1000000, days = s / 86400 + 719468;
	uint64_t cycle = days / 146097, day = days % 146097;
	uint64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	uint64_t yday = day - (365 * year + year / 4 - year / 100);
	uint64_t month = (5 * yday + 2) / 153;

	put_number(t, cycle * 400 + year + (month >= 10), 4);
	put(t, "-");
	put_number(t, month < 10 ? month + 3 : month - 9, 2);
	put(t, "-");
	put_number(t, yday - (153 * month + 2) / 5 + 1, 2);
	put(t, "T");
	put_number(t, s / 3600 % 24, 2);
	put(t, ":");
	put_number(t, s / 60 % 60, 2);
	put(t, ":");
	put_number(t, s % 60, 2);
	put(t, ".");
	put_number(t, (uint64_t)us % 1000000, 6);
	put(t, "Z");
}

static void
make_id(char id[EVENT_ID_LEN + 1], const struct circumstance *c)
{
	struct text t = {.data = id, .max = EVENT_ID_LEN};
	unsigned char b[16];

	for (int i = 0; i < 6; i++)
		b[i] = (unsigned char)(c->time_us / 1000 >> (40 - 8 * i));
	memcpy(b + 6, c->random, sizeof(c->random));
	b[6] = (b[6] & 0x0f) | 0x70;
	b[8] = (b[8] & 0x3f) | 0x80;
	put_hex(&t, b, 4);
	put(&t, "-");
	put_hex(&t, b + 4, 2);
	put(&t, "-");
	put_hex(&t, b + 6, 2);
	put(&t, "-");
	put_hex(&t, b + 8, 2);
	put(&t, "-");
	put_hex(&t, b + 10, 6);
	id[EVENT_ID_LEN] = '\0';
}

bool
event_encode(struct event *e, char *const envp[], const struct circumstance *c)
{
	struct text t = {.max = sizeof(e->json)};
	const char *value[FIELDS] = {0};
	size_t tail = 0, n = 0;
	bool found = false, spoofed = false;

	for (; envp[n] != NULL; n++)
		if (value_of(envp[n], "PAM_SERVICE") != NULL) {
			tail = n;
			found = true;
		}
	if (!found)
		return false;
	for (size_t i = 0; i < n; i++)
		for (int k = 0; k < FIELDS; k++) {
			const char *v = value_of(envp[i], fields[k].variable);

			if (v != NULL && fields[k].advisory == (i < tail))
				value[k] = v;
			else if (v != NULL)
				spoofed = true;
		}
	if (value[TYPE] == NULL)
		return false;

	make_id(e->id, c);
	t.data = e->json;
	put(&t, "{\"v\":1,\"id\":\"");
	put(&t, e->id);
	put(&t, "\",\"time\":\"");
	put_time(&t, c->time_us);
	put(&t, "\",");
	put_field(&t, TYPE, value[TYPE]);
	put(&t, ",\"outcome\":\"");
	put(&t, c->outcome);
	put(&t, "\",");
	for (int k = SERVICE; k <= TTY; k++) {
		put_field(&t, k, value[k]);
		put(&t, ",");
	}
	put(&t, "\"pid\":");
	put_number(&t, (uint64_t)c->pid, 1);
	put(&t, ",\"uid\":");
	put_number(&t, c->uid, 1);
	if (value[CONNECTION] == NULL && value[AUTH_INFO] == NULL) {
		put(&t, ",\"ssh\":null,");
	} else {
		put(&t, ",\"ssh\":{");
		put_field(&t, CONNECTION, value[CONNECTION]);
		put(&t, ",");
		put_field(&t, AUTH_INFO, value[AUTH_INFO]);
		put(&t, "},");
	}
	put_cuts(&t, value);
	put(&t, spoofed ? "\"flags\":[\"spoofed_env\"]}" : "\"flags\":[]}");
	e->len = t.len;
	return true;
}
