"""Embedded Perl as a process that stays (manual chapter 12).

One Perl per program is started when it is first needed (or at start, `perl_at_start`). It evaluates `perl_startup`,
then answers calls over a pipe: every message is one line, its fields percent-encoded. While a call runs Perl may ask
us to expand a string or to write a log line; before the answer there may be another call, when the string has one.
What comes from us is not tainted in the sense of `perl -T`.

As in Exim, `perl_startup` may die by itself, for instance because a file's last value is false: what it has defined
so far is there. An error in a file or an `eval` of it makes the calls fail.
"""

from __future__ import annotations

import os
import subprocess
from typing import IO, TYPE_CHECKING

from eximia.base.errors import ExpansionError, ForcedFailure
from eximia.base.text import Untainted, to_bytes
from eximia.privileged.aside import is_set_aside

if TYPE_CHECKING:
    from eximia.context import Context

_PROGRAM = r"""
use strict; no warnings;
my ($in, $out);
my ($from) = $ENV{EXIMIA_PERL_IN} =~ /^(\d+)$/; my ($to) = $ENV{EXIMIA_PERL_OUT} =~ /^(\d+)$/;
open($in, '<&=', $from) or die; open($out, '>&=', $to) or die;
delete @ENV{qw(EXIMIA_PERL_IN EXIMIA_PERL_OUT)};
binmode $in; binmode $out; { my $old = select($out); $| = 1; select($old); }
sub enc { my $s = shift; $s = '' unless defined $s; utf8::encode($s) if utf8::is_utf8($s);
  $s =~ s/([^A-Za-z0-9_.-])/sprintf('%%%02X', ord $1)/ge; $s }
sub dec { my $s = shift; $s =~ s/%([0-9A-F]{2})/chr hex $1/ge; $s }
sub inform { print $out join(' ', map { enc($_) } @_), "\n" }
sub hear { my $l = <$in>; exit 0 unless defined $l; chomp $l;
  $. = 0;  # so that messages do not tell of our pipe
  $l =~ /^(.*)$/s; return map { dec($_) } split / /, $1, -1 }
sub ask { inform(@_); while (1) { my ($what, @rest) = hear(); return @rest if $what eq 'answer'; obey(@rest) } }
sub obey { my ($name, @args) = @_; local $@;
  my $result = eval { no strict 'refs';
    die "Undefined subroutine &main::$name called.\n" unless defined &{"main::$name"};
    scalar &{"main::$name"}(@args) };
  $@ ? inform('died', $@) : defined $result ? inform('result', $result) : inform('undef') }
package Exim;
sub expand_string { my ($kind, $text) = main::ask('expand', $_[0]);
  return $text if $kind eq 'ok'; return undef if $kind eq 'forced'; my ($p, $f, $l) = caller;
  $text .= " at $f line $l.\n" unless $text =~ /\n\z/;
  die "syntax error in Exim::expand_string argument: $text" }
sub debug_write { main::ask('debug', join '', @_); return }
sub log_write { main::ask('log', join '', @_); return }
package main;
$SIG{__WARN__} = sub { my $s = join '', @_; chomp $s; Exim::log_write($s) };
my ($startup) = ask('ready');
our ($compiled, $left) = (0, '');
my $told = sub { $main::left = $@ };
$SIG{__DIE__} = $told;
{ no strict; eval "\$main::compiled = 1; $startup\n; \$main::left = \$@; 1"; }
delete $SIG{__DIE__} if ref $SIG{__DIE__} && $SIG{__DIE__} == $told;
if (!$compiled) { $left = $@ =~ /^(.*BEGIN failed--compilation aborted)/s ? $1 : 'Compilation error' }
inform($left ne '' ? 'failed' : 'started', $left);
while (1) { my ($what, @call) = hear(); obey(@call) }
"""


def _decode(field: bytes) -> str:
    from urllib.parse import unquote_to_bytes

    return unquote_to_bytes(field).decode("latin-1")


def _encode(field: str) -> bytes:
    from urllib.parse import quote_from_bytes

    return quote_from_bytes(to_bytes(field), safe="").encode("ascii")


