/* A set-uid root launcher, so that ordinary users can hand in mail: exec the server's program with the effective uid 0
 * and the caller's real uid, and with an environment that cannot steer the interpreter.
 *
 *   cc -O2 -Wall -Wextra -DPYTHON='"/opt/eximia/bin/python"' -o sendmail launcher.c
 *   chown root sendmail && chmod 4755 sendmail
 *
 * It decides nothing: the program looks at its real uid and gives up root where it need not be.
 *
 * Started by root as a server, the program comes back here (EXIMIA_PARENT) for its parent process, which then is this
 * executable with the interpreter loaded into it: start scripts and monitors know a server by its executable and name.
 */
#include <dlfcn.h>
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

/* The parent of a server. The command is a library of the interpreter and the words to give it, with a separator. */
static int parent(char *command)
{
    int (*run)(int, char **) = NULL;
    char **words;
    void *library;
    int count = 0;

    words = calloc(strlen(command) + 2, sizeof *words);
    if (!words)
        return 71;
    for (char *each = strtok(command, "\037"); each; each = strtok(NULL, "\037"))
        words[count++] = each;
    if (count < 2)
        return 64; /* EX_USAGE */
    library = dlopen(words[0], RTLD_NOW | RTLD_GLOBAL);
    if (library)
        *(void **)&run = dlsym(library, "Py_BytesMain");
    if (run)
        return run(count - 1, words + 1);
    execv(words[1], words + 1); /* without the library: under the interpreter's own name */
    return 71;
}

/* Our own path, for the way back. */
static char *own_path(void)
{
    static char setting[4096 + 16] = "EXIMIA_PROGRAM=";
    size_t used = strlen(setting);
    ssize_t size = readlink("/proc/self/exe", setting + used, sizeof setting - used - 1);

    setting[used + (size > 0 ? (size_t)size : 0)] = 0;
    return setting;
}

int main(int argc, char **argv)
{
    static char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
    char *environment[sizeof kept / sizeof *kept + 1];
    char *command = getenv("EXIMIA_PARENT");
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

    if (getuid() == 0 && command) {
        command = strdup(command);
        unsetenv("EXIMIA_PARENT");
        return command ? parent(command) : 71;
    }
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
    if (getuid() == 0) {
        /* root's own environment is root's choice; -I keeps it from the interpreter */
        putenv(own_path());
        execv(PYTHON, words);
    } else {
        execve(PYTHON, words, environment);
    }
    return errno == ENOENT ? 72 : 71; /* EX_OSFILE, EX_OSERR */
}
