"""Embedded Perl as a process that stays (manual chapter 12).

A Perl is started when it is first needed (or at start, `perl_at_start`). It evaluates `perl_startup`, then answers
calls over a pipe: every message is one line, its fields percent-encoded. While a call runs Perl may ask us to expand a
string or to write a log line; before the answer there may be another call, when the string has one.
What comes from us is not tainted in the sense of `perl -T`. While an expansion for one session waits for the network,
another session gets another Perl: what one hears next must be the answer to what it asked.

As in Exim, `perl_startup` may die by itself, for instance because a file's last value is false: what it has defined
so far is there. An error in a file or an `eval` of it makes the calls fail.
"""

from __future__ import annotations

import os
import subprocess
from contextlib import AbstractContextManager
from typing import IO, TYPE_CHECKING, Final

import greenlet

from eximia.base.errors import ExpansionError, ForcedFailure
from eximia.base.text import Untainted, to_bytes
from eximia.privileged.aside import is_set_aside

if TYPE_CHECKING:
    from eximia.context import Context

#: Perls of one process; who finds all in the middle of calls waits for one
MOST: Final = 8

_PROGRAM = r"""
use strict; no warnings;
my ($in, $out);
my ($from) = $ENV{EXIMIA_PERL_IN} =~ /^(\d+)$/; my ($to) = $ENV{EXIMIA_PERL_OUT} =~ /^(\d+)$/;
open($in, '<&=', $from) or die; open($out, '>&=', $to) or die;
delete @ENV{qw(EXIMIA_PERL_IN EXIMIA_PERL_OUT)};
binmode $in; binmode $out; { my $old = select($out); $| = 1; select($old); }
package Eximia;  # the names of main are the postmaster's
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
sub expand_string { my ($kind, $text) = Eximia::ask('expand', $_[0]);
  return $text if $kind eq 'ok'; return undef if $kind eq 'forced'; my ($p, $f, $l) = caller;
  $text .= " at $f line $l.\n" unless $text =~ /\n\z/;
  die "syntax error in Exim::expand_string argument: $text" }
sub debug_write { Eximia::ask('debug', join '', @_); return }
sub log_write { Eximia::ask('log', join '', @_); return }
package main;
$SIG{__WARN__} = sub { my $s = join '', @_; chomp $s; Exim::log_write($s) };
my ($startup) = Eximia::ask('ready');
our ($compiled, $left) = (0, '');
my $told = sub { $main::left = $@ };
$SIG{__DIE__} = $told;
{ no strict; eval "\$main::compiled = 1; $startup\n; \$main::left = \$@; 1"; }
delete $SIG{__DIE__} if ref $SIG{__DIE__} && $SIG{__DIE__} == $told;
if (!$compiled) { $left = $@ =~ /^(.*BEGIN failed--compilation aborted)/s ? $1 : 'Compilation error' }
Eximia::inform($left ne '' ? 'failed' : 'started', $left);
while (1) { my ($what, @call) = Eximia::hear(); Eximia::obey(@call) }
"""


def _decode(field: bytes) -> str:
    from urllib.parse import unquote_to_bytes

    return unquote_to_bytes(field).decode("latin-1")


def _encode(field: str) -> bytes:
    from urllib.parse import quote_from_bytes

    return quote_from_bytes(to_bytes(field), safe="").encode("ascii")


class Perl:
    """A running interpreter. Raises ExpansionError when it cannot be started."""

    __slots__ = ("_from", "_process", "_to", "ended")

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
        #: nothing can be asked any more
        self.ended = False
        self._to: IO[bytes] = os.fdopen(to_perl, "wb", 0)
        self._from: IO[bytes] = os.fdopen(from_perl, "rb")
        self._receive()
        self._send("answer", startup)
        kind, *rest = self._receive()
        if kind != "started":
            self.close()
            raise ExpansionError(f"error in perl_startup code: {''.join(rest)}")

    def _send(self, *fields: str) -> None:
        try:
            self._to.write(b" ".join(_encode(field) for field in fields) + b"\n")
        except BrokenPipeError:
            raise self._has_ended() from None

    def _receive(self) -> list[str]:
        line = self._from.readline()
        if not line:
            raise self._has_ended()
        return [_decode(field) for field in line.rstrip(b"\n").split(b" ")]

    def _has_ended(self) -> ExpansionError:
        self.ended = True
        return ExpansionError("the Perl interpreter has ended")

    @property
    def alive(self) -> bool:
        """Whether it may be asked something."""
        return not self.ended and self._process.poll() is None

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
    """The program's interpreters, started when they are needed; `Services.perl`. Nearly always there is one; what
    waits in the middle of a call has its own meanwhile."""

    __slots__ = ("_gate", "_idle", "_inside", "_pid")

    def __init__(self) -> None:
        self._idle: list[Perl] = []
        #: who is in the middle of a call, and of which Perl
        self._inside: dict[greenlet.greenlet, Perl] = {}
        self._gate: AbstractContextManager[object] | None = None
        self._pid = os.getpid()

    def start(self, startup: str, *, taint: bool = False) -> None:
        """Start Perl, unless it runs (`perl_at_start`, -ps)."""
        if not self._idle:
            self._idle.append(Perl(startup, taint=taint))

    def call(self, ctx: Context, name: str, args: list[str]) -> str:
        """See `base.ports.PerlService`."""
        if self._pid != os.getpid():
            # A copy of the process: the original goes on talking to its Perl.
            self._idle, self._inside, self._pid = [], {}, os.getpid()
        caller = greenlet.getcurrent()
        inside = self._inside.get(caller)
        if inside is not None:
            # A string that Perl has us expand calls Perl.
            return inside.call(ctx, name, args)
        if self._gate is None:
            self._gate = ctx.process.ports.gate(MOST)
        with self._gate:
            perl = self._inside[caller] = self._take(ctx)
            try:
                result = perl.call(ctx, name, args)
            except ExpansionError:
                self._put(perl)
                raise
            except BaseException:
                # It still waits for an answer.
                perl.close()
                raise
            finally:
                del self._inside[caller]
            self._put(perl)
            return result

    def _take(self, ctx: Context) -> Perl:
        while self._idle:
            perl = self._idle.pop()
            if perl.alive:
                return perl
            perl.close()
        main = ctx.process.main
        return Perl(str(main.perl_startup), taint=bool(main.perl_taintmode))

    def _put(self, perl: Perl) -> None:
        if perl.ended:
            perl.close()
        else:
            self._idle.append(perl)
