// A client that is not ours (oauth4webapi), for which every token is bound to a key: it registers, pushes its request,
// waits for its user at a loopback address, redeems the code, asks who the user is, refreshes, and tries what must fail.
// Arguments: issuer, and the algorithm of its key. Prints `open` and where to send the user, then `done` and
// what it saw.

import { createServer } from "node:http"
import { createRequire } from "node:module"
import { pathToFileURL } from "node:url"

const LIFE_SECONDS = 120
const [address, algorithm] = process.argv.slice(2)

// packages lie where we are started, not beside this file: see tests/support/node.py
const installed = createRequire(pathToFileURL(`${process.cwd()}/`)).resolve("oauth4webapi")
const oauth = await import(pathToFileURL(installed))

setTimeout(() => process.exit(1), LIFE_SECONDS * 1000).unref()

const statuses = []
const options = {
  [oauth.allowInsecureRequests]: true, // on loopback
  [oauth.customFetch]: async (url, init) => {
    const response = await fetch(url, init)
    statuses.push(`${new URL(url).pathname.split("/").at(-1)} ${response.status}`)
    return response
  },
}

const issuer = new URL(address)
const as = await oauth.processDiscoveryResponse(
  issuer,
  await oauth.discoveryRequest(issuer, options),
)

let told
const server = createServer((request, response) => {
  told?.(new URL(request.url, "http://127.0.0.1"))
  response.end("thank you")
})
await new Promise((listening) => server.listen(0, "127.0.0.1", listening))
const redirectUri = `http://127.0.0.1:${server.address().port}/callback`
const returned = new Promise((resolve) => { told = resolve })

const metadata = {
  client_name: "A bound client",
  redirect_uris: [redirectUri],
  token_endpoint_auth_method: "none",
  dpop_bound_access_tokens: true,
  require_pushed_authorization_requests: true,
}
const client = {
  ...await oauth.processDynamicClientRegistrationResponse(
    await oauth.dynamicClientRegistrationRequest(as, metadata, options),
  ),
  id_token_signed_response_alg: as.id_token_signing_alg_values_supported[0],
}
const none = oauth.None()
const bound = (keys) => ({ ...options, DPoP: oauth.DPoP(client, keys) })
const mine = bound(await oauth.generateKeyPair(algorithm))
const others = bound(await oauth.generateKeyPair("ES256"))

// once more with the nonce that came with the refusal, as its documentation has it
const withNonce = async (ask) => {
  try {
    return await ask()
  } catch (error) {
    if (!oauth.isDPoPNonceError(error)) throw error
    return await ask()
  }
}
const refused = async (ask) => {
  try {
    await withNonce(ask)
  } catch (error) {
    return error.error ?? error.cause.find(({ parameters }) => parameters.error)?.parameters.error
  }
  return "nothing was refused"
}

const verifier = oauth.generateRandomCodeVerifier()
const state = oauth.generateRandomState()
const request = {
  response_type: "code",
  redirect_uri: redirectUri,
  scope: "openid email offline_access",
  state,
  code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
  code_challenge_method: "S256",
}
const pushed = await withNonce(async () =>
  oauth.processPushedAuthorizationResponse(
    as, client, await oauth.pushedAuthorizationRequest(as, client, none, request, mine),
  ))
const where = new URL(as.authorization_endpoint)
where.search = new URLSearchParams({ client_id: client.client_id, request_uri: pushed.request_uri })
console.log(`open ${where}`)

const answer = oauth.validateAuthResponse(as, client, await returned, state)
const redeem = (how) => withNonce(async () =>
  oauth.processAuthorizationCodeResponse(
    as, client, await oauth.authorizationCodeGrantRequest(as, client, none, answer, redirectUri, verifier, how),
  ))
const first = await redeem(mine)
const userinfo = (token, how) => withNonce(async () =>
  oauth.processUserInfoResponse(
    as, client, oauth.skipSubjectCheck, await oauth.userInfoRequest(as, client, token, how),
  ))
const refresh = (token, how) => withNonce(async () =>
  oauth.processRefreshTokenResponse(
    as, client, await oauth.refreshTokenGrantRequest(as, client, none, token, how),
  ))
const user = await userinfo(first.access_token, mine)
const stolen = {
  token: await refused(() => userinfo(first.access_token, others)),
  bearer: await refused(() => userinfo(first.access_token, options)),
  refresh: await refused(() => refresh(first.refresh_token, others)),
  unproven: await refused(() => refresh(first.refresh_token, options)),
}
const second = await refresh(first.refresh_token, mine)

console.log(`done ${JSON.stringify({
  issuer: as.issuer,
  types: [first.token_type, second.token_type],
  access: [first.access_token, second.access_token],
  thumbprint: await mine.DPoP.calculateThumbprint(),
  email: user.email,
  stolen,
  statuses,
})}`)
server.close()
