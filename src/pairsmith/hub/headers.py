"""What every answer carries: how browsers may treat it, and what there is to warn of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.datastructures import MutableHeaders

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from pairsmith.hub.context import Hub

# no script at all; images of a card may lie elsewhere; a form may lead on to Stripe's page
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' https: data:; font-src 'self';"
    " form-action 'self' https://buy.stripe.com; base-uri 'none'; frame-ancestors 'none'"
)
SCRIPTS = "script-src 'self'; connect-src 'self'"
"""On the pages of collections alone, which do all of it without one too."""

ALWAYS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
}


class SafeHeaders:
    """Middleware: the headers above, and what a caller left in `request.state`.

    `warning` is a text for clients; `frame` is where the frame of a page may go (`frame-src`);
    `scripts` has the page's own files of scripts run (`script-src`).
    """

    def __init__(self, app: ASGIApp, hub: Hub) -> None:
        self.app = app
        self.secure = hub.settings.public_url.startswith("https://")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hands the request on, and adds the headers to its answer."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        state = scope.setdefault("state", {})

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if "frame" in state:
                    policy = f"{POLICY}; frame-src {state['frame']}"
                    headers.setdefault("content-security-policy", policy)
                if "scripts" in state:
                    headers.setdefault("content-security-policy", f"{POLICY}; {SCRIPTS}")
                for name, value in ALWAYS.items():
                    headers.setdefault(name, value)
                if self.secure:
                    headers.setdefault("strict-transport-security", "max-age=31536000")
                if "warning" in state:
                    headers.setdefault("x-hf-warning", state["warning"])
            await send(message)

        await self.app(scope, receive, sending)
