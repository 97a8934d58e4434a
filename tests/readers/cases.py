# SPDX-License-Identifier: MIT
"""Configuration files for readers.t: some 200, from tables, the same ones every time.

Each is the text of a config.json for a registry HOST, and the repository a client is asked for. OURS is the user and password that acrotate
would have written; others have other ones. Helpers are programs in PATH: `known` answers, `blank` has nothing.
"""
import base64
import json
import random

OURS = ("acr-user", "Rotated/by+acrotate0123456789==")
OTHER = ("other", "not-ours")


def b64(user, password):
    return base64.b64encode(f"{user}:{password}".encode()).decode()


def wrapped(text, width=20, end="\n"):
    return end.join(text[i:i + width] for i in range(0, len(text), width)) + end


def entry(who=OURS):
    return {"auth": b64(*who)}


# What may stand at the entry's own key.
def own_entries():
    auth = b64(*OURS)
    return {
        "auth": entry(),
        "auth and mail": {"auth": auth, "email": "a@b.c"},
        "wrapped": {"auth": wrapped(auth)},
        "wrapped CRLF": {"auth": wrapped(auth, 16, "\r\n")},
        "space in base64": {"auth": auth[:8] + " " + auth[8:]},
        "space at the end": {"auth": auth + " "},
        "unpadded": {"auth": base64.b64encode(b"acr-user:pass").decode().rstrip("=")},
        "no colon": {"auth": base64.b64encode(b"nothing").decode()},
        "empty auth": {"auth": ""},
        "null auth": {"auth": None},
        "two fields": {"username": OURS[0], "password": OURS[1]},
        "both, auth first": {"auth": auth, "username": OTHER[0], "password": OTHER[1]},
        "Auth": {"Auth": auth},
        "identitytoken": {"auth": auth, "identitytoken": "token"},
        "empty identitytoken": {"auth": auth, "identitytoken": ""},
        "identitytoken alone": {"identitytoken": "token"},
        "unknown fields": {"auth": auth, "x-note": [1, {"a": None}]},
        "empty": {},
        "null": None,
        "other user": entry(OTHER),
    }


# Keys of `auths`, as they are found in files.
def keys(host, repo):
    name, port = host.split(":")
    return {
        "host": host,
        "https": "https://" + host,
        "http": "http://" + host,
        "https and slash": f"https://{host}/",
        "v1": f"https://{host}/v1/",
        "v2": f"https://{host}/v2/",
        "slash": host + "/",
        "no port": name,
        "other port": name + ":443",
        "upper": name.upper() + ":" + port,
        "namespace": host + "/" + repo.split("/")[0],
        "repository": host + "/" + repo,
        "with a tag": host + "/" + repo + ":v1",
        "other namespace": host + "/elsewhere",
        "host as prefix": host + "1",
        "empty": "",
    }


# What else may stand in the file.
def surroundings(host):
    name = host.split(":")[0]
    return {
        "helper known": {"credHelpers": {host: "known"}},
        "helper of another host": {"credHelpers": {"ghcr.io": "known"}},
        "helper for the name without port": {"credHelpers": {name: "known"}},
        "helper by URL": {"credHelpers": {"https://" + host: "known"}},
        "helper empty": {"credHelpers": {host: ""}},
        "helper null": {"credHelpers": {host: None}},
        "helper blank": {"credHelpers": {host: "blank"}},
        "helpers null": {"credHelpers": None},
        "helpers empty": {"credHelpers": {}},
        "store known": {"credsStore": "known"},
        "store blank": {"credsStore": "blank"},
        "store empty": {"credsStore": ""},
        "store null": {"credsStore": None},
        "store and empty helper": {"credsStore": "known", "credHelpers": {host: ""}},
        "store and helper elsewhere": {"credsStore": "known", "credHelpers": {"ghcr.io": "known"}},
        "CredsStore": {"CredsStore": "known"},
        "CREDHELPERS": {"CREDHELPERS": {host: "known"}},
        "helper of a namespace": {"credHelpers": {host + "/team": "known"}},
        "unknown keys": {"x": {"auth": 5}, "y": [1, 2], "z": 1e5},
        "all of docker's": {"psFormat": "x", "detachKeys": "ctrl-e", "HttpHeaders": {"A": "b"}, "plugins": {"a": {"b": "c"}},
                            "proxies": {"default": {"noProxy": "x"}}, "pruneFilters": ["x"], "currentContext": "", "aliases": {}},
    }


