"""No secret is ever stored or shown (promise 8), and nothing else is hidden."""

import json
import shlex

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from guard.core.mask import mask_argv, mask_env, mask_text
from guard.core.secret_names import is_secret_name

pytestmark = pytest.mark.promise(8)
few = settings(max_examples=25)  # of each of many kinds

ALNUM = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


def letters(least, alphabet=ALNUM):
    """Random text of a fixed length."""
    return st.text(alphabet, min_size=least, max_size=least)


def prefixed(prefix, length, alphabet=ALNUM):
    """A token of a kind that is known by how it begins; what must not be seen is what follows the prefix."""
    return letters(length, alphabet).map(lambda body: (prefix + body, body))


SHAPES = {
    "aws id": prefixed("AKIA", 16, UPPER),
    "aws session id": prefixed("ASIA", 16, UPPER),
    "github": prefixed("ghp_", 36),
    "github server": prefixed("ghs_", 36),
    "github fine": prefixed("github_pat_", 60, ALNUM + "_"),
    "gitlab": prefixed("glpat-", 20, ALNUM + "-_"),
    "slack": prefixed("xoxb-", 40, ALNUM + "-"),
    "stripe": prefixed("sk_live_", 24),
    "openai": prefixed("sk-proj-7", 40),
    "anthropic": prefixed("sk-ant-api03-", 60, ALNUM + "-_"),
    "google": prefixed("AIza", 35, ALNUM + "-_"),
    "google access": prefixed("ya29.", 50, ALNUM + "-_"),
    "jwt": st.tuples(letters(20), letters(40), letters(43)).map(lambda parts: ("eyJ" + ".".join(parts), parts[2])),
    "npm": prefixed("npm_", 36),
    "hugging face": prefixed("hf_", 34),
    "vault": prefixed("hvs.", 40),
    "sendgrid": st.tuples(letters(22), letters(43)).map(lambda parts: ("SG." + ".".join(parts), parts[1])),
    "terraform": st.tuples(letters(14), letters(60)).map(lambda parts: (".atlasv1.".join(parts), parts[1])),
}
WORDS_AROUND = (
    "{}",
    "echo {}",
    "x={}",
    "--flag={}",
    "https://host/path?q={}&r=1",
    '{{"a": "{}"}}',
    "a,{},b",
    "({})",
    "git+https://x-access-token:{}@github.com/o/r",
    "https://{}@github.com/o/r",
    "bash -c 'curl \"{}\"; true'",
    "line\n{}\nline",
)


@pytest.mark.parametrize("kind", SHAPES)
@few
@given(data=st.data())
def test_a_token_is_masked_wherever_it_stands(kind, data):
    """By its shape alone, in any word, in any text."""
    token, body = data.draw(SHAPES[kind])
    around = data.draw(st.sampled_from(WORDS_AROUND)).format(token)
    position = data.draw(st.integers(0, 3))
    argv = ["git", "push", "origin"]
    argv.insert(position, around)
    assert body not in mask_text(around)
    assert not any(body in word for word in mask_argv(argv))


# A password is anything; one that is itself a word of the test's commands, or "***", could not be told from them.
password = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=6, max_size=24).map(lambda text: "Zq" + text)
simple = letters(12).map(lambda text: "Zq" + text)
phrase = st.lists(simple, min_size=2, max_size=4).map(" ".join)

