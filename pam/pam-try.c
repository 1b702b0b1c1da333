/*
 * Asks a PAM stack for its verdict, as a login would: for trying a new stack
 * in a private directory before anybody depends on it. It never asks a person
 * for anything; passwords come from standard input, a line each.
 *
 *   pam-try [OPTION VALUE]... OPERATION...
 *   options     --confdir --service --user --rhost --ruser --tty --env
 *   operations  authenticate setcred account open close password
 *
 * Prints a line per operation, "authenticate 7 Authentication failure", and
 * goes on after a refusal, so that all of a stack can be seen. Exit status 0
 * unless PAM could not be started.
 */
#define _GNU_SOURCE
#include <security/pam_appl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int
converse(int n, const struct pam_message **messages, struct pam_response **out, void *unused)
{
	struct pam_response *answers = calloc((size_t)n, sizeof(*answers));

	(void)unused;
	if (answers == NULL)
		return PAM_BUF_ERR;
	for (int i = 0; i < n; i++) {
		char *line = NULL;
		size_t size = 0;

		if (messages[i]->msg_style != PAM_PROMPT_ECHO_OFF &&
		    messages[i]->msg_style != PAM_PROMPT_ECHO_ON)
			continue;
		if (getline(&line, &size, stdin) < 0) {
			free(line);
			line = strdup("");
		}
		if (line == NULL) {
			while (--i >= 0)
				free(answers[i].resp);
			free(answers);
			return PAM_BUF_ERR;
		}
		line[strcspn(line, "\n")] = '\0';
		answers[i].resp = line;
	}
	*out = answers;
	return PAM_SUCCESS;
}

static int
operate(pam_handle_t *pam, const char *name)
{
	if (strcmp(name, "authenticate") == 0)
		return pam_authenticate(pam, 0);
	if (strcmp(name, "setcred") == 0)
		return pam_setcred(pam, PAM_ESTABLISH_CRED);
	if (strcmp(name, "account") == 0)
		return pam_acct_mgmt(pam, 0);
	if (strcmp(name, "open") == 0)
		return pam_open_session(pam, 0);
	if (strcmp(name, "close") == 0)
		return pam_close_session(pam, 0);
	if (strcmp(name, "password") == 0)
		return pam_chauthtok(pam, 0);
	fprintf(stderr, "pam-try: there is no operation %s\n", name);
	exit(2);
}

/* Whatever isn't for pam_start: an item, or an entry of the PAM environment. */
static int
set(pam_handle_t *pam, const char *option, const char *value)
{
	if (strcmp(option, "--rhost") == 0)
		return pam_set_item(pam, PAM_RHOST, value);
	if (strcmp(option, "--ruser") == 0)
		return pam_set_item(pam, PAM_RUSER, value);
	if (strcmp(option, "--tty") == 0)
		return pam_set_item(pam, PAM_TTY, value);
	if (strcmp(option, "--env") == 0)
		return pam_putenv(pam, value);
	fprintf(stderr, "pam-try: there is no option %s\n", option);
	exit(2);
}

int
main(int argc, char *argv[])
{
	const char *confdir = NULL, *service = "pam-alert-test", *user = NULL;
	struct pam_conv conversation = {converse, NULL};
	pam_handle_t *pam = NULL;
	int first = 1, verdict = PAM_SUCCESS;

	while (first + 1 < argc && strncmp(argv[first], "--", 2) == 0)
		first += 2;
	for (int i = 1; i < first; i += 2) {
		if (strcmp(argv[i], "--confdir") == 0)
			confdir = argv[i + 1];
		else if (strcmp(argv[i], "--service") == 0)
			service = argv[i + 1];
		else if (strcmp(argv[i], "--user") == 0)
			user = argv[i + 1];
	}
	verdict = pam_start_confdir(service, user, &conversation, confdir, &pam);
	if (verdict != PAM_SUCCESS) {
		fprintf(stderr, "pam-try: pam_start: %d\n", verdict);
		return 1;
	}
	for (int i = 1; i < first; i += 2)
		if (strcmp(argv[i], "--confdir") != 0 && strcmp(argv[i], "--service") != 0 &&
		    strcmp(argv[i], "--user") != 0 && set(pam, argv[i], argv[i + 1]) != PAM_SUCCESS)
			fprintf(stderr, "pam-try: %s was not taken\n", argv[i]);
	for (int i = first; i < argc; i++) {
		verdict = operate(pam, argv[i]);
		printf("%s %d %s\n", argv[i], verdict, pam_strerror(pam, verdict));
		fflush(stdout);
	}
	pam_end(pam, verdict);
	return 0;
}