# Of a wrong type, somewhere.
WRONG = {
    "auths a string": {"auths": "x"},
    "auths a list": {"auths": []},
    "auths a number": {"auths": 5},
    "auths false": {"auths": False},
    "entry a string": {"auths": {"ghcr.io": "x"}},
    "entry a number": {"auths": {"ghcr.io": 5}},
    "entry a list": {"auths": {"ghcr.io": []}},
    "entry null": {"auths": {"ghcr.io": None}},
    "auth a number": {"auths": {"ghcr.io": {"auth": 5}}},
    "auth an object": {"auths": {"ghcr.io": {"auth": {}}}},
    "username a number": {"auths": {"ghcr.io": {"username": 5}}},
    "email a bool": {"auths": {"ghcr.io": {"email": True}}},
    "serveraddress a number": {"auths": {"ghcr.io": {"serveraddress": 5}}},
    "identitytoken a number": {"auths": {"ghcr.io": {"identitytoken": 5}}},
    "registrytoken a number": {"auths": {"ghcr.io": {"registrytoken": 5}}},
    "unknown field a number": {"auths": {"ghcr.io": {"x": 5}}},
    "auth not base64": {"auths": {"ghcr.io": {"auth": "!"}}},
    "auth without colon": {"auths": {"ghcr.io": {"auth": "YWJj"}}},
    "credHelpers a string": {"credHelpers": "x"},
    "credHelpers a list": {"credHelpers": []},
    "credHelpers a full list": {"credHelpers": ["x"]},
    "credHelpers 0": {"credHelpers": 0},
    "helper a number": {"credHelpers": {"ghcr.io": 5}},
    "helper an object": {"credHelpers": {"ghcr.io": {}}},
    "credsStore a number": {"credsStore": 5},
    "credsStore false": {"credsStore": False},
    "credsStore an object": {"credsStore": {}},
    "experimental true": {"experimental": True},
    "experimental null": {"experimental": None},
    "Experimental true": {"Experimental": True},
    "HttpHeaders a list": {"HttpHeaders": []},
    "HttpHeaders a number in it": {"HttpHeaders": {"A": 5}},
    "psFormat a number": {"psFormat": 5},
    "detachKeys a list": {"detachKeys": []},
    "plugins a string": {"plugins": "x"},
    "plugins too flat": {"plugins": {"a": "b"}},
    "plugins a number deep": {"plugins": {"a": {"b": 5}}},
    "aliases a number": {"aliases": {"a": 5}},
    "proxies a string": {"proxies": {"default": "x"}},
    "proxies a number": {"proxies": {"default": {"httpProxy": 5}}},
    "pruneFilters a string": {"pruneFilters": "x"},
    "pruneFilters a number": {"pruneFilters": [5]},
    "currentContext a number": {"currentContext": 5},
    "imagesFormat false": {"imagesFormat": False},
}


def merged(host, more):
    whole = {"auths": {host: entry()}}
    for key, value in more.items():
        if key == "auths" and isinstance(value, dict):
            whole["auths"].update(value)
        else:
            whole[key] = value
    return whole


