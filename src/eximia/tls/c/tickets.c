/* Session tickets (RFC 5077, RFC 8446 4.6.1): keys in memory that the workers of one server share.
 *
 * The server's parent writes the ring, we read it. A key seals tickets for one period and opens them for two. When the
 * parent has stopped changing keys no tickets are made any more. */
#define _GNU_SOURCE
#include <sys/mman.h>

#include "internal.h"

typedef struct {
    unsigned char name[16];
    unsigned char cipher[32];
    unsigned char mac[32];
    int64_t born;
} ticket_key;

/* `change` is odd while the parent writes, and 0 when there is no key yet. */
typedef struct {
    uint32_t change;
    uint32_t period;
    ticket_key current;
    ticket_key previous;
} ticket_ring;

static ticket_ring *ring;

size_t tls_ring_size(void) { return sizeof(ticket_ring); }

int tls_ring_attached(void) { return ring != NULL; }

int tls_ring_attach(int fd) {
    void *memory = mmap(NULL, sizeof(ticket_ring), PROT_READ, MAP_SHARED, fd, 0);

    if (memory == MAP_FAILED)
        return 0;
    /* Keys are for memory only: neither swapped out nor in a core dump. */
    (void)mlock(memory, sizeof(ticket_ring));
    (void)madvise(memory, sizeof(ticket_ring), MADV_DONTDUMP);
    tls_ring_detach();
    ring = memory;
    return 1;
}

void tls_ring_detach(void) {
    if (ring != NULL)
        munmap(ring, sizeof(ticket_ring));
    ring = NULL;
}

static int copy_keys(ticket_ring *copy) {
    if (ring == NULL)
        return 0;
    for (int i = 0; i < 1000; i++) {
        uint32_t before = __atomic_load_n(&ring->change, __ATOMIC_ACQUIRE);
        if (before == 0)
            return 0;
        if (before & 1)
            continue;
        memcpy(copy, ring, sizeof *copy);
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        if (__atomic_load_n(&ring->change, __ATOMIC_ACQUIRE) == before)
            return 1;
    }
    return 0;
}

static int is_key(const ticket_key *key, const unsigned char *name, int64_t oldest) {
    return key->born >= oldest && CRYPTO_memcmp(name, key->name, sizeof key->name) == 0;
}

/* 0: no key, so no ticket; 1: use it; 2: use it and give the client a new one; -1: failure. */
int tls_ticket_key_callback(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac,
                            int encrypt) {
    tls_connection *connection = tls_of(ssl);
    ticket_ring keys;
    ticket_key *key = NULL;
    OSSL_PARAM parameters[3];
    int64_t oldest;
    int result = 0;

    if (connection == NULL || !connection->tickets || !copy_keys(&keys))
        return 0;
    oldest = (int64_t)time(NULL) - 2 * (int64_t)keys.period;
    if (encrypt) {
        if (keys.current.born >= oldest) {
            key = &keys.current;
            memcpy(name, key->name, sizeof key->name);
            result = RAND_bytes(iv, EVP_MAX_IV_LENGTH) > 0 ? 1 : -1;
        }
    } else if (is_key(&keys.current, name, oldest)) {
        key = &keys.current;
        /* Tickets of TLS 1.3 serve once. */
        result = SSL_version(ssl) >= TLS1_3_VERSION ? 2 : 1;
    } else if (is_key(&keys.previous, name, oldest)) {
        key = &keys.previous;
        result = 2;
    }
    if (key != NULL && result > 0) {
        parameters[0] = OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key->mac, sizeof key->mac);
        parameters[1] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, "sha256", 0);
        parameters[2] = OSSL_PARAM_construct_end();
        if (!EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), NULL, key->cipher, iv, encrypt) ||
            !EVP_MAC_CTX_set_params(mac, parameters))
            result = -1;
    }
    OPENSSL_cleanse(&keys, sizeof keys);
    return result;
}

/* A ticket carries when the full handshake was, under which rules, and for which server name: renewal would make it
 * live for ever, and it would serve for another name, with other rules about certificates. */
#define DATA_HEAD (sizeof(int64_t) + LABEL_SIZE)

int tls_ticket_write_callback(SSL *ssl, void *unused) {
    tls_connection *connection = tls_of(ssl);
    SSL_SESSION *session = SSL_get_session(ssl);
    unsigned char data[DATA_HEAD + NAME_SIZE];
    int64_t born = (int64_t)time(NULL);
    void *old = NULL;
    size_t old_size = 0, name_size;

    (void)unused;
    if (connection == NULL || session == NULL)
        return 1;
    if (SSL_session_reused(ssl) && SSL_SESSION_get0_ticket_appdata(session, &old, &old_size) && old_size >= DATA_HEAD)
        memcpy(&born, old, sizeof born);
    connection->resumption |= TLS_ISSUED;
    name_size = strlen(connection->name);
    memcpy(data, &born, sizeof born);
    memcpy(data + sizeof born, connection->label, LABEL_SIZE);
    memcpy(data + DATA_HEAD, connection->name, name_size);
    return SSL_SESSION_set1_ticket_appdata(session, data, DATA_HEAD + name_size);
}

SSL_TICKET_RETURN tls_ticket_read_callback(SSL *ssl, SSL_SESSION *session, const unsigned char *name, size_t size,
                                           SSL_TICKET_STATUS status, void *unused) {
    tls_connection *connection = tls_of(ssl);
    void *data = NULL;
    size_t data_size = 0;
    int64_t born = 0;

    (void)name;
    (void)size;
    (void)unused;
    if (connection == NULL)
        return SSL_TICKET_RETURN_IGNORE;
    if (status != SSL_TICKET_EMPTY)
        connection->resumption |= TLS_OFFERED;
    if (status != SSL_TICKET_SUCCESS && status != SSL_TICKET_SUCCESS_RENEW)
        return SSL_TICKET_RETURN_IGNORE_RENEW;
    if (ring == NULL || !SSL_SESSION_get0_ticket_appdata(session, &data, &data_size) ||
        data_size != DATA_HEAD + strlen(connection->name) ||
        memcmp((unsigned char *)data + sizeof born, connection->label, LABEL_SIZE) != 0 ||
        memcmp((unsigned char *)data + DATA_HEAD, connection->name, data_size - DATA_HEAD) != 0)
        return SSL_TICKET_RETURN_IGNORE_RENEW;
    memcpy(&born, data, sizeof born);
    if ((int64_t)time(NULL) - born > 2 * (int64_t)ring->period)
        return SSL_TICKET_RETURN_IGNORE_RENEW;
    return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_USE_RENEW;
}
