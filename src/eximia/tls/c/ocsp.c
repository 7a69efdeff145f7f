/* OCSP responses in the handshake (RFC 6066 8, RFC 6960): which a server sends, and whether a client believes one. */
#include "internal.h"

static time_t seconds(const ASN1_GENERALIZEDTIME *moment) {
    struct tm broken;

    return ASN1_TIME_to_tm(moment, &broken) == 1 ? timegm(&broken) : (time_t)-1;
}

void tls_context_drop_staples(tls_context *context) {
    while (context->staples != NULL) {
        staple *one = context->staples;
        context->staples = one->next;
        OCSP_CERTID_free(one->about);
        OPENSSL_free(one->der);
        OPENSSL_free(one);
    }
}

/* Add a response to those the context may send. 0: it is not usable, `why` says why. */
int tls_staple(tls_context *context, const unsigned char *der, long size, char *why, size_t cap) {
    const unsigned char *at = der;
    OCSP_RESPONSE *response = d2i_OCSP_RESPONSE(NULL, &at, size);
    OCSP_BASICRESP *basic = NULL;
    OCSP_SINGLERESP *single;
    ASN1_GENERALIZEDTIME *this_update = NULL, *next_update = NULL;
    staple *one = NULL;
    const char *reason = NULL;
    int status;

    if (response == NULL)
        reason = "cannot be parsed";
    else if ((status = OCSP_response_status(response)) != OCSP_RESPONSE_STATUS_SUCCESSFUL)
        reason = OCSP_response_status_str(status);
    else if ((basic = OCSP_response_get1_basic(response)) == NULL || OCSP_resp_count(basic) < 1)
        reason = "has no single response";
    else {
        single = OCSP_resp_get0(basic, 0);
        OCSP_single_get0_status(single, NULL, NULL, &this_update, &next_update);
        if (next_update == NULL)
            reason = "has no next update time";
        else if (!OCSP_check_validity(this_update, next_update, 300, -1))
            reason = "is outside its time of validity";
        else {
            one = OPENSSL_zalloc(sizeof *one);
            if (one != NULL) {
                one->der = OPENSSL_memdup(der, (size_t)size);
                one->size = size;
                one->about = OCSP_CERTID_dup((OCSP_CERTID *)OCSP_SINGLERESP_get0_id(single));
                one->expires = seconds(next_update) + 300;
                one->next = context->staples;
                context->staples = one;
            }
            if (one == NULL || one->der == NULL || one->about == NULL)
                reason = "does not fit into memory";
        }
    }
    OCSP_BASICRESP_free(basic);
    OCSP_RESPONSE_free(response);
    ERR_clear_error();
    if (reason != NULL)
        BIO_snprintf(why, cap, "%s", reason);
    return reason == NULL;
}

/* Whether a response is about this certificate: its number, and who issued it. */
static int is_about(OCSP_CERTID *id, X509 *certificate) {
    ASN1_OCTET_STRING *issuer = NULL;
    ASN1_OBJECT *algorithm = NULL;
    ASN1_INTEGER *serial = NULL;
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    const EVP_MD *kind;

    OCSP_id_get0_info(&issuer, &algorithm, NULL, &serial, id);
    if (ASN1_INTEGER_cmp(serial, X509_get0_serialNumber(certificate)) != 0)
        return 0;
    kind = EVP_get_digestbyobj(algorithm);
    return kind != NULL && X509_NAME_digest(X509_get_issuer_name(certificate), kind, digest, &size) &&
           (int)size == ASN1_STRING_length(issuer) && memcmp(digest, ASN1_STRING_get0_data(issuer), size) == 0;
}

/* Server: the response for the certificate that is being sent, unless it has expired since it was read. */
int tls_staple_callback(SSL *ssl, void *unused) {
    tls_context *context = tls_context_of(SSL_get_SSL_CTX(ssl));
    tls_connection *connection = tls_of(ssl);
    X509 *certificate = SSL_get_certificate(ssl);
    unsigned char *copy;

    (void)unused;
    if (context == NULL || certificate == NULL || connection == NULL)
        return SSL_TLSEXT_ERR_NOACK;
    connection->ocsp = TLS_OCSP_NONE;
    for (staple *one = context->staples; one != NULL; one = one->next) {
        if (one->der == NULL || one->about == NULL || one->expires < time(NULL) || !is_about(one->about, certificate))
            continue;
        copy = OPENSSL_memdup(one->der, (size_t)one->size);
        if (copy == NULL)
            return SSL_TLSEXT_ERR_NOACK;
        SSL_set_tlsext_status_ocsp_resp(ssl, copy, one->size);
        connection->ocsp = TLS_OCSP_UNVERIFIED;
        return SSL_TLSEXT_ERR_OK;
    }
    return SSL_TLSEXT_ERR_NOACK;
}

/* The issuer of `leaf`: in the verified chain, else (that chain is the leaf alone with DANE-EE) among what the peer
 * sent; names may lie, so the signature decides. */
