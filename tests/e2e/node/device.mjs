// A device without a browser that is not ours (openid-client): it shows where its user shall go, and waits until they
// have decided. Arguments: issuer, client id. Prints `open` and where to send the user, then `done` and what it saw.

import { load } from "./packages.mjs"

const LIFE_SECONDS = 60
const [issuer, clientId] = process.argv.slice(2)

const openid = await load("openid-client")
setTimeout(() => process.exit(1), LIFE_SECONDS * 1000).unref()

const config = await openid.discovery(
  new URL(issuer), clientId, undefined, openid.None(),
  { execute: [openid.allowInsecureRequests, openid.enableNonRepudiationChecks] }, // insecure: on loopback
)
const begun = await openid.initiateDeviceAuthorization(config, { scope: "openid email offline_access" })
console.log(`open ${begun.verification_uri_complete}`)
const tokens = await openid.pollDeviceAuthorizationGrant(config, begun)
const user = tokens.claims()
const userinfo = await openid.fetchUserInfo(config, tokens.access_token, user.sub)
const refreshed = await openid.refreshTokenGrant(config, tokens.refresh_token)
console.log(`done ${JSON.stringify({ user, userinfo, rotated: refreshed.refresh_token !== tokens.refresh_token })}`)
