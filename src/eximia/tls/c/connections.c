/* Connections: what is asked of the peer before the handshake, its pauses, verification. */
#include "internal.h"

tls_connection *tls_connection_new(tls_context *context, int verify) {
    tls_connection *connection = OPENSSL_zalloc(sizeof *connection);

    ERR_clear_error();
    if (connection == NULL)
        return NULL;
    connection->server = context->server;
    connection->ssl = SSL_new(context->ctx);
    if (connection->ssl == NULL || !tls_pump_attach(connection) || !tls_attach(connection) ||
        !tls_set_verify(connection, verify)) {
        tls_connection_free(connection);
        return NULL;
    }
    if (connection->server) {
        SSL_set_accept_state(connection->ssl);
        SSL_set_options(connection->ssl, SSL_OP_NO_TICKET);
        SSL_set_num_tickets(connection->ssl, 0);
    } else
        SSL_set_connect_state(connection->ssl);
    connection->resumption = TLS_SUPPORTED;
    return connection;
}

void tls_connection_free(tls_connection *connection) {
    if (connection == NULL)
        return;
    for (int i = 0; i < connection->session_count; i++)
        SSL_SESSION_free(connection->sessions[i]);
    X509_free(connection->bad);
    OPENSSL_free(connection->declined);
    SSL_free(connection->ssl);
    tls_pump_release(connection);
    OPENSSL_free(connection);
}

void tls_pause(tls_connection *connection, int at_hello, int at_verify) {
    connection->pause_hello = at_hello ? 1 : 0;
    connection->pause_verify = at_verify ? 1 : 0;
}

/* A client always asks for the chain to be checked, so that what is wrong with it is known; so does a server that
 * asks for a certificate. Whether that ends the handshake is decided in tls_verify_callback. */
int tls_set_verify(tls_connection *connection, int verify) {
    int mode = SSL_VERIFY_NONE;

    connection->verify = verify;
    if (!connection->server || verify != TLS_IGNORE)
        mode = SSL_VERIFY_PEER;
    if (connection->server && verify == TLS_REQUIRE)
        mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    SSL_set_verify(connection->ssl, mode, tls_verify_callback);
    return 1;
}

/* After TLS_HELLO: go on with another context. SSL_set_SSL_CTX takes over certificates, not options and versions. */
int tls_switch(tls_connection *connection, tls_context *context) {
    SSL *ssl = connection->ssl;
    uint64_t options = SSL_CTX_get_options(context->ctx);
    uint64_t kept = SSL_get_options(ssl) & SSL_OP_NO_TICKET;

    ERR_clear_error();
    if (SSL_set_SSL_CTX(ssl, context->ctx) == NULL)
        return 0;
    SSL_clear_options(ssl, SSL_get_options(ssl));
    SSL_set_options(ssl, (options & ~(uint64_t)SSL_OP_NO_TICKET) | kept);
    SSL_set_security_level(ssl, SSL_CTX_get_security_level(context->ctx));
    return SSL_set_min_proto_version(ssl, SSL_CTX_get_min_proto_version(context->ctx)) &&
           SSL_set_max_proto_version(ssl, SSL_CTX_get_max_proto_version(context->ctx)) &&
           tls_set_verify(connection, connection->verify);
}

/* After TLS_VERIFY: somebody does not like a certificate of the chain. */
void tls_refuse(tls_connection *connection) { connection->refused = 1; }

void tls_tickets(tls_connection *connection, int wanted, const unsigned char *label) {
    connection->tickets = wanted;
    memcpy(connection->label, label, LABEL_SIZE);
    if (wanted) {
        SSL_clear_options(connection->ssl, SSL_OP_NO_TICKET);
        SSL_set_num_tickets(connection->ssl, 2);
    } else {
        SSL_set_options(connection->ssl, SSL_OP_NO_TICKET);
        SSL_set_num_tickets(connection->ssl, 0);
    }
}

