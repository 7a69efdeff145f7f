from eximia.logs.printing import printing, quoted


def test_printing() -> None:
    assert printing('a\\b"c\x01\t\r\n\x7f\xc3\xa9') == 'a\\b"c\\001\t\\r\\n\\177\\303\\251'
    assert printing("\xc3\xa9", topbit=True) == "\xc3\xa9"


def test_quoted() -> None:
    assert (
        quoted('a "b" \\c h\xc3\xa9\r\n\x01\t x\n\tfolded') == '"a \\"b\\" \\\\c h\\303\\251\\r\\n\\001\t x\\n\tfolded"'
    )
