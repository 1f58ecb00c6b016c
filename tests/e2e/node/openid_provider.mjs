// The OpenID provider `oidc-provider`, certified and not ours, on loopback. One confidential client; a user is whoever
// types a name. Arguments: client id, secret, redirect URI, RS256 or ES256, whether claims are in the ID token
// (`told`) or only at userinfo (`asked`), port, and for a client that has a key and no secret: its JWK, or where its
// keys lie. Keys are new at each start. Prints `provider` and its address.

import { generateKeyPairSync, randomUUID } from "node:crypto"
import { createServer } from "node:http"
import { createRequire } from "node:module"
import { pathToFileURL } from "node:url"

const LIFE_SECONDS = 300
const [clientId, secret, redirectUri, algorithm, claims, port, key] = process.argv.slice(2)

// packages lie where we are started, not beside this file: see tests/support/node.py
const installed = createRequire(pathToFileURL(`${process.cwd()}/`)).resolve("oidc-provider")
const { default: Provider } = await import(pathToFileURL(installed))

const made = algorithm === "ES256" ? ["ec", { namedCurve: "P-256" }] : ["rsa", { modulusLength: 2048 }]
const ours = generateKeyPairSync(...made).privateKey.export({ format: "jwk" })
const keyed = (key) => ({
  token_endpoint_auth_method: "private_key_jwt",
  ...(key.startsWith("http") ? { jwks_uri: key } : { jwks: { keys: [JSON.parse(key)] } }),
})

const gone = new Set()
const grants = new Map()

const server = createServer()
await new Promise((listening) => server.listen(Number(port), "127.0.0.1", listening))
const address = `http://127.0.0.1:${server.address().port}`

const provider = new Provider(address, {
  clients: [
    {
      client_id: clientId,
      ...(key ? keyed(key) : { client_secret: secret }),
      redirect_uris: [redirectUri],
      grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"],
      id_token_signed_response_alg: algorithm,
    },
  ],
  jwks: { keys: [{ ...ours, kid: randomUUID(), alg: algorithm, use: "sig" }] },
  cookies: { keys: [randomUUID()] },
  fetch: (url, { dispatcher, ...options }) => fetch(url, options), // its own dispatcher refuses loopback
  pkce: { required: () => true },
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
  conformIdTokenClaims: claims !== "told",
  features: { devInteractions: { enabled: false } },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  rotateRefreshToken: true,
  findAccount: (_, name) =>
    gone.has(name) ? undefined : {
      accountId: name,
      claims: () => ({ sub: name, email: `${name}@corp.test`, email_verified: true, name: `${name} of corp` }),
    },
  async loadExistingGrant(ctx) {
    const { client, session } = ctx.oidc
    const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId })
    grant.addOIDCScope("openid profile email offline_access")
    await grant.save()
    grants.set(session.accountId, grant)
    return grant
  },
})

const page = (uid) => `<!doctype html><html lang="en"><title>The provider</title><link rel="icon" href="data:,">
<form method="post" action="/interaction/${uid}"><label>Name <input name="login"></label>
<button>Go on</button> <button name="deny" value="yes">Deny</button></form>`

// what an administrator does there: POST /gone/NAME, POST /revoked/NAME
provider.use(async (ctx, next) => {
  const [, deed, name] = ctx.path.split("/")
  if (!["gone", "revoked"].includes(deed)) return next()
  if (deed === "gone") gone.add(name)
  else await grants.get(name).destroy()
  ctx.status = 204
})

provider.use(async (ctx, next) => {
  if (!ctx.path.startsWith("/interaction/")) return next()
  const { uid, prompt } = await provider.interactionDetails(ctx.req, ctx.res)
  if (ctx.method === "GET") {
    ctx.type = "html"
    ctx.body = page(uid)
    return
  }
  let body = ""
  for await (const part of ctx.req) body += part
  const form = new URLSearchParams(body)
  const denied = { error: "access_denied", error_description: "the provider has its own words for it" }
  const done = prompt.name === "consent" ? { consent: {} } : { login: { accountId: form.get("login") } }
  const result = form.get("deny") ? denied : done
  ctx.status = 303
  ctx.redirect(await provider.interactionResult(ctx.req, ctx.res, result, { mergeWithLastSubmission: true }))
})

server.on("request", provider.callback())
setTimeout(() => process.exit(1), LIFE_SECONDS * 1000).unref()
console.log(`provider ${address}`)
