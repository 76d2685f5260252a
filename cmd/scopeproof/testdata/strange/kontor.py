"""An authorization server that resembles none of the bundled ones, with the standard library alone.

    python3 kontor.py PORT

Its metadata is where OpenID Connect has it, though it knows nothing of that; every address that it does not
know answers 200 with a page; who signs in gives a name on one page and a word on another; on the page of
consent are switches with words beside them, and a box that is ticked already.
"""

import base64
import hashlib
import html
import json
import os
import re
import secrets
import signal
import sys
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

BACK = "http://127.0.0.1:9/cb"
EVERYTHING = {"cal.read", "cal.edit", "cal.frame", "keep"}
WORDS = {
    "cal.read": "Look at what you have planned",
    "cal.edit": "Put things into your calendar, and take them out",
    "cal.frame": "Hang your calendar on a wall",
    "keep": "Come back while you are out",
}
SWITCHES = {scope: f"sw{n}" for n, scope in enumerate(sorted(WORDS), 1)}
CODE, REFRESH, MACHINE = "authorization_code", "refresh_token", "client_credentials"
CLIENTS = {  # identifier: secret, scopes, grants
    "c-plan": ("secret-of-plan", EVERYTHING, {CODE, REFRESH}),
    "c-view": ("secret-of-view", {"cal.read", "keep"}, {CODE, REFRESH}),
    "c-rival": ("secret-of-rival", EVERYTHING, {CODE, REFRESH}),
    "c-pocket": (None, EVERYTHING, {CODE, REFRESH}),
    "c-robot": ("secret-of-robot", {"cal.read"}, {MACHINE}),
    "c-work": ("secret-of-work", {"cal.read", "cal.edit", "cal.frame"}, {MACHINE}),
}
PEOPLE = {"ada": "word-of-ada", "bo": "word-of-bo", "cy": "word-of-cy"}
LIFE = 300  # seconds
TOKEN = re.compile(r"[\x21\x23-\x5B\x5D-\x7E]+")

lock = threading.RLock()
desks, tickets, seals, codes, access, refresh = {}, {}, {}, {}, {}, {}
remembered = {}  # (person, client): scopes


class Refused(Exception):
    def __init__(self, error, status=400):
        self.error, self.status = error, status


def only(fields, name):
    """The value of a parameter: one without a value is none, and one that is there twice is wrong."""
    values = [v for v in fields.get(name, [])]
    if len(values) > 1:
        raise Refused("invalid_request")
    return values[0] if values and values[0] else None


def scopes(fields, client, default=None):
    text = only(fields, "scope")
    if text is None:
        if default is None:
            raise Refused("invalid_scope")
        return set(default)
    asked = text.split(" ")
    if not all(TOKEN.fullmatch(t) for t in asked) or not set(asked) <= CLIENTS[client][1]:
        raise Refused("invalid_scope")
    return set(asked)


def fresh(book, **entry):
    key = secrets.token_urlsafe(24)
    book[key] = entry
    return key


def end(grant):
    """Ends what came of one decision."""
    for book in (access, refresh):
        for key in [k for k, v in book.items() if v["grant"] == grant]:
            del book[key]


def handed(client, person, granted, grant, bound):
    """A token response. A bound is the scope of the refresh token; None: there is none."""
    token = fresh(access, client=client, person=person, scope=granted, grant=grant, until=time.time() + LIFE)
    out = {"access_token": token, "token_type": "Bearer", "expires_in": LIFE, "scope": " ".join(sorted(granted))}
    if bound is not None:
        out["refresh_token"] = fresh(refresh, client=client, person=person, scope=bound, grant=grant, used=False)
    return out


