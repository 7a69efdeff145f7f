/* What Python calls. cffi reads this file too, so it holds plain declarations only.
 *
 * Bytes in, bytes out: a connection has no socket. Nothing here calls back into Python; where a decision needs policy
 * (a server name, a chain of certificates) the handshake pauses and says so. Functions that return int give 1 for
 * success and 0 for failure unless they say otherwise; the reason is then in tls_error(). */

typedef struct tls_context tls_context;
typedef struct tls_connection tls_connection;

enum tls_step { TLS_DONE, TLS_WANT, TLS_HELLO, TLS_VERIFY, TLS_CLOSED, TLS_CUT, TLS_FAILED };
enum tls_verify { TLS_IGNORE, TLS_TRY, TLS_REQUIRE };
/* the values of $tls_in_ocsp and $tls_out_ocsp */
enum tls_ocsp { TLS_OCSP_NOT_ASKED, TLS_OCSP_NONE, TLS_OCSP_UNVERIFIED, TLS_OCSP_FAILED, TLS_OCSP_GOOD };
/* the bits of $tls_in_resumption */
enum tls_resumption { TLS_SUPPORTED = 1, TLS_REQUESTED = 2, TLS_OFFERED = 4, TLS_ISSUED = 8, TLS_RESUMED = 16 };
enum tls_chain { TLS_OURS, TLS_SENT, TLS_VERIFIED, TLS_BAD };

/* what a handshake came to; `cipher` is the suite's number (RFC 8446 B.4), `our_certificate` tells one certificate of a
 * context from another; `named`: the client said which server it wants */
typedef struct {
    int version, cipher, bits, verified, ocsp, resumption, has_peer, named;
    uintptr_t our_certificate;
} tls_outcome;

/* the library */
int tls_start(void);
unsigned long tls_library_number(void);
const char *tls_library_version(void);
size_t tls_error(char *out, size_t cap, int of_tls);
int tls_option(const char *name, uint64_t *bits);

/* contexts (contexts.c) */
tls_context *tls_context_new(int server, uint64_t set, uint64_t clear, int level);
void tls_context_free(tls_context *);
int tls_context_versions(tls_context *, int lowest, int highest);
int tls_context_ciphers(tls_context *, const char *list);
int tls_context_groups(tls_context *, const char *list);
int tls_context_certificate(tls_context *, const char *path);
int tls_context_key(tls_context *, const char *path);
int tls_context_self_signed(tls_context *, const char *name);
int tls_context_trust_system(tls_context *);
int tls_context_trust_file(tls_context *, const char *path, int send_names);
int tls_context_trust_folder(tls_context *, const char *path);
int tls_context_crl_file(tls_context *, const char *path);
int tls_context_crl_folder(tls_context *, const char *path);
int tls_context_dh_auto(tls_context *);
int tls_context_dh_group(tls_context *, const char *name);
int tls_context_dh_file(tls_context *, const char *path, int most_bits);
int tls_context_alpn(tls_context *, const unsigned char *wire, unsigned int size);

/* OCSP (ocsp.c) */
int tls_staple(tls_context *, const unsigned char *der, long size, char *why, size_t cap);

/* session tickets (tickets.c) */
size_t tls_ring_size(void);
int tls_ring_attach(int fd);
void tls_ring_detach(void);
int tls_ring_attached(void);

/* connections (connections.c) */
tls_connection *tls_connection_new(tls_context *, int verify);
void tls_connection_free(tls_connection *);
void tls_pause(tls_connection *, int at_hello, int at_verify);
int tls_switch(tls_connection *, tls_context *);
int tls_set_verify(tls_connection *, int verify);
void tls_refuse(tls_connection *);
void tls_tickets(tls_connection *, int wanted, const unsigned char *label);
int tls_check_name(tls_connection *, const char *name);
int tls_send_name(tls_connection *, const char *name);
int tls_dane(tls_connection *, const char *domain);
int tls_tlsa(tls_connection *, int usage, int selector, int matching, const unsigned char *data, size_t size);
void tls_ask_ocsp(tls_connection *, int required, long skew);
int tls_resume(tls_connection *, const unsigned char *der, long size);

/* moving bytes (pump.c) */
int tls_speak_early(tls_connection *, const unsigned char *text, size_t size);
int tls_spoke_early(tls_connection *);
int tls_handshake(tls_connection *, const unsigned char *in, size_t size, unsigned char *out, size_t cap,
                  size_t counts[3]);
int tls_read(tls_connection *, const unsigned char *in, size_t size, unsigned char *out, size_t cap, size_t counts[2]);
int tls_write(tls_connection *, const unsigned char *in, size_t from, size_t size, unsigned char *out, size_t cap,
              size_t counts[2]);
size_t tls_output(tls_connection *, unsigned char *out, size_t cap);
void tls_end_of_input(tls_connection *);
size_t tls_left_over(tls_connection *, unsigned char *out, size_t cap);
void tls_close(tls_connection *, unsigned char *out, size_t cap, size_t counts[2]);

/* facts (facts.c) */
void tls_summary(tls_connection *, tls_outcome *);
const char *tls_version(tls_connection *);
const char *tls_cipher(tls_connection *);
const char *tls_cipher_standard(tls_connection *);
const char *tls_group(tls_connection *);
int tls_resumption_bits(tls_connection *);
const char *tls_server_name(tls_connection *);
size_t tls_alpn(tls_connection *, unsigned char *out, size_t cap);
const char *tls_declined(tls_connection *);
int tls_verified(tls_connection *);
long tls_verify_error(tls_connection *, int *depth);
const char *tls_verify_text(long error);
const char *tls_matched_name(tls_connection *);
int tls_dane_match(tls_connection *, int *usage, int *selector, int *matching);
int tls_ocsp_state(tls_connection *, char *why, size_t cap);
int tls_chain_length(tls_connection *, int chain);
size_t tls_certificate(tls_connection *, int chain, int index, unsigned char *out, size_t cap);
size_t tls_subject(tls_connection *, int chain, int index, char *out, size_t cap);
size_t tls_channel_binding(tls_connection *, int exporter, unsigned char *out, size_t cap);
size_t tls_take_session(tls_connection *, unsigned char *out, size_t cap, long *expires);