OPTIONS = [
    ("mysql", "-u", "root", "-p{}", "db"),
    ("sudo", "mysqldump", "-vp{}", "db"),
    ("sshpass", "-p", "{}", "ssh", "h"),
    ("docker", "login", "-u", "me", "-p", "{}", "r.io"),
    ("docker", "login", "--password", "{}", "r.io"),
    ("docker", "login", "--password={}", "r.io"),
    ("aws", "rds", "create-db-instance", "--master-user-password", "{}", "--region", "x"),
    ("aws", "rds", "modify-db-instance", "--master-user-passw={}"),
    ("aws", "ssm", "put-parameter", "--name", "n", "--value", "{}"),
    ("aws", "secretsmanager", "put-secret-value", "--secret-id", "prod/db", "--secret-string", "{}"),
    ("aws", "configure", "set", "aws_secret_access_key", "{}"),
    ("curl", "-u", "me:{}", "https://x"),
    ("curl", "-sSume:{}", "https://x"),
    ("curl", "--user=me:{}", "https://x"),
    ("curl", "-H", "Authorization: Bearer {}", "https://x"),
    ("curl", "--header", "X-Api-Key:{}", "https://x"),
    ("curl", "-HX-Vault-Token: {}", "https://x"),
    ("kubectl", "create", "secret", "generic", "n", "--from-literal=pw={}"),
    ("kubectl", "create", "secret", "generic", "n", "--from-literal", "anything={}"),
    ("kubectl", "--token", "{}", "get", "pods"),
    ("kubectl", "config", "set-credentials", "me", "--password={}"),
    ("terraform", "apply", "-var", "db_password={}"),
    ("terraform", "apply", "-var=api_key={}"),
    ("terraform", "init", "-backend-config=secret_key={}"),
    ("env", "DB_PASSWORD={}", "make"),
    ("docker", "run", "-e", "DB_PASSWORD={}", "x"),
    ("docker", "build", "--build-arg", "NPM_TOKEN={}", "."),
    ("vault", "write", "auth/approle/login", "role_id=x", "secret_id={}"),
    ("redis-cli", "-a", "{}", "flushall"),
    ("openssl", "rsa", "-passin", "pass:{}"),
    ("java", "-password", "{}"),
    ("keytool", "-list", "-storepass", "{}"),
    ("prog", "--client-secret", "{}"),
    ("prog", "--secret-key={}"),
    ("prog", "--apiKey", "{}"),
    ("prog", "--api-key", "{}", "--force"),
]
LINES = [
    "postgres://me:{}@host/db",
    "export TOKEN={} && make",
    "PASSWORD={} terraform destroy",
    "mysql -p{} -e 'drop database x'",
    "docker login -p {} r.io",
    "curl -u me:{} https://x",
    'curl -H "Authorization: Bearer {}" https://x',
    "curl -H 'X-Api-Key: {}' https://x",
    "kubectl create secret generic n --from-literal=a={}",
    "psql 'host=h password={} user=me'",
    "Server=h;Uid=me;Pwd={};",
    "machine h login me password {}",
    "ALTER USER me PASSWORD '{}'",
    "password: {}",
    'password = "{}"',
    "<password>{}</password>",
    "https://h/x?access_token={}&b=1",
    'curl -d \'{{"password": "{}"}}\' https://x',
    'curl -d "{{\\"password\\":\\"{}\\"}}" https://x',
    "helm upgrade --set a=b,auth.password={},c=d x",
    "//registry.npmjs.org/:_authToken={}",
]


@pytest.mark.parametrize("argv", OPTIONS, ids=" ".join)
@few
@given(secret=password)
def test_the_value_of_a_secret_option_is_masked_whole(argv, secret):
    """Whatever the password is made of, no part of it stays."""
    words = [word.replace("{}", secret) for word in argv]
    masked = mask_argv(words)
    assert len(words) == len(masked)
    assert not any(secret in word or secret[:6] in word for word in masked)
    assert [word for word, was in zip(masked, argv, strict=True) if "{}" not in was] == [word for word in argv if "{}" not in word]


@pytest.mark.parametrize(
    "argv", [("prog", "--password", "{}"), ("prog", "--password={}"), ("docker", "run", "-e", "PASSWORD={}")], ids=" ".join
)
@given(secret=phrase)
def test_a_passphrase_with_blanks_is_masked_whole(argv, secret):
    """A word of an argv is one value."""
    assert not any(part in " ".join(mask_argv([word.replace("{}", secret) for word in argv])) for part in secret.split())


@pytest.mark.parametrize("line", LINES)
@few
@given(secret=simple)
def test_a_secret_in_a_line_is_masked(line, secret):
    """In what is handed to a shell, at any depth of quoting."""
    whole = line.format(secret)
    for text in (whole, f"bash -c {shlex.quote(whole)}", f"ssh h {shlex.quote('sh -c ' + shlex.quote(whole))}"):
        assert secret not in mask_text(text), text
    assert not any(secret in word for word in mask_argv(("bash", "-c", whole)))


