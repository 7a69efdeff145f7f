/* What the C files share. */
#ifndef EXIMIA_TLS_INTERNAL_H
#define EXIMIA_TLS_INTERNAL_H

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include "engine.h"

#define NAME_SIZE 256
#define LABEL_SIZE 16
#define MOST_SESSIONS 4

typedef struct staple {
    unsigned char *der;
    long size;
    time_t expires;
    OCSP_CERTID *about;
    struct staple *next;
} staple;

struct tls_context {
    SSL_CTX *ctx;
    int server;
    staple *staples;
    unsigned char *alpn;
    unsigned int alpn_size;
};

/* Bytes that wait between two calls. */
typedef struct {
    unsigned char *data;
    size_t at, end, cap;
} store;

struct tls_connection {
    SSL *ssl;
    /* the two ends of the pump: what this call was given, and what is left over (pump.c) */
    const unsigned char *given;
    size_t given_size;
    unsigned char *room;
    size_t room_size, room_used;
    store arrived, leaving;
    int ended;                   /* the peer has closed its side */
    store early;                 /* what a server says with its part of the handshake */
    int early_sent;
    int server;
    int verify;                  /* enum tls_verify */
    int dane;
    int pause_hello, pause_verify; /* 1: to come, 2: done */
    int refused;
    long error;                  /* the first verification error, also when it was forgiven */
    int error_depth;
    X509 *bad;                   /* the certificate it is about */
    int untrusted;               /* something is wrong that a good status cannot be believed beside (connections.c) */
    int resumption;              /* enum tls_resumption, as far as it is seen here */
    int ocsp, ocsp_asked, ocsp_required;
    long ocsp_skew;
    char ocsp_why[256];
    char *declined;              /* the protocols that a client named and did not get, with colons between them */
    int greeted;                 /* the client's hello has been read */
    char name[NAME_SIZE];        /* the server name a client asked for */
    unsigned char label[LABEL_SIZE];
    int tickets;
    SSL_SESSION *sessions[MOST_SESSIONS];
    int session_count;
};

int tls_pump_start(void);
int tls_pump_attach(tls_connection *connection);
void tls_pump_release(tls_connection *connection);
int tls_step_of(tls_connection *connection, int result);

tls_connection *tls_of(SSL *ssl);
int tls_attach(tls_connection *connection);
tls_context *tls_context_of(SSL_CTX *ctx);
void tls_context_drop_staples(tls_context *);

int tls_verify_callback(int ok, X509_STORE_CTX *store);
int tls_chain_callback(X509_STORE_CTX *store, void *unused);
int tls_hello_callback(SSL *ssl, int *alert, void *unused);
int tls_new_session_callback(SSL *ssl, SSL_SESSION *session);
int tls_staple_callback(SSL *ssl, void *unused);
int tls_status_callback(SSL *ssl, void *unused);
int tls_ticket_key_callback(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac,
                            int encrypt);
int tls_ticket_write_callback(SSL *ssl, void *unused);
SSL_TICKET_RETURN tls_ticket_read_callback(SSL *ssl, SSL_SESSION *session, const unsigned char *name, size_t size,
                                           SSL_TICKET_STATUS status, void *unused);
#endif
