/* Contexts: what many connections share: certificates, keys, trust, ciphers. */
#include "internal.h"

#include <openssl/pem.h>

static int connection_index = -1;
static int context_index = -1;

int tls_start(void) {
    if (connection_index < 0) {
        connection_index = SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL);
        context_index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, NULL);
    }
    return connection_index >= 0 && context_index >= 0 && tls_pump_start();
}

unsigned long tls_library_number(void) { return OpenSSL_version_num(); }
const char *tls_library_version(void) { return OpenSSL_version(OPENSSL_VERSION); }

tls_connection *tls_of(SSL *ssl) { return SSL_get_ex_data(ssl, connection_index); }
int tls_attach(tls_connection *connection) { return SSL_set_ex_data(connection->ssl, connection_index, connection); }
tls_context *tls_context_of(SSL_CTX *ctx) { return SSL_CTX_get_ex_data(ctx, context_index); }

/* An error of the queue, with what the library adds to it: the oldest, or with `of_tls` the oldest of the protocol,
 * which what went before (a certificate field that could not be read) has only led to. The queue is empty afterwards. */
size_t tls_error(char *out, size_t cap, int of_tls) {
    const char *data = NULL;
    int flags = 0, taken = 0;
    unsigned long code;

    if (cap == 0)
        return 0;
    out[0] = 0;
    while ((code = ERR_get_error_all(NULL, NULL, NULL, &data, &flags)) != 0) {
        if (taken && (!of_tls || ERR_GET_LIB(code) != ERR_LIB_SSL))
            continue;
        taken = 1;
        ERR_error_string_n(code, out, cap);
        if (data != NULL && (flags & ERR_TXT_STRING) && *data) {
            size_t used = strlen(out);
            BIO_snprintf(out + used, cap - used, ": %s", data);
        }
        if (ERR_GET_LIB(code) == ERR_LIB_SSL)
            break;
    }
    ERR_clear_error();
    return strlen(out);
}

static const struct {
    const char *name;
    uint64_t bits;
} options[] = {
    {"all", SSL_OP_ALL},
    {"allow_no_dhe_kex", SSL_OP_ALLOW_NO_DHE_KEX},
    {"allow_unsafe_legacy_renegotiation", SSL_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION},
    {"cipher_server_preference", SSL_OP_CIPHER_SERVER_PREFERENCE},
    {"cryptopro_tlsext_bug", SSL_OP_CRYPTOPRO_TLSEXT_BUG},
    {"dont_insert_empty_fragments", SSL_OP_DONT_INSERT_EMPTY_FRAGMENTS},
    {"enable_middlebox_compat", SSL_OP_ENABLE_MIDDLEBOX_COMPAT},
    {"legacy_server_connect", SSL_OP_LEGACY_SERVER_CONNECT},
    {"no_anti_replay", SSL_OP_NO_ANTI_REPLAY},
    {"no_compression", SSL_OP_NO_COMPRESSION},
    {"no_encrypt_then_mac", SSL_OP_NO_ENCRYPT_THEN_MAC},
    {"no_extended_master_secret", SSL_OP_NO_EXTENDED_MASTER_SECRET},
    {"no_renegotiation", SSL_OP_NO_RENEGOTIATION},
    {"no_session_resumption_on_renegotiation", SSL_OP_NO_SESSION_RESUMPTION_ON_RENEGOTIATION},
    {"no_sslv3", SSL_OP_NO_SSLv3},
    {"no_ticket", SSL_OP_NO_TICKET},
    {"no_tlsv1", SSL_OP_NO_TLSv1},
    {"no_tlsv1_1", SSL_OP_NO_TLSv1_1},
    {"no_tlsv1_2", SSL_OP_NO_TLSv1_2},
    {"no_tlsv1_3", SSL_OP_NO_TLSv1_3},
    {"prioritize_chacha", SSL_OP_PRIORITIZE_CHACHA},
    {"safari_ecdhe_ecdsa_bug", SSL_OP_SAFARI_ECDHE_ECDSA_BUG},
    {"tlsext_padding", SSL_OP_TLSEXT_PADDING},
    {"tls_rollback_bug", SSL_OP_TLS_ROLLBACK_BUG},
};

int tls_option(const char *name, uint64_t *bits) {
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
        if (strcmp(options[i].name, name) == 0) {
            *bits = options[i].bits;
            return 1;
        }
    return 0;
}

/* Keep the names that a client gave, as text. */
static void note_declined(SSL *ssl, const unsigned char *in, unsigned int size) {
    tls_connection *connection = tls_of(ssl);
    char *text = connection == NULL || connection->declined != NULL ? NULL : OPENSSL_malloc(size);
    unsigned int at = 0, end = 0;

    if (text == NULL)
        return;
    /* lengths become colons, but for the first, whose place the final zero takes */
    while (at < size) {
        unsigned int length = in[at++];
        for (unsigned int i = 0; i < length && at < size; i++, at++)
            text[end++] = in[at] > 32 && in[at] < 127 ? (char)in[at] : '?';
        if (at < size)
            text[end++] = ':';
    }
    text[end] = 0;
    connection->declined = text;
}