class Kontor(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    server_version = "Kontor"

    def log_message(self, *_):
        pass

    # What is sent.

    def send(self, status, body="", media="text/html; charset=utf-8", **headers):
        data = body.encode()
        self.send_response(status)
        for name, value in {"Content-Type": media, "Content-Length": str(len(data)), "Cache-Control": "no-store", **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        for cookie in self.cookies:
            self.send_header("Set-Cookie", cookie)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def page(self, title, body, head=""):
        self.send(200, f"<!doctype html><html lang=en><head><title>{title}</title>{head}</head><body><h1>{title}</h1>{body}</body></html>")

    def json(self, status, value):
        self.send(status, json.dumps(value), "application/json")

    def go(self, to, status=303):
        self.send(status, Location=to)

    def back(self, ticket, **answer):
        if ticket["state"]:
            answer["state"] = ticket["state"]
        self.go(BACK + "?" + urllib.parse.urlencode(answer), 302)

    # What is asked.

    def do_GET(self):
        self.answer({"/begin": self.begin, "/who": self.who, "/word": self.word, "/desk": self.desk,
                     "/.well-known/openid-configuration": self.metadata})

    def do_POST(self):
        self.answer({"/who": self.carry, "/carry": self.named, "/word": self.opened, "/desk": self.decided,
                     "/hand": self.hand, "/ask": self.ask, "/tear": self.tear})

    do_HEAD = do_GET

    def answer(self, known):
        self.cookies = []
        length = int(self.headers.get("Content-Length") or 0)
        sent = self.rfile.read(length).decode("utf-8", "replace")
        at = urllib.parse.urlsplit(self.path)
        self.query = urllib.parse.parse_qs(at.query, keep_blank_values=True)
        self.form = urllib.parse.parse_qs(sent, keep_blank_values=True)
        act = known.get(at.path.removeprefix("/kontor")) if at.path.startswith("/kontor/") else None
        try:
            with lock:
                self.desk_of()
                (act or self.nothing)()
        except Refused as r:
            self.json(r.status, {"error": r.error})
        except KeyError:
            self.send(400, "<!doctype html><title>Too late</title><p>This paper is no longer good.")

    def nothing(self):
        self.page("Nothing here", "<p>The desk you look for is elsewhere.</p>")

    def metadata(self):
        base = f"http://{self.headers['Host']}/kontor"
        self.json(200, {
            "issuer": base, "authorization_endpoint": base + "/begin", "token_endpoint": base + "/hand",
            "introspection_endpoint": base + "/ask", "revocation_endpoint": base + "/tear",
            "response_types_supported": ["code"], "grant_types_supported": [CODE, REFRESH, MACHINE],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
            "code_challenge_methods_supported": ["S256"], "scopes_supported": sorted(EVERYTHING),
        })

    # The person at the browser.

    def desk_of(self):
        """Finds the browser's desk, or gives it one."""
        found = re.search(r"(?:^|;\s*)kontor-desk=([\w-]+)", self.headers.get("Cookie") or "")
        key = found[1] if found else ""
        if key not in desks and self.path.startswith("/kontor/") and self.command == "GET" and "/." not in self.path:
            key = fresh(desks, person=None, name=None)
            host = self.headers["Host"].split(":")[0]
            self.cookies = [f"kontor-desk={key}; Domain=.{host}; Path=/kontor; Secure; HttpOnly; SameSite=Strict",
                            'kontor-taste="a=b"; Path=/; Max-Age=60; Priority=High; Partitioned']
        self.key, self.place = key, desks.get(key, {"person": None, "name": None})

    def begin(self):
        q = self.query
        client = (q.get("client_id") or [""])[0]
        if client not in CLIENTS or CODE not in CLIENTS[client][2] or q.get("redirect_uri", [BACK]) != [BACK]:
            return self.send(400, "<!doctype html><title>Nobody we know</title><p>We do not know who sent you.")
        ticket = {"client": client, "state": (q.get("state") or [""])[0], "redirect": "redirect_uri" in q}
        try:
            for name in q:
                only(q, name)
            if only(q, "response_type") != "code":
                raise Refused("unsupported_response_type" if only(q, "response_type") else "invalid_request")
            ticket["scope"] = scopes(q, client)
            ticket["challenge"] = only(q, "code_challenge")
            if ticket["challenge"] and only(q, "code_challenge_method") != "S256" or not ticket["challenge"] and not CLIENTS[client][0]:
                raise Refused("invalid_request")
        except Refused as r:
            return self.back(ticket, error=r.error)
        t = fresh(tickets, **ticket)
        self.go(f"/kontor/{'desk' if self.place['person'] else 'who'}?t={t}", 302)

    def who(self):
        t = html.escape(self.query["t"][0])
        self.page("Who is there?", f"""<form method=post action=/kontor/who><input type=hidden name=t value="{t}">
            <p><label for=n>What they call you at the desk</label> <input id=n name="entry[call]" required></p>
            <button>Next</button></form>""")

    def carry(self):
        self.go("/kontor/carry", 307)

    def named(self):
        self.place["name"] = self.form["entry[call]"][0]
        t = urllib.parse.quote(self.form["t"][0])
        self.page("One moment", "<p>We look for your drawer.</p>", f"""<meta http-equiv=refresh content="0; URL='/kontor/word?t={t}'">""")

    def word(self, again=""):
        t = html.escape(self.query["t"][0])
        self.page("Say the word", f"""{again}<form method=post action="/kontor/word?t={t}">
            <p><label>The word <input type=password name="entry[word]"></label></p>
            <p><label><input type=checkbox name="entry[stay]" value=1 checked> Leave my drawer open</label></p>
            <input type=submit value=Open></form>""")

    def opened(self):
        if PEOPLE.get(self.place["name"]) != self.form["entry[word]"][0]:
            return self.word("<p>That is not it.</p>")
        desks[secrets.token_urlsafe(24)] = desks.pop(self.key)
        self.place["person"], (key, *_) = self.place["name"], [k for k, v in desks.items() if v is self.place]
        self.cookies = [f"kontor-desk={key}; Domain=.{self.headers['Host'].split(':')[0]}; Path=/kontor; Secure; HttpOnly; SameSite=Strict"]
        self.go(f"/kontor/desk?t={urllib.parse.quote(self.query['t'][0])}")

    def desk(self):
        t = self.query["t"][0]
        ticket, person = tickets[t], self.place["person"]
        if person is None:
            return self.go(f"/kontor/who?t={t}", 302)
        if ticket["scope"] <= remembered.get((person, ticket["client"]), set()) and CLIENTS[ticket["client"]][0]:
            del tickets[t]
            return self.coded(ticket, person, ticket["scope"])
        seal = fresh(seals, ticket=t, desk=self.key)
        switches = "".join(
            f"<p><input type=checkbox role=switch id={SWITCHES[s]} name={SWITCHES[s]} value=x checked> <label for={SWITCHES[s]}>{WORDS[s]}</label></p>"
            for s in sorted(ticket["scope"]))
        self.page("Somebody is at the door", f"""<p>{html.escape(ticket['client'])} would like to:</p>
            <form method=post action=/kontor/desk><input type=hidden name=seal value="{seal}">{switches}
            <p><label><input type=checkbox name=again value=never checked> Do not bother me with this again</label></p>
            <button name=say value=over>Hand it over</button> <button name=say value=mine>Keep it to myself</button></form>""")

    def decided(self):
        seal = seals.pop(self.form["seal"][0])
        ticket, person = tickets.pop(seal["ticket"]), self.place["person"]
        if seal["desk"] != self.key or person is None:
            raise KeyError
        granted = {s for s in ticket["scope"] if SWITCHES[s] in self.form}
        if self.form.get("say") != ["over"] or not granted:
            return self.back(ticket, error="access_denied")
        if "again" in self.form:
            remembered.setdefault((person, ticket["client"]), set()).update(granted)
        self.coded(ticket, person, granted)

    def coded(self, ticket, person, granted):
        self.back(ticket, code=fresh(codes, ticket=ticket, person=person, scope=granted, until=time.time() + 60, grant=None))

    # The client.

    def client(self):
        f = self.form
        for name in f:
            only(f, name)
        said = (self.headers.get("Authorization") or "").split(" ", 1)
        client, secret = only(f, "client_id"), only(f, "client_secret")
        if said[0].lower() == "basic" and len(said) == 2:
            try:
                client, secret = map(urllib.parse.unquote_plus, base64.b64decode(said[1]).decode().split(":", 1))
            except ValueError:
                client = None
        if client not in CLIENTS or secret != CLIENTS[client][0]:
            raise Refused("invalid_client", 401)
        return client

    def hand(self):
        client, kind = self.client(), only(self.form, "grant_type")
        ways = {CODE: self.redeem, REFRESH: self.renew, MACHINE: self.machine}
        if kind not in ways:
            raise Refused("unsupported_grant_type" if kind else "invalid_request")
        if kind not in CLIENTS[client][2]:
            raise Refused("unauthorized_client")
        self.json(200, ways[kind](client))

    def redeem(self, client):
        f = self.form
        code = codes.get(only(f, "code") or "")
        if code is None or code["ticket"]["client"] != client:
            raise Refused("invalid_grant")
        if code["grant"]:
            end(code["grant"])
            raise Refused("invalid_grant")
        verifier = hashlib.sha256((only(f, "code_verifier") or "").encode()).digest()
        proven = base64.urlsafe_b64encode(verifier).decode().rstrip("=") == code["ticket"]["challenge"] or not code["ticket"]["challenge"]
        if not proven or code["until"] < time.time() or only(f, "redirect_uri") != (BACK if code["ticket"]["redirect"] else None):
            raise Refused("invalid_grant")
        code["grant"] = secrets.token_urlsafe(12)
        bound = code["scope"] if "keep" in code["scope"] else None
        return handed(client, code["person"], code["scope"], code["grant"], bound)

    def renew(self, client):
        old = refresh.get(only(self.form, "refresh_token") or "")
        if old is None or old["client"] != client:
            raise Refused("invalid_grant")
        if old["used"]:
            end(old["grant"])
            raise Refused("invalid_grant")
        asked = scopes(self.form, client, old["scope"])
        if not asked <= old["scope"]:
            raise Refused("invalid_scope")
        old["used"] = True
        return handed(client, old["person"], asked, old["grant"], old["scope"])

    def machine(self, client):
        return handed(client, None, scopes(self.form, client), secrets.token_urlsafe(12), None)

    def ask(self):
        client, token = self.client(), only(self.form, "token") or ""
        if not CLIENTS[client][0]:
            raise Refused("invalid_client", 401)
        found = access.get(token)
        if found is None or found["until"] < time.time():
            return self.json(200, {"active": False})
        about = {"sub": found["person"], "username": found["person"]} if found["person"] else {"sub": found["client"]}
        self.json(200, {"active": True, "scope": " ".join(sorted(found["scope"])), "client_id": found["client"],
                        "token_type": "Bearer", "exp": int(found["until"]), **about})

    def tear(self):
        client, token = self.client(), only(self.form, "token") or ""
        if refresh.get(token, {}).get("client") == client:
            end(refresh[token]["grant"])
        elif access.get(token, {}).get("client") == client:
            del access[token]
        self.send(200)


if __name__ == "__main__":
    ThreadingHTTPServer.daemon_threads = True
    ThreadingHTTPServer.request_queue_size = 128
    signal.signal(signal.SIGINT, lambda *_: os._exit(0))
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Kontor).serve_forever()
