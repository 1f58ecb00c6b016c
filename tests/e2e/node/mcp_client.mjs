// An MCP client made with the TypeScript SDK, and the app around it on loopback. Arguments: which SDK (`1` or `2`), the
// MCP server, and in JSON how it is known (`document`, `client`, or neither: it registers), how it proves itself
// (`method`), and what else it does: `dpop` binds its tokens to a key, `without` leaves out half of PKCE, `worn` lets
// its access token be refused to so many calls at once. Prints `open` and where to send the user whenever it has to, and
// at the end `done` or `refused` and what it saw.

import { randomUUID } from "node:crypto"
import { listening, saying, sdk } from "./mcp_sdk.mjs"
import { loopback } from "./loopback.mjs"

const LIFE_SECONDS = 120
const [generation, server, given] = process.argv.slice(2)
const { document, client: known, method, dpop, without, worn } = JSON.parse(given)

const mcp = await sdk(Number(generation))
setTimeout(() => process.exit(1), LIFE_SECONDS * 1000).unref()

const here = await loopback()
const redirectUrl = `${here.address}/callback`
const asked = []
const kept = { client: known && { redirect_uris: [redirectUrl], ...known } }
const session = dpop ? await mcp.DpopSession.create() : undefined

const provider = {
  redirectUrl,
  clientMetadataUrl: document,
  clientMetadata: {
    client_name: "An MCP client in TypeScript",
    redirect_uris: [redirectUrl],
    grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code"],
    token_endpoint_auth_method: method,
  },
  state: () => kept.state = randomUUID(),
  clientInformation: () => kept.client,
  saveClientInformation: (client) => { kept.client = client },
  tokens: () => kept.tokens,
  saveTokens: (tokens) => { kept.tokens = tokens },
  codeVerifier: () => kept.verifier,
  saveCodeVerifier: (verifier) => { kept.verifier = verifier },
  discoveryState: () => kept.discovery,
  saveDiscoveryState: (discovery) => { kept.discovery = discovery },
  redirectToAuthorization: (url) => {
    if (without === "challenge") {
      for (const name of ["code_challenge", "code_challenge_method"]) url.searchParams.delete(name)
    }
    console.log(`open ${url}`)
  },
  ...(session ? { dpop: () => session } : {}),
}
const send = listening(asked)
const halved = (url, init) => {
  if (without === "verifier" && init?.body instanceof URLSearchParams) init.body.delete("code_verifier")
  return send(url, init)
}

// Where calls go out at once, each learns that the token is worn only when all were told: SDK 1 takes a refusal that comes
// after another call's refresh for one of the new token.
let missing = 0, tellAll
const together = async (url, init) => {
  const response = await halved(url, init)
  if (response.status === 401 && missing > 0) {
    const told = tellAll
    if (--missing === 0) told.resolve()
    await told.promise
  }
  return response
}
const transport = () =>
  new mcp.StreamableHTTPClientTransport(new URL(server), { authProvider: provider, fetch: together })

class Refused extends Error {}

// what it was about to do, once its person has let it
const allowed = async (using, error) => {
  if (!(error instanceof mcp.UnauthorizedError)) throw error
  const { url: { searchParams: told } } = await here.came("/callback")
  if (told.get("state") !== kept.state) throw new Error("this is the answer to another request")
  if (told.has("error")) throw new Refused(told.get("error"))
  try {
    await using.finishAuth(generation === "2" ? told : told.get("code"))
  } catch (error) {
    throw new Refused(error.code ?? error.errorCode ?? error.name)
  }
}

const connected = async () => {
  const client = () => new mcp.Client({ name: "an-mcp-client", version: "1" })
  const first = { client: client(), using: transport() }
  try {
    await first.client.connect(first.using)
    return first
  } catch (error) {
    await allowed(first.using, error)
  }
  const second = { client: client(), using: transport() }
  await second.client.connect(second.using)
  return second
}

const whoami = async ({ client, using }) => {
  try {
    return await saying(client, "whoami")
  } catch (error) {
    await allowed(using, error)
  }
  return saying(client, "whoami")
}

const visit = async () => {
  const connection = await connected()
  const { tools } = await connection.client.listTools()
  const who = [await whoami(connection)]
  const wear = () => { kept.tokens = { ...kept.tokens, access_token: "worn" } }
  if (worn) {
    wear()
    missing = worn
    tellAll = Promise.withResolvers()
    who.push(...await Promise.all(Array.from({ length: worn }, () => whoami(connection))))
    wear()
    who.push(await whoami(connection))
  }
  await connection.client.close()
  return { tools: tools.map(({ name }) => name), who, client: kept.client, tokens: kept.tokens, asked }
}

try {
  console.log(`done ${JSON.stringify(await visit())}`)
} catch (error) {
  if (!(error instanceof Refused)) throw error
  console.log(`refused ${JSON.stringify({ error: error.message, tokens: kept.tokens, asked })}`)
}
process.exit(0) // whatever the SDK still listens to