static X509 *find_issuer(SSL *ssl, X509 *leaf) {
    STACK_OF(X509) *stacks[2] = {SSL_get0_verified_chain(ssl), SSL_get_peer_cert_chain(ssl)};

    for (int which = 0; which < 2; which++)
        for (int i = 0; stacks[which] != NULL && i < sk_X509_num(stacks[which]); i++) {
            X509 *one = sk_X509_value(stacks[which], i);
            if (X509_cmp(one, leaf) != 0 && X509_check_issued(one, leaf) == X509_V_OK &&
                X509_verify(leaf, X509_get0_pubkey(one)) == 1)
                return one;
        }
    return NULL;
}

/* Only the issuer is trusted, as an anchor: that admits the issuer itself or a responder it delegated to directly
 * (RFC 6960 4.2.2.2), and nobody else. */
static int signature_is_good(OCSP_BASICRESP *basic, X509 *issuer) {
    X509_STORE *store = X509_STORE_new();
    STACK_OF(X509) *extra = sk_X509_new_null();
    int good = store != NULL && extra != NULL && X509_STORE_add_cert(store, issuer) && sk_X509_push(extra, issuer) &&
               X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN) &&
               OCSP_basic_verify(basic, extra, store, OCSP_PARTIAL_CHAIN) > 0;

    sk_X509_free(extra);
    X509_STORE_free(store);
    return good;
}

static void complain(tls_connection *connection, const char *text) {
    BIO_snprintf(connection->ocsp_why, sizeof connection->ocsp_why, "%s", text);
}

/* What the signed response says of `leaf`: a V_OCSP_CERTSTATUS, or -1. */
static int status_of(tls_connection *connection, OCSP_BASICRESP *basic, X509 *leaf, X509 *issuer) {
    for (int i = 0; i < OCSP_resp_count(basic); i++) {
        OCSP_SINGLERESP *single = OCSP_resp_get0(basic, i);
        const OCSP_CERTID *id = OCSP_SINGLERESP_get0_id(single);
        ASN1_OBJECT *algorithm = NULL;
        ASN1_GENERALIZEDTIME *this_update = NULL, *next_update = NULL;
        const EVP_MD *digest;
        OCSP_CERTID *wanted;
        int same, status;

        OCSP_id_get0_info(NULL, &algorithm, NULL, NULL, (OCSP_CERTID *)id);
        digest = EVP_get_digestbyobj(algorithm);
        wanted = digest == NULL ? NULL : OCSP_cert_to_id(digest, leaf, issuer);
        same = wanted != NULL && OCSP_id_cmp(wanted, (OCSP_CERTID *)id) == 0;
        OCSP_CERTID_free(wanted);
        if (!same)
            continue;
        status = OCSP_single_get0_status(single, NULL, NULL, &this_update, &next_update);
        if (next_update == NULL) {
            complain(connection, "no next update time");
            return -1;
        }
        if (!OCSP_check_validity(this_update, next_update, connection->ocsp_skew, -1)) {
            complain(connection, "outside the time of validity");
            return -1;
        }
        complain(connection, OCSP_cert_status_str(status));
        return status;
    }
    complain(connection, "no status for this certificate");
    return -1;
}

static int judge(tls_connection *connection, const unsigned char *der, long size) {
    const unsigned char *at = der;
    X509 *leaf = SSL_get0_peer_certificate(connection->ssl), *issuer = NULL;
    OCSP_RESPONSE *response = d2i_OCSP_RESPONSE(NULL, &at, size);
    OCSP_BASICRESP *basic = NULL;
    int status, good = 0;

    ERR_clear_error();
    if (response == NULL || at != der + size)
        complain(connection, "cannot be parsed");
    else if ((status = OCSP_response_status(response)) != OCSP_RESPONSE_STATUS_SUCCESSFUL)
        complain(connection, OCSP_response_status_str(status));
    else if ((basic = OCSP_response_get1_basic(response)) == NULL)
        complain(connection, "not a basic response");
    else if (leaf == NULL || (issuer = find_issuer(connection->ssl, leaf)) == NULL)
        complain(connection, "issuer certificate not at hand");
    else if (!signature_is_good(basic, issuer))
        complain(connection, "signature does not verify");
    else
        good = status_of(connection, basic, leaf, issuer) == V_OCSP_CERTSTATUS_GOOD;
    OCSP_BASICRESP_free(basic);
    OCSP_RESPONSE_free(response);
    ERR_clear_error();
    return good;
}

/* Client: 1 goes on, 0 ends the handshake. A resumed session has no response, and none is due. */
int tls_status_callback(SSL *ssl, void *unused) {
    tls_connection *connection = tls_of(ssl);
    const unsigned char *der = NULL;
    long size;

    (void)unused;
    if (connection == NULL || !connection->ocsp_asked)
        return 1;
    size = SSL_get_tlsext_status_ocsp_resp(ssl, &der);
    if (der == NULL || size <= 0) {
        connection->ocsp = TLS_OCSP_NONE;
        complain(connection, "no response");
        return !connection->ocsp_required;
    }
    if (judge(connection, der, size)) {
        /* Anybody can vouch for a certificate of his own: the word of an authority that is not trusted says nothing. */
        connection->ocsp = connection->untrusted ? TLS_OCSP_UNVERIFIED : TLS_OCSP_GOOD;
        return !connection->ocsp_required || connection->ocsp == TLS_OCSP_GOOD;
    }
    connection->ocsp = TLS_OCSP_FAILED;
    return !connection->ocsp_required;
}
