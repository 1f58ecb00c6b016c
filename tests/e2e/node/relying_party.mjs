// A relying party that is not ours (openid-client), on loopback. It registers itself, signs its user in and checks all
// that it is told, asks at userinfo, refreshes, sends its user to sign out, and is told of it behind the browser's back
// (the logout token is checked by `jose`). Arguments: issuer, and in JSON what to register, whether to push its request,
// and what to ask for. Prints `open` and `leave` with where to send the user, then `done` and what it saw.

import { createHash, generateKeyPairSync } from "node:crypto"
import { load } from "./packages.mjs"
import { loopback } from "./loopback.mjs"

const LIFE_SECONDS = 120
const MAX_AGE = 300
const [issuer, given] = process.argv.slice(2)
const { register, pushed, ask } = JSON.parse(given)

const openid = await load("openid-client")
const jose = await load("jose")
setTimeout(() => process.exit(1), LIFE_SECONDS * 1000).unref()

const here = await loopback()
const keyed = register.token_endpoint_auth_method === "private_key_jwt"
const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
const signing = await crypto.subtle.importKey(
  "jwk", privateKey.export({ format: "jwk" }), { name: "ECDSA", namedCurve: "P-256" }, false, ["sign"],
)
const metadata = {
  client_name: "A relying party",
  redirect_uris: [`${here.address}/callback`],
  post_logout_redirect_uris: [`${here.address}/left`],
  backchannel_logout_uri: `${here.address}/told`,
  backchannel_logout_session_required: true,
  grant_types: ["authorization_code", "refresh_token"],
  ...register,
  ...(keyed ? { jwks: { keys: [publicKey.export({ format: "jwk" })] } } : {}),
}
const proofs = {
  none: openid.None,
  client_secret_basic: openid.ClientSecretBasic,
  client_secret_post: openid.ClientSecretPost,
  private_key_jwt: () => openid.PrivateKeyJwt(signing),
}
const config = await openid.dynamicClientRegistration(
  new URL(issuer), metadata, proofs[register.token_endpoint_auth_method](),
  { execute: [openid.allowInsecureRequests, openid.enableNonRepudiationChecks] }, // insecure: on loopback
)
const { client_id: clientId } = config.clientMetadata()
const server = config.serverMetadata()

const verifier = openid.randomPKCECodeVerifier()
const checks = {
  pkceCodeVerifier: verifier,
  expectedState: openid.randomState(),
  expectedNonce: openid.randomNonce(),
  maxAge: MAX_AGE,
  idTokenExpected: true,
}
const request = {
  redirect_uri: `${here.address}/callback`,
  state: checks.expectedState,
  nonce: checks.expectedNonce,
  max_age: String(MAX_AGE),
  code_challenge: await openid.calculatePKCECodeChallenge(verifier),
  code_challenge_method: "S256",
  ...ask,
}
const where = pushed
  ? await openid.buildAuthorizationUrlWithPAR(config, request)
  : openid.buildAuthorizationUrl(config, request)
console.log(`open ${where}`)

const { url: callback } = await here.came("/callback")
const first = await openid.authorizationCodeGrant(config, callback, checks)
const user = first.claims()
const { alg } = jose.decodeProtectedHeader(first.id_token)
const hashed = createHash({ EdDSA: "sha512", Ed25519: "sha512" }[alg] ?? "sha256").update(first.access_token).digest()

let answered
config[openid.customFetch] = async (...request) => {
  const response = await fetch(...request)
  answered = response.headers.get("content-type")
  return response
}
const userinfo = await openid.fetchUserInfo(config, first.access_token, user.sub)
const userinfoType = answered
const second = await openid.refreshTokenGrant(config, first.refresh_token)
const active = [await openid.tokenIntrospection(config, second.access_token)]

const left = openid.randomState()
console.log(`leave ${openid.buildEndSessionUrl(config, {
  post_logout_redirect_uri: `${here.address}/left`,
  id_token_hint: first.id_token,
  state: left,
})}`)
const back = (await here.came("/left")).url.searchParams
const { form } = await here.came("/told")
const { payload: told } = await jose.jwtVerify(
  form.get("logout_token"),
  jose.createRemoteJWKSet(new URL(server.jwks_uri)),
  {
    issuer: server.issuer,
    audience: clientId,
    typ: "logout+jwt",
    maxTokenAge: "2m",
    requiredClaims: ["iat", "exp", "jti", "events"],
  },
)
await openid.tokenRevocation(config, second.refresh_token)
active.push(await openid.tokenIntrospection(config, second.access_token))

console.log(`done ${JSON.stringify({
  issuer: server.issuer,
  client_id: clientId,
  opened: [...where.searchParams.keys()],
  algorithm: alg,
  hash: hashed.subarray(0, hashed.length / 2).toString("base64url"),
  user,
  userinfo,
  userinfo_type: userinfoType,
  rotated: first.refresh_token !== second.refresh_token,
  active: active.map(({ active }) => active),
  came_back: back.get("state") === left,
  told,
})}`)
here.close()
