// The MCP project's TypeScript SDK, in the two packages that are in use: `1` is @modelcontextprotocol/sdk, `2` is
// @modelcontextprotocol/client.

import { load } from "./packages.mjs"

const FIRST = "@modelcontextprotocol/sdk/client"

export const sdk = async (generation) => {
  if (generation === 2) return load("@modelcontextprotocol/client")
  const parts = ["index", "streamableHttp", "auth", "auth-extensions"].map((part) => load(`${FIRST}/${part}.js`))
  return Object.assign({}, ...await Promise.all(parts))
}

// `fetch` that keeps what was asked at token endpoints: the grant type and the status of each answer.
export const listening = (asked) => async (url, init) => {
  const response = await fetch(url, init)
  const grantType = init?.body instanceof URLSearchParams && init.body.get("grant_type")
  if (grantType) asked.push(`${grantType} ${response.status}`)
  return response
}

export const saying = async (client, name, given = {}) => {
  const { content, isError } = await client.callTool({ name, arguments: given })
  if (isError) throw new Error(content[0].text)
  return content[0].text
}
