"""A receiver of one subject, `single`, in order: docs/protocol.md and a socket, no NATS client.

python3 receiver.py PORT SUBJECT prints a line of JSON for each message, gap, loss and for the end, then exits.
"""
import json, re, socket, sys, time

port, subject = int(sys.argv[1]), sys.argv[2]
sock = socket.create_connection(("127.0.0.1", port))
stream, inbox = sock.makefile("rb"), "_INBOX.python%d" % time.time_ns()
started, held, tried = time.monotonic(), {}, {}
epoch, expected, highest, end = None, None, 0, None  # nothing is expected before the first head (J3)

def send(text):
    sock.sendall(text.encode())

def request(to, body, kind):
    send("PUB %s %s.%s %d\r\n%s\r\n" % (to, inbox, kind, len(body), body))

def number(token):  # N1
    return int(token) if re.fullmatch("[1-9][0-9]*", token) and int(token) < 2**53 else None

def take(n, payload):
    if n >= expected and n not in held:  # else a duplicate (M2)
        held[n] = payload

def settle():  # M1, G1, E1
    global expected
    while expected in held:
        print(json.dumps({"number": expected, "payload": held[expected].decode()}), flush=True)
        tried.pop(expected, None)
        del held[expected]
        expected += 1
    top = max([highest, *held])
    for n in range(expected, min(top, expected + 31) + 1):
        if n not in held and time.monotonic() > tried.get(n, 0):
            request("_SEQ.REPLAY.%s.%d" % (subject, n), json.dumps({"epoch": epoch}), "replay")
            tried[n] = time.monotonic() + 0.2  # G2
    if end is not None and expected > end:
        print(json.dumps({"ended": end}), flush=True)
        sys.exit()

def on_head(body, is_answer):  # H1, J4, J5
    global epoch, expected, highest, end
    if epoch is None and not is_answer:
        return request("_SEQ.HEAD." + subject, "", "head")
    try:
        head = json.loads(body)
        if head["v"] != 1 or epoch not in (None, head["epoch"]):
            return
    except (ValueError, KeyError, TypeError):
        return
    if epoch is None:
        younger = head.get("age", float("inf")) <= (time.monotonic() - started) * 1000
        epoch, expected = head["epoch"], head["start"] if younger else min([head["head"] + 1, *held])
    highest = max(highest, head["head"])
    end = head["head"] if head["state"] == "ended" else end

def on_message(to, fields, code, payload):
    n = number(to.rsplit(".", 1)[-1])
    if to == inbox + ".head":
        on_head(payload, True)
    elif to.startswith("_SEQ.HB."):
        on_head(payload, False)
    elif to == inbox + ".replay":  # AN1 to AN4
        n = number(fields.get("nats-subject", "").rsplit(".", 1)[-1])
        if n and fields.get("seq-epoch") == epoch and code == "":
            take(n, payload)
        elif n and fields.get("seq-epoch") == epoch and code == "410":
            sys.exit("message %d is lost" % n)
    elif n and expected is None:
        held[n] = payload
    elif n:
        take(n, payload)

send('CONNECT {"verbose":false,"headers":true,"no_responders":true}\r\n')
for sid, name in enumerate([subject + ".*", "_SEQ.HB.%s.*" % subject, inbox + ".>"]):  # J1
    send("SUB %s %d\r\n" % (name, sid))
request("_SEQ.HEAD." + subject, "", "head")  # J2
while line := stream.readline().decode().split():
    if line[0] == "PING":
        send("PONG\r\n")
    elif line[0] in ("MSG", "HMSG"):
        body = stream.read(int(line[-1]) + 2)[:-2]
        size = int(line[-2]) if line[0] == "HMSG" else 0
        status, *lines = body[:size].decode().split("\r\n")
        fields = dict((k.lower(), v.strip()) for k, _, v in (each.partition(":") for each in lines if ":" in each))
        on_message(line[1], fields, status[9:12], body[size:])
        if epoch:
            settle()
