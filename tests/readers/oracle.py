# SPDX-License-Identifier: MIT
"""Asks the real clients what they would send, through a recording registry on loopback, and holds the rules of acrotate against it.

    oracle.py READERS-ASK [CLIENT...]        TAP, a test per client; without names all that are installed

A registry that refuses everybody is enough: a client shows its credentials to the token service before anything else.
"""
import base64
import collections
import concurrent.futures
import http.server
import json
import os
import re
import shutil
import ssl
import subprocess
import sys
import tempfile
import threading
import urllib.parse

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import cases  # noqa: E402

REGISTRIES_CONF = "/.config/containers/registries.conf"    # of HOME
READERS = ["docker", "containers", "kubelet", "docker-py"]
OURS = "entry %s:%s" % cases.OURS
HELPER = "entry helper-user:helper-secret"


class Registry(http.server.BaseHTTPRequestHandler):
    """Writes down what was sent for which repository: one client asks for it at a time."""
    protocol_version = "HTTP/1.1"
    sent = collections.defaultdict(list)

    def body(self):
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        text = b""
        while size := int(self.rfile.readline(), 16):
            text += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return text.decode()

    def record(self, query, body):
        form = urllib.parse.parse_qs(body)
        scope = (query.get("scope") or form.get("scope") or [""])[0]
        basic = self.headers.get("Authorization") or ""
        if form.get("grant_type") == ["refresh_token"]:
            what = "token"
        elif "password" in form:
            what = "entry %s:%s" % (form["username"][0], form["password"][0])
        elif basic.startswith("Basic "):
            what = "entry " + base64.b64decode(basic[6:]).decode()
        else:
            what = "nothing"
        self.sent[scope.split(":")[1] if ":" in scope else ""].append(what)

    def any(self):
        url = urllib.parse.urlparse(self.path)
        body = self.body()
        answer = b'{"errors":[{"code":"UNAUTHORIZED"}]}'
        self.send_response(401)
        if url.path == "/token":
            self.record(urllib.parse.parse_qs(url.query), body)
        else:
            host = self.headers["Host"]
            self.send_header("WWW-Authenticate", f'Bearer realm="https://{host}/token",service="{host}"')
        self.send_header("Docker-Distribution-Api-Version", "registry/2.0")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_HEAD = do_POST = any

    def log_message(self, *args):
        pass


class Quiet(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        pass    # a client that hangs up


def serve(directory):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                    "-keyout", directory + "/key.pem", "-out", directory + "/cert.pem", "-subj", "/CN=localhost"],
                   check=True, stderr=subprocess.DEVNULL)
    server = Quiet(("127.0.0.1", 0), Registry)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory + "/cert.pem", directory + "/key.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return "localhost:%d" % server.server_address[1]


def make_helpers(directory):
    os.mkdir(directory)
    answers = {"known": 'echo \'{"ServerURL":"x","Username":"helper-user","Secret":"helper-secret"}\'',
               "blank": "echo 'credentials not found in native keychain'; exit 1"}
    for name, what in answers.items():
        path = directory + "/docker-credential-" + name
        with open(path, "w") as f:
            f.write("#!/bin/sh\n" + what + "\n")
        os.chmod(path, 0o755)


class Client:
    """One program: how it is asked for IMAGE with the configuration in DIR/config.json."""

    def __init__(self, name, reader, argv, work):
        self.name, self.reader, self.argv, self.work = name, reader, argv, work

    def env(self, directory):
        return {"PATH": self.work + "/helpers", "HOME": self.work, "DOCKER_CONFIG": directory, "XDG_RUNTIME_DIR": self.work + "/run",
                "LC_ALL": "C", "CONTAINERS_CONF": self.work + "/containers.conf"}

    def ask(self, host, directory, repo):
        argv = [a.format(dir=directory, image=f"{host}/{repo}", work=self.work) for a in self.argv]
        key = repo
        Registry.sent.pop(key, None)
        subprocess.run(argv, env=self.env(directory), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                       timeout=60)
        sent = set(Registry.sent.pop(key, ["nothing"])) - {"nothing"}
        return sent.pop() if len(sent) == 1 else "nothing" if not sent else "several"