# Texts that no table of objects can say.
def raw(host, repo):
    ours, other = json.dumps(entry()), json.dumps(entry(OTHER))
    return {
        "nothing": "",
        "line end": "\n",
        "white space": " \t\r\n ",
        "empty object": "{}",
        "null": "null",
        "a list": "[]",
        "a string": '"x"',
        "cut off": '{"auths":{"%s":%s' % (host, ours),
        "no JSON": "auths: x",
        "behind it": '{"auths":{"%s":%s}} x' % (host, ours),
        "two values": '{"auths":{"%s":%s}}{}' % (host, ours),
        "BOM": '\ufeff{"auths":{"%s":%s}}' % (host, ours),
        "trailing comma": '{"auths":{"%s":%s,}}' % (host, ours),
        "comment": '{/* x */"auths":{"%s":%s}}' % (host, ours),
        "single quotes": "{'auths':{}}",
        "raw line end in a string": '{"auths":{"%s":{"auth":"%s"}}}' % (host, wrapped(b64(*OURS))),
        "entry twice, ours last": '{"auths":{"%s":%s,"%s":%s}}' % (host, other, host, ours),
        "entry twice, ours first": '{"auths":{"%s":%s,"%s":%s}}' % (host, ours, host, other),
        "auths twice, ours last": '{"auths":{"%s":%s},"auths":{"%s":%s}}' % (host, other, host, ours),
        "auths twice, ours first": '{"auths":{"%s":%s},"auths":{"ghcr.io":%s}}' % (host, ours, other),
        "auth twice": '{"auths":{"%s":{"auth":"%s","auth":"%s"}}}' % (host, b64(*OTHER), b64(*OURS)),
        "escaped key": '{"auths":{"%s":%s}}' % (host.replace("l", "\\u006c", 1), ours),
        "escaped name": '{"\\u0061uths":{"%s":%s}}' % (host, ours),
        "AUTHS": '{"AUTHS":{"%s":%s}}' % (host, ours),
        "auths null": '{"auths":null}',
        "legacy": '{"%s":%s}' % (host, ours),
        "legacy, others": '{"https://ghcr.io/v1/":%s}' % other,
        "legacy beside auths": '{"%s":%s,"auths":{}}' % (host, ours),
        "solidus": '{"auths":{"https:\\/\\/%s\\/v1\\/":%s}}' % (host, ours),
        "indented": json.dumps({"auths": {host: entry()}}, indent="\t"),
        "helpers twice": '{"auths":{"%s":%s},"credHelpers":{"%s":"known"},"credHelpers":{}}' % (host, ours, host),
        "store twice": '{"auths":{"%s":%s},"credsStore":"known","credsStore":""}' % (host, ours),
        "deep": '{"auths":{"%s":%s},"x":%s}' % (host, ours, "[" * 50 + "]" * 50),
        "surrogate": '{"auths":{"%s":%s},"x":"\\ud83d"}' % (host, ours),
        "number": '{"auths":{"%s":%s},"x":-1.5E+3}' % (host, ours),
        "NaN": '{"auths":{"%s":%s},"x":NaN}' % (host, ours),
    }


def generate(host):
    """Yields (name, repository, text)."""
    def case(name, text, namespaced=False):
        nonlocal number
        number += 1
        repo = ("team" if namespaced else "plain") + "/c%03d" % number
        text = text(repo) if callable(text) else text
        return name, repo, text if isinstance(text, str) else json.dumps(text)

    number = 0
    for name, own in own_entries().items():
        yield case("entry: " + name, {"auths": {host: own}})
    for name in keys(host, "x/y"):
        yield case("key: " + name, lambda repo, n=name: {"auths": {keys(host, repo)[n]: entry()}}, True)
    for name in keys(host, "x/y"):
        if name != "host":
            yield case("ours, and another's key: " + name, lambda repo, n=name: {"auths": {keys(host, repo)[n]: entry(OTHER), host: entry()}}, True)
    for name, more in surroundings(host).items():
        yield case("beside it: " + name, merged(host, more))
    for name, more in WRONG.items():
        yield case("type: " + name, merged(host, more))
    for name, text in raw(host, "x/y").items():
        yield case("text: " + name, text)
    # And mixed, by a generator that always says the same.
    dice = random.Random(18)
    own, around = own_entries(), surroundings(host)
    for i in range(60):
        names = dice.sample(sorted(keys(host, "x/y")), dice.randint(1, 3))
        owns = [dice.choice(sorted(own)) for _ in names]
        more = around[dice.choice(sorted(around))] if dice.random() < 0.5 else {}

        def mix(repo, names=names, owns=owns, more=more):
            return {"auths": {keys(host, repo)[n]: own[o] for n, o in zip(names, owns)}, **more}
        yield case("mixed %d: %s" % (i, ", ".join(map(" ".join, zip(names, owns)))), mix, dice.random() < 0.7)