/* A server takes part in ALPN only with a client that names one protocol, and one of ours. */
static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *size, const unsigned char *in,
                           unsigned int in_size, void *arg) {
    tls_context *context = tls_context_of(SSL_get_SSL_CTX(ssl));
    unsigned int at = 0;

    (void)arg;
    if (context == NULL || in_size < 1)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    if (in_size != 1u + in[0]) {
        note_declined(ssl, in, in_size);
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    while (at < context->alpn_size) {
        unsigned int length = context->alpn[at];
        if (length == in[0] && memcmp(context->alpn + at + 1, in + 1, length) == 0) {
            *out = in + 1;
            *size = (unsigned char)length;
            return SSL_TLSEXT_ERR_OK;
        }
        at += 1 + length;
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

tls_context *tls_context_new(int server, uint64_t set, uint64_t clear, int level) {
    static const unsigned char session_context[] = "eximia";
    tls_context *context = OPENSSL_zalloc(sizeof *context);
    SSL_CTX *ctx;

    ERR_clear_error();
    if (context == NULL)
        return NULL;
    ctx = context->ctx = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());
    if (ctx == NULL || !SSL_CTX_set_ex_data(ctx, context_index, context)) {
        tls_context_free(context);
        return NULL;
    }
    context->server = server;
    SSL_CTX_clear_options(ctx, SSL_CTX_get_options(ctx));
    SSL_CTX_set_options(ctx, (SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_ENABLE_MIDDLEBOX_COMPAT | set) &
                                 ~clear);
    /* SSL_MODE_RELEASE_BUFFERS comes with the end of the handshake (pump.c). */
    SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_AUTO_RETRY);
    /* Records are taken from memory as they lie there, not first their heads. */
    SSL_CTX_set_read_ahead(ctx, 0);
    SSL_CTX_set_security_level(ctx, level);
    SSL_CTX_set_cert_verify_callback(ctx, tls_chain_callback, NULL);
    SSL_CTX_set_timeout(ctx, 7200);
    if (server) {
        SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
        SSL_CTX_set_session_id_context(ctx, session_context, sizeof session_context - 1);
        SSL_CTX_set_client_hello_cb(ctx, tls_hello_callback, NULL);
        SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, tls_ticket_key_callback);
        SSL_CTX_set_session_ticket_cb(ctx, tls_ticket_write_callback, tls_ticket_read_callback, NULL);
        SSL_CTX_set_tlsext_status_cb(ctx, tls_staple_callback);
    } else {
        SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
        SSL_CTX_sess_set_new_cb(ctx, tls_new_session_callback);
        SSL_CTX_set_tlsext_status_cb(ctx, tls_status_callback);
        if (SSL_CTX_dane_enable(ctx) <= 0) {
            tls_context_free(context);
            return NULL;
        }
    }
    return context;
}

/* Connections that still use the SSL_CTX keep it; what hangs on the tls_context must outlive them, which Python's
 * side sees to: an engine holds its contexts. */
void tls_context_free(tls_context *context) {
    if (context == NULL)
        return;
    if (context->ctx != NULL) {
        SSL_CTX_set_ex_data(context->ctx, context_index, NULL);
        SSL_CTX_free(context->ctx);
    }
    tls_context_drop_staples(context);
    OPENSSL_free(context->alpn);
    OPENSSL_free(context);
}

int tls_context_versions(tls_context *context, int lowest, int highest) {
    return SSL_CTX_set_min_proto_version(context->ctx, lowest) && SSL_CTX_set_max_proto_version(context->ctx, highest);
}

int tls_context_ciphers(tls_context *context, const char *list) {
    ERR_clear_error();
    return SSL_CTX_set_cipher_list(context->ctx, list);
}

int tls_context_groups(tls_context *context, const char *list) {
    ERR_clear_error();
    return SSL_CTX_set1_groups_list(context->ctx, list) > 0;
}

int tls_context_certificate(tls_context *context, const char *path) {
    ERR_clear_error();
    return SSL_CTX_use_certificate_chain_file(context->ctx, path) == 1;
}

/* A key also has to belong to the certificate that was read last. */
int tls_context_key(tls_context *context, const char *path) {
    ERR_clear_error();
    return SSL_CTX_use_PrivateKey_file(context->ctx, path, SSL_FILETYPE_PEM) == 1 &&
           SSL_CTX_check_private_key(context->ctx) == 1;
}

