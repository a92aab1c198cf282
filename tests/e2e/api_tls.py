# SPDX-License-Identifier: GPL-3.0-or-later
# usage: api_tls.py PORT DIR PID TOKEN NEWER   sessions of api_tls.sh's rig
import base64
import http.client
import json
import os
import shutil
import signal
import socket
import ssl
import sys

PORT, DIR, PID = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
TOKEN, NEWER = sys.argv[4:6]
PATIENCE = 60
PAUSE = '{"jsonrpc":"2.0","method":"miner.pause","id":1}'
RESUME = '{"jsonrpc":"2.0","method":"miner.resume","id":2}'


def trust(name):
    return ssl.create_default_context(cafile=f'{DIR}/{name}.pem')


def plain():
    return socket.create_connection(('127.0.0.1', PORT), timeout=PATIENCE)


def dial(context, name='localhost'):
    return context.wrap_socket(plain(), server_hostname=name)


def until(sock, end):
    got = b''
    while end not in got:
        more = sock.recv(65536)
        assert more, f'it ended: {got!r}'
        got += more
    return got.decode()


def everything(sock):
    got = b''
    while True:
        try:
            more = sock.recv(65536)
        except ConnectionResetError:
            more = b''
        if not more:
            return got.decode()
        got += more


def post(connection, body, **headers):
    headers['Content-Type'] = 'application/json'
    connection.request('POST', '/rpc', body, headers)
    reply = connection.getresponse()
    return reply.status, reply.read().decode()


def password(token):
    return 'Basic ' + base64.b64encode(b'me:' + token.encode()).decode()


def say(text):
    print('ok   ' + text, flush=True)


def wait_log(text, n):
    """Until that line is there for the nth time; SIGHUP is answered in the log."""
    path = f'{DIR}/miner.log'
    for _ in range(PATIENCE * 20):
        with open(path, encoding='utf-8', errors='replace') as f:
            if sum(text in line for line in f) >= n:
                return
        signal.sigtimedwait([], 0.05)
    raise AssertionError(f'{text!r} does not come in the log')


def use(name):
    shutil.copy(f'{DIR}/{name}.pem', f'{DIR}/rig.pem')
    shutil.copy(f'{DIR}/{name}.key', f'{DIR}/rig.key')


first, second = trust('first'), trust('second')
stalled = [plain() for _ in range(20)]  # who never shake hands keep nobody from it
for s in stalled[::2]:
    s.sendall(b'\x16\x03\x01')

https = http.client.HTTPSConnection('localhost', PORT, context=first, timeout=PATIENCE)
https.connect()
before = https.sock
for _ in range(3):
    https.request('GET', '/metrics')
    reply = https.getresponse()
    assert reply.status == 200 and b'adit_' in reply.read()
    assert https.sock is before, 'the connection did not stay'
assert before.version() in ('TLSv1.2', 'TLSv1.3'), before.version()
say(f'HTTP in {before.version()}, and the connection stays')

with dial(first, 'rig.example') as s:
    s.sendall(b'GET / HTTP/1.1\r\nHost: rig.example:4028\r\nConnection: close\r\n\r\n')
    assert ' 200 ' in everything(s)
with dial(first) as s:
    s.sendall(b'GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n')
    assert ' 403 ' in everything(s)
say('names are as --api-allow-host has them')

with dial(first) as s:
    s.sendall(b'{"jsonrpc":"2.0","method":"miner.version","id":7}\n')
    assert json.loads(until(s, b'\n'))['id'] == 7
with dial(first) as s:
    s.sendall(b'summary')
    assert 'STATUS=S' in everything(s)
say('lines of JSON and plain text in TLS')

with plain() as s:
    s.sendall(b'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
    got = everything(s)
    assert ' 400 ' in got and 'TLS port' in got, got
with plain() as s:
    s.sendall(PAUSE.encode() + b'\n')
    assert 'result' not in everything(s)
old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
old.check_hostname = False
old.verify_mode = ssl.CERT_NONE
old.set_ciphers('ALL:@SECLEVEL=0')
old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
try:
    dial(old).close()
    raise AssertionError('TLS 1.1 was accepted')
except ssl.SSLError:
    pass
say('nothing in the clear, and no TLS 1.1')

status, text = post(https, PAUSE, Authorization=password(TOKEN))
assert status == 200 and '"result":true' in text, text
status, text = post(https, RESUME, Authorization='Bearer ' + TOKEN)
assert status == 200 and '"result":true' in text, text
assert https.sock is before
status, text = post(https, PAUSE, Authorization=password(TOKEN), Origin='http://localhost:%d' % PORT)
assert status == 403, 'a page that came in the clear is not ours'
status, text = post(https, PAUSE, Authorization=password(TOKEN), Origin='https://localhost:%d' % PORT)
assert status == 200, text
status, text = post(https, RESUME, Authorization=password(TOKEN))
say('the password of Basic is a token')

feed = dial(first)
feed.sendall(b'GET /events?since=0 HTTP/1.1\r\nHost: localhost\r\n\r\n')
text = until(feed, b'event: share\n')
assert 'text/event-stream' in text and 'id: 1\n' in text, text
say('events in TLS')

line = dial(first)
line.sendall(b'{"auth":"%s"}\n' % TOKEN.encode())
assert '"write"' in until(line, b'\n')
with open(f'{DIR}/rig.pem', 'w', encoding='ascii') as f:
    f.write('no certificate\n')
os.kill(PID, signal.SIGHUP)
wait_log('nothing was changed', 1)
dial(first).close()
use('second')
with open(f'{DIR}/token', 'w', encoding='ascii') as f:
    f.write('short\n')
os.kill(PID, signal.SIGHUP)
wait_log('nothing was changed', 2)
dial(first).close()
line.sendall(RESUME.encode() + b'\n')
assert '"result":true' in until(line, b'\n'), 'a bad file took the token away'
say('bad files change nothing')

with open(f'{DIR}/token', 'w', encoding='ascii') as f:
    f.write(NEWER + '\n')
os.kill(PID, signal.SIGHUP)
wait_log('configuration reloaded', 1)
dial(second).close()
try:
    dial(first).close()
    raise AssertionError('the old certificate is still shown')
except ssl.SSLCertVerificationError:
    pass
line.sendall(PAUSE.encode() + b'\n')
assert '-32001' in until(line, b'\n'), 'the old token still counts'
https = http.client.HTTPSConnection('localhost', PORT, context=second, timeout=PATIENCE)
assert post(https, PAUSE, Authorization='Bearer ' + TOKEN)[0] == 401
assert post(https, RESUME, Authorization='Bearer ' + NEWER)[0] == 200
until(feed, b'event: share\n')
say('a reload brings a new certificate and a new token, and takes the old one away')
for s in stalled:
    s.close()
