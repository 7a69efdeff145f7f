"""Frames with descriptors over a socket pair."""

import os
import socket
import struct

import pytest

from eximia.privileged.wire import LIMIT, WireError, receive_frame, send_frame


def test_frames_and_descriptors_arrive_in_order() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        read_end, write_end = os.pipe()
        send_frame(ours, b"first", (read_end,))
        send_frame(ours, b"")
        send_frame(ours, b"x" * 300)
        frame = receive_frame(theirs)
        assert frame is not None
        data, fds = frame
        os.write(write_end, b"through")
        assert (data, os.read(fds[0], 10)) == (b"first", b"through")
        assert receive_frame(theirs) == (b"", [])
        assert receive_frame(theirs) == (b"x" * 300, [])
        ours.close()
        assert receive_frame(theirs) is None
        for fd in (read_end, write_end, *fds):
            os.close(fd)


@pytest.mark.parametrize("sent", [b"\0\0", struct.pack("!I", 5) + b"abc", struct.pack("!I", LIMIT + 1)])
def test_what_is_no_frame_is_refused(sent: bytes) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(sent)
        ours.close()
        with pytest.raises(WireError):
            receive_frame(theirs)
