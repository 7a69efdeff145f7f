"""Pluggable Authentication Modules through the system's library (condition `pam`).

The answers are given to the modules' questions in turn. Called in a thread, because modules may wait.
"""

from __future__ import annotations

import ctypes
import ctypes.util
from collections.abc import Sequence

from eximia.base.text import to_bytes

SERVICE = b"exim"
_PROMPT_ECHO_OFF, _PROMPT_ECHO_ON = 1, 2
_SUCCESS, _CONVERSATION_ERROR = 0, 19


class _Message(ctypes.Structure):
    _fields_ = [("style", ctypes.c_int), ("text", ctypes.c_char_p)]


class _Response(ctypes.Structure):
    _fields_ = [("text", ctypes.c_void_p), ("code", ctypes.c_int)]


_CONVERSE = ctypes.CFUNCTYPE(
    ctypes.c_int,
    ctypes.c_int,
    ctypes.POINTER(ctypes.POINTER(_Message)),
    ctypes.POINTER(ctypes.POINTER(_Response)),
    ctypes.c_void_p,
)


class _Conversation(ctypes.Structure):
    _fields_ = [("converse", _CONVERSE), ("data", ctypes.c_void_p)]


def authenticate(user: str, answers: Sequence[str]) -> bool:
    """True when the modules accept `user` with `answers` to their questions. False, too, where there is no PAM."""
    found = ctypes.util.find_library("pam")
    if found is None:
        return False
    try:
        pam = ctypes.CDLL(found)
    except OSError:
        return False
    libc = ctypes.CDLL(None)
    libc.calloc.restype = ctypes.c_void_p
    libc.calloc.argtypes = [ctypes.c_size_t, ctypes.c_size_t]
    libc.strdup.restype = ctypes.c_void_p
    libc.strdup.argtypes = [ctypes.c_char_p]
    left = [to_bytes(answer) for answer in answers]

    def converse(count: int, messages: object, responses: object, data: object) -> int:
        if len(left) < sum(1 for i in range(count) if _style(messages, i) in (_PROMPT_ECHO_OFF, _PROMPT_ECHO_ON)):
            return _CONVERSATION_ERROR
        block = libc.calloc(count, ctypes.sizeof(_Response))
        replies = ctypes.cast(block, ctypes.POINTER(_Response))
        for index in range(count):
            if _style(messages, index) in (_PROMPT_ECHO_OFF, _PROMPT_ECHO_ON):
                replies[index].text = libc.strdup(left.pop(0))
        responses[0] = replies  # type: ignore[index] # a pointer to a pointer
        return _SUCCESS

    conversation = _Conversation(_CONVERSE(converse), None)
    handle = ctypes.c_void_p()
    if pam.pam_start(SERVICE, to_bytes(user), ctypes.byref(conversation), ctypes.byref(handle)) != _SUCCESS:
        return False
    try:
        if pam.pam_authenticate(handle, 0x8000) != _SUCCESS:
            return False
        return bool(pam.pam_acct_mgmt(handle, 0x8000) == _SUCCESS)
    finally:
        pam.pam_end(handle, _SUCCESS)


def _style(messages: object, index: int) -> int:
    message = messages[index].contents  # type: ignore[index] # an array of pointers
    return int(message.style)