@given(letters(40, ALNUM + "+/"), letters(16, UPPER))
def test_an_aws_secret_key_beside_its_id_is_masked(secret, key_id):
    """Forty characters say little, next to an access key id they say enough."""
    assume(not all(char in "0123456789abcdefABCDEF" for char in secret))  # a digest
    for argv in (("prog", f"AKIA{key_id}", secret), ("sh", "-c", f"x AKIA{key_id} '{secret}'")):
        assert not any(secret in word for word in mask_argv(argv))


def test_an_aws_secret_key_alone_is_masked():
    """It looks like nothing else: forty characters, as restless as chance."""
    assert mask_argv(("echo", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")) == ("echo", "***")


@pytest.mark.parametrize(
    "kind", ["RSA PRIVATE KEY", "PRIVATE KEY", "OPENSSH PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "PGP PRIVATE KEY BLOCK"]
)
@pytest.mark.parametrize("newline", ["\n", "\\n", "\r\n"])
@few
@given(lines=st.lists(letters(64, ALNUM + "+/"), min_size=1, max_size=8), rest=letters(10))
def test_a_private_key_is_masked(kind, newline, lines, rest):
    """To its last line, whole or cut off."""
    body = newline.join([f"-----BEGIN {kind}-----", *lines, rest + "==", f"-----END {kind}-----"])
    for text in (f"echo '{body}' | ssh-add -", body[: -len(kind) - 20], f'{{"k": "{body}"}}'):
        masked = mask_text(text)
        assert not any(line in masked for line in lines)
        assert rest not in masked


@given(
    st.sampled_from(["DB_PASSWORD", "GITHUB_TOKEN", "AWS_SECRET_ACCESS_KEY", "API_KEY", "MYSQL_PWD", "PGPASSWORD", "TF_VAR_db_password"]),
    password,
)
def test_variables_are_masked_by_name(name, secret):
    """The value of a variable with a telling name."""
    assert ((name, "***"), ("HOME", "/root")) == mask_env([(name, secret), ("HOME", "/root")])


def test_variables_are_masked_by_value():
    """A telling value behind a name that tells nothing."""
    assert mask_env([("URL", "redis://:hunter2@h:6379/0")]) == (("URL", "redis://:***@h:6379/0"),)


ORDINARY = [
    'git commit -m "token refresh"',
    'git commit -m "Fix the password reset page, add tokens to the API"',
    "git show 356a192b7913b04c54574d18c28d46e6395428ab",
    "git push https://github.com/o/r.git HEAD:refs/heads/token",
    "git -c credential.helper=store fetch",
    "docker run -p 80:80 -u 1000:1000 -v /a:/b:ro registry.io:5000/secret:latest",
    "docker pull r.io/x@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "docker login --password-stdin r.io",
    "aws secretsmanager delete-secret --secret-id prod/db --recovery-window-in-days 7",
    "aws secretsmanager get-secret-value --secret-id arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db-AbCdEf",
    "aws kms schedule-key-deletion --key-id 1234abcd-12ab-34cd-56ef-1234567890ab",
    "aws s3api delete-object --bucket b --key logs/2026/secret.txt",
    "aws dynamodb list-tables --starting-token abc --max-items 5",
    "aws cloudformation delete-stack --stack-name prod --client-request-token 1 --region eu-west-1",
    "aws iam delete-access-key --user-name bob",
    "aws ec2 delete-key-pair --key-name deploy",
    "kubectl delete secret db-password -n prod",
    "kubectl get secrets --all-namespaces -o json",
    "kubectl -n prod delete pod api-7d9f8b6c5-x2x4z --token-ttl 5",
    "terraform destroy -auto-approve -var-file=secrets.tfvars -target=aws_db_instance.main",
    "terraform apply -var region=eu-west-1 -var 'name=prod'",
    "helm uninstall api --namespace prod",
    "mysql -u root -p db",
    "ssh -p 2222 -i ~/.ssh/id_ed25519 host uptime",
    "ansible-playbook --private-key ~/.ssh/key --ask-become-pass site.yml",
    "pip install --index-url https://pypi.org/simple requests==2.31.0",
    "npm i --registry https://registry.npmjs.org:443/@scope/pkg",
    "npm run token:refresh",
    "curl -sSfL -o out.tar.gz https://example.com/a@b/c:d",
    "grep -rn password src/",
    "sed -i s/secret/token/ src/Components/Login/Button2Primary/index.js",
    "gcc -O2 -DTOKEN -I/usr/include -o token.o -c token.c",
    "find . -name '*.key' -exec ls -l {} ;",
    "login --password ${PASS} --token $TOKEN DB_PASSWORD=$DB_PASSWORD",
    "curl -H accept:json x",
    "gcc -o a a.o -lsecret-1 b.o",
    "python -m pytest -k token --pin-memory=true",
    "llm --max-tokens 100 --token-budget=5",
    "echo 550e8400-e29b-41d4-a716-446655440000",
    "sk-estimator-with-a-very-long-name-but-no-number",
    "sudo -H make install",
]


@pytest.mark.parametrize("line", ORDINARY)
def test_ordinary_commands_stay_as_they_are(line):
    """Masking must not hide what a human has to judge."""
    argv = tuple(shlex.split(line))
    assert argv == mask_argv(argv)
    assert line == mask_text(line)


@pytest.mark.promise(9)
@pytest.mark.parametrize(
    "line",
    [
        "ssh h 'deploy --password \"$(terraform destroy)\"'",
        "ssh h 'TOKEN=x terraform destroy'",
        "ssh h 'password=\"$(terraform destroy)\" true'",
        "ssh h 'curl -H \"Authorization: $(terraform destroy)\" x'",
        "ssh h 'curl -H \"Authorization: Bearer $(terraform destroy)\" x'",
        "ssh h 'curl -H Authorization:x; terraform destroy'",
        "ssh h 'echo -----BEGIN PRIVATE KEY-----; terraform destroy'",
        "ssh h 'echo -----BEGIN PRIVATE KEY----- terraform destroy -----END PRIVATE KEY-----'",
        "ssh h 'PASSWORD= terraform destroy'",
        "ssh h 'mysql -p; terraform destroy'",
        "ssh h 'login --token --force; terraform destroy'",
    ],
)
def test_a_command_cannot_hide_behind_a_secret(line):
    """What a shell would run stays visible, whatever it pretends to be the value of."""
    assert "terraform destroy" in mask_text(line)
    assert "terraform destroy" in " ".join(mask_argv(shlex.split(line)))


@given(st.lists(st.text(), max_size=6))
def test_masking_is_total_and_keeps_the_number_of_words(argv):
    """Any argv has a masked form, and masking that changes no more."""
    once = mask_argv(argv)
    assert len(argv) == len(once)
    assert once == mask_argv(once)


@given(st.recursive(st.text() | st.integers(), lambda inner: st.dictionaries(st.text(), inner)), simple)
def test_a_document_stays_a_document(value, secret):
    """JSON with a secret in it is JSON without it."""
    text = json.dumps({"password": secret, "other": value})
    assert secret not in mask_text(text)


@pytest.mark.parametrize(
    ("secret", "name"),
    [
        (True, "password"),
        (True, "DB_PASS"),
        (True, "apiKey"),
        (True, "X-Amz-Signature"),
        (True, "client-key-data"),
        (True, "AccountKey"),
        (True, "VAULT_SECRET_ID"),
        (False, "secret-id"),
        (False, "key"),
        (False, "key-id"),
        (False, "token-file"),
        (False, "SSH_AUTH_SOCK"),
        (False, "GIT_ASKPASS"),
        (False, "max_tokens"),
        (False, "next-token"),
        (False, "bypass"),
        (False, ""),
        (False, "-"),
    ],
)
def test_names(secret, name):
    """Which names announce a secret."""
    assert secret is is_secret_name(name)


SPITEFUL = [
    *("a", 'a="', "eyJ-", "://a:", '\\"', "'\"", "password=", "-----BEGIN PRIVATE KEY-----", "- ", "<a>", "SG.aaaaaaaaaaaaaaaaaaaa"),
    *("login a password ", "password  '", "bearer ", "a.b-", "://", "authorization: ", "; a=b", "${", "sk-", " -p'", "\\\\"),
    *('a="\\', 'a=\\"b ', '"a" -', "`a ", "$("),
]


@pytest.mark.parametrize("unit", SPITEFUL)
def test_a_hundred_kilobytes_of_spite_are_masked(unit):
    """The longest argument that Linux takes, made to send a backtracking expression on its way: quadratic would be hours."""
    text = "cookie: a" + unit * (2**17 // len(unit)) + " -"
    assert mask_text(text).startswith("cookie: ")
