"""Where command lines carry secrets without saying so: the options of programs, as their manuals have them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto


class Value(Enum):
    """What the value of an option is."""

    PLAIN = auto()  # nothing known
    SECRET = auto()
    LOGIN = auto()  # user:password
    HEADER = auto()  # Name: value
    SETTING = auto()  # name=value, to the end of the word
    LITERAL = auto()  # name=secret, whatever the name


class Where(Enum):
    """Where the value of a one-letter option stands."""

    EITHER = auto()
    SAME_WORD = auto()  # mysql -pPASSWORD; in mysql -p DATABASE the password is asked for
    NEXT_WORD = auto()  # openssl: -key is not -k ey


@dataclass(frozen=True, slots=True)
class Options:
    """The options of one program that carry secrets without saying so. ``flags`` are the letters that take no value.

    With ``after`` they mean that only once one of these words was seen.
    """

    values: dict[str, Value]
    flags: str = ""
    after: frozenset[str] = frozenset()
    where: Where = Where.EITHER


_LOGIN_P = Options({"p": Value.SECRET}, after=frozenset({"login"}))
_MYSQL = Options({"p": Value.SECRET}, flags="vsBtNEHnqrfCGAbLi", where=Where.SAME_WORD)
_MONGO = Options({"p": Value.SECRET})
_LDAP = Options({"w": Value.SECRET, "y": Value.PLAIN}, flags="xvnZcAu")
_ZIP = Options({"P": Value.SECRET}, flags="rqoljumn9")
_SNMP = Options({"A": Value.SECRET, "X": Value.SECRET})
_CREDS = dict.fromkeys(("creds", "src-creds", "dest-creds"), Value.LOGIN)
_COPY = Options({"p": Value.SECRET, **_CREDS}, after=frozenset({"login", "copy", "inspect", "pull", "push", "delete", "sync"}))
_HTTPIE = Options({"a": Value.LOGIN})
_CURL = Options(
    {"u": Value.LOGIN, "user": Value.LOGIN, "U": Value.LOGIN, "proxy-user": Value.LOGIN, "b": Value.LITERAL, "E": Value.LOGIN},
    flags="sSfLkivgGIjlNnOpqRaBJ#0123469",
)
PROGRAMS = {
    **dict.fromkeys(("mysql", "mysqldump", "mysqladmin", "mysqlimport", "mysqlshow", "mysqlcheck", "mysqlbinlog"), _MYSQL),
    **dict.fromkeys(("mariadb", "mariadb-dump", "mariadb-admin"), _MYSQL),
    **dict.fromkeys(("mongo", "mongosh", "mongodump", "mongorestore", "mongoexport", "mongoimport"), _MONGO),
    **dict.fromkeys(("docker", "nerdctl", "helm", "oras", "crane", "az", "oc"), _LOGIN_P),
    **dict.fromkeys(("podman", "buildah", "skopeo"), _COPY),
    **dict.fromkeys(("ldapsearch", "ldapmodify", "ldapadd", "ldapdelete", "ldappasswd", "ldapwhoami"), _LDAP),
    **dict.fromkeys(("zip", "unzip"), _ZIP),
    **dict.fromkeys(("7z", "7za", "7zr", "7zz"), Options({"p": Value.SECRET}, where=Where.SAME_WORD)),
    **dict.fromkeys(("snmpget", "snmpwalk", "snmpset"), _SNMP),
    **dict.fromkeys(("http", "https", "xh", "xhs"), _HTTPIE),
    "aws": Options({"value": Value.SECRET}, after=frozenset({"put-parameter"})),
    "curl": _CURL,
    "gh": Options({"b": Value.SECRET, "body": Value.SECRET}, after=frozenset({"secret"})),
    "ipmitool": Options({"P": Value.SECRET}),
    **dict.fromkeys(
        ("keytool", "jarsigner"), Options(dict.fromkeys(("storepass", "keypass", "srcstorepass", "deststorepass"), Value.SECRET))
    ),
    "openssl": Options({"passin": Value.SECRET, "passout": Value.SECRET, "k": Value.SECRET, "K": Value.SECRET}, where=Where.NEXT_WORD),
    "redis-cli": Options({"a": Value.SECRET}),
    "sshpass": Options({"p": Value.SECRET}),
}
ANY_PROGRAM = Options({"value": Value.SECRET}, after=frozenset({"secret"}))
NO_OPTIONS = Options({})
GUARDED_WORDS = frozenset[str]().union(ANY_PROGRAM.after, *(options.after for options in PROGRAMS.values()))
OPTIONS = {
    **dict.fromkeys(("header", "add-header", "proxy-header"), Value.HEADER),
    **dict.fromkeys(("env", "build-arg", "var", "extra-vars", "backend-config", "set", "set-string", "data-urlencode"), Value.SETTING),
    "from-literal": Value.LITERAL,
}
LETTERS = {"H": Value.HEADER, "e": Value.SETTING}