int tls_context_self_signed(tls_context *context, const char *name) {
    EVP_PKEY *key;
    X509 *certificate;
    X509_NAME *subject;
    uint32_t serial = 1;
    int ok;

    ERR_clear_error();
    key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    certificate = X509_new();
    subject = certificate == NULL ? NULL : X509_get_subject_name(certificate);
    ok = key != NULL && subject != NULL && RAND_bytes((unsigned char *)&serial, sizeof serial) == 1 &&
         X509_set_version(certificate, X509_VERSION_3) &&
         ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial | 1u) &&
         X509_gmtime_adj(X509_getm_notBefore(certificate), -60) != NULL &&
         X509_gmtime_adj(X509_getm_notAfter(certificate), 2L * 365 * 86400) != NULL &&
         X509_set_pubkey(certificate, key) &&
         X509_NAME_add_entry_by_txt(subject, "O", MBSTRING_ASC, (const unsigned char *)"Eximia", -1, -1, 0) &&
         X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0) &&
         X509_set_issuer_name(certificate, subject) && X509_sign(certificate, key, EVP_sha256()) > 0 &&
         SSL_CTX_use_certificate(context->ctx, certificate) == 1 && SSL_CTX_use_PrivateKey(context->ctx, key) == 1;
    X509_free(certificate);
    EVP_PKEY_free(key);
    return ok;
}

int tls_context_trust_system(tls_context *context) {
    ERR_clear_error();
    return SSL_CTX_set_default_verify_paths(context->ctx) == 1;
}

/* `send_names`: a server tells its clients whose certificates it takes. */
int tls_context_trust_file(tls_context *context, const char *path, int send_names) {
    ERR_clear_error();
    if (SSL_CTX_load_verify_file(context->ctx, path) != 1)
        return 0;
    if (send_names) {
        STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(path);
        if (names == NULL)
            return 0;
        SSL_CTX_set_client_CA_list(context->ctx, names);
    }
    return 1;
}

int tls_context_trust_folder(tls_context *context, const char *path) {
    ERR_clear_error();
    return SSL_CTX_load_verify_dir(context->ctx, path) == 1;
}

static int check_crls(tls_context *context) {
    return X509_STORE_set_flags(SSL_CTX_get_cert_store(context->ctx), X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
}

int tls_context_crl_file(tls_context *context, const char *path) {
    X509_LOOKUP *lookup;

    ERR_clear_error();
    lookup = X509_STORE_add_lookup(SSL_CTX_get_cert_store(context->ctx), X509_LOOKUP_file());
    return lookup != NULL && X509_load_crl_file(lookup, path, X509_FILETYPE_PEM) > 0 && check_crls(context);
}

int tls_context_crl_folder(tls_context *context, const char *path) {
    X509_LOOKUP *lookup;

    ERR_clear_error();
    lookup = X509_STORE_add_lookup(SSL_CTX_get_cert_store(context->ctx), X509_LOOKUP_hash_dir());
    return lookup != NULL && X509_LOOKUP_add_dir(lookup, path, X509_FILETYPE_PEM) > 0 && check_crls(context);
}

int tls_context_dh_auto(tls_context *context) { return (int)SSL_CTX_set_dh_auto(context->ctx, 1); }

static int use_dh(tls_context *context, EVP_PKEY *key) {
    if (key != NULL && SSL_CTX_set0_tmp_dh_pkey(context->ctx, key) == 1)
        return 1;
    EVP_PKEY_free(key);
    return 0;
}

int tls_context_dh_group(tls_context *context, const char *name) {
    OSSL_PARAM parameters[2];
    EVP_PKEY_CTX *maker;
    EVP_PKEY *key = NULL;

    ERR_clear_error();
    maker = EVP_PKEY_CTX_new_from_name(NULL, "DH", NULL);
    parameters[0] = OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)name, 0);
    parameters[1] = OSSL_PARAM_construct_end();
    if (maker == NULL || EVP_PKEY_fromdata_init(maker) != 1 ||
        EVP_PKEY_fromdata(maker, &key, EVP_PKEY_KEY_PARAMETERS, parameters) != 1)
        key = NULL;
    EVP_PKEY_CTX_free(maker);
    return use_dh(context, key);
}

/* -1: the prime has more than `most_bits` bits. */
int tls_context_dh_file(tls_context *context, const char *path, int most_bits) {
    BIO *file;
    EVP_PKEY *key;

    ERR_clear_error();
    file = BIO_new_file(path, "r");
    if (file == NULL)
        return 0;
    key = PEM_read_bio_Parameters(file, NULL);
    BIO_free(file);
    if (key != NULL && EVP_PKEY_get_bits(key) > most_bits) {
        EVP_PKEY_free(key);
        return -1;
    }
    return use_dh(context, key);
}

int tls_context_alpn(tls_context *context, const unsigned char *wire, unsigned int size) {
    if (!context->server)
        return SSL_CTX_set_alpn_protos(context->ctx, wire, size) == 0;
    context->alpn = OPENSSL_memdup(wire, size);
    if (context->alpn == NULL)
        return 0;
    context->alpn_size = size;
    SSL_CTX_set_alpn_select_cb(context->ctx, choose_protocol, NULL);
    return 1;
}
