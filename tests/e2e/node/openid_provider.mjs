// The OpenID provider `oidc-provider`, certified and not ours, on loopback. One confidential client; a user is whoever
// types a name. Arguments: client id, secret, redirect URI, RS256 or ES256, whether claims are in the ID token
// (`told`) or only at userinfo (`asked`), port. Keys are new at each start. Prints `provider` and its address.

import { generateKeyPairSync, randomUUID } from "node:crypto"
import { createServer } from "node:http"
import { createRequire } from "node:module"
import { pathToFileURL } from "node:url"

const LIFE_SECONDS = 300
const [clientId, secret, redirectUri, algorithm, claims, port] = process.argv.slice(2)

// packages lie where we are started, not beside this file: see tests/support/node.py
const installed = createRequire(pathToFileURL(`${process.cwd()}/`)).resolve("oidc-provider")
const { default: Provider } = await import(pathToFileURL(installed))

const made = algorithm === "ES256" ? ["ec", { namedCurve: "P-256" }] : ["rsa", { modulusLength: 2048 }]
const key = generateKeyPairSync(...made).privateKey.export({ format: "jwk" })

const server = createServer()
await new Promise((listening) => server.listen(Number(port), "127.0.0.1", listening))
const address = `http://127.0.0.1:${server.address().port}`

const provider = new Provider(address, {
  clients: [
    {
      client_id: clientId,
      client_secret: secret,
      redirect_uris: [redirectUri],
      grant_types: ["authorization_code"],
      response_types: ["code"],
      id_token_signed_response_alg: algorithm,
    },
  ],
  jwks: { keys: [{ ...key, kid: randomUUID(), alg: algorithm, use: "sig" }] },
  cookies: { keys: [randomUUID()] },
  pkce: { required: () => true },
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
  conformIdTokenClaims: claims !== "told",
  features: { devInteractions: { enabled: false } },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (_, name) => ({
    accountId: name,
    claims: () => ({ sub: name, email: `${name}@corp.test`, email_verified: true, name: `${name} of corp` }),
  }),
  async loadExistingGrant(ctx) {
    const { client, session } = ctx.oidc
    const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId })
    grant.addOIDCScope("openid profile email")
    await grant.save()
    return grant
  },
})

const page = (uid) => `<!doctype html><html lang="en"><title>The provider</title><link rel="icon" href="data:,">
<form method="post" action="/interaction/${uid}"><label>Name <input name="login"></label>
<button>Go on</button> <button name="deny" value="yes">Deny</button></form>`

provider.use(async (ctx, next) => {
  if (!ctx.path.startsWith("/interaction/")) return next()
  const { uid } = await provider.interactionDetails(ctx.req, ctx.res)
  if (ctx.method === "GET") {
    ctx.type = "html"
    ctx.body = page(uid)
    return
  }
  let body = ""
  for await (const part of ctx.req) body += part
  const form = new URLSearchParams(body)
  const denied = { error: "access_denied", error_description: "the provider has its own words for it" }
  const result = form.get("deny") ? denied : { login: { accountId: form.get("login") } }
  ctx.status = 303
  ctx.redirect(await provider.interactionResult(ctx.req, ctx.res, result))
})

server.on("request", provider.callback())
setTimeout(() => process.exit(1), LIFE_SECONDS * 1000).unref()
console.log(`provider ${address}`)
