/* A set-uid root launcher, so that ordinary users can hand in mail: exec the server's program with the effective uid 0
 * and the caller's real uid, and with an environment that cannot steer the interpreter.
 *
 *   cc -O2 -Wall -Wextra -DPYTHON='"/opt/eximia/bin/python"' -o sendmail launcher.c
 *   chown root sendmail && chmod 4755 sendmail
 *
 * It decides nothing: the program looks at its real uid and gives up root where it need not be.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <errno.h>
#include <fcntl.h>

#ifndef PYTHON
#define PYTHON "/opt/eximia/bin/python"
#endif

extern char **environ;

static const char *const kept[] = {"TZ=", "LANG=", "LC_ALL=", "LC_CTYPE=", "LOGNAME=", "USER=", "HOME=", "TERM=", NULL};

int main(int argc, char **argv)
{
    static char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
    char *environment[sizeof kept / sizeof *kept + 1];
    char **words;
    size_t count = 0;
    int fd;

    /* Standard input, output and error exist, whatever the caller closed. */
    do {
        fd = open("/dev/null", O_RDWR);
        if (fd < 0)
            return 71; /* EX_OSERR */
    } while (fd <= 2);
    close(fd);

    environment[count++] = path;
    for (size_t i = 0; kept[i]; i++)
        for (char **each = environ; *each; each++)
            if (strncmp(*each, kept[i], strlen(kept[i])) == 0 && strlen(*each) < 4096) {
                environment[count++] = *each;
                break;
            }
    environment[count] = NULL;

    words = calloc((size_t)argc + 6, sizeof *words);
    if (!words)
        return 71;
    words[0] = PYTHON;
    words[1] = "-I"; /* no PYTHON* variables, no user site, no current directory */
    words[2] = "-m";
    words[3] = "eximia.cli.launched";
    words[4] = argc > 0 ? argv[0] : "sendmail";
    for (int i = 1; i < argc; i++)
        words[i + 4] = argv[i];
    execve(PYTHON, words, environment);
    return errno == ENOENT ? 72 : 71; /* EX_OSFILE, EX_OSERR */
}
