/* OpenDKIM's library as a peer: commands on standard input, see signing_peers.py.
   cc -o opendkim_peer opendkim_peer.c -lopendkim
   opendkim_peer KEYFILE PRIVATE_KEY_FILE DOMAIN SELECTOR */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>
#include <opendkim/dkim.h>

static DKIM_LIB *library;
static char *private_key, *domain, *selector;

static char *whole_file(const char *name)
{
	FILE *file = fopen(name, "rb");
	char *text = calloc(1, 65536);
	if (file == NULL || fread(text, 1, 65535, file) == 0)
		exit(2);
	fclose(file);
	return text;
}

static DKIM_STAT run(DKIM *dkim, unsigned char *message, size_t size)
{
	bool testing = false;
	DKIM_STAT status = dkim_chunk(dkim, message, size);
	if (status == DKIM_STAT_OK)
		status = dkim_chunk(dkim, NULL, 0);
	if (status == DKIM_STAT_OK)
		status = dkim_eom(dkim, &testing);
	return status;
}

static DKIM_STAT verify(unsigned char *message, size_t size)
{
	DKIM_STAT status;
	DKIM *dkim = dkim_verify(library, (unsigned char *) "id", NULL, &status);
	if (dkim == NULL)
		return status;
	status = run(dkim, message, size);
	dkim_free(dkim);
	return status;
}

static DKIM_STAT sign(unsigned char *message, size_t size, dkim_canon_t header, dkim_canon_t body, char **made)
{
	DKIM_STAT status;
	unsigned char *text;
	size_t length;
	DKIM *dkim = dkim_sign(library, (unsigned char *) "id", NULL, (dkim_sigkey_t) private_key,
		(unsigned char *) selector, (unsigned char *) domain, header, body, DKIM_SIGN_RSASHA256, -1, &status);
	if (dkim == NULL)
		return status;
	status = run(dkim, message, size);
	if (status == DKIM_STAT_OK)
		status = dkim_getsighdr_d(dkim, 16, &text, &length);
	if (status == DKIM_STAT_OK && made != NULL)
		*made = strdup((char *) text);
	dkim_free(dkim);
	return status;
}

static double now(void)
{
	struct timespec at;
	clock_gettime(CLOCK_MONOTONIC, &at);
	return at.tv_sec + at.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	char line[256], op[16], header[16], body[16];
	unsigned int flags = 0;
	long repeat;
	size_t size;
	dkim_query_t query = DKIM_QUERY_FILE;

	if (argc != 5)
		return 2;
	private_key = whole_file(argv[2]);
	domain = argv[3];
	selector = argv[4];
	library = dkim_init(NULL, NULL);
	dkim_options(library, DKIM_OP_SETOPT, DKIM_OPTS_QUERYMETHOD, &query, sizeof query);
	dkim_options(library, DKIM_OP_SETOPT, DKIM_OPTS_QUERYINFO, argv[1], strlen(argv[1]));
	(void) flags;
	while (fgets(line, sizeof line, stdin) != NULL) {
		unsigned char *message;
		char *made = NULL;
		DKIM_STAT status = DKIM_STAT_OK;
		double start;
		long count;

		if (sscanf(line, "%15s %15s %15s %ld %zu", op, header, body, &repeat, &size) != 5)
			return 3;
		message = malloc(size + 1);
		if (size > 0 && fread(message, 1, size, stdin) != size)
			return 4;
		start = now();
		for (count = 0; count < repeat; count++) {
			if (strcmp(op, "sign") == 0) {
				free(made);
				made = NULL;
				status = sign(message, size,
					header[0] == 's' ? DKIM_CANON_SIMPLE : DKIM_CANON_RELAXED,
					body[0] == 's' ? DKIM_CANON_SIMPLE : DKIM_CANON_RELAXED, &made);
			} else {
				status = verify(message, size);
			}
		}
		printf("%s %.9f %zu\n", status == DKIM_STAT_OK ? "pass" : status == DKIM_STAT_BADSIG ? "fail" : "error",
			now() - start, made == NULL ? (size_t) 0 : strlen(made) + 16);
		if (made != NULL)
			printf("DKIM-Signature: %s", made);
		fflush(stdout);
		free(made);
		free(message);
	}
	return 0;
}
