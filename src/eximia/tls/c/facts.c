/* What is known of a connection. Texts belong to the library or the connection; others are copied. */
#include "internal.h"

const char *tls_version(tls_connection *connection) { return SSL_get_version(connection->ssl); }

const char *tls_cipher(tls_connection *connection) { return SSL_get_cipher_name(connection->ssl); }

const char *tls_cipher_standard(tls_connection *connection) {
    const SSL_CIPHER *cipher = SSL_get_current_cipher(connection->ssl);
    const char *name = cipher == NULL ? NULL : SSL_CIPHER_standard_name(cipher);

    return name == NULL ? "" : name;
}

const char *tls_group(tls_connection *connection) {
    const char *name = SSL_group_to_name(connection->ssl, (int)SSL_get_negotiated_group(connection->ssl));

    return name == NULL ? "" : name;
}

int tls_resumption_bits(tls_connection *connection) { return connection->resumption; }

const char *tls_server_name(tls_connection *connection) { return connection->name; }

size_t tls_alpn(tls_connection *connection, unsigned char *out, size_t cap) {
    const unsigned char *name = NULL;
    unsigned int size = 0;

    SSL_get0_alpn_selected(connection->ssl, &name, &size);
    if (size > cap)
        return 0;
    if (size)
        memcpy(out, name, size);
    return size;
}

/* The names of a client that asked for more than one protocol, "" for others. */
const char *tls_declined(tls_connection *connection) { return connection->declined == NULL ? "" : connection->declined; }

/* A certificate came, its chain was checked and nothing was wrong with it; also when a resumed session says so. */
int tls_verified(tls_connection *connection) {
    return connection->error == 0 && !connection->refused &&
           (SSL_get_verify_mode(connection->ssl) & SSL_VERIFY_PEER) != 0 &&
           SSL_get_verify_result(connection->ssl) == X509_V_OK && SSL_get0_peer_certificate(connection->ssl) != NULL;
}

long tls_verify_error(tls_connection *connection, int *depth) {
    *depth = connection->error_depth;
    return connection->error ? connection->error : SSL_get_verify_result(connection->ssl);
}

const char *tls_verify_text(long error) { return X509_verify_cert_error_string(error); }

const char *tls_matched_name(tls_connection *connection) {
    const char *name = SSL_get0_peername(connection->ssl);

    return name == NULL ? "" : name;
}

void tls_summary(tls_connection *connection, tls_outcome *found) {
    const SSL_CIPHER *cipher = SSL_get_current_cipher(connection->ssl);

    found->version = SSL_version(connection->ssl);
    found->cipher = cipher == NULL ? 0 : SSL_CIPHER_get_protocol_id(cipher);
    found->bits = SSL_get_cipher_bits(connection->ssl, NULL);
    found->verified = tls_verified(connection);
    found->ocsp = connection->ocsp;
    found->resumption = connection->resumption;
    found->has_peer = SSL_get0_peer_certificate(connection->ssl) != NULL;
    found->named = connection->name[0] != 0;
    found->our_certificate = (uintptr_t)SSL_get_certificate(connection->ssl);
}

/* The depth of the certificate that a record matched, -1 when none did. */
int tls_dane_match(tls_connection *connection, int *usage, int *selector, int *matching) {
    uint8_t fields[3] = {0, 0, 0};
    int depth = SSL_get0_dane_authority(connection->ssl, NULL, NULL);

    if (depth < 0)
        return -1;
    SSL_get0_dane_tlsa(connection->ssl, &fields[0], &fields[1], &fields[2], NULL, NULL);
    *usage = fields[0];
    *selector = fields[1];
    *matching = fields[2];
    return depth;
}

int tls_ocsp_state(tls_connection *connection, char *why, size_t cap) {
    BIO_snprintf(why, cap, "%s", connection->ocsp_why);
    return connection->ocsp;
}

/* Certificates: TLS_OURS has the one we sent, TLS_SENT what the peer sent, TLS_VERIFIED the chain that was built,
 * TLS_BAD the one that an error is about. */
static X509 *find(tls_connection *connection, int chain, int index) {
    STACK_OF(X509) *stack = NULL;

    switch (chain) {
    case TLS_OURS:
        return index == 0 ? SSL_get_certificate(connection->ssl) : NULL;
    case TLS_BAD:
        return index == 0 ? connection->bad : NULL;
    case TLS_VERIFIED:
        stack = SSL_get0_verified_chain(connection->ssl);
        break;
    case TLS_SENT:
        if (index == 0)
            return SSL_get0_peer_certificate(connection->ssl);
        stack = SSL_get_peer_cert_chain(connection->ssl);
        if (connection->server)
            index--; /* there the list lacks the peer's own */
        break;
    default:
        break;
    }
    return stack != NULL && index < sk_X509_num(stack) ? sk_X509_value(stack, index) : NULL;
}

int tls_chain_length(tls_connection *connection, int chain) {
    int count = 0;

    while (count < 100 && find(connection, chain, count) != NULL)
        count++;
    return count;
}

/* DER; the size alone when `cap` is too small. */
size_t tls_certificate(tls_connection *connection, int chain, int index, unsigned char *out, size_t cap) {
    X509 *certificate = find(connection, chain, index);
    int size = certificate == NULL ? 0 : i2d_X509(certificate, NULL);

    if (size <= 0)
        return 0;
    if ((size_t)size <= cap)
        i2d_X509(certificate, &out);
    return (size_t)size;
}

size_t tls_subject(tls_connection *connection, int chain, int index, char *out, size_t cap) {
    X509 *certificate = find(connection, chain, index);

    if (certificate == NULL || cap == 0)
        return 0;
    X509_NAME_oneline(X509_get_subject_name(certificate), out, (int)cap);
    return strlen(out);
}

/* RFC 9266 (`exporter`) or RFC 5929 3 (tls-unique, which TLS 1.3 does not have). */
size_t tls_channel_binding(tls_connection *connection, int exporter, unsigned char *out, size_t cap) {
    static const char label[] = "EXPORTER-Channel-Binding";
    SSL *ssl = connection->ssl;
    int ours;

    if (cap < 64)
        return 0;
    if (exporter)
        return SSL_export_keying_material(ssl, out, 32, label, sizeof label - 1, (const unsigned char *)"", 0, 1) == 1
                   ? 32
                   : 0;
    if (SSL_version(ssl) >= TLS1_3_VERSION)
        return 0;
    /* The first Finished message counts: the client's, or the server's when the session was resumed. */
    ours = connection->server == (SSL_session_reused(ssl) ? 1 : 0);
    return ours ? SSL_get_finished(ssl, out, cap) : SSL_get_peer_finished(ssl, out, cap);
}

/* The next session worth keeping, as ASN.1, and until when; 0 when there is none (or it does not fit). */
size_t tls_take_session(tls_connection *connection, unsigned char *out, size_t cap, long *expires) {
    SSL_SESSION *session;
    unsigned long hint;
    long life;
    int size;

    if (connection->session_count == 0)
        return 0;
    session = connection->sessions[--connection->session_count];
    size = i2d_SSL_SESSION(session, NULL);
    if (size > 0 && (size_t)size <= cap)
        i2d_SSL_SESSION(session, &out);
    else
        size = 0;
    hint = SSL_SESSION_get_ticket_lifetime_hint(session);
    life = SSL_SESSION_get_timeout(session);
    if (hint > 0 && (long)hint < life)
        life = (long)hint;
    *expires = SSL_SESSION_get_time(session) + life;
    SSL_SESSION_free(session);
    return (size_t)size;
}
