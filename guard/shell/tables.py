"""What is known of programs that start other programs: data, no code.

Sources: sudo(8), doas(1), env(1), nice(1), timeout(1), xargs(1), find(1), flock(1), and the help of the others.
"""

from __future__ import annotations

from dataclasses import dataclass

from guard.shell.interpreters import word_set


@dataclass(frozen=True, slots=True)
class Wrapper:
    """A program whose trailing words are the command that it starts.

    ``short`` are the letters of options that take a value, ``long`` the long options that do (names without dashes), ``flags`` and
    ``long_flags`` those that take none. ``skip`` positional words come before the command, or everything up to ``--`` (``dashes``);
    with ``words`` one of these must come first. ``assigns``: NAME=VALUE words before the command set variables.
    ``line``: options whose value is a line for a shell. ``cwd``: options that set the working directory. ``unset``: options that take
    variables away. ``appends``: it adds words of its own, not known beforehand. ``looks``: flags with which nothing is started.
    """

    short: str = ""
    flags: str = ""
    long: frozenset[str] = frozenset()
    long_flags: frozenset[str] = frozenset()
    skip: int = 0
    words: frozenset[str] = frozenset()
    dashes: bool = False
    assigns: bool = False
    line: frozenset[str] = frozenset()
    cwd: frozenset[str] = frozenset()
    unset: frozenset[str] = frozenset()
    clears: frozenset[str] = frozenset()
    appends: bool = False
    looks: frozenset[str] = frozenset()