DOCKER_PY = """
import json, os, sys
import docker.auth
for line in sys.stdin:
    path, host = line.split()
    try:
        a = docker.auth.resolve_authconfig(docker.auth.load_config(path), host) or {}
        a = {k.lower(): v for k, v in a.items()}
        print("token" if "identitytoken" in a else "entry %s:%s" % (a["username"], a["password"]) if a.get("username") and a.get("password") else "nothing")
    except Exception:
        print("nothing")
"""


class DockerPy(Client):
    """A library: all files in one process."""

    def ask_all(self, host, directories):
        lines = "".join(f"{d}/config.json {host}\n" for d in directories)
        out = subprocess.run([self.argv[0], "-c", DOCKER_PY], env=self.env(self.work), input=lines, text=True, check=True,
                             stdout=subprocess.PIPE).stdout
        return out.splitlines()


def version(argv):
    return re.search(r"\d+\.\d+\.\d+", subprocess.run(argv, capture_output=True, text=True).stdout).group()


def find_clients(work):
    """Every docker there is in PATH: two of them differ by five years."""
    found, seen = [], set()
    for directory in os.environ["PATH"].split(":"):
        path = directory + "/docker"
        if os.access(path, os.X_OK) and os.path.realpath(path) not in seen:
            seen.add(os.path.realpath(path))
            found.append(Client("docker " + version([path, "--version"]), "docker", [path, "manifest", "inspect", "--insecure", "{image}"], work))
    if path := shutil.which("skopeo"):
        found.append(Client("skopeo " + version([path, "--version"]), "containers",
                            [path, "inspect", "--tls-verify=false", "--authfile", "{dir}/config.json", "docker://{image}"], work))
    if path := shutil.which("podman"):
        found.append(Client("podman " + version([path, "--version"]), "containers",
                            [path, "--root", "{work}/root", "--runroot", "{work}/runroot", "--storage-driver", "vfs", "search", "--tls-verify=false",
                             "--authfile", "{dir}/config.json", "--list-tags", "{image}"], work))
    for python in ("/usr/bin/python3", shutil.which("python3")):
        have = subprocess.run([python, "-c", "import docker, sys; print(docker.__version__, sys.executable)"], capture_output=True, text=True)
        if have.returncode != 0:
            continue
        number, executable = have.stdout.split()
        if "docker-py " + number not in [c.name for c in found]:
            found.append(DockerPy("docker-py " + number, "docker-py", [executable], work))
    return found


def write_cases(work, host):
    todo = []
    for name, repo, text in cases.generate(host):
        directory = work + "/" + repo.replace("/", "-")
        os.mkdir(directory)
        with open(directory + "/config.json", "w", newline="") as f:
            f.write(text)
        todo.append({"name": name, "repo": repo, "dir": directory, "refused": [],
                     # The verdict is on what is below the host, and not below a longer key.
                     "specific": f"{host}/{repo.split('/')[0]}" in text})
    return todo


def ask_rules(program, host, todo):
    """Sets for each case what is expected of each reader, its verdict, and whether the entry could be written."""
    lines = "".join("\t".join([c["dir"] + "/config.json", host + "/" + c["repo"], host, *cases.OURS]) + "\n" for c in todo)
    out = subprocess.run([program], input=lines, text=True, check=True, stdout=subprocess.PIPE).stdout.splitlines()
    assert len(out) == len(todo), "an answer for every file"
    for c, line in zip(todo, out):
        fields = line.split("\t")
        c["expected"] = dict(zip(READERS, fields[0:8:2]))
        c["verdict"] = dict(zip(READERS, fields[1:8:2]))
        c["put"] = fields[8]


def differs(case, reader, got):
    """What is wrong with what a client did, or None."""
    expected, verdict = case["expected"][reader], case["verdict"][reader]
    if expected == "chance" or expected.endswith(" blank"):
        return None
    if expected == "unread":
        case["refused"].append(got)
        return None
    want = {"dropped": "nothing", "helper known": HELPER, "helper ": "nothing"}.get(expected, expected)
    if got != want:
        return f"sent '{got}', expected '{want}' ({expected})"
    if not case["specific"] and verdict != "-" and (verdict == "yes") != (got == OURS):
        return f"sent '{got}', and the verdict is '{verdict}'"
    return None


