"""The page at an issuer's own address: whose it is, and who is signed in, for people who open it in a browser."""

from quart import Response

from server.web.cookies import Cookies
from server.web.page import page, read, tenant_of_request
from tenants import issuer_uri
from tenants.acts.who import name_of


async def home() -> Response:
    tenant = tenant_of_request()
    origin, path = issuer_uri.split(tenant.uri)
    return await page(
        "home.html",
        name=tenant.listing.display_name,
        user=await tenant.run(name_of, read().cookie(Cookies.of(tenant).session)),
        metadata=f"{origin}/.well-known/oauth-authorization-server{path}",
    )
