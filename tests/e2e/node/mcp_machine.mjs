// An MCP client made with the TypeScript SDK, without a browser. Arguments: which SDK (`1` or `2`), the MCP server, how it
// proves what it may do, and in JSON what it needs for that. `basic`: client_id and client_secret; `key`: client_id,
// privateKey and algorithm; `enterprise`: client_id, client_secret and the `idp` that vouches for its user; `workload`:
// an assertion. Prints `done` and what it saw.

import { listening, saying, sdk } from "./mcp_sdk.mjs"

const LIFE_SECONDS = 60
const [generation, server, kind, given] = process.argv.slice(2)
const known = JSON.parse(given)

const mcp = await sdk(Number(generation))
setTimeout(() => process.exit(1), LIFE_SECONDS * 1000).unref()

// what the SDK has no provider for: an assertion of a workload's platform in place of a secret (RFC 7523 §2.1)
class WorkloadProvider {
  redirectUrl = undefined
  clientMetadata = { client_name: "A workload", redirect_uris: [], token_endpoint_auth_method: "none" }
  clientInformation = () => ({ client_id: known.clientId })
  tokens = () => this.kept
  saveTokens = (tokens) => { this.kept = tokens }
  prepareTokenRequest = () =>
    new URLSearchParams({
      grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer",
      assertion: known.assertion,
    })
}

const vouched = ({ authorizationServerUrl, resourceUrl, scope, fetchFn }) =>
  mcp.discoverAndRequestJwtAuthGrant({
    idpUrl: known.idp,
    audience: authorizationServerUrl,
    resource: resourceUrl,
    idToken: "of the user",
    clientId: "at the enterprise",
    scope,
    fetchFn,
  }).then(({ jwtAuthGrant }) => jwtAuthGrant)

const asked = []
const authProvider = {
  basic: () => new mcp.ClientCredentialsProvider(known),
  key: () => new mcp.PrivateKeyJwtProvider(known),
  enterprise: () => new mcp.CrossAppAccessProvider({ ...known, assertion: vouched }),
  workload: () => new WorkloadProvider(),
}[kind]()
const client = new mcp.Client({ name: "an-mcp-machine", version: "1" })
await client.connect(
  new mcp.StreamableHTTPClientTransport(new URL(server), { authProvider, fetch: listening(asked) }),
)
const who = await saying(client, "whoami")
await client.close()
console.log(`done ${JSON.stringify({ who, asked })}`)
process.exit(0) // whatever the SDK still listens to