def try_client(client, host, todo):
    if isinstance(client, DockerPy):
        answers = client.ask_all(host, [c["dir"] for c in todo])
    else:
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            answers = list(pool.map(lambda c: client.ask(host, c["dir"], c["repo"]), todo))
    wrong = []
    for c, got in zip(todo, answers):
        why = differs(c, client.reader, got)
        if why is not None:
            wrong.append(f"{c['name']}: {why}")
    return wrong


# What src/sink/registries_conf.c takes for granted of `credential-helpers`: the first place that has something wins.
REGISTRIES = {
    "": OURS,
    "credential-helpers = []": OURS,
    'credential-helpers = ["containers-auth.json"]': OURS,
    'credential-helpers = ["containers-auth.json", "known"]': OURS,
    'credential-helpers = ["known"]': HELPER,
    'credential-helpers = ["known", "containers-auth.json"]': HELPER,
    '[aliases]\n"a" = "b.c/d"': OURS,
}


def try_registries(client, host, case):
    wrong = []
    for text, want in REGISTRIES.items():
        with open(client.work + REGISTRIES_CONF, "w") as f:
            f.write(text + "\n")
        got = client.ask(host, case["dir"], case["repo"])
        if got != want:
            wrong.append(f"{text}: sent '{got}', expected '{want}'")
    open(client.work + REGISTRIES_CONF, "w").close()
    return wrong


def written(todo):
    """The same files with our entry written into them: every other one of those that looked different before."""
    after = [c for c in todo if c["put"] == "put" and c["expected"]["docker"] != OURS][::2]
    for c in after:
        os.rename(c["dir"] + "/config.json.put", c["dir"] + "/config.json")
    return [{"name": "written: " + c["name"], "repo": c["repo"], "dir": c["dir"], "refused": [], "specific": c["specific"]} for c in after]


class Tap:
    number, failed = 0, False

    def say(self, what, wrong):
        self.number += 1
        self.failed = self.failed or bool(wrong)
        print(f"{'not ok' if wrong else 'ok'} {self.number} - {what}: {len(wrong)} differences", flush=True)
        for line in wrong:
            print("# " + line)


def main():
    program, wanted = sys.argv[1], sys.argv[2:]
    tap = Tap()
    # podman takes no directory with a long name.
    with tempfile.TemporaryDirectory(prefix="acr.", dir="/tmp") as work:
        os.mkdir(work + "/run", 0o700)
        os.makedirs(os.path.dirname(work + REGISTRIES_CONF))
        open(work + REGISTRIES_CONF, "w").close()
        with open(work + "/containers.conf", "w") as f:
            f.write('[engine]\nlock_type = "file"\n')    # not in /dev/shm, where they would stay
        make_helpers(work + "/helpers")
        host = serve(work)
        todo = write_cases(work, host)
        ask_rules(program, host, todo)
        clients = [c for c in find_clients(work) if not wanted or c.reader in wanted]
        for client in clients:
            tap.say(f"{client.name}, {len(todo)} files", try_client(client, host, todo))
        # Refused whoever reads it: then at least one client must have made something else of it. (Of `auths` twice two clients take all
        # and two the last: the one case in which these agree.)
        strict = [c["name"] for c in todo if c["refused"] and set(c["refused"]) == {OURS} and c["name"] != "text: auths twice, ours last"]
        if not wanted:
            tap.say("no file is refused that every client takes ours from", strict)
        for client in clients:
            if client.reader == "containers":
                tap.say(f"{client.name}, credential-helpers of registries.conf", try_registries(client, host, todo[0]))
        after = written(todo)
        ask_rules(program, host, after)
        for client in clients:
            tap.say(f"{client.name}, {len(after)} files that were written", try_client(client, host, after))
    print(f"1..{tap.number}")
    return tap.failed


sys.exit(main())
