"""Cases for `test_queue_commands.py`: what happens to the messages of a queue, step by step.

A case is main options, then steps. A step is a command line; `<` before it hands in a message: the words are the
recipients, and options before them. `@1` is the first message's id. `!N` waits N seconds; `~ @1 -H` empties a file of
the spool; `+ line` puts a line behind the first `begin`.

The recipients' local parts say what becomes of them: ok, defer, fail, freeze, pipe (fails temporarily).
"""

from __future__ import annotations

CONFIGURATION = """\
spool_directory = {d}/spool
log_file_path = {d}/%slog
primary_hostname = h.example
qualify_domain = h.example
exim_user = Debian-exim
exim_group = Debian-exim
keep_environment =
tls_advertise_hosts =
trusted_users = root
never_users =
queue_run_in_order
{main}
begin routers
fail:
  driver = redirect
  local_parts = ^fail
  allow_fail
  data = :fail: not here
defer:
  driver = redirect
  local_parts = ^defer
  allow_defer
  data = :defer: not yet
freeze:
  driver = redirect
  local_parts = ^freeze
  allow_freeze
  allow_filter
  user = Debian-exim
  data = #Exim filter\\nfreeze "look at it"
list:
  driver = redirect
  local_parts = list
  data = ok1@h.example, ok2@h.example, defer3@h.example
ok:
  driver = accept
  local_parts = ^ok : root : ^sender : postmaster
  transport = box
begin transports
box:
  driver = appendfile
  file = {d}/mail/box
  user = Debian-exim
  group = Debian-exim
  use_lockfile = false
begin retry
{retry}
"""
RETRY = "* * F,2h,15m"

#: name -> (main options, retry rules, steps)
CASES: dict[str, tuple[str, str, list[str]]] = {}


def case(name: str, *steps: str, main: str = "", retry: str = RETRY) -> None:
    CASES[name] = (main, retry, list(steps))


HOLD = "queue_only"

case(
    "list",
    "< ok1",
    "< -f sender@x.example defer1 ok2",
    "-bp",
    "-bpu",
    "-bpa",
    "-bpc",
    main=HOLD,
)
case("list of some", "< ok1", "< ok2", "-bp @2", "-bp @2 @1", "-bp 1xV6y5-0002rI-2n", "-bpc @1", main=HOLD)
case("list unsorted", "< ok1", "-bpr", "-bpru", "-bpra", "-bprx", main=HOLD)
case("empty", "-bp", "-bpc", "-q", "-qf", "-bpr")
case("list after a first attempt", "< ok1 defer1 fail1", "-bp", "-bpu", "-bpa")
case("list of children", "< list", "-bp", "-bpa", "-Mvh @1")
case("freeze and thaw", "< ok1", "-Mf @1", "-bp", "-q", "-M @1", "-bpc", main=HOLD)
case("freeze twice", "< ok1", "-Mf @1", "-Mf @1", "-Mt @1", "-Mt @1", "-Mvl @1", main=HOLD)
case("thaw and run", "< ok1", "-Mf @1", "-Mt @1", "-Mvh @1", "-q", main=HOLD)
case("remove", "< ok1", "< ok2", "-Mrm @1", "-bp", "-Mrm @1", "-Mrm @2 @1", "-bpc", main=HOLD)
case("give up", "< -f sender@h.example ok1 defer1", "-Mg @1", "-bp", main=HOLD)
case("give up a frozen one", "< -f sender@h.example ok1", "-Mf @1", "-Mg @1", "-bp", main=HOLD)
case("named queue, no such message", "-qGx -Mvc 1xV6y5-0002rI-2n", "-qGx -Mf 1xV6y5-0002rI-2n", main=HOLD)
case("give up a bounce", "< -f <> ok1", "-Mg @1", "-bp", main=HOLD)
case("mark delivered", "< ok1 ok2 ok3", "-Mmd @1 ok2@h.example", "-Mmd @1 nobody@h.example", "-bp", "-q", main=HOLD)
_MANY = [f"ok{number * 37 % 101}" for number in range(40)]
case("mark many delivered", f"< {' '.join(_MANY)} defer1", f"-Mmd @1 {'@h.example '.join(_MANY[::-3])}@h.example",
     f"-Mmd @1 {'@h.example '.join(_MANY[1::3])}@h.example", "-Mvh @1", "-M @1", "-Mvh @1", main=HOLD)  # fmt: skip
case("many kinds of recipients", "< -f sender@x.example ok9 defer4 fail5 list ok4 ok7 fail2 fail1 defer1 ok2 fail11 freeze1",
     "-Mvh @1", "-M @1", "-Mvh @1", "-qf", "-Mvh @1")  # fmt: skip
