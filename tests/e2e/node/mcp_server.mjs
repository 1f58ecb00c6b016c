// An MCP server on loopback. Nothing of it is ours: MCP is spoken by @modelcontextprotocol/sdk, tokens and proofs are
// checked by oauth4webapi. Arguments: the issuer that it trusts, and in JSON the `scope` that it wants, `more` that its
// tool wants, whether tokens must be `bound` to a key (RFC 9449 §7), and whether proofs must bear a `nonce` (§9). Prints
// `mcp` and its address.

import { randomUUID } from "node:crypto"
import { createServer } from "node:http"
import { load } from "./packages.mjs"

const LIFE_SECONDS = 120
const SDK = "@modelcontextprotocol/sdk/server"
const [issuer, given] = process.argv.slice(2)
const { scope, more, bound, nonce: wanted } = JSON.parse(given)

const { McpServer } = await load(`${SDK}/mcp.js`)
const { StreamableHTTPServerTransport } = await load(`${SDK}/streamableHttp.js`)
const oauth = await load("oauth4webapi")
const jose = await load("jose")
setTimeout(() => process.exit(1), LIFE_SECONDS * 1000).unref()

const insecure = { [oauth.allowInsecureRequests]: true } // on loopback
const as = await oauth.processDiscoveryResponse(
  new URL(issuer),
  await oauth.discoveryRequest(new URL(issuer), { algorithm: "oauth2", ...insecure }),
)
const nonce = randomUUID()

const serve = async (request, response, body, token) => {
  const server = new McpServer({ name: "a-guarded-server", version: "1" })
  server.registerTool("whoami", {}, () => ({
    content: [{ type: "text", text: `${token.sub} with ${token.client_id} by ${token.cnf?.jkt}` }],
  }))
  const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined })
  response.on("close", () => server.close())
  await server.connect(transport)
  await transport.handleRequest(request, response, body)
}

const http = createServer(async (request, response) => {
  const refuse = (status, error, wants = scope) => {
    const said = [`resource_metadata="${described}"`, `scope="${wants}"`, ...(error ? [`error="${error}"`] : [])]
    response.setHeader("WWW-Authenticate", `${bound ? "DPoP" : "Bearer"} ${said.join(", ")}`)
    response.writeHead(status).end()
  }
  if (new URL(request.url, address).href === described) {
    response.setHeader("Content-Type", "application/json")
    response.end(JSON.stringify({ resource, authorization_servers: [issuer], scopes_supported: scope.split(" ") }))
    return
  }
  if (!request.headers.authorization) return refuse(401)
  const { method, headers } = request
  let token
  try {
    token = await oauth.validateJwtAccessToken(
      as, new Request(resource, { method, headers }), resource, { requireDPoP: bound, ...insecure },
    )
  } catch {
    return refuse(401, "invalid_token")
  }
  if (wanted && jose.decodeJwt(headers.dpop).nonce !== nonce) {
    response.setHeader("DPoP-Nonce", nonce)
    return refuse(401, "use_dpop_nonce")
  }
  let text = ""
  for await (const part of request) text += part
  const body = text ? JSON.parse(text) : undefined
  const needed = body?.method === "tools/call" && more ? [scope, more] : [scope]
  if (!needed.every((one) => token.scope.split(" ").includes(one))) {
    return refuse(403, "insufficient_scope", needed.join(" "))
  }
  await serve(request, response, body, token)
})
await new Promise((listening) => http.listen(0, "127.0.0.1", listening))
const address = `http://localhost:${http.address().port}`
const resource = `${address}/mcp`
const described = `${address}/.well-known/oauth-protected-resource/mcp`
console.log(`mcp ${resource}`)
