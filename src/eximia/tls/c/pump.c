/* Moving bytes: a BIO between the library and the memory of the caller, and the calls that make it run.
 *
 * While a call lasts, the library takes records right from the caller's input and puts its own right into the caller's
 * output. Only what is left over is copied: input after a pause, output that found no room, and what the library has to
 * say while it reads. */
#include "internal.h"

/* room that a record needs beside its text */
#define RECORD_EXTRA 512

static BIO_METHOD *method;

/* The ends */

static size_t waiting(const store *kept) { return kept->end - kept->at; }

static int keep(store *kept, const void *data, size_t size) {
    if (kept->at == kept->end)
        kept->at = kept->end = 0;
    if (size > kept->cap - kept->end) {
        size_t cap = kept->end + size + 2048;
        unsigned char *larger = OPENSSL_realloc(kept->data, cap);
        if (larger == NULL)
            return 0;
        kept->data = larger;
        kept->cap = cap;
    }
    memcpy(kept->data + kept->end, data, size);
    kept->end += size;
    return 1;
}

/* Memory is not held for connections that have nothing to say. */
static size_t take(store *kept, void *out, size_t cap) {
    size_t size = waiting(kept) < cap ? waiting(kept) : cap;

    if (size == 0)
        return 0;
    memcpy(out, kept->data + kept->at, size);
    kept->at += size;
    if (kept->at == kept->end) {
        OPENSSL_free(kept->data);
        memset(kept, 0, sizeof *kept);
    }
    return size;
}

static int bio_read(BIO *bio, char *out, size_t size, size_t *got) {
    tls_connection *connection = BIO_get_data(bio);

    BIO_clear_retry_flags(bio);
    *got = take(&connection->arrived, out, size);
    if (*got == 0 && connection->given_size > 0) {
        *got = size < connection->given_size ? size : connection->given_size;
        memcpy(out, connection->given, *got);
        connection->given += *got;
        connection->given_size -= *got;
    }
    if (*got > 0)
        return 1;
    if (!connection->ended)
        BIO_set_retry_read(bio);
    return 0;
}

static int bio_write(BIO *bio, const char *in, size_t size, size_t *written) {
    tls_connection *connection = BIO_get_data(bio);

    BIO_clear_retry_flags(bio);
    *written = 0;
    if (connection->room != NULL && waiting(&connection->leaving) == 0 &&
        size <= connection->room_size - connection->room_used) {
        memcpy(connection->room + connection->room_used, in, size);
        connection->room_used += size;
    } else if (!keep(&connection->leaving, in, size))
        return 0;
    *written = size;
    return 1;
}

static long bio_control(BIO *bio, int command, long number, void *unused) {
    tls_connection *connection = BIO_get_data(bio);

    (void)number;
    (void)unused;
    if (command == BIO_CTRL_FLUSH)
        return 1;
    return command == BIO_CTRL_EOF && connection->ended && waiting(&connection->arrived) + connection->given_size == 0;
}

int tls_pump_start(void) {
    if (method == NULL) {
        int index = BIO_get_new_index();
        method = index < 0 ? NULL : BIO_meth_new(index | BIO_TYPE_SOURCE_SINK, "memory of the caller");
        if (method == NULL)
            return 0;
        BIO_meth_set_read_ex(method, bio_read);
        BIO_meth_set_write_ex(method, bio_write);
        BIO_meth_set_ctrl(method, bio_control);
    }
    return 1;
}

int tls_pump_attach(tls_connection *connection) {
    BIO *bio = BIO_new(method);

    if (bio == NULL)
        return 0;
    BIO_set_data(bio, connection);
    BIO_set_init(bio, 1);
    SSL_set_bio(connection->ssl, bio, bio);
    return 1;
}

void tls_pump_release(tls_connection *connection) {
    OPENSSL_free(connection->arrived.data);
    OPENSSL_free(connection->leaving.data);
    OPENSSL_free(connection->early.data);
}

/* The caller's output, which gets first what waits already. */
static void open_room(tls_connection *connection, unsigned char *out, size_t cap) {
    connection->room = out;
    connection->room_size = cap;
    connection->room_used = take(&connection->leaving, out, cap);
}