case("mark all delivered", "< ok1 ok2", "-Mmad @1", "-bp", "-q", "-bpc", main=HOLD)
case(
    "add recipients", "< ok1", "-Mar @1 ok2 defer3@h.example", "-Mar @1 ok1@h.example", "-bp", "-M @1", "-bp", main=HOLD
)
case("bad addresses", "< ok1", "-Mar @1", "-Mar @1 a@b@c", "-Mmd @1", "-Mes @1", "-Mes @1 a@b@c", main=HOLD)
case("edit the sender", "< ok1", "-Mes @1 new@x.example", "-bp", "-Mes @1 <>", "-bp", "-M @1", main=HOLD)
case("show headers and body", "< ok1", "-Mvh @1", "-Mvb @1", "-Mvl @1", "-Mvc @1", main=HOLD)
case("show what is not there", "-Mvh 1xV6y5-0002rI-2n", "-Mvb 1xV6y5-0002rI-2n", "-Mvl 1xV6y5-0002rI-2n",
     "-Mvc 1xV6y5-0002rI-2n", "-Mrm 1xV6y5-0002rI-2n", "-Mf 1xV6y5-0002rI-2n", "-M 1xV6y5-0002rI-2n")  # fmt: skip
case("malformed ids", "-Mvh foo", "-Mrm foo", "-M foo", "-Mf foo-bar", "-Mar foo a@b", "-Mes foo a@b", "-Mg foo")
case("an empty header file", "< ok1", "< ok2", "~ @1 -H", "-bp", "-q", "-bp", "-Mvh @1", "-M @1", "-Mrm @1", main=HOLD)
case("an old empty header file", "< ok1", "~ @1 -H", "!2", "-q", "-bp", "-Mvh @1", main=f"{HOLD}\nkeep_malformed = 1s")
_BROKEN = ("-bp", "-bpc", "-bpra", "-Mvh @1", "-Mvb @1", "-Mvl @1", "-Mvc @1", "-Mf @1", "-Mt @1", "-Mes @1 a@b", "-bi",
           "-Mar @1 ok2", "-Mmd @1 ok2", "-Mmad @1", "-Mrm @1", "-Mg @1", "-M @1", "-q", "-brt x", "-bP queue_only",
           "-MG foo @1")  # fmt: skip
case("an error behind the main part", "< ok1", "+ nonsense", *_BROKEN, main=HOLD)
case("no end behind the main part", "< ok1", "+ .ifdef NOTHING", *_BROKEN, main=HOLD)
case("no such file behind the main part", "< ok1", "+ .include /no/such", "-bp", "-Mvl @1", "-Mt @1", "-q", main=HOLD)
case("missing ids", "-M", "-Mrm", "-Mf", "-Mvh", "-Mg", "-Mt", "-Mc")
case("log of an attempt", "< ok1 defer1", "-Mvl @1", "-M @1", "-Mvl @1")
case("forced delivery", "< defer1 ok1", "-M @1", "-bp", "-Mc @1", "-qf", "-qff")
case("continue", "< ok1", "-Mc @1", "-bpc", main=HOLD)
case("a run passes over what was tried", "< defer1 ok1", "-q", "-qf", "-q")
case("a first run", "< ok1", "< defer1", "-qi", "-qi", "-qfi", main=HOLD)
case("local only", "< ok1 far@else.example", "-ql", "-bp", main=HOLD)
case("two phases", "< ok1 defer1", "< ok2", "-qq", "-bp", main=HOLD)
case("frozen messages and runs", "< ok1", "-Mf @1", "-q", "-qf", "-bp", "-qff", "-bpc", main=HOLD)
case("range of a run", "< ok1", "< ok2", "< ok3", "-q @2", "-bp", main=HOLD)
case("end of a range", "< ok1", "< ok2", "< ok3", "-q @1 @2", "-bp", main=HOLD)
case("by recipient", "< ok1@h.example", "< ok2@h.example", "-R ok2", "-bp", "-R nobody", "-bpc", main=HOLD)
case("by recipient, regular expression", "< ok1", "< ok22", "-Rr ok\\d\\d@", "-bp", main=HOLD)
case("by recipient, frozen", "< ok1", "-Mf @1", "-R ok1", "-Rf ok1", "-bp", "-Rff ok1", "-bpc", main=HOLD)
case("by sender", "< -f a@x.example ok1", "< -f b@x.example ok2", "-S b@x", "-bp", "-S X.EXAMPLE", "-bpc", main=HOLD)
case("by sender, regular expression", "< -f a1@x.example ok1", "< -f b@x.example ok2", "-Sr ^a\\d", "-bp", main=HOLD)
case("by both", "< -f a@x.example ok1", "< -f a@x.example ok2", "-S a@x -R ok2", "-bp", main=HOLD)
case("failure", "< -f sender@h.example fail1", "-bpc")
case("failure and success", "< -f sender@h.example fail1 ok1 defer1", "-bp", "-Mvh @1")
case("frozen by a filter", "< -f <> freeze1", "-bp", "-Mvl @1", "-q", "-qff", "-bpc")
case("a bounce that fails", "< -f <> fail1", "-bp", "-Mvl @1")
case("a bounce that is dropped", "< -f <> fail1", "!1", "-q", "-bpc", main="ignore_bounce_errors_after = 0s")
case("freezing told to somebody", "< freeze1", "-bp", main="freeze_tell = postmaster")
case("no retry rule", "< -f sender@h.example defer1", "-bpc", retry="*.else.example * F,1h,1m")
case("retry time over", "< -f sender@h.example defer1", "!2", "-qf", "-bpc", retry="* * F,1s,1s")
case("auto thaw", "< ok1", "-Mf @1", "!2", "-q", "-bpc", main="queue_only\nauto_thaw = 1s")
case("frozen for too long", "< -f sender@h.example ok1", "-Mf @1", "!2", "-q", "-bpc",
     main="queue_only\ntimeout_frozen_after = 1s")  # fmt: skip
