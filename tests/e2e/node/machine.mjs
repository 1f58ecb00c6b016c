// A machine that is not ours (openid-client), which proves itself by a key: it gets a token in its own name, and passes
// a user's token on to another resource. Arguments: issuer, client id, its key as JWK, and in JSON what it asks for:
// `own`, `subject` and `target`. Prints `done` and what it got.

import { load } from "./packages.mjs"

const LIFE_SECONDS = 60
const TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
const ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
const [issuer, clientId, jwk, asked] = process.argv.slice(2)

const openid = await load("openid-client")
const jose = await load("jose")
setTimeout(() => process.exit(1), LIFE_SECONDS * 1000).unref()

const { own, subject, target } = JSON.parse(asked)
const key = JSON.parse(jwk)
const config = await openid.discovery(
  new URL(issuer), clientId, undefined,
  openid.PrivateKeyJwt({ key: await jose.importJWK(key), kid: key.kid }), // which calls EdDSA Ed25519 (RFC 9864)
  { algorithm: "oauth2", execute: [openid.allowInsecureRequests] }, // on loopback
)
const keys = jose.createRemoteJWKSet(new URL(config.serverMetadata().jwks_uri))
const read = async ({ access_token: token }, audience) =>
  (await jose.jwtVerify(token, keys, { issuer: config.serverMetadata().issuer, audience, typ: "at+jwt" })).payload

const mine = await openid.clientCredentialsGrant(config, own)
const passedOn = await openid.genericGrantRequest(config, TOKEN_EXCHANGE, {
  subject_token: subject,
  subject_token_type: ACCESS_TOKEN,
  resource: target,
})
console.log(`done ${JSON.stringify({
  own: await read(mine, own.resource),
  passed_on: await read(passedOn, target),
  type: passedOn.issued_token_type,
  active: (await openid.tokenIntrospection(config, passedOn.access_token)).active,
})}`)