class Perl:
    """A running interpreter. Raises ExpansionError when it cannot be started."""

    __slots__ = ("_from", "_process", "_to")

    def __init__(self, startup: str, *, taint: bool = False) -> None:
        from_us, to_perl = os.pipe()
        from_perl, to_us = os.pipe()
        try:
            self._process = subprocess.Popen(
                ["perl", *(["-T"] if taint else []), "-e", _PROGRAM],
                stdin=subprocess.DEVNULL,
                pass_fds=(from_us, to_us),
                env={**os.environ, "EXIMIA_PERL_IN": str(from_us), "EXIMIA_PERL_OUT": str(to_us)},
                user=os.geteuid() if is_set_aside() else None,
                group=os.getegid() if is_set_aside() else None,
            )
        except OSError as error:
            os.close(to_perl)
            os.close(from_perl)
            raise ExpansionError(f"perl cannot be started: {os.strerror(error.errno or 0)}") from error
        finally:
            os.close(from_us)
            os.close(to_us)
        self._to: IO[bytes] = os.fdopen(to_perl, "wb", 0)
        self._from: IO[bytes] = os.fdopen(from_perl, "rb")
        self._receive()
        self._send("answer", startup)
        kind, *rest = self._receive()
        if kind != "started":
            self.close()
            raise ExpansionError(f"error in perl_startup code: {''.join(rest)}")

    def _send(self, *fields: str) -> None:
        self._to.write(b" ".join(_encode(field) for field in fields) + b"\n")

    def _receive(self) -> list[str]:
        line = self._from.readline()
        if not line:
            raise ExpansionError("the Perl interpreter has ended")
        return [_decode(field) for field in line.rstrip(b"\n").split(b" ")]

    def call(self, ctx: Context, name: str, args: list[str]) -> str:
        """The subroutine's value. Raises ForcedFailure for undef, ExpansionError when it dies."""
        self._send("call", name, *args)
        while True:
            kind, *fields = [*self._receive(), ""]
            text = fields[0]
            match kind:
                case "result":
                    return text
                case "undef":
                    raise ForcedFailure(f'Perl subroutine "{name}" returned undef to force failure')
                case "died":
                    raise ExpansionError(text)
                case "expand":
                    self._send("answer", *_expanded(ctx, text))
                case "log":
                    _log(ctx, text.removesuffix("\n"))
                    self._send("answer")
                case _:
                    if ctx.process.trace is not None:
                        ctx.process.trace.debug("perl", text)
                    self._send("answer")

    def close(self) -> None:
        """End the interpreter."""
        self._to.close()
        self._from.close()
        self._process.wait()


def _log(ctx: Context, text: str) -> None:
    """What Perl logs, its warnings too. When strings are tested that is for the tester."""
    call = ctx.process.invocation
    if call is not None and call.action == "be":
        os.write(2, to_bytes(f"{text}\n"))
    else:
        ctx.process.log.main(text, ctx.message.id)


def _expanded(ctx: Context, text: str) -> tuple[str, str]:
    """What `Exim::expand_string` gives: the strings of Perl code are the postmaster's."""
    from eximia.expand.engine import expand_text

    try:
        return "ok", expand_text(Untainted(text), ctx)
    except ForcedFailure:
        return "forced", ""
    except ExpansionError as failure:
        return "error", failure.message


class PerlService:
    """The program's one interpreter, started when it is first called; `Services.perl`."""

    __slots__ = ("_perl",)

    def __init__(self) -> None:
        self._perl: Perl | None = None

    def start(self, startup: str, *, taint: bool = False) -> Perl:
        """Start Perl, unless it runs (`perl_at_start`, -ps)."""
        if self._perl is None:
            self._perl = Perl(startup, taint=taint)
        return self._perl

    def call(self, ctx: Context, name: str, args: list[str]) -> str:
        """See `base.ports.PerlService`."""
        main = ctx.process.main
        return self.start(str(main.perl_startup), taint=bool(main.perl_taintmode)).call(ctx, name, args)