/* 0: the name cannot be checked. The library takes an empty one for no check at all. */
int tls_check_name(tls_connection *connection, const char *name) {
    ERR_clear_error();
    if (*name == 0)
        return 0;
    SSL_set_hostflags(connection->ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return SSL_add1_host(connection->ssl, name);
}

int tls_send_name(tls_connection *connection, const char *name) {
    return (int)SSL_set_tlsext_host_name(connection->ssl, name);
}

/* The certificate's name does not count with DANE-EE (RFC 7672 3.1.1); `domain` and the names given to
 * tls_check_name do with DANE-TA. */
int tls_dane(tls_connection *connection, const char *domain) {
    ERR_clear_error();
    if (SSL_dane_enable(connection->ssl, domain) <= 0)
        return 0;
    SSL_dane_set_flags(connection->ssl, DANE_FLAG_NO_DANE_EE_NAMECHECKS);
    SSL_set_hostflags(connection->ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    connection->dane = 1;
    return 1;
}

/* 1: the record can be used; 0: it cannot. */
int tls_tlsa(tls_connection *connection, int usage, int selector, int matching, const unsigned char *data, size_t size) {
    int usable;

    ERR_clear_error();
    usable = SSL_dane_tlsa_add(connection->ssl, (uint8_t)usage, (uint8_t)selector, (uint8_t)matching, data, size) > 0;
    ERR_clear_error();
    return usable;
}

void tls_ask_ocsp(tls_connection *connection, int required, long skew) {
    connection->ocsp_asked = 1;
    connection->ocsp_required = required;
    connection->ocsp_skew = skew;
    connection->ocsp = TLS_OCSP_NONE;
    SSL_set_tlsext_status_type(connection->ssl, TLSEXT_STATUSTYPE_ocsp);
}

/* Offer a session that was kept. */
int tls_resume(tls_connection *connection, const unsigned char *der, long size) {
    const unsigned char *at = der;
    SSL_SESSION *session;
    int ok;

    ERR_clear_error();
    session = d2i_SSL_SESSION(NULL, &at, size);
    ok = session != NULL && SSL_set_session(connection->ssl, session) == 1;
    SSL_SESSION_free(session);
    ERR_clear_error();
    if (ok)
        connection->resumption |= TLS_OFFERED;
    return ok;
}

/* The handshake's callbacks */

static int printable_name(const unsigned char *in, size_t size, char *out) {
    if (size == 0 || size >= NAME_SIZE)
        return 0;
    for (size_t i = 0; i < size; i++) {
        unsigned char one = in[i];
        if (one <= 32 || one > 126)
            return 0;
        out[i] = (char)one;
    }
    out[size] = 0;
    return 1;
}

/* Before anything else: the name the client asks for, whether it wants tickets and a certificate status. It comes here
 * again after a pause, and when the client has to send a second hello (RFC 8446 4.1.2): the first one counts, since by it
 * the certificate was chosen. */
int tls_hello_callback(SSL *ssl, int *alert, void *unused) {
    tls_connection *connection = tls_of(ssl);
    const unsigned char *data;
    size_t size;

    (void)alert;
    (void)unused;
    if (connection == NULL || connection->greeted)
        return SSL_CLIENT_HELLO_SUCCESS;
    connection->greeted = 1;
    if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_session_ticket, &data, &size) ||
        SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_psk_kex_modes, &data, &size))
        connection->resumption |= TLS_REQUESTED;
    if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_status_request, &data, &size))
        connection->ocsp = TLS_OCSP_NONE;
    /* a list of one: length of the list, type, length of the name, name (RFC 6066 3) */
    if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &data, &size) && size >= 5 &&
        data[2] == TLSEXT_NAMETYPE_host_name) {
        size_t length = ((size_t)data[3] << 8) | data[4];
        if (length + 5 > size || !printable_name(data + 5, length, connection->name))
            connection->name[0] = 0;
    }
    if (connection->pause_hello == 1) {
        connection->pause_hello = 2;
        return SSL_CLIENT_HELLO_RETRY;
    }
    return SSL_CLIENT_HELLO_SUCCESS;
}

/* What the authority's word about the certificate does not depend on: its name, and its own dates. */
static int leaves_trust(int error, int depth) {
    switch (error) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        return 1;
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return depth == 0;
    default:
        return 0;
    }
}

/* One certificate, or one thing that is wrong with one. */
int tls_verify_callback(int ok, X509_STORE_CTX *store) {
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    tls_connection *connection = ssl == NULL ? NULL : tls_of(ssl);
    X509 *certificate;
    int error, depth;

    if (connection == NULL)
        return 0;
    if (ok)
        return 1;
    error = X509_STORE_CTX_get_error(store);
    depth = X509_STORE_CTX_get_error_depth(store);
    if (!leaves_trust(error, depth))
        connection->untrusted = 1;
    if (connection->error == 0) {
        connection->error = error;
        connection->error_depth = depth;
        certificate = X509_STORE_CTX_get_current_cert(store);
        if (certificate != NULL && X509_up_ref(certificate))
            connection->bad = certificate;
    }
    return !connection->dane && connection->verify != TLS_REQUIRE;
}

/* OpenSSL does not look at the dates of an anchor that is not self-signed (a DANE-TA record for an intermediate). */
static int anchor_is_current(tls_connection *connection, X509_STORE_CTX *store) {
    STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(store);
    int last = chain == NULL ? -1 : sk_X509_num(chain) - 1;
    X509 *anchor = last < 1 ? NULL : sk_X509_value(chain, last);

    if (!connection->dane || anchor == NULL)
        return 1;
    if (X509_cmp_current_time(X509_get0_notBefore(anchor)) < 0 && X509_cmp_current_time(X509_get0_notAfter(anchor)) > 0)
        return 1;
    X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_HAS_EXPIRED);
    connection->error = X509_V_ERR_CERT_HAS_EXPIRED;
    connection->error_depth = last;
    return 0;
}

/* The whole chain. A client may have the handshake pause here, so that policy looks at the certificates; verification
 * is then done again for good. */
int tls_chain_callback(X509_STORE_CTX *store, void *unused) {
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    tls_connection *connection = ssl == NULL ? NULL : tls_of(ssl);
    int good;

    (void)unused;
    if (connection == NULL)
        return 0;
    good = X509_verify_cert(store) > 0 && anchor_is_current(connection, store);
    if (good && connection->refused) {
        X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
        connection->untrusted = 1;
        if (connection->error == 0)
            connection->error = X509_V_ERR_APPLICATION_VERIFICATION;
        good = !connection->dane && connection->verify != TLS_REQUIRE;
    }
    if (good && connection->pause_verify == 1) {
        connection->pause_verify = 2;
        return SSL_set_retry_verify(ssl);
    }
    return good;
}

/* Client: a session that could be resumed. Session ids without a ticket are not worth keeping. */
int tls_new_session_callback(SSL *ssl, SSL_SESSION *session) {
    tls_connection *connection = tls_of(ssl);

    if (connection == NULL || !SSL_SESSION_has_ticket(session))
        return 0;
    connection->resumption |= TLS_ISSUED;
    if (connection->session_count >= MOST_SESSIONS || !SSL_SESSION_is_resumable(session))
        return 0;
    connection->sessions[connection->session_count++] = session;
    return 1; /* it is ours now */
}