WRAPPERS: dict[str, Wrapper] = {
    "sudo": Wrapper(
        short="aCcDghpRrTtUu",
        flags="ABbEHiKklNnPSsVv",
        long=word_set("auth-type close-from login-class chdir group host prompt chroot role type command-timeout other-user user"),
        long_flags=word_set(
            "askpass background bell preserve-env set-home login remove-timestamp reset-timestamp list non-interactive preserve-groups"
            " stdin shell"
        ),
        assigns=True,
        cwd=word_set("-D --chdir"),
    ),
    "doas": Wrapper(short="Cau", flags="Lns", assigns=False),
    "env": Wrapper(
        short="uCSP",
        flags="i0v",
        long=word_set("unset chdir split-string argv0"),
        long_flags=word_set("ignore-environment null debug default-signal ignore-signal block-signal list-signal-handling"),
        assigns=True,
        line=word_set("-S --split-string"),
        cwd=word_set("-C --chdir"),
        unset=word_set("-u --unset"),
        clears=word_set("-i --ignore-environment"),
    ),
    "nice": Wrapper(short="n", flags="0123456789", long=word_set("adjustment")),
    "ionice": Wrapper(short="cnpPu", flags="t", long=word_set("class classdata pid pgid uid"), long_flags=word_set("ignore")),
    "chrt": Wrapper(short="TPDp", flags="abdfiomrRGv", long=word_set("sched-runtime sched-period sched-deadline pid"), skip=1),
    "taskset": Wrapper(flags="acp", long_flags=word_set("all-tasks cpu-list pid"), skip=1),
    "nohup": Wrapper(),
    "setsid": Wrapper(flags="cfw", long_flags=word_set("ctty fork wait")),
    "timeout": Wrapper(
        short="ks", flags="v", long=word_set("kill-after signal"), long_flags=word_set("preserve-status foreground verbose"), skip=1
    ),
    "stdbuf": Wrapper(short="ioe", long=word_set("input output error")),
    "time": Wrapper(short="fo", flags="apvqV", long=word_set("format output"), long_flags=word_set("append portability verbose quiet")),
    "command": Wrapper(flags="pvV", looks=word_set("-v -V")),
    "exec": Wrapper(short="a", flags="cl", clears=word_set("-c")),
    "builtin": Wrapper(),
    "coproc": Wrapper(),
    "xargs": Wrapper(
        short="aEILnPsd",
        flags="0eilrtxpo",
        long=word_set("arg-file delimiter max-lines max-args max-procs max-chars process-slot-var"),
        long_flags=word_set("null eof replace no-run-if-empty verbose exit interactive open-tty show-limits"),
        appends=True,
    ),
    "chroot": Wrapper(long=word_set("userspec groups"), long_flags=word_set("skip-chdir"), skip=1),
    "flock": Wrapper(
        short="wEc",
        flags="sxneoFuv",
        long=word_set("timeout wait conflict-exit-code command"),
        long_flags=word_set("shared exclusive nonblock nb unlock close no-fork verbose"),
        skip=1,
        line=word_set("-c --command"),
    ),
    "setpriv": Wrapper(
        long=word_set("reuid regid groups inh-caps ambient-caps bounding-set securebits ptracer selinux-label apparmor-profile reset-env")
    ),
    "unbuffer": Wrapper(flags="p"),
    "chronic": Wrapper(flags="ev"),
    "caffeinate": Wrapper(short="tw", flags="dimsu"),
    "faketime": Wrapper(flags="fm", skip=1),
    "strace": Wrapper(short="abeEIoOpPsSuX", flags="cCdDfFhiknqrtTvVwxyYzZ", assigns=False),
    "ltrace": Wrapper(short="aDeFlnopsuwxX", flags="bcCfhiLrStTV"),
    "watch": Wrapper(short="nqs", flags="bcdegptwxrC", long=word_set("interval equexit shotsdir")),
    "runuser": Wrapper(
        short="gGscuTw",
        flags="flmpP",
        long=word_set("group supp-group shell command session-command user whitelist-environment"),
        line=word_set("-c --command --session-command"),
    ),
    "unshare": Wrapper(short="RwSG", flags="mpuiCUTfrcn", long=word_set("root wd setuid setgid propagation")),
    "poetry": Wrapper(words=word_set("run")),
    "pipenv": Wrapper(words=word_set("run")),
    "uv": Wrapper(words=word_set("run")),
    "bundle": Wrapper(words=word_set("exec")),
    "pyenv": Wrapper(words=word_set("exec")),
    "asdf": Wrapper(words=word_set("exec")),
    "npx": Wrapper(
        short="pw", flags="yq", long=word_set("package workspace"), long_flags=word_set("yes no quiet"), line=word_set("-c --call")
    ),
    "bunx": Wrapper(short="p", long=word_set("package"), long_flags=word_set("bun")),
    "direnv": Wrapper(words=word_set("exec"), skip=1),
    "aws-vault": Wrapper(words=word_set("exec"), dashes=True),
    "aws-okta": Wrapper(words=word_set("exec"), dashes=True),
    "chamber": Wrapper(words=word_set("exec"), dashes=True),
    "op": Wrapper(words=word_set("run"), dashes=True),
    "doppler": Wrapper(words=word_set("run"), dashes=True),
    "infisical": Wrapper(words=word_set("run"), dashes=True),
    "mise": Wrapper(words=word_set("exec x"), dashes=True),
}

# Programs that may start what their words or their input say, and that are not read further. Words of theirs that name
# a watched program are therefore not understood.
RUNNERS = word_set(
    "parallel ssh mosh su script expect at batch crontab systemd-run tmux screen docker podman nerdctl nsenter bwrap firejail gdb lldb"
    " busybox toybox entr inotifywait fswatch reptyr dtach abduco nix-shell nix make-shell vagrant lxc machinectl pkexec start-stop-daemon"
    " daemonize hyperfine perf valgrind rr dbus-run-session xvfb-run dotenv envdir softlimit setuidgid s6-setuidgid gosu su-exec tini"
    " dumb-init alias hash enable trap complete bind compgen mapfile readarray"
)

# Languages whose program text is an ordinary word.
TEXTS = word_set("awk gawk mawk nawk vim vi nvim ex ed emacs")
STARTS_IN_TEXT = ("system", "|", ":!", "shell", "exec")