case("a frozen bounce for too long", "< -f <> ok1", "-Mf @1", "!2", "-q", "-bpc",
     main="queue_only\ntimeout_frozen_after = 1s")  # fmt: skip
case(
    "move to a named queue", "< ok1", "-MG second @1", "-bp", "-qGsecond -bp", "-qGsecond", "-qGsecond -bpc", main=HOLD
)
case("split spool", "< ok1", "< defer2", "-bpc", "-Mf @1", "-M @1", "-bp", main="queue_only\nsplit_spool_directory")
case("no message logs", "< ok1 defer1", "-Mvl @1", "-M @1", main="no_message_logs")
case("kept message logs", "< ok1", "-bpc", main="preserve_message_logs")
case("queue_domains", "< ok1", "-bp", "-q", "-bpc", main="queue_domains = h.example")
case("hold_domains", "< ok1", "-q", "-qf", "-M @1", "-bpc", main="hold_domains = h.example")
case("queue_only_file", "< ok1", "-bpc", main="queue_only_file = /etc/passwd")
case("delivery asked for", "< -odi ok1", "-bpc", main=HOLD)
case("delivery asked for in vain", "< -odi ok1", "-bpc", main="queue_only\nno_queue_only_override")
case("queueing asked for", "< -odq ok1", "-bpc", "< -odqs ok2", "!1", "-bpc")
case("too many receivers", "< ok1 ok2 ok3", "-bp", main="recipients_max = 2")
case("system filter", "< ok1", "-bp", "-Mvl @1", main="system_filter = {d}/filter")
case("delay warnings", "< -f sender@h.example defer1", "!3.1", "-qf", "-bp", main="delay_warning = 3s")
case("rules", "-brt x@a.example", "-brt a.example", "-brt b.example 421", "-brt x@b.example", "-brt c.example timeout",
     "-brt d.example e.example", "-brt lsearch.example",
     retry="x@a.example * F,1h,10m; G,1d,1h,1.5\na.example refused F,5m,1m\n"
           "b.example rcpt_4xx F,1h,1m\n*@b.example * G,2h,5m,2; F,4d,8h\nc.example timeout_connect F,1m,1m\n"
           "c.example timeout\n^.*sea.*$ * H,1h,5m,2\n*.example quota_7d F,1h,1h\n^.*\\.other$ * F,1m,1m\n* * F,1w,1h")  # fmt: skip
case("rules by error", "-brt a.example quota", "-brt a.example quota_3d", "-brt a.example refused_MX",
     "-brt a.example refused_A", "-brt a.example timeout_connect_MX", "-brt a.example lost_connection",
     "-brt a.example auth_failed", "-brt a.example tls_required", "-brt a.example mail_450", "-brt a.example data_4xx",
     "-brt a.example nonsense", "-brt b.example lookup", "-brt b.example quota_90s",
     retry="b.example lookup F,1m,1m\nb.example quota_90s F,2m,1m\na.example quota_1d F,1m,1m\na.example quota F,2m,1m\na.example refused_MX F,3m,1m\na.example refused F,4m,1m\n"
           "a.example timeout_connect_MX F,5m,1m\na.example lost_connection F,6m,1m\na.example auth_failed F,7m,1m\n"
           "a.example tls_required F,8m,1m\na.example mail_45x F,9m,1m\na.example data_4xx F,10m,1m\n* * F,11m,1m")  # fmt: skip
case("wrong rules", "-brt a.example", retry="* * F,1h")
case("wrong letter", "-brt a.example", retry="* * X,1h,1h")
case("wrong error", "-brt a.example", retry="* nonsense F,1h,1h")
case("growing needs three", "-brt a.example", retry="* * G,1h,1h")
case("senders of a rule", "-brt a.example", "-brt b.example", retry="a.example * senders=: F,1h,1m\n* * F,2h,1m")