static size_t close_room(tls_connection *connection) {
    size_t used = connection->room_used;

    connection->room = NULL;
    connection->room_size = connection->room_used = 0;
    return used;
}

/* The calls */

/* The library frees its buffers when they are empty, so that idle connections are small; not between the records of one
 * call, nor between those of the handshake. */
static void hold_buffers(tls_connection *connection, int hold) {
    if (hold)
        SSL_clear_mode(connection->ssl, SSL_MODE_RELEASE_BUFFERS);
    else
        SSL_set_mode(connection->ssl, SSL_MODE_RELEASE_BUFFERS);
}

static void begin(tls_connection *connection, const unsigned char *in, size_t size) {
    if (ERR_peek_error() != 0)
        ERR_clear_error();
    connection->given = in;
    connection->given_size = size;
}

/* What was not used is kept: the caller's memory is his again. */
static int finish(tls_connection *connection, int step) {
    if (connection->given_size > 0 && !keep(&connection->arrived, connection->given, connection->given_size))
        step = TLS_FAILED;
    connection->given = NULL;
    connection->given_size = 0;
    return step;
}

int tls_step_of(tls_connection *connection, int result) {
    unsigned long code;

    switch (SSL_get_error(connection->ssl, result)) {
    case SSL_ERROR_NONE:
        return TLS_DONE;
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        return TLS_WANT;
    case SSL_ERROR_WANT_CLIENT_HELLO_CB:
        return TLS_HELLO;
    case SSL_ERROR_WANT_RETRY_VERIFY:
        return TLS_VERIFY;
    case SSL_ERROR_ZERO_RETURN:
        return TLS_CLOSED;
    case SSL_ERROR_SYSCALL:
        return TLS_CUT;
    default:
        code = ERR_peek_error();
        return ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING ? TLS_CUT
                                                                                                         : TLS_FAILED;
    }
}

/* A ticket renewed on a resumed TLS 1.2 connection is not reported by the library. */
static void keep_renewed(tls_connection *connection) {
    SSL_SESSION *session = SSL_get0_session(connection->ssl);

    if (connection->server || !SSL_session_reused(connection->ssl) || SSL_version(connection->ssl) >= TLS1_3_VERSION ||
        session == NULL || connection->session_count > 0 || !SSL_SESSION_has_ticket(session) ||
        !SSL_SESSION_is_resumable(session))
        return;
    if (SSL_SESSION_up_ref(session))
        connection->sessions[connection->session_count++] = session;
}

/* A server's text that goes out behind its Finished, before the client's has come (RFC 8446 2.3 calls this data sent
 * after 0.5 round trips). Only TLS 1.3 can do that; tls_spoke_early() tells afterwards. */
int tls_speak_early(tls_connection *connection, const unsigned char *text, size_t size) {
    return keep(&connection->early, text, size);
}

int tls_spoke_early(tls_connection *connection) { return connection->early_sent; }

/* The way to write before the end of the handshake is to ask for early data, which no client is offered to send. */
static int shake_early(tls_connection *connection) {
    SSL *ssl = connection->ssl;
    store *early = &connection->early;
    unsigned char nothing;
    size_t count = 0;

    if (SSL_read_early_data(ssl, &nothing, sizeof nothing, &count) != SSL_READ_EARLY_DATA_FINISH)
        return tls_step_of(connection, 0);
    if (SSL_version(ssl) >= TLS1_3_VERSION && !SSL_is_init_finished(ssl)) {
        for (; waiting(early) > 0; early->at += count)
            if (!SSL_write_early_data(ssl, early->data + early->at, waiting(early), &count))
                return TLS_FAILED;
        connection->early_sent = 1;
    }
    early->at = early->end;
    return TLS_DONE;
}

static int shake(tls_connection *connection) {
    int result;

    if (waiting(&connection->early) > 0) {
        int step = shake_early(connection);
        if (step != TLS_DONE)
            return step;
    }
    result = SSL_do_handshake(connection->ssl);
    if (result != 1)
        return tls_step_of(connection, result);
    if (SSL_session_reused(connection->ssl))
        connection->resumption |= TLS_RESUMED;
    keep_renewed(connection);
    hold_buffers(connection, 0);
    return TLS_DONE;
}

