from eximia.message.header import Header, parse_block, split_block


def test_letters_of_a_plain_message() -> None:
    headers, rest = parse_block(
        "From : a@b\nMESSAGE-id: <x@y>\nMessage-id: <x@z>\nTO: a@b.ex\n\tmore\nReceived: x\n"
        "Cc: a\nBcc: b\nReply-To: c\nSender: d\nDate: e\n\nbody\n"
    )
    assert "".join(header.type for header in headers) == "FI TPCBRS "
    assert headers[3].text == "TO: a@b.ex\n\tmore\n"
    assert rest == "body\n"


def test_letters_of_a_resent_message() -> None:
    headers, _ = parse_block(
        "From: a@b\nResent-From: r@r.ex\nResent-To: a\nResent-Cc: a\nResent-Bcc: a\nResent-Message-Id: <q@q>\n"
        "Resent-Sender: a\nResent-Reply-To: s\nResent-Date: d\nMessage-ID: <x@y>\nTo: a\n"
    )
    assert "".join(header.type for header in headers) == "FFTCBIS   T"


def test_where_the_header_ends() -> None:
    assert split_block("A: b\nno header here\nC: d\n") == (["A: b\n"], "no header here\nC: d\n")
    assert split_block("\nbody") == ([], "body")
    assert split_block(" indented\nA: b\n") == ([], " indented\nA: b\n")
    assert split_block("A: b\n c") == (["A: b\n c\n"], "")
    assert split_block("b@d name: x\n") == ([], "b@d name: x\n")


def test_header() -> None:
    header = Header("Subject : x\n y\n")
    assert (header.name, header.type, header.body) == ("subject", " ", " x\n y\n")
    assert Header("X: y\n", "*").deleted
