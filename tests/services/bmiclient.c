/* A stand-in for the vendor's client library: it has its function names, keeps what it is told in the file that the
 * configuration file names, and judges by words in the body: each line "@VERDICT recipient,recipient destination rule"
 * is a verdict (destination "-": default, "!": do not deliver). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct System { char log[256]; };
struct Verdict { char recipients[256]; char destination[64]; int rule; char *next_recipient; };
struct Message { FILE *log; char body[65536]; size_t length; struct Verdict verdicts[8]; int count; };

int bmiInitSystem(const char *version, const char *config, struct System **system)
{
    FILE *file = fopen(config, "r");
    if (!file) return 3;
    *system = calloc(1, sizeof **system);
    if (!fgets((*system)->log, sizeof (*system)->log, file)) return 4;
    (*system)->log[strcspn((*system)->log, "\n")] = 0;
    fclose(file);
    return 0;
}
void bmiFreeSystem(struct System *system) { free(system); }
int bmiInitMessage(struct System *system, struct Message **message)
{
    *message = calloc(1, sizeof **message);
    (*message)->log = fopen(system->log, "a");
    return (*message)->log ? 0 : 5;
}
void bmiFreeMessage(struct Message *message) { fclose(message->log); free(message); }
int bmiProcessConnection(const char *ip, struct Message *m) { fprintf(m->log, "connection %s\n", ip); return 0; }
int bmiProcessFROM(const char *from, struct Message *m) { fprintf(m->log, "from %s\n", from); return 0; }
int bmiOptinInit(char **optin) { *optin = calloc(1, 256); return 0; }
int bmiOptinMset(char *optin, const char *text, char separator) { strncpy(optin, text, 255); return separator != ':'; }
void bmiOptinFree(char *optin) { free(optin); }
int bmiAccumulateTO(const char *to, char *optin, struct Message *m)
{
    fprintf(m->log, "to %s [%s]\n", to, optin ? optin : "");
    return 0;
}
int bmiEndTO(struct Message *m) { fprintf(m->log, "end of to\n"); return 0; }
int bmiAccumulateHeaders(const char *data, size_t size, struct Message *m)
{
    fprintf(m->log, "headers %d %d\n", (int)(data[size - 1] == '\n'), strncmp(data, "Subject", 7) == 0);
    return 0;
}
int bmiEndHeaders(struct Message *m) { fprintf(m->log, "end of headers\n"); return 0; }
int bmiAccumulateBody(const char *data, size_t size, struct Message *m)
{
    fprintf(m->log, "body %zu\n", size);
    if (m->length + size >= sizeof m->body) return 0;
    memcpy(m->body + m->length, data, size);
    m->length += size;
    return 0;
}
int bmiEndBody(struct Message *m) { fprintf(m->log, "end of body\n"); return 0; }
int bmiEndMessage(struct Message *m)
{
    char *at = m->body;
    fprintf(m->log, "end of message\n");
    if (strstr(m->body, "@FAIL")) return 7;
    while (m->count < 8 && (at = strstr(at, "@VERDICT "))) {
        struct Verdict *v = &m->verdicts[m->count++];
        sscanf(at, "@VERDICT %255s %63s %d", v->recipients, v->destination, &v->rule);
        at++;
    }
    return 0;
}
struct Verdict *bmiAccessFirstVerdict(struct Message *m) { return m->count ? m->verdicts : NULL; }
struct Verdict *bmiAccessNextVerdict(struct Message *m, struct Verdict *v)
{
    return v + 1 < m->verdicts + m->count ? v + 1 : NULL;
}

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
int bmiCreateStrFromVerdict(struct Verdict *v, char **text)
{
    char plain[512];
    unsigned char *in = (unsigned char *)plain;
    int size = sprintf(plain, "%s %s %d", v->recipients, v->destination, v->rule), out = 0;
    while (size % 3) plain[size++] = ' ';
    *text = calloc(1, 1024);
    for (int at = 0; at < size; at += 3) {
        unsigned bits = in[at] << 16 | in[at + 1] << 8 | in[at + 2];
        for (int shift = 18; shift >= 0; shift -= 6) (*text)[out++] = letters[bits >> shift & 63];
    }
    return 0;
}
int bmiCreateTrackerStrFromVerdict(struct Verdict *v, char **text)
{
    *text = calloc(1, 64);
    sprintf(*text, "tracker%d", v->rule);
    return 0;
}
void bmiFreeStr(char *text) { free(text); }
int bmiCreateVerdictFromStr(const char *text, struct Verdict **made)
{
    char plain[1024] = "";
    int out = 0;
    for (size_t at = 0; at + 3 < strlen(text) + 1 && out < 1000; at += 4) {
        unsigned bits = 0;
        for (int i = 0; i < 4; i++) {
            char *found = strchr(letters, text[at + i]);
            if (!found || !text[at + i]) return 9;
            bits = bits << 6 | (unsigned)(found - letters);
        }
        for (int shift = 16; shift >= 0; shift -= 8) plain[out++] = (char)(bits >> shift);
    }
    *made = calloc(1, sizeof **made);
    return sscanf(plain, "%255s %63s %d", (*made)->recipients, (*made)->destination, &(*made)->rule) != 3;
}
void bmiFreeVerdict(struct Verdict *v) { free(v); }
char *bmiVerdictAccessFirstRecipient(struct Verdict *v)
{
    return v->next_recipient = strtok(v->recipients, ",");
}
char *bmiVerdictAccessNextRecipient(struct Verdict *v, char *recipient) { return recipient ? strtok(NULL, ",") : NULL; }
const char *bmiRecipientAccessAddress(char *recipient) { return recipient; }
int bmiVerdictDestinationIsDefault(struct Verdict *v) { return strcmp(v->destination, "-") == 0; }
const char *bmiVerdictAccessDestination(struct Verdict *v) { return strcmp(v->destination, "!") ? v->destination : NULL; }
int bmiVerdictRuleFired(struct Verdict *v, int rule) { return v->rule == rule; }