/* `counts`: the bytes in `out`, those that are here behind the handshake's end and have yet to be read, and those that
 * `tls_output` has because they found no room. */
int tls_handshake(tls_connection *connection, const unsigned char *in, size_t size, unsigned char *out, size_t cap,
                  size_t counts[3]) {
    int step;

    begin(connection, in, size);
    open_room(connection, out, cap);
    step = finish(connection, shake(connection));
    counts[0] = close_room(connection);
    counts[1] = step == TLS_DONE ? waiting(&connection->arrived) + (size_t)SSL_has_pending(connection->ssl) : 0;
    counts[2] = waiting(&connection->leaving);
    return step;
}

/* Until the input is used up (TLS_WANT) or `out` is full (TLS_DONE). `counts`: the bytes in `out`, and those that
 * `tls_output` has for the peer. */
int tls_read(tls_connection *connection, const unsigned char *in, size_t size, unsigned char *out, size_t cap,
             size_t counts[2]) {
    int step = TLS_DONE, bulk = size > SSL3_RT_MAX_PLAIN_LENGTH;

    begin(connection, in, size);
    if (bulk)
        hold_buffers(connection, 1);
    counts[0] = 0;
    while (step == TLS_DONE && counts[0] < cap) {
        size_t count = 0;
        int result = SSL_read_ex(connection->ssl, out + counts[0], cap - counts[0], &count);
        if (result <= 0)
            step = tls_step_of(connection, result);
        counts[0] += count;
        /* The usual end of what has come: the library need not be asked for more. */
        if (result > 0 && connection->given_size + waiting(&connection->arrived) == 0 && !connection->ended &&
            !SSL_has_pending(connection->ssl))
            step = TLS_WANT;
    }
    if (bulk)
        hold_buffers(connection, 0);
    step = finish(connection, step);
    counts[1] = waiting(&connection->leaving);
    return step;
}

/* Encrypt `in` from `from` on, as much as fits into `out` with what was waiting to be sent before. `counts`: the bytes
 * in `out`, and how far in `in` it came; more is to be done when that is less than `size`. */
int tls_write(tls_connection *connection, const unsigned char *in, size_t from, size_t size, unsigned char *out,
              size_t cap, size_t counts[2]) {
    int step = TLS_DONE, bulk = size - from > SSL3_RT_MAX_PLAIN_LENGTH;

    begin(connection, NULL, 0);
    if (bulk)
        hold_buffers(connection, 1);
    open_room(connection, out, cap);
    while (from < size) {
        size_t count = 0, piece = size - from < SSL3_RT_MAX_PLAIN_LENGTH ? size - from : SSL3_RT_MAX_PLAIN_LENGTH;
        int result;
        if (connection->room_size - connection->room_used < piece + RECORD_EXTRA)
            break;
        result = SSL_write_ex(connection->ssl, in + from, piece, &count);
        if (result <= 0) {
            step = tls_step_of(connection, result);
            break;
        }
        from += count;
    }
    if (bulk)
        hold_buffers(connection, 0);
    counts[0] = close_room(connection);
    counts[1] = from;
    return step;
}

/* What is to be sent; there is more when it fills `out`. */
size_t tls_output(tls_connection *connection, unsigned char *out, size_t cap) {
    return take(&connection->leaving, out, cap);
}

/* The peer has closed its side without a word. */
void tls_end_of_input(tls_connection *connection) { connection->ended = 1; }

/* What came behind the peer's farewell, which is no part of TLS. */
size_t tls_left_over(tls_connection *connection, unsigned char *out, size_t cap) {
    return take(&connection->arrived, out, cap);
}

/* Say that we have nothing more to say; the peer's answer is not waited for. `counts`: the bytes in `out`, and those
 * that `tls_output` has because they found no room. */
void tls_close(tls_connection *connection, unsigned char *out, size_t cap, size_t counts[2]) {
    ERR_clear_error();
    open_room(connection, out, cap);
    if (SSL_is_init_finished(connection->ssl))
        (void)SSL_shutdown(connection->ssl);
    ERR_clear_error();
    counts[0] = close_room(connection);
    counts[1] = waiting(&connection->leaving);
}
